#!lua
-- Takes a session into a room, which is opened in the same step if that is asked for and there is none.
-- USES: time room open come
-- KEYS: BOOK DUE INDEX USERS LIVE VISITED NEWEST ACTIVE ROOM MEMBERS SESSIONS SAID NOTICES GRACES VISITORS KEYS0 KEYS1
-- PAIR: POOL ENGAGED PARTNERS0 PARTNERS1
-- ARGV: writer room epoch session user name create spare kind title meta owner policy
--
-- epoch: '' for whichever life there is. create: the epoch under which it is opened; '' for not at all.
-- spare: '' where there may be no room more than there are.
-- Atomicity: opening, the check of the capacity, whether this is the user's first session, the notice, the numbers.
-- Returns: 'in' created you epoch, then number and entry for each entry written | 'full' | 'forbidden' | 'closed' why |
--          'missing' | 'noplace' | 'fenced'

local by, whose = begin('W' .. writer, 'W' .. string.sub(session, 1, 16))
if not (by and whose) then return { 'fenced' } end
load()
local created = 0
if create ~= '' and epoch == '' and (not r or r.closed) then
  if not r and spare == '' then return { 'noplace' } end
  created = 1
else
  local ended = over(epoch)
  if ended then return ended end
end
local you = user
if created == 0 then
  you = seen_as(user)
  if not you then return { 'forbidden' } end
  local other, place = unpack(redis.call('HMGET', SESSIONS, 's' .. session, 'u' .. you))
  if other and other ~= you then return { 'forbidden' } end
  local p = place and present(you, place)
  if not p and live() >= tonumber(r.capacity) then return { 'full' } end
  if not other then session_in(session, you, name, p) end
else
  make({ epoch = create, kind = kind, title = title, meta = meta, owner = owner, policy = policy })
  session_in(session, you, name, nil)
end
done()
return { 'in', created, you, r.epoch, unpack(wrote) }
