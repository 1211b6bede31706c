//! Compresses answers whose type and size make it worth while. What is encoded already, marked
//! `no-transform`, partial or a stream of events is left alone.

use std::convert::Infallible;

use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body::Body as _;
use http_body_util::BodyExt as _;
use marquis_config::sections::gateway::{self as settings, Coding};
use tower::{Layer as _, Service as _};
use tower_http::compression::CompressionLayer;
use tower_http::compression::CompressionLevel;
use tower_http::compression::predicate::Predicate;

use super::cors::add_vary;
use crate::body::Body;
use crate::exchange::Exchange;

#[derive(Debug)]
pub(crate) struct Compression {
    algorithms: Vec<Coding>,
    min_bytes: u64,
    exact: Vec<String>,
    prefixes: Vec<String>,
}

/// What the client accepts: a weight in thousandths for each coding.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Accepted {
    br: u16,
    zstd: u16,
    gzip: u16,
}

impl Accepted {
    const fn weight(self, coding: Coding) -> u16 {
        match coding {
            Coding::Br => self.br,
            Coding::Zstd => self.zstd,
            Coding::Gzip => self.gzip,
        }
    }
}

impl Compression {
    pub(crate) fn new(settings: &settings::Compression) -> Self {
        let (prefixes, exact): (Vec<_>, Vec<_>) = settings
            .types
            .iter()
            .map(|one| one.to_ascii_lowercase())
            .partition(|one| one.ends_with('*'));
        Self {
            algorithms: settings.algorithms.clone(),
            min_bytes: settings.min_bytes,
            exact,
            prefixes: prefixes
                .into_iter()
                .map(|one| one.trim_end_matches('*').to_owned())
                .collect(),
        }
    }

    /// The best coding, of equals the one that stands first in the configuration.
    fn choose(&self, accepted: Accepted) -> Option<Coding> {
        let weighted = self.algorithms.iter().map(|coding| (accepted.weight(*coding), *coding));
        weighted
            .filter(|(weight, _)| *weight > 0)
            .rev()
            .max_by_key(|(weight, _)| *weight)
            .map(|(_, coding)| coding)
    }

    fn covers(&self, headers: &HeaderMap) -> bool {
        let Some(kind) = headers.get(header::CONTENT_TYPE) else { return false };
        let Ok(kind) = kind.to_str() else { return false };
        let kind = kind.split(';').next().unwrap_or_default().trim();
        if kind.eq_ignore_ascii_case("text/event-stream") {
            return false;
        }
        self.exact.iter().any(|one| one.eq_ignore_ascii_case(kind))
            || self.prefixes.iter().any(|prefix| {
                kind.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
            })
    }
}

/// Reads `Accept-Encoding` (RFC 9110, section 12.5.3).
pub(super) fn accepted(headers: &HeaderMap) -> Accepted {
    let mut accepted = Accepted::default();
    let mut any = None;
    for value in headers.get_all(header::ACCEPT_ENCODING) {
        let Ok(value) = value.to_str() else { continue };
        for item in value.split(',') {
            let mut pieces = item.split(';').map(str::trim);
            let coding = pieces.next().unwrap_or_default();
            let weight = pieces
                .find_map(|piece| piece.strip_prefix("q=").or_else(|| piece.strip_prefix("Q=")))
                .map_or(Some(1_000), thousandths)
                .unwrap_or(0);
            // No weight at all means: not mentioned.
            let slot = match coding {
                _ if coding.eq_ignore_ascii_case("br") => &mut accepted.br,
                _ if coding.eq_ignore_ascii_case("zstd") => &mut accepted.zstd,
                _ if coding.eq_ignore_ascii_case("gzip")
                    || coding.eq_ignore_ascii_case("x-gzip") =>
                {
                    &mut accepted.gzip
                }
                "*" => {
                    any = Some(weight);
                    continue;
                }
                _ => continue,
            };
            *slot = if weight == 0 { REFUSED } else { weight };
        }
    }
    for slot in [&mut accepted.br, &mut accepted.zstd, &mut accepted.gzip] {
        *slot = match *slot {
            REFUSED => 0,
            0 => any.unwrap_or(0),
            weight => weight,
        };
    }
    accepted
}

/// Marks a coding that is mentioned with weight zero.
const REFUSED: u16 = u16::MAX;

/// `0.5` as 500.
fn thousandths(text: &str) -> Option<u16> {
    let weight: f32 = text.trim().parse().ok()?;
    if !(0.0..=1.0).contains(&weight) {
        return None;
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between zero and one thousand"
    )]
    Some((weight * 1_000.0).round() as u16)
}

/// The conditions were checked before; the layer is only asked for what is wanted.
#[derive(Debug, Clone, Copy)]
struct Always;

