//! `kill -9` in the middle of five hundred payments.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use marquis_testkit::eventually;
use marquis_tests::api::no_defects;
use marquis_tests::{Api, Installation, PATIENCE};
use serde_json::{Value, json};
use tokio::sync::Notify;

const PAYMENTS: usize = 500;

/// Points at which to kill, in answers received: nothing yet, early, late; one more is drawn.
const POINTS: [usize; 3] = [0, 37, 480];

fn body(index: usize) -> Value {
    // Half of them are settled by the sandbox meanwhile, and so move the ledger.
    let metadata =
        if index.is_multiple_of(2) { json!({ "sandbox": "succeed" }) } else { json!({}) };
    json!({ "amount": index + 1, "currency": "EUR", "metadata": metadata })
}

/// Sends all payments at once and kills at the given number of answers. What was answered.
async fn pay_until_killed(
    installation: &Installation,
    token: &str,
    round: usize,
    answers: usize,
) -> BTreeMap<usize, String> {
    // Several connections, so that more requests are under way than one of HTTP/2 carries.
    let clients: Vec<Api> = (0..8).map(|_| installation.api()).collect();
    let answered = Arc::new((AtomicUsize::new(0), Notify::new()));
    let mut requests = tokio::task::JoinSet::new();
    for index in 0..PAYMENTS {
        let (api, token) = (clients[index % clients.len()].clone(), token.to_owned());
        let answered = Arc::clone(&answered);
        requests.spawn(async move {
            let answer = api.try_pay(&token, &key(round, index), &body(index)).await;
            let (count, more) = &*answered;
            count.fetch_add(1, Ordering::AcqRel);
            more.notify_one();
            let answer = answer.ok()?;
            // Dying, it may still say that it cannot; it must not say that it was done.
            (answer.status == 201).then(|| (index, answer.text_at("/reference")))
        });
    }
    let (count, more) = &*answered;
    while count.load(Ordering::Acquire) < answers {
        more.notified().await;
    }
    installation.process().kill();
    requests.join_all().await.into_iter().flatten().collect()
}

fn key(round: usize, index: usize) -> String {
    format!("crash-{round}-{index}")
}

async fn retry_all(
    installation: &Installation,
    token: &str,
    round: usize,
) -> BTreeMap<usize, String> {
    let api = installation.api();
    let mut requests = tokio::task::JoinSet::new();
    for index in 0..PAYMENTS {
        let (api, token) = (api.clone(), token.to_owned());
        requests.spawn(async move {
            let reference = eventually(PATIENCE, || async {
                let answer = api.try_pay(&token, &key(round, index), &body(index)).await?;
                if answer.status == 201 {
                    Ok(answer.text_at("/reference"))
                } else {
                    Err(format!("{answer:?}"))
                }
            })
            .await;
            (index, reference)
        });
    }
    requests.join_all().await.into_iter().collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_key_pays_once_and_the_ledger_balances() {
    let mut installation = Installation::start().await;
    let drawn = usize::from(u16::from_be_bytes(entropy())) % PAYMENTS;
    for (round, answers) in POINTS.into_iter().chain([drawn]).enumerate() {
        // Shown when the test fails.
        println!("round {round}: killed after {answers} answers");
        // A user for each round, so that the list shows this round's payments only.
        let account = installation.api().register().await;
        let before = pay_until_killed(&installation, &account.access, round, answers).await;
        assert!(before.len() >= answers.saturating_sub(50), "most were answered with success");
        if answers < PAYMENTS / 4 {
            assert!(before.len() < PAYMENTS, "some were under way");
        }
        installation.restart().await;
        let after = retry_all(&installation, &account.access, round).await;
        assert_eq!(after.len(), PAYMENTS);
        for (index, reference) in &before {
            assert_eq!(&after[index], reference, "what was promised is what is found");
        }
        let distinct: BTreeSet<&String> = after.values().collect();
        assert_eq!(distinct.len(), PAYMENTS, "one payment per key");
        let api = installation.api();
        let list = api.get_as(&account.access, "/api/v1/payments?limit=1").await;
        assert_eq!(list.expect(200).json()["meta"]["total"], PAYMENTS, "and no other");
        let verified = installation.command(&["payments", "verify-ledger"]).await;
        assert_eq!(verified.code, 0, "{verified:?}");
    }
    // What was asked of the sandbox before a crash is settled after it.
    let account = installation.api().register().await;
    let api = installation.api();
    let made =
        api.pay(&account.access, "settled-after", &body(0)).await.expect(201).text_at("/reference");
    installation.process().kill();
    installation.restart().await;
    let api = installation.api();
    eventually(PATIENCE, || async {
        let path = format!("/api/v1/payments/{made}");
        api.get_as(&account.access, &path).await.text_at("/status") == "succeeded"
    })
    .await;
    let verified = installation.command(&["payments", "verify-ledger"]).await;
    assert_eq!(verified.code, 0, "{verified:?}");
    installation.process().stop().await;
    no_defects(&installation.process().log());
}

fn entropy() -> [u8; 2] {
    let mut bytes = [0; 2];
    ring::rand::SecureRandom::fill(&ring::rand::SystemRandom::new(), &mut bytes).expect("entropy");
    bytes
}
