//! The access log: one JSON line for each request, written when its answer has been sent.
//!
//! Fields are those of every log line of the platform; what belongs to the request stands in
//! `metadata`. Values of query parameters that look like secrets or hold names of people, and
//! whatever of the target looks like an e-mail address, are left out; header fields and bodies
//! never appear.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::time::Duration;

use http::Uri;
use marquis_telemetry::redact;
use time::OffsetDateTime;

use crate::exchange::Exchange;

thread_local! {
    static LINE: RefCell<String> = RefCell::new(String::with_capacity(1024));
    static STAMP: RefCell<(i64, String)> = const { RefCell::new((0, String::new())) };
}

/// Writes the line of a finished request.
pub(crate) fn write(exchange: &Exchange, elapsed: Duration) {
    let Some(writer) = &exchange.live.access_log else { return };
    let now = exchange.client.gate.clock.now();
    LINE.with_borrow_mut(|line| {
        line.clear();
        render(line, exchange, elapsed, now);
        // A full buffer drops the line and counts it; a request never waits for its log.
        writer.try_write(line.as_bytes());
    });
}

fn render(line: &mut String, exchange: &Exchange, elapsed: Duration, now: OffsetDateTime) {
    let status = exchange.status.as_u16();
    line.push_str("{\"timestamp\":\"");
    push_time(line, now);
    line.push_str("\",\"level\":\"");
    line.push_str(if status >= 500 { "error" } else { "info" });
    line.push_str("\",\"service\":\"gateway\",\"trace_id\":\"");
    let trace = exchange.trace.trace_id_hex();
    line.push_str(str::from_utf8(&trace).unwrap_or_default());
    line.push_str("\",\"user_id\":");
    match &exchange.principal {
        Some(principal) => {
            let _ = write!(line, "\"{}\"", principal.user_id);
        }
        None => line.push_str("null"),
    }
    line.push_str(",\"message\":\"request\",\"metadata\":{\"method\":");
    push_text(line, exchange.method.as_str());
    line.push_str(",\"path\":");
    push_target(line, &exchange.uri);
    line.push_str(",\"route\":");
    push_text(line, exchange.route.as_ref().map_or("-", |route| &route.pattern));
    let protocol = if exchange.http2 { "HTTP/2" } else { "HTTP/1.1" };
    line.push_str(",\"protocol\":\"");
    line.push_str(protocol);
    line.push_str("\",\"status\":");
    push_number(line, u64::from(status));
    line.push_str(",\"bytes\":");
    push_number(line, exchange.sent);
    if let Some(body) = &exchange.body {
        line.push_str(",\"received\":");
        push_number(line, body.received());
    }
    if exchange.refused_by_firewall {
        line.push_str(",\"refused_by\":\"firewall\"");
    }
    if !exchange.complete {
        line.push_str(",\"complete\":false");
    }
    line.push_str(",\"duration_ms\":");
    push_millis(line, elapsed);
    if let Some(server) = &exchange.server {
        line.push_str(",\"upstream\":");
        push_text(line, &server.label);
        line.push_str(",\"upstream_ms\":");
        push_millis(line, exchange.upstream_time);
        line.push_str(",\"retries\":");
        push_number(line, u64::from(exchange.attempts.saturating_sub(1)));
    }
    line.push_str(",\"client\":\"");
    match exchange.client.address.to_str() {
        Ok(address) if exchange.address == exchange.client.peer.ip() => line.push_str(address),
        _ => drop(write!(line, "{}", exchange.address)),
    }
    line.push_str("\",\"request_id\":");
    push_text(line, exchange.request_id.to_str().unwrap_or("-"));
    line.push_str("}}");
}

