-- The sliding-window log; the same state machine as window.rs. Prefix of limit.lua and release.lua.
-- KEYS: the log of the window, the log of the burst: lists of milliseconds, oldest first.
-- ARGV: limit, window, burst, span of the burst, time (all ms; an empty time means Redis's own).
local limit, window = tonumber(ARGV[1]), tonumber(ARGV[2])
local burst, span = tonumber(ARGV[3]), tonumber(ARGV[4])
local now = tonumber(ARGV[5])
if not now then
    local time = redis.call('TIME')
    now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end
local stamp = string.format('%.0f', now)

local function forget(log, length)
    local newest = tonumber(redis.call('LINDEX', log, -1))
    if not newest then
        return 0
    end
    if newest > now then
        -- The clock was set back: what now lies in the future happened just now.
        for i = redis.call('LLEN', log) - 1, 0, -1 do
            if tonumber(redis.call('LINDEX', log, i)) <= now then
                break
            end
            redis.call('LSET', log, i, stamp)
        end
        redis.call('PEXPIRE', log, length)
    end
    while true do
        local oldest = tonumber(redis.call('LINDEX', log, 0))
        if not oldest or now - oldest < length then
            break
        end
        redis.call('LPOP', log)
    end
    return redis.call('LLEN', log)
end

local taken = forget(KEYS[1], window)
local drawn = forget(KEYS[2], span)
