//! Checking the books: every discrepancy between entries, refunds, history and payments.

use std::sync::Arc;

use super::ports::{Books, BooksReader, StoreError};
use crate::domain::reconciliation::{Discrepancy, PaymentFacts};

/// What was looked at and how much of it was wrong.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LedgerReport {
    /// Payments looked at, including those that only the ledger knows.
    pub payments: u64,
    /// Ledger entries looked at.
    pub entries: u64,
    /// Discrepancies found; each was handed to the caller as it was found.
    pub discrepancies: u64,
}

impl LedgerReport {
    /// Whether everything agrees.
    #[must_use]
    pub const fn is_clean(&self) -> bool {
        self.discrepancies == 0
    }
}

/// Checks the books.
#[derive(Debug)]
pub struct VerifyLedger {
    /// The books.
    pub books: Arc<dyn Books>,
}

impl VerifyLedger {
    /// Reads everything once, in constant memory, and calls `found` for each discrepancy.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the books could not be read to the end.
    pub async fn run(
        &self,
        found: &mut (dyn FnMut(&Discrepancy) + Send),
    ) -> Result<LedgerReport, StoreError> {
        let mut counting = Counting { report: LedgerReport::default(), found };
        let entries = self.books.read(&mut counting).await?;
        Ok(LedgerReport { entries, ..counting.report })
    }
}

struct Counting<'a> {
    report: LedgerReport,
    found: &'a mut (dyn FnMut(&Discrepancy) + Send),
}

impl BooksReader for Counting<'_> {
    fn payment(&mut self, facts: &PaymentFacts) {
        self.report.payments += 1;
        for discrepancy in facts.discrepancies() {
            self.imbalance(discrepancy);
        }
    }

    fn imbalance(&mut self, discrepancy: Discrepancy) {
        self.report.discrepancies += 1;
        (self.found)(&discrepancy);
    }
}
