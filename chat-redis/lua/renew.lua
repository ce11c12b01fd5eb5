#!lua flags=allow-oom
-- Keeps a node's life going for another lease in one shard, and tells how many users it has online.
-- USES: time
-- KEYS: BOOK
-- ARGV: writer online sum
--
-- The deadline is not touched: the lease is looked at again when it comes due.
-- sum: '1' where it is wanted how many users all living nodes have told; each shard has the same.
-- Returns: 'ok' sum | 'fenced'

if not begin('W' .. writer) then return { 'fenced' } end
redis.call('HSET', BOOK, 'W' .. writer, (now + ${LEASE}) .. ' ' .. online)
if sum ~= '1' then return { 'ok', 0 } end
local all, told = redis.call('HGETALL', BOOK), 0
for at = 1, #all, 2 do
  if #all[at] == 17 and string.sub(all[at], 1, 1) == 'W' then
    told = told + (tonumber(string.match(all[at + 1], ' (%d+)$')) or 0)
  end
end
return { 'ok', told }
