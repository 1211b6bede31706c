// This file was generated with `clorinde`. Do not modify.

#[derive(Clone, Copy, Debug)]
pub struct BlockParams {
    pub user_id: uuid::Uuid,
    pub blocked_id: uuid::Uuid,
    pub now: time::OffsetDateTime,
}
#[derive(Clone, Copy, Debug)]
pub struct UnblockParams {
    pub user_id: uuid::Uuid,
    pub blocked_id: uuid::Uuid,
}
#[derive(Clone, Copy, Debug)]
pub struct NodesOfParams {
    pub user_id: uuid::Uuid,
    pub from_id: uuid::Uuid,
}
#[derive(Debug, Clone, PartialEq, Copy)]
pub struct BlockedBy {
    pub blocked_id: uuid::Uuid,
    pub created_at: time::OffsetDateTime,
}
#[derive(Debug, Clone, PartialEq, Copy)]
pub struct ExportMailbox {
    pub seq: i64,
    pub last_seen_at: Option<time::OffsetDateTime>,
}
#[derive(Debug, Clone, PartialEq, Copy)]
pub struct ExportReads {
    pub peer_id: uuid::Uuid,
    pub seq: i64,
    pub read_at: time::OffsetDateTime,
}
use crate::client::async_::GenericClient;
use futures_util::{self, StreamExt, TryStreamExt};
pub struct UuidUuidQuery<'c, 'a, 's, C: GenericClient, T, const N: usize> {
    client: &'c C,
    params: [&'a (dyn postgres_types::ToSql + Sync); N],
    query: &'static str,
    cached: Option<&'s tokio_postgres::Statement>,
    extractor: fn(&tokio_postgres::Row) -> Result<uuid::Uuid, tokio_postgres::Error>,
    mapper: fn(uuid::Uuid) -> T,
}
impl<'c, 'a, 's, C, T: 'c, const N: usize> UuidUuidQuery<'c, 'a, 's, C, T, N>
where
    C: GenericClient,
{
    pub fn map<R>(self, mapper: fn(uuid::Uuid) -> R) -> UuidUuidQuery<'c, 'a, 's, C, R, N> {
        UuidUuidQuery {
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
pub struct BlockedByQuery<'c, 'a, 's, C: GenericClient, T, const N: usize> {
    client: &'c C,
    params: [&'a (dyn postgres_types::ToSql + Sync); N],
    query: &'static str,
    cached: Option<&'s tokio_postgres::Statement>,
    extractor: fn(&tokio_postgres::Row) -> Result<BlockedBy, tokio_postgres::Error>,
    mapper: fn(BlockedBy) -> T,
}
impl<'c, 'a, 's, C, T: 'c, const N: usize> BlockedByQuery<'c, 'a, 's, C, T, N>
where
    C: GenericClient,
{
    pub fn map<R>(self, mapper: fn(BlockedBy) -> R) -> BlockedByQuery<'c, 'a, 's, C, R, N> {
        BlockedByQuery {
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
pub struct I32Query<'c, 'a, 's, C: GenericClient, T, const N: usize> {
    client: &'c C,
    params: [&'a (dyn postgres_types::ToSql + Sync); N],
    query: &'static str,
    cached: Option<&'s tokio_postgres::Statement>,
    extractor: fn(&tokio_postgres::Row) -> Result<i32, tokio_postgres::Error>,
    mapper: fn(i32) -> T,
}
impl<'c, 'a, 's, C, T: 'c, const N: usize> I32Query<'c, 'a, 's, C, T, N>
where
    C: GenericClient,
{
    pub fn map<R>(self, mapper: fn(i32) -> R) -> I32Query<'c, 'a, 's, C, R, N> {
        I32Query {
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
pub struct ExportMailboxQuery<'c, 'a, 's, C: GenericClient, T, const N: usize> {
    client: &'c C,
    params: [&'a (dyn postgres_types::ToSql + Sync); N],
    query: &'static str,
    cached: Option<&'s tokio_postgres::Statement>,
    extractor: fn(&tokio_postgres::Row) -> Result<ExportMailbox, tokio_postgres::Error>,
    mapper: fn(ExportMailbox) -> T,
}
impl<'c, 'a, 's, C, T: 'c, const N: usize> ExportMailboxQuery<'c, 'a, 's, C, T, N>
where
    C: GenericClient,
{
    pub fn map<R>(self, mapper: fn(ExportMailbox) -> R) -> ExportMailboxQuery<'c, 'a, 's, C, R, N> {
        ExportMailboxQuery {
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
pub struct ExportReadsQuery<'c, 'a, 's, C: GenericClient, T, const N: usize> {
    client: &'c C,
    params: [&'a (dyn postgres_types::ToSql + Sync); N],
    query: &'static str,
    cached: Option<&'s tokio_postgres::Statement>,
    extractor: fn(&tokio_postgres::Row) -> Result<ExportReads, tokio_postgres::Error>,
    mapper: fn(ExportReads) -> T,
}
impl<'c, 'a, 's, C, T: 'c, const N: usize> ExportReadsQuery<'c, 'a, 's, C, T, N>
where
    C: GenericClient,
{
    pub fn map<R>(self, mapper: fn(ExportReads) -> R) -> ExportReadsQuery<'c, 'a, 's, C, R, N> {
        ExportReadsQuery {
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
pub struct ErasedAmongStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn erased_among() -> ErasedAmongStmt {
    ErasedAmongStmt("SELECT user_id FROM erased_people WHERE user_id = ANY ($1)", None)
}
impl ErasedAmongStmt {
    pub async fn prepare<'a, C: GenericClient>(
        mut self,
        client: &'a C,
    ) -> Result<Self, tokio_postgres::Error> {
        self.1 = Some(client.prepare(self.0).await?);
        Ok(self)
    }
    pub fn bind<'c, 'a, 's, C: GenericClient, T1: crate::ArraySql<Item = uuid::Uuid>>(
        &'s self,
        client: &'c C,
        user_ids: &'a T1,
    ) -> UuidUuidQuery<'c, 'a, 's, C, uuid::Uuid, 1> {
        UuidUuidQuery {
            client,
            params: [user_ids],
            query: self.0,
            cached: self.1.as_ref(),
            extractor: |row| Ok(row.try_get(0)?),
            mapper: |it| it,
        }
    }
}
pub struct HoldMailboxesStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn hold_mailboxes() -> HoldMailboxesStmt {
    HoldMailboxesStmt(
        "SELECT m.user_id FROM mailboxes AS m WHERE m.user_id = ANY ($1) ORDER BY m.user_id FOR KEY SHARE",
        None,
    )
}
impl HoldMailboxesStmt {
    pub async fn prepare<'a, C: GenericClient>(
        mut self,
        client: &'a C,
    ) -> Result<Self, tokio_postgres::Error> {
        self.1 = Some(client.prepare(self.0).await?);
        Ok(self)
    }
    pub fn bind<'c, 'a, 's, C: GenericClient, T1: crate::ArraySql<Item = uuid::Uuid>>(
        &'s self,
        client: &'c C,
        user_ids: &'a T1,
    ) -> UuidUuidQuery<'c, 'a, 's, C, uuid::Uuid, 1> {
        UuidUuidQuery {
            client,
            params: [user_ids],
            query: self.0,
            cached: self.1.as_ref(),
            extractor: |row| Ok(row.try_get(0)?),
            mapper: |it| it,
        }
    }
}
pub struct OpenMailboxesStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn open_mailboxes() -> OpenMailboxesStmt {
    OpenMailboxesStmt(
        "INSERT INTO mailboxes AS m (user_id) SELECT i.user_id FROM unnest($1::uuid[]) AS i (user_id) ORDER BY i.user_id ON CONFLICT (user_id) DO UPDATE SET seq = m.seq",
        None,
    )
}
impl OpenMailboxesStmt {
    pub async fn prepare<'a, C: GenericClient>(
        mut self,
        client: &'a C,
    ) -> Result<Self, tokio_postgres::Error> {
        self.1 = Some(client.prepare(self.0).await?);
        Ok(self)
    }
    pub async fn bind<'c, 'a, 's, C: GenericClient, T1: crate::ArraySql<Item = uuid::Uuid>>(
        &'s self,
        client: &'c C,
        user_ids: &'a T1,
    ) -> Result<u64, tokio_postgres::Error> {
        client.execute(self.0, &[user_ids]).await
    }
}
pub struct BlockStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn block() -> BlockStmt {
    BlockStmt(
        "INSERT INTO blocks (user_id, blocked_id, created_at) VALUES ($1, $2, $3) ON CONFLICT (user_id, blocked_id) DO NOTHING",
        None,
    )
}
impl BlockStmt {
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
        blocked_id: &'a uuid::Uuid,
        now: &'a time::OffsetDateTime,
    ) -> Result<u64, tokio_postgres::Error> {
        client.execute(self.0, &[user_id, blocked_id, now]).await
    }
}
impl<'a, C: GenericClient + Send + Sync>
    crate::client::async_::Params<
        'a,
        'a,
        'a,
        BlockParams,
        std::pin::Pin<
            Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
        >,
        C,
    > for BlockStmt
{
    fn params(
        &'a self,
        client: &'a C,
        params: &'a BlockParams,
    ) -> std::pin::Pin<
        Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
    > {
        Box::pin(self.bind(client, &params.user_id, &params.blocked_id, &params.now))
    }
}
pub struct UnblockStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn unblock() -> UnblockStmt {
    UnblockStmt("DELETE FROM blocks WHERE user_id = $1 AND blocked_id = $2", None)
}
impl UnblockStmt {
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
        blocked_id: &'a uuid::Uuid,
    ) -> Result<u64, tokio_postgres::Error> {
        client.execute(self.0, &[user_id, blocked_id]).await
    }
}
impl<'a, C: GenericClient + Send + Sync>
    crate::client::async_::Params<
        'a,
        'a,
        'a,
        UnblockParams,
        std::pin::Pin<
            Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
        >,
        C,
    > for UnblockStmt
{
    fn params(
        &'a self,
        client: &'a C,
        params: &'a UnblockParams,
    ) -> std::pin::Pin<
        Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
    > {
        Box::pin(self.bind(client, &params.user_id, &params.blocked_id))
    }
}
pub struct BlockedByStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn blocked_by() -> BlockedByStmt {
    BlockedByStmt(
        "SELECT blocked_id, created_at FROM blocks WHERE user_id = $1 ORDER BY created_at DESC, blocked_id",
        None,
    )
}
impl BlockedByStmt {
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
    ) -> BlockedByQuery<'c, 'a, 's, C, BlockedBy, 1> {
        BlockedByQuery {
            client,
            params: [user_id],
            query: self.0,
            cached: self.1.as_ref(),
            extractor: |row: &tokio_postgres::Row| -> Result<BlockedBy, tokio_postgres::Error> {
                Ok(BlockedBy { blocked_id: row.try_get(0)?, created_at: row.try_get(1)? })
            },
            mapper: |it| BlockedBy::from(it),
        }
    }
}
pub struct NodesOfStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn nodes_of() -> NodesOfStmt {
    NodesOfStmt(
        "SELECT n.id FROM mailboxes AS m JOIN nodes AS n ON n.id = ANY (m.nodes) WHERE m.user_id = $1 AND n.lease_until > clock_timestamp() AND NOT EXISTS ( SELECT FROM blocks AS b WHERE (b.user_id, b.blocked_id) = ($1, $2) OR (b.user_id, b.blocked_id) = ($2, $1) )",
        None,
    )
}
impl NodesOfStmt {
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
        from_id: &'a uuid::Uuid,
    ) -> I32Query<'c, 'a, 's, C, i32, 2> {
        I32Query {
            client,
            params: [user_id, from_id],
            query: self.0,
            cached: self.1.as_ref(),
            extractor: |row| Ok(row.try_get(0)?),
            mapper: |it| it,
        }
    }
}
impl<'c, 'a, 's, C: GenericClient>
    crate::client::async_::Params<'c, 'a, 's, NodesOfParams, I32Query<'c, 'a, 's, C, i32, 2>, C>
    for NodesOfStmt
{
    fn params(
        &'s self,
        client: &'c C,
        params: &'a NodesOfParams,
    ) -> I32Query<'c, 'a, 's, C, i32, 2> {
        self.bind(client, &params.user_id, &params.from_id)
    }
}
pub struct ExportMailboxStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn export_mailbox() -> ExportMailboxStmt {
    ExportMailboxStmt("SELECT seq, last_seen_at FROM mailboxes WHERE user_id = $1", None)
}
impl ExportMailboxStmt {
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
    ) -> ExportMailboxQuery<'c, 'a, 's, C, ExportMailbox, 1> {
        ExportMailboxQuery {
            client,
            params: [user_id],
            query: self.0,
            cached: self.1.as_ref(),
            extractor: |row: &tokio_postgres::Row| -> Result<ExportMailbox, tokio_postgres::Error> {
                Ok(ExportMailbox { seq: row.try_get(0)?, last_seen_at: row.try_get(1)? })
            },
            mapper: |it| ExportMailbox::from(it),
        }
    }
}
pub struct ExportReadsStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn export_reads() -> ExportReadsStmt {
    ExportReadsStmt(
        "SELECT peer_id, seq, read_at FROM reads WHERE user_id = $1 ORDER BY peer_id",
        None,
    )
}
impl ExportReadsStmt {
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
    ) -> ExportReadsQuery<'c, 'a, 's, C, ExportReads, 1> {
        ExportReadsQuery {
            client,
            params: [user_id],
            query: self.0,
            cached: self.1.as_ref(),
            extractor: |row: &tokio_postgres::Row| -> Result<ExportReads, tokio_postgres::Error> {
                Ok(ExportReads {
                    peer_id: row.try_get(0)?,
                    seq: row.try_get(1)?,
                    read_at: row.try_get(2)?,
                })
            },
            mapper: |it| ExportReads::from(it),
        }
    }
}
pub struct BuryPersonStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn bury_person() -> BuryPersonStmt {
    BuryPersonStmt(
        "INSERT INTO erased_people (user_id, erased_at) VALUES ($1, clock_timestamp()) ON CONFLICT (user_id) DO NOTHING",
        None,
    )
}
impl BuryPersonStmt {
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
    ) -> Result<u64, tokio_postgres::Error> {
        client.execute(self.0, &[user_id]).await
    }
}
pub struct EraseOpensMailboxStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn erase_opens_mailbox() -> EraseOpensMailboxStmt {
    EraseOpensMailboxStmt(
        "INSERT INTO mailboxes (user_id) VALUES ($1) ON CONFLICT (user_id) DO NOTHING",
        None,
    )
}
impl EraseOpensMailboxStmt {
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
    ) -> Result<u64, tokio_postgres::Error> {
        client.execute(self.0, &[user_id]).await
    }
}
pub struct EraseLocksMailboxStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn erase_locks_mailbox() -> EraseLocksMailboxStmt {
    EraseLocksMailboxStmt("SELECT user_id FROM mailboxes WHERE user_id = $1 FOR UPDATE", None)
}
impl EraseLocksMailboxStmt {
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
    ) -> UuidUuidQuery<'c, 'a, 's, C, uuid::Uuid, 1> {
        UuidUuidQuery {
            client,
            params: [user_id],
            query: self.0,
            cached: self.1.as_ref(),
            extractor: |row| Ok(row.try_get(0)?),
            mapper: |it| it,
        }
    }
}
pub struct EraseMessagesStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn erase_messages() -> EraseMessagesStmt {
    EraseMessagesStmt(
        "DELETE FROM messages AS m USING deliveries AS d WHERE d.user_id = $1 AND m.id = d.message_id AND NOT EXISTS ( SELECT FROM deliveries AS other WHERE other.user_id = d.peer_id AND other.seq = d.peer_seq )",
        None,
    )
}
impl EraseMessagesStmt {
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
    ) -> Result<u64, tokio_postgres::Error> {
        client.execute(self.0, &[user_id]).await
    }
}
pub struct EraseClientIdsStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn erase_client_ids() -> EraseClientIdsStmt {
    EraseClientIdsStmt(
        "UPDATE messages SET client_id = NULL, content_hash = NULL WHERE sender_id = $1 AND client_id IS NOT NULL",
        None,
    )
}
impl EraseClientIdsStmt {
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
    ) -> Result<u64, tokio_postgres::Error> {
        client.execute(self.0, &[user_id]).await
    }
}
pub struct EraseDeliveriesStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn erase_deliveries() -> EraseDeliveriesStmt {
    EraseDeliveriesStmt("DELETE FROM deliveries WHERE user_id = $1", None)
}
impl EraseDeliveriesStmt {
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
    ) -> Result<u64, tokio_postgres::Error> {
        client.execute(self.0, &[user_id]).await
    }
}
pub struct EraseReadsStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn erase_reads() -> EraseReadsStmt {
    EraseReadsStmt("DELETE FROM reads WHERE user_id = $1 OR peer_id = $1", None)
}
impl EraseReadsStmt {
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
    ) -> Result<u64, tokio_postgres::Error> {
        client.execute(self.0, &[user_id]).await
    }
}
pub struct EraseBlocksStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn erase_blocks() -> EraseBlocksStmt {
    EraseBlocksStmt("DELETE FROM blocks WHERE user_id = $1 OR blocked_id = $1", None)
}
impl EraseBlocksStmt {
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
    ) -> Result<u64, tokio_postgres::Error> {
        client.execute(self.0, &[user_id]).await
    }
}
pub struct EraseMailboxStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn erase_mailbox() -> EraseMailboxStmt {
    EraseMailboxStmt("DELETE FROM mailboxes WHERE user_id = $1", None)
}
impl EraseMailboxStmt {
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
    ) -> Result<u64, tokio_postgres::Error> {
        client.execute(self.0, &[user_id]).await
    }
}
pub struct EraseEventsStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn erase_events() -> EraseEventsStmt {
    EraseEventsStmt(
        "DELETE FROM outbox WHERE subject = $1 OR data ->> 'senderId' = $1 OR data ->> 'peerId' = $1",
        None,
    )
}
impl EraseEventsStmt {
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
        subject: &'a T1,
    ) -> Result<u64, tokio_postgres::Error> {
        client.execute(self.0, &[subject]).await
    }
}
