//! Security headers, rendered once. A service that sets one itself knows better.

use http::{HeaderName, HeaderValue, Response, header};
use marquis_config::sections::gateway as settings;

use crate::body::Body;
use crate::exchange::Exchange;

#[derive(Debug)]
pub(crate) struct SecurityHeaders {
    always: Vec<(HeaderName, HeaderValue)>,
    /// Over TLS only (RFC 6797, section 7.2).
    strict_transport: Option<HeaderValue>,
}

impl SecurityHeaders {
    pub(crate) fn new(settings: &settings::SecurityHeaders) -> Result<Self, String> {
        let value = |text: &str| {
            HeaderValue::from_str(text)
                .map_err(|_| format!("gateway.headers has an impossible value {text:?}"))
        };
        let mut always = Vec::new();
        for (name, text) in [
            (header::CONTENT_SECURITY_POLICY, &settings.content_security_policy),
            (header::X_FRAME_OPTIONS, &settings.x_frame_options),
            (header::X_CONTENT_TYPE_OPTIONS, &settings.x_content_type_options),
            (header::REFERRER_POLICY, &settings.referrer_policy),
            (header::X_XSS_PROTECTION, &settings.x_xss_protection),
        ] {
            if !text.is_empty() {
                always.push((name, value(text)?));
            }
        }
        let strict = &settings.strict_transport_security;
        let strict_transport = if strict.is_empty() { None } else { Some(value(strict)?) };
        Ok(Self { always, strict_transport })
    }

    /// The fields, for answers that do not pass the chain.
    pub(crate) fn render(&self, secure: bool, out: &mut Vec<u8>) {
        let strict = self.strict_transport.iter().filter(|_| secure);
        let strict = strict.map(|value| (&header::STRICT_TRANSPORT_SECURITY, value));
        for (name, value) in self.always.iter().map(|(name, value)| (name, value)).chain(strict) {
            out.extend_from_slice(name.as_str().as_bytes());
            out.extend_from_slice(b": ");
            out.extend_from_slice(value.as_bytes());
            out.extend_from_slice(b"\r\n");
        }
    }
}

pub(super) fn add(exchange: &Exchange, response: &mut Response<Body>) {
    let security = &exchange.live.security;
    let headers = response.headers_mut();
    for (name, value) in &security.always {
        headers.entry(name).or_insert_with(|| value.clone());
    }
    if exchange.secure
        && let Some(value) = &security.strict_transport
    {
        headers.entry(header::STRICT_TRANSPORT_SECURITY).or_insert_with(|| value.clone());
    }
}
