//! Which key signs, which keys are published, and when keys come and go. Everything
//! follows from the times at which keys become active, so nodes that see the same keys
//! agree without talking.

use std::time::Duration;

use time::OffsetDateTime;

/// Rotation of signing keys.
#[derive(Debug, Clone, Copy)]
pub struct RotationPolicy {
    /// How long a key signs.
    pub period: Duration,
    /// How long before its use a key is published.
    pub publish_ahead: Duration,
    /// How long after its retirement a key stays published: the longest life of a token
    /// and a margin for nodes that learn of the successor late.
    pub publish_after: Duration,
}

/// What to do about the keys now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upkeep {
    /// Create a key that becomes active then.
    pub create: Option<OffsetDateTime>,
    /// Positions of keys that nobody needs any more.
    pub delete: Vec<usize>,
}

/// Position of the key that signs at `now`: the latest to have become active.
/// `active_from` is ascending.
#[must_use]
pub fn signer(active_from: &[OffsetDateTime], now: OffsetDateTime) -> Option<usize> {
    active_from.iter().rposition(|&from| from <= now)
}

impl RotationPolicy {
    /// Whether the key at `index` is published at `now`: it signs, it will, or tokens that
    /// it signed may still be valid.
    #[must_use]
    pub fn publishes(
        &self,
        active_from: &[OffsetDateTime],
        index: usize,
        now: OffsetDateTime,
    ) -> bool {
        active_from.get(index + 1).is_none_or(|&retired| now < retired + self.publish_after)
    }

    /// What is due at `now`. `active_from` is ascending.
    #[must_use]
    pub fn upkeep(&self, active_from: &[OffsetDateTime], now: OffsetDateTime) -> Upkeep {
        let create = match active_from.last() {
            None => Some(now),
            Some(&last) if last > now => None,
            Some(&last) => {
                let due = last + self.period;
                // An installation that was off does not use a key nobody has seen yet.
                (now + self.publish_ahead >= due).then(|| due.max(now + self.publish_ahead))
            }
        };
        let delete = (0..active_from.len())
            .filter(|&index| !self.publishes(active_from, index, now))
            .collect();
        Upkeep { create, delete }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DAY: u64 = 86_400;
    const POLICY: RotationPolicy = RotationPolicy {
        period: Duration::from_secs(30 * DAY),
        publish_ahead: Duration::from_secs(3_600),
        publish_after: Duration::from_secs(2 * 3_600),
    };

    fn at(seconds: u64) -> OffsetDateTime {
        OffsetDateTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn the_first_key_is_active_at_once() {
        assert_eq!(POLICY.upkeep(&[], at(5)), Upkeep { create: Some(at(5)), delete: vec![] });
        assert_eq!(signer(&[], at(5)), None);
    }

    #[test]
    fn the_next_key_is_published_before_it_signs() {
        let due = 30 * DAY;
        assert_eq!(POLICY.upkeep(&[at(0)], at(due - 3_601)).create, None);
        assert_eq!(POLICY.upkeep(&[at(0)], at(due - 3_600)).create, Some(at(due)));
        let keys = [at(0), at(due)];
        assert_eq!(POLICY.upkeep(&keys, at(due - 3_000)).create, None);
        assert_eq!(signer(&keys, at(due - 1)), Some(0));
        assert!(POLICY.publishes(&keys, 1, at(due - 3_000)));
        assert_eq!(signer(&keys, at(due)), Some(1));
    }

    #[test]
    fn a_retired_key_goes_when_its_last_token_has() {
        let keys = [at(0), at(100)];
        assert!(POLICY.publishes(&keys, 0, at(100 + 7_199)));
        assert_eq!(POLICY.upkeep(&keys, at(100 + 7_200)).delete, vec![0]);
        assert_eq!(POLICY.upkeep(&keys, at(100 + 7_199)).delete, Vec::<usize>::new());
    }

    #[test]
    fn after_a_long_pause_the_next_key_is_still_announced() {
        let upkeep = POLICY.upkeep(&[at(0)], at(100 * DAY));
        assert_eq!(upkeep.create, Some(at(100 * DAY + 3_600)));
    }

    proptest! {
        /// Whenever upkeep runs, however irregularly: someone signs, the signer and every
        /// key that signed within a token's life are published, keys do not pile up.
        #[test]
        fn there_is_always_a_published_signer(steps in prop::collection::vec(1..40 * DAY, 1..60)) {
            let mut keys: Vec<OffsetDateTime> = Vec::new();
            let mut now = at(0);
            let mut last_signer: Option<(OffsetDateTime, OffsetDateTime)> = None;
            for step in steps {
                let upkeep = POLICY.upkeep(&keys, now);
                for index in upkeep.delete.into_iter().rev() {
                    keys.remove(index);
                }
                keys.extend(upkeep.create);
                let signing = signer(&keys, now).expect("somebody signs");
                prop_assert!(POLICY.publishes(&keys, signing, now));
                prop_assert!(keys.len() <= 3, "{keys:?}");
                if let Some((key, used_at)) = last_signer
                    && now - used_at < Duration::from_secs(3_600)
                {
                    let index = keys.iter().position(|&one| one == key);
                    prop_assert!(index.is_some_and(|index| POLICY.publishes(&keys, index, now)));
                }
                last_signer = Some((keys[signing], now));
                now += Duration::from_secs(step);
            }
        }
    }
}
