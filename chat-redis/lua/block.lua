#!lua
-- Leaves a pair room as `next` does, and never pairs these two again, in either direction. Also from a room that has closed.
-- USES: time mail ticket pool blocks room disperse go part
-- KEYS: BOOK DUE INDEX MAIL POOLS POOL TICKETS QUEUES MATCHES TIMERS ENGAGED BLOCKS BLOCKED PARTNERS0 PARTNERS1 USERS ROOM MEMBERS SESSIONS SAID NOTICES GRACES VISITORS KEYS0 KEYS1 LIVE VISITED NEWEST ACTIVE
-- PAIR:
-- ARGV: writer pool room session user make which coming
--
-- Returns: 'blocked' epoch, number, entry, … | 'new' | 'notmember' | 'missing' | 'fenced'

if not begin('W' .. writer) then return { 'fenced' } end
pool_load()
if not p.n and make ~= '1' then return { 'new' } end
read_blocks({ user })
if not blocks[user] then return redis.error_reply('CORRUPT blocks are not whole') end
local refused, out, other = parts(user, session)
if refused then return refused end
if out then part(out) end
pool_load()
block(user, other)
blocks_done()
pool_done()
return { 'blocked', r.epoch, unpack(wrote) }
