//! What other services learn of people, and what is left of somebody who was erased.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::http::StatusCode;
use marquis_contracts::events::{Cursor, Event, EventSource, Recorded, SourceUnavailable};
use marquis_contracts::identity::{TokenVerifier as _, UserId};
use marquis_contracts::people::RenameError;
use marquis_kernel::id::new_uuid;
use marquis_kernel::{Clock as _, ManualClock};
use marquis_testkit::eventually;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::app::{App, PASSWORD, Session, get, post, settings};

const PATIENCE: Duration = Duration::from_secs(30);
const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:131.0) Gecko/20100101 Firefox/131.0";
const NEWER_FIREFOX: &str =
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
const IPHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile/15E148 Safari/604.1";

fn id(session: &Session) -> UserId {
    session.user["id"].as_str().expect("an id").parse().expect("an id")
}

/// The service's events of one kind, as other services read them.
async fn told(app: &App, kind: &str) -> Vec<Event> {
    let source = app.auth.event_source();
    // Transactions of other databases on the same server may hold events back for a moment.
    let total: i64 = {
        let client = app.database.client().await;
        client.query_one("SELECT count(*) FROM outbox", &[]).await.expect("counts").get(0)
    };
    let total = usize::try_from(total).expect("few");
    eventually(PATIENCE, || async {
        source.events_after(Cursor::START, 500).await.expect("read").len() == total
    })
    .await;
    let all = source.events_after(Cursor::START, 500).await.expect("read");
    all.into_iter().map(|recorded| recorded.event).filter(|event| event.kind == kind).collect()
}

async fn login_with(app: &App, name: &str, agent: &str) {
    let body = json!({ "email": format!("{name}@example.com"), "password": PASSWORD });
    let call = post("/auth/login").json(body).header("user-agent", agent);
    app.send(call).await.expect(StatusCode::OK);
}

#[tokio::test]
async fn a_sign_in_tells_its_device_and_whether_it_is_a_new_one() {
    let app = App::new().await;
    let body = json!({ "email": "alice@example.com", "password": PASSWORD, "username": "alice" });
    let call = post("/auth/register").json(body).header("user-agent", FIREFOX);
    let alice = Session::of(&app.send(call).await.expect(StatusCode::CREATED));
    for agent in [NEWER_FIREFOX, IPHONE, IPHONE, FIREFOX] {
        login_with(&app, "alice", agent).await;
    }
    let started = told(&app, "session.started").await;
    let seen: Vec<(&str, bool)> = started
        .iter()
        .map(|event| {
            let device = event.data["device"].as_str().expect("a device");
            (device, event.data["newDevice"].as_bool().expect("a flag"))
        })
        .collect();
    assert_eq!(
        seen,
        [
            ("Firefox on Linux", false),
            ("Firefox on Linux", false),
            ("Safari on iPhone", true),
            ("Safari on iPhone", false),
            ("Firefox on Linux", false),
        ]
    );
    for event in &started {
        assert_eq!(event.data["userId"], alice.user["id"]);
        assert_eq!(event.subject, event.data["sessionId"].as_str().expect("an id"));
        let text = event.data.to_string();
        assert!(!text.contains("example.com") && !text.contains("192.0.2.1"), "{text}");
    }
    // A refused sign-in starts nothing.
    app.login("alice", "wrong-Password1!").await.expect(StatusCode::UNAUTHORIZED);
    assert_eq!(told(&app, "session.started").await.len(), 5);
}

#[tokio::test]
async fn a_lock_is_told_once_and_only_of_accounts_that_exist() {
    let mut settings = settings();
    settings.lockout.failures = 3;
    let app = App::with(settings).await;
    let alice = app.register("alice").await;
    for name in ["alice", "nobody"] {
        for _ in 0..5 {
            let answer = app.login(name, "wrong-Password1!").await;
            assert!(answer.status.is_client_error(), "{}", answer.text);
        }
    }
    let locked = told(&app, "account.locked").await;
    assert_eq!(locked.len(), 1);
    assert_eq!(locked[0].subject, id(&alice).to_string());
    assert!(locked[0].data["until"].is_string());
}

#[tokio::test]
async fn names_and_addresses_are_answered() {
    let app = App::new().await;
    let (alice, bob) = (id(&app.register("Alice").await), id(&app.register("bob").await));
    let stranger = UserId::new(&*app.clock);
    let identities = app.auth.identities();
    let mut found = identities.identities(&[alice, stranger, bob]).await.expect("asked");
    found.sort_by(|one, other| one.username.cmp(&other.username));
    let found: Vec<_> = found.iter().map(|one| (one.user_id, one.username.as_str())).collect();
    assert_eq!(found, [(alice, "Alice"), (bob, "bob")]);
    let found = identities.by_username("ALICE").await.expect("asked").expect("there");
    assert_eq!((found.user_id, found.username.as_str()), (alice, "Alice"));
    assert_eq!(identities.by_username("carol").await.expect("asked"), None);
    assert_eq!(identities.by_username("not a name").await.expect("asked"), None);
    let email = identities.email(bob).await.expect("asked");
    assert_eq!(email.as_deref(), Some("bob@example.com"));
    assert_eq!(identities.email(stranger).await.expect("asked"), None);
}

