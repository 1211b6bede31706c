//! Time as a parameter. Nothing outside this module reads the operating system's clock,
//! so a test can stand anywhere in time and move forward without sleeping.

use std::fmt::Debug;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use time::{Duration, OffsetDateTime};

/// Source of the current wall-clock time in UTC.
pub trait Clock: Debug + Send + Sync + 'static {
    /// The current time. PostgreSQL keeps microseconds, so implementations return no
    /// finer unit: a value that went through the database equals itself.
    fn now(&self) -> OffsetDateTime;

    /// The current Unix time in whole seconds, the unit of JWT's `NumericDate` (RFC 7519, section 2).
    fn unix(&self) -> i64 {
        self.now().unix_timestamp()
    }

    /// Where [`new_uuid`](crate::id::new_uuid) keeps the stamp of this clock's last id. Each
    /// clock has its own, so that a test's clock does not move the ids of another.
    fn last_stamp(&self) -> &AtomicU64;
}

/// A clock handle as it is passed around.
pub type SharedClock = Arc<dyn Clock>;

/// The operating system's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl SystemClock {
    /// A shared handle on the operating system's clock.
    #[must_use]
    pub fn shared() -> SharedClock {
        Arc::new(Self)
    }
}

impl Clock for SystemClock {
    fn now(&self) -> OffsetDateTime {
        #[expect(clippy::disallowed_methods, reason = "the one place that reads the system clock")]
        truncate_to_micros(OffsetDateTime::now_utc())
    }

    fn last_stamp(&self) -> &AtomicU64 {
        static LAST: AtomicU64 = AtomicU64::new(0);
        &LAST
    }
}

/// A clock that stands still until it is moved.
#[derive(Debug)]
pub struct ManualClock {
    unix_micros: AtomicI64,
    last_stamp: AtomicU64,
}

impl ManualClock {
    /// A clock standing at `start`.
    #[must_use]
    pub fn starting_at(start: OffsetDateTime) -> Arc<Self> {
        Arc::new(Self {
            unix_micros: AtomicI64::new(to_micros(start)),
            last_stamp: AtomicU64::new(0),
        })
    }

    /// A clock standing at the present moment.
    #[must_use]
    pub fn starting_now() -> Arc<Self> {
        Self::starting_at(SystemClock.now())
    }

    /// Moves the clock; a negative duration moves it back.
    pub fn advance(&self, by: Duration) {
        let micros = i64::try_from(by.whole_microseconds()).unwrap_or(i64::MAX);
        self.unix_micros.fetch_add(micros, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> OffsetDateTime {
        let micros = self.unix_micros.load(Ordering::SeqCst);
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1_000)
            .unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }

    fn last_stamp(&self) -> &AtomicU64 {
        &self.last_stamp
    }
}

fn to_micros(at: OffsetDateTime) -> i64 {
    i64::try_from(at.unix_timestamp_nanos() / 1_000).unwrap_or(i64::MAX)
}

fn truncate_to_micros(at: OffsetDateTime) -> OffsetDateTime {
    at.replace_nanosecond(at.nanosecond() / 1_000 * 1_000).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_clock_has_microseconds() {
        assert_eq!(SystemClock.now().nanosecond() % 1_000, 0);
    }

    #[test]
    fn a_manual_clock_moves_only_when_told() {
        let clock = ManualClock::starting_now();
        let before = clock.now();
        assert_eq!(clock.now(), before);
        clock.advance(Duration::seconds(90));
        assert_eq!(clock.now() - before, Duration::seconds(90));
        clock.advance(Duration::seconds(-30));
        assert_eq!(clock.now() - before, Duration::seconds(60));
    }
}
