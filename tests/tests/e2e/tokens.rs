//! Access tokens that are not what they say, at the gateway and at a service behind it.

use std::time::Duration;

use marquis_testkit::eventually;
use marquis_tests::token::Token;
use marquis_tests::{Account, Api, PATIENCE};
use serde_json::{Value, json};

use crate::shared;

/// Tokens that carry a genuine one's claims and are none.
fn forgeries(account: &Account, public_key: &Value) -> Vec<(&'static str, String)> {
    let genuine = Token::parse(&account.access);
    let changed = |header: &[(&str, Value)], claims: &[(&str, Value)]| {
        let mut token = genuine.clone();
        for (name, value) in header {
            token.header[name] = value.clone();
        }
        for (name, value) in claims {
            token.claims[name] = value.clone();
        }
        token
    };
    let unsigned = |alg: &str| changed(&[("alg", json!(alg))], &[]);
    let x = public_key["x"].as_str().expect("x").as_bytes();
    let parts: Vec<&str> = account.access.split('.').collect();
    let mut flipped = parts[2].to_owned();
    let first = if flipped.starts_with('A') { "B" } else { "A" };
    flipped.replace_range(..1, first);
    let mut critical = changed(&[("crit", json!(["exp"]))], &[]).with_old_signature();
    critical.push('=');
    vec![
        ("alg none, no signature", unsigned("none").with_signature(b"")),
        ("alg NONE, old signature", unsigned("NONE").with_old_signature()),
        ("alg HS256 with the public key", unsigned("HS256").signed_by_hmac(x)),
        ("alg RS256", unsigned("RS256").with_old_signature()),
        ("alg ES256", unsigned("ES256").with_signature(&[0; 64])),
        ("another's key", genuine.signed_by_somebody()),
        (
            "another's key by another id",
            changed(&[("kid", json!("nobody"))], &[]).signed_by_somebody(),
        ),
        (
            "a key of its own",
            changed(&[("jwk", public_key.clone()), ("jku", json!("https://127.0.0.1/jwks"))], &[])
                .signed_by_somebody(),
        ),
        (
            "a kid that is a path",
            changed(&[("kid", json!("../../../dev/null"))], &[]).signed_by_somebody(),
        ),
        ("more roles", changed(&[], &[("roles", json!(["admin"]))]).with_old_signature()),
        ("a later end", changed(&[], &[("exp", json!(9_999_999_999_i64))]).with_old_signature()),
        (
            "another user",
            changed(&[], &[("sub", json!("01890000-0000-7000-8000-000000000000"))])
                .with_old_signature(),
        ),
        ("a signature of zeros", genuine.with_signature(&[0; 64])),
        ("a flipped signature", format!("{}.{}.{flipped}", parts[0], parts[1])),
        ("a padded critical header", critical),
        ("no signature", format!("{}.{}.", parts[0], parts[1])),
        ("two parts", format!("{}.{}", parts[0], parts[1])),
        ("four parts", format!("{}.AAAA", account.access)),
        ("padding", format!("{}=", account.access)),
        ("spaces", format!("{} x", account.access)),
        ("nothing", "x".to_owned()),
        ("dots", "..".to_owned()),
        ("very long", "A".repeat(20_000)),
    ]
}

async fn refused(api: &Api, what: &str, token: &str, path: &str) {
    let answer = api.get_as(token, path).await;
    assert!([400, 401, 431].contains(&answer.status), "{what} at {path}: {answer:?}");
    if answer.status == 401 {
        answer.expect_problem(401);
        assert!(answer.header("www-authenticate").starts_with("Bearer"), "{what}: {answer:?}");
    }
}

#[tokio::test]
async fn forged_tokens_are_refused_in_one_process() {
    let api = shared::up().await.api();
    let account = api.register().await;
    let keys = api.get("/.well-known/jwks.json").await.json();
    for (what, token) in forgeries(&account, &keys["keys"][0]) {
        for path in ["/api/v1/auth/me", "/api/v1/payments", "/api/users/me"] {
            refused(&api, what, &token, path).await;
        }
    }
    api.get_as(&account.access, "/api/v1/payments").await.expect(200);
}

#[tokio::test]
async fn forged_tokens_are_refused_by_a_service_without_its_gateway() {
    let split = shared::split().await;
    let api = split.api();
    let account = api.register().await;
    let keys = api.get("/.well-known/jwks.json").await.json();
    for (what, token) in forgeries(&account, &keys["keys"][0]) {
        refused(&split.payments[0].api(), what, &token, "/payments").await;
        refused(&split.auth[0].api(), what, &token, "/auth/me").await;
        refused(&api, what, &token, "/api/v1/payments").await;
    }
    split.payments[0].api().get_as(&account.access, "/payments").await.expect(200);
}

#[tokio::test]
async fn a_token_of_another_installation_is_foreign() {
    let (one, other) = (shared::up().await.api(), shared::split().await.api());
    let (here, there) = (one.register().await, other.register().await);
    refused(&one, "theirs", &there.access, "/api/v1/payments").await;
    refused(&other, "ours", &here.access, "/api/v1/payments").await;
}

#[tokio::test]
async fn a_token_for_another_audience_or_from_another_issuer_is_refused() {
    let split = shared::split().await;
    let account = split.api().register().await;
    for (key, value) in [
        ("MARQUIS__AUTH__AUDIENCE", "another"),
        ("MARQUIS__AUTH__ISSUER", "https://another.example.org"),
    ] {
        let picky = split.another("payments", &[(key, value)]).await;
        refused(&picky.api(), key, &account.access, "/payments").await;
    }
}

#[tokio::test]
async fn a_token_ends_with_its_time() {
    let split = shared::split().await;
    let hasty = split.another("auth", &[("MARQUIS__AUTH__TOKENS__ACCESS_LIFETIME", "10s")]).await;
    let (api, direct) = (split.api(), hasty.api());
    let account = api.register().await;
    let body = json!({ "email": account.email, "password": account.password });
    let token = direct.post("/auth/login", &body).await.expect(200).text_at("/access_token");
    api.get_as(&token, "/api/v1/payments").await.expect(200);
    // Nothing but time ends it; the leeway for clocks that differ comes on top.
    eventually(PATIENCE, || async { api.get_as(&token, "/api/v1/payments").await.status == 401 })
        .await;
    refused(&split.payments[0].api(), "expired", &token, "/payments").await;
    api.get_as(&account.access, "/api/v1/payments").await.expect(200);
}

#[tokio::test]
async fn both_ways_of_validation_accept_refuse_and_revoke() {
    let split = shared::split().await;
    let api = split.api();
    let account = api.register().await;
    let keys = api.get("/.well-known/jwks.json").await.json();
    for mode in ["local", "remote"] {
        let node = split.another("payments", &[("MARQUIS__AUTH__VALIDATION", mode)]).await;
        let direct = node.api();
        let session = api.login(&account.email, &account.password).await.text_at("/access_token");
        direct.get_as(&session, "/payments").await.expect(200);
        direct.get("/payments").await.expect_problem(401);
        for (what, token) in forgeries(&account, &keys["keys"][0]) {
            refused(&direct, what, &token, "/payments").await;
        }
        let logout =
            api.request(reqwest::Method::POST, "/api/v1/auth/logout").bearer_auth(&session);
        marquis_tests::api::send(logout).await.expect(204);
        eventually(Duration::from_secs(2), || async {
            direct.get_as(&session, "/payments").await.status == 401
        })
        .await;
    }
}