#[tokio::test]
async fn a_person_is_renamed_once_however_often_it_is_asked() {
    let app = App::new().await;
    let alice = app.register("alice").await;
    app.register("bob").await;
    let identities = app.auth.identities();
    assert_eq!(app.me(&alice.access).await.body["username"], "alice");
    for _ in 0..3 {
        let renamed = identities.rename(id(&alice), "Alice2").await.expect("renamed");
        assert_eq!((renamed.user_id, renamed.username.as_str()), (id(&alice), "Alice2"));
    }
    assert_eq!(app.me(&alice.access).await.body["username"], "Alice2", "at once");
    // Another spelling of the own name is another name.
    identities.rename(id(&alice), "alice2").await.expect("renamed");
    let told: Vec<Value> =
        told(&app, "user.renamed").await.into_iter().map(|event| event.data).collect();
    let user = id(&alice);
    assert_eq!(
        told,
        [
            json!({ "userId": user, "username": "Alice2" }),
            json!({ "userId": user, "username": "alice2" })
        ]
    );
    assert_eq!(app.audited("user.renamed").await, 2);

    let taken = identities.rename(user, "BOB").await.expect_err("taken");
    assert!(matches!(taken, RenameError::Taken), "{taken:?}");
    let invalid = identities.rename(user, "a b").await.expect_err("invalid");
    let RenameError::Invalid(rule) = invalid else { panic!("{invalid:?}") };
    assert!(rule.contains("letters") && !rule.contains("a b"), "{rule}");
    let unknown = identities.rename(UserId::new(&*app.clock), "carol").await.expect_err("nobody");
    assert!(matches!(unknown, RenameError::NotFound), "{unknown:?}");
    // The old name is free.
    app.register("carol").await;
    let carol = app.login("carol", PASSWORD).await.expect(StatusCode::OK);
    identities.rename(id(&Session::of(&carol)), "alice").await.expect("free");
}

#[tokio::test]
async fn a_person_receives_what_is_held_about_them() {
    let app = App::new().await;
    let alice = app.register("alice").await;
    app.advance(Duration::from_secs(1));
    login_with(&app, "alice", IPHONE).await;
    app.register("bob").await;
    let copy = app.auth.personal_data().export(id(&alice)).await.expect("collected");
    assert_eq!(copy["account"]["email"], "alice@example.com");
    assert_eq!(copy["account"]["username"], "alice");
    assert_eq!(copy["sessions"].as_array().map(Vec::len), Some(2));
    assert_eq!(copy["sessions"][0]["address"], "192.0.2.1");
    assert_eq!(copy["devices"][1]["device"], "Safari on iPhone");
    let kinds: Vec<&str> = copy["auditRecords"]
        .as_array()
        .expect("records")
        .iter()
        .filter_map(|record| record["kind"].as_str())
        .collect();
    assert_eq!(kinds, ["user.registered", "login.succeeded"]);
    let text = copy.to_string();
    assert!(!text.contains("$2b$") && !text.contains("bob"), "{text}");
    let nobody = app.auth.personal_data().export(UserId::new(&*app.clock)).await;
    assert_eq!(nobody.expect("collected"), json!({}));
}

/// The log of the service that keeps profiles, with these people erased.
#[derive(Debug)]
struct Erasures(Vec<Recorded>);

impl Erasures {
    fn of(clock: &ManualClock, subjects: &[&str]) -> Arc<Self> {
        let event = |(position, subject): (i64, &&str)| Recorded {
            cursor: Cursor { transaction: 9, position },
            event: Event {
                id: new_uuid(clock),
                kind: "user.erased".to_owned(),
                subject: (*subject).to_owned(),
                occurred_at: clock.now(),
                data: json!({}),
                traceparent: None,
            },
        };
        Arc::new(Self((1..).zip(subjects).map(event).collect()))
    }
}

#[async_trait]
impl EventSource for Erasures {
    async fn events_after(
        &self,
        after: Cursor,
        limit: u32,
    ) -> Result<Vec<Recorded>, SourceUnavailable> {
        let later = self.0.iter().filter(|recorded| recorded.cursor > after);
        Ok(later.take(limit as usize).cloned().collect())
    }
}

