//! The local verifier with a real key and an issuer that can be switched off.

use std::sync::atomic::Ordering;

use marquis_contracts::identity::AccessClaims;
use time::Duration as Span;

use super::*;
use crate::testing::{TestIssuer, key, rules};

fn verifier(issuer: &Arc<TestIssuer>) -> Arc<LocalVerifier> {
    let clock: SharedClock = issuer.clock.clone();
    LocalVerifier::new(Arc::clone(issuer) as Arc<dyn TokenIssuer>, rules(), clock)
}

async fn outcome(verifier: &LocalVerifier, token: &str) -> &'static str {
    match verifier.verify(token).await {
        Ok(_) => "accepted",
        Err(VerifyError::Invalid(reason)) => reason,
        Err(VerifyError::Unavailable(_)) => "unavailable",
    }
}

async fn eventually(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let started = Instant::now();
    while !condition().await {
        assert!(started.elapsed() < Duration::from_secs(10), "never: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_token_names_its_principal_with_or_without_the_loop() {
    let issuer = TestIssuer::new();
    let verifier = verifier(&issuer);
    let claims = issuer.claims();
    let token = issuer.token(&claims);
    let first = verifier.verify(&token).await.expect("valid");
    assert_eq!(*first, Principal::from(&claims));
    let second = verifier.verify(&token).await.expect("valid");
    assert!(Arc::ptr_eq(&first, &second), "verified once");
    assert_eq!(issuer.key_questions.load(Ordering::SeqCst), 1);
    assert_eq!(verifier.last_synced(), Some(issuer.clock.now()));
}

#[tokio::test]
async fn expiry_is_checked_at_every_use() {
    let issuer = TestIssuer::new();
    let verifier = verifier(&issuer);
    let token = issuer.token(&issuer.claims());
    assert_eq!(outcome(&verifier, &token).await, "accepted");
    issuer.clock.advance(Span::seconds(901));
    assert_eq!(outcome(&verifier, &token).await, "accepted", "within the leeway");
    issuer.clock.advance(Span::seconds(1));
    assert_eq!(outcome(&verifier, &token).await, "expired");
    assert_eq!(outcome(&verifier, &token).await, "expired");
}

#[tokio::test]
async fn claims_are_checked_before_anything_is_remembered() {
    let issuer = TestIssuer::new();
    let verifier = verifier(&issuer);
    let with = |change: fn(&mut AccessClaims)| {
        let mut claims = issuer.claims();
        change(&mut claims);
        issuer.token(&claims)
    };
    for (token, expected) in [
        (with(|claims| claims.aud = "elsewhere".to_owned()), "another audience"),
        (with(|claims| claims.iss = "https://evil.example".to_owned()), "another issuer"),
        (with(|claims| claims.exp = claims.iat + 7_200), "an impossible lifetime"),
        (
            with(|claims| (claims.iat, claims.exp) = (claims.iat + 60, claims.exp + 60)),
            "issued in the future",
        ),
        (jws::sign(&issuer.claims(), &key()), "unknown key"),
        ("a".repeat(5_000), "too large"),
        (String::new(), "malformed"),
    ] {
        assert_eq!(outcome(&verifier, &token).await, expected);
        assert_eq!(outcome(&verifier, &token).await, expected);
    }
    assert_eq!(verifier.verified.len(), 0);
}

#[tokio::test]
async fn a_revocation_holds_at_once_here_and_soon_elsewhere() {
    let issuer = TestIssuer::new();
    let (here, there) = (verifier(&issuer), verifier(&issuer));
    let shutdown = CancellationToken::new();
    let task = tokio::spawn(Arc::clone(&there).run(shutdown.clone()));
    let claims = issuer.claims();
    let token = issuer.token(&claims);
    assert_eq!(outcome(&here, &token).await, "accepted");
    assert_eq!(outcome(&there, &token).await, "accepted");

    here.revoke(claims.sid);
    assert_eq!(outcome(&here, &token).await, "revoked");
    assert_eq!(outcome(&there, &token).await, "accepted", "nobody told it yet");

    issuer.revoke_at(claims.sid, issuer.clock.now());
    let asked = || issuer.windows.lock().len();
    let before = asked();
    eventually("revoked elsewhere", async || outcome(&there, &token).await == "revoked").await;
    assert!(asked() <= before + 2, "two polls, half a second apart, are a second");

    let other = issuer.claims();
    assert_eq!(outcome(&there, &issuer.token(&other)).await, "accepted", "only that session");
    shutdown.cancel();
    task.await.expect("the loop ends");
}

#[tokio::test]
async fn nothing_is_accepted_before_the_lists_are_known() {
    let issuer = TestIssuer::new();
    issuer.set_away(true);
    let verifier = verifier(&issuer);
    let claims = issuer.claims();
    issuer.revoke_at(claims.sid, issuer.clock.now());
    let token = issuer.token(&claims);
    for _ in 0..20 {
        assert_eq!(outcome(&verifier, &token).await, "unavailable");
    }
    assert_eq!(issuer.key_questions.load(Ordering::SeqCst), 1, "requests provoke no flood");
    issuer.set_away(false);
    let task = tokio::spawn(Arc::clone(&verifier).run(CancellationToken::new()));
    eventually("ready", async || outcome(&verifier, &token).await == "revoked").await;
    task.abort();
}

#[tokio::test]
async fn an_issuer_that_is_away_takes_nothing_away() {
    let issuer = TestIssuer::new();
    let verifier = verifier(&issuer);
    let (good, bad) = (issuer.claims(), issuer.claims());
    issuer.revoke_at(bad.sid, issuer.clock.now());
    let (good, bad) = (issuer.token(&good), issuer.token(&bad));
    assert_eq!(outcome(&verifier, &bad).await, "revoked");
    issuer.set_away(true);
    let synced = verifier.last_synced();
    for _ in 0..30 {
        issuer.clock.advance(Span::seconds(10));
        assert!(verifier.sync_revocations().await.is_err());
        verifier.revoked.forget(issuer.clock.unix());
    }
    assert_eq!(outcome(&verifier, &bad).await, "revoked");
    assert_eq!(outcome(&verifier, &good).await, "accepted");
    assert_eq!(verifier.last_synced(), synced, "health sees how old the list is");

    // What was revoked meanwhile is learned when it is back.
    let late = issuer.claims();
    issuer.revoke_at(late.sid, issuer.clock.now() - Span::seconds(200));
    let late = issuer.token(&late);
    issuer.set_away(false);
    verifier.sync_revocations().await.expect("back");
    assert_eq!(outcome(&verifier, &late).await, "revoked");
}

#[tokio::test]
async fn windows_overlap_and_follow_the_issuers_clock() {
    let issuer = TestIssuer::new();
    let verifier = verifier(&issuer);
    let start = issuer.clock.now();
    verifier.sync_revocations().await.expect("answers");
    let first = *issuer.windows.lock().last().expect("asked");
    assert!(start - first >= Span::hours(1), "tokens that live still are covered");

    issuer.revoke_at(issuer.claims().sid, start);
    issuer.clock.advance(Span::minutes(5));
    verifier.sync_revocations().await.expect("answers");
    verifier.sync_revocations().await.expect("answers");
    assert_eq!(*issuer.windows.lock().last().expect("asked"), start - OVERLAP);

    // A transaction that became visible after a later one.
    let late = issuer.claims();
    issuer.revoke_at(late.sid, start - Span::seconds(5));
    verifier.sync_revocations().await.expect("answers");
    assert_eq!(outcome(&verifier, &issuer.token(&late)).await, "revoked");

    // One issuer's clock runs ahead: others' revocations are still seen.
    issuer.revoke_at(issuer.claims().sid, issuer.clock.now() + Span::days(1));
    verifier.sync_revocations().await.expect("answers");
    let ordinary = issuer.claims();
    issuer.revoke_at(ordinary.sid, issuer.clock.now());
    verifier.sync_revocations().await.expect("answers");
    assert_eq!(outcome(&verifier, &issuer.token(&ordinary)).await, "revoked");
}

#[tokio::test]
async fn a_revocation_far_behind_the_others_is_found_by_the_upkeep() {
    let issuer = TestIssuer::new();
    let verifier = verifier(&issuer);
    issuer.revoke_at(issuer.claims().sid, issuer.clock.now());
    verifier.sync_revocations().await.expect("answers");

    // An issuer whose clock was set back.
    let late = issuer.claims();
    issuer.revoke_at(late.sid, issuer.clock.now() - OVERLAP - Span::minutes(30));
    verifier.keep_house().await;
    verifier.sync_revocations().await.expect("answers");
    assert_eq!(outcome(&verifier, &issuer.token(&late)).await, "revoked");
}

#[tokio::test]
async fn a_withdrawn_key_takes_its_tokens_with_it_within_seconds() {
    let issuer = TestIssuer::new();
    let verifier = verifier(&issuer);
    let task = tokio::spawn(Arc::clone(&verifier).run(CancellationToken::new()));
    let stolen = issuer.token(&issuer.claims());
    assert_eq!(outcome(&verifier, &stolen).await, "accepted");
    *issuer.published.lock() = JwkSet { keys: vec![key().public_jwk()] };
    let void = async || outcome(&verifier, &stolen).await == "unknown key";
    eventually("the stolen key is forgotten", void).await;
    task.abort();
}

#[tokio::test]
async fn keys_rotate_without_a_gap_and_leave_with_their_tokens() {
    let issuer = TestIssuer::new();
    let verifier = verifier(&issuer);
    let old = issuer.token(&issuer.claims());
    assert_eq!(outcome(&verifier, &old).await, "accepted");

    let successor = Arc::new(key());
    issuer.published.lock().keys.push(successor.public_jwk());
    *issuer.signing.lock() = successor;
    let new = issuer.token(&issuer.claims());
    assert_eq!(outcome(&verifier, &new).await, "accepted", "though keys were fetched just now");
    assert_eq!(outcome(&verifier, &old).await, "accepted", "the old key is still published");

    issuer.published.lock().keys.remove(0);
    verifier.sync_keys().await.expect("answers");
    assert_eq!(outcome(&verifier, &old).await, "unknown key", "not from memory either");
    assert_eq!(outcome(&verifier, &new).await, "accepted");
}

#[tokio::test]
async fn made_up_keys_provoke_no_flood_and_an_empty_set_is_no_set() {
    let issuer = TestIssuer::new();
    let verifier = verifier(&issuer);
    let token = issuer.token(&issuer.claims());
    assert_eq!(outcome(&verifier, &token).await, "accepted");
    let started = Instant::now();
    let mut asking = tokio::task::JoinSet::new();
    for _ in 0..200 {
        let (verifier, foreign) = (Arc::clone(&verifier), jws::sign(&issuer.claims(), &key()));
        asking.spawn(async move { outcome(&verifier, &foreign).await });
    }
    let judged = asking.join_all().await;
    assert!(judged.iter().all(|outcome| *outcome == "unknown key"), "{judged:?}");
    let (asked, took) = (issuer.key_questions.load(Ordering::SeqCst), started.elapsed());
    assert!(asked <= 3, "{asked} questions");
    assert!(took < Duration::from_secs(5), "nobody waits for another's question: {took:?}");

    issuer.published.lock().keys.clear();
    assert!(verifier.sync_keys().await.is_err());
    assert_eq!(outcome(&verifier, &token).await, "accepted", "the last good set stays");
}
