//! Bad input that arrives as well-formed HTTP: a clear answer that lists every wrong field,
//! never a 500.

use marquis_tests::api::{PASSWORD, no_defects, send, unique};
use marquis_tests::{Answer, Api};
use reqwest::Method;
use serde_json::{Value, json};

use crate::shared;

async fn raw(api: &Api, token: &str, path: &str, body: impl Into<Vec<u8>>) -> Answer {
    let request = api.request(Method::POST, path).bearer_auth(token);
    send(request.header("content-type", "application/json").body(body.into())).await
}

#[tokio::test]
async fn what_is_not_json_is_a_400() {
    let api = shared::unguarded().await.api();
    let token = api.register().await.access;
    let deep = [vec![b'['; 100_000], vec![b']'; 100_000]].concat();
    let deep_objects = "{\"a\":".repeat(5_000) + "1" + &"}".repeat(5_000);
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("empty", b"".to_vec()),
        ("cut off", b"{\"amount\": 1".to_vec()),
        ("trailing", b"{\"amount\":1,\"currency\":\"EUR\"} x".to_vec()),
        ("two documents", b"{\"amount\":1,\"currency\":\"EUR\"}{}".to_vec()),
        ("not an object", b"[1, 2]".to_vec()),
        ("null", b"null".to_vec()),
        ("single quotes", b"{'amount': 1}".to_vec()),
        ("a comment", b"{\"amount\":1 /* one */}".to_vec()),
        ("NaN", b"{\"amount\":NaN,\"currency\":\"EUR\"}".to_vec()),
        ("invalid UTF-8", b"{\"amount\":1,\"currency\":\"\xff\xfe\"}".to_vec()),
        ("a lone surrogate", b"{\"amount\":1,\"currency\":\"\\ud800\"}".to_vec()),
        ("UTF-16", "{\"amount\":1}".encode_utf16().flat_map(u16::to_le_bytes).collect()),
        ("deep arrays", [b"{\"metadata\":".to_vec(), deep, b"}".to_vec()].concat()),
        ("deep objects", deep_objects.into_bytes()),
        ("a repeated name", b"{\"amount\":1,\"amount\":2,\"currency\":\"EUR\"}".to_vec()),
        ("NUL in a name", b"{\"amount\":1,\"currency\":\"EUR\",\"\\u0000\":1}".to_vec()),
    ];
    for (what, body) in cases {
        for path in ["/api/v1/payments", "/api/v1/auth/login", "/api/v1/auth/refresh"] {
            let answer = raw(&api, &token, path, body.clone()).await;
            assert_eq!(answer.status, 400, "{what} to {path}: {answer:?}");
            answer.expect_problem(400);
        }
    }
}

#[tokio::test]
async fn every_wrong_field_is_named() {
    let api = shared::unguarded().await.api();
    let account = api.register().await;
    let token = &account.access;
    api.post("/api/v1/auth/register", &json!({}))
        .await
        .expect_fields(&["email", "password", "username"]);
    let body = json!({ "email": "nonsense", "password": "weak", "username": "", "admin": true });
    api.post("/api/v1/auth/register", &body)
        .await
        .expect_fields(&["admin", "email", "password", "username"]);
    let body = json!({ "email": 1, "password": null, "username": ["x"] });
    api.post("/api/v1/auth/register", &body)
        .await
        .expect_fields(&["email", "password", "username"]);
    let body = json!({ "amount": "1", "currency": "EURO", "description": 7, "metadata": [], "status": "succeeded" });
    let answer = api.post_as(token, "/api/v1/payments", &body).await;
    answer.expect_fields(&["amount", "currency", "description", "metadata", "status"]);
    api.post("/api/v1/auth/login", &json!({ "email": "a@example.org" }))
        .await
        .expect_fields(&["password"]);
    api.post("/api/v1/auth/login", &json!({ "Email": "a@example.org", "password": "x" }))
        .await
        .expect_fields(&["Email", "email"]);
}

#[tokio::test]
async fn weak_passwords_are_refused_with_a_reason() {
    let api = shared::unguarded().await.api();
    let name = unique("weak");
    let email = format!("{name}@example.org");
    for password in
        ["", "Pass1!", "password", "alllowercase1", "12345678", &email, &name, &"Aa1!".repeat(300)]
    {
        let body = json!({ "email": email, "password": password, "username": name });
        api.post("/api/v1/auth/register", &body).await.expect_fields(&["password"]);
    }
    // Beyond bcrypt's 72 bytes nothing is cut off.
    let long = format!("{}1", PASSWORD.repeat(20));
    let body = json!({ "email": email, "password": long, "username": name });
    api.post("/api/v1/auth/register", &body).await.expect(201);
    api.login(&email, &long).await.expect(200);
    api.login(&email, &format!("{}2", PASSWORD.repeat(20))).await.expect_problem(401);
}

