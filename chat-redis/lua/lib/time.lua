-- Time, and who may write.
--
-- The time is Redis' own, so no node's clock is compared with another's. Where it is behind what was seen before (the
-- machine's clock was set back, a replica took over), a kept correction takes up the step, and time goes on at its
-- usual pace, until the clock is ahead of it again. What was seen is written down at most every 100 ms: a step back by less than that does no harm, since
-- times within one log never decrease.
--
-- A number that is given to a command is printed with 17 digits first, which takes as long as the command; so in what is
-- done often constants are strings, and other numbers are made into strings once, by `digits`.
--
-- begin(field, …): sets `now` (ms) and returns these fields of BOOK. A life of a node that is going on has a field
-- there, 'W' and its 16 bytes; one that is over has none, and whatever it still wants to write is refused.

local now

local function digits(number)
  return string.format('%d', number)
end

local function begin(...)
  local book = redis.call('HMGET', BOOK, 't', 'c', ...)
  local time = ${TIME}
  local seen, correction = tonumber(book[1]), tonumber(book[2]) or 0
  now = time[1] * 1000 + math.floor(time[2] / 1000)
  if correction > 0 and seen and now > seen then
    -- The machine's clock is right again.
    redis.call('HSET', BOOK, 'c', '0')
    correction = 0
  end
  now = now + correction
  if not seen or now >= seen + 100 then
    redis.call('HSET', BOOK, 't', digits(now))
  elseif now < seen then
    redis.call('HSET', BOOK, 'c', correction + seen - now)
    now = seen
  end
  return unpack(book, 3, select('#', ...) + 2)
end
