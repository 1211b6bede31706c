//! One request under inspection: what the gateway received, fed to the engine phase by phase.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use marquis_config::sections::waf::WafMode;
use marquis_http::Problem;
use marquis_waf::{Intervention, InterventionKind, Transaction, TransactionContext};
use tokio::sync::OwnedSemaphorePermit;

use super::audit::{self, About};
use super::growth::Growth;
use super::memory::Reserved;
use super::{Firewall, engine_mode};
use crate::exchange::Exchange;

/// Answers longer than this are evaluated on the blocking pool.
const LONG_ANSWER: usize = 16 * 1024;

/// Header by which a test suite recognises its requests in the match log.
const MARKER: &str = "x-crs-test";

/// A request under inspection.
#[derive(Debug)]
pub(crate) struct Inspection {
    firewall: Arc<Firewall>,
    transaction: Option<Box<Transaction>>,
    mode: WafMode,
    marker: Option<String>,
    uri: String,
    spent: Duration,
    growth: Growth,
    reserved: Reserved,
    /// What was refused, and not answered with something else since.
    refused: Option<Intervention>,
}

/// What the engine decided.
pub(crate) type Decision = Result<(), Verdict>;

/// A refusal.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// A problem document.
    Problem(Problem),
    /// A redirect to the location.
    Redirect(StatusCode, HeaderValue),
}

impl Inspection {
    /// Begins with the head of a request, and refuses it if phase 1 does.
    pub(crate) fn begin(
        firewall: &Arc<Firewall>,
        mode: Option<WafMode>,
        exchange: &Exchange,
        parts: &Parts,
    ) -> Self {
        let started = Instant::now();
        let mode = mode.unwrap_or(firewall.settings.engine);
        let now = exchange.client.gate.clock.now().unix_timestamp_nanos() / 1_000;
        let context = TransactionContext {
            now: u64::try_from(now).unwrap_or(0),
            id: exchange.request_id.to_str().unwrap_or("-").to_owned(),
            mode: Some(engine_mode(mode)),
            collections: Some(Arc::clone(&firewall.collections) as _),
        };
        let mut transaction = Transaction::new(Arc::clone(&firewall.rules), context);
        let peer = exchange.client.peer;
        let (server, port) = served(exchange, peer);
        let client_port = if exchange.address == peer.ip() { peer.port() } else { 0 };
        transaction.connection(exchange.address, client_port, server, port);
        let uri = target(exchange, parts);
        let protocol: &[u8] = match parts.version {
            http::Version::HTTP_10 => b"HTTP/1.0",
            http::Version::HTTP_2 => b"HTTP/2.0",
            _ => b"HTTP/1.1",
        };
        transaction.request_line(parts.method.as_str().as_bytes(), uri.as_bytes(), protocol);
        for (name, value) in &parts.headers {
            transaction.request_header(name.as_str().as_bytes(), value.as_bytes());
        }
        transaction.request_headers();
        let marker = firewall.match_log.is_some().then(|| {
            parts.headers.get(MARKER).and_then(|value| value.to_str().ok()).map(str::to_owned)
        });
        Self {
            firewall: Arc::clone(firewall),
            transaction: Some(Box::new(transaction)),
            mode,
            marker: marker.flatten(),
            uri,
            spent: started.elapsed(),
            growth: Growth::of(&parts.headers),
            reserved: Reserved::for_client(exchange.address),
            refused: None,
        }
    }

    /// What was decided so far.
    pub(crate) fn decision(&mut self) -> Decision {
        let Some(transaction) = &self.transaction else { return Ok(()) };
        let Some(intervention) = transaction.intervention() else { return Ok(()) };
        self.refused = Some(intervention.clone());
        Err(verdict(intervention))
    }

    /// Whether the body has to be held back and fed.
    pub(crate) fn wants_body(&self) -> bool {
        self.transaction.as_ref().is_some_and(|transaction| transaction.wants_request_body())
    }

