//! Finding PostgreSQL's server binaries.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::error::PrivateError;

/// Oldest major version whose SQL and options suffice.
const OLDEST: u32 = 14;

/// Where the distributions install versions side by side: the version stands between.
const VERSIONED: [(&str, &str); 3] = [
    ("/usr/lib/postgresql", "bin"),
    ("/usr/local/lib/postgresql", "bin"),
    ("/opt/postgresql", "bin"),
];

/// The server binaries of one installed version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binaries {
    /// Major version.
    pub version: u32,
    /// The server.
    pub postgres: PathBuf,
    /// Makes a cluster.
    pub initdb: PathBuf,
}

/// The newest installed version, or exactly `needed` when a cluster exists already.
///
/// # Errors
///
/// [`PrivateError::NotInstalled`], [`PrivateError::VersionMismatch`], [`PrivateError::TooOld`].
pub fn find(configured: Option<&Path>, needed: Option<u32>) -> Result<Binaries, PrivateError> {
    let places = match configured {
        Some(directory) => vec![directory.to_path_buf()],
        None => usual_places(),
    };
    let mut installed = BTreeMap::new();
    for place in &places {
        let (postgres, initdb) = (place.join("postgres"), place.join("initdb"));
        if !postgres.is_file() || !initdb.is_file() {
            continue;
        }
        let Some(version) = version_of(&postgres) else { continue };
        let binaries = Binaries { version, postgres, initdb };
        if needed == Some(version) {
            return Ok(binaries);
        }
        installed.entry(version).or_insert(binaries);
    }
    let versions: Vec<String> = installed.keys().map(u32::to_string).collect();
    let Some((_, newest)) = installed.pop_last() else {
        let looked_in: Vec<String> =
            places.iter().map(|place| place.display().to_string()).collect();
        return Err(PrivateError::NotInstalled { looked_in: looked_in.join(", ") });
    };
    match needed {
        Some(needed) => Err(PrivateError::VersionMismatch {
            cluster: PathBuf::from("the data directory"),
            needed,
            installed: versions.join(", "),
        }),
        None if newest.version < OLDEST => {
            Err(PrivateError::TooOld { version: newest.version, oldest: OLDEST })
        }
        None => Ok(newest),
    }
}

fn usual_places() -> Vec<PathBuf> {
    let mut places = Vec::new();
    for (root, leaf) in VERSIONED {
        let Ok(entries) = std::fs::read_dir(root) else { continue };
        places.extend(entries.flatten().map(|entry| entry.path().join(leaf)));
    }
    if let Ok(entries) = std::fs::read_dir("/usr") {
        // The PostgreSQL project's own RPM packages: /usr/pgsql-17/bin.
        let packaged = entries.flatten().map(|entry| entry.path());
        places.extend(
            packaged
                .filter(|path| path.to_string_lossy().starts_with("/usr/pgsql-"))
                .map(|path| path.join("bin")),
        );
    }
    if let Some(path) = std::env::var_os("PATH") {
        places.extend(std::env::split_paths(&path));
    }
    if places.is_empty() {
        places.push(PathBuf::from("/usr/lib/postgresql"));
    }
    places
}

/// `postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)` is 15.
fn version_of(postgres: &Path) -> Option<u32> {
    let output = Command::new(postgres).arg("--version").output().ok()?;
    parse_version(&String::from_utf8_lossy(&output.stdout))
}

fn parse_version(text: &str) -> Option<u32> {
    let (_, version) = text.split_once("(PostgreSQL) ")?;
    let digits: String = version.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_is_read_from_what_the_server_prints() {
        for (text, version) in [
            ("postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)\n", Some(15)),
            ("postgres (PostgreSQL) 18beta1", Some(18)),
            ("postgres", None),
        ] {
            assert_eq!(parse_version(text), version, "{text}");
        }
    }

    #[test]
    fn a_missing_installation_names_the_package() {
        let empty = tempfile::tempdir().expect("temporary directory");
        let error = find(Some(empty.path()), None).expect_err("nothing there").to_string();
        assert!(error.contains("apt-get install postgresql"), "{error}");
    }

    #[test]
    fn a_version_that_is_not_installed_names_its_package() {
        let error = find(None, Some(9)).expect_err("nobody has 9").to_string();
        assert!(error.contains("apt-get install postgresql-9"), "{error}");
    }
}
