//! Lines on their way to a file or to standard output.
//!
//! A caller copies its line into a buffer in memory and goes on; one thread writes the
//! buffer. However slow the disk or the terminal, a caller never waits for it: when the
//! buffer is full, lines are dropped and counted, and the count is written once there is
//! room again.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;

use crate::metrics::made;

/// Most bytes that wait to be written.
const CAPACITY: usize = 4 * 1024 * 1024;
/// A buffer larger than this is given back after a burst.
const KEPT: usize = 256 * 1024;
/// How long lines are gathered before they are written: the writer sleeps meanwhile, so
/// that callers do not pay for waking it.
const GATHER: Duration = Duration::from_millis(20);
/// How often an unwritable target is reported.
const COMPLAIN_EVERY: Duration = Duration::from_secs(60);

/// Lines dropped by all writers of this process, for the metric `log_lines_dropped_total`.
static DROPPED: AtomicU64 = AtomicU64::new(0);

/// Lines dropped by all writers of this process since it started.
#[must_use]
pub fn dropped_total() -> u64 {
    DROPPED.load(Ordering::Relaxed)
}

/// The metric `log_lines_dropped_total`.
pub(crate) struct DroppedLines {
    counter: prometheus::IntCounter,
    scrape: Mutex<()>,
}

impl DroppedLines {
    pub(crate) fn new() -> Self {
        let help = "Log lines dropped because their target was too slow or failed";
        let counter = made(prometheus::IntCounter::new("log_lines_dropped_total", help));
        Self { counter, scrape: Mutex::new(()) }
    }
}

impl Collector for DroppedLines {
    fn desc(&self) -> Vec<&Desc> {
        self.counter.desc()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let _one_at_a_time = self.scrape.lock();
        self.counter.inc_by(dropped_total().saturating_sub(self.counter.get()));
        self.counter.collect()
    }
}

/// A handle on a writer. Clones write to the same target; when the last one is dropped,
/// what waits is written and the thread ends.
#[derive(Debug, Clone)]
pub struct LineWriter {
    thread: Arc<Thread>,
}

#[derive(Debug)]
struct Thread {
    shared: Arc<Shared>,
    join: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// There is something to do.
    work: Condvar,
    /// Do not gather any longer.
    hurry: Condvar,
    /// A batch has been written.
    written: Condvar,
}

#[derive(Debug, Default)]
struct State {
    buffer: Vec<u8>,
    lines: u64,
    /// The writer waits on `work`.
    idle: bool,
    /// Somebody waits in `flush`, or the buffer fills.
    urgent: bool,
    /// A batch is being written outside the lock.
    writing: bool,
    reopen: bool,
    stop: bool,
    /// Lines dropped since the last report.
    dropped: u64,
}

enum Target {
    File(PathBuf, File),
    Stream(File),
}

impl LineWriter {
    /// The writer of this process's standard output. There is one: two would tear each
    /// other's lines.
    ///
    /// # Errors
    ///
    /// When standard output is closed or no thread can be started.
    pub fn stdout() -> io::Result<Self> {
        static STDOUT: OnceLock<LineWriter> = OnceLock::new();
        if let Some(writer) = STDOUT.get() {
            return Ok(writer.clone());
        }
        let stream = File::from(io::stdout().as_fd().try_clone_to_owned()?);
        let writer = Self::start(Target::Stream(stream))?;
        Ok(STDOUT.get_or_init(|| writer).clone())
    }

    /// A writer that appends to a file, which is made if it does not exist.
    ///
    /// # Errors
    ///
    /// When the file cannot be opened or no thread can be started.
    pub fn append(path: impl Into<PathBuf>) -> io::Result<Self> {
        let path = path.into();
        let file = open(&path)?;
        Self::start(Target::File(path, file))
    }

    /// A writer to an open stream, a pipe or a socket.
    ///
    /// # Errors
    ///
    /// When no thread can be started.
    pub fn to_stream(stream: File) -> io::Result<Self> {
        Self::start(Target::Stream(stream))
    }

