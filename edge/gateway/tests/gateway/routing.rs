//! The table every installation has: canonical paths, aliases, health, documentation, and what is
//! never reachable.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::routing::{any, get};
use marquis_config::sections::gateway::{AuthMode, HostHeader};
use marquis_contracts::identity::Principal;
use marquis_http::{ClientAddr, OriginalPath};
use serde_json::{Value, json};

use crate::support::{Backend, Rig, problem, route, settings, upstream};

/// A service that tells what it was given.
fn service(name: &'static str) -> Router {
    let tell = move |request: Request| async move {
        let extensions = request.extensions();
        axum::Json(json!({
            "server": name,
            "target": request.uri().to_string(),
            "client": extensions.get::<ClientAddr>().map(|client| client.0.to_string()),
            "original": extensions.get::<OriginalPath>().map(|path| path.0.to_string()),
            "user": extensions.get::<Arc<Principal>>().map(|user| user.user_id.to_string()),
        }))
    };
    let health = move || async move { axum::Json(json!({"status": "ok", "name": name})) };
    Router::new().route("/health", get(health)).fallback(any(tell))
}

async fn in_process() -> Rig {
    let names = ["auth", "users", "chat", "notifications", "payments"];
    let services = names.map(|name| (name.to_owned(), service(name)));
    Rig::start(settings(), BTreeMap::from(services)).await
}

#[tokio::test]
async fn every_path_leads_to_its_service() {
    let rig = in_process().await;
    for (path, server, target) in [
        ("/api/v1/auth/login", "auth", "/auth/login"),
        ("/api/v1/auth/sessions/7?x=1", "auth", "/auth/sessions/7?x=1"),
        ("/api/auth/login", "auth", "/auth/login"),
        ("/a/auth/login", "auth", "/auth/login"),
        ("/a/auth/me", "auth", "/auth/me"),
        ("/a/docs/", "auth", "/docs/"),
        ("/api/v1/users/me", "users", "/users/me"),
        ("/api/users?search=ann", "users", "/users?search=ann"),
        ("/api/v1/chat/conversations", "chat", "/chat/conversations"),
        ("/api/chat/conversations", "chat", "/chat/conversations"),
        ("/api/v1/notifications?limit=5", "notifications", "/notifications?limit=5"),
        ("/api/notifications/7", "notifications", "/notifications/7"),
        ("/socket.io/?EIO=4&transport=polling", "chat", "/socket.io/?EIO=4&transport=polling"),
        ("/api/v1/payments", "payments", "/payments"),
        ("/api/v1/payments?limit=5", "payments", "/payments?limit=5"),
        ("/api/v1/payments/abc/status", "payments", "/payments/abc/status"),
        ("/b/payments", "payments", "/payments"),
        ("/b/payments/webhook", "payments", "/payments/webhook"),
        ("/.well-known/jwks.json", "auth", "/.well-known/jwks.json"),
        ("/.well-known/openid-configuration", "auth", "/.well-known/openid-configuration"),
        ("/docs/auth/", "auth", "/docs/"),
        ("/docs/payments/swagger-ui.css", "payments", "/docs/swagger-ui.css"),
        ("/docs/payments/openapi.json", "payments", "/openapi.json"),
        ("/docs/chat/", "chat", "/docs/"),
        ("/docs/users/openapi.json", "users", "/openapi.json"),
        ("//api//v1/%61uth/me", "auth", "/auth/me"),
    ] {
        let answer = rig.get(path).await;
        assert_eq!(answer.status, 200, "{path}");
        let told = answer.json();
        assert_eq!((&told["server"], &told["target"]), (&json!(server), &json!(target)), "{path}");
        assert_eq!(told["client"], "127.0.0.1");
    }
    let told = rig.get("/api/v1/auth/me").await.json();
    assert_eq!(told["original"], "/api/v1/auth/me");
    let answer = rig.get("/docs/auth").await;
    assert_eq!((answer.status, answer.header("location")), (308, Some("/docs/auth/")));
}

