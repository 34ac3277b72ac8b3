-- The breaker of something that is no host of jobs, asked about call by call.
-- ARGV: verb, name, call (its own id), then by verb
--   ask, hold_ms            may the call be made? result: { 0, '' } or { ms that it is spared, said }.
--                           While it is half open, one call at a time may, for hold_ms at the most
--   tell, verdict, said, failures, open_ms, longest_ms   what came of the call, see judge;
--                           result: opened, closed or ''
-- Closes: two calls that both take themselves for the one probe.
even_if_full()
local now, name, call = now_ms(), ARGV[2], ARGV[3]
local key = P .. 'host:' .. name
local b = redis.call('HMGET', key, 'spared_ms', 'probe', 'probe_ms', 'said')
if ARGV[1] == 'ask' then
  if not b[1] then return { 0, '' } end
  local wait = tonumber(b[1]) - now
  if wait <= 0 and b[2] ~= '' then wait = tonumber(b[3]) - now end
  if wait > 0 then return { wait, b[4] } end
  redis.call('HSET', key, 'probe', call, 'probe_ms', whole(now + tonumber(ARGV[4])))
  return { 0, '' }
end
if ARGV[4] == '' then
  if b[2] == call then redis.call('HSET', key, 'probe', '') end
  return ''
end
local rules = { failures = tonumber(ARGV[6]), longest_ms = tonumber(ARGV[8]), give_up_ms = math.huge }
return judge(name, ARGV[4], call, true, tonumber(ARGV[7]), ARGV[5], rules, now) or ''
