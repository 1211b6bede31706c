//! Who is called something else and who is gone, as every node hears it from the services that
//! decide it. What is lost here costs a minute: names are not believed for longer, and what the
//! store knows of the erased does not depend on it.

use marquis_cluster::{Cluster, Message};
use marquis_contracts::events::{Event, topic};
use tokio_util::sync::CancellationToken;

use crate::application::delivery::Registry;
use crate::application::names::Names;
use crate::domain::PersonId;

/// Follows what `service` publishes until `stop`.
pub(crate) async fn follow(
    cluster: &Cluster,
    service: &str,
    names: &Names,
    registry: &Registry,
    stop: &CancellationToken,
) {
    let mut news = cluster.pubsub.subscribe(&topic(service)).await;
    loop {
        let message = tokio::select! {
            () = stop.cancelled() => return,
            message = news.recv() => message,
        };
        let event = match message {
            Some(Message::Data(bytes)) => serde_json::from_slice::<Event>(&bytes),
            Some(Message::Gap) => continue,
            None => return,
        };
        // Whatever cannot be read is about nobody.
        let Ok(event) = event else { continue };
        let Ok(person) = event.subject.parse::<PersonId>() else { continue };
        match event.kind.as_str() {
            "user.renamed" => names.forget(person),
            "user.erased" => {
                names.erase(person);
                registry.dismiss(person);
            }
            _ => {}
        }
    }
}
