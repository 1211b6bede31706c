//! The prefilter: which operators can possibly match a value?
//!
//! Every operator states clauses a matching value must satisfy (words or bytes it must
//! contain). One pass of an automaton over all words of all operators, and one pass over
//! the byte classes, decide all clauses of all operators at once. What passes is a
//! candidate and runs for real; what does not cannot match.

use std::collections::HashMap;

use aho_corasick::{Anchored, MatchKind, automaton::Automaton as _, dfa::DFA};

use super::classes::{ClassMask, Classes};
use crate::pattern::require::Clause;

/// Number of an operator in the prefilter; also its bit in the result.
pub(crate) type Probe = u32;

/// Collects clauses.
#[derive(Debug, Default)]
pub(crate) struct Builder {
    words: HashMap<Vec<u8>, Vec<u32>>,
    clause_probe: Vec<Probe>,
    needed: Vec<u16>,
    by_class: HashMap<u32, Vec<Probe>>,
}

impl Builder {
    /// Registers an operator; `None` when its clauses say nothing.
    pub(crate) fn probe(&mut self, clauses: &[Clause], classes: &mut Classes) -> Option<Probe> {
        let probe = u32::try_from(self.needed.len()).ok()?;
        let mut words = 0;
        let mut bytes = Vec::new();
        for clause in clauses {
            match clause {
                Clause::Words(list) => {
                    let id = u32::try_from(self.clause_probe.len()).ok()?;
                    self.clause_probe.push(probe);
                    for word in list {
                        self.words.entry(word.clone()).or_default().push(id);
                    }
                    words += 1;
                }
                Clause::Bytes(set) => bytes.extend(classes.bit(*set)),
            }
        }
        if words == 0 && bytes.is_empty() {
            return None;
        }
        self.needed.push(words);
        for bit in bytes {
            self.by_class.entry(bit).or_default().push(probe);
        }
        Some(probe)
    }

    pub(crate) fn build(self) -> Result<Prefilter, aho_corasick::BuildError> {
        let width = self.needed.len().div_ceil(64);
        let mut without_words = vec![0; width];
        for (probe, &needed) in self.needed.iter().enumerate() {
            if needed == 0 {
                without_words[probe / 64] |= 1 << (probe % 64);
            }
        }
        let mut by_class: Vec<(u32, Vec<u64>)> = self
            .by_class
            .into_iter()
            .map(|(bit, probes)| {
                let mut keep = vec![u64::MAX; width];
                for probe in probes {
                    keep[probe as usize / 64] &= !(1 << (probe % 64));
                }
                (bit, keep)
            })
            .collect();
        by_class.sort_by_key(|(bit, _)| *bit);
        let mut words: Vec<(Vec<u8>, Vec<u32>)> = self.words.into_iter().collect();
        words.sort();
        let automaton =
            if words.is_empty() { None } else { Words::new(words.iter().map(|(word, _)| word))? };
        Ok(Prefilter {
            automaton,
            word_clauses: words
                .into_iter()
                .map(|(_, clauses)| clauses.into_boxed_slice())
                .collect(),
            clause_probe: self.clause_probe,
            needed: self.needed,
            without_words,
            by_class,
            width,
        })
    }
}

/// The automaton of all words.
#[derive(Debug)]
struct Words {
    dfa: DFA,
    start: aho_corasick::automaton::StateID,
    /// States are numbered in steps of two to this power.
    shift: u32,
    states: usize,
}

impl Words {
    /// `None` where words cannot be looked for.
    fn new<'w>(
        words: impl Iterator<Item = &'w Vec<u8>> + Clone,
    ) -> Result<Option<Self>, aho_corasick::BuildError> {
        let dfa = DFA::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::Standard)
            .prefilter(false)
            .build(words.clone())?;
        let Ok(start) = dfa.start_state(Anchored::No) else { return Ok(None) };
        let (mut all, mut last) = (0, 0);
        for word in words {
            let mut state = start;
            for &byte in word {
                state = dfa.next_state(Anchored::No, state, byte);
                all |= state.as_usize();
                last = last.max(state.as_usize());
            }
        }
        let shift = if all == 0 { 0 } else { all.trailing_zeros() };
        Ok(Some(Self { dfa, start, shift, states: (last >> shift) + 1 }))
    }
}

/// The compiled form.
#[derive(Debug)]
pub(crate) struct Prefilter {
    automaton: Option<Words>,
    /// For every word the clauses it satisfies.
    word_clauses: Vec<Box<[u32]>>,
    clause_probe: Vec<Probe>,
    /// Number of word clauses per probe.
    needed: Vec<u16>,
    without_words: Vec<u64>,
    /// For every byte class the probes that remain when it is untouched.
    by_class: Vec<(u32, Vec<u64>)>,
    width: usize,
}

