#!lua flags=allow-oom
-- Takes a session out of a room because it says so; of a pair room its user, with all sessions, which closes it.
-- USES: time room disperse go
-- KEYS: BOOK DUE INDEX USERS LIVE VISITED NEWEST ACTIVE ROOM MEMBERS SESSIONS SAID NOTICES GRACES VISITORS KEYS0 KEYS1
-- PAIR: POOL ENGAGED PARTNERS0 PARTNERS1
-- ARGV: writer room session
--
-- Returns: 'out' epoch, then number and entry for each entry written | 'notmember' | 'closed' why | 'missing' | 'fenced'

if not begin('W' .. writer) then return { 'fenced' } end
load()
local ended = over('')
if ended then return ended end
local user = redis.call('HGET', SESSIONS, 's' .. session)
if not user then return { 'notmember' } end
local p = present(user)
if not p then return redis.error_reply('CORRUPT a session without a member') end
if r.pair or p.sessions == session then
  user_out(p, 'left')
else
  session_out(session, p)
  keep(p)
end
done()
return { 'out', r.epoch, unpack(wrote) }
