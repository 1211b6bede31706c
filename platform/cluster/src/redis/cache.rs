//! The cache in Redis.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use fred::interfaces::KeysInterface as _;
use fred::types::Expiration;

use super::Link;
use crate::ClusterError;
use crate::cache::Cache;

#[derive(Debug)]
pub(crate) struct RedisCache {
    link: Arc<Link>,
}

impl RedisCache {
    pub(crate) const fn new(link: Arc<Link>) -> Self {
        Self { link }
    }
}

#[async_trait]
impl Cache for RedisCache {
    async fn get(&self, key: &str) -> Result<Option<Bytes>, ClusterError> {
        let key = self.link.key("cache", key);
        let value: Result<Option<Bytes>, _> = self.link.call(self.link.client().get(key)).await;
        Ok(value.unwrap_or_default())
    }

    async fn set(&self, key: &str, value: Bytes, ttl: Duration) -> Result<(), ClusterError> {
        let key = self.link.key("cache", key);
        let ttl =
            Expiration::PX(i64::try_from(ttl.as_millis()).unwrap_or(i64::MAX).clamp(1, LONGEST));
        let set = self.link.client().set(key, value, Some(ttl), None, false);
        let _: Result<(), ClusterError> = self.link.call(set).await;
        Ok(())
    }

    async fn remove(&self, key: &str) -> Result<(), ClusterError> {
        let key = self.link.key("cache", key);
        let _: i64 = self.link.call(self.link.client().del(key)).await?;
        Ok(())
    }
}

/// A hundred years in milliseconds; Redis refuses a time to live that overflows its clock.
const LONGEST: i64 = 100 * 366 * 24 * 60 * 60 * 1_000;
