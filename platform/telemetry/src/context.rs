//! What is known about the request being served, carried by the task that serves it, so
//! that a log line or a database query far below the handler can say whose it is.

use std::fmt::{self, Display};
use std::future::Future;
use std::sync::{Arc, OnceLock};

use crate::trace::TraceContext;

tokio::task_local! {
    static CURRENT: RequestContext;
}

/// The request being served. Clones are the same request: what one learns all know.
#[derive(Clone)]
pub struct RequestContext {
    /// The service that is working: `gateway`, `auth`, `payments` ...
    pub service: &'static str,
    /// The position in the trace.
    pub trace: TraceContext,
    user_id: Arc<OnceLock<Box<str>>>,
}

impl RequestContext {
    /// A request whose user is not known yet.
    #[must_use]
    pub fn new(service: &'static str, trace: TraceContext) -> Self {
        Self { service, trace, user_id: Arc::default() }
    }

    /// The same request in another service of this process: a child in the trace, with the
    /// same user.
    #[must_use]
    pub fn enter(&self, service: &'static str) -> Self {
        Self { service, trace: self.trace.child(), user_id: Arc::clone(&self.user_id) }
    }

    /// Notes the authenticated user. The first call counts: a request has one user.
    pub fn set_user(&self, id: impl Display) {
        self.user_id.get_or_init(|| id.to_string().into_boxed_str());
    }

    /// The authenticated user, once known.
    #[must_use]
    pub fn user_id(&self) -> Option<&str> {
        self.user_id.get().map(|id| &**id)
    }
}

impl fmt::Debug for RequestContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestContext")
            .field("service", &self.service)
            .field("trace", &self.trace)
            .field("user_id", &self.user_id())
            .finish()
    }
}

/// The request that the current task serves.
#[must_use]
pub fn current() -> Option<RequestContext> {
    CURRENT.try_with(RequestContext::clone).ok()
}

/// Calls `f` with the request that the current task serves, without cloning it. `None`
/// when it serves none.
pub fn with_current<T>(f: impl FnOnce(&RequestContext) -> T) -> Option<T> {
    CURRENT.try_with(f).ok()
}

/// Notes the authenticated user of the current request. Without one nothing happens.
pub fn set_user(id: impl Display) {
    with_current(|context| context.set_user(id));
}

/// Runs a future as part of a request.
pub fn scope<F: Future>(context: RequestContext, future: F) -> impl Future<Output = F::Output> {
    CURRENT.scope(context, future)
}

/// Makes a future that is to be spawned part of the current request, if there is one.
pub fn inherit<F: Future>(future: F) -> impl Future<Output = F::Output> {
    let context = current();
    async move {
        match context {
            Some(context) => CURRENT.scope(context, future).await,
            None => future.await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_request_is_known_in_its_scope_only() {
        assert!(current().is_none());
        let context = RequestContext::new("auth", TraceContext::root());
        scope(context.clone(), async {
            set_user("first");
            set_user("second");
            let here = current().expect("in scope");
            assert_eq!((here.service, here.user_id()), ("auth", Some("first")));
            let spawned = tokio::spawn(inherit(async { current().map(|one| one.trace) }));
            assert_eq!(spawned.await.expect("task"), Some(context.trace));
        })
        .await;
        assert!(current().is_none());
        assert_eq!(context.user_id(), Some("first"), "whoever made the context learns the user");
        set_user("nobody");
    }

    #[test]
    fn another_service_continues_trace_and_user() {
        let edge = RequestContext::new("gateway", TraceContext::root());
        let inner = edge.enter("payments");
        inner.set_user(7);
        assert_eq!(edge.user_id(), Some("7"));
        assert_eq!(edge.trace.trace_id(), inner.trace.trace_id());
        assert_ne!(edge.trace, inner.trace);
    }
}
