//! The TX collection: members known at load time in slots, others in a list.

use crate::rule::TxNames;

/// One transaction's TX.
#[derive(Debug, Default)]
pub(crate) struct TxStore {
    slots: Vec<Option<Vec<u8>>>,
    others: Vec<(Vec<u8>, Vec<u8>)>,
}

/// Members whose names are made at run time; more are refused.
const MOST_OTHERS: usize = 4096;

impl TxStore {
    pub(crate) fn new(names: &TxNames) -> Self {
        Self { slots: vec![None; names.len()], others: Vec::new() }
    }

    /// Forgets all members.
    pub(crate) fn reset(&mut self) {
        self.slots.fill(None);
        self.others.clear();
    }

    pub(crate) fn slot(&self, slot: u32) -> Option<&[u8]> {
        self.slots.get(slot as usize)?.as_deref()
    }

    pub(crate) fn set_slot(&mut self, slot: u32, value: &[u8]) {
        if let Some(place) = self.slots.get_mut(slot as usize) {
            let buffer = place.get_or_insert_default();
            buffer.clear();
            buffer.extend_from_slice(value);
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
        match (known, value) {
            (Some(index), Some(value)) => self.others[index].1 = value.to_vec(),
            (Some(index), None) => {
                self.others.remove(index);
            }
            (None, Some(value)) if self.others.len() < MOST_OTHERS => {
                self.others.push((name.to_vec(), value.to_vec()))
            }
            (None, _) => {}
        }
    }

    pub(crate) fn unset_slot(&mut self, slot: u32) {
        if let Some(place) = self.slots.get_mut(slot as usize) {
            *place = None;
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
        let known = self.slots.iter().enumerate().filter_map(|(slot, value)| {
            let slot = u32::try_from(slot).ok()?;
            Some((names.name(slot).as_bytes(), value.as_deref()?))
        });
        known.chain(self.others.iter().map(|(name, value)| (name.as_slice(), value.as_slice())))
    }
}
