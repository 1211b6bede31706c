// This file was generated with `clorinde`. Do not modify.

#[derive(Debug)]
pub struct SealParams<
    T1: crate::ArraySql<Item = uuid::Uuid>,
    T2: crate::BytesSql,
    T3: crate::ArraySql<Item = T2>,
    T4: crate::BytesSql,
    T5: crate::ArraySql<Item = T4>,
    T6: crate::BytesSql,
    T7: crate::ArraySql<Item = T6>,
> {
    pub version: i32,
    pub ids: T1,
    pub data_keys: T3,
    pub sealed_emails: T5,
    pub email_indexes: T7,
}
#[derive(Clone, Copy, Debug)]
pub struct OutdatedKeysParams {
    pub version: i32,
    pub limit: i64,
}
#[derive(Debug)]
pub struct RenewKeysParams<
    T1: crate::ArraySql<Item = uuid::Uuid>,
    T2: crate::BytesSql,
    T3: crate::ArraySql<Item = T2>,
> {
    pub version: i32,
    pub ids: T1,
    pub data_keys: T3,
}
#[derive(Clone, Copy, Debug)]
pub struct OutdatedIndexesParams {
    pub version: i32,
    pub limit: i64,
}
#[derive(Debug)]
pub struct RenewIndexesParams<
    T1: crate::ArraySql<Item = uuid::Uuid>,
    T2: crate::BytesSql,
    T3: crate::ArraySql<Item = T2>,
