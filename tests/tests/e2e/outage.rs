//! PostgreSQL and Redis go away and come back: 503 meanwhile where they are needed, the
//! rest goes on, and nobody has to restart anything.

use marquis_testkit::{PostgresServer, eventually};
use marquis_tests::api::{no_defects, unique};
use marquis_tests::{Account, Answer, Api, Installation, PATIENCE, Split};
use serde_json::{Value, json};

fn body() -> Value {
    json!({ "amount": 5, "currency": "EUR" })
}

/// A 503 with everything a client needs to come back.
fn unavailable(answer: &Answer) {
    answer.expect_problem(503);
    let retry: u64 = answer.header("retry-after").parse().expect("seconds");
    assert!((1..=60).contains(&retry), "{answer:?}");
}

async fn pays_again(api: &Api, account: &Account) {
    let key = unique("key");
    eventually(PATIENCE, || async {
        let answer = api.pay(&account.access, &key, &body()).await;
        if answer.status != 201 {
            unavailable(&answer);
        }
        answer.status == 201
    })
    .await;
}

async fn healthy_again(api: &Api) {
    eventually(PATIENCE, || async { api.get("/health").await.status == 200 }).await;
}

#[tokio::test]
async fn postgresql_goes_and_comes_back() {
    let (mut auth, mut payments) = (PostgresServer::start().await, PostgresServer::start().await);
    let split = Split::start(auth.url().expose(), payments.url().expose()).await;
    let api = split.api();
    let account = api.register().await;
    api.pay(&account.access, "before", &body()).await.expect(201);

    // Payments without its database: identity does not notice.
    payments.stop().await;
    unavailable(&api.pay(&account.access, "meanwhile", &body()).await);
    unavailable(&api.get_as(&account.access, "/api/v1/payments").await);
    eventually(PATIENCE, || async { api.get("/health").await.status == 503 }).await;
    api.login(&account.email, &account.password).await.expect(200);
    api.get_as(&account.access, "/api/v1/auth/me").await.expect(200);
    payments.start_again().await;
    pays_again(&api, &account).await;
    healthy_again(&api).await;
    let list = api.get_as(&account.access, "/api/v1/payments").await.expect(200).json();
    let total = list["meta"]["total"].as_i64().expect("a total");
    assert!(
        (2..=3).contains(&total),
        "one before, one after, and at most the one in between: {total}"
    );

    // Auth without its database, as after a crash: tokens are still good for payments.
    auth.stop_immediate().await;
    let login = api.login(&account.email, &account.password).await;
    unavailable(&login);
    let name = unique("user");
    let register = json!({ "email": format!("{name}@example.org"), "password": "Password123!", "username": name });
    unavailable(&api.post("/api/v1/auth/register", &register).await);
    api.get_as(&account.access, "/api/v1/payments").await.expect(200);
    api.get("/.well-known/jwks.json").await.expect(200);
    auth.start_again().await;
    eventually(PATIENCE, || async {
        api.login(&account.email, &account.password).await.status == 200
    })
    .await;
    // A failed login that was counted meanwhile would count against the owner.
    api.post("/api/v1/auth/register", &register).await.expect(201);
    healthy_again(&api).await;
    let verified = split.command(&["payments", "verify-ledger"]).await;
    assert_eq!(verified.code, 0, "{verified:?}");
    no_defects(&split.logs());
}

#[tokio::test]
async fn redis_goes_and_comes_back_and_hardly_anybody_notices() {
    let (auth, payments) = (PostgresServer::start().await, PostgresServer::start().await);
    let mut split = Split::start(auth.url().expose(), payments.url().expose()).await;
    let api = split.api();
    let account = api.register().await;
    for round in 0..2 {
        if round == 0 {
            split.redis.stop()
        } else {
            split.redis.kill()
        }
        for _ in 0..20 {
            api.get_as(&account.access, "/api/v1/auth/me").await.expect(200);
            api.pay(&account.access, &unique("key"), &body()).await.expect(201);
        }
        let wrong = api.login(&account.email, "Wrong-password-1").await;
        wrong.expect_problem(401);
        api.login(&account.email, &account.password).await.expect(200);
        // Revocation needs no Redis.
        let session = api.login(&account.email, &account.password).await.text_at("/access_token");
        let logout =
            api.request(reqwest::Method::POST, "/api/v1/auth/logout").bearer_auth(&session);
        marquis_tests::api::send(logout).await.expect(204);
        eventually(std::time::Duration::from_secs(2), || async {
            api.get_as(&session, "/api/v1/payments").await.status == 401
        })
        .await;
        split.redis.start_again();
        healthy_again(&api).await;
        api.pay(&account.access, &unique("key"), &body()).await.expect(201);
    }
    no_defects(&split.logs());
}

#[tokio::test]
async fn the_private_postgresql_is_started_again_after_its_crash() {
    let installation = Installation::start().await;
    let api = installation.api();
    let account = api.register().await;
    api.pay(&account.access, "before", &body()).await.expect(201);
    let pid = installation.postgres_pid();
    marquis_tests::process::kill(pid);
    // Its sessions may live a moment longer than the server.
    eventually(PATIENCE, || async { installation.postgres_pid() != pid }).await;
    pays_again(&api, &account).await;
    healthy_again(&api).await;
    let list = api.get_as(&account.access, "/api/v1/payments").await.expect(200).json();
    assert!(list["meta"]["total"].as_i64() >= Some(2), "nothing was lost: {list}");
    installation.process().stop().await;
    no_defects(&installation.process().log());
}
