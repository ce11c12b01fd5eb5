-- Coming into a room. Behind `room`.

-- Takes a session in under the id and name by which its user is seen here; `p` is the user's place, if there is one.
local function session_in(session, user, name, p)
  if p then
    redis.call('ZADD', INDEX, '0', index_row(session))
    if p.sessions == '' then redis.call('ZREM', GRACES, user) end
    p.sessions = p.sessions .. session
    redis.call('HSET', SESSIONS, 's' .. session, user, 'u' .. user, p.since .. p.name .. '\0' .. p.sessions)
    return
  end
  -- The entry first: where it cannot be written nobody is in.
  local since, before, others = string.format('%013d', now), live(), visitors()
  notice('j', user .. '\0' .. name .. '\0' .. before + 1)
  redis.call('HSET', SESSIONS, 's' .. session, user, 'u' .. user, since .. name .. '\0' .. session)
  redis.call('ZADD', INDEX, '0', index_row(session))
  local came = redis.call('ZADD', MEMBERS, '0', user .. '\0' .. since .. '\0' .. name)
  redis.call('ZADD', USERS, '0', real(user) .. '\0' .. room)
  local back = 0
  if not r.pair and others > 0 then back = redis.call('ZREM', VISITORS, user) end
  here, away, visited = before + came, others - back, visited + came - back
  moved = true
end

-- Takes a session in if it may come: returns what is to be answered where it may not; else nil, and as whom it is seen.
local function come(session, user, name)
  local you = seen_as(user)
  if not you then return { 'forbidden' } end
  local other, place = unpack(redis.call('HMGET', SESSIONS, 's' .. session, 'u' .. you))
  if other and other ~= you then return { 'forbidden' } end
  local p = place and present(you, place)
  if not p and live() >= tonumber(r.capacity) then return { 'full' } end
  if not other then session_in(session, you, name, p) end
  return nil, you
end
