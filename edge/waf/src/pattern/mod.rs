//! Regular expressions of rules: PCRE syntax over bytes, matched in linear time.
//!
//! An expression runs on a finite automaton. One that needs look-around, back references
//! or atomic groups runs on a bounded backtracker, and only where its widened automaton
//! form matches. Automata are built at first use: loading a rule set checks every
//! expression but builds none.

mod backtrack;
pub(crate) mod byteset;
mod hir;
pub(crate) mod require;
mod syntax;

use std::sync::OnceLock;

use regex_automata::{
    Input, MatchKind,
    meta::{Config, Regex},
    util::captures::Captures,
};
use regex_syntax::hir::{Hir, Look};

use backtrack::Backtracker;
pub use syntax::PatternError;

/// A capture group's place in the value, or `None` where the group took no part.
pub(crate) type Group = Option<(usize, usize)>;

/// Outcome of a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Search {
    Match,
    NoMatch,
    /// The bounded search was cut short; counts as no match.
    LimitReached,
}

/// A checked expression.
#[derive(Debug)]
pub(crate) struct Pattern {
    source: String,
    hir: Hir,
    clauses: Vec<require::Clause>,
    min_len: usize,
    /// It holds `^` that looks for line ends.
    line_starts: bool,
    automaton: OnceLock<Option<Regex>>,
    exact: Option<Box<Backtracker>>,
    limit: u64,
}

impl Pattern {
    /// Parses an expression; `limit` bounds the steps of one search where backtracking is
    /// unavoidable.
    pub(crate) fn new(source: &str, caseless: bool, limit: u64) -> Result<Self, PatternError> {
        let parsed = syntax::parse(source.as_bytes(), caseless)?;
        let refused = |message: String| PatternError { message, offset: 0 };
        let clauses = require::clauses(&parsed.node);
        let (hir, exact) = match hir::translate(&parsed.node, false) {
            Some(hir) => (hir, None),
            None => {
                let exact = Backtracker::new(&parsed.node, parsed.groups).map_err(refused)?;
                let relaxed = hir::translate(&parsed.node, true)
                    .ok_or_else(|| refused("the expression cannot be compiled".into()))?;
                (relaxed, Some(Box::new(exact)))
            }
        };
        let min_len = hir.properties().minimum_len().unwrap_or(usize::MAX);
        let exact = if exact.is_none() && size(&hir) > MAX_AUTOMATON {
            Some(Box::new(Backtracker::new(&parsed.node, parsed.groups).map_err(refused)?))
        } else {
            exact
        };
        let line_starts = hir.properties().look_set().contains(Look::StartLF);
        Ok(Self {
            line_starts,
            source: source.to_owned(),
            hir,
            clauses,
            min_len,
            automaton: OnceLock::new(),
            exact,
            limit,
        })
    }

    pub(crate) fn source(&self) -> &str {
        &self.source
    }

    /// What a value must contain for a match.
    pub(crate) fn clauses(&self) -> &[require::Clause] {
        &self.clauses
    }

    fn automaton(&self) -> Option<&Regex> {
        self.automaton
            .get_or_init(|| {
                let config = Config::new()
                    .match_kind(MatchKind::LeftmostFirst)
                    .utf8_empty(false)
                    .nfa_size_limit(Some(64 << 20))
                    .hybrid_cache_capacity(1 << 20);
                Regex::builder().configure(config).build_from_hir(&self.hir).ok()
            })
            .as_ref()
    }

    /// Searches without reporting groups, within the limit of one search.
    pub(crate) fn search(&self, text: &[u8]) -> Search {
        self.search_within(text, &mut self.limit.clone())
    }

    /// Searches without reporting groups. Backtracking takes its steps from `steps`, at
    /// most those of one search.
    pub(crate) fn search_within(&self, text: &[u8], steps: &mut u64) -> Search {
        if text.len() < self.min_len {
            return Search::NoMatch;
        }
        if let Some(automaton) = self.automaton() {
            if !automaton.is_match(Input::new(text).earliest(true)) {
                return Search::NoMatch;
            }
            if self.exact.is_none() {
                let only_at_the_end = self.begins_after_last_line(text)
                    && automaton.find(text).is_some_and(|found| found.start() == text.len());
                return if only_at_the_end { Search::NoMatch } else { Search::Match };
            }
        }
        self.backtrack(text, 0, &mut Vec::new(), steps)
    }

