//! Payments through the gateway.

use marquis_testkit::eventually;
use marquis_tests::api::{send, unique};
use marquis_tests::{Api, PATIENCE};
use reqwest::Method;
use serde_json::{Value, json};

use crate::shared;

async fn status(api: &Api, token: &str, reference: &str) -> String {
    let path = format!("/api/v1/payments/{reference}");
    api.get_as(token, &path).await.expect(200).text_at("/status")
}

#[tokio::test]
async fn a_payment_is_made_seen_by_its_owner_and_by_nobody_else() {
    let api = shared::up().await.api();
    let (owner, stranger) = (api.register().await, api.register().await);
    let body = json!({
        "amount": 1250, "currency": "EUR", "description": "A book", "metadata": { "order": "17" },
    });
    let made = api.pay(&owner.access, &unique("key"), &body).await;
    let payment = made.expect(201).json();
    let reference = payment["reference"].as_str().expect("a reference");
    for field in ["amount", "currency", "description", "metadata"] {
        assert_eq!(payment[field], body[field], "{payment}");
    }
    for path in ["/api/v1/payments", "/api/payments", "/b/payments"] {
        let one = format!("{path}/{reference}");
        assert_eq!(
            api.get_as(&owner.access, &one).await.expect(200).text_at("/reference"),
            reference
        );
        api.get_as(&stranger.access, &one).await.expect_problem(404);
        api.get(&one).await.expect_problem(401);
        let list = api.get_as(&owner.access, path).await.expect(200).json();
        assert_eq!(list["meta"], json!({ "total": 1, "limit": 20, "offset": 0 }));
        assert_eq!(list["data"][0]["reference"], reference);
        let others = api.get_as(&stranger.access, path).await.expect(200).json();
        assert_eq!(others["meta"]["total"], 0);
    }
}

#[tokio::test]
async fn a_key_is_answered_once_and_means_one_request() {
    let api = shared::up().await.api();
    let (owner, other) = (api.register().await, api.register().await);
    let key = unique("key");
    let body = json!({ "amount": 1250, "currency": "EUR" });
    let first = api.pay(&owner.access, &key, &body).await;
    let again = api.pay(&owner.access, &key, &body).await;
    assert_eq!((again.status, &again.text), (201, &first.text), "status and body are replayed");
    let different =
        api.pay(&owner.access, &key, &json!({ "amount": 1251, "currency": "EUR" })).await;
    different.expect_problem(422);
    let theirs = api.pay(&other.access, &key, &body).await;
    assert_ne!(theirs.expect(201).text, first.text, "keys are each user's own");
    for key in ["", &"k".repeat(256), "schl\u{fc}ssel"] {
        let answer = api.try_pay(&owner.access, key, &body).await;
        // Some are refused before they are sent.
        if let Ok(answer) = answer {
            answer.expect_problem(400);
        }
    }
}

#[tokio::test]
async fn fifty_uses_of_one_key_at_once_make_one_payment() {
    let api = shared::up().await.api();
    let owner = api.register().await;
    let key = unique("key");
    let body = json!({ "amount": 999, "currency": "JPY" });
    let mut uses = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let (api, token, key, body) =
            (api.clone(), owner.access.clone(), key.clone(), body.clone());
        uses.spawn(async move { api.pay(&token, &key, &body).await });
    }
    let answers = uses.join_all().await;
    let mut made: Vec<&str> = Vec::new();
    for answer in &answers {
        match answer.status {
            201 => made.push(&answer.text),
            409 => drop(answer.expect_problem(409)),
            _ => panic!("{answer:?}"),
        }
    }
    made.dedup();
    assert_eq!(made.len(), 1, "{made:?}");
    let list = api.get_as(&owner.access, "/api/v1/payments").await.json();
    assert_eq!(list["meta"]["total"], 1);
}

/// A token of somebody who looks after payments, made as an operator makes one.
async fn finance(api: &Api) -> String {
    let account = api.register().await;
    let granted =
        shared::up().await.command(&["auth", "grant", &account.email, "user", "finance"]).await;
    assert_eq!(granted.code, 0, "{granted:?}");
    // Roles are in the token, so a new one is needed.
    api.login(&account.email, &account.password).await.expect(200).text_at("/access_token")
}

