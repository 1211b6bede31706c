//! A running service on a database of its own, its callers, and what they see.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http_body_util::BodyExt as _;
use marquis_authz::jws::{SigningKey, sign};
use marquis_authz::{LocalVerifier, TokenRules};
use marquis_cluster::Cluster;
use marquis_config::{Config, Environment};
use marquis_contracts::identity::{
    AccessClaims, IssuerUnavailable, JwkSet, Revocation, Role, SessionId, TokenIssuer, UserId,
};
use marquis_database::Database;
use marquis_http::Problem;
use marquis_http::service::ServiceLimits;
use marquis_kernel::id::new_uuid;
use marquis_kernel::{Clock as _, ManualClock, Secret};
use marquis_payments::{MIGRATIONS, NAME, Payments, PaymentsParts};
use marquis_telemetry::metrics::Metrics;
use marquis_testkit::TestDatabase;
use ring::hmac;
use serde_json::{Value, json};
use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

pub const ISSUER: &str = "https://marquis.test";
pub const AUDIENCE: &str = "marquis";
pub const SECRET_BYTES: [u8; 32] = [42; 32];
pub const STRIPE_SECRET: &str = "whsec_stripe_test_secret";
pub const PATIENCE: Duration = Duration::from_secs(20);

/// An issuer that lives in the test.
#[derive(Debug)]
struct Issuer(JwkSet);

#[async_trait::async_trait]
impl TokenIssuer for Issuer {
    async fn key_set(&self) -> Result<JwkSet, IssuerUnavailable> {
        Ok(self.0.clone())
    }

    async fn revocations_since(
        &self,
        _: OffsetDateTime,
    ) -> Result<Vec<Revocation>, IssuerUnavailable> {
        Ok(Vec::new())
    }
}

/// The service.
pub struct App {
    pub payments: Arc<Payments>,
    pub router: Router,
    pub clock: Arc<ManualClock>,
    pub cluster: Cluster,
    key: SigningKey,
    /// `None` when the test brought its own server.
    database: Option<TestDatabase>,
}

/// Somebody with a token.
#[derive(Debug, Clone)]
pub struct Person {
    pub id: UserId,
    token: String,
}

impl Person {
    /// Value of the `Authorization` header.
    pub fn authorization(&self) -> String {
        format!("Bearer {}", self.token)
    }
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).expect(&self.text)
    }

    /// Asserts the status and returns the body.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        self.json()
    }

    /// Asserts a problem and returns its detail.
    #[track_caller]
    pub fn problem(self, status: u16) -> String {
        assert_eq!(self.headers[header::CONTENT_TYPE], "application/problem+json", "{self:?}");
        let body = self.expect(status);
        assert_eq!(body["status"], status);
        body["detail"].as_str().unwrap_or_default().to_owned()
    }

    /// Asserts a 400 and returns the names of the wrong fields.
    #[track_caller]
    pub fn wrong_fields(self) -> Vec<String> {
        let body = self.expect(400);
        let errors = body["errors"].as_array().cloned().unwrap_or_default();
        errors.iter().map(|error| error["field"].as_str().unwrap_or_default().to_owned()).collect()
    }

    pub fn replayed(&self) -> bool {
        self.headers.get("idempotent-replayed").is_some_and(|value| value == "true")
    }
}

impl App {
    pub async fn start() -> Self {
        let database = TestDatabase::new(NAME, MIGRATIONS).await;
        let mut app = Self::on(database.database());
        app.database = Some(database);
        app
    }

    /// On a database that the test looks after.
    pub fn on(database: Database) -> Self {
        let clock = ManualClock::starting_now();
        let (key, _) = SigningKey::generate().expect("a key");
        let issuer = Arc::new(Issuer(JwkSet { keys: vec![key.public_jwk()] }));
        let rules = TokenRules {
            issuer: ISSUER.to_owned(),
            audience: AUDIENCE.to_owned(),
            leeway: Duration::from_secs(5),
        };
        let mut settings = Config::defaults(Environment::Dev).expect("valid defaults").payments;
        settings.webhooks.secrets = vec![
            Secret::new(format!("whsec_{}", STANDARD.encode([7_u8; 32]))),
            Secret::new(format!("whsec_{}", STANDARD.encode(SECRET_BYTES))),
        ];
        settings.webhooks.stripe_secrets = vec![Secret::new(STRIPE_SECRET)];
        let cluster = Cluster::memory(clock.clone());
        let payments = Payments::new(PaymentsParts {
            settings,
            database,
            cluster: cluster.clone(),
            verifier: LocalVerifier::new(issuer, rules, clock.clone()),
            metrics: Metrics::new(),
            clock: clock.clone(),
            limits: ServiceLimits::default(),
            draining: CancellationToken::new(),
        })
        .expect("valid secrets");
        let payments = Arc::new(payments);
        let router = payments.router();
        Self { payments, router, clock, cluster, key, database: None }
    }

    /// A bare connection to the tables.
    pub async fn tables(&self) -> impl TableClient + use<> {
        self.database.as_ref().expect("a database of its own").client().await
    }

    /// A pool on the same database.
    pub fn database(&self) -> Database {
        self.database.as_ref().expect("a database of its own").database()
    }

    /// The background work, until the guard is dropped.
    pub fn run(&self) -> impl Drop + use<> {
        let stop = CancellationToken::new();
        let payments = Arc::clone(&self.payments);
        let token = stop.clone();
        tokio::spawn(async move { payments.run(token).await });
        stop.drop_guard()
    }

    pub fn person(&self, roles: &[Role]) -> Person {
        self.named(UserId::new(&*self.clock), roles)
    }