/// RFC 3339 in UTC with milliseconds. The part down to the second is rendered once a second.
fn push_time(line: &mut String, now: OffsetDateTime) {
    STAMP.with_borrow_mut(|(second, text)| {
        let unix = now.unix_timestamp();
        if *second != unix || text.is_empty() {
            *second = unix;
            text.clear();
            let _ = write!(
                text,
                "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.",
                now.year(),
                u8::from(now.month()),
                now.day(),
                now.hour(),
                now.minute(),
                now.second(),
            );
        }
        line.push_str(text);
    });
    push_thousandths(line, u64::from(now.millisecond()));
    line.push('Z');
}

/// A number in decimal.
fn push_number(line: &mut String, mut number: u64) {
    let mut digits = [b'0'; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    line.push_str(str::from_utf8(&digits[at..]).unwrap_or_default());
}

/// Three digits.
fn push_thousandths(line: &mut String, number: u64) {
    for place in [100, 10, 1] {
        line.push(char::from(b'0' + (number / place % 10) as u8));
    }
}

/// Milliseconds with three decimals.
fn push_millis(line: &mut String, duration: Duration) {
    let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
    push_number(line, micros / 1_000);
    line.push('.');
    push_thousandths(line, micros % 1_000);
}

/// Path and query, without what must not be logged of them.
fn push_target(line: &mut String, uri: &Uri) {
    match uri.path_and_query() {
        Some(target) => push_text(line, &redact::request_target(target.as_str())),
        None => push_text(line, uri.path()),
    }
}

/// A JSON string.
fn push_text(line: &mut String, text: &str) {
    let plain = text.bytes().all(|byte| byte >= 0x20 && byte != b'"' && byte != b'\\');
    if plain {
        line.push('"');
        line.push_str(text);
        line.push('"');
    } else {
        // Strings serialize infallibly.
        line.push_str(&serde_json::to_string(text).unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_in_queries_are_left_out() {
        let target = |uri: &'static str| {
            let mut line = String::new();
            push_target(&mut line, &Uri::from_static(uri));
            line
        };
        assert_eq!(target("/a"), "\"/a\"");
        assert_eq!(target("/users/ann@example.com/x"), "\"/users/[redacted]/x\"");
        assert_eq!(target("/users/ann%40example.com?a=1"), "\"/users/[redacted]?a=1\"");
        assert_eq!(target("/a%20b"), "\"/a%20b\"");
        assert_eq!(target("/a?limit=5&x"), "\"/a?limit=5&x\"");
        assert_eq!(
            target("/a?access_token=abc&Code=1&e%6Dail=x&limit=2"),
            "\"/a?access_token=[redacted]&Code=[redacted]&e%6Dail=[redacted]&limit=2\"",
        );
    }

    #[test]
    fn addresses_and_names_of_people_are_left_out() {
        let target = |uri: &'static str| {
            let mut line = String::new();
            push_target(&mut line, &Uri::from_static(uri));
            line
        };
        for uri in [
            "/api/v1/users?search=zborix@example.com",
            "/api/v1/users?search=zborix%40example.com",
            "/api/v1/users?search=zborix%2540example.com",
            "/api/v1/users?search=zborix",
            "/api/v1/users?SEARCH=zborix",
            "/api/v1/users?q=zborix@example.com",
            "/api/v1/users?q=zborix%40example.com",
            "/api/v1/users?q=zborix%2540example.com",
            "/api/v1/users?zborix%40example.com",
            "/api/v1/users/zborix%2540example.com",
            "/api/v1/users?%64isplayName=zborix",
        ] {
            let line = target(uri);
            assert!(!line.contains("zborix") && line.contains("[redacted]"), "{line}");
        }
        assert_eq!(target("/a?cursor=x%3D%3D&q=100%25"), "\"/a?cursor=x%3D%3D&q=100%25\"");
    }

    #[test]
    fn times_have_milliseconds() {
        let mut line = String::new();
        let at =
            OffsetDateTime::from_unix_timestamp_nanos(1_700_000_000_007_000_000).expect("time");
        push_time(&mut line, at);
        assert_eq!(line, "2023-11-14T22:13:20.007Z");
        line.clear();
        push_millis(&mut line, Duration::from_micros(1_234_567));
        assert_eq!(line, "1234.567");
    }
}
