//! The services of this process and what they know of each other: handed over in memory
//! where both run here, asked for over HTTP where the other runs elsewhere.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use marquis_auth::Auth;
use marquis_authz::LocalVerifier;
use marquis_authz::internal::{
    self, RemoteEventSource, RemoteIdentities, RemotePersonalData, RemotePresence,
};
use marquis_contracts::events::EventSource;
use marquis_contracts::identity::TokenVerifier;
use marquis_contracts::people::Identities;
use marquis_contracts::personal_data::PersonalData;
use marquis_contracts::presence::Presence;
use marquis_database::Database;
use marquis_database::feed::OutboxSource;
use marquis_http::client::HttpClient;
use marquis_kernel::Secret;
use marquis_notifications::Source;
use utoipa_axum::router::OpenApiRouter;

use crate::background::Background;
use crate::exit::Failure;
use crate::node::Node;
use crate::services::{self, Verifier};

/// Bytes of what one service holds about one person.
const LARGEST_COPY: usize = 64 * 1024 * 1024;

/// The services of this process, ready to be served.
pub struct Composition {
    /// Their routes, by name.
    pub routers: BTreeMap<String, Router>,
    /// The verifier of the auth service, when it runs here.
    pub verifier: Option<Arc<LocalVerifier>>,
}

/// What a service is built with.
pub struct Composer<'a> {
    node: &'a Node,
    background: &'a Background,
    /// The databases of the services that run here.
    databases: BTreeMap<&'static str, Database>,
    /// The installation's; empty where no other process is asked.
    master_key: Secret,
}

impl<'a> Composer<'a> {
    /// `databases` are those of the services to run.
    pub fn new(
        node: &'a Node,
        background: &'a Background,
        databases: BTreeMap<&'static str, Database>,
        master_key: Secret,
    ) -> Self {
        Self { node, background, databases, master_key }
    }