#[tokio::test]
async fn health_is_told_of_each_and_of_all() {
    let rig = in_process().await;
    for path in ["/health/auth", "/health/service_a"] {
        assert_eq!(rig.get(path).await.json()["name"], "auth", "{path}");
    }
    for path in ["/health/payments", "/health/service_b"] {
        assert_eq!(rig.get(path).await.json()["name"], "payments", "{path}");
    }
    for name in ["users", "chat", "notifications"] {
        assert_eq!(rig.get(&format!("/health/{name}")).await.json()["name"], name);
    }
    for path in ["/health", "/api/health"] {
        let answer = rig.get(path).await;
        let document = answer.json();
        assert_eq!((answer.status, &document["status"]), (200, &json!("ok")), "{document}");
        assert_eq!(document["services"]["auth"]["name"], "auth");
        assert_eq!(document["services"]["payments"]["status"], "ok");
    }
    let answer = rig.send("DELETE /health HTTP/1.1\r\nHost: h\r\n\r\n").await;
    problem(&answer, 405);
    assert_eq!(answer.header("allow"), Some("GET, HEAD"));
}

#[tokio::test]
async fn nobody_answers_for_a_service_that_is_not_there() {
    let services = BTreeMap::from([("auth".to_owned(), service("auth"))]);
    let rig = Rig::start(settings(), services).await;
    for path in
        ["/api/v1/users/me", "/api/v1/chat/x", "/socket.io/", "/health/chat", "/docs/users/"]
    {
        problem(&rig.get(path).await, 404);
    }
}

#[tokio::test]
async fn one_sick_service_makes_the_whole_unhealthy() {
    let mut settings = settings();
    let gone = Backend::start("payments").await.kill().await;
    let auth = Backend::start("auth").await;
    settings.upstreams.insert("payments".to_owned(), upstream(&[gone]));
    settings.upstreams.insert("auth".to_owned(), upstream(&[auth.address]));
    let rig = Rig::start(settings, BTreeMap::new()).await;
    let answer = rig.get("/health").await;
    let document = answer.json();
    assert_eq!((answer.status, &document["status"]), (503, &json!("unavailable")), "{document}");
    assert_eq!(document["services"]["auth"]["status"], "ok");
    assert_eq!(document["services"]["auth"]["instances"], json!({"known": 1, "available": 1}));
    assert_eq!(document["services"]["payments"]["status"], "unavailable");
}

#[tokio::test]
async fn what_is_private_stays_private_in_every_spelling() {
    let rig = in_process().await;
    for path in [
        "/internal/revocations",
        "/metrics",
        "/a/internal/revocations",
        "/b/internal",
        "/a/metrics",
        "/a/readyz",
        "/a//internal/x",
        "/a/%69nternal/x",
        "/a/Internal/x",
        "/unknown",
        "/api/v1/unknown",
        "/",
    ] {
        problem(&rig.get(path).await, 404);
    }
    for path in [
        "/api/admin",
        "/api/admin/users",
        "/api/v1/admin",
        "/API/ADMIN",
        "/a/admin/x",
        "/api/%61dmin",
    ] {
        let answer = rig.get(path).await;
        if path == "/API/ADMIN" {
            problem(&answer, 404);
        } else {
            problem(&answer, 403);
        }
    }
    for path in
        ["/a/../internal", "/a/%2e%2e/internal", "/a/..%2finternal", "/a\\internal", "/a/%00"]
    {
        problem(&rig.get(path).await, 400);
    }
}

#[tokio::test]
async fn only_requests_are_served() {
    let rig = in_process().await;
    for method in ["CONNECT", "TRACE"] {
        let answer = rig.send(&format!("{method} /a/x HTTP/1.1\r\nHost: h\r\n\r\n")).await;
        assert!(matches!(answer.status, 400 | 405), "{method}: {answer:?}");
    }
}

