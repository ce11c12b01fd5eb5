#!lua
-- Leaves a pair room, the user with all sessions, which closes it, and waits for another partner.
-- USES: time mail ticket pool seek room disperse go part
-- KEYS: BOOK DUE INDEX MAIL POOLS POOL TICKETS QUEUES MATCHES TIMERS ENGAGED BLOCKS BLOCKED PARTNERS0 PARTNERS1 USERS ROOM MEMBERS SESSIONS SAID NOTICES GRACES VISITORS KEYS0 KEYS1 LIVE VISITED NEWEST ACTIVE
-- PAIR:
-- ARGV: writer pool room leaving session user strict policy tags blocked make which coming
--
-- leaving: the session that says so, which is in the room; session: the one that is to wait. The rest is as in `submit`.
--
-- Atomicity: whoever is refused stays where they are.
-- Returns: 'waiting' epoch, number, entry, … | 'engaged' room | 'full' | 'new' | 'notmember' | 'missing' | 'fenced'

local own, theirs = begin('W' .. writer, 'W' .. string.sub(session, 1, 16))
if not (own and theirs) then return { 'fenced' } end
pool_load()
if not p.n and make ~= '1' then return { 'new' } end
-- What they may wait with already is read before anything is written.
local waits = ticket(user)
if is_full() and not waits then return { 'full' } end
local refused, out = parts(user, leaving)
if refused then return refused end
if out then part(out) end
pool_load()
refused = submit(user, session, strict, policy, tags, blocked)
if refused then return refused end
pool_done()
return { 'waiting', r.epoch, unpack(wrote) }
