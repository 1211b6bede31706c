//! Which server gets a request, what happens when one fails, and what is repeated.

use std::sync::atomic::Ordering;
use std::time::Duration;

use marquis_config::sections::gateway::{Balance, HealthCheck};

use crate::support::{Backend, Rig, eventually, problem, span};

#[tokio::test]
async fn requests_take_turns() {
    let (a, b) = (Backend::start("a").await, Backend::start("b").await);
    let rig = Rig::to(&[&a, &b]).await;
    let mut wire = rig.wire().await;
    for _ in 0..20 {
        wire.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n").await;
    }
    assert_eq!((a.hits(), b.hits()), (10, 10));
}

#[tokio::test]
async fn the_least_loaded_server_is_preferred() {
    let (a, b) = (Backend::start("a").await, Backend::start("b").await);
    let rig = Rig::with(&[&a, &b], |settings| {
        settings.upstreams.get_mut("echo").expect("echo").balance = Balance::LeastRequests;
    })
    .await;
    let mut busy = rig.wire().await;
    busy.write(b"GET /hang HTTP/1.1\r\nHost: h\r\n\r\n").await;
    eventually("one hangs", || async {
        a.state.hanging.load(Ordering::SeqCst) + b.state.hanging.load(Ordering::SeqCst) == 1
    })
    .await;
    for _ in 0..10 {
        assert_eq!(rig.get("/").await.status, 200);
    }
    let (busy_hits, free_hits) = if a.state.hanging.load(Ordering::SeqCst) == 1 {
        (a.hits(), b.hits())
    } else {
        (b.hits(), a.hits())
    };
    assert_eq!((busy_hits, free_hits), (1, 10));
}

#[tokio::test]
async fn a_killed_server_costs_no_safe_request_and_comes_back() {
    let (a, b) = (Backend::start("a").await, Backend::start("b").await);
    let rig = Rig::with(&[&a, &b], |settings| {
        let echo = settings.upstreams.get_mut("echo").expect("echo");
        echo.health = HealthCheck {
            path: "/readyz".to_owned(),
            interval: span(50),
            timeout: span(500),
            healthy: 2,
            unhealthy: 2,
        };
    })
    .await;
    let stop = tokio_util::sync::CancellationToken::new();
    let clients: Vec<_> = (0..16)
        .map(|_| {
            let (address, stop) = (rig.http, stop.clone());
            tokio::spawn(async move {
                let mut wire = crate::support::Wire::connect(address).await;
                let mut count = 0;
                while !stop.is_cancelled() {
                    let answer = wire.send("GET /x HTTP/1.1\r\nHost: h\r\n\r\n").await;
                    assert_eq!(answer.status, 200, "{answer:?}");
                    count += 1;
                }
                count
            })
        })
        .collect();
    eventually("load", || async { a.hits() > 200 && b.hits() > 200 }).await;
    let address = a.kill().await;
    let available =
        |index: usize| rig.handle.upstreams()["echo"]["servers"][index]["available"] == true;
    eventually("it is put aside", || async { !available(0) }).await;
    let before = b.hits();
    eventually("the other one serves", || async { b.hits() > before + 200 }).await;
    let a = Backend::start_at("a", address).await;
    eventually("it is back", || async { available(0) }).await;
    eventually("it serves again", || async { a.hits() > 200 }).await;
    stop.cancel();
    let mut total = 0;
    for client in clients {
        total += client.await.expect("no client saw an error");
    }
    assert!(total > 1_000, "{total}");
}

#[tokio::test]
async fn active_checks_take_a_sick_server_out() {
    let (a, b) = (Backend::start("a").await, Backend::start("b").await);
    let rig = Rig::with(&[&a, &b], |settings| {
        let echo = settings.upstreams.get_mut("echo").expect("echo");
        echo.health.path = "/readyz".to_owned();
        echo.health.interval = span(30);
    })
    .await;
    a.state.ready.store(503, Ordering::SeqCst);
    eventually("a is out", || async {
        rig.handle.upstreams()["echo"]["servers"][0]["up"] == false
    })
    .await;
    let (hits_a, hits_b) = (a.hits(), b.hits());
    for _ in 0..10 {
        assert_eq!(rig.get("/").await.json()["server"], "b");
    }
    assert_eq!((a.hits(), b.hits()), (hits_a, hits_b + 10));
    a.state.ready.store(200, Ordering::SeqCst);
    eventually("a is back", || async {
        rig.handle.upstreams()["echo"]["servers"][0]["up"] == true
    })
    .await;
}

