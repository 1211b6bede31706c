//! The values of a transaction, each stored once with all its transformed forms.
//!
//! Values live in one growing buffer and are named by number. A value's transformed form is
//! a value of its own, computed when first asked for and shared by every rule whose chain
//! begins the same way; where a chain changes nothing, it is the same value.

use crate::compile::{
    RuleSet,
    classes::ClassMask,
    prefilter::{Probe, Scratch},
};

/// A value's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ValueId(u32);

impl ValueId {
    /// The empty value, present in every transaction.
    pub(crate) const EMPTY: Self = Self(0);
}

const NONE: u32 = u32::MAX;

/// Bytes kept for the next transaction, per buffer.
const KEPT: usize = 256 * 1024;

#[derive(Clone, Copy, Debug)]
struct Value {
    start: u32,
    end: u32,
    classes: Option<ClassMask>,
    /// Place of the probes left by the byte classes, for the request and the response
    /// prefilter.
    kept: [u32; 2],
    /// Place of the probes whose words were found.
    scans: [u32; 2],
    /// Place of the transformed forms, by chain node.
    forms: u32,
}

/// All values of one transaction.
#[derive(Debug, Default)]
pub(crate) struct Values {
    bytes: Vec<u8>,
    values: Vec<Value>,
    forms: Vec<u32>,
    scans: Vec<u64>,
    scratch: [Scratch; 2],
}

impl Values {
    pub(crate) fn new() -> Self {
        let mut values = Self {
            bytes: Vec::with_capacity(4096),
            values: Vec::with_capacity(128),
            forms: Vec::new(),
            scans: Vec::with_capacity(512),
            scratch: Default::default(),
        };
        values.push(b"");
        values
    }

    /// Forgets all values but keeps the memory, unless it is more than an ordinary
    /// transaction needs.
    pub(crate) fn reset(&mut self) {
        self.bytes.clear();
        self.bytes.shrink_to(KEPT);
        self.values.clear();
        self.values.shrink_to(KEPT / 64);
        self.forms.clear();
        self.forms.shrink_to(KEPT / 4);
        self.scans.clear();
        self.scans.shrink_to(KEPT / 8);
        self.push(b"");
    }

