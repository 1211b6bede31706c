//! Section `[peers]`: where other processes of the installation run the services.

use serde::{Deserialize, Serialize};

use crate::problem::Problems;

/// Base URLs of the services' instances, for processes that do not run them themselves.
/// The auth service's are `auth.urls`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Peers {
    /// The users service.
    pub users: Vec<String>,
    /// The chat service.
    pub chat: Vec<String>,
    /// The notifications service.
    pub notifications: Vec<String>,
    /// The payments service.
    pub payments: Vec<String>,
}

impl Peers {
    /// Reports values that cannot work.
    pub fn validate(&self, problems: &mut Problems) {
        let services = [
            ("users", &self.users),
            ("chat", &self.chat),
            ("notifications", &self.notifications),
            ("payments", &self.payments),
        ];
        for (service, urls) in services {
            for (index, url) in urls.iter().enumerate() {
                problems.require(
                    (url.starts_with("http://") || url.starts_with("https://"))
                        && !url.ends_with('/'),
                    &format!("peers.{service}[{index}]"),
                    "must be an http:// or https:// address without a final slash",
                    r#"write it as in "http://chat:3003""#,
                );
            }
        }
    }
}
