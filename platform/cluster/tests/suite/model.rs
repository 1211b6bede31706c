//! The limiter equals a model that anybody can check by reading it.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the model's numbers are small"
)]

use std::time::Duration;

use crate::support::Bed;
use marquis_cluster::{Quota, Verdict};
use proptest::prelude::*;

/// Every accepted request in two plain lists.
#[derive(Default)]
struct Model {
    within: Vec<i64>,
    burst: Vec<i64>,
}

impl Model {
    fn forget(&mut self, now: i64, window: i64) {
        for at in self.within.iter_mut().chain(&mut self.burst) {
            *at = now.min(*at);
        }
        self.within.retain(|at| now - at < window);
        self.burst.retain(|at| now - at < 10 * window);
    }

    fn check(&mut self, now: i64, quota: &Quota) -> Verdict {
        let window = quota.window.as_millis() as i64;
        self.forget(now, window);
        let allowed = if self.within.len() < quota.limit as usize {
            self.within.push(now);
            true
        } else if self.burst.len() < quota.burst as usize {
            self.burst.push(now);
            true
        } else {
            false
        };
        let free = |log: &[i64], span: i64| log.first().map(|at| at + span - now);
        let retry = if allowed {
            0
        } else {
            [free(&self.within, window), free(&self.burst, 10 * window)]
                .into_iter()
                .flatten()
                .min()
                .unwrap_or(window)
        };
        let millis = |count: i64| Duration::from_millis(count as u64);
        Verdict {
            allowed,
            limit: quota.limit,
            remaining: quota.limit - self.within.len() as u32,
            reset_after: millis(self.within.last().map_or(0, |at| at + window - now)),
            retry_after: millis(retry),
        }
    }

    fn release(&mut self, now: i64, quota: &Quota) {
        self.forget(now, quota.window.as_millis() as i64);
        if self.burst.last() >= self.within.last() {
            self.burst.pop();
        } else {
            self.within.pop();
        }
    }
}

#[derive(Debug, Clone)]
enum Step {
    Check,
    Release,
    Pass(i64),
    SetBack(i64),
}

fn steps(length: usize) -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        12 => Just(Step::Check),
        2 => Just(Step::Release),
        6 => (0_i64..400).prop_map(Step::Pass),
        2 => (900_i64..12_000).prop_map(Step::Pass),
        1 => (0_i64..30_000).prop_map(Step::SetBack),
        1 => (0_i64..6_000_000_000).prop_map(Step::Pass),
        1 => (0_i64..6_000_000_000).prop_map(Step::SetBack),
    ];
    prop::collection::vec(step, 1..length)
}

fn quotas() -> impl Strategy<Value = Quota> {
    (0_u32..6, 0_u32..4).prop_map(|(limit, burst)| {
        Quota::new(limit, Duration::from_millis(1_000)).with_burst(burst)
    })
}

async fn compare(bed: &Bed, key: &str, quota: &Quota, steps: &[Step]) -> Result<(), TestCaseError> {
    let (mut model, mut now) = (Model::default(), 0);
    for step in steps {
        match *step {
            Step::Check => {
                let verdict = bed.cluster.limiter.check(key, quota).await.expect("answers");
                prop_assert_eq!(verdict, model.check(now, quota));
            }
            Step::Release => {
                bed.cluster.limiter.release(key, quota).await.expect("answers");
                model.release(now, quota);
            }
            Step::Pass(millis) => {
                bed.clock.advance(time::Duration::milliseconds(millis));
                now += millis;
            }
            Step::SetBack(millis) => {
                bed.clock.advance(time::Duration::milliseconds(-millis));
                now -= millis;
            }
        }
    }
    Ok(())
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("runtime")
}

#[test]
fn memory_equals_the_model() {
    let runtime = runtime();
    proptest!(ProptestConfig::with_cases(2_000), |(quota in quotas(), steps in steps(80))| {
        runtime.block_on(async { compare(&Bed::memory().await, "k", &quota, &steps).await })?;
    });
}

#[test]
fn redis_equals_the_model() {
    let runtime = runtime();
    let bed = runtime.block_on(Bed::redis());
    let cases = std::cell::Cell::new(0);
    proptest!(ProptestConfig::with_cases(150), |(quota in quotas(), steps in steps(60))| {
        cases.set(cases.get() + 1);
        let key = format!("case:{}", cases.get());
        runtime.block_on(compare(&bed, &key, &quota, &steps))?;
    });
    assert_eq!(bed.cluster.stats().local_checks, 0, "every answer came from Redis");
}

/// The promise itself, without the model: over any history at most `limit` and the burst in
/// any window, and nobody is refused who is within the limit.
#[test]
fn no_window_holds_more_and_no_one_is_refused_early() {
    let runtime = runtime();
    let gaps = prop::collection::vec(0_i64..400, 1..300);
    proptest!(ProptestConfig::with_cases(500), |(quota in quotas(), gaps in gaps)| {
        let bed = runtime.block_on(Bed::memory());
        let window = quota.window.as_millis() as i64;
        let (mut accepted, mut now) = (Vec::new(), 0);
        for gap in gaps {
            bed.clock.advance(time::Duration::milliseconds(gap));
            now += gap;
            let verdict = bed.cluster.limiter.check_now("k", &quota).expect("memory needs no I/O");
            let recent = accepted.iter().filter(|&&at| now - at < window).count();
            if verdict.allowed {
                prop_assert!(recent < (quota.limit + quota.burst) as usize);
                accepted.push(now);
            } else {
                prop_assert!(recent >= quota.limit as usize);
                prop_assert!(verdict.retry_after > Duration::ZERO);
            }
        }
        for &start in &accepted {
            let long = accepted.iter().filter(|&&at| (start..start + 10 * window).contains(&at));
            prop_assert!(long.count() <= (quota.limit * 10 + quota.limit + quota.burst) as usize);
        }
    });
}
