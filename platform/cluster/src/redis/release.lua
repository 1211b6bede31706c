-- Gives the newest entry back. Taken in the same millisecond, the burst was drawn on last.
local within = tonumber(redis.call('LINDEX', KEYS[1], -1))
local above = tonumber(redis.call('LINDEX', KEYS[2], -1))
if above and (not within or above >= within) then
    redis.call('RPOP', KEYS[2])
elseif within then
    redis.call('RPOP', KEYS[1])
end
return 0
