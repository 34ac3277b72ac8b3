-- The host of a lease has answered, and its job waits for something else: its place there is free.
-- ARGV: id, token
-- Result: 1, or 0 where the lease is another's by now.
-- Closes: a worker that lost its lease takes no place away from the one that has it.
even_if_full()
local id, token = ARGV[1], ARGV[2]
if not is_held(id, token) then return 0 end
local job = facts(id)
redis.call('SREM', P .. 'busy:' .. job.host, id)
settle(job.host, now_ms())
return 1
