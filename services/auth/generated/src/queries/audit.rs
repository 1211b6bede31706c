// This file was generated with `clorinde`. Do not modify.

#[derive(Debug)]
pub struct InsertAuditRecordParams<
    T1: crate::StringSql,
    T2: crate::StringSql,
    T3: crate::StringSql,
    T4: crate::JsonSql,
> {
    pub id: uuid::Uuid,
    pub occurred_at: time::OffsetDateTime,
    pub kind: T1,
    pub user_id: Option<uuid::Uuid>,
    pub session_id: Option<uuid::Uuid>,
    pub address: Option<std::net::IpAddr>,
    pub user_agent: Option<T2>,
    pub trace_id: Option<T3>,
    pub details: T4,
}
use crate::client::async_::GenericClient;
use futures_util::{self, StreamExt, TryStreamExt};
pub struct InsertAuditRecordStmt(&'static str, Option<tokio_postgres::Statement>);
pub fn insert_audit_record() -> InsertAuditRecordStmt {
    InsertAuditRecordStmt(
        "INSERT INTO audit_records (id, occurred_at, kind, user_id, session_id, address, user_agent, trace_id, details) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        None,
    )
}
impl InsertAuditRecordStmt {
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
        T4: crate::JsonSql,
    >(
        &'s self,
        client: &'c C,
        id: &'a uuid::Uuid,
        occurred_at: &'a time::OffsetDateTime,
        kind: &'a T1,
        user_id: &'a Option<uuid::Uuid>,
        session_id: &'a Option<uuid::Uuid>,
        address: &'a Option<std::net::IpAddr>,
        user_agent: &'a Option<T2>,
        trace_id: &'a Option<T3>,
        details: &'a T4,
    ) -> Result<u64, tokio_postgres::Error> {
        client
            .execute(
                self.0,
                &[
                    id,
                    occurred_at,
                    kind,
                    user_id,
                    session_id,
                    address,
                    user_agent,
                    trace_id,
                    details,
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
    T3: crate::StringSql,
    T4: crate::JsonSql,
>
    crate::client::async_::Params<
        'a,
        'a,
        'a,
        InsertAuditRecordParams<T1, T2, T3, T4>,
        std::pin::Pin<
            Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
        >,
        C,
    > for InsertAuditRecordStmt
{
    fn params(
        &'a self,
        client: &'a C,
        params: &'a InsertAuditRecordParams<T1, T2, T3, T4>,
    ) -> std::pin::Pin<
        Box<dyn futures_util::Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>,
    > {
        Box::pin(self.bind(
            client,
            &params.id,
            &params.occurred_at,
            &params.kind,
            &params.user_id,
            &params.session_id,
            &params.address,
            &params.user_agent,
            &params.trace_id,
            &params.details,
        ))
    }
}
