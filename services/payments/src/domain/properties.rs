//! Properties over random histories: whatever arrives in whatever order, a payment never
//! stands in an illegal state, never returns more than it took, never leaves a terminal
//! state, and its ledger always balances.

use std::collections::BTreeSet;

use marquis_kernel::{Clock as _, Currency, ManualClock, Money};
use proptest::prelude::*;
use time::Duration;

use super::change::PROVIDER;
use super::ledger::{Cause, TrialBalance};
use super::*;

const AMOUNT: i64 = 1_000;

#[derive(Debug, Clone)]
enum Happening {
    Transition(PaymentStatus),
    Refund(Option<i64>),
    Report(PaymentStatus),
    ProviderRefund { id: u8, amount: i64 },
}

fn status() -> impl Strategy<Value = PaymentStatus> {
    prop::sample::select(&PaymentStatus::ALL[..])
}

fn amount() -> impl Strategy<Value = i64> {
    prop_oneof![
        8 => 1..=AMOUNT,
        1 => Just(i64::MAX),
        1 => -5..=0_i64,
    ]
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        status().prop_map(Happening::Transition),
        prop::option::of(amount()).prop_map(Happening::Refund),
        status().prop_map(Happening::Report),
        (0..4_u8, amount()).prop_map(|(id, amount)| Happening::ProviderRefund { id, amount }),
    ]
}

/// A payment with its ledger, as the store keeps it.
struct World {
    clock: std::sync::Arc<ManualClock>,
    payment: Payment,
    ledger: TrialBalance,
    provider_refunds: BTreeSet<String>,
    captures: usize,
}

impl World {
    fn new() -> Self {
        let clock = ManualClock::starting_now();
        let payment = Payment::begin(
            OwnerId::new(&*clock),
            Amount::new(Money::new(AMOUNT, Currency::EUR)).expect("positive"),
            None,
            Metadata::default(),
            &*clock,
        );
        Self {
            clock,
            payment,
            ledger: TrialBalance::default(),
            provider_refunds: BTreeSet::new(),
            captures: 0,
        }
    }

    fn meet(&mut self, happening: &Happening) {
        self.clock.advance(Duration::seconds(1));
        let clock = &*self.clock;
        let change = match happening {
            Happening::Transition(to) => self.payment.transition(*to, clock).ok(),
            Happening::Refund(amount) => self.payment.refund(*amount, None, clock).ok(),
            Happening::Report(status) => {
                self.settle(&Report::Reached { status: *status, amount: None })
            }
            Happening::ProviderRefund { id, amount } => self.settle(&Report::Refunded {
                provider_id: format!("re_{id}"),
                amount: Money::new(*amount, Currency::EUR),
                reason: None,
            }),
        };
        if let Some(change) = change {
            self.write(change);
        }
    }

    fn settle(&self, report: &Report) -> Option<Change> {
        let known = match report {
            Report::Refunded { provider_id, .. } => self.provider_refunds.contains(provider_id),
            Report::Reached { .. } => false,
        };
        match self.payment.settle(report, known, &*self.clock) {
            Settlement::Applied(change) => Some(*change),
            Settlement::Stale | Settlement::Conflict(_) => None,
        }
    }

    fn write(&mut self, change: Change) {
        let mut status = self.payment.status;
        for step in &change.steps {
            assert_eq!(step.from, status, "steps follow each other");
            assert!(step.from.can_become(step.to), "{step:?} is a legal transition");
            status = step.to;
        }
        assert_eq!(status, change.after.status, "the steps end where the payment stands");
        for transaction in &change.journal {
            self.captures += usize::from(transaction.cause == Cause::Capture);
            self.ledger.post(&transaction.posting).expect("small amounts");
        }
        for refund in &change.refunds {
            if let Some(id) = &refund.provider_id {
                assert!(self.provider_refunds.insert(id.clone()), "{id} is refunded once");
            }
        }
        assert!(change.after.updated_at <= self.clock.now());
        self.payment = change.after;
    }

    fn check(&self) -> Result<(), TestCaseError> {
        let payment = &self.payment;
        let of = |account| self.ledger.of(&account, Currency::EUR);
        let captured = if payment.status.is_captured() { AMOUNT } else { 0 };
        prop_assert_eq!(-of(Account::Balance(payment.owner)), captured);
        prop_assert_eq!(of(Account::Refunds(payment.owner)), payment.refunded);
        prop_assert_eq!(of(Account::Clearing(PROVIDER)), captured - payment.refunded);
        prop_assert!(self.ledger.totals().values().all(|total| *total == 0));
        prop_assert_eq!(self.captures, usize::from(payment.status.is_captured()));
        prop_assert!((0..=AMOUNT).contains(&payment.refunded));
        let expected = match payment.refunded {
            0 => !payment.status.is_refund(),
            AMOUNT => payment.status == PaymentStatus::Refunded,
            _ => payment.status == PaymentStatus::PartiallyRefunded,
        };
        prop_assert!(expected, "{:?}", payment);
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn invariants_hold_after_every_happening(history in prop::collection::vec(happening(), 0..24)) {
        let mut world = World::new();
        for happening in &history {
            let before = world.payment.status;
            world.meet(happening);
            if before.successors().is_empty() {
                prop_assert_eq!(world.payment.status, before, "a terminal state is final");
            }
            world.check()?;
        }
    }

    /// A consistent history, shuffled and repeated, ends where it ends in order.
    #[test]
    fn order_and_repetition_do_not_matter(
        order in Just((0..6_usize).collect::<Vec<_>>()).prop_shuffle(),
        repeats in prop::collection::vec(0..6_usize, 0..6),
        parts in (1..500_i64, 1..500_i64),
    ) {
        let history = [
            Happening::Report(PaymentStatus::Pending),
            Happening::Report(PaymentStatus::Processing),
            Happening::Report(PaymentStatus::Succeeded),
            Happening::ProviderRefund { id: 0, amount: parts.0 },
            Happening::ProviderRefund { id: 1, amount: parts.1 },
            Happening::Report(PaymentStatus::Processing),
        ];
        let mut world = World::new();
        for index in order.iter().chain(&repeats) {
            world.meet(&history[*index]);
            world.check()?;
        }
        prop_assert_eq!(world.payment.status, PaymentStatus::PartiallyRefunded);
        prop_assert_eq!(world.payment.refunded, parts.0 + parts.1);
    }
}
