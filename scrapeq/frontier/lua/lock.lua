-- Hold a name for a time, or hold it for longer. ARGV: name, proof, ms
-- Result: 1 if it was free or is the caller's, 0 if another has it.
-- Closes: two that take it at once; a lock that ended, and that its holder takes for its own.
-- The key says itself when the lock ends: Redis would keep an expiring key for an hour longer if its
-- clock went back by one.
local now = now_ms()
local key, proof = P .. 'lock:' .. ARGV[1], ARGV[2]
local ends, holder = string.match(redis.call('GET', key) or '', '^(%d+) (.+)$')
if holder and holder ~= proof and tonumber(ends) > now then return 0 end
redis.call('SET', key, whole(now + tonumber(ARGV[3])) .. ' ' .. proof, 'PX', ARGV[3])
return 1
