// This file was generated with `clorinde`. Do not modify.

#[derive(Debug)]
pub struct StoreEventParams<T1: crate::StringSql, T2: crate::StringSql, T3: crate::BytesSql> {
    pub source: T1,
    pub event_id: T2,
    pub payload: T3,
    pub received_at: time::OffsetDateTime,
}
#[derive(Debug)]
pub struct EventIdOfParams<T1: crate::StringSql, T2: crate::StringSql> {
    pub source: T1,
    pub event_id: T2,
}
#[derive(Debug)]
pub struct SettleEventParams<T1: crate::StringSql, T2: crate::StringSql> {
    pub outcome: T1,
    pub payment_id: Option<uuid::Uuid>,
    pub detail: Option<T2>,
    pub settled_at: time::OffsetDateTime,
    pub id: i64,
}
#[derive(Debug, Clone, PartialEq)]
pub struct LockEvent {
    pub payload: Vec<u8>,
    pub outcome: String,
    pub payment_id: Option<uuid::Uuid>,
    pub detail: Option<String>,
}
pub struct LockEventBorrowed<'a> {
    pub payload: &'a [u8],
    pub outcome: &'a str,
    pub payment_id: Option<uuid::Uuid>,
    pub detail: Option<&'a str>,
}
impl<'a> From<LockEventBorrowed<'a>> for LockEvent {
    fn from(
        LockEventBorrowed { payload, outcome, payment_id, detail }: LockEventBorrowed<'a>,
    ) -> Self {
        Self {
            payload: payload.into(),
            outcome: outcome.into(),
            payment_id,
            detail: detail.map(|v| v.into()),
        }
    }
}
use crate::client::async_::GenericClient;
use futures_util::{self, StreamExt, TryStreamExt};
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
pub struct LockEventQuery<'c, 'a, 's, C: GenericClient, T, const N: usize> {
    client: &'c C,
    params: [&'a (dyn postgres_types::ToSql + Sync); N],
    query: &'static str,
    cached: Option<&'s tokio_postgres::Statement>,
    extractor: fn(&tokio_postgres::Row) -> Result<LockEventBorrowed, tokio_postgres::Error>,
    mapper: fn(LockEventBorrowed) -> T,
}
impl<'c, 'a, 's, C, T: 'c, const N: usize> LockEventQuery<'c, 'a, 's, C, T, N>
where
    C: GenericClient,
{
    pub fn map<R>(self, mapper: fn(LockEventBorrowed) -> R) -> LockEventQuery<'c, 'a, 's, C, R, N> {
        LockEventQuery {
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
pub struct StoreEventStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn store_event() -> StoreEventStmt {
    StoreEventStmt(
        "INSERT INTO provider_events (source, event_id, payload, received_at) VALUES ($1, $2, $3, $4) ON CONFLICT (source, event_id) DO NOTHING RETURNING id",
        None,
    )
}
impl StoreEventStmt {
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
        T2: crate::StringSql,
        T3: crate::BytesSql,
    >(
        &'s self,
        client: &'c C,
        source: &'a T1,
        event_id: &'a T2,
        payload: &'a T3,
        received_at: &'a time::OffsetDateTime,
    ) -> I64Query<'c, 'a, 's, C, i64, 4> {
        I64Query {
            client,
            params: [source, event_id, payload, received_at],
            query: self.0,
            cached: self.1.as_ref(),
            extractor: |row| Ok(row.try_get(0)?),
            mapper: |it| it,
        }
    }
}
impl<'c, 'a, 's, C: GenericClient, T1: crate::StringSql, T2: crate::StringSql, T3: crate::BytesSql>
    crate::client::async_::Params<
        'c,
        'a,
        's,
        StoreEventParams<T1, T2, T3>,
        I64Query<'c, 'a, 's, C, i64, 4>,
        C,
    > for StoreEventStmt
{
    fn params(
        &'s self,
        client: &'c C,
        params: &'a StoreEventParams<T1, T2, T3>,
    ) -> I64Query<'c, 'a, 's, C, i64, 4> {
        self.bind(client, &params.source, &params.event_id, &params.payload, &params.received_at)
    }
}
pub struct EventIdOfStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn event_id_of() -> EventIdOfStmt {
    EventIdOfStmt("SELECT id FROM provider_events WHERE source = $1 AND event_id = $2", None)
}
impl EventIdOfStmt {
    pub async fn prepare<'a, C: GenericClient>(
        mut self,
        client: &'a C,
    ) -> Result<Self, tokio_postgres::Error> {
        self.1 = Some(client.prepare(self.0).await?);
        Ok(self)
    }
    pub fn bind<'c, 'a, 's, C: GenericClient, T1: crate::StringSql, T2: crate::StringSql>(
        &'s self,
        client: &'c C,
        source: &'a T1,
        event_id: &'a T2,
    ) -> I64Query<'c, 'a, 's, C, i64, 2> {
        I64Query {
            client,
            params: [source, event_id],
            query: self.0,
            cached: self.1.as_ref(),
            extractor: |row| Ok(row.try_get(0)?),
            mapper: |it| it,
        }
    }
}
impl<'c, 'a, 's, C: GenericClient, T1: crate::StringSql, T2: crate::StringSql>
    crate::client::async_::Params<
        'c,
        'a,
        's,
        EventIdOfParams<T1, T2>,
        I64Query<'c, 'a, 's, C, i64, 2>,
        C,
    > for EventIdOfStmt
{
    fn params(
        &'s self,
        client: &'c C,
        params: &'a EventIdOfParams<T1, T2>,
    ) -> I64Query<'c, 'a, 's, C, i64, 2> {
        self.bind(client, &params.source, &params.event_id)
    }
}
pub struct LockEventStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn lock_event() -> LockEventStmt {
    LockEventStmt(
        "SELECT payload, outcome, payment_id, detail FROM provider_events WHERE id = $1 FOR UPDATE",
        None,
    )
}
impl LockEventStmt {
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
        id: &'a i64,
    ) -> LockEventQuery<'c, 'a, 's, C, LockEvent, 1> {
        LockEventQuery {
            client,
            params: [id],
            query: self.0,
            cached: self.1.as_ref(),
            extractor:
                |row: &tokio_postgres::Row| -> Result<LockEventBorrowed, tokio_postgres::Error> {
                    Ok(LockEventBorrowed {
                        payload: row.try_get(0)?,
                        outcome: row.try_get(1)?,
                        payment_id: row.try_get(2)?,
                        detail: row.try_get(3)?,
                    })
                },
            mapper: |it| LockEvent::from(it),
        }
    }
}
pub struct SettleEventStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn settle_event() -> SettleEventStmt {
    SettleEventStmt(
        "UPDATE provider_events SET outcome = $1, payment_id = $2, detail = $3, settled_at = $4 WHERE id = $5",
        None,
    )
}
impl SettleEventStmt {
    pub async fn prepare<'a, C: GenericClient>(
        mut self,
        client: &'a C,
    ) -> Result<Self, tokio_postgres::Error> {
        self.1 = Some(client.prepare(self.0).await?);
        Ok(self)
    }
    pub async fn bind<'c, 'a, 's, C: GenericClient, T1: crate::StringSql, T2: crate::StringSql>(
        &'s self,
        client: &'c C,
        outcome: &'a T1,
        payment_id: &'a Option<uuid::Uuid>,
        detail: &'a Option<T2>,
        settled_at: &'a time::OffsetDateTime,
        id: &'a i64,
    ) -> Result<u64, tokio_postgres::Error> {
        client.execute(self.0, &[outcome, payment_id, detail, settled_at, id]).await
    }
}
impl<'a, C: GenericClient + Send + Sync, T1: crate::StringSql, T2: crate::StringSql>
    crate::client::async_::Params<
        'a,
        'a,
        'a,
        SettleEventParams<T1, T2>,
        std::pin::Pin<
            Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
        >,
        C,
    > for SettleEventStmt
{
    fn params(
        &'a self,
        client: &'a C,
        params: &'a SettleEventParams<T1, T2>,
    ) -> std::pin::Pin<
        Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
    > {
        Box::pin(self.bind(
            client,
            &params.outcome,
            &params.payment_id,
            &params.detail,
            &params.settled_at,
            &params.id,
        ))
    }
}
pub struct OpenEventsStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn open_events() -> OpenEventsStmt {
    OpenEventsStmt(
        "SELECT e.id FROM provider_events AS e WHERE e.outcome IN ('received', 'unmatched') AND ((e.outcome = 'received' AND e.received_at <= $1) OR EXISTS (SELECT FROM payments AS p WHERE p.id = e.payment_id)) ORDER BY e.id LIMIT 100",
        None,
    )
}
impl OpenEventsStmt {
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
        left_behind_since: &'a time::OffsetDateTime,
    ) -> I64Query<'c, 'a, 's, C, i64, 1> {
        I64Query {
            client,
            params: [left_behind_since],
            query: self.0,
            cached: self.1.as_ref(),
            extractor: |row| Ok(row.try_get(0)?),
            mapper: |it| it,
        }
    }
}
