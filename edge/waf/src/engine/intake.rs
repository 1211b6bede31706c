//! From protocol elements to variables.

use std::net::IpAddr;

use super::{Intervention, InterventionKind, Transaction};
use crate::{
    rule::{action::BodyProcessor, variable::Variable},
    seclang::{BodyLimitAction, EngineMode},
    transform::Transformation,
};

impl Transaction {
    /// The two ends of the connection.
    pub fn connection(
        &mut self,
        client: IpAddr,
        client_port: u16,
        server: IpAddr,
        server_port: u16,
    ) {
        self.client = Some(client);
        let address = client.to_string();
        self.set(Variable::RemoteAddr, address.as_bytes());
        self.set(Variable::RemoteHost, address.as_bytes());
        self.set(Variable::RemotePort, client_port.to_string().as_bytes());
        self.set(Variable::ServerAddr, server.to_string().as_bytes());
        self.set(Variable::ServerPort, server_port.to_string().as_bytes());
    }

    /// The request line; `protocol` is written `HTTP/1.1`.
    pub fn request_line(&mut self, method: &[u8], uri: &[u8], protocol: &[u8]) {
        self.method = method.to_vec();
        self.uri = uri.to_vec();
        self.protocol = protocol.to_vec();
        self.set(Variable::RequestMethod, method);
        self.set(Variable::RequestProtocol, protocol);
        self.set(Variable::RequestLine, &[method, b" ", uri, b" ", protocol].concat());
        self.set(Variable::RequestUriRaw, uri);
        let without_fragment = uri.split(|&b| b == b'#').next().unwrap_or(uri);
        let decoded = percent_decoded(without_fragment);
        // The path ends at the question mark as sent: `%3f` is one of its characters.
        let raw_path = without_fragment.split(|&b| b == b'?').next().unwrap_or(without_fragment);
        let path = percent_decoded(raw_path);
        self.set(Variable::RequestUri, without_host(&decoded));
        self.set(Variable::RequestFilename, &path);
        self.set(Variable::PathInfo, &path);
        let base = path
            .iter()
            .rposition(|b| matches!(b, b'/' | b'\\'))
            .map_or(&b""[..], |slash| &path[slash + 1..]);
        self.set(Variable::RequestBasename, base);
        if let Some(mark) = without_fragment.iter().position(|&b| b == b'?') {
            let query = &without_fragment[mark + 1..];
            self.set(Variable::QueryString, query);
            if !query.is_empty() {
                self.urlencoded_arguments(query, false);
            }
        }
    }

    /// One request header, in order of arrival.
    pub fn request_header(&mut self, name: &[u8], value: &[u8]) {
        let name_id = self.work.values.push(name);
        let value_id = self.work.values.push(value);
        self.add(Variable::RequestHeadersNames, name_id, name_id);
        self.add(Variable::RequestHeaders, name_id, value_id);
        if name.eq_ignore_ascii_case(b"cookie") {
            self.cookies(value);
        } else if name.eq_ignore_ascii_case(b"content-type") {
            let begins = |prefix: &[u8]| {
                value.get(..prefix.len()).is_some_and(|v| v.eq_ignore_ascii_case(prefix))
            };
            if begins(b"multipart/form-data") {
                self.body_processor = Some(BodyProcessor::Multipart);
            } else if begins(b"application/x-www-form-urlencoded") {
                self.body_processor = Some(BodyProcessor::Urlencoded);
            }
        } else if name.eq_ignore_ascii_case(b"authorization") {
            let kind = value.split(|&b| b == b' ').next().unwrap_or_default().to_vec();
            self.set(Variable::AuthType, &kind);
            if let Some(credentials) = value.strip_prefix(b"Basic ") {
                let pair = Transformation::Base64Decode
                    .apply(credentials, &self.rules.unicode)
                    .into_owned();
                if let Some(colon) = memchr::memchr(b':', &pair) {
                    self.set(Variable::RemoteUser, &pair[..colon]);
                }
            }
        } else if name.eq_ignore_ascii_case(b"host") {
            let end = if value.first() == Some(&b'[') {
                value.iter().position(|&b| b == b']').map_or(value.len(), |i| i + 1)
            } else {
                value.iter().position(|&b| b == b':').unwrap_or(value.len())
            };
            self.set(Variable::ServerName, &value[..end]);
        }
    }

    fn cookies(&mut self, header: &[u8]) {
        let limits = self.limits(header.len());
        let parsed = crate::body::cookies::parse(header, &limits);
        self.arguments_cut |= parsed.error.is_some();
        for cookie in parsed.arguments {
            // Cookies of all fields count together.
            let taken = self.work.fields[Variable::RequestCookies as usize].len();
            if taken >= limits.arguments {
                self.arguments_cut = true;
                break;
            }
            let name = self.work.values.push(&cookie.name);
            let value = self.work.values.push(&cookie.value);
            self.add(Variable::RequestCookiesNames, name, name);
            self.add(Variable::RequestCookies, name, value);
        }
    }

    /// Runs phase 1.
    pub fn request_headers(&mut self) -> Option<&Intervention> {
        self.run(1);
        self.intervention.as_ref()
    }

