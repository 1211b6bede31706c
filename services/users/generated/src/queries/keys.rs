// This file was generated with `clorinde`. Do not modify.

#[derive(Clone, Copy, Debug)]
pub struct OutdatedKeysParams {
    pub version: i32,
    pub limit: i64,
}
#[derive(Debug)]
pub struct ReplaceKeyParams<T1: crate::BytesSql> {
    pub data_key: T1,
    pub version: i32,
    pub id: uuid::Uuid,
}
#[derive(Clone, Copy, Debug)]
pub struct OutdatedIndexesParams {
    pub version: i32,
    pub limit: i64,
}
#[derive(Debug)]
pub struct ReplaceIndexParams<T1: crate::BytesSql> {
    pub email_index: T1,
    pub version: i32,
    pub id: uuid::Uuid,
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
    pub email: Vec<u8>,
}
pub struct OutdatedIndexesBorrowed<'a> {
    pub id: uuid::Uuid,
    pub data_key: &'a [u8],
    pub email: &'a [u8],
}
impl<'a> From<OutdatedIndexesBorrowed<'a>> for OutdatedIndexes {
    fn from(OutdatedIndexesBorrowed { id, data_key, email }: OutdatedIndexesBorrowed<'a>) -> Self {
        Self { id, data_key: data_key.into(), email: email.into() }
    }
}
use crate::client::async_::GenericClient;
use futures_util::{self, StreamExt, TryStreamExt};
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
pub struct OutdatedKeysStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn outdated_keys() -> OutdatedKeysStmt {
    OutdatedKeysStmt(
        "SELECT id, data_key FROM people WHERE key_version < $1 ORDER BY key_version, id LIMIT $2 FOR UPDATE",
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
pub struct ReplaceKeyStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn replace_key() -> ReplaceKeyStmt {
    ReplaceKeyStmt("UPDATE people SET data_key = $1, key_version = $2 WHERE id = $3", None)
}
impl ReplaceKeyStmt {
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
        data_key: &'a T1,
        version: &'a i32,
        id: &'a uuid::Uuid,
    ) -> Result<u64, tokio_postgres::Error> {
        client.execute(self.0, &[data_key, version, id]).await
    }
}
impl<'a, C: GenericClient + Send + Sync, T1: crate::BytesSql>
    crate::client::async_::Params<
        'a,
        'a,
        'a,
        ReplaceKeyParams<T1>,
        std::pin::Pin<
            Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
        >,
        C,
    > for ReplaceKeyStmt
{
    fn params(
        &'a self,
        client: &'a C,
        params: &'a ReplaceKeyParams<T1>,
    ) -> std::pin::Pin<
        Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
    > {
        Box::pin(self.bind(client, &params.data_key, &params.version, &params.id))
    }
}
pub struct OutdatedIndexesStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn outdated_indexes() -> OutdatedIndexesStmt {
    OutdatedIndexesStmt(
        "SELECT id, data_key, email FROM people WHERE email_index_version < $1 ORDER BY email_index_version, id LIMIT $2 FOR UPDATE",
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
                    email: row.try_get(2)?,
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
pub struct ReplaceIndexStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn replace_index() -> ReplaceIndexStmt {
    ReplaceIndexStmt(
        "UPDATE people SET email_index = $1, email_index_version = $2 WHERE id = $3",
        None,
    )
}
impl ReplaceIndexStmt {
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
        email_index: &'a T1,
        version: &'a i32,
        id: &'a uuid::Uuid,
    ) -> Result<u64, tokio_postgres::Error> {
        client.execute(self.0, &[email_index, version, id]).await
    }
}
impl<'a, C: GenericClient + Send + Sync, T1: crate::BytesSql>
    crate::client::async_::Params<
        'a,
        'a,
        'a,
        ReplaceIndexParams<T1>,
        std::pin::Pin<
            Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
        >,
        C,
    > for ReplaceIndexStmt
{
    fn params(
        &'a self,
        client: &'a C,
        params: &'a ReplaceIndexParams<T1>,
    ) -> std::pin::Pin<
        Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
    > {
        Box::pin(self.bind(client, &params.email_index, &params.version, &params.id))
    }
}
