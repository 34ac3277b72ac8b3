-- Take up to N due jobs, best priority first, at most as many of each host as it may be asked for.
-- ARGV: worker, N, lease_ms, alone (0/1: the caller runs nothing else and may take a suspect),
--       only (an id, or '')
-- Result: { jobs, next_ms, suspects }: jobs as flat id, token, tries, lost; when something becomes
--         due (-1: nothing waits, 0: something is due already); how many suspects wait.
--         An error 'NOEPOCH' if this Redis was emptied.
-- Closes: two workers that see the same due job or the same free host.
local epoch = redis.call('GET', P .. 'epoch')
if not epoch then return redis.error_reply('NOEPOCH this Redis is not known to the record') end
local worker, wanted, lease_ms, alone, only = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4] == '1', ARGV[5]
local now = now_ms()
local SWEEP = 500 -- how much of each list one call puts right: bounds the script's time

-- leases that ended without a word
for _, id in ipairs(redis.call('ZRANGE', P .. 'leases', '-inf', whole(now), 'BYSCORE', 'LIMIT', 0, SWEEP)) do
  local job = facts(id)
  if job then
    unhold(id, job)
    redis.call('HINCRBY', P .. 'lost', id, 1)
    make_ready(id, job, now)
  else
    redis.call('ZREM', P .. 'leases', id)
  end
end
-- jobs whose wait is over
for _, id in ipairs(redis.call('ZRANGE', P .. 'later', '-inf', whole(now), 'BYSCORE', 'LIMIT', 0, SWEEP)) do
  redis.call('ZREM', P .. 'later', id)
  local job = facts(id)
  if job then
    redis.call('SREM', P .. 'waiting:' .. job.batch, id)
    make_ready(id, job, now)
  end
end
-- hosts whose wait is over
for _, host in ipairs(redis.call('ZRANGE', P .. 'gated', '-inf', whole(now), 'BYSCORE', 'LIMIT', 0, SWEEP + wanted)) do
  settle(host, now)
end

local taken = {}
local any_stopped = redis.call('HLEN', P .. 'stopped') > 0
local any_lost = redis.call('HLEN', P .. 'lost') > 0

local function take(id, job, lost)
  local token = tonumber(epoch) * 4294967296 + redis.call('INCR', P .. 'token')
  local _, _, gap = terms(job, job.host, now)
  redis.call('ZREM', P .. 'ready:' .. job.host, id)
  redis.call('ZADD', P .. 'leases', whole(now + lease_ms), id)
  redis.call('HSET', P .. 'held', id, whole(token) .. '|' .. worker .. '|' .. whole(now))
  redis.call('SADD', P .. 'busy:' .. job.host, id)
  redis.call('SADD', P .. 'running:' .. job.batch, id)
  -- With a gap, the claim holds the host's turn until the answer begins (see turn.lua), at the
  -- latest for a lease; without one, nobody needs to say when it began.
  if gap > 0 then
    redis.call('HSET', P .. 'host:' .. job.host, 'hold_ms', whole(now + lease_ms))
  else
    redis.call('HSET', P .. 'host:' .. job.host, 'last_ms', whole(now))
  end
  redis.call('PEXPIRE', P .. 'host:' .. job.host, HOST_TTL_MS)
  settle(job.host, now)
  for _, value in ipairs({ id, whole(token), redis.call('HINCRBY', P .. 'tries', id, 1), lost }) do
    taken[#taken + 1] = value
  end
end

local suspect_taken = false
local function may_go(id, job)
  local free, limit = terms(job, job.host, now)
  return free <= now and redis.call('SCARD', P .. 'busy:' .. job.host) < limit
end

if only ~= '' then
  local job = facts(only)
  if job and redis.call('ZSCORE', P .. 'ready:' .. job.host, only) and may_go(only, job)
     and not redis.call('HGET', P .. 'stopped', job.batch) then
    take(only, job, tonumber(redis.call('HGET', P .. 'lost', only) or '0'))
  end
elseif alone then
  for _, id in ipairs(redis.call('ZRANGE', P .. 'suspects', 0, 20)) do
    local job = facts(id)
    if not job then
      redis.call('ZREM', P .. 'suspects', id)
    elseif may_go(id, job) and not redis.call('HGET', P .. 'stopped', job.batch) then
      redis.call('ZREM', P .. 'suspects', id)
      take(id, job, tonumber(redis.call('HGET', P .. 'lost', id) or '0'))
      suspect_taken = true
      break
    end
  end
end

local looked = 0
while only == '' and not suspect_taken and #taken < wanted * 4 and looked < wanted + SWEEP do
  looked = looked + 1
  local host = redis.call('ZRANGE', P .. 'open', 0, 0)[1]
  if not host then break end
  local id = redis.call('ZRANGE', P .. 'ready:' .. host, 0, 0)[1]
  local job = id and facts(id)
  if not job then
    settle(host, now)
  else
    local state = any_stopped and redis.call('HGET', P .. 'stopped', job.batch)
    local lost = any_lost and tonumber(redis.call('HGET', P .. 'lost', id) or '0') or 0
    if state == 'paused' then
      redis.call('ZREM', P .. 'ready:' .. host, id)
      redis.call('ZADD', P .. 'parked:' .. job.batch, whole(job.score), id)
      settle(host, now)
    elseif state == 'cancelled' then
      forget(id, now)
    elseif lost >= 2 then
      redis.call('ZREM', P .. 'ready:' .. host, id)
      redis.call('ZADD', P .. 'suspects', whole(job.score), id)
      settle(host, now)
    else
      take(id, job, lost)
    end
  end
end

local next_ms = -1
if redis.call('ZCARD', P .. 'open') > 0 then
  next_ms = 0
else
  for _, key in ipairs({ 'gated', 'later', 'leases' }) do
    local first = redis.call('ZRANGE', P .. key, 0, 0, 'WITHSCORES')
    if first[2] and (next_ms < 0 or tonumber(first[2]) < next_ms) then next_ms = tonumber(first[2]) end
  end
  if next_ms >= 0 then next_ms = math.max(1, next_ms - now) end
end
return { taken, whole(next_ms), redis.call('ZCARD', P .. 'suspects') }
