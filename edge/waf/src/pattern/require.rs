//! What a value must contain for an expression to match it at all.
//!
//! The result is a conjunction: every clause must hold in the value. It is sound (a value
//! that fails a clause cannot match) and ignores case throughout.

use super::{byteset::ByteSet, syntax::Node};

/// One thing a value must contain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Clause {
    /// One of these bytes.
    Bytes(ByteSet),
    /// One of these words, given in lower case.
    Words(Vec<Vec<u8>>),
}

/// Words in one clause; more would cost the automaton more than they save.
const MAX_WORDS: usize = 4000;
/// Words made by putting alternatives one after another.
const MAX_PRODUCT: usize = 128;
/// Word length; a longer word is represented by its beginning.
const MAX_WORD: usize = 12;
const MAX_WORD_CLAUSES: usize = 3;
const MAX_BYTE_CLAUSES: usize = 3;

/// The strongest clauses found for `node`.
pub(crate) fn clauses(node: &Node) -> Vec<Clause> {
    let info = inspect(node);
    let mut all = info.clauses;
    if let Some(words) = info.exact {
        all.extend(words_clause(words));
    }
    select(all)
}

/// Keeps the clauses worth testing.
pub(crate) fn select(all: Vec<Clause>) -> Vec<Clause> {
    let (mut words, mut bytes) = (Vec::new(), Vec::new());
    for clause in all {
        let kept = match &clause {
            Clause::Words(_) => &mut words,
            Clause::Bytes(_) => &mut bytes,
        };
        if !kept.contains(&clause) {
            kept.push(clause);
        }
    }
    words.sort_by_key(|clause| std::cmp::Reverse(strength(clause)));
    words.truncate(MAX_WORD_CLAUSES);
    bytes.sort_by_key(|clause| std::cmp::Reverse(strength(clause)));
    bytes.truncate(MAX_BYTE_CLAUSES);
    words.extend(bytes);
    words
}

/// A rough order: how unlikely is the clause to hold in an ordinary value?
fn strength(clause: &Clause) -> u32 {
    match clause {
        Clause::Words(words) => {
            let shortest = words.iter().map(Vec::len).min().unwrap_or(0).min(6);
            let many = words.len().ilog2();
            100 + 20 * u32::try_from(shortest).unwrap_or(0) - many.min(15)
        }
        Clause::Bytes(set) => {
            set.iter()
                .map(|byte| match byte {
                    b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => 0,
                    b' ' | b'.' | b'-' | b'_' | b'/' | b'=' | b'+' | b':' => 1,
                    _ => 3,
                })
                .min()
                .unwrap_or(0)
                * 30
                + (256 - set.len()) / 16
        }
    }
}

#[derive(Default)]
struct Info {
    /// All strings the node can match (in lower case), when they are few.
    exact: Option<Vec<Vec<u8>>>,
    clauses: Vec<Clause>,
}

fn exactly(words: Vec<Vec<u8>>) -> Info {
    Info { exact: Some(words), clauses: Vec::new() }
}

/// The clause that one of `words` occurs; `None` when it says nothing.
pub(crate) fn words_clause(mut words: Vec<Vec<u8>>) -> Option<Clause> {
    if words.is_empty() || words.len() > MAX_WORDS || words.iter().any(Vec::is_empty) {
        return None;
    }
    if words.iter().all(|word| word.len() == 1) {
        let set = ByteSet::of(words.into_iter().flatten()).fold_case();
        return Some(Clause::Bytes(set));
    }
    for word in &mut words {
        word.truncate(MAX_WORD);
    }
    words.sort();
    words.dedup();
    // A word containing another one of the clause is implied by it.
    if words.len() <= 200 {
        let short = words.clone();
        words.retain(|word| {
            !short.iter().any(|other| {
                other.len() < word.len() && word.windows(other.len()).any(|part| part == other)
            })
        });
    }
    Some(Clause::Words(words))
}

fn inspect(node: &Node) -> Info {
    match node {
        Node::Empty | Node::Assert(_) | Node::Look { .. } => exactly(vec![Vec::new()]),
        Node::Class(set) => {
            let lower = set.lower();
            if lower.len() <= 8 {
                return exactly(lower.iter().map(|byte| vec![byte]).collect());
            }
            let clauses = if *set == ByteSet::FULL {
                Vec::new()
            } else {
                vec![Clause::Bytes(set.fold_case())]
            };
            Info { exact: None, clauses }
        }
        Node::Capture(_, node) | Node::Atomic(node) => inspect(node),
        Node::Backreference { .. } => Info::default(),
        Node::Repeat { node, min, max, .. } => repeat(node, *min, *max),
        Node::Alternate(nodes) => alternate(nodes.iter().map(inspect).collect()),
        Node::Concat(nodes) => concat(nodes.iter().map(inspect)),
    }
}

