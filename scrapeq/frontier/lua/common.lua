-- Shared by every script: time, a job's facts, and the one place that decides where a host stands.
-- KEYS: the namespace's prefix of all keys; a script writes a key as P .. 'name' (see keys.py)
local P = KEYS[1]
local HOST_TTL_MS = 86400000
-- Above any count of jobs, below 2^53 / 16, so that priority * SPAN + seq is exact in a double.
local SPAN = 562949953421312
local HTTP = 'http' -- the lane that most jobs are in
-- The lanes with open jobs: that one, and what `lanes` counts.
local lanes = redis.call('HKEYS', P .. 'lanes')
table.insert(lanes, 1, HTTP)

local function whole(number) return string.format('%.0f', number) end

-- The time of this Redis in ms since 1970, which never goes back: where its machine's clock does, it
-- stands still for a moment and goes on from there, ahead of the clock. So no time in Redis lies
-- further ahead than it was meant to. Where nobody asked for QUIET_MS, which live workers do each second,
-- nobody could renew a lease either (the clock jumped ahead, or all stood still): then every lease has
-- RENEW_MS more. A full Redis refuses to note the time, which harms nothing: hence pcall.
local QUIET_MS, RENEW_MS, NOTE_MS = 5000, 3000, 1000
local emptied_ms = '0' -- when this Redis was emptied: when hosts were asked before that is not known
local function now_ms()
  local t = redis.call('TIME')
  local clock = redis.call('HMGET', P .. 'clock', 'seen_ms', 'ahead_ms', 'emptied_ms')
  emptied_ms = clock[3] or '0'
  local seen, ahead = tonumber(clock[1] or '0'), tonumber(clock[2] or '0')
  local now = tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000) + ahead
  if now < seen then
    redis.pcall('HSET', P .. 'clock', 'ahead_ms', whole(ahead + seen - now))
    return seen
  end
  if now < seen + NOTE_MS then return now end
  if seen > 0 and now > seen + QUIET_MS then
    local ended = redis.call('ZRANGE', P .. 'leases', whole(seen), whole(now + RENEW_MS), 'BYSCORE')
    for _, id in ipairs(ended) do redis.pcall('ZADD', P .. 'leases', whole(now + RENEW_MS), id) end
  end
  redis.pcall('HSET', P .. 'clock', 'seen_ms', whole(now))
  return now
end

-- Suspects: jobs that lost their worker twice. One worker tries some of them at a time, apart from
-- other jobs: the trial, and its jobs are `tried`. If the worker ends, a quarter as many of them are
-- tried together the next time, and at last one; if one alone ends its worker, it is guilty. A quarter
-- and not a half, because a trial that fails costs a process, and one that succeeds only a page's time.
local TRIAL, TRIED = P .. 'trial', P .. 'tried'
local TOGETHER = 32 -- suspects in a first trial, at most: more than most windows hold
local any_tried = redis.call('EXISTS', TRIED) == 1
-- Places of hosts that are kept for the suspects of the next trial: else jobs of the same priority that
-- came later would take each place that gets free. They are kept anew by each claim of the worker whose
-- turn it is, and else for KEPT_MS.
local KEPT, KEPT_MS = P .. 'kept', 500
local any_kept = redis.call('EXISTS', KEPT) == 1
local function kept_for(lane, host) return lane .. ' ' .. host end

-- A full Redis refuses a script whose first write needs memory. After a first write that needs none,
-- it allows the rest. A script that has to run even then, so that open work can end, begins with one.
local function even_if_full() redis.call('DEL', P .. 'nothing') end

-- Have up to `count` resting workers look for due jobs. Those that nobody took yet count, too.
local NOTICES, MOST_NOTICES = P .. 'notices', 16
local function notify(count)
  count = math.min(count, MOST_NOTICES - redis.call('LLEN', NOTICES))
  for _ = 1, count do redis.call('RPUSH', NOTICES, 1) end
  if count > 0 then redis.call('PEXPIRE', NOTICES, HOST_TTL_MS) end
end

