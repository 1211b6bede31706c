//! Everything that follows from the settings, built as a whole: either all of it is in order or
//! nothing changes. A request keeps the one it began with.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use marquis_config::sections::gateway::{self as settings, PlainMode};
use marquis_telemetry::LineWriter;

use crate::error::Reasons;
use crate::filters::{Compression, Cors, SecurityHeaders, TrustedProxies};
use crate::metrics::Metrics;
use crate::proxy::Files;
use crate::proxy::health::Kept;
use crate::route::builtin::Defaults;
use crate::route::{Action, Limit, Route, RoutingTable};
use crate::target::Target;
use crate::tls;
use crate::upstream::Upstream;
use crate::upstream::discovery::{self, Known};
use crate::upstream::health;
use crate::waf::Firewall;

pub(crate) struct Live {
    pub(crate) settings: settings::Gateway,
    pub(crate) routes: RoutingTable,
    pub(crate) upstreams: BTreeMap<String, Arc<Upstream>>,
    /// Every service with its target, for the health document.
    pub(crate) services: Vec<(String, Target)>,
    pub(crate) hosts: Vec<String>,
    pub(crate) plain: PlainMode,
    pub(crate) public_https_port: u16,
    pub(crate) proxies: TrustedProxies,
    pub(crate) limits: settings::Limits,
    pub(crate) retries: settings::Retries,
    pub(crate) cors: Cors,
    pub(crate) security: SecurityHeaders,
    pub(crate) compression: Compression,
    pub(crate) access_log: Option<LineWriter>,
    pub(crate) files: Option<Files>,
    pub(crate) tls: Arc<rustls::ServerConfig>,
    pub(crate) handshake_timeout: Duration,
    pub(crate) health: Kept,
    /// None where no route is looked at.
    pub(crate) firewall: Option<Arc<Firewall>>,
    /// Whether any route has a mode of its own for the firewall.
    pub(crate) routes_have_modes: bool,
}

impl std::fmt::Debug for Live {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Live").field("routes", &self.routes).finish_non_exhaustive()
    }
}

/// What does not come from the settings.
pub(crate) struct Surroundings<'a> {
    pub(crate) services: &'a BTreeMap<String, axum::Router>,
    pub(crate) metrics: &'a Metrics,
    pub(crate) tls: &'a tls::Store,
    pub(crate) workers: usize,
}

/// Collects what is wrong and goes on.
struct Check(Vec<String>);

impl Check {
    fn pass<T>(&mut self, result: Result<T, impl std::fmt::Display>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(error) => {
                self.0.push(error.to_string());
                None
            }
        }
    }
}

/// What follows from the settings alone: no file is read, none written.
struct Tables {
    routes: RoutingTable,
    upstreams: BTreeMap<String, Arc<Upstream>>,
    services: Vec<(String, Target)>,
    proxies: Option<TrustedProxies>,
    cors: Option<Cors>,
    security: Option<SecurityHeaders>,
}

impl Tables {
    fn build(
        settings: &settings::Gateway,
        around: &Surroundings<'_>,
        before: Option<&Live>,
        check: &mut Check,
    ) -> Self {
        let upstreams = upstreams(settings, around, before, check);
        let target = |name: &str| {
            around
                .services
                .get(name)
                .map(|router| Target::Local { name: name.into(), router: router.clone() })
                .or_else(|| upstreams.get(name).map(|one| Target::Remote(Arc::clone(one))))
        };
        let mut names: Vec<String> = around.services.keys().cloned().collect();
        names.extend(upstreams.keys().filter(|name| !around.services.contains_key(*name)).cloned());
        let services: Vec<(String, Target)> =
            names.iter().filter_map(|name| Some((name.clone(), target(name)?))).collect();
        let limits = |class: &str| -> Vec<Arc<Limit>> {
            let of = |class: &str| settings.rate_limits.get(class);
            of(class).and_then(|settings| Limit::new(class, settings)).into_iter().collect()
        };
        let defaults =
            Defaults { settings, target: &target, limits: &limits, metrics: around.metrics };
        let mut routes = Vec::new();
        for (index, route) in settings.routes.iter().enumerate() {
            let built = configured(route, settings, &defaults);
            routes
                .extend(check.pass(built.map_err(|why| format!("gateway.routes[{index}]: {why}"))));
        }
        routes.extend(defaults.routes(&names));
        let routes = RoutingTable::new(routes, defaults.fallback());

        let proxies = check.pass(
            TrustedProxies::parse(&settings.trusted_proxies)
                .map_err(|why| format!("gateway.trusted_proxies: {why}")),
        );
        let cors = check.pass(Cors::new(&settings.cors));
        let security = check.pass(SecurityHeaders::new(&settings.headers));
        if !settings.static_root.as_os_str().is_empty() && !settings.static_root.is_dir() {
            check.0.push(format!(
                "gateway.static_root: {} is not a directory",
                settings.static_root.display()
            ));
        }
        Self { routes, upstreams, services, proxies, cors, security }
    }
}

