#!lua flags=allow-oom
-- Keeps a node's life going for another lease in one shard, and tells how many users it has online.
-- USES: time
-- KEYS: BOOK
-- ARGV: writer online
--
-- The deadline is not touched: the lease is looked at again when it comes due.
-- Returns: 'ok' | 'fenced'

if not begin('W' .. writer) then return { 'fenced' } end
redis.call('HSET', BOOK, 'W' .. writer, (now + ${LEASE}) .. ' ' .. online)
return { 'ok' }
