//! What the use cases need from outside: storage and a provider.

use std::error::Error;
use std::fmt::Debug;

use async_trait::async_trait;
use marquis_contracts::events::Event;
use marquis_kernel::Clock;
use time::OffsetDateTime;

use super::idempotency::{Claim, Claimed, StoredAnswer};
use super::webhook::payload::Understanding;
use crate::domain::reconciliation::{Discrepancy, PaymentFacts};
use crate::domain::{
    Change, IllegalTransition, OwnerId, Payment, PaymentReference, PaymentStatus, Refund,
    RefundError,
};

type BoxError = Box<dyn Error + Send + Sync>;

/// The storage failed. Whether a write took place is then unknown, which is why clients
/// send idempotency keys.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It cannot be reached now.
    #[error("payments cannot be read or written now")]
    Unavailable(#[source] BoxError),
    /// It answered something unexpected.
    #[error("the payment storage failed")]
    Failed(#[source] BoxError),
}

/// Who brought a change about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Author {
    /// The payment's owner.
    Owner(OwnerId),
    /// Somebody who manages payments.
    Staff(OwnerId),
    /// The provider.
    Provider,
}

impl Author {
    /// The name in the history.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Owner(_) => "owner",
            Self::Staff(_) => "staff",
            Self::Provider => "provider",
        }
    }

    /// The user, if it was one.
    #[must_use]
    pub const fn user(&self) -> Option<OwnerId> {
        match self {
            Self::Owner(user) | Self::Staff(user) => Some(*user),
            Self::Provider => None,
        }
    }
}

/// A payment to be created, with everything that is written in the same statement.
#[derive(Debug)]
pub struct Creation<'a> {
    /// The payment.
    pub payment: &'a Payment,
    /// Its event.
    pub event: Event,
    /// The key it is created under, and the answer to store.
    pub claim: Option<(Claim, &'a str)>,
    /// Whether to enqueue its submission to the provider.
    pub submit: bool,
}

/// Why a change was not made, once the payment was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The caller may not know of the payment.
    Hidden,
    /// The caller may not do this.
    Forbidden,
    /// The state machine forbids it.
    Illegal(IllegalTransition),
    /// It cannot be refunded so.
    Refund(RefundError),
}

/// What to write.
#[derive(Debug)]
pub struct Decision {
    /// The change.
    pub change: Change,
    /// Its events.
    pub events: Vec<Event>,
    /// Who brought it about.
    pub author: Author,
    /// The answer to store under the claimed key.
    pub answer: Option<StoredAnswer>,
}

/// Why to write nothing, and the answer to store under the claimed key all the same.
#[derive(Debug)]
pub struct Refused {
    /// Why.
    pub refusal: Refusal,
    /// `None` when the request counts as never begun.
    pub answer: Option<StoredAnswer>,
}

/// Decides what happens to a payment, given its row, which is locked meanwhile.
pub type Decide<'a> = dyn Fn(&Payment) -> Result<Decision, Refused> + Send + Sync + 'a;

/// One transition in a payment's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryEntry {
    /// The state that it led to.
    pub status: PaymentStatus,
    /// Kind of its [`Author`].
    pub author: String,
    /// When.
    pub at: OffsetDateTime,
}

/// Which payments are wanted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of this owner only.
    pub owner: Option<OwnerId>,
    /// In this state only.
    pub status: Option<PaymentStatus>,
}

/// A part of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// How many at most.
    pub limit: u32,
    /// How many to skip.
    pub offset: i64,
}

/// Items, newest first, and how many there are in all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing<T> {
    /// The items of the window.
    pub items: Vec<T>,
    /// How many there are, counted up to [`COUNT_CEILING`].
    pub total: i64,
}

/// Totals of payments stop here: counting every row of a large table for each page would
/// cost more than the page.
pub const COUNT_CEILING: i64 = 10_000;

