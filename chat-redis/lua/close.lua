#!lua flags=allow-oom
-- Closes a room, writing `closed` as its last entry.
-- USES: time room disperse go
-- KEYS: BOOK DUE INDEX USERS LIVE VISITED NEWEST ACTIVE ROOM MEMBERS SESSIONS SAID NOTICES GRACES VISITORS KEYS0 KEYS1
-- PAIR: POOL ENGAGED PARTNERS0 PARTNERS1
-- ARGV: writer room epoch why owner
--
-- owner: where given, only if this user owns the room.
-- Atomicity: of any number of callers exactly one is told 'ok'; after it nothing is written in that epoch.
-- Returns: 'ok' epoch n entry | 'closed' why | 'notowner' | 'missing' | 'fenced'

if not begin('W' .. writer) then return { 'fenced' } end
load()
local ended = over(epoch)
if ended then return ended end
if owner ~= '' and redis.call('HGET', ROOM, 'o') ~= owner then return { 'notowner' } end
close(why)
done()
return { 'ok', r.epoch, unpack(wrote) }