    /// Builds the services in the order in which they need each other and starts their
    /// background work. `prepare` is called with the auth service before anybody uses it.
    pub async fn compose(
        self,
        prepare: impl AsyncFnOnce(&Node, &Auth) -> Result<(), Failure>,
    ) -> Result<Composition, Failure> {
        let (node, background) = (self.node, self.background);
        let mut routers = BTreeMap::new();
        let mut own_verifier = None;

        let auth = match self.databases.get(marquis_auth::SERVICE) {
            None => None,
            Some(database) => {
                let auth = services::auth(node, database.clone(), self.master_key.clone())?;
                prepare(node, &auth).await?;
                auth.subscribe(self.events(marquis_users::NAME)?);
                own_verifier = Some(auth.verifier());
                routers.insert(marquis_auth::SERVICE.to_owned(), auth.router());
                Some(auth)
            }
        };
        let verifier: Arc<dyn TokenVerifier> = match &own_verifier {
            Some(own) => Arc::clone(own) as _,
            None => foreign_verifier(node, background)?,
        };
        let identities: Arc<dyn Identities> = match &auth {
            Some(auth) => auth.identities(),
            None => Arc::new(RemoteIdentities::new(self.client(marquis_auth::SERVICE)?)),
        };

        let chat = match self.databases.get(marquis_chat::NAME) {
            None => None,
            Some(database) => {
                let users = self.events(marquis_users::NAME)?;
                let (verifier, identities) = (Arc::clone(&verifier), Arc::clone(&identities));
                let chat = services::chat(node, database.clone(), verifier, identities, users);
                let inside = internal::event_routes(chat.event_source())
                    .merge(internal::presence_routes(chat.presence()))
                    .merge(internal::personal_data_routes(chat.personal_data()));
                let router = chat.router().merge(routes(inside));
                routers.insert(marquis_chat::NAME.to_owned(), router);
                Some(chat)
            }
        };
        let notifications = match self.databases.get(marquis_notifications::NAME) {
            None => None,
            Some(database) => {
                let sources = [
                    marquis_auth::SERVICE,
                    marquis_chat::NAME,
                    marquis_payments::NAME,
                    marquis_users::NAME,
                ];
                let sources = sources.map(|name| Ok(Source { name, events: self.events(name)? }));
                let sources = sources.into_iter().collect::<Result<_, Failure>>()?;
                let (verifier, identities) = (Arc::clone(&verifier), Arc::clone(&identities));
                let notifications =
                    services::notifications(node, database.clone(), verifier, identities, sources)?;
                let inside = internal::personal_data_routes(notifications.personal_data());
                let router = notifications.router().merge(routes(inside));
                routers.insert(marquis_notifications::NAME.to_owned(), router);
                Some(notifications)
            }
        };
        let payments = match self.databases.get(marquis_payments::NAME) {
            None => None,
            Some(database) => {
                let payments = services::payments(node, database.clone(), Arc::clone(&verifier))?;
                payments.subscribe(self.events(marquis_users::NAME)?);
                routers.insert(marquis_payments::NAME.to_owned(), payments.router());
                Some(payments)
            }
        };
        if let Some(database) = self.databases.get(marquis_users::NAME) {
            let holders: Vec<(&'static str, Arc<dyn PersonalData>)> = vec![
                (
                    marquis_auth::SERVICE,
                    match &auth {
                        Some(auth) => auth.personal_data(),
                        None => self.elsewhere(marquis_auth::SERVICE)?,
                    },
                ),
                (
                    marquis_chat::NAME,
                    match &chat {
                        Some(chat) => chat.personal_data(),
                        None => self.elsewhere(marquis_chat::NAME)?,
                    },
                ),
                (
                    marquis_notifications::NAME,
                    match &notifications {
                        Some(notifications) => notifications.personal_data(),
                        None => self.elsewhere(marquis_notifications::NAME)?,
                    },
                ),
                (
                    marquis_payments::NAME,
                    match &payments {
                        Some(payments) => payments.personal_data(),
                        None => self.elsewhere(marquis_payments::NAME)?,
                    },
                ),
            ];
            let presence: Arc<dyn Presence> = match &chat {
                Some(chat) => chat.presence(),
                None => Arc::new(RemotePresence::new(self.client(marquis_chat::NAME)?)),
            };
            let world = services::UsersWorld {
                verifier,
                identities,
                presence,
                auth_events: self.events(marquis_auth::SERVICE)?,
                chat_events: self.events(marquis_chat::NAME)?,
                holders,
            };
            let users = services::users(node, database.clone(), world)?;
            let router = users.router().merge(routes(internal::event_routes(users.event_source())));
            routers.insert(marquis_users::NAME.to_owned(), router);
            background.start(|stop| async move { users.run(stop).await });
        }
        if let Some(auth) = auth {
            background.start(|stop| async move { auth.run(stop).await });
        }
        if let Some(chat) = chat {
            // Sockets are told to go elsewhere as soon as the process is to stop, while the
            // gateway still answers; they would not end by themselves.
            let stop = node.stop.clone();
            background.start(|_| async move { chat.run(stop).await });
        }
        if let Some(notifications) = notifications {
            background.start(|stop| async move { notifications.run(stop).await });
        }
        if let Some(payments) = payments {
            background.start(|stop| async move { payments.run(stop).await });
        }
        Ok(Composition { routers, verifier: own_verifier })
    }

    /// The log of a service.
    fn events(&self, service: &'static str) -> Result<Arc<dyn EventSource>, Failure> {
        Ok(match self.databases.get(service) {
            Some(database) => Arc::new(OutboxSource::new(database.clone())),
            None => Arc::new(RemoteEventSource::new(self.client(service)?)),
        })
    }

    fn elsewhere(&self, service: &'static str) -> Result<Arc<dyn PersonalData>, Failure> {
        let client = self.client(service)?.answers_up_to(LARGEST_COPY);
        Ok(Arc::new(RemotePersonalData::new(client)))
    }

    fn client(&self, service: &'static str) -> Result<HttpClient, Failure> {
        services::client(self.node, service)
            .map(|client| client.authorized(internal::token(&self.master_key)))
    }
}

fn routes(inside: OpenApiRouter) -> Router {
    inside.split_for_parts().0
}

/// For a process without the auth role, as `auth.validation` says.
pub fn foreign_verifier(
    node: &Node,
    background: &Background,
) -> Result<Arc<dyn TokenVerifier>, Failure> {
    let verifier = Verifier::configured(node)?;
    if let Verifier::Local(local) = &verifier {
        background.start(|stop| Arc::clone(local).run(stop));
    }
    Ok(verifier.shared())
}
