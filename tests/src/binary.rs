//! Where the `marquis` binary is.

use std::env;
use std::path::PathBuf;

/// The binary under test: `MARQUIS_BIN`, or the one built beside this test executable.
///
/// # Panics
///
/// When it was not built, saying how to.
#[must_use]
pub fn marquis() -> PathBuf {
    if let Some(path) = env::var_os("MARQUIS_BIN") {
        let path = PathBuf::from(path);
        assert!(path.is_file(), "MARQUIS_BIN={} is no file", path.display());
        return path;
    }
    // target/<profile>/deps/e2e-<hash>
    let test = env::current_exe().expect("the path of this executable");
    let profile = test.ancestors().nth(2).expect("target/<profile>");
    let path = profile.join("marquis");
    assert!(
        path.is_file(),
        "{} does not exist: build it with `cargo build -p marquis` or set MARQUIS_BIN",
        path.display()
    );
    path
}
