-- Giving a ticket up for its node's sake. Behind `pool`.
--
-- give_up(t): drops the ticket and tells its session; returns the ticket of the other side of its match.

local function give_up(t)
  local other = break_off(t)
  unmatched(t, 'lapsed')
  drop(t)
  return other
end
