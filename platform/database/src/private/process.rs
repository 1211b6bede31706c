//! What the standard library cannot say to the operating system: identities, signals, and
//! the tie between a child and the thread that started it. All unsafe code of the crate.
#![expect(unsafe_code, reason = "system calls; each with its argument why it is sound")]

use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use super::account::Account;

/// A signal to the server, by what PostgreSQL's postmaster does on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signal {
    /// Rolls back what is open, writes a checkpoint, ends.
    FastShutdown,
    /// Ends at once; the next start replays the log.
    ImmediateShutdown,
    /// Cannot be ignored.
    Kill,
}

impl Signal {
    const fn number(self) -> libc::c_int {
        match self {
            Self::FastShutdown => libc::SIGINT,
            Self::ImmediateShutdown => libc::SIGQUIT,
            Self::Kill => libc::SIGKILL,
        }
    }
}

pub(super) fn effective_uid() -> u32 {
    // SAFETY: geteuid has no preconditions and cannot fail.
    unsafe { libc::geteuid() }
}

pub(super) fn effective_gid() -> u32 {
    // SAFETY: getegid has no preconditions and cannot fail.
    unsafe { libc::getegid() }
}

/// Sends a signal; a process that has ended already is no error.
pub(super) fn send(pid: u32, signal: Signal) {
    let Ok(pid) = libc::pid_t::try_from(pid) else { return };
    if pid > 1 {
        // SAFETY: kill takes two integers; `pid` is positive, so one process is meant.
        unsafe { libc::kill(pid, signal.number()) };
    }
}

/// Makes `command` run as `account`, in a process group of its own so that Ctrl-C in the
/// terminal reaches us alone, and end with `signal` when the *thread* that spawns it ends,
/// which the kernel sees to even when our process is killed (prctl(2), PR_SET_PDEATHSIG).
pub(super) fn confine(command: &mut Command, account: &Account, signal: Signal) {
    command.process_group(0);
    if account.switch {
        // The standard library also drops the supplementary groups, and changes the
        // identity before it calls the closure below; a later change would undo prctl.
        command.uid(account.uid).gid(account.gid);
    }
    let parent = std::process::id();
    // SAFETY: between fork and exec the closure calls only prctl and getppid, which are
    // async-signal-safe, and builds errors that allocate nothing.
    unsafe {
        command.pre_exec(move || end_with_parent(parent, signal));
    }
}

#[cfg(target_os = "linux")]
fn end_with_parent(parent: u32, signal: Signal) -> io::Result<()> {
    // SAFETY: PR_SET_PDEATHSIG takes one integer.
    if unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, signal.number()) } != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: getppid has no preconditions. Another parent means ours died in between.
    if u32::try_from(unsafe { libc::getppid() }) != Ok(parent) {
        return Err(io::Error::from(io::ErrorKind::BrokenPipe));
    }
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn end_with_parent(_parent: u32, _signal: Signal) -> io::Result<()> {
    Ok(())
}