-- A job's facts are seven or eight values of msgpack: fewer bytes than JSON, and sooner read. The
-- eighth is the lane, if it is not http. robots: false, or the longest Crawl-delay that is waited for
-- (ms; true in a job of an older version). batch: mostly its job's id begins with it, and then it is the
-- number of its characters.
local function begins_with(id, batch) return string.sub(id, 1, #batch) == batch end

local function packed_terms(job, in_id)
  local batch = in_id and #job.batch or job.batch
  if job.lane == HTTP then return cmsgpack.pack(job.gap, job.limit, job.robots, job.host, batch) end
  return cmsgpack.pack(job.gap, job.limit, job.robots, job.host, batch, job.lane)
end

local function packed(id, job)
  return cmsgpack.pack(job.priority, job.seq) .. packed_terms(job, begins_with(id, job.batch))
end

local function facts(id)
  local text = redis.call('HGET', P .. 'job', id)
  if not text then return nil end
  local priority, seq, gap, limit, robots, host, batch, lane = cmsgpack.unpack(text)
  if type(batch) == 'number' then batch = string.sub(id, 1, batch) end
  return { priority = priority, seq = seq, score = priority * SPAN + seq, gap = gap, limit = limit,
           robots = robots, host = host, batch = batch, lane = lane or HTTP }
end

-- How many open jobs a lane has besides http: the list of lanes.
local function count_lane(lane, change)
  if lane == HTTP then return end
  local count = redis.call('HINCRBY', P .. 'lanes', lane, change)
  if count <= 0 then redis.call('HDEL', P .. 'lanes', lane) end
  if count == change then lanes[#lanes + 1] = lane end
end

-- The due jobs of a host in a lane.
local function ready_in(lane, host) return P .. 'ready:' .. lane .. ':' .. host end

-- When a host's slot is free for a request that wants this gap before it. If a hold ran out and was
-- not ended, it may have been used up to its last moment, so the gap runs from there. After Redis was
-- emptied it runs from then, for a host that was not asked since.
local function slot_free(last_ms, hold_ms, gap)
  local last, hold = tonumber(last_ms or emptied_ms), tonumber(hold_ms or '0')
  if gap == 0 or (last == 0 and hold == 0) then return hold end
  return math.max(last, hold) + gap
end

-- The lease on a job: its token, the worker that has it, since when (ms); nil if there is none.
local function lease_on(id)
  local text = id and redis.call('HGET', P .. 'held', id)
  if text then return unpack(cjson.decode(text)) end
end

local function is_held(id, token)
  local held = lease_on(id)
  return held and held == token
end

-- When the host may be asked for this job, how many may be open with it at once, the gap, and what
-- its breaker is if it is not closed (see breaker.lua).
local function terms(job, host, now)
  local h = redis.call('HMGET', P .. 'host:' .. host, 'last_ms', 'hold_ms', 'crawl_ms', 'robots_ms', 'wanted_ms',
    'open_until_ms', 'given_up', 'probe', 'probe_job')
  local gap, limit = job.gap, job.limit
  local open_until, breaker = tonumber(h[6] or '0'), nil
  if open_until > now and h[7] == '1' then return now, math.huge, 0, 'given_up' end -- no request is sent
  if h[6] then breaker = open_until > now and 'open' or 'half_open' end
  if job.robots then
    -- A job that does not wait for so long is claimed at once: it ends, and no request is sent.
    local crawl, longest = tonumber(h[3] or '0'), tonumber(job.robots) or math.huge
    if crawl <= longest then gap = math.max(gap, crawl) end
    if tonumber(h[4] or '0') <= now then limit = 1 end -- its robots.txt is not known
  end
  if breaker == 'half_open' and is_held(h[9], h[8]) then limit = 0 end -- one probe at a time
  return math.max(slot_free(h[1], h[2], gap), tonumber(h[5] or '0'), open_until), limit, gap, breaker
end

-- How many places of a host are kept from jobs of this priority.
local function kept_at(host, priority)
  if not any_kept or priority < tonumber(redis.call('HGET', TRIAL, 'priority') or '0') then return 0 end
  local count = 0
  for _, lane in ipairs(lanes) do
    count = count + tonumber(redis.call('HGET', KEPT, kept_for(lane, host)) or 0)
  end
  return count
end

-- The best job of a host in a lane decides where the host stands: open now, throttled until a time,
-- or nowhere (no due job, or as many requests as its limit: the end of a request settles it again).
local function settle_in(lane, host, now)
  local ready = ready_in(lane, host)
  local head = redis.call('ZRANGE', ready, 0, 0)[1]
  local job = head and facts(head)
  if job then
    local free, limit = terms(job, host, now)
    local open = limit - redis.call('SCARD', P .. 'busy:' .. host)
    if open > 0 then
      if open <= kept_at(host, job.priority) then free = math.max(free, now + KEPT_MS) end
      if free > now then
        redis.call('ZADD', P .. 'throttled:' .. lane, whole(free), host)
        redis.call('ZREM', P .. 'open:' .. lane, host)
      else
        redis.call('ZADD', P .. 'open:' .. lane, whole(job.score), host)
        redis.call('ZREM', P .. 'throttled:' .. lane, host)
      end
      return
    end
  elseif head then
    redis.call('ZREM', ready, head) -- forgotten meanwhile
    return settle_in(lane, host, now)
  end
  redis.call('ZREM', P .. 'open:' .. lane, host)
  redis.call('ZREM', P .. 'throttled:' .. lane, host)
end

-- The same in every lane: they share the host's pace, its limit and its breaker.
local function settle(host, now)
  for _, lane in ipairs(lanes) do settle_in(lane, host, now) end
end

-- How many leases on a job ended in silence, and with how many others it may be tried if it is a
-- suspect (0: it is guilty).
local function losses(id)
  local text = redis.call('HGET', P .. 'lost', id)
  if not text then return 0 end
  local count, together = string.match(text, '^(%d+) ?(%d*)$')
  count = tonumber(count)
  if count < 2 then return count end
  return count, tonumber(together) or TOGETHER
end

local function make_ready(id, job, now)
  redis.call('ZADD', ready_in(job.lane, job.host), whole(job.score), id)
  settle(job.host, now)
end

-- Take the lease away; the caller decides where the job goes.
local function unhold(id, job)
  redis.call('ZREM', P .. 'leases', id)
  redis.call('HDEL', P .. 'held', id)
  redis.call('SREM', P .. 'running:' .. job.batch, id)
  redis.call('SREM', P .. 'busy:' .. job.host, id)
  if any_tried then redis.call('SREM', TRIED, id) end
end

-- A lease that its worker ends takes along the slot that it held: whether or not a request was
-- made, the gap runs from now. (Mostly the slot has ended long before.) is_good: the host answered
-- well, which is noted once.
local function end_hold(job, token, now, is_good)
  local key = P .. 'host:' .. job.host
  local h = redis.call('HMGET', key, 'hold_by', 'good')
  if h[1] == token then
    redis.call('HSET', key, 'hold_ms', 0, 'hold_by', '', 'last_ms', whole(now))
  end
  if is_good and not h[2] then
    redis.call('HSET', key, 'good', 1)
    redis.call('PEXPIRE', key, HOST_TTL_MS)
  end
end

-- What is known of a job, wherever it waited.
local function erase(id, job)
  for _, key in ipairs({ P .. 'job', P .. 'tries', P .. 'lost', P .. 'errors', P .. 'trail' }) do
    redis.call('HDEL', key, id)
  end
  count_lane(job.lane, -1)
end

-- Remove every trace of a job in whatever place.
local function forget(id, now)
  local job = facts(id)
  if not job then return false end
  unhold(id, job)
  redis.call('ZREM', ready_in(job.lane, job.host), id)
  redis.call('ZREM', P .. 'later', id)
  redis.call('ZREM', P .. 'suspects:' .. job.lane, id)
  redis.call('ZREM', P .. 'parked:' .. job.batch, id)
  redis.call('SREM', P .. 'waiting:' .. job.batch, id)
  erase(id, job)
  settle(job.host, now)
  return true
end
