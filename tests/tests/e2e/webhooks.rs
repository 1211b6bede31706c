//! Provider events: signed, fresh, in any order and number.

use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use marquis_tests::api::{send, unique};
use marquis_tests::{Account, Answer, Api};
use reqwest::Method;
use ring::hmac::{HMAC_SHA256, Key, sign};
use serde_json::{Value, json};

use crate::shared::{self, STRIPE_SECRET, WEBHOOK_KEY};

const PATH: &str = "/api/v1/payments/webhook";

fn now() -> i64 {
    #[expect(clippy::disallowed_methods, reason = "the real clock of the process under test")]
    let now = SystemTime::now();
    let since = now.duration_since(SystemTime::UNIX_EPOCH).expect("after 1970");
    i64::try_from(since.as_secs()).expect("before the end of time")
}

/// An event in the scheme Standard Webhooks.
struct Event {
    id: String,
    timestamp: i64,
    body: String,
}

impl Event {
    fn new(kind: &str, reference: &str) -> Self {
        let body = json!({ "type": kind, "data": { "reference": reference } });
        Self { id: unique("evt"), timestamp: now(), body: body.to_string() }
    }

    fn signature(&self, key: &[u8]) -> String {
        let signed = format!("{}.{}.{}", self.id, self.timestamp, self.body);
        let signature = sign(&Key::new(HMAC_SHA256, key), signed.as_bytes());
        format!("v1,{}", STANDARD.encode(signature.as_ref()))
    }

    async fn deliver(&self, api: &Api) -> Answer {
        self.deliver_with(api, &self.signature(WEBHOOK_KEY)).await
    }

    async fn deliver_with(&self, api: &Api, signature: &str) -> Answer {
        let request = api
            .request(Method::POST, PATH)
            .header("content-type", "application/json")
            .header("webhook-id", &self.id)
            .header("webhook-timestamp", self.timestamp.to_string())
            .header("webhook-signature", signature);
        send(request.body(self.body.clone())).await
    }
}

async fn pending(api: &Api) -> (Account, String) {
    let account = api.register().await;
    let body = json!({ "amount": 700, "currency": "EUR" });
    let made = api.pay(&account.access, &unique("key"), &body).await;
    (account, made.expect(201).text_at("/reference"))
}

async fn status(api: &Api, account: &Account, reference: &str) -> String {
    let path = format!("/api/v1/payments/{reference}");
    api.get_as(&account.access, &path).await.text_at("/status")
}

#[tokio::test]
async fn a_signed_event_moves_a_payment_however_often_it_comes() {
    let api = shared::up().await.api();
    let (account, reference) = pending(&api).await;
    let event = Event::new("payment.succeeded", &reference);
    for _ in 0..3 {
        let answer = event.deliver(&api).await;
        assert!((200..300).contains(&answer.status), "{answer:?}");
    }
    assert_eq!(status(&api, &account, &reference).await, "succeeded");
    // Late news of what it went through changes nothing.
    for kind in ["payment.processing", "payment.failed", "payment.cancelled", "payment.nonsense"] {
        let answer = Event::new(kind, &reference).deliver(&api).await;
        assert!(answer.status < 500, "{kind}: {answer:?}");
        assert_eq!(status(&api, &account, &reference).await, "succeeded", "{kind}");
    }
    let verified = shared::up().await.command(&["payments", "verify-ledger"]).await;
    assert_eq!(verified.code, 0, "{verified:?}");
}

#[tokio::test]
async fn stripes_scheme_is_understood() {
    let api = shared::up().await.api();
    let (account, reference) = pending(&api).await;
    let body = json!({ "id": unique("evt"), "type": "payment.failed", "data": { "reference": reference } });
    let deliver = async |timestamp: i64, secret: &str| {
        let signed = format!("{timestamp}.{body}");
        let mac = sign(&Key::new(HMAC_SHA256, secret.as_bytes()), signed.as_bytes());
        let hex: String = mac.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        let request = api.request(Method::POST, PATH).header("content-type", "application/json");
        let request = request.header("stripe-signature", format!("t={timestamp},v1={hex}"));
        send(request.body(body.to_string())).await
    };
    for answer in [deliver(now(), "another").await, deliver(now() - 3_600, STRIPE_SECRET).await] {
        answer.expect_problem(400);
    }
    assert_eq!(status(&api, &account, &reference).await, "pending");
    let answer = deliver(now(), STRIPE_SECRET).await;
    assert!((200..300).contains(&answer.status), "{answer:?}");
    assert_eq!(status(&api, &account, &reference).await, "failed");
}

#[tokio::test]
async fn what_is_not_signed_by_a_provider_just_now_is_refused() {
    let api = shared::up().await.api();
    let (account, reference) = pending(&api).await;
    let event = Event::new("payment.succeeded", &reference);
    let good = event.signature(WEBHOOK_KEY);
    let answers = [
        event.deliver_with(&api, &event.signature(b"another key of some length")).await,
        event.deliver_with(&api, "v1,").await,
        event.deliver_with(&api, "v1,AAAA").await,
        event.deliver_with(&api, "nonsense").await,
        event.deliver_with(&api, &good.replace("v1,", "v2,")).await,
        Event {
            body: event.body.replace("succeeded", "failed"),
            id: event.id.clone(),
            ..event_at(now())
        }
        .deliver_with(&api, &good)
        .await,
        Event { id: unique("evt"), body: event.body.clone(), ..event_at(event.timestamp) }
            .deliver_with(&api, &good)
            .await,
        Event { id: unique("evt"), body: event.body.clone(), ..event_at(now() - 3_600) }
            .deliver(&api)
            .await,
        Event { id: unique("evt"), body: event.body.clone(), ..event_at(now() + 3_600) }
            .deliver(&api)
            .await,
        Event { id: unique("evt"), body: event.body.clone(), ..event_at(i64::MIN) }
            .deliver(&api)
            .await,
        send(api.request(Method::POST, PATH).json(&json!({ "type": "payment.succeeded" }))).await,
        send(api.request(Method::POST, PATH).header("stripe-signature", "t=1,v1=zz").body("{}"))
            .await,
    ];
    for (index, answer) in answers.iter().enumerate() {
        assert_eq!(answer.status, 400, "case {index}: {answer:?}");
        assert_eq!(answer.expect_problem(400)["type"], "urn:marquis:problem:webhook-signature");
    }
    assert_eq!(status(&api, &account, &reference).await, "pending");
}

fn event_at(timestamp: i64) -> Event {
    Event { id: String::new(), timestamp, body: String::new() }
}

#[tokio::test]
async fn signed_nonsense_is_refused_and_an_event_may_come_before_its_payment() {
    let api = shared::up().await.api();
    for body in ["", "[]", "{", "{\"type\":1}", "{\"type\":\"payment.succeeded\"}", "\u{0}"] {
        let event = Event { id: unique("evt"), body: body.to_owned(), ..event_at(now()) };
        let answer = event.deliver(&api).await;
        assert_eq!(answer.status, 400, "{body:?}: {answer:?}");
        assert_eq!(answer.expect_problem(400)["type"], "urn:marquis:problem:webhook-payload");
    }
    let unknown: Value = json!({ "type": "payment.succeeded", "data": { "reference": "pay_00000000000000000000000000" } });
    let event = Event { id: unique("evt"), body: unknown.to_string(), ..event_at(now()) };
    let answer = event.deliver(&api).await;
    assert!(answer.status < 500, "{answer:?}");
}