#[tokio::test]
async fn only_what_is_safe_is_sent_again() {
    let (a, b) = (Backend::start("a").await, Backend::start("b").await);
    let rig = Rig::with(&[&a, &b], |settings| settings.retries.attempts = 2).await;
    // Both abort: an idempotent request is tried twice, a POST that was sent only once.
    problem(&rig.get("/abort").await, 502);
    assert_eq!(a.hits() + b.hits(), 2);
    let put = "PUT /abort HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc";
    problem(&rig.send(put).await, 502);
    assert_eq!(a.hits() + b.hits(), 4);
    let post = "POST /abort HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc";
    problem(&rig.send(post).await, 502);
    assert_eq!(a.hits() + b.hits(), 5);
    // A status of an overloaded server leads an idempotent request to another one.
    let answer = rig.get("/status?code=503").await;
    assert_eq!((answer.status, a.hits() + b.hits()), (503, 7));
    rig.send("POST /status?code=503 HTTP/1.1\r\nHost: h\r\n\r\n").await;
    assert_eq!(a.hits() + b.hits(), 8);
    // Refused before a byte was sent: even a POST goes elsewhere, every time.
    b.kill().await;
    let before = a.hits();
    for _ in 0..10 {
        let post = "POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc";
        assert_eq!(rig.send(post).await.json()["body"], "abc");
    }
    assert_eq!(a.hits(), before + 10);
}

#[tokio::test]
async fn a_connection_that_was_closed_while_idle_is_nobodys_failure() {
    let backend = Backend::start("a").await;
    backend.state.close_silently.store(true, Ordering::SeqCst);
    let rig = Rig::with(&[&backend], |settings| {
        settings.retries.attempts = 1;
        settings.retries.budget_percent = 0;
    })
    .await;
    let mut wire = rig.wire().await;
    for round in 0..60 {
        // Around the moment at which the server closes the connection.
        tokio::time::sleep(Duration::from_millis(15 + round % 10)).await;
        assert_eq!(wire.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n").await.status, 200);
    }
    let servers = rig.handle.upstreams();
    assert_eq!(servers["echo"]["servers"][0]["available"], true);
}

#[tokio::test]
async fn a_failing_upstream_gets_a_pause() {
    let backend = Backend::start("a").await;
    let rig = Rig::with(&[&backend], |settings| {
        let echo = settings.upstreams.get_mut("echo").expect("echo");
        echo.circuit.min_requests = 5;
        echo.circuit.open = span(2_000);
        settings.retries.attempts = 1;
    })
    .await;
    for _ in 0..5 {
        problem(&rig.get("/abort").await, 502);
    }
    let hits = backend.hits();
    let held = rig.get("/x").await;
    problem(&held, 503);
    assert!(held.header("retry-after").is_some());
    assert_eq!(backend.hits(), hits, "nobody asks an upstream whose circuit is open");
    eventually("the probe succeeds", || async { rig.get("/x").await.status == 200 }).await;
    assert_eq!(rig.get("/x").await.status, 200);
}

#[tokio::test]
async fn an_upstream_runs_so_many_requests_and_no_more() {
    let backend = Backend::start("a").await;
    let rig = Rig::with(&[&backend], |settings| {
        settings.upstreams.get_mut("echo").expect("echo").max_requests = 1;
    })
    .await;
    let mut busy = rig.wire().await;
    busy.write(b"GET /hang HTTP/1.1\r\nHost: h\r\n\r\n").await;
    eventually("it hangs", || async { backend.state.hanging.load(Ordering::SeqCst) == 1 }).await;
    problem(&rig.get("/x").await, 503);
    backend.state.release.notify_one();
    assert_eq!(busy.read().await.expect("an answer").text(), "released");
    assert_eq!(rig.get("/x").await.status, 200);
}

#[tokio::test]
async fn names_are_resolved() {
    let backend = Backend::start("a").await;
    let rig = Rig::with(&[&backend], |settings| {
        let echo = settings.upstreams.get_mut("echo").expect("echo");
        echo.servers = vec![format!("localhost:{}", backend.address.port())];
    })
    .await;
    let servers = rig.handle.upstreams()["echo"]["servers"].as_array().expect("servers").clone();
    assert!(servers.iter().any(|one| one["server"] == backend.address.to_string()), "{servers:?}");
    assert_eq!(rig.get("/x").await.status, 200);
}