#[tokio::test]
async fn own_routes_have_their_own_rules() {
    let backend = Backend::start("shop").await;
    let rig = Rig::with(&[&backend], |settings| {
        settings.routes.clear();
        let mut shop = route("/shop/*");
        shop.strip = "/shop".to_owned();
        shop.prefix = "/v2".to_owned();
        shop.methods = vec!["GET".to_owned(), "POST".to_owned()];
        shop.host_header = HostHeader::Upstream;
        shop.body = Some(3);
        settings.routes.push(shop);
        let mut hosted = route("/only");
        hosted.hosts = vec!["shop.example.org".to_owned()];
        settings.routes.push(hosted);
        let mut members = route("/members/*");
        members.auth = AuthMode::Required;
        settings.routes.push(members);
    })
    .await;
    let answer = rig.get("/shop/items?id=1").await;
    assert_eq!(answer.json()["target"], "/v2/items?id=1");
    assert_eq!(answer.echoed("host"), Some(backend.address.to_string()));
    let answer = rig.send("DELETE /shop/items HTTP/1.1\r\nHost: h\r\n\r\n").await;
    problem(&answer, 405);
    assert_eq!(answer.header("allow"), Some("GET, POST"));
    let four = "POST /shop/x HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nabcd";
    problem(&rig.send(four).await, 413);
    problem(&rig.get("/only").await, 404);
    let hosted = "GET /only HTTP/1.1\r\nHost: Shop.example.org:8443\r\n\r\n";
    assert_eq!(rig.send(hosted).await.status, 200);
    problem(&rig.get("/members/x").await, 401);
    assert_eq!(rig.get_with("/members/x", "Authorization: Bearer good\r\n").await.status, 200);
}

#[tokio::test]
async fn tokens_are_checked_at_the_edge() {
    let rig = in_process().await;
    let told = rig.get_with("/api/v1/payments", "Authorization: Bearer good\r\n").await.json();
    assert!(told["user"].is_string(), "{told}");
    assert_eq!(rig.get("/api/v1/payments").await.json()["user"], Value::Null);
    let answer = rig.get_with("/api/v1/payments", "Authorization: Bearer forged\r\n").await;
    problem(&answer, 401);
    assert_eq!(answer.header("www-authenticate"), Some("Bearer error=\"invalid_token\""));
    let answer = rig.get_with("/api/v1/payments", "Authorization: Bearer unknown\r\n").await;
    problem(&answer, 503);
    assert!(answer.header("retry-after").is_some());
    // Signing in must work with an old token still in the client's pocket.
    let answer = rig.get_with("/api/v1/auth/login", "Authorization: Bearer forged\r\n").await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn files_are_served_where_no_route_is() {
    let dir = tempfile::tempdir().expect("directory");
    std::fs::write(dir.path().join("index.html"), "<h1>Marquis</h1>").expect("file");
    std::fs::write(dir.path().join("app.js"), "x".repeat(2_000)).expect("file");
    std::fs::write(dir.path().join("app.js.br"), "precompressed").expect("file");
    std::fs::write(dir.path().join(".secret"), "no").expect("file");
    let mut settings = settings();
    settings.static_root = dir.path().to_owned();
    let rig = Rig::start(settings, BTreeMap::from([("auth".to_owned(), service("auth"))])).await;
    assert_eq!(rig.get("/").await.text(), "<h1>Marquis</h1>");
    let whole = rig.get("/app.js").await;
    assert_eq!(whole.body.len(), 2_000);
    let modified = whole.header("last-modified").expect("last-modified").to_owned();
    let again = rig.get_with("/app.js", &format!("If-Modified-Since: {modified}\r\n")).await;
    assert_eq!(again.status, 304);
    if let Some(tag) = whole.header("etag") {
        let again = rig.get_with("/app.js", &format!("If-None-Match: {tag}\r\n")).await;
        assert_eq!(again.status, 304);
    }
    let part = rig.get_with("/app.js", "Range: bytes=10-19\r\n").await;
    assert_eq!((part.status, part.body.len()), (206, 10));
    let packed = rig.get_with("/app.js", "Accept-Encoding: br\r\n").await;
    assert_eq!(
        (packed.text().as_str(), packed.header("content-encoding")),
        ("precompressed", Some("br"))
    );
    for path in ["/.secret", "/missing", "/%2esecret"] {
        problem(&rig.get(path).await, 404);
    }
    problem(&rig.send("POST /app.js HTTP/1.1\r\nHost: h\r\n\r\n").await, 405);
    let _: IpAddr =
        rig.get("/a/x").await.json()["client"].as_str().expect("client").parse().expect("address");
}
