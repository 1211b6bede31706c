-- wrk: POST /payments, each with an Idempotency-Key of its own. Arguments: token, name of the run.
local threads = 0

function setup(thread)
  threads = threads + 1
  thread:set("number", threads)
end

function init(arguments)
  prefix = arguments[2] .. "-" .. number .. "-"
  count = 0
  body = '{"amount":1999,"currency":"EUR","description":"Two coffees","metadata":{"order":"A-1001"}}'
  headers = {
    ["Authorization"] = "Bearer " .. arguments[1],
    ["Content-Type"] = "application/json",
  }
end

function request()
  count = count + 1
  headers["Idempotency-Key"] = prefix .. count
  return wrk.format("POST", nil, headers, body)
end
