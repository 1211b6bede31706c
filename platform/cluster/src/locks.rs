//! Leases: a name that one node holds for a while.
//!
//! A lease can end while its holder believes in it (a pause, a partition). Whoever guards
//! data with one passes [`Lease::fence`] along, and the data refuses a smaller one than it
//! has seen (Kleppmann, "How to do distributed locking", 2016).

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::ClusterError;

/// Gives out leases.
#[async_trait]
pub trait Locks: Debug + Send + Sync + 'static {
    /// The lease on `name` for `ttl` (at least a millisecond), or `None` while somebody holds it.
    ///
    /// # Errors
    ///
    /// [`ClusterError::Unavailable`] when nobody can say.
    async fn try_acquire(&self, name: &str, ttl: Duration) -> Result<Option<Lease>, ClusterError>;
}

/// Where a lease came from, and so where it is renewed and released.
#[async_trait]
pub(crate) trait Leases: Debug + Send + Sync + 'static {
    async fn renew(&self, name: &str, owner: &str, ttl: Duration) -> Result<bool, ClusterError>;
    async fn release(&self, name: &str, owner: &str) -> Result<(), ClusterError>;
}

/// A lease that was held when it was given. Dropping it gives nothing back: it then ends
/// with its time, as it does when the holder dies.
#[derive(Debug)]
pub struct Lease {
    pub(crate) leases: Arc<dyn Leases>,
    pub(crate) name: String,
    pub(crate) owner: String,
    pub(crate) fence: u64,
}

impl Lease {
    /// The name it is held on.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Larger than that of every earlier lease on this name.
    #[must_use]
    pub const fn fence(&self) -> u64 {
        self.fence
    }

    /// Holds it for `ttl` from now. `false` when it has ended and must not be relied on.
    ///
    /// # Errors
    ///
    /// [`ClusterError::Unavailable`] when nobody can say; treat it as ended.
    pub async fn renew(&self, ttl: Duration) -> Result<bool, ClusterError> {
        self.leases.renew(&self.name, &self.owner, ttl).await
    }

    /// Gives it back. Ended already is fine, also when somebody else holds the name now.
    ///
    /// # Errors
    ///
    /// [`ClusterError::Unavailable`] when it stays held until its time is over.
    pub async fn release(self) -> Result<(), ClusterError> {
        self.leases.release(&self.name, &self.owner).await
    }
}
