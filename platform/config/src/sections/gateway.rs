//! The `[gateway]` section: listeners, TLS, limits, upstreams and routes.
//!
//! The commented default file beside this module is the manual. What is checked here is
//! shape only; the gateway itself checks meaning (that a route's service exists, that a
//! certificate can be read) when it builds its tables, and reports all of it at once.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::Span;
use crate::problem::{Finding, Problems};
use crate::sections::waf::{Waf, WafMode};

/// The edge gateway's settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gateway {
    /// Plain listener: `auto`, an address with port, or empty for none.
    pub http: String,
    /// TLS listener: `auto`, an address with port, or empty for none.
    pub https: String,
    /// What the plain listener does.
    pub plain: PlainMode,
    /// Port in redirects to HTTPS; 0 for the TLS listener's own.
    pub public_https_port: u16,
    /// Number of serving threads; 0 for one per processor.
    pub workers: usize,
    /// How connections are spread over threads.
    pub threading: Threading,
    /// Time for running requests to finish at a stop.
    pub drain: Span,
    /// Address of the status listener, empty for none.
    pub status: String,
    /// Addresses and CIDR blocks whose forwarding fields are believed.
    pub trusted_proxies: Vec<String>,
    /// Host names answered to; empty for any.
    pub hosts: Vec<String>,
    /// Directory of static files, empty for none.
    pub static_root: PathBuf,
    /// Certificates and protocol versions.
    pub tls: Tls,
    /// Sizes and times a client may take.
    pub limits: Limits,
    /// Times an upstream may take.
    pub timeouts: Timeouts,
    /// Socket.IO of the chat service.
    pub socketio: SocketIo,
    /// When a request is tried again.
    pub retries: Retries,
    /// Cross-origin resource sharing.
    pub cors: Cors,
    /// Security header fields added to answers.
    pub headers: SecurityHeaders,
    /// Compression of answers.
    pub compression: Compression,
    /// The access log.
    pub access_log: AccessLog,
    /// Rate-limit classes by name.
    pub rate_limits: BTreeMap<String, RateLimit>,
    /// The firewall.
    pub waf: Waf,
    /// Upstreams by service name.
    #[serde(default)]
    pub upstreams: BTreeMap<String, Upstream>,
    /// User-defined routes.
    #[serde(default)]
    pub routes: Vec<Route>,
}

impl Gateway {
    /// Reports values that parse but cannot work.
    pub fn validate(&self, problems: &mut Problems) {
        problems.require(
            !(self.cors.credentials && self.cors.origins.iter().any(|origin| origin == "*")),
            "gateway.cors.origins",
            "must not be \"*\" while gateway.cors.credentials is true",
            "name the origins, or set credentials to false",
        );
        let listener =
            |setting: &str| matches!(setting, "" | "auto") || setting.parse::<SocketAddr>().is_ok();
        for (key, setting) in [("gateway.http", &self.http), ("gateway.https", &self.https)] {
            problems.require(
                listener(setting),
                key,
                "is not an address with a port",
                "write \"auto\", \"0.0.0.0:8443\", \"[::]:8443\", or \"\" for none",
            );
        }
        problems.require(
            self.status.is_empty() || self.status.parse::<SocketAddr>().is_ok(),
            "gateway.status",
            "is not an address with a port",
            "for example \"127.0.0.1:3008\"",
        );
        problems.require(
            self.trusted_proxies.iter().all(|proxy| is_network(proxy)),
            "gateway.trusted_proxies",
            "has an entry that is neither an address nor a CIDR block",
            "for example [\"10.0.0.0/8\", \"192.0.2.7\"]",
        );
        problems.require(
            !self.socketio.poll_timeout.is_zero() && !self.socketio.session_memory.is_zero(),
            "gateway.socketio",
            "has a time of zero",
            "set poll_timeout to \"60s\" and session_memory to \"2m\"",
        );
        self.waf.validate(problems);
        for (name, limit) in &self.rate_limits {
            problems.require(
                !limit.window.is_zero(),
                &format!("gateway.rate_limits.{name}.window"),
                "must not be zero",
                "for example \"1m\"",
            );
        }
        for (name, upstream) in &self.upstreams {
            problems.require(
                !upstream.servers.is_empty(),
                &format!("gateway.upstreams.{name}.servers"),
                "names no server",
                "write servers = [\"host:port\"]",
            );
        }
    }

