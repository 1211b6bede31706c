-- wrk: GET with one access token. Arguments: token.
function init(arguments)
  wrk.headers["Authorization"] = "Bearer " .. arguments[1]
end
