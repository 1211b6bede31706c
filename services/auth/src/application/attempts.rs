//! Guessing is limited in two ways before a password is looked at: per address and account
//! within a minute, and per account until a success. Both take the attempt in advance, so
//! any number of concurrent guesses draw on one allowance.

use marquis_contracts::identity::UserId;
use serde_json::json;
use time::format_description::well_known::Rfc3339;

use super::audit::{AuditKind, AuditRecord};
use super::ports::Journal;
use super::{AuthError, Identity, Origin};
use crate::domain::lockout::CountedAttempt;

/// An attempt that may be judged. It counts as a failure unless it is settled otherwise.
#[derive(Debug)]
pub(super) struct Attempt {
    /// Pseudonym of the e-mail.
    pub account: [u8; 32],
    pub counted: CountedAttempt,
}

impl Identity {
    /// Admits an attempt on the account with this e-mail, existing or not.
    ///
    /// # Errors
    ///
    /// [`AuthError::TooManyFailures`] when an allowance is used up.
    pub(super) async fn begin_attempt(
        &self,
        email: &str,
        origin: &Origin,
    ) -> Result<Attempt, AuthError> {
        let account = self.pseudonyms.of(email);
        if let Err(retry_after) = self.limiter.take(origin.address, account).await {
            self.record_refusal(account, "address", origin).await;
            return Err(AuthError::TooManyFailures { retry_after });
        }
        let now = self.clock.now();
        let begun = self
            .attempts
            .begin(account, self.lockout.failures, self.lockout.lock_until(now), now)
            .await;
        let counted = match begun {
            Ok(counted) => counted,
            Err(error) => {
                self.limiter.give_back(origin.address, account).await;
                return Err(error.into());
            }
        };
        if let Some(retry_after) = self.lockout.wait(counted, now) {
            self.record_refusal(account, "account", origin).await;
            return Err(AuthError::TooManyFailures { retry_after });
        }
        Ok(Attempt { account, counted })
    }

    /// Adds the event of an account that was locked.
    pub(super) fn account_locked(
        &self,
        journal: Journal,
        user: UserId,
        origin: &Origin,
    ) -> Journal {
        let until = self.lockout.lock_until(self.clock.now()).format(&Rfc3339).ok();
        let data = json!({ "userId": user, "until": until });
        journal.event(&*self.clock, origin, "account.locked", user, data)
    }

    /// Takes back an attempt that was never judged.
    pub(super) async fn withdraw_attempt(&self, attempt: &Attempt, origin: &Origin) {
        self.limiter.give_back(origin.address, attempt.account).await;
        if let Err(error) = self.attempts.withdraw(attempt.account, self.lockout.failures).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "an attempt stays counted");
        }
    }

    /// A refusal stands whether or not it can be recorded.
    async fn record_refusal(&self, account: [u8; 32], limit: &str, origin: &Origin) {
        let record = AuditRecord::now(&*self.clock, AuditKind::LoginRefused, origin)
            .details(json!({ "account": short(account), "limit": limit }));
        let journal = Journal::of(record);
        if let Err(error) = self.audit.append(&journal).await {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "a refused login is missing in the audit trail"
            );
        }
        journal.log();
    }
}

/// Enough of the pseudonym to relate records to one another.
pub(super) fn short(account: [u8; 32]) -> String {
    account[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}
