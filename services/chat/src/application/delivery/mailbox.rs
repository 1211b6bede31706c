//! The sockets of one person on this node, and how far each of them has been told.
//!
//! What always holds, under the lock: the live sockets have been told everything up to
//! `last` and nothing above it; the others are told by whoever replays to them.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::oneshot;

use super::Emission;
use crate::application::ports::{Outlet, StoreError};
use crate::domain::PersonId;

/// Numbers that wait for a lower one before they are thrown away and read again.
const MOST_WAITING: usize = 256;

/// The sockets of one person on this node.
#[derive(Debug)]
pub struct Mailbox {
    /// Whose.
    pub person: PersonId,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The last number told to live sockets; unknown until the store has said it.
    last: Option<i64>,
    /// Connections that are here or about to be.
    claims: usize,
    /// Connections that wait for `last`.
    waiting: Vec<oneshot::Sender<Result<(), StoreError>>>,
    members: Vec<Member>,
    /// Announced numbers above a gap.
    early: BTreeMap<i64, Emission>,
    repairing: bool,
}

#[derive(Debug)]
struct Member {
    outlet: Arc<dyn Outlet>,
    /// The last number told to this socket.
    cursor: i64,
    live: bool,
    /// Somebody replays to it.
    replaying: bool,
}

/// What an announcement leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Offered {
    /// It was told, or had been.
    Told,
    /// Numbers are missing, and nobody is about to read them yet: the caller does.
    Repair,
}

/// Whether a replay is finished.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Caught {
    /// The socket is live now.
    Up,
    /// There is more.
    Behind,
    /// The socket has left.
    Gone,
}

impl Mailbox {
    pub(super) fn new(person: PersonId) -> Self {
        Self { person, state: Mutex::default() }
    }

    /// One more connection is about to come. The receiver is told when `last` is known;
    /// `None` when it is already.
    pub(super) fn claim(&self) -> Option<oneshot::Receiver<Result<(), StoreError>>> {
        let mut state = self.state.lock();
        state.claims += 1;
        if state.last.is_some() {
            return None;
        }
        let (sender, receiver) = oneshot::channel();
        state.waiting.push(sender);
        Some(receiver)
    }

    /// A claim ends; whether it was the last one.
    pub(super) fn release(&self) -> bool {
        let mut state = self.state.lock();
        state.claims = state.claims.saturating_sub(1);
        state.claims == 0
    }

    pub(super) fn claims(&self) -> usize {
        self.state.lock().claims
    }

    /// The store has said the last number, or that it cannot.
    pub(super) fn opened(&self, last: &Result<i64, StoreError>) {
        let mut state = self.state.lock();
        if let Ok(last) = *last {
            // Known already: the node has got a new id, and the sockets stay where they are.
            state.last.get_or_insert(last);
        }
        for waiting in state.waiting.drain(..) {
            // Who has given up does not want to know.
            let _ = waiting.send(last.as_ref().map(|_| ()).map_err(Clone::clone));
        }
    }

    /// A socket comes, not live yet. `welcome` is sent before anything else.
    pub(super) fn join(&self, outlet: Arc<dyn Outlet>, welcome: &[Bytes]) {
        let mut state = self.state.lock();
        if outlet.emit(welcome).is_err() {
            return;
        }
        let cursor = state.last.unwrap_or(0);
        state.members.push(Member { outlet, cursor, live: false, replaying: false });
    }

    pub(super) fn leave(&self, outlet: &Arc<dyn Outlet>) {
        self.state.lock().members.retain(|member| !same(&member.outlet, outlet));
    }

    /// An event for all sockets that asks for no order.
    pub(super) fn tell(&self, packet: &Bytes) {
        for member in &self.state.lock().members {
            // One that is closed is about to leave.
            let _ = member.outlet.emit(std::slice::from_ref(packet));
        }
    }

    /// A number is announced.
    pub(super) fn offer(&self, emission: Emission) -> Offered {
        let mut state = self.state.lock();
        let Some(last) = state.last else {
            // Whoever opens the mailbox reads a number that is not below this one.
            return Offered::Told;
        };
        if emission.seq <= last {
            return Offered::Told;
        }
        if emission.seq == last + 1 {
            state.advance(&emission);
            state.drain();
            return Offered::Told;
        }
        if state.early.len() < MOST_WAITING {
            state.early.insert(emission.seq, emission);
        }
        state.begin_repair()
    }

