//! Rate limits: by client address before anything is known of the caller, by user and service
//! after the token was checked. A request over the limit is answered with 429.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderName, HeaderValue, Response};
use marquis_cluster::{Quota, Verdict};
use marquis_config::sections::gateway::{RateLimit, RateLimitBy};
use marquis_http::Problem;

use super::Refusal;
use crate::body::Body;
use crate::exchange::Exchange;
use crate::route::{Limit, Route};

const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");
const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

impl Limit {
    /// The limit of a configured class; `None` when it is switched off.
    pub(crate) fn new(class: &str, settings: &RateLimit) -> Option<Arc<Self>> {
        if settings.limit == 0 {
            return None;
        }
        let window = settings.window.duration();
        let quota = Quota::new(settings.limit, window).with_burst(settings.burst);
        let policy = format!("{};w={}", settings.limit, window.as_secs().max(1));
        Some(Arc::new(Self {
            class: class.to_owned(),
            prefix: format!("gateway:{class}:"),
            by: settings.by,
            quota,
            policy: HeaderValue::from_str(&policy).ok()?,
            limit: HeaderValue::from(settings.limit),
        }))
    }
}

/// Limits by address.
pub(super) async fn by_address(exchange: &mut Exchange, route: &Route) -> Result<(), Refusal> {
    for limit in route.limits.iter().filter(|limit| limit.by == RateLimitBy::Address) {
        let key = if exchange.address == exchange.client.peer.ip() {
            [limit.prefix.as_str(), &exchange.client.network].concat()
        } else {
            format!("{}{}", limit.prefix, network(exchange.address))
        };
        check(exchange, limit, &key).await?;
    }
    Ok(())
}

/// Limits that need to know the user or count everybody together.
pub(super) async fn by_user_and_service(
    exchange: &mut Exchange,
    route: &Route,
) -> Result<(), Refusal> {
    for limit in &route.limits {
        let key = match (limit.by, &exchange.principal) {
            (RateLimitBy::Address, _) | (RateLimitBy::User, None) => continue,
            (RateLimitBy::User, Some(principal)) => {
                format!("{}{}", limit.prefix, principal.user_id)
            }
            (RateLimitBy::Service, _) => {
                format!("{}{}", limit.prefix, route.service())
            }
        };
        check(exchange, limit, &key).await?;
    }
    Ok(())
}

async fn check(exchange: &mut Exchange, limit: &Arc<Limit>, key: &str) -> Result<(), Refusal> {
    let gate = &exchange.client.gate;
    let limiter = &gate.cluster.limiter;
    let verdict = match limiter.check_now(key, &limit.quota) {
        Some(verdict) => verdict,
        None => match limiter.check(key, &limit.quota).await {
            Ok(verdict) => verdict,
            Err(error) => {
                // Rather a request too many than none at all.
                tracing::warn!(
                    class = limit.class,
                    error = &error as &dyn std::error::Error,
                    "rate limiter failed, request let through"
                );
                return Ok(());
            }
        },
    };
    let tightest =
        exchange.verdict.as_ref().is_none_or(|(_, seen)| verdict.remaining <= seen.remaining);
    let allowed = verdict.allowed;
    if tightest || !allowed {
        exchange.verdict = Some((Arc::clone(limit), verdict));
    }
    if allowed {
        return Ok(());
    }
    exchange.client.gate.metrics.limited.with_label_values(&[limit.class.as_str()]).inc();
    Err(Problem::too_many_requests(verdict.retry_after).into())
}

/// The client's address; of IPv6 the network that one subscriber gets (RFC 6177).
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let bits = u128::from(address) & !u128::from(u64::MAX);
            IpAddr::V6(bits.into())
        }
        v4 => v4,
    }
}

/// Tells the client where it stands.
pub(super) fn announce(exchange: &Exchange, response: &mut Response<Body>) {
    let Some((limit, verdict)) = &exchange.verdict else { return };
    let headers = response.headers_mut();
    if headers.contains_key(LIMIT) {
        // The service has a tighter limit of its own.
        return;
    }
    headers.insert(LIMIT, limit.limit.clone());
    headers.insert(REMAINING, HeaderValue::from(verdict.remaining));
    headers.insert(RESET, HeaderValue::from(seconds(verdict)));
    headers.insert(POLICY, limit.policy.clone());
}

/// Whole seconds, rounded up.
fn seconds(verdict: &Verdict) -> u64 {
    let after: Duration = verdict.reset_after;
    after.as_secs() + u64::from(after.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_subscriber_is_one_client() {
        let network = |text: &str| network(text.parse().expect(text)).to_string();
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(network("192.0.2.7"), "192.0.2.7");
        assert_eq!(network("::ffff:192.0.2.7"), "192.0.2.7");
    }
}
