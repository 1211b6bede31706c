//! The table of rules, `xtask/arch.toml`, as types. An unknown key in it is an error.

use serde::Deserialize;
use std::collections::BTreeMap;

/// The whole table.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// By name without `marquis-`.
    pub crates: BTreeMap<String, Crate>,
    pub tests: Tests,
    /// By directory name inside a service's `src`.
    pub layers: BTreeMap<String, Layer>,
    pub files: Files,
    pub environment: Environment,
}

/// What one crate may depend on.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Crate {
    pub sees: Vec<String>,
    /// Whether the whole crate exists for tests.
    #[serde(default)]
    pub is_for_tests: bool,
}

/// What the tests of any crate may depend on besides.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tests {
    pub see: Vec<String>,
    /// External crates that only tests use.
    pub only_there: Vec<String>,
}

/// What one layer of a service may name.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Layer {
    /// Sibling modules it may name.
    pub sees: Vec<String>,
    /// External crates it must not name.
    #[serde(default)]
    pub avoids: Vec<String>,
    /// When given, the only workspace dependencies it may name.
    pub only: Option<Vec<String>>,
    /// Whether `async`, `await`, files, sockets and threads are out of place here.
    #[serde(default)]
    pub synchronous: bool,
}

/// What holds for every file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Files {
    pub look_again_lines: usize,
    pub split_lines: usize,
    /// Directories, from the root, whose files a program wrote.
    pub generated: Vec<String>,
}

/// Which crates may look at the process environment.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Environment {
    pub read_by: Vec<String>,
    pub handed_over_by: Vec<String>,
}

impl Rules {
    /// The table of this repository.
    ///
    /// # Errors
    /// When it is not the TOML these types describe.
    pub fn of_this_repository() -> Result<Self, toml::de::Error> {
        toml::from_str(include_str!("../../arch.toml"))
    }
}

/// A crate's name in the table.
pub fn short_name(package: &str) -> &str {
    package.strip_prefix("marquis-").unwrap_or(package)
}
