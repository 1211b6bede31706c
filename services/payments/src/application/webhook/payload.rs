//! What a provider event says.
//!
//! `{"type": "payment.succeeded", "data": {"reference": "pay_...", "amount": 1250,
//! "currency": "EUR"}}`; a refund is `payment.refunded` with the provider's `refundId`,
//! `amount`, `currency` and perhaps a `reason`. Providers add fields as they like.

use marquis_kernel::{Currency, Money};
use serde_json::{Map, Value};

use crate::domain::{Amount, Description, PaymentReference, PaymentStatus, Report};

/// Longest provider id of a refund.
const LONGEST_ID: usize = 255;

/// What an event turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Understanding {
    /// A report on a payment.
    Report(PaymentReference, Report),
    /// Of a kind that does not concern us.
    Ignored(String),
    /// Not what it claims to be; the text says where.
    Malformed(String),
}

/// The event's id of a scheme that carries it in the body.
///
/// # Errors
///
/// What is wrong with the body.
pub fn event_id(body: &[u8]) -> Result<String, String> {
    let event = object(body)?;
    let id = text(&event, "id")?;
    if (1..=LONGEST_ID).contains(&id.len()) {
        Ok(id.to_owned())
    } else {
        Err("`id` must have 1 to 255 characters".to_owned())
    }
}

/// Reads an event.
#[must_use]
pub fn understand(body: &[u8]) -> Understanding {
    read(body).unwrap_or_else(Understanding::Malformed)
}

fn read(body: &[u8]) -> Result<Understanding, String> {
    let event = object(body)?;
    let kind = text(&event, "type")?;
    let status = match kind {
        "payment.processing" => Some(PaymentStatus::Processing),
        "payment.succeeded" => Some(PaymentStatus::Succeeded),
        "payment.failed" => Some(PaymentStatus::Failed),
        "payment.cancelled" => Some(PaymentStatus::Cancelled),
        "payment.refunded" => None,
        other => {
            let shown: String = other.chars().take(80).collect();
            return Ok(Understanding::Ignored(format!("events of type {shown} are not used")));
        }
    };
    let data = match event.get("data") {
        Some(Value::Object(data)) => data,
        _ => return Err("`data` must be an object".to_owned()),
    };
    let reference = text(data, "reference")?
        .parse()
        .map_err(|_| "`data.reference` is not a payment's reference".to_owned())?;
    let amount = money(data)?;
    let report = match status {
        Some(status) => Report::Reached { status, amount },
        None => Report::Refunded {
            provider_id: refund_id(data)?,
            amount: amount.ok_or("`data.amount` is required for a refund")?,
            reason: reason(data)?,
        },
    };
    Ok(Understanding::Report(reference, report))
}

fn object(body: &[u8]) -> Result<Map<String, Value>, String> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(event)) => Ok(event),
        Ok(_) => Err("the body must be a JSON object".to_owned()),
        Err(_) => Err("the body is not JSON".to_owned()),
    }
}

fn text<'a>(fields: &'a Map<String, Value>, name: &str) -> Result<&'a str, String> {
    match fields.get(name) {
        Some(Value::String(text)) if !text.contains('\0') => Ok(text),
        _ => Err(format!("`{name}` must be a string")),
    }
}

/// Amount and currency come together or not at all.
fn money(data: &Map<String, Value>) -> Result<Option<Money>, String> {
    let given = |name| data.get(name).filter(|value| !value.is_null());
    match (given("amount"), given("currency")) {
        (None, None) => Ok(None),
        (Some(amount), Some(currency)) => {
            let amount = amount.as_i64().ok_or("`data.amount` must be an integer")?;
            let currency: Currency = currency
                .as_str()
                .and_then(|code| code.parse().ok())
                .ok_or("`data.currency` must be an ISO 4217 code")?;
            let amount = Amount::new(Money::new(amount, currency))
                .map_err(|_| "`data.amount` must be positive")?;
            Ok(Some(amount.money()))
        }
        _ => Err("`data.amount` and `data.currency` belong together".to_owned()),
    }
}

fn refund_id(data: &Map<String, Value>) -> Result<String, String> {
    let id = text(data, "refundId")?;
    if (1..=LONGEST_ID).contains(&id.len()) {
        Ok(id.to_owned())
    } else {
        Err("`data.refundId` must have 1 to 255 characters".to_owned())
    }
}

fn reason(data: &Map<String, Value>) -> Result<Option<Description>, String> {
    match data.get("reason") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(reason)) => {
            reason.parse().map(Some).map_err(|error| format!("`data.reason` {error}"))
        }
        Some(_) => Err("`data.reason` must be a string".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use marquis_kernel::SystemClock;
    use serde_json::json;

    use super::*;

    fn read(event: &Value) -> Understanding {
        understand(event.to_string().as_bytes())
    }

    #[test]
    fn reports_are_read() {
        let reference = PaymentReference::new(&SystemClock);
        let named = reference.to_string();
        assert_eq!(
            read(&json!({"type": "payment.failed", "data": {"reference": named}, "more": 1})),
            Understanding::Report(
                reference,
                Report::Reached { status: PaymentStatus::Failed, amount: None }
            )
        );
        let data = json!({"reference": named, "refundId": "re_1", "amount": 5, "currency": "EUR"});
        assert_eq!(
            read(&json!({"type": "payment.refunded", "data": data})),
            Understanding::Report(
                reference,
                Report::Refunded {
                    provider_id: "re_1".to_owned(),
                    amount: Money::new(5, Currency::EUR),
                    reason: None,
                }
            )
        );
    }

    #[test]
    fn foreign_kinds_are_ignored() {
        assert!(matches!(read(&json!({"type": "invoice.paid"})), Understanding::Ignored(_)));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let named = PaymentReference::new(&SystemClock).to_string();
        let refund = |data: Value| {
            let mut whole =
                json!({"reference": named, "refundId": "r", "amount": 5, "currency": "EUR"});
            for (key, value) in data.as_object().expect("an object") {
                whole[key] = value.clone();
            }
            json!({"type": "payment.refunded", "data": whole})
        };
        for (event, named) in [
            (json!([]), "object"),
            (json!({"type": 1}), "type"),
            (json!({"type": "payment.failed"}), "data"),
            (json!({"type": "payment.failed", "data": {"reference": "pay_1"}}), "reference"),
            (refund(json!({"amount": -5})), "positive"),
            (refund(json!({"amount": 1.5})), "integer"),
            (refund(json!({"currency": "eur"})), "currency"),
            (refund(json!({"currency": null})), "together"),
            (refund(json!({"refundId": ""})), "refundId"),
            (refund(json!({"refundId": "a\u{0}"})), "refundId"),
            (refund(json!({"reason": 7})), "reason"),
        ] {
            match read(&event) {
                Understanding::Malformed(text) => assert!(text.contains(named), "{text}"),
                other => panic!("{event}: {other:?}"),
            }
        }
        assert_eq!(
            understand(b"\xff"),
            Understanding::Malformed("the body is not JSON".to_owned())
        );
        assert!(event_id(br#"{"id": ""}"#).is_err());
        assert_eq!(event_id(br#"{"id": "evt_1"}"#), Ok("evt_1".to_owned()));
    }
}
