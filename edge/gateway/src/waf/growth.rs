//! How much a body may become when it is taken apart, known before it is.

use bytes::Bytes;
use http::{HeaderMap, header};

/// Forms up to this length are evaluated where they are read: the longest evaluation of a
/// shorter one takes less than handing it over would cost its neighbours.
const SHORT: usize = 16 * 1024;
/// The same of documents, and the most they may become.
const SHORT_DOCUMENT: usize = 2 * 1024;
const SHORT_EXPANDED: usize = 64 * 1024;

/// What the engine makes of a document at most, `marquis_waf::body::Limits::for_length`.
const GROWTH: usize = 4;
const NAMES: usize = 256 * 1024;

/// Whether and how a body grows. JSON names every value by its whole path, entities of XML
/// stand for text of any length; a form becomes what it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Growth {
    document: bool,
    length: usize,
    commas: usize,
    /// Something like an entity may be declared.
    declares: bool,
}

impl Growth {
    /// Of a body of this type.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let is_form = |value: &http::HeaderValue| {
            let begins = |start: &[u8]| {
                value.as_bytes().get(..start.len()).is_some_and(|v| v.eq_ignore_ascii_case(start))
            };
            begins(b"multipart/form-data")
                || begins(b"application/x-www-form-urlencoded")
                || value.is_empty()
        };
        let document = !headers.get_all(header::CONTENT_TYPE).iter().all(is_form);
        Self { document, length: 0, commas: 0, declares: false }
    }

    /// Another part of it.
    pub(super) fn part(&mut self, part: &Bytes) {
        self.length += part.len();
        // What is longer is not looked at: nothing can make it short again.
        if self.document && self.length <= SHORT_DOCUMENT {
            self.commas += memchr::memchr_iter(b',', part).count();
            self.declares |= memchr::memchr(b'!', part).is_some();
        }
    }

    /// Bytes so far.
    pub(super) fn length(&self) -> usize {
        self.length
    }

    /// Bytes of all that comes out of it, at most.
    pub(super) fn expanded(&self, arguments: usize) -> usize {
        if !self.document {
            return self.length;
        }
        let names = arguments.min(self.length / 2).saturating_mul(64).max(NAMES);
        let most = self.length.saturating_mul(GROWTH).saturating_add(names);
        if self.length > SHORT_DOCUMENT || self.declares {
            return most;
        }
        // Each value may be named by all the keys there are.
        most.min((self.commas + 1).saturating_mul(self.length))
    }

    /// Whether an evaluation takes longer than neighbours on the event loop should wait.
    pub(super) fn is_long(&self, arguments: usize) -> bool {
        if self.document {
            self.length > SHORT_DOCUMENT || self.expanded(arguments) > SHORT_EXPANDED
        } else {
            self.length > SHORT
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn growth(kind: &str, body: &str) -> Growth {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, kind.parse().expect("a value"));
        let mut growth = Growth::of(&headers);
        growth.part(&Bytes::copy_from_slice(body.as_bytes()));
        growth
    }

    #[test]
    fn ordinary_bodies_stay_on_the_event_loop() {
        let fields: Vec<String> = (0..15).map(|n| format!("\"field{n}\":\"value {n}\"")).collect();
        let json = format!("{{{}}}", fields.join(","));
        assert!(json.len() > 250, "{json}");
        assert!(!growth("application/json", &json).is_long(1_000));
        assert!(!growth("text/xml", "<a><b>text</b></a>").is_long(1_000));
        let form = "a=b,c!&".repeat(2_000);
        assert!(!growth("application/x-www-form-urlencoded", &form).is_long(1_000));
        assert!(!growth("multipart/form-data; boundary=b", &form).is_long(1_000));
        assert_eq!(growth("multipart/form-data; boundary=b", &form).expanded(1_000), form.len());
    }

    #[test]
    fn what_may_grow_does_not() {
        let names = format!("{{\"{}\":[{}1]}}", "k".repeat(1_500), "1,".repeat(60));
        assert!(growth("application/json", &names).is_long(1_000));
        assert!(growth("text/xml", "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>").is_long(1_000));
        assert!(growth("application/json", &" ".repeat(3_000)).is_long(1_000));
        assert!(growth("", &"a".repeat(20_000)).is_long(1_000));
        assert!(growth("application/json", "{}").expanded(1_000) < 100);
        assert!(growth("application/json", &" ".repeat(100_000)).expanded(1_000) >= 400_000);
    }
}
