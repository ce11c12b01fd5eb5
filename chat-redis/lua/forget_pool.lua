#!lua flags=allow-oom
-- Gives a pool up early that only remembers last partners.
-- USES: time mail pool
-- KEYS: BOOK DUE INDEX MAIL POOLS WAITING POOL TICKETS QUEUES MATCHES TIMERS ENGAGED BLOCKS BLOCKED PARTNERS0 PARTNERS1
-- ARGV: writer pool
--
-- Returns: 'ok' | 'fenced'

if not begin('W' .. writer) then return { 'fenced' } end
if is_idle() then pool_ends() end
return { 'ok' }
