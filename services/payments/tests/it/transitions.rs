//! Moving payments by hand.

use std::sync::Arc;

use futures_util::future::join_all;
use marquis_contracts::identity::Role;

use crate::harness::{App, text};

#[tokio::test]
async fn finance_takes_legal_transitions_and_no_other() {
    let app = App::start().await;
    let (alice, finance) = (app.alice(), app.finance());
    let reference = app.pay(&alice, 100).await;
    let jump = app.set_status(&finance, &reference, "succeeded").await.problem(409);
    assert!(jump.contains("pending") && jump.contains("succeeded"), "{jump}");
    let same = app.set_status(&finance, &reference, "pending").await.problem(409);
    assert!(same.contains("pending cannot become pending"), "{same}");
    let moved = app.set_status(&finance, &reference, "processing").await.expect(200);
    assert_eq!(moved["status"], "processing");
    let service = app.person(&[Role::Service]);
    app.set_status(&service, &reference, "succeeded").await.expect(200);
    for status in ["pending", "processing", "succeeded", "failed", "cancelled"] {
        let detail = app.set_status(&finance, &reference, status).await.problem(409);
        assert!(detail.contains("succeeded") && detail.contains(status), "{detail}");
    }
    for status in ["partially_refunded", "refunded"] {
        let detail = app.set_status(&finance, &reference, status).await.problem(409);
        assert!(detail.contains("/refunds"), "{detail}");
    }
    let unknown = app.set_status(&finance, &reference, "paid").await;
    assert_eq!(unknown.wrong_fields(), ["status"]);

    let payment = app.get(&alice, &format!("/payments/{reference}")).await.expect(200);
    let history: Vec<_> = payment["history"]
        .as_array()
        .expect("a history")
        .iter()
        .map(|entry| (text(&entry["status"]), text(&entry["by"])))
        .collect();
    let expected = [("pending", "owner"), ("processing", "staff"), ("succeeded", "staff")];
    assert_eq!(history, expected.map(|(status, by)| (status.to_owned(), by.to_owned())));
    app.assert_books_agree().await;
}

#[tokio::test]
async fn the_owner_may_only_cancel() {
    let app = App::start().await;
    let (alice, finance) = (app.alice(), app.finance());
    let reference = app.pay(&alice, 100).await;
    app.set_status(&alice, &reference, "processing").await.problem(403);
    app.set_status(&finance, &reference, "processing").await.expect(200);
    app.set_status(&alice, &reference, "succeeded").await.problem(403);
    assert_eq!(
        app.set_status(&alice, &reference, "cancelled").await.expect(200)["status"],
        "cancelled"
    );
    let again = app.set_status(&alice, &reference, "cancelled").await.problem(409);
    assert!(again.contains("cancelled cannot become cancelled"), "{again}");
    let captured = app.captured(&alice, 100).await;
    app.set_status(&alice, &captured, "cancelled").await.problem(409);
    app.assert_books_agree().await;
}

/// Of transitions that exclude each other exactly one happens.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn transitions_of_one_payment_happen_one_after_the_other() {
    let app = Arc::new(App::start().await);
    let (alice, finance) = (app.alice(), app.finance());
    for _ in 0..10 {
        let reference = app.pay(&alice, 100).await;
        app.set_status(&finance, &reference, "processing").await.expect(200);
        let answers =
            join_all(["succeeded", "failed", "cancelled", "succeeded"].into_iter().map(|status| {
                let (app, finance, reference) =
                    (Arc::clone(&app), finance.clone(), reference.clone());
                tokio::spawn(async move {
                    app.set_status(&finance, &reference, status).await.status.as_u16()
                })
            }))
            .await;
        let mut statuses: Vec<u16> = answers.into_iter().map(|s| s.expect("no panic")).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409, 409, 409]);
    }
    app.assert_books_agree().await;
}
