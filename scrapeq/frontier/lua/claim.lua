-- Take up to N due jobs, best priority first, at most as many of each host as it may be asked for.
-- ARGV: worker, N, lease_ms, alone (0/1: the caller runs nothing else and may take a suspect)
-- Result: { jobs, next_ms, suspects, more }: jobs as flat id, token, tries, lost, given_up; when
--         something becomes due (-1: nothing waits, 0: something is due already); how many suspects
--         may go now; more (1: there was too much to put right for one call, so call again).
--         given_up is '' for a job that is to be fetched; for one whose host was given up it is
--         opened_ms|probes|kind: message.
--         An error 'NOEPOCH' if this Redis was emptied.
-- Closes: two workers that see the same due job or the same free host, or that both send the one
-- request that a host in doubt is to get.
local epoch = redis.call('GET', P .. 'epoch')
if not epoch then return redis.error_reply('NOEPOCH this Redis is not known to the record') end
even_if_full()
local worker, wanted, lease_ms, alone = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4] == '1'
local now = now_ms()
local SWEEP = 1000 -- how much of each list one call puts right: bounds the script's time to ~10 ms
local more = false

-- Do `put_right` to everything in a list that is due, and note if that is too much for one call.
local function sweep(key, put_right)
  local due = redis.call('ZRANGE', key, '-inf', whole(now), 'BYSCORE', 'LIMIT', 0, SWEEP)
  for _, member in ipairs(due) do put_right(member) end
  more = more or #due == SWEEP
end

sweep(P .. 'leases', function(id) -- ended without a word
  local job = facts(id)
  if not job then return redis.call('ZREM', P .. 'leases', id) end
  -- A worker that was heard of up to the end never had it: the answer to its claim was lost on the
  -- way. That says nothing about the job.
  local ended = tonumber(redis.call('ZSCORE', P .. 'leases', id))
  local holder = string.match(redis.call('HGET', P .. 'held', id) or '', '^[^|]*|(.*)|%d+$')
  local heard = holder and redis.call('ZSCORE', P .. 'workers', holder)
  unhold(id, job)
  if not heard or tonumber(heard) < ended - 1500 then redis.call('HINCRBY', P .. 'lost', id, 1) end
  make_ready(id, job, now)
end)
sweep(P .. 'later', function(id) -- its wait is over
  redis.call('ZREM', P .. 'later', id)
  local job = facts(id)
  if not job then return end
  redis.call('SREM', P .. 'waiting:' .. job.batch, id)
  make_ready(id, job, now)
end)
sweep(P .. 'gated', function(host) settle(host, now) end)
-- A job of the best priority may be in what was not reached yet.
if more then return { {}, '0', 0, 1 } end

local taken = {}
local any_stopped = redis.call('HLEN', P .. 'stopped') > 0
local any_lost = redis.call('HLEN', P .. 'lost') > 0
local any_spared = redis.call('EXISTS', SPARED) == 1

local function take(id, job, lost)
  local token = whole(tonumber(epoch) * 4294967296 + redis.call('INCR', P .. 'token'))
  local _, _, gap, breaker = terms(job, job.host, now)
  local key = P .. 'host:' .. job.host
  local given_up = ''
  redis.call('ZREM', P .. 'ready:' .. job.host, id)
  redis.call('ZADD', P .. 'leases', whole(now + lease_ms), id)
  redis.call('HSET', P .. 'held', id, token .. '|' .. worker .. '|' .. whole(now))
  redis.call('SADD', P .. 'busy:' .. job.host, id)
  redis.call('SADD', P .. 'running:' .. job.batch, id)
  if breaker == 'given_up' then
    given_up = table.concat(redis.call('HMGET', key, 'opened_ms', 'probes', 'said'), '|')
  else
    if breaker == 'half_open' then redis.call('HSET', key, 'probe', token .. '|' .. id) end
    -- With a gap, the claim holds the host's slot until the answer begins (see slot.lua), at the
    -- latest until its lease ends; without one, nobody needs to say when it began.
    if gap > 0 then
      redis.call('HSET', key, 'hold_ms', whole(now + lease_ms), 'hold_by', token)
    else
      redis.call('HSET', key, 'last_ms', whole(now))
    end
    redis.call('PEXPIRE', key, HOST_TTL_MS)
  end
  settle(job.host, now)
  for _, value in ipairs({ id, token, redis.call('HINCRBY', P .. 'tries', id, 1), lost, given_up }) do
    taken[#taken + 1] = value
  end
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

-- Which due job of a host to take: the first, but as the probe of a host in doubt any of the best
-- priority. Pages that stand side by side often fail together, and the first ones are those that did.
local function pick(host, ready)
  local first = redis.call('ZRANGE', ready, 0, 0)[1]
  local job = first and any_spared and facts(first)
  if not job or select(4, terms(job, host, now)) ~= 'half_open' then return first end
  local best = math.floor(job.score / SPAN)
  local count = redis.call('ZCOUNT', ready, whole(best * SPAN), whole((best + 1) * SPAN - 1))
  return redis.call('ZRANGE', ready, now % count, now % count)[1]
end

-- The suspects, of the first hundred, that may be started now.
local function free_suspects()
  local free = {}
  for _, id in ipairs(redis.call('ZRANGE', P .. 'suspects', 0, 99)) do
    local job = facts(id)
    if not job then
      redis.call('ZREM', P .. 'suspects', id)
    elseif not put_aside(id, job, P .. 'suspects') then
      local at, limit = terms(job, job.host, now)
      if at <= now and redis.call('SCARD', P .. 'busy:' .. job.host) < limit then
        free[#free + 1] = id
      end
    end
  end
  return free
end

local suspect = alone and free_suspects()[1]
if suspect then
  redis.call('ZREM', P .. 'suspects', suspect)
  take(suspect, facts(suspect), tonumber(redis.call('HGET', P .. 'lost', suspect) or '0'))
else
  local left = wanted + SWEEP
  while #taken < wanted * 5 and left > 0 do
    left = left - 1
    local host = redis.call('ZRANGE', P .. 'open', 0, 0)[1]
    if not host then break end
    local ready = P .. 'ready:' .. host
    local id = pick(host, ready)
    local job = id and facts(id)
    local lost = id and any_lost and tonumber(redis.call('HGET', P .. 'lost', id) or '0') or 0
    if not job then
      settle(host, now)
    elseif not put_aside(id, job, ready) then
      if lost >= 2 then
        redis.call('ZREM', ready, id)
        redis.call('ZADD', P .. 'suspects', whole(job.score), id)
        settle(host, now)
      else
        take(id, job, lost)
      end
    end
  end
  more = left == 0
end

local next_ms = -1
if redis.call('ZCARD', P .. 'open') > 0 then
  next_ms = 0
else
  for _, key in ipairs({ P .. 'gated', P .. 'later', P .. 'leases' }) do
    local first = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')
    if first[2] and (next_ms < 0 or tonumber(first[2]) < next_ms) then next_ms = tonumber(first[2]) end
  end
  if next_ms >= 0 then next_ms = math.max(1, next_ms - now) end
end
return { taken, whole(next_ms), #free_suspects(), more and 1 or 0 }
