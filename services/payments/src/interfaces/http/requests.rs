//! What clients send. Values are checked here completely, so that an answer lists every
//! wrong field; limits that depend on the configuration are checked by the handlers.

use std::collections::BTreeMap;

use axum::http::HeaderMap;
use marquis_http::input::{Fields, FromFields, Parsed};
use marquis_http::page::Page;
use marquis_http::{FieldError, Problem};
use marquis_kernel::{Currency, Money};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::application::create_payment::NewPayment;
use crate::application::idempotency::IdempotencyKey;
use crate::application::refund_payment::NewRefund;
use crate::domain::{Amount, Description, Metadata, PaymentStatus};

/// Reads `Idempotency-Key`.
pub(super) fn idempotency_key(headers: &HeaderMap) -> Result<Option<IdempotencyKey>, Problem> {
    const NAME: &str = "Idempotency-Key";
    let wrong = |message| Problem::invalid(vec![FieldError::new(NAME, message)]);
    let mut given = headers.get_all(NAME).iter();
    let Some(key) = given.next() else { return Ok(None) };
    if given.next().is_some() {
        return Err(wrong("is given more than once".to_owned()));
    }
    let key = key.to_str().unwrap_or_default().parse();
    key.map(Some)
        .map_err(|error: crate::application::idempotency::InvalidKey| wrong(error.to_string()))
}

/// A payment to be made.
#[derive(Debug, ToSchema)]
#[schema(as = NewPayment)]
pub(super) struct CreatePaymentBody {
    /// Minor units of the currency: cents, yen, fils.
    #[schema(value_type = i64, minimum = 1, example = 1250)]
    amount: Amount,
    /// ISO 4217 code in capital letters.
    #[schema(inline, value_type = String, example = "EUR", pattern = "^[A-Z]{3}$")]
    #[expect(dead_code, reason = "documents a field of the body; it is read into `amount`")]
    currency: (),
    /// What for; at most 500 characters.
    #[schema(value_type = Option<String>, max_length = 500, example = "Order 1042")]
    description: Option<Description>,
    /// Up to 50 strings: keys of at most 40 characters, values of at most 500. The entry
    /// `sandbox` tells the built-in provider how the payment ends: `succeed`, `fail`,
    /// `cancel` or `processing`.
    #[schema(value_type = Option<BTreeMap<String, String>>, example = json!({"sandbox": "succeed"}))]
    metadata: Metadata,
}

impl FromFields for CreatePaymentBody {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let amount = positive(fields.required::<i64>("amount"), fields);
        let currency = fields.required::<Parsed<Currency>>("currency");
        let description = description(fields, "description");
        let metadata = metadata(fields);
        let money = Money::new(amount?, currency?.0);
        Some(Self {
            amount: Amount::new(money).ok()?,
            currency: (),
            description: description?,
            metadata: metadata?,
        })
    }
}

impl CreatePaymentBody {
    /// The payment, if its amount is not above the configured maximum.
    pub(super) fn within(self, maximum: i64) -> Result<NewPayment, Problem> {
        if self.amount.minor_units() > maximum {
            let message = format!("must be at most {maximum}");
            return Err(Problem::invalid(vec![FieldError::new("amount", message)]));
        }
        let Self { amount, description, metadata, .. } = self;
        Ok(NewPayment { amount, description, metadata })
    }
}

/// A transition to be made.
#[derive(Debug, ToSchema)]
#[schema(as = StatusChange)]
pub(super) struct ChangeStatusBody {
    /// The state to go to.
    #[schema(value_type = String, example = "cancelled")]
    pub(super) status: PaymentStatus,
}

impl FromFields for ChangeStatusBody {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self { status: fields.required::<Parsed<PaymentStatus>>("status")?.0 })
    }
}

/// A refund to be made.
#[derive(Debug, Default, ToSchema)]
#[schema(as = NewRefund)]
pub(super) struct CreateRefundBody {
    /// Minor units; everything that is left when absent.
    #[schema(minimum = 1, example = 500)]
    amount: Option<i64>,
    /// Why; at most 500 characters.
    #[schema(value_type = Option<String>, max_length = 500)]
    reason: Option<Description>,
}

impl FromFields for CreateRefundBody {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let amount = match fields.optional::<i64>("amount") {
            Some(None) => Some(None),
            given => positive(given.flatten(), fields).map(Some),
        };
        let reason = description(fields, "reason");
        Some(Self { amount: amount?, reason: reason? })
    }
}

impl From<CreateRefundBody> for NewRefund {
    fn from(body: CreateRefundBody) -> Self {
        Self { amount: body.amount, reason: body.reason }
    }
}

/// Which payments to list.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ListQuery {
    /// Only those in this state.
    #[param(value_type = Option<String>, example = "succeeded")]
    pub(super) status: Option<PaymentStatus>,
    /// Only those of this user; finance may name anybody.
    #[param(rename = "userId")]
    pub(super) user_id: Option<Uuid>,
    /// Which part of the list.
    #[param(ignore)]
    pub(super) page: Page,
}

impl FromFields for ListQuery {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let status = fields.optional::<Parsed<PaymentStatus>>("status");
        let user_id = fields.optional("userId");
        let page = Page::from_fields(fields);
        Some(Self { status: status?.map(|status| status.0), user_id: user_id?, page: page? })
    }
}

fn positive(amount: Option<i64>, fields: &mut Fields<'_>) -> Option<i64> {
    if amount? <= 0 {
        fields.reject("amount", "must be positive");
        return None;
    }
    amount
}

#[expect(clippy::option_option, reason = "rejected and absent are different answers")]
fn description(fields: &mut Fields<'_>, name: &'static str) -> Option<Option<Description>> {
    let given = fields.optional::<Parsed<Description>>(name)?;
    Some(given.map(|description| description.0))
}

fn metadata(fields: &mut Fields<'_>) -> Option<Metadata> {
    let Some(given) = fields.optional::<Map<String, Value>>("metadata")? else {
        return Some(Metadata::default());
    };
    let mut entries = BTreeMap::new();
    for (key, value) in given {
        let Value::String(value) = value else {
            fields.reject("metadata", "must have only strings as values");
            return None;
        };
        entries.insert(key, value);
    }
    Metadata::try_from(entries).map_err(|error| fields.reject("metadata", error.to_string())).ok()
}
