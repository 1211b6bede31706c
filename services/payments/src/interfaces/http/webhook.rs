//! Events from payment providers.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use marquis_http::Problem;
use marquis_http::input::RawBody;

use super::resources::EventReceipt;
use super::{UseCases, failure};
use crate::application::ports::Outcome;
use crate::application::webhook::signature::SignatureHeaders;

/// Receive a provider's event
///
/// Signed after Standard Webhooks (`webhook-id`, `webhook-timestamp`, `webhook-signature`)
/// or Stripe's scheme (`Stripe-Signature`). Events may be delivered in any order and more
/// than once. Body: `{"type": "payment.processing|succeeded|failed|cancelled|refunded",
/// "data": {"reference", "amount", "currency", "refundId", "reason"}}`; with Stripe's scheme
/// also `id`.
#[utoipa::path(
    post,
    operation_id = "receive_provider_event",
    path = "/payments/webhook",
    tag = "webhooks",
    security(()),
    request_body(content = serde_json::Value, content_type = "application/json"),
    responses(
        (status = 200, description = "The event is settled.", body = EventReceipt),
        (status = 202, description = "The event waits for its payment.", body = EventReceipt),
        (status = 400, description = "The signature, the timestamp or the event is wrong."),
    )
)]
pub(super) async fn receive(
    State(payments): State<Arc<UseCases>>,
    headers: HeaderMap,
    RawBody(body): RawBody,
) -> Result<(StatusCode, Json<EventReceipt>), Problem> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let signature = SignatureHeaders {
        id: header("webhook-id"),
        timestamp: header("webhook-timestamp"),
        signature: header("webhook-signature"),
        stripe: header("stripe-signature"),
    };
    let settled = payments.receive.run(signature, &body).await.map_err(failure::of_webhook)?;
    let status = match settled.outcome {
        Outcome::Unmatched => StatusCode::ACCEPTED,
        _ => StatusCode::OK,
    };
    Ok((status, Json(EventReceipt { outcome: settled.outcome.as_str() })))
}
