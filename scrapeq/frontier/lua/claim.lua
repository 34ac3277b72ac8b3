-- Take up to N due jobs of the lanes that the caller serves, best priority first, of each host
-- at most as many as its limit allows.
-- ARGV: worker, N, lease_ms, alone (0/1: the caller holds no other lease), then the lanes
-- Result: { jobs, next_ms, suspects, more }: jobs as { id, token, tries, lost, guilty (0/1), given_up,
--         trail } each; when something becomes due (-1: nothing waits, 0: something is due already); how
--         many suspects wait for a trial; more (1: there was too much to put right for one call, so call
--         again).
--         given_up is {} for a job that is to be fetched; for one whose host was given up it is
--         { ms for which it has failed, probes, error_kind, error_message, why the job's own last try failed
--         (as JSON, or '') }. trail is where its fetch was left, or ''.
--         An error 'NOEPOCH' if this Redis was emptied.
-- Closes: two workers that see the same due job or the same free host, or that both send the
-- probe of a half-open breaker; two that both try suspects.
local epoch = redis.call('GET', P .. 'epoch')
if not epoch then return redis.error_reply('NOEPOCH this Redis is not known to the record') end
even_if_full()
local worker, wanted, lease_ms, alone = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4] == '1'
local served = {}
for i = 5, #ARGV do served[#served + 1] = ARGV[i] end
local now = now_ms()
local SWEEP = 1000 -- how much of each list one call puts right: bounds the script's time to ~10 ms
local more = false
-- A worker that tries suspects is given nothing else for TRIAL_MS that is not of a better priority, so
-- that it holds nothing else soon; it begins when it does, at the latest after EMPTY_MS. Then others
-- have their turn for REST_MS, which matters where it is the only worker.
local TRIAL_MS, EMPTY_MS, REST_MS = 4000, 1500, 1000
local MOST_LOST = 8 -- a job that ended so many workers is guilty, though it was never tried quite alone
local LOOK_MS = 250 -- when to look again whether a trial may begin
local EXCUSED_MS = 600000 -- longer than any lease of a worker that ended lasts

-- Do `put_right` to everything in a list that is due, and note if that is too much for one call.
local function sweep(key, put_right)
  local due = redis.call('ZRANGE', key, '-inf', whole(now), 'BYSCORE', 'LIMIT', 0, SWEEP)
  for _, member in ipairs(due) do put_right(member) end
  more = more or #due == SWEEP
end

local trial = {} -- the trial that runs, if one does: its worker, and what is known of it
local tried = any_tried and redis.call('SCARD', TRIED) or 0
if tried > 0 then trial = redis.call('HMGET', TRIAL, 'worker', 'alone') end

-- A worker ended. If it tried suspects, they are to blame, and what it held beside them is not.
local function blame(id, holder, is_tried)
  local count, together = losses(id)
  if is_tried then
    if tried > TOGETHER / 4 then
      together = TOGETHER / 4
    elseif tried > 1 or (trial[2] ~= '1' and count < MOST_LOST) then
      together = 1
    else
      together = 0
    end
    redis.call('ZREMRANGEBYSCORE', P .. 'excused', '-inf', whole(now))
    redis.call('ZADD', P .. 'excused', whole(now + EXCUSED_MS), holder)
    redis.call('PEXPIRE', P .. 'excused', EXCUSED_MS)
    redis.call('DEL', TRIAL)
  elseif holder == trial[1] or redis.call('ZSCORE', P .. 'excused', holder) then
    return redis.call('HINCRBY', P .. 'tries', id, -1)
  end
  redis.call('HSET', P .. 'lost', id, whole(count + 1) .. (together and ' ' .. whole(together) or ''))
end

