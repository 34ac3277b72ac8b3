-- End leases: the job is done, waits to be tried again, or is given back untried; and hear what its
-- try said about the host.
-- ARGV: the breaker's failures, open_ms, longest_ms, give_up_ms; then for each lease
--       id, token, verb (done | retry | release), wait_ms, said ("kind: message"),
--       verdict (good | failed | unreachable | limited | '': nothing), about (the host that it is about, where a
--       redirect led away; '': the job's own), spare_ms (how long a limited host is to be left alone)
-- Result: { ended, news }: how many leases were the caller's to end; what became of breakers, as
--         flat host, event (opened | given_up | closed), said.
-- Closes: a worker that was silent for longer than its lease, and comes back; two results that both
-- open or close a breaker.
even_if_full()
local now = now_ms()
local rules = { failures = tonumber(ARGV[1]), longest_ms = tonumber(ARGV[3]), give_up_ms = tonumber(ARGV[4]) }
local any_lost = redis.call('HLEN', P .. 'lost') > 0
local any_trouble = redis.call('EXISTS', TROUBLED) == 1
local ended, hosts, news = 0, {}, {}

local function hear(host, verdict, lease, is_first, spare_ms, said)
  if verdict == 'good' and not any_trouble then return end -- the usual case: nothing is asked
  any_trouble = true
  local least_ms = verdict == 'limited' and tonumber(spare_ms) or tonumber(ARGV[2])
  local event = judge(host, verdict, lease, is_first, least_ms, said, rules, now)
  if event then
    for _, value in ipairs({ host, event, said }) do news[#news + 1] = value end
  end
  hosts[host] = true
end

for i = 5, #ARGV, 8 do
  local id, token, verb, said, verdict, about = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 4], ARGV[i + 5], ARGV[i + 6]
  local held = redis.call('HGET', P .. 'held', id)
  if held and string.match(held, '^[^|]*') == token then
    local job = facts(id)
    local lease = token .. '|' .. id
    local lost = any_lost and tonumber(redis.call('HGET', P .. 'lost', id) or '0') or 0
    ended = ended + 1
    hosts[job.host] = true
    if verdict ~= '' then
      local is_first = verdict == 'failed' and tonumber(redis.call('HGET', P .. 'tries', id)) - lost == 1
      if about == '' then about = job.host end
      if about ~= job.host then hear(job.host, 'good', lease) end -- it answered: with a redirect
      hear(about, verdict, lease, is_first, ARGV[i + 7], said)
    end
    end_hold(job, token, now)
    unhold(id, job)
    if verb == 'done' then
      erase(id)
    else
      -- Tries that were lost with their workers do not count against the job any more.
      if lost > 0 then
        redis.call('HDEL', P .. 'lost', id)
        redis.call('HINCRBY', P .. 'tries', id, -lost)
      end
      if verb == 'retry' then
        redis.call('ZADD', P .. 'later', whole(now + tonumber(ARGV[i + 3])), id)
        redis.call('SADD', P .. 'waiting:' .. job.batch, id)
        redis.call('HSET', P .. 'why', id, said)
      else
        redis.call('HINCRBY', P .. 'tries', id, -1)
        redis.call('ZADD', P .. 'ready:' .. job.host, whole(job.score), id)
      end
    end
  end
end
for host in pairs(hosts) do settle(host, now) end
return { ended, news }
