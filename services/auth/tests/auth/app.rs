//! A service under test: its own database, its own clock, requests without a socket.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, OnceLock};

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use marquis_auth::{Auth, AuthParts};
use marquis_cluster::Cluster;
use marquis_config::sections::auth::Auth as Settings;
use marquis_config::{Config, DatabaseServer, Environment};
use marquis_database::Database;
use marquis_envelope::Keyring;
use marquis_http::ClientAddr;
use marquis_http::service::ServiceLimits;
use marquis_kernel::{ManualClock, Secret};
use marquis_telemetry::metrics::Metrics;
use marquis_testkit::TestDatabase;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

pub const PASSWORD: &str = "Password123!";
/// The keyring, its second version added by a rotation.
pub const KEYRING: &str = "1:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE";
pub const ROTATED_KEYRING: &str = "1:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE
2:YWJjZGVmZ2hpamFiY2RlZmdoaWphYmNkZWZnaGlqYWI";
pub const MASTER_KEY: &str = "a master key for tests, long enough to be one";

/// One node of the service.
pub struct App {
    pub auth: Auth,
    pub router: Router,
    pub clock: Arc<ManualClock>,
    pub cluster: Cluster,
    pub database: Arc<TestDatabase>,
    pub settings: Settings,
}

/// Default settings with the cheapest hash that is allowed.
pub fn settings() -> Settings {
    let mut settings = Config::defaults(Environment::Test).expect("defaults load").auth;
    settings.passwords.bcrypt_cost = 10;
    settings
}

impl App {
    pub async fn new() -> Self {
        Self::with(settings()).await
    }

    pub async fn with(settings: Settings) -> Self {
        capture_logs();
        let database = Arc::new(TestDatabase::new("auth", Auth::migrations()).await);
        let clock = ManualClock::starting_now();
        let cluster = Cluster::memory(clock.clone());
        Self::node(database, clock, cluster, settings)
    }

    /// Another node on the same database, cluster and clock.
    pub fn another(&self, settings: Settings) -> Self {
        let cluster = self.cluster.clone();
        Self::node(Arc::clone(&self.database), Arc::clone(&self.clock), cluster, settings)
    }

    /// This node on another cluster.
    pub fn on(self, cluster: Cluster) -> Self {
        Self::node(self.database, self.clock, cluster, self.settings)
    }

    fn node(
        database: Arc<TestDatabase>,
        clock: Arc<ManualClock>,
        cluster: Cluster,
        settings: Settings,
    ) -> Self {
        let auth = service(&database.settings(), &clock, &cluster, &settings, Environment::Test);
        Self { router: auth.router(), auth, clock, cluster, database, settings }
    }

    pub async fn send(&self, call: Call) -> Answer {
        send(&self.router, call).await
    }

    /// Registers `<name>@example.com` with [`PASSWORD`].
    pub async fn register(&self, name: &str) -> Session {
        let body = json!({
            "email": format!("{name}@example.com"), "password": PASSWORD, "username": name,
        });
        let answer = self.send(post("/auth/register").json(body)).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
        Session::of(&answer)
    }

    pub async fn login(&self, name: &str, password: &str) -> Answer {
        self.login_from(name, password, "192.0.2.1").await
    }

    pub async fn login_from(&self, name: &str, password: &str, address: &str) -> Answer {
        let body = json!({ "email": format!("{name}@example.com"), "password": password });
        self.send(post("/auth/login").json(body).from(address)).await
    }

    pub async fn refresh(&self, token: &str) -> Answer {
        self.send(post("/auth/refresh").json(json!({ "refresh_token": token }))).await
    }

    pub async fn me(&self, token: &str) -> Answer {
        self.send(get("/auth/me").bearer(token)).await
    }

    /// How many audit records of a kind there are.
    pub async fn audited(&self, kind: &str) -> i64 {
        let client = self.database.client().await;
        let count = "SELECT count(*) FROM audit_records WHERE kind = $1";
        client.query_one(count, &[&kind]).await.expect("counts").get(0)
    }

    pub fn advance(&self, by: std::time::Duration) {
        self.clock.advance(time::Duration::try_from(by).expect("short"));
    }
}

/// A service on any database.
pub fn service(
    database: &DatabaseServer,
    clock: &Arc<ManualClock>,
    cluster: &Cluster,
    settings: &Settings,
    environment: Environment,
) -> Auth {
    service_with(database, clock, cluster, settings, environment, KEYRING)
}

