-- Make jobs known and due. Adding one again changes nothing.
-- ARGV: priority, limit, robots (0/1), batch, then id, host, gap_ms for each job
-- Result: how many were new.
-- Closes: a submission and a repair that add the same job at the same time.
local now = now_ms()
local added, hosts = 0, {}
local first = redis.call('INCRBY', P .. 'seq', #ARGV) - #ARGV
for i = 5, #ARGV, 3 do
  local id, host, gap = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  local seq = first + i
  local text = table.concat({ ARGV[1], whole(seq), gap, ARGV[2], ARGV[3], host, ARGV[4] }, '|')
  if redis.call('HSETNX', P .. 'job', id, text) == 1 then
    added = added + 1
    hosts[host] = true
    redis.call('ZADD', P .. 'ready:' .. host, whole(tonumber(ARGV[1]) * SPAN + seq), id)
  end
end
local any_spared = redis.call('EXISTS', SPARED) == 1
for host in pairs(hosts) do
  if any_spared then fresh_chance(host, now) end
  settle(host, now)
end
return added
