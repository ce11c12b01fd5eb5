-- One step in one pool: the rules of matching. Behind `time`, `mail` and `ticket`.
--
-- Expects `pool`, the name, and of the keys BOOK DUE INDEX MAIL POOLS POOL TICKETS QUEUES MATCHES TIMERS ENGAGED BLOCKS
-- BLOCKED PARTNERS0 PARTNERS1; and for matches that the step may propose `which` and `coming`, random names of a match and
-- of a room.
--
-- A step reads what it needs, changes what it has read in tables, and writes all of it down at the end, in `pool_done`: so
-- a ticket that cannot be read is found before anything is written, and each key is written once.
--
-- Whether a ticket is widened and released are flags that change only in a step that runs the rule, so no two who fit ever
-- wait beside one another, however late a deadline is looked at.

local p -- the pool's record; p.n is nil where there is no pool

local tickets = {} -- by user; false where there is none
local before = {}  -- by user, of those that have changed: what Redis has of it, or false
local changed = {} -- users whose ticket has changed
local matches = {} -- by id; false where there is none
local rematched = {} -- matches that have changed
local blocks = {}  -- by user: whom they have blocked, and by which number, in turn; the oldest first
local news = {}    -- mail
local proposed = 0 -- matches proposed in this step
local soonest      -- the earliest deadline that this step has brought
local left = false -- whether somebody or something may have been the last of the pool

local function pool_load()
  local f = redis.call('HMGET', POOL, 'n', 'g', 'w', 'd')
  p = { n = tonumber(f[1]), kept = f[1], young = f[2] or '0', turned = tonumber(f[3]), due = tonumber(f[4]) }
end

-- The number of the next arrival.
local function arrive()
  p.n = (p.n or 0) + 1
  return string.format('%016d', p.n)
end

local function soon(at)
  if not soonest or at < soonest then soonest = at end
end

-- Tickets -----------------------------------------------------------------------------------------------------------

