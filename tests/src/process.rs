//! A running `marquis`, its log and its end.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use marquis_testkit::{Child, eventually};

use crate::{PATIENCE, binary};

/// How to start `marquis`.
#[derive(Debug, Clone)]
pub struct Launch {
    /// Arguments.
    pub args: Vec<String>,
    /// The whole environment but `PATH`.
    pub env: BTreeMap<String, String>,
    /// Working directory.
    pub directory: PathBuf,
    /// File that standard output and standard error are appended to.
    pub log: PathBuf,
}

/// A started process. Dropping it stops it.
#[derive(Debug)]
pub struct Process {
    child: Mutex<Child>,
    pid: u32,
    log: PathBuf,
}

/// What a program that ran to its end left behind.
#[derive(Debug)]
pub struct Finished {
    /// Exit code, or -1 after a signal.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Process {
    /// Starts it in the background.
    ///
    /// # Panics
    ///
    /// When it cannot be started.
    #[must_use]
    pub fn start(launch: &Launch) -> Self {
        let log = File::options().create(true).append(true).open(&launch.log).expect("a log file");
        let mut command = command(launch);
        command.stdout(log.try_clone().expect("a log file")).stderr(log);
        let child = Child::spawn(command).expect("marquis starts");
        Self { pid: child.id(), child: Mutex::new(child), log: launch.log.clone() }
    }

    /// Its process id.
    #[must_use]
    pub const fn pid(&self) -> u32 {
        self.pid
    }

    /// Everything it has said so far (and earlier processes with the same log file).
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// The exit status, when it has ended.
    #[must_use]
    pub fn ended(&self) -> Option<ExitStatus> {
        self.child().inner().try_wait().expect("our own child")
    }

    /// `SIGKILL`, and waits for the end.
    pub fn kill(&self) {
        self.child().kill().expect("our own child");
    }

    /// Sends a signal, such as [`libc::SIGHUP`].
    ///
    /// # Panics
    ///
    /// When the process has ended already.
    pub fn signal(&self, signal: i32) {
        assert!(self.ended().is_none(), "it has ended:\n{}", self.log());
        self.child().signal(signal);
    }

    /// `SIGTERM`, and waits for the end.
    ///
    /// # Panics
    ///
    /// When it does not end within a minute, or not with success.
    pub async fn stop(&self) {
        self.signal(libc::SIGTERM);
        let status = self.wait().await;
        assert!(status.success(), "{status} instead of success:\n{}", self.log());
    }

    /// Waits for the end.
    ///
    /// # Panics
    ///
    /// When it does not end within a minute.
    pub async fn wait(&self) -> ExitStatus {
        eventually(PATIENCE, || async {
            self.ended().ok_or_else(|| format!("it goes on:\n{}", self.log()))
        })
        .await
    }

    fn child(&self) -> MutexGuard<'_, Child> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let mut child = self.child();
        // Gracefully, so that a private PostgreSQL is gone before its directory.
        child.signal(libc::SIGTERM);
        let started = Instant::now();
        while matches!(child.inner().try_wait(), Ok(None)) && started.elapsed() < PARTING {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// How long a process may take to end before it is killed, where its end is not the subject.
const PARTING: Duration = Duration::from_secs(10);

/// Runs `marquis` to its end.
///
/// # Panics
///
/// When it cannot be started.
pub async fn run(launch: &Launch) -> Finished {
    let mut command = command(launch);
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let [stdout, stderr] =
        ["out", "err"].map(|name| launch.log.with_extension(format!("{number}.{name}")));
    command.stdout(File::create(&stdout).expect("a file"));
    command.stderr(File::create(&stderr).expect("a file"));
    let mut child = Child::spawn(command).expect("marquis starts");
    let status = eventually(PATIENCE, || {
        let ended = child.inner().try_wait().expect("our own child");
        async move { ended }
    })
    .await;
    let read = |path: PathBuf| fs::read_to_string(path).unwrap_or_default();
    Finished { code: status.code().unwrap_or(-1), stdout: read(stdout), stderr: read(stderr) }
}

/// `SIGKILL` to a process that is not our child, such as one of our child's.
///
/// # Panics
///
/// When there is no shell.
pub fn kill(pid: u32) {
    // The shell's own `kill`, so that nothing has to be installed for it.
    let script = format!("kill -9 {pid}");
    let sent = Command::new("sh").arg("-c").arg(script).status().expect("a shell");
    assert!(sent.success(), "process {pid} is there to be killed");
}

fn command(launch: &Launch) -> Command {
    let mut command = Command::new(binary::marquis());
    command
        .args(&launch.args)
        .current_dir(&launch.directory)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .envs(&launch.env)
        .stdin(Stdio::null());
    command
}
