//! Refresh tokens: fifty at once inside the grace, and a replay after it.

use std::collections::BTreeSet;
use std::time::Duration;

use marquis_testkit::eventually;
use marquis_tests::database::connect;
use marquis_tests::{Account, Api, PATIENCE};
use serde_json::json;

use crate::shared;

async fn fifty_at_once(api: &Api, account: &Account) -> Vec<(String, String)> {
    let mut uses = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let (api, token) = (api.clone(), account.refresh.clone());
        uses.spawn(async move {
            let answer = api.refresh(&token).await;
            answer.expect(200);
            (answer.text_at("/access_token"), answer.text_at("/refresh_token"))
        });
    }
    uses.join_all().await
}

async fn nobody_is_logged_out(api: &Api) {
    let account = api.register().await;
    let pairs = fifty_at_once(api, &account).await;
    let distinct: BTreeSet<&String> = pairs.iter().map(|(_, refresh)| refresh).collect();
    assert_eq!(distinct.len(), 50, "each has its own successor");
    for (access, refresh) in &pairs {
        api.get_as(access, "/api/v1/auth/me").await.expect(200);
        // Each of the clients goes on from where it is.
        let next = api.refresh(refresh).await;
        api.get_as(&next.expect(200).text_at("/access_token"), "/api/v1/auth/me").await.expect(200);
    }
    api.get_as(&account.access, "/api/v1/auth/me").await.expect(200);
}

#[tokio::test]
async fn fifty_uses_at_once_log_nobody_out_in_one_process() {
    nobody_is_logged_out(&shared::up().await.api()).await;
}

#[tokio::test]
async fn fifty_uses_at_once_log_nobody_out_over_two_processes() {
    nobody_is_logged_out(&shared::split().await.api()).await;
}

#[tokio::test]
async fn a_replay_after_the_grace_revokes_the_family_and_is_recorded() {
    let split = shared::split().await;
    let strict = split.another("auth", &[("MARQUIS__AUTH__TOKENS__REFRESH_GRACE", "1s")]).await;
    let (api, direct) = (split.api(), strict.api());
    let account = api.register().await;
    let bystander = api.register().await;
    let refresh =
        async |token: &str| direct.post("/auth/refresh", &json!({ "refresh_token": token })).await;
    let first = refresh(&account.refresh).await;
    let mut newest = first.expect(200).text_at("/refresh_token");
    // Inside the grace the old one is still good; there is no event but time that ends it.
    let replay = eventually(PATIENCE, || async {
        let answer = refresh(&account.refresh).await;
        if answer.status == 200 { Err(answer.text_at("/refresh_token")) } else { Ok(answer) }
    })
    .await;
    replay.expect_problem(401);
    // Every token of the family is void, whoever holds it.
    for token in [&account.refresh, &newest] {
        api.refresh(token).await.expect_problem(401);
    }
    newest = first.text_at("/access_token");
    for access in [&account.access, &newest] {
        eventually(Duration::from_secs(2), || async {
            api.get_as(access, "/api/v1/payments").await.status == 401
        })
        .await;
    }
    api.get_as(&bystander.access, "/api/v1/auth/me").await.expect(200);
    api.login(&account.email, &account.password).await.expect(200);

    let client = connect(split.auth_database()).await;
    let count = "SELECT count(*) FROM auth.audit_records \
                 WHERE kind = 'refresh_token.reused' AND user_id = $1::text::uuid \
                 AND session_id IS NOT NULL";
    let row = client.query_one(count, &[&account.id]).await.expect("the audit trail");
    assert!(row.get::<_, i64>(0) >= 1);
    let others = client.query_one(count, &[&bystander.id]).await.expect("the audit trail");
    assert_eq!(others.get::<_, i64>(0), 0);
    let log = strict.process().log() + &split.logs();
    assert!(log.contains("refresh_token.reused"), "and a line in the security log");
}

#[tokio::test]
async fn what_was_never_issued_is_refused_alike() {
    let api = shared::up().await.api();
    for token in ["", "x", &"A".repeat(43), &"A".repeat(5_000), "a.b.c", "\u{1f512}"] {
        let answer = api.refresh(token).await;
        assert!([400, 401].contains(&answer.status), "{answer:?}");
        answer.expect_problem(answer.status);
    }
    let account = api.register().await;
    api.refresh(&account.access).await.expect_problem(401);
}
