//! The routes every installation has: canonical paths, their aliases, health and documentation.
//!
//! A service that neither runs in this process nor is configured as an upstream has no routes.

use std::sync::Arc;

use http::{HeaderValue, Method};
use marquis_config::Span;
use marquis_config::sections::gateway::{self as settings, AuthMode, HostHeader};

use super::{Action, Limit, Route};
use crate::target::Target;

/// How built-in routes differ from each other.
#[derive(Debug, Clone, Copy)]
struct Rule {
    path: &'static str,
    service: &'static str,
    strip: &'static str,
    replace: &'static str,
    auth: AuthMode,
    class: &'static str,
    sessions: bool,
}

const fn rule(path: &'static str, service: &'static str, strip: &'static str) -> Rule {
    Rule {
        path,
        service,
        strip,
        replace: "",
        auth: AuthMode::Optional,
        class: "default",
        sessions: false,
    }
}

/// A route on which passwords are tried.
const fn credentials(path: &'static str, strip: &'static str) -> Rule {
    Rule { auth: AuthMode::None, class: "credentials", ..rule(path, "auth", strip) }
}

/// A route for payment providers: they sign what they send instead of carrying a token, and
/// send much of it from few addresses.
const fn webhook(path: &'static str, strip: &'static str) -> Rule {
    Rule { auth: AuthMode::None, class: "webhooks", ..rule(path, "payments", strip) }
}

const fn replaced(path: &'static str, service: &'static str, replace: &'static str) -> Rule {
    Rule { replace, auth: AuthMode::None, ..rule(path, service, "") }
}

/// Socket.IO: the token comes in a packet of the handshake, so that only the service can check it.
const SOCKET_IO: Rule = Rule {
    auth: AuthMode::None,
    class: "socketio",
    sessions: true,
    ..rule("/socket.io/*", "chat", "")
};

/// Paths of services begin after `/api/v1` or `/api`; `/a` and `/b` are the prefixes of two
/// services in older deployments.
const RULES: &[Rule] = &[
    rule("/api/v1/auth/*", "auth", "/api/v1"),
    credentials("/api/v1/auth/login", "/api/v1"),
    credentials("/api/v1/auth/register", "/api/v1"),
    credentials("/api/v1/auth/password/*", "/api/v1"),
    rule("/api/auth/*", "auth", "/api"),
    credentials("/api/auth/login", "/api"),
    credentials("/api/auth/register", "/api"),
    credentials("/api/auth/password/*", "/api"),
    rule("/a/*", "auth", "/a"),
    credentials("/a/auth/login", "/a"),
    credentials("/a/auth/register", "/a"),
    credentials("/a/auth/password/*", "/a"),
    rule("/api/v1/users/*", "users", "/api/v1"),
    rule("/api/users/*", "users", "/api"),
    rule("/api/v1/chat/*", "chat", "/api/v1"),
    rule("/api/chat/*", "chat", "/api"),
    rule("/api/v1/notifications/*", "notifications", "/api/v1"),
    rule("/api/notifications/*", "notifications", "/api"),
    SOCKET_IO,
    rule("/api/v1/payments/*", "payments", "/api/v1"),
    rule("/api/payments/*", "payments", "/api"),
    rule("/b/*", "payments", "/b"),
    webhook("/api/v1/payments/webhook", "/api/v1"),
    webhook("/api/payments/webhook", "/api"),
    webhook("/b/payments/webhook", "/b"),
    replaced("/.well-known/jwks.json", "auth", "/.well-known/jwks.json"),
    replaced("/.well-known/openid-configuration", "auth", "/.well-known/openid-configuration"),
    replaced("/health/service_a", "auth", "/health"),
    replaced("/health/service_b", "payments", "/health"),
];

/// What built-in routes take from the settings.
pub(crate) struct Defaults<'a> {
    pub(crate) settings: &'a settings::Gateway,
    pub(crate) target: &'a dyn Fn(&str) -> Option<Target>,
    pub(crate) limits: &'a dyn Fn(&str) -> Vec<Arc<Limit>>,
    pub(crate) metrics: &'a crate::metrics::Metrics,
}

