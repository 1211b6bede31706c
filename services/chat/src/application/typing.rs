//! Who is shown to whom as typing on this node. It ends by itself on the node that shows it,
//! so it ends even when the typist's node has died.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use crate::domain::PersonId;

/// Shown at most; beyond it nothing more is shown to begin.
const MOST: usize = 100_000;

/// Somebody is shown that one types to another; each of the two is shown it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Shown {
    /// Whose sockets.
    pub room: PersonId,
    /// Who types.
    pub from: PersonId,
    /// To whom.
    pub to: PersonId,
}

/// Who is shown to whom as typing, and until when.
#[derive(Debug)]
pub struct Typing {
    expiry: Duration,
    shown: Mutex<HashMap<Shown, Instant>>,
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

    /// It is shown that somebody types, or not any more.
    pub fn note(&self, typist: Shown, is_typing: bool) {
        let mut shown = self.shown.lock();
        if !is_typing {
            shown.remove(&typist);
        } else if shown.len() < MOST {
            shown.insert(typist, Instant::now() + self.expiry);
        }
    }

    /// Takes out whatever has ended.
    pub fn expired(&self) -> Vec<Shown> {
        let mut shown = self.shown.lock();
        if shown.is_empty() {
            return Vec::new();
        }
        let now = Instant::now();
        let ended: Vec<_> =
            shown.iter().filter(|(_, until)| **until <= now).map(|(typist, _)| *typist).collect();
        for typist in &ended {
            shown.remove(typist);
        }
        ended
    }
}
