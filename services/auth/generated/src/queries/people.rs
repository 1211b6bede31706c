// This file was generated with `clorinde`. Do not modify.

#[derive(Debug)]
pub struct RenameUserParams<T1: crate::StringSql, T2: crate::StringSql> {
    pub username: T1,
    pub username_key: T2,
    pub now: time::OffsetDateTime,
    pub id: uuid::Uuid,
}
#[derive(Debug)]
pub struct SeeDeviceParams<T1: crate::StringSql> {
    pub user_id: uuid::Uuid,
    pub label: T1,
    pub now: time::OffsetDateTime,
}
#[derive(Clone, Copy, Debug)]
pub struct PersonalCopyParams {
    pub id: uuid::Uuid,
    pub most: i64,
}
#[derive(Clone, Copy, Debug)]
pub struct RememberErasedSessionsParams {
    pub now: time::OffsetDateTime,
    pub user_id: uuid::Uuid,
}
#[derive(Debug, Clone, PartialEq)]
pub struct Identities {
    pub id: uuid::Uuid,
    pub username: String,
}
pub struct IdentitiesBorrowed<'a> {
    pub id: uuid::Uuid,
    pub username: &'a str,
}
impl<'a> From<IdentitiesBorrowed<'a>> for Identities {
    fn from(IdentitiesBorrowed { id, username }: IdentitiesBorrowed<'a>) -> Self {
        Self { id, username: username.into() }
    }
}
#[derive(Debug, Clone, PartialEq)]
pub struct IdentityByUsername {
    pub id: uuid::Uuid,
    pub username: String,
}
pub struct IdentityByUsernameBorrowed<'a> {
    pub id: uuid::Uuid,
    pub username: &'a str,
}
impl<'a> From<IdentityByUsernameBorrowed<'a>> for IdentityByUsername {
    fn from(IdentityByUsernameBorrowed { id, username }: IdentityByUsernameBorrowed<'a>) -> Self {
        Self { id, username: username.into() }
    }
}
#[derive(Debug, Clone, PartialEq)]
pub struct HoldErased {
    pub email: Option<String>,
    pub data_key: Option<Vec<u8>>,
    pub sealed_email: Option<Vec<u8>>,
}
pub struct HoldErasedBorrowed<'a> {
    pub email: Option<&'a str>,
    pub data_key: Option<&'a [u8]>,
    pub sealed_email: Option<&'a [u8]>,
}
impl<'a> From<HoldErasedBorrowed<'a>> for HoldErased {
    fn from(HoldErasedBorrowed { email, data_key, sealed_email }: HoldErasedBorrowed<'a>) -> Self {
        Self {
            email: email.map(|v| v.into()),
            data_key: data_key.map(|v| v.into()),
            sealed_email: sealed_email.map(|v| v.into()),
        }
    }
}
use crate::client::async_::GenericClient;
use futures_util::{self, StreamExt, TryStreamExt};
pub struct IdentitiesQuery<'c, 'a, 's, C: GenericClient, T, const N: usize> {
    client: &'c C,
    params: [&'a (dyn postgres_types::ToSql + Sync); N],
    query: &'static str,
    cached: Option<&'s tokio_postgres::Statement>,
    extractor: fn(&tokio_postgres::Row) -> Result<IdentitiesBorrowed, tokio_postgres::Error>,
    mapper: fn(IdentitiesBorrowed) -> T,
}
impl<'c, 'a, 's, C, T: 'c, const N: usize> IdentitiesQuery<'c, 'a, 's, C, T, N>
where
    C: GenericClient,
{
    pub fn map<R>(
        self,
        mapper: fn(IdentitiesBorrowed) -> R,
    ) -> IdentitiesQuery<'c, 'a, 's, C, R, N> {
        IdentitiesQuery {
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
pub struct IdentityByUsernameQuery<'c, 'a, 's, C: GenericClient, T, const N: usize> {
    client: &'c C,
    params: [&'a (dyn postgres_types::ToSql + Sync); N],
    query: &'static str,
    cached: Option<&'s tokio_postgres::Statement>,
    extractor:
        fn(&tokio_postgres::Row) -> Result<IdentityByUsernameBorrowed, tokio_postgres::Error>,
    mapper: fn(IdentityByUsernameBorrowed) -> T,
}
impl<'c, 'a, 's, C, T: 'c, const N: usize> IdentityByUsernameQuery<'c, 'a, 's, C, T, N>
where
    C: GenericClient,
{
    pub fn map<R>(
        self,
        mapper: fn(IdentityByUsernameBorrowed) -> R,
    ) -> IdentityByUsernameQuery<'c, 'a, 's, C, R, N> {
        IdentityByUsernameQuery {
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
pub struct SerdejsonValueQuery<'c, 'a, 's, C: GenericClient, T, const N: usize> {
    client: &'c C,
    params: [&'a (dyn postgres_types::ToSql + Sync); N],
    query: &'static str,
    cached: Option<&'s tokio_postgres::Statement>,
    extractor:
        fn(
            &tokio_postgres::Row,
        )
            -> Result<postgres_types::Json<&serde_json::value::RawValue>, tokio_postgres::Error>,
    mapper: fn(postgres_types::Json<&serde_json::value::RawValue>) -> T,
}
impl<'c, 'a, 's, C, T: 'c, const N: usize> SerdejsonValueQuery<'c, 'a, 's, C, T, N>
where
    C: GenericClient,
{
    pub fn map<R>(
        self,
        mapper: fn(postgres_types::Json<&serde_json::value::RawValue>) -> R,
    ) -> SerdejsonValueQuery<'c, 'a, 's, C, R, N> {
        SerdejsonValueQuery {
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
pub struct HoldErasedQuery<'c, 'a, 's, C: GenericClient, T, const N: usize> {
    client: &'c C,
    params: [&'a (dyn postgres_types::ToSql + Sync); N],
    query: &'static str,
    cached: Option<&'s tokio_postgres::Statement>,
    extractor: fn(&tokio_postgres::Row) -> Result<HoldErasedBorrowed, tokio_postgres::Error>,
    mapper: fn(HoldErasedBorrowed) -> T,
}
impl<'c, 'a, 's, C, T: 'c, const N: usize> HoldErasedQuery<'c, 'a, 's, C, T, N>
where
    C: GenericClient,
{
    pub fn map<R>(
        self,
        mapper: fn(HoldErasedBorrowed) -> R,
    ) -> HoldErasedQuery<'c, 'a, 's, C, R, N> {
        HoldErasedQuery {
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
pub struct IdentitiesStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn identities() -> IdentitiesStmt {
    IdentitiesStmt("SELECT id, username FROM users WHERE id = ANY($1)", None)
}
impl IdentitiesStmt {
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
        ids: &'a T1,
    ) -> IdentitiesQuery<'c, 'a, 's, C, Identities, 1> {
        IdentitiesQuery {
            client,
            params: [ids],
            query: self.0,
            cached: self.1.as_ref(),
            extractor:
                |row: &tokio_postgres::Row| -> Result<IdentitiesBorrowed, tokio_postgres::Error> {
                    Ok(IdentitiesBorrowed { id: row.try_get(0)?, username: row.try_get(1)? })
                },
            mapper: |it| Identities::from(it),
        }
    }
}
pub struct IdentityByUsernameStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn identity_by_username() -> IdentityByUsernameStmt {
    IdentityByUsernameStmt("SELECT id, username FROM users WHERE username_key = $1", None)
}
impl IdentityByUsernameStmt {
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
        username_key: &'a T1,
    ) -> IdentityByUsernameQuery<'c, 'a, 's, C, IdentityByUsername, 1> {
        IdentityByUsernameQuery {
            client,
            params: [username_key],
            query: self.0,
            cached: self.1.as_ref(),
            extractor: |
                row: &tokio_postgres::Row,
            | -> Result<IdentityByUsernameBorrowed, tokio_postgres::Error> {
                Ok(IdentityByUsernameBorrowed {
                    id: row.try_get(0)?,
                    username: row.try_get(1)?,
                })
            },
            mapper: |it| IdentityByUsername::from(it),
        }
    }
}
pub struct RenameUserStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn rename_user() -> RenameUserStmt {
    RenameUserStmt(
        "UPDATE users SET username = $1, username_key = $2, updated_at = greatest($3, updated_at + interval '1 microsecond') WHERE id = $4 AND username <> $1 RETURNING id",
        None,
    )
}
impl RenameUserStmt {
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
        username: &'a T1,
        username_key: &'a T2,
        now: &'a time::OffsetDateTime,
        id: &'a uuid::Uuid,
    ) -> UuidUuidQuery<'c, 'a, 's, C, uuid::Uuid, 4> {
        UuidUuidQuery {
            client,
            params: [username, username_key, now, id],
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
        RenameUserParams<T1, T2>,
        UuidUuidQuery<'c, 'a, 's, C, uuid::Uuid, 4>,
        C,
    > for RenameUserStmt
{
    fn params(
        &'s self,
        client: &'c C,
        params: &'a RenameUserParams<T1, T2>,
    ) -> UuidUuidQuery<'c, 'a, 's, C, uuid::Uuid, 4> {
        self.bind(client, &params.username, &params.username_key, &params.now, &params.id)
    }
}
pub struct SeeDeviceStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn see_device() -> SeeDeviceStmt {
    SeeDeviceStmt(
        "WITH before AS ( SELECT count(*) AS devices FROM devices WHERE user_id = $1 ), seen AS ( INSERT INTO devices (user_id, label, first_seen_at, last_seen_at) VALUES ($1, $2, $3, $3) ON CONFLICT (user_id, label) DO UPDATE SET last_seen_at = excluded.last_seen_at RETURNING xmax = 0 AS inserted ) SELECT seen.inserted AND before.devices > 0 AS new_device FROM seen, before",
        None,
    )
}
impl SeeDeviceStmt {
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
        label: &'a T1,
        now: &'a time::OffsetDateTime,
    ) -> BoolQuery<'c, 'a, 's, C, bool, 3> {
        BoolQuery {
            client,
            params: [user_id, label, now],
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
        SeeDeviceParams<T1>,
        BoolQuery<'c, 'a, 's, C, bool, 3>,
        C,
    > for SeeDeviceStmt
{
    fn params(
        &'s self,
        client: &'c C,
        params: &'a SeeDeviceParams<T1>,
    ) -> BoolQuery<'c, 'a, 's, C, bool, 3> {
        self.bind(client, &params.user_id, &params.label, &params.now)
    }
}
pub struct PersonalCopyStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn personal_copy() -> PersonalCopyStmt {
    PersonalCopyStmt(
        "SELECT jsonb_build_object( 'account', jsonb_build_object( 'id', u.id, 'username', u.username, 'roles', u.roles, 'passwordChangedAt', u.password_changed_at, 'createdAt', u.created_at, 'updatedAt', u.updated_at ), 'sessions', ( SELECT coalesce(jsonb_agg(jsonb_build_object( 'id', s.id, 'amr', s.amr, 'address', host(s.address), 'userAgent', s.user_agent, 'createdAt', s.created_at, 'lastUsedAt', s.last_used_at, 'expiresAt', least(s.expires_at, s.idle_expires_at), 'revokedAt', s.revoked_at ) ORDER BY s.created_at, s.id), '[]') FROM sessions AS s WHERE s.user_id = u.id ), 'devices', ( SELECT coalesce(jsonb_agg(jsonb_build_object( 'device', d.label, 'firstSeenAt', d.first_seen_at, 'lastSeenAt', d.last_seen_at ) ORDER BY d.first_seen_at, d.label), '[]') FROM devices AS d WHERE d.user_id = u.id ), 'auditRecords', ( SELECT coalesce(jsonb_agg(jsonb_build_object( 'kind', a.kind, 'occurredAt', a.occurred_at, 'sessionId', a.session_id, 'address', host(a.address), 'userAgent', a.user_agent, 'details', a.details ) ORDER BY a.occurred_at, a.id), '[]') FROM ( SELECT * FROM audit_records WHERE user_id = $1 ORDER BY occurred_at DESC LIMIT $2 ) AS a ) ) AS copy FROM users AS u WHERE u.id = $1",
        None,
    )
}
impl PersonalCopyStmt {
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
        id: &'a uuid::Uuid,
        most: &'a i64,
    ) -> SerdejsonValueQuery<'c, 'a, 's, C, serde_json::Value, 2> {
        SerdejsonValueQuery {
            client,
            params: [id, most],
            query: self.0,
            cached: self.1.as_ref(),
            extractor: |row| Ok(row.try_get(0)?),
            mapper: |it| serde_json::from_str(it.0.get()).unwrap(),
        }
    }
}
impl<'c, 'a, 's, C: GenericClient>
    crate::client::async_::Params<
        'c,
        'a,
        's,
        PersonalCopyParams,
        SerdejsonValueQuery<'c, 'a, 's, C, serde_json::Value, 2>,
        C,
    > for PersonalCopyStmt
{
    fn params(
        &'s self,
        client: &'c C,
        params: &'a PersonalCopyParams,
    ) -> SerdejsonValueQuery<'c, 'a, 's, C, serde_json::Value, 2> {
        self.bind(client, &params.id, &params.most)
    }
}
pub struct HoldErasedStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn hold_erased() -> HoldErasedStmt {
    HoldErasedStmt("SELECT email, data_key, sealed_email FROM users WHERE id = $1 FOR UPDATE", None)
}
impl HoldErasedStmt {
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
        id: &'a uuid::Uuid,
    ) -> HoldErasedQuery<'c, 'a, 's, C, HoldErased, 1> {
        HoldErasedQuery {
            client,
            params: [id],
            query: self.0,
            cached: self.1.as_ref(),
            extractor:
                |row: &tokio_postgres::Row| -> Result<HoldErasedBorrowed, tokio_postgres::Error> {
                    Ok(HoldErasedBorrowed {
                        email: row.try_get(0)?,
                        data_key: row.try_get(1)?,
                        sealed_email: row.try_get(2)?,
                    })
                },
            mapper: |it| HoldErased::from(it),
        }
    }
}
pub struct RememberErasedSessionsStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn remember_erased_sessions() -> RememberErasedSessionsStmt {
    RememberErasedSessionsStmt(
        "INSERT INTO erased_sessions (id, revoked_at) SELECT id, coalesce(revoked_at, $1) FROM sessions WHERE user_id = $2 ON CONFLICT (id) DO NOTHING RETURNING id",
        None,
    )
}
impl RememberErasedSessionsStmt {
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
        now: &'a time::OffsetDateTime,
        user_id: &'a uuid::Uuid,
    ) -> UuidUuidQuery<'c, 'a, 's, C, uuid::Uuid, 2> {
        UuidUuidQuery {
            client,
            params: [now, user_id],
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
        RememberErasedSessionsParams,
        UuidUuidQuery<'c, 'a, 's, C, uuid::Uuid, 2>,
        C,
    > for RememberErasedSessionsStmt
{
    fn params(
        &'s self,
        client: &'c C,
        params: &'a RememberErasedSessionsParams,
    ) -> UuidUuidQuery<'c, 'a, 's, C, uuid::Uuid, 2> {
        self.bind(client, &params.now, &params.user_id)
    }
}
pub struct DeleteUserStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn delete_user() -> DeleteUserStmt {
    DeleteUserStmt("DELETE FROM users WHERE id = $1", None)
}
impl DeleteUserStmt {
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
pub struct ForgetInAuditStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn forget_in_audit() -> ForgetInAuditStmt {
    ForgetInAuditStmt(
        "UPDATE audit_records SET user_id = NULL, address = NULL, user_agent = NULL, details = details - 'account' WHERE user_id = $1",
        None,
    )
}
impl ForgetInAuditStmt {
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
        user_id: &'a uuid::Uuid,
    ) -> Result<u64, tokio_postgres::Error> {
        client.execute(self.0, &[user_id]).await
    }
}
pub struct DeleteOldErasedSessionsStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn delete_old_erased_sessions() -> DeleteOldErasedSessionsStmt {
    DeleteOldErasedSessionsStmt("DELETE FROM erased_sessions WHERE revoked_at < $1", None)
}
impl DeleteOldErasedSessionsStmt {
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
