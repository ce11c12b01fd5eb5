-- Going out of a room, and its end. Behind `room` and `disperse`.

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

-- Nobody is in it any more: what is left is remembered for a while. That it expires only collects what nobody was there to
-- forget.
local function linger()
  for _, kept in ipairs({ ROOM, SAID, NOTICES }) do
    redis.call('PEXPIRE', kept, ${CLOSED_KEPT} + 540000)
  end
  redis.call('UNLINK', MEMBERS, SESSIONS)
  redis.call('ZADD', DUE, digits(r.at + ${CLOSED_KEPT}), 'r' .. room)
end

-- Ends the room: the last entry is written, and whoever was in it is in it no more.
local function close(why)
  write(NOTICES, '${NOTICES}', 'c', why)
  redis.call('HSET', ROOM, 'z', why)
  r.closed = why
  redis.call('UNLINK', GRACES, VISITORS, KEYS0, KEYS1)
  if PAIR then pair_closed(r.pair) end
  rank_out()
  moved = false
  if disperse() then
    redis.call('ZADD', DUE, digits(now), 'r' .. room)
  else
    linger()
  end
end

-- Takes a user out with all sessions; a pair room closes with it.
local function user_out(p, why)
  local before, _, _, empty = live(), times()
  -- The entry first: where it cannot be written nobody is out.
  notice('l', p.user .. '\0' .. p.name .. '\0' .. before - 1 .. '\0' .. why)
  local fields = { 'u' .. p.user }
  for at = 1, #p.sessions, 24 do
    local session = string.sub(p.sessions, at, at + 23)
    fields[#fields + 1] = 's' .. session
    redis.call('ZREM', INDEX, index_row(session))
  end
  for from = 1, #fields, 1000 do
    redis.call('HDEL', SESSIONS, unpack(fields, from, math.min(from + 999, #fields)))
  end
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
    if empty > 0 then arm(now + empty) end
  end
  moved = true
  if r.pair then close('partner_left') end
end
