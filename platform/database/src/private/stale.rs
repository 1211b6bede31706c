//! A server that an earlier run left behind. We hold the lock of the data directory, so
//! whatever still works in the cluster belongs to a process that was killed; its children
//! are on their way out and have at most to be reminded.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use super::PrivateProgress;
use super::error::PrivateError;
use super::process::{Signal, send};

const POLL: Duration = Duration::from_millis(5);
/// After this the old server is told again to stop.
const REMIND_AFTER: Duration = Duration::from_secs(1);
/// After this it is told to stop at once.
const INSIST_AFTER: Duration = Duration::from_secs(20);
const GIVE_UP_AFTER: Duration = Duration::from_secs(40);

/// Returns when no process works in the cluster any more and its pid file, if one is left,
/// is gone. PostgreSQL itself would take a pid file for valid when its number has meanwhile
/// been given to another process, which in a container is the rule.
pub(super) fn await_end(
    cluster: &Path,
    progress: &dyn Fn(PrivateProgress),
) -> Result<(), PrivateError> {
    let pid_file = cluster.join("postmaster.pid");
    if !pid_file.exists() {
        return Ok(());
    }
    let started = Instant::now();
    let (mut told, mut reminded, mut insisted) = (false, false, false);
    loop {
        let postmaster = recorded_pid(&pid_file);
        let workers = processes_in(cluster);
        let Some(&first) = workers.first() else { break };
        let pid = postmaster.filter(|pid| workers.contains(pid)).unwrap_or(first);
        if !told {
            progress(PrivateProgress::AwaitingStale { pid });
            told = true;
        }
        let waited = started.elapsed();
        if waited > GIVE_UP_AFTER {
            return Err(PrivateError::StaleServer { pid });
        } else if waited > INSIST_AFTER && !insisted {
            workers.iter().for_each(|worker| send(*worker, Signal::ImmediateShutdown));
            insisted = true;
        } else if waited > REMIND_AFTER && !reminded {
            send(pid, Signal::FastShutdown);
            reminded = true;
        }
        std::thread::sleep(POLL);
    }
    match fs::remove_file(&pid_file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(PrivateError::io("remove", pid_file)(error))
        }
        _ => Ok(()),
    }
}

/// The first line of `postmaster.pid`.
fn recorded_pid(pid_file: &Path) -> Option<u32> {
    fs::read_to_string(pid_file).ok()?.lines().next()?.trim().parse().ok()
}

/// PostgreSQL's processes all have the cluster as working directory.
fn processes_in(cluster: &Path) -> Vec<u32> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let ours = std::process::id();
    entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_string_lossy().parse().ok())
        .filter(|pid: &u32| *pid != ours)
        .filter(|pid| fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd == cluster))
        .collect()
}
