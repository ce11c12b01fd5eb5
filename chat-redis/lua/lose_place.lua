#!lua flags=allow-oom
-- The connection of one who waits was lost: the place is kept for a while, and matched with nobody.
-- USES: time mail ticket pool
-- KEYS: BOOK DUE INDEX MAIL POOLS POOL TICKETS QUEUES MATCHES TIMERS ENGAGED BLOCKS BLOCKED PARTNERS0 PARTNERS1
-- ARGV: writer pool user session which coming
--
-- Returns: 'ok' | 'fenced'

if not begin('W' .. writer) then return { 'fenced' } end
local t = ticket(user)
if not t or t.session ~= session or t.state == 'd' then return { 'ok' } end
pool_load()
local other = break_off(t)
touch(t)
t.state, t.till, t.queued, t.paused = 'd', now + ${PLACE_KEPT}, false, nil
if other then settle(other) end
pool_done()
return { 'ok' }
