//! The routing table: which service a request goes to, under which path, and under which rules.
//!
//! The most specific route wins: an exact path before a prefix, a longer prefix before a shorter
//! one, a route with hosts before one without, a configured one before a built-in one. What must
//! never be reached from outside is refused twice: by the path the client asks for and by the
//! path the service would see.

pub(crate) mod builtin;
pub(crate) mod path;

use std::sync::Arc;

use http::{HeaderValue, Method};
use marquis_cluster::Quota;
use marquis_config::sections::gateway::{AuthMode, HostHeader, RateLimitBy, Timeouts};
use marquis_config::sections::waf::WafMode;

use crate::metrics::RouteMetrics;
use crate::target::Target;

/// Everything known about a kind of request before it comes.
#[derive(Debug)]
pub(crate) struct Route {
    /// As configured, `/api/v1/auth/*`: the label in metrics and logs.
    pub(crate) pattern: String,
    pub(crate) hosts: Vec<String>,
    pub(crate) methods: Vec<Method>,
    /// `Allow` of a 405.
    pub(crate) allow: Option<HeaderValue>,
    pub(crate) strip: String,
    pub(crate) prefix: String,
    /// Replaces the path altogether, where that is not empty.
    pub(crate) replace: String,
    pub(crate) action: Action,
    pub(crate) auth: AuthMode,
    pub(crate) limits: Vec<Arc<Limit>>,
    pub(crate) body_limit: u64,
    /// The firewall's mode, where the route has one of its own.
    pub(crate) waf: Option<WafMode>,
    pub(crate) cors: bool,
    pub(crate) compression: bool,
    pub(crate) host_header: HostHeader,
    pub(crate) timeouts: Timeouts,
    /// Requests belong to Socket.IO sessions, each of which lives on one server.
    pub(crate) sessions: bool,
    pub(crate) metrics: Arc<RouteMetrics>,
}

/// What happens to a request.
#[derive(Debug, Clone)]
pub(crate) enum Action {
    /// A service answers.
    Forward(Target),
    /// The health of the gateway and of every service.
    Health,
    /// Files.
    Static,
    /// It is somewhere else (308).
    Moved(HeaderValue),
    /// Nobody may.
    Forbidden,
    /// There is no such thing.
    NotFound,
}

/// One rate limit of a route.
#[derive(Debug, Clone)]
pub(crate) struct Limit {
    pub(crate) class: String,
    /// Beginning of its keys in the limiter.
    pub(crate) prefix: String,
    pub(crate) by: RateLimitBy,
    pub(crate) quota: Quota,
    /// `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers).
    pub(crate) policy: HeaderValue,
    pub(crate) limit: HeaderValue,
}

impl Route {
    fn is_prefix(&self) -> bool {
        self.pattern.ends_with("/*")
    }

    /// The pattern without its `/*`.
    fn stem(&self) -> &str {
        self.pattern.strip_suffix("/*").unwrap_or(&self.pattern)
    }

    fn matches(&self, path: &str, host: &str) -> bool {
        let stem = self.stem();
        let path_fits = if self.is_prefix() {
            path.strip_prefix(stem).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        } else {
            path == stem
        };
        path_fits
            && (self.hosts.is_empty()
                || self.hosts.iter().any(|one| one.eq_ignore_ascii_case(host)))
    }

    /// The path the service sees.
    pub(crate) fn rewrite(&self, path: &str) -> Option<String> {
        if !self.replace.is_empty() {
            return Some(self.replace.clone());
        }
        if self.strip.is_empty() && self.prefix.is_empty() {
            return None;
        }
        let rest = path.strip_prefix(self.strip.as_str()).unwrap_or(path);
        let mut rewritten = String::with_capacity(self.prefix.len() + rest.len() + 1);
        rewritten.push_str(&self.prefix);
        if !rest.starts_with('/') && (!rest.is_empty() || self.prefix.is_empty()) {
            rewritten.push('/');
        }
        rewritten.push_str(rest);
        Some(rewritten)
    }

    /// The name of the service behind it.
    pub(crate) fn service(&self) -> &str {
        match &self.action {
            Action::Forward(target) => target.name(),
            _ => "gateway",
        }
    }

    pub(crate) fn accepts(&self, method: &Method) -> bool {
        self.methods.is_empty() || self.methods.contains(method)
    }
}

/// The table, most specific first.
#[derive(Debug)]
pub(crate) struct RoutingTable {
    routes: Vec<Arc<Route>>,
    /// For requests no route takes.
    fallback: Arc<Route>,
}

