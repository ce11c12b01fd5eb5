-- Waiting for a partner. Behind `pool`.
--
-- is_full(): whether one who does not wait yet would be one too many.
-- submit(…): takes a user in, or gives the ticket they have a new content at its old place, and runs the rule. Returns what
-- is to be answered where nothing was done.

local function is_full()
  return redis.call('HLEN', TICKETS) >= ${WAITING_MAX}
end

local function list_of(text)
  local list = {}
  if text ~= '' then
    for one in string.gmatch(text, '%Z+') do list[#list + 1] = one end
  end
  return list
end

local function submit(user, session, strict, policy, tags, blocked)
  local old = p.n and ticket(user)
  if p.n and not old then
    local room = redis.call('HGET', ENGAGED, user)
    if room then return { 'engaged', room } end
  end
  if not old and is_full() then return { 'full' } end
  local t = {
    user = user, session = session, strict = strict == '1', policy = policy, tags = list_of(tags), blocked = list_of(blocked),
    widened = false, released = false, partners = partners_of(user), state = 'w', queued = false,
  }
  if old then
    local other = break_off(old)
    if old.session ~= session then unmatched(old, 'replaced') end
    t.entered, t.arrival = old.entered, old.arrival
    drop(old)
    if other then settle(other) end
  else
    t.entered, t.arrival = now, arrive()
    before[user] = false
    changed[#changed + 1] = user
  end
  tickets[user] = t
  settle(t)
end
