#!lua
-- Says for one side of a proposed match that its session still waits. The second side's confirmation opens the room with both
-- inside.
-- USES: time mail ticket
-- KEYS: BOOK DUE INDEX MAIL TICKETS MATCHES TIMERS ENGAGED USERS ROOM MEMBERS SESSIONS NOTICES
-- ARGV: writer pool id session room epoch alias1 name1 alias2 name2
--
-- id: the match. room: the one to come, which must be known for its keys; '' where it is not. epoch, aliases, names: made
-- for the room.
--
-- Atomicity: both leases are checked, and the match, the two, the room and its log change in one step.
-- Returns: 'half' | 'opened' epoch, user, user, number, entry, number, entry | 'gone' | 'room' room (ask again with it)
-- | 'over' (a side's life: give it up) | 'fenced'
--
-- This is where most rooms come from. So the room is written as a whole, to what `open` and `enter` would make of it, and
-- without the step of all other operations.

local own, theirs = begin('W' .. writer, 'W' .. string.sub(session, 1, 16))
if not (own and theirs) then return { 'fenced' } end
local kept = redis.call('HGET', MATCHES, id)
if not kept then return { 'gone' } end
local m = match_of(id, kept)
local side = m[1].session == session and 1 or m[2].session == session and 2
if not side then return { 'gone' } end
if not m[3 - side].confirmed then
  if not m[side].confirmed then
    m[side].confirmed = true
    redis.call('HSET', MATCHES, id, pack_match(m))
  end
  return { 'half' }
end
if room ~= m.room then return { 'room', m.room } end

local user1, user2, session1, session2 = m[1].user, m[2].user, m[1].session, m[2].session
local found = redis.call('HMGET', TICKETS, user1, user2)
local one, two = found[1] and ticket_of(user1, found[1]), found[2] and ticket_of(user2, found[2])
if not (one and two and one.match == id and two.match == id) then
  return error({ err = 'CORRUPT the tickets of a match are not whole' })
end
local node1, node2 = string.sub(session1, 1, 16), string.sub(session2, 1, 16)
if not redis.call('HGET', BOOK, 'W' .. (side == 1 and node2 or node1)) then return { 'over' } end
if redis.call('EXISTS', ROOM) == 1 then return error({ err = 'ERR a room of this id is there already' }) end
local presence, idle, age = string.match(one.policy, '^%d+ (%d+) %d+ %d+ (%d+) %d+ (%d+)$')
if not presence then return error({ err = 'CORRUPT a policy is not whole' }) end

local at, entries = digits(now), {}
if presence == '0' then
  for count = 1, 2 do
    local who = count == 1 and alias1 .. '\0' .. name1 or alias2 .. '\0' .. name2
    local entry = 'j' .. at .. '\0' .. who .. '\0' .. count
    redis.call('XADD', NOTICES, count .. '-0', 'e', entry)
    entries[#entries + 1] = count
    entries[#entries + 1] = entry
  end
end
redis.call('HINCRBY', BOOK, 'r', 1)
redis.call('HSET', ROOM, 'p', epoch .. ' pair ' .. at .. ' ' .. one.policy, 't', '', 'n', #entries / 2, 'a', at, 's', at,
  'w', user1 .. '\0' .. alias1 .. '\0' .. name1 .. '\0' .. user2 .. '\0' .. alias2 .. '\0' .. name2)
local since = string.format('%013d', now)
redis.call('HSET', SESSIONS, 's' .. session1, alias1, 'u' .. alias1, since .. name1 .. '\0' .. session1,
  's' .. session2, alias2, 'u' .. alias2, since .. name2 .. '\0' .. session2)
redis.call('ZADD', MEMBERS, '0', alias1 .. '\0' .. since .. '\0' .. name1, '0', alias2 .. '\0' .. since .. '\0' .. name2)
redis.call('ZADD', USERS, '0', user1 .. '\0' .. room, '0', user2 .. '\0' .. room)
redis.call('ZREM', INDEX, ticket_row(session1, user1), ticket_row(session2, user2))
redis.call('ZADD', INDEX, '0', node1 .. 'r' .. room .. '\0' .. string.sub(session1, 17),
  '0', node2 .. 'r' .. room .. '\0' .. string.sub(session2, 17))
idle, age = tonumber(idle), tonumber(age)
local ends = age > 0 and (idle == 0 or age < idle) and age or idle
if ends > 0 then redis.call('ZADD', DUE, digits(now + ends), 'r' .. room) end
redis.call('HDEL', TICKETS, user1, user2)
redis.call('HDEL', MATCHES, id)
redis.call('ZREM', TIMERS, m.began .. 'm' .. id)
redis.call('HSET', ENGAGED, user1, room, user2, room)

local news = pool .. '\0' .. room
if #one.tags > 0 and #two.tags > 0 then
  for _, tag in ipairs(one.tags) do
    if has(two.tags, tag) then news = news .. '\0' .. tag end
  end
end
post_all({ node1, 'M' .. session1 .. news, node2, 'M' .. session2 .. news })
if #entries == 0 then redis.call('SPUBLISH', ROOM .. '${CHANNELS}', 'c') end
for each = 1, #entries, 2 do
  redis.call('SPUBLISH', ROOM .. '${CHANNELS}', 'e' .. epoch .. entries[each] .. '\0' .. entries[each + 1])
end
return { 'opened', epoch, user1, user2, unpack(entries) }
