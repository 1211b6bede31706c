//! A stop finishes what is running, on every protocol, and not more.

use std::sync::atomic::Ordering;

use crate::support::{Backend, PATIENCE, Rig, eventually, https_client, span};

#[tokio::test]
async fn running_requests_are_answered_and_idle_connections_closed() {
    let backend = Backend::start("a").await;
    let rig = Rig::to(&[&backend]).await;
    let mut idle = rig.wire().await;
    assert_eq!(idle.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n").await.status, 200);
    let mut busy = rig.wire().await;
    busy.write(b"GET /hang HTTP/1.1\r\nHost: h\r\n\r\n").await;
    let url = format!("https://localhost:{}/hang", rig.https.port());
    let over_h2 = tokio::spawn(https_client().get(url).send());
    let hanging = || async { backend.state.hanging.load(Ordering::SeqCst) == 2 };
    eventually("both hang", hanging).await;
    rig.stop.cancel();
    assert!(idle.closed().await);
    eventually("nobody listens", || async {
        tokio::net::TcpStream::connect(rig.http).await.is_err()
    })
    .await;
    backend.state.release.notify_waiters();
    let answer = busy.read().await.expect("an answer");
    assert_eq!(answer.text(), "released");
    assert_eq!(answer.header("connection"), Some("close"));
    assert!(busy.closed().await);
    let answer = over_h2.await.expect("task").expect("an answer");
    assert_eq!(answer.text().await.expect("text"), "released");
    tokio::time::timeout(PATIENCE, rig.running).await.expect("in time").expect("task").expect("ok");
}

#[tokio::test]
async fn the_deadline_ends_what_does_not_end() {
    let backend = Backend::start("a").await;
    let rig = Rig::with(&[&backend], |settings| settings.drain = span(200)).await;
    let mut busy = rig.wire().await;
    busy.write(b"GET /hang HTTP/1.1\r\nHost: h\r\n\r\n").await;
    eventually("it hangs", || async { backend.state.hanging.load(Ordering::SeqCst) == 1 }).await;
    rig.stop().await;
    assert!(busy.closed().await);
}
