#!lua
-- Gives a user another name in a room that they are in.
-- USES: time room disperse go
-- KEYS: BOOK DUE INDEX USERS LIVE VISITED NEWEST ACTIVE ROOM MEMBERS SESSIONS SAID NOTICES GRACES VISITORS KEYS0 KEYS1
-- ARGV: writer room user name
--
-- Returns: 'ok' epoch, then number and entry for each entry written | 'none' where there is nothing to do | 'fenced'

if not begin('W' .. writer) then return { 'fenced' } end
load()
if over('') or r.pair then return { 'none' } end
local p = present(user)
if not p or p.name == name then return { 'none' } end
if r.logs then write(NOTICES, '${NOTICES}', 'r', user .. '\0' .. name) end
redis.call('ZREM', MEMBERS, user .. '\0' .. p.since .. '\0' .. p.name)
redis.call('ZADD', MEMBERS, '0', user .. '\0' .. p.since .. '\0' .. name)
p.name = name
keep(p)
done()
return { 'ok', r.epoch, unpack(wrote) }
