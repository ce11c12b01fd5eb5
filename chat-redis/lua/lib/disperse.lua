-- Forgetting who was in a room that has closed. Behind `room`.
--
-- A room may have had very many in it, and nobody is to wait for all of their places to be cleared: what is left is done by
-- those who reap, since nobody asks who is in a closed room.
--
-- disperse(): does a bounded part of it; whether there is more.

local function disperse()
  local members = redis.call('ZRANGE', MEMBERS, '0', '499')
  if #members == 0 then return false end
  local gone = {}
  for at, member in ipairs(members) do
    local user = string.match(member, '^%Z*')
    gone[at] = real(user) .. '\0' .. room
    local p = present(user)
    for from = 1, p and #p.sessions or 0, 24 do
      redis.call('ZREM', INDEX, index_row(string.sub(p.sessions, from, from + 23)))
    end
  end
  redis.call('ZREM', USERS, unpack(gone))
  if #members == 500 then
    redis.call('ZREMRANGEBYRANK', MEMBERS, '0', '499')
    return redis.call('EXISTS', MEMBERS) == 1
  end
  redis.call('UNLINK', MEMBERS, SESSIONS)
  return false
end
