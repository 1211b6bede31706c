//! Rules that hold for any quiet hours at any time.

use proptest::prelude::*;
use time::{Duration, OffsetDateTime};

use super::{Minute, QuietHours, Zone};

fn zones() -> impl Strategy<Value = Zone> {
    proptest::sample::select(tzdb_data::TZ_NAMES).prop_map(|name| name.parse().expect("a zone"))
}

proptest! {
    #[test]
    fn quiet_hours_end_and_nothing_is_told_before(
        zone in zones(),
        from in 0_u16..1_440,
        to in 0_u16..1_440,
        // The years 2020 to 2037.
        second in 1_577_836_800_i64..2_145_916_800,
    ) {
        prop_assume!(from != to);
        let minute = |number| Minute::new(number).expect("a minute");
        let quiet = QuietHours { from: minute(from), to: minute(to), zone };
        let at = OffsetDateTime::from_unix_timestamp(second).expect("a time");
        let over = quiet.over(at);
        prop_assert!(over >= at && !quiet.cover(over));
        prop_assert!(over - at <= Duration::hours(26));
        if over > at {
            prop_assert!(quiet.cover(over - Duration::SECOND));
        }
    }
}
