//! Signing keys: published, rotated, sealed.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use futures_util::future::join_all;
use marquis_auth::{Auth, AuthParts, KeyRotation};
use marquis_config::Environment;
use marquis_envelope::Keyring;
use marquis_http::service::ServiceLimits;
use marquis_kernel::Secret;
use marquis_telemetry::metrics::Metrics;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::app::{App, KEYRING, get};

const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);

async fn published(app: &App) -> BTreeSet<String> {
    let answer = app.send(get("/.well-known/jwks.json")).await.expect(StatusCode::OK);
    let keys = answer.body["keys"].as_array().expect("keys");
    for key in keys {
        let names: BTreeSet<&str> =
            key.as_object().expect("an object").keys().map(String::as_str).collect();
        assert_eq!(names, BTreeSet::from(["alg", "crv", "kid", "kty", "use", "x"]));
    }
    keys.iter().map(|key| key["kid"].as_str().expect("a kid").to_owned()).collect()
}

fn kid(token: &str) -> String {
    use base64::Engine as _;
    let header = token.split('.').next().expect("a header");
    let header = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(header).expect("base64");
    let header: Value = serde_json::from_slice(&header).expect("JSON");
    header["kid"].as_str().expect("a kid").to_owned()
}

#[tokio::test]
async fn keys_follow_one_another_without_refusing_a_token() {
    let app = App::new().await;
    let first = app.register("alice").await;
    let first_kid = kid(&first.access);
    assert_eq!(published(&app).await, BTreeSet::from([first_kid.clone()]));

    // An hour before its time the next key is published, and does not sign yet.
    app.advance(DAY * 30 - HOUR);
    let before = app.register("bob").await;
    let both = published(&app).await;
    assert_eq!(both.len(), 2, "{both:?}");
    assert_eq!(kid(&before.access), first_kid);

    app.advance(HOUR);
    let after = app.register("carol").await;
    assert_ne!(kid(&after.access), first_kid);
    assert!(both.contains(&kid(&after.access)));
    app.me(&after.access).await.expect(StatusCode::OK);
    assert_eq!(published(&app).await, both);

    // The retired key goes when no token of its can be left.
    app.advance(HOUR * 2);
    assert_eq!(published(&app).await, BTreeSet::from([kid(&after.access)]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_nodes_make_one_key() {
    let app = App::new().await;
    let nodes: Vec<App> = (0..6).map(|_| app.another(app.settings.clone())).collect();
    let sets: BTreeSet<_> = join_all(nodes.iter().map(published)).await.into_iter().collect();
    assert_eq!(sets.len(), 1);
    assert_eq!(sets.first().map(BTreeSet::len), Some(1));
    app.advance(DAY * 30);
    let sets: BTreeSet<_> = join_all(nodes.iter().map(published)).await.into_iter().collect();
    assert_eq!(sets.first().map(BTreeSet::len), Some(2));
    assert_eq!(app.audited("signing_keys.rotated").await, 2);
}

#[tokio::test]
async fn a_rotation_by_command_signs_at_once() {
    let app = App::new().await;
    let old = app.register("alice").await;
    let other = app.another(app.settings.clone());
    other.me(&old.access).await.expect(StatusCode::OK);
    app.advance(Duration::from_secs(10));
    app.auth.rotate_keys(KeyRotation::Routine).await.expect("rotates");
    let new = app.register("bob").await;
    assert_ne!(kid(&new.access), kid(&old.access));
    assert_eq!(published(&app).await.len(), 2);
    for token in [&old.access, &new.access] {
        app.me(token).await.expect(StatusCode::OK);
    }
    // The other node learns the key from the first token that names it (at most once a second).
    marquis_testkit::eventually(Duration::from_secs(10), || async {
        let answer = other.me(&new.access).await;
        if answer.status == StatusCode::OK { Ok(()) } else { Err(answer.text) }
    })
    .await;

    app.advance(Duration::from_secs(10));
    app.auth.rotate_keys(KeyRotation::Compromised).await.expect("rotates");
    let third = app.register("carol").await;
    assert_eq!(published(&app).await, BTreeSet::from([kid(&third.access)]));
    // A verifier that starts now accepts none of the tokens before.
    let fresh = app.another(app.settings.clone());
    fresh.me(&third.access).await.expect(StatusCode::OK);
    fresh.me(&old.access).await.expect(StatusCode::UNAUTHORIZED);
    // Sessions go on.
    app.refresh(&old.refresh).await.expect(StatusCode::OK);
}

#[tokio::test]
async fn private_keys_are_sealed_under_the_master_key() {
    let app = App::new().await;
    app.register("alice").await;
    let client = app.database.client().await;
    let sealed: Vec<u8> = client
        .query_one("SELECT sealed_private_key FROM signing_keys", &[])
        .await
        .expect("one key")
        .get(0);
    // PKCS#8 of Ed25519 names the algorithm's OID, 1.3.101.112.
    assert!(!sealed.windows(3).any(|window| window == [0x2b, 0x65, 0x70]));

    let with = |master: &str| {
        Auth::new(AuthParts {
            settings: app.settings.clone(),
            master_key: Secret::new(master),
            keyring: Arc::new(Keyring::parse(KEYRING).expect("a keyring")),
            database: app.database.database(),
            cluster: app.cluster.clone(),
            metrics: Metrics::new(),
            clock: app.clock.clone(),
            environment: Environment::Test,
            limits: ServiceLimits::default(),
            shutdown: CancellationToken::new(),
        })
    };
    assert!(with("too short").is_err());
    let stranger = with(&"another master key".repeat(3)).expect("long enough");
    assert!(stranger.prepare().await.is_err(), "a foreign master key is found out at start");
    app.auth.prepare().await.expect("the right one works");
}

#[tokio::test]
async fn discovery_says_what_is_true() {
    let app = App::new().await;
    let answer = app.send(get("/.well-known/openid-configuration")).await.expect(StatusCode::OK);
    assert_eq!(answer.body["issuer"], app.settings.issuer);
    let uri = format!("{}/.well-known/jwks.json", app.settings.issuer);
    assert_eq!(answer.body["jwks_uri"], uri);
    for endpoint in ["authorization_endpoint", "token_endpoint", "userinfo_endpoint"] {
        assert!(answer.body.get(endpoint).is_none(), "{endpoint} is promised");
    }
}
