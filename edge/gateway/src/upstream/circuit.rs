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

    fn millis(&self) -> u64 {
        u64::try_from(self.epoch.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Whether a request may be sent; otherwise the time after which it may.
    pub(crate) fn admit(&self) -> Result<(), Duration> {
        let until = self.open_until.load(Ordering::Relaxed);
        if until == 0 {
            return Ok(());
        }
        let now = self.millis();
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
        let number = self.millis() / self.settings.window.as_millis().max(1) & 0xffff_ffff;
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
                            .store(self.millis() + self.open_millis(), Ordering::Relaxed);
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

    #[tokio::test(start_paused = true)]
    async fn it_opens_probes_and_closes() {
        let circuit = Circuit::new(settings::Circuit::default());
        for _ in 0..19 {
            assert!(!circuit.record(true));
            assert!(circuit.admit().is_ok());
        }
        assert!(circuit.record(true));
        let wait = circuit.admit().expect_err("open");
        assert_eq!(wait, Duration::from_secs(5));
        tokio::time::advance(wait).await;
        assert!(circuit.admit().is_ok(), "the probe");
        assert!(circuit.admit().is_err(), "only one probe");
        circuit.record(true);
        assert!(circuit.admit().is_err(), "the probe failed");
        tokio::time::advance(wait).await;
        assert!(circuit.admit().is_ok());
        circuit.record(false);
        assert!(circuit.admit().is_ok() && circuit.admit().is_ok());
        assert!(!circuit.is_open());
    }

    #[tokio::test(start_paused = true)]
    async fn some_failures_do_not_open_it() {
        let circuit = Circuit::new(settings::Circuit::default());
        for number in 0..10_000 {
            assert!(!circuit.record(number % 2 == 0));
        }
        assert!(circuit.admit().is_ok());
    }
}
