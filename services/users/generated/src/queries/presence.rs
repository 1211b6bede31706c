// This file was generated with `clorinde`. Do not modify.

#[derive(Clone, Copy, Debug)]
pub struct SetOnlineParams {
    pub now: time::OffsetDateTime,
    pub id: uuid::Uuid,
}
#[derive(Clone, Copy, Debug)]
pub struct SetOfflineParams {
    pub last_seen_at: time::OffsetDateTime,
    pub now: time::OffsetDateTime,
    pub id: uuid::Uuid,
}
#[derive(Clone, Copy, Debug)]
pub struct OnlineAfterParams {
    pub after: uuid::Uuid,
    pub limit: i64,
}
#[derive(Clone, Copy, Debug)]
pub struct CorrectToOfflineParams {
    pub now: time::OffsetDateTime,
    pub id: uuid::Uuid,
    pub read_at: time::OffsetDateTime,
}
#[derive(Debug, Clone, PartialEq, Copy)]
pub struct OnlineAfter {
    pub user_id: uuid::Uuid,
    pub changed_at: time::OffsetDateTime,
}
use crate::client::async_::GenericClient;
use futures_util::{self, StreamExt, TryStreamExt};
pub struct OnlineAfterQuery<'c, 'a, 's, C: GenericClient, T, const N: usize> {
    client: &'c C,
    params: [&'a (dyn postgres_types::ToSql + Sync); N],
    query: &'static str,
    cached: Option<&'s tokio_postgres::Statement>,
    extractor: fn(&tokio_postgres::Row) -> Result<OnlineAfter, tokio_postgres::Error>,
    mapper: fn(OnlineAfter) -> T,
}
impl<'c, 'a, 's, C, T: 'c, const N: usize> OnlineAfterQuery<'c, 'a, 's, C, T, N>
where
    C: GenericClient,
{
    pub fn map<R>(self, mapper: fn(OnlineAfter) -> R) -> OnlineAfterQuery<'c, 'a, 's, C, R, N> {
        OnlineAfterQuery {
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
pub struct SetOnlineStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn set_online() -> SetOnlineStmt {
    SetOnlineStmt(
        "INSERT INTO presence (user_id, username_key, is_online, changed_at) SELECT p.id, p.username_key, true, $1 FROM people AS p WHERE p.id = $2 ON CONFLICT (user_id) DO UPDATE SET is_online = true, changed_at = excluded.changed_at",
        None,
    )
}
impl SetOnlineStmt {
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
        now: &'a time::OffsetDateTime,
        id: &'a uuid::Uuid,
    ) -> Result<u64, tokio_postgres::Error> {
        client.execute(self.0, &[now, id]).await
    }
}
impl<'a, C: GenericClient + Send + Sync>
    crate::client::async_::Params<
        'a,
        'a,
        'a,
        SetOnlineParams,
        std::pin::Pin<
            Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
        >,
        C,
    > for SetOnlineStmt
{
    fn params(
        &'a self,
        client: &'a C,
        params: &'a SetOnlineParams,
    ) -> std::pin::Pin<
        Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
    > {
        Box::pin(self.bind(client, &params.now, &params.id))
    }
}
pub struct SetOfflineStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn set_offline() -> SetOfflineStmt {
    SetOfflineStmt(
        "INSERT INTO presence (user_id, username_key, is_online, last_seen_at, changed_at) SELECT p.id, p.username_key, false, $1, $2 FROM people AS p WHERE p.id = $3 ON CONFLICT (user_id) DO UPDATE SET is_online = false, changed_at = excluded.changed_at, last_seen_at = greatest(presence.last_seen_at, excluded.last_seen_at)",
        None,
    )
}
impl SetOfflineStmt {
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
        last_seen_at: &'a time::OffsetDateTime,
        now: &'a time::OffsetDateTime,
        id: &'a uuid::Uuid,
    ) -> Result<u64, tokio_postgres::Error> {
        client.execute(self.0, &[last_seen_at, now, id]).await
    }
}
impl<'a, C: GenericClient + Send + Sync>
    crate::client::async_::Params<
        'a,
        'a,
        'a,
        SetOfflineParams,
        std::pin::Pin<
            Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
        >,
        C,
    > for SetOfflineStmt
{
    fn params(
        &'a self,
        client: &'a C,
        params: &'a SetOfflineParams,
    ) -> std::pin::Pin<
        Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
    > {
        Box::pin(self.bind(client, &params.last_seen_at, &params.now, &params.id))
    }
}
pub struct OnlineAfterStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn online_after() -> OnlineAfterStmt {
    OnlineAfterStmt(
        "SELECT user_id, changed_at FROM presence WHERE is_online AND user_id > $1 ORDER BY user_id LIMIT $2",
        None,
    )
}
impl OnlineAfterStmt {
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
        after: &'a uuid::Uuid,
        limit: &'a i64,
    ) -> OnlineAfterQuery<'c, 'a, 's, C, OnlineAfter, 2> {
        OnlineAfterQuery {
            client,
            params: [after, limit],
            query: self.0,
            cached: self.1.as_ref(),
            extractor: |row: &tokio_postgres::Row| -> Result<OnlineAfter, tokio_postgres::Error> {
                Ok(OnlineAfter { user_id: row.try_get(0)?, changed_at: row.try_get(1)? })
            },
            mapper: |it| OnlineAfter::from(it),
        }
    }
}
impl<'c, 'a, 's, C: GenericClient>
    crate::client::async_::Params<
        'c,
        'a,
        's,
        OnlineAfterParams,
        OnlineAfterQuery<'c, 'a, 's, C, OnlineAfter, 2>,
        C,
    > for OnlineAfterStmt
{
    fn params(
        &'s self,
        client: &'c C,
        params: &'a OnlineAfterParams,
    ) -> OnlineAfterQuery<'c, 'a, 's, C, OnlineAfter, 2> {
        self.bind(client, &params.after, &params.limit)
    }
}
pub struct CorrectToOfflineStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn correct_to_offline() -> CorrectToOfflineStmt {
    CorrectToOfflineStmt(
        "UPDATE presence SET is_online = false, last_seen_at = greatest(last_seen_at, changed_at), changed_at = $1 WHERE user_id = $2 AND is_online AND changed_at = $3",
        None,
    )
}
impl CorrectToOfflineStmt {
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
        now: &'a time::OffsetDateTime,
        id: &'a uuid::Uuid,
        read_at: &'a time::OffsetDateTime,
    ) -> Result<u64, tokio_postgres::Error> {
        client.execute(self.0, &[now, id, read_at]).await
    }
}
impl<'a, C: GenericClient + Send + Sync>
    crate::client::async_::Params<
        'a,
        'a,
        'a,
        CorrectToOfflineParams,
        std::pin::Pin<
            Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
        >,
        C,
    > for CorrectToOfflineStmt
{
    fn params(
        &'a self,
        client: &'a C,
        params: &'a CorrectToOfflineParams,
    ) -> std::pin::Pin<
        Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
    > {
        Box::pin(self.bind(client, &params.now, &params.id, &params.read_at))
    }
}