/// Working memory of a scan, reused between scans and transactions.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    seen: Vec<u64>,
    /// States of the automaton whose words are known to occur.
    visited: Vec<u64>,
    reached: Vec<usize>,
    counts: Vec<u16>,
    touched: Vec<u32>,
    /// Ordinary values touch few distinct combinations of classes: what each combination
    /// leaves over is remembered, in a table addressed by its hash.
    memo: Vec<Option<ClassMask>>,
    memo_bits: Vec<u64>,
}

const MEMO: usize = 1024;

fn memo_slot(classes: ClassMask) -> usize {
    let bytes = classes.to_le_bytes();
    let (low, high) = bytes.split_at(8);
    let word = |half: &[u8]| half.iter().rev().fold(0_u64, |sum, &byte| sum << 8 | u64::from(byte));
    let mixed = (word(low) ^ word(high).rotate_left(29)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    usize::try_from(mixed >> 54).unwrap_or(0)
}

impl Prefilter {
    /// Length of a result in 64-bit words.
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// Memory of the automaton in bytes.
    pub(crate) fn memory(&self) -> usize {
        self.automaton.as_ref().map_or(0, |words| words.dfa.memory_usage())
    }

    /// Fills `out` with a bit for every probe whose word clauses hold.
    pub(crate) fn words(&self, text: &[u8], out: &mut [u64], scratch: &mut Scratch) {
        out.copy_from_slice(&self.without_words);
        let Some(automaton) = &self.automaton else {
            // Nothing is known of any value.
            out.fill(u64::MAX);
            return;
        };
        scratch.seen.resize(self.clause_probe.len().div_ceil(64), 0);
        scratch.counts.resize(self.needed.len(), 0);
        scratch.visited.resize(automaton.states.div_ceil(64), 0);
        let dfa = &automaton.dfa;
        let mut state = automaton.start;
        for &byte in text {
            state = dfa.next_state(Anchored::No, state, byte);
            if !dfa.is_special(state) || !dfa.is_match(state) {
                continue;
            }
            // A state always tells of the same words.
            let number = state.as_usize() >> automaton.shift;
            let Some(place) = scratch.visited.get_mut(number / 64) else { continue };
            if *place & 1 << (number % 64) != 0 {
                continue;
            }
            *place |= 1 << (number % 64);
            scratch.reached.push(number);
            for index in 0..dfa.match_len(state) {
                self.found(dfa.match_pattern(state, index).as_usize(), out, scratch);
            }
        }
        for number in scratch.reached.drain(..) {
            scratch.visited[number / 64] = 0;
        }
        for clause in scratch.touched.drain(..) {
            scratch.seen[clause as usize / 64] = 0;
            scratch.counts[self.clause_probe[clause as usize] as usize] = 0;
        }
    }

    /// Notes that a word occurs.
    fn found(&self, word: usize, out: &mut [u64], scratch: &mut Scratch) {
        for &clause in &*self.word_clauses[word] {
            let (word, bit) = (clause as usize / 64, 1 << (clause % 64));
            if scratch.seen[word] & bit != 0 {
                continue;
            }
            scratch.seen[word] |= bit;
            scratch.touched.push(clause);
            let probe = self.clause_probe[clause as usize];
            let count = &mut scratch.counts[probe as usize];
            *count += 1;
            if *count == self.needed[probe as usize] {
                out[probe as usize / 64] |= 1 << (probe % 64);
            }
        }
    }

    /// The probes without word clauses.
    pub(crate) fn without_words(&self) -> &[u64] {
        &self.without_words
    }

    /// The probes whose byte clauses hold for these classes.
    pub(crate) fn kept<'s>(&self, classes: ClassMask, scratch: &'s mut Scratch) -> &'s [u64] {
        if scratch.memo.is_empty() {
            scratch.memo.resize(MEMO, None);
            scratch.memo_bits.resize(MEMO * self.width, 0);
        }
        let slot = memo_slot(classes);
        let place = slot * self.width..(slot + 1) * self.width;
        if scratch.memo[slot] != Some(classes) {
            let bits = &mut scratch.memo_bits[place.clone()];
            bits.fill(u64::MAX);
            for (bit, keep) in &self.by_class {
                if classes & (1 << bit) == 0 {
                    for (word, keep) in bits.iter_mut().zip(keep) {
                        *word &= keep;
                    }
                }
            }
            scratch.memo[slot] = Some(classes);
        }
        &scratch.memo_bits[place]
    }
}
