-- Keep leases alive, with the slots that their claims hold, and say which are no longer the
-- caller's, or whose batch was cancelled.
-- ARGV: worker, lease_ms, process (which it is, as JSON; '': not told), then id, token for each
-- Result: the ids to stop.
-- Closes: work that goes on after a cancel, or after another worker took it over.
even_if_full()
local now, gone = now_ms(), {}
local until_ms = whole(now + tonumber(ARGV[2]))
redis.call('ZADD', P .. 'workers', whole(now), ARGV[1])
if ARGV[3] ~= '' then redis.call('HSET', P .. 'processes', ARGV[1], ARGV[3]) end
for i = 4, #ARGV, 2 do
  local id, token = ARGV[i], ARGV[i + 1]
  local job = is_held(id, token) and facts(id)
  if job and redis.call('HGET', P .. 'stopped', job.batch) ~= 'cancelled' then
    redis.call('ZADD', P .. 'leases', 'XX', until_ms, id)
    local key = P .. 'host:' .. job.host
    if redis.call('HGET', key, 'hold_by') == token then
      redis.call('HSET', key, 'hold_ms', until_ms)
      settle(job.host, now)
    end
  else
    gone[#gone + 1] = id
  end
end
return gone
