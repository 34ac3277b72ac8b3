-- Let go of a lock. ARGV: name, proof
-- Closes: a lock that ended, and that another process took between a look and the removal.
local key = P .. 'lock:' .. ARGV[1]
if string.match(redis.call('GET', key) or '', ' (.+)$') == ARGV[2] then redis.call('DEL', key) end
return 0
