//! HTTP long-polling: GET waits for packets, POST brings some.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};

use super::payload::{SEPARATOR, packet};
use super::session::{Phase, Session, Take};
use super::{Ending, Refusal, text};

/// How long a poll waits while a WebSocket is being probed.
const PROBING: Duration = Duration::from_millis(100);

/// Ends a poll, also when the client hangs up in the middle of it.
struct Poll<'a>(&'a Session);

impl Drop for Poll<'_> {
    fn drop(&mut self) {
        self.0.end_poll();
    }
}

pub(super) async fn poll(session: &Arc<Session>) -> Result<Response, Refusal> {
    if session.phase() == Phase::WebSocket {
        return Err(Refusal::BadRequest);
    }
    if !session.begin_poll() {
        session.end(Ending::Overlap);
        return Err(Refusal::BadRequest);
    }
    let poll = Poll(session);
    loop {
        match session.take(&[Phase::Polling, Phase::Probing]) {
            Take::Packets(packets) => {
                let payload = payload(&packets);
                session.sent(packets.iter().map(Bytes::len).sum());
                return Ok(text(Body::from(payload)));
            }
            Take::Over => return Ok(text(Body::from("1"))),
            Take::Moved => {
                // The wake-up was the WebSocket's.
                drop(poll);
                session.pass_on();
                return Ok(text(Body::from("6")));
            }
            Take::Nothing if session.phase() == Phase::Probing => {
                if tokio::time::timeout(PROBING, session.written()).await.is_err() {
                    return Ok(text(Body::from("6")));
                }
            }
            Take::Nothing => session.written().await,
        }
    }
}

fn payload(packets: &[Bytes]) -> Vec<u8> {
    let mut payload = Vec::with_capacity(packets.iter().map(|packet| packet.len() + 1).sum());
    for (nth, packet) in packets.iter().enumerate() {
        if nth > 0 {
            payload.push(SEPARATOR as u8);
        }
        payload.extend_from_slice(packet);
    }
    payload
}

pub(super) async fn post(
    session: &Arc<Session>,
    body: Body,
    limit: usize,
) -> Result<Response, Refusal> {
    if session.phase() == Phase::WebSocket {
        return Err(Refusal::BadRequest);
    }
    let body = match Limited::new(body, limit).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => {
            session.end(Ending::TooLarge);
            return Err(Refusal::TooLarge);
        }
        Err(_) => return Err(Refusal::BadRequest),
    };
    let Ok(body) = std::str::from_utf8(&body) else {
        session.end(Ending::Malformed);
        return Err(Refusal::BadRequest);
    };
    for part in body.split(SEPARATOR) {
        let Ok(packet) = packet(part) else {
            session.end(Ending::Malformed);
            return Err(Refusal::BadRequest);
        };
        if let Some(handling) = session.receive(packet) {
            handling.await;
        }
    }
    Ok(text(Body::from("ok")))
}