> {
    pub version: i32,
    pub ids: T1,
    pub email_indexes: T3,
}
#[derive(Debug, Clone, PartialEq)]
pub struct Unsealed {
    pub id: uuid::Uuid,
    pub email: String,
}
pub struct UnsealedBorrowed<'a> {
    pub id: uuid::Uuid,
    pub email: &'a str,
}
impl<'a> From<UnsealedBorrowed<'a>> for Unsealed {
    fn from(UnsealedBorrowed { id, email }: UnsealedBorrowed<'a>) -> Self {
        Self { id, email: email.into() }
    }
}
#[derive(Debug, Clone, PartialEq)]
pub struct OutdatedKeys {
    pub id: uuid::Uuid,
    pub data_key: Vec<u8>,
}
pub struct OutdatedKeysBorrowed<'a> {
    pub id: uuid::Uuid,
    pub data_key: &'a [u8],
}
impl<'a> From<OutdatedKeysBorrowed<'a>> for OutdatedKeys {
    fn from(OutdatedKeysBorrowed { id, data_key }: OutdatedKeysBorrowed<'a>) -> Self {
        Self { id, data_key: data_key.into() }
    }
}
#[derive(Debug, Clone, PartialEq)]
pub struct OutdatedIndexes {
    pub id: uuid::Uuid,
    pub data_key: Vec<u8>,
    pub sealed_email: Vec<u8>,
}
pub struct OutdatedIndexesBorrowed<'a> {
    pub id: uuid::Uuid,
    pub data_key: &'a [u8],
    pub sealed_email: &'a [u8],
}
impl<'a> From<OutdatedIndexesBorrowed<'a>> for OutdatedIndexes {
    fn from(
        OutdatedIndexesBorrowed { id, data_key, sealed_email }: OutdatedIndexesBorrowed<'a>,
    ) -> Self {
        Self { id, data_key: data_key.into(), sealed_email: sealed_email.into() }
    }
}
use crate::client::async_::GenericClient;
use futures_util::{self, StreamExt, TryStreamExt};
pub struct UnsealedQuery<'c, 'a, 's, C: GenericClient, T, const N: usize> {
    client: &'c C,
    params: [&'a (dyn postgres_types::ToSql + Sync); N],
    query: &'static str,
    cached: Option<&'s tokio_postgres::Statement>,
    extractor: fn(&tokio_postgres::Row) -> Result<UnsealedBorrowed, tokio_postgres::Error>,
    mapper: fn(UnsealedBorrowed) -> T,
}
impl<'c, 'a, 's, C, T: 'c, const N: usize> UnsealedQuery<'c, 'a, 's, C, T, N>
where
    C: GenericClient,
{
    pub fn map<R>(self, mapper: fn(UnsealedBorrowed) -> R) -> UnsealedQuery<'c, 'a, 's, C, R, N> {
        UnsealedQuery {
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
pub struct OutdatedKeysQuery<'c, 'a, 's, C: GenericClient, T, const N: usize> {
    client: &'c C,
    params: [&'a (dyn postgres_types::ToSql + Sync); N],
    query: &'static str,
    cached: Option<&'s tokio_postgres::Statement>,
    extractor: fn(&tokio_postgres::Row) -> Result<OutdatedKeysBorrowed, tokio_postgres::Error>,
    mapper: fn(OutdatedKeysBorrowed) -> T,
}
impl<'c, 'a, 's, C, T: 'c, const N: usize> OutdatedKeysQuery<'c, 'a, 's, C, T, N>
where
    C: GenericClient,
{
    pub fn map<R>(
        self,
        mapper: fn(OutdatedKeysBorrowed) -> R,
    ) -> OutdatedKeysQuery<'c, 'a, 's, C, R, N> {
        OutdatedKeysQuery {
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
pub struct OutdatedIndexesQuery<'c, 'a, 's, C: GenericClient, T, const N: usize> {
    client: &'c C,
    params: [&'a (dyn postgres_types::ToSql + Sync); N],
    query: &'static str,
    cached: Option<&'s tokio_postgres::Statement>,
    extractor: fn(&tokio_postgres::Row) -> Result<OutdatedIndexesBorrowed, tokio_postgres::Error>,
    mapper: fn(OutdatedIndexesBorrowed) -> T,
}
impl<'c, 'a, 's, C, T: 'c, const N: usize> OutdatedIndexesQuery<'c, 'a, 's, C, T, N>
where
    C: GenericClient,
{
    pub fn map<R>(
        self,
        mapper: fn(OutdatedIndexesBorrowed) -> R,
    ) -> OutdatedIndexesQuery<'c, 'a, 's, C, R, N> {
        OutdatedIndexesQuery {
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
pub struct UnsealedStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn unsealed() -> UnsealedStmt {
    UnsealedStmt(
        "SELECT id, email FROM users WHERE email IS NOT NULL ORDER BY id LIMIT $1 FOR UPDATE",
        None,
    )
}
impl UnsealedStmt {
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
    ) -> UnsealedQuery<'c, 'a, 's, C, Unsealed, 1> {
        UnsealedQuery {
            client,
            params: [limit],
            query: self.0,
            cached: self.1.as_ref(),
            extractor:
                |row: &tokio_postgres::Row| -> Result<UnsealedBorrowed, tokio_postgres::Error> {
                    Ok(UnsealedBorrowed { id: row.try_get(0)?, email: row.try_get(1)? })
                },
            mapper: |it| Unsealed::from(it),
        }
    }
}
pub struct SealStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn seal() -> SealStmt {
    SealStmt(
        "UPDATE users AS u SET email = NULL, data_key = s.data_key, key_version = $1, sealed_email = s.sealed_email, email_index = s.email_index, email_index_version = $1 FROM unnest($2::uuid[], $3::bytea[], $4::bytea[], $5::bytea[]) AS s (id, data_key, sealed_email, email_index) WHERE u.id = s.id",
        None,
    )
}
impl SealStmt {
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
        T2: crate::BytesSql,
        T3: crate::ArraySql<Item = T2>,
        T4: crate::BytesSql,
        T5: crate::ArraySql<Item = T4>,
        T6: crate::BytesSql,
        T7: crate::ArraySql<Item = T6>,
    >(
        &'s self,
        client: &'c C,
        version: &'a i32,
        ids: &'a T1,
        data_keys: &'a T3,
        sealed_emails: &'a T5,
        email_indexes: &'a T7,
    ) -> Result<u64, tokio_postgres::Error> {
        client.execute(self.0, &[version, ids, data_keys, sealed_emails, email_indexes]).await
    }
}
impl<
    'a,
    C: GenericClient + Send + Sync,
    T1: crate::ArraySql<Item = uuid::Uuid>,
    T2: crate::BytesSql,
    T3: crate::ArraySql<Item = T2>,
    T4: crate::BytesSql,
    T5: crate::ArraySql<Item = T4>,
    T6: crate::BytesSql,
    T7: crate::ArraySql<Item = T6>,
>
    crate::client::async_::Params<
        'a,
        'a,
        'a,
        SealParams<T1, T2, T3, T4, T5, T6, T7>,
        std::pin::Pin<
            Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
        >,
        C,
    > for SealStmt
{
    fn params(
        &'a self,
        client: &'a C,
        params: &'a SealParams<T1, T2, T3, T4, T5, T6, T7>,
    ) -> std::pin::Pin<
        Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
    > {
        Box::pin(self.bind(
            client,
            &params.version,
            &params.ids,
            &params.data_keys,
            &params.sealed_emails,
            &params.email_indexes,
        ))
    }
}
pub struct OutdatedKeysStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn outdated_keys() -> OutdatedKeysStmt {
    OutdatedKeysStmt(
        "SELECT id, data_key FROM users WHERE key_version < $1 ORDER BY id LIMIT $2 FOR UPDATE",
        None,
    )
}
impl OutdatedKeysStmt {
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
        version: &'a i32,
        limit: &'a i64,
    ) -> OutdatedKeysQuery<'c, 'a, 's, C, OutdatedKeys, 2> {
        OutdatedKeysQuery {
            client,
            params: [version, limit],
            query: self.0,
            cached: self.1.as_ref(),
            extractor:
                |row: &tokio_postgres::Row| -> Result<OutdatedKeysBorrowed, tokio_postgres::Error> {
                    Ok(OutdatedKeysBorrowed { id: row.try_get(0)?, data_key: row.try_get(1)? })
                },
            mapper: |it| OutdatedKeys::from(it),
        }
    }
}
impl<'c, 'a, 's, C: GenericClient>
    crate::client::async_::Params<
        'c,
        'a,
        's,
        OutdatedKeysParams,
        OutdatedKeysQuery<'c, 'a, 's, C, OutdatedKeys, 2>,
        C,
    > for OutdatedKeysStmt
{
    fn params(
        &'s self,
        client: &'c C,
        params: &'a OutdatedKeysParams,
    ) -> OutdatedKeysQuery<'c, 'a, 's, C, OutdatedKeys, 2> {
        self.bind(client, &params.version, &params.limit)
    }
}
pub struct RenewKeysStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn renew_keys() -> RenewKeysStmt {
    RenewKeysStmt(
        "UPDATE users AS u SET data_key = s.data_key, key_version = $1 FROM unnest($2::uuid[], $3::bytea[]) AS s (id, data_key) WHERE u.id = s.id",
        None,
    )
}
impl RenewKeysStmt {
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
        T2: crate::BytesSql,
        T3: crate::ArraySql<Item = T2>,
    >(
        &'s self,
        client: &'c C,
        version: &'a i32,
        ids: &'a T1,
        data_keys: &'a T3,
    ) -> Result<u64, tokio_postgres::Error> {
        client.execute(self.0, &[version, ids, data_keys]).await
    }
}
impl<
    'a,
    C: GenericClient + Send + Sync,
    T1: crate::ArraySql<Item = uuid::Uuid>,
    T2: crate::BytesSql,
    T3: crate::ArraySql<Item = T2>,
>
    crate::client::async_::Params<
        'a,
        'a,
        'a,
        RenewKeysParams<T1, T2, T3>,
        std::pin::Pin<
            Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
        >,
        C,
    > for RenewKeysStmt
{
    fn params(
        &'a self,
        client: &'a C,
        params: &'a RenewKeysParams<T1, T2, T3>,
    ) -> std::pin::Pin<
        Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
    > {
        Box::pin(self.bind(client, &params.version, &params.ids, &params.data_keys))
    }
}
pub struct OutdatedIndexesStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn outdated_indexes() -> OutdatedIndexesStmt {
    OutdatedIndexesStmt(
        "SELECT id, data_key, sealed_email FROM users WHERE email_index_version < $1 ORDER BY id LIMIT $2 FOR UPDATE",
        None,
    )
}
impl OutdatedIndexesStmt {
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
        version: &'a i32,
        limit: &'a i64,
    ) -> OutdatedIndexesQuery<'c, 'a, 's, C, OutdatedIndexes, 2> {
        OutdatedIndexesQuery {
            client,
            params: [version, limit],
            query: self.0,
            cached: self.1.as_ref(),
            extractor: |
                row: &tokio_postgres::Row,
            | -> Result<OutdatedIndexesBorrowed, tokio_postgres::Error> {
                Ok(OutdatedIndexesBorrowed {
                    id: row.try_get(0)?,
                    data_key: row.try_get(1)?,
                    sealed_email: row.try_get(2)?,
                })
            },
            mapper: |it| OutdatedIndexes::from(it),
        }
    }
}
impl<'c, 'a, 's, C: GenericClient>
    crate::client::async_::Params<
        'c,
        'a,
        's,
        OutdatedIndexesParams,
        OutdatedIndexesQuery<'c, 'a, 's, C, OutdatedIndexes, 2>,
        C,
    > for OutdatedIndexesStmt
{
    fn params(
        &'s self,
        client: &'c C,
        params: &'a OutdatedIndexesParams,
    ) -> OutdatedIndexesQuery<'c, 'a, 's, C, OutdatedIndexes, 2> {
        self.bind(client, &params.version, &params.limit)
    }
}
pub struct RenewIndexesStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn renew_indexes() -> RenewIndexesStmt {
    RenewIndexesStmt(
        "UPDATE users AS u SET email_index = s.email_index, email_index_version = $1 FROM unnest($2::uuid[], $3::bytea[]) AS s (id, email_index) WHERE u.id = s.id",
        None,
    )
}
impl RenewIndexesStmt {
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
        T2: crate::BytesSql,
        T3: crate::ArraySql<Item = T2>,
    >(
        &'s self,
        client: &'c C,
        version: &'a i32,
        ids: &'a T1,
        email_indexes: &'a T3,
    ) -> Result<u64, tokio_postgres::Error> {
        client.execute(self.0, &[version, ids, email_indexes]).await
    }
}
impl<
    'a,
    C: GenericClient + Send + Sync,
    T1: crate::ArraySql<Item = uuid::Uuid>,
    T2: crate::BytesSql,
    T3: crate::ArraySql<Item = T2>,
>
    crate::client::async_::Params<
        'a,
        'a,
        'a,
        RenewIndexesParams<T1, T2, T3>,
        std::pin::Pin<
            Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
        >,
        C,
    > for RenewIndexesStmt
{
    fn params(
        &'a self,
        client: &'a C,
        params: &'a RenewIndexesParams<T1, T2, T3>,
    ) -> std::pin::Pin<
        Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
    > {
        Box::pin(self.bind(client, &params.version, &params.ids, &params.email_indexes))
    }
}
