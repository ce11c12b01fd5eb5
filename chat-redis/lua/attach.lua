#!lua flags=allow-oom
-- Begins a node's life in one shard.
-- USES: time
-- KEYS: BOOK DUE MAIL
-- ARGV: writer
--
-- Atomicity: its earlier lives are over in the same step: what they still write is refused, and their sessions are due
-- to be taken out.
-- Returns: the place in MAIL behind which this life's mail will be, and the number of the newest piece

-- Which of its lives it is.
local function incarnation(life)
  local number = 0
  for at = 9, 16 do number = number * 256 + string.byte(life, at) end
  return number
end

local reaped, mails = begin('s', 'm')
local node = 'W' .. string.sub(writer, 1, 8)
for _, field in ipairs(redis.call('HKEYS', BOOK)) do
  local earlier = string.sub(field, 2)
  if string.sub(field, 1, 9) == node and #field == 17 and incarnation(earlier) < incarnation(writer) then
    redis.call('HDEL', BOOK, field)
    -- Whoever reaps it is to tell of it, once.
    redis.call('HSET', BOOK, 'D' .. earlier, 1)
    redis.call('ZADD', DUE, 'LT', now, 'n' .. earlier)
  end
end
-- Before the first node nobody could have been silent.
if not reaped then redis.call('HSET', BOOK, 's', now) end
redis.call('HSET', BOOK, 'W' .. writer, (now + ${LEASE}) .. ' 0')
redis.call('ZADD', DUE, now + ${LEASE}, 'n' .. writer)
local newest = redis.call('XREVRANGE', MAIL, '+', '-', 'COUNT', 1)
return (newest[1] and newest[1][1] or '0-0') .. ' ' .. (mails or 0)