    /// Searches from byte `from` on and stores the groups of the leftmost match; group 0 is
    /// all of it.
    pub(crate) fn captures(
        &self,
        text: &[u8],
        from: usize,
        groups: &mut Vec<Group>,
        steps: &mut u64,
    ) -> Search {
        groups.clear();
        if text.len() < self.min_len {
            return Search::NoMatch;
        }
        let input = || Input::new(text).range(from..);
        if let Some(automaton) = self.automaton() {
            if self.exact.is_some() {
                if !automaton.is_match(input().earliest(true)) {
                    return Search::NoMatch;
                }
            } else {
                let mut captures: Captures = automaton.create_captures();
                automaton.search_captures(&input(), &mut captures);
                if !captures.is_match() {
                    return Search::NoMatch;
                }
                if self.begins_after_last_line(text)
                    && captures.get_match().is_some_and(|found| found.start() == text.len())
                {
                    return Search::NoMatch;
                }
                groups.extend(captures.iter().map(|span| span.map(|s| (s.start, s.end))));
                return Search::Match;
            }
        }
        self.backtrack(text, from, groups, steps)
    }

    /// Whether the automaton would take `^` to match behind a line end that ends the value,
    /// which it does not in PCRE.
    fn begins_after_last_line(&self, text: &[u8]) -> bool {
        self.line_starts && text.last() == Some(&b'\n')
    }

    fn backtrack(
        &self,
        text: &[u8],
        from: usize,
        groups: &mut Vec<Group>,
        steps: &mut u64,
    ) -> Search {
        let Some(exact) = &self.exact else {
            return Search::LimitReached;
        };
        let allowed = self.limit.min(*steps);
        let mut left = allowed;
        let found = exact.search(text, from, &mut left);
        *steps -= allowed - left;
        match found {
            Ok(Some(slots)) => {
                groups.extend(slots.chunks_exact(2).map(|pair| Some((pair[0]?, pair[1]?))));
                Search::Match
            }
            Ok(None) => Search::NoMatch,
            Err(backtrack::LimitReached) => Search::LimitReached,
        }
    }
}

/// Above this estimate an automaton would not fit into its memory limit.
const MAX_AUTOMATON: usize = 1_000_000;

