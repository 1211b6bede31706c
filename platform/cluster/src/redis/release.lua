-- Gives the newest entry back. KEYS as in limit.lua. Taken in the same millisecond, the
-- burst was drawn on last.
local taken = tonumber(redis.call('LINDEX', KEYS[1], -1))
local drawn = tonumber(redis.call('LINDEX', KEYS[2], -1))
if drawn and (not taken or drawn >= taken) then
    redis.call('RPOP', KEYS[2])
elseif taken then
    redis.call('RPOP', KEYS[1])
end
return 0
