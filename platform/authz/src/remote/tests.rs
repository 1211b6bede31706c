//! The remote traits against a real HTTP server.

use std::time::Duration;

use axum::extract::RawQuery;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Json, Router};
use http::{HeaderMap, header};
use marquis_contracts::identity::JwkSet;
use marquis_http::client::ClientLimits;
use marquis_kernel::{Clock as _, SystemClock};
use serde_json::json;
use tokio::net::TcpListener;

use super::*;
use crate::testing::key;

async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let base = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move { axum::serve(listener, router).await });
    base
}

async fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    format!("http://{}", listener.local_addr().expect("an address"))
}

fn client(bases: &[&str]) -> HttpClient {
    let limits = ClientLimits { attempt: Duration::from_secs(2), ..ClientLimits::default() };
    HttpClient::new(bases, limits).expect("valid bases")
}

fn me_router(answer: serde_json::Value) -> Router {
    let me = post(async move |headers: HeaderMap| {
        match headers.get(header::AUTHORIZATION).map(|value| value.as_bytes()) {
            Some(b"Bearer good") => Json(answer).into_response(),
            Some(b"Bearer limited") => StatusCode::TOO_MANY_REQUESTS.into_response(),
            _ => StatusCode::UNAUTHORIZED.into_response(),
        }
    });
    Router::new().route("/auth/me", me)
}

#[tokio::test]
async fn the_issuer_is_asked_about_every_token() {
    let (user, session) = (UserId::new(&SystemClock), SessionId::new(&SystemClock));
    let answer = json!({
        "id": user, "email": "a@example.org", "username": "alice", "roles": ["user", "admin"],
        "sessionId": session, "amr": ["pwd"], "expiresAt": 1_800_000_000, "createdAt": "later",
    });
    let base = serve(me_router(answer)).await;
    let dead = nobody().await;
    let verifier = RemoteVerifier::new(client(&[&dead, &base]));
    let principal = verifier.verify("good").await.expect("valid");
    let expected = Principal {
        user_id: user,
        session_id: session,
        roles: vec![Role::User, Role::Admin],
        amr: vec!["pwd".to_owned()],
        expires_at: 1_800_000_000,
    };
    assert_eq!(*principal, expected);
    for token in ["bad", "", "two words", "line\nbreak", &"a".repeat(5_000)] {
        let refused = verifier.verify(token).await.expect_err("refused");
        assert!(matches!(refused, VerifyError::Invalid(_)), "{refused:?}");
    }
    let limited = verifier.verify("limited").await.expect_err("not judged");
    assert!(matches!(limited, VerifyError::Unavailable(_)), "{limited:?}");
}

#[tokio::test]
async fn nobody_to_ask_and_nonsense_are_no_verdict() {
    let dead = nobody().await;
    let refused = RemoteVerifier::new(client(&[&dead])).verify("good").await.expect_err("down");
    assert!(matches!(refused, VerifyError::Unavailable(_)), "{refused:?}");
    let base = serve(me_router(json!({"id": "somebody", "roles": ["root"]}))).await;
    let refused = RemoteVerifier::new(client(&[&base])).verify("good").await.expect_err("nonsense");
    assert!(matches!(refused, VerifyError::Unavailable(_)), "{refused:?}");
}

#[tokio::test]
async fn keys_and_revocations_come_over_http() {
    let set = JwkSet { keys: vec![key().public_jwk()] };
    let revocation =
        Revocation { session_id: SessionId::new(&SystemClock), revoked_at: SystemClock.now() };
    let published = set.clone();
    let router =
        Router::new().route("/.well-known/jwks.json", get(async move || Json(published))).route(
            "/internal/revocations",
            get(async move |RawQuery(query): RawQuery| match query.as_deref() {
                Some("since=2026-11-20T10:00:00Z") => {
                    Json(json!({"data": [revocation]})).into_response()
                }
                other => {
                    (StatusCode::BAD_REQUEST, other.unwrap_or_default().to_owned()).into_response()
                }
            }),
        );
    let base = serve(router).await;
    let issuer = RemoteIssuer::new(client(&[&base]));
    assert_eq!(issuer.key_set().await.expect("keys"), set);
    let since = OffsetDateTime::parse("2026-11-20T13:00:00+03:00", &Rfc3339).expect("a time");
    assert_eq!(issuer.revocations_since(since).await.expect("revocations"), [revocation]);
    let dead = nobody().await;
    assert!(RemoteIssuer::new(client(&[&dead])).key_set().await.is_err());
}