    /// Reports values that must not be used in production.
    pub fn insecurities(&self, findings: &mut Vec<Finding>) {
        if self.cors.origins.iter().any(|origin| origin == "*") {
            findings.push(Finding::new(
                "gateway.cors.origins",
                "every web site may call the API from its visitors' browsers",
                "name the origins that need it",
            ));
        }
        if self.limits.body == 0 || self.limits.body > 1_073_741_824 {
            findings.push(Finding::new(
                "gateway.limits.body",
                "request bodies are practically unlimited",
                "set it to 10485760",
            ));
        }
        if self.headers.strict_transport_security.is_empty() {
            findings.push(Finding::new(
                "gateway.headers.strict_transport_security",
                "browsers may be led to the unencrypted address",
                "set it to \"max-age=31536000; includeSubDomains\"",
            ));
        }
        if self.https.is_empty() && self.trusted_proxies.is_empty() {
            findings.push(Finding::new(
                "gateway.https",
                "passwords and tokens cross the network in plain text",
                "set it to \"auto\", or name the TLS proxy in gateway.trusted_proxies",
            ));
        }
        self.waf.insecurities(findings);
        for (name, limit) in self.rate_limits.iter().filter(|(_, limit)| limit.limit == 0) {
            findings.push(Finding::new(
                format!("gateway.rate_limits.{name}.limit"),
                format!("there is no limit by {:?}", limit.by).to_lowercase(),
                "set a limit",
            ));
        }
    }
}

/// Whether the text is an address, alone or with the length of a prefix.
fn is_network(text: &str) -> bool {
    let (address, prefix) = text.split_once('/').map_or((text, None), |(a, p)| (a, Some(p)));
    let Ok(address) = address.parse::<IpAddr>() else { return false };
    let bits = if address.is_ipv4() { 32 } else { 128 };
    prefix.is_none_or(|prefix| prefix.parse::<u8>().is_ok_and(|prefix| prefix <= bits))
}

/// What the plain listener does with requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PlainMode {
    /// 301 to the same path over HTTPS.
    Redirect,
    /// Serve them, for those behind another TLS terminator.
    Serve,
}

/// How connections are spread over threads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Threading {
    /// One event loop per worker, nothing shared on the request path.
    PerCore,
    /// All on the process's multi-threaded runtime.
    Shared,
}

/// `[gateway.tls]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// Further names in the self-signed certificate.
    pub names: Vec<String>,
    /// Oldest protocol version accepted.
    pub min_version: TlsVersion,
    /// Time for a handshake.
    pub handshake_timeout: Span,
    /// Own certificates, the first being the default.
    #[serde(default)]
    pub certificates: Vec<Certificate>,
}

/// A TLS protocol version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum TlsVersion {
    /// RFC 5246.
    #[serde(rename = "1.2")]
    V12,
    /// RFC 8446.
    #[serde(rename = "1.3")]
    V13,
}

/// A certificate chain and its key, both PEM files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    /// Chain, leaf first.
    pub certificate: PathBuf,
    /// Private key: PKCS #8, PKCS #1 or SEC1.
    pub key: PathBuf,
}

/// `[gateway.limits]`; sizes in bytes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Request body.
    pub body: u64,
    /// Request target.
    pub uri: usize,
    /// Request line and header fields together.
    pub header_bytes: usize,
    /// Number of header fields.
    pub header_count: usize,
    /// From a request's first byte to the end of its header.
    pub header_timeout: Span,
    /// Longest pause within a request body.
    pub body_timeout: Span,
    /// Longest time in which nothing of an answer can be written.
    pub send_timeout: Span,
    /// Idle keep-alive connections.
    pub keep_alive: Span,
    /// Simultaneous connections.
    pub connections: usize,
    /// Simultaneous connections from one address.
    pub connections_per_address: usize,
    /// WebSockets open at the same time from one client address; 0 for no limit.
    pub websockets_per_address: usize,
    /// Simultaneous requests in one HTTP/2 connection.
    pub h2_streams: u32,
}

