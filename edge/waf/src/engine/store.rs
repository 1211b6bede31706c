//! The TX collection: members known at load time in slots, others in a list.

use crate::rule::TxNames;

/// A member known at load time. The buffer outlives the transaction.
#[derive(Clone, Debug, Default)]
struct Slot {
    set: bool,
    /// Written since the transaction began.
    written: bool,
    value: Vec<u8>,
}

/// Bytes of a buffer kept for the next transaction.
const KEPT: usize = 256;

/// One transaction's TX.
#[derive(Debug, Default)]
pub(crate) struct TxStore {
    slots: Vec<Slot>,
    /// Slots that are no longer what they began as.
    written: Vec<u32>,
    others: Vec<(Vec<u8>, Vec<u8>)>,
    /// Bytes of all values.
    bytes: usize,
}

/// Members whose names are made at run time; more are refused.
const MOST_OTHERS: usize = 4096;
/// Bytes in one member; what is longer is cut.
pub(super) const LONGEST_MEMBER: usize = 1 << 20;
/// Bytes in all members; a value for which there is no room leaves the old one.
const MOST_BYTES: usize = 16 << 20;

impl TxStore {
    /// A store whose members begin with these values, which [`TxStore::reset`] must be given
    /// again.
    pub(crate) fn new(names: &TxNames, initial: &[(u32, Box<[u8]>)]) -> Self {
        let mut store = Self { slots: vec![Slot::default(); names.len()], ..Self::default() };
        for (slot, value) in initial {
            store.set_slot(*slot, value);
        }
        store.forget_written();
        store
    }

    fn forget_written(&mut self) {
        for slot in self.written.drain(..) {
            if let Some(slot) = self.slots.get_mut(slot as usize) {
                slot.written = false;
            }
        }
    }

    /// Makes all members what they began as; `initial` is in the order of slots.
    pub(crate) fn reset(&mut self, initial: &[(u32, Box<[u8]>)]) {
        for at in 0..self.written.len() {
            let number = self.written[at];
            self.unset_slot(number);
            if let Some(slot) = self.slots.get_mut(number as usize) {
                slot.value.shrink_to(KEPT);
            }
            if let Ok(at) = initial.binary_search_by_key(&number, |(slot, _)| *slot) {
                self.set_slot(number, &initial[at].1);
            }
        }
        self.forget_written();
        self.others.clear();
        self.bytes = self.slots.iter().map(|slot| slot.value.len()).sum();
    }

    /// Bytes of all values.
    pub(crate) fn size(&self) -> usize {
        self.bytes
    }

    /// Whether `new` bytes may stand where `old` stood; counts them if so.
    fn account(&mut self, old: usize, new: usize) -> bool {
        let size = self.bytes - old + new;
        let fits = size <= MOST_BYTES || new <= old;
        if fits {
            self.bytes = size;
        }
        fits
    }

    pub(crate) fn slot(&self, slot: u32) -> Option<&[u8]> {
        self.slots.get(slot as usize).filter(|slot| slot.set).map(|slot| slot.value.as_slice())
    }

    pub(crate) fn set_slot(&mut self, slot: u32, value: &[u8]) {
        let value = value.get(..LONGEST_MEMBER).unwrap_or(value);
        let old = self.slot(slot).map_or(0, <[u8]>::len);
        if !self.account(old, value.len()) {
            return;
        }
        if let Some(place) = self.slots.get_mut(slot as usize) {
            if !std::mem::replace(&mut place.written, true) {
                self.written.push(slot);
            }
            place.set = true;
            place.value.clear();
            place.value.extend_from_slice(value);
        }
    }

    pub(crate) fn get(&self, names: &TxNames, name: &[u8]) -> Option<&[u8]> {
        match names.find(name) {
            Some(slot) => self.slot(slot),
            None => self
                .others
                .iter()
                .find(|(known, _)| known.eq_ignore_ascii_case(name))
                .map(|(_, value)| value.as_slice()),
        }
    }

    pub(crate) fn set(&mut self, names: &TxNames, name: &[u8], value: Option<&[u8]>) {
        if let Some(slot) = names.find(name) {
            match value {
                Some(value) => self.set_slot(slot, value),
                None => self.unset_slot(slot),
            }
            return;
        }
        let known = self.others.iter().position(|(other, _)| other.eq_ignore_ascii_case(name));
        let value = value.map(|value| value.get(..LONGEST_MEMBER).unwrap_or(value));
        let old = known.map_or(0, |index| self.others[index].0.len() + self.others[index].1.len());
        match (known, value) {
            (Some(index), Some(value)) => {
                if self.account(old, name.len() + value.len()) {
                    self.others[index].1 = value.to_vec();
                }
            }
            (Some(index), None) => {
                self.account(old, 0);
                self.others.remove(index);
            }
            (None, Some(value)) => {
                if self.others.len() < MOST_OTHERS && self.account(0, name.len() + value.len()) {
                    self.others.push((name.to_vec(), value.to_vec()));
                }
            }
            (None, None) => {}
        }
    }

    pub(crate) fn unset_slot(&mut self, slot: u32) {
        if let Some(old) = self.slots.get_mut(slot as usize).filter(|slot| slot.set) {
            if !std::mem::replace(&mut old.written, true) {
                self.written.push(slot);
            }
            self.bytes -= old.value.len();
            old.set = false;
            old.value.clear();
        }
    }

    /// The members without a slot.
    pub(crate) fn others(&self) -> &[(Vec<u8>, Vec<u8>)] {
        &self.others
    }

    /// All members that are set.
    pub(crate) fn iter<'a>(
        &'a self,
        names: &'a TxNames,
    ) -> impl Iterator<Item = (&'a [u8], &'a [u8])> {
        let known = self.slots.iter().enumerate().filter(|(_, slot)| slot.set).filter_map(
            |(number, slot)| {
                let number = u32::try_from(number).ok()?;
                Some((names.name(number).as_bytes(), slot.value.as_slice()))
            },
        );
        known.chain(self.others.iter().map(|(name, value)| (name.as_slice(), value.as_slice())))
    }
}
