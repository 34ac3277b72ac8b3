-- End leases: the job is done, waits to be tried again, is given back untried, goes on in another
-- lane, or is left to wait for a host; and take in what its try reports about the host.
-- ARGV: the breaker's failures, first_failures, open_ms, longest_ms, give_up_ms; then for each lease
--       id, token, verb (done | retry | release | move | leave), wait_ms (of retry), lane (of move),
--       error_kind, error_message, verdict (good | failed | unreachable | limited | '': nothing),
--       about (the host that it is about, where a redirect led away; '': the job's own),
--       pause_ms (how long a limited host is to be left alone), is_named (1: the server said so),
--       host, gap_ms, trail (of leave and retry: the host under which the job goes on, '' for the same,
--       its gap there, and where the fetch was left, '' for its beginning)
-- Result: { ended, events }: how many leases the caller still held; the events of breakers, as
--         { host, event (opened | given_up | closed), error_kind, error_message } each.
-- Closes: a worker that was silent for longer than its lease, and comes back; two results that both
-- open or close a breaker.
even_if_full()
local now = now_ms()
local rules = { failures = tonumber(ARGV[1]), first_failures = tonumber(ARGV[2]),
                longest_ms = tonumber(ARGV[4]), give_up_ms = tonumber(ARGV[5]) }
local any_lost = redis.call('HLEN', P .. 'lost') > 0
local any_failing = redis.call('EXISTS', FAILING) == 1
local ended, hosts, events = 0, {}, {}
local GOOD = { verdict = 'good' }

local function take_in(host, report, token, is_first)
  if report.verdict == 'good' and not any_failing then return end -- the usual case: no more reads
  any_failing = true
  local least_ms = report.verdict == 'limited' and report.pause_ms or tonumber(ARGV[3])
  local event = judge(host, report, token, is_first, least_ms, rules, now)
  if event then
    events[#events + 1] = { host, event, report.error_kind or '', report.error_message or '' }
  end
  hosts[host] = true
end

-- The job goes on under another host, with another trail.
local function file_under(id, job, host, gap, trail)
  job.host, job.gap = host, gap
  redis.call('HSET', P .. 'job', id, packed(id, job))
  if trail == '' then redis.call('HDEL', P .. 'trail', id) else redis.call('HSET', P .. 'trail', id, trail) end
  hosts[host] = true
end

-- A retry goes behind so many of the jobs that are due at its host and of its priority. Otherwise a few
-- pages would use up all their tries, while others that tell more about the host wait.
local function stand_behind(id, job, count)
  if count <= 0 then return end
  local due = redis.call('ZRANGE', ready_in(job.lane, job.host), 0, math.min(count, 100) - 1, 'WITHSCORES')
  for i = #due, 2, -2 do
    local score = tonumber(due[i])
    if math.floor(score / SPAN) == job.priority then
      if score <= job.score then return end
      job.seq = score - job.priority * SPAN + 1 -- add.lua leaves numbers free between two jobs
      return redis.call('HSET', P .. 'job', id, packed(id, job))
    end
  end
end

for i = 6, #ARGV, 14 do
  local id, token, verb, about = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 8]
  if is_held(id, token) then
    local job = facts(id)
    local lost = any_lost and losses(id) or 0
    local report = { verdict = ARGV[i + 7], error_kind = ARGV[i + 5], error_message = ARGV[i + 6],
                     pause_ms = tonumber(ARGV[i + 9]), is_named = ARGV[i + 10] == '1' }
    ended = ended + 1
    hosts[job.host] = true
    if report.verdict ~= '' then
      local failed = report.verdict == 'failed' or report.verdict == 'unreachable'
      local is_first = failed and tonumber(redis.call('HGET', P .. 'tries', id)) - lost == 1
      if about == '' then about = job.host end
      if about ~= job.host then take_in(job.host, GOOD, token) end -- it answered: with a redirect
      take_in(about, report, token, is_first)
    end
    end_hold(job, token, now, report.verdict == 'good' or (report.verdict ~= '' and about ~= job.host))
    unhold(id, job)
    if verb == 'done' then
      erase(id, job)
    else
      -- Tries that were lost with their workers do not count against the job any more.
      if lost > 0 then
        redis.call('HDEL', P .. 'lost', id)
        redis.call('HINCRBY', P .. 'tries', id, -lost)
      end
      if ARGV[i + 11] ~= '' then file_under(id, job, ARGV[i + 11], tonumber(ARGV[i + 12]), ARGV[i + 13]) end
      if verb == 'retry' and about == job.host then stand_behind(id, job, still_to_tell(about, rules)) end
      if verb == 'retry' then
        redis.call('ZADD', P .. 'later', whole(now + tonumber(ARGV[i + 3])), id)
        redis.call('SADD', P .. 'waiting:' .. job.batch, id)
        redis.call('HSET', P .. 'errors', id, cjson.encode({ report.error_kind, report.error_message }))
      else
        redis.call('HINCRBY', P .. 'tries', id, -1)
        if verb == 'move' then
          count_lane(job.lane, -1)
          job.lane = ARGV[i + 4]
          count_lane(job.lane, 1)
          redis.call('HSET', P .. 'job', id, packed(id, job))
        end
        redis.call('ZADD', ready_in(job.lane, job.host), whole(job.score), id)
      end
    end
  end
end
for host in pairs(hosts) do settle(host, now) end
return { ended, events }
