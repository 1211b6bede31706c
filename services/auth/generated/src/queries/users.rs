// This file was generated with `clorinde`. Do not modify.

#[derive(Debug)]
pub struct TakenParams<T1: crate::BytesSql, T2: crate::ArraySql<Item = T1>, T3: crate::StringSql> {
    pub email_indexes: T2,
    pub username_key: T3,
}
#[derive(Clone, Copy, Debug)]
pub struct HoldUserParams {
    pub id: uuid::Uuid,
    pub seen: time::OffsetDateTime,
}
#[derive(Debug)]
pub struct InsertUserParams<
    T1: crate::BytesSql,
    T2: crate::BytesSql,
    T3: crate::BytesSql,
    T4: crate::StringSql,
    T5: crate::StringSql,
    T6: crate::StringSql,
    T7: crate::StringSql,
    T8: crate::ArraySql<Item = T7>,
    T9: crate::BytesSql,
    T10: crate::ArraySql<Item = T9>,
> {
    pub id: uuid::Uuid,
    pub data_key: T1,
    pub key_version: i32,
    pub sealed_email: T2,
    pub email_index: T3,
    pub username: T4,
    pub username_key: T5,
    pub password_hash: T6,
    pub pepper_version: i32,
    pub now: time::OffsetDateTime,
    pub password_change_required: bool,
    pub roles: T8,
    pub email_indexes: T10,
}
#[derive(Debug)]
pub struct UpgradePasswordHashParams<T1: crate::StringSql, T2: crate::StringSql> {
    pub password_hash: T1,
    pub pepper_version: i32,
    pub id: uuid::Uuid,
    pub verified_hash: T2,
}
#[derive(Debug)]
pub struct ChangePasswordParams<T1: crate::StringSql, T2: crate::StringSql> {
    pub password_hash: T1,
    pub pepper_version: i32,
    pub now: time::OffsetDateTime,
    pub password_change_required: bool,
    pub id: uuid::Uuid,
    pub verified_hash: T2,
}
#[derive(Debug)]
pub struct SetRolesParams<T1: crate::StringSql, T2: crate::ArraySql<Item = T1>> {
    pub roles: T2,
    pub now: time::OffsetDateTime,
    pub id: uuid::Uuid,
}
#[derive(Debug, Clone, PartialEq)]
pub struct Credentials {
    pub id: uuid::Uuid,
    pub email: Option<String>,
    pub data_key: Option<Vec<u8>>,
    pub sealed_email: Option<Vec<u8>>,
    pub username: String,
    pub roles: Vec<String>,
    pub password_change_required: bool,
    pub created_at: time::OffsetDateTime,
    pub updated_at: time::OffsetDateTime,
    pub password_hash: String,
    pub pepper_version: i32,
}
pub struct CredentialsBorrowed<'a> {
    pub id: uuid::Uuid,
    pub email: Option<&'a str>,
    pub data_key: Option<&'a [u8]>,
    pub sealed_email: Option<&'a [u8]>,
    pub username: &'a str,
    pub roles: crate::ArrayIterator<'a, &'a str>,
    pub password_change_required: bool,
    pub created_at: time::OffsetDateTime,
    pub updated_at: time::OffsetDateTime,
    pub password_hash: &'a str,
    pub pepper_version: i32,
}
impl<'a> From<CredentialsBorrowed<'a>> for Credentials {
    fn from(
        CredentialsBorrowed {
            id,
            email,
            data_key,
            sealed_email,
            username,
            roles,
            password_change_required,
            created_at,
            updated_at,
            password_hash,
            pepper_version,
        }: CredentialsBorrowed<'a>,
    ) -> Self {
        Self {
            id,
            email: email.map(|v| v.into()),
            data_key: data_key.map(|v| v.into()),
            sealed_email: sealed_email.map(|v| v.into()),
            username: username.into(),
            roles: roles.map(|v| v.into()).collect(),
            password_change_required,
            created_at,
            updated_at,
            password_hash: password_hash.into(),
            pepper_version,
        }
    }
}
#[derive(Debug, Clone, PartialEq)]
pub struct AccountById {
    pub id: uuid::Uuid,
    pub email: Option<String>,
    pub data_key: Option<Vec<u8>>,
    pub sealed_email: Option<Vec<u8>>,
    pub username: String,
    pub roles: Vec<String>,
    pub password_change_required: bool,
    pub created_at: time::OffsetDateTime,
    pub updated_at: time::OffsetDateTime,
}
pub struct AccountByIdBorrowed<'a> {
    pub id: uuid::Uuid,
    pub email: Option<&'a str>,
    pub data_key: Option<&'a [u8]>,
    pub sealed_email: Option<&'a [u8]>,
    pub username: &'a str,
    pub roles: crate::ArrayIterator<'a, &'a str>,
    pub password_change_required: bool,
    pub created_at: time::OffsetDateTime,
    pub updated_at: time::OffsetDateTime,
}
impl<'a> From<AccountByIdBorrowed<'a>> for AccountById {
    fn from(
        AccountByIdBorrowed {
            id,
            email,
            data_key,
            sealed_email,
            username,
            roles,
            password_change_required,
            created_at,
            updated_at,
        }: AccountByIdBorrowed<'a>,
    ) -> Self {
        Self {
            id,
            email: email.map(|v| v.into()),
            data_key: data_key.map(|v| v.into()),
            sealed_email: sealed_email.map(|v| v.into()),
            username: username.into(),
            roles: roles.map(|v| v.into()).collect(),
            password_change_required,
            created_at,
            updated_at,
        }
    }
}
#[derive(Debug, Clone, PartialEq, Copy)]
pub struct Taken {
    pub email: bool,
    pub username: bool,
}
use crate::client::async_::GenericClient;
use futures_util::{self, StreamExt, TryStreamExt};
pub struct CredentialsQuery<'c, 'a, 's, C: GenericClient, T, const N: usize> {
    client: &'c C,
    params: [&'a (dyn postgres_types::ToSql + Sync); N],
    query: &'static str,
    cached: Option<&'s tokio_postgres::Statement>,
    extractor: fn(&tokio_postgres::Row) -> Result<CredentialsBorrowed, tokio_postgres::Error>,
    mapper: fn(CredentialsBorrowed) -> T,
}
impl<'c, 'a, 's, C, T: 'c, const N: usize> CredentialsQuery<'c, 'a, 's, C, T, N>
where
    C: GenericClient,
{
    pub fn map<R>(
        self,
        mapper: fn(CredentialsBorrowed) -> R,
    ) -> CredentialsQuery<'c, 'a, 's, C, R, N> {
        CredentialsQuery {
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
pub struct AccountByIdQuery<'c, 'a, 's, C: GenericClient, T, const N: usize> {
    client: &'c C,
    params: [&'a (dyn postgres_types::ToSql + Sync); N],
    query: &'static str,
    cached: Option<&'s tokio_postgres::Statement>,
    extractor: fn(&tokio_postgres::Row) -> Result<AccountByIdBorrowed, tokio_postgres::Error>,
    mapper: fn(AccountByIdBorrowed) -> T,
}
impl<'c, 'a, 's, C, T: 'c, const N: usize> AccountByIdQuery<'c, 'a, 's, C, T, N>
where
    C: GenericClient,
{
    pub fn map<R>(
        self,
        mapper: fn(AccountByIdBorrowed) -> R,
    ) -> AccountByIdQuery<'c, 'a, 's, C, R, N> {
        AccountByIdQuery {
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
pub struct TakenQuery<'c, 'a, 's, C: GenericClient, T, const N: usize> {
    client: &'c C,
    params: [&'a (dyn postgres_types::ToSql + Sync); N],
    query: &'static str,
    cached: Option<&'s tokio_postgres::Statement>,
    extractor: fn(&tokio_postgres::Row) -> Result<Taken, tokio_postgres::Error>,
    mapper: fn(Taken) -> T,
}
impl<'c, 'a, 's, C, T: 'c, const N: usize> TakenQuery<'c, 'a, 's, C, T, N>
where
    C: GenericClient,
{
    pub fn map<R>(self, mapper: fn(Taken) -> R) -> TakenQuery<'c, 'a, 's, C, R, N> {
        TakenQuery {
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
pub struct CredentialsByEmailStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn credentials_by_email() -> CredentialsByEmailStmt {
    CredentialsByEmailStmt(
        "SELECT id, email, data_key, sealed_email, username, roles, password_change_required, created_at, updated_at, password_hash, pepper_version FROM users WHERE email_index = ANY($1)",
        None,
    )
}
impl CredentialsByEmailStmt {
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
        email_indexes: &'a T2,
    ) -> CredentialsQuery<'c, 'a, 's, C, Credentials, 1> {
        CredentialsQuery {
            client,
            params: [email_indexes],
            query: self.0,
            cached: self.1.as_ref(),
            extractor:
                |row: &tokio_postgres::Row| -> Result<CredentialsBorrowed, tokio_postgres::Error> {
                    Ok(CredentialsBorrowed {
                        id: row.try_get(0)?,
                        email: row.try_get(1)?,
                        data_key: row.try_get(2)?,
                        sealed_email: row.try_get(3)?,
                        username: row.try_get(4)?,
                        roles: row.try_get(5)?,
                        password_change_required: row.try_get(6)?,
                        created_at: row.try_get(7)?,
                        updated_at: row.try_get(8)?,
                        password_hash: row.try_get(9)?,
                        pepper_version: row.try_get(10)?,
                    })
                },
            mapper: |it| Credentials::from(it),
        }
    }
}
pub struct CredentialsByIdStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn credentials_by_id() -> CredentialsByIdStmt {
    CredentialsByIdStmt(
        "SELECT id, email, data_key, sealed_email, username, roles, password_change_required, created_at, updated_at, password_hash, pepper_version FROM users WHERE id = $1",
        None,
    )
}
impl CredentialsByIdStmt {
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
    ) -> CredentialsQuery<'c, 'a, 's, C, Credentials, 1> {
        CredentialsQuery {
            client,
            params: [id],
            query: self.0,
            cached: self.1.as_ref(),
            extractor:
                |row: &tokio_postgres::Row| -> Result<CredentialsBorrowed, tokio_postgres::Error> {
                    Ok(CredentialsBorrowed {
                        id: row.try_get(0)?,
                        email: row.try_get(1)?,
                        data_key: row.try_get(2)?,
                        sealed_email: row.try_get(3)?,
                        username: row.try_get(4)?,
                        roles: row.try_get(5)?,
                        password_change_required: row.try_get(6)?,
                        created_at: row.try_get(7)?,
                        updated_at: row.try_get(8)?,
                        password_hash: row.try_get(9)?,
                        pepper_version: row.try_get(10)?,
                    })
                },
            mapper: |it| Credentials::from(it),
        }
    }
}
pub struct AccountByIdStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn account_by_id() -> AccountByIdStmt {
    AccountByIdStmt(
        "SELECT id, email, data_key, sealed_email, username, roles, password_change_required, created_at, updated_at FROM users WHERE id = $1",
        None,
    )
}
impl AccountByIdStmt {
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
    ) -> AccountByIdQuery<'c, 'a, 's, C, AccountById, 1> {
        AccountByIdQuery {
            client,
            params: [id],
            query: self.0,
            cached: self.1.as_ref(),
            extractor:
                |row: &tokio_postgres::Row| -> Result<AccountByIdBorrowed, tokio_postgres::Error> {
                    Ok(AccountByIdBorrowed {
                        id: row.try_get(0)?,
                        email: row.try_get(1)?,
                        data_key: row.try_get(2)?,
                        sealed_email: row.try_get(3)?,
                        username: row.try_get(4)?,
                        roles: row.try_get(5)?,
                        password_change_required: row.try_get(6)?,
                        created_at: row.try_get(7)?,
                        updated_at: row.try_get(8)?,
                    })
                },
            mapper: |it| AccountById::from(it),
        }
    }
}
pub struct TakenStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn taken() -> TakenStmt {
    TakenStmt(
        "SELECT EXISTS (SELECT FROM users WHERE email_index = ANY($1)) AS email, EXISTS (SELECT FROM users WHERE username_key = $2) AS username",
        None,
    )
}
impl TakenStmt {
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
        T3: crate::StringSql,
    >(
        &'s self,
        client: &'c C,
        email_indexes: &'a T2,
        username_key: &'a T3,
    ) -> TakenQuery<'c, 'a, 's, C, Taken, 2> {
        TakenQuery {
            client,
            params: [email_indexes, username_key],
            query: self.0,
            cached: self.1.as_ref(),
            extractor: |row: &tokio_postgres::Row| -> Result<Taken, tokio_postgres::Error> {
                Ok(Taken { email: row.try_get(0)?, username: row.try_get(1)? })
            },
            mapper: |it| Taken::from(it),
        }
    }
}
impl<
    'c,
    'a,
    's,
    C: GenericClient,
    T1: crate::BytesSql,
    T2: crate::ArraySql<Item = T1>,
    T3: crate::StringSql,
