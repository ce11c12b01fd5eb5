#!lua flags=allow-oom
-- Ends a node's life in one shard at once, as if its lease had run out.
-- USES: time
-- KEYS: BOOK DUE
-- ARGV: writer
--
-- Returns: 'ok' | 'fenced'

if not begin('W' .. writer) then return { 'fenced' } end
redis.call('HDEL', BOOK, 'W' .. writer)
redis.call('HSET', BOOK, 'D' .. writer, 1)
redis.call('ZADD', DUE, 'LT', now, 'n' .. writer)
return { 'ok' }
