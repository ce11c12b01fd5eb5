#!lua
-- Writes what somebody says.
-- USES: time
-- KEYS: BOOK ROOM SESSIONS SAID KEYS0 KEYS1 ACTIVE
-- ARGV: writer room epoch by session user name key attempt body
--
-- by: 's' a session (of this user), 'u' a user whom the host vouches for, under this name, '-' the site itself.
-- key: '' for none. attempt: 16 bytes.
--
-- Atomicity: checks that the writer's life goes on, the room is open in this epoch, and the author may; recognises a
-- repetition; then number, entry, head, and the list by activity, and tells the readers.
-- Returns: 'ok' epoch n entry | 'dup' epoch n at | 'fenced' | 'missing' | 'closed' why | 'notmember'
--
-- This is the hot path: it reads of the record what it needs itself instead of using the step of all other operations.

if not begin('W' .. writer) then return { 'fenced' } end

local fixed, head, head_at, closed, pair, began, fresh = unpack(redis.call('HMGET', ROOM, 'p', 'n', 'a', 'z', 'w', 'g', 'f'))
if not fixed then return { 'missing' } end
local here, kind, created, history = string.match(fixed, '^(%x+) (%l+) (%d+) %d+ %d+ %d+ (%d+)')
if not (here and head and head_at) then
  return redis.error_reply('CORRUPT a room\'s record is not whole')
end
if epoch ~= '' and epoch ~= here then
  local of, why = string.match(redis.call('HGET', ROOM, 'i') or '', '^(%x+) %d+ %d+ (%S+)$')
  if of == epoch then return { 'closed', why } end
  if closed then return { 'closed', closed } end
  return { 'missing' }
end
if closed then return { 'closed', closed } end

local seen, called = '', ''
if by == 's' then
  seen = redis.call('HGET', SESSIONS, 's' .. session)
  if not seen then return { 'notmember' } end
  if seen ~= user then
    -- In a pair room sessions are an alias', and whose that is the record knows.
    if not pair then return { 'notmember' } end
    local one, alias1, two, alias2 = string.match(pair, '^(%Z*)%z(%Z*)%z%Z*%z(%Z*)%z(%Z*)%z%Z*$')
    if not ((one == user and alias1 == seen) or (two == user and alias2 == seen)) then return { 'notmember' } end
  end
  local place = redis.call('HGET', SESSIONS, 'u' .. seen)
  called = string.match(place or '', '^%d%d%d%d%d%d%d%d%d%d%d%d%d(%Z*)%z')
  if not called then return redis.error_reply('CORRUPT a member\'s record is not whole') end
elseif by == 'u' then
  seen, called = user, name
  if pair then
    local one, alias1, name1, two, alias2, name2 = string.match(pair, '^(%Z*)%z(%Z*)%z(%Z*)%z(%Z*)%z(%Z*)%z(%Z*)$')
    if user == one or user == alias1 then
      seen, called = alias1, name1
    elseif user == two or user == alias2 then
      seen, called = alias2, name2
    else
      return { 'notmember' }
    end
  end
end

-- Repetitions are known for one to two periods, in two generations that are turned over: which one is fresh, and since when.
-- A key is its user's. Without one the attempt stands for itself, so that an engine that has lost an answer can ask again.
began, fresh = tonumber(began), fresh or '0'
local KEYS_FRESH, KEYS_OLD = fresh == '0' and KEYS0 or KEYS1, fresh == '0' and KEYS1 or KEYS0
local turned = false
if began then
  local periods = math.floor((now - began) / ${KEYS_KEPT})
  if periods > 0 then
    redis.call('UNLINK', KEYS_OLD)
    if periods > 1 then redis.call('UNLINK', KEYS_FRESH) end
    KEYS_FRESH, KEYS_OLD, turned, began = KEYS_OLD, KEYS_FRESH, true, began + periods * ${KEYS_KEPT}
  end
else
  began, turned = now, true
end
local mine = key ~= '' and ('k' .. seen .. '\0' .. key) or ('a' .. attempt)
local before = redis.call('HGET', KEYS_FRESH, mine) or redis.call('HGET', KEYS_OLD, mine)
local count = before and 0 or redis.call('HLEN', KEYS_FRESH)
if before then
  if turned then redis.call('HSET', ROOM, 'g', began, 'f', KEYS_FRESH == KEYS0 and '0' or '1') end
  local n, at, whose = string.match(before, '^(%d+) (%d+) (.*)$')
  if whose == attempt then
    -- The answer was lost on its way: this is it. As it was written: the author may be called something else by now.
    local kept = redis.call('XRANGE', SAID, n .. '-0', n .. '-0')[1]
    return { 'ok', here, tonumber(n),
      kept and kept[2][2] or 's' .. at .. '\0' .. seen .. '\0' .. called .. '\0' .. key .. '\0' .. body }
  end
  return { 'dup', here, tonumber(n), tonumber(at) }
end

local n, at = digits(head + 1), digits(math.max(now, tonumber(head_at)))
local entry = 's' .. at .. '\0' .. seen .. '\0' .. called .. '\0' .. key .. '\0' .. body
redis.call('XADD', SAID, 'MAXLEN', '=', history == '0' and '1' or history, n .. '-0', 'e', entry)
if count >= ${KEYS_HALF} then
  redis.call('UNLINK', KEYS_OLD)
  KEYS_FRESH, KEYS_OLD, turned, began = KEYS_OLD, KEYS_FRESH, true, now
end
if turned then
  redis.call('HSET', ROOM, 'n', n, 'a', at, 'y', at, 'g', began, 'f', KEYS_FRESH == KEYS0 and '0' or '1')
else
  redis.call('HSET', ROOM, 'n', n, 'a', at, 'y', at)
end
redis.call('HSET', KEYS_FRESH, mine, n .. ' ' .. at .. ' ' .. attempt)
-- Where nothing more is said nobody turns them over: then time alone collects them.
if count == 0 or turned then redis.call('PEXPIRE', KEYS_FRESH, 2 * ${KEYS_KEPT}) end
redis.call('SPUBLISH', ROOM .. '${CHANNELS}', 'e' .. here .. n .. '\0' .. entry)
if kind == 'public' then
  redis.call('ZADD', ACTIVE, '-' .. at, created .. ':' .. room)
  if redis.call('HINCRBY', BOOK, 'w', '1') == 1 then redis.call('HSET', BOOK, 'w', digits(now)) end
end
return { 'ok', here, n, entry }
