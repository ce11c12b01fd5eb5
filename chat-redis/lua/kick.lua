#!lua flags=allow-oom
-- Puts a user out of a room, with all sessions, and tells the nodes that have these.
-- USES: time room disperse go mail
-- KEYS: BOOK DUE INDEX USERS MAIL LIVE VISITED NEWEST ACTIVE ROOM MEMBERS SESSIONS SAID NOTICES GRACES VISITORS KEYS0 KEYS1
-- PAIR: POOL ENGAGED PARTNERS0 PARTNERS1
-- ARGV: writer room user
--
-- user: in a pair room by id or alias.
-- Returns: 'out' epoch, then number and entry for each entry written | 'notmember' | 'closed' why | 'missing' | 'fenced'

if not begin('W' .. writer) then return { 'fenced' } end
load()
local ended = over('')
if ended then return ended end
local seen = seen_as_either(user)
local p = seen and present(seen)
if not p then return { 'notmember' } end
local nodes, told = {}, {}
for at = 1, #p.sessions, 24 do
  local session = string.sub(p.sessions, at, at + 23)
  local node = string.sub(session, 1, 16)
  if not told[node] then
    nodes[#nodes + 1] = node
    told[node] = ''
  end
  told[node] = told[node] .. session
end
user_out(p, 'kicked')
for _, node in ipairs(nodes) do
  post(node, 'K' .. room .. '\0' .. told[node])
end
done()
return { 'out', r.epoch, unpack(wrote) }
