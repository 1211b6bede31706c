// This file was generated with `clorinde`. Do not modify.

#[derive(Debug)]
pub struct CreatePaymentParams<
    T1: crate::StringSql,
    T2: crate::BytesSql,
    T3: crate::StringSql,
    T4: crate::StringSql,
    T5: crate::StringSql,
    T6: crate::JsonSql,
    T7: crate::StringSql,
    T8: crate::JsonSql,
    T9: crate::StringSql,
> {
    pub user_id: uuid::Uuid,
    pub key: Option<T1>,
    pub expired_at: time::OffsetDateTime,
    pub lock: i64,
    pub now: time::OffsetDateTime,
    pub fingerprint: T2,
    pub body: T3,
    pub id: uuid::Uuid,
    pub amount: i64,
    pub currency: T4,
    pub description: Option<T5>,
    pub metadata: Option<T6>,
    pub event_id: uuid::Uuid,
    pub reference: T7,
    pub event: T8,
    pub traceparent: Option<T9>,
}
#[derive(Debug)]
pub struct UpdatePaymentParams<T1: crate::StringSql> {
    pub status: T1,
    pub refunded: i64,
    pub updated_at: time::OffsetDateTime,
    pub id: uuid::Uuid,
}
#[derive(Debug)]
pub struct PaymentsOfUserParams<T1: crate::StringSql> {
    pub user_id: uuid::Uuid,
    pub status: Option<T1>,
    pub limit: i64,
    pub offset: i64,
}
#[derive(Debug)]
pub struct CountPaymentsOfUserParams<T1: crate::StringSql> {
    pub user_id: uuid::Uuid,
    pub status: Option<T1>,
    pub ceiling: i64,
}
#[derive(Debug)]
pub struct PaymentsInStatusParams<T1: crate::StringSql> {
    pub status: T1,
    pub limit: i64,
    pub offset: i64,
}
#[derive(Debug)]
pub struct CountPaymentsInStatusParams<T1: crate::StringSql> {
    pub status: T1,
    pub ceiling: i64,
}
#[derive(Clone, Copy, Debug)]
pub struct AllPaymentsParams {
    pub limit: i64,
    pub offset: i64,
}
#[derive(Debug)]
pub struct InsertTransitionParams<T1: crate::StringSql, T2: crate::StringSql, T3: crate::StringSql>
{
    pub payment_id: uuid::Uuid,
    pub from_status: T1,
    pub to_status: T2,
    pub cause: T3,
    pub actor_id: Option<uuid::Uuid>,
    pub occurred_at: time::OffsetDateTime,
}
#[derive(Debug, Clone, PartialEq)]
pub struct CreatePayment {
    pub acquired: Option<bool>,
    pub created: bool,
    pub fingerprint: Option<Vec<u8>>,
    pub status: Option<i16>,
    pub body: Option<String>,
}
pub struct CreatePaymentBorrowed<'a> {
    pub acquired: Option<bool>,
    pub created: bool,
    pub fingerprint: Option<&'a [u8]>,
    pub status: Option<i16>,
    pub body: Option<&'a str>,
}
impl<'a> From<CreatePaymentBorrowed<'a>> for CreatePayment {
    fn from(
        CreatePaymentBorrowed {
            acquired,
            created,
            fingerprint,
            status,
            body,
        }: CreatePaymentBorrowed<'a>,
    ) -> Self {
        Self {
            acquired,
            created,
            fingerprint: fingerprint.map(|v| v.into()),
            status,
            body: body.map(|v| v.into()),
        }
    }
}
#[derive(Debug, Clone, PartialEq)]
pub struct Payment {
    pub id: uuid::Uuid,
    pub user_id: uuid::Uuid,
    pub amount: i64,
    pub refunded: i64,
    pub currency: String,
    pub status: String,
    pub description: Option<String>,
    pub metadata: Option<serde_json::Value>,
    pub created_at: time::OffsetDateTime,
    pub updated_at: time::OffsetDateTime,
}
pub struct PaymentBorrowed<'a> {
    pub id: uuid::Uuid,
    pub user_id: uuid::Uuid,
    pub amount: i64,
    pub refunded: i64,
    pub currency: &'a str,
    pub status: &'a str,
    pub description: Option<&'a str>,
    pub metadata: Option<postgres_types::Json<&'a serde_json::value::RawValue>>,
    pub created_at: time::OffsetDateTime,
    pub updated_at: time::OffsetDateTime,
}
impl<'a> From<PaymentBorrowed<'a>> for Payment {
    fn from(
        PaymentBorrowed {
            id,
            user_id,
            amount,
            refunded,
            currency,
            status,
            description,
            metadata,
            created_at,
            updated_at,
        }: PaymentBorrowed<'a>,
    ) -> Self {
        Self {
            id,
            user_id,
            amount,
            refunded,
            currency: currency.into(),
            status: status.into(),
            description: description.map(|v| v.into()),
            metadata: metadata.map(|v| serde_json::from_str(v.0.get()).unwrap()),
            created_at,
            updated_at,
        }
    }
}
#[derive(Debug, Clone, PartialEq)]
pub struct TransitionsOfPayment {
    pub to_status: String,
    pub cause: String,
    pub occurred_at: time::OffsetDateTime,
}
pub struct TransitionsOfPaymentBorrowed<'a> {
    pub to_status: &'a str,
    pub cause: &'a str,
    pub occurred_at: time::OffsetDateTime,
}
impl<'a> From<TransitionsOfPaymentBorrowed<'a>> for TransitionsOfPayment {
    fn from(
        TransitionsOfPaymentBorrowed {
            to_status,
            cause,
            occurred_at,
        }: TransitionsOfPaymentBorrowed<'a>,
    ) -> Self {
        Self { to_status: to_status.into(), cause: cause.into(), occurred_at }
    }
}
use crate::client::async_::GenericClient;
use futures_util::{self, StreamExt, TryStreamExt};
pub struct CreatePaymentQuery<'c, 'a, 's, C: GenericClient, T, const N: usize> {
    client: &'c C,
    params: [&'a (dyn postgres_types::ToSql + Sync); N],
    query: &'static str,
    cached: Option<&'s tokio_postgres::Statement>,
    extractor: fn(&tokio_postgres::Row) -> Result<CreatePaymentBorrowed, tokio_postgres::Error>,
    mapper: fn(CreatePaymentBorrowed) -> T,
}
impl<'c, 'a, 's, C, T: 'c, const N: usize> CreatePaymentQuery<'c, 'a, 's, C, T, N>
where
    C: GenericClient,
{
    pub fn map<R>(
        self,
        mapper: fn(CreatePaymentBorrowed) -> R,
    ) -> CreatePaymentQuery<'c, 'a, 's, C, R, N> {
        CreatePaymentQuery {
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
pub struct PaymentQuery<'c, 'a, 's, C: GenericClient, T, const N: usize> {
    client: &'c C,
    params: [&'a (dyn postgres_types::ToSql + Sync); N],
    query: &'static str,
    cached: Option<&'s tokio_postgres::Statement>,
    extractor: fn(&tokio_postgres::Row) -> Result<PaymentBorrowed, tokio_postgres::Error>,
    mapper: fn(PaymentBorrowed) -> T,
}
impl<'c, 'a, 's, C, T: 'c, const N: usize> PaymentQuery<'c, 'a, 's, C, T, N>
where
    C: GenericClient,
{
    pub fn map<R>(self, mapper: fn(PaymentBorrowed) -> R) -> PaymentQuery<'c, 'a, 's, C, R, N> {
        PaymentQuery {
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
pub struct TransitionsOfPaymentQuery<'c, 'a, 's, C: GenericClient, T, const N: usize> {
    client: &'c C,
    params: [&'a (dyn postgres_types::ToSql + Sync); N],
    query: &'static str,
    cached: Option<&'s tokio_postgres::Statement>,
    extractor:
        fn(&tokio_postgres::Row) -> Result<TransitionsOfPaymentBorrowed, tokio_postgres::Error>,
    mapper: fn(TransitionsOfPaymentBorrowed) -> T,
}
impl<'c, 'a, 's, C, T: 'c, const N: usize> TransitionsOfPaymentQuery<'c, 'a, 's, C, T, N>
where
    C: GenericClient,
{
    pub fn map<R>(
        self,
        mapper: fn(TransitionsOfPaymentBorrowed) -> R,
    ) -> TransitionsOfPaymentQuery<'c, 'a, 's, C, R, N> {
        TransitionsOfPaymentQuery {
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
pub struct CreatePaymentStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn create_payment() -> CreatePaymentStmt {
    CreatePaymentStmt(
        "WITH known AS ( SELECT k.fingerprint, k.status, k.body FROM idempotency_keys AS k WHERE k.user_id = $1 AND k.key = $2 AND k.created_at > $3 ), claim AS ( SELECT CASE WHEN $2::text IS NULL THEN true ELSE pg_try_advisory_xact_lock($4) END AS acquired WHERE NOT EXISTS (SELECT FROM known) ), stored AS ( INSERT INTO idempotency_keys (user_id, key, created_at, status, fingerprint, body) SELECT $1, $2, $5, 201, $6, $7 FROM claim WHERE claim.acquired AND $2::text IS NOT NULL ON CONFLICT (user_id, key) DO UPDATE SET created_at = excluded.created_at, status = excluded.status, fingerprint = excluded.fingerprint, body = excluded.body WHERE idempotency_keys.created_at <= $3 RETURNING 1 ), payment AS ( INSERT INTO payments ( id, user_id, amount, currency, status, description, metadata, created_at, updated_at ) SELECT $8, $1, $9, $10, 'pending', $11, $12, $5, $5 FROM claim WHERE claim.acquired AND ($2::text IS NULL OR EXISTS (SELECT FROM stored)) RETURNING id ), event AS ( INSERT INTO outbox (id, kind, subject, occurred_at, data, traceparent) SELECT $13, 'payment.created', $14, $5, $15, $16 FROM payment ) SELECT (SELECT claim.acquired FROM claim) AS acquired, EXISTS (SELECT FROM payment) AS created, known.fingerprint, known.status, known.body FROM (SELECT) AS always LEFT JOIN known ON true",
        None,
    )
}
impl CreatePaymentStmt {
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
        T2: crate::BytesSql,
        T3: crate::StringSql,
        T4: crate::StringSql,
        T5: crate::StringSql,
        T6: crate::JsonSql,
        T7: crate::StringSql,
        T8: crate::JsonSql,
        T9: crate::StringSql,
    >(
        &'s self,
        client: &'c C,
        user_id: &'a uuid::Uuid,
        key: &'a Option<T1>,
        expired_at: &'a time::OffsetDateTime,
        lock: &'a i64,
        now: &'a time::OffsetDateTime,
        fingerprint: &'a T2,
        body: &'a T3,
        id: &'a uuid::Uuid,
        amount: &'a i64,
        currency: &'a T4,
        description: &'a Option<T5>,
        metadata: &'a Option<T6>,
        event_id: &'a uuid::Uuid,
        reference: &'a T7,
        event: &'a T8,
        traceparent: &'a Option<T9>,
    ) -> CreatePaymentQuery<'c, 'a, 's, C, CreatePayment, 16> {
        CreatePaymentQuery {
            client,
            params: [
                user_id,
                key,
                expired_at,
                lock,
                now,
                fingerprint,
                body,
                id,
                amount,
                currency,
                description,
                metadata,
                event_id,
                reference,
                event,
                traceparent,
            ],
            query: self.0,
            cached: self.1.as_ref(),
            extractor:
                |row: &tokio_postgres::Row| -> Result<CreatePaymentBorrowed, tokio_postgres::Error> {
                    Ok(CreatePaymentBorrowed {
                        acquired: row.try_get(0)?,
                        created: row.try_get(1)?,
                        fingerprint: row.try_get(2)?,
                        status: row.try_get(3)?,
                        body: row.try_get(4)?,
                    })
                },
            mapper: |it| CreatePayment::from(it),
        }
    }
}
impl<
    'c,
    'a,
    's,
    C: GenericClient,
    T1: crate::StringSql,
    T2: crate::BytesSql,
    T3: crate::StringSql,
    T4: crate::StringSql,
    T5: crate::StringSql,
    T6: crate::JsonSql,
    T7: crate::StringSql,
    T8: crate::JsonSql,
    T9: crate::StringSql,
>
    crate::client::async_::Params<
        'c,
        'a,
        's,
        CreatePaymentParams<T1, T2, T3, T4, T5, T6, T7, T8, T9>,
        CreatePaymentQuery<'c, 'a, 's, C, CreatePayment, 16>,
        C,
    > for CreatePaymentStmt
{
    fn params(
        &'s self,
        client: &'c C,
        params: &'a CreatePaymentParams<T1, T2, T3, T4, T5, T6, T7, T8, T9>,
    ) -> CreatePaymentQuery<'c, 'a, 's, C, CreatePayment, 16> {
        self.bind(
            client,
            &params.user_id,
            &params.key,
            &params.expired_at,
            &params.lock,
            &params.now,
            &params.fingerprint,
            &params.body,
            &params.id,
            &params.amount,
            &params.currency,
            &params.description,
            &params.metadata,
            &params.event_id,
            &params.reference,
            &params.event,
            &params.traceparent,
        )
    }
}
pub struct PaymentByIdStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn payment_by_id() -> PaymentByIdStmt {
    PaymentByIdStmt(
        "SELECT id, user_id, amount, refunded, currency, status, description, metadata, created_at, updated_at FROM payments WHERE id = $1",
        None,
    )
}
impl PaymentByIdStmt {
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
    ) -> PaymentQuery<'c, 'a, 's, C, Payment, 1> {
        PaymentQuery {
            client,
            params: [id],
            query: self.0,
            cached: self.1.as_ref(),
            extractor:
                |row: &tokio_postgres::Row| -> Result<PaymentBorrowed, tokio_postgres::Error> {
                    Ok(PaymentBorrowed {
                        id: row.try_get(0)?,
                        user_id: row.try_get(1)?,
                        amount: row.try_get(2)?,
                        refunded: row.try_get(3)?,
                        currency: row.try_get(4)?,
                        status: row.try_get(5)?,
                        description: row.try_get(6)?,
                        metadata: row.try_get(7)?,
                        created_at: row.try_get(8)?,
                        updated_at: row.try_get(9)?,
                    })
                },
            mapper: |it| Payment::from(it),
        }
    }
}
pub struct LockPaymentStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn lock_payment() -> LockPaymentStmt {
    LockPaymentStmt(
        "SELECT id, user_id, amount, refunded, currency, status, description, metadata, created_at, updated_at FROM payments WHERE id = $1 FOR UPDATE",
        None,
    )
}
impl LockPaymentStmt {
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
    ) -> PaymentQuery<'c, 'a, 's, C, Payment, 1> {
        PaymentQuery {
            client,
            params: [id],
            query: self.0,
            cached: self.1.as_ref(),
            extractor:
                |row: &tokio_postgres::Row| -> Result<PaymentBorrowed, tokio_postgres::Error> {
                    Ok(PaymentBorrowed {
                        id: row.try_get(0)?,
                        user_id: row.try_get(1)?,
                        amount: row.try_get(2)?,
                        refunded: row.try_get(3)?,
                        currency: row.try_get(4)?,
                        status: row.try_get(5)?,
                        description: row.try_get(6)?,
                        metadata: row.try_get(7)?,
                        created_at: row.try_get(8)?,
                        updated_at: row.try_get(9)?,
                    })
                },
            mapper: |it| Payment::from(it),
        }
    }
}
pub struct UpdatePaymentStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn update_payment() -> UpdatePaymentStmt {
    UpdatePaymentStmt(
        "UPDATE payments SET status = $1, refunded = $2, updated_at = $3 WHERE id = $4",
        None,
    )
}
impl UpdatePaymentStmt {
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
        status: &'a T1,
        refunded: &'a i64,
        updated_at: &'a time::OffsetDateTime,
        id: &'a uuid::Uuid,
    ) -> Result<u64, tokio_postgres::Error> {
        client.execute(self.0, &[status, refunded, updated_at, id]).await
    }
}
impl<'a, C: GenericClient + Send + Sync, T1: crate::StringSql>
    crate::client::async_::Params<
        'a,
        'a,
        'a,
        UpdatePaymentParams<T1>,
        std::pin::Pin<
            Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
        >,
        C,
    > for UpdatePaymentStmt
{
    fn params(
        &'a self,
        client: &'a C,
        params: &'a UpdatePaymentParams<T1>,
    ) -> std::pin::Pin<
        Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
    > {
        Box::pin(self.bind(
            client,
            &params.status,
            &params.refunded,
            &params.updated_at,
            &params.id,
        ))
    }
}
pub struct PaymentsOfUserStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn payments_of_user() -> PaymentsOfUserStmt {
    PaymentsOfUserStmt(
        "SELECT id, user_id, amount, refunded, currency, status, description, metadata, created_at, updated_at FROM payments WHERE user_id = $1 AND ($2::text IS NULL OR status = $2) ORDER BY id DESC LIMIT $3 OFFSET $4",
        None,
    )
}
impl PaymentsOfUserStmt {
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
        status: &'a Option<T1>,
        limit: &'a i64,
        offset: &'a i64,
    ) -> PaymentQuery<'c, 'a, 's, C, Payment, 4> {
        PaymentQuery {
            client,
            params: [user_id, status, limit, offset],
            query: self.0,
            cached: self.1.as_ref(),
            extractor:
                |row: &tokio_postgres::Row| -> Result<PaymentBorrowed, tokio_postgres::Error> {
                    Ok(PaymentBorrowed {
                        id: row.try_get(0)?,
                        user_id: row.try_get(1)?,
                        amount: row.try_get(2)?,
                        refunded: row.try_get(3)?,
                        currency: row.try_get(4)?,
                        status: row.try_get(5)?,
                        description: row.try_get(6)?,
                        metadata: row.try_get(7)?,
                        created_at: row.try_get(8)?,
                        updated_at: row.try_get(9)?,
                    })
                },
            mapper: |it| Payment::from(it),
        }
    }
}
impl<'c, 'a, 's, C: GenericClient, T1: crate::StringSql>
    crate::client::async_::Params<
        'c,
        'a,
        's,
        PaymentsOfUserParams<T1>,
        PaymentQuery<'c, 'a, 's, C, Payment, 4>,
        C,
    > for PaymentsOfUserStmt
{
    fn params(
        &'s self,
        client: &'c C,
        params: &'a PaymentsOfUserParams<T1>,
    ) -> PaymentQuery<'c, 'a, 's, C, Payment, 4> {
        self.bind(client, &params.user_id, &params.status, &params.limit, &params.offset)
    }
}
pub struct CountPaymentsOfUserStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn count_payments_of_user() -> CountPaymentsOfUserStmt {
    CountPaymentsOfUserStmt(
        "SELECT count(*) FROM ( SELECT FROM payments WHERE user_id = $1 AND ($2::text IS NULL OR status = $2) LIMIT $3 ) AS counted",
        None,
    )
}
impl CountPaymentsOfUserStmt {
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
        status: &'a Option<T1>,
        ceiling: &'a i64,
    ) -> I64Query<'c, 'a, 's, C, i64, 3> {
        I64Query {
            client,
            params: [user_id, status, ceiling],
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
        CountPaymentsOfUserParams<T1>,
        I64Query<'c, 'a, 's, C, i64, 3>,
        C,
    > for CountPaymentsOfUserStmt
{
    fn params(
        &'s self,
        client: &'c C,
        params: &'a CountPaymentsOfUserParams<T1>,
    ) -> I64Query<'c, 'a, 's, C, i64, 3> {
        self.bind(client, &params.user_id, &params.status, &params.ceiling)
    }
}
pub struct PaymentsInStatusStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn payments_in_status() -> PaymentsInStatusStmt {
    PaymentsInStatusStmt(
        "SELECT id, user_id, amount, refunded, currency, status, description, metadata, created_at, updated_at FROM payments WHERE status = $1 ORDER BY id DESC LIMIT $2 OFFSET $3",
        None,
    )
}
impl PaymentsInStatusStmt {
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
        status: &'a T1,
        limit: &'a i64,
        offset: &'a i64,
    ) -> PaymentQuery<'c, 'a, 's, C, Payment, 3> {
        PaymentQuery {
            client,
            params: [status, limit, offset],
            query: self.0,
            cached: self.1.as_ref(),
            extractor:
                |row: &tokio_postgres::Row| -> Result<PaymentBorrowed, tokio_postgres::Error> {
                    Ok(PaymentBorrowed {
                        id: row.try_get(0)?,
                        user_id: row.try_get(1)?,
                        amount: row.try_get(2)?,
                        refunded: row.try_get(3)?,
                        currency: row.try_get(4)?,
                        status: row.try_get(5)?,
                        description: row.try_get(6)?,
                        metadata: row.try_get(7)?,
                        created_at: row.try_get(8)?,
                        updated_at: row.try_get(9)?,
                    })
                },
            mapper: |it| Payment::from(it),
        }
    }
}
impl<'c, 'a, 's, C: GenericClient, T1: crate::StringSql>
    crate::client::async_::Params<
        'c,
        'a,
        's,
        PaymentsInStatusParams<T1>,
        PaymentQuery<'c, 'a, 's, C, Payment, 3>,
        C,
    > for PaymentsInStatusStmt
{
    fn params(
        &'s self,
        client: &'c C,
        params: &'a PaymentsInStatusParams<T1>,
    ) -> PaymentQuery<'c, 'a, 's, C, Payment, 3> {
        self.bind(client, &params.status, &params.limit, &params.offset)
    }
}
pub struct CountPaymentsInStatusStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn count_payments_in_status() -> CountPaymentsInStatusStmt {
    CountPaymentsInStatusStmt(
        "SELECT count(*) FROM ( SELECT FROM payments WHERE status = $1 LIMIT $2 ) AS counted",
        None,
    )
}
impl CountPaymentsInStatusStmt {
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
        status: &'a T1,
        ceiling: &'a i64,
    ) -> I64Query<'c, 'a, 's, C, i64, 2> {
        I64Query {
            client,
            params: [status, ceiling],
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
        CountPaymentsInStatusParams<T1>,
        I64Query<'c, 'a, 's, C, i64, 2>,
        C,
    > for CountPaymentsInStatusStmt
{
    fn params(
        &'s self,
        client: &'c C,
        params: &'a CountPaymentsInStatusParams<T1>,
    ) -> I64Query<'c, 'a, 's, C, i64, 2> {
        self.bind(client, &params.status, &params.ceiling)
    }
}
pub struct AllPaymentsStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn all_payments() -> AllPaymentsStmt {
    AllPaymentsStmt(
        "SELECT id, user_id, amount, refunded, currency, status, description, metadata, created_at, updated_at FROM payments ORDER BY id DESC LIMIT $1 OFFSET $2",
        None,
    )
}
impl AllPaymentsStmt {
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
        offset: &'a i64,
    ) -> PaymentQuery<'c, 'a, 's, C, Payment, 2> {
        PaymentQuery {
            client,
            params: [limit, offset],
            query: self.0,
            cached: self.1.as_ref(),
            extractor:
                |row: &tokio_postgres::Row| -> Result<PaymentBorrowed, tokio_postgres::Error> {
                    Ok(PaymentBorrowed {
                        id: row.try_get(0)?,
                        user_id: row.try_get(1)?,
                        amount: row.try_get(2)?,
                        refunded: row.try_get(3)?,
                        currency: row.try_get(4)?,
                        status: row.try_get(5)?,
                        description: row.try_get(6)?,
                        metadata: row.try_get(7)?,
                        created_at: row.try_get(8)?,
                        updated_at: row.try_get(9)?,
                    })
                },
            mapper: |it| Payment::from(it),
        }
    }
}
impl<'c, 'a, 's, C: GenericClient>
    crate::client::async_::Params<
        'c,
        'a,
        's,
        AllPaymentsParams,
        PaymentQuery<'c, 'a, 's, C, Payment, 2>,
        C,
    > for AllPaymentsStmt
{
    fn params(
        &'s self,
        client: &'c C,
        params: &'a AllPaymentsParams,
    ) -> PaymentQuery<'c, 'a, 's, C, Payment, 2> {
        self.bind(client, &params.limit, &params.offset)
    }
}
pub struct CountAllPaymentsStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn count_all_payments() -> CountAllPaymentsStmt {
    CountAllPaymentsStmt("SELECT count(*) FROM (SELECT FROM payments LIMIT $1) AS counted", None)
}
impl CountAllPaymentsStmt {
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
    ) -> I64Query<'c, 'a, 's, C, i64, 1> {
        I64Query {
            client,
            params: [ceiling],
            query: self.0,
            cached: self.1.as_ref(),
            extractor: |row| Ok(row.try_get(0)?),
            mapper: |it| it,
        }
    }
}
pub struct InsertTransitionStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn insert_transition() -> InsertTransitionStmt {
    InsertTransitionStmt(
        "INSERT INTO payment_transitions (payment_id, from_status, to_status, cause, actor_id, occurred_at) VALUES ($1, $2, $3, $4, $5, $6)",
        None,
    )
}
impl InsertTransitionStmt {
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
        T3: crate::StringSql,
    >(
        &'s self,
        client: &'c C,
        payment_id: &'a uuid::Uuid,
        from_status: &'a T1,
        to_status: &'a T2,
        cause: &'a T3,
        actor_id: &'a Option<uuid::Uuid>,
        occurred_at: &'a time::OffsetDateTime,
    ) -> Result<u64, tokio_postgres::Error> {
        client
            .execute(self.0, &[payment_id, from_status, to_status, cause, actor_id, occurred_at])
            .await
    }
}
impl<
    'a,
    C: GenericClient + Send + Sync,
    T1: crate::StringSql,
    T2: crate::StringSql,
    T3: crate::StringSql,
