//! The JSON interface: routes, what they read and what they answer.
//!
//! Every handler but the webhook names its permission in its signature; the webhook is
//! authenticated by its signature over the raw body.

mod failure;
mod payments;
mod permissions;
mod refunds;
mod requests;
mod resources;
mod webhook;

use std::sync::Arc;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::application::change_status::ChangeStatus;
use crate::application::create_payment::CreatePayment;
use crate::application::read_payments::ReadPayments;
use crate::application::refund_payment::RefundPayment;
use crate::application::webhook::ReceiveEvent;

/// The use cases behind the routes.
#[derive(Debug)]
pub struct UseCases {
    /// Making a payment.
    pub create: CreatePayment,
    /// Looking at payments.
    pub read: ReadPayments,
    /// Moving a payment by hand.
    pub change: ChangeStatus,
    /// Giving money back.
    pub refund: RefundPayment,
    /// Taking in provider events.
    pub receive: Arc<ReceiveEvent>,
    /// Largest amount of one payment, in minor units.
    pub maximum_amount: i64,
}

/// The routes with their documentation.
#[must_use]
pub fn routes(use_cases: Arc<UseCases>) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(payments::create, payments::list))
        .routes(routes!(payments::one))
        .routes(routes!(payments::change_status))
        .routes(routes!(refunds::create, refunds::list))
        .routes(routes!(webhook::receive))
        .with_state(use_cases)
}
