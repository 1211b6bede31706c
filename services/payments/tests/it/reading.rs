//! Who sees which payments.

use serde_json::Value;

use crate::harness::{App, text};

#[tokio::test]
async fn a_foreign_payment_does_not_exist() {
    let app = App::start().await;
    let (alice, bob) = (app.alice(), app.alice());
    let reference = app.pay(&alice, 100).await;
    let path = format!("/payments/{reference}");
    let foreign = app.get(&bob, &path).await.problem(404);
    let unknown = format!("/payments/pay_{}", "0".repeat(26));
    assert_eq!(app.get(&bob, &unknown).await.problem(404), foreign);
    app.get(&bob, &format!("{path}/refunds")).await.problem(404);
    app.set_status(&bob, &reference, "cancelled").await.problem(404);
    assert_eq!(app.get(&app.finance(), &path).await.expect(200)["amount"], 100);
    let admin = app.person(&[marquis_contracts::identity::Role::Admin]);
    app.get(&admin, &path).await.problem(404);
}

#[tokio::test]
async fn malformed_references_name_nothing() {
    let app = App::start().await;
    let alice = app.alice();
    let reference = app.pay(&alice, 1).await;
    for wrong in ["x", "pay_", "pay_1", &reference[4..], &format!("{reference}0"), "%00", "%ff"] {
        app.get(&alice, &format!("/payments/{wrong}")).await.problem(404);
    }
    // Crockford's base32 is read in either case.
    let typed = format!("/payments/pay_{}", reference[4..].to_lowercase());
    assert_eq!(app.get(&alice, &typed).await.expect(200)["reference"], reference);
    app.get(&alice, "/payments/webhook").await.problem(405);
}

#[tokio::test]
async fn lists_are_newest_first_and_in_pages() {
    let app = App::start().await;
    let (alice, bob) = (app.alice(), app.alice());
    let mut made = Vec::new();
    for amount in 1..=5 {
        made.push(app.pay(&alice, amount).await);
        app.pay(&bob, 1_000 + amount).await;
    }
    made.reverse();
    app.set_status(&alice, &made[1], "cancelled").await.expect(200);

    let all = app.get(&alice, "/payments").await.expect(200);
    assert_eq!(references(&all), made);
    assert_eq!(all["meta"], serde_json::json!({"total": 5, "limit": 20, "offset": 0}));
    assert_eq!(all["data"][0].get("history"), None);

    let page = app.get(&alice, "/payments?limit=2&offset=1").await.expect(200);
    assert_eq!(references(&page), made[1..3]);
    assert_eq!(page["meta"]["total"], 5);
    let beyond = app.get(&alice, "/payments?offset=5").await.expect(200);
    assert_eq!((references(&beyond).len(), &beyond["meta"]["total"]), (0, &Value::from(5)));

    let cancelled = app.get(&alice, "/payments?status=cancelled").await.expect(200);
    assert_eq!(references(&cancelled), [made[1].clone()]);
    assert_eq!(cancelled["meta"]["total"], 1);
}

#[tokio::test]
async fn finance_lists_everybody() {
    let app = App::start().await;
    let (alice, bob, finance) = (app.alice(), app.alice(), app.finance());
    let hers = app.pay(&alice, 1).await;
    let his = app.pay(&bob, 2).await;
    app.set_status(&bob, &his, "cancelled").await.expect(200);

    let all = app.get(&finance, "/payments").await.expect(200);
    assert_eq!(references(&all), [his.as_str(), hers.as_str()]);
    assert_eq!(all["meta"]["total"], 2);
    let by_user = app.get(&finance, &format!("/payments?userId={}", alice.id)).await.expect(200);
    assert_eq!(references(&by_user), [hers.as_str()]);
    let by_status = app.get(&finance, "/payments?status=cancelled").await.expect(200);
    assert_eq!(references(&by_status), [his.as_str()]);
    let both = format!("/payments?userId={}&status=cancelled", alice.id);
    assert_eq!(app.get(&finance, &both).await.expect(200)["meta"]["total"], 0);

    let own = format!("/payments?userId={}", bob.id);
    assert_eq!(references(&app.get(&bob, &own).await.expect(200)), [his]);
    app.get(&alice, &own).await.problem(403);
}

#[tokio::test]
async fn wrong_queries_are_refused() {
    let app = App::start().await;
    let alice = app.alice();
    let path = "/payments?limit=0&offset=-1&status=paid&userId=7&colour=red";
    let mut fields = app.get(&alice, path).await.wrong_fields();
    fields.sort();
    assert_eq!(fields, ["colour", "limit", "offset", "status", "userId"]);
}

fn references(list: &Value) -> Vec<String> {
    let data = list["data"].as_array().expect("a list");
    data.iter().map(|payment| text(&payment["reference"])).collect()
}