impl Predicate for Always {
    fn should_compress<B: http_body::Body>(&self, _: &Response<B>) -> bool {
        true
    }
}

/// Compresses the answer if that is worth while.
pub(super) fn apply(
    exchange: &Exchange,
    accepted: Accepted,
    mut response: Response<Body>,
) -> Response<Body> {
    let compression = &exchange.live.compression;
    let allowed = exchange.route.as_ref().is_none_or(|route| route.compression);
    if !allowed
        || compression.algorithms.is_empty()
        || response.body().size_hint().upper().is_some_and(|upper| upper < compression.min_bytes)
        || !compression.covers(response.headers())
        || !is_whole(&response)
    {
        return response;
    }
    // Another client may get another form.
    add_vary(response.headers_mut(), "accept-encoding");
    if exchange.method == Method::HEAD {
        return response;
    }
    let Some(coding) = compression.choose(accepted) else { return response };
    compress(coding, response)
}

/// Whether the answer is complete, unencoded and may be transformed.
fn is_whole(response: &Response<Body>) -> bool {
    let headers = response.headers();
    let status = response.status();
    let bodiless = status.is_informational()
        || matches!(
            status,
            StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED | StatusCode::PARTIAL_CONTENT
        );
    let transformable = headers.get_all(header::CACHE_CONTROL).iter().all(|value| {
        !value
            .as_bytes()
            .split(|byte| *byte == b',')
            .any(|one| one.trim_ascii().eq_ignore_ascii_case(b"no-transform"))
    });
    !bodiless
        && transformable
        && !headers.contains_key(header::CONTENT_ENCODING)
        && !headers.contains_key(header::CONTENT_RANGE)
}

fn compress(coding: Coding, mut response: Response<Body>) -> Response<Body> {
    // The compressed form is another sequence of bytes (RFC 9110, section 8.8.3).
    if let Some(tag) = response.headers().get(header::ETAG)
        && !tag.as_bytes().starts_with(b"W/")
        && let Ok(weak) = HeaderValue::from_bytes(&[b"W/", tag.as_bytes()].concat())
    {
        response.headers_mut().insert(header::ETAG, weak);
    }
    let name = match coding {
        Coding::Br => "br",
        Coding::Zstd => "zstd",
        Coding::Gzip => "gzip",
    };
    let mut request = Request::new(());
    request.headers_mut().insert(header::ACCEPT_ENCODING, HeaderValue::from_static(name));
    // tower-http has the encoders and their streaming; the answer is there already, so its
    // service is ready at once.
    let mut ready = Some(response);
    let inner = tower::service_fn(move |_: Request<()>| {
        let response = ready.take().unwrap_or_default();
        std::future::ready(Ok::<_, Infallible>(response))
    });
    let level = CompressionLevel::Fastest;
    let mut layered = CompressionLayer::new().quality(level).compress_when(Always).layer(inner);
    let future = layered.call(request);
    match futures_util::FutureExt::now_or_never(future) {
        Some(Ok(response)) => {
            response.map(|body| Body::Rewritten(body.map_err(Into::into).boxed_unsync()))
        }
        Some(Err(never)) => match never {},
        None => Response::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accept(value: &'static str) -> Accepted {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(value));
        accepted(&headers)
    }

    #[test]
    fn the_clients_weights_count_first_and_then_our_order() {
        let compression = Compression {
            algorithms: vec![Coding::Br, Coding::Zstd, Coding::Gzip],
            min_bytes: 0,
            exact: Vec::new(),
            prefixes: Vec::new(),
        };
        for (value, chosen) in [
            ("gzip, deflate, br, zstd", Some(Coding::Br)),
            ("gzip", Some(Coding::Gzip)),
            ("x-gzip", Some(Coding::Gzip)),
            ("gzip;q=1.0, br;q=0.5", Some(Coding::Gzip)),
            ("br;q=0, *", Some(Coding::Zstd)),
            ("*;q=0.1", Some(Coding::Br)),
            ("identity", None),
            ("gzip;q=0", None),
            ("", None),
            ("deflate", None),
        ] {
            assert_eq!(compression.choose(accept(value)), chosen, "{value:?}");
        }
    }

    #[test]
    fn types_decide() {
        let settings = settings::Compression {
            algorithms: vec![Coding::Gzip],
            min_bytes: 0,
            types: vec!["text/*".to_owned(), "application/json".to_owned()],
        };
        let compression = Compression::new(&settings);
        let covers = |kind: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
            compression.covers(&headers)
        };
        assert!(covers("text/html; charset=utf-8") && covers("Application/JSON"));
        assert!(
            !covers("text/event-stream") && !covers("image/png") && !covers("application/jsonp")
        );
    }
}
