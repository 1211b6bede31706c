//! Health for machines: `/livez` (the process answers), `/readyz` (it may be sent
//! traffic), `/health` (what it depends on).
//!
//! What always holds: checks run concurrently, each within a time limit, and their report
//! is kept for a second, so that a flood of health requests never becomes a flood of
//! database queries. A report carries no secrets: causes go to the log.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use utoipa::ToSchema;

/// Why something does not work.
#[derive(Debug)]
pub struct CheckFailure {
    message: Cow<'static, str>,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl CheckFailure {
    /// `message` is published: it must not contain anything secret.
    pub fn new(message: impl Into<Cow<'static, str>>) -> Self {
        Self { message: message.into(), source: None }
    }

    /// `source` is logged, `message` is published.
    pub fn caused_by(
        message: impl Into<Cow<'static, str>>,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self { message: message.into(), source: Some(source.into()) }
    }
}

/// What a check says.
pub type CheckResult = Result<(), CheckFailure>;

type CheckFuture = Pin<Box<dyn Future<Output = CheckResult> + Send>>;

struct Check {
    name: &'static str,
    required: bool,
    run: Box<dyn Fn() -> CheckFuture + Send + Sync>,
    /// Whether it failed last time: a failure is logged when it begins and when it ends.
    failing: AtomicBool,
}

/// One state of health.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Everything works.
    Ok,
    /// Something that one can do without is away.
    Degraded,
    /// Something that one cannot do without is away.
    Unavailable,
}

/// What `/health` answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The worst of all checks.
    pub status: Status,
    /// Which service answers.
    #[schema(value_type = String)]
    pub service: Cow<'static, str>,
    /// Each check.
    pub checks: Vec<CheckReport>,
}

/// One check of a [`Report`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CheckReport {
    /// What is checked.
    #[schema(value_type = String)]
    pub name: Cow<'static, str>,
    /// How it is.
    pub status: Status,
    /// How long it took to find out, in milliseconds.
    pub latency_ms: f64,
    /// What is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub message: Option<Cow<'static, str>>,
}

/// The named checks of one service.
#[derive(Default)]
pub struct HealthChecks {
    checks: Vec<Check>,
    draining: CancellationToken,
    limit: Option<Duration>,
}

impl HealthChecks {
    const DEFAULT_LIMIT: Duration = Duration::from_secs(2);

    /// No checks: always healthy.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Something the service cannot work without: its failure makes `/health` a 503.
    #[must_use]
    pub fn required<F, Fut>(self, name: &'static str, check: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = CheckResult> + Send + 'static,
    {
        self.with(name, true, check)
    }

    /// Something the service can do without for a while: its failure is reported as degraded.
    #[must_use]
    pub fn optional<F, Fut>(self, name: &'static str, check: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = CheckResult> + Send + 'static,
    {
        self.with(name, false, check)
    }

    fn with<F, Fut>(mut self, name: &'static str, required: bool, check: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = CheckResult> + Send + 'static,
    {
        let run = Box::new(move || -> CheckFuture { Box::pin(check()) });
        self.checks.push(Check { name, required, run, failing: AtomicBool::new(false) });
        self
    }

    /// `/readyz` says no as soon as this token is cancelled: pass the shutdown token.
    #[must_use]
    pub fn draining(mut self, shutdown: CancellationToken) -> Self {
        self.draining = shutdown;
        self
    }

    /// How long each check may take; 2 seconds unless told.
    #[must_use]
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.limit = Some(limit);
        self
    }
}

impl fmt::Debug for HealthChecks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.checks.iter().map(|check| check.name)).finish()
    }
}

/// The checks at work.
#[derive(Debug)]
pub(crate) struct Health {
    service: &'static str,
    checks: HealthChecks,
    latest: Mutex<Option<(Instant, Arc<Report>)>>,
}

impl Health {
    const FRESH: Duration = Duration::from_secs(1);

    pub(crate) fn new(service: &'static str, checks: HealthChecks) -> Self {
        Self { service, checks, latest: Mutex::new(None) }
    }

    pub(crate) fn ready(&self) -> bool {
        !self.checks.draining.is_cancelled()
    }

