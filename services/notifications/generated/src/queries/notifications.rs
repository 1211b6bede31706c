// This file was generated with `clorinde`. Do not modify.

#[derive(Clone, Copy, Debug)]
pub struct MarkHandledParams {
    pub id: uuid::Uuid,
    pub now: time::OffsetDateTime,
}
#[derive(Debug)]
pub struct LockOpenNotificationParams<T1: crate::StringSql> {
    pub user_id: uuid::Uuid,
    pub merge_key: T1,
}
#[derive(Debug)]
pub struct InsertNotificationParams<
    T1: crate::StringSql,
    T2: crate::StringSql,
    T3: crate::JsonSql,
    T4: crate::StringSql,
> {
    pub id: uuid::Uuid,
    pub user_id: uuid::Uuid,
    pub kind: T1,
    pub event: T2,
    pub data: T3,
    pub merge_key: Option<T4>,
    pub listed: bool,
    pub now: time::OffsetDateTime,
    pub occurred_at: time::OffsetDateTime,
    pub email_due: Option<time::OffsetDateTime>,
    pub push_due: Option<time::OffsetDateTime>,
}
#[derive(Debug)]
pub struct MergeNotificationParams<T1: crate::StringSql, T2: crate::JsonSql> {
    pub event: T1,
    pub data: T2,
    pub listed: bool,
    pub now: time::OffsetDateTime,
    pub occurred_at: time::OffsetDateTime,
    pub email_due: Option<time::OffsetDateTime>,
    pub push_due: Option<time::OffsetDateTime>,
    pub id: uuid::Uuid,
}
#[derive(Clone, Copy, Debug)]
pub struct ListNotificationsParams {
    pub user_id: uuid::Uuid,
    pub before_at: time::OffsetDateTime,
    pub before_id: uuid::Uuid,
    pub limit: i64,
}
#[derive(Clone, Copy, Debug)]
pub struct ListUnreadNotificationsParams {
    pub user_id: uuid::Uuid,
    pub before_at: time::OffsetDateTime,
    pub before_id: uuid::Uuid,
    pub limit: i64,
}
#[derive(Clone, Copy, Debug)]
pub struct OneNotificationParams {
    pub id: uuid::Uuid,
    pub user_id: uuid::Uuid,
}
#[derive(Clone, Copy, Debug)]
pub struct CountUnreadParams {
    pub user_id: uuid::Uuid,
    pub ceiling: i64,
}
#[derive(Clone, Copy, Debug)]
pub struct MarkReadParams {
    pub now: time::OffsetDateTime,
    pub id: uuid::Uuid,
    pub user_id: uuid::Uuid,
}
#[derive(Clone, Copy, Debug)]
pub struct MarkAllReadParams {
    pub now: time::OffsetDateTime,
    pub user_id: uuid::Uuid,
    pub until: time::OffsetDateTime,
}
#[derive(Debug)]
pub struct MarkConversationReadParams<T1: crate::StringSql> {
    pub now: time::OffsetDateTime,
    pub user_id: uuid::Uuid,
    pub merge_key: T1,
    pub until: time::OffsetDateTime,
}
#[derive(Clone, Copy, Debug)]
pub struct MarkSeenParams {
    pub now: time::OffsetDateTime,
    pub user_id: uuid::Uuid,
    pub until: time::OffsetDateTime,
}
#[derive(Clone, Copy, Debug)]
pub struct ForgetNotificationsParams {
    pub before: time::OffsetDateTime,
    pub limit: i64,
}
#[derive(Clone, Copy, Debug)]
pub struct ForgetHandledEventsParams {
    pub before: time::OffsetDateTime,
    pub limit: i64,
}
#[derive(Clone, Copy, Debug)]
pub struct RememberErasedParams {
    pub user_id: uuid::Uuid,
    pub now: time::OffsetDateTime,
}
#[derive(Debug, Clone, PartialEq)]
pub struct Notification {
    pub id: uuid::Uuid,
    pub user_id: uuid::Uuid,
    pub kind: String,
    pub event: String,
    pub data: serde_json::Value,
    pub merge_key: Option<String>,
    pub count: i32,
    pub listed: bool,
    pub created_at: time::OffsetDateTime,
    pub updated_at: time::OffsetDateTime,
    pub read_at: Option<time::OffsetDateTime>,
    pub seen_at: Option<time::OffsetDateTime>,
    pub email_due: Option<time::OffsetDateTime>,
    pub push_due: Option<time::OffsetDateTime>,
}
pub struct NotificationBorrowed<'a> {
    pub id: uuid::Uuid,
    pub user_id: uuid::Uuid,
    pub kind: &'a str,
    pub event: &'a str,
    pub data: postgres_types::Json<&'a serde_json::value::RawValue>,
    pub merge_key: Option<&'a str>,
    pub count: i32,
    pub listed: bool,
    pub created_at: time::OffsetDateTime,
    pub updated_at: time::OffsetDateTime,
    pub read_at: Option<time::OffsetDateTime>,
    pub seen_at: Option<time::OffsetDateTime>,
    pub email_due: Option<time::OffsetDateTime>,
    pub push_due: Option<time::OffsetDateTime>,
}
impl<'a> From<NotificationBorrowed<'a>> for Notification {
    fn from(
        NotificationBorrowed {
            id,
            user_id,
            kind,
            event,
            data,
            merge_key,
            count,
            listed,
            created_at,
            updated_at,
            read_at,
            seen_at,
            email_due,
            push_due,
        }: NotificationBorrowed<'a>,
    ) -> Self {
        Self {
            id,
            user_id,
            kind: kind.into(),
            event: event.into(),
            data: serde_json::from_str(data.0.get()).unwrap(),
            merge_key: merge_key.map(|v| v.into()),
            count,
            listed,
            created_at,
            updated_at,
            read_at,
            seen_at,
            email_due,
            push_due,
        }
    }
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
pub struct NotificationQuery<'c, 'a, 's, C: GenericClient, T, const N: usize> {
    client: &'c C,
    params: [&'a (dyn postgres_types::ToSql + Sync); N],
    query: &'static str,
    cached: Option<&'s tokio_postgres::Statement>,
    extractor: fn(&tokio_postgres::Row) -> Result<NotificationBorrowed, tokio_postgres::Error>,
    mapper: fn(NotificationBorrowed) -> T,
}
impl<'c, 'a, 's, C, T: 'c, const N: usize> NotificationQuery<'c, 'a, 's, C, T, N>
where
    C: GenericClient,
{
    pub fn map<R>(
        self,
        mapper: fn(NotificationBorrowed) -> R,
    ) -> NotificationQuery<'c, 'a, 's, C, R, N> {
        NotificationQuery {
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
pub struct LockPersonSharedStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn lock_person_shared() -> LockPersonSharedStmt {
    LockPersonSharedStmt(
        "SELECT 1 AS locked FROM (SELECT pg_advisory_xact_lock_shared(hashtextextended('notifications.' || $1::text, 0))) AS taken",
        None,
    )
}
impl LockPersonSharedStmt {
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
        user_id: &'a T1,
    ) -> I32Query<'c, 'a, 's, C, i32, 1> {
        I32Query {
            client,
            params: [user_id],
            query: self.0,
            cached: self.1.as_ref(),
            extractor: |row| Ok(row.try_get(0)?),
            mapper: |it| it,
        }
    }
}
pub struct LockPersonStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn lock_person() -> LockPersonStmt {
    LockPersonStmt(
        "SELECT 1 AS locked FROM (SELECT pg_advisory_xact_lock(hashtextextended('notifications.' || $1::text, 0))) AS taken",
        None,
    )
}
impl LockPersonStmt {
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
        user_id: &'a T1,
    ) -> I32Query<'c, 'a, 's, C, i32, 1> {
        I32Query {
            client,
            params: [user_id],
            query: self.0,
            cached: self.1.as_ref(),
            extractor: |row| Ok(row.try_get(0)?),
            mapper: |it| it,
        }
    }
}
pub struct IsErasedStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn is_erased() -> IsErasedStmt {
    IsErasedStmt("SELECT EXISTS (SELECT FROM erased_people WHERE user_id = $1)", None)
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
        user_id: &'a uuid::Uuid,
    ) -> BoolQuery<'c, 'a, 's, C, bool, 1> {
        BoolQuery {
            client,
            params: [user_id],
            query: self.0,
            cached: self.1.as_ref(),
            extractor: |row| Ok(row.try_get(0)?),
            mapper: |it| it,
        }
    }
}
pub struct MarkHandledStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn mark_handled() -> MarkHandledStmt {
    MarkHandledStmt(
        "INSERT INTO handled_events (id, handled_at) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING RETURNING id",
        None,
    )
}
impl MarkHandledStmt {
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
        now: &'a time::OffsetDateTime,
    ) -> UuidUuidQuery<'c, 'a, 's, C, uuid::Uuid, 2> {
        UuidUuidQuery {
            client,
            params: [id, now],
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
        MarkHandledParams,
        UuidUuidQuery<'c, 'a, 's, C, uuid::Uuid, 2>,
        C,
    > for MarkHandledStmt
{
    fn params(
        &'s self,
        client: &'c C,
        params: &'a MarkHandledParams,
    ) -> UuidUuidQuery<'c, 'a, 's, C, uuid::Uuid, 2> {
        self.bind(client, &params.id, &params.now)
    }
}
pub struct LockOpenNotificationStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn lock_open_notification() -> LockOpenNotificationStmt {
    LockOpenNotificationStmt(
        "SELECT id, user_id, kind, event, data, merge_key, count, listed, created_at, updated_at, read_at, seen_at, email_due, push_due FROM notifications WHERE user_id = $1 AND merge_key = $2 AND read_at IS NULL FOR UPDATE",
        None,
    )
}
impl LockOpenNotificationStmt {
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
        merge_key: &'a T1,
    ) -> NotificationQuery<'c, 'a, 's, C, Notification, 2> {
        NotificationQuery {
            client,
            params: [user_id, merge_key],
            query: self.0,
            cached: self.1.as_ref(),
            extractor:
                |row: &tokio_postgres::Row| -> Result<NotificationBorrowed, tokio_postgres::Error> {
                    Ok(NotificationBorrowed {
                        id: row.try_get(0)?,
                        user_id: row.try_get(1)?,
                        kind: row.try_get(2)?,
                        event: row.try_get(3)?,
                        data: row.try_get(4)?,
                        merge_key: row.try_get(5)?,
                        count: row.try_get(6)?,
                        listed: row.try_get(7)?,
                        created_at: row.try_get(8)?,
                        updated_at: row.try_get(9)?,
                        read_at: row.try_get(10)?,
                        seen_at: row.try_get(11)?,
                        email_due: row.try_get(12)?,
                        push_due: row.try_get(13)?,
                    })
                },
            mapper: |it| Notification::from(it),
        }
    }
}
impl<'c, 'a, 's, C: GenericClient, T1: crate::StringSql>
    crate::client::async_::Params<
        'c,
        'a,
        's,
        LockOpenNotificationParams<T1>,
        NotificationQuery<'c, 'a, 's, C, Notification, 2>,
        C,
    > for LockOpenNotificationStmt
{
    fn params(
        &'s self,
        client: &'c C,
        params: &'a LockOpenNotificationParams<T1>,
    ) -> NotificationQuery<'c, 'a, 's, C, Notification, 2> {
        self.bind(client, &params.user_id, &params.merge_key)
    }
}
pub struct InsertNotificationStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn insert_notification() -> InsertNotificationStmt {
    InsertNotificationStmt(
        "INSERT INTO notifications ( id, user_id, kind, event, data, merge_key, listed, created_at, updated_at, occurred_at, email_due, push_due ) VALUES ( $1, $2, $3, $4, $5, $6, $7, $8, $8, $9, $10, $11 )",
        None,
    )
}
impl InsertNotificationStmt {
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
        T3: crate::JsonSql,
        T4: crate::StringSql,
    >(
        &'s self,
        client: &'c C,
        id: &'a uuid::Uuid,
        user_id: &'a uuid::Uuid,
        kind: &'a T1,
        event: &'a T2,
        data: &'a T3,
        merge_key: &'a Option<T4>,
        listed: &'a bool,
        now: &'a time::OffsetDateTime,
        occurred_at: &'a time::OffsetDateTime,
        email_due: &'a Option<time::OffsetDateTime>,
        push_due: &'a Option<time::OffsetDateTime>,
    ) -> Result<u64, tokio_postgres::Error> {
        client
            .execute(
                self.0,
                &[
                    id,
                    user_id,
                    kind,
                    event,
                    data,
                    merge_key,
                    listed,
                    now,
                    occurred_at,
                    email_due,
                    push_due,
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
    T3: crate::JsonSql,
    T4: crate::StringSql,
>
    crate::client::async_::Params<
        'a,
        'a,
        'a,
        InsertNotificationParams<T1, T2, T3, T4>,
        std::pin::Pin<
            Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
        >,
        C,
    > for InsertNotificationStmt
{
    fn params(
        &'a self,
        client: &'a C,
        params: &'a InsertNotificationParams<T1, T2, T3, T4>,
    ) -> std::pin::Pin<
        Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
    > {
        Box::pin(self.bind(
            client,
            &params.id,
            &params.user_id,
            &params.kind,
            &params.event,
            &params.data,
            &params.merge_key,
            &params.listed,
            &params.now,
            &params.occurred_at,
            &params.email_due,
            &params.push_due,
        ))
    }
}
pub struct MergeNotificationStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn merge_notification() -> MergeNotificationStmt {
    MergeNotificationStmt(
        "UPDATE notifications SET event = $1, data = $2, count = count + 1, listed = listed OR $3, updated_at = greatest(updated_at, $4), occurred_at = greatest(occurred_at, $5), seen_at = NULL, email_due = $6, push_due = $7 WHERE id = $8",
        None,
    )
}
impl MergeNotificationStmt {
    pub async fn prepare<'a, C: GenericClient>(
        mut self,
        client: &'a C,
    ) -> Result<Self, tokio_postgres::Error> {
        self.1 = Some(client.prepare(self.0).await?);
        Ok(self)
    }
    pub async fn bind<'c, 'a, 's, C: GenericClient, T1: crate::StringSql, T2: crate::JsonSql>(
        &'s self,
        client: &'c C,
        event: &'a T1,
        data: &'a T2,
        listed: &'a bool,
        now: &'a time::OffsetDateTime,
        occurred_at: &'a time::OffsetDateTime,
        email_due: &'a Option<time::OffsetDateTime>,
        push_due: &'a Option<time::OffsetDateTime>,
        id: &'a uuid::Uuid,
    ) -> Result<u64, tokio_postgres::Error> {
        client
            .execute(self.0, &[event, data, listed, now, occurred_at, email_due, push_due, id])
            .await
    }
}
impl<'a, C: GenericClient + Send + Sync, T1: crate::StringSql, T2: crate::JsonSql>
    crate::client::async_::Params<
        'a,
        'a,
        'a,
        MergeNotificationParams<T1, T2>,
        std::pin::Pin<
            Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
        >,
        C,
    > for MergeNotificationStmt
{
    fn params(
        &'a self,
        client: &'a C,
        params: &'a MergeNotificationParams<T1, T2>,
    ) -> std::pin::Pin<
        Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
    > {
        Box::pin(self.bind(
            client,
            &params.event,
            &params.data,
            &params.listed,
            &params.now,
            &params.occurred_at,
            &params.email_due,
            &params.push_due,
            &params.id,
        ))
    }
}
pub struct NotificationForDeliveryStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn notification_for_delivery() -> NotificationForDeliveryStmt {
    NotificationForDeliveryStmt(
        "SELECT id, user_id, kind, event, data, merge_key, count, listed, created_at, updated_at, read_at, seen_at, email_due, push_due FROM notifications WHERE id = $1 FOR SHARE",
        None,
    )
}
impl NotificationForDeliveryStmt {
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
    ) -> NotificationQuery<'c, 'a, 's, C, Notification, 1> {
        NotificationQuery {
            client,
            params: [id],
            query: self.0,
            cached: self.1.as_ref(),
            extractor:
                |row: &tokio_postgres::Row| -> Result<NotificationBorrowed, tokio_postgres::Error> {
                    Ok(NotificationBorrowed {
                        id: row.try_get(0)?,
                        user_id: row.try_get(1)?,
                        kind: row.try_get(2)?,
                        event: row.try_get(3)?,
                        data: row.try_get(4)?,
                        merge_key: row.try_get(5)?,
                        count: row.try_get(6)?,
                        listed: row.try_get(7)?,
                        created_at: row.try_get(8)?,
                        updated_at: row.try_get(9)?,
                        read_at: row.try_get(10)?,
                        seen_at: row.try_get(11)?,
                        email_due: row.try_get(12)?,
                        push_due: row.try_get(13)?,
                    })
                },
            mapper: |it| Notification::from(it),
        }
    }
}
pub struct ListNotificationsStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn list_notifications() -> ListNotificationsStmt {
    ListNotificationsStmt(
        "SELECT id, user_id, kind, event, data, merge_key, count, listed, created_at, updated_at, read_at, seen_at, email_due, push_due FROM notifications WHERE user_id = $1 AND listed AND (updated_at, id) < ($2, $3) ORDER BY updated_at DESC, id DESC LIMIT $4",
        None,
    )
}
impl ListNotificationsStmt {
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
        before_at: &'a time::OffsetDateTime,
        before_id: &'a uuid::Uuid,
        limit: &'a i64,
    ) -> NotificationQuery<'c, 'a, 's, C, Notification, 4> {
        NotificationQuery {
            client,
            params: [user_id, before_at, before_id, limit],
            query: self.0,
            cached: self.1.as_ref(),
            extractor:
                |row: &tokio_postgres::Row| -> Result<NotificationBorrowed, tokio_postgres::Error> {
                    Ok(NotificationBorrowed {
                        id: row.try_get(0)?,
                        user_id: row.try_get(1)?,
                        kind: row.try_get(2)?,
                        event: row.try_get(3)?,
                        data: row.try_get(4)?,
                        merge_key: row.try_get(5)?,
                        count: row.try_get(6)?,
                        listed: row.try_get(7)?,
                        created_at: row.try_get(8)?,
                        updated_at: row.try_get(9)?,
                        read_at: row.try_get(10)?,
                        seen_at: row.try_get(11)?,
                        email_due: row.try_get(12)?,
                        push_due: row.try_get(13)?,
                    })
                },
            mapper: |it| Notification::from(it),
        }
    }
}
impl<'c, 'a, 's, C: GenericClient>
    crate::client::async_::Params<
        'c,
        'a,
        's,
        ListNotificationsParams,
        NotificationQuery<'c, 'a, 's, C, Notification, 4>,
        C,
    > for ListNotificationsStmt
{
    fn params(
        &'s self,
        client: &'c C,
        params: &'a ListNotificationsParams,
    ) -> NotificationQuery<'c, 'a, 's, C, Notification, 4> {
        self.bind(client, &params.user_id, &params.before_at, &params.before_id, &params.limit)
    }
}
pub struct ListUnreadNotificationsStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn list_unread_notifications() -> ListUnreadNotificationsStmt {
    ListUnreadNotificationsStmt(
        "SELECT id, user_id, kind, event, data, merge_key, count, listed, created_at, updated_at, read_at, seen_at, email_due, push_due FROM notifications WHERE user_id = $1 AND listed AND read_at IS NULL AND (updated_at, id) < ($2, $3) ORDER BY updated_at DESC, id DESC LIMIT $4",
        None,
    )
}
impl ListUnreadNotificationsStmt {
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
        before_at: &'a time::OffsetDateTime,
        before_id: &'a uuid::Uuid,
        limit: &'a i64,
    ) -> NotificationQuery<'c, 'a, 's, C, Notification, 4> {
        NotificationQuery {
            client,
            params: [user_id, before_at, before_id, limit],
            query: self.0,
            cached: self.1.as_ref(),
            extractor:
                |row: &tokio_postgres::Row| -> Result<NotificationBorrowed, tokio_postgres::Error> {
                    Ok(NotificationBorrowed {
                        id: row.try_get(0)?,
                        user_id: row.try_get(1)?,
                        kind: row.try_get(2)?,
                        event: row.try_get(3)?,
                        data: row.try_get(4)?,
                        merge_key: row.try_get(5)?,
                        count: row.try_get(6)?,
                        listed: row.try_get(7)?,
                        created_at: row.try_get(8)?,
                        updated_at: row.try_get(9)?,
                        read_at: row.try_get(10)?,
                        seen_at: row.try_get(11)?,
                        email_due: row.try_get(12)?,
                        push_due: row.try_get(13)?,
                    })
                },
            mapper: |it| Notification::from(it),
        }
    }
}
impl<'c, 'a, 's, C: GenericClient>
    crate::client::async_::Params<
        'c,
        'a,
        's,
        ListUnreadNotificationsParams,
        NotificationQuery<'c, 'a, 's, C, Notification, 4>,
        C,
    > for ListUnreadNotificationsStmt
{
    fn params(
        &'s self,
        client: &'c C,
        params: &'a ListUnreadNotificationsParams,
    ) -> NotificationQuery<'c, 'a, 's, C, Notification, 4> {
        self.bind(client, &params.user_id, &params.before_at, &params.before_id, &params.limit)
    }
}
pub struct OneNotificationStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn one_notification() -> OneNotificationStmt {
    OneNotificationStmt(
        "SELECT id, user_id, kind, event, data, merge_key, count, listed, created_at, updated_at, read_at, seen_at, email_due, push_due FROM notifications WHERE id = $1 AND user_id = $2 AND listed",
        None,
    )
}
impl OneNotificationStmt {
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
        user_id: &'a uuid::Uuid,
    ) -> NotificationQuery<'c, 'a, 's, C, Notification, 2> {
        NotificationQuery {
            client,
            params: [id, user_id],
            query: self.0,
            cached: self.1.as_ref(),
            extractor:
                |row: &tokio_postgres::Row| -> Result<NotificationBorrowed, tokio_postgres::Error> {
                    Ok(NotificationBorrowed {
                        id: row.try_get(0)?,
                        user_id: row.try_get(1)?,
                        kind: row.try_get(2)?,
                        event: row.try_get(3)?,
                        data: row.try_get(4)?,
                        merge_key: row.try_get(5)?,
                        count: row.try_get(6)?,
                        listed: row.try_get(7)?,
                        created_at: row.try_get(8)?,
                        updated_at: row.try_get(9)?,
                        read_at: row.try_get(10)?,
                        seen_at: row.try_get(11)?,
                        email_due: row.try_get(12)?,
                        push_due: row.try_get(13)?,
                    })
                },
            mapper: |it| Notification::from(it),
        }
    }
}
impl<'c, 'a, 's, C: GenericClient>
    crate::client::async_::Params<
        'c,
        'a,
        's,
        OneNotificationParams,
        NotificationQuery<'c, 'a, 's, C, Notification, 2>,
        C,
    > for OneNotificationStmt
{
    fn params(
        &'s self,
        client: &'c C,
        params: &'a OneNotificationParams,
    ) -> NotificationQuery<'c, 'a, 's, C, Notification, 2> {
        self.bind(client, &params.id, &params.user_id)
    }
}
pub struct CountUnreadStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn count_unread() -> CountUnreadStmt {
    CountUnreadStmt(
        "SELECT count(*) FROM ( SELECT FROM notifications WHERE user_id = $1 AND listed AND read_at IS NULL LIMIT $2 ) AS counted",
        None,
    )
}
impl CountUnreadStmt {
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
        ceiling: &'a i64,
    ) -> I64Query<'c, 'a, 's, C, i64, 2> {
        I64Query {
            client,
            params: [user_id, ceiling],
            query: self.0,
            cached: self.1.as_ref(),
            extractor: |row| Ok(row.try_get(0)?),
            mapper: |it| it,
        }
    }
}
impl<'c, 'a, 's, C: GenericClient>
    crate::client::async_::Params<'c, 'a, 's, CountUnreadParams, I64Query<'c, 'a, 's, C, i64, 2>, C>
    for CountUnreadStmt
{
    fn params(
        &'s self,
        client: &'c C,
        params: &'a CountUnreadParams,
    ) -> I64Query<'c, 'a, 's, C, i64, 2> {
        self.bind(client, &params.user_id, &params.ceiling)
    }
}
pub struct MarkReadStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn mark_read() -> MarkReadStmt {
    MarkReadStmt(
        "UPDATE notifications SET read_at = coalesce(read_at, $1) WHERE id = $2 AND user_id = $3 AND listed",
        None,
    )
}
impl MarkReadStmt {
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
        now: &'a time::OffsetDateTime,
        id: &'a uuid::Uuid,
        user_id: &'a uuid::Uuid,
    ) -> Result<u64, tokio_postgres::Error> {
        client.execute(self.0, &[now, id, user_id]).await
    }
}
impl<'a, C: GenericClient + Send + Sync>
    crate::client::async_::Params<
        'a,
        'a,
        'a,
        MarkReadParams,
        std::pin::Pin<
            Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
        >,
        C,
    > for MarkReadStmt
{
    fn params(
        &'a self,
        client: &'a C,
        params: &'a MarkReadParams,
    ) -> std::pin::Pin<
        Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
    > {
        Box::pin(self.bind(client, &params.now, &params.id, &params.user_id))
    }
}
pub struct MarkAllReadStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn mark_all_read() -> MarkAllReadStmt {
    MarkAllReadStmt(
        "UPDATE notifications SET read_at = $1 WHERE user_id = $2 AND listed AND read_at IS NULL AND updated_at <= $3",
        None,
    )
}
impl MarkAllReadStmt {
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
        now: &'a time::OffsetDateTime,
        user_id: &'a uuid::Uuid,
        until: &'a time::OffsetDateTime,
    ) -> Result<u64, tokio_postgres::Error> {
        client.execute(self.0, &[now, user_id, until]).await
    }
}
impl<'a, C: GenericClient + Send + Sync>
    crate::client::async_::Params<
        'a,
        'a,
        'a,
        MarkAllReadParams,
        std::pin::Pin<
            Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
        >,
        C,
    > for MarkAllReadStmt
{
    fn params(
        &'a self,
        client: &'a C,
        params: &'a MarkAllReadParams,
    ) -> std::pin::Pin<
        Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
    > {
        Box::pin(self.bind(client, &params.now, &params.user_id, &params.until))
    }
}
pub struct MarkConversationReadStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn mark_conversation_read() -> MarkConversationReadStmt {
    MarkConversationReadStmt(
        "UPDATE notifications SET read_at = $1 WHERE user_id = $2 AND merge_key = $3 AND read_at IS NULL AND occurred_at <= $4",
        None,
    )
}
impl MarkConversationReadStmt {
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
        user_id: &'a uuid::Uuid,
        merge_key: &'a T1,
        until: &'a time::OffsetDateTime,
    ) -> Result<u64, tokio_postgres::Error> {
        client.execute(self.0, &[now, user_id, merge_key, until]).await
    }
}
impl<'a, C: GenericClient + Send + Sync, T1: crate::StringSql>
    crate::client::async_::Params<
        'a,
        'a,
        'a,
        MarkConversationReadParams<T1>,
        std::pin::Pin<
            Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
        >,
        C,
    > for MarkConversationReadStmt
{
    fn params(
        &'a self,
        client: &'a C,
        params: &'a MarkConversationReadParams<T1>,
    ) -> std::pin::Pin<
        Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
    > {
        Box::pin(self.bind(client, &params.now, &params.user_id, &params.merge_key, &params.until))
    }
}
pub struct MarkSeenStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn mark_seen() -> MarkSeenStmt {
    MarkSeenStmt(
        "UPDATE notifications SET seen_at = $1 WHERE user_id = $2 AND merge_key IS NOT NULL AND kind = 'message' AND read_at IS NULL AND seen_at IS NULL AND occurred_at <= $3",
        None,
    )
}
impl MarkSeenStmt {
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
        now: &'a time::OffsetDateTime,
        user_id: &'a uuid::Uuid,
        until: &'a time::OffsetDateTime,
    ) -> Result<u64, tokio_postgres::Error> {
        client.execute(self.0, &[now, user_id, until]).await
    }
}
impl<'a, C: GenericClient + Send + Sync>
    crate::client::async_::Params<
        'a,
        'a,
        'a,
        MarkSeenParams,
        std::pin::Pin<
            Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
        >,
        C,
    > for MarkSeenStmt
{
    fn params(
        &'a self,
        client: &'a C,
        params: &'a MarkSeenParams,
    ) -> std::pin::Pin<
        Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
    > {
        Box::pin(self.bind(client, &params.now, &params.user_id, &params.until))
    }
}
pub struct ExportNotificationsStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn export_notifications() -> ExportNotificationsStmt {
    ExportNotificationsStmt(
        "SELECT id, user_id, kind, event, data, merge_key, count, listed, created_at, updated_at, read_at, seen_at, email_due, push_due FROM notifications WHERE user_id = $1 ORDER BY id",
        None,
    )
}
impl ExportNotificationsStmt {
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
    ) -> NotificationQuery<'c, 'a, 's, C, Notification, 1> {
        NotificationQuery {
            client,
            params: [user_id],
            query: self.0,
            cached: self.1.as_ref(),
            extractor:
                |row: &tokio_postgres::Row| -> Result<NotificationBorrowed, tokio_postgres::Error> {
                    Ok(NotificationBorrowed {
                        id: row.try_get(0)?,
                        user_id: row.try_get(1)?,
                        kind: row.try_get(2)?,
                        event: row.try_get(3)?,
                        data: row.try_get(4)?,
                        merge_key: row.try_get(5)?,
                        count: row.try_get(6)?,
                        listed: row.try_get(7)?,
                        created_at: row.try_get(8)?,
                        updated_at: row.try_get(9)?,
                        read_at: row.try_get(10)?,
                        seen_at: row.try_get(11)?,
                        email_due: row.try_get(12)?,
                        push_due: row.try_get(13)?,
                    })
                },
            mapper: |it| Notification::from(it),
        }
    }
}
pub struct ForgetNotificationsStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn forget_notifications() -> ForgetNotificationsStmt {
    ForgetNotificationsStmt(
        "DELETE FROM notifications WHERE id IN ( SELECT n.id FROM notifications AS n WHERE n.updated_at < $1 LIMIT $2 )",
        None,
    )
}
impl ForgetNotificationsStmt {
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
        limit: &'a i64,
    ) -> Result<u64, tokio_postgres::Error> {
        client.execute(self.0, &[before, limit]).await
    }
}
impl<'a, C: GenericClient + Send + Sync>
    crate::client::async_::Params<
        'a,
        'a,
        'a,
        ForgetNotificationsParams,
        std::pin::Pin<
            Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
        >,
        C,
    > for ForgetNotificationsStmt
{
    fn params(
        &'a self,
        client: &'a C,
        params: &'a ForgetNotificationsParams,
    ) -> std::pin::Pin<
        Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
    > {
        Box::pin(self.bind(client, &params.before, &params.limit))
    }
}
pub struct ForgetHandledEventsStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn forget_handled_events() -> ForgetHandledEventsStmt {
    ForgetHandledEventsStmt(
        "DELETE FROM handled_events WHERE id IN ( SELECT h.id FROM handled_events AS h WHERE h.handled_at < $1 LIMIT $2 )",
        None,
    )
}
impl ForgetHandledEventsStmt {
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
        limit: &'a i64,
    ) -> Result<u64, tokio_postgres::Error> {
        client.execute(self.0, &[before, limit]).await
    }
}
impl<'a, C: GenericClient + Send + Sync>
    crate::client::async_::Params<
        'a,
        'a,
        'a,
        ForgetHandledEventsParams,
        std::pin::Pin<
            Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
        >,
        C,
    > for ForgetHandledEventsStmt
{
    fn params(
        &'a self,
        client: &'a C,
        params: &'a ForgetHandledEventsParams,
    ) -> std::pin::Pin<
        Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
    > {
        Box::pin(self.bind(client, &params.before, &params.limit))
    }
}
pub struct ForgetErasedPeopleStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn forget_erased_people() -> ForgetErasedPeopleStmt {
    ForgetErasedPeopleStmt("DELETE FROM erased_people WHERE erased_at < $1", None)
}
impl ForgetErasedPeopleStmt {
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
pub struct EraseNotificationsStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn erase_notifications() -> EraseNotificationsStmt {
    EraseNotificationsStmt("DELETE FROM notifications WHERE user_id = $1", None)
}
impl EraseNotificationsStmt {
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
pub struct ErasePreferencesStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn erase_preferences() -> ErasePreferencesStmt {
    ErasePreferencesStmt("DELETE FROM preferences WHERE user_id = $1", None)
}
impl ErasePreferencesStmt {
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
pub struct EraseSubscriptionsStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn erase_subscriptions() -> EraseSubscriptionsStmt {
    EraseSubscriptionsStmt("DELETE FROM push_subscriptions WHERE user_id = $1", None)
}
impl EraseSubscriptionsStmt {
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
pub struct EraseJobsStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn erase_jobs() -> EraseJobsStmt {
    EraseJobsStmt("DELETE FROM jobs WHERE payload ->> 'userId' = $1", None)
}
impl EraseJobsStmt {
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
        user_id: &'a T1,
    ) -> Result<u64, tokio_postgres::Error> {
        client.execute(self.0, &[user_id]).await
    }
}
pub struct RememberErasedStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn remember_erased() -> RememberErasedStmt {
    RememberErasedStmt(
        "INSERT INTO erased_people (user_id, erased_at) VALUES ($1, $2) ON CONFLICT (user_id) DO NOTHING",
        None,
    )
}
impl RememberErasedStmt {
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
        now: &'a time::OffsetDateTime,
    ) -> Result<u64, tokio_postgres::Error> {
        client.execute(self.0, &[user_id, now]).await
    }
}
impl<'a, C: GenericClient + Send + Sync>
    crate::client::async_::Params<
        'a,
        'a,
        'a,
        RememberErasedParams,
        std::pin::Pin<
            Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
        >,
        C,
    > for RememberErasedStmt
{
    fn params(
        &'a self,
        client: &'a C,
        params: &'a RememberErasedParams,
    ) -> std::pin::Pin<
        Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
    > {
        Box::pin(self.bind(client, &params.user_id, &params.now))
    }
}
