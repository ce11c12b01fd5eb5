#!lua
-- Hands a signal to the readers of a room. Nothing is stored.
-- USES: time
-- KEYS: BOOK ROOM SESSIONS
-- ARGV: writer session body
--
-- Returns: 'ok' | 'notmember' | 'closed' why | 'missing' | 'fenced'

if not begin('W' .. writer) then return { 'fenced' } end
local f = redis.call('HMGET', ROOM, 'p', 'z')
if not f[1] then return { 'missing' } end
if f[2] then return { 'closed', f[2] } end
local user = redis.call('HGET', SESSIONS, 's' .. session)
if not user then return { 'notmember' } end
redis.call('SPUBLISH', ROOM .. '${CHANNELS}', 's' .. session .. user .. '\0' .. body)
return { 'ok' }
