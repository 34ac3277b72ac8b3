-- Have resting workers look for due jobs. ARGV: how many workers
notify(tonumber(ARGV[1]))
