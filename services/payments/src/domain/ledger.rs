//! The double-entry ledger.
//!
//! Money moves only by a [`Posting`], which takes the account to debit, the account to
//! credit and a positive amount, and yields both entries. There is no way to write one
//! side alone; PostgreSQL checks the same at commit.

use std::collections::BTreeMap;
use std::fmt;

use marquis_kernel::id::new_uuid;
use marquis_kernel::{Clock, Currency, Money};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Amount, OwnerId, PaymentReference, RefundReference};

/// Something that money is counted on.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Account {
    /// What a provider has collected and not yet paid out. Its balance is a debit.
    Clearing(&'static str),
    /// What was captured from payments of an owner. Its balance is a credit.
    Balance(OwnerId),
    /// What was returned to an owner. Kept apart from the balance, so that both what was
    /// captured and what was returned stay visible. Its balance is a debit.
    Refunds(OwnerId),
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Clearing(provider) => write!(f, "provider:{provider}:clearing"),
            Self::Balance(owner) => write!(f, "user:{owner}:balance"),
            Self::Refunds(owner) => write!(f, "user:{owner}:refunds"),
        }
    }
}

/// One side of a posting. A debit is positive, a credit negative.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Where.
    pub account: Account,
    /// How much, signed.
    pub amount: Money,
}

/// A movement between two accounts, balanced by construction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posting {
    debit: Account,
    credit: Account,
    amount: Amount,
}

/// Both sides of a posting would be one account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a posting has two different accounts")]
pub struct SameAccount;

impl Posting {
    /// Moves `amount` by debiting one account and crediting the other.
    ///
    /// # Errors
    ///
    /// [`SameAccount`] when the accounts are the same.
    pub fn new(debit: Account, credit: Account, amount: Amount) -> Result<Self, SameAccount> {
        if debit == credit { Err(SameAccount) } else { Ok(Self { debit, credit, amount }) }
    }

    /// A provider collected `amount` from `owner`.
    #[must_use]
    pub const fn capture(provider: &'static str, owner: OwnerId, amount: Amount) -> Self {
        Self { debit: Account::Clearing(provider), credit: Account::Balance(owner), amount }
    }

    /// A provider returned `amount` to `owner`.
    #[must_use]
    pub const fn refund(provider: &'static str, owner: OwnerId, amount: Amount) -> Self {
        Self { debit: Account::Refunds(owner), credit: Account::Clearing(provider), amount }
    }

    /// Both sides, the debit first. They sum to zero.
    #[must_use]
    pub fn entries(&self) -> [Entry; 2] {
        let money = self.amount.money();
        // The amount is positive, so its negation exists.
        let negated = Money::new(-money.amount, money.currency);
        [
            Entry { account: self.debit.clone(), amount: money },
            Entry { account: self.credit.clone(), amount: negated },
        ]
    }
}

/// Why money moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// The provider captured the payment.
    Capture,
    /// A refund returned a part or all of it.
    Refund(RefundReference),
}

/// A posting in the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalTransaction {
    /// Its own id.
    pub id: Uuid,
    /// The payment it belongs to.
    pub payment: PaymentReference,
    /// Why.
    pub cause: Cause,
    /// What.
    pub posting: Posting,
    /// When.
    pub at: OffsetDateTime,
}

impl JournalTransaction {
    /// Records a posting now.
    #[must_use]
    pub fn new(
        payment: PaymentReference,
        cause: Cause,
        posting: Posting,
        clock: &dyn Clock,
    ) -> Self {
        Self { id: new_uuid(clock), payment, cause, posting, at: clock.now() }
    }
}

/// Balances of accounts, summed from entries.
#[derive(Debug, Default)]
pub struct TrialBalance {
    balances: BTreeMap<(Account, Currency), i64>,
}

/// A balance left the range of 64 bits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the balance of {0} exceeds 64 bits of minor units")]
pub struct BalanceOverflow(pub Account);

impl TrialBalance {
    /// Adds both entries of a posting.
    ///
    /// # Errors
    ///
    /// [`BalanceOverflow`] when a balance would leave 64 bits; nothing is added then.
    pub fn post(&mut self, posting: &Posting) -> Result<(), BalanceOverflow> {
        let mut sums = [0_i64; 2];
        let entries = posting.entries();
        for (entry, sum) in entries.iter().zip(&mut sums) {
            *sum = self
                .of(&entry.account, entry.amount.currency)
                .checked_add(entry.amount.amount)
                .ok_or_else(|| BalanceOverflow(entry.account.clone()))?;
        }
        for (entry, sum) in entries.into_iter().zip(sums) {
            self.balances.insert((entry.account, entry.amount.currency), sum);
        }
        Ok(())
    }

    /// The balance of an account in a currency.
    #[must_use]
    pub fn of(&self, account: &Account, currency: Currency) -> i64 {
        self.balances.get(&(account.clone(), currency)).copied().unwrap_or(0)
    }

    /// The sum over all accounts in each currency; a correct ledger has only zeroes.
    #[must_use]
    pub fn totals(&self) -> BTreeMap<Currency, i128> {
        let mut totals = BTreeMap::new();
        for ((_, currency), balance) in &self.balances {
            *totals.entry(*currency).or_insert(0) += i128::from(*balance);
        }
        totals
    }
}

#[cfg(test)]
mod tests {
    use marquis_kernel::SystemClock;

    use super::*;
    use crate::domain::amount::NotPositive;

    fn euros(amount: i64) -> Amount {
        Amount::new(Money::new(amount, Currency::EUR)).expect("a positive amount")
    }

    #[test]
    fn a_posting_has_two_sides_that_cancel() {
        let owner = OwnerId::new(&SystemClock);
        for posting in [
            Posting::capture("sandbox", owner, euros(i64::MAX)),
            Posting::refund("sandbox", owner, euros(1)),
        ] {
            let [debit, credit] = posting.entries();
            assert!(debit.amount.amount > 0 && debit.account != credit.account);
            assert_eq!(debit.amount.amount.checked_add(credit.amount.amount), Some(0));
        }
    }

    #[test]
    fn what_moves_nothing_is_no_posting() {
        for amount in [0, -1, i64::MIN] {
            assert_eq!(Amount::new(Money::new(amount, Currency::EUR)), Err(NotPositive));
        }
        let account = Account::Clearing("sandbox");
        assert_eq!(Posting::new(account.clone(), account, euros(1)), Err(SameAccount));
    }

    #[test]
    fn a_balance_refuses_to_overflow_and_stays_as_it_was() {
        let owner = OwnerId::new(&SystemClock);
        let most = Posting::capture("sandbox", owner, euros(i64::MAX));
        let (debit, credit) = (Account::Clearing("sandbox"), Account::Balance(owner));
        let mut balance = TrialBalance::default();
        balance.post(&most).expect("the first fits");
        assert_eq!(balance.post(&most), Err(BalanceOverflow(debit.clone())));
        assert_eq!(balance.of(&debit, Currency::EUR), i64::MAX);
        assert_eq!(balance.of(&credit, Currency::EUR), -i64::MAX);
        assert!(balance.totals().values().all(|total| *total == 0));
    }

    #[test]
    fn accounts_have_readable_names() {
        let owner = OwnerId::new(&SystemClock);
        assert_eq!(Account::Clearing("sandbox").to_string(), "provider:sandbox:clearing");
        assert_eq!(Account::Balance(owner).to_string(), format!("user:{owner}:balance"));
        assert_eq!(Account::Refunds(owner).to_string(), format!("user:{owner}:refunds"));
    }
}
