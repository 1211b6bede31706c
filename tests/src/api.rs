//! A client of the public API over verified TLS.

use std::sync::Once;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use reqwest::{Certificate, Client, Method, RequestBuilder};
use serde_json::{Value, json};

/// One client with connections of its own. Belongs to the runtime it was made in.
#[derive(Debug, Clone)]
pub struct Api {
    client: Client,
    base: String,
}

/// An answer, read to its end.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The header fields.
    pub headers: reqwest::header::HeaderMap,
    /// The body as text.
    pub text: String,
}

/// A registered user with a session.
#[derive(Debug, Clone)]
pub struct Account {
    /// E-mail address.
    pub email: String,
    /// Password.
    pub password: String,
    /// User id.
    pub id: String,
    /// Access token.
    pub access: String,
    /// Refresh token.
    pub refresh: String,
}

/// The password of every account that tests make.
pub const PASSWORD: &str = "Password123!";

impl Api {
    /// A client of the gateway on this port that trusts this certificate and no other.
    ///
    /// # Panics
    ///
    /// When the certificate is none.
    #[must_use]
    pub fn new(port: u16, certificate: &str) -> Self {
        let client = builder()
            .add_root_certificate(Certificate::from_pem(certificate.as_bytes()).expect("PEM"))
            .build()
            .expect("a client");
        Self { client, base: format!("https://127.0.0.1:{port}") }
    }

    /// A client without TLS, for listeners that have none.
    ///
    /// # Panics
    ///
    /// Never in practice: there is nothing to configure wrongly.
    #[must_use]
    pub fn plain(port: u16) -> Self {
        let client = builder().build().expect("a client");
        Self { client, base: format!("http://127.0.0.1:{port}") }
    }

    /// Starts a request to a path.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base))
    }

    /// `GET`, with the reason when there is no answer.
    ///
    /// # Errors
    ///
    /// What went wrong, as text.
    pub async fn try_get(&self, path: &str) -> Result<Answer, String> {
        try_send(self.request(Method::GET, path)).await
    }

    /// `GET` with a token, with the reason when there is no answer.
    ///
    /// # Errors
    ///
    /// What went wrong, as text.
    pub async fn try_get_as(&self, token: &str, path: &str) -> Result<Answer, String> {
        try_send(self.request(Method::GET, path).bearer_auth(token)).await
    }

    /// `GET` without a token.
    pub async fn get(&self, path: &str) -> Answer {
        send(self.request(Method::GET, path)).await
    }

    /// `GET` with a token.
    pub async fn get_as(&self, token: &str, path: &str) -> Answer {
        send(self.request(Method::GET, path).bearer_auth(token)).await
    }

    /// `POST` of JSON without a token.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        send(self.request(Method::POST, path).json(body)).await
    }

    /// `POST` of JSON with a token.
    pub async fn post_as(&self, token: &str, path: &str, body: &Value) -> Answer {
        send(self.request(Method::POST, path).bearer_auth(token).json(body)).await
    }

    /// Registers a new user.
    pub async fn register(&self) -> Account {
        let name = unique("user");
        let email = format!("{name}@example.org");
        let body = json!({ "email": email, "password": PASSWORD, "username": name });
        let answer = self.post("/api/v1/auth/register", &body).await;
        answer.expect(201);
        Account::from_answer(email, &answer)
    }

    /// Logs in.
    pub async fn login(&self, email: &str, password: &str) -> Answer {
        let body = json!({ "email": email, "password": password });
        self.post("/api/v1/auth/login", &body).await
    }

    /// Uses a refresh token.
    pub async fn refresh(&self, token: &str) -> Answer {
        self.post("/api/v1/auth/refresh", &json!({ "refresh_token": token })).await
    }

    /// Makes a payment with an idempotency key.
    ///
    /// # Errors
    ///
    /// What went wrong when there was no answer, as text.
    pub async fn try_pay(&self, token: &str, key: &str, body: &Value) -> Result<Answer, String> {
        let request = self.request(Method::POST, "/api/v1/payments").bearer_auth(token);
        try_send(request.header("idempotency-key", key).json(body)).await
    }

    /// Makes a payment with an idempotency key.
    ///
    /// # Panics
    ///
    /// When there is no answer.
    pub async fn pay(&self, token: &str, key: &str, body: &Value) -> Answer {
        self.try_pay(token, key, body).await.expect("an answer")
    }
}

