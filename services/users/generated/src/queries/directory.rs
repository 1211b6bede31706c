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
pub struct SearchEverybodyParams<T1: crate::StringSql, T2: crate::StringSql, T3: crate::StringSql> {
    pub text: T1,
    pub beyond: T2,
    pub ceiling: i64,
    pub pattern: Option<T3>,
    pub most_parts: i64,
    pub limit: i64,
    pub offset: i64,
}
#[derive(Debug)]
pub struct SearchOnlineParams<T1: crate::StringSql, T2: crate::StringSql, T3: crate::StringSql> {
    pub text: T1,
    pub beyond: T2,
    pub ceiling: i64,
    pub pattern: Option<T3>,
    pub most_parts: i64,
    pub limit: i64,
    pub offset: i64,
}
#[derive(Debug)]
pub struct SearchOfflineParams<T1: crate::StringSql, T2: crate::StringSql, T3: crate::StringSql> {
    pub text: T1,
    pub beyond: T2,
    pub ceiling: i64,
    pub pattern: Option<T3>,
    pub most_parts: i64,
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
pub struct SearchEverybody {
    pub total: i64,
    pub ids: Vec<uuid::Uuid>,
}
pub struct SearchEverybodyBorrowed<'a> {
    pub total: i64,
    pub ids: crate::ArrayIterator<'a, uuid::Uuid>,
}
impl<'a> From<SearchEverybodyBorrowed<'a>> for SearchEverybody {
    fn from(SearchEverybodyBorrowed { total, ids }: SearchEverybodyBorrowed<'a>) -> Self {
        Self { total, ids: ids.map(|v| v).collect() }
    }
}
#[derive(Debug, Clone, PartialEq)]
pub struct SearchOnline {
    pub total: i64,
    pub ids: Vec<uuid::Uuid>,
}
pub struct SearchOnlineBorrowed<'a> {
    pub total: i64,
    pub ids: crate::ArrayIterator<'a, uuid::Uuid>,
}
impl<'a> From<SearchOnlineBorrowed<'a>> for SearchOnline {
    fn from(SearchOnlineBorrowed { total, ids }: SearchOnlineBorrowed<'a>) -> Self {
        Self { total, ids: ids.map(|v| v).collect() }
    }
}
#[derive(Debug, Clone, PartialEq)]
pub struct SearchOffline {
    pub total: i64,
    pub ids: Vec<uuid::Uuid>,
}
pub struct SearchOfflineBorrowed<'a> {
    pub total: i64,
    pub ids: crate::ArrayIterator<'a, uuid::Uuid>,
}
impl<'a> From<SearchOfflineBorrowed<'a>> for SearchOffline {
    fn from(SearchOfflineBorrowed { total, ids }: SearchOfflineBorrowed<'a>) -> Self {
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
pub struct SearchEverybodyQuery<'c, 'a, 's, C: GenericClient, T, const N: usize> {
    client: &'c C,
    params: [&'a (dyn postgres_types::ToSql + Sync); N],
    query: &'static str,
    cached: Option<&'s tokio_postgres::Statement>,
    extractor: fn(&tokio_postgres::Row) -> Result<SearchEverybodyBorrowed, tokio_postgres::Error>,
    mapper: fn(SearchEverybodyBorrowed) -> T,
}
impl<'c, 'a, 's, C, T: 'c, const N: usize> SearchEverybodyQuery<'c, 'a, 's, C, T, N>
where
    C: GenericClient,
{
    pub fn map<R>(
        self,
        mapper: fn(SearchEverybodyBorrowed) -> R,
    ) -> SearchEverybodyQuery<'c, 'a, 's, C, R, N> {
        SearchEverybodyQuery {
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
pub struct SearchOnlineQuery<'c, 'a, 's, C: GenericClient, T, const N: usize> {
    client: &'c C,
    params: [&'a (dyn postgres_types::ToSql + Sync); N],
    query: &'static str,
    cached: Option<&'s tokio_postgres::Statement>,
    extractor: fn(&tokio_postgres::Row) -> Result<SearchOnlineBorrowed, tokio_postgres::Error>,
    mapper: fn(SearchOnlineBorrowed) -> T,
}
impl<'c, 'a, 's, C, T: 'c, const N: usize> SearchOnlineQuery<'c, 'a, 's, C, T, N>
where
    C: GenericClient,
{
    pub fn map<R>(
        self,
        mapper: fn(SearchOnlineBorrowed) -> R,
    ) -> SearchOnlineQuery<'c, 'a, 's, C, R, N> {
        SearchOnlineQuery {
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
pub struct SearchOfflineQuery<'c, 'a, 's, C: GenericClient, T, const N: usize> {
    client: &'c C,
    params: [&'a (dyn postgres_types::ToSql + Sync); N],
    query: &'static str,
    cached: Option<&'s tokio_postgres::Statement>,
    extractor: fn(&tokio_postgres::Row) -> Result<SearchOfflineBorrowed, tokio_postgres::Error>,
    mapper: fn(SearchOfflineBorrowed) -> T,
}
impl<'c, 'a, 's, C, T: 'c, const N: usize> SearchOfflineQuery<'c, 'a, 's, C, T, N>
where
    C: GenericClient,
{
    pub fn map<R>(
        self,
        mapper: fn(SearchOfflineBorrowed) -> R,
    ) -> SearchOfflineQuery<'c, 'a, 's, C, R, N> {
        SearchOfflineQuery {
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
pub struct SearchEverybodyStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn search_everybody() -> SearchEverybodyStmt {
    SearchEverybodyStmt(
        "WITH beginnings AS MATERIALIZED ( SELECT id, 0 AS class, username_key FROM people WHERE username_key >= $1 AND username_key < $2 ORDER BY username_key, id LIMIT $3 ), parts AS MATERIALIZED ( SELECT id, 1 AS class, username_key FROM people WHERE username_key LIKE $4 AND NOT (username_key >= $1 AND username_key < $2) AND (SELECT count(*) FROM beginnings) < $3 ORDER BY username_key, id LIMIT $5 ), hits AS ( SELECT id, class, username_key FROM beginnings UNION ALL SELECT id, class, username_key FROM parts ) SELECT (SELECT count(*) FROM hits) AS total, ARRAY(SELECT id FROM hits ORDER BY class, username_key, id LIMIT $6 OFFSET $7) AS ids",
        None,
    )
}
impl SearchEverybodyStmt {
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
        text: &'a T1,
        beyond: &'a T2,
        ceiling: &'a i64,
        pattern: &'a Option<T3>,
        most_parts: &'a i64,
        limit: &'a i64,
        offset: &'a i64,
    ) -> SearchEverybodyQuery<'c, 'a, 's, C, SearchEverybody, 7> {
        SearchEverybodyQuery {
            client,
            params: [text, beyond, ceiling, pattern, most_parts, limit, offset],
            query: self.0,
            cached: self.1.as_ref(),
            extractor: |
                row: &tokio_postgres::Row,
            | -> Result<SearchEverybodyBorrowed, tokio_postgres::Error> {
                Ok(SearchEverybodyBorrowed {
                    total: row.try_get(0)?,
                    ids: row.try_get(1)?,
                })
            },
            mapper: |it| SearchEverybody::from(it),
        }
    }
}
impl<'c, 'a, 's, C: GenericClient, T1: crate::StringSql, T2: crate::StringSql, T3: crate::StringSql>
    crate::client::async_::Params<
        'c,
        'a,
        's,
        SearchEverybodyParams<T1, T2, T3>,
        SearchEverybodyQuery<'c, 'a, 's, C, SearchEverybody, 7>,
        C,
    > for SearchEverybodyStmt
{
    fn params(
        &'s self,
        client: &'c C,
        params: &'a SearchEverybodyParams<T1, T2, T3>,
    ) -> SearchEverybodyQuery<'c, 'a, 's, C, SearchEverybody, 7> {
        self.bind(
            client,
            &params.text,
            &params.beyond,
            &params.ceiling,
            &params.pattern,
            &params.most_parts,
            &params.limit,
            &params.offset,
        )
    }
}
pub struct SearchOnlineStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn search_online() -> SearchOnlineStmt {
    SearchOnlineStmt(
        "WITH beginnings AS MATERIALIZED ( SELECT user_id AS id, 0 AS class, username_key FROM presence WHERE is_online AND username_key >= $1 AND username_key < $2 ORDER BY username_key, user_id LIMIT $3 ), parts AS MATERIALIZED ( SELECT user_id AS id, 1 AS class, username_key FROM presence WHERE is_online AND username_key LIKE $4 AND NOT (username_key >= $1 AND username_key < $2) AND (SELECT count(*) FROM beginnings) < $3 ORDER BY username_key, user_id LIMIT $5 ), hits AS ( SELECT id, class, username_key FROM beginnings UNION ALL SELECT id, class, username_key FROM parts ) SELECT (SELECT count(*) FROM hits) AS total, ARRAY(SELECT id FROM hits ORDER BY class, username_key, id LIMIT $6 OFFSET $7) AS ids",
        None,
    )
}
impl SearchOnlineStmt {
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
        text: &'a T1,
        beyond: &'a T2,
        ceiling: &'a i64,
        pattern: &'a Option<T3>,
        most_parts: &'a i64,
        limit: &'a i64,
        offset: &'a i64,
    ) -> SearchOnlineQuery<'c, 'a, 's, C, SearchOnline, 7> {
        SearchOnlineQuery {
            client,
            params: [text, beyond, ceiling, pattern, most_parts, limit, offset],
            query: self.0,
            cached: self.1.as_ref(),
            extractor:
                |row: &tokio_postgres::Row| -> Result<SearchOnlineBorrowed, tokio_postgres::Error> {
                    Ok(SearchOnlineBorrowed { total: row.try_get(0)?, ids: row.try_get(1)? })
                },
            mapper: |it| SearchOnline::from(it),
        }
    }
}
impl<'c, 'a, 's, C: GenericClient, T1: crate::StringSql, T2: crate::StringSql, T3: crate::StringSql>
    crate::client::async_::Params<
        'c,
        'a,
        's,
        SearchOnlineParams<T1, T2, T3>,
        SearchOnlineQuery<'c, 'a, 's, C, SearchOnline, 7>,
        C,
    > for SearchOnlineStmt
{
    fn params(
        &'s self,
        client: &'c C,
        params: &'a SearchOnlineParams<T1, T2, T3>,
    ) -> SearchOnlineQuery<'c, 'a, 's, C, SearchOnline, 7> {
        self.bind(
            client,
            &params.text,
            &params.beyond,
            &params.ceiling,
            &params.pattern,
            &params.most_parts,
            &params.limit,
            &params.offset,
        )
    }
}
pub struct SearchOfflineStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn search_offline() -> SearchOfflineStmt {
    SearchOfflineStmt(
        "WITH beginnings AS MATERIALIZED ( SELECT p.id, 0 AS class, p.username_key FROM people AS p WHERE p.username_key >= $1 AND p.username_key < $2 AND NOT EXISTS (SELECT FROM presence AS s WHERE s.user_id = p.id AND s.is_online) ORDER BY p.username_key, p.id LIMIT $3 ), parts AS MATERIALIZED ( SELECT p.id, 1 AS class, p.username_key FROM people AS p WHERE p.username_key LIKE $4 AND NOT (p.username_key >= $1 AND p.username_key < $2) AND NOT EXISTS (SELECT FROM presence AS s WHERE s.user_id = p.id AND s.is_online) AND (SELECT count(*) FROM beginnings) < $3 ORDER BY p.username_key, p.id LIMIT $5 ), hits AS ( SELECT id, class, username_key FROM beginnings UNION ALL SELECT id, class, username_key FROM parts ) SELECT (SELECT count(*) FROM hits) AS total, ARRAY(SELECT id FROM hits ORDER BY class, username_key, id LIMIT $6 OFFSET $7) AS ids",
        None,
    )
}
impl SearchOfflineStmt {
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
        text: &'a T1,
        beyond: &'a T2,
        ceiling: &'a i64,
        pattern: &'a Option<T3>,
        most_parts: &'a i64,
        limit: &'a i64,
        offset: &'a i64,
    ) -> SearchOfflineQuery<'c, 'a, 's, C, SearchOffline, 7> {
        SearchOfflineQuery {
            client,
            params: [text, beyond, ceiling, pattern, most_parts, limit, offset],
            query: self.0,
            cached: self.1.as_ref(),
            extractor:
                |row: &tokio_postgres::Row| -> Result<SearchOfflineBorrowed, tokio_postgres::Error> {
                    Ok(SearchOfflineBorrowed { total: row.try_get(0)?, ids: row.try_get(1)? })
                },
            mapper: |it| SearchOffline::from(it),
        }
    }
}
impl<'c, 'a, 's, C: GenericClient, T1: crate::StringSql, T2: crate::StringSql, T3: crate::StringSql>
    crate::client::async_::Params<
        'c,
        'a,
        's,
        SearchOfflineParams<T1, T2, T3>,
        SearchOfflineQuery<'c, 'a, 's, C, SearchOffline, 7>,
        C,
    > for SearchOfflineStmt
{
    fn params(
        &'s self,
        client: &'c C,
        params: &'a SearchOfflineParams<T1, T2, T3>,
    ) -> SearchOfflineQuery<'c, 'a, 's, C, SearchOffline, 7> {
        self.bind(
            client,
            &params.text,
            &params.beyond,
            &params.ceiling,
            &params.pattern,
            &params.most_parts,
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