impl Live {
    /// What is wrong with the settings, found without building anything that lasts.
    pub(crate) fn check(settings: &settings::Gateway, around: &Surroundings<'_>) -> Vec<String> {
        let mut check = Check(Vec::new());
        let _ = Tables::build(settings, around, None, &mut check);
        check.pass(around.tls.check(&settings.tls));
        let log = &settings.access_log;
        if log.enabled && !log.path.as_os_str().is_empty() {
            check.pass(writable("gateway.access_log", &log.path));
        }
        check.0
    }

    /// Builds from `settings`, keeping what `before` has of it already.
    pub(crate) fn build(
        settings: &settings::Gateway,
        around: &Surroundings<'_>,
        before: Option<&Self>,
        firewall: Result<Option<Arc<Firewall>>, String>,
    ) -> Result<Self, Reasons> {
        let mut check = Check(Vec::new());
        let Tables { routes, upstreams, services, proxies, cors, security } =
            Tables::build(settings, around, before, &mut check);
        let access_log = check.pass(access_log(settings, before));
        let tls = check.pass(around.tls.load(&settings.tls));
        let firewall = check.pass(firewall);
        let (
            Some(proxies),
            Some(cors),
            Some(security),
            Some(access_log),
            Some(tls),
            Some(firewall),
            true,
        ) = (proxies, cors, security, access_log, tls, firewall, check.0.is_empty())
        else {
            return Err(Reasons(check.0));
        };
        Ok(Self {
            settings: settings.clone(),
            routes,
            upstreams,
            services,
            hosts: settings.hosts.clone(),
            plain: settings.plain,
            public_https_port: settings.public_https_port,
            proxies,
            limits: settings.limits.clone(),
            retries: settings.retries.clone(),
            cors,
            security,
            compression: Compression::new(&settings.compression),
            access_log,
            files: (!settings.static_root.as_os_str().is_empty())
                .then(|| Files::new(&settings.static_root)),
            tls,
            handshake_timeout: settings.tls.handshake_timeout.duration(),
            health: Kept::default(),
            firewall,
            routes_have_modes: settings.routes.iter().any(|route| route.waf.is_some()),
        })
    }

    /// Finds the servers of upstreams that are new here and starts watching them.
    pub(crate) async fn start_upstreams(&self, before: Option<&Self>) {
        let starts = self.upstreams.iter().map(|(name, upstream)| async move {
            let old = before.and_then(|before| before.upstreams.get(name));
            if old.is_some_and(|old| Arc::ptr_eq(old, upstream)) {
                return;
            }
            let servers = old.map(|old| old.servers());
            let mut known = Known::default();
            known.refresh(upstream, servers.as_deref().map_or(&[], Vec::as_slice)).await;
            tokio::spawn(discovery::keep_fresh(Arc::downgrade(upstream), known));
            tokio::spawn(health::keep_checking(Arc::downgrade(upstream)));
        });
        futures_util::future::join_all(starts).await;
    }
}

