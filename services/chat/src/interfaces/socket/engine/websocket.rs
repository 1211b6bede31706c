//! WebSocket (RFC 6455): one task for each, which reads, writes and handles.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::{SinkExt as _, StreamExt as _};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};

use super::payload::{Incoming, packet};
use super::session::{Phase, Session, Take};
use super::{Ending, Engine, EngineSettings, Refusal};

/// In a box, because a future keeps everything it is given twice.
type Socket = Box<WebSocketStream<TokioIo<Upgraded>>>;

/// RFC 6455, section 1.3.
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/// How long the last words of a session may take.
const FAREWELL: Duration = Duration::from_secs(1);
/// A session at rest keeps this much for reading; more is taken while more comes.
const READ_BUFFER: usize = 256;
const WRITE_BUFFER: usize = 4_096;

/// A session that begins on a WebSocket.
pub(super) fn open(engine: &Arc<Engine>, mut request: Request) -> Result<Response, Refusal> {
    let (response, upgrading) = accept(&mut request)?;
    let (session, handshake) = engine.open(true, request.headers());
    let engine = Arc::clone(engine);
    tokio::spawn(async move {
        match connected(upgrading, &engine.settings).await {
            Some(socket) => carry(engine, session, socket, Some(handshake)),
            None => session.end(Ending::ClientLeft),
        }
    });
    Ok(response)
}

/// A session that may change over from long-polling.
pub(super) fn upgrade(
    engine: &Arc<Engine>,
    session: &Arc<Session>,
    mut request: Request,
) -> Result<Response, Refusal> {
    let (response, upgrading) = accept(&mut request)?;
    if !session.begin_upgrade() {
        return Err(Refusal::BadRequest);
    }
    let (engine, session) = (Arc::clone(engine), Arc::clone(session));
    tokio::spawn(async move {
        let probing = async {
            let mut socket = connected(upgrading, &engine.settings).await?;
            probe(&session, &mut socket).await.then_some(socket)
        };
        let timeout = engine.settings.upgrade_timeout;
        match tokio::time::timeout(timeout, Box::pin(probing)).await {
            Ok(Some(socket)) => carry(engine, session, socket, None),
            _ => session.abandon_upgrade(),
        }
    });
    Ok(response)
}

/// The answer to the opening handshake (RFC 6455, section 4.2), and the connection to come.
fn accept(request: &mut Request) -> Result<(Response, OnUpgrade), Refusal> {
    let headers = request.headers();
    let versioned = headers.get(header::SEC_WEBSOCKET_VERSION).is_some_and(|v| v == "13");
    let asked = names(headers, header::UPGRADE, "websocket")
        && names(headers, header::CONNECTION, "upgrade");
    if request.method() != Method::GET || !versioned || !asked {
        return Err(Refusal::BadRequest);
    }
    let key = headers.get(header::SEC_WEBSOCKET_KEY).ok_or(Refusal::BadRequest)?;
    if STANDARD.decode(key.as_bytes()).map_or(true, |nonce| nonce.len() != 16) {
        return Err(Refusal::BadRequest);
    }
    let proof = digest(&SHA1_FOR_LEGACY_USE_ONLY, &[key.as_bytes(), GUID].concat());
    let proof = HeaderValue::from_str(&STANDARD.encode(proof)).map_err(|_| Refusal::BadRequest)?;
    let upgrading = request.extensions_mut().remove::<OnUpgrade>().ok_or(Refusal::BadRequest)?;
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::SEC_WEBSOCKET_ACCEPT, proof);
    Ok((response, upgrading))
}

fn names(headers: &HeaderMap, field: header::HeaderName, token: &str) -> bool {
    let values = headers.get_all(field);
    values
        .iter()
        .filter_map(|value| value.to_str().ok())
        .any(|value| value.split(',').any(|part| part.trim().eq_ignore_ascii_case(token)))
}

async fn connected(upgrading: OnUpgrade, settings: &EngineSettings) -> Option<Socket> {
    let connection = upgrading.await.ok()?;
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
        .max_write_buffer_size(usize::MAX)
        .max_message_size(Some(settings.max_packet))
        .max_frame_size(Some(settings.max_packet));
    let connection = TokioIo::new(connection);
    Some(Box::new(WebSocketStream::from_raw_socket(connection, Role::Server, Some(config)).await))
}

