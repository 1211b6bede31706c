//! One stock client: what it is told to do, and what it is told by the server, in order.

use std::collections::VecDeque;
use std::sync::Arc;

use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

use super::{Answer, Driver, Happening};
use crate::PATIENCE;

/// One client.
#[derive(Debug)]
pub struct Client {
    driver: Arc<Driver>,
    name: String,
    happenings: mpsc::UnboundedReceiver<Happening>,
    backlog: VecDeque<Happening>,
}

impl Client {
    pub(super) fn new(
        driver: Arc<Driver>,
        name: String,
        happenings: mpsc::UnboundedReceiver<Happening>,
    ) -> Self {
        Self { driver, name, happenings, backlog: VecDeque::new() }
    }

    /// Emits an event and waits for its acknowledgement; its first argument.
    ///
    /// # Panics
    ///
    /// When there is none.
    pub async fn ask(&mut self, event: &str, data: Value) -> Value {
        let answer = self.try_ask(event, vec![data], 30_000).await;
        answer.unwrap_or_else(|error| panic!("{event} on {:?}: {error}", self.driver.library))
    }

    /// Emits an event with any arguments and waits for its acknowledgement; its first
    /// argument.
    ///
    /// # Errors
    ///
    /// When there is none within so many milliseconds.
    pub async fn try_ask(
        &mut self,
        event: &str,
        args: Vec<Value>,
        milliseconds: u32,
    ) -> Result<Value, String> {
        let command =
            json!({ "do": "emit", "event": event, "args": args, "timeout": milliseconds });
        let answer = self.tell(command).await?;
        Ok(answer.get(0).cloned().unwrap_or(Value::Null))
    }

    /// Emits an event that nobody acknowledges.
    ///
    /// # Panics
    ///
    /// When the client is not connected.
    pub async fn send(&mut self, event: &str, args: Vec<Value>) {
        let command = json!({ "do": "send", "event": event, "args": args });
        self.tell(command).await.expect("it is sent");
    }

    /// The token of the next connection.
    ///
    /// # Panics
    ///
    /// Never while the process lives.
    pub async fn set_token(&mut self, token: &str) {
        self.tell(json!({ "do": "token", "token": token })).await.expect("it is taken");
    }

    /// Name of the transport in use.
    ///
    /// # Panics
    ///
    /// Never while the process lives.
    pub async fn transport(&mut self) -> String {
        let name = self.tell(json!({ "do": "transport" })).await.expect("a transport");
        name.as_str().unwrap_or_default().to_owned()
    }

    /// Disconnects as the library does it.
    ///
    /// # Panics
    ///
    /// Never while the process lives.
    pub async fn close(&mut self) {
        self.tell(json!({ "do": "close" })).await.expect("it closes");
    }

    /// Waits until the connection is there; events that come first are kept.
    pub async fn connected(&mut self) {
        self.wait("a connection", |happening| match happening {
            Happening::Connected => Some(()),
            _ => None,
        })
        .await;
    }

    /// Waits until the connection is refused, and says with what.
    pub async fn refused(&mut self) -> Value {
        self.wait("a refusal", |happening| match happening {
            Happening::Refused(detail) => Some(detail.clone()),
            _ => None,
        })
        .await
    }

    /// Waits until the connection ends, and says why.
    pub async fn disconnected(&mut self) -> String {
        self.wait("a disconnection", |happening| match happening {
            Happening::Disconnected(reason) => Some(reason.clone()),
            _ => None,
        })
        .await
    }

    /// Waits for the next event of this name; its first argument. Others are kept in order.
    pub async fn event(&mut self, name: &str) -> Value {
        self.event_where(name, |_| true).await
    }

    /// Waits for the next event of this name whose first argument is as wanted.
    pub async fn event_where(&mut self, name: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let found = self.wait(name, |happening| match happening {
            Happening::Event(event, args) if event == name => {
                let first = args.first().cloned().unwrap_or(Value::Null);
                wanted(&first).then_some(first)
            }
            _ => None,
        });
        found.await
    }

    /// The first arguments of all events of this name that have come and were not asked for.
    pub fn kept(&mut self, name: &str) -> Vec<Value> {
        while let Ok(happening) = self.happenings.try_recv() {
            self.backlog.push_back(happening);
        }
        let events = self.backlog.iter().filter_map(|happening| match happening {
            Happening::Event(event, args) if event == name => Some(args.first()?.clone()),
            _ => None,
        });
        events.collect()
    }

    /// Forgets what was not asked for.
    pub fn forget(&mut self) {
        while self.happenings.try_recv().is_ok() {}
        self.backlog.clear();
    }

    async fn wait<T>(&mut self, what: &str, wanted: impl Fn(&Happening) -> Option<T>) -> T {
        let found = self.backlog.iter().enumerate();
        let found = found.filter_map(|(at, happening)| Some((at, wanted(happening)?))).next();
        if let Some((at, value)) = found {
            self.backlog.remove(at);
            return value;
        }
        let deadline = Instant::now() + PATIENCE;
        loop {
            match timeout_at(deadline, self.happenings.recv()).await {
                Ok(Some(happening)) => match wanted(&happening) {
                    Some(value) => return value,
                    None => self.backlog.push_back(happening),
                },
                Ok(None) => panic!("the {:?} process ended", self.driver.library),
                Err(_) => panic!(
                    "no {what} on {:?} within {PATIENCE:?}; instead {:?}",
                    self.driver.library, self.backlog
                ),
            }
        }
    }

    pub(super) async fn tell(&mut self, mut command: Value) -> Answer {
        command["name"] = json!(self.name);
        self.driver.tell(command).await
    }
}
