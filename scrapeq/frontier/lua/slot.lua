-- The slot at a host, for requests after the one that a claim stands for.
-- ARGV: verb, host, then by verb
--   take, gap_ms, hold_ms, lease  take the slot if it is free, and hold it until it is ended, at the
--                           most for hold_ms; result: 0; above 0, the ms to wait and ask again; below
--                           0, the ms for which the host is spared by its breaker. `lease` is the
--                           asker's, as token|job, or ''
--   end, used (0/1), lease  the answer began, or the request failed: the gap runs from here; not
--                           used: no request was made, the slot is free at once. A slot of another
--                           lease stays; '' ends anybody's
--   robots, crawl_ms, ttl_ms  the host's robots.txt is known, with this Crawl-delay
-- Closes: two requests to a host, from any two processes, that start too close to each other. The
-- gap runs from when the answer begins: only then has the request certainly arrived.
even_if_full()
local now, host = now_ms(), ARGV[2]
local key = P .. 'host:' .. host
local function token_of(lease) return string.match(lease, '^%d*') end

-- How long a host is spared whose breaker is not closed; a lease may become the probe.
local function spared_for(spared_ms, probe, lease)
  if spared_ms > now then return spared_ms - now end
  if probe == lease or lease == '' then return 0 end
  if is_held(probe) then return PROBE_AGAIN_MS end
  redis.call('HSET', key, 'probe', lease)
  return 0
end

if ARGV[1] == 'take' then
  local h = redis.call('HMGET', key, 'last_ms', 'hold_ms', 'crawl_ms', 'spared_ms', 'probe')
  local gap = math.max(tonumber(ARGV[3]), tonumber(h[3] or '0'))
  local spared = h[4] and spared_for(tonumber(h[4]), h[5], ARGV[5]) or 0
  if spared > 0 then return -spared end
  local wait = slot_free(h[1], h[2], gap) - now
  if wait > 0 then
    -- a held slot ends when its answer begins: look again soon, not only at its last moment
    if tonumber(h[2] or '0') > now then wait = math.min(wait, 50) end
    -- whoever waits here goes before new claims (see terms): it has work in its hands already
    redis.call('HSET', key, 'wanted_ms', whole(now + wait + 200))
    settle(host, now)
    return wait
  end
  redis.call('HSET', key, 'hold_ms', whole(now + tonumber(ARGV[4])), 'hold_by', token_of(ARGV[5]), 'wanted_ms', 0)
elseif ARGV[1] == 'end' then
  local holder = redis.call('HGET', key, 'hold_by') or ''
  if ARGV[4] ~= '' and holder ~= '' and holder ~= token_of(ARGV[4]) then return 0 end
  redis.call('HSET', key, 'hold_ms', 0, 'hold_by', '')
  if ARGV[3] == '1' then redis.call('HSET', key, 'last_ms', whole(now)) end
else
  redis.call('HSET', key, 'crawl_ms', ARGV[3], 'robots_ms', whole(now + tonumber(ARGV[4])))
end
redis.call('PEXPIRE', key, HOST_TTL_MS)
settle(host, now)
return 0
