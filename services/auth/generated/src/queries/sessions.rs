// This file was generated with `clorinde`. Do not modify.

#[derive(Debug)]
pub struct InsertSessionParams<
    T1: crate::StringSql,
    T2: crate::ArraySql<Item = T1>,
    T3: crate::StringSql,
> {
    pub id: uuid::Uuid,
    pub user_id: uuid::Uuid,
    pub amr: T2,
    pub restricted: bool,
    pub address: Option<std::net::IpAddr>,
    pub user_agent: Option<T3>,
    pub now: time::OffsetDateTime,
    pub expires_at: time::OffsetDateTime,
    pub idle_expires_at: time::OffsetDateTime,
}
#[derive(Debug)]
pub struct InsertRefreshTokenParams<T1: crate::BytesSql> {
    pub hash: T1,
    pub session_id: uuid::Uuid,
    pub now: time::OffsetDateTime,
    pub expires_at: time::OffsetDateTime,
}
#[derive(Debug)]
pub struct MarkTokenUsedParams<T1: crate::BytesSql> {
    pub now: time::OffsetDateTime,
    pub hash: T1,
}
#[derive(Debug)]
pub struct TouchSessionParams<T1: crate::StringSql> {
    pub now: time::OffsetDateTime,
    pub idle_expires_at: time::OffsetDateTime,
    pub address: Option<std::net::IpAddr>,
    pub user_agent: Option<T1>,
    pub id: uuid::Uuid,
}
#[derive(Debug)]
pub struct RevokeSessionParams<T1: crate::StringSql> {
    pub now: time::OffsetDateTime,
    pub because: T1,
    pub id: uuid::Uuid,
}
#[derive(Debug)]
pub struct RevokeOwnSessionParams<T1: crate::StringSql> {
    pub now: time::OffsetDateTime,
    pub because: T1,
    pub id: uuid::Uuid,
    pub user_id: uuid::Uuid,
}
#[derive(Debug)]
pub struct RevokeSessionsOfUserParams<T1: crate::StringSql> {
    pub now: time::OffsetDateTime,
    pub because: T1,
    pub user_id: uuid::Uuid,
    pub except: Option<uuid::Uuid>,
}
#[derive(Clone, Copy, Debug)]
pub struct LiveSessionsParams {
    pub user_id: uuid::Uuid,
    pub now: time::OffsetDateTime,
    pub limit: i64,
    pub offset: i64,
}
#[derive(Clone, Copy, Debug)]
pub struct CountLiveSessionsParams {
    pub user_id: uuid::Uuid,
    pub now: time::OffsetDateTime,
}
#[derive(Clone, Copy, Debug)]
pub struct DeleteEndedSessionsParams {
    pub before: time::OffsetDateTime,
    pub batch: i64,
}
#[derive(Clone, Copy, Debug)]
pub struct DeleteExpiredTokensParams {
    pub before: time::OffsetDateTime,
    pub batch: i64,
}
#[derive(Debug, Clone, PartialEq)]
pub struct LockSessionOfToken {
    pub id: uuid::Uuid,
    pub user_id: uuid::Uuid,
    pub amr: Vec<String>,
    pub restricted: bool,
    pub expires_at: time::OffsetDateTime,
    pub revoked_at: Option<time::OffsetDateTime>,
}
pub struct LockSessionOfTokenBorrowed<'a> {
    pub id: uuid::Uuid,
    pub user_id: uuid::Uuid,
    pub amr: crate::ArrayIterator<'a, &'a str>,
    pub restricted: bool,
    pub expires_at: time::OffsetDateTime,
    pub revoked_at: Option<time::OffsetDateTime>,
}
impl<'a> From<LockSessionOfTokenBorrowed<'a>> for LockSessionOfToken {
    fn from(
        LockSessionOfTokenBorrowed {
            id,
            user_id,
            amr,
            restricted,
            expires_at,
            revoked_at,
        }: LockSessionOfTokenBorrowed<'a>,
    ) -> Self {
        Self {
            id,
            user_id,
            amr: amr.map(|v| v.into()).collect(),
            restricted,
            expires_at,
            revoked_at,
        }
    }
}
#[derive(Debug, Clone, PartialEq, Copy)]
pub struct TokenState {
    pub expires_at: time::OffsetDateTime,
    pub used_at: Option<time::OffsetDateTime>,
}
#[derive(Debug, Clone, PartialEq)]
pub struct LiveSessions {
    pub id: uuid::Uuid,
    pub amr: Vec<String>,
    pub address: Option<std::net::IpAddr>,
    pub user_agent: Option<String>,
    pub created_at: time::OffsetDateTime,
    pub last_used_at: time::OffsetDateTime,
    pub ends_at: time::OffsetDateTime,
    pub total: i64,
}
pub struct LiveSessionsBorrowed<'a> {
    pub id: uuid::Uuid,
    pub amr: crate::ArrayIterator<'a, &'a str>,
    pub address: Option<std::net::IpAddr>,
    pub user_agent: Option<&'a str>,
    pub created_at: time::OffsetDateTime,
    pub last_used_at: time::OffsetDateTime,
    pub ends_at: time::OffsetDateTime,
    pub total: i64,
}
impl<'a> From<LiveSessionsBorrowed<'a>> for LiveSessions {
    fn from(
        LiveSessionsBorrowed {
            id,
            amr,
            address,
            user_agent,
            created_at,
            last_used_at,
            ends_at,
            total,
        }: LiveSessionsBorrowed<'a>,
    ) -> Self {
        Self {
            id,
            amr: amr.map(|v| v.into()).collect(),
            address,
            user_agent: user_agent.map(|v| v.into()),
            created_at,
            last_used_at,
            ends_at,
            total,
        }
    }
}
#[derive(Debug, Clone, PartialEq, Copy)]
pub struct RevocationsSince {
    pub id: uuid::Uuid,
    pub revoked_at: time::OffsetDateTime,
}
use crate::client::async_::GenericClient;
use futures_util::{self, StreamExt, TryStreamExt};
pub struct LockSessionOfTokenQuery<'c, 'a, 's, C: GenericClient, T, const N: usize> {
    client: &'c C,
    params: [&'a (dyn postgres_types::ToSql + Sync); N],
    query: &'static str,
    cached: Option<&'s tokio_postgres::Statement>,
    extractor:
        fn(&tokio_postgres::Row) -> Result<LockSessionOfTokenBorrowed, tokio_postgres::Error>,
    mapper: fn(LockSessionOfTokenBorrowed) -> T,
}
impl<'c, 'a, 's, C, T: 'c, const N: usize> LockSessionOfTokenQuery<'c, 'a, 's, C, T, N>
where
    C: GenericClient,
{
    pub fn map<R>(
        self,
        mapper: fn(LockSessionOfTokenBorrowed) -> R,
    ) -> LockSessionOfTokenQuery<'c, 'a, 's, C, R, N> {
        LockSessionOfTokenQuery {
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
pub struct TokenStateQuery<'c, 'a, 's, C: GenericClient, T, const N: usize> {
    client: &'c C,
    params: [&'a (dyn postgres_types::ToSql + Sync); N],
    query: &'static str,
    cached: Option<&'s tokio_postgres::Statement>,
    extractor: fn(&tokio_postgres::Row) -> Result<TokenState, tokio_postgres::Error>,
    mapper: fn(TokenState) -> T,
}
impl<'c, 'a, 's, C, T: 'c, const N: usize> TokenStateQuery<'c, 'a, 's, C, T, N>
where
    C: GenericClient,
{
    pub fn map<R>(self, mapper: fn(TokenState) -> R) -> TokenStateQuery<'c, 'a, 's, C, R, N> {
        TokenStateQuery {
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
pub struct LiveSessionsQuery<'c, 'a, 's, C: GenericClient, T, const N: usize> {
    client: &'c C,
    params: [&'a (dyn postgres_types::ToSql + Sync); N],
    query: &'static str,
    cached: Option<&'s tokio_postgres::Statement>,
    extractor: fn(&tokio_postgres::Row) -> Result<LiveSessionsBorrowed, tokio_postgres::Error>,
    mapper: fn(LiveSessionsBorrowed) -> T,
}
impl<'c, 'a, 's, C, T: 'c, const N: usize> LiveSessionsQuery<'c, 'a, 's, C, T, N>
where
    C: GenericClient,
{
    pub fn map<R>(
        self,
        mapper: fn(LiveSessionsBorrowed) -> R,
    ) -> LiveSessionsQuery<'c, 'a, 's, C, R, N> {
        LiveSessionsQuery {
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
pub struct RevocationsSinceQuery<'c, 'a, 's, C: GenericClient, T, const N: usize> {
    client: &'c C,
    params: [&'a (dyn postgres_types::ToSql + Sync); N],
    query: &'static str,
    cached: Option<&'s tokio_postgres::Statement>,
    extractor: fn(&tokio_postgres::Row) -> Result<RevocationsSince, tokio_postgres::Error>,
    mapper: fn(RevocationsSince) -> T,
}
impl<'c, 'a, 's, C, T: 'c, const N: usize> RevocationsSinceQuery<'c, 'a, 's, C, T, N>
where
    C: GenericClient,
{
    pub fn map<R>(
        self,
        mapper: fn(RevocationsSince) -> R,
    ) -> RevocationsSinceQuery<'c, 'a, 's, C, R, N> {
        RevocationsSinceQuery {
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
pub struct InsertSessionStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn insert_session() -> InsertSessionStmt {
    InsertSessionStmt(
        "INSERT INTO sessions (id, user_id, amr, restricted, address, user_agent, created_at, last_used_at, expires_at, idle_expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8, $9)",
        None,
    )
}
impl InsertSessionStmt {
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
        T2: crate::ArraySql<Item = T1>,
        T3: crate::StringSql,
    >(
        &'s self,
        client: &'c C,
        id: &'a uuid::Uuid,
        user_id: &'a uuid::Uuid,
        amr: &'a T2,
        restricted: &'a bool,
        address: &'a Option<std::net::IpAddr>,
        user_agent: &'a Option<T3>,
        now: &'a time::OffsetDateTime,
        expires_at: &'a time::OffsetDateTime,
        idle_expires_at: &'a time::OffsetDateTime,
    ) -> Result<u64, tokio_postgres::Error> {
        client
            .execute(
                self.0,
                &[
                    id,
                    user_id,
                    amr,
                    restricted,
                    address,
                    user_agent,
                    now,
                    expires_at,
                    idle_expires_at,
                ],
            )
            .await
    }
}
impl<
    'a,
    C: GenericClient + Send + Sync,
    T1: crate::StringSql,
    T2: crate::ArraySql<Item = T1>,
    T3: crate::StringSql,
>
    crate::client::async_::Params<
        'a,
        'a,
        'a,
        InsertSessionParams<T1, T2, T3>,
        std::pin::Pin<
            Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
        >,
        C,
    > for InsertSessionStmt
{
    fn params(
        &'a self,
        client: &'a C,
        params: &'a InsertSessionParams<T1, T2, T3>,
    ) -> std::pin::Pin<
        Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
    > {
        Box::pin(self.bind(
            client,
            &params.id,
            &params.user_id,
            &params.amr,
            &params.restricted,
            &params.address,
            &params.user_agent,
            &params.now,
            &params.expires_at,
            &params.idle_expires_at,
        ))
    }
}
pub struct InsertRefreshTokenStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn insert_refresh_token() -> InsertRefreshTokenStmt {
    InsertRefreshTokenStmt(
        "INSERT INTO refresh_tokens (hash, session_id, issued_at, expires_at) VALUES ($1, $2, $3, $4)",
        None,
    )
}
impl InsertRefreshTokenStmt {
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
        hash: &'a T1,
        session_id: &'a uuid::Uuid,
        now: &'a time::OffsetDateTime,
        expires_at: &'a time::OffsetDateTime,
    ) -> Result<u64, tokio_postgres::Error> {
        client.execute(self.0, &[hash, session_id, now, expires_at]).await
    }
}
impl<'a, C: GenericClient + Send + Sync, T1: crate::BytesSql>
    crate::client::async_::Params<
        'a,
        'a,
        'a,
        InsertRefreshTokenParams<T1>,
        std::pin::Pin<
            Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
        >,
        C,
    > for InsertRefreshTokenStmt
{
    fn params(
        &'a self,
        client: &'a C,
        params: &'a InsertRefreshTokenParams<T1>,
    ) -> std::pin::Pin<
        Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
    > {
        Box::pin(self.bind(
            client,
            &params.hash,
            &params.session_id,
            &params.now,
            &params.expires_at,
        ))
    }
}
pub struct LockSessionOfTokenStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn lock_session_of_token() -> LockSessionOfTokenStmt {
    LockSessionOfTokenStmt(
        "SELECT id, user_id, amr, restricted, expires_at, revoked_at FROM sessions WHERE id = (SELECT session_id FROM refresh_tokens WHERE hash = $1) FOR UPDATE",
        None,
    )
}
impl LockSessionOfTokenStmt {
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
        hash: &'a T1,
    ) -> LockSessionOfTokenQuery<'c, 'a, 's, C, LockSessionOfToken, 1> {
        LockSessionOfTokenQuery {
            client,
            params: [hash],
            query: self.0,
            cached: self.1.as_ref(),
            extractor: |
                row: &tokio_postgres::Row,
            | -> Result<LockSessionOfTokenBorrowed, tokio_postgres::Error> {
                Ok(LockSessionOfTokenBorrowed {
                    id: row.try_get(0)?,
                    user_id: row.try_get(1)?,
                    amr: row.try_get(2)?,
                    restricted: row.try_get(3)?,
                    expires_at: row.try_get(4)?,
                    revoked_at: row.try_get(5)?,
                })
            },
            mapper: |it| LockSessionOfToken::from(it),
        }
    }
}
pub struct TokenStateStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn token_state() -> TokenStateStmt {
    TokenStateStmt("SELECT expires_at, used_at FROM refresh_tokens WHERE hash = $1", None)
}
impl TokenStateStmt {
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
        hash: &'a T1,
    ) -> TokenStateQuery<'c, 'a, 's, C, TokenState, 1> {
        TokenStateQuery {
            client,
            params: [hash],
            query: self.0,
            cached: self.1.as_ref(),
            extractor: |row: &tokio_postgres::Row| -> Result<TokenState, tokio_postgres::Error> {
                Ok(TokenState { expires_at: row.try_get(0)?, used_at: row.try_get(1)? })
            },
            mapper: |it| TokenState::from(it),
        }
    }
}
pub struct MarkTokenUsedStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn mark_token_used() -> MarkTokenUsedStmt {
    MarkTokenUsedStmt(
        "UPDATE refresh_tokens SET used_at = $1 WHERE hash = $2 AND used_at IS NULL",
        None,
    )
}
impl MarkTokenUsedStmt {
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
        now: &'a time::OffsetDateTime,
        hash: &'a T1,
    ) -> Result<u64, tokio_postgres::Error> {
        client.execute(self.0, &[now, hash]).await
    }
}
impl<'a, C: GenericClient + Send + Sync, T1: crate::BytesSql>
    crate::client::async_::Params<
        'a,
        'a,
        'a,
        MarkTokenUsedParams<T1>,
        std::pin::Pin<
            Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
        >,
        C,
    > for MarkTokenUsedStmt
{
    fn params(
        &'a self,
        client: &'a C,
        params: &'a MarkTokenUsedParams<T1>,
    ) -> std::pin::Pin<
        Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
    > {
        Box::pin(self.bind(client, &params.now, &params.hash))
    }
}
pub struct TouchSessionStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn touch_session() -> TouchSessionStmt {
    TouchSessionStmt(
        "UPDATE sessions SET last_used_at = $1, idle_expires_at = $2, address = coalesce($3, address), user_agent = coalesce($4, user_agent) WHERE id = $5",
        None,
    )
}
impl TouchSessionStmt {
    pub async fn prepare<'a, C: GenericClient>(
        mut self,
        client: &'a C,
    ) -> Result<Self, tokio_postgres::Error> {
        self.1 = Some(client.prepare(self.0).await?);
        Ok(self)
    }
    pub async fn bind<'c, 'a, 's, C: GenericClient, T1: crate::StringSql>(
        &'s self,
        client: &'c C,
        now: &'a time::OffsetDateTime,
        idle_expires_at: &'a time::OffsetDateTime,
        address: &'a Option<std::net::IpAddr>,
        user_agent: &'a Option<T1>,
        id: &'a uuid::Uuid,
    ) -> Result<u64, tokio_postgres::Error> {
        client.execute(self.0, &[now, idle_expires_at, address, user_agent, id]).await
    }
}
impl<'a, C: GenericClient + Send + Sync, T1: crate::StringSql>
    crate::client::async_::Params<
        'a,
        'a,
        'a,
        TouchSessionParams<T1>,
        std::pin::Pin<
            Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
        >,
        C,
    > for TouchSessionStmt
{
    fn params(
        &'a self,
        client: &'a C,
        params: &'a TouchSessionParams<T1>,
    ) -> std::pin::Pin<
        Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
    > {
        Box::pin(self.bind(
            client,
            &params.now,
            &params.idle_expires_at,
            &params.address,
            &params.user_agent,
            &params.id,
        ))
    }
}
pub struct RevokeSessionStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn revoke_session() -> RevokeSessionStmt {
    RevokeSessionStmt(
        "UPDATE sessions SET revoked_at = $1, revoked_because = $2 WHERE id = $3 AND revoked_at IS NULL RETURNING user_id",
        None,
    )
}
impl RevokeSessionStmt {
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
        now: &'a time::OffsetDateTime,
        because: &'a T1,
        id: &'a uuid::Uuid,
    ) -> UuidUuidQuery<'c, 'a, 's, C, uuid::Uuid, 3> {
        UuidUuidQuery {
            client,
            params: [now, because, id],
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
        RevokeSessionParams<T1>,
        UuidUuidQuery<'c, 'a, 's, C, uuid::Uuid, 3>,
        C,
    > for RevokeSessionStmt
{
    fn params(
        &'s self,
        client: &'c C,
        params: &'a RevokeSessionParams<T1>,
    ) -> UuidUuidQuery<'c, 'a, 's, C, uuid::Uuid, 3> {
        self.bind(client, &params.now, &params.because, &params.id)
    }
}
pub struct RevokeOwnSessionStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn revoke_own_session() -> RevokeOwnSessionStmt {
    RevokeOwnSessionStmt(
        "UPDATE sessions SET revoked_at = $1, revoked_because = $2 WHERE id = $3 AND user_id = $4 AND revoked_at IS NULL AND expires_at > $1 AND idle_expires_at > $1 RETURNING id",
        None,
    )
}
impl RevokeOwnSessionStmt {
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
        now: &'a time::OffsetDateTime,
        because: &'a T1,
        id: &'a uuid::Uuid,
        user_id: &'a uuid::Uuid,
    ) -> UuidUuidQuery<'c, 'a, 's, C, uuid::Uuid, 4> {
        UuidUuidQuery {
            client,
            params: [now, because, id, user_id],
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
        RevokeOwnSessionParams<T1>,
        UuidUuidQuery<'c, 'a, 's, C, uuid::Uuid, 4>,
        C,
    > for RevokeOwnSessionStmt
{
    fn params(
        &'s self,
        client: &'c C,
        params: &'a RevokeOwnSessionParams<T1>,
    ) -> UuidUuidQuery<'c, 'a, 's, C, uuid::Uuid, 4> {
        self.bind(client, &params.now, &params.because, &params.id, &params.user_id)
    }
}
pub struct RevokeSessionsOfUserStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn revoke_sessions_of_user() -> RevokeSessionsOfUserStmt {
    RevokeSessionsOfUserStmt(
        "UPDATE sessions SET revoked_at = $1, revoked_because = $2 WHERE user_id = $3 AND revoked_at IS NULL AND id IS DISTINCT FROM $4 RETURNING id",
        None,
    )
}
impl RevokeSessionsOfUserStmt {
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
        now: &'a time::OffsetDateTime,
        because: &'a T1,
        user_id: &'a uuid::Uuid,
        except: &'a Option<uuid::Uuid>,
    ) -> UuidUuidQuery<'c, 'a, 's, C, uuid::Uuid, 4> {
        UuidUuidQuery {
            client,
            params: [now, because, user_id, except],
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
        RevokeSessionsOfUserParams<T1>,
        UuidUuidQuery<'c, 'a, 's, C, uuid::Uuid, 4>,
        C,
    > for RevokeSessionsOfUserStmt
{
    fn params(
        &'s self,
        client: &'c C,
        params: &'a RevokeSessionsOfUserParams<T1>,
    ) -> UuidUuidQuery<'c, 'a, 's, C, uuid::Uuid, 4> {
        self.bind(client, &params.now, &params.because, &params.user_id, &params.except)
    }
}
pub struct LiveSessionsStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn live_sessions() -> LiveSessionsStmt {
    LiveSessionsStmt(
        "SELECT id, amr, address, user_agent, created_at, last_used_at, least(expires_at, idle_expires_at) AS ends_at, count(*) OVER () AS total FROM sessions WHERE user_id = $1 AND revoked_at IS NULL AND expires_at > $2 AND idle_expires_at > $2 ORDER BY last_used_at DESC, id DESC LIMIT $3 OFFSET $4",
        None,
    )
}
impl LiveSessionsStmt {
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
        now: &'a time::OffsetDateTime,
        limit: &'a i64,
        offset: &'a i64,
    ) -> LiveSessionsQuery<'c, 'a, 's, C, LiveSessions, 4> {
        LiveSessionsQuery {
            client,
            params: [user_id, now, limit, offset],
            query: self.0,
            cached: self.1.as_ref(),
            extractor:
                |row: &tokio_postgres::Row| -> Result<LiveSessionsBorrowed, tokio_postgres::Error> {
                    Ok(LiveSessionsBorrowed {
                        id: row.try_get(0)?,
                        amr: row.try_get(1)?,
                        address: row.try_get(2)?,
                        user_agent: row.try_get(3)?,
                        created_at: row.try_get(4)?,
                        last_used_at: row.try_get(5)?,
                        ends_at: row.try_get(6)?,
                        total: row.try_get(7)?,
                    })
                },
            mapper: |it| LiveSessions::from(it),
        }
    }
}
impl<'c, 'a, 's, C: GenericClient>
    crate::client::async_::Params<
        'c,
        'a,
        's,
        LiveSessionsParams,
        LiveSessionsQuery<'c, 'a, 's, C, LiveSessions, 4>,
        C,
    > for LiveSessionsStmt
{
    fn params(
        &'s self,
        client: &'c C,
        params: &'a LiveSessionsParams,
    ) -> LiveSessionsQuery<'c, 'a, 's, C, LiveSessions, 4> {
        self.bind(client, &params.user_id, &params.now, &params.limit, &params.offset)
    }
}
pub struct CountLiveSessionsStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn count_live_sessions() -> CountLiveSessionsStmt {
    CountLiveSessionsStmt(
        "SELECT count(*) AS total FROM sessions WHERE user_id = $1 AND revoked_at IS NULL AND expires_at > $2 AND idle_expires_at > $2",
        None,
    )
}
impl CountLiveSessionsStmt {
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
        now: &'a time::OffsetDateTime,
    ) -> I64Query<'c, 'a, 's, C, i64, 2> {
        I64Query {
            client,
            params: [user_id, now],
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
        CountLiveSessionsParams,
        I64Query<'c, 'a, 's, C, i64, 2>,
        C,
    > for CountLiveSessionsStmt
{
    fn params(
        &'s self,
        client: &'c C,
        params: &'a CountLiveSessionsParams,
    ) -> I64Query<'c, 'a, 's, C, i64, 2> {
        self.bind(client, &params.user_id, &params.now)
    }
}
pub struct CountActiveUsersStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn count_active_users() -> CountActiveUsersStmt {
    CountActiveUsersStmt(
        "SELECT count(DISTINCT user_id) AS total FROM sessions WHERE revoked_at IS NULL AND last_used_at > $1",
        None,
    )
}
impl CountActiveUsersStmt {
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
        since: &'a time::OffsetDateTime,
    ) -> I64Query<'c, 'a, 's, C, i64, 1> {
        I64Query {
            client,
            params: [since],
            query: self.0,
            cached: self.1.as_ref(),
            extractor: |row| Ok(row.try_get(0)?),
            mapper: |it| it,
        }
    }
}
pub struct RevocationsSinceStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn revocations_since() -> RevocationsSinceStmt {
    RevocationsSinceStmt(
        "SELECT id, revoked_at FROM sessions WHERE revoked_at > $1 AND revoked_at IS NOT NULL UNION ALL SELECT id, revoked_at FROM erased_sessions WHERE revoked_at > $1 ORDER BY revoked_at",
        None,
    )
}
impl RevocationsSinceStmt {
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
        since: &'a time::OffsetDateTime,
    ) -> RevocationsSinceQuery<'c, 'a, 's, C, RevocationsSince, 1> {
        RevocationsSinceQuery {
            client,
            params: [since],
            query: self.0,
            cached: self.1.as_ref(),
            extractor:
                |row: &tokio_postgres::Row| -> Result<RevocationsSince, tokio_postgres::Error> {
                    Ok(RevocationsSince { id: row.try_get(0)?, revoked_at: row.try_get(1)? })
                },
            mapper: |it| RevocationsSince::from(it),
        }
    }
}
pub struct DeleteEndedSessionsStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn delete_ended_sessions() -> DeleteEndedSessionsStmt {
    DeleteEndedSessionsStmt(
        "DELETE FROM sessions WHERE id IN ( SELECT id FROM sessions WHERE idle_expires_at < $1 ORDER BY idle_expires_at LIMIT $2 FOR UPDATE SKIP LOCKED )",
        None,
    )
}
impl DeleteEndedSessionsStmt {
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
        batch: &'a i64,
    ) -> Result<u64, tokio_postgres::Error> {
        client.execute(self.0, &[before, batch]).await
    }
}
impl<'a, C: GenericClient + Send + Sync>
    crate::client::async_::Params<
        'a,
        'a,
        'a,
        DeleteEndedSessionsParams,
        std::pin::Pin<
            Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
        >,
        C,
    > for DeleteEndedSessionsStmt
{
    fn params(
        &'a self,
        client: &'a C,
        params: &'a DeleteEndedSessionsParams,
    ) -> std::pin::Pin<
        Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
    > {
        Box::pin(self.bind(client, &params.before, &params.batch))
    }
}
pub struct DeleteExpiredTokensStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn delete_expired_tokens() -> DeleteExpiredTokensStmt {
    DeleteExpiredTokensStmt(
        "DELETE FROM refresh_tokens WHERE hash IN ( SELECT hash FROM refresh_tokens WHERE expires_at < $1 ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED )",
        None,
    )
}
impl DeleteExpiredTokensStmt {
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
        batch: &'a i64,
    ) -> Result<u64, tokio_postgres::Error> {
        client.execute(self.0, &[before, batch]).await
    }
}
impl<'a, C: GenericClient + Send + Sync>
    crate::client::async_::Params<
        'a,
        'a,
        'a,
        DeleteExpiredTokensParams,
        std::pin::Pin<
            Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
        >,
        C,
    > for DeleteExpiredTokensStmt
{
    fn params(
        &'a self,
        client: &'a C,
        params: &'a DeleteExpiredTokensParams,
    ) -> std::pin::Pin<
        Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
    > {
        Box::pin(self.bind(client, &params.before, &params.batch))
    }
}
