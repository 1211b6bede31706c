//! Tells sockets, here and on other nodes.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;

use marquis_cluster::{Message, PubSub};
use serde::Serialize;
use serde_json::value::to_raw_value;
use tokio_util::sync::CancellationToken;

use super::mailbox::{Caught, Offered};
use super::{Emission, Mailbox, MessageView, Parcel, Registry, emission, topic};
use crate::application::names::Names;
use crate::application::ports::{Closed, Connections, Messages, Outlet, StoreError};
use crate::application::typing::{Shown, Typing};
use crate::domain::{Entry, NodeId, PersonId};

/// Entries read from the store at once.
const PAGE: i64 = 200;
/// How long a number may come after a higher one before the store is asked.
const REORDERING: Duration = Duration::from_millis(20);
/// People whose numbers are compared at once.
const COMPARED: usize = 2_000;

/// Why a replay did not finish.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The socket is gone.
    #[error(transparent)]
    Closed(#[from] Closed),
    /// The store could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Tells sockets, here and on other nodes.
#[derive(Debug)]
pub struct Post {
    registry: Arc<Registry>,
    messages: Arc<dyn Messages>,
    connections: Arc<dyn Connections>,
    names: Arc<Names>,
    typing: Arc<Typing>,
    pubsub: Arc<dyn PubSub>,
    /// This node's id; 0 before it has one.
    node: AtomicI32,
}

impl Post {
    /// A post office of a node without an id yet.
    #[must_use]
    pub fn new(
        registry: Arc<Registry>,
        messages: Arc<dyn Messages>,
        connections: Arc<dyn Connections>,
        names: Arc<Names>,
        typing: Arc<Typing>,
        pubsub: Arc<dyn PubSub>,
    ) -> Arc<Self> {
        let node = AtomicI32::new(0);
        Arc::new(Self { registry, messages, connections, names, typing, pubsub, node })
    }

    /// Who is here.
    #[must_use]
    pub fn registry(&self) -> &Arc<Registry> {
        &self.registry
    }

    /// This node, once it has an id.
    #[must_use]
    pub fn node(&self) -> Option<NodeId> {
        Some(NodeId(self.node.load(Ordering::Relaxed))).filter(|node| node.0 != 0)
    }

    /// This node has an id, a first or another one.
    pub fn set_node(&self, node: NodeId) {
        self.node.store(node.0, Ordering::Relaxed);
    }

    /// Sends parcels to where they belong: to this node's own sockets at once, to other nodes
    /// through pub/sub.
    pub async fn send(self: &Arc<Self>, parcels: impl IntoIterator<Item = (NodeId, Parcel)>) {
        let own = self.node();
        let mut elsewhere: HashMap<NodeId, Vec<Parcel>> = HashMap::new();
        for (node, parcel) in parcels {
            if Some(node) == own {
                self.accept(parcel);
            } else {
                elsewhere.entry(node).or_default().push(parcel);
            }
        }
        for (node, parcels) in elsewhere {
            let Ok(bytes) = serde_json::to_vec(&parcels) else { continue };
            if let Err(error) = self.pubsub.publish(&topic(node), &bytes).await {
                // The other node compares its numbers with the store's.
                tracing::debug!(%node, error = &error as &dyn std::error::Error, "not announced");
            }
        }
    }

    /// Sends an event without a number to a person's sockets on these nodes.
    pub async fn tell(
        self: &Arc<Self>,
        nodes: &[NodeId],
        to: PersonId,
        event: &str,
        argument: &impl Serialize,
    ) {
        let argument = serde_json::to_value(argument).unwrap_or_default();
        let parcel = |node: &NodeId| {
            let (event, argument) = (event.to_owned(), argument.clone());
            (*node, Parcel::Event { to: vec![to], event, argument })
        };
        self.send(nodes.iter().map(parcel)).await;
    }

    /// Sends an event to a person's sockets on this node only.
    pub fn tell_here(&self, to: PersonId, event: &str, argument: &impl Serialize) {
        if let Some(mailbox) = self.registry.mailbox(to) {
            mailbox.tell(&emission(event, argument));
        }
    }

    /// Takes in what is meant for sockets of this node.
    pub fn accept(self: &Arc<Self>, parcel: Parcel) {
        match parcel {
            Parcel::Message { to, message } => {
                if let Some(mailbox) = self.registry.mailbox(to)
                    && mailbox.offer(Emission::of(&message)) == Offered::Repair
                {
                    tokio::spawn(Arc::clone(self).repair(mailbox, None, REORDERING));
                }
            }
            Parcel::Event { to, event, argument } => {
                let Ok(argument) = to_raw_value(&argument) else { return };
                let packet = emission(&event, &argument);
                for mailbox in to.into_iter().filter_map(|person| self.registry.mailbox(person)) {
                    mailbox.tell(&packet);
                }
            }
            Parcel::Typing { shown, is_typing } => {
                if self.registry.mailbox(shown.room).is_some() {
                    self.typing.note(shown, is_typing);
                    self.show_typing(shown, is_typing);
                }
            }
        }
    }

    /// Shows that somebody types, or does not any more, under both names, as messages are.
    pub fn show_typing(&self, shown: Shown, is_typing: bool) {
        let argument = serde_json::json!({ "userId": shown.from, "isTyping": is_typing });
        for name in [shown.to, shown.from] {
            self.tell_here(shown.room, &format!("typing:{name}"), &argument);
        }
    }

    /// Listens to other nodes until `stop`, under the id that this node has now.
    pub async fn listen(self: &Arc<Self>, node: NodeId, stop: &CancellationToken) {
        let mut subscription = self.pubsub.subscribe(&topic(node)).await;
        loop {
            let message = tokio::select! {
                () = stop.cancelled() => return,
                message = subscription.recv() => message,
            };
            match message {
                Some(Message::Data(bytes)) => match serde_json::from_slice::<Vec<Parcel>>(&bytes) {
                    Ok(parcels) => parcels.into_iter().for_each(|parcel| self.accept(parcel)),
                    Err(error) => {
                        let error = &error as &dyn std::error::Error;
                        tracing::warn!(error, "a parcel of another node cannot be read");
                    }
                },
                Some(Message::Gap) => self.compare().await,
                None => return,
            }
        }
    }

    /// Compares what was told here with what is saved, and tells the rest.
    pub async fn compare(self: &Arc<Self>) {
        let everybody = self.registry.everybody();
        for people in everybody.chunks(COMPARED) {
            let numbers = match self.connections.numbers(people).await {
                Ok(numbers) => numbers,
                Err(error) => {
                    tracing::debug!(error = &error as &dyn std::error::Error, "not compared");
                    return;
                }
            };
            for (person, saved) in numbers {
                if let Some(mailbox) = self.registry.mailbox(person)
                    && mailbox.saved(saved) == Offered::Repair
                {
                    Arc::clone(self).repair(mailbox, Some(saved), Duration::ZERO).await;
                }
            }
        }
    }

    /// Reads what a mailbox misses.
    async fn repair(self: Arc<Self>, mailbox: Arc<Mailbox>, saved: Option<i64>, pause: Duration) {
        tokio::time::sleep(pause).await;
        while let Some(last) = mailbox.missing(saved) {
            let read = async {
                let entries = self.messages.after(mailbox.person, last, PAGE).await?;
                Ok::<_, StoreError>(self.view(mailbox.person, entries).await)
            };
            match read.await {
                Ok(views) if !views.is_empty() => {
                    for view in &views {
                        mailbox.fill(&Emission::of(view));
                    }
                }
                // Announced and not saved: another node's mistake, or the person was erased.
                Ok(_) => return mailbox.give_up_repair(),
                Err(error) => {
                    tracing::debug!(error = &error as &dyn std::error::Error, "not repaired");
                    return mailbox.give_up_repair();
                }
            }
        }
    }

    /// Tells a socket everything above `since` (or from where it is), after which it is
    /// live; the last number told. Does nothing when the socket is being told already.
    ///
    /// # Errors
    ///
    /// [`ReplayError`]; the socket is not live then.
    pub async fn replay(
        &self,
        mailbox: &Arc<Mailbox>,
        outlet: &Arc<dyn Outlet>,
        since: Option<i64>,
    ) -> Result<i64, ReplayError> {
        let Some(mut cursor) = mailbox.begin_replay(outlet, since) else {
            return mailbox.cursor(outlet).ok_or(ReplayError::Closed(Closed));
        };
        let outcome = self.tell_from(mailbox, outlet, &mut cursor, since.is_some()).await;
        if outcome.is_err() {
            mailbox.abort_replay(outlet, cursor);
        }
        outcome.map(|()| cursor)
    }

    async fn tell_from(
        &self,
        mailbox: &Arc<Mailbox>,
        outlet: &Arc<dyn Outlet>,
        cursor: &mut i64,
        asked: bool,
    ) -> Result<(), ReplayError> {
        // A socket that only goes live costs no query. One that asks is told what is saved,
        // whether it was announced to this node or not.
        if !asked {
            match mailbox.caught_up(outlet, *cursor) {
                Caught::Up => return Ok(()),
                Caught::Gone => return Err(Closed.into()),
                Caught::Behind => {}
            }
        }
        loop {
            let entries = self.messages.after(mailbox.person, *cursor, PAGE).await?;
            let nothing = entries.is_empty();
            for view in self.view(mailbox.person, entries).await {
                outlet.room().await?;
                outlet.emit(&Emission::of(&view).packets)?;
                *cursor = view.seq;
            }
            match mailbox.caught_up(outlet, *cursor) {
                Caught::Up => return Ok(()),
                Caught::Gone => return Err(Closed.into()),
                // The person was erased meanwhile; there is nothing left to tell.
                Caught::Behind if nothing => return Err(Closed.into()),
                Caught::Behind => {}
            }
        }
    }

    /// Entries as their owner sees them, with the names that people have now.
    pub async fn view(&self, owner: PersonId, entries: Vec<Entry>) -> Vec<MessageView> {
        let mut people: Vec<PersonId> = entries.iter().map(|entry| entry.peer).collect();
        people.push(owner);
        let names = self.names.of(&people).await;
        let named = |entry: Entry| {
            let sender = if entry.outgoing { owner } else { entry.peer };
            MessageView::of(owner, entry, &names.of(sender))
        };
        entries.into_iter().map(named).collect()
    }
}
