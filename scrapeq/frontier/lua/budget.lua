-- What may be spent, over all workers; of the record's sums (see database/ai_spending.py).
-- ARGV: verb, name, then by verb; amounts are whole, and below 2^53
--   reserve, call, most, budget, hold_ms   may a call be made that costs `most` at the most? result:
--                  { 'granted' } | { 'wait' }: there may be room when calls under way are settled |
--                  { 'spent', amount }: there is none | { 'unknown', epoch }: this Redis knows nothing of
--                  the budget; whoever asks reads the record, and seeds it
--   seed, epoch, hold_ms, spent, then call and most of each call under way   what the record says; not
--                  where it is known already, nor where Redis was emptied since `epoch` was read. result:
--                  1 if it is known now
--   settle, call, amount   what the call cost. result: 1, or 0 if it is not under way
-- A call that is not settled within hold_ms has lost its worker: it is spent, at its most.
-- Closes: two calls that both take the last room; a rebuilding that forgets a call under way (each is in
-- the record before it asks here).
local epoch = redis.call('GET', P .. 'epoch')
if not epoch then return redis.error_reply('NOEPOCH this Redis is not known to the record') end
even_if_full()
local DAY_MS = 86400000
local now, verb, key = now_ms(), ARGV[1], P .. 'budget:' .. ARGV[2]

local function under_way(most, hold_ms) return whole(most) .. ' ' .. whole(now + tonumber(hold_ms)) end

if verb == 'seed' then
  if ARGV[3] ~= epoch then return 0 end
  if redis.call('EXISTS', key) == 1 then return 1 end
  redis.call('HSET', key, 'spent', ARGV[5])
  for i = 6, #ARGV, 2 do redis.call('HSET', key, 'call:' .. ARGV[i], under_way(tonumber(ARGV[i + 1]), ARGV[4])) end
  redis.call('PEXPIRE', key, DAY_MS)
  return 1
end

if verb == 'settle' then
  local field = 'call:' .. ARGV[3]
  if redis.call('HDEL', key, field) == 0 then return 0 end
  redis.call('HINCRBY', key, 'spent', ARGV[4])
  redis.call('PEXPIRE', key, DAY_MS)
  return 1
end

if redis.call('EXISTS', key) == 0 then return { 'unknown', epoch } end
local call, most, budget = 'call:' .. ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
local known = redis.call('HGETALL', key)
local spent, open = 0, 0
for i = 1, #known, 2 do
  local field, value = known[i], known[i + 1]
  if field == 'spent' then
    spent = spent + tonumber(value)
  elseif field ~= call then -- it may be there already: asked twice, or seeded before it could ask
    local amount, until_ms = string.match(value, '^(%d+) (%d+)$')
    if tonumber(until_ms) <= now then
      redis.call('HDEL', key, field)
      redis.call('HINCRBY', key, 'spent', amount)
      spent = spent + tonumber(amount)
    else
      open = open + tonumber(amount)
    end
  end
end
if spent + open + most <= budget then
  redis.call('HSET', key, call, under_way(most, ARGV[6]))
  redis.call('PEXPIRE', key, DAY_MS)
  return { 'granted' }
end
redis.call('HDEL', key, call)
if open > 0 and spent + most <= budget then return { 'wait' } end
return { 'spent', whole(spent + open) }