fn builder() -> reqwest::ClientBuilder {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        // Somebody else was first: as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
    Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_secs(60))
}

/// Sends and reads to the end.
///
/// # Errors
///
/// What went wrong, as text with every cause.
pub async fn try_send(request: RequestBuilder) -> Result<Answer, String> {
    let read = async {
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Ok(Answer { status, headers, text: response.text().await? })
    };
    read.await.map_err(|error: reqwest::Error| {
        let mut text = error.to_string();
        let mut cause = std::error::Error::source(&error);
        while let Some(error) = cause {
            text = format!("{text}: {error}");
            cause = error.source();
        }
        text
    })
}

/// Sends and reads to the end.
///
/// # Panics
///
/// When there is no answer.
pub async fn send(request: RequestBuilder) -> Answer {
    try_send(request).await.expect("an answer")
}

/// A name that no other test uses.
#[must_use]
pub fn unique(kind: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("{kind}-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

impl Answer {
    /// The body as JSON.
    ///
    /// # Panics
    ///
    /// When it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }

    /// A text field of the JSON body.
    ///
    /// # Panics
    ///
    /// When it is absent or no text.
    #[must_use]
    pub fn text_at(&self, pointer: &str) -> String {
        let value = self.json();
        let text = value.pointer(pointer).and_then(Value::as_str);
        text.unwrap_or_else(|| panic!("no text at {pointer} in {value}")).to_owned()
    }

    /// A header field, or nothing.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// This status and no other.
    ///
    /// # Panics
    ///
    /// When it is another.
    #[track_caller]
    pub fn expect(&self, status: u16) -> &Self {
        assert_eq!(self.status, status, "{self:?}");
        self
    }

    /// This status with a problem document that fits it and gives nothing away (RFC 9457).
    ///
    /// # Panics
    ///
    /// When something is missing or too much is said.
    #[track_caller]
    pub fn expect_problem(&self, status: u16) -> Value {
        self.expect(status);
        assert_eq!(self.header("content-type"), "application/problem+json", "{self:?}");
        let problem = self.json();
        assert_eq!(problem["status"], status, "{problem}");
        for field in ["type", "title"] {
            assert!(problem[field].as_str().is_some_and(|text| !text.is_empty()), "{problem}");
        }
        for leak in
            ["panicked", "stack backtrace", "src/", ".rs:", "tokio_postgres", "SELECT ", "INSERT "]
        {
            assert!(!self.text.contains(leak), "{leak:?} in {problem}");
        }
        problem
    }

    /// A 400 that names exactly these fields.
    ///
    /// # Panics
    ///
    /// When others are named.
    #[track_caller]
    pub fn expect_fields(&self, fields: &[&str]) {
        let problem = self.expect_problem(400);
        let errors = problem["errors"].as_array().cloned().unwrap_or_default();
        let mut named: Vec<&str> =
            errors.iter().filter_map(|error| error["field"].as_str()).collect();
        named.sort_unstable();
        named.dedup();
        let mut wanted = fields.to_vec();
        wanted.sort_unstable();
        assert_eq!(named, wanted, "{problem}");
    }
}

impl Account {
    fn from_answer(email: String, answer: &Answer) -> Self {
        Self {
            email,
            password: PASSWORD.to_owned(),
            id: answer.text_at("/user/id"),
            access: answer.text_at("/access_token"),
            refresh: answer.text_at("/refresh_token"),
        }
    }
}

/// That no process panicked or answered 500, by its log.
///
/// # Panics
///
/// When one did, with the line that says so.
#[track_caller]
pub fn no_defects(log: &str) {
    for mark in ["panicked", "\"status\":500", "stack backtrace"] {
        let line = log.lines().find(|line| line.contains(mark));
        assert!(line.is_none(), "{line:?}");
    }
}
