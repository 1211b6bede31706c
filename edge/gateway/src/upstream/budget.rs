//! The retry budget: repeated requests are at most a share of all requests of the last ten
//! seconds, so that retries cannot multiply the load on a failing upstream.

use std::time::Duration;

use parking_lot::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::time::Instant;

const SLICE: Duration = Duration::from_secs(1);
const SLICES: usize = 10;
/// Retries allowed in ten seconds however few requests there are.
const FLOOR: u64 = 30;

#[derive(Debug)]
pub(crate) struct RetryBudget {
    percent: u64,
    /// Requests since the slices were last turned; the only thing the request path touches.
    fresh: AtomicU64,
    history: Mutex<History>,
}

#[derive(Debug)]
struct History {
    turned: Instant,
    at: usize,
    requests: [u64; SLICES],
    retries: [u64; SLICES],
}

impl RetryBudget {
    pub(crate) fn new(percent: u32) -> Self {
        Self {
            percent: u64::from(percent),
            fresh: AtomicU64::new(0),
            history: Mutex::new(History {
                turned: Instant::now(),
                at: 0,
                requests: [0; SLICES],
                retries: [0; SLICES],
            }),
        }
    }

    /// Counts a request.
    pub(crate) fn request(&self) {
        self.fresh.fetch_add(1, Ordering::Relaxed);
    }

    /// Takes one retry from the budget, if there is one.
    pub(crate) fn retry(&self) -> bool {
        self.retry_at(Instant::now())
    }

    fn retry_at(&self, now: Instant) -> bool {
        let mut history = self.history.lock();
        history.turn(now);
        let at = history.at;
        // Between two retries seconds may pass; what is fresh then counts as of now, which
        // errs towards allowing the first retry after calm.
        history.requests[at] += self.fresh.swap(0, Ordering::Relaxed);
        let requests: u64 = history.requests.iter().sum();
        let retries: u64 = history.retries.iter().sum();
        let allowed = retries < FLOOR + requests * self.percent / 100;
        if allowed {
            history.retries[at] += 1;
        }
        allowed
    }
}

impl History {
    fn turn(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.turned).as_millis() / SLICE.as_millis();
        for _ in 0..passed.min(SLICES as u128) {
            self.at = (self.at + 1) % SLICES;
            self.requests[self.at] = 0;
            self.retries[self.at] = 0;
        }
        let whole = u32::try_from(passed).unwrap_or(u32::MAX);
        self.turned += SLICE.saturating_mul(whole);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retries_are_a_share_of_requests_with_a_floor() {
        let budget = RetryBudget::new(20);
        let start = Instant::now();
        let granted = |seconds| {
            let now = start + Duration::from_secs(seconds);
            (0..10_000).take_while(|_| budget.retry_at(now)).count()
        };
        assert_eq!(granted(0), 30);
        for _ in 0..1_000 {
            budget.request();
        }
        assert_eq!(granted(0), 200);
        assert_eq!(granted(11), 30);
    }
}
