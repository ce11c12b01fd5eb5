#!lua flags=allow-oom
-- Takes tickets of a node's life that is over out of a pool.
-- USES: time mail ticket pool lapse
-- KEYS: BOOK DUE INDEX MAIL POOLS POOL TICKETS QUEUES MATCHES TIMERS ENGAGED BLOCKS BLOCKED PARTNERS0 PARTNERS1
-- ARGV: writer pool dead which coming ...
--
-- Behind its arguments: the users, as INDEX has them.
--
-- Atomicity: each ticket is looked at again. Those who were proposed to one of them are back in the queue behind this step,
-- and only when all of them are out, so that few of them meet somebody who is about to be taken out too.
-- Returns: 'ok' | 'fenced'

local own, lives = begin('W' .. writer, 'W' .. dead)
if not own then return { 'fenced' } end
if lives then return { 'ok' } end
pool_load()
local users, others, left_over = {}, {}, {}
for at = 6, #ARGV do users[#users + 1] = ARGV[at] end
read_tickets(users)
for _, user in ipairs(users) do
  local t = tickets[user]
  if t and string.sub(t.session, 1, 16) == dead then
    others[#others + 1] = give_up(t)
  elseif before[user] == nil then
    -- A row that finds nothing would be found again for ever.
    redis.call('ZREM', INDEX, dead .. 'p' .. pool .. '\0' .. user)
  end
end
for _, t in ipairs(others) do
  if tickets[t.user] ~= t then
    -- It was one of them.
  elseif string.sub(t.session, 1, 16) == dead then
    give_up(t)
  else
    left_over[#left_over + 1] = t
  end
end
table.sort(left_over, function(a, b) return a.arrival < b.arrival end)
for _, t in ipairs(left_over) do
  if t.state == 'w' then settle(t) end
end
pool_done()
return { 'ok' }
