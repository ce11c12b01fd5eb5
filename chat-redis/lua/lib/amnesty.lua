-- Who could not be heard is not judged. Behind `time`.
--
-- Where nothing was reaped in a shard for half a lease, nobody could have renewed anything either: Redis was away, all nodes
-- were, or time stepped. From the moment at which reaping goes on, nothing that depends on somebody's sign of life is
-- judged for one lease.
--
-- amnesty(s, u): of the fields s and u of BOOK; until when nobody is judged, or nil.

local function amnesty(seen, through)
  seen, through = tonumber(seen), tonumber(through)
  if seen and now - seen > ${LEASE} / 2 then
    through = now + ${LEASE}
    redis.call('HSET', BOOK, 's', now, 'u', through)
  elseif not seen or now - seen >= ${LEASE} / 20 then
    redis.call('HSET', BOOK, 's', now)
  end
  if through and now < through then return through end
end