sweep(P .. 'leases', function(id) -- ended without a result
  local job = facts(id)
  if not job then return redis.call('ZREM', P .. 'leases', id) end
  -- A worker that was seen up to the end never had it: the answer to its claim was lost on the way.
  -- That says nothing about the job.
  local ended = tonumber(redis.call('ZSCORE', P .. 'leases', id))
  local _, holder = lease_on(id)
  local seen = holder and redis.call('ZSCORE', P .. 'workers', holder)
  local is_tried = tried > 0 and redis.call('SISMEMBER', TRIED, id) == 1
  unhold(id, job)
  if not seen or tonumber(seen) < ended - 1500 then blame(id, holder or '', is_tried) end
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
if tried > 0 then any_tried = redis.call('EXISTS', TRIED) == 1 end
-- A job of the best priority may be in what was not reached yet.
if more then return { {}, '0', 0, 1 } end

local taken = {}
local any_stopped = redis.call('HLEN', P .. 'stopped') > 0
local any_lost = redis.call('HLEN', P .. 'lost') > 0
local any_breaker = redis.call('EXISTS', BREAKERS) == 1
local any_trail = redis.call('EXISTS', P .. 'trail') == 1

local function take(id, job, lost, guilty)
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
    given_up[1] = whole(now - tonumber(given_up[1]))
    given_up[5] = redis.call('HGET', P .. 'errors', id) or ''
  else
    if breaker == 'half_open' then redis.call('HSET', key, 'probe', token, 'probe_job', id) end
    -- With a gap, the claim holds the host's slot until the answer begins (see slot.lua), at the
    -- latest until its lease ends; without a gap the time of the answer does not matter.
    if gap > 0 then
      redis.call('HSET', key, 'hold_ms', whole(now + lease_ms), 'hold_by', token, 'hold_number', 0)
    else
      redis.call('HSET', key, 'last_ms', whole(now))
    end
    redis.call('PEXPIRE', key, HOST_TTL_MS)
  end
  settle(job.host, now)
  taken[#taken + 1] = { id, token, redis.call('HINCRBY', P .. 'tries', id, 1), lost, guilty and 1 or 0,
    given_up, any_trail and redis.call('HGET', P .. 'trail', id) or '' }
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

-- Whether the host of a suspect may be asked now: 'free', or 'full' if others have all its places; nil
-- if it must wait.
local function standing(job)
  local at, limit = terms(job, job.host, now)
  if at > now or limit == 0 then return nil end
  return redis.call('SCARD', P .. 'busy:' .. job.host) < limit and 'free' or 'full'
end

-- Suspects are in the order of their priority, then of how many of them may be tried together, the
-- largest number first: so the innocent are mostly out of it before the trials of one alone begin.
local PLACES = 8796093022208 -- SPAN / 64
local function suspect_score(job, together)
  return whole(job.priority * SPAN + (63 - together) * PLACES + job.seq)
end

-- The suspects, of the first hundred of each lane, whose hosts are free or full, and the class of the
-- best: its priority, and how many may be tried together.
local function askable_suspects()
  local askable, best = {}, math.huge
  for _, lane in ipairs(served) do
    local suspects = P .. 'suspects:' .. lane
    local found = redis.call('ZRANGE', suspects, 0, 99, 'WITHSCORES')
    for i = 1, #found, 2 do
      local id, class = found[i], math.floor(tonumber(found[i + 1]) / PLACES)
      local job = facts(id)
      if not job then
        redis.call('ZREM', suspects, id)
      elseif not put_aside(id, job, suspects) and standing(job) then
        askable[#askable + 1] = { id, job, class }
        best = math.min(best, class)
      end
    end
  end
  return askable, best
end

-- The suspects of a class that are to be tried together next, and whether nobody else has a place that
-- they want.
local function next_group(askable, class)
  local group, wanted_at, is_complete = {}, {}, true
  for _, one in ipairs(askable) do
    local host = one[2].host
    if one[3] == class and #group < math.min(wanted, 63 - class % 64) then
      group[#group + 1] = one
      wanted_at[host] = (wanted_at[host] or 0) + 1
      local _, limit = terms(one[2], host, now)
      local busy = redis.call('SCARD', P .. 'busy:' .. host)
      is_complete = is_complete and (busy == 0 or busy + wanted_at[host] <= limit)
    end
  end
  return group, is_complete
end

-- Keep a place of its host for each of these suspects that waits for one; of the served lanes no other
-- place any more.
local function keep_places(suspects)
  local changed, kept = {}, {}
  for _, lane in ipairs(served) do
    for _, place in ipairs(redis.call('HKEYS', KEPT)) do
      local host = string.match(place, '^' .. lane .. ' (.*)')
      if host then
        changed[#changed + 1] = host
        redis.call('HDEL', KEPT, place)
      end
    end
  end
  for _, one in ipairs(suspects) do
    local job = one[2]
    redis.call('HINCRBY', KEPT, kept_for(job.lane, job.host), 1)
    changed[#changed + 1] = job.host
  end
  redis.call('PEXPIRE', KEPT, KEPT_MS)
  any_kept = redis.call('EXISTS', KEPT) == 1
  for _, host in ipairs(changed) do settle(host, now) end
end

-- For how long it has been the caller's turn to try suspects; nil if it is another's. The turn begins
-- where there are suspects of a priority.
local function trial_for(priority)
  local since, holder = unpack(redis.call('HMGET', TRIAL, 'since_ms', 'worker'))
  local age = since and now - tonumber(since)
  if holder == worker and age < TRIAL_MS then return age end
  if not priority or (any_tried and holder ~= worker) or (age and age < TRIAL_MS + REST_MS) then return nil end
  redis.call('HSET', TRIAL, 'worker', worker, 'since_ms', whole(now), 'priority', priority)
  redis.call('PEXPIRE', TRIAL, HOST_TTL_MS)
  return 0
end

local askable, class = {}, nil
local age, below -- of the caller's trial; it is given only jobs of a better priority than this
if any_lost then
  askable, class = askable_suspects()
  if #askable > 0 then below = math.floor(class / 64) end
  age = trial_for(below)
  if age and not below then below = tonumber(redis.call('HGET', TRIAL, 'priority')) end
end
local left = wanted + SWEEP
while #taken < wanted and left > 0 do
  left = left - 1
  local lane, host = best_host()
  if not host then break end
  local ready = ready_in(lane, host)
  local id, job = pick(host, ready)
  local lost, together = 0, nil
  if id and any_lost then lost, together = losses(id) end
  if not job then
    settle_in(lane, host, now)
  elseif not put_aside(id, job, ready) then
    if together and together > 0 then
      redis.call('ZREM', ready, id)
      redis.call('ZADD', P .. 'suspects:' .. lane, suspect_score(job, together), id)
      settle(host, now)
    elseif age and below and job.priority >= below then
      break
    else
      take(id, job, lost, together == 0)
    end
  end
end
more = left == 0

if any_tried and #taken > 0 and redis.call('HGET', TRIAL, 'worker') == worker then
  redis.call('HSET', TRIAL, 'alone', 0)
end
if age and #askable > 0 then
  local is_empty = alone and #taken == 0
  local began = tonumber(redis.call('HGET', TRIAL, 'began_ms') or '0')
  local may_begin = not any_tried or began < now - age -- one for each turn
  local group, is_complete = next_group(askable, class)
  if may_begin and ((is_empty and is_complete) or age >= EMPTY_MS) then
    local is_alone, before, left_over = is_empty and not any_tried, #taken, {}
    for _, one in ipairs(group) do
      local id, job = one[1], one[2]
      if #taken < wanted and standing(job) == 'free' then
        redis.call('ZREM', P .. 'suspects:' .. job.lane, id)
        redis.call('SADD', TRIED, id)
        take(id, job, (losses(id)))
      else
        left_over[#left_over + 1] = one
      end
    end
    if #taken > before then
      redis.call('HSET', TRIAL, 'began_ms', whole(now), 'priority', below, 'alone', is_alone and 1 or 0)
    end
    group = left_over
  end
  keep_places(group)
end
local waiting = any_lost and #askable_suspects() or 0

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
if waiting > 0 then next_ms = LOOK_MS end
-- Nothing is due, so nobody else need look.
if #taken == 0 and next_ms ~= 0 then redis.call('DEL', NOTICES) end
return { taken, whole(next_ms), waiting, more and 1 or 0 }
