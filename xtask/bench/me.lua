-- wrk: POST /auth/me with one access token. Arguments: token.
function init(arguments)
  wrk.method = "POST"
  wrk.headers["Authorization"] = "Bearer " .. arguments[1]
end
