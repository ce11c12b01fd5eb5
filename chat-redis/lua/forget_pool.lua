#!lua flags=allow-oom
-- Gives a pool up early that only remembers last partners.
-- USES: time
-- KEYS: BOOK DUE POOLS POOL TICKETS QUEUES MATCHES TIMERS ENGAGED BLOCKS BLOCKED PARTNERS0 PARTNERS1
-- ARGV: writer pool
--
-- Returns: 'ok' | 'fenced'

if not begin('W' .. writer) then return { 'fenced' } end
if redis.call('EXISTS', TICKETS, ENGAGED, BLOCKS) == 0 then
  redis.call('UNLINK', POOL, QUEUES, MATCHES, TIMERS, BLOCKED, PARTNERS0, PARTNERS1)
  redis.call('ZREM', DUE, 'p' .. pool)
  redis.call('SREM', POOLS, pool)
end
return { 'ok' }
