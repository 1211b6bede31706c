//! Hours in which nobody is disturbed, by the clock on the person's wall.
//!
//! A zone is a name of the IANA database; offsets come from the copy of it that is built
//! into the program, so that summer time is right without the machine's help.

use std::fmt;
use std::str::FromStr;

use time::{Duration, OffsetDateTime, UtcOffset};
use tz::TimeZoneRef;

/// A minute of the local day, 0 to 1439. Text form `22:30`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Minute(u16);

/// The text is no time of day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a time of day such as 22:30")]
pub struct InvalidMinute;

const MINUTES_OF_A_DAY: u16 = 1_440;

impl Minute {
    /// The minute with this number, if there is one.
    #[must_use]
    pub const fn new(number: u16) -> Option<Self> {
        if number < MINUTES_OF_A_DAY { Some(Self(number)) } else { None }
    }

    /// Minutes since midnight.
    #[must_use]
    pub const fn number(self) -> u16 {
        self.0
    }
}

impl fmt::Display for Minute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

impl FromStr for Minute {
    type Err = InvalidMinute;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (hours, minutes) = text.split_once(':').ok_or(InvalidMinute)?;
        let number = |text: &str, below: u16| {
            let digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
            let number = digits.then(|| text.parse::<u16>().ok()).flatten();
            number.filter(|number| *number < below).ok_or(InvalidMinute)
        };
        Ok(Self(number(hours, 24)? * 60 + number(minutes, 60)?))
    }
}

/// A time zone of the IANA database.
#[derive(Clone, Copy)]
pub struct Zone {
    name: &'static str,
    rules: &'static TimeZoneRef<'static>,
}

/// The text names no time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not an IANA time zone such as Europe/Berlin")]
pub struct UnknownZone;

impl Zone {
    /// Its name, spelled as in the database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.name
    }

    /// What local clocks show at an instant, as an offset from UTC.
    #[must_use]
    pub fn offset_at(self, at: OffsetDateTime) -> UtcOffset {
        let seconds = self.rules.find_local_time_type(at.unix_timestamp());
        let seconds = seconds.map_or(0, tz::LocalTimeType::ut_offset);
        UtcOffset::from_whole_seconds(seconds).unwrap_or(UtcOffset::UTC)
    }

    fn minute_at(self, at: OffsetDateTime) -> Minute {
        let local = at.to_offset(self.offset_at(at));
        Minute(u16::from(local.hour()) * 60 + u16::from(local.minute()))
    }
}

impl FromStr for Zone {
    type Err = UnknownZone;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let rules = tzdb_data::find_tz(text.as_bytes()).ok_or(UnknownZone)?;
        let name = tzdb_data::TZ_NAMES.iter().find(|name| name.eq_ignore_ascii_case(text));
        Ok(Self { name: name.ok_or(UnknownZone)?, rules })
    }
}

impl PartialEq for Zone {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Zone {}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// From one minute of the local day up to, and without, another; over midnight when the
/// second is the earlier one. Equal minutes are the whole day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuietHours {
    /// The first quiet minute.
    pub from: Minute,
    /// The first minute that is not quiet.
    pub to: Minute,
    /// Whose minutes.
    pub zone: Zone,
}

impl QuietHours {
    /// Whether an instant is quiet.
    #[must_use]
    pub fn cover(&self, at: OffsetDateTime) -> bool {
        let minute = self.zone.minute_at(at);
        if self.from < self.to {
            self.from <= minute && minute < self.to
        } else {
            minute >= self.from || minute < self.to
        }
    }

