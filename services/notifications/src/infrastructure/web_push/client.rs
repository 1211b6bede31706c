//! One request to a push service (RFC 8030, section 5).
//!
//! Whoever subscribes names the server that is written to. So it is reached over verified
//! TLS only; its name is looked up here and nothing but public addresses are connected to,
//! by address, so that no second look-up can answer otherwise; redirects are not followed;
//! and nothing of its answer is used but the status.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::{Request, StatusCode, header};
use http_body_util::Full;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use marquis_kernel::SharedClock;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::VapidKey;
use super::encrypt::encrypt;
use crate::application::ports::{PushMessage, Pusher, SendError, Subscription, Urgency};
use crate::domain::{PushEndpoint, address};

/// How long a push service keeps a message for a browser that is away, in seconds: a day.
const TTL: &str = "86400";
/// Addresses of one name that are tried.
const MOST_ADDRESSES: usize = 4;

/// Sends push messages.
pub struct WebPushClient {
    /// Who we are.
    pub key: Arc<VapidKey>,
    /// How push services reach the operator.
    pub contact: String,
    /// Whom to trust.
    pub tls: Arc<ClientConfig>,
    /// For the whole of one request.
    pub patience: Duration,
    /// Whether push services may be anywhere.
    pub anywhere: bool,
    /// The time.
    pub clock: SharedClock,
}

impl std::fmt::Debug for WebPushClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WebPushClient").field("key", &self.key).finish_non_exhaustive()
    }
}

#[async_trait]
impl Pusher for WebPushClient {
    async fn push(&self, to: &Subscription, message: &PushMessage) -> Result<(), SendError> {
        let request = self.request(to, message)?;
        let answer = timeout(self.patience, self.send(&to.endpoint, request)).await;
        judge(answer.map_err(|_| later("the push service does not answer in time"))??)
    }
}

impl WebPushClient {
    fn request(
        &self,
        to: &Subscription,
        message: &PushMessage,
    ) -> Result<Request<Full<Bytes>>, SendError> {
        let endpoint = &to.endpoint;
        let plaintext = message.payload.to_string();
        let body = encrypt(&to.public_key, &to.auth, plaintext.as_bytes());
        // The browser gave us a key that is none; it will not give us another.
        let body = body.map_err(|_| SendError::Gone)?;
        let now = self.clock.now();
        let authorization = self.key.authorization(&endpoint.origin(), &self.contact, now);
        let authorization = authorization.ok_or_else(|| later("the request cannot be signed"))?;
        Request::post(endpoint.path())
            .header(header::HOST, endpoint.authority())
            .header(header::AUTHORIZATION, authorization)
            .header(header::CONTENT_TYPE, "application/octet-stream")
            .header(header::CONTENT_ENCODING, "aes128gcm")
            .header("ttl", TTL)
            .header(
                "urgency",
                match message.urgency {
                    Urgency::Normal => "normal",
                    Urgency::High => "high",
                },
            )
            .header("topic", URL_SAFE_NO_PAD.encode(message.topic.uuid().as_bytes()))
            .body(Full::new(body.into()))
            .map_err(|_| SendError::Never("the request cannot be formed".to_owned()))
    }

    async fn send(
        &self,
        endpoint: &PushEndpoint,
        request: Request<Full<Bytes>>,
    ) -> Result<StatusCode, SendError> {
        let stream = self.connect(endpoint).await?;
        let broken = |_| later("the connection to the push service breaks");
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
        let connection = tokio::spawn(connection);
        let answer = sender.send_request(request).await.map_err(broken);
        // The body of the answer is of no interest, however long it is.
        connection.abort();
        Ok(answer?.status())
    }

    async fn connect(&self, endpoint: &PushEndpoint) -> Result<TlsStream<TcpStream>, SendError> {
        let name = ServerName::try_from(endpoint.host().to_owned());
        let name =
            name.map_err(|_| SendError::Never("the endpoint has no usable name".to_owned()))?;
        let addresses = self.addresses(endpoint).await?;
        let mut last = None;
        for address in addresses {
            match TcpStream::connect(address).await {
                Ok(stream) => {
                    let _ = stream.set_nodelay(true);
                    let connector = TlsConnector::from(Arc::clone(&self.tls));
                    return connector.connect(name, stream).await.map_err(|error| {
                        later(&format!("TLS to the push service fails ({})", error.kind()))
                    });
                }
                Err(error) => last = Some(error.kind()),
            }
        }
        let kind = last.unwrap_or(io::ErrorKind::AddrNotAvailable);
        Err(later(&format!("the push service cannot be reached ({kind})")))
    }

    /// Where the endpoint is, as far as we may go there.
    async fn addresses(&self, endpoint: &PushEndpoint) -> Result<Vec<SocketAddr>, SendError> {
        let place = (endpoint.host(), endpoint.port());
        let found = lookup_host(place).await;
        let found = found.map_err(|_| later("the push service's name cannot be looked up"))?;
        let mut addresses: Vec<SocketAddr> = found.collect();
        let any = !addresses.is_empty();
        if !self.anywhere {
            addresses.retain(|found| endpoint.has_usual_port() && address::is_public(found.ip()));
        }
        addresses.truncate(MOST_ADDRESSES);
        if any && addresses.is_empty() {
            let why = "the push service is not on the public internet";
            return Err(SendError::Never(why.to_owned()));
        }
        Ok(addresses)
    }
}

/// RFC 8030, sections 5 and 7.3, and RFC 8292, section 4.2.
fn judge(status: StatusCode) -> Result<(), SendError> {
    let what = format!("the push service answers {}", status.as_u16());
    match status.as_u16() {
        200..=299 => Ok(()),
        404 | 410 => Err(SendError::Gone),
        408 | 425 | 429 | 500..=599 => Err(SendError::Later(what)),
        _ => Err(SendError::Never(what)),
    }
}

fn later(why: &str) -> SendError {
    SendError::Later(why.to_owned())
}
