#!lua
-- Takes a session into a room, which is opened in the same step if there is none.
-- USES: time room disperse open come
-- KEYS: BOOK DUE INDEX USERS LIVE VISITED NEWEST ACTIVE ROOM MEMBERS SESSIONS SAID NOTICES GRACES VISITORS KEYS0 KEYS1
-- ARGV: writer room epoch session user name new spare kind title meta owner policy
--
-- epoch: '' for whichever life there is, and only then one is opened, of the epoch `new`.
-- spare: '' where there may be no room more than there are.
-- Atomicity: opening, the check of the capacity, whether this is the user's first session, the notice, the numbers.
-- Returns: 'in' created you epoch, then number and entry for each entry written | 'full' | 'forbidden' | 'closed' why |
--          'missing' | 'noplace' | 'again' (so many were in it before that this takes several steps) | 'fenced'

local by, whose = begin('W' .. writer, 'W' .. string.sub(session, 1, 16))
if not (by and whose) then return { 'fenced' } end
load()
local created, you = 0, user
if epoch == '' and (not r or r.closed) then
  if not r and spare == '' then return { 'noplace' } end
  if r and disperse() then return { 'again' } end
  created = 1
  make({ epoch = new, kind = kind, title = title, meta = meta, owner = owner, policy = policy })
  session_in(session, user, name, nil)
else
  local refused = over(epoch)
  if not refused then refused, you = come(session, user, name) end
  if refused then return refused end
end
done()
return { 'in', created, you, r.epoch, unpack(wrote) }
