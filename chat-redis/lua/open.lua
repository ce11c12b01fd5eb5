#!lua
-- Opens a room under a new epoch, unless one of this id is open.
-- USES: time room disperse open
-- KEYS: BOOK DUE INDEX USERS LIVE VISITED NEWEST ACTIVE ROOM MEMBERS SESSIONS SAID NOTICES GRACES VISITORS KEYS0 KEYS1
-- ARGV: writer room epoch spare kind title meta owner policy
--
-- spare: '' where there may be no room more than there are.
-- Atomicity: of any number of callers one opens it.
-- Returns: 'opened' | 'exists' | 'noplace' | 'again' (so many were in it before that this takes several steps) | 'fenced'

if not begin('W' .. writer) then return { 'fenced' } end
if load() and not r.closed then return { 'exists' } end
if not r and spare == '' then return { 'noplace' } end
if r and disperse() then return { 'again' } end
make({ epoch = epoch, kind = kind, title = title, meta = meta, owner = owner, policy = policy })
return { 'opened' }
