//! Leases in Redis: `SET NX PX` with an owner, as its documentation of distributed locks
//! describes for one instance, and a fencing token.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use fred::types::scripts::Script;
use marquis_kernel::random;

use super::Link;
use crate::ClusterError;
use crate::locks::{Lease, Leases, Locks};

/// The fence is Redis's time in microseconds, or one above the last given on this name: it keeps
/// growing when Redis loses its data and when its clock is set back within a day.
const ACQUIRE: &str = "
if redis.call('EXISTS', KEYS[1]) == 1 then
    return 0
end
local time = redis.call('TIME')
local fence = tonumber(time[1]) * 1000000 + tonumber(time[2])
local last = tonumber(redis.call('GET', KEYS[2])) or 0
if fence <= last then
    fence = last + 1
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
redis.call('SET', KEYS[2], string.format('%.0f', fence), 'PX', 86400000)
return fence
";
const RENEW: &str = "
if redis.call('GET', KEYS[1]) == ARGV[1] then
    return redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
return 0
";
const RELEASE: &str = "
if redis.call('GET', KEYS[1]) == ARGV[1] then
    return redis.call('DEL', KEYS[1])
end
return 0
";

#[derive(Debug)]
pub(crate) struct RedisLocks {
    table: Arc<Table>,
}

struct Table {
    link: Arc<Link>,
    acquire: Script,
    renew: Script,
    release: Script,
}

impl RedisLocks {
    pub(crate) fn new(link: Arc<Link>) -> Self {
        let [acquire, renew, release] = [ACQUIRE, RENEW, RELEASE].map(Script::from_lua);
        Self { table: Arc::new(Table { link, acquire, renew, release }) }
    }
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table").field("link", &self.link).finish_non_exhaustive()
    }
}

impl Table {
    async fn run(
        &self,
        script: &Script,
        name: &str,
        arguments: Vec<String>,
    ) -> Result<u64, ClusterError> {
        let tagged = format!("{{k{name}}}");
        let keys = vec![self.link.key("lock", &tagged), self.link.key("fence", &tagged)];
        self.link.call(script.evalsha_with_reload(self.link.client(), keys, arguments)).await
    }
}

fn millis(ttl: Duration) -> String {
    // Redis refuses what overflows its clock; nobody holds a lease for a century.
    ttl.as_millis().clamp(1, 3_000_000_000_000).to_string()
}

#[async_trait]
impl Locks for RedisLocks {
    async fn try_acquire(&self, name: &str, ttl: Duration) -> Result<Option<Lease>, ClusterError> {
        let owner = random::token();
        let arguments = vec![owner.clone(), millis(ttl)];
        let fence = self.table.run(&self.table.acquire, name, arguments).await?;
        Ok((fence > 0).then(|| Lease {
            leases: self.table.clone(),
            name: name.to_owned(),
            owner,
            fence,
        }))
    }
}

#[async_trait]
impl Leases for Table {
    async fn renew(&self, name: &str, owner: &str, ttl: Duration) -> Result<bool, ClusterError> {
        let arguments = vec![owner.to_owned(), millis(ttl)];
        Ok(self.run(&self.renew, name, arguments).await? == 1)
    }

    async fn release(&self, name: &str, owner: &str) -> Result<(), ClusterError> {
        self.run(&self.release, name, vec![owner.to_owned()]).await.map(drop)
    }
}
