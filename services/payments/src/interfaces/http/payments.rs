//! Making, looking at and moving payments.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use marquis_authz::Allowed;
use marquis_http::Problem;
use marquis_http::input::{JsonBody, PathId, Query};
use marquis_http::page::{List, Page};

use super::permissions::{ChangePayments, CreatePayments, ReadPayments};
use super::requests::{ChangeStatusBody, CreatePaymentBody, ListQuery, idempotency_key};
use super::resources::PaymentResource;
use super::{UseCases, failure};
use crate::application::Viewer;
use crate::application::create_payment::Answer;
use crate::application::ports::{Filter, Window};
use crate::domain::{OwnerId, PaymentReference};

/// Make a payment
///
/// With an `Idempotency-Key` the request can be repeated safely, above all when its answer
/// was lost: for 24 hours the first answer is given again with `Idempotent-Replayed: true`.
#[utoipa::path(
    post,
    operation_id = "create_payment",
    path = "/payments",
    tag = "payments",
    request_body = inline(CreatePaymentBody),
    params(("Idempotency-Key" = Option<String>, Header,
        description = "Your name for this attempt: 1 to 255 visible ASCII characters.")),
    responses(
        (status = 201, description = "The payment was made, now or by an earlier request.",
            body = PaymentResource,
            headers(("Location" = String, description = "The payment."),
                ("Idempotent-Replayed" = Option<String>, description = "`true` for an answer given before."))),
        (status = 400, description = "Wrong fields."),
        (status = 409, description = "The first request with this key is being worked on."),
        (status = 422, description = "The key was used with other parameters."),
    )
)]
pub(super) async fn create(
    caller: Allowed<CreatePayments>,
    State(payments): State<Arc<UseCases>>,
    headers: HeaderMap,
    JsonBody(body): JsonBody<CreatePaymentBody>,
) -> Result<Response, Problem> {
    let key = idempotency_key(&headers)?;
    let new = body.within(payments.maximum_amount)?;
    let viewer = Viewer::from(&*caller.principal);
    let answer = payments
        .create
        .run(viewer, key, new, PaymentResource::body)
        .await
        .map_err(failure::of_payment)?;
    let location = location(&answer.answer.body);
    let mut response = stored(answer);
    if let Some(location) = location {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

/// List payments
///
/// Newest first. Everybody sees their own; finance sees everybody's. `meta.total` counts
/// up to 10,000.
#[utoipa::path(
    get,
    operation_id = "list_payments",
    path = "/payments",
    tag = "payments",
    params(ListQuery, Page),
    responses((status = 200, description = "A part of the list.", body = List<PaymentResource>))
)]
pub(super) async fn list(
    caller: Allowed<ReadPayments>,
    State(payments): State<Arc<UseCases>>,
    Query(query): Query<ListQuery>,
) -> Result<List<PaymentResource>, Problem> {
    let viewer = Viewer::from(&*caller.principal);
    let owner = query.user_id.map(OwnerId::from_uuid);
    if !viewer.manages && owner.is_some_and(|owner| owner != viewer.owner) {
        return Err(Problem::forbidden("You may list only your own payments."));
    }
    let filter = Filter { owner, status: query.status };
    let window = window(query.page);
    let listing = payments.read.list(viewer, filter, window).await.map_err(failure::of_payment)?;
    let data = listing.items.iter().map(PaymentResource::from).collect();
    Ok(List::new(data, listing.total, query.page))
}

/// Look at a payment
#[utoipa::path(
    get,
    operation_id = "get_payment",
    path = "/payments/{reference}",
    tag = "payments",
    params(("reference" = String, Path, description = "The payment's reference.")),
    responses(
        (status = 200, description = "The payment with its history.", body = PaymentResource),
        (status = 404, description = "No such payment, or not the caller's."),
    )
)]
pub(super) async fn one(
    caller: Allowed<ReadPayments>,
    State(payments): State<Arc<UseCases>>,
    PathId(reference): PathId<PaymentReference>,
) -> Result<Json<PaymentResource>, Problem> {
    let viewer = Viewer::from(&*caller.principal);
    let (payment, history) =
        payments.read.one(viewer, reference).await.map_err(failure::of_payment)?;
    Ok(Json(PaymentResource::from(&payment).with_history(history)))
}

/// Move a payment
///
/// The owner may cancel it while it is pending or processing. Finance may take any single
/// transition: pending to processing, failed or cancelled; processing to succeeded, failed
/// or cancelled. Refunds have an operation of their own.
#[utoipa::path(
    patch,
    operation_id = "change_payment_status",
    path = "/payments/{reference}/status",
    tag = "payments",
    request_body = inline(ChangeStatusBody),
    params(("reference" = String, Path, description = "The payment's reference.")),
    responses(
        (status = 200, description = "The payment afterwards.", body = PaymentResource),
        (status = 403, description = "An owner may only cancel."),
        (status = 404, description = "No such payment, or not the caller's."),
        (status = 409, description = "There is no such transition; the detail names both states."),
    )
)]
pub(super) async fn change_status(
    caller: Allowed<ChangePayments>,
    State(payments): State<Arc<UseCases>>,
    PathId(reference): PathId<PaymentReference>,
    JsonBody(body): JsonBody<ChangeStatusBody>,
) -> Result<Json<PaymentResource>, Problem> {
    let viewer = Viewer::from(&*caller.principal);
    let payment =
        payments.change.run(viewer, reference, body.status).await.map_err(failure::of_payment)?;
    Ok(Json(PaymentResource::from(&payment)))
}

pub(super) fn window(page: Page) -> Window {
    Window { limit: page.limit, offset: page.offset }
}

/// An answer as it is, or was, stored.
pub(super) fn stored(answer: Answer) -> Response {
    let status = StatusCode::from_u16(answer.answer.status).unwrap_or(StatusCode::OK);
    let mut response = (
        status,
        [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))],
        answer.answer.body,
    )
        .into_response();
    mark_replayed(&mut response, answer.replayed);
    response
}

pub(super) fn mark_replayed(response: &mut Response, replayed: bool) {
    if replayed {
        const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    }
}

/// Relative to the request's own path, so that it holds behind any prefix (RFC 9110,
/// section 10.2.2).
fn location(body: &str) -> Option<HeaderValue> {
    #[derive(serde::Deserialize)]
    struct Named<'a> {
        #[serde(borrow)]
        reference: std::borrow::Cow<'a, str>,
    }
    let named: Named<'_> = serde_json::from_str(body).ok()?;
    HeaderValue::from_str(&format!("payments/{}", named.reference)).ok()
}
