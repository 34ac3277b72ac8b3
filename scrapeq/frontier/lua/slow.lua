-- The hosts that keep a batch going for longest, by their pace: waiting jobs times the gap.
-- ARGV: batch, how many hosts, least ms that count as long
-- Result: { host, waiting, ms } each; the longest first. A host counts for the batch of its next job.
-- Looks at 1,000 hosts of a lane that must wait, those that must wait for longest first: about 3 ms.
local MOST = 1000
local batch, wanted, least_ms = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local now = now_ms()
local slow = {}
for _, lane in ipairs(lanes) do
  for _, host in ipairs(redis.call('ZRANGE', P .. 'throttled:' .. lane, 0, MOST - 1, 'REV')) do
    local waiting = redis.call('ZCARD', ready_in(lane, host))
    local head = redis.call('ZRANGE', ready_in(lane, host), 0, 0)[1]
    local job = head and facts(head)
    if job and job.batch == batch then
      local _, _, gap, breaker = terms(job, host, now)
      local left_ms = waiting * gap
      if not breaker and left_ms >= least_ms then table.insert(slow, { host, waiting, left_ms }) end
    end
  end
end
table.sort(slow, function(a, b) return a[3] > b[3] end)
local found = {}
for place = 1, math.min(wanted, #slow) do
  local host, waiting, left_ms = unpack(slow[place])
  found[place] = { host, whole(waiting), whole(left_ms) }
end
return found
