//! The service's permissions.

use marquis_authz::Permission;
use marquis_contracts::identity::Principal;

/// Seeing and ending one's sessions. A session opened with a one-time password has no
/// roles: it may change the password, ask who it is, and leave.
pub(super) struct ManageSessions;

impl Permission for ManageSessions {
    const NAME: &'static str = "sessions:manage";

    fn allows(principal: &Principal) -> bool {
        !principal.roles.is_empty()
    }
}
