//! Child processes that cannot outlive the test process, not even one that is killed.

use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitStatus};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, OnceLock, PoisonError};

/// A request to start a command, and where the answer goes.
type Order = (Command, Sender<io::Result<std::process::Child>>);

/// A running child; killed and reaped when dropped.
#[derive(Debug)]
pub struct Child {
    inner: std::process::Child,
}

impl Child {
    /// Starts `command` so that the kernel kills it when this process ends.
    ///
    /// The kernel ties that to the thread that starts the child (prctl(2)), so one thread
    /// that never ends starts them all.
    ///
    /// # Errors
    ///
    /// The command cannot be started.
    pub fn spawn(command: Command) -> io::Result<Self> {
        static ORDERS: OnceLock<Mutex<Sender<Order>>> = OnceLock::new();
        let orders = ORDERS.get_or_init(|| {
            let (sender, orders) = channel::<Order>();
            std::thread::spawn(move || {
                for (mut command, answer) in orders {
                    tie(&mut command);
                    let _ = answer.send(command.spawn());
                }
            });
            Mutex::new(sender)
        });
        let (sender, answer) = channel();
        orders
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .send((command, sender))
            .map_err(io::Error::other)?;
        Ok(Self { inner: answer.recv().map_err(io::Error::other)?? })
    }

    /// The process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.inner.id()
    }

    /// The child of the standard library, for its pipes and `try_wait`.
    pub fn inner(&mut self) -> &mut std::process::Child {
        &mut self.inner
    }

    /// Asks the child to end (SIGTERM) and waits until it has.
    ///
    /// # Errors
    ///
    /// As `waitpid`.
    pub fn terminate(&mut self) -> io::Result<ExitStatus> {
        self.signal(libc::SIGTERM);
        self.inner.wait()
    }

    /// Kills the child (SIGKILL) and waits until it has ended.
    ///
    /// # Errors
    ///
    /// As `waitpid`.
    pub fn kill(&mut self) -> io::Result<ExitStatus> {
        let _ = self.inner.kill();
        self.inner.wait()
    }

    /// Sends a signal; a child that has ended already is no error.
    pub fn signal(&mut self, signal: i32) {
        // A child that was reaped is not there any more, and its number may be another's.
        if let (Ok(None), Ok(pid)) = (self.inner.try_wait(), i32::try_from(self.inner.id())) {
            #[expect(unsafe_code, reason = "the standard library sends SIGKILL only")]
            // SAFETY: kill takes two integers; `pid` is a child of ours not yet reaped.
            unsafe {
                libc::kill(pid, signal);
            }
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        let _ = self.kill();
    }
}

#[cfg(target_os = "linux")]
fn tie(command: &mut Command) {
    #[expect(unsafe_code, reason = "the standard library knows no parent-death signal")]
    // SAFETY: between fork and exec the closure makes one async-signal-safe system call.
    unsafe {
        command.pre_exec(|| {
            libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
            Ok(())
        });
    }
}

#[cfg(not(target_os = "linux"))]
fn tie(_command: &mut Command) {}
