-- What the end of a pair room means for its pool. Before `room`, which calls it.
--
-- Needs the keys POOL ENGAGED PARTNERS0 PARTNERS1, which is what the PAIR line of such a script has to name, and DUE.
--
-- pair_closed(sides): the two may wait again, and remember one another for a while. Where they are not in this room, it
-- does nothing.
--
-- Last partners are kept in two generations, of which POOL says which is the young one ('g') and since when ('w'; none
-- where nobody is remembered). The older one goes as a whole, so nothing is kept by a time of its own.

local function pair_closed(sides)
  if not sides then return end
  local one, two = sides[1].user, sides[2].user
  local rooms, out = redis.call('HMGET', ENGAGED, one, two), {}
  if rooms[1] == room then out[1] = one end
  if rooms[2] == room then out[#out + 1] = two end
  if #out == 0 then return end
  redis.call('HDEL', ENGAGED, unpack(out))
  local f = redis.call('HMGET', POOL, 'g', 'w', 'd')
  local young, turned, due = f[1] or '0', tonumber(f[2]), tonumber(f[3])
  local YOUNG, OLD = PARTNERS0, PARTNERS1
  if young == '1' then YOUNG, OLD = PARTNERS1, PARTNERS0 end
  local last = redis.call('HMGET', YOUNG, one, two)
  local function behind(other, before)
    local first = string.match(before or '', '^%Z+')
    if not first or first == other then return before or other end
    return other .. '\0' .. first
  end
  redis.call('HSET', YOUNG, one, behind(two, last[1]), two, behind(one, last[2]))
  if not last[1] and redis.call('HLEN', YOUNG) > math.max(${WAITING_MAX}, 2) then
    -- As many as may wait at all: the older ones go early.
    redis.call('UNLINK', OLD)
    young, turned = young == '0' and '1' or '0', now
    redis.call('HSET', POOL, 'g', young, 'w', now)
  elseif not turned then
    turned = now
    redis.call('HSET', POOL, 'w', now)
  end
  local at = turned + ${PARTNERS_KEPT}
  if not due or at < due then
    redis.call('ZADD', DUE, 'LT', at, 'p' .. string.match(room, '^[^~]*'))
    redis.call('HSET', POOL, 'd', at)
  end
end
