// This file was generated with `clorinde`. Do not modify.

#[derive(Debug)]
pub struct AppendEventsParams<
    T1: crate::ArraySql<Item = uuid::Uuid>,
    T2: crate::StringSql,
    T3: crate::ArraySql<Item = T2>,
    T4: crate::StringSql,
    T5: crate::ArraySql<Item = T4>,
    T6: crate::ArraySql<Item = time::OffsetDateTime>,
    T7: crate::JsonSql,
    T8: crate::ArraySql<Item = T7>,
> {
    pub ids: T1,
    pub kinds: T3,
    pub subjects: T5,
    pub occurred_at: T6,
    pub data: T8,
}
use crate::client::async_::GenericClient;
use futures_util::{self, StreamExt, TryStreamExt};
pub struct AppendEventsStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn append_events() -> AppendEventsStmt {
    AppendEventsStmt(
        "INSERT INTO outbox (id, kind, subject, occurred_at, data) SELECT i.id, i.kind, i.subject, i.occurred_at, i.data FROM unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[], $5::jsonb[]) AS i (id, kind, subject, occurred_at, data)",
        None,
    )
}
impl AppendEventsStmt {
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
        T1: crate::ArraySql<Item = uuid::Uuid>,
        T2: crate::StringSql,
        T3: crate::ArraySql<Item = T2>,
        T4: crate::StringSql,
        T5: crate::ArraySql<Item = T4>,
        T6: crate::ArraySql<Item = time::OffsetDateTime>,
        T7: crate::JsonSql,
        T8: crate::ArraySql<Item = T7>,
    >(
        &'s self,
        client: &'c C,
        ids: &'a T1,
        kinds: &'a T3,
        subjects: &'a T5,
        occurred_at: &'a T6,
        data: &'a T8,
    ) -> Result<u64, tokio_postgres::Error> {
        client.execute(self.0, &[ids, kinds, subjects, occurred_at, data]).await
    }
}
impl<
    'a,
    C: GenericClient + Send + Sync,
    T1: crate::ArraySql<Item = uuid::Uuid>,
    T2: crate::StringSql,
    T3: crate::ArraySql<Item = T2>,
    T4: crate::StringSql,
    T5: crate::ArraySql<Item = T4>,
    T6: crate::ArraySql<Item = time::OffsetDateTime>,
    T7: crate::JsonSql,
    T8: crate::ArraySql<Item = T7>,
>
    crate::client::async_::Params<
        'a,
        'a,
        'a,
        AppendEventsParams<T1, T2, T3, T4, T5, T6, T7, T8>,
        std::pin::Pin<
            Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
        >,
        C,
    > for AppendEventsStmt
{
    fn params(
        &'a self,
        client: &'a C,
        params: &'a AppendEventsParams<T1, T2, T3, T4, T5, T6, T7, T8>,
    ) -> std::pin::Pin<
        Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
    > {
        Box::pin(self.bind(
            client,
            &params.ids,
            &params.kinds,
            &params.subjects,
            &params.occurred_at,
            &params.data,
        ))
    }
}