    fn start(target: Target) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            work: Condvar::new(),
            hurry: Condvar::new(),
            written: Condvar::new(),
        });
        let theirs = Arc::clone(&shared);
        let join = std::thread::Builder::new()
            .name("line-writer".to_owned())
            .spawn(move || run(&theirs, target))?;
        Ok(Self { thread: Arc::new(Thread { shared, join: Some(join) }) })
    }

    /// Appends a line, given without its end. `false` when it was dropped because too many
    /// wait. Never waits for the target; line breaks inside become blanks.
    pub fn try_write(&self, line: impl AsRef<[u8]>) -> bool {
        let line = line.as_ref();
        let shared = &*self.thread.shared;
        let mut state = shared.state.lock();
        if state.buffer.len() + line.len() >= CAPACITY {
            state.dropped += 1;
            DROPPED.fetch_add(1, Ordering::Relaxed);
            return false;
        }
        let start = state.buffer.len();
        state.buffer.extend_from_slice(line);
        for byte in &mut state.buffer[start..] {
            if matches!(byte, b'\n' | b'\r') {
                *byte = b' ';
            }
        }
        state.buffer.push(b'\n');
        state.lines += 1;
        let wake = std::mem::take(&mut state.idle);
        let hurry = !state.urgent && state.buffer.len() > CAPACITY / 4;
        state.urgent |= hurry;
        drop(state);
        if wake {
            shared.work.notify_one();
        }
        if hurry {
            shared.hurry.notify_one();
        }
        true
    }

    /// Opens the file again under its name, after it has been moved away. Lines already
    /// given go to the old one. Streams are not affected.
    pub fn reopen(&self) {
        let shared = &*self.thread.shared;
        let mut state = shared.state.lock();
        state.reopen = true;
        state.idle = false;
        drop(state);
        shared.work.notify_one();
    }

    /// Waits until every line given so far is written, at most `patience`. Whether it was.
    pub fn flush(&self, patience: Duration) -> bool {
        let shared = &*self.thread.shared;
        let deadline = Instant::now() + patience;
        let mut state = shared.state.lock();
        while !state.buffer.is_empty() || state.writing || state.reopen {
            state.urgent = true;
            state.idle = false;
            shared.work.notify_one();
            shared.hurry.notify_one();
            if shared.written.wait_until(&mut state, deadline).timed_out() {
                return false;
            }
        }
        true
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        let mut state = self.shared.state.lock();
        state.stop = true;
        state.urgent = true;
        state.idle = false;
        drop(state);
        self.shared.work.notify_one();
        self.shared.hurry.notify_one();
        if let Some(join) = self.join.take() {
            // A panic of the writer was reported by the panic hook.
            let _ = join.join();
        }
    }
}

/// The writer's loop: wait for a line, gather more, write all of them.
fn run(shared: &Shared, mut target: Target) {
    let mut batch = Vec::new();
    let mut complained: Option<Instant> = None;
    loop {
        let mut state = shared.state.lock();
        while state.buffer.is_empty() && state.dropped == 0 && !state.reopen && !state.stop {
            state.idle = true;
            shared.work.wait(&mut state);
        }
        state.idle = false;
        let until = Instant::now() + GATHER;
        while !state.urgent && !state.stop {
            if shared.hurry.wait_until(&mut state, until).timed_out() {
                break;
            }
        }
        std::mem::swap(&mut batch, &mut state.buffer);
        let lines = std::mem::take(&mut state.lines);
        let dropped = std::mem::take(&mut state.dropped);
        let reopen = std::mem::take(&mut state.reopen);
        let stop = state.stop;
        state.urgent = false;
        state.writing = true;
        drop(state);

        if dropped > 0 {
            batch.extend_from_slice(report(dropped).as_bytes());
            batch.push(b'\n');
        }
        let mut outcome = write_all(&mut target, &batch);
        if outcome.is_err() {
            DROPPED.fetch_add(lines, Ordering::Relaxed);
        }
        if let (true, Target::File(path, file)) = (reopen, &mut target) {
            match open(path) {
                Ok(reopened) => *file = reopened,
                Err(error) => outcome = Err(error),
            }
        }
        batch.clear();
        batch.shrink_to(KEPT);
        if let Err(error) = outcome
            && complained.is_none_or(|at| at.elapsed() > COMPLAIN_EVERY)
        {
            complained = Some(Instant::now());
            let path = match &target {
                Target::File(path, _) => path.display().to_string(),
                Target::Stream(_) => "stream".to_owned(),
            };
            tracing::warn!(path, error = &error as &dyn std::error::Error, "cannot write lines");
        }

        let mut state = shared.state.lock();
        state.writing = false;
        let done = stop && state.buffer.is_empty();
        shared.written.notify_all();
        drop(state);
        if done {
            return;
        }
    }
}

fn open(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    OpenOptions::new().append(true).create(true).mode(0o640).open(path)
}

/// Writes everything. A pipe that somebody made non-blocking is waited for.
fn write_all(target: &mut Target, mut bytes: &[u8]) -> io::Result<()> {
    let (Target::File(_, file) | Target::Stream(file)) = target;
    while !bytes.is_empty() {
        match file.write(bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => bytes = &bytes[written..],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                std::thread::sleep(Duration::from_millis(5));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn report(dropped: u64) -> String {
    let line = crate::format::Line {
        at: marquis_kernel::Clock::now(&marquis_kernel::SystemClock),
        level: "warn",
        service: "marquis",
        trace_id: None,
        user_id: None,
        message: "log lines were dropped because their target is too slow",
    };
    let mut metadata = serde_json::Map::new();
    metadata.insert("dropped".to_owned(), dropped.into());
    line.to_json(&metadata)
}

#[cfg(test)]
mod tests;
