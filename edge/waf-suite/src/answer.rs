//! The server behind the firewall, as suites imagine it.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use crate::stage::Stage;

/// What a server answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Status.
    pub status: u16,
    /// Header fields.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Vec<u8>,
}

/// The body of a request to `/reflect`: an answer made to measure.
#[derive(Deserialize)]
struct Wanted {
    status: Option<u16>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    body: String,
    #[serde(rename = "encodedBody", default)]
    encoded: String,
}

impl Answer {
    /// The answer of the test server that version 4 of the Core Rule Set uses (albedo): what
    /// `POST /reflect` asks for in JSON, and else an empty page.
    #[must_use]
    pub fn to(stage: &Stage) -> Self {
        let path = stage.uri.split('?').next().unwrap_or_default();
        let wanted = (stage.method == "POST" && path == "/reflect")
            .then(|| serde_json::from_slice::<Wanted>(&stage.body).ok())
            .flatten();
        let Some(wanted) = wanted else {
            let headers = vec![("Content-Type".into(), "text/html".into())];
            return Self { status: 200, headers, body: Vec::new() };
        };
        let body = match STANDARD.decode(wanted.encoded.trim()) {
            Ok(decoded) if !decoded.is_empty() => decoded,
            _ => wanted.body.into_bytes(),
        };
        let mut headers: Vec<(String, String)> = wanted.headers.into_iter().collect();
        if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
            let markup = body.trim_ascii_start().starts_with(b"<");
            let kind =
                if markup { "text/html; charset=utf-8" } else { "text/plain; charset=utf-8" };
            headers.push(("Content-Type".into(), kind.into()));
        }
        Self { status: wanted.status.unwrap_or(200), headers, body }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(method: &str, uri: &str, body: &str) -> Answer {
        Answer::to(&Stage {
            method: method.into(),
            uri: uri.into(),
            body: body.as_bytes().to_vec(),
            ..Stage::default()
        })
    }

    #[test]
    fn an_answer_made_to_measure() {
        let answer = ask(
            "POST",
            "/reflect",
            r#"{"status":500,"headers":{"X-A":"b","Content-Type":"a/b"},"body":"<?php"}"#,
        );
        assert_eq!((answer.status, answer.body.as_slice()), (500, &b"<?php"[..]));
        assert_eq!(answer.headers[1], ("X-A".into(), "b".into()));
        let answer = ask("POST", "/reflect?a=b", r#"{"body":"x","encodedBody":"PGgxPg=="}"#);
        assert_eq!((answer.status, answer.body.as_slice()), (200, &b"<h1>"[..]));
        assert_eq!(answer.headers, [("Content-Type".into(), "text/html; charset=utf-8".into())]);
    }

    #[test]
    fn everything_else_is_an_empty_page() {
        for (method, uri, body) in
            [("GET", "/reflect", "{}"), ("POST", "/reflect", "body"), ("POST", "/", "{}")]
        {
            let answer = ask(method, uri, body);
            assert_eq!((answer.status, answer.body.len()), (200, 0));
        }
    }
}