    /// The store holds numbers up to `saved`.
    pub(super) fn saved(&self, saved: i64) -> Offered {
        let mut state = self.state.lock();
        if state.last.is_none_or(|last| saved <= last) {
            return Offered::Told;
        }
        state.begin_repair()
    }

    /// Above which number the store has to be read; `None` when nothing is missing any more,
    /// and the repair is over. `saved` is a number that is known to exist.
    pub(super) fn missing(&self, saved: Option<i64>) -> Option<i64> {
        let mut state = self.state.lock();
        let last = state.last.unwrap_or(0);
        if state.early.is_empty() && saved.is_none_or(|saved| saved <= last) {
            state.repairing = false;
            return None;
        }
        Some(last)
    }

    /// The repair cannot go on; a later announcement begins another.
    pub(super) fn give_up_repair(&self) {
        let mut state = self.state.lock();
        state.repairing = false;
        state.early.clear();
    }

    /// A number is read from the store.
    pub(super) fn fill(&self, emission: &Emission) {
        let mut state = self.state.lock();
        if state.last.is_some_and(|last| emission.seq == last + 1) {
            state.advance(emission);
            state.drain();
        }
    }

    /// Somebody wants to replay to a socket above `since`, or from where it is. `None` when
    /// somebody does already, or the socket has left.
    pub(super) fn begin_replay(&self, outlet: &Arc<dyn Outlet>, since: Option<i64>) -> Option<i64> {
        let mut state = self.state.lock();
        let last = state.last.unwrap_or(0);
        let member = state.member(outlet)?;
        if member.replaying || (member.live && since.is_none()) {
            return None;
        }
        member.replaying = true;
        member.live = false;
        if let Some(since) = since {
            member.cursor = since.min(last);
        }
        Some(member.cursor)
    }

    /// Whether a socket is told everything as it comes.
    #[must_use]
    pub fn is_live(&self, outlet: &Arc<dyn Outlet>) -> bool {
        self.state.lock().member(outlet).is_some_and(|member| member.live)
    }

    /// How far a socket has been told.
    pub(super) fn cursor(&self, outlet: &Arc<dyn Outlet>) -> Option<i64> {
        self.state.lock().member(outlet).map(|member| member.cursor)
    }

    /// The replay has told a socket everything up to `cursor`.
    pub(super) fn caught_up(&self, outlet: &Arc<dyn Outlet>, cursor: i64) -> Caught {
        let mut state = self.state.lock();
        let last = state.last.unwrap_or(0);
        let Some(member) = state.member(outlet) else { return Caught::Gone };
        member.cursor = cursor;
        if cursor < last {
            return Caught::Behind;
        }
        member.live = true;
        member.replaying = false;
        Caught::Up
    }

    /// The replay failed; the socket is where it was left.
    pub(super) fn abort_replay(&self, outlet: &Arc<dyn Outlet>, cursor: i64) {
        if let Some(member) = self.state.lock().member(outlet) {
            member.cursor = cursor;
            member.replaying = false;
        }
    }

    /// Ends all connections.
    pub fn end(&self) {
        for outlet in self.outlets() {
            outlet.end();
        }
    }

    pub(super) fn outlets(&self) -> Vec<Arc<dyn Outlet>> {
        self.state.lock().members.iter().map(|member| Arc::clone(&member.outlet)).collect()
    }
}

impl State {
    fn advance(&mut self, emission: &Emission) {
        self.last = Some(emission.seq);
        for member in &mut self.members {
            // A socket that replayed past this number has it already.
            if member.live && member.cursor < emission.seq {
                member.cursor = emission.seq;
                let _ = member.outlet.emit(&emission.packets);
            }
        }
    }

    fn drain(&mut self) {
        while let Some((&seq, _)) = self.early.first_key_value() {
            let last = self.last.unwrap_or(0);
            if seq > last + 1 {
                return;
            }
            let Some(emission) = self.early.remove(&seq) else { return };
            if seq == last + 1 {
                self.advance(&emission);
            }
        }
    }

    fn begin_repair(&mut self) -> Offered {
        if std::mem::replace(&mut self.repairing, true) { Offered::Told } else { Offered::Repair }
    }

    fn member(&mut self, outlet: &Arc<dyn Outlet>) -> Option<&mut Member> {
        self.members.iter_mut().find(|member| same(&member.outlet, outlet))
    }
}

fn same(one: &Arc<dyn Outlet>, other: &Arc<dyn Outlet>) -> bool {
    std::ptr::addr_eq(Arc::as_ptr(one), Arc::as_ptr(other))
}
