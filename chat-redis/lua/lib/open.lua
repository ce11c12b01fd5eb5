-- Opening a room. Behind `room`; of a life that has closed everybody must have been forgotten, see `disperse`.
--
-- make(new): a new life of the room, in place of none or of one that has closed. `new` has epoch, kind, title, meta, owner,
-- policy (as kept), and pair (as kept) where it is a pair room; '' stands for none.

local function make(new)
  local created, ended = now, nil
  if r then
    -- Its times go on from there, like those within a log; and readers of the life before can still be told its end.
    created = math.max(now, r.at)
    ended = r.epoch .. ' ' .. r.n .. ' ' .. r.at .. ' ' .. r.closed
  elseif not redis.call('ZSCORE', DUE, 'r' .. room) then
    -- Where it is among what is due it is counted still: time has forgotten it before those who reap.
    redis.call('HINCRBY', BOOK, 'r', 1)
  end
  redis.call('UNLINK', ROOM, MEMBERS, SESSIONS, SAID, NOTICES, GRACES, VISITORS, KEYS0, KEYS1)
  local fixed = new.epoch .. ' ' .. new.kind .. ' ' .. created .. ' ' .. new.policy
  local fields = { 'p', fixed, 't', new.title, 'n', 0, 'a', created, 's', created }
  local function also(name, value)
    if value and value ~= '' then
      fields[#fields + 1] = name
      fields[#fields + 1] = value
    end
  end
  also('x', new.meta)
  also('o', new.owner)
  also('w', new.pair)
  also('i', ended)
  redis.call('HSET', ROOM, unpack(fields))
  load()
  here, away = 0, 0
  if r.kind == 'public' then
    local name = place()
    redis.call('ZADD', LIVE, 0, name)
    redis.call('ZADD', VISITED, 0, name)
    redis.call('ZADD', NEWEST, -created, name)
    redis.call('ZADD', ACTIVE, 0, name)
    changed('v')
  end
  -- The deadline is set to what it is, not only earlier: that of the life before may still be there.
  local first
  local _, idle, empty, age = times()
  for _, after in ipairs({ idle, empty, age }) do
    if after > 0 and (not first or after < first) then first = after end
  end
  if first then
    redis.call('ZADD', DUE, created + first, 'r' .. room)
  else
    redis.call('ZREM', DUE, 'r' .. room)
  end
end