/// [`service`] with another keyring.
pub fn service_with(
    database: &DatabaseServer,
    clock: &Arc<ManualClock>,
    cluster: &Cluster,
    settings: &Settings,
    environment: Environment,
    keyring: &str,
) -> Auth {
    let metrics = Metrics::new();
    Auth::new(AuthParts {
        settings: settings.clone(),
        master_key: Secret::new(MASTER_KEY),
        keyring: Arc::new(Keyring::parse(keyring).expect("a keyring")),
        database: Database::connect(database, "auth", Arc::clone(&metrics)).expect("a URL"),
        cluster: cluster.clone(),
        metrics,
        clock: clock.clone(),
        environment,
        limits: ServiceLimits::default(),
        shutdown: CancellationToken::new(),
    })
    .expect("the settings are valid")
}

pub async fn send(router: &Router, call: Call) -> Answer {
    let response = router.clone().oneshot(call.into_request()).await.expect("infallible");
    let status = response.status();
    let headers = response.headers().clone();
    let bytes = response.into_body().collect().await.expect("a body").to_bytes();
    let text = String::from_utf8(bytes.to_vec()).expect("UTF-8");
    Answer { status, headers, body: serde_json::from_str(&text).unwrap_or(Value::Null), text }
}

/// A request about to be sent.
#[derive(Clone)]
pub struct Call {
    method: Method,
    path: String,
    body: Option<String>,
    token: Option<String>,
    address: IpAddr,
    pub headers: Vec<(&'static str, String)>,
}

pub fn get(path: &str) -> Call {
    Call::new(Method::GET, path)
}

pub fn post(path: &str) -> Call {
    Call::new(Method::POST, path)
}

pub fn delete(path: &str) -> Call {
    Call::new(Method::DELETE, path)
}

impl Call {
    fn new(method: Method, path: &str) -> Self {
        Self {
            method,
            path: path.to_owned(),
            body: None,
            token: None,
            address: "192.0.2.1".parse().expect("an address"),
            headers: Vec::new(),
        }
    }

    #[expect(clippy::needless_pass_by_value, reason = "tests write the value in place")]
    pub fn json(mut self, body: Value) -> Self {
        self.body = Some(body.to_string());
        self.header("content-type", "application/json")
    }

    pub fn bearer(mut self, token: &str) -> Self {
        self.token = Some(token.to_owned());
        self
    }

    pub fn from(mut self, address: &str) -> Self {
        self.address = address.parse().expect("an address");
        self
    }

    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    fn into_request(self) -> Request<Body> {
        let mut request = Request::builder()
            .method(self.method)
            .uri(self.path)
            .extension(ClientAddr(self.address));
        for (name, value) in self.headers {
            request = request.header(name, value);
        }
        if let Some(token) = self.token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        request.body(self.body.map_or_else(Body::empty, Body::from)).expect("a request")
    }
}

#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Value,
    pub text: String,
}

impl Answer {
    #[track_caller]
    pub fn expect(self, status: StatusCode) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    pub fn text_at(&self, name: &str) -> &str {
        self.body[name].as_str().expect("the answer has this text")
    }

    pub fn retry_after(&self) -> u64 {
        let value = self.headers.get(header::RETRY_AFTER).expect("Retry-After");
        value.to_str().expect("ASCII").parse().expect("seconds")
    }

    /// The fields that a 400 complains of.
    pub fn wrong_fields(&self) -> Vec<&str> {
        let errors = self.body["errors"].as_array();
        errors.into_iter().flatten().filter_map(|error| error["field"].as_str()).collect()
    }
}

/// What a client keeps after it signed in.
#[derive(Debug, Clone)]
pub struct Session {
    pub access: String,
    pub refresh: String,
    pub user: Value,
}

impl Session {
    pub fn of(answer: &Answer) -> Self {
        Self {
            access: answer.text_at("access_token").to_owned(),
            refresh: answer.text_at("refresh_token").to_owned(),
            user: answer.body["user"].clone(),
        }
    }
}

/// Everything that was logged in this process, at every level.
pub fn logged() -> String {
    String::from_utf8_lossy(&buffer().lock().expect("not poisoned")).into_owned()
}

fn buffer() -> &'static Arc<Mutex<Vec<u8>>> {
    static BUFFER: OnceLock<Arc<Mutex<Vec<u8>>>> = OnceLock::new();
    BUFFER.get_or_init(Arc::default)
}

struct Sink;

impl std::io::Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        buffer().lock().expect("not poisoned").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn capture_logs() {
    static ONCE: OnceLock<()> = OnceLock::new();
    ONCE.get_or_init(|| {
        tracing_subscriber::fmt()
            .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
            .with_ansi(false)
            .with_writer(|| Sink)
            .init();
    });
}
