-- Going out of a room, and its end. Behind `room`.

-- The same where the caller may know the user by either id.
local function seen_as_either(user)
  if not r.pair then return user end
  for _, side in ipairs(r.pair) do
    if side.user == user or side.alias == user then return side.alias end
  end
end

local function keep(p)
  redis.call('HSET', SESSIONS, 'u' .. p.user, p.since .. p.name .. '\0' .. p.sessions)
end

-- Takes one session out of its user's place; whether the user has none left.
local function session_out(session, p)
  redis.call('HDEL', SESSIONS, 's' .. session)
  redis.call('ZREM', INDEX, index_row(session))
  local kept = {}
  for at = 1, #p.sessions, 24 do
    local one = string.sub(p.sessions, at, at + 23)
    if one ~= session then kept[#kept + 1] = one end
  end
  p.sessions = table.concat(kept)
  return p.sessions == ''
end

local function rank_out()
  if r.kind == 'public' then
    local name = place()
    redis.call('ZREM', LIVE, name)
    redis.call('ZREM', VISITED, name)
    redis.call('ZREM', NEWEST, name)
    redis.call('ZREM', ACTIVE, name)
    changed('v')
  end
end

-- Ends the room: the last entry is written, and nobody is in it any more. What is left is remembered for a while; that it
-- expires only collects what nobody was there to forget.
local function close(why)
  write(NOTICES, '${NOTICES}', 'c', why)
  redis.call('HSET', ROOM, 'z', why)
  r.closed = why
  local from = 0
  repeat
    local members, gone = redis.call('ZRANGE', MEMBERS, from, from + 999), {}
    for _, member in ipairs(members) do
      local user = string.match(member, '^%Z*')
      gone[#gone + 1] = real(user) .. '\0' .. room
      local p = present(user)
      for at = 1, p and #p.sessions or 0, 24 do
        redis.call('ZREM', INDEX, index_row(string.sub(p.sessions, at, at + 23)))
      end
    end
    if #gone > 0 then redis.call('ZREM', USERS, unpack(gone)) end
    from = from + 1000
  until #members < 1000
  redis.call('UNLINK', MEMBERS, SESSIONS, GRACES, VISITORS, KEYS0, KEYS1)
  if PAIR then pair_closed(r.pair) end
  rank_out()
  for _, kept in ipairs({ ROOM, SAID, NOTICES }) do
    redis.call('PEXPIRE', kept, ${CLOSED_KEPT} + 540000)
  end
  redis.call('ZADD', DUE, now + ${CLOSED_KEPT}, 'r' .. room)
  moved = false
end

-- Takes a user out with all sessions; a pair room closes with it.
local function user_out(p, why)
  local fields = { 'u' .. p.user }
  for at = 1, #p.sessions, 24 do
    local session = string.sub(p.sessions, at, at + 23)
    fields[#fields + 1] = 's' .. session
    redis.call('ZREM', INDEX, index_row(session))
  end
  redis.call('HDEL', SESSIONS, unpack(fields))
  local before = live()
  local gone = redis.call('ZREM', MEMBERS, p.user .. '\0' .. p.since .. '\0' .. p.name)
  here, visited = before - gone, visited - gone
  if p.sessions == '' then redis.call('ZREM', GRACES, p.user) end
  redis.call('ZREM', USERS, real(p.user) .. '\0' .. room)
  if not r.pair then
    -- Whoever left counts among the visitors until the window has passed. Where too many did, the first of them goes
    -- early, and until that one would have gone anyway the number is a lower bound.
    local others = visitors()
    local left = redis.call('ZADD', VISITORS, digits(now), p.user)
    away, visited = others + left, visited + left
    if away > ${VISITORS_KEPT} then
      local first = tonumber(redis.call('ZPOPMIN', VISITORS)[2])
      away, visited = away - 1, visited - 1
      redis.call('HSET', ROOM, 'v', math.max(tonumber(redis.call('HGET', ROOM, 'v')) or 0, first))
    end
    arm(now + ${VISITORS_WINDOW})
  end
  if here == 0 then
    redis.call('HSET', ROOM, 's', digits(now))
    local _, _, empty = times()
    if empty > 0 then arm(now + empty) end
  end
  moved = true
  notice('l', p.user .. '\0' .. p.name .. '\0' .. here .. '\0' .. why)
  if r.pair then close('partner_left') end
end
