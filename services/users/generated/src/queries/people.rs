// This file was generated with `clorinde`. Do not modify.

#[derive(Debug)]
pub struct InsertPersonParams<
    T1: crate::StringSql,
    T2: crate::StringSql,
    T3: crate::BytesSql,
    T4: crate::BytesSql,
    T5: crate::BytesSql,
> {
    pub id: uuid::Uuid,
    pub username: T1,
    pub username_key: T2,
    pub data_key: T3,
    pub key_version: i32,
    pub email: Option<T4>,
    pub email_index: Option<T5>,
    pub email_index_version: Option<i32>,
    pub created_at: time::OffsetDateTime,
    pub now: time::OffsetDateTime,
}
#[derive(Debug)]
pub struct UpdateIdentityParams<
    T1: crate::StringSql,
    T2: crate::StringSql,
    T3: crate::BytesSql,
    T4: crate::BytesSql,
> {
    pub username: T1,
    pub username_key: T2,
    pub email: Option<T3>,
    pub email_index: Option<T4>,
    pub email_index_version: Option<i32>,
    pub now: time::OffsetDateTime,
    pub id: uuid::Uuid,
}
#[derive(Debug)]
pub struct UpdateNameParams<T1: crate::StringSql, T2: crate::StringSql> {
    pub username: T1,
    pub username_key: T2,
    pub now: time::OffsetDateTime,
    pub id: uuid::Uuid,
}
#[derive(Debug)]
pub struct UpdatePresenceNameParams<T1: crate::StringSql> {
    pub username_key: T1,
    pub id: uuid::Uuid,
}
#[derive(Debug)]
pub struct UpdateProfileParams<T1: crate::BytesSql, T2: crate::StringSql> {
    pub change_display_name: bool,
    pub display_name: Option<T1>,
    pub change_avatar: bool,
    pub avatar_url: Option<T2>,
    pub now: time::OffsetDateTime,
    pub id: uuid::Uuid,
}
#[derive(Debug)]
pub struct SetStoredAvatarParams<T1: crate::BytesSql, T2: crate::StringSql> {
    pub hash: T1,
    pub media_type: T2,
    pub now: time::OffsetDateTime,
    pub id: uuid::Uuid,
}
#[derive(Clone, Copy, Debug)]
pub struct RememberErasureParams {
    pub id: uuid::Uuid,
    pub now: time::OffsetDateTime,
}
#[derive(Debug, Clone, PartialEq)]
pub struct PersonRow {
    pub id: uuid::Uuid,
    pub username: String,
    pub data_key: Vec<u8>,
    pub email: Option<Vec<u8>>,
    pub display_name: Option<Vec<u8>>,
    pub avatar_url: Option<String>,
    pub avatar_hash: Option<Vec<u8>>,
    pub avatar_media_type: Option<String>,
    pub is_online: Option<bool>,
    pub last_seen_at: Option<time::OffsetDateTime>,
    pub created_at: time::OffsetDateTime,
    pub updated_at: time::OffsetDateTime,
}
pub struct PersonRowBorrowed<'a> {
    pub id: uuid::Uuid,
    pub username: &'a str,
    pub data_key: &'a [u8],
    pub email: Option<&'a [u8]>,
    pub display_name: Option<&'a [u8]>,
    pub avatar_url: Option<&'a str>,
    pub avatar_hash: Option<&'a [u8]>,
    pub avatar_media_type: Option<&'a str>,
    pub is_online: Option<bool>,
    pub last_seen_at: Option<time::OffsetDateTime>,
    pub created_at: time::OffsetDateTime,
    pub updated_at: time::OffsetDateTime,
}
impl<'a> From<PersonRowBorrowed<'a>> for PersonRow {
    fn from(
        PersonRowBorrowed {
            id,
            username,
            data_key,
            email,
            display_name,
            avatar_url,
            avatar_hash,
            avatar_media_type,
            is_online,
            last_seen_at,
            created_at,
            updated_at,
        }: PersonRowBorrowed<'a>,
    ) -> Self {
        Self {
            id,
            username: username.into(),
            data_key: data_key.into(),
            email: email.map(|v| v.into()),
            display_name: display_name.map(|v| v.into()),
            avatar_url: avatar_url.map(|v| v.into()),
            avatar_hash: avatar_hash.map(|v| v.into()),
            avatar_media_type: avatar_media_type.map(|v| v.into()),
            is_online,
            last_seen_at,
            created_at,
            updated_at,
        }
    }
}
#[derive(Debug, Clone, PartialEq)]
pub struct LockKeys {
    pub username: String,
    pub data_key: Vec<u8>,
    pub email_index: Option<Vec<u8>>,
}
pub struct LockKeysBorrowed<'a> {
    pub username: &'a str,
    pub data_key: &'a [u8],
    pub email_index: Option<&'a [u8]>,
}
impl<'a> From<LockKeysBorrowed<'a>> for LockKeys {
    fn from(LockKeysBorrowed { username, data_key, email_index }: LockKeysBorrowed<'a>) -> Self {
        Self {
            username: username.into(),
            data_key: data_key.into(),
            email_index: email_index.map(|v| v.into()),
        }
    }
}
#[derive(Debug, Clone, PartialEq)]
pub struct Erasable {
    pub avatar_hash: Option<Vec<u8>>,
}
pub struct ErasableBorrowed<'a> {
    pub avatar_hash: Option<&'a [u8]>,
}
impl<'a> From<ErasableBorrowed<'a>> for Erasable {
    fn from(ErasableBorrowed { avatar_hash }: ErasableBorrowed<'a>) -> Self {
        Self { avatar_hash: avatar_hash.map(|v| v.into()) }
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
pub struct PersonRowQuery<'c, 'a, 's, C: GenericClient, T, const N: usize> {
    client: &'c C,
    params: [&'a (dyn postgres_types::ToSql + Sync); N],
    query: &'static str,
    cached: Option<&'s tokio_postgres::Statement>,
    extractor: fn(&tokio_postgres::Row) -> Result<PersonRowBorrowed, tokio_postgres::Error>,
    mapper: fn(PersonRowBorrowed) -> T,
}
impl<'c, 'a, 's, C, T: 'c, const N: usize> PersonRowQuery<'c, 'a, 's, C, T, N>
where
    C: GenericClient,
{
    pub fn map<R>(self, mapper: fn(PersonRowBorrowed) -> R) -> PersonRowQuery<'c, 'a, 's, C, R, N> {
        PersonRowQuery {
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
pub struct LockKeysQuery<'c, 'a, 's, C: GenericClient, T, const N: usize> {
    client: &'c C,
    params: [&'a (dyn postgres_types::ToSql + Sync); N],
    query: &'static str,
    cached: Option<&'s tokio_postgres::Statement>,
    extractor: fn(&tokio_postgres::Row) -> Result<LockKeysBorrowed, tokio_postgres::Error>,
    mapper: fn(LockKeysBorrowed) -> T,
}
impl<'c, 'a, 's, C, T: 'c, const N: usize> LockKeysQuery<'c, 'a, 's, C, T, N>
where
    C: GenericClient,
{
    pub fn map<R>(self, mapper: fn(LockKeysBorrowed) -> R) -> LockKeysQuery<'c, 'a, 's, C, R, N> {
        LockKeysQuery {
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
pub struct ErasableQuery<'c, 'a, 's, C: GenericClient, T, const N: usize> {
    client: &'c C,
    params: [&'a (dyn postgres_types::ToSql + Sync); N],
    query: &'static str,
    cached: Option<&'s tokio_postgres::Statement>,
    extractor: fn(&tokio_postgres::Row) -> Result<ErasableBorrowed, tokio_postgres::Error>,
    mapper: fn(ErasableBorrowed) -> T,
}
impl<'c, 'a, 's, C, T: 'c, const N: usize> ErasableQuery<'c, 'a, 's, C, T, N>
where
    C: GenericClient,
{
    pub fn map<R>(self, mapper: fn(ErasableBorrowed) -> R) -> ErasableQuery<'c, 'a, 's, C, R, N> {
        ErasableQuery {
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
pub struct LockPersonStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn lock_person() -> LockPersonStmt {
    LockPersonStmt("SELECT true AS locked FROM pg_advisory_xact_lock($1)", None)
}
impl LockPersonStmt {
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
pub struct PeopleByIdsStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn people_by_ids() -> PeopleByIdsStmt {
    PeopleByIdsStmt(
        "SELECT p.id, p.username, p.data_key, p.email, p.display_name, p.avatar_url, p.avatar_hash, p.avatar_media_type, s.is_online, s.last_seen_at, p.created_at, p.updated_at FROM people AS p LEFT JOIN presence AS s ON s.user_id = p.id WHERE p.id = ANY($1)",
        None,
    )
}
impl PeopleByIdsStmt {
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
    ) -> PersonRowQuery<'c, 'a, 's, C, PersonRow, 1> {
        PersonRowQuery {
            client,
            params: [ids],
            query: self.0,
            cached: self.1.as_ref(),
            extractor:
                |row: &tokio_postgres::Row| -> Result<PersonRowBorrowed, tokio_postgres::Error> {
                    Ok(PersonRowBorrowed {
                        id: row.try_get(0)?,
                        username: row.try_get(1)?,
                        data_key: row.try_get(2)?,
                        email: row.try_get(3)?,
                        display_name: row.try_get(4)?,
                        avatar_url: row.try_get(5)?,
                        avatar_hash: row.try_get(6)?,
                        avatar_media_type: row.try_get(7)?,
                        is_online: row.try_get(8)?,
                        last_seen_at: row.try_get(9)?,
                        created_at: row.try_get(10)?,
                        updated_at: row.try_get(11)?,
                    })
                },
            mapper: |it| PersonRow::from(it),
        }
    }
}
pub struct IsErasedStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn is_erased() -> IsErasedStmt {
    IsErasedStmt("SELECT EXISTS (SELECT FROM erased_people WHERE user_id = $1) AS erased", None)
}
impl IsErasedStmt {
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
    ) -> BoolQuery<'c, 'a, 's, C, bool, 1> {
        BoolQuery {
            client,
            params: [id],
            query: self.0,
            cached: self.1.as_ref(),
            extractor: |row| Ok(row.try_get(0)?),
            mapper: |it| it,
        }
    }
}
pub struct LockKeysStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn lock_keys() -> LockKeysStmt {
    LockKeysStmt(
        "SELECT username, data_key, email_index FROM people WHERE id = $1 FOR UPDATE",
        None,
    )
}
impl LockKeysStmt {
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
    ) -> LockKeysQuery<'c, 'a, 's, C, LockKeys, 1> {
        LockKeysQuery {
            client,
            params: [id],
            query: self.0,
            cached: self.1.as_ref(),
            extractor:
                |row: &tokio_postgres::Row| -> Result<LockKeysBorrowed, tokio_postgres::Error> {
                    Ok(LockKeysBorrowed {
                        username: row.try_get(0)?,
                        data_key: row.try_get(1)?,
                        email_index: row.try_get(2)?,
                    })
                },
            mapper: |it| LockKeys::from(it),
        }
    }
}
pub struct InsertPersonStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn insert_person() -> InsertPersonStmt {
    InsertPersonStmt(
        "INSERT INTO people ( id, username, username_key, data_key, key_version, email, email_index, email_index_version, created_at, updated_at ) SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10 WHERE NOT EXISTS (SELECT FROM erased_people WHERE user_id = $1) ON CONFLICT (id) DO NOTHING",
        None,
    )
}
impl InsertPersonStmt {
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
        T2: crate::StringSql,
        T3: crate::BytesSql,
        T4: crate::BytesSql,
        T5: crate::BytesSql,
    >(
        &'s self,
        client: &'c C,
        id: &'a uuid::Uuid,
        username: &'a T1,
        username_key: &'a T2,
        data_key: &'a T3,
        key_version: &'a i32,
        email: &'a Option<T4>,
        email_index: &'a Option<T5>,
        email_index_version: &'a Option<i32>,
        created_at: &'a time::OffsetDateTime,
        now: &'a time::OffsetDateTime,
    ) -> Result<u64, tokio_postgres::Error> {
        client
            .execute(
                self.0,
                &[
                    id,
                    username,
                    username_key,
                    data_key,
                    key_version,
                    email,
                    email_index,
                    email_index_version,
                    created_at,
                    now,
                ],
            )
            .await
    }
}
impl<
    'a,
    C: GenericClient + Send + Sync,
    T1: crate::StringSql,
    T2: crate::StringSql,
    T3: crate::BytesSql,
    T4: crate::BytesSql,
    T5: crate::BytesSql,
>
    crate::client::async_::Params<
        'a,
        'a,
        'a,
        InsertPersonParams<T1, T2, T3, T4, T5>,
        std::pin::Pin<
            Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
        >,
        C,
    > for InsertPersonStmt
{
    fn params(
        &'a self,
        client: &'a C,
        params: &'a InsertPersonParams<T1, T2, T3, T4, T5>,
    ) -> std::pin::Pin<
        Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
    > {
        Box::pin(self.bind(
            client,
            &params.id,
            &params.username,
            &params.username_key,
            &params.data_key,
            &params.key_version,
            &params.email,
            &params.email_index,
            &params.email_index_version,
            &params.created_at,
            &params.now,
        ))
    }
}
pub struct UpdateIdentityStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn update_identity() -> UpdateIdentityStmt {
    UpdateIdentityStmt(
        "UPDATE people SET username = $1, username_key = $2, email = $3, email_index = $4, email_index_version = $5, updated_at = $6 WHERE id = $7",
        None,
    )
}
impl UpdateIdentityStmt {
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
        T2: crate::StringSql,
        T3: crate::BytesSql,
        T4: crate::BytesSql,
    >(
        &'s self,
        client: &'c C,
        username: &'a T1,
        username_key: &'a T2,
        email: &'a Option<T3>,
        email_index: &'a Option<T4>,
        email_index_version: &'a Option<i32>,
        now: &'a time::OffsetDateTime,
        id: &'a uuid::Uuid,
    ) -> Result<u64, tokio_postgres::Error> {
        client
            .execute(
                self.0,
                &[username, username_key, email, email_index, email_index_version, now, id],
            )
            .await
    }
}
impl<
    'a,
    C: GenericClient + Send + Sync,
    T1: crate::StringSql,
    T2: crate::StringSql,
    T3: crate::BytesSql,
    T4: crate::BytesSql,
>
    crate::client::async_::Params<
        'a,
        'a,
        'a,
        UpdateIdentityParams<T1, T2, T3, T4>,
        std::pin::Pin<
            Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
        >,
        C,
    > for UpdateIdentityStmt
{
    fn params(
        &'a self,
        client: &'a C,
        params: &'a UpdateIdentityParams<T1, T2, T3, T4>,
    ) -> std::pin::Pin<
        Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
    > {
        Box::pin(self.bind(
            client,
            &params.username,
            &params.username_key,
            &params.email,
            &params.email_index,
            &params.email_index_version,
            &params.now,
            &params.id,
        ))
    }
}
pub struct UpdateNameStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn update_name() -> UpdateNameStmt {
    UpdateNameStmt(
        "UPDATE people SET username = $1, username_key = $2, updated_at = $3 WHERE id = $4 AND username <> $1",
        None,
    )
}
impl UpdateNameStmt {
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
        username: &'a T1,
        username_key: &'a T2,
        now: &'a time::OffsetDateTime,
        id: &'a uuid::Uuid,
    ) -> Result<u64, tokio_postgres::Error> {
        client.execute(self.0, &[username, username_key, now, id]).await
    }
}
impl<'a, C: GenericClient + Send + Sync, T1: crate::StringSql, T2: crate::StringSql>
    crate::client::async_::Params<
        'a,
        'a,
        'a,
        UpdateNameParams<T1, T2>,
        std::pin::Pin<
            Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
        >,
        C,
    > for UpdateNameStmt
{
    fn params(
        &'a self,
        client: &'a C,
        params: &'a UpdateNameParams<T1, T2>,
    ) -> std::pin::Pin<
        Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
    > {
        Box::pin(self.bind(client, &params.username, &params.username_key, &params.now, &params.id))
    }
}
pub struct UpdatePresenceNameStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn update_presence_name() -> UpdatePresenceNameStmt {
    UpdatePresenceNameStmt(
        "UPDATE presence SET username_key = $1 WHERE user_id = $2 AND username_key <> $1",
        None,
    )
}
impl UpdatePresenceNameStmt {
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
        username_key: &'a T1,
        id: &'a uuid::Uuid,
    ) -> Result<u64, tokio_postgres::Error> {
        client.execute(self.0, &[username_key, id]).await
    }
}
impl<'a, C: GenericClient + Send + Sync, T1: crate::StringSql>
    crate::client::async_::Params<
        'a,
        'a,
        'a,
        UpdatePresenceNameParams<T1>,
        std::pin::Pin<
            Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
        >,
        C,
    > for UpdatePresenceNameStmt
{
    fn params(
        &'a self,
        client: &'a C,
        params: &'a UpdatePresenceNameParams<T1>,
    ) -> std::pin::Pin<
        Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
    > {
        Box::pin(self.bind(client, &params.username_key, &params.id))
    }
}
pub struct UpdateProfileStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn update_profile() -> UpdateProfileStmt {
    UpdateProfileStmt(
        "UPDATE people SET display_name = CASE WHEN $1 THEN $2 ELSE display_name END, avatar_url = CASE WHEN $3 THEN $4 ELSE avatar_url END, avatar_hash = CASE WHEN $3 THEN NULL ELSE avatar_hash END, avatar_media_type = CASE WHEN $3 THEN NULL ELSE avatar_media_type END, updated_at = $5 WHERE id = $6",
        None,
    )
}
impl UpdateProfileStmt {
    pub async fn prepare<'a, C: GenericClient>(
        mut self,
        client: &'a C,
    ) -> Result<Self, tokio_postgres::Error> {
        self.1 = Some(client.prepare(self.0).await?);
        Ok(self)
    }
    pub async fn bind<'c, 'a, 's, C: GenericClient, T1: crate::BytesSql, T2: crate::StringSql>(
        &'s self,
        client: &'c C,
        change_display_name: &'a bool,
        display_name: &'a Option<T1>,
        change_avatar: &'a bool,
        avatar_url: &'a Option<T2>,
        now: &'a time::OffsetDateTime,
        id: &'a uuid::Uuid,
    ) -> Result<u64, tokio_postgres::Error> {
        client
            .execute(
                self.0,
                &[change_display_name, display_name, change_avatar, avatar_url, now, id],
            )
            .await
    }
}
impl<'a, C: GenericClient + Send + Sync, T1: crate::BytesSql, T2: crate::StringSql>
    crate::client::async_::Params<
        'a,
        'a,
        'a,
        UpdateProfileParams<T1, T2>,
        std::pin::Pin<
            Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
        >,
        C,
    > for UpdateProfileStmt
{
    fn params(
        &'a self,
        client: &'a C,
        params: &'a UpdateProfileParams<T1, T2>,
    ) -> std::pin::Pin<
        Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
    > {
        Box::pin(self.bind(
            client,
            &params.change_display_name,
            &params.display_name,
            &params.change_avatar,
            &params.avatar_url,
            &params.now,
            &params.id,
        ))
    }
}
pub struct SetStoredAvatarStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn set_stored_avatar() -> SetStoredAvatarStmt {
    SetStoredAvatarStmt(
        "UPDATE people SET avatar_hash = $1, avatar_media_type = $2, avatar_url = NULL, updated_at = $3 WHERE id = $4",
        None,
    )
}
impl SetStoredAvatarStmt {
    pub async fn prepare<'a, C: GenericClient>(
        mut self,
        client: &'a C,
    ) -> Result<Self, tokio_postgres::Error> {
        self.1 = Some(client.prepare(self.0).await?);
        Ok(self)
    }
    pub async fn bind<'c, 'a, 's, C: GenericClient, T1: crate::BytesSql, T2: crate::StringSql>(
        &'s self,
        client: &'c C,
        hash: &'a T1,
        media_type: &'a T2,
        now: &'a time::OffsetDateTime,
        id: &'a uuid::Uuid,
    ) -> Result<u64, tokio_postgres::Error> {
        client.execute(self.0, &[hash, media_type, now, id]).await
    }
}
impl<'a, C: GenericClient + Send + Sync, T1: crate::BytesSql, T2: crate::StringSql>
    crate::client::async_::Params<
        'a,
        'a,
        'a,
        SetStoredAvatarParams<T1, T2>,
        std::pin::Pin<
            Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
        >,
        C,
    > for SetStoredAvatarStmt
{
    fn params(
        &'a self,
        client: &'a C,
        params: &'a SetStoredAvatarParams<T1, T2>,
    ) -> std::pin::Pin<
        Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
    > {
        Box::pin(self.bind(client, &params.hash, &params.media_type, &params.now, &params.id))
    }
}
pub struct DeletePersonStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn delete_person() -> DeletePersonStmt {
    DeletePersonStmt("DELETE FROM people WHERE id = $1 RETURNING avatar_hash", None)
}
impl DeletePersonStmt {
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
    ) -> ErasableQuery<'c, 'a, 's, C, Erasable, 1> {
        ErasableQuery {
            client,
            params: [id],
            query: self.0,
            cached: self.1.as_ref(),
            extractor:
                |row: &tokio_postgres::Row| -> Result<ErasableBorrowed, tokio_postgres::Error> {
                    Ok(ErasableBorrowed { avatar_hash: row.try_get(0)? })
                },
            mapper: |it| Erasable::from(it),
        }
    }
}
pub struct RememberErasureStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn remember_erasure() -> RememberErasureStmt {
    RememberErasureStmt(
        "INSERT INTO erased_people (user_id, erased_at) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        None,
    )
}
impl RememberErasureStmt {
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
        now: &'a time::OffsetDateTime,
    ) -> Result<u64, tokio_postgres::Error> {
        client.execute(self.0, &[id, now]).await
    }
}
impl<'a, C: GenericClient + Send + Sync>
    crate::client::async_::Params<
        'a,
        'a,
        'a,
        RememberErasureParams,
        std::pin::Pin<
            Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
        >,
        C,
    > for RememberErasureStmt
{
    fn params(
        &'a self,
        client: &'a C,
        params: &'a RememberErasureParams,
    ) -> std::pin::Pin<
        Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
    > {
        Box::pin(self.bind(client, &params.id, &params.now))
    }
}