    /// Takes a part of the request body. Above a limit the transaction is refused with 413,
    /// or the rest is not inspected, as configured.
    pub fn append_request_body(&mut self, chunk: &[u8]) -> Option<&Intervention> {
        if !self.wants_request_body() || self.body_over_limit {
            return self.intervention.as_ref();
        }
        let settings = &self.rules.settings;
        // File parts are the multipart processor's own business.
        let limit = if self.body_processor == Some(BodyProcessor::Multipart) {
            settings.request_body_limit
        } else {
            settings.request_body_limit.min(settings.request_body_no_files_limit)
        };
        let room = limit.saturating_sub(self.request_body.len());
        if chunk.len() <= room {
            self.request_body.extend_from_slice(chunk);
            return self.intervention.as_ref();
        }
        self.body_over_limit = true;
        let action = settings.request_body_limit_action;
        self.set(Variable::InboundDataError, b"1");
        self.request_body.extend_from_slice(&chunk[..room]);
        if action == BodyLimitAction::Reject {
            self.refuse_body();
        }
        self.intervention.as_ref()
    }

    pub(super) fn refuse_body(&mut self) {
        if self.mode == EngineMode::On && self.intervention.is_none() {
            self.intervention = Some(Intervention {
                status: 413,
                kind: InterventionKind::BodyLimit,
                rule_id: None,
            });
        }
    }

    /// Parses what was appended and runs phase 2; also needed for requests without a body.
    pub fn request_body(&mut self) -> Option<&Intervention> {
        if self.mode != EngineMode::Off && self.intervention.is_none() {
            self.parse_request_body();
        }
        self.run(2);
        self.intervention.as_ref()
    }

    /// One response header, in order.
    pub fn response_header(&mut self, name: &[u8], value: &[u8]) {
        let name_id = self.work.values.push(name);
        let value_id = self.work.values.push(value);
        self.add(Variable::ResponseHeadersNames, name_id, name_id);
        self.add(Variable::ResponseHeaders, name_id, value_id);
        if name.eq_ignore_ascii_case(b"content-type") {
            let kind = value.split(|&b| b == b';').next().unwrap_or_default().trim_ascii().to_vec();
            self.set(Variable::ResponseContentType, &kind);
        }
    }

    /// The status line; runs phase 3.
    pub fn response_headers(&mut self, status: u16, protocol: &[u8]) -> Option<&Intervention> {
        self.status = Some(status);
        self.set(Variable::ResponseStatus, status.to_string().as_bytes());
        self.set(Variable::ResponseProtocol, protocol);
        self.set(Variable::StatusLine, &[protocol, b" ", status.to_string().as_bytes()].concat());
        self.run(3);
        self.intervention.as_ref()
    }

    /// Takes a part of the response body.
    pub fn append_response_body(&mut self, chunk: &[u8]) -> Option<&Intervention> {
        if !self.wants_response_body() {
            return self.intervention.as_ref();
        }
        let settings = &self.rules.settings;
        let room = settings.response_body_limit.saturating_sub(self.response_body.len());
        let kept = &chunk[..chunk.len().min(room)];
        let reject = settings.response_body_limit_action == BodyLimitAction::Reject;
        self.response_body.extend_from_slice(kept);
        if kept.len() < chunk.len() {
            self.set(Variable::OutboundDataError, b"1");
            if reject && self.mode == EngineMode::On && self.intervention.is_none() {
                self.intervention = Some(Intervention {
                    status: 500,
                    kind: InterventionKind::BodyLimit,
                    rule_id: None,
                });
            }
        }
        self.intervention.as_ref()
    }

    /// Runs phase 4.
    pub fn response_body(&mut self) -> Option<&Intervention> {
        if self.wants_response_body() {
            let body = std::mem::take(&mut self.response_body);
            self.set(Variable::ResponseBody, &body);
            self.set_number(Variable::ResponseContentLength, body.len());
            if self.work.fields[Variable::OutboundDataError as usize].is_empty() {
                self.set(Variable::OutboundDataError, b"0");
            }
            self.run(4);
        }
        self.intervention.as_ref()
    }
}

/// Decodes valid `%XX`; everything else stays.
fn percent_decoded(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        let pair = (text[at] == b'%').then(|| text.get(at + 1..at + 3)).flatten();
        let decoded =
            pair.and_then(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
        match decoded {
            Some(byte) if pair.is_some_and(|p| p.iter().all(u8::is_ascii_hexdigit)) => {
                out.push(byte);
                at += 3;
            }
            _ => {
                out.push(text[at]);
                at += 1;
            }
        }
    }
    out
}

/// A target in absolute form loses scheme and authority.
fn without_host(uri: &[u8]) -> &[u8] {
    if uri.first() == Some(&b'/') {
        return uri;
    }
    let Some(colon) = uri.iter().position(|&b| b == b':') else {
        return uri;
    };
    match uri.get(colon + 1..colon + 3) {
        Some(b"//") => {
            let authority = &uri[colon + 3..];
            authority.iter().position(|&b| b == b'/').map_or(uri, |slash| &authority[slash..])
        }
        _ => uri,
    }
}
