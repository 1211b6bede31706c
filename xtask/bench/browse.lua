-- A GET as a browser sends it, with a query and cookies.
wrk.path = "/bench?search=%D0%98%D0%B2%D0%B0%D0%BD&limit=20&offset=40&isOnline=true"
wrk.headers["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
wrk.headers["Accept"] = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
wrk.headers["Accept-Language"] = "ru-RU,ru;q=0.9,en-US;q=0.7,en;q=0.3"
wrk.headers["Referer"] = "https://localhost/people?page=2"
wrk.headers["Cookie"] = "theme=dark; lang=ru; _ga=GA1.1.123456789.1700000000; sid=0123456789abcdef0123456789abcdef"
