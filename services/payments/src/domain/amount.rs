//! An amount that can move: positive by construction.

use std::fmt;

use marquis_kernel::{Currency, Money};

/// A positive amount of one currency.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Amount(Money);

/// The amount is zero or negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be positive")]
pub struct NotPositive;

impl Amount {
    /// Checks that `money` is positive.
    ///
    /// # Errors
    ///
    /// [`NotPositive`] otherwise.
    pub fn new(money: Money) -> Result<Self, NotPositive> {
        if money.amount > 0 { Ok(Self(money)) } else { Err(NotPositive) }
    }

    /// The amount with its currency.
    #[must_use]
    pub const fn money(self) -> Money {
        self.0
    }

    /// Minor units, at least 1.
    #[must_use]
    pub const fn minor_units(self) -> i64 {
        self.0.amount
    }

    /// The currency.
    #[must_use]
    pub const fn currency(self) -> Currency {
        self.0.currency
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}