>
    crate::client::async_::Params<
        'a,
        'a,
        'a,
        InsertTransitionParams<T1, T2, T3>,
        std::pin::Pin<
            Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
        >,
        C,
    > for InsertTransitionStmt
{
    fn params(
        &'a self,
        client: &'a C,
        params: &'a InsertTransitionParams<T1, T2, T3>,
    ) -> std::pin::Pin<
        Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
    > {
        Box::pin(self.bind(
            client,
            &params.payment_id,
            &params.from_status,
            &params.to_status,
            &params.cause,
            &params.actor_id,
            &params.occurred_at,
        ))
    }
}
pub struct TransitionsOfPaymentStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn transitions_of_payment() -> TransitionsOfPaymentStmt {
    TransitionsOfPaymentStmt(
        "SELECT to_status, cause, occurred_at FROM payment_transitions WHERE payment_id = $1 ORDER BY position",
        None,
    )
}
impl TransitionsOfPaymentStmt {
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
        payment_id: &'a uuid::Uuid,
    ) -> TransitionsOfPaymentQuery<'c, 'a, 's, C, TransitionsOfPayment, 1> {
        TransitionsOfPaymentQuery {
            client,
            params: [payment_id],
            query: self.0,
            cached: self.1.as_ref(),
            extractor: |
                row: &tokio_postgres::Row,
            | -> Result<TransitionsOfPaymentBorrowed, tokio_postgres::Error> {
                Ok(TransitionsOfPaymentBorrowed {
                    to_status: row.try_get(0)?,
                    cause: row.try_get(1)?,
                    occurred_at: row.try_get(2)?,
                })
            },
            mapper: |it| TransitionsOfPayment::from(it),
        }
    }
}