>
    crate::client::async_::Params<
        'c,
        'a,
        's,
        TakenParams<T1, T2, T3>,
        TakenQuery<'c, 'a, 's, C, Taken, 2>,
        C,
    > for TakenStmt
{
    fn params(
        &'s self,
        client: &'c C,
        params: &'a TakenParams<T1, T2, T3>,
    ) -> TakenQuery<'c, 'a, 's, C, Taken, 2> {
        self.bind(client, &params.email_indexes, &params.username_key)
    }
}
pub struct AdminExistsStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn admin_exists() -> AdminExistsStmt {
    AdminExistsStmt(
        "SELECT EXISTS (SELECT FROM users WHERE roles @> ARRAY['admin']) AS admin",
        None,
    )
}
impl AdminExistsStmt {
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
    ) -> BoolQuery<'c, 'a, 's, C, bool, 0> {
        BoolQuery {
            client,
            params: [],
            query: self.0,
            cached: self.1.as_ref(),
            extractor: |row| Ok(row.try_get(0)?),
            mapper: |it| it,
        }
    }
}
pub struct HoldUserStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn hold_user() -> HoldUserStmt {
    HoldUserStmt("SELECT id FROM users WHERE id = $1 AND updated_at = $2 FOR SHARE", None)
}
impl HoldUserStmt {
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
        seen: &'a time::OffsetDateTime,
    ) -> UuidUuidQuery<'c, 'a, 's, C, uuid::Uuid, 2> {
        UuidUuidQuery {
            client,
            params: [id, seen],
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
        HoldUserParams,
        UuidUuidQuery<'c, 'a, 's, C, uuid::Uuid, 2>,
        C,
    > for HoldUserStmt
{
    fn params(
        &'s self,
        client: &'c C,
        params: &'a HoldUserParams,
    ) -> UuidUuidQuery<'c, 'a, 's, C, uuid::Uuid, 2> {
        self.bind(client, &params.id, &params.seen)
    }
}
pub struct InsertUserStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn insert_user() -> InsertUserStmt {
    InsertUserStmt(
        "INSERT INTO users (id, data_key, key_version, sealed_email, email_index, email_index_version, username, username_key, password_hash, pepper_version, password_changed_at, password_change_required, roles, created_at, updated_at) SELECT $1, $2, $3, $4, $5, $3, $6, $7, $8, $9, $10, $11, $12, $10, $10 WHERE NOT EXISTS (SELECT FROM users WHERE email_index = ANY($13))",
        None,
    )
}
impl InsertUserStmt {
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
        T1: crate::BytesSql,
        T2: crate::BytesSql,
        T3: crate::BytesSql,
        T4: crate::StringSql,
        T5: crate::StringSql,
        T6: crate::StringSql,
        T7: crate::StringSql,
        T8: crate::ArraySql<Item = T7>,
        T9: crate::BytesSql,
        T10: crate::ArraySql<Item = T9>,
    >(
        &'s self,
        client: &'c C,
        id: &'a uuid::Uuid,
        data_key: &'a T1,
        key_version: &'a i32,
        sealed_email: &'a T2,
        email_index: &'a T3,
        username: &'a T4,
        username_key: &'a T5,
        password_hash: &'a T6,
        pepper_version: &'a i32,
        now: &'a time::OffsetDateTime,
        password_change_required: &'a bool,
        roles: &'a T8,
        email_indexes: &'a T10,
    ) -> Result<u64, tokio_postgres::Error> {
        client
            .execute(
                self.0,
                &[
                    id,
                    data_key,
                    key_version,
                    sealed_email,
                    email_index,
                    username,
                    username_key,
                    password_hash,
                    pepper_version,
                    now,
                    password_change_required,
                    roles,
                    email_indexes,
                ],
            )
            .await
    }
}
impl<
    'a,
    C: GenericClient + Send + Sync,
    T1: crate::BytesSql,
    T2: crate::BytesSql,
    T3: crate::BytesSql,
    T4: crate::StringSql,
    T5: crate::StringSql,
    T6: crate::StringSql,
    T7: crate::StringSql,
    T8: crate::ArraySql<Item = T7>,
    T9: crate::BytesSql,
    T10: crate::ArraySql<Item = T9>,
