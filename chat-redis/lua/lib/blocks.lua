-- Who never meets whom again. Behind `pool`.
--
-- BLOCKED has for each user whom they have blocked, and by which number, in turn, the oldest first; BLOCKS by the time of
-- its end, for each: the number, by whom, a zero, whom. A block is there until it is taken out, not until a time has come:
-- whether two may meet changes only in a step that can run the rule for them.

local reblocked = {} -- users whose blocks have changed

-- A block, from its member of BLOCKS.
local function read_block(member)
  local by, whom = string.match(member, '^................(%Z+)%z(%Z+)$')
  if not by then return error({ err = 'CORRUPT a block is not whole' }) end
  return by, whom
end

-- Takes a block out of a user's; returns its member of BLOCKS, where there was one.
local function unblock(by, whom)
  local list, kept, member = blocks[by], {}, nil
  if not list then return error({ err = 'CORRUPT blocks are not whole' }) end
  for at = 1, #list, 2 do
    if list[at] == whom then
      member = list[at + 1] .. by .. '\0' .. whom
    else
      kept[#kept + 1] = list[at]
      kept[#kept + 1] = list[at + 1]
    end
  end
  blocks[by] = kept
  reblocked[by] = true
  return member
end

-- Runs the rule for a user who may have been let go.
local function settle_user(user)
  local t = ticket(user)
  return t and t.state == 'w' and settle(t) or 0
end

-- Adds a block, or makes one last anew; the oldest goes where there are too many. A match proposed to the two is broken.
local function block(by, whom)
  if by == whom then return end
  read_blocks({ by })
  local lost, ended, number = {}, { unblock(by, whom) }, arrive()
  local mine = blocks[by]
  mine[#mine + 1] = whom
  mine[#mine + 1] = number
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
        if blocks[theirs] then unblock(theirs, them) end
        ended[#ended + 1], lost[#lost + 1], count = member, theirs, count - 1
      end
    end
  end
  local t = ticket(by)
  local m = t and t.state == 'p' and match(t.match)
  local other = m and across(m, t)
  if other and other.user == whom then
    take_apart(m)
    -- Whoever waited longer chooses first.
    if other.arrival < t.arrival then t, other = other, t end
    settle(t)
    if other.state == 'w' and not other.queued then settle(other) end
  end
  for _, user in ipairs(lost) do settle_user(user) end
  if #ended > 0 then redis.call('ZREM', BLOCKS, unpack(ended)) end
  redis.call('ZADD', BLOCKS, digits(now + ${BLOCK_KEPT}), number .. by .. '\0' .. whom)
  soon(now + ${BLOCK_KEPT})
end

-- Writes them down; before `pool_done`.
local function blocks_done()
  for user in pairs(reblocked) do
    if #blocks[user] > 0 then
      redis.call('HSET', BLOCKED, user, cmsgpack.pack(blocks[user]))
    else
      redis.call('HDEL', BLOCKED, user)
    end
  end
end