impl Defaults<'_> {
    pub(crate) fn route(&self, pattern: &str, action: Action) -> Route {
        let timeouts = match &action {
            Action::Forward(Target::Remote(upstream)) => upstream.settings.timeouts,
            _ => None,
        };
        Route {
            pattern: pattern.to_owned(),
            hosts: Vec::new(),
            methods: Vec::new(),
            allow: None,
            strip: String::new(),
            prefix: String::new(),
            replace: String::new(),
            action,
            auth: AuthMode::None,
            limits: Vec::new(),
            body_limit: self.settings.limits.body,
            waf: None,
            cors: true,
            compression: true,
            host_header: HostHeader::Preserve,
            timeouts: timeouts.unwrap_or(self.settings.timeouts),
            sessions: false,
            metrics: self.metrics.route(pattern),
        }
    }

    /// The class, what is configured for users, and what is for the service.
    fn limits(&self, class: &str, service: &str) -> Vec<Arc<Limit>> {
        let mut limits = (self.limits)(class);
        for class in ["user", service] {
            limits.extend((self.limits)(class));
        }
        limits
    }

    /// All built-in routes.
    pub(crate) fn routes(&self, services: &[String]) -> Vec<Route> {
        let mut routes = Vec::new();
        for rule in RULES {
            let Some(target) = (self.target)(rule.service) else { continue };
            let mut route = Route {
                strip: rule.strip.to_owned(),
                replace: rule.replace.to_owned(),
                auth: rule.auth,
                limits: self.limits(rule.class, target.name()),
                sessions: rule.sessions,
                ..self.route(rule.path, Action::Forward(target))
            };
            if rule.sessions {
                // A poll is answered when there is something to say, or to ask whether the
                // client is still there.
                route.timeouts.first_byte = self.settings.socketio.poll_timeout;
                route.timeouts.total = Span::ZERO;
                route.body_limit = self.settings.socketio.body;
            }
            routes.push(route);
        }
        for service in services {
            let Some(target) = (self.target)(service) else { continue };
            let forward = || Action::Forward(target.clone());
            routes.push(Route {
                replace: "/health".to_owned(),
                ..self.readable(&format!("/health/{service}"), forward())
            });
            // Documentation refers to its own files relatively, so the directory's slash matters.
            if let Ok(location) = HeaderValue::from_str(&format!("/docs/{service}/")) {
                let pattern = format!("/docs/{service}");
                routes.push(self.readable(&pattern, Action::Moved(location)));
            }
            routes.push(Route {
                strip: format!("/docs/{service}"),
                prefix: "/docs".to_owned(),
                limits: self.limits("default", service),
                ..self.readable(&format!("/docs/{service}/*"), forward())
            });
            routes.push(Route {
                replace: "/openapi.json".to_owned(),
                limits: self.limits("default", service),
                ..self.readable(&format!("/docs/{service}/openapi.json"), forward())
            });
        }
        routes.push(self.readable("/health", Action::Health));
        routes.push(self.readable("/api/health", Action::Health));
        for pattern in ["/api/admin/*", "/api/v1/admin/*"] {
            routes.push(self.route(pattern, Action::Forbidden));
        }
        for pattern in ["/internal/*", "/metrics"] {
            routes.push(self.route(pattern, Action::NotFound));
        }
        routes
    }

    fn readable(&self, pattern: &str, action: Action) -> Route {
        Route {
            methods: vec![Method::GET, Method::HEAD],
            allow: Some(HeaderValue::from_static("GET, HEAD")),
            ..self.route(pattern, action)
        }
    }

    /// For paths without a route: files if there are any.
    pub(crate) fn fallback(&self) -> Route {
        let limits = self.limits("default", "");
        if self.settings.static_root.as_os_str().is_empty() {
            Route { limits, ..self.route("(none)", Action::NotFound) }
        } else {
            Route { limits, ..self.route("(files)", Action::Static) }
        }
    }
}