/// What the table says to a request.
#[derive(Debug)]
pub(crate) enum Found<'a> {
    Route(&'a Arc<Route>),
    /// There are routes, but not for this method.
    WrongMethod(&'a Arc<Route>),
}

impl RoutingTable {
    /// `routes` in the order of their definition, configured ones first.
    pub(crate) fn new(routes: Vec<Route>, fallback: Route) -> Self {
        let mut routes: Vec<Arc<Route>> = routes.into_iter().map(Arc::new).collect();
        // Stable, so that of equals the first defined wins.
        routes.sort_by_key(|route| {
            (route.is_prefix(), std::cmp::Reverse(route.stem().len()), route.hosts.is_empty())
        });
        Self { routes, fallback: Arc::new(fallback) }
    }

    /// The route of a canonical path.
    pub(crate) fn find(&self, path: &str, host: &str, method: &Method) -> Found<'_> {
        let mut wrong_method = None;
        for route in &self.routes {
            if route.matches(path, host) {
                if route.accepts(method) {
                    return Found::Route(route);
                }
                wrong_method.get_or_insert(route);
                // A less specific route must not take what this one leaves out.
                break;
            }
        }
        wrong_method.map_or(Found::Route(&self.fallback), Found::WrongMethod)
    }
}

/// Whether a path a service would see is for its neighbours only: internal endpoints, metrics,
/// probes (`/readyz` tells of dependencies) and the administration.
pub(crate) fn is_private(path: &str) -> bool {
    let within = |prefix: &str| {
        path.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
            && matches!(path.as_bytes().get(prefix.len()), None | Some(b'/' | b';'))
    };
    ["/internal", "/metrics", "/livez", "/readyz"].into_iter().any(within)
}

/// Whether a path belongs to the administration (rule 1001: answered with 403).
pub(crate) fn is_admin(path: &str) -> bool {
    let path = path.strip_prefix("/api").unwrap_or(path);
    let path = ["/v1", "/a", "/b"]
        .into_iter()
        .find_map(|prefix| path.strip_prefix(prefix).filter(|rest| rest.starts_with('/')))
        .unwrap_or(path);
    path.get(..6).is_some_and(|start| start.eq_ignore_ascii_case("/admin"))
        && matches!(path.as_bytes().get(6), None | Some(b'/' | b';'))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn route(pattern: &str) -> Route {
        Route {
            pattern: pattern.to_owned(),
            hosts: Vec::new(),
            methods: Vec::new(),
            allow: None,
            strip: String::new(),
            prefix: String::new(),
            replace: String::new(),
            action: Action::NotFound,
            auth: AuthMode::Optional,
            limits: Vec::new(),
            body_limit: 1,
            waf: None,
            cors: true,
            compression: true,
            host_header: HostHeader::Preserve,
            timeouts: Timeouts::default(),
            sessions: false,
            metrics: RouteMetrics::detached(),
        }
    }

    fn found<'a>(table: &'a RoutingTable, path: &str, host: &str, method: &Method) -> &'a str {
        match table.find(path, host, method) {
            Found::Route(route) => &route.pattern,
            Found::WrongMethod(_) => "405",
        }
    }

    #[test]
    fn the_most_specific_route_wins() {
        let table = RoutingTable::new(
            vec![
                route("/a/*"),
                route("/a/b/*"),
                Route { hosts: vec!["x.org".to_owned()], ..route("/a/*") },
                Route { methods: vec![Method::GET], ..route("/a/b/c") },
                route("/*"),
            ],
            route("404"),
        );
        let get = &Method::GET;
        assert_eq!(found(&table, "/a", "", get), "/a/*");
        assert_eq!(found(&table, "/ab", "", get), "/*");
        assert_eq!(found(&table, "/a/b/c/d", "", get), "/a/b/*");
        assert_eq!(found(&table, "/a/b/c", "", get), "/a/b/c");
        assert_eq!(found(&table, "/a/b/c", "", &Method::PUT), "405");
        let Found::Route(route) = table.find("/a/x", "X.org", get) else { unreachable!("found") };
        assert_eq!(route.hosts.len(), 1);
    }

    #[test]
    fn paths_are_rewritten() {
        let rewritten = |strip: &str, prefix: &str, path: &str| {
            let route = Route { strip: strip.to_owned(), prefix: prefix.to_owned(), ..route("/*") };
            route.rewrite(path)
        };
        assert_eq!(rewritten("", "", "/x"), None);
        assert_eq!(rewritten("/a", "", "/a/auth/login").as_deref(), Some("/auth/login"));
        assert_eq!(rewritten("/a", "", "/a").as_deref(), Some("/"));
        assert_eq!(rewritten("/a", "/v2", "/a").as_deref(), Some("/v2"));
        assert_eq!(rewritten("/a", "/v2", "/a/x").as_deref(), Some("/v2/x"));
        assert_eq!(rewritten("", "/v2", "/x").as_deref(), Some("/v2/x"));
    }

    #[test]
    fn private_paths_are_known_in_any_spelling() {
        for path in ["/internal", "/internal/revocations", "/INTERNAL/x", "/metrics", "/readyz"] {
            assert!(is_private(path), "{path}");
        }
        for path in ["/", "/internals", "/metricsx", "/auth/metrics", "/health"] {
            assert!(!is_private(path), "{path}");
        }
        for path in
            ["/api/admin", "/api/admin/users", "/api/v1/admin", "/a/admin", "/ADMIN", "/admin/x"]
        {
            assert!(is_admin(path), "{path}");
        }
        for path in ["/api/administer", "/api/v1/users/admin", "/"] {
            assert!(!is_admin(path), "{path}");
        }
    }
}
