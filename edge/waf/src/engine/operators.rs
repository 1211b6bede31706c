//! Running one operator over one value: searches within their budgets, captures, texts.

use super::{Transaction, ValueId};
use crate::{
    compile::{Link, RuleSet},
    libinjection,
    pattern::{Pattern, Search},
    rule::operator::{Operator, TextTest, integer},
};

/// Groups one `@rxGlobal` captures.
const MOST_CAPTURED: u32 = 200;

impl Transaction {
    /// Whether the operator holds for the value, before negation.
    pub(super) fn operator(&mut self, rules: &RuleSet, link: &Link, value: ValueId) -> bool {
        let capture = link.actions.capture;
        match &link.operator {
            Operator::Always => true,
            Operator::Never => false,
            Operator::Rx(pattern) => self.search(pattern, value, capture),
            Operator::RxTemplate(template, cache) => {
                let mut source = Vec::new();
                self.expand(rules, template, &mut source);
                cache.get(&source).is_some_and(|pattern| self.search(&pattern, value, capture))
            }
            Operator::RxGlobal(pattern) => self.search_all(pattern, value, capture),
            Operator::Verify(pattern, check) => self.verify(pattern, *check, value, capture),
            Operator::Pm(words) => match words.find(self.work.values.get(value)) {
                Some(phrase) => {
                    if capture {
                        self.work.tx.set_slot(0, phrase);
                    }
                    true
                }
                None => false,
            },
            Operator::Number(comparison, _, Some(number)) => {
                comparison.holds(integer(self.work.values.get(value)), *number)
            }
            Operator::Number(comparison, template, None) => {
                let mut text = Vec::new();
                self.expand(rules, template, &mut text);
                comparison.holds(integer(self.work.values.get(value)), integer(&text))
            }
            Operator::Text(test, template) => match template.constant() {
                Some(text) => text_test(*test, self.work.values.get(value), text),
                None => {
                    let mut text = Vec::new();
                    self.expand(rules, template, &mut text);
                    text_test(*test, self.work.values.get(value), &text)
                }
            },
            Operator::IpMatch(networks) => std::str::from_utf8(self.work.values.get(value))
                .ok()
                .and_then(|text| text.trim().parse().ok())
                .is_some_and(|address| networks.iter().any(|network| network.contains(address))),
            Operator::ByteRange(allowed) => {
                self.work.values.get(value).iter().any(|&byte| !allowed.contains(byte))
            }
            Operator::UrlEncoding => {
                crate::body::urlencoded::has_invalid_escape(self.work.values.get(value))
            }
            Operator::Utf8Encoding => std::str::from_utf8(self.work.values.get(value)).is_err(),
            Operator::Sqli => match libinjection::detect_sqli(self.work.values.get(value)) {
                Some(fingerprint) => {
                    if capture {
                        self.work.tx.set_slot(0, fingerprint.to_string().as_bytes());
                    }
                    true
                }
                None => false,
            },
            Operator::Xss => libinjection::detect_xss(self.work.values.get(value)),
        }
    }

    fn search(&mut self, pattern: &Pattern, value: ValueId, capture: bool) -> bool {
        let text = self.work.values.get(value);
        let mut groups = Vec::new();
        let outcome = if capture {
            pattern.captures(text, 0, &mut groups, &mut self.steps)
        } else {
            pattern.search_within(text, &mut self.steps)
        };
        match outcome {
            Search::NoMatch => false,
            Search::LimitReached => {
                self.limit_reached();
                false
            }
            Search::Match => {
                if capture {
                    self.capture(value, &groups);
                }
                true
            }
        }
    }

    fn limit_reached(&mut self) {
        self.limits_exceeded += 1;
        self.work.tx.set(&self.rules.tx, b"MSC_PCRE_LIMITS_EXCEEDED", Some(b"1"));
    }

    /// Takes the steps of a search that ended `bytes` after its start; the search itself is
    /// linear, but what repeats it is not.
    fn charge(&mut self, bytes: usize) -> bool {
        let cost = 1 + bytes as u64 / 16;
        self.steps = self.steps.saturating_sub(cost);
        if self.steps == 0 {
            self.limit_reached();
        }
        self.steps > 0
    }