local function read_tickets(users)
  local unknown = {}
  for _, user in ipairs(users) do
    if tickets[user] == nil then
      tickets[user] = false
      unknown[#unknown + 1] = user
    end
  end
  if #unknown == 0 then return end
  local kept = redis.call('HMGET', TICKETS, unpack(unknown))
  for at, user in ipairs(unknown) do
    if kept[at] then
      -- One that cannot be read is in nobody's way: it is as if it were not there.
      local whole, t = pcall(ticket_of, user, kept[at])
      tickets[user] = whole and t
    end
  end
end

local function ticket(user)
  if tickets[user] == nil then
    local kept = redis.call('HGET', TICKETS, user)
    tickets[user] = kept and ticket_of(user, kept)
  end
  return tickets[user]
end

-- When there is something to do for it.
local function deadline(t)
  if t.state == 'd' then return t.till end
  if t.state == 'p' then return nil end
  local at = t.paused
  if not t.widened and not t.strict and not (at and at <= t.entered + ${WIDEN}) then at = t.entered + ${WIDEN} end
  if not t.released and not (at and at <= t.entered + ${SOFT}) then at = t.entered + ${SOFT} end
  return at
end

-- A ticket is about to change: what Redis has of it is kept for `pool_done`.
local function touch(t)
  local user = t.user
  if before[user] ~= nil then return end
  before[user] = {
    session = t.session, arrival = t.arrival, tags = t.tags, queued = t.queued, open = t.widened and not t.strict,
    timer = deadline(t),
  }
  changed[#changed + 1] = user
end

local function drop(t)
  touch(t)
  tickets[t.user] = false
  left = true
end

-- Tells the session of a ticket that it waits no longer, unless its connection is lost.
local function unmatched(t, why)
  if t.state ~= 'd' then
    news[#news + 1] = string.sub(t.session, 1, 16)
    news[#news + 1] = 'U' .. t.session .. why .. '\0' .. pool
  end
end

-- Blocks and last partners ------------------------------------------------------------------------------------------

local function read_blocks(users)
  local unknown = {}
  for _, user in ipairs(users) do
    if blocks[user] == nil then
      blocks[user] = {}
      unknown[#unknown + 1] = user
    end
  end
  if #unknown == 0 then return end
  local kept = redis.call('HMGET', BLOCKED, unpack(unknown))
  for at, user in ipairs(unknown) do
    if kept[at] then
      -- Of whom that cannot be read they meet nobody.
      local whole, list = pcall(cmsgpack.unpack, kept[at])
      blocks[user] = whole and type(list) == 'table' and list
    end
  end
end

-- Whether something keeps two apart, whatever brings them together. What both have blocked was read.
local function apart(a, b)
  return a.user == b.user
    or (not (a.released and b.released) and (has(a.partners, b.user) or has(b.partners, a.user)))
    or has(a.blocked, b.user) or has(b.blocked, a.user)
    or not (blocks[a.user] and blocks[b.user]) or has(blocks[a.user], b.user) or has(blocks[b.user], a.user)
end

-- The last two partners of a user, newest first. A ticket keeps a copy, so that whether two fit does not change behind
-- their back.
local function partners_of(user)
  local last = {}
  if not p.turned then return last end
  local young, old = redis.call('HGET', PARTNERS0, user), redis.call('HGET', PARTNERS1, user)
  if not (young or old) then return last end
  if p.young == '1' then young, old = old, young end
  for name in string.gmatch((young or '') .. '\0' .. (old or ''), '%Z+') do
    if #last < 2 and name ~= last[1] then last[#last + 1] = name end
  end
  return last
end

-- Matches -----------------------------------------------------------------------------------------------------------

local function match(id)
  if matches[id] == nil then
    local kept = redis.call('HGET', MATCHES, id)
    local m = kept and match_of(id, kept)
    if m then m.timer = m.till end
    matches[id] = m
  end
  return matches[id]
end

local function propose(one, other)
  if one.arrival > other.arrival then one, other = other, one end
  local m = {
    id = string.sub(which, 1, 12) .. string.format('%04x', proposed), room = coming, till = now + ${CONFIRM},
    began = one.arrival,
  }
  if proposed > 0 then m.room = coming .. '.' .. proposed end
  proposed = proposed + 1
  for side = 1, 2 do
    local t = side == 1 and one or other
    touch(t)
    t.state, t.match, t.queued, t.paused = 'p', m.id, false, nil
    m[side] = { user = t.user, session = t.session, confirmed = false }
    news[#news + 1] = string.sub(t.session, 1, 16)
    news[#news + 1] = 'P' .. t.session .. m.id .. pool .. '\0' .. m.room .. '\0' .. t.user
  end
  matches[m.id] = m
  rematched[#rematched + 1] = m
end

-- Undoes a match. Its tickets wait, but stand in no queue: the caller drops or settles them.
local function take_apart(m)
  read_tickets({ m[1].user, m[2].user })
  for side = 1, 2 do
    local t = tickets[m[side].user]
    if t and t.match == m.id then
      touch(t)
      t.state, t.match = 'w', nil
    end
  end
  matches[m.id] = false
  m.over = true
  rematched[#rematched + 1] = m
end

-- The ticket across from this one in a match.
local function across(m, t)
  local other = ticket(m[1].user == t.user and m[2].user or m[1].user)
  return other and other.match == m.id and other or nil
end

-- Undoes the match that a ticket may be in; returns the ticket of the other side.
local function break_off(t)
  if t.state ~= 'p' then return nil end
  local m = match(t.match)
  if not m then
    touch(t)
    t.state, t.match = 'w', nil
    return nil
  end
  local other = across(m, t)
  take_apart(m)
  return other
end

-- The rule ----------------------------------------------------------------------------------------------------------

-- Those who stand in a queue behind this arrival, one page of what Redis has and everybody whom this step has put there;
-- added to `into`. Returns the arrival up to which that is all, where the page was full.
--
-- QUEUES has `tag \0 arrival \0 user` for each tag of those who wait, and for the general queue, which has no tag.
local function stand_in(tag, after, page, into)
  local rows = redis.call('ZRANGE', QUEUES, '[' .. tag .. '\0' .. after .. '\1', '(' .. tag .. '\1', 'BYLEX', 'LIMIT', '0', page)
  local from, last = #tag + 2, nil
  for _, member in ipairs(rows) do
    last = string.sub(member, from, from + 15)
    local user = string.sub(member, from + 17)
    if before[user] == nil then into[user] = last end
  end
  for _, user in ipairs(changed) do
    local t = tickets[user]
    if t and t.queued and t.arrival > after then
      if has(t.tags, tag) or (tag == '' and t.widened and not t.strict) then into[user] = t.arrival end
    end
  end
  return #rows == page and last or nil
end

-- Looks for the oldest who fits, those with a shared tag before others. Returns the partner; or nil, and at whom it
-- stopped where it has looked at as many as one scan may; and at how many it looked in vain.
local function scan(me)
  local looked = 0
  for general = 0, 1 do
    local is_general = general == 1
    if is_general and not (me.widened and not me.strict) then break end
    local resumes = me.paused and me.in_general == is_general
    if is_general or not me.paused or resumes then
      local after, page = resumes and me.behind or '', 8
      local queues = is_general and { '' } or me.tags
      local more = #queues > 0
      while more do
        local found, horizon = {}, nil
        for _, tag in ipairs(queues) do
          local full = stand_in(tag, after, page, found)
          if full and not (horizon and horizon < full) then horizon = full end
        end
        found[me.user] = nil
        if next(found) then
          local order, users = {}, { me.user }
          for user, arrival in pairs(found) do
            if not (horizon and arrival > horizon) then
              order[#order + 1] = { arrival, user }
            end
          end
          if #order > 1 then table.sort(order, function(a, b) return a[1] < b[1] end) end
          -- No more than are looked at.
          local most = ${SCAN} - looked
          if #order > most then
            horizon = order[most][1]
            for at = #order, most + 1, -1 do order[at] = nil end
          end
          for at, place in ipairs(order) do users[at + 1] = place[2] end
          read_tickets(users)
          read_blocks(users)
          for _, place in ipairs(order) do
            local other = tickets[place[2]]
            if other and other.queued then
              if not apart(me, other) then return other, nil, looked end
              looked = looked + 1
              if looked >= ${SCAN} then return nil, { is_general, place[1] }, looked end
            end
          end
        end
        more = horizon ~= nil
        after, page = horizon, ${SCAN} + 1
      end
    end
  end
  return nil, nil, looked
end

-- Looks for a partner; whoever finds none stands in the queues afterwards. The number is of those looked at in vain.
local function seek(t)
  local other, stopped, looked = scan(t)
  touch(t)
  if other then
    propose(t, other)
    return looked
  end
  t.queued, t.paused = true, nil
  if stopped then t.paused, t.in_general, t.behind = now, stopped[1], stopped[2] end
  return looked
end

-- Takes up what has come with time; whether that changed nothing. The rule must be run behind it.
local function grow(t)
  local widened, released = t.widened, t.released
  t.widened = widened or #t.tags == 0 or t.entered + ${WIDEN} <= now
  t.released = released or t.entered + ${SOFT} <= now
  return t.widened == widened and t.released == released
end

-- Runs the rule for one who waits, from the start.
local function settle(t)
  touch(t)
  grow(t)
  t.paused = nil
  return seek(t)
end

-- Writing it down ---------------------------------------------------------------------------------------------------

-- Whether there is nobody in the pool and no block.
local function is_idle()
  return redis.call('EXISTS', TICKETS, ENGAGED, BLOCKS) == 0
end

-- Nothing is left in the pool: neither is it itself.
local function pool_ends()
  redis.call('UNLINK', POOL, QUEUES, MATCHES, TIMERS, BLOCKED, PARTNERS0, PARTNERS1)
  redis.call('ZREM', DUE, 'p' .. pool)
  redis.call('SREM', POOLS, pool)
  p = { young = '0' }
end

-- Adds to a list for each queue in which such a ticket stands its row there, behind what else is to be.
local function rows_of(t, open, behind, also, list)
  for _, tag in ipairs(t.tags) do
    if also then list[#list + 1] = also end
    list[#list + 1] = tag .. behind
  end
  if open then
    if also then list[#list + 1] = also end
    list[#list + 1] = behind
  end
end

-- Whatever number of arguments a command is to have, Lua has no place for too many at once.
local function many(command, key, list)
  local count = #list
  if count == 0 then return end
  if count <= 4000 then return redis.call(command, key, unpack(list)) end
  for from = 1, count, 4000 do
    redis.call(command, key, unpack(list, from, math.min(from + 3999, count)))
  end
end

local function pool_done()
  local kept, gone, queue, unqueue = {}, {}, {}, {}
  local timed, untimed, index, unindex = {}, {}, {}, {}
  for _, user in ipairs(changed) do
    local was, t = before[user], tickets[user]
    if was or t then
      local arrival = t and t.arrival or was.arrival
      local behind = '\0' .. arrival .. '\0' .. user
      -- What stands in both is put there again, which changes nothing, unless the tags are others.
      if was and was.queued and not (t and t.queued and t.tags == was.tags) then
        rows_of(was, was.open, behind, nil, unqueue)
      end
      if t and t.queued and not (was and was.queued and t.tags == was.tags and was.open == (t.widened and not t.strict)) then
        rows_of(t, t.widened and not t.strict, behind, '0', queue)
      end
      local at = t and deadline(t)
      if at then
        if not (was and was.timer == at) then
          timed[#timed + 1] = digits(at)
          timed[#timed + 1] = arrival .. 't' .. user
          soon(at)
        end
      elseif was and was.timer then
        untimed[#untimed + 1] = arrival .. 't' .. user
      end
      if not (was and t and was.session == t.session) then
        if was then unindex[#unindex + 1] = ticket_row(was.session, user) end
        if t then
          index[#index + 1] = '0'
          index[#index + 1] = ticket_row(t.session, user)
        end
      end
      if t then
        local detail, general, place = t.till or t.match, nil, nil
        if t.state == 'w' and t.paused then detail, general, place = t.paused, t.in_general, t.behind end
        kept[#kept + 1] = user
        kept[#kept + 1] = cmsgpack.pack({
          t.session, t.arrival, t.entered, t.strict, t.widened, t.released, t.policy, t.tags, t.blocked, t.partners,
          t.state, detail, general, place,
        })
      else
        gone[#gone + 1] = user
      end
    end
  end
  local made, ended = {}, {}
  for _, m in ipairs(rematched) do
    if not m.over then
      made[#made + 1] = m.id
      made[#made + 1] = pack_match(m)
      if m.till ~= m.timer then
        timed[#timed + 1] = digits(m.till)
        timed[#timed + 1] = m.began .. 'm' .. m.id
        soon(m.till)
      end
    elseif m.timer then
      ended[#ended + 1] = m.id
      untimed[#untimed + 1] = m.began .. 'm' .. m.id
    end
  end
  many('HSET', MATCHES, made)
  many('HDEL', MATCHES, ended)
  many('HSET', TICKETS, kept)
  many('HDEL', TICKETS, gone)
  many('ZREM', QUEUES, unqueue)
  many('ZADD', QUEUES, queue)
  many('ZREM', TIMERS, untimed)
  many('ZADD', TIMERS, timed)
  many('ZREM', INDEX, unindex)
  many('ZADD', INDEX, index)
  post_all(news)
  if left and #kept == 0 and not p.turned and is_idle() then return pool_ends() end
  if not p.n then return end
  local n = digits(p.n)
  if not p.kept then redis.call('SADD', POOLS, pool) end
  if soonest and not (p.due and p.due <= soonest) then
    local at = digits(soonest)
    redis.call('ZADD', DUE, 'LT', at, 'p' .. pool)
    redis.call('HSET', POOL, 'n', n, 'd', at)
  elseif n ~= p.kept then
    redis.call('HSET', POOL, 'n', n)
  end
end
