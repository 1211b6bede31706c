//! Active health checks: every server of an upstream is asked for a path at an interval.

use std::future::poll_fn;
use std::sync::{Arc, Weak};
use std::time::Duration;

use http::{HeaderMap, HeaderValue, Method, header};
use tokio::time::Instant;

use super::Upstream;
use super::link::{self, Upload};
use super::server::Server;
use crate::body::ClientBody;

/// Checks until the upstream is retired.
pub(crate) async fn keep_checking(upstream: Weak<Upstream>) {
    let Some((retired, settings)) = upstream
        .upgrade()
        .map(|upstream| (upstream.retired.clone(), upstream.settings.health.clone()))
    else {
        return;
    };
    if settings.path.is_empty() {
        return;
    }
    let interval = settings.interval.duration().max(Duration::from_millis(10));
    loop {
        {
            let Some(upstream) = upstream.upgrade() else { return };
            let servers = upstream.servers();
            let checks = servers.iter().map(|server| async {
                let passed = check(server, &settings.path, settings.timeout.duration()).await;
                if let Some(up) = server.checked(passed, &settings) {
                    tracing::warn!(
                        upstream = upstream.name,
                        server = server.label,
                        up,
                        "health check changed its verdict"
                    );
                }
            });
            futures_util::future::join_all(checks).await;
        }
        tokio::select! {
            () = retired.cancelled() => return,
            () = tokio::time::sleep(interval) => {}
        }
    }
}

/// Whether the server answers `GET path` with a status below 400 in time. A connection of
/// its own: one that was kept says nothing about new ones.
async fn check(server: &Arc<Server>, path: &str, timeout: Duration) -> bool {
    let due = Instant::now() + timeout;
    let Ok(mut link) = link::connect(server.address, timeout).await else { return false };
    let mut upload = Upload::new(ClientBody::Empty);
    let mut headers = HeaderMap::new();
    headers.insert(header::HOST, server.authority.clone());
    headers.insert(header::USER_AGENT, HeaderValue::from_static("marquis-health-check"));
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    link.start(&Method::GET, path, &headers, &[], &upload);
    let answer = poll_fn(|cx| link.poll_answer(cx, &Method::GET, &mut upload, due)).await;
    answer.is_ok_and(|answer| answer.status.as_u16() < 400)
}