>
    crate::client::async_::Params<
        'a,
        'a,
        'a,
        InsertUserParams<T1, T2, T3, T4, T5, T6, T7, T8, T9, T10>,
        std::pin::Pin<
            Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
        >,
        C,
    > for InsertUserStmt
{
    fn params(
        &'a self,
        client: &'a C,
        params: &'a InsertUserParams<T1, T2, T3, T4, T5, T6, T7, T8, T9, T10>,
    ) -> std::pin::Pin<
        Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
    > {
        Box::pin(self.bind(
            client,
            &params.id,
            &params.data_key,
            &params.key_version,
            &params.sealed_email,
            &params.email_index,
            &params.username,
            &params.username_key,
            &params.password_hash,
            &params.pepper_version,
            &params.now,
            &params.password_change_required,
            &params.roles,
            &params.email_indexes,
        ))
    }
}
pub struct UpgradePasswordHashStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn upgrade_password_hash() -> UpgradePasswordHashStmt {
    UpgradePasswordHashStmt(
        "UPDATE users SET password_hash = $1, pepper_version = $2 WHERE id = $3 AND password_hash = $4",
        None,
    )
}
impl UpgradePasswordHashStmt {
    pub async fn prepare<'a, C: GenericClient>(
        mut self,
        client: &'a C,
    ) -> Result<Self, tokio_postgres::Error> {
        self.1 = Some(client.prepare(self.0).await?);
        Ok(self)
    }
    pub async fn bind<'c, 'a, 's, C: GenericClient, T1: crate::StringSql, T2: crate::StringSql>(
        &'s self,
        client: &'c C,
        password_hash: &'a T1,
        pepper_version: &'a i32,
        id: &'a uuid::Uuid,
        verified_hash: &'a T2,
    ) -> Result<u64, tokio_postgres::Error> {
        client.execute(self.0, &[password_hash, pepper_version, id, verified_hash]).await
    }
}
impl<'a, C: GenericClient + Send + Sync, T1: crate::StringSql, T2: crate::StringSql>
    crate::client::async_::Params<
        'a,
        'a,
        'a,
        UpgradePasswordHashParams<T1, T2>,
        std::pin::Pin<
            Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
        >,
        C,
    > for UpgradePasswordHashStmt
{
    fn params(
        &'a self,
        client: &'a C,
        params: &'a UpgradePasswordHashParams<T1, T2>,
    ) -> std::pin::Pin<
        Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
    > {
        Box::pin(self.bind(
            client,
            &params.password_hash,
            &params.pepper_version,
            &params.id,
            &params.verified_hash,
        ))
    }
}
pub struct ChangePasswordStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn change_password() -> ChangePasswordStmt {
    ChangePasswordStmt(
        "UPDATE users SET password_hash = $1, pepper_version = $2, password_changed_at = $3, updated_at = greatest($3, updated_at + interval '1 microsecond'), password_change_required = $4 WHERE id = $5 AND password_hash = $6",
        None,
    )
}
impl ChangePasswordStmt {
    pub async fn prepare<'a, C: GenericClient>(
        mut self,
        client: &'a C,
    ) -> Result<Self, tokio_postgres::Error> {
        self.1 = Some(client.prepare(self.0).await?);
        Ok(self)
    }
    pub async fn bind<'c, 'a, 's, C: GenericClient, T1: crate::StringSql, T2: crate::StringSql>(
        &'s self,
        client: &'c C,
        password_hash: &'a T1,
        pepper_version: &'a i32,
        now: &'a time::OffsetDateTime,
        password_change_required: &'a bool,
        id: &'a uuid::Uuid,
        verified_hash: &'a T2,
    ) -> Result<u64, tokio_postgres::Error> {
        client
            .execute(
                self.0,
                &[password_hash, pepper_version, now, password_change_required, id, verified_hash],
            )
            .await
    }
}
impl<'a, C: GenericClient + Send + Sync, T1: crate::StringSql, T2: crate::StringSql>
    crate::client::async_::Params<
        'a,
        'a,
        'a,
        ChangePasswordParams<T1, T2>,
        std::pin::Pin<
            Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
        >,
        C,
    > for ChangePasswordStmt
{
    fn params(
        &'a self,
        client: &'a C,
        params: &'a ChangePasswordParams<T1, T2>,
    ) -> std::pin::Pin<
        Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
    > {
        Box::pin(self.bind(
            client,
            &params.password_hash,
            &params.pepper_version,
            &params.now,
            &params.password_change_required,
            &params.id,
            &params.verified_hash,
        ))
    }
}
pub struct SetRolesStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn set_roles() -> SetRolesStmt {
    SetRolesStmt(
        "UPDATE users SET roles = $1, updated_at = greatest($2, updated_at + interval '1 microsecond') WHERE id = $3",
        None,
    )
}
impl SetRolesStmt {
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
    >(
        &'s self,
        client: &'c C,
        roles: &'a T2,
        now: &'a time::OffsetDateTime,
        id: &'a uuid::Uuid,
    ) -> Result<u64, tokio_postgres::Error> {
        client.execute(self.0, &[roles, now, id]).await
    }
}
impl<'a, C: GenericClient + Send + Sync, T1: crate::StringSql, T2: crate::ArraySql<Item = T1>>
    crate::client::async_::Params<
        'a,
        'a,
        'a,
        SetRolesParams<T1, T2>,
        std::pin::Pin<
            Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
        >,
        C,
    > for SetRolesStmt
{
    fn params(
        &'a self,
        client: &'a C,
        params: &'a SetRolesParams<T1, T2>,
    ) -> std::pin::Pin<
        Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
    > {
        Box::pin(self.bind(client, &params.roles, &params.now, &params.id))
    }
}
