-- The slot at a host, for requests after the one that a claim stands for.
-- ARGV: verb, host, then by verb
--   take, gap_ms, hold_ms, token, job, at_most_ms, number   take the slot if it is free, and hold it
--                           until it is ended, at the most for hold_ms; result: { 'taken' }; { 'wait',
--                           ms to wait and ask again }; { 'open', ms for which no request may be sent,
--                           because the breaker is open }. token and job are the lease that asks, or ''.
--                           It waits for at_most_ms if it has to ('': as long as it takes), or goes
--                           away. number: which of the lease's slots it is; 0 is its claim's. What it
--                           holds already it is given again
--   end, used (0/1), token, number  the answer began, or the request failed: the gap runs from here;
--                           not used: no request was made, the slot is free at once. Another slot
--                           stays, another lease's or a later one's; '' ends anybody's;
--                           result: { 'ended' }
--   robots, crawl_ms, ttl_ms  the host's robots.txt is known, with this Crawl-delay; result likewise
-- Closes: two requests to a host, from any two processes, that start too close to each other. The
-- gap runs from when the answer begins: only then has the request certainly arrived.
even_if_full()
local now, host = now_ms(), ARGV[2]
local key = P .. 'host:' .. host

-- For how long no request may be sent to a host whose breaker is not closed; a lease may become the
-- probe.
local function open_for(open_until_ms, probe, probe_job, token, job)
  if open_until_ms > now then return open_until_ms - now end
  if probe == token or token == '' then return 0 end
  if is_held(probe_job, probe) then return PROBE_AGAIN_MS end
  redis.call('HSET', key, 'probe', token, 'probe_job', job)
  return 0
end

if ARGV[1] == 'take' then
  -- After Redis was emptied, the pace of the host is put back first.
  if not redis.call('GET', P .. 'epoch') then return redis.error_reply('NOEPOCH this Redis is not known to the record') end
  local token, job = ARGV[5], ARGV[6]
  local h = redis.call('HMGET', key, 'last_ms', 'hold_ms', 'crawl_ms', 'open_until_ms', 'probe', 'probe_job', 'hold_by')
  local gap = math.max(tonumber(ARGV[3]), tonumber(h[3] or '0'))
  local open_ms = h[4] and open_for(tonumber(h[4]), h[5], h[6], token, job) or 0
  if open_ms > 0 then return { 'open', open_ms } end
  -- its own slot: the answer to an earlier call was lost, or its claim's is not used yet
  local is_ours = token ~= '' and h[7] == token and tonumber(h[2]) > now
  local wait = is_ours and 0 or slot_free(h[1], h[2], gap) - now
  if wait > 0 then
    -- a held slot ends when its answer begins: look again soon, not only at its last moment
    if tonumber(h[2] or '0') > now then wait = math.min(wait, 50) end
    if wait <= (tonumber(ARGV[7]) or math.huge) then
      -- a request that waits here goes before new claims (see terms): its job is under way
      redis.call('HSET', key, 'wanted_ms', whole(now + wait + 200))
      settle(host, now)
    end
    return { 'wait', wait }
  end
  redis.call('HSET', key, 'hold_ms', whole(now + tonumber(ARGV[4])), 'hold_by', token, 'hold_number', ARGV[8],
    'wanted_ms', 0)
elseif ARGV[1] == 'end' then
  local h = redis.call('HMGET', key, 'hold_by', 'hold_number')
  local holder, token = h[1] or '', ARGV[4]
  if token ~= '' and holder ~= '' and (holder ~= token or h[2] ~= ARGV[5]) then return { 'ended' } end
  redis.call('HSET', key, 'hold_ms', 0, 'hold_by', '')
  if ARGV[3] == '1' then redis.call('HSET', key, 'last_ms', whole(now)) end
else
  redis.call('HSET', key, 'crawl_ms', ARGV[3], 'robots_ms', whole(now + tonumber(ARGV[4])))
end
redis.call('PEXPIRE', key, HOST_TTL_MS)
settle(host, now)
return { ARGV[1] == 'take' and 'taken' or 'ended' }
