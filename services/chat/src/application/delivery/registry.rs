//! Which people have sockets on this node.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::mpsc;

use super::Mailbox;
use crate::application::ports::{Outlet, StoreError};
use crate::domain::PersonId;

/// A person's first socket on this node comes, or their last one has gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// The store has to know, and to say the last number.
    Arrives(PersonId),
    /// The store has to know.
    Leaves(PersonId),
}

/// The turns of people, in the order in which they happen.
pub type Departures = mpsc::UnboundedReceiver<Turn>;

/// Mailboxes of the people that have sockets here.
#[derive(Debug)]
pub struct Registry {
    people: Mutex<HashMap<PersonId, Arc<Mailbox>>>,
    /// Sent to under the lock of `people`, so the order is that of the mailboxes' lives. One
    /// entry for each mailbox at most waits for long: the reader takes all it finds.
    turns: mpsc::UnboundedSender<Turn>,
}

/// A place in a mailbox; given back when dropped.
#[derive(Debug)]
pub struct Seat {
    registry: Arc<Registry>,
    mailbox: Arc<Mailbox>,
    outlet: Option<Arc<dyn Outlet>>,
}

/// Nobody more of this person is let in.
#[derive(Debug)]
pub enum Refused {
    /// There are as many sockets as allowed.
    TooMany,
    /// The store does not say where the person's numbers stand.
    Store(StoreError),
}

impl Registry {
    /// Nobody is here yet.
    #[must_use]
    pub fn new() -> (Arc<Self>, Departures) {
        let (turns, departures) = mpsc::unbounded_channel();
        (Arc::new(Self { people: Mutex::default(), turns }), departures)
    }

    /// Lets a socket in: waits until the store knows that the person is here, then sends
    /// `welcome` and keeps the socket until the seat is dropped.
    ///
    /// # Errors
    ///
    /// [`Refused`].
    pub async fn enter(
        self: &Arc<Self>,
        person: PersonId,
        outlet: Arc<dyn Outlet>,
        most: usize,
        welcome: &[Bytes],
    ) -> Result<Seat, Refused> {
        let (mailbox, opening) = {
            let mut people = self.people.lock();
            let known = people.get(&person).map(Arc::clone);
            let new = known.is_none();
            let mailbox = known.unwrap_or_else(|| Arc::new(Mailbox::new(person)));
            if mailbox.claims() >= most {
                return Err(Refused::TooMany);
            }
            let opening = mailbox.claim();
            if new {
                people.insert(person, Arc::clone(&mailbox));
                // The reader lives as long as the service.
                let _ = self.turns.send(Turn::Arrives(person));
            }
            (mailbox, opening)
        };
        let mut seat = Seat { registry: Arc::clone(self), mailbox, outlet: None };
        if let Some(opening) = opening {
            let stopped = || StoreError::Unavailable(Arc::from(Box::from("the node stops")));
            opening.await.unwrap_or_else(|_| Err(stopped())).map_err(Refused::Store)?;
        }
        seat.outlet = Some(Arc::clone(&outlet));
        seat.mailbox.join(outlet, welcome);
        Ok(seat)
    }

    /// The mailbox of a person who is here.
    #[must_use]
    pub fn mailbox(&self, person: PersonId) -> Option<Arc<Mailbox>> {
        self.people.lock().get(&person).map(Arc::clone)
    }

    /// Everybody who is here.
    #[must_use]
    pub fn everybody(&self) -> Vec<PersonId> {
        self.people.lock().keys().copied().collect()
    }

    /// How many people are here.
    #[must_use]
    pub fn count(&self) -> usize {
        self.people.lock().len()
    }

    /// All sockets of everybody.
    #[must_use]
    pub fn outlets(&self) -> Vec<Arc<dyn Outlet>> {
        let mailboxes: Vec<_> = self.people.lock().values().map(Arc::clone).collect();
        mailboxes.iter().flat_map(|mailbox| mailbox.outlets()).collect()
    }

    /// The store has said the last number of a person, or that it cannot.
    pub fn opened(&self, person: PersonId, last: &Result<i64, StoreError>) {
        if let Some(mailbox) = self.mailbox(person) {
            mailbox.opened(last);
        }
    }

    /// Ends all sockets of a person here.
    pub fn dismiss(&self, person: PersonId) {
        if let Some(mailbox) = self.mailbox(person) {
            mailbox.end();
        }
    }

    fn give_back(&self, mailbox: &Arc<Mailbox>) {
        let mut people = self.people.lock();
        if mailbox.release() {
            people.remove(&mailbox.person);
            let _ = self.turns.send(Turn::Leaves(mailbox.person));
        }
    }
}

impl Seat {
    /// The mailbox.
    #[must_use]
    pub fn mailbox(&self) -> &Arc<Mailbox> {
        &self.mailbox
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        if let Some(outlet) = &self.outlet {
            self.mailbox.leave(outlet);
        }
        self.registry.give_back(&self.mailbox);
    }
}
