//! A client written from the protocol documents: Engine.IO 4 over a WebSocket or
//! long-polling, Socket.IO 5 above it.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::Role;

use crate::harness::{PATIENCE, Person};

pub type Socket = WebSocketStream<TcpStream>;

/// An answer to a request of long-polling.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub text: String,
}

/// One HTTP request on a connection of its own.
pub async fn request(
    address: SocketAddr,
    method: &str,
    path: &str,
    head: &str,
    body: &str,
) -> Answer {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: chat\r\nconnection: close\r\n\
         content-length: {length}\r\n{head}\r\n{body}"
    );
    // A server that refuses a large body may close before it is read.
    let _ = stream.write_all(request.as_bytes()).await;
    let mut answer = Vec::new();
    let _ = timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("an answer");
    let answer = String::from_utf8(answer).expect("UTF-8");
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    let text = if head.to_ascii_lowercase().contains("transfer-encoding: chunked") {
        unchunked(body)
    } else {
        body.to_owned()
    };
    Answer { status, text }
}

fn unchunked(mut body: &str) -> String {
    let mut text = String::new();
    while let Some((size, rest)) = body.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).expect("a size");
        if size == 0 {
            break;
        }
        text.push_str(&rest[..size]);
        body = rest[size..].trim_start_matches("\r\n");
    }
    text
}

/// Opens a WebSocket; the status and nothing when it is refused.
pub async fn websocket(address: SocketAddr, query: &str, head: &str) -> Result<Socket, u16> {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    let request = format!(
        "GET /socket.io/{query} HTTP/1.1\r\nhost: chat\r\nconnection: Upgrade\r\n\
         upgrade: websocket\r\nsec-websocket-version: 13\r\n\
         sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n{head}\r\n"
    );
    stream.write_all(request.as_bytes()).await.expect("it is sent");
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        let byte = timeout(PATIENCE, stream.read_u8()).await.expect("in time");
        answer.push(byte.expect("an answer"));
    }
    let answer = String::from_utf8(answer).expect("ASCII");
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    if status != 101 {
        return Err(status);
    }
    // RFC 6455, section 1.3: the accept value of this very key.
    assert!(answer.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{answer}");
    Ok(WebSocketStream::from_raw_socket(stream, Role::Client, None).await)
}

/// A client over a WebSocket.
pub struct Client {
    pub socket: Socket,
    pub handshake: Value,
    /// Events that came and were not asked for.
    backlog: VecDeque<(String, Value)>,
    answers: VecDeque<(u64, Value)>,
    next: u64,
}

impl Client {
    pub async fn open(address: SocketAddr) -> Self {
        Self::open_with(address, "").await
    }

    /// With more header fields.
    pub async fn open_with(address: SocketAddr, head: &str) -> Self {
        let mut socket =
            websocket(address, "?EIO=4&transport=websocket", head).await.expect("a WebSocket");
        let first = timeout(PATIENCE, socket.next()).await.expect("in time").expect("a packet");
        let first = first.expect("a message").into_text().expect("text");
        let handshake = serde_json::from_str(first.strip_prefix('0').expect("an open packet"));
        let handshake = handshake.expect("JSON");
        Self { socket, handshake, backlog: VecDeque::new(), answers: VecDeque::new(), next: 0 }
    }

    /// Joins, and waits until the server knows that it is there.
    pub async fn join(&mut self, token: &str) {
        self.join_quietly(token).await;
        // The pong to the ping that follows makes it live; an answer comes after that.
        let packet = self.raw().await.expect("a ping");
        assert_eq!(packet, "2", "the server asks whether the client has heard it");
        self.say("3").await;
        let _ = self.ask("no:such:event", json!({})).await;
    }

    /// Joins and answers no ping.
    pub async fn join_quietly(&mut self, token: &str) {
        self.say(&format!("40{}", json!({ "token": token }))).await;
        let packet = self.raw().await.expect("an answer");
        assert!(packet.starts_with("40{\"sid\":\""), "{packet}");
    }

    pub async fn say(&mut self, packet: &str) {
        // One that is closed is found so by what is expected next.
        let _ = self.socket.send(Message::text(packet)).await;
    }

