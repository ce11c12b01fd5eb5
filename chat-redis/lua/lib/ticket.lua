-- Tickets and matches, as they are kept.
--
-- Both are ordered by arrival, a number of 16 digits that says who entered first too. Whoever is replaced or put back
-- keeps theirs.

-- A ticket: session, arrival, entered, strict, widened, released, policy, tags, blocked, partners, state, and what belongs to
-- the state: 'w' waiting, with since when a scan is to go on, whether among all, and behind whom; 'd' dormant, with until
-- when; 'p' proposed, with the match.
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

-- A match: the room to come, until when it is proposed, the first one's arrival; then for each side, whoever waited
-- longer first, the user, the session, and whether it has confirmed.
local function match_of(id, kept)
  local f = cmsgpack.unpack(kept)
  if type(f) ~= 'table' or f[9] == nil then return error({ err = 'CORRUPT a match is not whole' }) end
  return {
    id = id, room = f[1], till = f[2], began = f[3],
    { user = f[4], session = f[5], confirmed = f[6] }, { user = f[7], session = f[8], confirmed = f[9] },
  }
end

local function pack_match(m)
  local one, two = m[1], m[2]
  return cmsgpack.pack({
    m.room, m.till, m.began, one.user, one.session, one.confirmed, two.user, two.session, two.confirmed,
  })
end

-- Where INDEX has a ticket: by its node's life, then the pool, then the user.
local function ticket_row(session, user)
  return string.sub(session, 1, 16) .. 'p' .. pool .. '\0' .. user
end

local function has(list, user)
  for at = 1, #list do
    if list[at] == user then return true end
  end
  return false
end
