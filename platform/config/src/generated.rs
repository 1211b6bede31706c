//! Secrets that Marquis makes for itself at the first start and keeps under the data
//! directory, so that a single machine needs no secret management.

use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use marquis_kernel::{Secret, random};

/// The secret kept in `<data_dir>/secrets/<name>`, made at the first call: 256 random bits
/// in URL-safe base64. Directory and file are readable by the owner only. Two processes
/// that start at once agree on one secret.
///
/// # Errors
///
/// When the directory or file cannot be made or read, or the file is empty.
pub fn secret(data_dir: &Path, name: &str) -> io::Result<Secret> {
    let dir = data_dir.join("secrets");
    let path = dir.join(name);
    match read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        other => return other,
    }
    std::fs::create_dir_all(data_dir)?;
    match DirBuilder::new().mode(0o700).create(&dir) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    // Written in full under another name and then linked: a crash leaves no half secret,
    // and of two writers the first wins.
    let draft = dir.join(format!(".{name}.{}", random::token()));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    let written = writeln!(file, "{}", random::token()).and_then(|()| file.sync_all());
    let linked = written.and_then(|()| std::fs::hard_link(&draft, &path));
    std::fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    std::fs::File::open(&dir)?.sync_all()?;
    read(&path)
}

fn read(path: &Path) -> io::Result<Secret> {
    let text = std::fs::read_to_string(path)?;
    let text = text.trim_end_matches(['\r', '\n']);
    if text.is_empty() {
        let what = format!("{} is empty; restore it from a backup", path.display());
        return Err(io::Error::new(io::ErrorKind::InvalidData, what));
    }
    Ok(Secret::new(text))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_secret_is_made_once_and_kept_private() {
        let dir = tempfile::tempdir().expect("directory");
        let made: Vec<String> = std::thread::scope(|scope| {
            let threads: Vec<_> =
                (0..8).map(|_| scope.spawn(|| secret(dir.path(), "master_key"))).collect();
            threads
                .into_iter()
                .map(|thread| thread.join().expect("thread").expect("secret").expose().to_owned())
                .collect()
        });
        assert!(made.iter().all(|one| *one == made[0] && one.len() == 43), "{}", made.len());
        let mode = |path: &Path| std::fs::metadata(path).expect("exists").permissions().mode();
        assert_eq!(mode(&dir.path().join("secrets")) & 0o777, 0o700);
        assert_eq!(mode(&dir.path().join("secrets/master_key")) & 0o777, 0o600);
        let left = std::fs::read_dir(dir.path().join("secrets")).expect("directory").count();
        assert_eq!(left, 1, "no drafts are left");
        assert_ne!(secret(dir.path(), "other").expect("secret").expose(), made[0]);
    }

    #[test]
    fn an_emptied_secret_is_an_error_and_not_replaced() {
        let dir = tempfile::tempdir().expect("directory");
        std::fs::create_dir(dir.path().join("secrets")).expect("directory");
        std::fs::write(dir.path().join("secrets/key"), "\n").expect("file");
        assert!(secret(dir.path(), "key").is_err());
    }
}
