//! The server's log: appended by PostgreSQL itself, so that it survives us, and kept small
//! by us. Rotation copies and truncates, since the server keeps its file open.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::error::PrivateError;

/// Size in bytes at which the log is rotated.
const LARGEST: u64 = 8 * 1024 * 1024;
/// Rotated files that are kept.
const KEPT: u32 = 3;
const CHECK_EVERY: Duration = Duration::from_secs(30);

pub(super) fn open(path: &Path) -> Result<File, PrivateError> {
    OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .custom_flags(libc::O_NOFOLLOW)
        .open(path)
        .map_err(PrivateError::io("open", path))
}

/// Rotates when the log has grown too large. A failure costs disk, not service.
pub(super) fn rotate(path: &Path) {
    rotate_above(path, LARGEST);
}

fn rotate_above(path: &Path, largest: u64) {
    if fs::metadata(path).map_or(0, |metadata| metadata.len()) <= largest {
        return;
    }
    for number in (1..KEPT).rev() {
        let _ = fs::rename(numbered(path, number), numbered(path, number + 1));
    }
    let truncated = fs::copy(path, numbered(path, 1))
        .and_then(|_| OpenOptions::new().write(true).truncate(true).open(path));
    if let Err(error) = truncated {
        tracing::warn!(path = %path.display(), %error, "PostgreSQL's log cannot be rotated");
    }
}

pub(super) async fn keep_rotating(path: PathBuf) {
    loop {
        tokio::time::sleep(CHECK_EVERY).await;
        let path = path.clone();
        let _ = tokio::task::spawn_blocking(move || rotate(&path)).await;
    }
}

fn numbered(path: &Path, number: u32) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{number}"));
    PathBuf::from(name)
}

/// The last lines of the log, for a message.
pub(super) fn tail(path: &Path) -> String {
    last_lines(&String::from_utf8_lossy(&fs::read(path).unwrap_or_default()), 8)
}

pub(super) fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    #[test]
    fn rotation_keeps_the_newest_files_and_the_writers_handle() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let path = directory.path().join("postgres.log");
        let mut writer = open(&path).expect("opens");
        for round in 0..6 {
            writer.write_all(format!("round {round}\n").as_bytes()).expect("writes");
            rotate_above(&path, 4);
        }
        writer.write_all(b"now\n").expect("writes after truncation");
        assert_eq!(fs::read_to_string(&path).expect("log"), "now\n");
        for (number, round) in [(1, 5), (2, 4), (3, 3)] {
            let text = fs::read_to_string(numbered(&path, number)).expect("rotated log");
            assert_eq!(text, format!("round {round}\n"));
        }
        assert!(!numbered(&path, 4).exists());
    }
}
