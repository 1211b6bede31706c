// This file was generated with `clorinde`. Do not modify.

#[derive(Debug)]
pub struct InsertRefundParams<T1: crate::StringSql, T2: crate::StringSql> {
    pub id: uuid::Uuid,
    pub payment_id: uuid::Uuid,
    pub amount: i64,
    pub reason: Option<T1>,
    pub provider_refund_id: Option<T2>,
    pub actor_id: Option<uuid::Uuid>,
    pub created_at: time::OffsetDateTime,
}
#[derive(Clone, Copy, Debug)]
pub struct RefundsOfPaymentParams {
    pub payment_id: uuid::Uuid,
    pub limit: i64,
    pub offset: i64,
}
#[derive(Debug)]
pub struct InsertJournalTransactionParams<
    T1: crate::StringSql,
    T2: crate::StringSql,
    T3: crate::ArraySql<Item = T2>,
    T4: crate::ArraySql<Item = i64>,
> {
    pub id: uuid::Uuid,
    pub payment_id: uuid::Uuid,
    pub refund_id: Option<uuid::Uuid>,
    pub occurred_at: time::OffsetDateTime,
    pub currency: T1,
    pub accounts: T3,
    pub amounts: T4,
}
#[derive(Debug, Clone, PartialEq)]
pub struct RefundsOfPayment {
    pub id: uuid::Uuid,
    pub payment_id: uuid::Uuid,
    pub amount: i64,
    pub currency: String,
    pub reason: Option<String>,
    pub provider_refund_id: Option<String>,
    pub created_at: time::OffsetDateTime,
}
pub struct RefundsOfPaymentBorrowed<'a> {
    pub id: uuid::Uuid,
    pub payment_id: uuid::Uuid,
    pub amount: i64,
    pub currency: &'a str,
    pub reason: Option<&'a str>,
    pub provider_refund_id: Option<&'a str>,
    pub created_at: time::OffsetDateTime,
}
impl<'a> From<RefundsOfPaymentBorrowed<'a>> for RefundsOfPayment {
    fn from(
        RefundsOfPaymentBorrowed {
            id,
            payment_id,
            amount,
            currency,
            reason,
            provider_refund_id,
            created_at,
        }: RefundsOfPaymentBorrowed<'a>,
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
pub struct RefundsOfPaymentQuery<'c, 'a, 's, C: GenericClient, T, const N: usize> {
    client: &'c C,
    params: [&'a (dyn postgres_types::ToSql + Sync); N],
    query: &'static str,
    cached: Option<&'s tokio_postgres::Statement>,
    extractor: fn(&tokio_postgres::Row) -> Result<RefundsOfPaymentBorrowed, tokio_postgres::Error>,
    mapper: fn(RefundsOfPaymentBorrowed) -> T,
}
impl<'c, 'a, 's, C, T: 'c, const N: usize> RefundsOfPaymentQuery<'c, 'a, 's, C, T, N>
where
    C: GenericClient,
{
    pub fn map<R>(
        self,
        mapper: fn(RefundsOfPaymentBorrowed) -> R,
    ) -> RefundsOfPaymentQuery<'c, 'a, 's, C, R, N> {
        RefundsOfPaymentQuery {
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
pub struct InsertRefundStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn insert_refund() -> InsertRefundStmt {
    InsertRefundStmt(
        "INSERT INTO refunds (id, payment_id, amount, reason, provider_refund_id, actor_id, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        None,
    )
}
impl InsertRefundStmt {
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
        id: &'a uuid::Uuid,
        payment_id: &'a uuid::Uuid,
        amount: &'a i64,
        reason: &'a Option<T1>,
        provider_refund_id: &'a Option<T2>,
        actor_id: &'a Option<uuid::Uuid>,
        created_at: &'a time::OffsetDateTime,
    ) -> Result<u64, tokio_postgres::Error> {
        client
            .execute(
                self.0,
                &[id, payment_id, amount, reason, provider_refund_id, actor_id, created_at],
            )
            .await
    }
}
impl<'a, C: GenericClient + Send + Sync, T1: crate::StringSql, T2: crate::StringSql>
    crate::client::async_::Params<
        'a,
        'a,
        'a,
        InsertRefundParams<T1, T2>,
        std::pin::Pin<
            Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
        >,
        C,
    > for InsertRefundStmt
{
    fn params(
        &'a self,
        client: &'a C,
        params: &'a InsertRefundParams<T1, T2>,
    ) -> std::pin::Pin<
        Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
    > {
        Box::pin(self.bind(
            client,
            &params.id,
            &params.payment_id,
            &params.amount,
            &params.reason,
            &params.provider_refund_id,
            &params.actor_id,
            &params.created_at,
        ))
    }
}
pub struct RefundIsKnownStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn refund_is_known() -> RefundIsKnownStmt {
    RefundIsKnownStmt(
        "SELECT EXISTS (SELECT FROM refunds WHERE provider_refund_id = $1) AS known",
        None,
    )
}
impl RefundIsKnownStmt {
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
        provider_refund_id: &'a T1,
    ) -> BoolQuery<'c, 'a, 's, C, bool, 1> {
        BoolQuery {
            client,
            params: [provider_refund_id],
            query: self.0,
            cached: self.1.as_ref(),
            extractor: |row| Ok(row.try_get(0)?),
            mapper: |it| it,
        }
    }
}
pub struct RefundsOfPaymentStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn refunds_of_payment() -> RefundsOfPaymentStmt {
    RefundsOfPaymentStmt(
        "SELECT r.id, r.payment_id, r.amount, p.currency, r.reason, r.provider_refund_id, r.created_at FROM refunds AS r JOIN payments AS p ON p.id = r.payment_id WHERE r.payment_id = $1 ORDER BY r.id DESC LIMIT $2 OFFSET $3",
        None,
    )
}
impl RefundsOfPaymentStmt {
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
        limit: &'a i64,
        offset: &'a i64,
    ) -> RefundsOfPaymentQuery<'c, 'a, 's, C, RefundsOfPayment, 3> {
        RefundsOfPaymentQuery {
            client,
            params: [payment_id, limit, offset],
            query: self.0,
            cached: self.1.as_ref(),
            extractor: |
                row: &tokio_postgres::Row,
            | -> Result<RefundsOfPaymentBorrowed, tokio_postgres::Error> {
                Ok(RefundsOfPaymentBorrowed {
                    id: row.try_get(0)?,
                    payment_id: row.try_get(1)?,
                    amount: row.try_get(2)?,
                    currency: row.try_get(3)?,
                    reason: row.try_get(4)?,
                    provider_refund_id: row.try_get(5)?,
                    created_at: row.try_get(6)?,
                })
            },
            mapper: |it| RefundsOfPayment::from(it),
        }
    }
}
impl<'c, 'a, 's, C: GenericClient>
    crate::client::async_::Params<
        'c,
        'a,
        's,
        RefundsOfPaymentParams,
        RefundsOfPaymentQuery<'c, 'a, 's, C, RefundsOfPayment, 3>,
        C,
    > for RefundsOfPaymentStmt
{
    fn params(
        &'s self,
        client: &'c C,
        params: &'a RefundsOfPaymentParams,
    ) -> RefundsOfPaymentQuery<'c, 'a, 's, C, RefundsOfPayment, 3> {
        self.bind(client, &params.payment_id, &params.limit, &params.offset)
    }
}
pub struct CountRefundsOfPaymentStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn count_refunds_of_payment() -> CountRefundsOfPaymentStmt {
    CountRefundsOfPaymentStmt("SELECT count(*) FROM refunds WHERE payment_id = $1", None)
}
impl CountRefundsOfPaymentStmt {
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
    ) -> I64Query<'c, 'a, 's, C, i64, 1> {
        I64Query {
            client,
            params: [payment_id],
            query: self.0,
            cached: self.1.as_ref(),
            extractor: |row| Ok(row.try_get(0)?),
            mapper: |it| it,
        }
    }
}
pub struct InsertJournalTransactionStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn insert_journal_transaction() -> InsertJournalTransactionStmt {
    InsertJournalTransactionStmt(
        "WITH journal AS ( INSERT INTO ledger_transactions (id, payment_id, refund_id, occurred_at) VALUES ($1, $2, $3, $4) ) INSERT INTO ledger_entries (transaction_id, position, account, amount, currency) SELECT $1, entry.position::smallint, entry.account, entry.amount, $5 FROM unnest($6::text[], $7::bigint[]) WITH ORDINALITY AS entry (account, amount, position)",
        None,
    )
}
impl InsertJournalTransactionStmt {
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
        T3: crate::ArraySql<Item = T2>,
        T4: crate::ArraySql<Item = i64>,
    >(
        &'s self,
        client: &'c C,
        id: &'a uuid::Uuid,
        payment_id: &'a uuid::Uuid,
        refund_id: &'a Option<uuid::Uuid>,
        occurred_at: &'a time::OffsetDateTime,
        currency: &'a T1,
        accounts: &'a T3,
        amounts: &'a T4,
    ) -> Result<u64, tokio_postgres::Error> {
        client
            .execute(self.0, &[id, payment_id, refund_id, occurred_at, currency, accounts, amounts])
            .await
    }
}
impl<
    'a,
    C: GenericClient + Send + Sync,
    T1: crate::StringSql,
    T2: crate::StringSql,
    T3: crate::ArraySql<Item = T2>,
    T4: crate::ArraySql<Item = i64>,
>
    crate::client::async_::Params<
        'a,
        'a,
        'a,
        InsertJournalTransactionParams<T1, T2, T3, T4>,
        std::pin::Pin<
            Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
        >,
        C,
    > for InsertJournalTransactionStmt
{
    fn params(
        &'a self,
        client: &'a C,
        params: &'a InsertJournalTransactionParams<T1, T2, T3, T4>,
    ) -> std::pin::Pin<
        Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
    > {
        Box::pin(self.bind(
            client,
            &params.id,
            &params.payment_id,
            &params.refund_id,
            &params.occurred_at,
            &params.currency,
            &params.accounts,
            &params.amounts,
        ))
    }
}
