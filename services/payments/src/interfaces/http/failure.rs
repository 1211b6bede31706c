//! Which status means what.

use std::time::Duration;

use marquis_http::Problem;

use crate::application::PaymentError;
use crate::application::ports::StoreError;
use crate::application::webhook::WebhookError;

/// Kind of the problem of a refund that the payment does not allow.
pub(super) const REFUND_REFUSED: &str = "refund-refused";

pub(super) fn of_payment(error: PaymentError) -> Problem {
    match error {
        PaymentError::NotFound => Problem::not_found("There is no such payment."),
        PaymentError::Forbidden => {
            Problem::forbidden("You may cancel your payment, and nothing else.")
        }
        PaymentError::IllegalTransition(illegal) if illegal.to.is_refund() => {
            let hint = "refunds are made with POST /payments/{reference}/refunds";
            Problem::conflict(format!("{illegal} by a change of status: {hint}."))
                .with_kind("illegal-transition")
        }
        PaymentError::IllegalTransition(illegal) => {
            Problem::conflict(format!("{illegal}.")).with_kind("illegal-transition")
        }
        PaymentError::Refund(error) => {
            Problem::conflict(format!("{error}.")).with_kind(REFUND_REFUSED)
        }
        PaymentError::KeyReused => {
            Problem::unprocessable("The Idempotency-Key was used with other parameters.")
                .with_kind("idempotency-key-reused")
        }
        PaymentError::KeyInUse => Problem::conflict(
            "A request with this Idempotency-Key is being worked on. Repeat it in a moment.",
        )
        .with_kind("idempotency-key-in-use")
        .with_retry_after(Duration::from_secs(1)),
        PaymentError::Store(error) => of_store(error),
    }
}

pub(super) fn of_webhook(error: WebhookError) -> Problem {
    match error {
        WebhookError::Signature(error) => {
            Problem::bad_request(format!("The webhook is refused: {error}."))
                .with_kind("webhook-signature")
        }
        WebhookError::Malformed(why) => {
            Problem::bad_request(format!("The event is malformed: {why}."))
                .with_kind("webhook-payload")
        }
        WebhookError::Store(error) => of_store(error),
    }
}

fn of_store(error: StoreError) -> Problem {
    match error {
        StoreError::Unavailable(_) => Problem::unavailable(error),
        StoreError::Failed(_) => Problem::internal(error),
    }
}
