//! Signals as the process sees them: SIGINT and SIGTERM stop it gracefully, a second one at
//! once. SIGHUP is the gateway's, which reloads its settings.

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::exit::{Code, Context as _, Failure, announce};

/// Cancels the token at the first SIGINT or SIGTERM. The second ends the process with 130,
/// for an operator who does not want to wait for running requests.
pub fn stop_on_signal() -> Result<CancellationToken, Failure> {
    let mut interrupt = listen(SignalKind::interrupt())?;
    let mut terminate = listen(SignalKind::terminate())?;
    let token = CancellationToken::new();
    let stop = token.clone();
    tokio::spawn(async move {
        tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
        stop.cancel();
        announce("Stopping: finishing running requests. Once more to stop at once.");
        tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
        #[expect(clippy::exit, reason = "the operator asked twice")]
        std::process::exit(130);
    });
    Ok(token)
}

fn listen(kind: SignalKind) -> Result<Signal, Failure> {
    signal(kind).or_fail(Code::Internal, "signals cannot be received")
}
