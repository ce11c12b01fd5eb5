#!lua flags=allow-oom
-- Takes a session out of a room because its connection was lost: a user without another one stays for the room's grace.
-- USES: time room disperse go
-- KEYS: BOOK DUE INDEX USERS LIVE VISITED NEWEST ACTIVE ROOM MEMBERS SESSIONS SAID NOTICES GRACES VISITORS KEYS0 KEYS1
-- PAIR: POOL ENGAGED PARTNERS0 PARTNERS1
-- ARGV: writer room session
--
-- Returns: 'ok' epoch, then number and entry for each entry written | 'none' where it was not in | 'fenced'

if not begin('W' .. writer) then return { 'fenced' } end
load()
if over('') then return { 'none' } end
local user = redis.call('HGET', SESSIONS, 's' .. session)
local p = user and present(user)
if not p then return { 'none' } end
local grace = times()
if p.sessions == session and grace == 0 then
  user_out(p, 'lost')
else
  local last = session_out(session, p)
  keep(p)
  if last then
    redis.call('ZADD', GRACES, now + grace, user)
    arm(now + grace)
  end
end
done()
return { 'ok', r.epoch, unpack(wrote) }