#[tokio::test]
async fn amounts_are_positive_integers_of_a_known_currency() {
    let api = shared::unguarded().await.api();
    let token = api.register().await.access;
    for amount in [
        "-1",
        "0",
        "-0",
        "1.5",
        "1.0",
        "1e3",
        "9223372036854775807",
        "9223372036854775808",
        "-9223372036854775809",
        "1e400",
        "123456789012345678901234567890",
        "\"100\"",
        "true",
        "null",
        "[]",
    ] {
        let body = format!("{{\"amount\":{amount},\"currency\":\"EUR\"}}");
        let answer = raw(&api, &token, "/api/v1/payments", body).await;
        assert_eq!(answer.status, 400, "{amount}: {answer:?}");
        answer.expect_problem(400);
    }
    for currency in ["", "eur", "EU", "EURO", "XXX", "XTS", "XAU", "ZZZ", "€", "E\u{0}R", "EUR "]
    {
        let body = json!({ "amount": 1, "currency": currency });
        let answer = api.post_as(&token, "/api/v1/payments", &body).await;
        assert_eq!(answer.status, 400, "{currency:?}: {answer:?}");
        answer.expect_problem(400);
    }
    let text = |length: usize| "x".repeat(length);
    for body in [
        json!({ "amount": 1, "currency": "EUR", "description": text(501) }),
        json!({ "amount": 1, "currency": "EUR", "description": "a\u{0}b" }),
        json!({ "amount": 1, "currency": "EUR", "metadata": { "k": text(501) } }),
        json!({ "amount": 1, "currency": "EUR", "metadata": { "": "v" } }),
        json!({ "amount": 1, "currency": "EUR", "metadata": { "k": 1 } }),
        json!({ "amount": 1, "currency": "EUR", "metadata": { "k": { "nested": "v" } } }),
    ] {
        let answer = api.post_as(&token, "/api/v1/payments", &body).await;
        assert_eq!(answer.status, 400, "{body}: {answer:?}");
        answer.expect_problem(400);
    }
    let list = api.get_as(&token, "/api/v1/payments").await.expect(200).json();
    assert_eq!(list["meta"]["total"], 0, "none of them was made");
}

#[tokio::test]
async fn other_content_types_and_encodings_are_a_415() {
    let api = shared::unguarded().await.api();
    let token = api.register().await.access;
    let body = json!({ "amount": 1, "currency": "EUR" }).to_string();
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/xml",
        "nonsense",
        "",
    ] {
        let request = api.request(Method::POST, "/api/v1/payments").bearer_auth(&token);
        let answer = send(request.header("content-type", kind).body(body.clone())).await;
        assert_eq!(answer.status, 415, "{kind}: {answer:?}");
        answer.expect_problem(415);
    }
    let request = api.request(Method::POST, "/api/v1/payments").bearer_auth(&token);
    let request =
        request.header("content-type", "application/json").header("content-encoding", "gzip");
    send(request.body(body.clone())).await.expect_problem(415);
    let request = api.request(Method::POST, "/api/v1/payments").bearer_auth(&token);
    let request = request.header("content-type", "application/json; charset=utf-8");
    send(request.body(body)).await.expect(201);
}

#[tokio::test]
async fn oversized_bodies_are_a_413() {
    let api = shared::unguarded().await.api();
    let token = api.register().await.access;
    let body = |size: usize| {
        format!("{{\"amount\":1,\"currency\":\"EUR\",\"description\":\"{}\"}}", "x".repeat(size))
    };
    for size in [2 * 1024 * 1024, 11 * 1024 * 1024] {
        let request = api.request(Method::POST, "/api/v1/payments").bearer_auth(&token);
        let request = request.header("content-type", "application/json").body(body(size));
        // A server that has said 413 need not read on; then the client may see the end of
        // the connection instead of the answer.
        if let Ok(answer) = marquis_tests::api::try_send(request).await {
            answer.expect_problem(413);
        }
    }
    let list = api.get_as(&token, "/api/v1/payments").await.expect(200).json();
    assert_eq!(list["meta"]["total"], 0);
}