/// A rough count of automaton states, with counted repetitions unrolled.
fn size(hir: &Hir) -> usize {
    use regex_syntax::hir::HirKind;
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => 1,
        HirKind::Literal(literal) => literal.0.len(),
        HirKind::Class(_) => 1,
        HirKind::Capture(capture) => size(&capture.sub),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => {
            parts.iter().map(size).fold(0, usize::saturating_add)
        }
        HirKind::Repetition(repetition) => {
            let times = repetition.max.unwrap_or(repetition.min + 1).max(1) as usize;
            size(&repetition.sub).saturating_mul(times)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{require::Clause, *};

    fn pattern(source: &str) -> Pattern {
        Pattern::new(source, false, 100_000).unwrap()
    }

    fn found(source: &str, text: &str) -> Option<String> {
        let mut groups = Vec::new();
        let p = pattern(source);
        let search = p.captures(text.as_bytes(), 0, &mut groups, &mut 100_000);
        assert_eq!(search, p.search(text.as_bytes()), "{source} on {text:?}");
        let (start, end) = (*groups.first()?)?;
        Some(text[start..end].to_owned())
    }

    #[test]
    fn syntax_is_that_of_pcre() {
        for (source, text, expected) in [
            ("a.c", "a\nc", Some("a\nc")),
            ("^b$", "a\nb\nc", Some("b")),
            ("(?-m)^b$", "a\nb", None),
            ("^$", "a\n", None),
            ("^$", "\n", Some("")),
            ("^[^a]*$", "a\n", None),
            ("a$|^$", "b\na\n", Some("a")),
            ("$", "a\n", Some("")),
            ("(?i)SeLect", "xselecty", Some("select")),
            ("(?i:a)b", "AB", None),
            (r"\p{Lu}\PL+[\p{Nd}\p{^L}]\C", "aB1-2c", Some("B1-2c")),
            (r"[[:alpha:]\d]+", "--ab1--", Some("ab1")),
            (r"[]a]+", "x]a]", Some("]a]")),
            (r"[^\]]+", "]ab]", Some("ab")),
            (r"[\w-]+", "a-b", Some("a-b")),
            (r"[a-\d]+", "-a5", Some("-a5")),
            ("a{2,3}", "aaaa", Some("aaa")),
            ("a{,3}", "a{,3}", Some("a{,3}")),
            ("x{y", "x{y", Some("x{y")),
            (r"\x41\x{42}\103", "ABC", Some("ABC")),
            (r"\Qa.b\Ec", "a.bc", Some("a.bc")),
            (r"\bfoo\b", "a foo b", Some("foo")),
            (r"a\<b", "a<b", Some("a<b")),
            ("a|ab", "ab", Some("a")),
            ("(?x) a b # c\n c", "abc", Some("abc")),
            ("[&&a]+", "&&", Some("&&")),
            ("[a[]", "[", Some("[")),
        ] {
            assert_eq!(found(source, text).as_deref(), expected, "{source} on {text:?}");
        }
    }

    #[test]
    fn what_automata_cannot_do_is_backtracked() {
        for (source, text, expected) in [
            (r"foo(?!bar)", "foobar foobaz", Some("foo")),
            (r"(?<!\d)12", "112 12", Some("12")),
            (r"(?<=a|bc)x", "bcx", Some("x")),
            (r"(['\x22])a+\1", "'aaa'", Some("'aaa'")),
            (r"(?i)(ab)\1", "abAB", Some("abAB")),
            (r"(?P<q>['`])a(?P=q)", "'a` `a`", Some("`a`")),
            (r"(?<q>a)(b)\k<q>\g2\g{-1}", "ababb", Some("ababb")),
            (r"(?>a+)b", "aaab", Some("aaab")),
            (r"a++a", "aaa", None),
            (r"(?:a|b(?=c))+", "abc", Some("ab")),
            (r"(?:(a)|b)*(?!x)", "ab", Some("ab")),
            (r"^(?:(?=.*q)x?)*$", "x", None),
            (r"[^?\w]++\s*?[(@]*?\s*?\w+\W+\w", "\">aai</aai", Some("\">aai</a")),
            (r"(?i:[\s']*?\b(\w+)\b[\s']*?(?:>?[\s']*?(?!\b\1\b)\w+))", "x png >p3", Some("x png")),
            (r"\b(\w+)\b\s*?>?\s*?(?!\b\1\b)\w+", "png >p3", Some("png >p3")),
        ] {
            assert_eq!(found(source, text).as_deref(), expected, "{source} on {text:?}");
        }
    }

    #[test]
    fn a_runaway_search_ends_at_the_limit() {
        let p = pattern(r"(?:a+)+(?!a)\d$");
        let text = format!("{}x1y", "a".repeat(5000));
        assert_eq!(pattern(r"(?:a+)+(?!a)$").search(text.as_bytes()), Search::NoMatch);
        let text = format!("{}1", "a".repeat(40) + "b");
        assert_ne!(p.search(text.as_bytes()), Search::Match);
        let evil = pattern(r"^(?:(?:a+)+(?=b)|c)[\s\S]*d");
        let text = format!("{}d", "a".repeat(3000));
        assert_eq!(
            pattern(r"(?=a)(?:a|aa)+e?(?!.)f|.*d").search(text.as_bytes()),
            Search::LimitReached
        );
        assert_ne!(evil.search(text.as_bytes()), Search::Match);
    }

    #[test]
    fn refusals_name_the_place() {
        for (source, offset) in [
            ("a(b", 3),
            ("a)b", 1),
            ("[a", 0),
            ("*a", 0),
            (r"a\y", 2),
            (r"\p{Letters}", 2),
            (r"a\p", 3),
            (r"\p{L", 2),
            // A name that does not end.
            ("(?<i:a)b", 4),
            ("(?P<", 4),
            ("(?'a", 4),
            (r"\k<a", 4),
            (r"(?P=a", 5),
        ] {
            assert_eq!(Pattern::new(source, false, 1).unwrap_err().offset, offset, "{source}");
        }
    }

    #[test]
    fn required_literals_are_sound_and_useful() {
        let words = |source: &str| -> Vec<Vec<String>> {
            pattern(source)
                .clauses()
                .iter()
                .filter_map(|clause| match clause {
                    Clause::Words(words) => Some(
                        words.iter().map(|w| String::from_utf8_lossy(w).into_owned()).collect(),
                    ),
                    Clause::Bytes(_) => None,
                })
                .collect()
        };
        assert_eq!(words(r"(?i)\bunion\s+(?:all|distinct)?\s*select"), [["select"], ["union"]]);
        assert_eq!(words(r"(?i:foo|ba[rz])"), [["bar", "baz", "foo"]]);
        assert_eq!(words(r"a*"), Vec::<Vec<String>>::new());
        assert_eq!(words(r"(?:ab)?"), Vec::<Vec<String>>::new());
        assert_eq!(words(r"(?:sleep\(\d+|benchmark\()"), [["benchmark(", "sleep("]]);
        assert_eq!(words(r"on[a-z]{3,5}="), [["on"]]);
    }
}
