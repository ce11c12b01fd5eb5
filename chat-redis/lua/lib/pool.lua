-- One step in one pool: the rules of matching. Behind `time` and `mail`.
--
-- Expects `pool`, the name, and of the keys BOOK DUE INDEX MAIL POOLS WAITING POOL TICKETS QUEUES MATCHES TIMERS ENGAGED
-- BLOCKS BLOCKED PARTNERS0 PARTNERS1; and for matches that the step may propose `which` and `coming`, random names of a match
-- and of a room.
--
-- A step reads what it needs, changes what it has read in tables, and writes all of it down at the end, in `pool_done`: so
-- a ticket that cannot be read is found before anything is written, and each key is written once.
--
-- Everybody is ordered by number of arrival, which says who entered first too. Whether a ticket is widened and released
-- are flags that change only in a step that runs the rule, so no two who fit ever wait beside one another, however late
-- a deadline is looked at.

local function digits(n)
  return string.format('%016.0f', n)
end

local p -- the pool's record; p.n is nil where there is no pool

local tickets = {} -- by user; false where there is none
local before = {}  -- by user, of those that have changed: what Redis has of it, or false
local changed = {} -- users whose ticket has changed
local matches = {} -- by id; false where there is none
local rematched = {} -- ids of matches that have changed
local blocks = {}  -- by user: whom they have blocked, and by which number, in turn; the oldest first
local reblocked = {} -- users whose blocks have changed
local news = {}    -- mail
local proposed = 0 -- matches proposed in this step
local soonest      -- the earliest deadline that this step has brought
local left = false -- whether somebody or something may have been the last of the pool

local function pool_load()
  local f = redis.call('HMGET', POOL, 'n', 'g', 'w', 'd')
  p = { n = tonumber(f[1]), kept = f[1], young = f[2] or '0', turned = tonumber(f[3]), due = tonumber(f[4]) }
end

-- Tickets -----------------------------------------------------------------------------------------------------------

-- As it is kept: session, arrival, entered, strict, widened, released, policy, tags, blocked, partners, state, and
-- what belongs to the state: 'w' waiting, with since when a scan is to go on and from where; 'd' dormant, with until when;
-- 'p' proposed, with the match.
local function ticket_of(user, kept)
  local f = cmsgpack.unpack(kept)
  if type(f) ~= 'table' or not f[11] then return error({ err = 'CORRUPT a ticket is not whole' }) end
  local t = {
    user = user, session = f[1], arrival = f[2], entered = f[3], strict = f[4], widened = f[5], released = f[6],
    policy = f[7], tags = f[8], blocked = f[9], partners = f[10], state = f[11], queued = f[11] == 'w',
  }
  if t.state == 'w' then
    t.paused, t.in_general, t.behind = f[12], f[13], f[14]
  elseif t.state == 'd' then
    t.till = f[12]
  else
    t.match = f[12]
  end
  return t
end

local function packed(t)
  local f = {
    t.session, t.arrival, t.entered, t.strict, t.widened, t.released, t.policy, t.tags, t.blocked, t.partners, t.state,
  }
  if t.state == 'd' then
    f[12] = t.till
  elseif t.state == 'p' then
    f[12] = t.match
  elseif t.paused then
    f[12], f[13], f[14] = t.paused, t.in_general, t.behind
  end
  return cmsgpack.pack(f)
end

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
    if kept[at] then tickets[user] = ticket_of(user, kept[at]) end
  end
end

local function ticket(user)
  if tickets[user] == nil then read_tickets({ user }) end
  return tickets[user]
end

