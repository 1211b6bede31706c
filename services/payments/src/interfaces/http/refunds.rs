//! Refunds of a payment.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use marquis_authz::Allowed;
use marquis_http::Problem;
use marquis_http::input::{JsonBody, PathId, Query};
use marquis_http::page::{List, Page};
use serde_json::{Value, json};

use super::payments::{mark_replayed, stored, window};
use super::permissions::{ReadPayments, RefundPayments};
use super::requests::{CreateRefundBody, idempotency_key};
use super::resources::RefundResource;
use super::{UseCases, failure};
use crate::application::Viewer;
use crate::application::create_payment::Answer;
use crate::application::refund_payment::RefundPresenter;
use crate::domain::PaymentReference;

const PRESENTER: RefundPresenter = RefundPresenter {
    made: RefundResource::body,
    refused: |why| json!({"detail": format!("{why}.")}).to_string(),
};

/// Refund a payment
///
/// Wholly or in part, never more than was captured. Finance only. Without a body
/// everything that is left is refunded.
#[utoipa::path(
    post,
    operation_id = "create_refund",
    path = "/payments/{reference}/refunds",
    tag = "refunds",
    request_body(content = inline(Option<CreateRefundBody>)),
    params(
        ("reference" = String, Path, description = "The payment's reference."),
        ("Idempotency-Key" = Option<String>, Header,
            description = "Your name for this attempt: 1 to 255 visible ASCII characters."),
    ),
    responses(
        (status = 201, description = "The refund was made, now or by an earlier request.",
            body = RefundResource),
        (status = 400, description = "Wrong fields."),
        (status = 404, description = "No such payment."),
        (status = 409, description = "The payment cannot be refunded so, or the first request with this key is being worked on."),
        (status = 422, description = "The key was used with other parameters."),
    )
)]
pub(super) async fn create(
    caller: Allowed<RefundPayments>,
    State(payments): State<Arc<UseCases>>,
    PathId(reference): PathId<PaymentReference>,
    headers: HeaderMap,
    body: Option<JsonBody<CreateRefundBody>>,
) -> Result<Response, Problem> {
    let key = idempotency_key(&headers)?;
    let viewer = Viewer::from(&*caller.principal);
    let new = body.map(|JsonBody(body)| body).unwrap_or_default();
    let answer = payments
        .refund
        .run(viewer, reference, key, new.into(), PRESENTER)
        .await
        .map_err(failure::of_payment)?;
    Ok(respond(answer))
}

/// List the refunds of a payment
///
/// Newest first.
#[utoipa::path(
    get,
    operation_id = "list_refunds",
    path = "/payments/{reference}/refunds",
    tag = "refunds",
    params(("reference" = String, Path, description = "The payment's reference."), Page),
    responses(
        (status = 200, description = "A part of the list.", body = List<RefundResource>),
        (status = 404, description = "No such payment, or not the caller's."),
    )
)]
pub(super) async fn list(
    caller: Allowed<ReadPayments>,
    State(payments): State<Arc<UseCases>>,
    PathId(reference): PathId<PaymentReference>,
    Query(page): Query<Page>,
) -> Result<List<RefundResource>, Problem> {
    let viewer = Viewer::from(&*caller.principal);
    let listing = payments
        .read
        .refunds(viewer, reference, window(page))
        .await
        .map_err(failure::of_payment)?;
    let data = listing.items.iter().map(RefundResource::from).collect();
    Ok(List::new(data, listing.total, page))
}

/// A refusal is stored by its detail and told as a problem of the present request.
fn respond(answer: Answer) -> Response {
    if answer.answer.status != StatusCode::CONFLICT.as_u16() {
        return stored(answer);
    }
    let refused: Value = serde_json::from_str(&answer.answer.body).unwrap_or_default();
    let detail = refused["detail"].as_str().unwrap_or_default().to_owned();
    let problem = Problem::conflict(detail).with_kind(failure::REFUND_REFUSED);
    let mut response = problem.into_response();
    mark_replayed(&mut response, answer.replayed);
    response
}
