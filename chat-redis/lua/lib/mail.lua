-- News for nodes about their sessions. Behind `time`; needs BOOK and MAIL.
--
-- One entry of the stream holds what one step has to tell: the number of the first piece, and the life of the node and
-- the news for each. Numbers have no holes, so that a node that reads finds out what it was too late for. The channel
-- only says that there is something.
--
-- post(writer, text): tells this life of a node ('' for all of them); the text is of the form that the codec knows.
-- post_all(news): the same for several pieces, given in turn.

local function post_some(news, from, to)
  local count = (to - from + 1) / 2
  local entry, nodes = { 'i', redis.call('HINCRBY', BOOK, 'm', count) - count + 1 }, {}
  for at = from, to, 2 do
    local of = #entry
    entry[of + 1], entry[of + 2], entry[of + 3], entry[of + 4] = 'w', news[at], 'm', news[at + 1]
    nodes[news[at]] = true
  end
  redis.call('XADD', MAIL, 'MAXLEN', '=', ${MAIL_MAX}, '*', unpack(entry))
  redis.call('PEXPIRE', MAIL, 600000)
  for writer in pairs(nodes) do redis.call('SPUBLISH', MAIL .. '${CHANNELS}', writer) end
end

-- Lua has no place for too many arguments at once.
local function post_all(news)
  for from = 1, #news, 1000 do post_some(news, from, math.min(from + 999, #news)) end
end

local function post(writer, text)
  post_all({ writer, text })
end
