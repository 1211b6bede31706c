//! Sending. Messages that arrive while others are being saved are saved together in the next
//! transaction, so the cost of a commit is shared; each is acknowledged when that commit is
//! on disk. A person's messages are saved by one writer, in the order in which they came.

use std::fmt;
use std::sync::Arc;

use marquis_kernel::SharedClock;
use marquis_telemetry::metrics::Metrics;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::ChatError;
use super::delivery::{MessageView, Parcel, Post};
use super::limits::{Counted, Limits};
use super::names::Names;
use super::ports::{Draft, Fate, Messages, Place, StoreError};
use crate::domain::{ClientId, Content, Entry, MessageId, NodeId, PersonId};

/// Messages that may wait for a writer; whoever sends more waits.
const QUEUE: usize = 1_024;
/// Messages saved in one transaction at most.
const BATCH: usize = 256;

/// A message as its sender gives it.
#[derive(Debug)]
pub struct Outgoing {
    /// To whom.
    pub receiver: PersonId,
    /// What.
    pub content: Content,
    /// The sender's own name for it.
    pub client_id: Option<ClientId>,
}

/// What the sender is told.
pub type Reply = Box<dyn FnOnce(Result<MessageId, ChatError>) + Send>;

struct Job {
    draft: Draft,
    sender_name: Arc<str>,
    reply: Reply,
}

/// Sending messages.
pub struct SendMessage {
    writers: Vec<mpsc::Sender<Job>>,
    names: Arc<Names>,
    limits: Arc<Limits>,
    clock: SharedClock,
}

impl fmt::Debug for SendMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendMessage").field("writers", &self.writers.len()).finish_non_exhaustive()
    }
}

/// The other end: saves and announces.
pub struct Writer {
    jobs: mpsc::Receiver<Job>,
    store: Arc<dyn Messages>,
    post: Arc<Post>,
    clock: SharedClock,
    metrics: Arc<Metrics>,
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").field("waiting", &self.jobs.len()).finish_non_exhaustive()
    }
}

/// What sending stands on.
#[derive(Debug)]
pub struct SendParts {
    /// Where messages are saved.
    pub store: Arc<dyn Messages>,
    /// Who announces them.
    pub post: Arc<Post>,
    /// Names of senders, and whether receivers exist.
    pub names: Arc<Names>,
    /// How much one person sends.
    pub limits: Arc<Limits>,
    /// The time of messages.
    pub clock: SharedClock,
    /// Where they are counted.
    pub metrics: Arc<Metrics>,
}

impl SendMessage {
    /// Sending through so many writers, each of which has to run.
    #[must_use]
    pub fn new(parts: SendParts, writers: usize) -> (Self, Vec<Writer>) {
        let SendParts { store, post, names, limits, clock, metrics } = parts;
        let (senders, writers) = (0..writers.max(1))
            .map(|_| {
                let (sender, jobs) = mpsc::channel(QUEUE);
                let writer = Writer {
                    jobs,
                    store: Arc::clone(&store),
                    post: Arc::clone(&post),
                    clock: Arc::clone(&clock),
                    metrics: Arc::clone(&metrics),
                };
                (sender, writer)
            })
            .unzip();
        (Self { writers: senders, names, limits, clock }, writers)
    }

    /// Hands a message to its writer; `reply` is called when it is saved or refused. Waits
    /// only while the writer is far behind. The sender is called `joined_as` as long as
    /// nobody can say what they are called now.
    pub async fn run(&self, sender: PersonId, joined_as: Arc<str>, new: Outgoing, reply: Reply) {
        if let Err(error) = self.admit(sender, new.receiver).await {
            return reply(Err(error));
        }
        let sender_name = match self.names.one(sender).await {
            Ok(Some(name)) => name,
            Ok(None) | Err(_) => joined_as,
        };
        let draft = Draft {
            id: MessageId::new(&*self.clock),
            sender,
            receiver: new.receiver,
            content: new.content,
            client_id: new.client_id,
        };
        let job = Job { draft, sender_name, reply };
        let byte = usize::from(sender.uuid().as_bytes()[15]);
        let writer = &self.writers[byte % self.writers.len()];
        if let Err(refused) = writer.send(job).await {
            let stopped = Box::from("the service stops");
            (refused.0.reply)(Err(ChatError::Unavailable(stopped)));
        }
    }

    /// As [`SendMessage::run`] for whoever can wait.
    ///
    /// # Errors
    ///
    /// [`ChatError`].
    pub async fn send(
        &self,
        sender: PersonId,
        sender_name: Arc<str>,
        new: Outgoing,
    ) -> Result<MessageId, ChatError> {
        let (tell, told) = tokio::sync::oneshot::channel();
        let reply = Box::new(move |outcome| {
            // Whoever asked may have gone.
            let _ = tell.send(outcome);
        });
        self.run(sender, sender_name, new, reply).await;
        told.await.unwrap_or_else(|_| Err(ChatError::Unavailable("the service stops".into())))
    }

