//! People who talk with stock Socket.IO clients through the TLS gateway: both libraries,
//! every transport, in one process and over two chat nodes with Redis.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use marquis_tests::realtime::nodes::ChatNodes;
use marquis_tests::realtime::{Client, Driver, LIBRARIES, Library, Opening, TRANSPORTS, Transport};
use marquis_tests::{Account, Api, Installation, Settings};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

/// How long all cases of the protocol may take together.
pub const PATIENCE_OF_CASES: Duration = Duration::from_secs(240);

/// Intervals at which a test can see heartbeats fail and leases end. The answer to a ping has
/// longer than a call to Redis may take, behind which it may wait, and than a busy machine lets
/// a client wait for its turn.
pub const PROFILE: &str = "[chat]\nping_interval = \"300ms\"\nping_timeout = \"3s\"\n\
     connect_timeout = \"4s\"\nupgrade_timeout = \"2s\"\ntyping_expiry = \"1s\"\n\
     node_lease = \"2s\"\nrepair_interval = \"500ms\"\ndrain_time = \"500ms\"\n";

/// One process, with short intervals.
pub async fn up() -> &'static Installation {
    static UP: OnceCell<Installation> = OnceCell::const_new();
    UP.get_or_init(|| Installation::start_with(profile())).await
}

/// Two chat nodes, with short intervals.
pub async fn nodes() -> &'static ChatNodes {
    static NODES: OnceCell<ChatNodes> = OnceCell::const_new();
    NODES.get_or_init(|| async { ChatNodes::start(&profile()).await }).await
}

/// The short intervals as settings of an installation.
pub fn profile() -> Settings {
    Settings { toml: PROFILE.to_owned(), ..Settings::default() }
}

/// Where people connect to.
#[derive(Debug, Clone)]
pub struct Place {
    pub api: Api,
    pub port: u16,
    pub certificate: PathBuf,
}

impl From<&Installation> for Place {
    fn from(up: &Installation) -> Self {
        Self { api: up.api(), port: up.https_port(), certificate: up.certificate_file() }
    }
}

impl From<&ChatNodes> for Place {
    fn from(nodes: &ChatNodes) -> Self {
        Self { api: nodes.api(), port: nodes.https_port(), certificate: nodes.certificate_file() }
    }
}

impl Place {
    /// Both shapes.
    pub async fn both() -> [Self; 2] {
        [up().await.into(), nodes().await.into()]
    }

    /// How somebody with this token connects.
    pub fn opening(&self, token: &str, transport: Transport) -> Opening {
        Opening {
            port: self.port,
            certificate: self.certificate.clone(),
            token: Some(token.to_owned()),
            authorization: None,
            transport,
            reconnection: true,
        }
    }

    /// Connects a client of an account.
    pub async fn connect(
        &self,
        driver: &Arc<Driver>,
        account: &Account,
        transport: Transport,
    ) -> Client {
        let mut client = driver.open(&self.opening(&account.access, transport)).await;
        client.connected().await;
        client
    }

    /// Two new people, each with a connected client.
    pub async fn pair(&self, driver: &Arc<Driver>, transport: Transport) -> [(Account, Client); 2] {
        let (alice, bob) = (self.api.register().await, self.api.register().await);
        let a = self.connect(driver, &alice, transport).await;
        let b = self.connect(driver, &bob, transport).await;
        [(alice, a), (bob, b)]
    }
}

/// The name of an event that concerns a conversation with somebody.
pub fn of(kind: &str, account: &Account) -> String {
    format!("{kind}:{}", account.id)
}

/// Sends and expects success; the message's id.
pub async fn say(client: &mut Client, receiver: &Account, content: &str) -> String {
    let message = json!({ "receiverId": receiver.id, "content": content });
    let answer = client.ask("message:send", message).await;
    assert_eq!(answer["success"], true, "{answer}");
    answer["messageId"].as_str().expect("an id").to_owned()
}

/// Every library with every transport in both shapes.
async fn everywhere(story: impl AsyncFn(&Place, &Arc<Driver>, Transport)) {
    for place in Place::both().await {
        for library in LIBRARIES {
            let driver = Driver::start(library);
            for transport in TRANSPORTS {
                story(&place, &driver, transport).await;
            }
        }
    }
}

