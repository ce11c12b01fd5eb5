#!lua flags=allow-oom
-- Tells every node to end a user's sessions there.
-- USES: time mail
-- KEYS: BOOK MAIL
-- ARGV: writer user why
--
-- Returns: 'ok' | 'fenced'

if not begin('W' .. writer) then return { 'fenced' } end
post('', 'D' .. why .. '\0' .. user)
return { 'ok' }
