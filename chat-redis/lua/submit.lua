#!lua
-- Waits for a partner, or proposes a match at once.
-- USES: time mail ticket pool seek
-- KEYS: BOOK DUE INDEX MAIL POOLS POOL TICKETS QUEUES MATCHES TIMERS ENGAGED BLOCKS BLOCKED PARTNERS0 PARTNERS1
-- ARGV: writer pool session user strict policy tags blocked make which coming
--
-- strict: '1' or ''. tags, blocked: divided by zeros. make: '1' where a pool may be made if there is none. which, coming:
-- random, for matches that are proposed.
--
-- Atomicity: both lives go on, and the rule has run when it is answered.
-- Returns: 'waiting' | 'engaged' room | 'full' | 'new' (there is no pool, and none may be made) | 'fenced'

local own, theirs = begin('W' .. writer, 'W' .. string.sub(session, 1, 16))
if not (own and theirs) then return { 'fenced' } end
pool_load()
if not p.n and make ~= '1' then return { 'new' } end
local refused = submit(user, session, strict, policy, tags, blocked)
if refused then return refused end
pool_done()
return { 'waiting' }
