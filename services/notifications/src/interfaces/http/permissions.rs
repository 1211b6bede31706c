//! What a caller must be allowed to do.

use marquis_authz::Permission;
use marquis_contracts::identity::{Principal, Role};

/// Look at one's own notifications and choose how to be told: everybody.
#[derive(Debug)]
pub struct OwnNotifications;

impl Permission for OwnNotifications {
    const NAME: &'static str = "notifications:own";

    fn allows(principal: &Principal) -> bool {
        !principal.roles.is_empty()
    }
}

/// Look after deliveries that were given up: administrators.
#[derive(Debug)]
pub struct ManageDeadLetters;

impl Permission for ManageDeadLetters {
    const NAME: &'static str = "notifications:dead-letters";

    fn allows(principal: &Principal) -> bool {
        principal.has(Role::Admin)
    }
}