#[tokio::test]
async fn unknown_routes_are_a_404_and_methods_a_405_that_says_which() {
    let api = shared::unguarded().await.api();
    let token = api.register().await.access;
    for path in [
        "/nothing",
        "/api",
        "/api/v1",
        "/api/v1/nothing",
        "/api/v1/auth/nothing",
        "/api/v1/payments/x/y/z",
        "/internal/revocations",
        "/api/v1/internal/revocations",
        "/a/internal/revocations",
        "/metrics",
        "/a/metrics",
        "/b/metrics",
        "/api/v1/metrics",
        "/api/v1/auth/../internal/revocations",
        "/api/v1/auth/%2e%2e/internal/revocations",
        "/a/%2e%2e/metrics",
        "/a//metrics",
        "/a/./metrics",
    ] {
        let answer = api.get_as(&token, path).await;
        assert!([400, 404].contains(&answer.status), "{path}: {answer:?}");
        answer.expect_problem(answer.status);
    }
    for path in
        ["/api/admin", "/api/admin/", "/api/admin/users", "/api/v1/admin/metrics", "/api/%61dmin"]
    {
        let answer = api.get_as(&token, path).await;
        assert_eq!(answer.status, 403, "{path}: {answer:?}");
        answer.expect_problem(403);
    }
    for (method, path, allowed) in [
        (Method::GET, "/api/v1/auth/login", "POST"),
        (Method::DELETE, "/api/v1/auth/register", "POST"),
        (Method::PUT, "/api/v1/auth/me", "GET"),
        (Method::DELETE, "/api/v1/payments", "POST"),
        (Method::POST, "/.well-known/jwks.json", "GET"),
        (Method::POST, "/health", "GET"),
        (Method::from_bytes(b"BREW").expect("a token"), "/api/v1/payments", "GET"),
    ] {
        let answer = send(api.request(method.clone(), path).bearer_auth(&token)).await;
        assert_eq!(answer.status, 405, "{method} {path}: {answer:?}");
        answer.expect_problem(405);
        let allow = answer.header("allow");
        assert!(
            allow.split(',').any(|one| one.trim() == allowed),
            "{method} {path}: Allow {allow:?}"
        );
    }
}

#[tokio::test]
async fn ids_in_paths_are_checked() {
    let api = shared::unguarded().await.api();
    let token = api.register().await.access;
    for id in [
        "x",
        "pay_",
        "pay_0",
        "00000000-0000-0000-0000-000000000000",
        "%00",
        "%ff",
        "%E2%82%AC",
        "'--",
        &"a".repeat(4_000),
    ] {
        let answer = api.get_as(&token, &format!("/api/v1/payments/{id}")).await;
        assert!([400, 404].contains(&answer.status), "{id}: {answer:?}");
        answer.expect_problem(answer.status);
        let request = api.request(Method::DELETE, &format!("/api/v1/auth/sessions/{id}"));
        let answer = send(request.bearer_auth(&token)).await;
        assert!([400, 404].contains(&answer.status), "{id}: {answer:?}");
    }
}

#[tokio::test]
async fn no_secret_and_no_personal_data_reach_the_log() {
    let installation = shared::unguarded().await;
    let api = installation.api();
    let account = api.register().await;
    api.login(&account.email, PASSWORD).await.expect(200);
    api.login(&account.email, "Guess-that-was-wrong-1").await.expect_problem(401);
    let next = api.refresh(&account.refresh).await.expect(200).text_at("/refresh_token");
    raw(
        &api,
        &account.access,
        "/api/v1/auth/login",
        format!("{{\"password\":\"Cut-off-secret-1\",\"email\":\"{}\"", account.email),
    )
    .await
    .expect(400);
    api.get_as("eyJ.not-a-token.at-all", "/api/v1/payments").await.expect_problem(401);
    api.get(&format!("/api/v1/auth/me?access_token={}", account.access)).await.expect_problem(401);
    let payment = json!({ "amount": 1, "currency": "EUR", "description": "private-words-17" });
    api.post_as(&account.access, "/api/v1/payments", &payment).await.expect(201);
    // What was asked last has been written when its line is there.
    let mark = unique("mark");
    api.get(&format!("/nothing/{mark}")).await.expect(404);
    marquis_testkit::eventually(marquis_tests::PATIENCE, || async {
        installation.process().log().contains(&mark)
    })
    .await;
    let log = installation.process().log();
    no_defects(&log);
    let signature = account.access.rsplit('.').next().expect("a signature");
    for secret in [
        PASSWORD,
        "Guess-that-was-wrong-1",
        "Cut-off-secret-1",
        account.email.as_str(),
        signature,
        account.refresh.as_str(),
        next.as_str(),
        marquis_tests::installation::MASTER_KEY,
        "private-words-17",
        shared::STRIPE_SECRET,
        "not-a-token",
    ] {
        let line = log.lines().find(|line| line.contains(secret));
        assert!(line.is_none(), "{secret} in {line:?}");
    }
    for line in log.lines().filter(|line| line.starts_with('{')) {
        let entry: Value =
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        for field in ["timestamp", "level", "service", "message"] {
            assert!(entry.get(field).is_some(), "{field} in {line}");
        }
    }
}
