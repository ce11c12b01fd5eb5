-- One step in one room: everything that changes who is in it, what is in its log, or ends it, goes through here.
--
-- Expects `room`, the id, and uses of the keys what it is given; `load` reads the record, and nothing is written before
-- the script has checked everything. At the end `done` sets the deadline, brings the lists up to date and tells the
-- room's readers, in the order of the log.
--
-- Of a pair room the users in here are aliases; `real` says who they are.

local PUBLISH = ROOM .. '${CHANNELS}'

local r          -- the record; nil where there is none
local wrote = {} -- what was written: number, entry, number, entry, …
local moved = false   -- whether the numbers that lists show may have changed
local visited = 0     -- by how many the visitors have changed: who leaves, or comes back, is one all the time
local counted = false -- whether the number of users of a room that only counts has changed
local earliest   -- the earliest deadline that this step has brought

local function load()
  local f = redis.call('HMGET', ROOM, 'p', 'n', 'a', 'z', 'w')
  if not f[1] then return nil end
  local epoch, kind, created, capacity, presence, rest = string.match(f[1], '^(%x+) (%l+) (%d+) (%d+) (%d) (.*)$')
  if not (epoch and f[2] and f[3]) then return error({ err = 'CORRUPT a room\'s record is not whole' }) end
  r = {
    epoch = epoch, kind = kind, created = created, n = tonumber(f[2]), at = tonumber(f[3]), closed = f[4],
    capacity = capacity, logs = presence == '0', rest = rest,
  }
  if f[5] then
    -- Who the two of a pair room are, as whom they are seen, and under what names.
    local user1, alias1, name1, user2, alias2, name2 =
      string.match(f[5], '^(%Z*)%z(%Z*)%z(%Z*)%z(%Z*)%z(%Z*)%z(%Z*)$')
    r.pair = { { user = user1, alias = alias1, name = name1 }, { user = user2, alias = alias2, name = name2 } }
  end
  return r
end

-- What of the policy only some steps ask for: grace, idle, empty, greatest age; 0 for never.
local function times()
  local grace, idle, empty, age = string.match(r.rest, '^(%d+) %d+ (%d+) (%d+) (%d+)$')
  if not grace then return error({ err = 'CORRUPT a room\'s policy is not whole' }) end
  return tonumber(grace), tonumber(idle), tonumber(empty), tonumber(age)
end

-- Why the life that is meant (of this epoch; '' for whichever there is) is over; nil where it goes on.
local function over(epoch)
  if not r then return { 'missing' } end
  if epoch ~= '' and epoch ~= r.epoch then
    local ended, why = string.match(redis.call('HGET', ROOM, 'i') or '', '^(%x+) %d+ %d+ (%S+)$')
    if ended == epoch then return { 'closed', why } end
    if r.closed then return { 'closed', r.closed } end
    return { 'missing' }
  end
  if r.closed then return { 'closed', r.closed } end
end

-- Under which id a user is seen here; nil in a pair room of two others.
local function seen_as(user)
  if not r.pair then return user end
  for _, side in ipairs(r.pair) do
    if side.user == user then return side.alias end
  end
end

-- Who somebody is who is seen under this id.
local function real(seen)
  if not r.pair then return seen end
  for _, side in ipairs(r.pair) do
    if side.alias == seen then return side.user end
  end
  return seen
end

-- A user's place in SESSIONS under 'u' and the id: 13 digits since when, the name, a zero, and the sessions, 24 bytes each.
local function present(user, value)
  value = value or redis.call('HGET', SESSIONS, 'u' .. user)
  if not value then return nil end
  local zero = string.find(value, '\0', 14, true)
  if not zero then return error({ err = 'CORRUPT a member\'s record is not whole' }) end
  return {
    user = user, since = string.sub(value, 1, 13), name = string.sub(value, 14, zero - 1),
    sessions = string.sub(value, zero + 1),
  }
end

-- Where INDEX has a session: by its node's life, then the room, then the connection.
local function index_row(session)
  return string.sub(session, 1, 16) .. 'r' .. room .. '\0' .. string.sub(session, 17)
end

local function arm(at)
  if not earliest or at < earliest then earliest = at end
end

-- Writes the next entry: first the entry, then the head, so that a step that fails in between leaves no hole.
local function write(stream, max, kind, rest)
  local n, at = r.n + 1, math.max(now, r.at)
  local number, time = digits(n), digits(at)
  local entry = kind .. time .. '\0' .. rest
  redis.call('XADD', stream, 'MAXLEN', '=', max, number .. '-0', 'e', entry)
  redis.call('HSET', ROOM, 'n', number, 'a', time)
  r.n, r.at = n, at
  wrote[#wrote + 1] = number
  wrote[#wrote + 1] = entry
end

-- Distinct users now: the size of the set, asked once in a step and gone along with its changes.
local here
local function live()
  here = here or redis.call('ZCARD', MEMBERS)
  return here
end

-- Who left within the window, in the same way.
local away
local function visitors()
  away = away or redis.call('ZCARD', VISITORS)
  return away
end

-- Tells of a coming or going in the way that is the room's.
local function notice(kind, rest)
  if r.logs then
    write(NOTICES, '${NOTICES}', kind, rest)
  else
    counted = true
  end
end

-- The lists have changed. A counter that was lost begins beyond what it was.
local function changed(which)
  if redis.call('HINCRBY', BOOK, which, '1') == 1 then redis.call('HSET', BOOK, which, digits(now)) end
end

-- A room's place in the lists: the older first where the values are the same, then by id.
local function place()
  return r.created .. ':' .. room
end

-- Ends the step: deadline, lists, readers.
local function done()
  if not r.closed and earliest then redis.call('ZADD', DUE, 'LT', digits(earliest), 'r' .. room) end
  if moved and r.kind == 'public' and not r.closed then
    local name = place()
    redis.call('ZADD', LIVE, digits(-live()), name)
    if visited ~= 0 then redis.call('ZADD', VISITED, digits(-live() - visitors()), name) end
    changed('v')
  end
  for at = 1, #wrote, 2 do
    redis.call('SPUBLISH', PUBLISH, 'e' .. r.epoch .. wrote[at] .. '\0' .. wrote[at + 1])
  end
  if counted and not r.closed then redis.call('SPUBLISH', PUBLISH, 'c') end
end
