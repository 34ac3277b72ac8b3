-- Make parked jobs of a batch that was resumed due again, a piece at a time.
-- ARGV: batch, how many at the most
-- Result: how many are still parked.
even_if_full()
local now = now_ms()
local key = P .. 'parked:' .. ARGV[1]
local jobs = redis.call('ZRANGE', key, 0, tonumber(ARGV[2]) - 1)
for _, id in ipairs(jobs) do
  redis.call('ZREM', key, id)
  local job = facts(id)
  if job then make_ready(id, job, now) end
end
return redis.call('ZCARD', key)