/// The client tries the WebSocket, then changes over; whether it did.
async fn probe(session: &Session, socket: &mut Socket) -> bool {
    if !said(socket, "2probe").await || !session.probed() {
        return false;
    }
    if socket.send(Message::text("3probe")).await.is_err() {
        return false;
    }
    said(socket, "5").await && session.upgraded()
}

async fn said(socket: &mut Socket, wanted: &str) -> bool {
    matches!(socket.next().await, Some(Ok(Message::Text(text))) if text == wanted)
}

struct Counted(Arc<Engine>);

impl Drop for Counted {
    fn drop(&mut self) {
        (self.0.websockets)(-1);
    }
}

/// Gives the session a task of its own: what it took to get here is not kept beside it.
fn carry(engine: Arc<Engine>, session: Arc<Session>, socket: Socket, handshake: Option<Bytes>) {
    (engine.websockets)(1);
    tokio::spawn(run(Counted(engine), session, socket, handshake));
}

async fn run(counted: Counted, session: Arc<Session>, mut socket: Socket, first: Option<Bytes>) {
    let _counted = counted;
    if let Some(first) = first
        && (write(&mut socket, vec![first]).await.is_err())
    {
        return session.end(Ending::ClientLeft);
    }
    let mut handling: Option<BoxFuture<'static, ()>> = None;
    loop {
        match session.take(&[Phase::WebSocket]) {
            Take::Packets(packets) => {
                let bytes = packets.iter().map(Bytes::len).sum();
                let written = if session.phase() == Phase::Over {
                    last_words(&mut socket, packets).await
                } else {
                    tokio::select! {
                        written = write(&mut socket, packets) => written.is_ok(),
                        // Ended in the middle: nobody reads the rest.
                        () = session.over() => false,
                    }
                };
                session.sent(bytes);
                if !written {
                    return session.end(Ending::ClientLeft);
                }
                continue;
            }
            Take::Nothing => {}
            Take::Over | Take::Moved => return farewell(socket).await,
        }
        tokio::select! {
            biased;
            () = session.written() => {}
            () = done(&mut handling), if handling.is_some() => handling = None,
            message = socket.next(), if handling.is_none() => {
                handling = match received(&session, message) {
                    Ok(handling) => handling,
                    Err(ending) => {
                        session.end(ending);
                        None
                    }
                };
            }
        }
    }
}

async fn done(handling: &mut Option<BoxFuture<'static, ()>>) {
    if let Some(handling) = handling {
        handling.await;
    }
}

fn received(
    session: &Session,
    message: Option<Result<Message, Error>>,
) -> Result<Option<BoxFuture<'static, ()>>, Ending> {
    match message {
        Some(Ok(Message::Text(text))) => {
            // Binary travels as it is here.
            let packet = packet(&text).ok().filter(|packet| !matches!(packet, Incoming::Binary(_)));
            packet.map(|packet| session.receive(packet)).ok_or(Ending::Malformed)
        }
        Some(Ok(Message::Binary(bytes))) => Ok(session.receive(Incoming::Binary(bytes))),
        Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => Ok(None),
        Some(Err(Error::Capacity(_))) => Err(Ending::TooLarge),
        Some(Err(Error::Protocol(_) | Error::Utf8(_))) => Err(Ending::Malformed),
        Some(Ok(Message::Close(_)) | Err(_)) | None => Err(Ending::ClientLeft),
    }
}

async fn write(socket: &mut Socket, packets: Vec<Bytes>) -> Result<(), Error> {
    for packet in packets {
        let Ok(text) = Utf8Bytes::try_from(packet) else { continue };
        socket.feed(Message::Text(text)).await?;
    }
    socket.flush().await
}

/// Boxed, as the farewell is: every session comes here once, and thousands rest meanwhile.
fn last_words(socket: &mut Socket, packets: Vec<Bytes>) -> BoxFuture<'_, bool> {
    Box::pin(async move {
        let writing = tokio::time::timeout(FAREWELL, write(socket, packets));
        writing.await.is_ok_and(|written| written.is_ok())
    })
}

fn farewell(mut socket: Socket) -> BoxFuture<'static, ()> {
    Box::pin(async move {
        // Whoever does not hear it finds the connection closed.
        let socket: &mut WebSocketStream<_> = &mut socket;
        let _ = tokio::time::timeout(FAREWELL, socket.close(None)).await;
    })
}
