//! The tables: words with their types, and fingerprints of attacks.

use super::token::MAX_TEXT;
use std::sync::LazyLock;

const WORDS: &str = include_str!("words.txt");
const FINGERPRINTS: &str = include_str!("fingerprints.txt");

/// Open addressing with linear probing; four slots a word keep probes short.
const SLOTS: usize = 4_096;

struct Words {
    /// Text and type; an empty text is a free slot.
    slots: Vec<(&'static [u8], u8)>,
    /// Which lengths words with this first byte have, a bit each.
    lengths: [u32; 256],
    /// Which lengths the beginnings of phrases with this first byte have, up to a space.
    beginnings: [u32; 256],
}

static TABLE: LazyLock<Words> = LazyLock::new(|| {
    let mut table = Words { slots: vec![(b"", 0); SLOTS], lengths: [0; 256], beginnings: [0; 256] };
    let mut kind = 0;
    for line in WORDS.lines().filter(|line| !line.starts_with("# ")) {
        match line.as_bytes() {
            [b'[', letter, b']'] => kind = *letter,
            word => {
                let mut slot = hash(word.iter().copied());
                while !table.slots[slot].0.is_empty() {
                    slot = (slot + 1) % SLOTS;
                }
                table.slots[slot] = (word, kind);
                let first = usize::from(word[0]);
                table.lengths[first] |= 1 << word.len();
                for space in memchr::memchr_iter(b' ', word) {
                    table.beginnings[first] |= 1 << space;
                }
            }
        }
    }
    table
});

/// FNV-1a, folded to a slot.
fn hash(upper: impl Iterator<Item = u8>) -> usize {
    let full = upper
        .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    (full ^ full >> 15) as usize % SLOTS
}

/// The type of a word, phrase or operator in any case.
pub(super) fn kind_of(word: &[u8]) -> Option<u8> {
    if !known_length(&TABLE.lengths, word) {
        return None;
    }
    let mut slot = hash(word.iter().map(u8::to_ascii_uppercase));
    loop {
        let (text, kind) = TABLE.slots[slot];
        if text.is_empty() {
            return None;
        }
        if text.eq_ignore_ascii_case(word) {
            return Some(kind);
        }
        slot = (slot + 1) % SLOTS;
    }
}

/// Whether a phrase may begin with this text and a space. Most words end here.
pub(super) fn may_begin_phrase(text: &[u8]) -> bool {
    known_length(&TABLE.beginnings, text)
}

fn known_length(lengths: &[u32; 256], text: &[u8]) -> bool {
    text.len() <= MAX_TEXT
        && text.first().is_some_and(|first| {
            lengths[usize::from(first.to_ascii_uppercase())] & 1 << text.len() != 0
        })
}

static KNOWN: LazyLock<Vec<u64>> = LazyLock::new(|| {
    let lines = FINGERPRINTS.lines().filter(|line| !line.starts_with("# "));
    let mut known: Vec<u64> =
        lines.flat_map(str::split_whitespace).map(|text| pack(text.as_bytes())).collect();
    known.sort_unstable();
    known
});

fn pack(kinds: &[u8]) -> u64 {
    kinds.iter().fold(0, |packed, kind| packed << 8 | u64::from(kind.to_ascii_uppercase()))
}

/// Whether attacks have these token types, in this order.
pub(super) fn is_fingerprint(kinds: &[u8]) -> bool {
    !kinds.is_empty() && KNOWN.binary_search(&pack(kinds)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_complete() {
        assert_eq!(TABLE.slots.iter().filter(|(text, _)| !text.is_empty()).count(), 985);
        assert_eq!(KNOWN.len(), 8_367);
        assert_eq!(kind_of(b"union all"), Some(b'U'));
        assert_eq!(kind_of(b"<="), Some(b'o'));
        assert_eq!(kind_of(b"unio"), None);
        assert!(may_begin_phrase(b"is not") && !may_begin_phrase(b"hello"));
        assert!(is_fingerprint(b"s&1c"));
        assert!(!is_fingerprint(b"n"));
    }
}