    /// Takes a part of the request body.
    pub(crate) fn body_part(&mut self, part: &Bytes) -> Decision {
        self.growth.part(part);
        // Twice: the engine's copy, and what goes on to the service.
        self.reserve(part.len().saturating_mul(2))?;
        let started = Instant::now();
        if let Some(transaction) = &mut self.transaction {
            transaction.append_request_body(part);
        }
        self.spent += started.elapsed();
        self.decision()
    }

    fn reserve(&mut self, bytes: usize) -> Decision {
        if self.firewall.memory.take(&mut self.reserved, bytes, self.growth.length()) {
            return Ok(());
        }
        let busy = Problem::new(StatusCode::SERVICE_UNAVAILABLE)
            .with_detail("Too many large requests at once. Try again soon.")
            .with_header(header::RETRY_AFTER, HeaderValue::from_static("1"))
            .with_header(header::CONNECTION, HeaderValue::from_static("close"));
        Err(Verdict::Problem(busy))
    }

    /// Runs phase 2 over everything that was fed.
    pub(crate) async fn request(&mut self) -> Decision {
        let (length, arguments) = (self.growth.length(), self.firewall.settings.arguments);
        let long = self.growth.is_long(arguments);
        let permit = if long { self.permit().await } else { None };
        // Only now: what waits for its turn has not been taken apart yet.
        if length > 0 {
            self.reserve(self.growth.expanded(arguments))?;
        }
        self.run(permit, |transaction| {
            transaction.request_body();
        })
        .await;
        if length > 0 {
            let engine = self.transaction.as_ref().map_or(0, |transaction| transaction.memory());
            self.reserved.correct(length.saturating_add(engine));
        }
        self.decision()
    }

    /// Runs phase 3 over the head of an answer.
    pub(crate) fn answer_head(
        &mut self,
        status: StatusCode,
        headers: &HeaderMap,
        http2: bool,
    ) -> Decision {
        let started = Instant::now();
        if let Some(transaction) = &mut self.transaction {
            for (name, value) in headers {
                transaction.response_header(name.as_str().as_bytes(), value.as_bytes());
            }
            let protocol: &[u8] = if http2 { b"HTTP/2.0" } else { b"HTTP/1.1" };
            transaction.response_headers(status.as_u16(), protocol);
        }
        self.spent += started.elapsed();
        self.decision()
    }

    /// Whether the answer's body is to be inspected, and how many bytes of it.
    pub(crate) fn wants_answer(&self) -> Option<usize> {
        self.transaction
            .as_ref()
            .is_some_and(|transaction| transaction.wants_response_body())
            .then_some(self.firewall.settings.response_body)
    }

    /// Runs phase 4 over the beginning of an answer's body.
    pub(crate) async fn answer_body(&mut self, body: Bytes) -> Decision {
        let permit = if body.len() > LONG_ANSWER { self.permit().await } else { None };
        self.run(permit, move |transaction| {
            transaction.append_response_body(&body);
            transaction.response_body();
        })
        .await;
        self.decision()
    }

    /// Runs the logging phase and tells what was found.
    pub(crate) fn end(mut self, exchange: &Exchange, status: StatusCode) {
        let Some(mut transaction) = self.transaction.take() else { return };
        let started = Instant::now();
        let event = transaction.finish();
        let spent = (self.spent + started.elapsed()).as_secs_f64();
        let detecting = self.mode == WafMode::Detection;
        let matches = transaction.matches();
        let metrics = &exchange.client.gate.metrics.waf;
        metrics.observe(detecting, spent, matches, self.refused.as_ref());
        if let Some(log) = &self.firewall.match_log {
            log.write(self.marker.as_deref(), &self.uri, matches);
        }
        if let (Some(event), Some(log)) = (event, &self.firewall.audit) {
            let about = About {
                now: exchange.client.gate.clock.now(),
                trace_id: exchange.trace.trace_id(),
                request_id: exchange.request_id.to_str().unwrap_or("-"),
                user_id: exchange.principal.as_ref().map(|one| one.user_id.to_string()),
                route: exchange.route.as_ref().map_or("-", |route| route.pattern.as_str()),
                status: status.as_u16(),
                detecting,
                limits_reached: transaction.limits_exceeded(),
                hidden: &self.firewall.settings.audit.redact,
            };
            log.try_write(audit::line(&event, &about));
        }
    }