/// Payments, their history, refunds and ledger.
#[async_trait]
pub trait PaymentStore: Debug + Send + Sync + 'static {
    /// Writes a new payment, its event, its stored answer and its job, all or nothing.
    async fn create(&self, creation: Creation<'_>) -> Result<Claimed<()>, StoreError>;

    /// A payment.
    async fn find(&self, reference: PaymentReference) -> Result<Option<Payment>, StoreError>;

    /// The transitions of a payment, oldest first.
    async fn history(&self, reference: PaymentReference) -> Result<Vec<HistoryEntry>, StoreError>;

    /// Payments, newest first.
    async fn list(&self, filter: Filter, window: Window) -> Result<Listing<Payment>, StoreError>;

    /// Refunds of a payment, newest first.
    async fn refunds(
        &self,
        reference: PaymentReference,
        window: Window,
    ) -> Result<Listing<Refund>, StoreError>;

    /// Locks a payment, asks `decide` and writes what it says. `None` without such a payment.
    async fn change(
        &self,
        reference: PaymentReference,
        claim: Option<&Claim>,
        decide: &Decide<'_>,
    ) -> Result<Option<Claimed<Result<Change, Refusal>>>, StoreError>;

    /// Forgets stored answers given until `expired_at`; how many.
    async fn forget_answers(&self, expired_at: OffsetDateTime) -> Result<u64, StoreError>;
}

/// What became of a provider's event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It changed the payment.
    Applied,
    /// It told nothing new.
    Stale,
    /// It contradicts what is known.
    Conflict,
    /// It is of a kind that does not concern us.
    Ignored,
    /// It is signed and yet not understood.
    Malformed,
    /// Its payment is not known, at least not yet.
    Unmatched,
}

impl Outcome {
    /// The name in the database and in the answer.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Stale => "stale",
            Self::Conflict => "conflict",
            Self::Ignored => "ignored",
            Self::Malformed => "malformed",
            Self::Unmatched => "unmatched",
        }
    }

    /// The outcome of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [
            Self::Applied,
            Self::Stale,
            Self::Conflict,
            Self::Ignored,
            Self::Malformed,
            Self::Unmatched,
        ]
        .into_iter()
        .find(|outcome| outcome.as_str() == name)
    }
}

/// An event with what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// What became of it.
    pub outcome: Outcome,
    /// Why, when it was not applied.
    pub detail: Option<String>,
    /// The payment it names.
    pub payment: Option<PaymentReference>,
    /// Whether this call settled it; otherwise an earlier one had.
    pub now: bool,
}

/// Reads a stored payload.
pub type Understand<'a> = dyn Fn(&[u8]) -> Understanding + Send + Sync + 'a;

/// Events of providers.
#[async_trait]
pub trait ProviderEvents: Debug + Send + Sync + 'static {
    /// Stores an event unless it is known; its number either way.
    async fn record(
        &self,
        source: &'static str,
        event_id: &str,
        payload: &[u8],
        received_at: OffsetDateTime,
    ) -> Result<i64, StoreError>;

    /// Locks an event and its payment and brings the payment to where the event says.
    /// Does nothing to an event that is settled already.
    async fn settle(
        &self,
        event: i64,
        understand: &Understand<'_>,
        clock: &dyn Clock,
    ) -> Result<Settled, StoreError>;

    /// Events that were stored before `left_behind_since` and never settled, and those
    /// whose payment has appeared; a bounded number.
    async fn open(&self, left_behind_since: OffsetDateTime) -> Result<Vec<i64>, StoreError>;
}

/// Everything that reconciliation reads, from one moment.
#[async_trait]
pub trait Books: Debug + Send + Sync + 'static {
    /// Streams the facts of every payment and the imbalances that storage finds itself;
    /// returns how many entries there are.
    async fn read(&self, reader: &mut (dyn BooksReader + '_)) -> Result<u64, StoreError>;
}

/// Takes what [`Books`] streams.
pub trait BooksReader: Send {
    /// One payment.
    fn payment(&mut self, facts: &PaymentFacts);
    /// Something that does not balance.
    fn imbalance(&mut self, discrepancy: Discrepancy);
}

/// The provider could not be reached or refused; the submission is repeated.
#[derive(Debug, thiserror::Error)]
#[error("the provider did not take the payment")]
pub struct ProviderError(#[source] pub BoxError);

/// Collects money. Answers by events, which come in through the webhook.
#[async_trait]
pub trait PaymentProvider: Debug + Send + Sync + 'static {
    /// Whether it is to be told of this payment as soon as it is created.
    fn wants(&self, payment: &Payment) -> bool;

    /// Hands over a payment. May be called again for the same one.
    async fn submit(&self, payment: &Payment) -> Result<(), ProviderError>;
}
