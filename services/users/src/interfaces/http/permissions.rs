//! What a caller must be allowed to do. Whose profile it concerns, the use cases decide.

use marquis_authz::Permission;
use marquis_contracts::identity::Principal;

/// Look at people: everybody who can sign in.
#[derive(Debug)]
pub struct ReadPeople;

impl Permission for ReadPeople {
    const NAME: &'static str = "users:read";

    fn allows(principal: &Principal) -> bool {
        !principal.roles.is_empty()
    }
}

/// Change a profile: everybody their own.
#[derive(Debug)]
pub struct ChangeProfiles;

impl Permission for ChangeProfiles {
    const NAME: &'static str = "users:change";

    fn allows(principal: &Principal) -> bool {
        !principal.roles.is_empty()
    }
}

/// Have a copy of personal data made, or all of it erased: everybody their own.
#[derive(Debug)]
pub struct OwnPersonalData;

impl Permission for OwnPersonalData {
    const NAME: &'static str = "users:personal-data";

    fn allows(principal: &Principal) -> bool {
        !principal.roles.is_empty()
    }
}