fn repeat(node: &Node, min: u32, max: Option<u32>) -> Info {
    let inner = inspect(node);
    match (min, max) {
        (0, Some(0)) => exactly(vec![Vec::new()]),
        (0, Some(1)) => match inner.exact {
            Some(mut words) if words.len() < MAX_PRODUCT => {
                words.push(Vec::new());
                exactly(words)
            }
            _ => Info::default(),
        },
        (0, _) => Info::default(),
        (1, Some(1)) => inner,
        (count, limit) => {
            let mut clauses = inner.clauses;
            let Some(words) = inner.exact else {
                return Info { exact: None, clauses };
            };
            if limit == Some(count) && words.len() == 1 && count <= 16 {
                return exactly(vec![words[0].repeat(count as usize)]);
            }
            clauses.extend(words_clause(words));
            Info { exact: None, clauses }
        }
    }
}

fn concat(infos: impl Iterator<Item = Info>) -> Info {
    let mut clauses = Vec::new();
    let mut run = vec![Vec::new()];
    let mut whole = true;
    for info in infos {
        clauses.extend(info.clauses);
        match info.exact {
            Some(words)
                if words.len() == 1 || run.len() == 1 || run.len() * words.len() <= MAX_PRODUCT =>
            {
                let longest = run.iter().map(Vec::len).max().unwrap_or(0);
                if run.len() * words.len() > MAX_PRODUCT && longest == 0 {
                    run = words;
                } else if run.len() * words.len() > MAX_WORDS {
                    clauses.extend(words_clause(std::mem::replace(&mut run, words)));
                    whole = false;
                } else {
                    run = run
                        .iter()
                        .flat_map(|left| {
                            words.iter().map(move |right| [left.as_slice(), right].concat())
                        })
                        .collect();
                }
            }
            other => {
                clauses.extend(words_clause(std::mem::take(&mut run)));
                run = other.unwrap_or_else(|| vec![Vec::new()]);
                whole = false;
            }
        }
    }
    if whole {
        return Info { exact: Some(run), clauses };
    }
    clauses.extend(words_clause(run));
    Info { exact: None, clauses }
}

fn alternate(infos: Vec<Info>) -> Info {
    let total: usize =
        infos.iter().map(|i| i.exact.as_ref().map_or(usize::MAX / 1024, Vec::len)).sum();
    if total <= MAX_WORDS {
        return exactly(infos.into_iter().filter_map(|info| info.exact).flatten().collect());
    }
    // One clause for the whole: in every branch its strongest clause must hold.
    let (mut words, mut bytes) = (Some(Vec::new()), Some(ByteSet::EMPTY));
    for info in infos {
        let mut all = info.clauses;
        if let Some(exact) = info.exact {
            all.extend(words_clause(exact));
        }
        let best_words = all
            .iter()
            .filter(|clause| matches!(clause, Clause::Words(_)))
            .max_by_key(|clause| strength(clause));
        let best_bytes = all
            .iter()
            .map(|clause| match clause {
                Clause::Bytes(set) => (strength(clause), *set),
                // Any byte of a word must be present when the word is.
                Clause::Words(words) => {
                    let set = ByteSet::of(words.iter().filter_map(|word| {
                        word.iter()
                            .copied()
                            .max_by_key(|&byte| strength(&Clause::Bytes(ByteSet::of([byte]))))
                    }))
                    .fold_case();
                    (strength(&Clause::Bytes(set)), set)
                }
            })
            .max_by_key(|(strength, _)| *strength);
        words = words.and_then(|mut list: Vec<Vec<u8>>| {
            match best_words {
                Some(Clause::Words(more)) => list.extend(more.iter().cloned()),
                // A branch that only asks for a few bytes joins as one-byte words.
                _ => match best_bytes {
                    Some((_, set)) if set.lower().len() <= 4 => {
                        list.extend(set.lower().iter().map(|b| vec![b]))
                    }
                    _ => return None,
                },
            }
            (list.len() <= MAX_WORDS).then_some(list)
        });
        bytes = match (bytes, best_bytes) {
            (Some(set), Some((_, more))) => Some(set.union(more)),
            _ => None,
        };
    }
    let mut clauses = Vec::new();
    if let Some(words) = words {
        clauses.extend(words_clause(words));
    }
    if let Some(set) = bytes
        && set != ByteSet::FULL
    {
        clauses.push(Clause::Bytes(set));
    }
    Info { exact: None, clauses }
}
