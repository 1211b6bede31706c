//! Byte classes: which of a fixed list of byte sets does a value touch?
//!
//! One pass over a value answers all of these questions at once, as a bit mask. Prefilters
//! and the "does this transformation change anything?" test are both asked this way.

use crate::pattern::byteset::ByteSet;

/// A bit for every distinct set.
pub(crate) type ClassMask = u128;

const MOST: usize = 128;

/// The distinct sets and, for every byte, the sets it belongs to.
#[derive(Debug)]
pub(crate) struct Classes {
    sets: Vec<ByteSet>,
    of_byte: Box<[ClassMask; 256]>,
}

impl Classes {
    pub(crate) fn new() -> Self {
        Self { sets: Vec::new(), of_byte: Box::new([0; 256]) }
    }

    /// The bit of `set`; `None` when the list is full, which only costs selectivity.
    pub(crate) fn bit(&mut self, set: ByteSet) -> Option<u32> {
        let index = match self.sets.iter().position(|known| *known == set) {
            Some(index) => index,
            None if self.sets.len() < MOST => {
                let index = self.sets.len();
                for byte in set.iter() {
                    self.of_byte[usize::from(byte)] |= 1 << index;
                }
                self.sets.push(set);
                index
            }
            None => return None,
        };
        u32::try_from(index).ok()
    }

    /// The sets that have a byte in `text`.
    pub(crate) fn of(&self, text: &[u8]) -> ClassMask {
        let mut mask = 0;
        for &byte in text {
            mask |= self.of_byte[usize::from(byte)];
        }
        mask
    }
}
