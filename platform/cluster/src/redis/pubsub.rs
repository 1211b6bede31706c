//! Publish and subscribe through Redis.
//!
//! One task owns the subscribing connection and is the only one that delivers, so a
//! [`Message::Gap`] stands exactly between what came before a break and what comes after
//! the new subscription.

use std::collections::HashSet;
use std::sync::{Arc, Weak};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use fred::interfaces::{ClientLike as _, EventInterface as _, PubsubInterface as _};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::Link;
use super::link::Connection;
use crate::ClusterError;
use crate::pubsub::{Abandoned, Hub, Message, PubSub, Subscription};

/// A quiet connection is asked this often whether it still stands.
const HEARTBEAT: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(crate) struct RedisPubSub {
    link: Arc<Link>,
    hub: Arc<Hub>,
    orders: Arc<Orders>,
    driver: JoinHandle<()>,
}

impl RedisPubSub {
    pub(crate) async fn new(link: Arc<Link>) -> Result<Self, ClusterError> {
        let (sender, receiver) = mpsc::unbounded_channel();
        let orders = Arc::new(Orders { sender });
        let weak: Weak<Orders> = Arc::downgrade(&orders);
        let hub = Arc::new(Hub::with_listener(weak));
        let driver = Driver {
            connection: link.another().await?,
            hub: hub.clone(),
            prefix: link.key("topic", ""),
            timeout: link.options.timeout,
            live: HashSet::new(),
            complete: true,
        };
        let driver = tokio::spawn(driver.run(receiver));
        Ok(Self { link, hub, orders, driver })
    }
}

impl Drop for RedisPubSub {
    fn drop(&mut self) {
        self.driver.abort();
        self.hub.close();
    }
}

#[async_trait]
impl PubSub for RedisPubSub {
    async fn publish(&self, topic: &str, message: &[u8]) -> Result<(), ClusterError> {
        let channel = self.link.key("topic", topic);
        let publish = self.link.client().publish(channel, Bytes::copy_from_slice(message));
        let _: i64 = self.link.call(publish).await?;
        Ok(())
    }

    async fn subscribe(&self, topic: &str) -> Subscription {
        let subscription = self.hub.join(topic);
        let (done, confirmed) = oneshot::channel();
        let order = Order::Subscribe { topic: Arc::from(topic), done };
        if self.orders.sender.send(order).is_ok() {
            // Unconfirmed, the driver subscribes later and marks the gap.
            let _ = tokio::time::timeout(self.link.options.timeout, confirmed).await;
        }
        subscription
    }
}

/// What is asked of the driver.
#[derive(Debug)]
struct Orders {
    sender: mpsc::UnboundedSender<Order>,
}

impl Abandoned for Orders {
    fn abandoned(&self, topic: &str) {
        // The driver is gone only when the whole cluster is.
        let _ = self.sender.send(Order::Unsubscribe { topic: Arc::from(topic) });
    }
}

#[derive(Debug)]
enum Order {
    Subscribe { topic: Arc<str>, done: oneshot::Sender<()> },
    Unsubscribe { topic: Arc<str> },
}

struct Driver {
    connection: Connection,
    hub: Arc<Hub>,
    prefix: String,
    timeout: Duration,
    /// Topics that Redis sends on this connection.
    live: HashSet<Arc<str>>,
    /// Whether `live` covers every subscription in the hub.
    complete: bool,
}

impl Driver {
    async fn run(mut self, mut orders: mpsc::UnboundedReceiver<Order>) {
        let mut messages = self.connection.client.message_rx();
        let mut connected = self.connection.client.reconnect_rx();
        loop {
            let pause = if self.complete { HEARTBEAT } else { self.timeout };
            tokio::select! {
                // A new connection first: what was subscribed on the old one is void.
                biased;
                event = connected.recv() => match event {
                    Ok(_) | Err(RecvError::Lagged(_)) => self.subscribe_all().await,
                    Err(RecvError::Closed) => return,
                },
                order = orders.recv() => match order {
                    Some(order) => self.obey(order).await,
                    None => return,
                },
                message = messages.recv() => match message {
                    Ok(message) => self.deliver(message),
                    Err(RecvError::Lagged(_)) => self.hub.gap(),
                    Err(RecvError::Closed) => return,
                },
                () = tokio::time::sleep(pause) => self.look_after().await,
            }
        }
    }

    fn deliver(&self, message: fred::types::Message) {
        let Some(topic) = message.channel.strip_prefix(&self.prefix) else { return };
        if let Some(bytes) = message.value.into_bytes() {
            self.hub.deliver(topic, &Message::Data(bytes));
        }
    }

    async fn obey(&mut self, order: Order) {
        match order {
            Order::Subscribe { topic, done } => {
                if self.live.contains(&topic) || self.subscribe(vec![topic]).await {
                    let _ = done.send(());
                }
            }
            Order::Unsubscribe { topic } => {
                if !self.hub.has(&topic) && self.live.remove(&topic) {
                    let unsubscribe = self.connection.client.unsubscribe(self.channel(&topic));
                    // Undone, its messages find nobody and the next connection is without it.
                    let _ = tokio::time::timeout(self.timeout, unsubscribe).await;
                }
            }
        }
    }

    /// On a new connection: subscribe to everything, then tell everybody.
    async fn subscribe_all(&mut self) {
        self.live.clear();
        let topics = self.hub.topics();
        if topics.is_empty() {
            self.complete = true;
        } else if self.subscribe(topics).await {
            self.complete = true;
            self.hub.gap();
        }
    }

    async fn subscribe(&mut self, topics: Vec<Arc<str>>) -> bool {
        if !self.connection.is_open() {
            // The next connection subscribes to everything.
            self.complete = false;
            return false;
        }
        let channels: Vec<String> = topics.iter().map(|topic| self.channel(topic)).collect();
        let subscribe = self.connection.client.subscribe(channels);
        if let Ok(Ok(())) = tokio::time::timeout(self.timeout, subscribe).await {
            self.live.extend(topics);
            true
        } else {
            self.complete = false;
            false
        }
    }

    /// Finds a connection that died silently, and subscriptions that failed.
    async fn look_after(&mut self) {
        if !self.connection.is_open() {
            return;
        }
        if !self.complete {
            return self.subscribe_all().await;
        }
        let ping = self.connection.client.ping::<()>(None);
        if !matches!(tokio::time::timeout(self.timeout, ping).await, Ok(Ok(()))) {
            let _ = self.connection.client.force_reconnection().await;
        }
    }

    fn channel(&self, topic: &str) -> String {
        format!("{}{topic}", self.prefix)
    }
}
