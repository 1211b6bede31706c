-- A plain GET as a client library sends it.
wrk.headers["User-Agent"] = "marquis-bench/1.0"
wrk.headers["Accept"] = "*/*"
