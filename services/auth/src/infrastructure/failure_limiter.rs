//! Failed logins per address and account, counted in the cluster. Attempts are taken in
//! advance and given back on success, so concurrent guesses share one allowance.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use marquis_cluster::{Quota, RateLimiter};

use crate::application::ports::FailureLimiter;

/// The limiter on the cluster's sliding windows.
#[derive(Debug)]
pub struct ClusterFailureLimiter {
    limiter: Arc<dyn RateLimiter>,
    quota: Quota,
}

impl ClusterFailureLimiter {
    /// Allows `per_minute` failures.
    #[must_use]
    pub fn new(limiter: Arc<dyn RateLimiter>, per_minute: u32) -> Self {
        Self { limiter, quota: Quota::new(per_minute, Duration::from_secs(60)) }
    }
}

#[async_trait]
impl FailureLimiter for ClusterFailureLimiter {
    async fn take(&self, address: Option<IpAddr>, account: [u8; 32]) -> Result<(), Duration> {
        match self.limiter.check(&key(address, account), &self.quota).await {
            Ok(verdict) if verdict.allowed => Ok(()),
            Ok(verdict) => Err(verdict.retry_after),
            Err(error) => {
                // The lock of the account still stands guard.
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "failed logins are not limited by address now"
                );
                Ok(())
            }
        }
    }

    async fn give_back(&self, address: Option<IpAddr>, account: [u8; 32]) {
        if let Err(error) = self.limiter.release(&key(address, account), &self.quota).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "an attempt stays counted against its address"
            );
        }
    }
}

/// IPv6 hosts have a /64 to draw addresses from (RFC 6177), so that counts as one.
fn key(address: Option<IpAddr>, account: [u8; 32]) -> String {
    let account = URL_SAFE_NO_PAD.encode(&account[..16]);
    match address.map(|address| address.to_canonical()) {
        None => format!("auth.login:-:{account}"),
        Some(IpAddr::V4(address)) => format!("auth.login:{address}:{account}"),
        Some(IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            let network = Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0);
            format!("auth.login:{network}:{account}")
        }
    }
}

#[cfg(test)]
mod tests {
    use marquis_cluster::Cluster;
    use marquis_kernel::ManualClock;

    use super::*;

    #[tokio::test]
    async fn failures_are_counted_by_address_and_account() {
        let clock = ManualClock::starting_now();
        let limiter = ClusterFailureLimiter::new(Cluster::memory(clock.clone()).limiter, 2);
        let home: Option<IpAddr> = Some("2001:db8::1".parse().expect("address"));
        let neighbour = Some("2001:db8::ffff".parse().expect("address"));
        let elsewhere = Some("192.0.2.1".parse().expect("address"));
        assert!(limiter.take(home, [1; 32]).await.is_ok());
        assert!(limiter.take(neighbour, [1; 32]).await.is_ok());
        let wait = limiter.take(home, [1; 32]).await.expect_err("used up");
        assert!(!wait.is_zero() && wait <= Duration::from_secs(60), "{wait:?}");
        assert!(limiter.take(home, [2; 32]).await.is_ok());
        assert!(limiter.take(elsewhere, [1; 32]).await.is_ok());
        limiter.give_back(home, [1; 32]).await;
        assert!(limiter.take(home, [1; 32]).await.is_ok());
        clock.advance(time::Duration::seconds(61));
        assert!(limiter.take(home, [1; 32]).await.is_ok());
    }
}
