// This file was generated with `clorinde`. Do not modify.

#[derive(Clone, Copy, Debug)]
pub struct ListEverybodyParams {
    pub ceiling: i64,
    pub limit: i64,
    pub offset: i64,
}
#[derive(Clone, Copy, Debug)]
pub struct ListOnlineParams {
    pub ceiling: i64,
    pub limit: i64,
    pub offset: i64,
}
#[derive(Clone, Copy, Debug)]
pub struct ListOfflineParams {
    pub ceiling: i64,
    pub limit: i64,
    pub offset: i64,
}
#[derive(Debug)]
pub struct BeginEverybodyParams<T1: crate::StringSql, T2: crate::StringSql> {
    pub text: T1,
    pub beyond: T2,
    pub ceiling: i64,
    pub limit: i64,
    pub offset: i64,
}
#[derive(Debug)]
pub struct BeginOnlineParams<T1: crate::StringSql, T2: crate::StringSql> {
    pub text: T1,
    pub beyond: T2,
    pub ceiling: i64,
    pub limit: i64,
    pub offset: i64,
}
#[derive(Debug)]
pub struct BeginOfflineParams<T1: crate::StringSql, T2: crate::StringSql> {
    pub text: T1,
    pub beyond: T2,
    pub ceiling: i64,
    pub limit: i64,
    pub offset: i64,
}
#[derive(Debug)]
pub struct PartsEverybodyParams<T1: crate::StringSql, T2: crate::StringSql, T3: crate::StringSql> {
    pub pattern: T1,
    pub text: T2,
    pub beyond: T3,
    pub ceiling: i64,
    pub limit: i64,
    pub offset: i64,
}
#[derive(Debug)]
pub struct PartsOnlineParams<T1: crate::StringSql, T2: crate::StringSql, T3: crate::StringSql> {
    pub pattern: T1,
    pub text: T2,
    pub beyond: T3,
    pub ceiling: i64,
    pub limit: i64,
    pub offset: i64,
}
#[derive(Debug)]
pub struct PartsOfflineParams<T1: crate::StringSql, T2: crate::StringSql, T3: crate::StringSql> {
    pub pattern: T1,
    pub text: T2,
    pub beyond: T3,
    pub ceiling: i64,
    pub limit: i64,
    pub offset: i64,
}
#[derive(Debug, Clone, PartialEq)]
pub struct ListEverybody {
    pub total: i64,
    pub ids: Vec<uuid::Uuid>,
}
pub struct ListEverybodyBorrowed<'a> {
    pub total: i64,
    pub ids: crate::ArrayIterator<'a, uuid::Uuid>,
}
impl<'a> From<ListEverybodyBorrowed<'a>> for ListEverybody {
    fn from(ListEverybodyBorrowed { total, ids }: ListEverybodyBorrowed<'a>) -> Self {
        Self { total, ids: ids.map(|v| v).collect() }
    }
}
#[derive(Debug, Clone, PartialEq)]
pub struct ListOnline {
    pub total: i64,
    pub ids: Vec<uuid::Uuid>,
}
pub struct ListOnlineBorrowed<'a> {
    pub total: i64,
    pub ids: crate::ArrayIterator<'a, uuid::Uuid>,
}
impl<'a> From<ListOnlineBorrowed<'a>> for ListOnline {
    fn from(ListOnlineBorrowed { total, ids }: ListOnlineBorrowed<'a>) -> Self {
        Self { total, ids: ids.map(|v| v).collect() }
    }
}
#[derive(Debug, Clone, PartialEq)]
pub struct ListOffline {
    pub total: i64,
    pub ids: Vec<uuid::Uuid>,
}
pub struct ListOfflineBorrowed<'a> {
    pub total: i64,
    pub ids: crate::ArrayIterator<'a, uuid::Uuid>,
}
impl<'a> From<ListOfflineBorrowed<'a>> for ListOffline {
    fn from(ListOfflineBorrowed { total, ids }: ListOfflineBorrowed<'a>) -> Self {
        Self { total, ids: ids.map(|v| v).collect() }
    }
}
#[derive(Debug, Clone, PartialEq)]
pub struct BeginEverybody {
    pub total: i64,
    pub ids: Vec<uuid::Uuid>,
}
pub struct BeginEverybodyBorrowed<'a> {
    pub total: i64,
    pub ids: crate::ArrayIterator<'a, uuid::Uuid>,
}
impl<'a> From<BeginEverybodyBorrowed<'a>> for BeginEverybody {
    fn from(BeginEverybodyBorrowed { total, ids }: BeginEverybodyBorrowed<'a>) -> Self {
        Self { total, ids: ids.map(|v| v).collect() }
    }
}
#[derive(Debug, Clone, PartialEq)]
pub struct BeginOnline {
    pub total: i64,
    pub ids: Vec<uuid::Uuid>,
}
pub struct BeginOnlineBorrowed<'a> {
    pub total: i64,
    pub ids: crate::ArrayIterator<'a, uuid::Uuid>,
}
impl<'a> From<BeginOnlineBorrowed<'a>> for BeginOnline {
    fn from(BeginOnlineBorrowed { total, ids }: BeginOnlineBorrowed<'a>) -> Self {
        Self { total, ids: ids.map(|v| v).collect() }
    }
}
#[derive(Debug, Clone, PartialEq)]
pub struct BeginOffline {
    pub total: i64,
    pub ids: Vec<uuid::Uuid>,
}
pub struct BeginOfflineBorrowed<'a> {
    pub total: i64,
    pub ids: crate::ArrayIterator<'a, uuid::Uuid>,
}
impl<'a> From<BeginOfflineBorrowed<'a>> for BeginOffline {
    fn from(BeginOfflineBorrowed { total, ids }: BeginOfflineBorrowed<'a>) -> Self {
        Self { total, ids: ids.map(|v| v).collect() }
    }
}
#[derive(Debug, Clone, PartialEq)]
pub struct PartsEverybody {
    pub total: i64,
    pub ids: Vec<uuid::Uuid>,
}
pub struct PartsEverybodyBorrowed<'a> {
    pub total: i64,
    pub ids: crate::ArrayIterator<'a, uuid::Uuid>,
}
impl<'a> From<PartsEverybodyBorrowed<'a>> for PartsEverybody {
    fn from(PartsEverybodyBorrowed { total, ids }: PartsEverybodyBorrowed<'a>) -> Self {
        Self { total, ids: ids.map(|v| v).collect() }
    }
}
#[derive(Debug, Clone, PartialEq)]
pub struct PartsOnline {
    pub total: i64,
    pub ids: Vec<uuid::Uuid>,
}
pub struct PartsOnlineBorrowed<'a> {
    pub total: i64,
    pub ids: crate::ArrayIterator<'a, uuid::Uuid>,
}
impl<'a> From<PartsOnlineBorrowed<'a>> for PartsOnline {
    fn from(PartsOnlineBorrowed { total, ids }: PartsOnlineBorrowed<'a>) -> Self {
        Self { total, ids: ids.map(|v| v).collect() }
    }
}
#[derive(Debug, Clone, PartialEq)]
pub struct PartsOffline {
    pub total: i64,
    pub ids: Vec<uuid::Uuid>,
}
pub struct PartsOfflineBorrowed<'a> {
    pub total: i64,
    pub ids: crate::ArrayIterator<'a, uuid::Uuid>,
}
impl<'a> From<PartsOfflineBorrowed<'a>> for PartsOffline {
    fn from(PartsOfflineBorrowed { total, ids }: PartsOfflineBorrowed<'a>) -> Self {
        Self { total, ids: ids.map(|v| v).collect() }
    }
}
#[derive(Debug, Clone, PartialEq, Copy)]
pub struct PeopleWithEmail {
    pub id: uuid::Uuid,
    pub is_online: bool,
}
use crate::client::async_::GenericClient;
use futures_util::{self, StreamExt, TryStreamExt};
pub struct ListEverybodyQuery<'c, 'a, 's, C: GenericClient, T, const N: usize> {
    client: &'c C,
    params: [&'a (dyn postgres_types::ToSql + Sync); N],
    query: &'static str,
    cached: Option<&'s tokio_postgres::Statement>,
    extractor: fn(&tokio_postgres::Row) -> Result<ListEverybodyBorrowed, tokio_postgres::Error>,
    mapper: fn(ListEverybodyBorrowed) -> T,
}
impl<'c, 'a, 's, C, T: 'c, const N: usize> ListEverybodyQuery<'c, 'a, 's, C, T, N>
where
    C: GenericClient,
{
    pub fn map<R>(
        self,
        mapper: fn(ListEverybodyBorrowed) -> R,
    ) -> ListEverybodyQuery<'c, 'a, 's, C, R, N> {
        ListEverybodyQuery {
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
pub struct ListOnlineQuery<'c, 'a, 's, C: GenericClient, T, const N: usize> {
    client: &'c C,
    params: [&'a (dyn postgres_types::ToSql + Sync); N],
    query: &'static str,
    cached: Option<&'s tokio_postgres::Statement>,
    extractor: fn(&tokio_postgres::Row) -> Result<ListOnlineBorrowed, tokio_postgres::Error>,
    mapper: fn(ListOnlineBorrowed) -> T,
}
impl<'c, 'a, 's, C, T: 'c, const N: usize> ListOnlineQuery<'c, 'a, 's, C, T, N>
where
    C: GenericClient,
{
    pub fn map<R>(
        self,
        mapper: fn(ListOnlineBorrowed) -> R,
    ) -> ListOnlineQuery<'c, 'a, 's, C, R, N> {
        ListOnlineQuery {
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
pub struct ListOfflineQuery<'c, 'a, 's, C: GenericClient, T, const N: usize> {
    client: &'c C,
    params: [&'a (dyn postgres_types::ToSql + Sync); N],
    query: &'static str,
    cached: Option<&'s tokio_postgres::Statement>,
    extractor: fn(&tokio_postgres::Row) -> Result<ListOfflineBorrowed, tokio_postgres::Error>,
    mapper: fn(ListOfflineBorrowed) -> T,
}
impl<'c, 'a, 's, C, T: 'c, const N: usize> ListOfflineQuery<'c, 'a, 's, C, T, N>
where
    C: GenericClient,
{
    pub fn map<R>(
        self,
        mapper: fn(ListOfflineBorrowed) -> R,
    ) -> ListOfflineQuery<'c, 'a, 's, C, R, N> {
        ListOfflineQuery {
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
pub struct BeginEverybodyQuery<'c, 'a, 's, C: GenericClient, T, const N: usize> {
    client: &'c C,
    params: [&'a (dyn postgres_types::ToSql + Sync); N],
    query: &'static str,
    cached: Option<&'s tokio_postgres::Statement>,
    extractor: fn(&tokio_postgres::Row) -> Result<BeginEverybodyBorrowed, tokio_postgres::Error>,
    mapper: fn(BeginEverybodyBorrowed) -> T,
}
impl<'c, 'a, 's, C, T: 'c, const N: usize> BeginEverybodyQuery<'c, 'a, 's, C, T, N>
where
    C: GenericClient,
{
    pub fn map<R>(
        self,
        mapper: fn(BeginEverybodyBorrowed) -> R,
    ) -> BeginEverybodyQuery<'c, 'a, 's, C, R, N> {
        BeginEverybodyQuery {
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
pub struct BeginOnlineQuery<'c, 'a, 's, C: GenericClient, T, const N: usize> {
    client: &'c C,
    params: [&'a (dyn postgres_types::ToSql + Sync); N],
    query: &'static str,
    cached: Option<&'s tokio_postgres::Statement>,
    extractor: fn(&tokio_postgres::Row) -> Result<BeginOnlineBorrowed, tokio_postgres::Error>,
    mapper: fn(BeginOnlineBorrowed) -> T,
}
impl<'c, 'a, 's, C, T: 'c, const N: usize> BeginOnlineQuery<'c, 'a, 's, C, T, N>
where
    C: GenericClient,
{
    pub fn map<R>(
        self,
        mapper: fn(BeginOnlineBorrowed) -> R,
    ) -> BeginOnlineQuery<'c, 'a, 's, C, R, N> {
        BeginOnlineQuery {
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
pub struct BeginOfflineQuery<'c, 'a, 's, C: GenericClient, T, const N: usize> {
    client: &'c C,
    params: [&'a (dyn postgres_types::ToSql + Sync); N],
    query: &'static str,
    cached: Option<&'s tokio_postgres::Statement>,
    extractor: fn(&tokio_postgres::Row) -> Result<BeginOfflineBorrowed, tokio_postgres::Error>,
    mapper: fn(BeginOfflineBorrowed) -> T,
}
impl<'c, 'a, 's, C, T: 'c, const N: usize> BeginOfflineQuery<'c, 'a, 's, C, T, N>
where
    C: GenericClient,
{
    pub fn map<R>(
        self,
        mapper: fn(BeginOfflineBorrowed) -> R,
    ) -> BeginOfflineQuery<'c, 'a, 's, C, R, N> {
        BeginOfflineQuery {
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
pub struct PartsEverybodyQuery<'c, 'a, 's, C: GenericClient, T, const N: usize> {
    client: &'c C,
    params: [&'a (dyn postgres_types::ToSql + Sync); N],
    query: &'static str,
    cached: Option<&'s tokio_postgres::Statement>,
    extractor: fn(&tokio_postgres::Row) -> Result<PartsEverybodyBorrowed, tokio_postgres::Error>,
    mapper: fn(PartsEverybodyBorrowed) -> T,
}
impl<'c, 'a, 's, C, T: 'c, const N: usize> PartsEverybodyQuery<'c, 'a, 's, C, T, N>
where
    C: GenericClient,
{
    pub fn map<R>(
        self,
        mapper: fn(PartsEverybodyBorrowed) -> R,
    ) -> PartsEverybodyQuery<'c, 'a, 's, C, R, N> {
        PartsEverybodyQuery {
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
pub struct PartsOnlineQuery<'c, 'a, 's, C: GenericClient, T, const N: usize> {
    client: &'c C,
    params: [&'a (dyn postgres_types::ToSql + Sync); N],
    query: &'static str,
    cached: Option<&'s tokio_postgres::Statement>,
    extractor: fn(&tokio_postgres::Row) -> Result<PartsOnlineBorrowed, tokio_postgres::Error>,
    mapper: fn(PartsOnlineBorrowed) -> T,
}
impl<'c, 'a, 's, C, T: 'c, const N: usize> PartsOnlineQuery<'c, 'a, 's, C, T, N>
where
    C: GenericClient,
{
    pub fn map<R>(
        self,
        mapper: fn(PartsOnlineBorrowed) -> R,
    ) -> PartsOnlineQuery<'c, 'a, 's, C, R, N> {
        PartsOnlineQuery {
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
pub struct PartsOfflineQuery<'c, 'a, 's, C: GenericClient, T, const N: usize> {
    client: &'c C,
    params: [&'a (dyn postgres_types::ToSql + Sync); N],
    query: &'static str,
    cached: Option<&'s tokio_postgres::Statement>,
    extractor: fn(&tokio_postgres::Row) -> Result<PartsOfflineBorrowed, tokio_postgres::Error>,
    mapper: fn(PartsOfflineBorrowed) -> T,
}
impl<'c, 'a, 's, C, T: 'c, const N: usize> PartsOfflineQuery<'c, 'a, 's, C, T, N>
where
    C: GenericClient,
{
    pub fn map<R>(
        self,
        mapper: fn(PartsOfflineBorrowed) -> R,
    ) -> PartsOfflineQuery<'c, 'a, 's, C, R, N> {
        PartsOfflineQuery {
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
pub struct PeopleWithEmailQuery<'c, 'a, 's, C: GenericClient, T, const N: usize> {
    client: &'c C,
    params: [&'a (dyn postgres_types::ToSql + Sync); N],
    query: &'static str,
    cached: Option<&'s tokio_postgres::Statement>,
    extractor: fn(&tokio_postgres::Row) -> Result<PeopleWithEmail, tokio_postgres::Error>,
    mapper: fn(PeopleWithEmail) -> T,
}
impl<'c, 'a, 's, C, T: 'c, const N: usize> PeopleWithEmailQuery<'c, 'a, 's, C, T, N>
where
    C: GenericClient,
{
    pub fn map<R>(
        self,
        mapper: fn(PeopleWithEmail) -> R,
    ) -> PeopleWithEmailQuery<'c, 'a, 's, C, R, N> {
        PeopleWithEmailQuery {
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
pub struct ListEverybodyStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn list_everybody() -> ListEverybodyStmt {
    ListEverybodyStmt(
        "SELECT greatest( (SELECT count(*) FROM (SELECT FROM people ORDER BY username_key LIMIT $1) AS counted), (SELECT CASE WHEN c.reltuples >= $1 THEN c.reltuples::bigint ELSE 0 END FROM pg_class AS c WHERE c.oid = 'people'::regclass) ) AS total, ARRAY(SELECT id FROM people ORDER BY username_key, id LIMIT $2 OFFSET $3) AS ids",
        None,
    )
}
impl ListEverybodyStmt {
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
        ceiling: &'a i64,
        limit: &'a i64,
        offset: &'a i64,
    ) -> ListEverybodyQuery<'c, 'a, 's, C, ListEverybody, 3> {
        ListEverybodyQuery {
            client,
            params: [ceiling, limit, offset],
            query: self.0,
            cached: self.1.as_ref(),
            extractor:
                |row: &tokio_postgres::Row| -> Result<ListEverybodyBorrowed, tokio_postgres::Error> {
                    Ok(ListEverybodyBorrowed { total: row.try_get(0)?, ids: row.try_get(1)? })
                },
            mapper: |it| ListEverybody::from(it),
        }
    }
}
impl<'c, 'a, 's, C: GenericClient>
    crate::client::async_::Params<
        'c,
        'a,
        's,
        ListEverybodyParams,
        ListEverybodyQuery<'c, 'a, 's, C, ListEverybody, 3>,
        C,
    > for ListEverybodyStmt
{
    fn params(
        &'s self,
        client: &'c C,
        params: &'a ListEverybodyParams,
    ) -> ListEverybodyQuery<'c, 'a, 's, C, ListEverybody, 3> {
        self.bind(client, &params.ceiling, &params.limit, &params.offset)
    }
}
pub struct ListOnlineStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn list_online() -> ListOnlineStmt {
    ListOnlineStmt(
        "SELECT (SELECT count(*) FROM ( SELECT FROM presence WHERE is_online ORDER BY username_key LIMIT $1 ) AS counted) AS total, ARRAY( SELECT user_id FROM presence WHERE is_online ORDER BY username_key, user_id LIMIT $2 OFFSET $3 ) AS ids",
        None,
    )
}
impl ListOnlineStmt {
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
        ceiling: &'a i64,
        limit: &'a i64,
        offset: &'a i64,
    ) -> ListOnlineQuery<'c, 'a, 's, C, ListOnline, 3> {
        ListOnlineQuery {
            client,
            params: [ceiling, limit, offset],
            query: self.0,
            cached: self.1.as_ref(),
            extractor:
                |row: &tokio_postgres::Row| -> Result<ListOnlineBorrowed, tokio_postgres::Error> {
                    Ok(ListOnlineBorrowed { total: row.try_get(0)?, ids: row.try_get(1)? })
                },
            mapper: |it| ListOnline::from(it),
        }
    }
}
impl<'c, 'a, 's, C: GenericClient>
    crate::client::async_::Params<
        'c,
        'a,
        's,
        ListOnlineParams,
        ListOnlineQuery<'c, 'a, 's, C, ListOnline, 3>,
        C,
    > for ListOnlineStmt
{
    fn params(
        &'s self,
        client: &'c C,
        params: &'a ListOnlineParams,
    ) -> ListOnlineQuery<'c, 'a, 's, C, ListOnline, 3> {
        self.bind(client, &params.ceiling, &params.limit, &params.offset)
    }
}
pub struct ListOfflineStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn list_offline() -> ListOfflineStmt {
    ListOfflineStmt(
        "SELECT (SELECT count(*) FROM ( SELECT FROM people AS p WHERE NOT EXISTS (SELECT FROM presence AS s WHERE s.user_id = p.id AND s.is_online) ORDER BY p.username_key, p.id LIMIT $1 ) AS counted) AS total, ARRAY( SELECT p.id FROM people AS p WHERE NOT EXISTS (SELECT FROM presence AS s WHERE s.user_id = p.id AND s.is_online) ORDER BY p.username_key, p.id LIMIT $2 OFFSET $3 ) AS ids",
        None,
    )
}
impl ListOfflineStmt {
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
        ceiling: &'a i64,
        limit: &'a i64,
        offset: &'a i64,
    ) -> ListOfflineQuery<'c, 'a, 's, C, ListOffline, 3> {
        ListOfflineQuery {
            client,
            params: [ceiling, limit, offset],
            query: self.0,
            cached: self.1.as_ref(),
            extractor:
                |row: &tokio_postgres::Row| -> Result<ListOfflineBorrowed, tokio_postgres::Error> {
                    Ok(ListOfflineBorrowed { total: row.try_get(0)?, ids: row.try_get(1)? })
                },
            mapper: |it| ListOffline::from(it),
        }
    }
}
impl<'c, 'a, 's, C: GenericClient>
    crate::client::async_::Params<
        'c,
        'a,
        's,
        ListOfflineParams,
        ListOfflineQuery<'c, 'a, 's, C, ListOffline, 3>,
        C,
    > for ListOfflineStmt
{
    fn params(
        &'s self,
        client: &'c C,
        params: &'a ListOfflineParams,
    ) -> ListOfflineQuery<'c, 'a, 's, C, ListOffline, 3> {
        self.bind(client, &params.ceiling, &params.limit, &params.offset)
    }
}
pub struct BeginEverybodyStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn begin_everybody() -> BeginEverybodyStmt {
    BeginEverybodyStmt(
        "SELECT (SELECT count(*) FROM ( SELECT FROM people WHERE username_key >= $1 AND username_key < $2 ORDER BY username_key LIMIT $3 ) AS counted) AS total, ARRAY( SELECT id FROM people WHERE username_key >= $1 AND username_key < $2 ORDER BY username_key, id LIMIT $4 OFFSET $5 ) AS ids",
        None,
    )
}
impl BeginEverybodyStmt {
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
        text: &'a T1,
        beyond: &'a T2,
        ceiling: &'a i64,
        limit: &'a i64,
        offset: &'a i64,
    ) -> BeginEverybodyQuery<'c, 'a, 's, C, BeginEverybody, 5> {
        BeginEverybodyQuery {
            client,
            params: [text, beyond, ceiling, limit, offset],
            query: self.0,
            cached: self.1.as_ref(),
            extractor: |
                row: &tokio_postgres::Row,
            | -> Result<BeginEverybodyBorrowed, tokio_postgres::Error> {
                Ok(BeginEverybodyBorrowed {
                    total: row.try_get(0)?,
                    ids: row.try_get(1)?,
                })
            },
            mapper: |it| BeginEverybody::from(it),
        }
    }
}
impl<'c, 'a, 's, C: GenericClient, T1: crate::StringSql, T2: crate::StringSql>
    crate::client::async_::Params<
        'c,
        'a,
        's,
        BeginEverybodyParams<T1, T2>,
        BeginEverybodyQuery<'c, 'a, 's, C, BeginEverybody, 5>,
        C,
    > for BeginEverybodyStmt
{
    fn params(
        &'s self,
        client: &'c C,
        params: &'a BeginEverybodyParams<T1, T2>,
    ) -> BeginEverybodyQuery<'c, 'a, 's, C, BeginEverybody, 5> {
        self.bind(
            client,
            &params.text,
            &params.beyond,
            &params.ceiling,
            &params.limit,
            &params.offset,
        )
    }
}
pub struct BeginOnlineStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn begin_online() -> BeginOnlineStmt {
    BeginOnlineStmt(
        "SELECT (SELECT count(*) FROM ( SELECT FROM presence WHERE is_online AND username_key >= $1 AND username_key < $2 ORDER BY username_key LIMIT $3 ) AS counted) AS total, ARRAY( SELECT user_id FROM presence WHERE is_online AND username_key >= $1 AND username_key < $2 ORDER BY username_key, user_id LIMIT $4 OFFSET $5 ) AS ids",
        None,
    )
}
impl BeginOnlineStmt {
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
        text: &'a T1,
        beyond: &'a T2,
        ceiling: &'a i64,
        limit: &'a i64,
        offset: &'a i64,
    ) -> BeginOnlineQuery<'c, 'a, 's, C, BeginOnline, 5> {
        BeginOnlineQuery {
            client,
            params: [text, beyond, ceiling, limit, offset],
            query: self.0,
            cached: self.1.as_ref(),
            extractor:
                |row: &tokio_postgres::Row| -> Result<BeginOnlineBorrowed, tokio_postgres::Error> {
                    Ok(BeginOnlineBorrowed { total: row.try_get(0)?, ids: row.try_get(1)? })
                },
            mapper: |it| BeginOnline::from(it),
        }
    }
}
impl<'c, 'a, 's, C: GenericClient, T1: crate::StringSql, T2: crate::StringSql>
    crate::client::async_::Params<
        'c,
        'a,
        's,
        BeginOnlineParams<T1, T2>,
        BeginOnlineQuery<'c, 'a, 's, C, BeginOnline, 5>,
        C,
    > for BeginOnlineStmt
{
    fn params(
        &'s self,
        client: &'c C,
        params: &'a BeginOnlineParams<T1, T2>,
    ) -> BeginOnlineQuery<'c, 'a, 's, C, BeginOnline, 5> {
        self.bind(
            client,
            &params.text,
            &params.beyond,
            &params.ceiling,
            &params.limit,
            &params.offset,
        )
    }
}
pub struct BeginOfflineStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn begin_offline() -> BeginOfflineStmt {
    BeginOfflineStmt(
        "SELECT (SELECT count(*) FROM ( SELECT FROM people AS p WHERE NOT EXISTS (SELECT FROM presence AS s WHERE s.user_id = p.id AND s.is_online) AND p.username_key >= $1 AND p.username_key < $2 ORDER BY p.username_key LIMIT $3 ) AS counted) AS total, ARRAY( SELECT p.id FROM people AS p WHERE NOT EXISTS (SELECT FROM presence AS s WHERE s.user_id = p.id AND s.is_online) AND p.username_key >= $1 AND p.username_key < $2 ORDER BY p.username_key, p.id LIMIT $4 OFFSET $5 ) AS ids",
        None,
    )
}
impl BeginOfflineStmt {
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
        text: &'a T1,
        beyond: &'a T2,
        ceiling: &'a i64,
        limit: &'a i64,
        offset: &'a i64,
    ) -> BeginOfflineQuery<'c, 'a, 's, C, BeginOffline, 5> {
        BeginOfflineQuery {
            client,
            params: [text, beyond, ceiling, limit, offset],
            query: self.0,
            cached: self.1.as_ref(),
            extractor:
                |row: &tokio_postgres::Row| -> Result<BeginOfflineBorrowed, tokio_postgres::Error> {
                    Ok(BeginOfflineBorrowed { total: row.try_get(0)?, ids: row.try_get(1)? })
                },
            mapper: |it| BeginOffline::from(it),
        }
    }
}
impl<'c, 'a, 's, C: GenericClient, T1: crate::StringSql, T2: crate::StringSql>
    crate::client::async_::Params<
        'c,
        'a,
        's,
        BeginOfflineParams<T1, T2>,
        BeginOfflineQuery<'c, 'a, 's, C, BeginOffline, 5>,
        C,
    > for BeginOfflineStmt
{
    fn params(
        &'s self,
        client: &'c C,
        params: &'a BeginOfflineParams<T1, T2>,
    ) -> BeginOfflineQuery<'c, 'a, 's, C, BeginOffline, 5> {
        self.bind(
            client,
            &params.text,
            &params.beyond,
            &params.ceiling,
            &params.limit,
            &params.offset,
        )
    }
}
pub struct PartsEverybodyStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn parts_everybody() -> PartsEverybodyStmt {
    PartsEverybodyStmt(
        "WITH parts AS MATERIALIZED ( SELECT id, username_key FROM people WHERE username_key LIKE $1 AND NOT (username_key >= $2 AND username_key < $3) ORDER BY username_key, id LIMIT $4 ) SELECT (SELECT count(*) FROM parts) AS total, ARRAY(SELECT id FROM parts ORDER BY username_key, id LIMIT $5 OFFSET $6) AS ids",
        None,
    )
}
impl PartsEverybodyStmt {
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
        T3: crate::StringSql,
    >(
        &'s self,
        client: &'c C,
        pattern: &'a T1,
        text: &'a T2,
        beyond: &'a T3,
        ceiling: &'a i64,
        limit: &'a i64,
        offset: &'a i64,
    ) -> PartsEverybodyQuery<'c, 'a, 's, C, PartsEverybody, 6> {
        PartsEverybodyQuery {
            client,
            params: [pattern, text, beyond, ceiling, limit, offset],
            query: self.0,
            cached: self.1.as_ref(),
            extractor: |
                row: &tokio_postgres::Row,
            | -> Result<PartsEverybodyBorrowed, tokio_postgres::Error> {
                Ok(PartsEverybodyBorrowed {
                    total: row.try_get(0)?,
                    ids: row.try_get(1)?,
                })
            },
            mapper: |it| PartsEverybody::from(it),
        }
    }
}
impl<'c, 'a, 's, C: GenericClient, T1: crate::StringSql, T2: crate::StringSql, T3: crate::StringSql>
    crate::client::async_::Params<
        'c,
        'a,
        's,
        PartsEverybodyParams<T1, T2, T3>,
        PartsEverybodyQuery<'c, 'a, 's, C, PartsEverybody, 6>,
        C,
    > for PartsEverybodyStmt
{
    fn params(
        &'s self,
        client: &'c C,
        params: &'a PartsEverybodyParams<T1, T2, T3>,
    ) -> PartsEverybodyQuery<'c, 'a, 's, C, PartsEverybody, 6> {
        self.bind(
            client,
            &params.pattern,
            &params.text,
            &params.beyond,
            &params.ceiling,
            &params.limit,
            &params.offset,
        )
    }
}
pub struct PartsOnlineStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn parts_online() -> PartsOnlineStmt {
    PartsOnlineStmt(
        "WITH parts AS MATERIALIZED ( SELECT user_id AS id, username_key FROM presence WHERE is_online AND username_key LIKE $1 AND NOT (username_key >= $2 AND username_key < $3) ORDER BY username_key, user_id LIMIT $4 ) SELECT (SELECT count(*) FROM parts) AS total, ARRAY(SELECT id FROM parts ORDER BY username_key, id LIMIT $5 OFFSET $6) AS ids",
        None,
    )
}
impl PartsOnlineStmt {
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
        T3: crate::StringSql,
    >(
        &'s self,
        client: &'c C,
        pattern: &'a T1,
        text: &'a T2,
        beyond: &'a T3,
        ceiling: &'a i64,
        limit: &'a i64,
        offset: &'a i64,
    ) -> PartsOnlineQuery<'c, 'a, 's, C, PartsOnline, 6> {
        PartsOnlineQuery {
            client,
            params: [pattern, text, beyond, ceiling, limit, offset],
            query: self.0,
            cached: self.1.as_ref(),
            extractor:
                |row: &tokio_postgres::Row| -> Result<PartsOnlineBorrowed, tokio_postgres::Error> {
                    Ok(PartsOnlineBorrowed { total: row.try_get(0)?, ids: row.try_get(1)? })
                },
            mapper: |it| PartsOnline::from(it),
        }
    }
}
impl<'c, 'a, 's, C: GenericClient, T1: crate::StringSql, T2: crate::StringSql, T3: crate::StringSql>
    crate::client::async_::Params<
        'c,
        'a,
        's,
        PartsOnlineParams<T1, T2, T3>,
        PartsOnlineQuery<'c, 'a, 's, C, PartsOnline, 6>,
        C,
    > for PartsOnlineStmt
{
    fn params(
        &'s self,
        client: &'c C,
        params: &'a PartsOnlineParams<T1, T2, T3>,
    ) -> PartsOnlineQuery<'c, 'a, 's, C, PartsOnline, 6> {
        self.bind(
            client,
            &params.pattern,
            &params.text,
            &params.beyond,
            &params.ceiling,
            &params.limit,
            &params.offset,
        )
    }
}
pub struct PartsOfflineStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn parts_offline() -> PartsOfflineStmt {
    PartsOfflineStmt(
        "WITH parts AS MATERIALIZED ( SELECT p.id AS id, p.username_key FROM people AS p WHERE NOT EXISTS (SELECT FROM presence AS s WHERE s.user_id = p.id AND s.is_online) AND p.username_key LIKE $1 AND NOT (p.username_key >= $2 AND p.username_key < $3) ORDER BY p.username_key, p.id LIMIT $4 ) SELECT (SELECT count(*) FROM parts) AS total, ARRAY(SELECT id FROM parts ORDER BY username_key, id LIMIT $5 OFFSET $6) AS ids",
        None,
    )
}
impl PartsOfflineStmt {
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
        T3: crate::StringSql,
    >(
        &'s self,
        client: &'c C,
        pattern: &'a T1,
        text: &'a T2,
        beyond: &'a T3,
        ceiling: &'a i64,
        limit: &'a i64,
        offset: &'a i64,
    ) -> PartsOfflineQuery<'c, 'a, 's, C, PartsOffline, 6> {
        PartsOfflineQuery {
            client,
            params: [pattern, text, beyond, ceiling, limit, offset],
            query: self.0,
            cached: self.1.as_ref(),
            extractor:
                |row: &tokio_postgres::Row| -> Result<PartsOfflineBorrowed, tokio_postgres::Error> {
                    Ok(PartsOfflineBorrowed { total: row.try_get(0)?, ids: row.try_get(1)? })
                },
            mapper: |it| PartsOffline::from(it),
        }
    }
}
impl<'c, 'a, 's, C: GenericClient, T1: crate::StringSql, T2: crate::StringSql, T3: crate::StringSql>
    crate::client::async_::Params<
        'c,
        'a,
        's,
        PartsOfflineParams<T1, T2, T3>,
        PartsOfflineQuery<'c, 'a, 's, C, PartsOffline, 6>,
        C,
    > for PartsOfflineStmt
{
    fn params(
        &'s self,
        client: &'c C,
        params: &'a PartsOfflineParams<T1, T2, T3>,
    ) -> PartsOfflineQuery<'c, 'a, 's, C, PartsOffline, 6> {
        self.bind(
            client,
            &params.pattern,
            &params.text,
            &params.beyond,
            &params.ceiling,
            &params.limit,
            &params.offset,
        )
    }
}
pub struct PeopleWithEmailStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn people_with_email() -> PeopleWithEmailStmt {
    PeopleWithEmailStmt(
        "SELECT p.id, coalesce(s.is_online, false) AS is_online FROM people AS p LEFT JOIN presence AS s ON s.user_id = p.id WHERE p.email_index = ANY($1) ORDER BY p.username_key, p.id LIMIT 100",
        None,
    )
}
impl PeopleWithEmailStmt {
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
        T1: crate::BytesSql,
        T2: crate::ArraySql<Item = T1>,
    >(
        &'s self,
        client: &'c C,
        indexes: &'a T2,
    ) -> PeopleWithEmailQuery<'c, 'a, 's, C, PeopleWithEmail, 1> {
        PeopleWithEmailQuery {
            client,
            params: [indexes],
            query: self.0,
            cached: self.1.as_ref(),
            extractor:
                |row: &tokio_postgres::Row| -> Result<PeopleWithEmail, tokio_postgres::Error> {
                    Ok(PeopleWithEmail { id: row.try_get(0)?, is_online: row.try_get(1)? })
                },
            mapper: |it| PeopleWithEmail::from(it),
        }
    }
}
