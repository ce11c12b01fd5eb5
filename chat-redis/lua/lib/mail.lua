-- News for nodes about their sessions. Behind `time`.
--
-- They lie in a bounded stream of the shard, numbered, so that a node sees where some were dropped before it had read them;
-- the channel is only a wake-up. What nobody has fetched for ten minutes is of no use to anybody.
--
-- post(writer, text): news for a life of a node; for all nodes where the writer is ''.

local function post(writer, text)
  local number = redis.call('HINCRBY', BOOK, 'm', 1)
  redis.call('XADD', MAIL, 'MAXLEN', '=', ${MAIL_MAX}, '*', 'i', number, 'w', writer, 'm', text)
  redis.call('PEXPIRE', MAIL, 600000)
  redis.call('SPUBLISH', MAIL .. '${CHANNELS}', writer)
end