#[tokio::test]
async fn nothing_is_left_of_a_person_who_was_erased() {
    let app = App::new().await;
    let elsewhere = app.another(settings());
    let alice = app.register("alice").await;
    let bob = app.register("bob").await;
    login_with(&app, "alice", IPHONE).await;
    app.login("alice", "wrong-Password1!").await.expect(StatusCode::UNAUTHORIZED);
    app.me(&alice.access).await.expect(StatusCode::OK);
    let records = {
        let client = app.database.client().await;
        let rows = client.query_one("SELECT count(*) FROM audit_records", &[]).await;
        rows.expect("counts").get::<_, i64>(0)
    };

    // A malformed event must not keep the next one from being heard.
    let user = id(&alice).to_string();
    app.auth.subscribe(Erasures::of(&app.clock, &["nobody in particular", &user, &user]));
    let stop = CancellationToken::new();
    let running = tokio::spawn({
        let (auth, stop) = (app.auth.clone(), stop.clone());
        async move { auth.run(stop).await }
    });
    let verifier = elsewhere.auth.verifier();
    let listening = tokio::spawn(Arc::clone(&verifier).run(stop.clone()));

    eventually(PATIENCE, || async {
        app.me(&alice.access).await.status == StatusCode::UNAUTHORIZED
    })
    .await;
    eventually(PATIENCE, || async { verifier.verify(&alice.access).await.is_err() }).await;
    eventually(PATIENCE, || async { app.audited("user.erased").await == 1 }).await;
    app.refresh(&alice.refresh).await.expect(StatusCode::UNAUTHORIZED);
    app.login("alice", PASSWORD).await.expect(StatusCode::UNAUTHORIZED);
    assert_eq!(app.auth.personal_data().export(id(&alice)).await.expect("collected"), json!({}));
    assert_eq!(app.auth.identities().email(id(&alice)).await.expect("asked"), None);
    app.me(&bob.access).await.expect(StatusCode::OK);
    verifier.verify(&bob.access).await.expect("not concerned");

    let client = app.database.client().await;
    for table in ["users", "sessions", "devices", "audit_records", "refresh_tokens"] {
        let rows = client.query(&format!("SELECT t::text FROM {table} t"), &[]).await;
        for row in rows.expect("readable") {
            let text: String = row.get(0);
            assert!(!text.contains(&user) && !text.contains("alice"), "{table}: {text}");
            assert!(!text.contains("iPhone"), "{table}: {text}");
        }
    }
    let kept = client
        .query_one(
            "SELECT count(*) FROM audit_records WHERE kind NOT IN ('user.erased', 'login.failed')",
            &[],
        )
        .await
        .expect("counts");
    assert_eq!(kept.get::<_, i64>(0), records - 1, "the trail is as long as it was");
    let parked = client.query("SELECT subject FROM events_parked", &[]).await.expect("read");
    assert_eq!(parked.len(), 1);
    assert_eq!(parked[0].get::<_, String>(0), "nobody in particular");
    // The names are free again.
    app.register("alice").await;
    stop.cancel();
    running.await.expect("ends");
    listening.await.expect("ends");
}

#[tokio::test]
async fn the_trail_gives_up_a_person_and_nothing_else() {
    let app = App::new().await;
    app.register("alice").await;
    let client = app.database.client().await;
    for change in [
        "UPDATE audit_records SET kind = 'another'",
        "UPDATE audit_records SET address = '192.0.2.7'",
        "UPDATE audit_records SET user_id = NULL",
        "UPDATE audit_records SET user_id = NULL, address = NULL, user_agent = NULL, kind = 'x'",
        "UPDATE audit_records SET user_id = NULL, address = NULL, user_agent = NULL, details = '{\"a\": 1}'",
        "DELETE FROM audit_records",
        "TRUNCATE audit_records",
    ] {
        let refused = client.batch_execute(change).await.expect_err(change);
        assert_eq!(refused.code().map(|state| state.code()), Some("42501"), "{change}");
    }
    client
        .batch_execute("UPDATE audit_records SET user_id = NULL, address = NULL, user_agent = NULL")
        .await
        .expect("an erasure");
}

#[tokio::test]
async fn internal_routes_answer_nobody_without_the_installations_token() {
    let app = App::new().await;
    let alice = app.register("alice").await;
    let path = format!("/internal/personal-data/{}", id(&alice));
    app.send(get(&path)).await.expect(StatusCode::UNAUTHORIZED);
    app.send(get(&path).bearer(&alice.access)).await.expect(StatusCode::UNAUTHORIZED);
    app.send(get("/internal/events?after=0-0&limit=1")).await.expect(StatusCode::UNAUTHORIZED);
    let body = json!({ "user": id(&alice), "username": "mallory" });
    app.send(post("/internal/identities/rename").json(body)).await.expect(StatusCode::UNAUTHORIZED);
    assert_eq!(app.me(&alice.access).await.body["username"], "alice");
}
