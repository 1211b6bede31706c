// This file was generated with `clorinde`. Do not modify.

#[derive(Debug)]
pub struct PutPreferencesParams<T1: crate::JsonSql, T2: crate::StringSql> {
    pub user_id: uuid::Uuid,
    pub channels: T1,
    pub quiet_from: Option<i16>,
    pub quiet_to: Option<i16>,
    pub time_zone: Option<T2>,
    pub now: time::OffsetDateTime,
}
#[derive(Debug)]
pub struct PutSubscriptionParams<T1: crate::StringSql, T2: crate::BytesSql, T3: crate::BytesSql> {
    pub id: uuid::Uuid,
    pub user_id: uuid::Uuid,
    pub endpoint: T1,
    pub p256dh: T2,
    pub auth: T3,
    pub now: time::OffsetDateTime,
}
#[derive(Clone, Copy, Debug)]
pub struct DropOldSubscriptionsParams {
    pub user_id: uuid::Uuid,
    pub keep: uuid::Uuid,
    pub others: i64,
}
#[derive(Clone, Copy, Debug)]
pub struct DeleteSubscriptionParams {
    pub id: uuid::Uuid,
    pub user_id: uuid::Uuid,
}
#[derive(Debug)]
pub struct DeleteGoneSubscriptionParams<T1: crate::StringSql> {
    pub id: uuid::Uuid,
    pub endpoint: T1,
}
#[derive(Debug, Clone, PartialEq)]
pub struct Preferences {
    pub channels: serde_json::Value,
    pub quiet_from: Option<i16>,
    pub quiet_to: Option<i16>,
    pub time_zone: Option<String>,
}
pub struct PreferencesBorrowed<'a> {
    pub channels: postgres_types::Json<&'a serde_json::value::RawValue>,
    pub quiet_from: Option<i16>,
    pub quiet_to: Option<i16>,
    pub time_zone: Option<&'a str>,
}
impl<'a> From<PreferencesBorrowed<'a>> for Preferences {
    fn from(
        PreferencesBorrowed { channels, quiet_from, quiet_to, time_zone }: PreferencesBorrowed<'a>,
    ) -> Self {
        Self {
            channels: serde_json::from_str(channels.0.get()).unwrap(),
            quiet_from,
            quiet_to,
            time_zone: time_zone.map(|v| v.into()),
        }
    }
}
#[derive(Debug, Clone, PartialEq)]
pub struct Subscription {
    pub id: uuid::Uuid,
    pub user_id: uuid::Uuid,
    pub endpoint: String,
    pub p256dh: Vec<u8>,
    pub auth: Vec<u8>,
    pub created_at: time::OffsetDateTime,
}
pub struct SubscriptionBorrowed<'a> {
    pub id: uuid::Uuid,
    pub user_id: uuid::Uuid,
    pub endpoint: &'a str,
    pub p256dh: &'a [u8],
    pub auth: &'a [u8],
    pub created_at: time::OffsetDateTime,
}
impl<'a> From<SubscriptionBorrowed<'a>> for Subscription {
    fn from(
        SubscriptionBorrowed {
            id,
            user_id,
            endpoint,
            p256dh,
            auth,
            created_at,
        }: SubscriptionBorrowed<'a>,
    ) -> Self {
        Self {
            id,
            user_id,
            endpoint: endpoint.into(),
            p256dh: p256dh.into(),
            auth: auth.into(),
            created_at,
        }
    }
}
#[derive(Debug, Clone, PartialEq, Copy)]
pub struct PutSubscription {
    pub id: uuid::Uuid,
    pub created_at: time::OffsetDateTime,
    pub created: bool,
}
use crate::client::async_::GenericClient;
use futures_util::{self, StreamExt, TryStreamExt};
pub struct PreferencesQuery<'c, 'a, 's, C: GenericClient, T, const N: usize> {
    client: &'c C,
    params: [&'a (dyn postgres_types::ToSql + Sync); N],
    query: &'static str,
    cached: Option<&'s tokio_postgres::Statement>,
    extractor: fn(&tokio_postgres::Row) -> Result<PreferencesBorrowed, tokio_postgres::Error>,
    mapper: fn(PreferencesBorrowed) -> T,
}
impl<'c, 'a, 's, C, T: 'c, const N: usize> PreferencesQuery<'c, 'a, 's, C, T, N>
where
    C: GenericClient,
{
    pub fn map<R>(
        self,
        mapper: fn(PreferencesBorrowed) -> R,
    ) -> PreferencesQuery<'c, 'a, 's, C, R, N> {
        PreferencesQuery {
            client: self.client,
            params: self.params,
            query: self.query,
            cached: self.cached,
            extractor: self.extractor,
            mapper,
        }
    }
    pub async fn one(self) -> Result<T, tokio_postgres::Error> {
        let row =
            crate::client::async_::one(self.client, self.query, &self.params, self.cached).await?;
        Ok((self.mapper)((self.extractor)(&row)?))
    }
    pub async fn all(self) -> Result<Vec<T>, tokio_postgres::Error> {
        self.iter().await?.try_collect().await
    }
    pub async fn opt(self) -> Result<Option<T>, tokio_postgres::Error> {
        let opt_row =
            crate::client::async_::opt(self.client, self.query, &self.params, self.cached).await?;
        Ok(opt_row
            .map(|row| {
                let extracted = (self.extractor)(&row)?;
                Ok((self.mapper)(extracted))
            })
            .transpose()?)
    }
    pub async fn iter(
        self,
    ) -> Result<
        impl futures_util::Stream<Item = Result<T, tokio_postgres::Error>> + 'c,
        tokio_postgres::Error,
    > {
        let stream = crate::client::async_::raw(
            self.client,
            self.query,
            crate::slice_iter(&self.params),
            self.cached,
        )
        .await?;
        let mapped = stream
            .map(move |res| {
                res.and_then(|row| {
                    let extracted = (self.extractor)(&row)?;
                    Ok((self.mapper)(extracted))
                })
            })
            .into_stream();
        Ok(mapped)
    }
}
pub struct SubscriptionQuery<'c, 'a, 's, C: GenericClient, T, const N: usize> {
    client: &'c C,
    params: [&'a (dyn postgres_types::ToSql + Sync); N],
    query: &'static str,
    cached: Option<&'s tokio_postgres::Statement>,
    extractor: fn(&tokio_postgres::Row) -> Result<SubscriptionBorrowed, tokio_postgres::Error>,
    mapper: fn(SubscriptionBorrowed) -> T,
}
impl<'c, 'a, 's, C, T: 'c, const N: usize> SubscriptionQuery<'c, 'a, 's, C, T, N>
where
    C: GenericClient,
{
    pub fn map<R>(
        self,
        mapper: fn(SubscriptionBorrowed) -> R,
    ) -> SubscriptionQuery<'c, 'a, 's, C, R, N> {
        SubscriptionQuery {
            client: self.client,
            params: self.params,
            query: self.query,
            cached: self.cached,
            extractor: self.extractor,
            mapper,
        }
    }
    pub async fn one(self) -> Result<T, tokio_postgres::Error> {
        let row =
            crate::client::async_::one(self.client, self.query, &self.params, self.cached).await?;
        Ok((self.mapper)((self.extractor)(&row)?))
    }
    pub async fn all(self) -> Result<Vec<T>, tokio_postgres::Error> {
        self.iter().await?.try_collect().await
    }
    pub async fn opt(self) -> Result<Option<T>, tokio_postgres::Error> {
        let opt_row =
            crate::client::async_::opt(self.client, self.query, &self.params, self.cached).await?;
        Ok(opt_row
            .map(|row| {
                let extracted = (self.extractor)(&row)?;
                Ok((self.mapper)(extracted))
            })
            .transpose()?)
    }
    pub async fn iter(
        self,
    ) -> Result<
        impl futures_util::Stream<Item = Result<T, tokio_postgres::Error>> + 'c,
        tokio_postgres::Error,
    > {
        let stream = crate::client::async_::raw(
            self.client,
            self.query,
            crate::slice_iter(&self.params),
            self.cached,
        )
        .await?;
        let mapped = stream
            .map(move |res| {
                res.and_then(|row| {
                    let extracted = (self.extractor)(&row)?;
                    Ok((self.mapper)(extracted))
                })
            })
            .into_stream();
        Ok(mapped)
    }
}
pub struct PutSubscriptionQuery<'c, 'a, 's, C: GenericClient, T, const N: usize> {
    client: &'c C,
    params: [&'a (dyn postgres_types::ToSql + Sync); N],
    query: &'static str,
    cached: Option<&'s tokio_postgres::Statement>,
    extractor: fn(&tokio_postgres::Row) -> Result<PutSubscription, tokio_postgres::Error>,
    mapper: fn(PutSubscription) -> T,
}
impl<'c, 'a, 's, C, T: 'c, const N: usize> PutSubscriptionQuery<'c, 'a, 's, C, T, N>
where
    C: GenericClient,
{
    pub fn map<R>(
        self,
        mapper: fn(PutSubscription) -> R,
    ) -> PutSubscriptionQuery<'c, 'a, 's, C, R, N> {
        PutSubscriptionQuery {
            client: self.client,
            params: self.params,
            query: self.query,
            cached: self.cached,
            extractor: self.extractor,
            mapper,
        }
    }
    pub async fn one(self) -> Result<T, tokio_postgres::Error> {
        let row =
            crate::client::async_::one(self.client, self.query, &self.params, self.cached).await?;
        Ok((self.mapper)((self.extractor)(&row)?))
    }
    pub async fn all(self) -> Result<Vec<T>, tokio_postgres::Error> {
        self.iter().await?.try_collect().await
    }
    pub async fn opt(self) -> Result<Option<T>, tokio_postgres::Error> {
        let opt_row =
            crate::client::async_::opt(self.client, self.query, &self.params, self.cached).await?;
        Ok(opt_row
            .map(|row| {
                let extracted = (self.extractor)(&row)?;
                Ok((self.mapper)(extracted))
            })
            .transpose()?)
    }
    pub async fn iter(
        self,
    ) -> Result<
        impl futures_util::Stream<Item = Result<T, tokio_postgres::Error>> + 'c,
        tokio_postgres::Error,
    > {
        let stream = crate::client::async_::raw(
            self.client,
            self.query,
            crate::slice_iter(&self.params),
            self.cached,
        )
        .await?;
        let mapped = stream
            .map(move |res| {
                res.and_then(|row| {
                    let extracted = (self.extractor)(&row)?;
                    Ok((self.mapper)(extracted))
                })
            })
            .into_stream();
        Ok(mapped)
    }
}
pub struct PreferencesOfStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn preferences_of() -> PreferencesOfStmt {
    PreferencesOfStmt(
        "SELECT channels, quiet_from, quiet_to, time_zone FROM preferences WHERE user_id = $1",
        None,
    )
}
impl PreferencesOfStmt {
    pub async fn prepare<'a, C: GenericClient>(
        mut self,
        client: &'a C,
    ) -> Result<Self, tokio_postgres::Error> {
        self.1 = Some(client.prepare(self.0).await?);
        Ok(self)
    }
    pub fn bind<'c, 'a, 's, C: GenericClient>(
        &'s self,
        client: &'c C,
        user_id: &'a uuid::Uuid,
    ) -> PreferencesQuery<'c, 'a, 's, C, Preferences, 1> {
        PreferencesQuery {
            client,
            params: [user_id],
            query: self.0,
            cached: self.1.as_ref(),
            extractor:
                |row: &tokio_postgres::Row| -> Result<PreferencesBorrowed, tokio_postgres::Error> {
                    Ok(PreferencesBorrowed {
                        channels: row.try_get(0)?,
                        quiet_from: row.try_get(1)?,
                        quiet_to: row.try_get(2)?,
                        time_zone: row.try_get(3)?,
                    })
                },
            mapper: |it| Preferences::from(it),
        }
    }
}
pub struct PutPreferencesStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn put_preferences() -> PutPreferencesStmt {
    PutPreferencesStmt(
        "INSERT INTO preferences (user_id, channels, quiet_from, quiet_to, time_zone, updated_at) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (user_id) DO UPDATE SET channels = excluded.channels, quiet_from = excluded.quiet_from, quiet_to = excluded.quiet_to, time_zone = excluded.time_zone, updated_at = excluded.updated_at",
        None,
    )
}
impl PutPreferencesStmt {
    pub async fn prepare<'a, C: GenericClient>(
        mut self,
        client: &'a C,
    ) -> Result<Self, tokio_postgres::Error> {
        self.1 = Some(client.prepare(self.0).await?);
        Ok(self)
    }
    pub async fn bind<'c, 'a, 's, C: GenericClient, T1: crate::JsonSql, T2: crate::StringSql>(
        &'s self,
        client: &'c C,
        user_id: &'a uuid::Uuid,
        channels: &'a T1,
        quiet_from: &'a Option<i16>,
        quiet_to: &'a Option<i16>,
        time_zone: &'a Option<T2>,
        now: &'a time::OffsetDateTime,
    ) -> Result<u64, tokio_postgres::Error> {
        client.execute(self.0, &[user_id, channels, quiet_from, quiet_to, time_zone, now]).await
    }
}
impl<'a, C: GenericClient + Send + Sync, T1: crate::JsonSql, T2: crate::StringSql>
    crate::client::async_::Params<
        'a,
        'a,
        'a,
        PutPreferencesParams<T1, T2>,
        std::pin::Pin<
            Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
        >,
        C,
    > for PutPreferencesStmt
{
    fn params(
        &'a self,
        client: &'a C,
        params: &'a PutPreferencesParams<T1, T2>,
    ) -> std::pin::Pin<
        Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
    > {
        Box::pin(self.bind(
            client,
            &params.user_id,
            &params.channels,
            &params.quiet_from,
            &params.quiet_to,
            &params.time_zone,
            &params.now,
        ))
    }
}
pub struct SubscriptionsOfStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn subscriptions_of() -> SubscriptionsOfStmt {
    SubscriptionsOfStmt(
        "SELECT id, user_id, endpoint, p256dh, auth, created_at FROM push_subscriptions WHERE user_id = $1 ORDER BY id",
        None,
    )
}
impl SubscriptionsOfStmt {
    pub async fn prepare<'a, C: GenericClient>(
        mut self,
        client: &'a C,
    ) -> Result<Self, tokio_postgres::Error> {
        self.1 = Some(client.prepare(self.0).await?);
        Ok(self)
    }
    pub fn bind<'c, 'a, 's, C: GenericClient>(
        &'s self,
        client: &'c C,
        user_id: &'a uuid::Uuid,
    ) -> SubscriptionQuery<'c, 'a, 's, C, Subscription, 1> {
        SubscriptionQuery {
            client,
            params: [user_id],
            query: self.0,
            cached: self.1.as_ref(),
            extractor:
                |row: &tokio_postgres::Row| -> Result<SubscriptionBorrowed, tokio_postgres::Error> {
                    Ok(SubscriptionBorrowed {
                        id: row.try_get(0)?,
                        user_id: row.try_get(1)?,
                        endpoint: row.try_get(2)?,
                        p256dh: row.try_get(3)?,
                        auth: row.try_get(4)?,
                        created_at: row.try_get(5)?,
                    })
                },
            mapper: |it| Subscription::from(it),
        }
    }
}
pub struct SubscriptionByIdStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn subscription_by_id() -> SubscriptionByIdStmt {
    SubscriptionByIdStmt(
        "SELECT id, user_id, endpoint, p256dh, auth, created_at FROM push_subscriptions WHERE id = $1",
        None,
    )
}
impl SubscriptionByIdStmt {
    pub async fn prepare<'a, C: GenericClient>(
        mut self,
        client: &'a C,
    ) -> Result<Self, tokio_postgres::Error> {
        self.1 = Some(client.prepare(self.0).await?);
        Ok(self)
    }
    pub fn bind<'c, 'a, 's, C: GenericClient>(
        &'s self,
        client: &'c C,
        id: &'a uuid::Uuid,
    ) -> SubscriptionQuery<'c, 'a, 's, C, Subscription, 1> {
        SubscriptionQuery {
            client,
            params: [id],
            query: self.0,
            cached: self.1.as_ref(),
            extractor:
                |row: &tokio_postgres::Row| -> Result<SubscriptionBorrowed, tokio_postgres::Error> {
                    Ok(SubscriptionBorrowed {
                        id: row.try_get(0)?,
                        user_id: row.try_get(1)?,
                        endpoint: row.try_get(2)?,
                        p256dh: row.try_get(3)?,
                        auth: row.try_get(4)?,
                        created_at: row.try_get(5)?,
                    })
                },
            mapper: |it| Subscription::from(it),
        }
    }
}
pub struct PutSubscriptionStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn put_subscription() -> PutSubscriptionStmt {
    PutSubscriptionStmt(
        "INSERT INTO push_subscriptions (id, user_id, endpoint, p256dh, auth, created_at) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (endpoint) DO UPDATE SET user_id = excluded.user_id, p256dh = excluded.p256dh, auth = excluded.auth RETURNING id, created_at, created_at = $6 AND id = $1 AS created",
        None,
    )
}
impl PutSubscriptionStmt {
    pub async fn prepare<'a, C: GenericClient>(
        mut self,
        client: &'a C,
    ) -> Result<Self, tokio_postgres::Error> {
        self.1 = Some(client.prepare(self.0).await?);
        Ok(self)
    }
    pub fn bind<
        'c,
        'a,
        's,
        C: GenericClient,
        T1: crate::StringSql,
        T2: crate::BytesSql,
        T3: crate::BytesSql,
    >(
        &'s self,
        client: &'c C,
        id: &'a uuid::Uuid,
        user_id: &'a uuid::Uuid,
        endpoint: &'a T1,
        p256dh: &'a T2,
        auth: &'a T3,
        now: &'a time::OffsetDateTime,
    ) -> PutSubscriptionQuery<'c, 'a, 's, C, PutSubscription, 6> {
        PutSubscriptionQuery {
            client,
            params: [id, user_id, endpoint, p256dh, auth, now],
            query: self.0,
            cached: self.1.as_ref(),
            extractor:
                |row: &tokio_postgres::Row| -> Result<PutSubscription, tokio_postgres::Error> {
                    Ok(PutSubscription {
                        id: row.try_get(0)?,
                        created_at: row.try_get(1)?,
                        created: row.try_get(2)?,
                    })
                },
            mapper: |it| PutSubscription::from(it),
        }
    }
}
impl<'c, 'a, 's, C: GenericClient, T1: crate::StringSql, T2: crate::BytesSql, T3: crate::BytesSql>
    crate::client::async_::Params<
        'c,
        'a,
        's,
        PutSubscriptionParams<T1, T2, T3>,
        PutSubscriptionQuery<'c, 'a, 's, C, PutSubscription, 6>,
        C,
    > for PutSubscriptionStmt
{
    fn params(
        &'s self,
        client: &'c C,
        params: &'a PutSubscriptionParams<T1, T2, T3>,
    ) -> PutSubscriptionQuery<'c, 'a, 's, C, PutSubscription, 6> {
        self.bind(
            client,
            &params.id,
            &params.user_id,
            &params.endpoint,
            &params.p256dh,
            &params.auth,
            &params.now,
        )
    }
}
pub struct DropOldSubscriptionsStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn drop_old_subscriptions() -> DropOldSubscriptionsStmt {
    DropOldSubscriptionsStmt(
        "DELETE FROM push_subscriptions WHERE id IN ( SELECT s.id FROM push_subscriptions AS s WHERE s.user_id = $1 AND s.id <> $2 ORDER BY s.id DESC OFFSET $3 )",
        None,
    )
}
impl DropOldSubscriptionsStmt {
    pub async fn prepare<'a, C: GenericClient>(
        mut self,
        client: &'a C,
    ) -> Result<Self, tokio_postgres::Error> {
        self.1 = Some(client.prepare(self.0).await?);
        Ok(self)
    }
    pub async fn bind<'c, 'a, 's, C: GenericClient>(
        &'s self,
        client: &'c C,
        user_id: &'a uuid::Uuid,
        keep: &'a uuid::Uuid,
        others: &'a i64,
    ) -> Result<u64, tokio_postgres::Error> {
        client.execute(self.0, &[user_id, keep, others]).await
    }
}
impl<'a, C: GenericClient + Send + Sync>
    crate::client::async_::Params<
        'a,
        'a,
        'a,
        DropOldSubscriptionsParams,
        std::pin::Pin<
            Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
        >,
        C,
    > for DropOldSubscriptionsStmt
{
    fn params(
        &'a self,
        client: &'a C,
        params: &'a DropOldSubscriptionsParams,
    ) -> std::pin::Pin<
        Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
    > {
        Box::pin(self.bind(client, &params.user_id, &params.keep, &params.others))
    }
}
pub struct DeleteSubscriptionStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn delete_subscription() -> DeleteSubscriptionStmt {
    DeleteSubscriptionStmt("DELETE FROM push_subscriptions WHERE id = $1 AND user_id = $2", None)
}
impl DeleteSubscriptionStmt {
    pub async fn prepare<'a, C: GenericClient>(
        mut self,
        client: &'a C,
    ) -> Result<Self, tokio_postgres::Error> {
        self.1 = Some(client.prepare(self.0).await?);
        Ok(self)
    }
    pub async fn bind<'c, 'a, 's, C: GenericClient>(
        &'s self,
        client: &'c C,
        id: &'a uuid::Uuid,
        user_id: &'a uuid::Uuid,
    ) -> Result<u64, tokio_postgres::Error> {
        client.execute(self.0, &[id, user_id]).await
    }
}
impl<'a, C: GenericClient + Send + Sync>
    crate::client::async_::Params<
        'a,
        'a,
        'a,
        DeleteSubscriptionParams,
        std::pin::Pin<
            Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
        >,
        C,
    > for DeleteSubscriptionStmt
{
    fn params(
        &'a self,
        client: &'a C,
        params: &'a DeleteSubscriptionParams,
    ) -> std::pin::Pin<
        Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
    > {
        Box::pin(self.bind(client, &params.id, &params.user_id))
    }
}
pub struct DeleteGoneSubscriptionStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn delete_gone_subscription() -> DeleteGoneSubscriptionStmt {
    DeleteGoneSubscriptionStmt(
        "DELETE FROM push_subscriptions WHERE id = $1 AND endpoint = $2",
        None,
    )
}
impl DeleteGoneSubscriptionStmt {
    pub async fn prepare<'a, C: GenericClient>(
        mut self,
        client: &'a C,
    ) -> Result<Self, tokio_postgres::Error> {
        self.1 = Some(client.prepare(self.0).await?);
        Ok(self)
    }
    pub async fn bind<'c, 'a, 's, C: GenericClient, T1: crate::StringSql>(
        &'s self,
        client: &'c C,
        id: &'a uuid::Uuid,
        endpoint: &'a T1,
    ) -> Result<u64, tokio_postgres::Error> {
        client.execute(self.0, &[id, endpoint]).await
    }
}
impl<'a, C: GenericClient + Send + Sync, T1: crate::StringSql>
    crate::client::async_::Params<
        'a,
        'a,
        'a,
        DeleteGoneSubscriptionParams<T1>,
        std::pin::Pin<
            Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
        >,
        C,
    > for DeleteGoneSubscriptionStmt
{
    fn params(
        &'a self,
        client: &'a C,
        params: &'a DeleteGoneSubscriptionParams<T1>,
    ) -> std::pin::Pin<
        Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
    > {
        Box::pin(self.bind(client, &params.id, &params.endpoint))
    }
}