    /// The first instant from `at` on that is not quiet: `at` itself, or the beginning of a
    /// minute. Hours that cover the whole day end where they would begin anew.
    ///
    /// Looked for minute by minute, because that is right on the days on which the clock is
    /// changed, when the minute named may come twice or not at all.
    #[must_use]
    pub fn over(&self, at: OffsetDateTime) -> OffsetDateTime {
        if !self.cover(at) {
            return at;
        }
        let into_minute =
            Duration::new(i64::from(at.second()), i32::try_from(at.nanosecond()).unwrap_or(0));
        let mut minute = at - into_minute;
        // A day of 25 hours, and one more for zones that skipped a whole day.
        for _ in 0..=49 * 60 {
            minute += Duration::MINUTE;
            let ends_here = self.from == self.to && self.zone.minute_at(minute) == self.to;
            if ends_here || !self.cover(minute) {
                return minute;
            }
        }
        minute
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    fn hours(from: &str, to: &str, zone: &str) -> QuietHours {
        QuietHours {
            from: from.parse().expect("a minute"),
            to: to.parse().expect("a minute"),
            zone: zone.parse().expect("a zone"),
        }
    }

    #[test]
    fn a_night_ends_in_the_morning_of_its_zone() {
        let night = hours("22:00", "07:00", "Europe/Berlin");
        // Winter: UTC+1. Summer: UTC+2.
        for (at, over) in [
            (datetime!(2026-01-10 20:59:59 UTC), datetime!(2026-01-10 20:59:59 UTC)),
            (datetime!(2026-01-10 21:00 UTC), datetime!(2026-01-11 06:00 UTC)),
            (datetime!(2026-01-11 05:59:59.5 UTC), datetime!(2026-01-11 06:00 UTC)),
            (datetime!(2026-01-11 06:00 UTC), datetime!(2026-01-11 06:00 UTC)),
            (datetime!(2026-07-10 20:00 UTC), datetime!(2026-07-11 05:00 UTC)),
        ] {
            assert_eq!(night.over(at), over, "{at}");
        }
    }

    #[test]
    fn clocks_that_are_changed_at_night() {
        let night = hours("22:00", "07:00", "Europe/Berlin");
        // On 29 March 2026 02:00 becomes 03:00, on 25 October 2026 03:00 becomes 02:00.
        assert_eq!(night.over(datetime!(2026-03-28 23:00 UTC)), datetime!(2026-03-29 05:00 UTC));
        assert_eq!(night.over(datetime!(2026-10-24 23:00 UTC)), datetime!(2026-10-25 06:00 UTC));
        // An end that does not exist on that day, and one that exists twice.
        let early = hours("22:00", "02:30", "Europe/Berlin");
        assert_eq!(early.over(datetime!(2026-03-28 23:00 UTC)), datetime!(2026-03-29 01:00 UTC));
        assert_eq!(early.over(datetime!(2026-10-24 23:00 UTC)), datetime!(2026-10-25 00:30 UTC));
    }

    #[test]
    fn hours_within_a_day_and_a_whole_day() {
        let lunch = hours("12:00", "13:30", "Asia/Kathmandu");
        // UTC+5:45.
        assert!(!lunch.cover(datetime!(2026-05-01 06:14:59 UTC)));
        assert!(lunch.cover(datetime!(2026-05-01 06:15 UTC)));
        assert_eq!(lunch.over(datetime!(2026-05-01 06:15 UTC)), datetime!(2026-05-01 07:45 UTC));
        let always = hours("08:00", "08:00", "UTC");
        assert_eq!(always.over(datetime!(2026-05-01 09:00 UTC)), datetime!(2026-05-02 08:00 UTC));
    }

    #[test]
    fn names_and_times_are_read_strictly() {
        assert_eq!("europe/BERLIN".parse::<Zone>().expect("a zone").name(), "Europe/Berlin");
        for wrong in ["", "Berlin", "Europe/Atlantis", "UTC+1", "../etc/passwd", "Europe/Berlin "] {
            assert_eq!(wrong.parse::<Zone>(), Err(UnknownZone), "{wrong}");
        }
        assert_eq!("00:00".parse(), Ok(Minute(0)));
        assert_eq!("23:59".parse::<Minute>().expect("valid").to_string(), "23:59");
        for wrong in ["", "24:00", "7:00", "07:60", "07:5", "0700", "+7:00", "07:00:00"] {
            assert_eq!(wrong.parse::<Minute>(), Err(InvalidMinute), "{wrong}");
        }
    }
}