    /// Whether the firewall refused the request or its answer.
    pub(crate) fn has_refused(&self) -> bool {
        self.refused.is_some()
    }

    /// The turn of a long evaluation.
    async fn permit(&self) -> Option<OwnedSemaphorePermit> {
        // It fails when the semaphore is closed, which nobody does.
        Arc::clone(&self.firewall.long).acquire_owned().await.ok()
    }

    /// Evaluates here when it is quick, on the blocking pool when it has a permit to be long.
    async fn run(
        &mut self,
        permit: Option<OwnedSemaphorePermit>,
        work: impl FnOnce(&mut Transaction) + Send + 'static,
    ) {
        let Some(permit) = permit else {
            let Some(transaction) = &mut self.transaction else { return };
            let started = Instant::now();
            work(transaction);
            self.spent += started.elapsed();
            return;
        };
        let Some(mut transaction) = self.transaction.take() else { return };
        let done = tokio::task::spawn_blocking(move || {
            let started = Instant::now();
            work(&mut transaction);
            // Held to the end of the work, even if nobody waits for it any more.
            drop(permit);
            (transaction, started.elapsed())
        });
        // A panic in the engine is a bug; the request fails, not the gateway.
        match done.await {
            Ok((transaction, spent)) => {
                self.transaction = Some(transaction);
                self.spent += spent;
            }
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "the firewall failed on a request"
                );
            }
        }
    }

    /// Whether the engine is still there; a request it failed on is refused.
    pub(crate) fn is_sound(&self) -> bool {
        self.transaction.is_some()
    }
}

/// The target as the client sent it. HTTP/2 has the host apart (RFC 9113, section 8.3.1).
fn target(exchange: &Exchange, parts: &Parts) -> String {
    if exchange.http2 {
        parts.uri.path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string)
    } else {
        parts.uri.to_string()
    }
}

/// The address and port the client reached; the address is not known and not used by rules.
fn served(exchange: &Exchange, peer: SocketAddr) -> (IpAddr, u16) {
    let port = if exchange.secure { 443 } else { 80 };
    let address: IpAddr = match peer.ip() {
        IpAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
    };
    (address, port)
}

fn verdict(intervention: &Intervention) -> Verdict {
    let status = StatusCode::from_u16(intervention.status).unwrap_or(StatusCode::FORBIDDEN);
    let close = HeaderValue::from_static("close");
    match &intervention.kind {
        InterventionKind::Redirect(location) => match HeaderValue::from_str(location) {
            Ok(location) => {
                let status = if status.is_redirection() { status } else { StatusCode::FOUND };
                Verdict::Redirect(status, location)
            }
            Err(_) => Verdict::Problem(refused(StatusCode::FORBIDDEN)),
        },
        InterventionKind::BodyLimit => Verdict::Problem(
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE)
                .with_detail("The body is larger than is allowed here.")
                .with_header(header::CONNECTION, close),
        ),
        InterventionKind::Drop => {
            Verdict::Problem(refused(status).with_header(header::CONNECTION, close))
        }
        InterventionKind::Deny => Verdict::Problem(refused(status)),
    }
}

/// What is said does not depend on the rule: it would teach how to get around it.
fn refused(status: StatusCode) -> Problem {
    let detail = match status {
        StatusCode::BAD_REQUEST => "The request body is malformed.",
        StatusCode::PAYLOAD_TOO_LARGE => "The body is larger than is allowed here.",
        _ => "The request was refused.",
    };
    Problem::new(status).with_detail(detail)
}
