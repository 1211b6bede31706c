//! The built-in provider. It moves no money: `metadata.sandbox` of a payment says how it
//! ends, and the sandbox tells so by signed events through the same use case that external
//! providers' webhooks go through. Without that entry a payment stays pending.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use async_trait::async_trait;
use marquis_kernel::SharedClock;
use serde_json::json;

use crate::application::ports::{PaymentProvider, ProviderError};
use crate::application::webhook::ReceiveEvent;
use crate::application::webhook::signature::{SignatureHeaders, Signer};
use crate::domain::{Payment, PaymentStatus};

/// What the sandbox is told to do with a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scenario {
    Succeed,
    Fail,
    Cancel,
    Process,
}

impl Scenario {
    fn of(payment: &Payment) -> Option<Self> {
        payment.metadata.get("sandbox")?.parse().ok()
    }

    /// The states it goes through.
    const fn states(self) -> &'static [PaymentStatus] {
        match self {
            Self::Succeed => &[PaymentStatus::Processing, PaymentStatus::Succeeded],
            Self::Fail => &[PaymentStatus::Processing, PaymentStatus::Failed],
            Self::Cancel => &[PaymentStatus::Cancelled],
            Self::Process => &[PaymentStatus::Processing],
        }
    }
}

impl FromStr for Scenario {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "succeed" => Ok(Self::Succeed),
            "fail" => Ok(Self::Fail),
            "cancel" => Ok(Self::Cancel),
            "processing" => Ok(Self::Process),
            _ => Err(()),
        }
    }
}

/// The built-in provider.
pub struct Sandbox {
    /// Takes no payment when switched off.
    enabled: bool,
    signer: Signer,
    webhook: Arc<ReceiveEvent>,
    clock: SharedClock,
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox").field("enabled", &self.enabled).finish_non_exhaustive()
    }
}

impl Sandbox {
    /// A sandbox that answers through `webhook`, signing with `signer`.
    #[must_use]
    pub fn new(
        enabled: bool,
        signer: Signer,
        webhook: Arc<ReceiveEvent>,
        clock: SharedClock,
    ) -> Self {
        Self { enabled, signer, webhook, clock }
    }

    async fn tell(&self, payment: &Payment, status: PaymentStatus) -> Result<(), ProviderError> {
        // The same id each time: telling twice is recognised.
        let id = format!("sandbox_{}_{status}", payment.reference);
        let event = json!({
            "type": format!("payment.{status}"),
            "data": {
                "reference": payment.reference.to_string(),
                "amount": payment.amount.minor_units(),
                "currency": payment.amount.currency().code(),
            },
        });
        let body = event.to_string().into_bytes();
        let timestamp = self.clock.unix().to_string();
        let signature = self.signer.sign(&id, &timestamp, &body);
        let headers = SignatureHeaders {
            id: Some(&id),
            timestamp: Some(&timestamp),
            signature: Some(&signature),
            stripe: None,
        };
        self.webhook.run(headers, &body).await.map_err(|error| ProviderError(error.into()))?;
        Ok(())
    }
}

#[async_trait]
impl PaymentProvider for Sandbox {
    fn wants(&self, payment: &Payment) -> bool {
        self.enabled && Scenario::of(payment).is_some()
    }

    async fn submit(&self, payment: &Payment) -> Result<(), ProviderError> {
        let scenario = Scenario::of(payment).filter(|_| self.enabled);
        for status in scenario.map_or(&[][..], Scenario::states) {
            self.tell(payment, *status).await?;
        }
        Ok(())
    }
}