#[tokio::test]
async fn the_sandbox_settles_a_payment_and_finance_gives_it_back() {
    let api = shared::up().await.api();
    let owner = api.register().await;
    let finance = finance(&api).await;
    let body = json!({ "amount": 1000, "currency": "EUR", "metadata": { "sandbox": "succeed" } });
    let made = api.pay(&owner.access, &unique("key"), &body).await;
    let reference = made.expect(201).text_at("/reference");
    eventually(PATIENCE, || async { status(&api, &owner.access, &reference).await == "succeeded" })
        .await;
    let refunds = format!("/api/v1/payments/{reference}/refunds");
    let refund = async |token: &str, key: &str, amount: i64| {
        let request = api.request(Method::POST, &refunds).bearer_auth(token);
        send(request.header("idempotency-key", key).json(&json!({ "amount": amount }))).await
    };
    refund(&owner.access, &unique("key"), 400).await.expect_problem(403);
    let key = unique("key");
    let first = refund(&finance, &key, 400).await;
    first.expect(201);
    let again = refund(&finance, &key, 400).await;
    assert_eq!((again.status, &again.text), (201, &first.text), "once per key");
    assert_eq!(status(&api, &owner.access, &reference).await, "partially_refunded");
    let too_much = refund(&finance, &unique("key"), 601).await;
    assert!([400, 409].contains(&too_much.status), "{too_much:?}");
    refund(&finance, &unique("key"), 600).await.expect(201);
    assert_eq!(status(&api, &owner.access, &reference).await, "refunded");
    refund(&finance, &unique("key"), 1).await.expect_problem(409);
    let verified = shared::up().await.command(&["payments", "verify-ledger"]).await;
    assert_eq!(verified.code, 0, "{verified:?}");
}

#[tokio::test]
async fn a_payment_goes_only_where_the_state_machine_leads() {
    let api = shared::up().await.api();
    let (owner, stranger) = (api.register().await, api.register().await);
    let finance = finance(&api).await;
    let body = json!({ "amount": 5, "currency": "KWD" });
    let made = api.pay(&owner.access, &unique("key"), &body).await;
    let reference = made.expect(201).text_at("/reference");
    let path = format!("/api/v1/payments/{reference}/status");
    let change = async |token: &str, status: &str| {
        let request = api.request(Method::PATCH, &path).bearer_auth(token);
        send(request.json(&json!({ "status": status }))).await
    };
    change(&owner.access, "nonsense").await.expect_fields(&["status"]);
    change(&stranger.access, "cancelled").await.expect_problem(404);
    // A customer cannot declare their own payment paid.
    change(&owner.access, "succeeded").await.expect_problem(403);
    change(&finance, "refunded").await.expect_problem(409);
    change(&owner.access, "cancelled").await.expect(200);
    for status in ["pending", "processing", "succeeded", "failed"] {
        change(&finance, status).await.expect_problem(409);
    }
    assert_eq!(status(&api, &owner.access, &reference).await, "cancelled");
}

#[tokio::test]
async fn pages_are_bounded_and_do_not_overlap() {
    let api = shared::up().await.api();
    let owner = api.register().await;
    for amount in 1..=5 {
        api.pay(&owner.access, &unique("key"), &json!({ "amount": amount, "currency": "EUR" }))
            .await
            .expect(201);
    }
    let page = async |query: &str| {
        let answer = api.get_as(&owner.access, &format!("/api/v1/payments?{query}")).await;
        let list: Value = answer.expect(200).json();
        let data = list["data"].as_array().cloned().expect("data");
        data.iter().filter_map(|payment| payment["amount"].as_i64()).collect::<Vec<_>>()
    };
    assert_eq!(page("limit=2").await, [5, 4]);
    assert_eq!(page("limit=2&offset=2").await, [3, 2]);
    assert_eq!(page("limit=2&offset=4").await, [1]);
    assert_eq!(page("offset=1000").await, [0_i64; 0]);
    for (query, fields) in [
        ("limit=0", ["limit"].as_slice()),
        ("limit=101", &["limit"]),
        ("limit=x&offset=-1", &["limit", "offset"]),
        ("offset=99999999999999999999", &["offset"]),
    ] {
        let answer = api.get_as(&owner.access, &format!("/api/v1/payments?{query}")).await;
        answer.expect_fields(fields);
    }
}
