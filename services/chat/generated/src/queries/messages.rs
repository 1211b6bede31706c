// This file was generated with `clorinde`. Do not modify.

#[derive(Debug)]
pub struct InsertMessagesParams<
    T1: crate::ArraySql<Item = uuid::Uuid>,
    T2: crate::ArraySql<Item = uuid::Uuid>,
    T3: crate::ArraySql<Item = uuid::Uuid>,
    T4: crate::StringSql,
    T5: crate::ArraySql<Item = T4>,
    T6: crate::StringSql,
    T7: crate::ArraySql<Item = T6>,
> {
    pub now: time::OffsetDateTime,
    pub ids: T1,
    pub sender_ids: T2,
    pub receiver_ids: T3,
    pub client_ids: T5,
    pub contents: T7,
}
#[derive(Debug)]
pub struct KnownMessagesParams<
    T1: crate::ArraySql<Item = uuid::Uuid>,
    T2: crate::ArraySql<Item = uuid::Uuid>,
    T3: crate::ArraySql<Item = uuid::Uuid>,
    T4: crate::StringSql,
    T5: crate::ArraySql<Item = T4>,
    T6: crate::StringSql,
    T7: crate::ArraySql<Item = T6>,
> {
    pub ids: T1,
    pub sender_ids: T2,
    pub receiver_ids: T3,
    pub client_ids: T5,
    pub contents: T7,
}
#[derive(Debug)]
pub struct TakeNumbersParams<
    T1: crate::ArraySql<Item = uuid::Uuid>,
    T2: crate::ArraySql<Item = i64>,
> {
    pub user_ids: T1,
    pub wanted: T2,
}
#[derive(Debug)]
pub struct InsertDeliveriesParams<
    T1: crate::ArraySql<Item = uuid::Uuid>,
    T2: crate::ArraySql<Item = i64>,
    T3: crate::ArraySql<Item = uuid::Uuid>,
    T4: crate::ArraySql<Item = i64>,
    T5: crate::ArraySql<Item = uuid::Uuid>,
    T6: crate::ArraySql<Item = bool>,
