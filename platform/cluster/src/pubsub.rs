//! Messages to whoever listens at this moment: at most once, in order per publisher.
//!
//! A subscriber that loses messages is told so by [`Message::Gap`], in its place among
//! them, and catches up from the database. Memory per subscription is bounded.

use std::collections::{HashMap, VecDeque};
use std::fmt::Debug;
use std::sync::{Arc, Weak};

use async_trait::async_trait;
use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::ClusterError;

/// Messages a subscription holds for a slow reader before it loses some.
const INBOX: usize = 1024;

/// Publishes and subscribes by topic, such as `events.payments`.
#[async_trait]
pub trait PubSub: Debug + Send + Sync + 'static {
    /// Sends to every subscription on `topic` that exists now, on every node.
    ///
    /// # Errors
    ///
    /// [`ClusterError::Unavailable`] when it may not have been sent.
    async fn publish(&self, topic: &str, message: &[u8]) -> Result<(), ClusterError>;

    /// Listens on `topic`. What is published after this returns is received; with Redis
    /// away it returns at once and a [`Message::Gap`] marks the start.
    async fn subscribe(&self, topic: &str) -> Subscription;
}

/// What a subscription receives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// A published message.
    Data(Bytes),
    /// Messages may have been lost here: the reader was too slow or the connection broke. Resync.
    Gap,
}

/// An open subscription; dropping it ends it.
#[derive(Debug)]
pub struct Subscription {
    inbox: Arc<Inbox>,
    hub: Arc<Hub>,
    topic: Arc<str>,
}

impl Subscription {
    /// The next message, or `None` once the cluster is gone. Cancel-safe.
    pub async fn recv(&mut self) -> Option<Message> {
        loop {
            {
                let mut state = self.inbox.state.lock();
                if let Some(message) = state.queue.pop_front() {
                    return Some(message);
                }
                if state.closed {
                    return None;
                }
            }
            // One reader: a permit stored between the look and the wait is not lost.
            self.inbox.arrived.notified().await;
        }
    }

    /// Rings `bell` for every message and every gap, for somebody who needs to know only
    /// that it is time to look. Ends with the cluster.
    pub async fn ring(mut self, bell: &Notify) {
        while self.recv().await.is_some() {
            bell.notify_one();
        }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.hub.leave(&self.topic, &self.inbox);
    }
}

#[derive(Debug, Default)]
struct Inbox {
    state: Mutex<InboxState>,
    arrived: Notify,
}

#[derive(Debug, Default)]
struct InboxState {
    queue: VecDeque<Message>,
    closed: bool,
}

impl Inbox {
    /// A full inbox keeps the older messages, marks the loss once and drops the rest.
    fn push(&self, message: Message) {
        {
            let mut state = self.state.lock();
            let repeated = message == Message::Gap && state.queue.back() == Some(&Message::Gap);
            if state.queue.len() < INBOX {
                if !repeated {
                    state.queue.push_back(message);
                }
            } else if state.queue.back() != Some(&Message::Gap) {
                state.queue.push_back(Message::Gap);
            }
        }
        self.arrived.notify_one();
    }

    fn close(&self) {
        self.state.lock().closed = true;
        self.arrived.notify_one();
    }
}

/// Told when a topic loses its last subscription on this node.
pub(crate) trait Abandoned: Debug + Send + Sync {
    fn abandoned(&self, topic: &str);
}

/// The subscriptions of this process, by topic. Topics without any take no memory.
#[derive(Debug, Default)]
pub(crate) struct Hub {
    topics: Mutex<HashMap<Arc<str>, Vec<Arc<Inbox>>>>,
    listener: Option<Weak<dyn Abandoned>>,
}

impl Hub {
    pub(crate) fn with_listener(listener: Weak<dyn Abandoned>) -> Self {
        Self { topics: Mutex::default(), listener: Some(listener) }
    }

    pub(crate) fn join(self: &Arc<Self>, topic: &str) -> Subscription {
        let inbox = Arc::new(Inbox::default());
        let mut topics = self.topics.lock();
        let topic = match topics.get_key_value(topic) {
            Some((name, _)) => name.clone(),
            None => Arc::from(topic),
        };
        topics.entry(topic.clone()).or_default().push(inbox.clone());
        drop(topics);
        Subscription { inbox, hub: self.clone(), topic }
    }

    fn leave(&self, topic: &Arc<str>, inbox: &Arc<Inbox>) {
        let mut topics = self.topics.lock();
        let Some(inboxes) = topics.get_mut(topic) else { return };
        inboxes.retain(|other| !Arc::ptr_eq(other, inbox));
        if !inboxes.is_empty() {
            return;
        }
        topics.remove(topic);
        drop(topics);
        if let Some(listener) = self.listener.as_ref().and_then(Weak::upgrade) {
            listener.abandoned(topic);
        }
    }

    pub(crate) fn has(&self, topic: &str) -> bool {
        self.topics.lock().contains_key(topic)
    }

    pub(crate) fn topics(&self) -> Vec<Arc<str>> {
        self.topics.lock().keys().cloned().collect()
    }

    pub(crate) fn deliver(&self, topic: &str, message: &Message) {
        if let Some(inboxes) = self.topics.lock().get(topic) {
            for inbox in inboxes {
                inbox.push(message.clone());
            }
        }
    }

    /// Marks a possible loss in every subscription.
    pub(crate) fn gap(&self) {
        for inbox in self.topics.lock().values().flatten() {
            inbox.push(Message::Gap);
        }
    }

    /// Ends every subscription once its inbox is read.
    pub(crate) fn close(&self) {
        for inbox in self.topics.lock().values().flatten() {
            inbox.close();
        }
    }
}