    /// The next packet as it is; nothing when the connection ends.
    pub async fn raw(&mut self) -> Option<String> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match timeout_at(deadline, self.socket.next()).await.expect("a packet in time") {
                Some(Ok(Message::Text(text))) => return Some(text.to_string()),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                Some(Ok(_)) => {}
            }
        }
    }

    /// The next packet of Socket.IO; pings are answered.
    pub async fn try_packet(&mut self) -> Option<String> {
        loop {
            match self.raw().await?.as_str() {
                "2" => self.say("3").await,
                packet => match packet.strip_prefix('4') {
                    Some(_) => return Some(packet.to_owned()),
                    None => assert_eq!(packet, "6"),
                },
            }
        }
    }

    async fn take_in(&mut self) -> bool {
        let Some(packet) = self.try_packet().await else { return false };
        if let Some(event) = packet.strip_prefix("42") {
            let (name, argument) = serde_json::from_str(event).expect("an event");
            self.backlog.push_back((name, argument));
        } else if let Some(answer) = packet.strip_prefix("43") {
            let at = answer.find('[').expect("an answer");
            let (argument,): (Value,) = serde_json::from_str(&answer[at..]).expect("one argument");
            self.answers.push_back((answer[..at].parse().expect("a number"), argument));
        } else {
            unreachable!("{packet}");
        }
        true
    }

    /// Emits an event and returns its answer.
    pub async fn ask(&mut self, event: &str, data: Value) -> Value {
        let id = self.emit(event, data).await;
        self.answer(id).await.expect("an answer")
    }

    /// Emits an event that is answered under the number that comes back.
    pub async fn emit(&mut self, event: &str, data: Value) -> u64 {
        self.next += 1;
        let id = self.next;
        self.say(&format!("42{id}{}", json!([event, data]))).await;
        id
    }

    /// The answer under a number; nothing when the connection ends first.
    pub async fn answer(&mut self, id: u64) -> Option<Value> {
        loop {
            if let Some(at) = self.answers.iter().position(|(of, _)| *of == id) {
                return self.answers.remove(at).map(|(_, answer)| answer);
            }
            if !self.take_in().await {
                return None;
            }
        }
    }

    /// Sends a message and expects success; its id.
    pub async fn send(&mut self, to: &Person, content: &str) -> String {
        let answer =
            self.ask("message:send", json!({ "receiverId": to.id, "content": content })).await;
        assert_eq!(answer["success"], true, "{answer}");
        answer["messageId"].as_str().expect("an id").to_owned()
    }

    /// The next event of this name.
    pub async fn event(&mut self, name: &str) -> Value {
        loop {
            if let Some(at) = self.backlog.iter().position(|(of, _)| of == name) {
                return self.backlog.remove(at).map(|(_, argument)| argument).expect("there");
            }
            assert!(self.take_in().await, "the connection ended before {name}");
        }
    }

    /// All events so far, in order; an answer marks the place.
    pub async fn events(&mut self) -> Vec<(String, Value)> {
        let _ = self.ask("no:such:event", json!({})).await;
        self.backlog.drain(..).collect()
    }

    /// What has come so far and was not asked for.
    pub fn taken(&mut self) -> Vec<(String, Value)> {
        self.backlog.drain(..).collect()
    }

    /// The next messages under this name until `last`, by their numbers.
    pub async fn numbers(&mut self, name: &str, last: i64) -> Vec<i64> {
        let mut numbers = Vec::new();
        while numbers.last() != Some(&last) {
            numbers.push(self.event(name).await["seq"].as_i64().expect("a number"));
        }
        numbers
    }

    /// Waits until the connection ends; what came before.
    pub async fn ended(&mut self) -> Vec<String> {
        let mut packets = Vec::new();
        while let Some(packet) = self.try_packet().await {
            packets.push(packet);
        }
        packets
    }

    /// Asserts that nothing of this name comes for a moment in which everything else would.
    pub async fn nothing(&mut self, name: &str) {
        let events = self.events().await;
        assert!(events.iter().all(|(of, _)| of != name), "{events:?}");
    }
}

/// A session over long-polling.
#[derive(Debug, Clone)]
pub struct Polling {
    pub address: SocketAddr,
    pub sid: String,
}

impl Polling {
    pub async fn open(address: SocketAddr) -> Self {
        let answer = request(address, "GET", "/socket.io/?EIO=4&transport=polling", "", "").await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let handshake: Value =
            serde_json::from_str(answer.text.strip_prefix('0').expect("open")).expect("JSON");
        assert_eq!(handshake["upgrades"], json!(["websocket"]));
        Self { address, sid: handshake["sid"].as_str().expect("a session").to_owned() }
    }

    fn path(&self) -> String {
        format!("/socket.io/?EIO=4&transport=polling&sid={}", self.sid)
    }

    pub async fn poll(&self) -> Answer {
        request(self.address, "GET", &self.path(), "", "").await
    }

    pub async fn post(&self, body: &str) -> Answer {
        let head = "content-type: text/plain;charset=UTF-8\r\n";
        request(self.address, "POST", &self.path(), head, body).await
    }

    /// Polls until a packet begins like this; pings are answered.
    pub async fn expect(&self, start: &str) -> String {
        loop {
            let answer = self.poll().await;
            assert_eq!(answer.status, 200, "{answer:?}");
            let mut found = None;
            for packet in answer.text.split('\u{1e}') {
                if packet.starts_with(start) {
                    found = Some(packet.to_owned());
                } else if packet == "2" {
                    assert_eq!(self.post("3").await.status, 200);
                }
            }
            if let Some(found) = found {
                return found;
            }
        }
    }

    pub async fn join(&self, token: &str) {
        let answer = self.post(&format!("40{}", json!({ "token": token }))).await;
        assert_eq!((answer.status, answer.text.as_str()), (200, "ok"));
        self.expect("40{").await;
    }

    /// Whether the server still knows the session, once it has said everything.
    pub async fn is_gone(&self) -> bool {
        let answer = timeout(Duration::from_secs(5), self.poll()).await;
        answer.is_ok_and(|answer| answer.status == 400)
    }
}
