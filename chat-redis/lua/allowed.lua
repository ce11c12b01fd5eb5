#!lua flags=no-writes,allow-oom
-- Whether the user that is connected may do all that scripts and reads do. Run once, when a store is opened.
-- KEYS: BOOK
-- ARGV: ...
--
-- Each argument is a command.
-- Returns: those that the user may not use

local lacking = {}
for _, name in ipairs(ARGV) do
  -- A name of ours in each place, since for some each is a key or a channel.
  local arguments = { BOOK, BOOK, BOOK, BOOK }
  if name == 'TIME' then arguments = {} end
  if not redis.acl_check_cmd(name, unpack(arguments)) then lacking[#lacking + 1] = name end
end
return lacking