    /// Stores a value. Offsets are 32-bit: what does not fit is cut, which the body limits
    /// prevent long before.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> ValueId {
        let room = (u32::MAX as usize).saturating_sub(self.bytes.len() + 1);
        let bytes = bytes.get(..room).unwrap_or(bytes);
        let start = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        self.add(start)
    }

    fn add(&mut self, start: usize) -> ValueId {
        let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        self.values.push(Value {
            start: offset(start),
            end: offset(self.bytes.len()),
            classes: None,
            kept: [NONE; 2],
            scans: [NONE; 2],
            forms: NONE,
        });
        ValueId(offset(self.values.len() - 1))
    }

    /// Where the values made so far end, for [`Values::recycle`].
    pub(crate) fn mark(&self) -> (usize, usize) {
        (self.values.len(), self.bytes.len())
    }

    /// Forgets all values made since `mark`, and all transformed forms.
    pub(crate) fn recycle(&mut self, mark: (usize, usize)) {
        self.values.truncate(mark.0);
        self.bytes.truncate(mark.1);
        self.forms.clear();
        self.scans.clear();
        for value in &mut self.values {
            value.kept = [NONE; 2];
            value.scans = [NONE; 2];
            value.forms = NONE;
        }
    }

    /// Gives back what the buffers no longer need, of more than an ordinary transaction.
    pub(crate) fn shrink(&mut self) {
        self.bytes.shrink_to(self.bytes.len().max(KEPT));
        self.values.shrink_to(self.values.len().max(KEPT / 64));
        self.forms.shrink_to(KEPT / 4);
        self.scans.shrink_to(KEPT / 8);
    }

    /// Whether the value was made before `mark`.
    pub(crate) fn precedes(&self, id: ValueId, mark: (usize, usize)) -> bool {
        (id.0 as usize) < mark.0
    }

    /// Bytes in use.
    pub(crate) fn size(&self) -> usize {
        self.bytes.len()
            + self.values.len() * size_of::<Value>()
            + self.forms.len() * size_of::<u32>()
            + self.scans.len() * size_of::<u64>()
    }

    pub(crate) fn get(&self, id: ValueId) -> &[u8] {
        let value = &self.values[id.0 as usize];
        &self.bytes[value.start as usize..value.end as usize]
    }

    fn classes(&mut self, rules: &RuleSet, id: ValueId) -> ClassMask {
        if let Some(classes) = self.values[id.0 as usize].classes {
            return classes;
        }
        let classes = rules.classes.of(self.get(id));
        self.values[id.0 as usize].classes = Some(classes);
        classes
    }

    /// The value after the transformations up to chain node `node`.
    pub(crate) fn form(&mut self, rules: &RuleSet, id: ValueId, node: u32) -> ValueId {
        if node == 0 {
            return id;
        }
        let chain = &rules.chains.nodes[node as usize];
        if let Some(triggers) = chain.triggers
            && self.classes(rules, id) & triggers == 0
        {
            return id;
        }
        let base = self.forms_of(rules, id);
        let known = self.forms[base + node as usize];
        if known != NONE {
            return ValueId(known);
        }
        let before = self.form(rules, id, chain.parent);
        let after = self.transformed(rules, before, node);
        let form = self.same_as_another(base, rules.chains.nodes.len(), id, after);
        self.forms[base + node as usize] = form.0;
        form
    }

    fn forms_of(&mut self, rules: &RuleSet, id: ValueId) -> usize {
        let value = &mut self.values[id.0 as usize];
        if value.forms == NONE {
            value.forms = u32::try_from(self.forms.len()).unwrap_or(NONE);
            self.forms.resize(self.forms.len() + rules.chains.nodes.len(), NONE);
        }
        self.values[id.0 as usize].forms as usize
    }

    fn transformed(&mut self, rules: &RuleSet, before: ValueId, node: u32) -> ValueId {
        let transformation = rules.chains.nodes[node as usize].transformation;
        let value = self.values[before.0 as usize];
        let input = &self.bytes[value.start as usize..value.end as usize];
        match transformation.apply(input, &rules.unicode) {
            std::borrow::Cow::Borrowed(_) => before,
            std::borrow::Cow::Owned(output) => self.push(&output),
        }
    }

    /// Different chains often give the same result; then it is scanned once.
    fn same_as_another(
        &mut self,
        base: usize,
        nodes: usize,
        raw: ValueId,
        new: ValueId,
    ) -> ValueId {
        if new == raw || new.0 as usize + 1 != self.values.len() {
            return new;
        }
        let others = self.forms[base..base + nodes].iter().copied().filter(|&form| form != NONE);
        let twin = std::iter::once(raw.0)
            .chain(others)
            .map(ValueId)
            .find(|&other| other != new && self.get(other) == self.get(new));
        match twin {
            None => new,
            Some(twin) => {
                if let Some(dropped) = self.values.pop() {
                    self.bytes.truncate(dropped.start as usize);
                }
                twin
            }
        }
    }

    /// The place of the class bits of a value; computed at first use.
    fn class_bits(&mut self, rules: &RuleSet, id: ValueId, direction: usize) -> usize {
        let known = self.values[id.0 as usize].kept[direction];
        if known != NONE {
            return known as usize;
        }
        let classes = self.classes(rules, id);
        let start = self.scans.len();
        let kept = rules.prefilters[direction].kept(classes, &mut self.scratch[direction]);
        self.scans.extend_from_slice(kept);
        self.values[id.0 as usize].kept[direction] = u32::try_from(start).unwrap_or(NONE);
        start
    }

    /// The place of the word bits of a value; computed at first use.
    fn word_bits(&mut self, rules: &RuleSet, id: ValueId, direction: usize) -> usize {
        let known = self.values[id.0 as usize].scans[direction];
        if known != NONE {
            return known as usize;
        }
        let prefilter = &rules.prefilters[direction];
        let start = self.scans.len();
        self.scans.resize(start + prefilter.width(), 0);
        let value = self.values[id.0 as usize];
        let text = &self.bytes[value.start as usize..value.end as usize];
        prefilter.words(text, &mut self.scans[start..], &mut self.scratch[direction]);
        self.values[id.0 as usize].scans[direction] = u32::try_from(start).unwrap_or(NONE);
        start
    }

    /// Whether the operator of `probe` can match this value.
    pub(crate) fn is_candidate(
        &mut self,
        rules: &RuleSet,
        id: ValueId,
        direction: usize,
        probe: Probe,
    ) -> bool {
        let (word, bit) = (probe as usize / 64, 1 << (probe % 64));
        let prefilter = &rules.prefilters[direction];
        let kept = self.class_bits(rules, id, direction);
        if self.scans[kept + word] & bit == 0 {
            return false;
        }
        if prefilter.without_words()[word] & bit != 0 {
            return true;
        }
        let start = self.word_bits(rules, id, direction);
        self.scans[start + word] & bit != 0
    }

    /// Adds to `sum` the candidates for this value among the probes of `mask`. The words
    /// are looked for only if the byte classes leave a probe that needs them.
    pub(crate) fn add_candidates(
        &mut self,
        rules: &RuleSet,
        id: ValueId,
        direction: usize,
        mask: &[u64],
        sum: &mut [u64],
    ) {
        let prefilter = &rules.prefilters[direction];
        let place = self.class_bits(rules, id, direction);
        let kept = &self.scans[place..];
        let mut needs_words = false;
        for (((sum, kept), mask), plain) in
            sum.iter_mut().zip(kept).zip(mask).zip(prefilter.without_words())
        {
            let left = kept & mask;
            *sum |= left & plain;
            needs_words |= left & !plain & !*sum != 0;
        }
        if !needs_words {
            return;
        }
        let start = self.word_bits(rules, id, direction);
        let (kept, words) = (&self.scans[place..], &self.scans[start..]);
        for (((sum, kept), mask), words) in sum.iter_mut().zip(kept).zip(mask).zip(words) {
            *sum |= kept & mask & words;
        }
    }
}
