// This file was generated with `clorinde`. Do not modify.

#[derive(Debug)]
pub struct StoredAnswerParams<T1: crate::StringSql> {
    pub user_id: uuid::Uuid,
    pub key: T1,
    pub expired_at: time::OffsetDateTime,
}
#[derive(Debug)]
pub struct StoreAnswerParams<T1: crate::StringSql, T2: crate::BytesSql, T3: crate::StringSql> {
    pub user_id: uuid::Uuid,
    pub key: T1,
    pub now: time::OffsetDateTime,
    pub status: i16,
    pub fingerprint: T2,
    pub body: T3,
    pub expired_at: time::OffsetDateTime,
}
#[derive(Debug, Clone, PartialEq)]
pub struct StoredAnswer {
    pub fingerprint: Vec<u8>,
    pub status: i16,
    pub body: String,
}
pub struct StoredAnswerBorrowed<'a> {
    pub fingerprint: &'a [u8],
    pub status: i16,
    pub body: &'a str,
}
impl<'a> From<StoredAnswerBorrowed<'a>> for StoredAnswer {
    fn from(StoredAnswerBorrowed { fingerprint, status, body }: StoredAnswerBorrowed<'a>) -> Self {
        Self { fingerprint: fingerprint.into(), status, body: body.into() }
    }
}
use crate::client::async_::GenericClient;
use futures_util::{self, StreamExt, TryStreamExt};
pub struct BoolQuery<'c, 'a, 's, C: GenericClient, T, const N: usize> {
    client: &'c C,
    params: [&'a (dyn postgres_types::ToSql + Sync); N],
    query: &'static str,
    cached: Option<&'s tokio_postgres::Statement>,
    extractor: fn(&tokio_postgres::Row) -> Result<bool, tokio_postgres::Error>,
    mapper: fn(bool) -> T,
}
impl<'c, 'a, 's, C, T: 'c, const N: usize> BoolQuery<'c, 'a, 's, C, T, N>
where
    C: GenericClient,
{
    pub fn map<R>(self, mapper: fn(bool) -> R) -> BoolQuery<'c, 'a, 's, C, R, N> {
        BoolQuery {
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
pub struct StoredAnswerQuery<'c, 'a, 's, C: GenericClient, T, const N: usize> {
    client: &'c C,
    params: [&'a (dyn postgres_types::ToSql + Sync); N],
    query: &'static str,
    cached: Option<&'s tokio_postgres::Statement>,
    extractor: fn(&tokio_postgres::Row) -> Result<StoredAnswerBorrowed, tokio_postgres::Error>,
    mapper: fn(StoredAnswerBorrowed) -> T,
}
impl<'c, 'a, 's, C, T: 'c, const N: usize> StoredAnswerQuery<'c, 'a, 's, C, T, N>
where
    C: GenericClient,
{
    pub fn map<R>(
        self,
        mapper: fn(StoredAnswerBorrowed) -> R,
    ) -> StoredAnswerQuery<'c, 'a, 's, C, R, N> {
        StoredAnswerQuery {
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
pub struct TryLockKeyStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn try_lock_key() -> TryLockKeyStmt {
    TryLockKeyStmt("SELECT pg_try_advisory_xact_lock($1) AS acquired", None)
}
impl TryLockKeyStmt {
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
        lock: &'a i64,
    ) -> BoolQuery<'c, 'a, 's, C, bool, 1> {
        BoolQuery {
            client,
            params: [lock],
            query: self.0,
            cached: self.1.as_ref(),
            extractor: |row| Ok(row.try_get(0)?),
            mapper: |it| it,
        }
    }
}
pub struct StoredAnswerStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn stored_answer() -> StoredAnswerStmt {
    StoredAnswerStmt(
        "SELECT fingerprint, status, body FROM idempotency_keys WHERE user_id = $1 AND key = $2 AND created_at > $3",
        None,
    )
}
impl StoredAnswerStmt {
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
        user_id: &'a uuid::Uuid,
        key: &'a T1,
        expired_at: &'a time::OffsetDateTime,
    ) -> StoredAnswerQuery<'c, 'a, 's, C, StoredAnswer, 3> {
        StoredAnswerQuery {
            client,
            params: [user_id, key, expired_at],
            query: self.0,
            cached: self.1.as_ref(),
            extractor:
                |row: &tokio_postgres::Row| -> Result<StoredAnswerBorrowed, tokio_postgres::Error> {
                    Ok(StoredAnswerBorrowed {
                        fingerprint: row.try_get(0)?,
                        status: row.try_get(1)?,
                        body: row.try_get(2)?,
                    })
                },
            mapper: |it| StoredAnswer::from(it),
        }
    }
}
impl<'c, 'a, 's, C: GenericClient, T1: crate::StringSql>
    crate::client::async_::Params<
        'c,
        'a,
        's,
        StoredAnswerParams<T1>,
        StoredAnswerQuery<'c, 'a, 's, C, StoredAnswer, 3>,
        C,
    > for StoredAnswerStmt
{
    fn params(
        &'s self,
        client: &'c C,
        params: &'a StoredAnswerParams<T1>,
    ) -> StoredAnswerQuery<'c, 'a, 's, C, StoredAnswer, 3> {
        self.bind(client, &params.user_id, &params.key, &params.expired_at)
    }
}
pub struct StoreAnswerStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn store_answer() -> StoreAnswerStmt {
    StoreAnswerStmt(
        "INSERT INTO idempotency_keys (user_id, key, created_at, status, fingerprint, body) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (user_id, key) DO UPDATE SET created_at = excluded.created_at, status = excluded.status, fingerprint = excluded.fingerprint, body = excluded.body WHERE idempotency_keys.created_at <= $7",
        None,
    )
}
impl StoreAnswerStmt {
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
        T1: crate::StringSql,
        T2: crate::BytesSql,
        T3: crate::StringSql,
    >(
        &'s self,
        client: &'c C,
        user_id: &'a uuid::Uuid,
        key: &'a T1,
        now: &'a time::OffsetDateTime,
        status: &'a i16,
        fingerprint: &'a T2,
        body: &'a T3,
        expired_at: &'a time::OffsetDateTime,
    ) -> Result<u64, tokio_postgres::Error> {
        client.execute(self.0, &[user_id, key, now, status, fingerprint, body, expired_at]).await
    }
}
impl<
    'a,
    C: GenericClient + Send + Sync,
    T1: crate::StringSql,
    T2: crate::BytesSql,
    T3: crate::StringSql,
>
    crate::client::async_::Params<
        'a,
        'a,
        'a,
        StoreAnswerParams<T1, T2, T3>,
        std::pin::Pin<
            Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
        >,
        C,
    > for StoreAnswerStmt
{
    fn params(
        &'a self,
        client: &'a C,
        params: &'a StoreAnswerParams<T1, T2, T3>,
    ) -> std::pin::Pin<
        Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
    > {
        Box::pin(self.bind(
            client,
            &params.user_id,
            &params.key,
            &params.now,
            &params.status,
            &params.fingerprint,
            &params.body,
            &params.expired_at,
        ))
    }
}
pub struct DeleteExpiredAnswersStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn delete_expired_answers() -> DeleteExpiredAnswersStmt {
    DeleteExpiredAnswersStmt(
        "DELETE FROM idempotency_keys WHERE ctid = ANY (ARRAY( SELECT ctid FROM idempotency_keys WHERE created_at <= $1 LIMIT 5000 ))",
        None,
    )
}
impl DeleteExpiredAnswersStmt {
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
        expired_at: &'a time::OffsetDateTime,
    ) -> Result<u64, tokio_postgres::Error> {
        client.execute(self.0, &[expired_at]).await
    }
}
