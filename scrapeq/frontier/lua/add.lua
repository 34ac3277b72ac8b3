-- Make jobs known and due, and have resting workers look. Adding one again changes nothing.
-- ARGV: priority, limit, robots (ms, the longest Crawl-delay that is waited for; -1: robots.txt does not count), batch, then id, host, gap_ms, lane for each job
-- Result: how many were new.
-- Closes: a submission and a repair that add the same job at the same time.
local now = now_ms()
local added, hosts = 0, {}
local priority, limit, robots, batch = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]
if robots < 0 then robots = false end
local JOB, STEP = P .. 'job', 1000 -- a call takes some thousand values
local first = redis.call('INCRBY', P .. 'seq', #ARGV) - #ARGV

-- What jobs of one host in one lane share, and those of them that are new, as ZADD takes them.
local alike = {}
local function alike_to(id, host, gap, lane)
  local in_id = begins_with(id, batch)
  local key = (in_id and '1 ' or '0 ') .. lane .. ' ' .. gap .. ' ' .. host
  local found = alike[key]
  if not found then
    local job = { gap = tonumber(gap), limit = limit, robots = robots, host = host, batch = batch, lane = lane }
    found = { terms = packed_terms(job, in_id), ready = ready_in(lane, host), host = host, lane = lane, due = {} }
    alike[key] = found
  end
  return found
end

for from = 5, #ARGV, 4 * STEP do
  local last, ids = math.min(from + 4 * STEP, #ARGV) - 1, {}
  for i = from, last, 4 do ids[#ids + 1] = ARGV[i] end
  local known, facts_of, seen = redis.call('HMGET', JOB, unpack(ids)), {}, {}
  for n, id in ipairs(ids) do
    if not known[n] and not seen[id] then
      seen[id] = true
      local i = from + 4 * (n - 1)
      local some, seq = alike_to(id, ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]), first + i
      facts_of[#facts_of + 1] = id
      facts_of[#facts_of + 1] = cmsgpack.pack(priority, seq) .. some.terms
      local due = some.due
      due[#due + 1] = whole(priority * SPAN + seq)
      due[#due + 1] = id
    end
  end
  if #facts_of > 0 then redis.call('HSET', JOB, unpack(facts_of)) end
  for _, some in pairs(alike) do
    if #some.due > 0 then
      redis.call('ZADD', some.ready, unpack(some.due))
      count_lane(some.lane, #some.due / 2)
      added, hosts[some.host], some.due = added + #some.due / 2, true, {}
    end
  end
end
local any_breaker = redis.call('EXISTS', BREAKERS) == 1
for host in pairs(hosts) do
  if any_breaker then fresh_chance(host, now) end
  settle(host, now)
end
notify(added)
return added