    /// Another token of a user.
    pub fn named(&self, id: UserId, roles: &[Role]) -> Person {
        let now = self.clock.unix();
        let claims = AccessClaims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: id,
            exp: now + 900,
            iat: now,
            jti: new_uuid(&*self.clock),
            sid: SessionId::new(&*self.clock),
            roles: roles.to_vec(),
            amr: vec!["pwd".to_owned()],
        };
        Person { id, token: sign(&claims, &self.key) }
    }

    pub fn alice(&self) -> Person {
        self.person(&[Role::User])
    }

    pub fn finance(&self) -> Person {
        self.person(&[Role::User, Role::Finance])
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.expect("infallible");
        let (parts, body) = response.into_parts();
        // The cause is in no answer; whoever reads a failed test wants to know it.
        assert!(parts.status != 500, "{:?}", parts.extensions.get::<Problem>());
        let bytes = body.collect().await.expect("a body").to_bytes();
        let text = String::from_utf8(bytes.to_vec()).expect("UTF-8");
        Answer { status: parts.status, headers: parts.headers, text }
    }

    pub async fn call(
        &self,
        person: &Person,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::AUTHORIZATION, person.authorization());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = match body {
            Some(body) => {
                request = request.header(header::CONTENT_TYPE, "application/json");
                Body::from(body.to_string())
            }
            None => Body::empty(),
        };
        self.send(request.body(body).expect("a request")).await
    }

    pub async fn get(&self, person: &Person, path: &str) -> Answer {
        self.call(person, Method::GET, path, &[], None).await
    }

    pub async fn create(&self, person: &Person, body: &Value) -> Answer {
        self.call(person, Method::POST, "/payments", &[], Some(body)).await
    }

    pub async fn create_with_key(&self, person: &Person, key: &str, body: &Value) -> Answer {
        let headers = [("idempotency-key", key)];
        self.call(person, Method::POST, "/payments", &headers, Some(body)).await
    }

    /// A new payment's reference.
    pub async fn pay(&self, person: &Person, amount: i64) -> String {
        let made = self.create(person, &json!({"amount": amount, "currency": "EUR"})).await;
        text(&made.expect(201)["reference"])
    }

    pub async fn set_status(&self, person: &Person, reference: &str, status: &str) -> Answer {
        let path = format!("/payments/{reference}/status");
        self.call(person, Method::PATCH, &path, &[], Some(&json!({"status": status}))).await
    }

    /// A captured payment's reference.
    pub async fn captured(&self, person: &Person, amount: i64) -> String {
        let reference = self.pay(person, amount).await;
        let finance = self.finance();
        self.set_status(&finance, &reference, "processing").await.expect(200);
        self.set_status(&finance, &reference, "succeeded").await.expect(200);
        reference
    }

    pub async fn refund(
        &self,
        person: &Person,
        reference: &str,
        key: Option<&str>,
        body: &Value,
    ) -> Answer {
        let path = format!("/payments/{reference}/refunds");
        let headers: Vec<_> = key.map(|key| ("idempotency-key", key)).into_iter().collect();
        self.call(person, Method::POST, &path, &headers, Some(body)).await
    }

    /// Delivers an event signed after Standard Webhooks.
    pub async fn deliver(&self, id: &str, event: &Value) -> Answer {
        self.deliver_at(id, event.to_string().as_bytes(), self.clock.unix()).await
    }

    pub async fn deliver_at(&self, id: &str, body: &[u8], at: i64) -> Answer {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &SECRET_BYTES);
        let signed = [format!("{id}.{at}.").as_bytes(), body].concat();
        let signature = format!("v1,{}", STANDARD.encode(hmac::sign(&key, &signed)));
        let request = Request::post("/payments/webhook")
            .header("webhook-id", id)
            .header("webhook-timestamp", at.to_string())
            .header("webhook-signature", signature)
            .body(Body::from(body.to_vec()))
            .expect("a request");
        self.send(request).await
    }

    /// Asserts that the books are in order.
    pub async fn assert_books_agree(&self) {
        let mut found = Vec::new();
        let report = self
            .payments
            .verify_ledger(&mut |discrepancy| found.push(discrepancy.to_string()))
            .await
            .expect("readable books");
        assert!(report.is_clean() && found.is_empty(), "{found:#?}");
    }
}

/// What tests do with tables, without naming the driver.
pub trait TableClient: Send + Sync {
    /// One number.
    fn number(&self, sql: &str) -> impl Future<Output = i64> + Send;
    /// Statements, for their effect; the server's message when refused.
    fn run(&self, sql: &str) -> impl Future<Output = Result<(), String>> + Send;
}

impl TableClient for marquis_database::tokio_postgres::Client {
    async fn number(&self, sql: &str) -> i64 {
        self.query_one(sql, &[]).await.expect(sql).get(0)
    }

    async fn run(&self, sql: &str) -> Result<(), String> {
        self.batch_execute(sql).await.map_err(|error| {
            error
                .as_db_error()
                .map_or_else(|| error.to_string(), |error| error.message().to_owned())
        })
    }
}

pub fn text(value: &Value) -> String {
    value.as_str().expect("a string").to_owned()
}

pub fn euros(amount: i64) -> Value {
    json!({"amount": amount, "currency": "EUR"})
}

/// An event about a payment.
pub fn event(kind: &str, reference: &str) -> Value {
    json!({"type": kind, "data": {"reference": reference}})
}

/// A refund that a provider began.
pub fn refund_event(reference: &str, refund: &str, amount: i64) -> Value {
    json!({"type": "payment.refunded", "data": {
        "reference": reference, "refundId": refund, "amount": amount, "currency": "EUR",
    }})
}
