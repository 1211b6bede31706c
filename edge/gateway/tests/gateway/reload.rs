//! Reloads change everything at once and drop nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use marquis_gateway::reload::{Loader, watch};
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use crate::support::{Backend, Rig, Wire, eventually, problem, route, upstream};
use crate::tls::{leaf, pair, shown};

#[tokio::test]
async fn no_request_is_dropped_by_reloads_under_load() {
    let (a, b) = (Backend::start("a").await, Backend::start("b").await);
    let rig = Rig::to(&[&a]).await;
    let stop = CancellationToken::new();
    let served = Arc::new(AtomicUsize::new(0));
    let clients: Vec<_> = (0..8)
        .map(|index| {
            let (address, stop, served) = (rig.http, stop.clone(), Arc::clone(&served));
            tokio::spawn(async move {
                let mut wire = Wire::connect(address).await;
                while !stop.is_cancelled() {
                    // Half of them connect anew all the time.
                    if index % 2 == 0 {
                        wire = Wire::connect(address).await;
                    }
                    let answer = wire
                        .send("POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi")
                        .await;
                    assert_eq!(answer.status, 200, "{answer:?}");
                    served.fetch_add(1, Ordering::SeqCst);
                }
            })
        })
        .collect();
    let mut settings = rig.settings.clone();
    for round in 0..30 {
        let backend = if round % 2 == 0 { &b } else { &a };
        settings.upstreams.insert("echo".to_owned(), upstream(&[backend.address]));
        settings.headers.referrer_policy = format!("no-referrer, round-{round}");
        rig.handle.reload(&settings).await.expect("reloaded");
        let before = served.load(Ordering::SeqCst);
        eventually("requests go on", || async { served.load(Ordering::SeqCst) > before + 20 })
            .await;
    }
    stop.cancel();
    for client in clients {
        client.await.expect("no client saw an error");
    }
    assert!(a.hits() > 200 && b.hits() > 200);
    let answer = rig.get("/x").await;
    assert_eq!(answer.header("referrer-policy"), Some("no-referrer, round-29"));
}

#[tokio::test]
async fn servers_that_stay_keep_their_connections() {
    let (a, b) = (Backend::start("a").await, Backend::start("b").await);
    let rig = Rig::to(&[&a]).await;
    let mut wire = rig.wire().await;
    assert_eq!(wire.send("GET /x HTTP/1.1\r\nHost: h\r\n\r\n").await.status, 200);
    let mut settings = rig.settings.clone();
    settings.upstreams.insert("echo".to_owned(), upstream(&[a.address, b.address]));
    rig.handle.reload(&settings).await.expect("reloaded");
    for _ in 0..10 {
        assert_eq!(wire.send("GET /x HTTP/1.1\r\nHost: h\r\n\r\n").await.status, 200);
    }
    assert_eq!((a.connections(), b.connections()), (1, 1));
    assert_eq!((a.hits(), b.hits()), (6, 5));
}

#[tokio::test]
async fn a_broken_configuration_changes_nothing() {
    let backend = Backend::start("a").await;
    let rig = Rig::to(&[&backend]).await;
    let mut broken = rig.settings.clone();
    broken.routes.push(route("/new/*"));
    broken.routes.last_mut().expect("route").service = "nobody".to_owned();
    broken.headers.x_frame_options = "DENY".to_owned();
    let error = rig.handle.reload(&broken).await.expect_err("refused").to_string();
    assert!(error.contains("nobody"), "{error}");
    let answer = rig.get("/x").await;
    assert_eq!((answer.status, answer.header("x-frame-options")), (200, Some("SAMEORIGIN")));
}

#[tokio::test]
async fn routes_limits_and_certificates_change_without_a_restart() {
    let backend = Backend::start("a").await;
    let dir = tempfile::tempdir().expect("directory");
    let old = pair(dir.path(), "site", &["a.example"]);
    let files = old.clone();
    let rig = Rig::with(&[&backend], |settings| settings.tls.certificates = vec![files]).await;
    let before = leaf(&old);
    assert_eq!(shown(&rig, "a.example", rustls::ALL_VERSIONS).await, Some(before.clone()));
    let renewed = pair(dir.path(), "site", &["a.example"]);
    let mut settings = rig.settings.clone();
    settings.routes = vec![route("/other/*")];
    settings.limits.body = 2;
    rig.handle.reload(&settings).await.expect("reloaded");
    assert_eq!(shown(&rig, "a.example", rustls::ALL_VERSIONS).await, Some(leaf(&renewed)));
    assert_ne!(leaf(&renewed), before);
    problem(&rig.get("/x").await, 404);
    assert_eq!(rig.get("/other/x").await.status, 200);
    let three = "POST /other/x HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc";
    problem(&rig.send(three).await, 413);
}

#[tokio::test]
async fn files_are_watched_and_sighup_is_heard() {
    let backend = Backend::start("a").await;
    let dir = tempfile::tempdir().expect("directory");
    let certificate = pair(dir.path(), "site", &["a.example"]);
    let file = dir.path().join("marquis.toml");
    std::fs::write(&file, "first").expect("written");
    let files = certificate.clone();
    let rig = Rig::with(&[&backend], |settings| settings.tls.certificates = vec![files]).await;
    let next = Arc::new(Mutex::new(rig.settings.clone()));
    let loads = Arc::new(AtomicUsize::new(0));
    let stop = CancellationToken::new();
    let load: Loader = {
        let (next, loads, file) = (Arc::clone(&next), Arc::clone(&loads), file.clone());
        Box::new(move || {
            loads.fetch_add(1, Ordering::SeqCst);
            match std::fs::read_to_string(&file)?.as_str() {
                "broken" => Err("line 1: this is no TOML".into()),
                _ => Ok(next.lock().clone()),
            }
        })
    };
    let watching = tokio::spawn(watch(rig.handle.clone(), vec![file.clone()], load, stop.clone()));
    let frames = async || rig.get("/x").await.header("x-frame-options").map(str::to_owned);

    // Watching begins some time after the spawn; writing again is harmless.
    next.lock().headers.x_frame_options = "DENY".to_owned();
    eventually("the file's change is taken over", || async {
        std::fs::write(&file, "second").expect("written");
        frames().await.as_deref() == Some("DENY")
    })
    .await;
    // Replaced by rename, as editors do, and broken.
    let seen = loads.load(Ordering::SeqCst);
    let draft = dir.path().join("draft");
    std::fs::write(&draft, "broken").expect("written");
    std::fs::rename(&draft, &file).expect("renamed");
    eventually("the broken file was read", || async { loads.load(Ordering::SeqCst) > seen }).await;
    assert_eq!(frames().await.as_deref(), Some("DENY"));
    // A renewed certificate is noticed by its own file.
    std::fs::write(&file, "third").expect("written");
    let renewed = leaf(&pair(dir.path(), "site", &["a.example"]));
    eventually("the certificate is taken over", || async {
        shown(&rig, "a.example", rustls::ALL_VERSIONS).await == Some(renewed.clone())
    })
    .await;
    // SIGHUP needs no change of any file.
    next.lock().headers.x_frame_options = "SAMEORIGIN".to_owned();
    let command = format!("kill -HUP {}", std::process::id());
    let killed = std::process::Command::new("sh").args(["-c", &command]).status().expect("sh");
    assert!(killed.success());
    eventually("SIGHUP reloads", || async { frames().await.as_deref() == Some("SAMEORIGIN") })
        .await;
    stop.cancel();
    watching.await.expect("task").expect("watched");
}
