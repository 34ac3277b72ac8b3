-- The breaker of a host, for the scripts that get the result of a request, or permit one.
--
--   closed ──(so many tries in a row failed, or the server asks for a pause)──► open
--   open ──(its pause is over)──► half open ──(one probe)──► closed, or open for twice as long
--   open ──(the pauses in a row have waited long enough)──► given up: until the pause is over, what
--   is due ends as breaker_open; then half open again; new jobs make it half open at once
--
-- It is a few fields of the host's hash, which a host in good health does not have:
--   failures       tries in a row that failed, while it is closed; `pages`: how many of them were the
--                  first of their job
--   open_until_ms  no request is sent before; the field exists only while it is not closed
--   opened_ms      when it was closed last
--   pause_ms       the length of the pause that ends at open_until_ms
--   waited_ms      the pauses before it, in sum, and `probes`, their number: each ended with a failure
--   probe          who may ask while it is half open: the token of a lease, or the name of a call
--   probe_job      the job of that lease
--   probe_ms       when a probe that is no lease is given up
--   given_up       1 while what is due ends as breaker_open
--   error_kind, error_message   the last failure
-- Every host has one more, `good`, from its first good answer on, until it is not asked for a day: a
-- host that never answered well is not given as many tries as one that did.
local BREAKER = { 'failures', 'pages', 'open_until_ms', 'opened_ms', 'pause_ms', 'waited_ms', 'probes', 'probe',
                  'probe_job', 'probe_ms', 'given_up', 'error_kind', 'error_message' }
local FAILING, BREAKERS = P .. 'failing', P .. 'breakers'
local NEVER_WELL = 10 -- a host that never answered well is given up so many times as early
local PROBE_AGAIN_MS = 1000 -- when to look again whether a probe that is under way has ended

-- Keep the host in a list, and the list free of hosts that were forgotten meanwhile.
local function enlist(list, host, now)
  redis.call('ZADD', list, whole(now + HOST_TTL_MS), host)
  redis.call('ZREMRANGEBYSCORE', list, '-inf', whole(now))
  redis.call('PEXPIRE', list, HOST_TTL_MS)
  redis.call('PEXPIRE', P .. 'host:' .. host, HOST_TTL_MS)
end

local function open_breaker(host, now, pause_ms, waited_ms, probes, given_up)
  redis.call('HSET', P .. 'host:' .. host, 'open_until_ms', whole(now + pause_ms),
    'pause_ms', whole(pause_ms), 'waited_ms', whole(waited_ms), 'probes', whole(probes),
    'probe', '', 'probe_job', '', 'given_up', given_up and 1 or 0)
  enlist(FAILING, host, now)
  enlist(BREAKERS, host, now)
end

-- The one step of the state machine: what a try reports about the host.
-- report: verdict (good | failed | unreachable | limited: the server asks for a pause), error_kind,
-- error_message, is_named (the server said for how long: that is the pause, however often it says so)
-- asked_by: whose try it was, as in `probe`; is_first: of its job; least_ms: how long a pause is at
-- the least; rules: failures (in a row), first_failures (of pages of a host that never answered well),
-- longest_ms (of a pause), give_up_ms (after pauses of so much in sum)
-- Gives opened | given_up | closed if it became that.
local function judge(host, report, asked_by, is_first, least_ms, rules, now)
  local verdict = report.verdict
  if verdict == 'good' and not redis.call('ZSCORE', FAILING, host) then return nil end
  local key = P .. 'host:' .. host
  local b = redis.call('HMGET', key, 'open_until_ms', 'probe', 'pause_ms', 'waited_ms', 'probes', 'given_up', 'good')
  local is_open = b[1]
  local function keep_error()
    redis.call('HSET', key, 'error_kind', report.error_kind, 'error_message', report.error_message)
  end
  if is_open and b[2] ~= asked_by then
    -- It was under way when the breaker opened. Then only one thing counts: the server asks for a
    -- longer pause.
    if verdict == 'limited' and b[6] ~= '1' and now + least_ms > tonumber(b[1]) then
      redis.call('HSET', key, 'open_until_ms', whole(now + least_ms))
      keep_error()
    end
  elseif verdict == 'good' then
    redis.call('HDEL', key, unpack(BREAKER))
    redis.call('ZREM', FAILING, host)
    redis.call('ZREM', BREAKERS, host)
    return is_open and 'closed'
  elseif is_open then
    local pause_ms = tonumber(b[3])
    local waited_ms = tonumber(b[4]) + pause_ms
    local is_known = b[7] or verdict == 'limited'
    local given_up = waited_ms >= rules.give_up_ms / (is_known and 1 or NEVER_WELL)
    keep_error()
    local doubled_ms = report.is_named and 0 or math.min(2 * pause_ms, rules.longest_ms)
    open_breaker(host, now, math.max(doubled_ms, least_ms), waited_ms,
      tonumber(b[5]) + 1, given_up)
    return given_up and b[6] ~= '1' and 'given_up'
  else
    -- A second try of a page fails more often than the first try of another, so it says nothing new
    -- about the host, unless the host could not be reached.
    if verdict == 'failed' and not is_first then return nil end
    keep_error()
    local failures = redis.call('HINCRBY', key, 'failures', 1)
    local pages = is_first and redis.call('HINCRBY', key, 'pages', 1) or 0
    local is_new_and_failing = not b[7] and pages >= (rules.first_failures or math.huge)
    if verdict ~= 'limited' and failures < rules.failures and not is_new_and_failing then
      enlist(FAILING, host, now)
      return nil
    end
    redis.call('HSET', key, 'opened_ms', whole(now))
    open_breaker(host, now, least_ms, 0, 0, false)
    return 'opened'
  end
end

-- How many due jobs of a host may still tell whether it is well: as many as its breaker needs to open. 0
-- if it does not fail, or the breaker is open and tells by itself.
local function still_to_tell(host, rules)
  local b = redis.call('HMGET', P .. 'host:' .. host, 'failures', 'pages', 'open_until_ms', 'good')
  if not b[1] or b[3] then return 0 end
  if b[4] then return rules.failures - tonumber(b[1]) end
  return math.min(rules.failures - tonumber(b[1]), rules.first_failures - tonumber(b[2] or '0'))
end

-- New work for a host that was given up: one probe now, and again all the pauses before it is given up.
local function fresh_chance(host, now)
  local key = P .. 'host:' .. host
  local b = redis.call('HMGET', key, 'given_up', 'open_until_ms')
  if b[1] ~= '1' then return end
  redis.call('HSET', key, 'given_up', 0, 'open_until_ms', whole(math.min(now, tonumber(b[2]))),
    'pause_ms', 0, 'waited_ms', 0, 'probes', 0)
end
