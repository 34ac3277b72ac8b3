-- End leases of a worker whose process has ended, and the slots that they hold: the next claim takes
-- their jobs as lost, and need not wait until the leases run out.
-- ARGV: worker, then id, token for each
-- Result: how many of them it still held.
-- Closes: a job that ended, or was claimed by another, after the caller had looked.
even_if_full()
local now, ended = now_ms(), 0
redis.call('ZREM', P .. 'workers', ARGV[1]) -- a worker that was seen up to the end is not to blame
for i = 2, #ARGV, 2 do
  local id, token = ARGV[i], ARGV[i + 1]
  local job = is_held(id, token) and facts(id)
  if job then
    ended = ended + 1
    end_hold(job, token, now)
    redis.call('ZADD', P .. 'leases', 'XX', 'LT', whole(now), id)
  end
end
return ended
