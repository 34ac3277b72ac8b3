-- Remove jobs, running ones too: their workers notice it when they renew.
-- ARGV: ids
-- Result: how many were known.
even_if_full()
local now, known = now_ms(), 0
for _, id in ipairs(ARGV) do
  if forget(id, now) then known = known + 1 end
end
return known
