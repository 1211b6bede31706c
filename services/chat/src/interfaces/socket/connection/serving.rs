//! What is done about a client's requests, and how its socket is brought up to date.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use marquis_contracts::identity::VerifyError;
use serde_json::{Value, json};

use super::super::engine::Ending;
use super::super::protocol::answer;
use super::super::requests::{Request, Wrong};
use super::{Connection, Joined, Token};
use crate::application::ChatError;
use crate::application::delivery::{ReplayError, emission};
use crate::application::limits::Counted;

/// Pause before a socket that could not be brought up to date is tried again.
const AGAIN: Duration = Duration::from_secs(1);

impl Connection {
    pub(super) async fn serve(
        self: Arc<Self>,
        joined: Arc<Joined>,
        request: Request,
        id: Option<u64>,
    ) {
        let person = joined.person;
        let conversations = &self.clients.use_cases.conversations;
        let outcome = match request {
            Request::Send(outgoing) => {
                let session = Arc::clone(&self.session);
                let reply = Box::new(move |saved: Result<_, ChatError>| {
                    let said = match saved {
                        Ok(id) => json!({ "success": true, "messageId": id }),
                        Err(error) => failure(&error),
                    };
                    if let Some(id) = id {
                        session.send(&[answer(id, &said)]);
                    }
                });
                let name = Arc::clone(&joined.name);
                return self.clients.use_cases.send.run(person, name, outgoing, reply).await;
            }
            Request::Sync { since } => {
                match self.clients.limits.take(person, Counted::Actions).await {
                    // Not here: while this goes on, nothing that the client sends is read.
                    Ok(()) => {
                        // Before the next packet is read, which may be the pong after which
                        // a client that asks for nothing goes live.
                        self.asked.fetch_add(1, Ordering::AcqRel);
                        tokio::spawn(self.synchronise(joined, since, id));
                        return;
                    }
                    Err(error) => Err(error),
                }
            }
            Request::Edit { message, content } => {
                conversations.edit(person, message, content).await.map(drop)
            }
            Request::Delete { message } => conversations.delete(person, message).await,
            Request::Read { peer, up_to } => conversations.read(person, peer, up_to).await,
            Request::Typing { receiver, is_typing } => {
                conversations.typing(person, receiver, is_typing).await
            }
            Request::Block { person: other } => conversations.block(person, other).await,
            Request::Unblock { person: other } => conversations.unblock(person, other).await,
            Request::Refresh { token } => {
                let said = self.refresh(&joined, token).await;
                return self.answer(id, &said);
            }
        };
        let said = match outcome {
            Ok(()) => json!({ "success": true }),
            Err(error) => failure(&error),
        };
        self.answer(id, &said);
    }

    /// Says what is wrong with a request, which costs as much as one that is right.
    pub(super) async fn refuse(
        self: Arc<Self>,
        joined: Arc<Joined>,
        wrong: Wrong,
        id: Option<u64>,
    ) {
        let said = match self.clients.limits.take(joined.person, Counted::Actions).await {
            Ok(()) => json!({ "success": false, "error": wrong.0 }),
            Err(error) => failure(&error),
        };
        self.answer(id, &said);
    }

    /// Tells the client what it missed, then answers.
    async fn synchronise(self: Arc<Self>, joined: Arc<Joined>, since: i64, id: Option<u64>) {
        let outcome = self.replay(&joined, since).await;
        self.asked.fetch_sub(1, Ordering::AcqRel);
        let said = match outcome {
            Ok(last) => json!({ "success": true, "last": last }),
            Err(ReplayError::Closed(_)) => return,
            Err(ReplayError::Store(error)) => failure(&ChatError::Store(error)),
        };
        self.answer(id, &said);
    }

    async fn replay(&self, joined: &Joined, since: i64) -> Result<i64, ReplayError> {
        let (mut earlier, waited) = match self.replays.try_lock() {
            Ok(earlier) => (earlier, false),
            Err(_) => (self.replays.lock().await, true),
        };
        let outlet = self.outlet();
        // What was asked for while another replay covered it has been told.
        if waited
            && earlier.is_some_and(|earlier| earlier <= since)
            && joined.seat.mailbox().is_live(&outlet)
        {
            return self.clients.post.replay(joined.seat.mailbox(), &outlet, None).await;
        }
        *earlier = Some(since);
        self.clients.post.replay(joined.seat.mailbox(), &outlet, Some(since)).await
    }

    /// The client has received everything sent so far and asks for nothing: it is told what
    /// comes from here on.
    pub(super) async fn go_live(self: Arc<Self>, joined: Arc<Joined>) {
        loop {
            let guard = self.replays.lock().await;
            let outlet = self.outlet();
            match self.clients.post.replay(joined.seat.mailbox(), &outlet, None).await {
                Ok(_) | Err(ReplayError::Closed(_)) => return,
                Err(ReplayError::Store(_)) => drop(guard),
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    /// Another token of the same person, so that the connection outlives the first one.
    async fn refresh(&self, joined: &Joined, token: String) -> Value {
        // A signature is checked for each.
        if let Err(error) = self.clients.limits.take(joined.person, Counted::Actions).await {
            return failure(&error);
        }
        match self.clients.verifier.verify(&token).await {
            Ok(principal) if principal.user_id.uuid() == joined.person.uuid() => {
                let expires_at = principal.expires_at;
                *joined.token.lock() = Token::new(&*self.clients.verifier, principal, &token);
                json!({ "success": true, "expiresAt": expires_at })
            }
            Ok(_) | Err(VerifyError::Invalid(_)) => {
                json!({ "success": false, "error": "the token is not valid" })
            }
            Err(VerifyError::Unavailable(_)) => {
                json!({ "success": false, "error": "try again in a moment", "retryAfter": 1 })
            }
        }
    }

    /// Ends the connection when its token is not good any more.
    pub(in crate::interfaces::socket) async fn verify_again(&self) {
        let Some(joined) = self.joined() else { return };
        let token = joined.token.lock().clone();
        let Token { principal, text } = &token;
        let reason = if principal.expires_at <= self.clients.clock.unix() {
            "expired"
        } else {
            let checked = match text {
                Some(text) => self.clients.verifier.verify(text).await.map(drop),
                None => self.clients.verifier.recheck(principal).unwrap_or(Ok(())),
            };
            match checked {
                Err(VerifyError::Invalid(_)) => "revoked",
                // Whoever cannot be asked revokes nothing.
                Ok(()) | Err(VerifyError::Unavailable(_)) => return,
            }
        };
        self.session.send(&[emission("session:ended", &json!({ "reason": reason }))]);
        self.session.end(Ending::Dismissed);
    }
}

fn failure(error: &ChatError) -> Value {
    let mut said = json!({ "success": false, "error": error.to_string() });
    if let Some(after) = error.retry_after() {
        said["retryAfter"] = json!(after.as_secs_f64().max(0.001));
    }
    said
}