/// Times an upstream may take.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Timeouts {
    /// Establishing a connection.
    pub connect: Span,
    /// From the end of the request to the first byte of the answer.
    pub first_byte: Span,
    /// Between two pieces of the answer.
    pub idle: Span,
    /// The whole request; zero for no limit.
    pub total: Span,
    /// Silence on a WebSocket.
    pub websocket: Span,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: seconds(2),
            first_byte: seconds(30),
            idle: seconds(60),
            total: seconds(0),
            websocket: seconds(3_600),
        }
    }
}

/// `[gateway.socketio]`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SocketIo {
    /// Longest wait for the first byte of an answer to a poll.
    pub poll_timeout: Span,
    /// Largest body of a polling request, in bytes.
    pub body: u64,
    /// How long a session's server is remembered since its last request.
    pub session_memory: Span,
    /// Most sessions remembered.
    pub sessions: usize,
}

/// `[gateway.retries]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retries {
    /// Attempts in all; 1 never repeats.
    pub attempts: u32,
    /// Share of requests that may be repeated, in percent.
    pub budget_percent: u32,
    /// Upstream statuses after which an idempotent request is repeated.
    pub statuses: Vec<u16>,
    /// Largest body kept for a repetition, in bytes.
    pub replay_bytes: usize,
}

/// `[gateway.cors]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cors {
    /// Allowed origins; empty switches CORS off.
    pub origins: Vec<String>,
    /// Allowed methods.
    pub methods: Vec<String>,
    /// Allowed request header fields.
    pub headers: Vec<String>,
    /// Answer header fields scripts may read.
    pub exposed: Vec<String>,
    /// Whether cookies and Authorization are allowed; never together with `*`.
    pub credentials: bool,
    /// How long a browser may remember a preflight.
    pub max_age: Span,
}

/// `[gateway.headers]`; an empty value leaves the field out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecurityHeaders {
    /// RFC 6797; sent over TLS only.
    pub strict_transport_security: String,
    /// Content Security Policy Level 3.
    pub content_security_policy: String,
    /// RFC 7034.
    pub x_frame_options: String,
    /// Fetch standard, section 3.6.
    pub x_content_type_options: String,
    /// Referrer Policy.
    pub referrer_policy: String,
    /// For old browsers.
    pub x_xss_protection: String,
}

/// `[gateway.compression]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Compression {
    /// Codings in order of preference.
    pub algorithms: Vec<Coding>,
    /// Smallest body worth it, in bytes.
    pub min_bytes: u64,
    /// Content types, `*` at the end standing for anything.
    pub types: Vec<String>,
}

/// A content coding (RFC 9110, section 8.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Coding {
    /// RFC 7932.
    Br,
    /// RFC 8878.
    Zstd,
    /// RFC 1952.
    Gzip,
}

/// `[gateway.access_log]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccessLog {
    /// Whether requests are logged.
    pub enabled: bool,
    /// File, or empty for standard output.
    pub path: PathBuf,
}

/// One class of rate limit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateLimit {
    /// Requests in a window; 0 for no limit.
    pub limit: u32,
    /// The window.
    pub window: Span,
    /// What may go beyond.
    #[serde(default)]
    pub burst: u32,
    /// What is counted.
    pub by: RateLimitBy,
}

/// What a rate limit counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RateLimitBy {
    /// The client's address, IPv6 by /64.
    Address,
    /// The signed-in user.
    User,
    /// Everybody's requests to one service.
    Service,
}

/// One upstream: the instances of a service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Upstream {
    /// `host:port` of each instance; a name stands for all its addresses.
    pub servers: Vec<String>,
    /// How a server is chosen.
    #[serde(default)]
    pub balance: Balance,
    /// How often names are resolved.
    #[serde(default = "resolve_every")]
    pub resolve_every: Span,
    /// Idle connections kept by each worker for each server.
    #[serde(default = "idle_connections")]
    pub idle_connections: usize,
    /// How long an idle connection is kept.
    #[serde(default = "idle_timeout")]
    pub idle_timeout: Span,
    /// Requests running at once.
    #[serde(default = "max_requests")]
    pub max_requests: usize,
    /// Active checks.
    #[serde(default)]
    pub health: HealthCheck,
    /// Passive ejection.
    #[serde(default)]
    pub ejection: Ejection,
    /// Circuit breaker of the whole upstream.
    #[serde(default)]
    pub circuit: Circuit,
    /// Overrides `[gateway.timeouts]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeouts: Option<Timeouts>,
}

