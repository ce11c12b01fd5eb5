#!lua flags=allow-oom
-- Takes sessions of a life that is over out of one room. Users without another session leave at once: the lease was
-- grace enough.
-- USES: time room disperse go
-- KEYS: BOOK DUE INDEX USERS LIVE VISITED NEWEST ACTIVE ROOM MEMBERS SESSIONS SAID NOTICES GRACES VISITORS KEYS0 KEYS1
-- PAIR: POOL ENGAGED PARTNERS0 PARTNERS1
-- ARGV: writer room ...
--
-- Behind `room`: the sessions.
-- Atomicity: each is taken out by one of any number of nodes, and each `left` is written once.
-- Returns: 'ok' users that left, why the room closed or '', epoch, then number and entry for each entry written |
--          'none' where there is no such room any more | 'fenced'

if not begin('W' .. writer) then return { 'fenced' } end
-- What is left in a room whose record cannot be read is not worth that the others wait for it.
if not pcall(load) or over('') then
  for at = 3, #ARGV do
    redis.call('ZREM', INDEX, index_row(ARGV[at]))
  end
  return { 'none' }
end
local gone = 0
for at = 3, #ARGV do
  local session = ARGV[at]
  if r.closed then break end
  local found, user = pcall(redis.call, 'HGET', SESSIONS, 's' .. session)
  local whole, p = pcall(present, found and user or '')
  if not (found and user and whole and p) then
    redis.call('ZREM', INDEX, index_row(session))
  elseif p.sessions == session then
    user_out(p, 'lost')
    gone = gone + 1
  else
    session_out(session, p)
    keep(p)
  end
end
done()
return { 'ok', gone, r.closed or '', r.epoch, unpack(wrote) }
