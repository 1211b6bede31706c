//! Who is connected: this node's lease, its people's comings and goings, and what becomes of
//! the people of a node that died.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::delivery::{Departures, Parcel, Post, Turn};
use super::ports::{Change, Connections, StoreError};
use crate::domain::{NodeId, PersonId};

/// Turns taken to the store at once.
const BATCH: usize = 512;
/// Longest pause between attempts to reach the store.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Keeps the store's picture of who is connected true.
#[derive(Debug)]
pub struct KeepPresence {
    /// The store.
    pub connections: Arc<dyn Connections>,
    /// Who tells sockets.
    pub post: Arc<Post>,
    /// How the node is called in its row.
    pub name: String,
    /// How long the lease is.
    pub lease: Duration,
}

impl KeepPresence {
    /// Opens the node's row, listens to other nodes and keeps the lease, until `stop`. A node
    /// that was declared dead goes on under another id.
    pub async fn keep_lease(&self, stop: &CancellationToken) {
        while let Some(node) = self.open(stop).await {
            let listening = stop.child_token();
            self.post.set_node(node);
            let again = self.post.registry().everybody();
            let renewal = async {
                if !again.is_empty() {
                    self.arrive(node, &again).await;
                    self.post.compare().await;
                }
                self.renew(node, stop).await;
                listening.cancel();
            };
            tokio::join!(renewal, self.post.listen(node, &listening));
            if stop.is_cancelled() {
                return;
            }
            tracing::warn!(%node, "this node was declared dead; it goes on under another id");
        }
    }

    async fn open(&self, stop: &CancellationToken) -> Option<NodeId> {
        let mut pause = Duration::from_millis(50);
        loop {
            match self.connections.open(&self.name).await {
                Ok(node) => return Some(node),
                Err(error) => {
                    tracing::debug!(error = &error as &dyn std::error::Error, "no row yet");
                }
            }
            tokio::select! {
                () = stop.cancelled() => return None,
                () = tokio::time::sleep(pause) => {}
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Until `stop`, or until the row is gone.
    async fn renew(&self, node: NodeId, stop: &CancellationToken) {
        let mut trouble = false;
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(self.lease / 3) => {}
            }
            let renewed = async {
                let alive = self.connections.renew(node).await?;
                Ok::<_, StoreError>((alive, self.connections.bury().await?))
            };
            match renewed.await {
                Ok((alive, gone)) => {
                    trouble = false;
                    self.announce(&gone, false).await;
                    if !alive {
                        return;
                    }
                }
                Err(error) => {
                    if !std::mem::replace(&mut trouble, true) {
                        let error = &error as &dyn std::error::Error;
                        tracing::warn!(error, "the node's lease cannot be renewed");
                    }
                }
            }
        }
    }

    /// Tells the store who comes and goes, until there is nobody left to come or go.
    pub async fn follow(&self, mut turns: Departures, stop: &CancellationToken) {
        let mut taken = Vec::with_capacity(BATCH);
        loop {
            let count = tokio::select! {
                count = turns.recv_many(&mut taken, BATCH) => count,
                () = stop.cancelled() => {
                    turns.close();
                    turns.recv_many(&mut taken, BATCH).await
                }
            };
            if count == 0 {
                return;
            }
            // What somebody did last is what counts.
            let mut last: HashMap<PersonId, bool> = HashMap::new();
            for turn in taken.drain(..) {
                match turn {
                    Turn::Arrives(person) => last.insert(person, true),
                    Turn::Leaves(person) => last.insert(person, false),
                };
            }
            let (arriving, leaving): (Vec<_>, Vec<_>) =
                last.into_iter().partition(|(_, arrives)| *arrives);
            let people = |turns: Vec<(PersonId, bool)>| -> Vec<PersonId> {
                turns.into_iter().map(|(person, _)| person).collect()
            };
            let (arriving, leaving) = (people(arriving), people(leaving));
            let Some(node) = self.post.node() else {
                self.refuse(&arriving);
                continue;
            };
            if !arriving.is_empty() {
                self.arrive(node, &arriving).await;
            }
            if !leaving.is_empty() {
                self.leave(node, &leaving, stop).await;
            }
        }
    }

    /// Gives the node's row back, once its people have left.
    pub async fn close(&self) {
        if let Some(node) = self.post.node()
            && let Err(error) = self.connections.close(node).await
        {
            // Its lease ends by itself.
            tracing::debug!(error = &error as &dyn std::error::Error, "the node's row stays");
        }
    }

    fn refuse(&self, people: &[PersonId]) {
        let error = StoreError::Unavailable(Arc::from(Box::from("the node has no id yet")));
        for person in people {
            self.post.registry().opened(*person, &Err(error.clone()));
        }
    }

    async fn arrive(&self, node: NodeId, people: &[PersonId]) {
        match self.connections.arrive(node, people).await {
            Ok(changes) => {
                let mut erased: HashSet<PersonId> = people.iter().copied().collect();
                for change in &changes {
                    erased.remove(&change.person);
                    self.post.registry().opened(change.person, &Ok(change.seq));
                }
                for person in erased {
                    self.post.registry().opened(person, &Err(StoreError::Erased));
                    self.post.registry().dismiss(person);
                }
                self.announce(&turned(&changes), true).await;
            }
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "nobody can connect");
                for person in people {
                    self.post.registry().opened(*person, &Err(error.clone()));
                }
            }
        }
    }

    /// Tried again for a while: otherwise people stay online as long as this node lives.
    async fn leave(&self, node: NodeId, people: &[PersonId], stop: &CancellationToken) {
        let mut pause = Duration::from_millis(50);
        for _ in 0..8 {
            match self.connections.leave(node, people).await {
                Ok(changes) => return self.announce(&turned(&changes), false).await,
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(error, "it cannot be said who has gone");
                }
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Tells the connected peers of people.
    async fn announce(&self, people: &[PersonId], online: bool) {
        if people.is_empty() {
            return;
        }
        let peers = match self.connections.connected_peers(people).await {
            Ok(peers) => peers,
            Err(error) => {
                tracing::debug!(error = &error as &dyn std::error::Error, "peers are not told");
                return;
            }
        };
        let mut told: HashMap<(PersonId, NodeId), Vec<PersonId>> = HashMap::new();
        for found in peers {
            told.entry((found.person, found.node)).or_default().push(found.peer);
        }
        let event = if online { "user:online" } else { "user:offline" };
        let parcel = |((person, node), to): ((PersonId, NodeId), Vec<PersonId>)| {
            let argument = serde_json::json!({ "userId": person });
            (node, Parcel::Event { to, event: event.to_owned(), argument })
        };
        self.post.send(told.into_iter().map(parcel)).await;
    }
}

fn turned(changes: &[Change]) -> Vec<PersonId> {
    changes.iter().filter(|change| change.turned).map(|change| change.person).collect()
}
