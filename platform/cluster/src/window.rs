//! The sliding-window log of one key: a pure state machine over milliseconds.
//!
//! Always holds after every operation: both logs are sorted, hold nothing older than their
//! span, nothing in the future, and at most `limit` and `burst` entries.

use std::collections::VecDeque;
use std::time::Duration;

use crate::limiter::{Quota, Verdict};

/// Times are the low 32 bits of Unix milliseconds; `touched` completes them. An entry is never
/// more than ten windows (under 2^31 ms) older than `touched`, so this is exact.
#[derive(Debug, Default)]
pub(crate) struct Window {
    within: VecDeque<u32>,
    burst: VecDeque<u32>,
    touched: i64,
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the low bits are meant"
)]
const fn low(millis: i64) -> u32 {
    millis as u32
}

impl Window {
    /// Takes one at `now` (Unix milliseconds), if the quota has one.
    pub(crate) fn check(&mut self, now: i64, quota: &Quota) -> Verdict {
        self.forget(now, quota);
        let within = self.within.len() < quota.limit as usize;
        let allowed = within || self.burst.len() < quota.burst as usize;
        if within {
            self.within.push_back(low(now));
        } else if allowed {
            self.burst.push_back(low(now));
        }
        self.verdict(now, quota, allowed)
    }

    /// Gives the newest back.
    pub(crate) fn release(&mut self, now: i64, quota: &Quota) {
        self.forget(now, quota);
        let age = |log: &VecDeque<u32>| log.back().map_or(i64::MAX, |&at| self.age(at));
        // Taken in the same millisecond, the burst was drawn on last.
        if age(&self.burst) <= age(&self.within) {
            self.burst.pop_back();
        } else {
            self.within.pop_back();
        }
    }

    /// Whether nothing recorded counts any more at `now`.
    pub(crate) fn is_idle(&self, now: i64, quota_window: u32) -> bool {
        let window = i64::from(quota_window);
        let span =
            if self.burst.is_empty() { window } else { window * crate::limiter::BURST_WINDOWS };
        now.saturating_sub(self.touched) >= span
    }

    fn age(&self, at: u32) -> i64 {
        i64::from(low(self.touched).wrapping_sub(at))
    }

    fn forget(&mut self, now: i64, quota: &Quota) {
        let past = now - self.touched;
        if past < 0 {
            self.pull_back(now);
        }
        for (log, span) in
            [(&mut self.within, quota.window_millis()), (&mut self.burst, quota.burst_millis())]
        {
            if past >= span {
                log.clear();
                continue;
            }
            while log.front().is_some_and(|&at| i64::from(low(now).wrapping_sub(at)) >= span) {
                log.pop_front();
            }
        }
        self.touched = now;
    }

    /// The clock was set back: what now lies in the future happened just now.
    fn pull_back(&mut self, now: i64) {
        let touched = self.touched;
        for at in self.within.iter_mut().chain(&mut self.burst) {
            let exact = touched - i64::from(low(touched).wrapping_sub(*at));
            *at = low(exact.min(now));
        }
    }

    fn verdict(&self, now: i64, quota: &Quota, allowed: bool) -> Verdict {
        debug_assert_eq!(self.touched, now);
        let until = |at: Option<&u32>, span: i64| at.map(|&at| span - self.age(at));
        let (window, span) = (quota.window_millis(), quota.burst_millis());
        let reset = until(self.within.back(), window).unwrap_or(0);
        let retry = if allowed {
            0
        } else {
            let within = until(self.within.front(), window);
            let burst = until(self.burst.front(), span);
            // Nothing recorded and still refused: a quota of nothing. Ask again in a window.
            within.into_iter().chain(burst).min().unwrap_or(window)
        };
        Verdict {
            allowed,
            limit: quota.limit,
            remaining: quota
                .limit
                .saturating_sub(u32::try_from(self.within.len()).unwrap_or(u32::MAX)),
            reset_after: millis(reset),
            retry_after: millis(retry),
        }
    }
}

pub(crate) fn millis(count: i64) -> Duration {
    Duration::from_millis(u64::try_from(count).unwrap_or(0))
}
