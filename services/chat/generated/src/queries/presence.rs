// This file was generated with `clorinde`. Do not modify.

#[derive(Debug)]
pub struct OpenNodeParams<T1: crate::StringSql> {
    pub name: T1,
    pub lease: f64,
}
#[derive(Clone, Copy, Debug)]
pub struct RenewNodeParams {
    pub lease: f64,
    pub id: i32,
}
#[derive(Debug)]
pub struct ArriveParams<T1: crate::ArraySql<Item = uuid::Uuid>> {
    pub node: i32,
    pub user_ids: T1,
}
#[derive(Debug)]
pub struct LeaveParams<T1: crate::ArraySql<Item = uuid::Uuid>> {
    pub user_ids: T1,
    pub node: i32,
}
#[derive(Debug, Clone, PartialEq, Copy)]
pub struct Abandon {
    pub user_id: uuid::Uuid,
    pub seen_at: time::OffsetDateTime,
    pub gone: bool,
}
#[derive(Debug, Clone, PartialEq, Copy)]
pub struct Arrive {
    pub user_id: uuid::Uuid,
    pub seq: i64,
    pub appeared: bool,
}
#[derive(Debug, Clone, PartialEq, Copy)]
pub struct Leave {
    pub user_id: uuid::Uuid,
    pub seq: i64,
    pub seen_at: time::OffsetDateTime,
    pub gone: bool,
}
#[derive(Debug, Clone, PartialEq, Copy)]
pub struct NumbersOf {
    pub user_id: uuid::Uuid,
    pub seq: i64,
}
#[derive(Debug, Clone, PartialEq, Copy)]
pub struct ConnectedPeers {
    pub user_id: uuid::Uuid,
    pub peer_id: uuid::Uuid,
    pub node: i32,
}
use crate::client::async_::GenericClient;
use futures_util::{self, StreamExt, TryStreamExt};
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
pub struct AbandonQuery<'c, 'a, 's, C: GenericClient, T, const N: usize> {
    client: &'c C,
    params: [&'a (dyn postgres_types::ToSql + Sync); N],
    query: &'static str,
    cached: Option<&'s tokio_postgres::Statement>,
    extractor: fn(&tokio_postgres::Row) -> Result<Abandon, tokio_postgres::Error>,
    mapper: fn(Abandon) -> T,
}
impl<'c, 'a, 's, C, T: 'c, const N: usize> AbandonQuery<'c, 'a, 's, C, T, N>
where
    C: GenericClient,
{
    pub fn map<R>(self, mapper: fn(Abandon) -> R) -> AbandonQuery<'c, 'a, 's, C, R, N> {
        AbandonQuery {
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
pub struct ArriveQuery<'c, 'a, 's, C: GenericClient, T, const N: usize> {
    client: &'c C,
    params: [&'a (dyn postgres_types::ToSql + Sync); N],
    query: &'static str,
    cached: Option<&'s tokio_postgres::Statement>,
    extractor: fn(&tokio_postgres::Row) -> Result<Arrive, tokio_postgres::Error>,
    mapper: fn(Arrive) -> T,
}
impl<'c, 'a, 's, C, T: 'c, const N: usize> ArriveQuery<'c, 'a, 's, C, T, N>
where
    C: GenericClient,
{
    pub fn map<R>(self, mapper: fn(Arrive) -> R) -> ArriveQuery<'c, 'a, 's, C, R, N> {
        ArriveQuery {
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
pub struct LeaveQuery<'c, 'a, 's, C: GenericClient, T, const N: usize> {
    client: &'c C,
    params: [&'a (dyn postgres_types::ToSql + Sync); N],
    query: &'static str,
    cached: Option<&'s tokio_postgres::Statement>,
    extractor: fn(&tokio_postgres::Row) -> Result<Leave, tokio_postgres::Error>,
    mapper: fn(Leave) -> T,
}
impl<'c, 'a, 's, C, T: 'c, const N: usize> LeaveQuery<'c, 'a, 's, C, T, N>
where
    C: GenericClient,
{
    pub fn map<R>(self, mapper: fn(Leave) -> R) -> LeaveQuery<'c, 'a, 's, C, R, N> {
        LeaveQuery {
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
pub struct NumbersOfQuery<'c, 'a, 's, C: GenericClient, T, const N: usize> {
    client: &'c C,
    params: [&'a (dyn postgres_types::ToSql + Sync); N],
    query: &'static str,
    cached: Option<&'s tokio_postgres::Statement>,
    extractor: fn(&tokio_postgres::Row) -> Result<NumbersOf, tokio_postgres::Error>,
    mapper: fn(NumbersOf) -> T,
}
impl<'c, 'a, 's, C, T: 'c, const N: usize> NumbersOfQuery<'c, 'a, 's, C, T, N>
where
    C: GenericClient,
{
    pub fn map<R>(self, mapper: fn(NumbersOf) -> R) -> NumbersOfQuery<'c, 'a, 's, C, R, N> {
        NumbersOfQuery {
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
pub struct ConnectedPeersQuery<'c, 'a, 's, C: GenericClient, T, const N: usize> {
    client: &'c C,
    params: [&'a (dyn postgres_types::ToSql + Sync); N],
    query: &'static str,
    cached: Option<&'s tokio_postgres::Statement>,
    extractor: fn(&tokio_postgres::Row) -> Result<ConnectedPeers, tokio_postgres::Error>,
    mapper: fn(ConnectedPeers) -> T,
}
impl<'c, 'a, 's, C, T: 'c, const N: usize> ConnectedPeersQuery<'c, 'a, 's, C, T, N>
where
    C: GenericClient,
{
    pub fn map<R>(
        self,
        mapper: fn(ConnectedPeers) -> R,
    ) -> ConnectedPeersQuery<'c, 'a, 's, C, R, N> {
        ConnectedPeersQuery {
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
pub struct OpenNodeStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn open_node() -> OpenNodeStmt {
    OpenNodeStmt(
        "INSERT INTO nodes (name, lease_until) VALUES ($1, clock_timestamp() + make_interval(secs => $2)) RETURNING id",
        None,
    )
}
impl OpenNodeStmt {
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
        name: &'a T1,
        lease: &'a f64,
    ) -> I32Query<'c, 'a, 's, C, i32, 2> {
        I32Query {
            client,
            params: [name, lease],
            query: self.0,
            cached: self.1.as_ref(),
            extractor: |row| Ok(row.try_get(0)?),
            mapper: |it| it,
        }
    }
}
impl<'c, 'a, 's, C: GenericClient, T1: crate::StringSql>
    crate::client::async_::Params<
        'c,
        'a,
        's,
        OpenNodeParams<T1>,
        I32Query<'c, 'a, 's, C, i32, 2>,
        C,
    > for OpenNodeStmt
{
    fn params(
        &'s self,
        client: &'c C,
        params: &'a OpenNodeParams<T1>,
    ) -> I32Query<'c, 'a, 's, C, i32, 2> {
        self.bind(client, &params.name, &params.lease)
    }
}
pub struct RenewNodeStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn renew_node() -> RenewNodeStmt {
    RenewNodeStmt(
        "UPDATE nodes SET lease_until = clock_timestamp() + make_interval(secs => $1) WHERE id = $2 AND lease_until > clock_timestamp() RETURNING id",
        None,
    )
}
impl RenewNodeStmt {
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
        lease: &'a f64,
        id: &'a i32,
    ) -> I32Query<'c, 'a, 's, C, i32, 2> {
        I32Query {
            client,
            params: [lease, id],
            query: self.0,
            cached: self.1.as_ref(),
            extractor: |row| Ok(row.try_get(0)?),
            mapper: |it| it,
        }
    }
}
impl<'c, 'a, 's, C: GenericClient>
    crate::client::async_::Params<'c, 'a, 's, RenewNodeParams, I32Query<'c, 'a, 's, C, i32, 2>, C>
    for RenewNodeStmt
{
    fn params(
        &'s self,
        client: &'c C,
        params: &'a RenewNodeParams,
    ) -> I32Query<'c, 'a, 's, C, i32, 2> {
        self.bind(client, &params.lease, &params.id)
    }
}
pub struct CloseNodeStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn close_node() -> CloseNodeStmt {
    CloseNodeStmt("DELETE FROM nodes WHERE id = $1", None)
}
impl CloseNodeStmt {
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
        id: &'a i32,
    ) -> Result<u64, tokio_postgres::Error> {
        client.execute(self.0, &[id]).await
    }
}
pub struct BuryNodesStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn bury_nodes() -> BuryNodesStmt {
    BuryNodesStmt("DELETE FROM nodes WHERE lease_until <= clock_timestamp() RETURNING id", None)
}
impl BuryNodesStmt {
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
    ) -> I32Query<'c, 'a, 's, C, i32, 0> {
        I32Query {
            client,
            params: [],
            query: self.0,
            cached: self.1.as_ref(),
            extractor: |row| Ok(row.try_get(0)?),
            mapper: |it| it,
        }
    }
}
pub struct AbandonStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn abandon() -> AbandonStmt {
    AbandonStmt(
        "WITH held AS ( SELECT m.user_id FROM mailboxes AS m WHERE m.nodes <> '{}' AND m.nodes && $1::integer[] ORDER BY m.user_id FOR UPDATE ) UPDATE mailboxes AS m SET nodes = ARRAY(SELECT n FROM unnest(m.nodes) AS n WHERE n <> ALL ($1::integer[])), last_seen_at = clock_timestamp() FROM held WHERE m.user_id = held.user_id RETURNING m.user_id, m.last_seen_at AS seen_at, NOT EXISTS ( SELECT FROM nodes AS n WHERE n.id = ANY (m.nodes) AND n.id <> ALL ($1::integer[]) AND n.lease_until > clock_timestamp() ) AS gone",
        None,
    )
}
impl AbandonStmt {
    pub async fn prepare<'a, C: GenericClient>(
        mut self,
        client: &'a C,
    ) -> Result<Self, tokio_postgres::Error> {
        self.1 = Some(client.prepare(self.0).await?);
        Ok(self)
    }
    pub fn bind<'c, 'a, 's, C: GenericClient, T1: crate::ArraySql<Item = i32>>(
        &'s self,
        client: &'c C,
        dead: &'a T1,
    ) -> AbandonQuery<'c, 'a, 's, C, Abandon, 1> {
        AbandonQuery {
            client,
            params: [dead],
            query: self.0,
            cached: self.1.as_ref(),
            extractor: |row: &tokio_postgres::Row| -> Result<Abandon, tokio_postgres::Error> {
                Ok(Abandon {
                    user_id: row.try_get(0)?,
                    seen_at: row.try_get(1)?,
                    gone: row.try_get(2)?,
                })
            },
            mapper: |it| Abandon::from(it),
        }
    }
}
pub struct OrphansStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn orphans() -> OrphansStmt {
    OrphansStmt(
        "SELECT DISTINCT n.id AS node FROM mailboxes AS m, unnest(m.nodes) AS n (id) WHERE m.nodes <> '{}' AND NOT EXISTS (SELECT FROM nodes WHERE nodes.id = n.id)",
        None,
    )
}
impl OrphansStmt {
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
    ) -> I32Query<'c, 'a, 's, C, i32, 0> {
        I32Query {
            client,
            params: [],
            query: self.0,
            cached: self.1.as_ref(),
            extractor: |row| Ok(row.try_get(0)?),
            mapper: |it| it,
        }
    }
}
pub struct ArriveStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn arrive() -> ArriveStmt {
    ArriveStmt(
        "INSERT INTO mailboxes AS m (user_id, nodes) SELECT i.user_id, ARRAY[$1::integer] FROM unnest($2::uuid[]) AS i (user_id) ORDER BY i.user_id ON CONFLICT (user_id) DO UPDATE SET nodes = array_append(array_remove(m.nodes, $1), $1) RETURNING m.user_id, m.seq, NOT EXISTS ( SELECT FROM nodes AS n WHERE n.id = ANY (m.nodes) AND n.id <> $1 AND n.lease_until > clock_timestamp() ) AS appeared",
        None,
    )
}
impl ArriveStmt {
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
        node: &'a i32,
        user_ids: &'a T1,
    ) -> ArriveQuery<'c, 'a, 's, C, Arrive, 2> {
        ArriveQuery {
            client,
            params: [node, user_ids],
            query: self.0,
            cached: self.1.as_ref(),
            extractor: |row: &tokio_postgres::Row| -> Result<Arrive, tokio_postgres::Error> {
                Ok(Arrive {
                    user_id: row.try_get(0)?,
                    seq: row.try_get(1)?,
                    appeared: row.try_get(2)?,
                })
            },
            mapper: |it| Arrive::from(it),
        }
    }
}
impl<'c, 'a, 's, C: GenericClient, T1: crate::ArraySql<Item = uuid::Uuid>>
    crate::client::async_::Params<
        'c,
        'a,
        's,
        ArriveParams<T1>,
        ArriveQuery<'c, 'a, 's, C, Arrive, 2>,
        C,
    > for ArriveStmt
{
    fn params(
        &'s self,
        client: &'c C,
        params: &'a ArriveParams<T1>,
    ) -> ArriveQuery<'c, 'a, 's, C, Arrive, 2> {
        self.bind(client, &params.node, &params.user_ids)
    }
}
pub struct LeaveStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn leave() -> LeaveStmt {
    LeaveStmt(
        "WITH held AS ( SELECT m.user_id FROM mailboxes AS m WHERE m.user_id = ANY ($1) ORDER BY m.user_id FOR UPDATE ) UPDATE mailboxes AS m SET nodes = array_remove(m.nodes, $2::integer), last_seen_at = clock_timestamp() FROM held WHERE m.user_id = held.user_id RETURNING m.user_id, m.seq, m.last_seen_at AS seen_at, NOT EXISTS ( SELECT FROM nodes AS n WHERE n.id = ANY (m.nodes) AND n.id <> $2 AND n.lease_until > clock_timestamp() ) AS gone",
        None,
    )
}
impl LeaveStmt {
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
        node: &'a i32,
    ) -> LeaveQuery<'c, 'a, 's, C, Leave, 2> {
        LeaveQuery {
            client,
            params: [user_ids, node],
            query: self.0,
            cached: self.1.as_ref(),
            extractor: |row: &tokio_postgres::Row| -> Result<Leave, tokio_postgres::Error> {
                Ok(Leave {
                    user_id: row.try_get(0)?,
                    seq: row.try_get(1)?,
                    seen_at: row.try_get(2)?,
                    gone: row.try_get(3)?,
                })
            },
            mapper: |it| Leave::from(it),
        }
    }
}
impl<'c, 'a, 's, C: GenericClient, T1: crate::ArraySql<Item = uuid::Uuid>>
    crate::client::async_::Params<
        'c,
        'a,
        's,
        LeaveParams<T1>,
        LeaveQuery<'c, 'a, 's, C, Leave, 2>,
        C,
    > for LeaveStmt
{
    fn params(
        &'s self,
        client: &'c C,
        params: &'a LeaveParams<T1>,
    ) -> LeaveQuery<'c, 'a, 's, C, Leave, 2> {
        self.bind(client, &params.user_ids, &params.node)
    }
}
pub struct NumbersOfStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn numbers_of() -> NumbersOfStmt {
    NumbersOfStmt("SELECT user_id, seq FROM mailboxes WHERE user_id = ANY ($1)", None)
}
impl NumbersOfStmt {
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
    ) -> NumbersOfQuery<'c, 'a, 's, C, NumbersOf, 1> {
        NumbersOfQuery {
            client,
            params: [user_ids],
            query: self.0,
            cached: self.1.as_ref(),
            extractor: |row: &tokio_postgres::Row| -> Result<NumbersOf, tokio_postgres::Error> {
                Ok(NumbersOf { user_id: row.try_get(0)?, seq: row.try_get(1)? })
            },
            mapper: |it| NumbersOf::from(it),
        }
    }
}
pub struct OnlineStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn online() -> OnlineStmt {
    OnlineStmt(
        "SELECT m.user_id FROM mailboxes AS m WHERE m.user_id = ANY ($1) AND EXISTS (SELECT FROM nodes AS n WHERE n.id = ANY (m.nodes) AND n.lease_until > clock_timestamp())",
        None,
    )
}
impl OnlineStmt {
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
pub struct ConnectedPeersStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn connected_peers() -> ConnectedPeersStmt {
    ConnectedPeersStmt(
        "SELECT w.user_id, p.peer_id, n.id AS node FROM unnest($1::uuid[]) AS w (user_id) CROSS JOIN LATERAL ( WITH RECURSIVE peers AS ( (SELECT d.peer_id, 1 AS nth FROM deliveries AS d WHERE d.user_id = w.user_id ORDER BY d.peer_id LIMIT 1) UNION ALL SELECT (SELECT d.peer_id FROM deliveries AS d WHERE d.user_id = w.user_id AND d.peer_id > p.peer_id ORDER BY d.peer_id LIMIT 1), p.nth + 1 FROM peers AS p WHERE p.peer_id IS NOT NULL AND p.nth < 500 ) SELECT peer_id FROM peers WHERE peer_id IS NOT NULL UNION SELECT r.peer_id FROM ( SELECT d.peer_id FROM deliveries AS d WHERE d.user_id = w.user_id AND (SELECT max(nth) FROM peers) >= 500 ORDER BY d.seq DESC LIMIT 1000 ) AS r ) AS p JOIN mailboxes AS m ON m.user_id = p.peer_id JOIN nodes AS n ON n.id = ANY (m.nodes) AND n.lease_until > clock_timestamp() WHERE NOT EXISTS ( SELECT FROM blocks AS b WHERE (b.user_id, b.blocked_id) = (w.user_id, p.peer_id) OR (b.user_id, b.blocked_id) = (p.peer_id, w.user_id) )",
        None,
    )
}
impl ConnectedPeersStmt {
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
    ) -> ConnectedPeersQuery<'c, 'a, 's, C, ConnectedPeers, 1> {
        ConnectedPeersQuery {
            client,
            params: [user_ids],
            query: self.0,
            cached: self.1.as_ref(),
            extractor:
                |row: &tokio_postgres::Row| -> Result<ConnectedPeers, tokio_postgres::Error> {
                    Ok(ConnectedPeers {
                        user_id: row.try_get(0)?,
                        peer_id: row.try_get(1)?,
                        node: row.try_get(2)?,
                    })
                },
            mapper: |it| ConnectedPeers::from(it),
        }
    }
}
