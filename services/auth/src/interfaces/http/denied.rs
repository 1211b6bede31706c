//! Audit records of refused callers. Wraps the handlers that take a permission.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::Response;
use marquis_authz::MaybeCaller;
use marquis_contracts::identity::Principal;
use serde_json::json;

use super::Api;
use super::origin::RequestOrigin;
use crate::application::audit::{AuditKind, AuditRecord};
use crate::application::ports::Journal;

/// Calls the handler; a 403 for a known caller leaves a record. The answer stands whether
/// or not it can be written.
pub(super) async fn audit(
    State(api): State<Api>,
    caller: Result<MaybeCaller, marquis_http::Problem>,
    RequestOrigin(origin): RequestOrigin,
    mut request: Request,
    next: Next,
) -> Response {
    let caller: Option<Arc<Principal>> = caller.ok().and_then(|MaybeCaller(caller)| caller);
    if let Some(caller) = &caller {
        request.extensions_mut().insert(Arc::clone(caller));
    }
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let response = next.run(request).await;
    if response.status() == StatusCode::FORBIDDEN
        && let Some(caller) = caller
    {
        let identity = &api.identity;
        let record = AuditRecord::now(&*identity.clock, AuditKind::PermissionDenied, &origin)
            .user(caller.user_id)
            .session(caller.session_id)
            .details(json!({ "method": method.as_str(), "path": path }));
        let journal = Journal::of(record);
        if let Err(error) = identity.audit.append(&journal).await {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "a refusal is missing in the audit trail"
            );
        }
        journal.log();
    }
    response
}
