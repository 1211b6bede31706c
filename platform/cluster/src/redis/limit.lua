-- Takes one. Answers {allowed, entries in the window, ms until reset, ms until retry}.
local allowed = 0
if taken < limit then
    redis.call('RPUSH', KEYS[1], stamp)
    redis.call('PEXPIRE', KEYS[1], window)
    taken, allowed = taken + 1, 1
elseif drawn < burst then
    redis.call('RPUSH', KEYS[2], stamp)
    redis.call('PEXPIRE', KEYS[2], span)
    allowed = 1
end

local reset, retry = 0, 0
local newest = tonumber(redis.call('LINDEX', KEYS[1], -1))
if newest then
    reset = newest + window - now
end
if allowed == 0 then
    retry = window
    local oldest = tonumber(redis.call('LINDEX', KEYS[1], 0))
    local first = tonumber(redis.call('LINDEX', KEYS[2], 0))
    if oldest then
        retry = oldest + window - now
    end
    if first and (not oldest or first + span - now < retry) then
        retry = first + span - now
    end
end
return { allowed, taken, reset, retry }
