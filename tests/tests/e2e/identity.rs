//! Accounts, sessions and keys through the gateway.

use std::time::{Duration, Instant};

use marquis_testkit::eventually;
use marquis_tests::api::{PASSWORD, send, unique};
use reqwest::Method;
use serde_json::json;

use crate::shared;

/// PRODUCT: revocation reaches every node within a second.
const REVOKED_WITHIN: Duration = Duration::from_secs(1);

#[tokio::test]
async fn a_user_registers_logs_in_and_is_known_under_every_path() {
    let api = shared::up().await.api();
    let account = api.register().await;
    for (path, login) in [
        ("/api/v1/auth/me", "/api/v1/auth/login"),
        ("/api/auth/me", "/api/auth/login"),
        ("/a/auth/me", "/a/auth/login"),
        ("/api/users/me", "/api/auth/login"),
        ("/api/v1/users/me", "/api/v1/auth/login"),
    ] {
        let body = json!({ "email": account.email.to_uppercase(), "password": PASSWORD });
        let answer = api.post(login, &body).await;
        let token = answer.expect(200).text_at("/access_token");
        assert_eq!(answer.text_at("/token_type"), "Bearer");
        assert_eq!(answer.header("cache-control"), "no-store");
        let me = api.get_as(&token, path).await;
        assert_eq!(me.expect(200).text_at("/id"), account.id, "{path}");
        assert_eq!(me.text_at("/email"), account.email);
        assert!(!me.text.contains("assword\":\"") && !me.text.contains("hash"), "{}", me.text);
    }
    let validated = send(api.request(Method::POST, "/api/v1/auth/me").bearer_auth(&account.access));
    assert_eq!(validated.await.expect(200).text_at("/id"), account.id);
}

#[tokio::test]
async fn wrong_credentials_are_refused_alike_whether_or_not_the_account_exists() {
    let api = shared::up().await.api();
    let account = api.register().await;
    let wrong = api.login(&account.email, "Wrong-password-1").await;
    let unknown = api.login(&format!("{}@example.org", unique("nobody")), PASSWORD).await;
    for answer in [&wrong, &unknown] {
        let problem = answer.expect_problem(401);
        assert_eq!(problem["detail"], "Invalid credentials");
    }
    let keys = |answer: &marquis_tests::Answer| {
        answer.json().as_object().map(|object| object.keys().cloned().collect::<Vec<_>>())
    };
    assert_eq!(keys(&wrong), keys(&unknown));
}

#[tokio::test]
async fn an_email_and_a_username_belong_to_one_account() {
    let api = shared::up().await.api();
    let account = api.register().await;
    let name = account.email.split('@').next().expect("a name");
    let body = json!({ "email": account.email.to_uppercase(), "password": PASSWORD, "username": unique("other") });
    api.post("/api/v1/auth/register", &body).await.expect_problem(409);
    let email = format!("{}@example.org", unique("other"));
    let body = json!({ "email": email, "password": PASSWORD, "username": name.to_uppercase() });
    api.post("/api/v1/auth/register", &body).await.expect_problem(409);
}

#[tokio::test]
async fn two_registrations_at_once_make_one_account() {
    let api = shared::up().await.api();
    let name = unique("race");
    let body =
        json!({ "email": format!("{name}@example.org"), "password": PASSWORD, "username": name });
    let mut racing = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (api, body) = (api.clone(), body.clone());
        racing.spawn(async move { api.post("/api/v1/auth/register", &body).await.status });
    }
    let mut statuses = racing.join_all().await;
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409, 409, 409, 409, 409]);
}

#[tokio::test]
async fn logging_out_voids_the_token_within_a_second() {
    let api = shared::up().await.api();
    let account = api.register().await;
    let other = api.login(&account.email, PASSWORD).await.text_at("/access_token");
    let logout = api.request(Method::POST, "/api/v1/auth/logout").bearer_auth(&account.access);
    send(logout).await.expect(204);
    let left = Instant::now();
    eventually(REVOKED_WITHIN, || async {
        api.get_as(&account.access, "/api/v1/payments").await.status == 401
    })
    .await;
    assert!(left.elapsed() < REVOKED_WITHIN + Duration::from_millis(500));
    api.refresh(&account.refresh).await.expect_problem(401);
    api.get_as(&other, "/api/v1/auth/me").await.expect(200);
}

