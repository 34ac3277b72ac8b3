-- Take up to N due jobs of the lanes that the caller serves, best priority first, of each host
-- at most as many as its limit allows.
-- ARGV: worker, N, lease_ms, alone (0/1: the caller runs nothing else and may take a suspect), then
--       the lanes
-- Result: { jobs, next_ms, suspects, more }: jobs as { id, token, tries, lost, given_up, trail } each; when
--         something becomes due (-1: nothing waits, 0: something is due already); how many suspects
--         may go now; more (1: there was too much to put right for one call, so call again).
--         given_up is {} for a job that is to be fetched; for one whose host was given up it is
--         { opened_ms, probes, error_kind, error_message }. trail is where its fetch was left, or ''.
--         An error 'NOEPOCH' if this Redis was emptied.
-- Closes: two workers that see the same due job or the same free host, or that both send the
-- probe of a half-open breaker.
local epoch = redis.call('GET', P .. 'epoch')
if not epoch then return redis.error_reply('NOEPOCH this Redis is not known to the record') end
even_if_full()
local worker, wanted, lease_ms, alone = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4] == '1'
local served = {}
for i = 5, #ARGV do served[#served + 1] = ARGV[i] end
local now = now_ms()
local SWEEP = 1000 -- how much of each list one call puts right: bounds the script's time to ~10 ms
local more = false

-- Do `put_right` to everything in a list that is due, and note if that is too much for one call.
local function sweep(key, put_right)
  local due = redis.call('ZRANGE', key, '-inf', whole(now), 'BYSCORE', 'LIMIT', 0, SWEEP)
  for _, member in ipairs(due) do put_right(member) end
  more = more or #due == SWEEP
end

sweep(P .. 'leases', function(id) -- ended without a result
  local job = facts(id)
  if not job then return redis.call('ZREM', P .. 'leases', id) end
  -- A worker that was seen up to the end never had it: the answer to its claim was lost on the way.
  -- That says nothing about the job.
  local ended = tonumber(redis.call('ZSCORE', P .. 'leases', id))
  local _, holder = lease_on(id)
  local seen = holder and redis.call('ZSCORE', P .. 'workers', holder)
  unhold(id, job)
  if not seen or tonumber(seen) < ended - 1500 then redis.call('HINCRBY', P .. 'lost', id, 1) end
  make_ready(id, job, now)
end)
sweep(P .. 'later', function(id) -- its wait is over
  redis.call('ZREM', P .. 'later', id)
  local job = facts(id)
  if not job then return end
  redis.call('SREM', P .. 'waiting:' .. job.batch, id)
  make_ready(id, job, now)
end)
for _, lane in ipairs(served) do
  sweep(P .. 'throttled:' .. lane, function(host) settle(host, now) end)
end
-- A job of the best priority may be in what was not reached yet.
if more then return { {}, '0', 0, 1 } end

local taken = {}
local any_stopped = redis.call('HLEN', P .. 'stopped') > 0
local any_lost = redis.call('HLEN', P .. 'lost') > 0
local any_breaker = redis.call('EXISTS', BREAKERS) == 1
local any_trail = redis.call('EXISTS', P .. 'trail') == 1

local function take(id, job, lost)
  local token = whole(tonumber(epoch) * 4294967296 + redis.call('INCR', P .. 'token'))
  local _, _, gap, breaker = terms(job, job.host, now)
  local key = P .. 'host:' .. job.host
  local given_up = {}
  redis.call('ZREM', ready_in(job.lane, job.host), id)
  redis.call('ZADD', P .. 'leases', whole(now + lease_ms), id)
  redis.call('HSET', P .. 'held', id, cjson.encode({ token, worker, whole(now) }))
  redis.call('SADD', P .. 'busy:' .. job.host, id)
  redis.call('SADD', P .. 'running:' .. job.batch, id)
  if breaker == 'given_up' then
    given_up = redis.call('HMGET', key, 'opened_ms', 'probes', 'error_kind', 'error_message')
  else
    if breaker == 'half_open' then redis.call('HSET', key, 'probe', token, 'probe_job', id) end
    -- With a gap, the claim holds the host's slot until the answer begins (see slot.lua), at the
    -- latest until its lease ends; without a gap the time of the answer does not matter.
    if gap > 0 then
      redis.call('HSET', key, 'hold_ms', whole(now + lease_ms), 'hold_by', token)
    else
      redis.call('HSET', key, 'last_ms', whole(now))
    end
    redis.call('PEXPIRE', key, HOST_TTL_MS)
  end
  settle(job.host, now)
  taken[#taken + 1] = { id, token, redis.call('HINCRBY', P .. 'tries', id, 1), lost, given_up,
    any_trail and redis.call('HGET', P .. 'trail', id) or '' }
