//! Rate limits by an exact sliding-window log.
//!
//! Every accepted request leaves its time behind. A request is accepted when fewer than
//! `limit` lie in the window that ends now; above that it may draw on the burst, of which at most
//! `burst` are granted in any ten windows. Refused requests leave nothing behind, so a
//! client that hammers is not locked out longer than one that waits.
//!
//! Resolution is one millisecond. A wall clock that is set back moves recorded times that
//! now lie in the future to the present, so it costs nobody more than one window.

use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;

use crate::ClusterError;

/// A burst is spent over this many windows.
pub(crate) const BURST_WINDOWS: i64 = 10;
/// Ten of these still fit into 31 bits of milliseconds, the unit of the log.
const LONGEST_WINDOW: Duration = Duration::from_secs(2 * 24 * 60 * 60);

/// How much is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// Requests in any `window`.
    pub limit: u32,
    /// From a millisecond to two days; anything outside is taken as the nearest of these.
    pub window: Duration,
    /// Requests above `limit` in any ten windows.
    pub burst: u32,
}

impl Quota {
    /// `limit` requests in any `window`, without a burst.
    #[must_use]
    pub const fn new(limit: u32, window: Duration) -> Self {
        Self { limit, window, burst: 0 }
    }

    /// The same with a burst.
    #[must_use]
    pub const fn with_burst(self, burst: u32) -> Self {
        Self { burst, ..self }
    }

    /// The window in milliseconds, within the supported range.
    pub(crate) fn window_millis(&self) -> i64 {
        let window = self.window.clamp(Duration::from_millis(1), LONGEST_WINDOW);
        i64::try_from(window.as_millis()).unwrap_or(1)
    }

    /// The time over which the burst is counted, in milliseconds.
    pub(crate) fn burst_millis(&self) -> i64 {
        self.window_millis() * BURST_WINDOWS
    }
}

/// What the limiter says to one request; enough for `RateLimit-*` and `Retry-After`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// Whether the request may pass.
    pub allowed: bool,
    /// The quota's `limit`.
    pub limit: u32,
    /// How many more pass in this window. The burst is a tolerance and not advertised, so a
    /// request that drew on it is allowed with nothing remaining.
    pub remaining: u32,
    /// Until `remaining` is back at `limit` if nothing more is sent.
    pub reset_after: Duration,
    /// Zero when allowed, otherwise the time after which a request passes.
    pub retry_after: Duration,
}

/// Counts requests by key. Keys are text such as `login:<address>:<account>`; each owner
/// puts its own name first.
#[async_trait]
pub trait RateLimiter: Debug + Send + Sync + 'static {
    /// Takes one from the quota, if there is one.
    ///
    /// # Errors
    ///
    /// None when Redis is away (this node then counts alone); room for other limiters.
    async fn check(&self, key: &str, quota: &Quota) -> Result<Verdict, ClusterError>;

    /// [`RateLimiter::check`] without a future, where that takes no I/O: always in memory,
    /// and while Redis is known to be away. `None` has taken nothing; call `check`.
    fn check_now(&self, key: &str, quota: &Quota) -> Option<Verdict> {
        let _ = (key, quota);
        None
    }

    /// Gives the newest one back, such as for a login that succeeded. Nothing taken is fine.
    ///
    /// # Errors
    ///
    /// None when Redis is away; the request then stays counted until its window ends.
    async fn release(&self, key: &str, quota: &Quota) -> Result<(), ClusterError>;
}
