//! The circuit breaker of an upstream: when nearly every request fails, asking costs the client
//! a timeout and the upstream its recovery, so for a while nobody asks; then one request probes.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use marquis_config::sections::gateway as settings;
use tokio::time::Instant;

#[derive(Debug)]
pub(crate) struct Circuit {
    settings: settings::Circuit,
    epoch: Instant,
    /// Window number in the upper 32 bits, requests and failures in 16 bits each.
    window: AtomicU64,
    /// Milliseconds since `epoch` until which it is open; zero when closed.
    open_until: AtomicU64,
}

impl Circuit {
    pub(crate) fn new(settings: settings::Circuit) -> Self {
        Self {
            settings,
            epoch: Instant::now(),
            window: AtomicU64::new(0),
            open_until: AtomicU64::new(0),
        }
    }

    fn millis(&self, now: Instant) -> u64 {
        let since = now.saturating_duration_since(self.epoch);
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }

    /// Whether a request may be sent; otherwise the time after which it may.
    pub(crate) fn admit(&self) -> Result<(), Duration> {
        // Reading the clock is for the rare case of an open circuit.
        if self.open_until.load(Ordering::Relaxed) == 0 {
            Ok(())
        } else {
            self.admit_at(Instant::now())
        }
    }

    fn admit_at(&self, now: Instant) -> Result<(), Duration> {
        let until = self.open_until.load(Ordering::Relaxed);
        if until == 0 {
            return Ok(());
        }
        let now = self.millis(now);
        if now < until {
            return Err(Duration::from_millis(until - now));
        }
        // Half open: whoever moves the mark on is the probe; the others wait for its result.
        let next = now + self.open_millis();
        match self.open_until.compare_exchange(until, next, Ordering::AcqRel, Ordering::Relaxed) {
            Ok(_) => Ok(()),
            Err(_) => Err(self.settings.open.duration()),
        }
    }

    fn open_millis(&self) -> u64 {
        self.settings.open.as_millis().max(1)
    }

    /// The outcome of a request. Returns true when this opened the circuit.
    pub(crate) fn record(&self, failed: bool) -> bool {
        self.record_at(failed, Instant::now())
    }

    fn record_at(&self, failed: bool, now: Instant) -> bool {
        if self.settings.failure_percent == 0 {
            return false;
        }
        if self.open_until.load(Ordering::Relaxed) != 0 {
            if !failed {
                self.open_until.store(0, Ordering::Relaxed);
                self.window.store(0, Ordering::Relaxed);
            }
            return false;
        }
        let number = (self.millis(now) / self.settings.window.as_millis().max(1)) & 0xffff_ffff;
        let mut seen = self.window.load(Ordering::Relaxed);
        loop {
            let (mut requests, mut failures) = (seen >> 16 & 0xffff, seen & 0xffff);
            if seen >> 32 != number {
                (requests, failures) = (0, 0);
            } else if requests == 0xffff {
                (requests, failures) = (requests / 2, failures / 2);
            }
            requests += 1;
            failures += u64::from(failed);
            let next = number << 32 | requests << 16 | failures;
            match self.window.compare_exchange_weak(
                seen,
                next,
                Ordering::Relaxed,
                Ordering::Relaxed,
            ) {
                Ok(_) => {
                    let opens = failed
                        && requests >= u64::from(self.settings.min_requests)
                        && failures * 100 >= requests * u64::from(self.settings.failure_percent);
                    if opens {
                        self.open_until
                            .store(self.millis(now) + self.open_millis(), Ordering::Relaxed);
                    }
                    return opens;
                }
                Err(changed) => seen = changed,
            }
        }
    }

    /// Whether requests are held back now.
    pub(crate) fn is_open(&self) -> bool {
        self.open_until.load(Ordering::Relaxed) != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_opens_probes_and_closes() {
        let circuit = Circuit::new(settings::Circuit::default());
        let at = |seconds| circuit.epoch + Duration::from_secs(seconds);
        for _ in 0..19 {
            assert!(!circuit.record_at(true, at(0)));
            assert!(circuit.admit_at(at(0)).is_ok());
        }
        assert!(circuit.record_at(true, at(0)));
        assert_eq!(circuit.admit_at(at(0)), Err(Duration::from_secs(5)));
        assert!(circuit.admit_at(at(5)).is_ok(), "the probe");
        assert!(circuit.admit_at(at(5)).is_err(), "only one probe");
        circuit.record_at(true, at(5));
        assert!(circuit.admit_at(at(6)).is_err(), "the probe failed");
        assert!(circuit.admit_at(at(10)).is_ok());
        circuit.record_at(false, at(10));
        assert!(circuit.admit_at(at(10)).is_ok() && circuit.admit_at(at(10)).is_ok());
        assert!(!circuit.is_open());
    }

    #[test]
    fn some_failures_do_not_open_it() {
        let circuit = Circuit::new(settings::Circuit::default());
        for number in 0..100_000 {
            assert!(!circuit.record(number % 2 == 0));
        }
        assert!(circuit.admit().is_ok());
    }
}