    /// The report of the last second, or a new one. Those who ask meanwhile wait for it.
    pub(crate) async fn report(&self) -> Arc<Report> {
        let mut latest = self.latest.lock().await;
        if let Some((at, report)) = &*latest
            && at.elapsed() < Self::FRESH
        {
            return Arc::clone(report);
        }
        let checks = join_all(self.checks.checks.iter().map(|check| self.examine(check))).await;
        let status = checks.iter().map(|check| check.status).max_by_key(|status| *status as u8);
        let report = Arc::new(Report {
            status: status.unwrap_or(Status::Ok),
            service: Cow::Borrowed(self.service),
            checks,
        });
        *latest = Some((Instant::now(), Arc::clone(&report)));
        report
    }

    async fn examine(&self, check: &Check) -> CheckReport {
        let started = Instant::now();
        let limit = self.checks.limit.unwrap_or(HealthChecks::DEFAULT_LIMIT);
        let result = timeout(limit, (check.run)())
            .await
            .unwrap_or_else(|_| Err(CheckFailure::new("does not answer in time")));
        let latency_ms = (started.elapsed().as_secs_f64() * 1e5).round() / 1e2;
        let (status, message) = match result {
            Ok(()) => {
                if check.failing.swap(false, Ordering::Relaxed) {
                    tracing::info!(check = check.name, "healthy again");
                }
                (Status::Ok, None)
            }
            Err(failure) => {
                if !check.failing.swap(true, Ordering::Relaxed) {
                    let error = failure.source.as_deref().map(|source| chain(source));
                    tracing::warn!(check = check.name, error, "{}", failure.message);
                }
                let status = if check.required { Status::Unavailable } else { Status::Degraded };
                (status, Some(failure.message))
            }
        };
        CheckReport { name: Cow::Borrowed(check.name), status, latency_ms, message }
    }
}

/// An error and its causes, `outer: inner: innermost`.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    #[tokio::test]
    async fn the_worst_check_decides() {
        let ok = || async { Ok(()) };
        let bad = || async { Err(CheckFailure::caused_by("is away", "password=hunter2")) };
        let status = async |checks| Health::new("test", checks).report().await.status;
        assert_eq!(status(HealthChecks::new()).await, Status::Ok);
        assert_eq!(status(HealthChecks::new().required("a", ok)).await, Status::Ok);
        let degraded = HealthChecks::new().required("a", ok).optional("b", bad);
        assert_eq!(status(degraded).await, Status::Degraded);
        let down = HealthChecks::new().optional("b", bad).required("a", bad).required("c", ok);
        let report = Health::new("test", down).report().await;
        assert_eq!(report.status, Status::Unavailable);
        let json = serde_json::to_string(&*report).expect("serializes");
        assert!(json.contains("is away") && !json.contains("hunter2"), "{json}");
    }

    #[tokio::test]
    async fn a_hanging_check_is_cut_off_and_others_do_not_wait_in_line() {
        let hang = || async {
            tokio::time::sleep(Duration::from_secs(3600)).await;
            Ok(())
        };
        let limit = Duration::from_millis(300);
        let checks = (0..20).fold(HealthChecks::new(), |checks, _| checks.required("a", hang));
        let started = Instant::now();
        let report = Health::new("test", checks.time_limit(limit)).report().await;
        assert!(started.elapsed() < limit * 10, "{:?}", started.elapsed());
        assert_eq!(report.checks[1].message.as_deref(), Some("does not answer in time"));
    }

    #[tokio::test]
    async fn a_flood_asks_once_a_second() {
        let asked = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&asked);
        let checks = HealthChecks::new().required("a", move || {
            let counter = Arc::clone(&counter);
            async move {
                counter.fetch_add(1, Ordering::SeqCst);
                Ok(())
            }
        });
        let health = Health::new("test", checks);
        join_all((0..100).map(|_| health.report())).await;
        assert_eq!(asked.load(Ordering::SeqCst), 1);
        let started = Instant::now();
        while asked.load(Ordering::SeqCst) == 1 {
            assert!(started.elapsed() < Duration::from_secs(10), "the report never grows old");
            tokio::time::sleep(Duration::from_millis(20)).await;
            health.report().await;
        }
        assert!(started.elapsed() > Duration::from_millis(800), "{:?}", started.elapsed());
    }

    #[test]
    fn a_draining_service_is_not_ready() {
        let shutdown = CancellationToken::new();
        let health = Health::new("test", HealthChecks::new().draining(shutdown.clone()));
        assert!(health.ready());
        shutdown.cancel();
        assert!(!health.ready());
    }
}