#[tokio::test]
async fn a_message_is_acknowledged_and_reaches_both_under_both_names() {
    everywhere(async |place, driver, transport| {
        let [(alice, mut a), (bob, mut b)] = place.pair(driver, transport).await;
        let id = say(&mut a, &bob, "hello, Bob – привет").await;
        for client in [&mut a, &mut b] {
            for name in [of("message", &bob), of("message", &alice)] {
                let message = client.event(&name).await;
                assert_eq!(message["id"], json!(id), "{message}");
                assert_eq!(message["senderId"], json!(alice.id), "{message}");
                assert_eq!(message["content"], "hello, Bob – привет", "{message}");
                let username = message["senderUsername"].as_str().expect("a username");
                assert_eq!(format!("{username}@example.org"), alice.email, "{message}");
                assert!(message["createdAt"].as_str().is_some_and(|at| at.ends_with('Z')));
                assert_eq!(message["seq"], 1, "the first of a new person's: {message}");
            }
        }
        // And back, with the next number on both sides.
        say(&mut b, &alice, "hello, Alice").await;
        for client in [&mut a, &mut b] {
            let message = client.event(&of("message", &bob)).await;
            assert_eq!((&message["seq"], &message["senderId"]), (&json!(2), &json!(bob.id)));
        }
        let wanted = if transport == Transport::Polling { "polling" } else { "websocket" };
        assert_eq!(transport_in_use(&mut a, wanted).await, wanted);
    })
    .await;
}

/// The upgrade comes when it comes.
async fn transport_in_use(client: &mut Client, wanted: &str) -> String {
    for _ in 0..200 {
        if client.transport().await == wanted {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    client.transport().await
}

#[tokio::test]
async fn a_token_may_come_in_the_header_field() {
    for place in Place::both().await {
        for library in LIBRARIES {
            let driver = Driver::start(library);
            for transport in TRANSPORTS {
                let account = place.api.register().await;
                let opening = Opening {
                    token: None,
                    authorization: Some(format!("Bearer {}", account.access)),
                    ..place.opening("", transport)
                };
                let mut client = driver.open(&opening).await;
                client.connected().await;
                let answer = client.ask("sync", json!({ "since": 0 })).await;
                assert_eq!(answer["success"], true, "{answer}");
            }
        }
    }
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted_is_not_spoken_to() {
    let place: Place = up().await.into();
    let account = place.api.register().await;
    // Without this the other tests would show nothing about TLS.
    let other = nodes().await.certificate_file();
    for library in LIBRARIES {
        let driver = Driver::start(library);
        let opening = Opening {
            certificate: other.clone(),
            reconnection: false,
            ..place.opening(&account.access, Transport::WebSocket)
        };
        driver.open(&opening).await.refused().await;
    }
}

#[tokio::test]
async fn a_resend_under_the_same_client_id_is_the_same_message() {
    everywhere(async |place, driver, transport| {
        let [(_, mut a), (bob, mut b)] = place.pair(driver, transport).await;
        let message = json!({ "receiverId": bob.id, "content": "once", "clientId": "c-1" });
        let first = a.ask("message:send", message.clone()).await;
        let again = a.ask("message:send", message).await;
        assert_eq!(first["messageId"], again["messageId"], "{first} {again}");
        say(&mut a, &bob, "twice").await;
        let name = of("message", &bob);
        let seen = [b.event(&name).await, b.event(&name).await];
        let contents = seen.each_ref().map(|message| message["content"].clone());
        assert_eq!(contents, [json!("once"), json!("twice")]);
    })
    .await;
}

#[tokio::test]
async fn typing_is_shown_and_ends_by_itself() {
    everywhere(async |place, driver, transport| {
        let [(alice, mut a), (bob, mut b)] = place.pair(driver, transport).await;
        let typing = of("typing", &alice);
        a.send("typing:start", vec![json!({ "receiverId": bob.id })]).await;
        let shown = b.event(&typing).await;
        assert_eq!(shown, json!({ "userId": alice.id, "isTyping": true }));
        a.send("typing:stop", vec![json!({ "receiverId": bob.id })]).await;
        assert_eq!(b.event(&typing).await["isTyping"], false);
        a.send("typing:start", vec![json!({ "receiverId": bob.id })]).await;
        assert_eq!(b.event(&typing).await["isTyping"], true);
        // Nobody says that it is over.
        assert_eq!(b.event(&typing).await["isTyping"], false);
    })
    .await;
}

#[tokio::test]
async fn several_devices_of_one_person_see_the_same() {
    for place in Place::both().await {
        let (node, python) = (Driver::start(Library::Node), Driver::start(Library::Python));
        let [(alice, mut a), (bob, mut b)] = place.pair(&node, Transport::WebSocket).await;
        let mut phone = place.connect(&python, &bob, Transport::Polling).await;
        let mut tablet = place.connect(&node, &bob, Transport::Upgrade).await;
        for number in 1..=20 {
            say(&mut a, &bob, &format!("message {number}")).await;
        }
        say(&mut phone, &alice, "from the phone").await;
        let name = of("message", &alice);
        for device in [&mut a, &mut b, &mut phone, &mut tablet] {
            for number in 1..=21 {
                assert_eq!(device.event(&name).await["seq"], number);
            }
        }
    }
}

/// The numbers of all messages that this client was told under this name, once the last
/// one is there.
pub async fn numbers(client: &mut Client, name: &str, last: u64) -> Vec<u64> {
    let mut numbers = Vec::new();
    while numbers.last() != Some(&last) {
        let message: Value = client.event(name).await;
        numbers.push(message["seq"].as_u64().expect("a number"));
    }
    numbers
}
