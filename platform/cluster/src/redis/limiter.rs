//! The sliding-window log in Redis, shared by every node.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use fred::types::scripts::Script;

use super::Link;
use crate::ClusterError;
use crate::limiter::{Quota, RateLimiter, Verdict};
use crate::window::millis;

/// Counts in Redis, and in this node's memory while Redis is away: a limit of 100 on three
/// nodes then lets up to 300 pass, which is safer than none passing or all.
pub(crate) struct RedisLimiter {
    link: Arc<Link>,
    limit: Script,
    release: Script,
}

impl fmt::Debug for RedisLimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisLimiter").field("link", &self.link).finish_non_exhaustive()
    }
}

impl RedisLimiter {
    pub(crate) fn new(link: Arc<Link>) -> Self {
        Self {
            link,
            limit: Script::from_lua(concat!(include_str!("log.lua"), include_str!("limit.lua"))),
            release: Script::from_lua(concat!(
                include_str!("log.lua"),
                include_str!("release.lua")
            )),
        }
    }

    /// Both logs of a key carry one hash tag, so that Redis Cluster keeps them together.
    fn keys(&self, key: &str) -> Vec<String> {
        let tagged = format!("{{k{key}}}");
        vec![self.link.key("limit", &tagged), self.link.key("burst", &tagged)]
    }

    fn arguments(&self, quota: &Quota) -> Vec<String> {
        vec![
            quota.limit.to_string(),
            quota.window_millis().to_string(),
            quota.burst.to_string(),
            quota.burst_millis().to_string(),
            self.link.script_time(),
        ]
    }

    async fn check_shared(&self, key: &str, quota: &Quota) -> Result<Verdict, ClusterError> {
        let arguments = self.arguments(quota);
        let script = self.limit.evalsha_with_reload(self.link.client(), self.keys(key), arguments);
        let (allowed, taken, reset, retry): (i64, u32, i64, i64) = self.link.call(script).await?;
        Ok(Verdict {
            allowed: allowed == 1,
            limit: quota.limit,
            remaining: quota.limit.saturating_sub(taken),
            reset_after: millis(reset),
            retry_after: millis(retry),
        })
    }

    fn check_alone(&self, key: &str, quota: &Quota) -> Verdict {
        self.link.count_local_check();
        self.link.local.try_check(key, quota)
    }
}

#[async_trait]
impl RateLimiter for RedisLimiter {
    async fn check(&self, key: &str, quota: &Quota) -> Result<Verdict, ClusterError> {
        // The cause is counted and logged, once, by the link.
        let shared = self.check_shared(key, quota).await;
        Ok(shared.unwrap_or_else(|_| self.check_alone(key, quota)))
    }

    fn check_now(&self, key: &str, quota: &Quota) -> Option<Verdict> {
        self.link.is_away().then(|| self.check_alone(key, quota))
    }

    async fn release(&self, key: &str, quota: &Quota) -> Result<(), ClusterError> {
        // Which of the two counted it is not known any more; giving back where nothing was
        // taken does nothing.
        self.link.local.release(key, quota).await?;
        let arguments = self.arguments(quota);
        let script =
            self.release.evalsha_with_reload(self.link.client(), self.keys(key), arguments);
        let _: Result<i64, ClusterError> = self.link.call(script).await;
        Ok(())
    }
}
