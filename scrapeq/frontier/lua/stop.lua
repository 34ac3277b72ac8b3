-- Start no job of a batch from now on.
-- ARGV: batch, state (paused | cancelled)
-- Result: 0
-- Closes: a full Redis, which would refuse the plain command, when cancelling makes room in it.
even_if_full()
redis.call('HSET', P .. 'stopped', ARGV[1], ARGV[2])
return 0
