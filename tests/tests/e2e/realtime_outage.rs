//! Servers that restart and die, networks that are cut: people come back by themselves and
//! get exactly what they missed.

use std::time::{Duration, Instant};

use marquis_tests::realtime::nodes::ChatNodes;
use marquis_tests::realtime::relay::{Relay, Weather};
use marquis_tests::realtime::{Client, Driver, LIBRARIES, Library, Transport};
use marquis_tests::{Account, Installation, PATIENCE};
use serde_json::{Value, json};

use crate::realtime::{self, Place, numbers, of, say};

const BOTH: [Transport; 2] = [Transport::WebSocket, Transport::Polling];

/// Asks for what follows `since`, and is told exactly `wanted`, in order.
async fn catch_up(client: &mut Client, name: &str, since: u64, wanted: Vec<u64>) {
    let answer = client.ask("sync", json!({ "since": since })).await;
    assert_eq!(answer["success"], true, "{answer}");
    if let Some(&last) = wanted.last() {
        assert_eq!(numbers(client, name, last).await, wanted, "since {since}");
    }
}

#[tokio::test]
async fn after_a_restart_people_are_back_and_get_what_they_missed() {
    let mut up = Installation::start_with(realtime::profile()).await;
    for library in LIBRARIES {
        let driver = Driver::start(library);
        for transport in BOTH {
            let place = Place::from(&up);
            let relay = Relay::open(place.port).await;
            let far = Place { port: relay.port(), ..place.clone() };
            let (alice, bob) = (place.api.register().await, place.api.register().await);
            let mut a = place.connect(&driver, &alice, transport).await;
            let mut b = far.connect(&driver, &bob, transport).await;
            let name = of("message", &alice);
            for number in 1..=3 {
                say(&mut a, &bob, &format!("{number}")).await;
            }
            assert_eq!(numbers(&mut b, &name, 3).await, [1, 2, 3]);
            // Bob's network goes, and then the server does.
            relay.set(Weather::Cut);
            b.disconnected().await;
            for number in 4..=6 {
                say(&mut a, &bob, &format!("{number}")).await;
            }
            up.process().kill();
            a.disconnected().await;
            up.restart().await;
            a.connected().await;
            for number in 7..=8 {
                say(&mut a, &bob, &format!("{number}")).await;
            }
            relay.set(Weather::Fair);
            b.connected().await;
            catch_up(&mut b, &name, 3, vec![4, 5, 6, 7, 8]).await;
            say(&mut a, &bob, "9").await;
            assert_eq!(numbers(&mut b, &name, 9).await, [9], "and nothing twice");
        }
    }
}

#[tokio::test]
async fn a_silent_network_is_noticed_by_both_sides() {
    for place in Place::both().await {
        let driver = Driver::start(Library::Node);
        let [(alice, mut a), (_, mut b)] = place.pair(&driver, Transport::WebSocket).await;
        let relay = Relay::open(place.port).await;
        let far = Place { port: relay.port(), ..place.clone() };
        let carol = place.api.register().await;
        let mut c = far.connect(&driver, &carol, Transport::WebSocket).await;
        say(&mut a, &carol, "1").await;
        c.event(&of("message", &alice)).await;
        relay.set(Weather::Silent);
        say(&mut a, &carol, "2").await;
        // Nobody tells her; heartbeats do.
        c.disconnected().await;
        relay.set(Weather::Fair);
        c.connected().await;
        c.forget();
        catch_up(&mut c, &of("message", &alice), 1, vec![2]).await;
        b.close().await;
    }
}

/// Two people and what they have been told, on nodes that die.
struct Talk {
    a: Client,
    b: Client,
    bob: Account,
    name: String,
    last: u64,
}

/// Asks again and again, as whoever wants to be sure does.
async fn until_acknowledged(client: &mut Client, event: &str, what: Value) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let answer = client.try_ask(event, vec![what.clone()], 3_000).await;
        if answer.as_ref().is_ok_and(|answer| answer["success"] == true) {
            return;
        }
        assert!(Instant::now() < deadline, "{event}: {answer:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

impl Talk {
    async fn start(place: &Place, driver: &std::sync::Arc<Driver>, transport: Transport) -> Self {
        let [(alice, a), (bob, b)] = place.pair(driver, transport).await;
        Self { a, b, bob, name: of("message", &alice), last: 0 }
    }

    /// Alice says something, whatever it takes, and Bob has it, whatever it takes.
    async fn goes_on(&mut self) {
        let client_id = format!("c-{}", self.last + 1);
        let message =
            json!({ "receiverId": self.bob.id, "content": "go on", "clientId": client_id });
        until_acknowledged(&mut self.a, "message:send", message).await;
        self.last += 1;
        until_acknowledged(&mut self.b, "sync", json!({ "since": self.last - 1 })).await;
        let last = self.last;
        self.b.event_where(&self.name, |message| message["seq"] == last).await;
    }
}

#[tokio::test]
async fn nodes_that_die_one_after_the_other_are_survived() {
    let mut nodes = ChatNodes::start(&realtime::profile()).await;
    let place = Place::from(&nodes);
    // Not on `python-socketio`: when a connection breaks while it is being made again, its
    // client forgets that it wanted one. The test above has it.
    let driver = Driver::start(Library::Node);
    let mut talks = Vec::new();
    for transport in [BOTH, BOTH].concat() {
        talks.push(Talk::start(&place, &driver, transport).await);
    }
    for victim in [0, 1] {
        nodes.chat[victim].process().kill();
        for talk in &mut talks {
            talk.goes_on().await;
        }
        nodes.chat[victim].restart().await;
        for talk in &mut talks {
            talk.goes_on().await;
        }
    }
    // Asked to stop, a node says goodbye and is not missed either.
    for victim in [0, 1] {
        nodes.chat[victim].process().stop().await;
        for talk in &mut talks {
            talk.goes_on().await;
        }
        nodes.chat[victim].restart().await;
    }
}

#[tokio::test]
async fn without_redis_messages_arrive_late_and_not_never() {
    let mut nodes = ChatNodes::start(&realtime::profile()).await;
    let place = Place::from(&nodes);
    let driver = Driver::start(Library::Node);
    // Enough pairs that some are on different nodes.
    let mut pairs = Vec::new();
    for _ in 0..6 {
        pairs.push(place.pair(&driver, Transport::WebSocket).await);
    }
    nodes.redis.stop();
    for [(_, a), (bob, _)] in &mut pairs {
        say(a, bob, "while it is away").await;
    }
    nodes.redis.start_again();
    for [(alice, _), (_, b)] in &mut pairs {
        assert_eq!(b.event(&of("message", alice)).await["seq"], 1);
    }
}
