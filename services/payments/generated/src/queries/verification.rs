// This file was generated with `clorinde`. Do not modify.

#[derive(Debug, Clone, PartialEq)]
pub struct PaymentFacts {
    pub payment_id: uuid::Uuid,
    pub id: Option<uuid::Uuid>,
    pub amount: Option<i64>,
    pub refunded: Option<i64>,
    pub status: Option<String>,
    pub captures: i64,
    pub entries: i64,
    pub net: String,
    pub clearing: String,
    pub balance: String,
    pub refunds: String,
    pub foreign_entries: i64,
    pub returned: String,
    pub last_transition: Option<String>,
}
pub struct PaymentFactsBorrowed<'a> {
    pub payment_id: uuid::Uuid,
    pub id: Option<uuid::Uuid>,
    pub amount: Option<i64>,
    pub refunded: Option<i64>,
    pub status: Option<&'a str>,
    pub captures: i64,
    pub entries: i64,
    pub net: &'a str,
    pub clearing: &'a str,
    pub balance: &'a str,
    pub refunds: &'a str,
    pub foreign_entries: i64,
    pub returned: &'a str,
    pub last_transition: Option<&'a str>,
}
impl<'a> From<PaymentFactsBorrowed<'a>> for PaymentFacts {
    fn from(
        PaymentFactsBorrowed {
            payment_id,
            id,
            amount,
            refunded,
            status,
            captures,
            entries,
            net,
            clearing,
            balance,
            refunds,
            foreign_entries,
            returned,
            last_transition,
        }: PaymentFactsBorrowed<'a>,
    ) -> Self {
        Self {
            payment_id,
            id,
            amount,
            refunded,
            status: status.map(|v| v.into()),
            captures,
            entries,
            net: net.into(),
            clearing: clearing.into(),
            balance: balance.into(),
            refunds: refunds.into(),
            foreign_entries,
            returned: returned.into(),
            last_transition: last_transition.map(|v| v.into()),
        }
    }
}
#[derive(Debug, Clone, PartialEq)]
pub struct UnbalancedTransactions {
    pub transaction_id: uuid::Uuid,
    pub payment_id: Option<uuid::Uuid>,
    pub sum: String,
}
pub struct UnbalancedTransactionsBorrowed<'a> {
    pub transaction_id: uuid::Uuid,
    pub payment_id: Option<uuid::Uuid>,
    pub sum: &'a str,
}
impl<'a> From<UnbalancedTransactionsBorrowed<'a>> for UnbalancedTransactions {
    fn from(
        UnbalancedTransactionsBorrowed {
            transaction_id,
            payment_id,
            sum,
        }: UnbalancedTransactionsBorrowed<'a>,
    ) -> Self {
        Self { transaction_id, payment_id, sum: sum.into() }
    }
}
#[derive(Debug, Clone, PartialEq)]
pub struct GlobalSums {
    pub currency: String,
    pub sum: String,
}
pub struct GlobalSumsBorrowed<'a> {
    pub currency: &'a str,
    pub sum: &'a str,
}
impl<'a> From<GlobalSumsBorrowed<'a>> for GlobalSums {
    fn from(GlobalSumsBorrowed { currency, sum }: GlobalSumsBorrowed<'a>) -> Self {
        Self { currency: currency.into(), sum: sum.into() }
    }
}
use crate::client::async_::GenericClient;
use futures_util::{self, StreamExt, TryStreamExt};
pub struct PaymentFactsQuery<'c, 'a, 's, C: GenericClient, T, const N: usize> {
    client: &'c C,
    params: [&'a (dyn postgres_types::ToSql + Sync); N],
    query: &'static str,
    cached: Option<&'s tokio_postgres::Statement>,
    extractor: fn(&tokio_postgres::Row) -> Result<PaymentFactsBorrowed, tokio_postgres::Error>,
    mapper: fn(PaymentFactsBorrowed) -> T,
}
impl<'c, 'a, 's, C, T: 'c, const N: usize> PaymentFactsQuery<'c, 'a, 's, C, T, N>
where
    C: GenericClient,
{
    pub fn map<R>(
        self,
        mapper: fn(PaymentFactsBorrowed) -> R,
    ) -> PaymentFactsQuery<'c, 'a, 's, C, R, N> {
        PaymentFactsQuery {
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
pub struct UnbalancedTransactionsQuery<'c, 'a, 's, C: GenericClient, T, const N: usize> {
    client: &'c C,
    params: [&'a (dyn postgres_types::ToSql + Sync); N],
    query: &'static str,
    cached: Option<&'s tokio_postgres::Statement>,
    extractor:
        fn(&tokio_postgres::Row) -> Result<UnbalancedTransactionsBorrowed, tokio_postgres::Error>,
    mapper: fn(UnbalancedTransactionsBorrowed) -> T,
}
impl<'c, 'a, 's, C, T: 'c, const N: usize> UnbalancedTransactionsQuery<'c, 'a, 's, C, T, N>
where
    C: GenericClient,
{
    pub fn map<R>(
        self,
        mapper: fn(UnbalancedTransactionsBorrowed) -> R,
    ) -> UnbalancedTransactionsQuery<'c, 'a, 's, C, R, N> {
        UnbalancedTransactionsQuery {
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
pub struct GlobalSumsQuery<'c, 'a, 's, C: GenericClient, T, const N: usize> {
    client: &'c C,
    params: [&'a (dyn postgres_types::ToSql + Sync); N],
    query: &'static str,
    cached: Option<&'s tokio_postgres::Statement>,
    extractor: fn(&tokio_postgres::Row) -> Result<GlobalSumsBorrowed, tokio_postgres::Error>,
    mapper: fn(GlobalSumsBorrowed) -> T,
}
impl<'c, 'a, 's, C, T: 'c, const N: usize> GlobalSumsQuery<'c, 'a, 's, C, T, N>
where
    C: GenericClient,
{
    pub fn map<R>(
        self,
        mapper: fn(GlobalSumsBorrowed) -> R,
    ) -> GlobalSumsQuery<'c, 'a, 's, C, R, N> {
        GlobalSumsQuery {
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
pub struct PaymentFactsStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn payment_facts() -> PaymentFactsStmt {
    PaymentFactsStmt(
        "WITH journal AS ( SELECT t.payment_id, count(DISTINCT t.id) FILTER (WHERE t.refund_id IS NULL) AS captures, count(e.position) AS entries, coalesce(sum(e.amount), 0) AS net, coalesce(sum(e.amount) FILTER (WHERE e.account LIKE 'provider:%:clearing'), 0) AS clearing, coalesce(sum(e.amount) FILTER (WHERE e.account = 'user:' || p.user_id || ':balance'), 0) AS balance, coalesce(sum(e.amount) FILTER (WHERE e.account = 'user:' || p.user_id || ':refunds'), 0) AS refunds, count(*) FILTER (WHERE e.currency <> p.currency) AS foreign_entries FROM ledger_transactions AS t LEFT JOIN ledger_entries AS e ON e.transaction_id = t.id LEFT JOIN payments AS p ON p.id = t.payment_id GROUP BY t.payment_id ), returned AS ( SELECT payment_id, sum(amount) AS total FROM refunds GROUP BY payment_id ), history AS ( SELECT DISTINCT ON (payment_id) payment_id, to_status FROM payment_transitions ORDER BY payment_id, position DESC ) SELECT coalesce(p.id, j.payment_id, r.payment_id, h.payment_id) AS payment_id, p.id, p.amount, p.refunded, p.status, coalesce(j.captures, 0) AS captures, coalesce(j.entries, 0) AS entries, coalesce(j.net, 0)::text AS net, coalesce(j.clearing, 0)::text AS clearing, coalesce(j.balance, 0)::text AS balance, coalesce(j.refunds, 0)::text AS refunds, coalesce(j.foreign_entries, 0) AS foreign_entries, coalesce(r.total, 0)::text AS returned, h.to_status AS last_transition FROM payments AS p FULL JOIN journal AS j ON j.payment_id = p.id FULL JOIN returned AS r ON r.payment_id = coalesce(p.id, j.payment_id) FULL JOIN history AS h ON h.payment_id = coalesce(p.id, j.payment_id, r.payment_id)",
        None,
    )
}
impl PaymentFactsStmt {
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
    ) -> PaymentFactsQuery<'c, 'a, 's, C, PaymentFacts, 0> {
        PaymentFactsQuery {
            client,
            params: [],
            query: self.0,
            cached: self.1.as_ref(),
            extractor:
                |row: &tokio_postgres::Row| -> Result<PaymentFactsBorrowed, tokio_postgres::Error> {
                    Ok(PaymentFactsBorrowed {
                        payment_id: row.try_get(0)?,
                        id: row.try_get(1)?,
                        amount: row.try_get(2)?,
                        refunded: row.try_get(3)?,
                        status: row.try_get(4)?,
                        captures: row.try_get(5)?,
                        entries: row.try_get(6)?,
                        net: row.try_get(7)?,
                        clearing: row.try_get(8)?,
                        balance: row.try_get(9)?,
                        refunds: row.try_get(10)?,
                        foreign_entries: row.try_get(11)?,
                        returned: row.try_get(12)?,
                        last_transition: row.try_get(13)?,
                    })
                },
            mapper: |it| PaymentFacts::from(it),
        }
    }
}
pub struct UnbalancedTransactionsStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn unbalanced_transactions() -> UnbalancedTransactionsStmt {
    UnbalancedTransactionsStmt(
        "SELECT e.transaction_id, t.payment_id, sum(e.amount)::text AS sum FROM ledger_entries AS e LEFT JOIN ledger_transactions AS t ON t.id = e.transaction_id GROUP BY e.transaction_id, t.payment_id, e.currency HAVING sum(e.amount) <> 0 OR t.payment_id IS NULL",
        None,
    )
}
impl UnbalancedTransactionsStmt {
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
    ) -> UnbalancedTransactionsQuery<'c, 'a, 's, C, UnbalancedTransactions, 0> {
        UnbalancedTransactionsQuery {
            client,
            params: [],
            query: self.0,
            cached: self.1.as_ref(),
            extractor: |
                row: &tokio_postgres::Row,
            | -> Result<UnbalancedTransactionsBorrowed, tokio_postgres::Error> {
                Ok(UnbalancedTransactionsBorrowed {
                    transaction_id: row.try_get(0)?,
                    payment_id: row.try_get(1)?,
                    sum: row.try_get(2)?,
                })
            },
            mapper: |it| UnbalancedTransactions::from(it),
        }
    }
}
pub struct GlobalSumsStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn global_sums() -> GlobalSumsStmt {
    GlobalSumsStmt(
        "SELECT currency, sum(amount)::text AS sum FROM ledger_entries GROUP BY currency HAVING sum(amount) <> 0",
        None,
    )
}
impl GlobalSumsStmt {
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
    ) -> GlobalSumsQuery<'c, 'a, 's, C, GlobalSums, 0> {
        GlobalSumsQuery {
            client,
            params: [],
            query: self.0,
            cached: self.1.as_ref(),
            extractor:
                |row: &tokio_postgres::Row| -> Result<GlobalSumsBorrowed, tokio_postgres::Error> {
                    Ok(GlobalSumsBorrowed { currency: row.try_get(0)?, sum: row.try_get(1)? })
                },
            mapper: |it| GlobalSums::from(it),
        }
    }
}
