-- End leases: the job is done, waits to be tried again, or is given back untried.
-- ARGV: id, token, verb (done | retry | release), wait_ms, why, for each
-- Result: how many leases were the caller's to end.
-- Closes: a worker that was silent for longer than its lease, and comes back.
even_if_full()
local now = now_ms()
local ended, hosts = 0, {}
for i = 1, #ARGV, 5 do
  local id, token, verb = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  local held = redis.call('HGET', P .. 'held', id)
  if held and string.match(held, '^[^|]*') == token then
    local job = facts(id)
    ended = ended + 1
    hosts[job.host] = true
    end_hold(job, token, now)
    unhold(id, job)
    if verb == 'done' then
      erase(id)
    else
      redis.call('HDEL', P .. 'lost', id)
      if verb == 'retry' then
        redis.call('ZADD', P .. 'later', whole(now + tonumber(ARGV[i + 3])), id)
        redis.call('SADD', P .. 'waiting:' .. job.batch, id)
        redis.call('HSET', P .. 'why', id, ARGV[i + 4])
      else
        redis.call('HINCRBY', P .. 'tries', id, -1)
        redis.call('ZADD', P .. 'ready:' .. job.host, whole(job.score), id)
      end
    end
  end
end
for host in pairs(hosts) do settle(host, now) end
return ended
