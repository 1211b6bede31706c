// This file was generated with `clorinde`. Do not modify.

#[derive(Clone, Copy, Debug)]
pub struct PersonalPaymentsParams {
    pub user_id: uuid::Uuid,
    pub most: i64,
}
#[derive(Clone, Copy, Debug)]
pub struct DisownEntriesParams {
    pub successor: uuid::Uuid,
    pub user_id: uuid::Uuid,
}
#[derive(Clone, Copy, Debug)]
pub struct DisownRefundsParams {
    pub successor: uuid::Uuid,
    pub user_id: uuid::Uuid,
}
#[derive(Clone, Copy, Debug)]
pub struct DisownTransitionsParams {
    pub successor: uuid::Uuid,
    pub user_id: uuid::Uuid,
}
#[derive(Clone, Copy, Debug)]
pub struct DisownPaymentsParams {
    pub successor: uuid::Uuid,
    pub user_id: uuid::Uuid,
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
pub struct PersonalTransitions {
    pub payment_id: uuid::Uuid,
    pub to_status: String,
    pub cause: String,
    pub occurred_at: time::OffsetDateTime,
}
pub struct PersonalTransitionsBorrowed<'a> {
    pub payment_id: uuid::Uuid,
    pub to_status: &'a str,
    pub cause: &'a str,
    pub occurred_at: time::OffsetDateTime,
}
impl<'a> From<PersonalTransitionsBorrowed<'a>> for PersonalTransitions {
    fn from(
        PersonalTransitionsBorrowed {
            payment_id,
            to_status,
            cause,
            occurred_at,
        }: PersonalTransitionsBorrowed<'a>,
    ) -> Self {
        Self { payment_id, to_status: to_status.into(), cause: cause.into(), occurred_at }
    }
}
#[derive(Debug, Clone, PartialEq)]
pub struct PersonalRefunds {
    pub id: uuid::Uuid,
    pub payment_id: uuid::Uuid,
    pub amount: i64,
    pub currency: String,
    pub reason: Option<String>,
    pub provider_refund_id: Option<String>,
    pub created_at: time::OffsetDateTime,
}
pub struct PersonalRefundsBorrowed<'a> {
    pub id: uuid::Uuid,
    pub payment_id: uuid::Uuid,
    pub amount: i64,
    pub currency: &'a str,
    pub reason: Option<&'a str>,
    pub provider_refund_id: Option<&'a str>,
    pub created_at: time::OffsetDateTime,
}
impl<'a> From<PersonalRefundsBorrowed<'a>> for PersonalRefunds {
    fn from(
        PersonalRefundsBorrowed {
            id,
            payment_id,
            amount,
            currency,
            reason,
            provider_refund_id,
            created_at,
        }: PersonalRefundsBorrowed<'a>,
    ) -> Self {
        Self {
            id,
            payment_id,
            amount,
            currency: currency.into(),
            reason: reason.map(|v| v.into()),
            provider_refund_id: provider_refund_id.map(|v| v.into()),
            created_at,
        }
    }
}
#[derive(Debug, Clone, PartialEq)]
pub struct PersonalKeys {
    pub key: String,
    pub created_at: time::OffsetDateTime,
}
pub struct PersonalKeysBorrowed<'a> {
    pub key: &'a str,
    pub created_at: time::OffsetDateTime,
}
impl<'a> From<PersonalKeysBorrowed<'a>> for PersonalKeys {
    fn from(PersonalKeysBorrowed { key, created_at }: PersonalKeysBorrowed<'a>) -> Self {
        Self { key: key.into(), created_at }
    }
}
use crate::client::async_::GenericClient;
use futures_util::{self, StreamExt, TryStreamExt};
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
pub struct PersonalTransitionsQuery<'c, 'a, 's, C: GenericClient, T, const N: usize> {
    client: &'c C,
    params: [&'a (dyn postgres_types::ToSql + Sync); N],
    query: &'static str,
    cached: Option<&'s tokio_postgres::Statement>,
    extractor:
        fn(&tokio_postgres::Row) -> Result<PersonalTransitionsBorrowed, tokio_postgres::Error>,
    mapper: fn(PersonalTransitionsBorrowed) -> T,
}
impl<'c, 'a, 's, C, T: 'c, const N: usize> PersonalTransitionsQuery<'c, 'a, 's, C, T, N>
where
    C: GenericClient,
{
    pub fn map<R>(
        self,
        mapper: fn(PersonalTransitionsBorrowed) -> R,
    ) -> PersonalTransitionsQuery<'c, 'a, 's, C, R, N> {
        PersonalTransitionsQuery {
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
pub struct PersonalRefundsQuery<'c, 'a, 's, C: GenericClient, T, const N: usize> {
    client: &'c C,
    params: [&'a (dyn postgres_types::ToSql + Sync); N],
    query: &'static str,
    cached: Option<&'s tokio_postgres::Statement>,
    extractor: fn(&tokio_postgres::Row) -> Result<PersonalRefundsBorrowed, tokio_postgres::Error>,
    mapper: fn(PersonalRefundsBorrowed) -> T,
}
impl<'c, 'a, 's, C, T: 'c, const N: usize> PersonalRefundsQuery<'c, 'a, 's, C, T, N>
where
    C: GenericClient,
{
    pub fn map<R>(
        self,
        mapper: fn(PersonalRefundsBorrowed) -> R,
    ) -> PersonalRefundsQuery<'c, 'a, 's, C, R, N> {
        PersonalRefundsQuery {
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
pub struct PersonalKeysQuery<'c, 'a, 's, C: GenericClient, T, const N: usize> {
    client: &'c C,
    params: [&'a (dyn postgres_types::ToSql + Sync); N],
    query: &'static str,
    cached: Option<&'s tokio_postgres::Statement>,
    extractor: fn(&tokio_postgres::Row) -> Result<PersonalKeysBorrowed, tokio_postgres::Error>,
    mapper: fn(PersonalKeysBorrowed) -> T,
}
impl<'c, 'a, 's, C, T: 'c, const N: usize> PersonalKeysQuery<'c, 'a, 's, C, T, N>
where
    C: GenericClient,
{
    pub fn map<R>(
        self,
        mapper: fn(PersonalKeysBorrowed) -> R,
    ) -> PersonalKeysQuery<'c, 'a, 's, C, R, N> {
        PersonalKeysQuery {
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
pub struct StringQuery<'c, 'a, 's, C: GenericClient, T, const N: usize> {
    client: &'c C,
    params: [&'a (dyn postgres_types::ToSql + Sync); N],
    query: &'static str,
    cached: Option<&'s tokio_postgres::Statement>,
    extractor: fn(&tokio_postgres::Row) -> Result<&str, tokio_postgres::Error>,
    mapper: fn(&str) -> T,
}
impl<'c, 'a, 's, C, T: 'c, const N: usize> StringQuery<'c, 'a, 's, C, T, N>
where
    C: GenericClient,
{
    pub fn map<R>(self, mapper: fn(&str) -> R) -> StringQuery<'c, 'a, 's, C, R, N> {
        StringQuery {
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
pub struct PersonalPaymentsStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn personal_payments() -> PersonalPaymentsStmt {
    PersonalPaymentsStmt(
        "SELECT id, user_id, amount, refunded, currency, status, description, metadata, created_at, updated_at FROM payments WHERE user_id = $1 ORDER BY id DESC LIMIT $2",
        None,
    )
}
impl PersonalPaymentsStmt {
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
        most: &'a i64,
    ) -> PaymentQuery<'c, 'a, 's, C, Payment, 2> {
        PaymentQuery {
            client,
            params: [user_id, most],
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
        PersonalPaymentsParams,
        PaymentQuery<'c, 'a, 's, C, Payment, 2>,
        C,
    > for PersonalPaymentsStmt
{
    fn params(
        &'s self,
        client: &'c C,
        params: &'a PersonalPaymentsParams,
    ) -> PaymentQuery<'c, 'a, 's, C, Payment, 2> {
        self.bind(client, &params.user_id, &params.most)
    }
}
pub struct PersonalTransitionsStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn personal_transitions() -> PersonalTransitionsStmt {
    PersonalTransitionsStmt(
        "SELECT t.payment_id, t.to_status, t.cause, t.occurred_at FROM payments AS p JOIN payment_transitions AS t ON t.payment_id = p.id WHERE p.user_id = $1 ORDER BY t.payment_id, t.position",
        None,
    )
}
impl PersonalTransitionsStmt {
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
    ) -> PersonalTransitionsQuery<'c, 'a, 's, C, PersonalTransitions, 1> {
        PersonalTransitionsQuery {
            client,
            params: [user_id],
            query: self.0,
            cached: self.1.as_ref(),
            extractor: |
                row: &tokio_postgres::Row,
            | -> Result<PersonalTransitionsBorrowed, tokio_postgres::Error> {
                Ok(PersonalTransitionsBorrowed {
                    payment_id: row.try_get(0)?,
                    to_status: row.try_get(1)?,
                    cause: row.try_get(2)?,
                    occurred_at: row.try_get(3)?,
                })
            },
            mapper: |it| PersonalTransitions::from(it),
        }
    }
}
pub struct PersonalRefundsStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn personal_refunds() -> PersonalRefundsStmt {
    PersonalRefundsStmt(
        "SELECT r.id, r.payment_id, r.amount, p.currency, r.reason, r.provider_refund_id, r.created_at FROM payments AS p JOIN refunds AS r ON r.payment_id = p.id WHERE p.user_id = $1 ORDER BY r.payment_id, r.id",
        None,
    )
}
impl PersonalRefundsStmt {
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
    ) -> PersonalRefundsQuery<'c, 'a, 's, C, PersonalRefunds, 1> {
        PersonalRefundsQuery {
            client,
            params: [user_id],
            query: self.0,
            cached: self.1.as_ref(),
            extractor: |
                row: &tokio_postgres::Row,
            | -> Result<PersonalRefundsBorrowed, tokio_postgres::Error> {
                Ok(PersonalRefundsBorrowed {
                    id: row.try_get(0)?,
                    payment_id: row.try_get(1)?,
                    amount: row.try_get(2)?,
                    currency: row.try_get(3)?,
                    reason: row.try_get(4)?,
                    provider_refund_id: row.try_get(5)?,
                    created_at: row.try_get(6)?,
                })
            },
            mapper: |it| PersonalRefunds::from(it),
        }
    }
}
pub struct PersonalKeysStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn personal_keys() -> PersonalKeysStmt {
    PersonalKeysStmt(
        "SELECT key, created_at FROM idempotency_keys WHERE user_id = $1 ORDER BY created_at, key",
        None,
    )
}
impl PersonalKeysStmt {
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
    ) -> PersonalKeysQuery<'c, 'a, 's, C, PersonalKeys, 1> {
        PersonalKeysQuery {
            client,
            params: [user_id],
            query: self.0,
            cached: self.1.as_ref(),
            extractor:
                |row: &tokio_postgres::Row| -> Result<PersonalKeysBorrowed, tokio_postgres::Error> {
                    Ok(PersonalKeysBorrowed { key: row.try_get(0)?, created_at: row.try_get(1)? })
                },
            mapper: |it| PersonalKeys::from(it),
        }
    }
}
pub struct TakeTimeStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn take_time() -> TakeTimeStmt {
    TakeTimeStmt("SELECT set_config('statement_timeout', '0', true) AS set", None)
}
impl TakeTimeStmt {
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
    ) -> StringQuery<'c, 'a, 's, C, String, 0> {
        StringQuery {
            client,
            params: [],
            query: self.0,
            cached: self.1.as_ref(),
            extractor: |row| Ok(row.try_get(0)?),
            mapper: |it| it.into(),
        }
    }
}
pub struct LockPaymentsOfStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn lock_payments_of() -> LockPaymentsOfStmt {
    LockPaymentsOfStmt("SELECT id FROM payments WHERE user_id = $1 ORDER BY id FOR UPDATE", None)
}
impl LockPaymentsOfStmt {
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
    ) -> UuidUuidQuery<'c, 'a, 's, C, uuid::Uuid, 1> {
        UuidUuidQuery {
            client,
            params: [user_id],
            query: self.0,
            cached: self.1.as_ref(),
            extractor: |row| Ok(row.try_get(0)?),
            mapper: |it| it,
        }
    }
}
pub struct DisownEntriesStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn disown_entries() -> DisownEntriesStmt {
    DisownEntriesStmt(
        "UPDATE ledger_entries AS e SET account = 'user:' || $1::uuid || substr(e.account, length('user:' || $2::uuid) + 1) WHERE e.transaction_id IN ( SELECT t.id FROM payments AS p JOIN ledger_transactions AS t ON t.payment_id = p.id AND t.refund_id IS NULL WHERE p.user_id = $2 UNION ALL SELECT t.id FROM payments AS p JOIN refunds AS r ON r.payment_id = p.id JOIN ledger_transactions AS t ON t.refund_id = r.id WHERE p.user_id = $2 ) AND starts_with(e.account, 'user:' || $2::uuid || ':')",
        None,
    )
}
impl DisownEntriesStmt {
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
        successor: &'a uuid::Uuid,
        user_id: &'a uuid::Uuid,
    ) -> Result<u64, tokio_postgres::Error> {
        client.execute(self.0, &[successor, user_id]).await
    }
}
impl<'a, C: GenericClient + Send + Sync>
    crate::client::async_::Params<
        'a,
        'a,
        'a,
        DisownEntriesParams,
        std::pin::Pin<
            Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
        >,
        C,
    > for DisownEntriesStmt
{
    fn params(
        &'a self,
        client: &'a C,
        params: &'a DisownEntriesParams,
    ) -> std::pin::Pin<
        Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
    > {
        Box::pin(self.bind(client, &params.successor, &params.user_id))
    }
}
pub struct SilenceRefundsStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn silence_refunds() -> SilenceRefundsStmt {
    SilenceRefundsStmt(
        "UPDATE refunds SET reason = NULL WHERE reason IS NOT NULL AND payment_id IN (SELECT id FROM payments WHERE user_id = $1)",
        None,
    )
}
impl SilenceRefundsStmt {
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
pub struct DisownRefundsStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn disown_refunds() -> DisownRefundsStmt {
    DisownRefundsStmt("UPDATE refunds SET actor_id = $1 WHERE actor_id = $2", None)
}
impl DisownRefundsStmt {
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
        successor: &'a uuid::Uuid,
        user_id: &'a uuid::Uuid,
    ) -> Result<u64, tokio_postgres::Error> {
        client.execute(self.0, &[successor, user_id]).await
    }
}
impl<'a, C: GenericClient + Send + Sync>
    crate::client::async_::Params<
        'a,
        'a,
        'a,
        DisownRefundsParams,
        std::pin::Pin<
            Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
        >,
        C,
    > for DisownRefundsStmt
{
    fn params(
        &'a self,
        client: &'a C,
        params: &'a DisownRefundsParams,
    ) -> std::pin::Pin<
        Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
    > {
        Box::pin(self.bind(client, &params.successor, &params.user_id))
    }
}
pub struct DisownTransitionsStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn disown_transitions() -> DisownTransitionsStmt {
    DisownTransitionsStmt("UPDATE payment_transitions SET actor_id = $1 WHERE actor_id = $2", None)
}
impl DisownTransitionsStmt {
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
        successor: &'a uuid::Uuid,
        user_id: &'a uuid::Uuid,
    ) -> Result<u64, tokio_postgres::Error> {
        client.execute(self.0, &[successor, user_id]).await
    }
}
impl<'a, C: GenericClient + Send + Sync>
    crate::client::async_::Params<
        'a,
        'a,
        'a,
        DisownTransitionsParams,
        std::pin::Pin<
            Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
        >,
        C,
    > for DisownTransitionsStmt
{
    fn params(
        &'a self,
        client: &'a C,
        params: &'a DisownTransitionsParams,
    ) -> std::pin::Pin<
        Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
    > {
        Box::pin(self.bind(client, &params.successor, &params.user_id))
    }
}
pub struct SilenceEventsStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn silence_events() -> SilenceEventsStmt {
    SilenceEventsStmt(
        "UPDATE provider_events SET payload = '' WHERE payload <> '' AND outcome NOT IN ('received', 'unmatched') AND payment_id IN (SELECT id FROM payments WHERE user_id = $1)",
        None,
    )
}
impl SilenceEventsStmt {
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
pub struct ForgetKeysStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn forget_keys() -> ForgetKeysStmt {
    ForgetKeysStmt("DELETE FROM idempotency_keys WHERE user_id = $1", None)
}
impl ForgetKeysStmt {
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
pub struct DisownPaymentsStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn disown_payments() -> DisownPaymentsStmt {
    DisownPaymentsStmt(
        "UPDATE payments SET user_id = $1, description = NULL, metadata = NULL WHERE user_id = $2",
        None,
    )
}
impl DisownPaymentsStmt {
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
        successor: &'a uuid::Uuid,
        user_id: &'a uuid::Uuid,
    ) -> Result<u64, tokio_postgres::Error> {
        client.execute(self.0, &[successor, user_id]).await
    }
}
impl<'a, C: GenericClient + Send + Sync>
    crate::client::async_::Params<
        'a,
        'a,
        'a,
        DisownPaymentsParams,
        std::pin::Pin<
            Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
        >,
        C,
    > for DisownPaymentsStmt
{
    fn params(
        &'a self,
        client: &'a C,
        params: &'a DisownPaymentsParams,
    ) -> std::pin::Pin<
        Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
    > {
        Box::pin(self.bind(client, &params.successor, &params.user_id))
    }
}
