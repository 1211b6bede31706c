//! The thread that starts the server and waits for it, for as long as there is a server.
//!
//! It is a thread because the kernel ties a child's death signal to the thread that started
//! it, not to the process: a pooled thread that retires would take the server with it.

use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::account::Account;
use super::error::PrivateError;
use super::log;
use super::process::{Signal, confine, send};

/// A server that ran at least this long is started again at once.
const STEADY: Duration = Duration::from_secs(10);
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// How long each way of stopping may take before the next harsher one.
const PATIENCE: Duration = Duration::from_secs(30);

/// How to stop a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopMode {
    /// Rolls back open transactions and writes a checkpoint.
    Fast,
    /// Ends at once; the next start replays the log, as after a power cut.
    Immediate,
}

/// How to start the server.
#[derive(Debug)]
pub(super) struct Command {
    pub(super) program: PathBuf,
    pub(super) arguments: Vec<String>,
    pub(super) data_dir: PathBuf,
    pub(super) log: PathBuf,
    pub(super) account: Account,
}

#[derive(Debug)]
pub(super) struct Supervisor {
    shared: Arc<Shared>,
    ended: watch::Receiver<bool>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    /// Rings when `stopping` is set.
    stop: Condvar,
}

#[derive(Debug, Default)]
struct State {
    pid: Option<u32>,
    ready: bool,
    stopping: bool,
    failure: Option<PrivateError>,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Supervisor {
    pub(super) fn start(command: Command) -> Result<Self, PrivateError> {
        let shared = Arc::new(Shared::default());
        let (end, ended) = watch::channel(false);
        let theirs = Arc::clone(&shared);
        std::thread::Builder::new()
            .name("postgres".to_owned())
            .spawn(move || {
                supervise(&command, &theirs);
                end.send_replace(true);
            })
            .map_err(PrivateError::io("start", "a thread for PostgreSQL"))?;
        Ok(Self { shared, ended })
    }

    /// From now on a server that ends is started again.
    pub(super) fn now_ready(&self) {
        self.shared.state().ready = true;
    }

    pub(super) fn pid(&self) -> Option<u32> {
        self.shared.state().pid
    }

    /// Why there is no server, when it ended before it was ready.
    pub(super) fn failure(&self) -> Option<PrivateError> {
        self.shared.state().failure.take()
    }

    fn request_stop(&self, signal: Signal) {
        let mut state = self.shared.state();
        state.stopping = true;
        if let Some(pid) = state.pid {
            send(pid, signal);
        }
        drop(state);
        self.shared.stop.notify_all();
    }

    pub(super) async fn stop(&self, mode: StopMode) {
        let signals: &[Signal] = match mode {
            StopMode::Fast => &[Signal::FastShutdown, Signal::ImmediateShutdown, Signal::Kill],
            StopMode::Immediate => &[Signal::ImmediateShutdown, Signal::Kill],
        };
        let mut ended = self.ended.clone();
        for signal in signals {
            self.request_stop(*signal);
            if tokio::time::timeout(PATIENCE, ended.wait_for(|ended| *ended)).await.is_ok() {
                return;
            }
            tracing::warn!(?signal, "PostgreSQL does not stop");
        }
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        if !*self.ended.borrow() {
            self.request_stop(Signal::FastShutdown);
        }
    }
}

fn supervise(command: &Command, shared: &Shared) {
    let mut pause = FIRST_PAUSE;
    loop {
        let started = Instant::now();
        let outcome = run_once(command, shared);
        let mut state = shared.state();
        state.pid = None;
        if state.stopping {
            return;
        }
        if !state.ready {
            state.failure = Some(match outcome {
                Ok(status) => PrivateError::EndedAtStart {
                    status: status.to_string(),
                    log: command.log.clone(),
                    tail: log::tail(&command.log),
                },
                Err(error) => error,
            });
            return;
        }
        match outcome {
            Ok(status) => tracing::error!(%status, "PostgreSQL ended unasked; starting it again"),
            Err(error) => tracing::error!(%error, "PostgreSQL cannot be started; trying again"),
        }
        if started.elapsed() > STEADY {
            pause = FIRST_PAUSE;
        }
        let waited = shared.stop.wait_timeout_while(state, pause, |state| !state.stopping);
        let stopping = waited.unwrap_or_else(PoisonError::into_inner).0.stopping;
        if stopping {
            return;
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Starts the server and waits for its end.
fn run_once(command: &Command, shared: &Shared) -> Result<ExitStatus, PrivateError> {
    let log = log::open(&command.log)?;
    let also = log.try_clone().map_err(PrivateError::io("open", &command.log))?;
    let mut child = std::process::Command::new(&command.program);
    child
        .args(&command.arguments)
        // Nothing of our environment is the server's business: PG* variables would
        // change its settings, and others may hold secrets.
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("LC_ALL", "C")
        .current_dir(&command.data_dir)
        .stdin(Stdio::null())
        .stdout(log)
        .stderr(also);
    confine(&mut child, &command.account, Signal::FastShutdown);
    let mut child = child.spawn().map_err(PrivateError::io("start", &command.program))?;
    {
        let mut state = shared.state();
        state.pid = Some(child.id());
        if state.stopping {
            send(child.id(), Signal::FastShutdown);
        }
    }
    child.wait().map_err(PrivateError::io("await", &command.program))
}