/// How a server is chosen among the healthy ones.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Balance {
    /// In turn.
    #[default]
    RoundRobin,
    /// The one with the fewest running requests.
    LeastRequests,
}

/// Active health checks: `GET path` expecting a 2xx or 3xx status.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HealthCheck {
    /// Path asked for; empty switches checks off.
    pub path: String,
    /// Between two checks.
    pub interval: Span,
    /// For one check.
    pub timeout: Span,
    /// Successes in a row that bring a server back.
    pub healthy: u32,
    /// Failures in a row that take it out.
    pub unhealthy: u32,
}

impl Default for HealthCheck {
    fn default() -> Self {
        Self {
            path: "/readyz".to_owned(),
            interval: seconds(2),
            timeout: seconds(1),
            healthy: 2,
            unhealthy: 2,
        }
    }
}

/// Passive ejection of a server by the failures of real requests.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Ejection {
    /// Consecutive failures; 0 switches ejection off.
    pub failures: u32,
    /// First ejection; each further one doubles it.
    pub duration: Span,
    /// Longest ejection.
    pub max_duration: Span,
    /// No server is ejected when fewer than this share (in percent) would remain available.
    /// The last one never is: a wrong verdict must not take the whole service away.
    pub panic_percent: u32,
}

impl Default for Ejection {
    fn default() -> Self {
        Self { failures: 5, duration: seconds(5), max_duration: seconds(60), panic_percent: 50 }
    }
}

/// Circuit breaker: stops asking an upstream that fails nearly always.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Circuit {
    /// Share of failed requests that opens it; 0 switches it off.
    pub failure_percent: u32,
    /// Fewer requests in a window say nothing.
    pub min_requests: u32,
    /// The window.
    pub window: Span,
    /// How long it stays open before one request probes.
    pub open: Span,
}

impl Default for Circuit {
    fn default() -> Self {
        Self { failure_percent: 80, min_requests: 20, window: seconds(10), open: seconds(5) }
    }
}

/// One user-defined route.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// Exact path, or a prefix ending in `/*`.
    pub path: String,
    /// Hosts; empty for any.
    #[serde(default)]
    pub hosts: Vec<String>,
    /// Methods; empty for any.
    #[serde(default)]
    pub methods: Vec<String>,
    /// Where it leads.
    pub service: String,
    /// Taken off the beginning of the path.
    #[serde(default)]
    pub strip: String,
    /// Put before the path.
    #[serde(default)]
    pub prefix: String,
    /// What is demanded of tokens.
    #[serde(default)]
    pub auth: AuthMode,
    /// Rate-limit classes.
    #[serde(default = "default_rate_limits")]
    pub rate_limits: Vec<String>,
    /// Largest body; none for the general limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<u64>,
    /// Whether CORS applies.
    #[serde(default = "yes")]
    pub cors: bool,
    /// Whether answers may be compressed.
    #[serde(default = "yes")]
    pub compression: bool,
    /// The Host field sent upstream.
    #[serde(default)]
    pub host_header: HostHeader,
    /// The firewall's mode; none for the general one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waf: Option<WafMode>,
    /// Overrides the upstream's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeouts: Option<Timeouts>,
}

/// What a route demands of access tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AuthMode {
    /// Tokens are passed on unseen.
    None,
    /// A token that is there must be valid.
    #[default]
    Optional,
    /// There must be a valid token.
    Required,
}

/// The Host field sent upstream.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HostHeader {
    /// As the client sent it.
    #[default]
    Preserve,
    /// The server's `host:port`.
    Upstream,
}

const fn seconds(count: u64) -> Span {
    Span::from_secs(count)
}

fn resolve_every() -> Span {
    seconds(10)
}

fn idle_connections() -> usize {
    64
}

fn idle_timeout() -> Span {
    seconds(55)
}

fn max_requests() -> usize {
    4_096
}

fn default_rate_limits() -> Vec<String> {
    vec!["default".to_owned()]
}

fn yes() -> bool {
    true
}
