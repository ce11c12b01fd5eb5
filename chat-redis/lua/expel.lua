#!lua flags=allow-oom
-- Gives up the sides of a proposed match whose nodes' lives are over, for the one who found that out.
-- USES: time mail ticket pool lapse
-- KEYS: BOOK DUE INDEX MAIL POOLS POOL TICKETS QUEUES MATCHES TIMERS ENGAGED BLOCKS BLOCKED PARTNERS0 PARTNERS1
-- ARGV: writer pool id which coming
--
-- Atomicity: looks again; the side that is left is back in the queue.
-- Returns: 'ok' | 'fenced'

if not begin('W' .. writer) then return { 'fenced' } end
pool_load()
local m = p.n and match(id)
if not m then return { 'ok' } end
read_tickets({ m[1].user, m[2].user })
local sides = {}
for side = 1, 2 do
  local t = tickets[m[side].user]
  if t and t.match == id then sides[#sides + 1] = t end
end
local over = {}
for _, t in ipairs(sides) do
  over[t.user] = not redis.call('HGET', BOOK, 'W' .. string.sub(t.session, 1, 16))
end
for _, t in ipairs(sides) do
  if over[t.user] then give_up(t) end
end
for _, t in ipairs(sides) do
  if not over[t.user] and t.state == 'w' and not t.queued then settle(t) end
end
pool_done()
return { 'ok' }
