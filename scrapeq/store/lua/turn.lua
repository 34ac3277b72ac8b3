-- The turn at a host, for requests after the one that a claim stands for.
-- ARGV: verb, host, then by verb
--   take, gap_ms, hold_ms   take the turn if it is free, and hold it until it is ended, at the most
--                           for hold_ms; result: 0, or the ms to wait and ask again
--   end, used (0/1)         the answer began, or the request failed: the gap runs from here; not
--                           used: no request was made, the turn is free at once
--   robots, crawl_ms, ttl_ms  the host's robots.txt is known, with this Crawl-delay
-- Closes: two requests to a host, from any two processes, that start too close to each other. The
-- gap runs from when the answer begins: only then has the request certainly arrived.
even_if_full()
local now, host = now_ms(), ARGV[2]
local key = P .. 'host:' .. host
if ARGV[1] == 'take' then
  local h = redis.call('HMGET', key, 'last_ms', 'hold_ms', 'crawl_ms')
  local gap = math.max(tonumber(ARGV[3]), tonumber(h[3] or '0'))
  local wait = turn_free(h[1], h[2], gap) - now
  if wait > 0 then
    -- a held turn ends when its answer begins: look again soon, not only at its last moment
    if tonumber(h[2] or '0') > now then wait = math.min(wait, 50) end
    -- whoever waits here goes before new claims (see terms): it has work in its hands already
    redis.call('HSET', key, 'wanted_ms', whole(now + wait + 200))
    settle(host, now)
    return wait
  end
  redis.call('HSET', key, 'hold_ms', whole(now + tonumber(ARGV[4])), 'hold_by', '', 'wanted_ms', 0)
elseif ARGV[1] == 'end' then
  redis.call('HSET', key, 'hold_ms', 0, 'hold_by', '')
  if ARGV[3] == '1' then redis.call('HSET', key, 'last_ms', whole(now)) end
else
  redis.call('HSET', key, 'crawl_ms', ARGV[3], 'robots_ms', whole(now + tonumber(ARGV[4])))
end
redis.call('PEXPIRE', key, HOST_TTL_MS)
settle(host, now)
return 0
