//! The keyring's file: made once, replaced as a whole, readable by its owner only.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use marquis_kernel::random;

/// Where it is.
pub(crate) fn path(data_dir: &Path) -> PathBuf {
    data_dir.join("secrets").join("personal_data_keys")
}

/// What is in the file, which is made with `initial` when it does not exist. Of two that
/// make it at once the first wins and both read the same.
pub(crate) fn read_or_create(path: &Path, initial: String) -> io::Result<String> {
    match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        other => return other,
    }
    let directory = parent(path);
    if let Some(above) = directory.parent() {
        fs::create_dir_all(above)?;
    }
    match DirBuilder::new().mode(0o700).create(directory) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    let draft = draft(path, &initial)?;
    drop(initial);
    let linked = fs::hard_link(&draft, path);
    fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    File::open(directory)?.sync_all()?;
    fs::read_to_string(path)
}

/// Replaces the whole content; a crash leaves the old or the new one.
pub(crate) fn replace(path: &Path, text: &str) -> io::Result<()> {
    let draft = draft(path, text)?;
    if let Err(error) = fs::rename(&draft, path) {
        fs::remove_file(&draft)?;
        return Err(error);
    }
    File::open(parent(path))?.sync_all()
}

fn draft(path: &Path, text: &str) -> io::Result<PathBuf> {
    let draft = parent(path).join(format!(".personal_data_keys.{}", random::token()));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    if let Err(error) = written {
        fs::remove_file(&draft)?;
        return Err(error);
    }
    Ok(draft)
}

fn parent(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("."))
}