> {
    pub user_ids: T1,
    pub seqs: T2,
    pub peer_ids: T3,
    pub peer_seqs: T4,
    pub message_ids: T5,
    pub outgoing: T6,
}
#[derive(Clone, Copy, Debug)]
pub struct DeliveriesAfterParams {
    pub user_id: uuid::Uuid,
    pub after: i64,
    pub limit: i64,
}
#[derive(Clone, Copy, Debug)]
pub struct HistoryParams {
    pub user_id: uuid::Uuid,
    pub peer_id: uuid::Uuid,
    pub before: i64,
    pub limit: i64,
}
#[derive(Debug)]
pub struct EditMessageParams<T1: crate::StringSql> {
    pub id: uuid::Uuid,
    pub sender_id: uuid::Uuid,
    pub content: T1,
    pub now: time::OffsetDateTime,
}
#[derive(Clone, Copy, Debug)]
pub struct DeleteMessageParams {
    pub now: time::OffsetDateTime,
    pub id: uuid::Uuid,
    pub sender_id: uuid::Uuid,
}
#[derive(Clone, Copy, Debug)]
pub struct NumberOfParams {
    pub user_id: uuid::Uuid,
    pub peer_id: uuid::Uuid,
    pub id: uuid::Uuid,
}
#[derive(Clone, Copy, Debug)]
pub struct MarkReadParams {
    pub user_id: uuid::Uuid,
    pub peer_id: uuid::Uuid,
    pub up_to: i64,
    pub now: time::OffsetDateTime,
}
#[derive(Clone, Copy, Debug)]
pub struct ConversationsParams {
    pub user_id: uuid::Uuid,
    pub limit: i64,
    pub offset: i64,
}
#[derive(Debug, Clone, PartialEq, Copy)]
pub struct KnownMessages {
    pub draft_id: uuid::Uuid,
    pub id: uuid::Uuid,
    pub same: bool,
}
#[derive(Debug, Clone, PartialEq)]
pub struct TakeNumbers {
    pub user_id: uuid::Uuid,
    pub seq: i64,
    pub nodes: Vec<i32>,
}
pub struct TakeNumbersBorrowed<'a> {
    pub user_id: uuid::Uuid,
    pub seq: i64,
    pub nodes: crate::ArrayIterator<'a, i32>,
}
impl<'a> From<TakeNumbersBorrowed<'a>> for TakeNumbers {
    fn from(TakeNumbersBorrowed { user_id, seq, nodes }: TakeNumbersBorrowed<'a>) -> Self {
        Self { user_id, seq, nodes: nodes.map(|v| v).collect() }
    }
}
#[derive(Debug, Clone, PartialEq)]
pub struct DeliveriesAfter {
    pub seq: i64,
    pub peer_id: uuid::Uuid,
    pub outgoing: bool,
    pub id: uuid::Uuid,
    pub content: String,
    pub created_at: time::OffsetDateTime,
    pub edited_at: Option<time::OffsetDateTime>,
    pub deleted_at: Option<time::OffsetDateTime>,
}
pub struct DeliveriesAfterBorrowed<'a> {
    pub seq: i64,
    pub peer_id: uuid::Uuid,
    pub outgoing: bool,
    pub id: uuid::Uuid,
    pub content: &'a str,
    pub created_at: time::OffsetDateTime,
    pub edited_at: Option<time::OffsetDateTime>,
    pub deleted_at: Option<time::OffsetDateTime>,
}
impl<'a> From<DeliveriesAfterBorrowed<'a>> for DeliveriesAfter {
    fn from(
        DeliveriesAfterBorrowed {
            seq,
            peer_id,
            outgoing,
            id,
            content,
            created_at,
            edited_at,
            deleted_at,
        }: DeliveriesAfterBorrowed<'a>,
    ) -> Self {
        Self {
            seq,
            peer_id,
            outgoing,
            id,
            content: content.into(),
            created_at,
            edited_at,
            deleted_at,
        }
    }
}
#[derive(Debug, Clone, PartialEq)]
pub struct History {
    pub seq: i64,
    pub peer_id: uuid::Uuid,
    pub outgoing: bool,
    pub id: uuid::Uuid,
    pub content: String,
    pub created_at: time::OffsetDateTime,
    pub edited_at: Option<time::OffsetDateTime>,
    pub deleted_at: Option<time::OffsetDateTime>,
}
pub struct HistoryBorrowed<'a> {
    pub seq: i64,
    pub peer_id: uuid::Uuid,
    pub outgoing: bool,
    pub id: uuid::Uuid,
    pub content: &'a str,
    pub created_at: time::OffsetDateTime,
    pub edited_at: Option<time::OffsetDateTime>,
    pub deleted_at: Option<time::OffsetDateTime>,
}
impl<'a> From<HistoryBorrowed<'a>> for History {
    fn from(
        HistoryBorrowed {
            seq,
            peer_id,
            outgoing,
            id,
            content,
            created_at,
            edited_at,
            deleted_at,
        }: HistoryBorrowed<'a>,
    ) -> Self {
        Self {
            seq,
            peer_id,
            outgoing,
            id,
            content: content.into(),
            created_at,
            edited_at,
            deleted_at,
        }
    }
}
#[derive(Debug, Clone, PartialEq, Copy)]
pub struct EditMessage {
    pub receiver_id: uuid::Uuid,
    pub blocked: bool,
}
#[derive(Debug, Clone, PartialEq, Copy)]
pub struct MarkRead {
    pub seq: i64,
    pub peer_seq: i64,
    pub message_id: uuid::Uuid,
}
#[derive(Debug, Clone, PartialEq)]
pub struct Conversations {
    pub peer_id: uuid::Uuid,
    pub seq: i64,
    pub outgoing: bool,
    pub total: i64,
    pub id: uuid::Uuid,
    pub content: String,
    pub created_at: time::OffsetDateTime,
    pub edited_at: Option<time::OffsetDateTime>,
    pub deleted_at: Option<time::OffsetDateTime>,
    pub last_seen_at: Option<time::OffsetDateTime>,
    pub online: bool,
    pub unread: i64,
}
pub struct ConversationsBorrowed<'a> {
    pub peer_id: uuid::Uuid,
    pub seq: i64,
    pub outgoing: bool,
    pub total: i64,
    pub id: uuid::Uuid,
    pub content: &'a str,
    pub created_at: time::OffsetDateTime,
    pub edited_at: Option<time::OffsetDateTime>,
    pub deleted_at: Option<time::OffsetDateTime>,
    pub last_seen_at: Option<time::OffsetDateTime>,
    pub online: bool,
    pub unread: i64,
}
impl<'a> From<ConversationsBorrowed<'a>> for Conversations {
    fn from(
        ConversationsBorrowed {
            peer_id,
            seq,
            outgoing,
            total,
            id,
            content,
            created_at,
            edited_at,
            deleted_at,
            last_seen_at,
            online,
            unread,
        }: ConversationsBorrowed<'a>,
    ) -> Self {
        Self {
            peer_id,
            seq,
            outgoing,
            total,
            id,
            content: content.into(),
            created_at,
            edited_at,
            deleted_at,
            last_seen_at,
            online,
            unread,
        }
    }
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
pub struct KnownMessagesQuery<'c, 'a, 's, C: GenericClient, T, const N: usize> {
    client: &'c C,
    params: [&'a (dyn postgres_types::ToSql + Sync); N],
    query: &'static str,
    cached: Option<&'s tokio_postgres::Statement>,
    extractor: fn(&tokio_postgres::Row) -> Result<KnownMessages, tokio_postgres::Error>,
    mapper: fn(KnownMessages) -> T,
}
impl<'c, 'a, 's, C, T: 'c, const N: usize> KnownMessagesQuery<'c, 'a, 's, C, T, N>
where
    C: GenericClient,
{
    pub fn map<R>(self, mapper: fn(KnownMessages) -> R) -> KnownMessagesQuery<'c, 'a, 's, C, R, N> {
        KnownMessagesQuery {
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
pub struct TakeNumbersQuery<'c, 'a, 's, C: GenericClient, T, const N: usize> {
    client: &'c C,
    params: [&'a (dyn postgres_types::ToSql + Sync); N],
    query: &'static str,
    cached: Option<&'s tokio_postgres::Statement>,
    extractor: fn(&tokio_postgres::Row) -> Result<TakeNumbersBorrowed, tokio_postgres::Error>,
    mapper: fn(TakeNumbersBorrowed) -> T,
}
impl<'c, 'a, 's, C, T: 'c, const N: usize> TakeNumbersQuery<'c, 'a, 's, C, T, N>
where
    C: GenericClient,
{
    pub fn map<R>(
        self,
        mapper: fn(TakeNumbersBorrowed) -> R,
    ) -> TakeNumbersQuery<'c, 'a, 's, C, R, N> {
        TakeNumbersQuery {
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
pub struct DeliveriesAfterQuery<'c, 'a, 's, C: GenericClient, T, const N: usize> {
    client: &'c C,
    params: [&'a (dyn postgres_types::ToSql + Sync); N],
    query: &'static str,
    cached: Option<&'s tokio_postgres::Statement>,
    extractor: fn(&tokio_postgres::Row) -> Result<DeliveriesAfterBorrowed, tokio_postgres::Error>,
    mapper: fn(DeliveriesAfterBorrowed) -> T,
}
impl<'c, 'a, 's, C, T: 'c, const N: usize> DeliveriesAfterQuery<'c, 'a, 's, C, T, N>
where
    C: GenericClient,
{
    pub fn map<R>(
        self,
        mapper: fn(DeliveriesAfterBorrowed) -> R,
    ) -> DeliveriesAfterQuery<'c, 'a, 's, C, R, N> {
        DeliveriesAfterQuery {
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
pub struct HistoryQuery<'c, 'a, 's, C: GenericClient, T, const N: usize> {
    client: &'c C,
    params: [&'a (dyn postgres_types::ToSql + Sync); N],
    query: &'static str,
    cached: Option<&'s tokio_postgres::Statement>,
    extractor: fn(&tokio_postgres::Row) -> Result<HistoryBorrowed, tokio_postgres::Error>,
    mapper: fn(HistoryBorrowed) -> T,
}
impl<'c, 'a, 's, C, T: 'c, const N: usize> HistoryQuery<'c, 'a, 's, C, T, N>
where
    C: GenericClient,
{
    pub fn map<R>(self, mapper: fn(HistoryBorrowed) -> R) -> HistoryQuery<'c, 'a, 's, C, R, N> {
        HistoryQuery {
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
pub struct EditMessageQuery<'c, 'a, 's, C: GenericClient, T, const N: usize> {
    client: &'c C,
    params: [&'a (dyn postgres_types::ToSql + Sync); N],
    query: &'static str,
    cached: Option<&'s tokio_postgres::Statement>,
    extractor: fn(&tokio_postgres::Row) -> Result<EditMessage, tokio_postgres::Error>,
    mapper: fn(EditMessage) -> T,
}
impl<'c, 'a, 's, C, T: 'c, const N: usize> EditMessageQuery<'c, 'a, 's, C, T, N>
where
    C: GenericClient,
{
    pub fn map<R>(self, mapper: fn(EditMessage) -> R) -> EditMessageQuery<'c, 'a, 's, C, R, N> {
        EditMessageQuery {
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
pub struct I64Query<'c, 'a, 's, C: GenericClient, T, const N: usize> {
    client: &'c C,
    params: [&'a (dyn postgres_types::ToSql + Sync); N],
    query: &'static str,
    cached: Option<&'s tokio_postgres::Statement>,
    extractor: fn(&tokio_postgres::Row) -> Result<i64, tokio_postgres::Error>,
    mapper: fn(i64) -> T,
}
impl<'c, 'a, 's, C, T: 'c, const N: usize> I64Query<'c, 'a, 's, C, T, N>
where
    C: GenericClient,
{
    pub fn map<R>(self, mapper: fn(i64) -> R) -> I64Query<'c, 'a, 's, C, R, N> {
        I64Query {
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
pub struct MarkReadQuery<'c, 'a, 's, C: GenericClient, T, const N: usize> {
    client: &'c C,
    params: [&'a (dyn postgres_types::ToSql + Sync); N],
    query: &'static str,
    cached: Option<&'s tokio_postgres::Statement>,
    extractor: fn(&tokio_postgres::Row) -> Result<MarkRead, tokio_postgres::Error>,
    mapper: fn(MarkRead) -> T,
}
impl<'c, 'a, 's, C, T: 'c, const N: usize> MarkReadQuery<'c, 'a, 's, C, T, N>
where
    C: GenericClient,
{
    pub fn map<R>(self, mapper: fn(MarkRead) -> R) -> MarkReadQuery<'c, 'a, 's, C, R, N> {
        MarkReadQuery {
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
pub struct ConversationsQuery<'c, 'a, 's, C: GenericClient, T, const N: usize> {
    client: &'c C,
    params: [&'a (dyn postgres_types::ToSql + Sync); N],
    query: &'static str,
    cached: Option<&'s tokio_postgres::Statement>,
    extractor: fn(&tokio_postgres::Row) -> Result<ConversationsBorrowed, tokio_postgres::Error>,
    mapper: fn(ConversationsBorrowed) -> T,
}
impl<'c, 'a, 's, C, T: 'c, const N: usize> ConversationsQuery<'c, 'a, 's, C, T, N>
where
    C: GenericClient,
{
    pub fn map<R>(
        self,
        mapper: fn(ConversationsBorrowed) -> R,
    ) -> ConversationsQuery<'c, 'a, 's, C, R, N> {
        ConversationsQuery {
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
pub struct InsertMessagesStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn insert_messages() -> InsertMessagesStmt {
    InsertMessagesStmt(
        "INSERT INTO messages (id, sender_id, receiver_id, created_at, client_id, content, content_hash) SELECT i.id, i.sender_id, i.receiver_id, $1, nullif(i.client_id, ''), i.content, CASE WHEN i.client_id <> '' THEN sha256(convert_to(i.content, 'UTF8')) END FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[]) AS i (id, sender_id, receiver_id, client_id, content) WHERE NOT EXISTS ( SELECT FROM blocks AS b WHERE (b.user_id, b.blocked_id) = (i.receiver_id, i.sender_id) OR (b.user_id, b.blocked_id) = (i.sender_id, i.receiver_id) ) ORDER BY i.sender_id, i.client_id ON CONFLICT (sender_id, client_id) WHERE client_id IS NOT NULL DO NOTHING RETURNING id",
        None,
    )
}
impl InsertMessagesStmt {
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
        T1: crate::ArraySql<Item = uuid::Uuid>,
        T2: crate::ArraySql<Item = uuid::Uuid>,
        T3: crate::ArraySql<Item = uuid::Uuid>,
        T4: crate::StringSql,
        T5: crate::ArraySql<Item = T4>,
        T6: crate::StringSql,
        T7: crate::ArraySql<Item = T6>,
    >(
        &'s self,
        client: &'c C,
        now: &'a time::OffsetDateTime,
        ids: &'a T1,
        sender_ids: &'a T2,
        receiver_ids: &'a T3,
        client_ids: &'a T5,
        contents: &'a T7,
    ) -> UuidUuidQuery<'c, 'a, 's, C, uuid::Uuid, 6> {
        UuidUuidQuery {
            client,
            params: [now, ids, sender_ids, receiver_ids, client_ids, contents],
            query: self.0,
            cached: self.1.as_ref(),
            extractor: |row| Ok(row.try_get(0)?),
            mapper: |it| it,
        }
    }
}
impl<
    'c,
    'a,
    's,
    C: GenericClient,
    T1: crate::ArraySql<Item = uuid::Uuid>,
    T2: crate::ArraySql<Item = uuid::Uuid>,
    T3: crate::ArraySql<Item = uuid::Uuid>,
    T4: crate::StringSql,
    T5: crate::ArraySql<Item = T4>,
    T6: crate::StringSql,
    T7: crate::ArraySql<Item = T6>,
>
    crate::client::async_::Params<
        'c,
        'a,
        's,
        InsertMessagesParams<T1, T2, T3, T4, T5, T6, T7>,
        UuidUuidQuery<'c, 'a, 's, C, uuid::Uuid, 6>,
        C,
    > for InsertMessagesStmt
{
    fn params(
        &'s self,
        client: &'c C,
        params: &'a InsertMessagesParams<T1, T2, T3, T4, T5, T6, T7>,
    ) -> UuidUuidQuery<'c, 'a, 's, C, uuid::Uuid, 6> {
        self.bind(
            client,
            &params.now,
            &params.ids,
            &params.sender_ids,
            &params.receiver_ids,
            &params.client_ids,
            &params.contents,
        )
    }
}
pub struct KnownMessagesStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn known_messages() -> KnownMessagesStmt {
    KnownMessagesStmt(
        "SELECT i.id AS draft_id, m.id, m.receiver_id = i.receiver_id AND coalesce(m.content_hash = sha256(convert_to(i.content, 'UTF8')), true) AS same FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[]) AS i (id, sender_id, receiver_id, client_id, content) JOIN messages AS m ON m.sender_id = i.sender_id AND m.client_id = i.client_id",
        None,
    )
}
impl KnownMessagesStmt {
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
        T1: crate::ArraySql<Item = uuid::Uuid>,
        T2: crate::ArraySql<Item = uuid::Uuid>,
        T3: crate::ArraySql<Item = uuid::Uuid>,
        T4: crate::StringSql,
        T5: crate::ArraySql<Item = T4>,
        T6: crate::StringSql,
        T7: crate::ArraySql<Item = T6>,
    >(
        &'s self,
        client: &'c C,
        ids: &'a T1,
        sender_ids: &'a T2,
        receiver_ids: &'a T3,
        client_ids: &'a T5,
        contents: &'a T7,
    ) -> KnownMessagesQuery<'c, 'a, 's, C, KnownMessages, 5> {
        KnownMessagesQuery {
            client,
            params: [ids, sender_ids, receiver_ids, client_ids, contents],
            query: self.0,
            cached: self.1.as_ref(),
            extractor: |row: &tokio_postgres::Row| -> Result<KnownMessages, tokio_postgres::Error> {
                Ok(KnownMessages {
                    draft_id: row.try_get(0)?,
                    id: row.try_get(1)?,
                    same: row.try_get(2)?,
                })
            },
            mapper: |it| KnownMessages::from(it),
        }
    }
}
impl<
    'c,
    'a,
    's,
    C: GenericClient,
    T1: crate::ArraySql<Item = uuid::Uuid>,
    T2: crate::ArraySql<Item = uuid::Uuid>,
    T3: crate::ArraySql<Item = uuid::Uuid>,
    T4: crate::StringSql,
    T5: crate::ArraySql<Item = T4>,
    T6: crate::StringSql,
    T7: crate::ArraySql<Item = T6>,
>
    crate::client::async_::Params<
        'c,
        'a,
        's,
        KnownMessagesParams<T1, T2, T3, T4, T5, T6, T7>,
        KnownMessagesQuery<'c, 'a, 's, C, KnownMessages, 5>,
        C,
    > for KnownMessagesStmt
{
    fn params(
        &'s self,
        client: &'c C,
        params: &'a KnownMessagesParams<T1, T2, T3, T4, T5, T6, T7>,
    ) -> KnownMessagesQuery<'c, 'a, 's, C, KnownMessages, 5> {
        self.bind(
            client,
            &params.ids,
            &params.sender_ids,
            &params.receiver_ids,
            &params.client_ids,
            &params.contents,
        )
    }
}
pub struct TakeNumbersStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn take_numbers() -> TakeNumbersStmt {
    TakeNumbersStmt(
        "INSERT INTO mailboxes AS m (user_id, seq) SELECT i.user_id, i.wanted FROM unnest($1::uuid[], $2::bigint[]) AS i (user_id, wanted) ORDER BY i.user_id ON CONFLICT (user_id) DO UPDATE SET seq = m.seq + excluded.seq RETURNING m.user_id, m.seq, ARRAY( SELECT n.id FROM nodes AS n WHERE n.id = ANY (m.nodes) AND n.lease_until > clock_timestamp() ) AS nodes",
        None,
    )
}
impl TakeNumbersStmt {
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
        T1: crate::ArraySql<Item = uuid::Uuid>,
        T2: crate::ArraySql<Item = i64>,
    >(
        &'s self,
        client: &'c C,
        user_ids: &'a T1,
        wanted: &'a T2,
    ) -> TakeNumbersQuery<'c, 'a, 's, C, TakeNumbers, 2> {
        TakeNumbersQuery {
            client,
            params: [user_ids, wanted],
            query: self.0,
            cached: self.1.as_ref(),
            extractor:
                |row: &tokio_postgres::Row| -> Result<TakeNumbersBorrowed, tokio_postgres::Error> {
                    Ok(TakeNumbersBorrowed {
                        user_id: row.try_get(0)?,
                        seq: row.try_get(1)?,
                        nodes: row.try_get(2)?,
                    })
                },
            mapper: |it| TakeNumbers::from(it),
        }
    }
}
impl<
    'c,
    'a,
    's,
    C: GenericClient,
    T1: crate::ArraySql<Item = uuid::Uuid>,
    T2: crate::ArraySql<Item = i64>,
>
    crate::client::async_::Params<
        'c,
        'a,
        's,
        TakeNumbersParams<T1, T2>,
        TakeNumbersQuery<'c, 'a, 's, C, TakeNumbers, 2>,
        C,
    > for TakeNumbersStmt
{
    fn params(
        &'s self,
        client: &'c C,
        params: &'a TakeNumbersParams<T1, T2>,
    ) -> TakeNumbersQuery<'c, 'a, 's, C, TakeNumbers, 2> {
        self.bind(client, &params.user_ids, &params.wanted)
    }
}
pub struct InsertDeliveriesStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn insert_deliveries() -> InsertDeliveriesStmt {
    InsertDeliveriesStmt(
        "INSERT INTO deliveries (user_id, seq, peer_id, peer_seq, message_id, outgoing) SELECT i.user_id, i.seq, i.peer_id, i.peer_seq, i.message_id, i.outgoing FROM unnest($1::uuid[], $2::bigint[], $3::uuid[], $4::bigint[], $5::uuid[], $6::boolean[]) AS i (user_id, seq, peer_id, peer_seq, message_id, outgoing) WHERE NOT EXISTS (SELECT FROM erased_people AS e WHERE e.user_id = ANY ($1))",
        None,
    )
}
impl InsertDeliveriesStmt {
    pub async fn prepare<'a, C: GenericClient>(
        mut self,
        client: &'a C,
    ) -> Result<Self, tokio_postgres::Error> {
        self.1 = Some(client.prepare(self.0).await?);
        Ok(self)
    }
    pub async fn bind<
        'c,
        'a,
        's,
        C: GenericClient,
        T1: crate::ArraySql<Item = uuid::Uuid>,
        T2: crate::ArraySql<Item = i64>,
        T3: crate::ArraySql<Item = uuid::Uuid>,
        T4: crate::ArraySql<Item = i64>,
        T5: crate::ArraySql<Item = uuid::Uuid>,
        T6: crate::ArraySql<Item = bool>,
    >(
        &'s self,
        client: &'c C,
        user_ids: &'a T1,
        seqs: &'a T2,
        peer_ids: &'a T3,
        peer_seqs: &'a T4,
        message_ids: &'a T5,
        outgoing: &'a T6,
    ) -> Result<u64, tokio_postgres::Error> {
        client.execute(self.0, &[user_ids, seqs, peer_ids, peer_seqs, message_ids, outgoing]).await
    }
}
impl<
    'a,
    C: GenericClient + Send + Sync,
    T1: crate::ArraySql<Item = uuid::Uuid>,
    T2: crate::ArraySql<Item = i64>,
    T3: crate::ArraySql<Item = uuid::Uuid>,
    T4: crate::ArraySql<Item = i64>,
    T5: crate::ArraySql<Item = uuid::Uuid>,
    T6: crate::ArraySql<Item = bool>,
>
    crate::client::async_::Params<
        'a,
        'a,
        'a,
        InsertDeliveriesParams<T1, T2, T3, T4, T5, T6>,
        std::pin::Pin<
            Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
        >,
        C,
    > for InsertDeliveriesStmt
{
    fn params(
        &'a self,
        client: &'a C,
        params: &'a InsertDeliveriesParams<T1, T2, T3, T4, T5, T6>,
    ) -> std::pin::Pin<
        Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
    > {
        Box::pin(self.bind(
            client,
            &params.user_ids,
            &params.seqs,
            &params.peer_ids,
            &params.peer_seqs,
            &params.message_ids,
            &params.outgoing,
        ))
    }
}
pub struct DeliveriesAfterStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn deliveries_after() -> DeliveriesAfterStmt {
    DeliveriesAfterStmt(
        "SELECT d.seq, d.peer_id, d.outgoing, m.id, m.content, m.created_at, m.edited_at, m.deleted_at FROM deliveries AS d JOIN messages AS m ON m.id = d.message_id WHERE d.user_id = $1 AND d.seq > $2 ORDER BY d.seq LIMIT $3",
        None,
    )
}
impl DeliveriesAfterStmt {
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
        after: &'a i64,
        limit: &'a i64,
    ) -> DeliveriesAfterQuery<'c, 'a, 's, C, DeliveriesAfter, 3> {
        DeliveriesAfterQuery {
            client,
            params: [user_id, after, limit],
            query: self.0,
            cached: self.1.as_ref(),
            extractor: |
                row: &tokio_postgres::Row,
            | -> Result<DeliveriesAfterBorrowed, tokio_postgres::Error> {
                Ok(DeliveriesAfterBorrowed {
                    seq: row.try_get(0)?,
                    peer_id: row.try_get(1)?,
                    outgoing: row.try_get(2)?,
                    id: row.try_get(3)?,
                    content: row.try_get(4)?,
                    created_at: row.try_get(5)?,
                    edited_at: row.try_get(6)?,
                    deleted_at: row.try_get(7)?,
                })
            },
            mapper: |it| DeliveriesAfter::from(it),
        }
    }
}
impl<'c, 'a, 's, C: GenericClient>
    crate::client::async_::Params<
        'c,
        'a,
        's,
        DeliveriesAfterParams,
        DeliveriesAfterQuery<'c, 'a, 's, C, DeliveriesAfter, 3>,
        C,
    > for DeliveriesAfterStmt
{
    fn params(
        &'s self,
        client: &'c C,
        params: &'a DeliveriesAfterParams,
    ) -> DeliveriesAfterQuery<'c, 'a, 's, C, DeliveriesAfter, 3> {
        self.bind(client, &params.user_id, &params.after, &params.limit)
    }
}
pub struct HistoryStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn history() -> HistoryStmt {
    HistoryStmt(
        "SELECT d.seq, d.peer_id, d.outgoing, m.id, m.content, m.created_at, m.edited_at, m.deleted_at FROM deliveries AS d JOIN messages AS m ON m.id = d.message_id WHERE d.user_id = $1 AND d.peer_id = $2 AND d.seq < $3 ORDER BY d.seq DESC LIMIT $4",
        None,
    )
}
impl HistoryStmt {
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
        peer_id: &'a uuid::Uuid,
        before: &'a i64,
        limit: &'a i64,
    ) -> HistoryQuery<'c, 'a, 's, C, History, 4> {
        HistoryQuery {
            client,
            params: [user_id, peer_id, before, limit],
            query: self.0,
            cached: self.1.as_ref(),
            extractor:
                |row: &tokio_postgres::Row| -> Result<HistoryBorrowed, tokio_postgres::Error> {
                    Ok(HistoryBorrowed {
                        seq: row.try_get(0)?,
                        peer_id: row.try_get(1)?,
                        outgoing: row.try_get(2)?,
                        id: row.try_get(3)?,
                        content: row.try_get(4)?,
                        created_at: row.try_get(5)?,
                        edited_at: row.try_get(6)?,
                        deleted_at: row.try_get(7)?,
                    })
                },
            mapper: |it| History::from(it),
        }
    }
}
impl<'c, 'a, 's, C: GenericClient>
    crate::client::async_::Params<
        'c,
        'a,
        's,
        HistoryParams,
        HistoryQuery<'c, 'a, 's, C, History, 4>,
        C,
    > for HistoryStmt
{
    fn params(
        &'s self,
        client: &'c C,
        params: &'a HistoryParams,
    ) -> HistoryQuery<'c, 'a, 's, C, History, 4> {
        self.bind(client, &params.user_id, &params.peer_id, &params.before, &params.limit)
    }
}
pub struct EditMessageStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn edit_message() -> EditMessageStmt {
    EditMessageStmt(
        "WITH own AS ( SELECT m.id, m.receiver_id, EXISTS ( SELECT FROM blocks AS b WHERE (b.user_id, b.blocked_id) = (m.receiver_id, m.sender_id) OR (b.user_id, b.blocked_id) = (m.sender_id, m.receiver_id) ) AS blocked FROM messages AS m WHERE m.id = $1 AND m.sender_id = $2 AND m.deleted_at IS NULL AND NOT EXISTS (SELECT FROM erased_people AS e WHERE e.user_id = m.sender_id) ), changed AS ( UPDATE messages AS m SET content = $3, edited_at = $4 FROM own WHERE m.id = own.id AND NOT own.blocked AND m.deleted_at IS NULL RETURNING m.id ) SELECT own.receiver_id, own.blocked FROM own WHERE own.blocked OR EXISTS (SELECT FROM changed)",
        None,
    )
}
impl EditMessageStmt {
    pub async fn prepare<'a, C: GenericClient>(
        mut self,
        client: &'a C,
    ) -> Result<Self, tokio_postgres::Error> {
        self.1 = Some(client.prepare(self.0).await?);
        Ok(self)
    }
    pub fn bind<'c, 'a, 's, C: GenericClient, T1: crate::StringSql>(
        &'s self,
        client: &'c C,
        id: &'a uuid::Uuid,
        sender_id: &'a uuid::Uuid,
        content: &'a T1,
        now: &'a time::OffsetDateTime,
    ) -> EditMessageQuery<'c, 'a, 's, C, EditMessage, 4> {
        EditMessageQuery {
            client,
            params: [id, sender_id, content, now],
            query: self.0,
            cached: self.1.as_ref(),
            extractor: |row: &tokio_postgres::Row| -> Result<EditMessage, tokio_postgres::Error> {
                Ok(EditMessage { receiver_id: row.try_get(0)?, blocked: row.try_get(1)? })
            },
            mapper: |it| EditMessage::from(it),
        }
    }
}
impl<'c, 'a, 's, C: GenericClient, T1: crate::StringSql>
    crate::client::async_::Params<
        'c,
        'a,
        's,
        EditMessageParams<T1>,
        EditMessageQuery<'c, 'a, 's, C, EditMessage, 4>,
        C,
    > for EditMessageStmt
{
    fn params(
        &'s self,
        client: &'c C,
        params: &'a EditMessageParams<T1>,
    ) -> EditMessageQuery<'c, 'a, 's, C, EditMessage, 4> {
        self.bind(client, &params.id, &params.sender_id, &params.content, &params.now)
    }
}
pub struct DeleteMessageStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn delete_message() -> DeleteMessageStmt {
    DeleteMessageStmt(
        "UPDATE messages SET content = '', content_hash = NULL, deleted_at = $1 WHERE id = $2 AND sender_id = $3 AND deleted_at IS NULL RETURNING receiver_id",
        None,
    )
}
impl DeleteMessageStmt {
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
        now: &'a time::OffsetDateTime,
        id: &'a uuid::Uuid,
        sender_id: &'a uuid::Uuid,
    ) -> UuidUuidQuery<'c, 'a, 's, C, uuid::Uuid, 3> {
        UuidUuidQuery {
            client,
            params: [now, id, sender_id],
            query: self.0,
            cached: self.1.as_ref(),
            extractor: |row| Ok(row.try_get(0)?),
            mapper: |it| it,
        }
    }
}
impl<'c, 'a, 's, C: GenericClient>
    crate::client::async_::Params<
        'c,
        'a,
        's,
        DeleteMessageParams,
        UuidUuidQuery<'c, 'a, 's, C, uuid::Uuid, 3>,
        C,
    > for DeleteMessageStmt
{
    fn params(
        &'s self,
        client: &'c C,
        params: &'a DeleteMessageParams,
    ) -> UuidUuidQuery<'c, 'a, 's, C, uuid::Uuid, 3> {
        self.bind(client, &params.now, &params.id, &params.sender_id)
    }
}
pub struct NumberOfStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn number_of() -> NumberOfStmt {
    NumberOfStmt(
        "SELECT d.seq FROM messages AS m JOIN deliveries AS d ON d.message_id = m.id AND d.user_id = $1 AND d.peer_id = $2 WHERE m.id = $3",
        None,
    )
}
impl NumberOfStmt {
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
        peer_id: &'a uuid::Uuid,
        id: &'a uuid::Uuid,
    ) -> I64Query<'c, 'a, 's, C, i64, 3> {
        I64Query {
            client,
            params: [user_id, peer_id, id],
            query: self.0,
            cached: self.1.as_ref(),
            extractor: |row| Ok(row.try_get(0)?),
            mapper: |it| it,
        }
    }
}
impl<'c, 'a, 's, C: GenericClient>
    crate::client::async_::Params<'c, 'a, 's, NumberOfParams, I64Query<'c, 'a, 's, C, i64, 3>, C>
    for NumberOfStmt
{
    fn params(
        &'s self,
        client: &'c C,
        params: &'a NumberOfParams,
    ) -> I64Query<'c, 'a, 's, C, i64, 3> {
        self.bind(client, &params.user_id, &params.peer_id, &params.id)
    }
}
pub struct MarkReadStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn mark_read() -> MarkReadStmt {
    MarkReadStmt(
        "WITH last AS ( SELECT d.seq, d.peer_seq, d.message_id FROM deliveries AS d WHERE d.user_id = $1 AND d.peer_id = $2 AND d.seq <= $3 ORDER BY d.seq DESC LIMIT 1 ), moved AS ( INSERT INTO reads AS r (user_id, peer_id, seq, read_at) SELECT $1, $2, last.seq, $4 FROM last ON CONFLICT (user_id, peer_id) DO UPDATE SET seq = excluded.seq, read_at = excluded.read_at WHERE r.seq < excluded.seq RETURNING 1 ) SELECT last.seq, last.peer_seq, last.message_id FROM last, moved",
        None,
    )
}
impl MarkReadStmt {
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
        peer_id: &'a uuid::Uuid,
        up_to: &'a i64,
        now: &'a time::OffsetDateTime,
    ) -> MarkReadQuery<'c, 'a, 's, C, MarkRead, 4> {
        MarkReadQuery {
            client,
            params: [user_id, peer_id, up_to, now],
            query: self.0,
            cached: self.1.as_ref(),
            extractor: |row: &tokio_postgres::Row| -> Result<MarkRead, tokio_postgres::Error> {
                Ok(MarkRead {
                    seq: row.try_get(0)?,
                    peer_seq: row.try_get(1)?,
                    message_id: row.try_get(2)?,
                })
            },
            mapper: |it| MarkRead::from(it),
        }
    }
}
impl<'c, 'a, 's, C: GenericClient>
    crate::client::async_::Params<
        'c,
        'a,
        's,
        MarkReadParams,
        MarkReadQuery<'c, 'a, 's, C, MarkRead, 4>,
        C,
    > for MarkReadStmt
{
    fn params(
        &'s self,
        client: &'c C,
        params: &'a MarkReadParams,
    ) -> MarkReadQuery<'c, 'a, 's, C, MarkRead, 4> {
        self.bind(client, &params.user_id, &params.peer_id, &params.up_to, &params.now)
    }
}
pub struct ConversationsStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn conversations() -> ConversationsStmt {
    ConversationsStmt(
        "WITH RECURSIVE peers AS ( (SELECT d.peer_id FROM deliveries AS d WHERE d.user_id = $1 ORDER BY d.peer_id LIMIT 1) UNION ALL SELECT (SELECT d.peer_id FROM deliveries AS d WHERE d.user_id = $1 AND d.peer_id > p.peer_id ORDER BY d.peer_id LIMIT 1) FROM peers AS p WHERE p.peer_id IS NOT NULL ), latest AS ( SELECT p.peer_id, l.seq, l.message_id, l.outgoing, count(*) OVER () AS total FROM peers AS p CROSS JOIN LATERAL ( SELECT d.seq, d.message_id, d.outgoing FROM deliveries AS d WHERE d.user_id = $1 AND d.peer_id = p.peer_id ORDER BY d.seq DESC LIMIT 1 ) AS l WHERE p.peer_id IS NOT NULL ORDER BY l.seq DESC LIMIT $2 OFFSET $3 ) SELECT l.peer_id, l.seq, l.outgoing, l.total, m.id, m.content, m.created_at, m.edited_at, m.deleted_at, b.last_seen_at, EXISTS (SELECT FROM nodes AS n WHERE n.id = ANY (b.nodes) AND n.lease_until > clock_timestamp()) AS online, (SELECT count(*) FROM deliveries AS d JOIN messages AS u ON u.id = d.message_id AND u.deleted_at IS NULL WHERE d.user_id = $1 AND d.peer_id = l.peer_id AND NOT d.outgoing AND NOT EXISTS (SELECT FROM erased_people AS e WHERE e.user_id = l.peer_id) AND d.seq > coalesce((SELECT r.seq FROM reads AS r WHERE r.user_id = $1 AND r.peer_id = l.peer_id), 0)) AS unread FROM latest AS l JOIN messages AS m ON m.id = l.message_id LEFT JOIN mailboxes AS b ON b.user_id = l.peer_id AND NOT EXISTS ( SELECT FROM blocks AS k WHERE (k.user_id, k.blocked_id) = ($1, l.peer_id) OR (k.user_id, k.blocked_id) = (l.peer_id, $1) ) ORDER BY l.seq DESC",
        None,
    )
}
impl ConversationsStmt {
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
        limit: &'a i64,
        offset: &'a i64,
    ) -> ConversationsQuery<'c, 'a, 's, C, Conversations, 3> {
        ConversationsQuery {
            client,
            params: [user_id, limit, offset],
            query: self.0,
            cached: self.1.as_ref(),
            extractor:
                |row: &tokio_postgres::Row| -> Result<ConversationsBorrowed, tokio_postgres::Error> {
                    Ok(ConversationsBorrowed {
                        peer_id: row.try_get(0)?,
                        seq: row.try_get(1)?,
                        outgoing: row.try_get(2)?,
                        total: row.try_get(3)?,
                        id: row.try_get(4)?,
                        content: row.try_get(5)?,
                        created_at: row.try_get(6)?,
                        edited_at: row.try_get(7)?,
                        deleted_at: row.try_get(8)?,
                        last_seen_at: row.try_get(9)?,
                        online: row.try_get(10)?,
                        unread: row.try_get(11)?,
                    })
                },
            mapper: |it| Conversations::from(it),
        }
    }
}
impl<'c, 'a, 's, C: GenericClient>
    crate::client::async_::Params<
        'c,
        'a,
        's,
        ConversationsParams,
        ConversationsQuery<'c, 'a, 's, C, Conversations, 3>,
        C,
    > for ConversationsStmt
{
    fn params(
        &'s self,
        client: &'c C,
        params: &'a ConversationsParams,
    ) -> ConversationsQuery<'c, 'a, 's, C, Conversations, 3> {
        self.bind(client, &params.user_id, &params.limit, &params.offset)
    }
}
pub struct CountConversationsStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn count_conversations() -> CountConversationsStmt {
    CountConversationsStmt(
        "SELECT count(DISTINCT peer_id) FROM deliveries WHERE user_id = $1",
        None,
    )
}
impl CountConversationsStmt {
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
    ) -> I64Query<'c, 'a, 's, C, i64, 1> {
        I64Query {
            client,
            params: [user_id],
            query: self.0,
            cached: self.1.as_ref(),
            extractor: |row| Ok(row.try_get(0)?),
            mapper: |it| it,
        }
    }
}
