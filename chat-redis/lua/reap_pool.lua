#!lua flags=allow-oom
-- Does a bounded part of what is due in a pool, the longest due first: widenings, releases, scans that go on, places and
-- matches that ran out, blocks that ended, partners who are forgotten.
-- USES: time amnesty mail ticket pool blocks
-- KEYS: BOOK DUE INDEX MAIL POOLS POOL TICKETS QUEUES MATCHES TIMERS ENGAGED BLOCKS BLOCKED PARTNERS0 PARTNERS1
-- ARGV: writer pool which coming
--
-- Atomicity: checks again what is due; of any number of nodes each thing is done by one.
-- Returns: 'ok', how many matches lapsed, whether more is due (1 or 0) | 'fenced'

-- Deadlines handled in one step; and misfits looked at, beyond which no further one is begun.
local ITEMS, LOOKS = 100, 4096

local living, s, u = begin('W' .. writer, 's', 'u')
if not living then return { 'fenced' } end
local through = amnesty(s, u)
-- Put off at least a little, or the same step would find it due again.
local put_off = through and math.max(through, now + 1)

pool_load()
if not p.n then
  redis.call('ZREM', DUE, 'p' .. pool)
  return { 'ok', 0, 0 }
end

local lapsed, looked = 0, 0

local function ticket_due(t)
  if t.state == 'd' then
    if not put_off then return drop(t) end
    touch(t)
    t.till = put_off
  elseif t.state == 'w' then
    touch(t)
    -- Whoever has not changed goes on where the scan stopped; all others begin anew.
    if not grow(t) then t.paused = nil end
    looked = looked + seek(t)
  end
end

local function match_due(m)
  if put_off then
    m.till = put_off
    rematched[#rematched + 1] = m
    return
  end
  take_apart(m)
  lapsed = lapsed + 1
  local confirmed
  for side = 1, 2 do
    local t = ticket(m[side].user)
    -- A side that has no ticket of this match any more was not kept whole; there is nobody to tell.
    if t and t.state == 'w' and not t.queued then
      if m[side].confirmed then
        confirmed = t
      else
        unmatched(t, 'lapsed')
        drop(t)
      end
    end
  end
  if confirmed then looked = looked + settle(confirmed) end
end

local due, users = redis.call('ZRANGE', TIMERS, '-inf', now, 'BYSCORE', 'LIMIT', 0, ITEMS), {}
for _, member in ipairs(due) do
  if string.sub(member, 17, 17) == 't' then users[#users + 1] = string.sub(member, 18) end
end
read_tickets(users)
for _, member in ipairs(due) do
  if looked >= LOOKS then break end
  local name = string.sub(member, 18)
  if string.sub(member, 17, 17) == 't' then
    local t = ticket(name)
    local at = t and deadline(t)
    if at and at <= now then
      ticket_due(t)
    elseif not t and before[name] == nil then
      redis.call('ZREM', TIMERS, member)
    end
  else
    local m = match(name)
    if m and m.till <= now then
      match_due(m)
    elseif not m then
      redis.call('ZREM', TIMERS, member)
    end
  end
end

local over = {}
local ended = redis.call('ZRANGE', BLOCKS, '-inf', now, 'BYSCORE', 'LIMIT', 0, ITEMS)
for _, member in ipairs(ended) do
  if looked >= LOOKS then break end
  local by, whom = read_block(member)
  read_blocks({ by })
  -- One that cannot be read has no list in which it could be.
  if blocks[by] then unblock(by, whom) end
  over[#over + 1] = member
  left = true
  looked = looked + settle_user(by)
end

if p.turned and p.turned + ${PARTNERS_KEPT} <= now then
  -- The older generation goes as a whole, and the younger one is the older now.
  local OLD = p.young == '0' and PARTNERS1 or PARTNERS0
  redis.call('UNLINK', OLD)
  p.young = p.young == '0' and '1' or '0'
  left = true
  if redis.call('EXISTS', PARTNERS0, PARTNERS1) > 0 then
    p.turned = now
    redis.call('HSET', POOL, 'g', p.young, 'w', now)
  else
    p.turned = nil
    redis.call('HSET', POOL, 'g', p.young)
    redis.call('HDEL', POOL, 'w')
  end
end

-- The deadline is set to what it is now, not only earlier: so not by `pool_done`.
p.due, left = 0, true
if #over > 0 then redis.call('ZREM', BLOCKS, unpack(over)) end
blocks_done()
pool_done()
if not p.n then return { 'ok', lapsed, 0 } end
local first = {
  redis.call('ZRANGE', TIMERS, 0, 0, 'WITHSCORES')[2] or false,
  redis.call('ZRANGE', BLOCKS, 0, 0, 'WITHSCORES')[2] or false,
  p.turned and p.turned + ${PARTNERS_KEPT} or false,
}
local next
for _, at in ipairs(first) do
  at = tonumber(at)
  if at and not (next and next <= at) then next = at end
end
if next then
  local at = digits(next)
  redis.call('ZADD', DUE, at, 'p' .. pool)
  redis.call('HSET', POOL, 'd', at)
else
  redis.call('ZREM', DUE, 'p' .. pool)
  redis.call('HDEL', POOL, 'd')
end
return { 'ok', lapsed, next and next <= now and 1 or 0 }
