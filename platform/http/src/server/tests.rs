//! The server against raw sockets.

use std::time::Duration;

use axum::routing::{get, post};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::*;
use crate::input::RawBody;

struct Running {
    address: SocketAddr,
    shutdown: CancellationToken,
    task: JoinHandle<io::Result<()>>,
    /// Notified when `/slow` is entered; notify `go` to let it answer.
    entered: Arc<Notify>,
    go: Arc<Notify>,
}

async fn start(limits: ServerLimits) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let shutdown = CancellationToken::new();
    let (entered, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let slow = {
        let (entered, go) = (Arc::clone(&entered), Arc::clone(&go));
        async move || {
            entered.notify_one();
            go.notified().await;
            "slow answer"
        }
    };
    let router = Router::new()
        .route(
            "/",
            get(async |request: Request| match request.extensions().get::<PeerAddr>() {
                Some(PeerAddr(peer)) => format!("hello {}", peer.ip()),
                None => "no peer".to_owned(),
            }),
        )
        .route("/slow", get(slow))
        .route("/raw", post(async |RawBody(bytes): RawBody| bytes));
    let task = tokio::spawn(serve(listener, router, limits, shutdown.clone()));
    Running { address, shutdown, task, entered, go }
}

fn quick() -> ServerLimits {
    ServerLimits {
        header_timeout: Duration::from_millis(400),
        keep_alive_timeout: Duration::from_secs(4),
        drain: Duration::from_millis(500),
        ..ServerLimits::default()
    }
}

async fn connect(server: &Running) -> TcpStream {
    TcpStream::connect(server.address).await.expect("connects")
}

const WITHIN: Duration = Duration::from_secs(10);

/// Everything until the server closes the connection.
async fn rest(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let read = tokio::time::timeout(WITHIN, stream.read_to_end(&mut bytes)).await;
    // A reset after the answer is as good as an end.
    let _ = read.expect("the server closes in time");
    String::from_utf8_lossy(&bytes).into_owned()
}

/// One answer with a `content-length` body.
async fn answer(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    let mut byte = [0];
    let read = async {
        while !text.ends_with("\r\n\r\n") {
            assert_eq!(stream.read(&mut byte).await.expect("reads"), 1, "closed after {text:?}");
            text.push(char::from(byte[0]));
        }
        let length = text.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = length.map_or(0, |length| length.trim().parse().expect("a length"));
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.expect("the body");
        text.push_str(&String::from_utf8_lossy(&body));
    };
    tokio::time::timeout(WITHIN, read).await.expect("an answer in time");
    text
}

async fn write(stream: &mut TcpStream, text: &str) {
    stream.write_all(text.as_bytes()).await.expect("writes");
}

const GET: &str = "GET / HTTP/1.1\r\nhost: test\r\n\r\n";

#[tokio::test]
async fn http1_is_kept_alive_and_knows_its_peer() {
    let server = start(ServerLimits::default()).await;
    let mut stream = connect(&server).await;
    for _ in 0..3 {
        write(&mut stream, GET).await;
        assert!(answer(&mut stream).await.ends_with("hello 127.0.0.1"));
    }
    // Byte by byte and two at once.
    for byte in GET.bytes() {
        stream.write_all(&[byte]).await.expect("writes");
    }
    assert!(answer(&mut stream).await.starts_with("HTTP/1.1 200"));
    write(&mut stream, &GET.repeat(2)).await;
    assert!(answer(&mut stream).await.ends_with("hello 127.0.0.1"));
    assert!(answer(&mut stream).await.ends_with("hello 127.0.0.1"));
}

#[tokio::test]
async fn http2_is_spoken_by_prior_knowledge() {
    let server = start(ServerLimits::default()).await;
    let io = TokioIo::new(connect(&server).await);
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await.expect("HTTP/2");
    let driver = tokio::spawn(connection);
    let uri = format!("http://{}/", server.address);
    for _ in 0..3 {
        let request = Request::get(&uri).body(axum::body::Body::empty()).expect("a request");
        let response = sender.send_request(request).await.expect("an answer");
        assert_eq!((response.status().as_u16(), response.version()), (200, http::Version::HTTP_2));
    }
    drop(sender);
    driver.await.expect("task").expect("closes cleanly");
}

#[tokio::test]
async fn slow_and_silent_clients_are_let_go() {
    let server = start(quick()).await;
    let mut silent = connect(&server).await;
    let mut slow_head = connect(&server).await;
    let mut slow_preface = connect(&server).await;
    write(&mut slow_head, "GET / HTTP/1.1\r\nhost:").await;
    write(&mut slow_preface, "PRI * HT").await;
    assert_eq!(rest(&mut silent).await, "");
    assert_eq!(rest(&mut slow_head).await, "");
    assert_eq!(rest(&mut slow_preface).await, "");
}

