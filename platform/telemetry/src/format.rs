//! How a log line looks. The JSON form is PRODUCT's: `timestamp`, `level`, `service`,
//! `trace_id`, `user_id`, `message`, `metadata`, always all of them and in this order.

use std::fmt::{self, Write as _};

use serde::Serialize;
use serde_json::{Map, Value};
use time::OffsetDateTime;

/// A time as RFC 3339 in UTC with microseconds, `2026-01-31T12:00:00.000001Z`: always the
/// same length, so that lines sort as text.
#[derive(Debug, Clone, Copy)]
pub struct Timestamp(pub OffsetDateTime);

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.0.to_offset(time::UtcOffset::UTC);
        write!(
            f,
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z",
            at.year(),
            u8::from(at.month()),
            at.day(),
            at.hour(),
            at.minute(),
            at.second(),
            at.microsecond(),
        )
    }
}

impl Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A log line without its metadata.
pub(crate) struct Line<'a> {
    pub(crate) at: OffsetDateTime,
    pub(crate) level: &'static str,
    pub(crate) service: &'a str,
    pub(crate) trace_id: Option<&'a str>,
    pub(crate) user_id: Option<&'a str>,
    pub(crate) message: &'a str,
}

impl Line<'_> {
    pub(crate) fn to_json(&self, metadata: &Map<String, Value>) -> String {
        #[derive(Serialize)]
        struct Json<'a> {
            timestamp: Timestamp,
            level: &'static str,
            service: &'a str,
            trace_id: Option<&'a str>,
            user_id: Option<&'a str>,
            message: &'a str,
            metadata: &'a Map<String, Value>,
        }
        let json = Json {
            timestamp: Timestamp(self.at),
            level: self.level,
            service: self.service,
            trace_id: self.trace_id,
            user_id: self.user_id,
            message: self.message,
            metadata,
        };
        // Strings, numbers and maps with string keys always serialize.
        serde_json::to_string(&json).unwrap_or_default()
    }

    /// For a person at a terminal: time of day, level, service, message, fields. Control
    /// characters are escaped, so that a value cannot forge a line or steer the terminal.
    pub(crate) fn to_text(&self, metadata: &Map<String, Value>, colour: bool) -> String {
        let level = match (self.level, colour) {
            ("error", true) => "\u{1b}[31mERROR\u{1b}[0m",
            ("warn", true) => "\u{1b}[33m WARN\u{1b}[0m",
            ("info", true) => "\u{1b}[32m INFO\u{1b}[0m",
            ("debug", true) => "\u{1b}[34mDEBUG\u{1b}[0m",
            (_, true) => "\u{1b}[35mTRACE\u{1b}[0m",
            ("error", _) => "ERROR",
            ("warn", _) => " WARN",
            ("info", _) => " INFO",
            ("debug", _) => "DEBUG",
            _ => "TRACE",
        };
        let time = Timestamp(self.at).to_string();
        let time = time.get(11..23).unwrap_or(&time);
        let mut text = format!("{time} {level} {:<8} ", self.service);
        push_printable(&mut text, self.message);
        for (name, value) in metadata {
            let _ = match value {
                Value::String(value) => {
                    let _ = write!(text, " {name}=");
                    if value.is_empty() || value.contains([' ', '"', '=']) {
                        let _ = write!(text, "{value:?}");
                    } else {
                        push_printable(&mut text, value);
                    }
                    Ok(())
                }
                value => write!(text, " {name}={value}"),
            };
        }
        if let Some(user) = self.user_id {
            let _ = write!(text, " user={user}");
        }
        if let Some(trace) = self.trace_id {
            let _ = write!(text, " trace={trace}");
        }
        text
    }
}

fn push_printable(into: &mut String, text: &str) {
    for c in text.chars() {
        if c.is_control() {
            into.extend(c.escape_debug());
        } else {
            into.push(c);
        }
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn timestamps_have_one_length_and_are_utc() {
        let at = datetime!(2026-01-02 03:04:05.000006 +03:00);
        assert_eq!(Timestamp(at).to_string(), "2026-01-02T00:04:05.000006Z");
    }

    #[test]
    fn a_value_cannot_forge_a_line_in_the_text_form() {
        let line = Line {
            at: datetime!(2026-01-02 03:04:05 UTC),
            level: "info",
            service: "auth",
            trace_id: None,
            user_id: Some("7"),
            message: "hello\n\u{1b}[2J",
        };
        let mut metadata = Map::new();
        metadata.insert("path".to_owned(), "/a\nb c".into());
        assert_eq!(
            line.to_text(&metadata, false),
            "03:04:05.000  INFO auth     hello\\n\\u{1b}[2J path=\"/a\\nb c\" user=7"
        );
    }
}
