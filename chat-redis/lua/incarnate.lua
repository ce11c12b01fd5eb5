#!lua flags=allow-oom
-- Gives a node the number of its next life.
-- USES: time
-- KEYS: BOOK
--
-- Atomicity: of any number of nodes each gets another one. It is at least the time, so that it goes on growing when
-- everything that is kept was lost.
-- Returns: the number

local last = begin('i')
local number = math.max(tonumber(last or 0) + 1, now)
redis.call('HSET', BOOK, 'i', number)
return number
