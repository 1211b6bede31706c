//! Lengths of time as people write them in a configuration file: `"15m"`, `"1h30m"`, `"500ms"`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A length of time in whole milliseconds, written as numbers with the units `ms`, `s`,
/// `m`, `h` and `d` from the largest to the smallest. `"0"` is the only number without a unit.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(Duration);

/// The text is not a length of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(r#"expected a length of time such as "500ms", "10s", "15m", "1h30m" or "7d""#)]
pub struct InvalidSpan;

/// Units from the largest to the smallest, in milliseconds.
const UNITS: [(&str, u64); 5] =
    [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self(Duration::ZERO);

    /// `millis` milliseconds.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(Duration::from_millis(millis))
    }

    /// `secs` seconds.
    #[must_use]
    pub const fn from_secs(secs: u64) -> Self {
        Self(Duration::from_secs(secs))
    }

    /// The length for `std` and `tokio`.
    #[must_use]
    pub const fn duration(self) -> Duration {
        self.0
    }

    /// Whole seconds, rounded down.
    #[must_use]
    pub const fn as_secs(self) -> u64 {
        self.0.as_secs()
    }

    /// Whole milliseconds.
    #[must_use]
    pub fn as_millis(self) -> u64 {
        u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX)
    }

    /// Whether the length is zero, which usually means "off".
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0.is_zero()
    }
}

impl From<Span> for Duration {
    fn from(span: Span) -> Self {
        span.0
    }
}

/// Finer units than a millisecond are cut off.
impl From<Duration> for Span {
    fn from(duration: Duration) -> Self {
        Self::from_millis(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
    }
}

impl FromStr for Span {
    type Err = InvalidSpan;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut rest = text.trim();
        if rest == "0" {
            return Ok(Self::ZERO);
        }
        let mut millis = 0_u64;
        let mut smallest_seen = u64::MAX;
        while !rest.is_empty() {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            let number: u64 = rest[..digits].parse().map_err(|_| InvalidSpan)?;
            rest = &rest[digits..];
            let letters = rest.bytes().take_while(u8::is_ascii_lowercase).count();
            let unit = &rest[..letters];
            let &(_, size) = UNITS.iter().find(|(name, _)| *name == unit).ok_or(InvalidSpan)?;
            if size >= smallest_seen {
                return Err(InvalidSpan);
            }
            smallest_seen = size;
            millis = number
                .checked_mul(size)
                .and_then(|more| millis.checked_add(more))
                .ok_or(InvalidSpan)?;
            rest = rest[letters..].trim_start();
        }
        if smallest_seen == u64::MAX { Err(InvalidSpan) } else { Ok(Self::from_millis(millis)) }
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut millis = self.as_millis();
        if millis == 0 {
            return f.write_str("0s");
        }
        for (name, size) in UNITS {
            if millis >= size {
                write!(f, "{}{name}", millis / size)?;
                millis %= size;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_write_lengths_of_time() {
        for (text, millis) in [
            ("0", 0),
            ("0s", 0),
            ("500ms", 500),
            ("10s", 10_000),
            ("15m", 900_000),
            ("1h30m", 5_400_000),
            ("1h 30m", 5_400_000),
            (" 7d ", 604_800_000),
            ("1d2h3m4s5ms", 93_784_005),
        ] {
            assert_eq!(text.parse(), Ok(Span::from_millis(millis)), "{text}");
        }
    }

    #[test]
    fn what_is_ambiguous_or_too_long_is_refused() {
        for text in [
            "",
            " ",
            "10",
            "s",
            "-1s",
            "1.5h",
            "1m1h",
            "1s1s",
            "1S",
            "1 s",
            "1us",
            "300000000000d",
            "1s!",
        ] {
            assert_eq!(text.parse::<Span>(), Err(InvalidSpan), "{text}");
        }
    }

    #[test]
    fn printing_and_reading_agree() {
        for millis in [0, 1, 999, 1_000, 61_001, 86_399_999, 86_400_000, 1_234_567_890] {
            let span = Span::from_millis(millis);
            assert_eq!(span.to_string().parse(), Ok(span), "{span}");
        }
    }
}
