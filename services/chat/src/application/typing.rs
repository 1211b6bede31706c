//! Who is shown to whom as typing on this node. It ends by itself on the node that shows it,
//! so it ends even when the typist's node has died.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::domain::PersonId;

/// Shown at most; beyond it nothing more is shown to begin.
const MOST: usize = 100_000;

/// Who is shown to whom as typing, and until when.
#[derive(Debug)]
pub struct Typing {
    expiry: Duration,
    shown: Mutex<HashMap<(PersonId, PersonId), Instant>>,
}

impl Typing {
    /// Nobody types.
    #[must_use]
    pub fn new(expiry: Duration) -> Self {
        Self { expiry, shown: Mutex::default() }
    }

    /// How often [`Typing::expired`] should be asked.
    #[must_use]
    pub fn tick(&self) -> Duration {
        (self.expiry / 10).clamp(Duration::from_millis(10), Duration::from_millis(500))
    }

    /// It is shown to `to` that `from` types, or not any more.
    pub fn note(&self, to: PersonId, from: PersonId, is_typing: bool) {
        let mut shown = self.shown.lock();
        if !is_typing {
            shown.remove(&(to, from));
        } else if shown.len() < MOST {
            shown.insert((to, from), Instant::now() + self.expiry);
        }
    }

    /// Takes out whatever has ended: to whom it was shown, and who typed.
    pub fn expired(&self) -> Vec<(PersonId, PersonId)> {
        let mut shown = self.shown.lock();
        if shown.is_empty() {
            return Vec::new();
        }
        let now = Instant::now();
        let ended: Vec<_> =
            shown.iter().filter(|(_, until)| **until <= now).map(|(pair, _)| *pair).collect();
        for pair in &ended {
            shown.remove(pair);
        }
        ended
    }
}