#[tokio::test]
async fn idling_is_allowed_longer_than_a_slow_head() {
    let server = start(quick()).await;
    let mut stream = connect(&server).await;
    write(&mut stream, GET).await;
    answer(&mut stream).await;
    let idle = tokio::time::Instant::now();
    tokio::time::sleep(Duration::from_millis(900)).await;
    write(&mut stream, GET).await;
    answer(&mut stream).await;
    // The second head after an idle time is held to the header time again.
    write(&mut stream, "GET /").await;
    assert_eq!(rest(&mut stream).await, "");
    assert!(idle.elapsed() < Duration::from_secs(4), "{:?}", idle.elapsed());

    let mut idler = connect(&server).await;
    write(&mut idler, GET).await;
    answer(&mut idler).await;
    assert_eq!(rest(&mut idler).await, "", "an idle connection is closed in the end");
}

#[tokio::test]
async fn heads_are_bounded() {
    let server = start(ServerLimits::default()).await;
    let bombs = [
        format!("GET / HTTP/1.1\r\nhost: a\r\nx: {}\r\n\r\n", "y".repeat(100_000)),
        format!("GET / HTTP/1.1\r\nhost: a\r\n{}\r\n", "x: y\r\n".repeat(200)),
        format!("GET /{} HTTP/1.1\r\nhost: a\r\n\r\n", "y".repeat(100_000)),
    ];
    for bomb in bombs {
        let mut stream = connect(&server).await;
        // The server may answer and close before it read everything.
        let _ = stream.write_all(bomb.as_bytes()).await;
        let answer = rest(&mut stream).await;
        let refused = ["HTTP/1.1 431", "HTTP/1.1 414"].iter().any(|line| answer.starts_with(line));
        assert!(refused, "{answer:?}");
    }
    let mut stream = connect(&server).await;
    write(&mut stream, "GET / HTTP/1.1\r\nhost : a\r\n\r\n").await;
    assert!(rest(&mut stream).await.starts_with("HTTP/1.1 400"));
}

#[tokio::test]
async fn running_requests_are_answered_before_the_end() {
    let server = start(ServerLimits::default()).await;
    let mut idle = connect(&server).await;
    write(&mut idle, GET).await;
    answer(&mut idle).await;
    let mut stream = connect(&server).await;
    write(&mut stream, "GET /slow HTTP/1.1\r\nhost: a\r\n\r\n").await;
    server.entered.notified().await;
    server.shutdown.cancel();
    assert_eq!(rest(&mut idle).await, "", "idle connections are closed at once");
    server.go.notify_one();
    let answer = rest(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("slow answer"), "{answer}");
    assert!(answer.contains("connection: close"), "{answer}");
    tokio::time::timeout(WITHIN, server.task)
        .await
        .expect("ends")
        .expect("task")
        .expect("no error");
    assert!(TcpStream::connect(server.address).await.is_err());
}

#[tokio::test]
async fn the_drain_has_an_end() {
    let server = start(quick()).await;
    let mut stream = connect(&server).await;
    write(&mut stream, "GET /slow HTTP/1.1\r\nhost: a\r\n\r\n").await;
    server.entered.notified().await;
    server.shutdown.cancel();
    tokio::time::timeout(WITHIN, server.task)
        .await
        .expect("ends")
        .expect("task")
        .expect("no error");
    assert_eq!(rest(&mut stream).await, "");
}

#[tokio::test]
async fn connections_beyond_the_limit_wait_their_turn() {
    let server = start(ServerLimits { connections: 1, ..ServerLimits::default() }).await;
    let mut first = connect(&server).await;
    write(&mut first, GET).await;
    answer(&mut first).await;
    let mut second = connect(&server).await;
    write(&mut second, GET).await;
    let early = tokio::time::timeout(Duration::from_millis(100), second.readable()).await;
    assert!(early.is_err(), "served beside the first");
    drop(first);
    assert!(answer(&mut second).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn lengths_that_lie_are_refused() {
    let server = start(ServerLimits::default()).await;
    let mut declared = connect(&server).await;
    write(&mut declared, "POST /raw HTTP/1.1\r\nhost: a\r\ncontent-length: 999999999\r\n\r\n")
        .await;
    assert!(answer(&mut declared).await.starts_with("HTTP/1.1 413"));
    let mut both = connect(&server).await;
    let head =
        "POST /raw HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello";
    write(&mut both, head).await;
    let answer = rest(&mut both).await;
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer:?}");
}
