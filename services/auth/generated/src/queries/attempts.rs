// This file was generated with `clorinde`. Do not modify.

#[derive(Debug)]
pub struct BeginAttemptParams<T1: crate::BytesSql> {
    pub account: T1,
    pub now: time::OffsetDateTime,
    pub allowed: i32,
    pub lock_until: time::OffsetDateTime,
}
#[derive(Debug)]
pub struct WithdrawAttemptParams<T1: crate::BytesSql> {
    pub allowed: i32,
    pub account: T1,
}
#[derive(Debug, Clone, PartialEq, Copy)]
pub struct BeginAttempt {
    pub failures: i32,
    pub locked_until: Option<time::OffsetDateTime>,
}
use crate::client::async_::GenericClient;
use futures_util::{self, StreamExt, TryStreamExt};
pub struct BeginAttemptQuery<'c, 'a, 's, C: GenericClient, T, const N: usize> {
    client: &'c C,
    params: [&'a (dyn postgres_types::ToSql + Sync); N],
    query: &'static str,
    cached: Option<&'s tokio_postgres::Statement>,
    extractor: fn(&tokio_postgres::Row) -> Result<BeginAttempt, tokio_postgres::Error>,
    mapper: fn(BeginAttempt) -> T,
}
impl<'c, 'a, 's, C, T: 'c, const N: usize> BeginAttemptQuery<'c, 'a, 's, C, T, N>
where
    C: GenericClient,
{
    pub fn map<R>(self, mapper: fn(BeginAttempt) -> R) -> BeginAttemptQuery<'c, 'a, 's, C, R, N> {
        BeginAttemptQuery {
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
pub struct BeginAttemptStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn begin_attempt() -> BeginAttemptStmt {
    BeginAttemptStmt(
        "INSERT INTO login_attempts AS a (account, failures, last_attempt_at, locked_until) VALUES ($1, 1, $2, CASE WHEN 1 >= $3 THEN $4::timestamptz END) ON CONFLICT (account) DO UPDATE SET last_attempt_at = $2, failures = CASE WHEN a.locked_until <= $2 THEN 1 ELSE least(a.failures + 1, 1000000) END, locked_until = CASE WHEN a.locked_until > $2 THEN a.locked_until WHEN a.locked_until <= $2 AND $3 > 1 THEN NULL WHEN a.failures + 1 >= $3 THEN $4::timestamptz END RETURNING failures, locked_until",
        None,
    )
}
impl BeginAttemptStmt {
    pub async fn prepare<'a, C: GenericClient>(
        mut self,
        client: &'a C,
    ) -> Result<Self, tokio_postgres::Error> {
        self.1 = Some(client.prepare(self.0).await?);
        Ok(self)
    }
    pub fn bind<'c, 'a, 's, C: GenericClient, T1: crate::BytesSql>(
        &'s self,
        client: &'c C,
        account: &'a T1,
        now: &'a time::OffsetDateTime,
        allowed: &'a i32,
        lock_until: &'a time::OffsetDateTime,
    ) -> BeginAttemptQuery<'c, 'a, 's, C, BeginAttempt, 4> {
        BeginAttemptQuery {
            client,
            params: [account, now, allowed, lock_until],
            query: self.0,
            cached: self.1.as_ref(),
            extractor: |row: &tokio_postgres::Row| -> Result<BeginAttempt, tokio_postgres::Error> {
                Ok(BeginAttempt { failures: row.try_get(0)?, locked_until: row.try_get(1)? })
            },
            mapper: |it| BeginAttempt::from(it),
        }
    }
}
impl<'c, 'a, 's, C: GenericClient, T1: crate::BytesSql>
    crate::client::async_::Params<
        'c,
        'a,
        's,
        BeginAttemptParams<T1>,
        BeginAttemptQuery<'c, 'a, 's, C, BeginAttempt, 4>,
        C,
    > for BeginAttemptStmt
{
    fn params(
        &'s self,
        client: &'c C,
        params: &'a BeginAttemptParams<T1>,
    ) -> BeginAttemptQuery<'c, 'a, 's, C, BeginAttempt, 4> {
        self.bind(client, &params.account, &params.now, &params.allowed, &params.lock_until)
    }
}
pub struct WithdrawAttemptStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn withdraw_attempt() -> WithdrawAttemptStmt {
    WithdrawAttemptStmt(
        "UPDATE login_attempts SET failures = greatest(failures - 1, 0), locked_until = CASE WHEN failures - 1 >= $1 THEN locked_until END WHERE account = $2",
        None,
    )
}
impl WithdrawAttemptStmt {
    pub async fn prepare<'a, C: GenericClient>(
        mut self,
        client: &'a C,
    ) -> Result<Self, tokio_postgres::Error> {
        self.1 = Some(client.prepare(self.0).await?);
        Ok(self)
    }
    pub async fn bind<'c, 'a, 's, C: GenericClient, T1: crate::BytesSql>(
        &'s self,
        client: &'c C,
        allowed: &'a i32,
        account: &'a T1,
    ) -> Result<u64, tokio_postgres::Error> {
        client.execute(self.0, &[allowed, account]).await
    }
}
impl<'a, C: GenericClient + Send + Sync, T1: crate::BytesSql>
    crate::client::async_::Params<
        'a,
        'a,
        'a,
        WithdrawAttemptParams<T1>,
        std::pin::Pin<
            Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
        >,
        C,
    > for WithdrawAttemptStmt
{
    fn params(
        &'a self,
        client: &'a C,
        params: &'a WithdrawAttemptParams<T1>,
    ) -> std::pin::Pin<
        Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
    > {
        Box::pin(self.bind(client, &params.allowed, &params.account))
    }
}
pub struct ClearAttemptsStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn clear_attempts() -> ClearAttemptsStmt {
    ClearAttemptsStmt("DELETE FROM login_attempts WHERE account = $1", None)
}
impl ClearAttemptsStmt {
    pub async fn prepare<'a, C: GenericClient>(
        mut self,
        client: &'a C,
    ) -> Result<Self, tokio_postgres::Error> {
        self.1 = Some(client.prepare(self.0).await?);
        Ok(self)
    }
    pub async fn bind<'c, 'a, 's, C: GenericClient, T1: crate::BytesSql>(
        &'s self,
        client: &'c C,
        account: &'a T1,
    ) -> Result<u64, tokio_postgres::Error> {
        client.execute(self.0, &[account]).await
    }
}
pub struct DeleteStaleAttemptsStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn delete_stale_attempts() -> DeleteStaleAttemptsStmt {
    DeleteStaleAttemptsStmt(
        "DELETE FROM login_attempts WHERE last_attempt_at < $1 AND (locked_until IS NULL OR locked_until < $1)",
        None,
    )
}
impl DeleteStaleAttemptsStmt {
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
        before: &'a time::OffsetDateTime,
    ) -> Result<u64, tokio_postgres::Error> {
        client.execute(self.0, &[before]).await
    }
}
