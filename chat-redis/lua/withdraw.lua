#!lua flags=allow-oom
-- Stops waiting.
-- USES: time mail ticket pool
-- KEYS: BOOK DUE INDEX MAIL POOLS POOL TICKETS QUEUES MATCHES TIMERS ENGAGED BLOCKS BLOCKED PARTNERS0 PARTNERS1
-- ARGV: writer pool user session which coming
--
-- Atomicity: a proposed match is broken in the same step, and whoever is left over is back in the queue.
-- Returns: 'withdrawn' | 'engaged' room | 'not' | 'fenced'

if not begin('W' .. writer) then return { 'fenced' } end
pool_load()
local t = p.n and ticket(user)
if not t then
  local room = p.n and redis.call('HGET', ENGAGED, user)
  if room then return { 'engaged', room } end
  return { 'not' }
end
local other = break_off(t)
if t.session ~= session then unmatched(t, 'replaced') end
drop(t)
if other then settle(other) end
pool_done()
return { 'withdrawn' }
