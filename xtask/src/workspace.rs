//! Where the repository lies on this machine.

use std::path::{Path, PathBuf};

/// The root of the repository. Tasks run from any directory inside it.
pub fn root() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest).to_path_buf()
}

/// `path` as a reader of the repository writes it.
pub fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}
