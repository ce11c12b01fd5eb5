#!lua
-- Says for one side of a proposed match that its session still waits. The second side's confirmation opens the room with both
-- inside.
-- USES: time mail pool
-- KEYS: BOOK DUE INDEX MAIL POOLS WAITING POOL TICKETS QUEUES MATCHES TIMERS ENGAGED BLOCKS BLOCKED PARTNERS0 PARTNERS1 USERS ROOM MEMBERS SESSIONS NOTICES
-- ARGV: writer pool id session room epoch alias1 name1 alias2 name2 which coming
--
-- id: the match. room: the one to come, which must be known for its keys; '' where it is not. epoch, aliases, names: made
-- for the room.
--
-- Atomicity: both leases are checked, and the match, the two, the room and its log change in one step. A side whose life is
-- over is given up, and the other one is back in the queue.
-- Returns: 'half' | 'opened' epoch, user, user, number, entry, number, entry | 'gone' | 'room' room (ask again with it)
-- | 'fenced'

local own, theirs = begin('W' .. writer, 'W' .. string.sub(session, 1, 16))
if not (own and theirs) then return { 'fenced' } end
local m = match_of(id)
if not m then return { 'gone' } end
local side = m[1].session == session and 1 or m[2].session == session and 2
if not side then return { 'gone' } end
if not m[3 - side].confirmed then
  if not m[side].confirmed then
    m[side].confirmed = true
    redis.call('HSET', MATCHES, id, match_packed(m))
  end
  return { 'half' }
end
if room ~= m.room then return { 'room', m.room } end

read_tickets({ m[1].user, m[2].user })
local one, two = tickets[m[1].user], tickets[m[2].user]
if not (one and two and one.match == id and two.match == id) then
  return error({ err = 'CORRUPT the tickets of a match are not whole' })
end
local node1, node2 = string.sub(one.session, 1, 16), string.sub(two.session, 1, 16)
local lives = redis.call('HMGET', BOOK, 'W' .. node1, 'W' .. node2)
if not (lives[1] and lives[2]) then
  pool_load()
  if not lives[1] then give_up(one) end
  if not lives[2] then give_up(two) end
  if tickets[one.user] then settle(one) end
  if tickets[two.user] then settle(two) end
  pool_done()
  return { 'gone' }
end
if redis.call('EXISTS', ROOM) == 1 then return error({ err = 'ERR a room of this id is there already' }) end

-- The room, as `open` and `enter` make one: written as a whole, since this is where most rooms come from.
local capacity, presence, grace, history, idle, empty, age = string.match(one.policy, '^(%d+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+)$')
if not capacity then return error({ err = 'CORRUPT a policy is not whole' }) end
local since, entries = string.format('%013.0f', now), {}
if presence == '0' then
  for count, who in ipairs({ alias1 .. '\0' .. name1, alias2 .. '\0' .. name2 }) do
    local entry = 'j' .. now .. '\0' .. who .. '\0' .. count
    redis.call('XADD', NOTICES, 'MAXLEN', '=', ${NOTICES}, count .. '-0', 'e', entry)
    entries[#entries + 1] = count
    entries[#entries + 1] = entry
  end
end
redis.call('HINCRBY', BOOK, 'r', 1)
redis.call('HSET', ROOM, 'e', epoch, 'k', 'pair', 't', '', 'c', now, 'p', one.policy, 'n', #entries / 2, 'a', now, 's', now,
  'w', one.user .. '\0' .. alias1 .. '\0' .. name1 .. '\0' .. two.user .. '\0' .. alias2 .. '\0' .. name2)
redis.call('HSET', SESSIONS, 's' .. one.session, alias1, 'u' .. alias1, since .. name1 .. '\0' .. one.session,
  's' .. two.session, alias2, 'u' .. alias2, since .. name2 .. '\0' .. two.session)
redis.call('ZADD', MEMBERS, 0, alias1 .. '\0' .. since .. '\0' .. name1, 0, alias2 .. '\0' .. since .. '\0' .. name2)
redis.call('ZADD', USERS, 0, one.user .. '\0' .. room, 0, two.user .. '\0' .. room)
redis.call('ZADD', INDEX, 0, node1 .. 'r' .. room .. '\0' .. string.sub(one.session, 17),
  0, node2 .. 'r' .. room .. '\0' .. string.sub(two.session, 17))
local ends
for _, after in ipairs({ tonumber(idle), tonumber(age) }) do
  if after > 0 and not (ends and ends <= after) then ends = after end
end
if ends then redis.call('ZADD', DUE, now + ends, 'r' .. room) end
if #entries == 0 then
  redis.call('SPUBLISH', ROOM .. '${CHANNELS}', 'c')
end
for at = 1, #entries, 2 do
  redis.call('SPUBLISH', ROOM .. '${CHANNELS}', 'e' .. epoch .. entries[at] .. '\0' .. entries[at + 1])
end

local shared = {}
for _, tag in ipairs(one.tags) do
  if has(two.tags, tag) then shared[#shared + 1] = tag end
end
table.sort(shared)
local text = pool .. '\0' .. room
for _, tag in ipairs(shared) do text = text .. '\0' .. tag end
for at, t in ipairs({ one, two }) do
  news[#news + 1] = string.sub(t.session, 1, 16)
  news[#news + 1] = 'M' .. t.session .. text
end
redis.call('HSET', ENGAGED, one.user, room, two.user, room)
take_apart(m)
drop(one)
drop(two)
pool_done()
return { 'opened', epoch, one.user, two.user, unpack(entries) }
