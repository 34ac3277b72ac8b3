-- Tell of a worker's browser, note what needs one, and learn what others have noted since.
-- ARGV: worker, about (its browser, as JSON; '': it has none), silent_ms, kept_ms, most (notes kept),
--       since (the `newest` of the last call; '': learn all), then what needs a browser
-- Result: { is_any (1: a worker has a browser), newest, { what needs one, for how many ms, ... } }
-- Closes: two workers that note, and one that looks in between and would miss a note.
even_if_full()
local BROWSERS, NEEDS = P .. 'browsers', P .. 'needs'
local now = now_ms()
local worker, about = ARGV[1], ARGV[2]
local silent_ms, kept_ms, most = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])

if about ~= '' then
  redis.call('HSET', BROWSERS, worker, cjson.encode({ now, about }))
  redis.call('PEXPIRE', BROWSERS, silent_ms)
end
local is_any = 0
local notes = redis.call('HGETALL', BROWSERS)
for i = 1, #notes, 2 do
  if cjson.decode(notes[i + 1])[1] < now - silent_ms then
    redis.call('HDEL', BROWSERS, notes[i])
  else
    is_any = 1
  end
end

for i = 7, #ARGV do redis.call('ZADD', NEEDS, whole(now + kept_ms), ARGV[i]) end
if #ARGV >= 7 then
  redis.call('ZREMRANGEBYSCORE', NEEDS, '-inf', whole(now))
  redis.call('ZREMRANGEBYRANK', NEEDS, 0, -most - 1)
  redis.call('PEXPIRE', NEEDS, kept_ms)
end
local since = ARGV[6] == '' and now or tonumber(ARGV[6])
local known = redis.call('ZRANGE', NEEDS, whole(since), '+inf', 'BYSCORE', 'WITHSCORES')
local newest, learned = since, {}
for i = 1, #known, 2 do
  newest = math.max(newest, tonumber(known[i + 1]))
  learned[i], learned[i + 1] = known[i], whole(tonumber(known[i + 1]) - now)
end
return { is_any, whole(newest), learned }
