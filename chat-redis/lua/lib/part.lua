-- Leaving a pair room on the way to something else. Behind `room`.
--
-- parts(user, session): whether this session of this user can leave the room: what is to be answered where it cannot; else
-- nil, the user's place in the room (nil where it has closed before), and who the other one is.
-- part(place): takes the user out with all sessions, which closes the room.

local function parts(user, session)
  load()
  if not (r and r.pair) then return { 'missing' } end
  local mine, other = r.pair[1], r.pair[2]
  if mine.user ~= user then mine, other = other, mine end
  if mine.user ~= user then return { 'notmember' } end
  if r.closed then return nil, nil, other.user end
  if redis.call('HGET', SESSIONS, 's' .. session) ~= mine.alias then return { 'notmember' } end
  local place = present(mine.alias)
  if not place then return error({ err = 'CORRUPT a member\'s record is not whole' }) end
  return nil, place, other.user
end

local function part(place)
  user_out(place, 'left')
  done()
end
