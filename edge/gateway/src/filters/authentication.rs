//! Checks the access token, so that no service is asked by somebody whose token is invalid. The
//! service still decides what the caller may do; it gets the `Authorization` field and, in
//! the same process, the verified caller.

use std::sync::Arc;

use http::request::Parts;
use http::{HeaderMap, header};
use marquis_config::sections::gateway::AuthMode;
use marquis_contracts::identity::{Principal, VerifyError};
use marquis_http::Problem;

use super::Refusal;
use crate::exchange::Exchange;
use crate::route::Route;

pub(super) async fn check(
    exchange: &mut Exchange,
    route: &Route,
    parts: &mut Parts,
) -> Result<(), Refusal> {
    // Nobody but this filter says who the caller is.
    parts.extensions.remove::<Arc<Principal>>();
    if route.auth == AuthMode::None {
        return Ok(());
    }
    let Some(token) = bearer(&parts.headers)? else {
        return match route.auth {
            AuthMode::Required => Err(Problem::unauthorized("An access token is required.").into()),
            AuthMode::Optional | AuthMode::None => Ok(()),
        };
    };
    match exchange.client.gate.verifier.verify(token).await {
        Ok(principal) => {
            parts.extensions.insert(Arc::clone(&principal));
            exchange.principal = Some(principal);
            Ok(())
        }
        Err(VerifyError::Invalid(reason)) => {
            tracing::info!(
                trace_id = exchange.trace.trace_id(),
                client = %exchange.address,
                reason,
                "access token refused"
            );
            let problem = Problem::unauthorized("The access token is invalid.").with_header(
                header::WWW_AUTHENTICATE,
                http::HeaderValue::from_static("Bearer error=\"invalid_token\""),
            );
            Err(problem.into())
        }
        Err(error @ VerifyError::Unavailable(_)) => Err(Problem::unavailable(error).into()),
    }
}

/// The token of `Authorization: Bearer` (RFC 6750, section 2.1). Other schemes are the
/// service's affair.
fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Problem::bad_request("There is more than one Authorization field."));
    }
    let Ok(text) = value.to_str() else {
        return Err(Problem::unauthorized("The access token is invalid."));
    };
    let (scheme, token) = text.split_once(' ').unwrap_or((text, ""));
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Ok(None);
    }
    Ok(Some(token.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_is_found_in_its_scheme_only() {
        let bearer = |values: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(header::AUTHORIZATION, http::HeaderValue::from_static(value));
            }
            bearer(&headers).map(|token| token.map(str::to_owned)).map_err(|p| p.status().as_u16())
        };
        assert_eq!(bearer(&[]), Ok(None));
        assert_eq!(bearer(&["Bearer abc"]), Ok(Some("abc".to_owned())));
        assert_eq!(bearer(&["bearer  abc "]), Ok(Some("abc".to_owned())));
        assert_eq!(bearer(&["Basic abc"]), Ok(None));
        assert_eq!(bearer(&["Bearer"]), Ok(Some(String::new())));
        assert_eq!(bearer(&["Bearer a", "Bearer b"]), Err(400));
    }
}