end

-- Put a job of a stopped batch aside, out of the list that it was met in; whether it was one.
local function put_aside(id, job, list)
  local state = any_stopped and redis.call('HGET', P .. 'stopped', job.batch)
  if state == 'paused' then
    redis.call('ZREM', list, id)
    redis.call('ZADD', P .. 'parked:' .. job.batch, whole(job.score), id)
    settle(job.host, now)
  elseif state == 'cancelled' then
    forget(id, now)
  end
  return state and true
end

-- The lane and the host of the best due job among the lanes that are served.
local function best_host()
  if #served == 1 then return served[1], redis.call('ZRANGE', P .. 'open:' .. served[1], 0, 0)[1] end
  local best_lane, best, best_score
  for _, lane in ipairs(served) do
    local host, score = unpack(redis.call('ZRANGE', P .. 'open:' .. lane, 0, 0, 'WITHSCORES'))
    if host and (not best or tonumber(score) < best_score) then
      best_lane, best, best_score = lane, host, tonumber(score)
    end
  end
  return best_lane, best
end

-- Which due job of a host to take: the first, but as the probe of a host in doubt any of the best
-- priority. Pages that stand side by side often fail together, and the first ones are those that did.
local function pick(host, ready)
  local first = redis.call('ZRANGE', ready, 0, 0)[1]
  local job = first and facts(first)
  if not job or not any_breaker or select(4, terms(job, host, now)) ~= 'half_open' then
    return first, job
  end
  local best = math.floor(job.score / SPAN)
  local count = redis.call('ZCOUNT', ready, whole(best * SPAN), whole((best + 1) * SPAN - 1))
  local id = redis.call('ZRANGE', ready, now % count, now % count)[1]
  return id, facts(id)
end

-- The suspects, of the first hundred of each lane, that may be started now.
local function free_suspects()
  local free = {}
  for _, lane in ipairs(served) do
    local suspects = P .. 'suspects:' .. lane
    for _, id in ipairs(redis.call('ZRANGE', suspects, 0, 99)) do
      local job = facts(id)
      if not job then
        redis.call('ZREM', suspects, id)
      elseif not put_aside(id, job, suspects) then
        local at, limit = terms(job, job.host, now)
        if at <= now and redis.call('SCARD', P .. 'busy:' .. job.host) < limit then
          free[#free + 1] = id
        end
      end
    end
  end
  return free
end

local suspect = alone and free_suspects()[1]
if suspect then
  local job = facts(suspect)
  redis.call('ZREM', P .. 'suspects:' .. job.lane, suspect)
  take(suspect, job, tonumber(redis.call('HGET', P .. 'lost', suspect) or '0'))
else
  local left = wanted + SWEEP
  while #taken < wanted and left > 0 do
    left = left - 1
    local lane, host = best_host()
    if not host then break end
    local ready = ready_in(lane, host)
    local id, job = pick(host, ready)
    local lost = id and any_lost and tonumber(redis.call('HGET', P .. 'lost', id) or '0') or 0
    if not job then
      settle_in(lane, host, now)
    elseif not put_aside(id, job, ready) then
      if lost >= 2 then
        redis.call('ZREM', ready, id)
        redis.call('ZADD', P .. 'suspects:' .. lane, whole(job.score), id)
        settle(host, now)
      else
        take(id, job, lost)
      end
    end
  end
  more = left == 0
end

local next_ms = -1
local function no_later_than(key)
  local first = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')
  if first[2] and (next_ms < 0 or tonumber(first[2]) < next_ms) then next_ms = tonumber(first[2]) end
end
local _, due = best_host()
if due then
  next_ms = 0
else
  for _, lane in ipairs(served) do no_later_than(P .. 'throttled:' .. lane) end
  no_later_than(P .. 'later')
  no_later_than(P .. 'leases')
  if next_ms >= 0 then next_ms = math.max(1, next_ms - now) end
end
return { taken, whole(next_ms), #free_suspects(), more and 1 or 0 }