#[tokio::test]
async fn sessions_are_listed_and_ended_one_by_one_and_all_together() {
    let api = shared::up().await.api();
    let account = api.register().await;
    let mut tokens = vec![account.access.clone()];
    for _ in 0..2 {
        tokens.push(api.login(&account.email, PASSWORD).await.text_at("/access_token"));
    }
    let list = api.get_as(&tokens[2], "/api/v1/auth/sessions?limit=2").await;
    let list = list.expect(200).json();
    assert_eq!(list["meta"], json!({ "total": 3, "limit": 2, "offset": 0 }));
    assert_eq!(list["data"].as_array().map(Vec::len), Some(2));
    let all = api.get_as(&tokens[0], "/api/v1/auth/sessions").await.json();
    let sessions = all["data"].as_array().cloned().expect("sessions");
    let current =
        sessions.iter().find(|session| session["current"] == true).expect("the current one");
    let id = current["id"].as_str().expect("an id");

    let stranger = api.register().await;
    let path = format!("/api/v1/auth/sessions/{id}");
    let end = |token: &str| send(api.request(Method::DELETE, &path).bearer_auth(token));
    end(&stranger.access).await.expect_problem(404);
    end(&tokens[1]).await.expect(204);
    eventually(REVOKED_WITHIN, || async {
        api.get_as(&tokens[0], "/api/v1/auth/me").await.status == 401
    })
    .await;
    let all =
        send(api.request(Method::POST, "/api/v1/auth/logout-all").bearer_auth(&tokens[1])).await;
    assert_eq!(all.expect(200).json()["revoked"], 2);
    eventually(REVOKED_WITHIN, || async {
        api.get_as(&tokens[2], "/api/v1/auth/me").await.status == 401
    })
    .await;
    api.get_as(&stranger.access, "/api/v1/auth/me").await.expect(200);
}

#[tokio::test]
async fn a_changed_password_ends_the_other_sessions() {
    let api = shared::up().await.api();
    let account = api.register().await;
    let other = api.login(&account.email, PASSWORD).await.text_at("/access_token");
    let change = |current: &str, new: &str| {
        let body = json!({ "currentPassword": current, "newPassword": new });
        send(
            api.request(Method::POST, "/api/v1/auth/password")
                .bearer_auth(&account.access)
                .json(&body),
        )
    };
    change("Wrong-password-1", "Another-password-2").await.expect_fields(&["currentPassword"]);
    change(PASSWORD, "short").await.expect_fields(&["newPassword"]);
    change(PASSWORD, "Another-password-2").await.expect(204);
    eventually(REVOKED_WITHIN, || async {
        api.get_as(&other, "/api/v1/auth/me").await.status == 401
    })
    .await;
    api.get_as(&account.access, "/api/v1/auth/me").await.expect(200);
    api.login(&account.email, PASSWORD).await.expect_problem(401);
    api.login(&account.email, "Another-password-2").await.expect(200);
}

#[tokio::test]
async fn ten_failures_lock_an_account_and_its_owner_out_too() {
    // Of its own: the limits are what the others have switched off.
    let settings = marquis_tests::Settings {
        toml: "[auth.lockout]\nfailures_per_minute = 1000\nfailures = 10\nduration = \"15m\"\n\
               [gateway.rate_limits.credentials]\nlimit = 100000\n\
               [gateway.rate_limits.default]\nlimit = 100000\n"
            .to_owned(),
        unlimited: false,
    };
    let installation = marquis_tests::Installation::start_with(settings).await;
    let api = installation.api();
    let account = api.register().await;
    for email in [account.email.clone(), format!("{}@example.org", unique("nobody"))] {
        for attempt in 0..10 {
            let answer = api.login(&email, "Wrong-password-1").await;
            assert_eq!(answer.status, 401, "attempt {attempt} on {email}");
        }
        let locked = api.login(&email, PASSWORD).await;
        locked.expect_problem(429);
        let retry: u64 = locked.header("retry-after").parse().expect("seconds");
        assert!((800..=900).contains(&retry), "{retry}");
    }
}

#[tokio::test]
async fn keys_are_published_and_the_token_names_one() {
    let api = shared::up().await.api();
    let account = api.register().await;
    let token = marquis_tests::token::Token::parse(&account.access);
    let set = api.get("/.well-known/jwks.json").await;
    let set = set.expect(200).json();
    let keys = set["keys"].as_array().expect("keys");
    let key = keys.iter().find(|key| key["kid"] == token.header["kid"]).expect("the signing key");
    assert_eq!(
        (&key["kty"], &key["crv"], &key["alg"]),
        (&json!("OKP"), &json!("Ed25519"), &json!("EdDSA"))
    );
    assert!(key.get("d").is_none(), "the private part");
    assert_eq!(token.claims["sub"], account.id);
    let life =
        token.claims["exp"].as_i64().expect("exp") - token.claims["iat"].as_i64().expect("iat");
    assert_eq!(life, 15 * 60);
    for personal in [&account.email, account.email.split('@').next().expect("a name")] {
        assert!(!token.claims.to_string().contains(personal), "{}", token.claims);
    }
    let provider = api.get("/.well-known/openid-configuration").await;
    assert!(provider.expect(200).json()["jwks_uri"].as_str().is_some());
}
