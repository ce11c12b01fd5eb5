#!lua flags=allow-oom
-- Names of a shard that are due, the longest due first.
-- USES: time amnesty
-- KEYS: BOOK DUE
-- ARGV: limit
--
-- Returns: in how many ms the next one is due (0 where some are left over, -1 where none waits), names

amnesty(begin('s', 'u'))
limit = tonumber(limit)
local waiting = redis.call('ZRANGE', DUE, 0, limit, 'WITHSCORES')
local answer = { -1 }
for at = 1, #waiting, 2 do
  local due = tonumber(waiting[at + 1])
  if due > now or #answer > limit then
    answer[1] = math.max(due - now, 0)
    break
  end
  answer[#answer + 1] = waiting[at]
end
return answer
