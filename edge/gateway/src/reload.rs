//! Reloads: on SIGHUP, when a watched file changes, and twice a day for certificates that were
//! renewed in place. A configuration that cannot be used changes nothing and says why.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use marquis_config::sections::gateway as settings;
use notify::{RecursiveMode, Watcher as _};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::GatewayHandle;

/// Editors and deployment tools write several times; one reload is enough.
const QUIET: Duration = Duration::from_millis(200);
const PATIENCE: Duration = Duration::from_secs(2);
const ROUTINE: Duration = Duration::from_secs(12 * 60 * 60);

/// Reads the gateway's section again.
pub type Loader = Box<
    dyn Fn() -> Result<settings::Gateway, Box<dyn std::error::Error + Send + Sync>> + Send + Sync,
>;

/// Reloads whenever there is a reason to, until `shutdown`. `files` are the configuration's;
/// certificates and firewall rules named in it are watched as well.
pub async fn watch(
    handle: GatewayHandle,
    files: Vec<PathBuf>,
    load: Loader,
    shutdown: CancellationToken,
) -> std::io::Result<()> {
    let mut hangup = signal(SignalKind::hangup())?;
    let (changed, mut changes) = mpsc::unbounded_channel();
    let mut watcher = Files::new(changed);
    watcher.follow(&files, &handle);
    loop {
        let reason = tokio::select! {
            () = shutdown.cancelled() => return Ok(()),
            _ = hangup.recv() => "SIGHUP",
            _ = changes.recv() => {
                // Wait for the writer to finish, but not for one that never does.
                let patience = Instant::now() + PATIENCE;
                while Instant::now() < patience
                    && let Ok(Some(())) = tokio::time::timeout(QUIET, changes.recv()).await
                {}
                "file changed"
            }
            () = tokio::time::sleep(ROUTINE) => "routine",
        };
        match load() {
            Ok(settings) => match handle.reload(&settings).await {
                Ok(()) => tracing::info!(reason, "configuration reloaded"),
                Err(error) => tracing::error!(
                    reason,
                    error = &error as &dyn std::error::Error,
                    "the new configuration cannot be used, the old one stays"
                ),
            },
            Err(error) => {
                handle.reload_failed();
                tracing::error!(
                    reason,
                    error = error.as_ref() as &dyn std::error::Error,
                    "the configuration cannot be read, the old one stays"
                );
            }
        }
        watcher.follow(&files, &handle);
    }
}

/// Watches directories, because files are usually replaced and not written to.
struct Files {
    changed: mpsc::UnboundedSender<()>,
    watched: (BTreeSet<PathBuf>, BTreeSet<PathBuf>),
    watcher: Option<notify::RecommendedWatcher>,
}

impl Files {
    fn new(changed: mpsc::UnboundedSender<()>) -> Self {
        Self { changed, watched: (BTreeSet::new(), BTreeSet::new()), watcher: None }
    }

    /// Watches the configuration's files and the certificates it names now.
    fn follow(&mut self, files: &[PathBuf], handle: &GatewayHandle) {
        let mut paths: BTreeSet<PathBuf> = files.iter().cloned().collect();
        for pair in handle.certificates() {
            paths.extend([pair.certificate, pair.key]);
        }
        paths.extend(handle.rule_files());
        let patterns: BTreeSet<PathBuf> = handle.rule_patterns().into_iter().collect();
        if (&paths, &patterns) == (&self.watched.0, &self.watched.1) {
            return;
        }
        let names: BTreeSet<OsString> =
            paths.iter().filter_map(|path| path.file_name().map(ToOwned::to_owned)).collect();
        let (changed, own) = (self.changed.clone(), patterns.clone());
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            let Ok(event) = event else { return };
            // Symbolic links (as Kubernetes mounts secrets) change under other names.
            let ours = |path: &PathBuf| {
                path.file_name().is_none_or(|name| {
                    names.contains(name)
                        || name.as_encoded_bytes().starts_with(b"..data")
                        || own.iter().any(|pattern| matches(pattern, path))
                })
            };
            if !event.kind.is_access() && event.paths.iter().any(ours) {
                // The receiver is gone only at the end.
                let _ = changed.send(());
            }
        });
        let mut watcher = match watcher {
            Ok(watcher) => watcher,
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "files are not watched, use SIGHUP"
                );
                return;
            }
        };
        let directories: BTreeSet<&Path> =
            paths.iter().chain(&patterns).filter_map(|path| path.parent()).collect();
        for directory in directories {
            let directory =
                if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
            if let Err(error) = watcher.watch(directory, RecursiveMode::NonRecursive) {
                tracing::warn!(
                    path = %directory.display(),
                    error = &error as &dyn std::error::Error,
                    "directory is not watched, use SIGHUP"
                );
            }
        }
        self.watcher = Some(watcher);
        self.watched = (paths, patterns);
    }
}

/// Whether a pattern may name the path. Directories are told apart by the names of files only,
/// as the system may know them by other names.
fn matches(pattern: &Path, path: &Path) -> bool {
    let (Some(pattern), Some(name)) = (pattern.file_name(), path.file_name()) else { return false };
    wildcard(pattern.as_encoded_bytes(), name.as_encoded_bytes())
}

/// As a shell, but a set (`[...]`) stands for any character: reading once too often does no
/// harm.
fn wildcard(pattern: &[u8], name: &[u8]) -> bool {
    match pattern {
        [] => name.is_empty(),
        [b'*', rest @ ..] => (0..=name.len()).any(|skip| wildcard(rest, &name[skip..])),
        [b'[', rest @ ..] if rest.contains(&b']') => {
            let end = rest.iter().skip(1).position(|&byte| byte == b']').map_or(1, |at| at + 2);
            !name.is_empty() && wildcard(rest.get(end..).unwrap_or_default(), &name[1..])
        }
        [b'?', rest @ ..] => !name.is_empty() && wildcard(rest, &name[1..]),
        [byte, rest @ ..] => name.first() == Some(byte) && wildcard(rest, &name[1..]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_name_files() {
        for (pattern, name) in [
            ("/etc/waf/*.conf", "/etc/waf/a.conf"),
            ("/etc/waf/*", "/etc/waf/rules"),
            ("/etc/waf/*.after", "/etc/waf/new.after"),
            ("/etc/waf/r[0-9]?.rules", "/etc/waf/r1x.rules"),
            ("/etc/waf/one.conf", "/etc/waf/one.conf"),
        ] {
            assert!(matches(Path::new(pattern), Path::new(name)), "{pattern} {name}");
        }
        for (pattern, name) in [
            ("/etc/waf/*.conf", "/etc/waf/audit.log"),
            ("/etc/waf/*.conf", "/etc/waf/a.conf~"),
            ("/etc/waf/r[0-9]", "/etc/waf/r"),
        ] {
            assert!(!matches(Path::new(pattern), Path::new(name)), "{pattern} {name}");
        }
    }
}
