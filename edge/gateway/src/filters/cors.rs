//! Cross-origin resource sharing (Fetch standard, section 3.2). Preflights are answered here;
//! answers to allowed origins say so. `*` never comes with credentials.

use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header};
use marquis_config::sections::gateway as settings;

use super::Refusal;
use crate::body::Body;
use crate::exchange::Exchange;
use crate::route::Route;

/// The settings with their header values at hand.
#[derive(Debug)]
pub(crate) struct Cors {
    /// Lower case, without trailing slash.
    origins: Vec<String>,
    any: bool,
    credentials: bool,
    methods: Vec<Method>,
    headers: Vec<HeaderName>,
    allow_methods: HeaderValue,
    allow_headers: HeaderValue,
    expose: Option<HeaderValue>,
    max_age: HeaderValue,
}

impl Cors {
    pub(crate) fn new(settings: &settings::Cors) -> Result<Self, String> {
        let any = settings.origins.iter().any(|origin| origin == "*");
        let methods: Result<Vec<Method>, _> =
            settings.methods.iter().map(|method| method.parse()).collect();
        let names: Result<Vec<HeaderName>, _> =
            settings.headers.iter().map(|name| name.parse()).collect();
        let list = |items: &[String]| {
            HeaderValue::from_str(&items.join(", ")).map_err(|error| error.to_string())
        };
        Ok(Self {
            origins: settings
                .origins
                .iter()
                .map(|origin| origin.trim_end_matches('/').to_ascii_lowercase())
                .collect(),
            any,
            credentials: settings.credentials && !any,
            methods: methods.map_err(|_| "gateway.cors.methods has an invalid method")?,
            headers: names.map_err(|_| "gateway.cors.headers has an invalid field name")?,
            allow_methods: list(&settings.methods)?,
            allow_headers: list(&settings.headers)?,
            expose: if settings.exposed.is_empty() { None } else { Some(list(&settings.exposed)?) },
            max_age: HeaderValue::from(settings.max_age.as_secs()),
        })
    }

    fn allows(&self, origin: &HeaderValue) -> bool {
        self.any
            || origin
                .to_str()
                .is_ok_and(|origin| self.origins.iter().any(|one| one.eq_ignore_ascii_case(origin)))
    }

    /// `Access-Control-Allow-Origin` and `-Credentials`.
    fn admit(&self, origin: &HeaderValue, headers: &mut HeaderMap) {
        if self.any {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
            return;
        }
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        if self.credentials {
            headers
                .insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        }
    }
}

/// The origin of a cross-origin request.
pub(super) fn origin(headers: &HeaderMap) -> Option<HeaderValue> {
    headers.get(header::ORIGIN).cloned()
}

/// The method a preflight asks about.
pub(super) fn announced_method(parts: &Parts) -> Option<Method> {
    if !parts.headers.contains_key(header::ORIGIN) {
        return None;
    }
    let method = parts.headers.get(header::ACCESS_CONTROL_REQUEST_METHOD)?;
    Method::from_bytes(method.as_bytes()).ok()
}

/// Answers a preflight. Without configured origins services see it themselves.
pub(super) fn preflight(exchange: &Exchange, route: &Route, parts: &Parts) -> Result<(), Refusal> {
    let cors = &exchange.live.cors;
    if !route.cors || cors.origins.is_empty() || parts.method != Method::OPTIONS {
        return Ok(());
    }
    let Some(method) = announced_method(parts) else { return Ok(()) };
    let mut response = Response::new(Body::Empty);
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(
        header::VARY,
        HeaderValue::from_static(
            "origin, access-control-request-method, access-control-request-headers",
        ),
    );
    let requested = parts.headers.get_all(header::ACCESS_CONTROL_REQUEST_HEADERS);
    let fields_allowed = requested.iter().all(|list| {
        list.as_bytes().split(|byte| *byte == b',').map(<[u8]>::trim_ascii).all(|name| {
            name.is_empty()
                || HeaderName::from_bytes(name).is_ok_and(|name| cors.headers.contains(&name))
        })
    });
    // A refused preflight is an answer without permission (section 4.8).
    if parts.headers.get(header::ORIGIN).is_some_and(|origin| cors.allows(origin))
        && cors.methods.contains(&method)
        && fields_allowed
    {
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, cors.allow_methods.clone());
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, cors.allow_headers.clone());
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, cors.max_age.clone());
    }
    Err(Refusal::Answer(Box::new(response)))
}

/// Lets the allowed origin read the answer.
pub(super) fn annotate(
    exchange: &Exchange,
    origin: Option<&HeaderValue>,
    response: &mut Response<Body>,
) {
    let cors = &exchange.live.cors;
    if cors.origins.is_empty() || exchange.route.as_ref().is_some_and(|route| !route.cors) {
        return;
    }
    let headers = response.headers_mut();
    // The gateway decides alone: a service that answers for itself cannot widen the list.
    for name in [
        header::ACCESS_CONTROL_ALLOW_ORIGIN,
        header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
    ] {
        headers.remove(name);
    }
    if !cors.any {
        add_vary(headers, "origin");
    }
    let Some(origin) = origin.filter(|origin| cors.allows(origin)) else { return };
    cors.admit(origin, headers);
    if let Some(expose) = &cors.expose {
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, expose.clone());
    }
}

/// Adds a field name to `Vary` unless it is there.
pub(super) fn add_vary(headers: &mut HeaderMap, name: &'static str) {
    let there = headers.get_all(header::VARY).iter().any(|value| {
        value
            .as_bytes()
            .split(|byte| *byte == b',')
            .map(<[u8]>::trim_ascii)
            .any(|one| one == b"*" || one.eq_ignore_ascii_case(name.as_bytes()))
    });
    if !there {
        headers.append(header::VARY, HeaderValue::from_static(name));
    }
}
