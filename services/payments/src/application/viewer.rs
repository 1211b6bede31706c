//! Who asks, as far as payments are concerned.

use marquis_contracts::identity::{Principal, Role};

use crate::domain::{OwnerId, Payment};

/// The caller of a use case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Viewer {
    /// The caller's own payments are those of this owner.
    pub owner: OwnerId,
    /// Whether the caller sees and moves everybody's payments.
    pub manages: bool,
}

impl Viewer {
    /// Whether the caller may know that the payment exists.
    #[must_use]
    pub fn may_see(self, payment: &Payment) -> bool {
        self.manages || payment.owner == self.owner
    }
}

/// Finance sees and moves everybody's payments, and so do other programs of the platform.
#[must_use]
pub fn manages(principal: &Principal) -> bool {
    principal.has(Role::Finance) || principal.has(Role::Service)
}

impl From<&Principal> for Viewer {
    fn from(principal: &Principal) -> Self {
        let owner = OwnerId::from_uuid(principal.user_id.uuid());
        Self { owner, manages: manages(principal) }
    }
}
