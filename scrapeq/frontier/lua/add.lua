-- Make jobs known and due, and have resting workers look. Adding one again changes nothing.
-- ARGV: priority, limit, robots (ms, the longest Crawl-delay that is waited for; -1: robots.txt does not count), batch, then id, host, gap_ms, lane for each job
-- Result: how many were new.
-- Closes: a submission and a repair that add the same job at the same time.
local now = now_ms()
local added, hosts = 0, {}
local priority, limit, robots, batch = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]
if robots < 0 then robots = false end
local first = redis.call('INCRBY', P .. 'seq', #ARGV) - #ARGV
for i = 5, #ARGV, 4 do
  local id, host, lane = ARGV[i], ARGV[i + 1], ARGV[i + 3]
  local seq = first + i
  local job = { priority = priority, seq = seq, gap = tonumber(ARGV[i + 2]), limit = limit,
                robots = robots, host = host, batch = batch, lane = lane }
  if redis.call('HSETNX', P .. 'job', id, packed(job)) == 1 then
    added = added + 1
    hosts[host] = true
    count_lane(lane, 1)
    redis.call('ZADD', ready_in(lane, host), whole(priority * SPAN + seq), id)
  end
end
local any_breaker = redis.call('EXISTS', BREAKERS) == 1
for host in pairs(hosts) do
  if any_breaker then fresh_chance(host, now) end
  settle(host, now)
end
notify(added)
return added
