-- The breaker of something that is no host of jobs, asked about call by call.
-- ARGV: verb, name, call (its own id), then by verb
--   ask, hold_ms            may the call be made? result: { 'allowed' } or { 'open', ms for which no
--                           call may be made, error_kind, error_message }. While it is half open,
--                           one call at a time may, for hold_ms at the most
--   report, verdict, error_kind, error_message, failures, open_ms, longest_ms   the result of the
--                           call, see judge; result: opened, closed or ''
-- Closes: two calls that both take themselves for the one probe.
even_if_full()
local now, name, call = now_ms(), ARGV[2], ARGV[3]
local key = P .. 'host:' .. name
local b = redis.call('HMGET', key, 'open_until_ms', 'probe', 'probe_ms', 'error_kind', 'error_message')
if ARGV[1] == 'ask' then
  if not b[1] then return { 'allowed' } end
  local wait = tonumber(b[1]) - now
  if wait <= 0 and b[2] ~= '' then wait = tonumber(b[3]) - now end
  if wait > 0 then return { 'open', wait, b[4], b[5] } end
  redis.call('HSET', key, 'probe', call, 'probe_ms', whole(now + tonumber(ARGV[4])))
  return { 'allowed' }
end
local report = { verdict = ARGV[4], error_kind = ARGV[5], error_message = ARGV[6] }
if report.verdict == '' then
  if b[2] == call then redis.call('HSET', key, 'probe', '') end
  return ''
end
local rules = { failures = tonumber(ARGV[7]), longest_ms = tonumber(ARGV[9]), give_up_ms = math.huge }
return judge(name, report, call, true, tonumber(ARGV[8]), rules, now) or ''