    /// All matches, whose groups are numbered through and captured.
    fn search_all(&mut self, pattern: &Pattern, value: ValueId, capture: bool) -> bool {
        let (mut from, mut number, mut groups) = (0, 0, Vec::new());
        let length = self.work.values.get(value).len();
        while from <= length {
            let text = self.work.values.get(value);
            match pattern.captures(text, from, &mut groups, &mut self.steps) {
                Search::Match => {}
                Search::NoMatch => break,
                Search::LimitReached => {
                    self.limit_reached();
                    break;
                }
            }
            let Some((start, end)) = groups.first().copied().flatten() else { break };
            if number == 0 && !capture {
                return true;
            }
            for group in &groups {
                if let Some((start, end)) = group {
                    self.capture_as(number, value, *start, *end);
                }
                number += 1;
            }
            if number >= MOST_CAPTURED || !self.charge(end - from) {
                break;
            }
            from = if end > start { end } else { end + 1 };
        }
        number > 0
    }

    /// Looks for a match that passes the check, at every place one begins.
    fn verify(
        &mut self,
        pattern: &Pattern,
        check: fn(&[u8]) -> bool,
        value: ValueId,
        capture: bool,
    ) -> bool {
        let (mut from, mut groups) = (0, Vec::new());
        let length = self.work.values.get(value).len();
        while from < length {
            let text = self.work.values.get(value);
            match pattern.captures(text, from, &mut groups, &mut self.steps) {
                Search::Match => {}
                Search::NoMatch => return false,
                Search::LimitReached => {
                    self.limit_reached();
                    return false;
                }
            }
            let Some((start, end)) = groups.first().copied().flatten() else { return false };
            if check(&text[start..end]) {
                if capture {
                    self.capture_as(0, value, start, end);
                }
                return true;
            }
            if !self.charge(end - from) {
                return false;
            }
            from = start + 1;
        }
        false
    }

    /// Stores groups 0 to 9; a group that took no part keeps its old value.
    fn capture(&mut self, value: ValueId, groups: &[Option<(usize, usize)>]) {
        for (slot, group) in (0..crate::rule::CAPTURES).zip(groups) {
            if let Some((start, end)) = group {
                self.work.tx.set_slot(slot, &self.work.values.get(value)[*start..*end]);
            }
        }
    }

    fn capture_as(&mut self, number: u32, value: ValueId, start: usize, end: usize) {
        let text = &self.work.values.get(value)[start..end];
        if number < crate::rule::CAPTURES {
            self.work.tx.set_slot(number, text);
        } else {
            self.work.tx.set(&self.rules.tx, number.to_string().as_bytes(), Some(text));
        }
    }
}

fn text_test(test: TextTest, value: &[u8], text: &[u8]) -> bool {
    match test {
        TextTest::Equals => value == text,
        TextTest::Contains => memchr::memmem::find(value, text).is_some(),
        TextTest::Within => memchr::memmem::find(text, value).is_some(),
        TextTest::BeginsWith => value.starts_with(text),
        TextTest::EndsWith => value.ends_with(text),
        TextTest::ContainsWord => contains_word(value, text),
    }
}

/// Between ends or bytes that are not ASCII letters, as libmodsecurity sees words: digits
/// and underscores part them.
fn contains_word(value: &[u8], word: &[u8]) -> bool {
    if word.is_empty() || value == word {
        return true;
    }
    let apart = |at: Option<usize>| {
        at.and_then(|at| value.get(at)).is_some_and(|byte| !byte.is_ascii_alphabetic())
    };
    let finder = memchr::memmem::Finder::new(word);
    let mut from = 0;
    while let Some(found) = value.get(from..).and_then(|rest| finder.find(rest)) {
        let (start, end) = (from + found, from + found + word.len());
        let before = start == 0 || apart(start.checked_sub(1));
        let after = end == value.len() || apart(Some(end));
        if before && after {
            return true;
        }
        from = start + 1;
    }
    false
}
