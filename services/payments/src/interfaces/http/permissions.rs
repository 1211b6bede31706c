//! What a caller must be allowed to do. Which payments it concerns, the use cases decide.

use marquis_authz::Permission;
use marquis_contracts::identity::{Principal, Role};

/// Make payments: everybody who can sign in.
#[derive(Debug)]
pub struct CreatePayments;

impl Permission for CreatePayments {
    const NAME: &'static str = "payments:create";

    fn allows(principal: &Principal) -> bool {
        !principal.roles.is_empty()
    }
}

/// Look at payments: everybody their own, those who manage payments everybody's.
#[derive(Debug)]
pub struct ReadPayments;

impl Permission for ReadPayments {
    const NAME: &'static str = "payments:read";

    fn allows(principal: &Principal) -> bool {
        !principal.roles.is_empty()
    }
}

/// Move payments by hand: owners may cancel, those who manage payments may do more.
#[derive(Debug)]
pub struct ChangePayments;

impl Permission for ChangePayments {
    const NAME: &'static str = "payments:change";

    fn allows(principal: &Principal) -> bool {
        !principal.roles.is_empty()
    }
}

/// Give money back: finance.
#[derive(Debug)]
pub struct RefundPayments;

impl Permission for RefundPayments {
    const NAME: &'static str = "payments:refund";

    fn allows(principal: &Principal) -> bool {
        principal.has(Role::Finance)
    }
}
