//! Events of other services for a person's open sockets.

use marquis_cluster::{Cluster, Message};
use marquis_contracts::push::{Push, TOPIC};
use tokio_util::sync::CancellationToken;

use crate::application::delivery::Post;
use crate::domain::PersonId;

/// Delivers what is pushed until `stop`. Every node hears everything and has its own sockets.
pub(crate) async fn deliver(cluster: &Cluster, post: &Post, stop: &CancellationToken) {
    let mut subscription = cluster.pubsub.subscribe(TOPIC).await;
    loop {
        let message = tokio::select! {
            () = stop.cancelled() => return,
            message = subscription.recv() => message,
        };
        match message {
            Some(Message::Data(bytes)) => match serde_json::from_slice::<Push>(&bytes) {
                Ok(push) => {
                    let person = PersonId::from_uuid(push.user_id.uuid());
                    post.tell_here(person, &push.event, &push.data);
                }
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "not a push");
                }
            },
            // What was pushed is stored and listed by whoever pushed it.
            Some(Message::Gap) => {}
            None => return,
        }
    }
}
