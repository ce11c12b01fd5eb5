#!lua
-- Takes a session into a room that there is.
-- USES: time room come
-- KEYS: BOOK DUE INDEX USERS LIVE VISITED ROOM MEMBERS SESSIONS NOTICES GRACES VISITORS
-- ARGV: writer room epoch session user name
--
-- epoch: '' for whichever life there is.
-- Atomicity: the check of the capacity, whether this is the user's first session, the notice, the numbers.
-- Returns: 'in' 0 you epoch, then number and entry for each entry written | 'full' | 'forbidden' | 'closed' why | 'missing' |
--          'fenced'

local by, whose = begin('W' .. writer, 'W' .. string.sub(session, 1, 16))
if not (by and whose) then return { 'fenced' } end
load()
local refused, you = over(epoch), nil
if not refused then refused, you = come(session, user, name) end
if refused then return refused end
done()
return { 'in', 0, you, r.epoch, unpack(wrote) }
