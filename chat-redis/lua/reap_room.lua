#!lua flags=allow-oom
-- Does what is due in a room, if it still is: visitors pass, users are given up, the room ends or is forgotten.
-- USES: time amnesty room disperse go
-- KEYS: BOOK DUE INDEX USERS LIVE VISITED NEWEST ACTIVE ROOM MEMBERS SESSIONS SAID NOTICES GRACES VISITORS KEYS0 KEYS1
-- PAIR: POOL ENGAGED PARTNERS0 PARTNERS1
-- ARGV: writer room
--
-- Atomicity: of any number of nodes that reap the same room, each thing is done in one of their steps. A step is bounded;
-- where there is more to do it says so.
-- Returns: 'ok' visitors that passed, users given up, why it closed or '', whether it was forgotten, whether there is more,
--          then epoch, and number and entry for each entry written | 'fenced'

local life, seen, through = begin('W' .. writer, 's', 'u')
if not life then return { 'fenced' } end
through = amnesty(seen, through)

local function forget()
  redis.call('UNLINK', ROOM, MEMBERS, SESSIONS, SAID, NOTICES, GRACES, VISITORS, KEYS0, KEYS1)
  redis.call('HINCRBY', BOOK, 'r', -1)
  redis.call('ZREM', DUE, 'r' .. room)
  return { 'ok', 0, 0, '', 1, 0 }
end

if not load() then
  -- Its time as a closed room was over before anybody came to forget it.
  if redis.call('ZSCORE', DUE, 'r' .. room) then return forget() end
  return { 'ok', 0, 0, '', 0, 0 }
end
if r.closed then
  if disperse() then
    redis.call('ZADD', DUE, digits(now), 'r' .. room)
    return { 'ok', 0, 0, '', 0, 1, r.epoch }
  end
  if r.at + ${CLOSED_KEPT} <= now then return forget() end
  linger()
  return { 'ok', 0, 0, '', 0, 0 }
end

local said, since, capped, fell = unpack(redis.call('HMGET', ROOM, 'y', 's', 'v', 'l'))
said, since, capped, fell = tonumber(said), tonumber(since), tonumber(capped), tonumber(fell)
local _, idle, empty, age = times()

-- What ends the room first, as things stand, and when.
local function ends()
  local at, why
  local function first(when, reason)
    if not at or when < at then at, why = when, reason end
  end
  if idle > 0 then first((said or r.created) + idle, 'idle') end
  if empty > 0 and live() == 0 then first((since or r.created) + empty, 'empty') end
  if age > 0 then first(r.created + age, 'max_age') end
  return at, why
end

local more = 0
local passed = redis.call('ZCOUNT', VISITORS, '-inf', now - ${VISITORS_WINDOW})
if passed > 2000 then passed, more = 2000, 1 end
if passed > 0 then
  away = visitors() - redis.call('ZREMRANGEBYRANK', VISITORS, 0, passed - 1)
  visited = visited - passed
  redis.call('HSET', ROOM, 'l', now)
  fell, moved = now, true
end
if capped and capped + ${VISITORS_WINDOW} <= now then
  redis.call('HDEL', ROOM, 'v')
  capped, moved = nil, true
end

local gone = 0
while not through and not r.closed do
  -- What is due first happens first: whom the room's end takes along did not leave before.
  local grace = redis.call('ZRANGE', GRACES, 0, 0, 'WITHSCORES')
  local at, last = tonumber(grace[2]), ends()
  if not at or at > now or (last and at >= last) then break end
  if gone >= ${REAP_BATCH} then
    more = 1
    break
  end
  local p = present(grace[1])
  if p then
    user_out(p, 'lost')
    since = now
    gone = gone + 1
  else
    redis.call('ZREM', GRACES, grace[1])
  end
end
if more == 0 and not r.closed then
  local at, why = ends()
  if at and at <= now then close(why) end
end
done()

if not r.closed then
  -- The one deadline is set to what it is now, which may be later than it was.
  local at = ends()
  local function also(when)
    if when and (not at or when < at) then at = when end
  end
  local grace = tonumber(redis.call('ZRANGE', GRACES, 0, 0, 'WITHSCORES')[2])
  if grace then also(math.max(grace, through or 0)) end
  local left = tonumber(redis.call('ZRANGE', VISITORS, 0, 0, 'WITHSCORES')[2])
  if left or capped then
    local first = math.min(left or capped, capped or left) + ${VISITORS_WINDOW}
    also(math.max(first, (fell or 0) + ${VISITORS_STEP}))
  end
  if more == 1 then at = now end
  if at then
    redis.call('ZADD', DUE, at, 'r' .. room)
  else
    redis.call('ZREM', DUE, 'r' .. room)
  end
end
return { 'ok', passed, gone, r.closed or '', 0, more, r.epoch, unpack(wrote) }
