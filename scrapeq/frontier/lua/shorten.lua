-- Let every lease, and the slot that it holds, end soon, unless its worker renews it.
-- ARGV: ms in which it must be renewed
-- Result: how many leases there are.
-- Closes: a Redis that lost its last second still has leases of work that was finished in it; nobody
-- renews them, and their hosts would have no place for others until they ended.
even_if_full()
local now = now_ms()
local until_ms = now + tonumber(ARGV[1])
local leases = redis.call('ZRANGE', P .. 'leases', 0, -1)
for _, id in ipairs(leases) do
  redis.call('ZADD', P .. 'leases', 'XX', 'LT', whole(until_ms), id)
  local job = facts(id)
  local token = lease_on(id)
  if job and token then
    local key = P .. 'host:' .. job.host
    local h = redis.call('HMGET', key, 'hold_by', 'hold_ms')
    if h[1] == token and tonumber(h[2]) > until_ms then
      redis.call('HSET', key, 'hold_ms', whole(until_ms))
      settle(job.host, now)
    end
  end
end
return #leases