-- Whether it takes partners without a shared tag.
local function is_open(t)
  return t.widened and not t.strict
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
local function touch(user)
  if before[user] ~= nil then return end
  local t = tickets[user]
  before[user] = t and {
    session = t.session, arrival = t.arrival, tags = t.tags, queued = t.queued, open = is_open(t), timer = deadline(t),
  }
  changed[#changed + 1] = user
end

local function drop(t)
  touch(t.user)
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
      local list = cmsgpack.unpack(kept[at])
      if type(list) ~= 'table' then return error({ err = 'CORRUPT blocks are not whole' }) end
      blocks[user] = list
    end
  end
end

local function has(list, user)
  for at = 1, #list do
    if list[at] == user then return true end
  end
  return false
end

-- Whether something keeps two apart, whatever brings them together. What both have blocked was read.
local function apart(a, b)
  return a.user == b.user
    or (not (a.released and b.released) and (has(a.partners, b.user) or has(b.partners, a.user)))
    or has(a.blocked, b.user) or has(b.blocked, a.user)
    or has(blocks[a.user], b.user) or has(blocks[b.user], a.user)
end

-- The last two partners of a user, newest first. A ticket keeps a copy, so that whether two fit does not change behind
-- their back.
local function partners_of(user)
  local last = {}
  if not p.turned then return last end
  local young, old = redis.call('HGET', PARTNERS0, user), redis.call('HGET', PARTNERS1, user)
  if p.young == '1' then young, old = old, young end
  for name in string.gmatch((young or '') .. '\0' .. (old or ''), '%Z+') do
    if #last < 2 and name ~= last[1] then last[#last + 1] = name end
  end
  return last
end

-- Matches -----------------------------------------------------------------------------------------------------------

-- As it is kept: the room, until when, the first one's arrival; then for each side, whoever waited longer first, its user,
-- its session, and whether it has confirmed.
local function match_of(id)
  if matches[id] ~= nil then return matches[id] end
  local kept = redis.call('HGET', MATCHES, id)
  matches[id] = false
  if not kept then return false end
  local f = cmsgpack.unpack(kept)
  if type(f) ~= 'table' or f[9] == nil then return error({ err = 'CORRUPT a match is not whole' }) end
  matches[id] = {
    id = id, room = f[1], till = f[2], began = f[3], before = f[2],
    { user = f[4], session = f[5], confirmed = f[6] }, { user = f[7], session = f[8], confirmed = f[9] },
  }
  return matches[id]
end

local function match_packed(m)
  return cmsgpack.pack({
    m.room, m.till, m.began, m[1].user, m[1].session, m[1].confirmed, m[2].user, m[2].session, m[2].confirmed,
  })
end

local function soon(at)
  if not soonest or at < soonest then soonest = at end
end

local function propose(one, other)
  if one.arrival > other.arrival then one, other = other, one end
  local room = proposed == 0 and coming or (coming .. '.' .. proposed)
  local m = { id = string.sub(which, 1, 12) .. string.format('%04x', proposed), room = room, till = now + ${CONFIRM}, began = one.arrival }
  proposed = proposed + 1
  for side, t in ipairs({ one, other }) do
    touch(t.user)
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
      touch(t.user)
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
  local m = match_of(t.match)
  if not m then
    touch(t.user)
    t.state, t.match = 'w', nil
    return nil
  end
  local other = across(m, t)
  take_apart(m)
  return other
end

-- Drops a ticket for its node's sake; returns the ticket of the other side of its match.
local function give_up(t)
  local other = break_off(t)
  unmatched(t, 'lapsed')
  drop(t)
  return other
end

-- The rule ----------------------------------------------------------------------------------------------------------

-- QUEUES has `tag \0 arrival \0 user` for each tag of those who wait, and for the general queue, which has no tag.
local function row(tag, arrival, user)
  return tag .. '\0' .. digits(arrival) .. '\0' .. user
end

-- Those who stand in a queue behind this arrival, one page of what Redis has and everybody whom this step has put there;
-- added to `into`. Returns the arrival up to which that is all, where the page was full.
local function stand_in(tag, after, page, into)
  local rows = redis.call('ZRANGE', QUEUES, '[' .. tag .. '\0' .. digits(after) .. '\1', '(' .. tag .. '\1', 'BYLEX', 'LIMIT', 0, page)
  local from, last = #tag + 2, nil
  for _, member in ipairs(rows) do
    last = tonumber(string.sub(member, from, from + 15))
    local user = string.sub(member, from + 17)
    if before[user] == nil then into[user] = last end
  end
  for _, user in ipairs(changed) do
    local t = tickets[user]
    if t and t.queued and t.arrival > after and (tag == '' and is_open(t) or has(t.tags, tag)) then into[user] = t.arrival end
  end
  return #rows == page and last or nil
end

-- Looks for the oldest who fits, those with a shared tag before others. Returns the partner; or nil, and at whom it
-- stopped where it has looked at as many as one scan may; and at how many it looked in vain.
local function scan(me)
  local looked = 0
  for general = 0, 1 do
    local is_general = general == 1
    if is_general and not is_open(me) then break end
    local resumes = me.paused and me.in_general == is_general
    if is_general or not me.paused or resumes then
      local after, page = resumes and me.behind or 0, 8
      local queues = is_general and { '' } or me.tags
      local more = #queues > 0
      while more do
        local found, horizon = {}, nil
        for _, tag in ipairs(queues) do
          local full = stand_in(tag, after, page, found)
          if full and not (horizon and horizon < full) then horizon = full end
        end
        local order, users = {}, { me.user }
        for user, arrival in pairs(found) do
          if user ~= me.user and not (horizon and arrival > horizon) then
            order[#order + 1] = { arrival, user }
            users[#users + 1] = user
          end
        end
        if #order > 0 then
          table.sort(order, function(a, b) return a[1] < b[1] end)
          read_tickets(users)
          read_blocks(users)
        end
        for _, place in ipairs(order) do
          local other = tickets[place[2]]
          if other and other.queued then
            if not apart(me, other) then return other, nil, looked end
            looked = looked + 1
            if looked >= ${SCAN} then return nil, { is_general, place[1] }, looked end
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
  touch(t.user)
  if other then
    propose(t, other)
    return looked
  end
  t.queued, t.paused = true, nil
  if stopped then t.paused, t.in_general, t.behind = now, stopped[1], stopped[2] end
  return looked
end

-- Takes up what has come with time. The rule must be run behind it.
local function grow(t)
  local widened, released = t.widened, t.released
  t.widened = widened or #t.tags == 0 or t.entered + ${WIDEN} <= now
  t.released = released or t.entered + ${SOFT} <= now
  return t.widened == widened and t.released == released
end

-- Runs the rule for one who waits, from the start.
local function settle(t)
  touch(t.user)
  grow(t)
  t.paused = nil
  return seek(t)
end

local function settle_user(user)
  local t = ticket(user)
  return t and t.state == 'w' and settle(t) or 0
end

-- What scripts ask for ----------------------------------------------------------------------------------------------

-- Whether a user who does not wait yet would be one too many.
local function is_full()
  return redis.call('HLEN', TICKETS) >= ${WAITING_MAX}
end

-- What is asked for, from a script's arguments.
local function asked(user, session, strict, policy, tags, blocked)
  local ask = { user = user, session = session, strict = strict == '1', policy = policy, tags = {}, blocked = {} }
  for tag in string.gmatch(tags, '%Z+') do ask.tags[#ask.tags + 1] = tag end
  for other in string.gmatch(blocked, '%Z+') do ask.blocked[#ask.blocked + 1] = other end
  return ask
end

-- Takes a user in, or gives the ticket they have a new content at its old place, and runs the rule. `ask` has user,
-- session, strict, policy, tags and blocked. Returns what is to be answered where nothing was done.
local function submit(ask)
  local old = p.n and ticket(ask.user)
  if p.n and not old then
    local room = redis.call('HGET', ENGAGED, ask.user)
    if room then return { 'engaged', room } end
  end
  if not old and is_full() then return { 'full' } end
  local t = {
    user = ask.user, session = ask.session, strict = ask.strict, policy = ask.policy, tags = ask.tags, blocked = ask.blocked,
    widened = false, released = false, partners = partners_of(ask.user), state = 'w', queued = false,
  }
  if old then
    local other = break_off(old)
    if old.session ~= t.session then unmatched(old, 'replaced') end
    t.entered, t.arrival = old.entered, old.arrival
    drop(old)
    if other then settle(other) end
  else
    p.n = (p.n or 0) + 1
    t.entered, t.arrival = now, p.n
    tickets[ask.user] = false
    touch(ask.user)
  end
  tickets[ask.user] = t
  settle(t)
end

-- Adds a block, or makes one last anew; the oldest goes where there are too many. Then runs the rule for whom that lets go.
local function unblock(by, whom)
  local list, kept, number = blocks[by], {}, nil
  for at = 1, #list, 2 do
    if list[at] == whom then
      number = list[at + 1]
    else
      kept[#kept + 1] = list[at]
      kept[#kept + 1] = list[at + 1]
    end
  end
  blocks[by] = kept
  reblocked[by] = true
  return number and (digits(number) .. by .. '\0' .. whom)
end

-- A block as BLOCKS has it: its number, who, a zero, whom.
local function read_block(member)
  local by, whom = string.match(member, '^................(%Z+)%z(%Z+)$')
  if not by then return error({ err = 'CORRUPT a block is not whole' }) end
  return by, whom
end

local function block(by, whom)
  if by == whom then return end
  read_blocks({ by })
  local lost, ended = {}, {}
  ended[1] = unblock(by, whom)
  p.n = (p.n or 0) + 1
  local mine = blocks[by]
  mine[#mine + 1] = whom
  mine[#mine + 1] = p.n
  if #mine > 2 * ${BLOCKS_OF_USER} then
    ended[#ended + 1] = unblock(by, mine[1])
    lost[#lost + 1] = by
  end
  local count = redis.call('ZCARD', BLOCKS) - #ended + 1
  if count > ${BLOCKS_IN_POOL} then
    for _, member in ipairs(redis.call('ZRANGE', BLOCKS, 0, #ended)) do
      if count > ${BLOCKS_IN_POOL} and not has(ended, member) then
        local theirs, them = read_block(member)
        read_blocks({ theirs })
        unblock(theirs, them)
        ended[#ended + 1], lost[#lost + 1], count = member, theirs, count - 1
      end
    end
  end
  local t = ticket(by)
  local m = t and t.state == 'p' and match_of(t.match)
  local other = m and across(m, t)
  if other and other.user == whom then
    take_apart(m)
    -- Whoever waited longer chooses first.
    if other.arrival < t.arrival then t, other = other, t end
    settle(t)
    if other.state == 'w' then settle(other) end
  end
  for _, user in ipairs(lost) do settle_user(user) end
  if #ended > 0 then redis.call('ZREM', BLOCKS, unpack(ended)) end
  redis.call('ZADD', BLOCKS, now + ${BLOCK_KEPT}, digits(p.n) .. by .. '\0' .. whom)
  soon(now + ${BLOCK_KEPT})
end

-- Writing it down ---------------------------------------------------------------------------------------------------

local function many(command, key, list)
  for from = 1, #list, 4000 do
    redis.call(command, key, unpack(list, from, math.min(from + 3999, #list)))
  end
end

local function rows_of(t, user, open, into)
  for _, tag in ipairs(t.tags) do into[#into + 1] = row(tag, t.arrival, user) end
  if open then into[#into + 1] = row('', t.arrival, user) end
end

-- The rows of INDEX and WAITING that find a ticket by its writer and by its user.
local function index_of(session, user)
  return string.sub(session, 1, 16) .. 'p' .. pool .. '\0' .. user
end

-- Nothing is left in the pool: neither is it itself.
local function pool_ends()
  redis.call('UNLINK', POOL, PARTNERS0, PARTNERS1)
  redis.call('ZREM', DUE, 'p' .. pool)
  redis.call('SREM', POOLS, pool)
  p = { young = '0' }
end

-- Whether there is nobody in the pool and no block.
local function is_idle()
  return redis.call('EXISTS', TICKETS, ENGAGED, BLOCKS) == 0
end

local function pool_done()
  local kept, gone, queue, unqueue, timed, untimed = {}, {}, {}, {}, {}, {}
  local wait, unwait, index, unindex = {}, {}, {}, {}
  local function add(list, ...)
    for at = 1, select('#', ...) do list[#list + 1] = (select(at, ...)) end
  end
  for _, user in ipairs(changed) do
    local was, t = before[user], tickets[user]
    if was or t then
      local had, has_now = {}, {}
      if was and was.queued then rows_of(was, user, was.open, had) end
      if t and t.queued then rows_of(t, user, is_open(t), has_now) end
      for _, one in ipairs(has_now) do
        if not has(had, one) then add(queue, 0, one) end
      end
      for _, one in ipairs(had) do
        if not has(has_now, one) then add(unqueue, one) end
      end
      local at = t and deadline(t)
      if at and not (was and was.timer == at) then
        add(timed, at, digits(t.arrival) .. 't' .. user)
        soon(at)
      elseif was and was.timer and not at then
        add(untimed, digits(was.arrival) .. 't' .. user)
      end
      local old, new = was and index_of(was.session, user), t and index_of(t.session, user)
      if new and new ~= old then add(index, 0, new) end
      if old and new ~= old then add(unindex, old) end
      if t and not was then add(wait, 0, user .. '\0' .. pool) end
      if was and not t then add(unwait, user .. '\0' .. pool) end
      if t then add(kept, user, packed(t)) else add(gone, user) end
    end
  end
  local made, ended = {}, {}
  for _, m in ipairs(rematched) do
    local member = digits(m.began) .. 'm' .. m.id
    if m.over then
      if m.before then
        add(ended, m.id)
        add(untimed, member)
      end
    elseif not (matches[m.id] == false) then
      add(made, m.id, match_packed(m))
      if m.till ~= m.before then
        add(timed, m.till, member)
        soon(m.till)
      end
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
  many('ZADD', WAITING, wait)
  many('ZREM', WAITING, unwait)
  many('ZREM', INDEX, unindex)
  many('ZADD', INDEX, index)
  for user in pairs(reblocked) do
    if #blocks[user] > 0 then
      redis.call('HSET', BLOCKED, user, cmsgpack.pack(blocks[user]))
    else
      redis.call('HDEL', BLOCKED, user)
    end
  end
  post_all(news)
  if left and #kept == 0 and p and not p.turned and is_idle() then return pool_ends() end
  if not p then return end
  if p.n and not p.kept then redis.call('SADD', POOLS, pool) end
  local earlier = soonest and not (p.due and p.due <= soonest)
  if earlier then
    redis.call('ZADD', DUE, 'LT', soonest, 'p' .. pool)
    redis.call('HSET', POOL, 'n', p.n, 'd', soonest)
  elseif p.n and tostring(p.n) ~= p.kept then
    redis.call('HSET', POOL, 'n', p.n)
  end
end
