#!lua flags=allow-oom
-- Looks at a node's lease in one shard; where it is over, gives what the node has left there.
-- USES: time amnesty
-- KEYS: BOOK DUE INDEX
-- ARGV: writer node limit
--
-- node: the life that is judged. limit: how much of what it has is wanted at most.
-- Atomicity: from the step on in which a life is found to be over nothing of it comes into this shard, so whoever takes
-- out what it has left misses nothing. Its death is told once by each shard.
-- Returns: 'holds' | 'over' whether this is the first to tell, rows of INDEX | 'fenced'

local life, seen, through, lease, untold = begin('W' .. writer, 's', 'u', 'W' .. node, 'D' .. node)
if not life then return { 'fenced' } end
through = amnesty(seen, through)
if lease then
  local till = math.max(tonumber(string.match(lease, '^(%d+) ') or 0), through or 0)
  if till > now then
    redis.call('ZADD', DUE, till, 'n' .. node)
    return { 'holds' }
  end
  redis.call('HDEL', BOOK, 'W' .. node)
  untold = true
elseif untold then
  redis.call('HDEL', BOOK, 'D' .. node)
end
local rows = redis.call('ZRANGE', INDEX, '[' .. node, '(' .. node .. '\255', 'BYLEX', 'LIMIT', 0, limit)
if #rows == 0 then redis.call('ZREM', DUE, 'n' .. node) end
return { 'over', untold and 1 or 0, unpack(rows) }
