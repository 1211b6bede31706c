//! Starting, stopping and changing the configuration.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use marquis_testkit::eventually;
use marquis_tests::api::no_defects;
use marquis_tests::wire::{Wire, statuses};
use marquis_tests::{Installation, PATIENCE, Settings};
use serde_json::json;

#[tokio::test]
async fn a_stop_finishes_what_runs_and_takes_the_database_along() {
    let mut installation = Installation::start().await;
    let account = installation.api().register().await;
    // A request that is under way by construction: half of its body has yet to be sent.
    let body = json!({ "email": account.email, "password": account.password }).to_string();
    let (first, second) = body.split_at(10);
    let mut wire = Wire::open(installation.https_port(), &installation.certificate()).await;
    let head = format!(
        "POST /api/v1/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    wire.send(head.as_bytes()).await;
    wire.send(first.as_bytes()).await;
    let postgres = installation.postgres_pid();
    // The request has arrived when a later one on another connection was answered.
    installation.api().get("/health").await.expect(200);
    installation.process().signal(libc::SIGTERM);
    // Nobody new is let in.
    let port = installation.https_port();
    eventually(PATIENCE, || async {
        tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err()
    })
    .await;
    assert!(installation.process().ended().is_none(), "it waits for the request");
    wire.send(second.as_bytes()).await;
    let answer = wire.read_to_end().await;
    assert_eq!(statuses(&answer), [200], "{answer}");
    assert!(answer.contains("access_token"), "{answer}");
    let status = installation.process().wait().await;
    assert!(status.success(), "{status}:\n{}", installation.process().log());
    assert!(!Path::new(&format!("/proc/{postgres}")).exists(), "PostgreSQL ended before it");

    // The second start finds everything, and is quick.
    let took = installation.restart().await;
    assert!(took < Duration::from_secs(15), "{took:?}");
    let api = installation.api();
    api.login(&account.email, &account.password).await.expect(200);
    api.get_as(&account.access, "/api/v1/auth/me").await.expect(200);
    installation.process().signal(libc::SIGINT);
    assert!(installation.process().wait().await.success(), "{}", installation.process().log());
    no_defects(&installation.process().log());
}

#[tokio::test]
async fn the_first_start_shows_a_password_for_one_use_and_the_second_none() {
    let mut installation = Installation::start().await;
    let said = |log: &str, mark: &str| {
        let line = log.lines().find_map(|line| line.trim().strip_prefix(mark));
        line.map(|rest| rest.trim().to_owned())
    };
    let log = installation.process().log();
    let admin = said(&log, "First admin:").expect("the first admin");
    let password = said(&log, "one-time password:").expect("a one-time password");
    assert!(said(&log, "Data:").is_some_and(|path| path.ends_with("data")), "{log}");
    assert!(log.contains(&format!("https://127.0.0.1:{}", installation.https_port())), "{log}");

    let api = installation.api();
    let restricted = api.login(&admin, &password).await;
    let restricted = restricted.expect(200).text_at("/access_token");
    // Until it is changed it opens nothing but its own change.
    api.get_as(&restricted, "/api/v1/auth/sessions").await.expect_problem(403);
    let me = api.get_as(&restricted, "/api/v1/auth/me").await.expect(200).json();
    assert_eq!((&me["roles"], &me["passwordChangeRequired"]), (&json!([]), &json!(true)));
    let change = json!({ "currentPassword": password, "newPassword": "Administrator-1" });
    api.post_as(&restricted, "/api/v1/auth/password", &change).await.expect(204);
    api.login(&admin, &password).await.expect_problem(401);
    let full = api.login(&admin, "Administrator-1").await.expect(200).json();
    assert!(full["user"]["roles"].as_array().is_some_and(|roles| roles.contains(&json!("admin"))));

    installation.process().stop().await;
    let before = installation.process().log().len();
    installation.restart().await;
    let second = installation.process().log().split_off(before);
    assert!(!second.contains("one-time password"), "{second}");
    assert!(second.contains("Ready"), "{second}");
}

#[tokio::test]
async fn a_second_process_on_the_same_data_is_refused_and_harms_nothing() {
    let installation = Installation::start().await;
    let account = installation.api().register().await;
    let second = installation.command(&["up"]).await;
    assert_ne!(second.code, 0, "{second:?}");
    assert!(!second.stderr.is_empty() && !second.stderr.contains("panicked"), "{second:?}");
    installation.api().login(&account.email, &account.password).await.expect(200);
}

#[tokio::test]
async fn a_stop_under_load_breaks_no_answer() {
    let installation = Installation::start().await;
    let account = installation.api().register().await;
    let mut load = tokio::task::JoinSet::new();
    let started = Arc::new(tokio::sync::Semaphore::new(0));
    for _ in 0..8 {
        let (api, token, started) =
            (installation.api(), account.access.clone(), Arc::clone(&started));
        load.spawn(async move {
            let mut answers = 0;
            loop {
                match api.try_get_as(&token, "/api/v1/payments").await {
                    Ok(answer) => assert_eq!(answer.status, 200, "{answer:?}"),
                    Err(reason) => return (answers, reason),
                }
                answers += 1;
                started.add_permits(1);
            }
        });
    }
    let _ = started.acquire_many(100).await.expect("open");
    installation.process().stop().await;
    for (answers, reason) in load.join_all().await {
        assert!(answers > 0);
        // Refused at the door, not cut off in the middle of an answer.
        assert!(!reason.contains("body"), "{reason}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reload_changes_the_settings_and_drops_no_request() {
    let settings = Settings {
        toml: "[gateway.headers]\nreferrer_policy = \"origin\"\n".to_owned(),
        ..Settings::default()
    };
    let installation = Installation::start_with(settings).await;
    let api = installation.api();
    assert_eq!(api.get("/health").await.header("referrer-policy"), "origin");

    let running = Arc::new(AtomicBool::new(true));
    let mut load = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let (api, running) = (installation.api(), Arc::clone(&running));
        load.spawn(async move {
            let mut answers = 0;
            while running.load(Ordering::Acquire) {
                api.get("/.well-known/jwks.json").await.expect(200);
                answers += 1;
            }
            answers
        });
    }
    let file = installation.config_file();
    let original = fs::read_to_string(&file).expect("the configuration");
    let referrer = async |wanted: &str| {
        eventually(PATIENCE, || async {
            api.get("/health").await.header("referrer-policy") == wanted
        })
        .await;
    };
    for policy in ["same-origin", "no-referrer", "strict-origin"] {
        replace(&file, &original.replace("\"origin\"", &format!("\"{policy}\"")));
        installation.process().signal(libc::SIGHUP);
        referrer(policy).await;
    }
    // A mistake is refused as a whole and said; what was in force stays in force.
    replace(
        &file,
        &original.replace("referrer_policy = \"origin\"", "referer_policy = \"unsafe-url\""),
    );
    installation.process().signal(libc::SIGHUP);
    eventually(PATIENCE, || async { installation.process().log().contains("referer_policy") })
        .await;
    assert_eq!(api.get("/health").await.header("referrer-policy"), "strict-origin");
    // Without a signal: the file is watched.
    replace(&file, &original.replace("\"origin\"", "\"no-referrer-when-downgrade\""));
    referrer("no-referrer-when-downgrade").await;

    running.store(false, Ordering::Release);
    while let Some(answers) = load.join_next().await {
        assert!(answers.expect("no request failed") > 0);
    }
}

/// As editors do: a new file in the place of the old one.
fn replace(file: &Path, text: &str) {
    let new = file.with_extension("new");
    fs::write(&new, text).expect("written");
    fs::rename(&new, file).expect("renamed");
}

#[tokio::test]
async fn a_connection_of_before_keeps_working_after_a_reload() {
    let installation = Installation::start().await;
    let mut wire = Wire::open(installation.https_port(), &installation.certificate()).await;
    let request = b"GET /.well-known/jwks.json HTTP/1.1\r\nHost: localhost\r\n\r\n";
    wire.send(request).await;
    assert_eq!(statuses(&wire.read_answer().await), [200]);
    let file = installation.config_file();
    let text = fs::read_to_string(&file).expect("the configuration");
    replace(&file, &format!("{text}\n[gateway.headers]\nreferrer_policy = \"origin\"\n"));
    installation.process().signal(libc::SIGHUP);
    let api = installation.api();
    eventually(PATIENCE, || async {
        api.get("/health").await.header("referrer-policy") == "origin"
    })
    .await;
    wire.send(request).await;
    let answer = wire.read_answer().await;
    assert_eq!(statuses(&answer), [200]);
    assert!(answer.to_ascii_lowercase().contains("referrer-policy: origin"), "{answer}");
}

#[tokio::test]
async fn an_installation_without_an_administrator_starts_and_says_so() {
    let mut installation = Installation::start().await;
    let demoted = installation.command(&["auth", "grant", "admin@marquis.local", "user"]).await;
    assert_eq!(demoted.code, 0, "{demoted:?}");
    installation.process().stop().await;
    installation.restart().await;
    let log = installation.process().log();
    assert!(log.contains("marquis auth grant EMAIL user admin"), "{log}");
    installation.api().get("/health").await.expect(200);
}
