//! HTTP between the platform's own processes.
//!
//! What always holds: a call ends within its time limit, reads at most a given number of
//! bytes, follows no redirect, carries the trace of the request it belongs to, and is
//! repeated at another instance only when that cannot do a thing twice.

use std::error::Error;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::header::{self, HeaderValue};
use http::{HeaderMap, Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use marquis_kernel::Secret;
use marquis_telemetry::context;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// What one call may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientLimits {
    /// Until a connection stands.
    pub connect: Duration,
    /// Until the answer of one instance is read.
    pub attempt: Duration,
    /// Until the call ends, over all instances.
    pub total: Duration,
    /// Bytes of an answer.
    pub response_size: usize,
}

/// 1 s to connect, 3 s an attempt, 5 s in all, 1 MiB.
impl Default for ClientLimits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(1),
            attempt: Duration::from_secs(3),
            total: Duration::from_secs(5),
            response_size: 1024 * 1024,
        }
    }
}

/// Why a call brought no answer that can be used.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// A base URL is not `http://host[:port][/path]`.
    #[error("`{0}` is not a base URL such as http://auth-1:3001")]
    BaseUrl(String),
    /// The path does not make a URL.
    #[error("the request could not be formed")]
    Request(#[source] http::Error),
    /// No connection could be made: nothing was sent.
    #[error("the service cannot be reached")]
    Unreachable(#[source] Box<dyn Error + Send + Sync>),
    /// The connection broke before the answer was read.
    #[error("the connection broke before the answer was complete")]
    Broken(#[source] Box<dyn Error + Send + Sync>),
    /// The time was over first.
    #[error("the service did not answer in time")]
    Timeout,
    /// The answer exceeds the limit.
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
    /// The service answered with another status than 2xx.
    #[error("the service answered {0}")]
    Status(StatusCode),
    /// The answer is not the JSON that was expected.
    #[error("the answer is not what was expected")]
    Decode(#[source] serde_json::Error),
    /// The body of the request could not be written as JSON.
    #[error("the request body could not be written")]
    Encode(#[source] serde_json::Error),
}

impl ClientError {
    /// Whether another instance may do better.
    fn is_of_instance(&self) -> bool {
        match self {
            Self::Unreachable(_) | Self::Broken(_) | Self::Timeout => true,
            Self::Status(status) => matches!(status.as_u16(), 502..=504),
            _ => false,
        }
    }
}

/// One call.
#[derive(Debug, Clone)]
pub struct Call {
    method: Method,
    path: String,
    bearer: Option<Secret>,
    body: Option<Bytes>,
    repeatable: bool,
}

impl Call {
    /// `path` begins with `/` and may have a query.
    pub fn new(method: Method, path: impl Into<String>) -> Self {
        // RFC 9110, section 9.2.2.
        let repeatable = method.is_idempotent();
        Self { method, path: path.into(), bearer: None, body: None, repeatable }
    }

    /// With an access token.
    #[must_use]
    pub fn bearer(mut self, token: Secret) -> Self {
        self.bearer = Some(token);
        self
    }

    /// With a JSON body.
    ///
    /// # Errors
    ///
    /// [`ClientError::Encode`].
    pub fn json(mut self, body: &impl Serialize) -> Result<Self, ClientError> {
        self.body = Some(serde_json::to_vec(body).map_err(ClientError::Encode)?.into());
        Ok(self)
    }

    /// A POST that may be repeated: it changes nothing, or carries an idempotency key.
    #[must_use]
    pub fn repeatable(mut self) -> Self {
        self.repeatable = true;
        self
    }
}

/// An answer of any status.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The header fields.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
}

impl Answer {
    /// The body as JSON, if the status is 2xx.
    ///
    /// # Errors
    ///
    /// [`ClientError::Status`] or [`ClientError::Decode`].
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, ClientError> {
        if !self.status.is_success() {
            return Err(ClientError::Status(self.status));
        }
        serde_json::from_slice(&self.body).map_err(ClientError::Decode)
    }
}

/// A client of one service with one or several instances. Connections are pooled.
#[derive(Debug)]
pub struct HttpClient {
    bases: Vec<String>,
    /// The instance that answered last.
    preferred: AtomicUsize,
    client: Client<HttpConnector, Full<Bytes>>,
    limits: ClientLimits,
    /// Shown by calls that carry no token of their own.
    token: Option<Secret>,
}

impl HttpClient {
    /// A client of the instances at `bases`, each `http://host[:port][/path]`.
    ///
    /// # Errors
    ///
    /// [`ClientError::BaseUrl`] when there is none or one is malformed.
    pub fn new<B: AsRef<str>>(
        bases: impl IntoIterator<Item = B>,
        limits: ClientLimits,
    ) -> Result<Self, ClientError> {
        let bases: Vec<String> =
            bases.into_iter().map(|base| base_url(base.as_ref())).collect::<Result<_, _>>()?;
        if bases.is_empty() {
            return Err(ClientError::BaseUrl(String::new()));
        }
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(limits.connect));
        connector.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Duration::from_secs(30))
            .pool_max_idle_per_host(64)
            .build(connector);
        Ok(Self { bases, preferred: AtomicUsize::new(0), client, limits, token: None })
    }

    /// Shows this token in every call that carries none of its own.
    #[must_use]
    pub fn authorized(mut self, token: Secret) -> Self {
        self.token = Some(token);
        self
    }

    /// Reads answers up to this many bytes.
    #[must_use]
    pub fn answers_up_to(mut self, bytes: usize) -> Self {
        self.limits.response_size = bytes;
        self
    }

    /// GET, and the answer as JSON.
    ///
    /// # Errors
    ///
    /// Any [`ClientError`].
    pub async fn get_json<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClientError> {
        self.call(&Call::new(Method::GET, path)).await?.json()
    }

    /// POST of JSON, and the answer as JSON. It is not repeated once it was sent.
    ///
    /// # Errors
    ///
    /// Any [`ClientError`].
    pub async fn post_json<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, ClientError> {
        self.call(&Call::new(Method::POST, path).json(body)?).await?.json()
    }

    /// Any call. Statuses are the caller's to judge.
    ///
    /// # Errors
    ///
    /// Any [`ClientError`] but `Status` and `Decode`; the one of the last instance tried.
    pub async fn call(&self, call: &Call) -> Result<Answer, ClientError> {
        match tokio::time::timeout(self.limits.total, self.call_in_turn(call)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(ClientError::Timeout),
        }
    }

    async fn call_in_turn(&self, call: &Call) -> Result<Answer, ClientError> {
        let first = self.preferred.load(Ordering::Relaxed);
        let mut turn = 0;
        loop {
            let index = (first + turn) % self.bases.len();
            turn += 1;
            let last = turn == self.bases.len();
            let attempt = self.attempt(&self.bases[index], call);
            let outcome = tokio::time::timeout(self.limits.attempt, attempt)
                .await
                .unwrap_or(Err(ClientError::Timeout));
            let failure = match &outcome {
                Err(error) => {
                    let unsent = matches!(error, ClientError::Unreachable(_));
                    (error.is_of_instance() && (unsent || call.repeatable))
                        .then(|| error.to_string())
                }
                Ok(answer) => {
                    let error = ClientError::Status(answer.status);
                    (error.is_of_instance() && call.repeatable).then(|| error.to_string())
                }
            };
            match failure {
                Some(error) if !last => {
                    tracing::debug!(base = self.bases[index], error, "trying another instance");
                }
                Some(_) => {
                    // Nobody answered well: begin elsewhere next time.
                    self.preferred.store((first + 1) % self.bases.len(), Ordering::Relaxed);
                    return outcome;
                }
                None => {
                    if index != first {
                        self.preferred.store(index, Ordering::Relaxed);
                    }
                    return outcome;
                }
            }
        }
    }

    async fn attempt(&self, base: &str, call: &Call) -> Result<Answer, ClientError> {
        let request = request(base, call, self.token.as_ref())?;
        let response = self.client.request(request).await.map_err(|error| {
            if error.is_connect() {
                ClientError::Unreachable(error.into())
            } else {
                ClientError::Broken(error.into())
            }
        })?;
        let (head, body) = response.into_parts();
        let limit = self.limits.response_size;
        let body = Limited::new(body, limit).collect().await.map_err(|error| {
            if error.is::<LengthLimitError>() {
                ClientError::TooLarge(limit)
            } else {
                ClientError::Broken(error)
            }
        })?;
        Ok(Answer { status: head.status, headers: head.headers, body: body.to_bytes() })
    }
}

fn request(
    base: &str,
    call: &Call,
    token: Option<&Secret>,
) -> Result<Request<Full<Bytes>>, ClientError> {
    let mut builder = Request::builder()
        .method(call.method.clone())
        .uri(format!("{base}{}", call.path))
        .header(header::ACCEPT, "application/json");
    if let Some(context) = context::current() {
        builder = builder.header("traceparent", context.trace.child().to_traceparent());
    }
    if let Some(token) = call.bearer.as_ref().or(token) {
        let mut value = HeaderValue::try_from(format!("Bearer {}", token.expose()))
            .map_err(|error| ClientError::Request(error.into()))?;
        value.set_sensitive(true);
        builder = builder.header(header::AUTHORIZATION, value);
    }
    let body = match &call.body {
        Some(body) => {
            builder = builder.header(header::CONTENT_TYPE, "application/json");
            Full::new(body.clone())
        }
        None => Full::default(),
    };
    builder.body(body).map_err(ClientError::Request)
}

/// A base without its last slash.
fn base_url(text: &str) -> Result<String, ClientError> {
    let malformed = || ClientError::BaseUrl(text.to_owned());
    let uri: Uri = text.parse().map_err(|_| malformed())?;
    let plain = uri.scheme_str() == Some("http")
        && uri.query().is_none()
        && uri.authority().is_some_and(|authority| {
            !authority.host().is_empty() && !authority.as_str().contains('@')
        });
    if plain { Ok(text.trim_end_matches('/').to_owned()) } else { Err(malformed()) }
}

#[cfg(test)]
mod tests;
