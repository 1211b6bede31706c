//! Typed identifiers: UUID version 7 (RFC 9562, section 5.7), so that keys sort by
//! creation time and indexes grow at one end.
//!
//! Each aggregate declares its own type with [`typed_id!`](crate::typed_id); one kind of
//! id cannot be passed where another is meant.

use std::sync::atomic::{AtomicU64, Ordering};

use uuid::Uuid;

use crate::clock::Clock;
use crate::random;

/// A new UUIDv7 stamped with the clock's time.
///
/// Ids made by one process are strictly increasing even within a millisecond: the 12 bits
/// of `rand_a` hold a counter (RFC 9562, section 6.2, method 1). The remaining 62 bits
/// come from the operating system's entropy source.
#[must_use]
pub fn new_uuid(clock: &dyn Clock) -> Uuid {
    let millis = u64::try_from(clock.now().unix_timestamp_nanos() / 1_000_000).unwrap_or(0);
    let stamp = next_stamp(clock.last_stamp(), millis);
    let mut bytes = random::bytes::<16>();
    let millis = stamp >> 12;
    bytes[..6].copy_from_slice(&millis.to_be_bytes()[2..]);
    let [_, _, _, _, _, _, high, low] = (stamp & 0xfff).to_be_bytes();
    bytes[6] = 0x70 | high;
    bytes[7] = low;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    Uuid::from_bytes(bytes)
}

/// Milliseconds and counter packed into one number that never repeats for a clock. When more than 4,096 ids fall into a millisecond the stamp runs ahead of the clock.
fn next_stamp(of: &AtomicU64, millis: u64) -> u64 {
    let wanted = millis << 12;
    let mut last = of.load(Ordering::Relaxed);
    loop {
        // A clock that was set far back (a test's, an operator's) starts a new row
        // instead of stamping yesterday's ids with tomorrow's time.
        let far_back = last.saturating_sub(wanted) > (10_000 << 12);
        let next = if far_back { wanted } else { wanted.max(last + 1) };
        match of.compare_exchange_weak(last, next, Ordering::Relaxed, Ordering::Relaxed) {
            Ok(_) => return next,
            Err(seen) => last = seen,
        }
    }
}

/// Declares a newtype over [`Uuid`] with `new(clock)`, `Display`, `FromStr` and serde as a string.
#[macro_export]
macro_rules! typed_id {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(
            Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord,
            $crate::id::__private::Serialize, $crate::id::__private::Deserialize,
        )]
        #[serde(transparent, crate = "marquis_kernel::id::__private::serde")]
        pub struct $name($crate::id::__private::Uuid);

        impl $name {
            /// A new id stamped with the clock's time.
            #[must_use]
            pub fn new(clock: &dyn $crate::clock::Clock) -> Self {
                Self($crate::id::new_uuid(clock))
            }

            /// An id that exists already, from storage or the wire.
            #[must_use]
            pub const fn from_uuid(uuid: $crate::id::__private::Uuid) -> Self {
                Self(uuid)
            }

            /// The bare UUID, for storage.
            #[must_use]
            pub const fn uuid(self) -> $crate::id::__private::Uuid {
                self.0
            }
        }

        impl ::std::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                ::std::fmt::Display::fmt(&self.0, f)
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = $crate::id::__private::UuidError;

            fn from_str(text: &str) -> ::std::result::Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    };
}

#[doc(hidden)]
pub mod __private {
    pub use serde::{self, Deserialize, Serialize};
    pub use uuid::{Error as UuidError, Uuid};
}

#[cfg(test)]
mod tests {
    use time::Duration;

    use super::*;
    use crate::clock::{ManualClock, SystemClock};

    #[test]
    fn ids_are_version_7_and_increase_within_a_millisecond() {
        let clock = ManualClock::starting_now();
        let ids: Vec<Uuid> = (0..10_000).map(|_| new_uuid(&*clock)).collect();
        assert!(ids.iter().all(|id| id.get_version_num() == 7));
        assert!(ids.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn another_clock_does_not_move_the_ids_of_this_one() {
        let (here, elsewhere) = (ManualClock::starting_now(), ManualClock::starting_now());
        elsewhere.advance(Duration::seconds(5));
        let ids: Vec<Uuid> = (0..100)
            .map(|turn| {
                elsewhere.advance(Duration::seconds(if turn % 2 == 0 { 60 } else { -60 }));
                let _ = new_uuid(&*elsewhere);
                new_uuid(&*here)
            })
            .collect();
        assert!(ids.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn ids_carry_the_clock() {
        let clock = ManualClock::starting_now();
        clock.advance(Duration::hours(1));
        let (seconds, _) = new_uuid(&*clock).get_timestamp().expect("version 7").to_unix();
        assert!(seconds.abs_diff(clock.unix().unsigned_abs()) <= 4, "{seconds}");
        assert_ne!(new_uuid(&SystemClock), new_uuid(&SystemClock));
    }
}
