//! What kind of installation this is. It chooses the `.env.<environment>` file and some
//! defaults, and decides whether insecure settings are tolerated.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The kind of installation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Environment {
    /// A developer's machine. Insecure settings are reported, not refused.
    #[default]
    Dev,
    /// Automated tests.
    Test,
    /// Real users. Insecure settings stop the start.
    Prod,
}

/// The text names no environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not one of dev, test, prod")]
pub struct UnknownEnvironment;

impl Environment {
    /// Every environment.
    pub const ALL: [Self; 3] = [Self::Dev, Self::Test, Self::Prod];

    /// The name in files and variables.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dev => "dev",
            Self::Test => "test",
            Self::Prod => "prod",
        }
    }

    /// Whether real users depend on this installation.
    #[must_use]
    pub fn is_production(self) -> bool {
        self == Self::Prod
    }
}

impl fmt::Display for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Environment {
    type Err = UnknownEnvironment;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|one| one.as_str() == text).ok_or(UnknownEnvironment)
    }
}