    async fn admit(&self, sender: PersonId, receiver: PersonId) -> Result<(), ChatError> {
        self.limits.take(sender, Counted::Messages).await?;
        if sender == receiver {
            return Err(ChatError::Oneself);
        }
        let name = match self.names.known(receiver) {
            Some(name) => name,
            None => {
                let name = self.names.one(receiver).await;
                name.map_err(|error| ChatError::Unavailable(Box::new(error)))?
            }
        };
        name.map(drop).ok_or(ChatError::NoSuchPerson)
    }
}

impl Writer {
    /// Saves until `stop`, and then what waits.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut batch = Vec::with_capacity(BATCH);
        loop {
            tokio::select! {
                biased;
                taken = self.jobs.recv_many(&mut batch, BATCH) => if taken == 0 { return },
                () = stop.cancelled() => {
                    self.jobs.close();
                    while self.jobs.recv_many(&mut batch, BATCH).await > 0 {
                        self.save(&mut batch).await;
                    }
                    return;
                }
            }
            self.save(&mut batch).await;
        }
    }

    async fn save(&self, batch: &mut Vec<Job>) {
        let now = self.clock.now();
        let drafts: Vec<&Draft> = batch.iter().map(|job| &job.draft).collect();
        let fates = match self.store.save(&drafts, now).await {
            Ok(fates) => fates.into_iter().map(Ok).collect(),
            // One of them may be the reason; the others shall not suffer for it.
            Err(StoreError::Failed(_)) if drafts.len() > 1 => {
                let mut fates = Vec::with_capacity(drafts.len());
                for draft in drafts {
                    let fate = self.store.save(&[draft], now).await;
                    fates.push(fate.and_then(one));
                }
                fates
            }
            Err(error) => drafts.iter().map(|_| Err(error.clone())).collect::<Vec<_>>(),
        };
        if let Some(Err(error)) = fates.iter().find(|fate| fate.is_err()) {
            tracing::warn!(error = error as &dyn std::error::Error, "messages are not saved");
        }
        // Sockets of this node are told at once, in the same breath as the sender is answered;
        // other nodes get everything together.
        let mut elsewhere = Vec::new();
        let mut saved = 0;
        for (job, fate) in batch.drain(..).zip(fates) {
            let Job { draft, sender_name, reply } = job;
            match fate {
                Ok(Fate::Saved { sender, receiver }) => {
                    saved += 1;
                    let copy = Copy { draft: &draft, sender_name: &sender_name, now };
                    self.announce(&copy, true, &sender, &mut elsewhere);
                    reply(Ok(draft.id));
                    self.announce(&copy, false, &receiver, &mut elsewhere);
                }
                Ok(Fate::Known(id)) => reply(Ok(id)),
                Ok(Fate::NameTaken) => reply(Err(ChatError::NameTaken)),
                Ok(Fate::NoSuchPerson) => reply(Err(ChatError::NoSuchPerson)),
                Ok(Fate::Blocked) => reply(Err(ChatError::Blocked)),
                Err(error) => reply(Err(error.into())),
            }
        }
        self.metrics.chat_messages_total.with_label_values(&["direct"]).inc_by(saved);
        self.post.send(elsewhere).await;
    }
}

fn one(fates: Vec<Fate>) -> Result<Fate, StoreError> {
    let missing = || StoreError::Failed(Arc::from(Box::from("a draft without a fate")));
    fates.into_iter().next().ok_or_else(missing)
}

/// A message about to be told to one of its two people.
struct Copy<'a> {
    draft: &'a Draft,
    sender_name: &'a str,
    now: time::OffsetDateTime,
}

impl Copy<'_> {
    fn view(&self, outgoing: bool, seq: i64) -> (PersonId, MessageView) {
        let draft = self.draft;
        let (owner, peer) =
            if outgoing { (draft.sender, draft.receiver) } else { (draft.receiver, draft.sender) };
        let entry = Entry {
            seq,
            peer,
            outgoing,
            id: draft.id,
            content: draft.content.as_str().to_owned(),
            created_at: self.now,
            edited_at: None,
            deleted_at: None,
        };
        (owner, MessageView::of(owner, entry, self.sender_name))
    }
}

impl Writer {
    fn announce(
        &self,
        copy: &Copy<'_>,
        outgoing: bool,
        place: &Place,
        elsewhere: &mut Vec<(NodeId, Parcel)>,
    ) {
        let own = self.post.node();
        for node in &place.nodes {
            let (to, message) = copy.view(outgoing, place.seq);
            let parcel = Parcel::Message { to, message };
            if Some(*node) == own {
                self.post.accept(parcel);
            } else {
                elsewhere.push((*node, parcel));
            }
        }
    }
}
