// This file was generated with `clorinde`. Do not modify.

#[derive(Debug)]
pub struct PostponeJobParams<T1: crate::StringSql, T2: crate::JsonSql> {
    pub id: uuid::Uuid,
    pub kind: T1,
    pub payload: T2,
    pub run_at: time::OffsetDateTime,
    pub max_attempts: i32,
    pub now: time::OffsetDateTime,
}
#[derive(Clone, Copy, Debug)]
pub struct DeadDeliveriesParams {
    pub limit: i64,
    pub offset: i64,
}
#[derive(Debug, Clone, PartialEq)]
pub struct DeadJob {
    pub id: uuid::Uuid,
    pub kind: String,
    pub payload: serde_json::Value,
    pub attempts: i32,
    pub created_at: time::OffsetDateTime,
    pub died: time::OffsetDateTime,
    pub last_error: Option<String>,
}
pub struct DeadJobBorrowed<'a> {
    pub id: uuid::Uuid,
    pub kind: &'a str,
    pub payload: postgres_types::Json<&'a serde_json::value::RawValue>,
    pub attempts: i32,
    pub created_at: time::OffsetDateTime,
    pub died: time::OffsetDateTime,
    pub last_error: Option<&'a str>,
}
impl<'a> From<DeadJobBorrowed<'a>> for DeadJob {
    fn from(
        DeadJobBorrowed {
            id,
            kind,
            payload,
            attempts,
            created_at,
            died,
            last_error,
        }: DeadJobBorrowed<'a>,
    ) -> Self {
        Self {
            id,
            kind: kind.into(),
            payload: serde_json::from_str(payload.0.get()).unwrap(),
            attempts,
            created_at,
            died,
            last_error: last_error.map(|v| v.into()),
        }
    }
}
use crate::client::async_::GenericClient;
use futures_util::{self, StreamExt, TryStreamExt};
pub struct DeadJobQuery<'c, 'a, 's, C: GenericClient, T, const N: usize> {
    client: &'c C,
    params: [&'a (dyn postgres_types::ToSql + Sync); N],
    query: &'static str,
    cached: Option<&'s tokio_postgres::Statement>,
    extractor: fn(&tokio_postgres::Row) -> Result<DeadJobBorrowed, tokio_postgres::Error>,
    mapper: fn(DeadJobBorrowed) -> T,
}
impl<'c, 'a, 's, C, T: 'c, const N: usize> DeadJobQuery<'c, 'a, 's, C, T, N>
where
    C: GenericClient,
{
    pub fn map<R>(self, mapper: fn(DeadJobBorrowed) -> R) -> DeadJobQuery<'c, 'a, 's, C, R, N> {
        DeadJobQuery {
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
pub struct PostponeJobStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn postpone_job() -> PostponeJobStmt {
    PostponeJobStmt(
        "INSERT INTO jobs (id, kind, payload, run_at, max_attempts, created_at) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO NOTHING",
        None,
    )
}
impl PostponeJobStmt {
    pub async fn prepare<'a, C: GenericClient>(
        mut self,
        client: &'a C,
    ) -> Result<Self, tokio_postgres::Error> {
        self.1 = Some(client.prepare(self.0).await?);
        Ok(self)
    }
    pub async fn bind<'c, 'a, 's, C: GenericClient, T1: crate::StringSql, T2: crate::JsonSql>(
        &'s self,
        client: &'c C,
        id: &'a uuid::Uuid,
        kind: &'a T1,
        payload: &'a T2,
        run_at: &'a time::OffsetDateTime,
        max_attempts: &'a i32,
        now: &'a time::OffsetDateTime,
    ) -> Result<u64, tokio_postgres::Error> {
        client.execute(self.0, &[id, kind, payload, run_at, max_attempts, now]).await
    }
}
impl<'a, C: GenericClient + Send + Sync, T1: crate::StringSql, T2: crate::JsonSql>
    crate::client::async_::Params<
        'a,
        'a,
        'a,
        PostponeJobParams<T1, T2>,
        std::pin::Pin<
            Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
        >,
        C,
    > for PostponeJobStmt
{
    fn params(
        &'a self,
        client: &'a C,
        params: &'a PostponeJobParams<T1, T2>,
    ) -> std::pin::Pin<
        Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
    > {
        Box::pin(self.bind(
            client,
            &params.id,
            &params.kind,
            &params.payload,
            &params.run_at,
            &params.max_attempts,
            &params.now,
        ))
    }
}
pub struct DeadDeliveriesStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn dead_deliveries() -> DeadDeliveriesStmt {
    DeadDeliveriesStmt(
        "SELECT id, kind, payload, attempts, created_at, died_at AS died, last_error FROM jobs WHERE died_at IS NOT NULL ORDER BY died_at DESC, id LIMIT $1 OFFSET $2",
        None,
    )
}
impl DeadDeliveriesStmt {
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
        limit: &'a i64,
        offset: &'a i64,
    ) -> DeadJobQuery<'c, 'a, 's, C, DeadJob, 2> {
        DeadJobQuery {
            client,
            params: [limit, offset],
            query: self.0,
            cached: self.1.as_ref(),
            extractor:
                |row: &tokio_postgres::Row| -> Result<DeadJobBorrowed, tokio_postgres::Error> {
                    Ok(DeadJobBorrowed {
                        id: row.try_get(0)?,
                        kind: row.try_get(1)?,
                        payload: row.try_get(2)?,
                        attempts: row.try_get(3)?,
                        created_at: row.try_get(4)?,
                        died: row.try_get(5)?,
                        last_error: row.try_get(6)?,
                    })
                },
            mapper: |it| DeadJob::from(it),
        }
    }
}
impl<'c, 'a, 's, C: GenericClient>
    crate::client::async_::Params<
        'c,
        'a,
        's,
        DeadDeliveriesParams,
        DeadJobQuery<'c, 'a, 's, C, DeadJob, 2>,
        C,
    > for DeadDeliveriesStmt
{
    fn params(
        &'s self,
        client: &'c C,
        params: &'a DeadDeliveriesParams,
    ) -> DeadJobQuery<'c, 'a, 's, C, DeadJob, 2> {
        self.bind(client, &params.limit, &params.offset)
    }
}
pub struct CountDeadDeliveriesStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn count_dead_deliveries() -> CountDeadDeliveriesStmt {
    CountDeadDeliveriesStmt("SELECT count(*) FROM jobs WHERE died_at IS NOT NULL", None)
}
impl CountDeadDeliveriesStmt {
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
    ) -> I64Query<'c, 'a, 's, C, i64, 0> {
        I64Query {
            client,
            params: [],
            query: self.0,
            cached: self.1.as_ref(),
            extractor: |row| Ok(row.try_get(0)?),
            mapper: |it| it,
        }
    }
}
pub struct DropDeadDeliveryStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn drop_dead_delivery() -> DropDeadDeliveryStmt {
    DropDeadDeliveryStmt("DELETE FROM jobs WHERE id = $1 AND died_at IS NOT NULL", None)
}
impl DropDeadDeliveryStmt {
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
    ) -> Result<u64, tokio_postgres::Error> {
        client.execute(self.0, &[id]).await
    }
}