fn upstreams(
    settings: &settings::Gateway,
    around: &Surroundings<'_>,
    before: Option<&Live>,
    check: &mut Check,
) -> BTreeMap<String, Arc<Upstream>> {
    let mut upstreams = BTreeMap::new();
    let percent = settings.retries.budget_percent;
    for (name, upstream) in &settings.upstreams {
        if upstream.servers.is_empty() {
            check.0.push(format!("gateway.upstreams.{name}: servers is empty"));
        }
        for server in &upstream.servers {
            let port = server.rsplit_once(':').map(|(_, port)| port.parse::<u16>());
            if !matches!(port, Some(Ok(1..))) || server.contains('/') {
                check.0.push(format!(
                    "gateway.upstreams.{name}: {server:?} is not of the form host:port"
                ));
            }
        }
        let kept = before.filter(|before| before.retries.budget_percent == percent);
        let kept = kept.and_then(|before| before.upstreams.get(name));
        let kept = kept.filter(|kept| kept.settings == *upstream);
        let built = kept
            .cloned()
            .unwrap_or_else(|| Arc::new(Upstream::new(name, upstream, percent, around.workers)));
        upstreams.insert(name.clone(), built);
    }
    upstreams
}

/// A user-defined route.
fn configured(
    route: &settings::Route,
    settings: &settings::Gateway,
    defaults: &Defaults<'_>,
) -> Result<Route, String> {
    if !route.path.starts_with('/') || route.path.trim_end_matches("/*").contains('*') {
        return Err(format!("path {:?} is neither a path nor a prefix ending in /*", route.path));
    }
    let Some(target) = (defaults.target)(&route.service) else {
        return Err(format!(
            "service {:?} neither runs in this process nor is a gateway.upstreams entry",
            route.service
        ));
    };
    let methods: Result<Vec<http::Method>, String> = route
        .methods
        .iter()
        .map(|method| method.parse().map_err(|_| format!("{method:?} is not a method")))
        .collect();
    let mut limits = Vec::new();
    for class in &route.rate_limits {
        if !settings.rate_limits.contains_key(class) {
            return Err(format!("there is no rate limit class {class:?}"));
        }
        limits.extend((defaults.limits)(class));
    }
    let allow = (!route.methods.is_empty()).then(|| route.methods.join(", "));
    let base = defaults.route(&route.path, Action::Forward(target));
    Ok(Route {
        hosts: route.hosts.clone(),
        methods: methods?,
        allow: allow.and_then(|allow| http::HeaderValue::from_str(&allow).ok()),
        strip: route.strip.clone(),
        prefix: route.prefix.trim_end_matches('/').to_owned(),
        auth: route.auth,
        limits,
        body_limit: route.body.unwrap_or(settings.limits.body),
        waf: route.waf,
        cors: route.cors,
        compression: route.compression,
        host_header: route.host_header,
        timeouts: route.timeouts.unwrap_or(base.timeouts),
        ..base
    })
}

/// Whether a log may be kept there.
pub(crate) fn writable(key: &str, path: &Path) -> Result<(), String> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let directory = directory.unwrap_or_else(|| Path::new("."));
    if path.is_dir() || !directory.is_dir() {
        return Err(format!("{key}: {} is not a file in an existing directory", path.display()));
    }
    Ok(())
}

/// The access log's writer; the same one when its target stays.
fn access_log(
    settings: &settings::Gateway,
    before: Option<&Live>,
) -> Result<Option<LineWriter>, String> {
    if !settings.access_log.enabled {
        return Ok(None);
    }
    if let Some(before) = before
        && before.settings.access_log == settings.access_log
        && let Some(writer) = &before.access_log
    {
        // SIGHUP follows a log rotation.
        writer.reopen();
        return Ok(Some(writer.clone()));
    }
    let path = &settings.access_log.path;
    let writer =
        if path.as_os_str().is_empty() { LineWriter::stdout() } else { LineWriter::append(path) };
    writer.map(Some).map_err(|error| format!("gateway.access_log: {}: {error}", path.display()))
}
