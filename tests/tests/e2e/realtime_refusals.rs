//! What people must not be able to do over a socket, with stock clients through the gateway.

use std::time::{Duration, Instant};

use marquis_tests::realtime::{Client, Driver, LIBRARIES, Library, TRANSPORTS, Transport};
use marquis_tests::token::Token;
use marquis_tests::{Account, Api, Installation, Settings};
use serde_json::{Value, json};

use crate::realtime::{self, Place, of, say};

/// Asks, and expects to be refused with a reason that gives nothing away.
async fn refused(client: &mut Client, event: &str, args: Vec<Value>) -> Value {
    let shown =
        format!("{event} {}", json!(args).to_string().chars().take(200).collect::<String>());
    let answer = client.try_ask(event, args, 30_000).await;
    let answer = answer.unwrap_or_else(|error| unreachable!("{shown}: {error}"));
    assert_eq!(answer["success"], false, "{shown}: {answer}");
    let text = answer.to_string();
    for leak in ["panicked", ".rs:", "tokio_postgres", "SELECT ", "INSERT "] {
        assert!(!text.contains(leak), "{shown}: {answer}");
    }
    answer
}

#[tokio::test]
async fn without_a_good_token_nobody_joins() {
    for place in Place::both().await {
        let genuine = place.api.register().await.access;
        let token = Token::parse(&genuine);
        let mut raised = token.clone();
        raised.claims["roles"] = json!(["admin"]);
        let mut none = token.clone();
        none.header["alg"] = json!("none");
        let bad = [
            String::new(),
            "a.b.c".to_owned(),
            genuine.replace('.', ""),
            token.signed_by_somebody(),
            raised.with_old_signature(),
            none.with_signature(b""),
            "x".repeat(10_000),
        ];
        for library in LIBRARIES {
            let driver = Driver::start(library);
            for transport in TRANSPORTS {
                for token in &bad {
                    let mut client = driver.open(&place.opening(token, transport)).await;
                    let refusal = client.refused().await.to_string();
                    assert!(!refusal.contains(".rs"), "{refusal}");
                }
                let mut opening = place.opening("", transport);
                opening.token = None;
                driver.open(&opening).await.refused().await;
            }
        }
    }
}

#[tokio::test]
async fn an_expired_token_ends_the_connection_and_a_new_one_opens_it() {
    // The shortest lifetime there is.
    let toml = "[auth.tokens]\naccess_lifetime = \"10s\"\n".to_owned() + realtime::PROFILE;
    let up = Installation::start_with(Settings { toml, ..Settings::default() }).await;
    let place = Place::from(&up);
    for library in LIBRARIES {
        let driver = Driver::start(library);
        for transport in [Transport::WebSocket, Transport::Polling] {
            let account = place.api.register().await;
            let started = Instant::now();
            let mut client = driver.open(&place.opening(&account.access, transport)).await;
            client.connected().await;
            client.disconnected().await;
            assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
            let fresh = place.api.refresh(&account.refresh).await;
            let fresh = fresh.expect(200).text_at("/access_token");
            place.connect(&driver, &Account { access: fresh, ..account }, transport).await;
        }
    }
}

#[tokio::test]
async fn a_logout_ends_the_connections_of_that_session_and_no_other() {
    for place in Place::both().await {
        for library in LIBRARIES {
            let driver = Driver::start(library);
            for transport in [Transport::WebSocket, Transport::Polling] {
                let [(alice, mut a), (bob, mut b)] = place.pair(&driver, transport).await;
                let other = place.api.login(&bob.email, &bob.password).await;
                let other = Account { access: other.text_at("/access_token"), ..bob.clone() };
                let mut phone = place.connect(&driver, &other, transport).await;
                let out = json!({ "refresh_token": bob.refresh });
                let answer = place.api.post_as(&bob.access, "/api/v1/auth/logout", &out).await;
                assert!([200, 204].contains(&answer.status), "{answer:?}");
                let started = Instant::now();
                b.disconnected().await;
                assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
                // The token is of no use any more; the other session goes on.
                driver.open(&place.opening(&bob.access, transport)).await.refused().await;
                say(&mut a, &bob, "still there?").await;
                phone.event(&of("message", &alice)).await;
            }
        }
    }
}

#[tokio::test]
async fn the_sender_is_always_the_one_of_the_token() {
    for place in Place::both().await {
        let driver = Driver::start(Library::Node);
        let [(alice, mut a), (bob, mut b)] = place.pair(&driver, Transport::WebSocket).await;
        let carol = place.api.register().await;
        let mut message = json!({ "receiverId": bob.id, "content": "from me" });
        for field in
            ["senderId", "sender_id", "userId", "from", "sub", "senderUsername", "seq", "id"]
        {
            message[field] = json!(carol.id);
        }
        let answer = a.ask("message:send", message).await;
        if answer["success"] == true {
            let seen = b.event(&of("message", &alice)).await;
            assert_eq!((&seen["senderId"], &seen["seq"]), (&json!(alice.id), &json!(1)));
        }
        a.send("typing:start", vec![json!({ "receiverId": bob.id, "userId": carol.id })]).await;
        say(&mut a, &bob, "afterwards").await;
        b.event_where(&of("message", &alice), |message| message["content"] == "afterwards").await;
        assert_eq!(b.kept(&of("typing", &carol)), [Value::Null; 0]);
        assert_eq!(b.kept(&of("message", &carol)), [Value::Null; 0]);
    }
}

#[tokio::test]
async fn conversations_of_others_stay_theirs() {
    for place in Place::both().await {
        let driver = Driver::start(Library::Node);
        let [(alice, mut a), (bob, mut b)] = place.pair(&driver, Transport::WebSocket).await;
        let carol = place.api.register().await;
        let mut c = place.connect(&driver, &carol, Transport::WebSocket).await;
        let id = say(&mut a, &bob, "between us").await;
        b.event(&of("message", &alice)).await;
        for event in ["join", "subscribe", "room:join", "enter", "message", &of("message", &bob)] {
            for room in
                [json!(bob.id), json!({ "room": bob.id }), json!(format!("user:{}", bob.id))]
            {
                c.send(event, vec![room]).await;
            }
        }
        refused(&mut c, "message:edit", vec![json!({ "messageId": id, "content": "mine" })]).await;
        refused(&mut c, "message:delete", vec![json!({ "messageId": id })]).await;
        // The other one may read it, not change it.
        refused(&mut b, "message:edit", vec![json!({ "messageId": id, "content": "mine" })]).await;
        a.send("typing:start", vec![json!({ "receiverId": bob.id })]).await;
        say(&mut a, &bob, "still between us").await;
        // What is said to Carol comes after all that was said before it.
        say(&mut a, &carol, "and to you").await;
        c.event(&of("message", &alice)).await;
        for (kind, account) in [("message", &bob), ("typing", &alice)] {
            assert_eq!(c.kept(&of(kind, account)), [Value::Null; 0]);
        }
        let answer = c.ask("sync", json!({ "since": 0 })).await;
        assert_eq!(answer["success"], true, "{answer}");
        let path = format!("/api/v1/chat/conversations/{}/messages", bob.id);
        let history = place.api.get_as(&carol.access, &path).await;
        assert!(!history.text.contains("between us"), "{history:?}");
    }
}

#[tokio::test]
async fn malformed_events_are_refused_and_harm_nobody() {
    for place in Place::both().await {
        for library in LIBRARIES {
            let driver = Driver::start(library);
            let [(alice, mut a), (bob, mut b)] = place.pair(&driver, Transport::WebSocket).await;
            let to = |content: Value| json!({ "receiverId": bob.id, "content": content });
            let deep = (0..200).fold(json!(1), |inner, _| json!([inner]));
            for message in [
                json!(null),
                json!(7),
                json!("text"),
                json!([]),
                json!([[to(json!("x"))]]),
                json!({}),
                json!({ "content": "x" }),
                json!({ "receiverId": bob.id }),
                json!({ "receiverId": null, "content": "x" }),
                json!({ "receiverId": 7, "content": "x" }),
                json!({ "receiverId": "", "content": "x" }),
                json!({ "receiverId": "nobody", "content": "x" }),
                json!({ "receiverId": [bob.id], "content": "x" }),
                json!({ "receiverId": "' OR 1=1 --", "content": "x" }),
                json!({ "receiverId": "00000000-0000-7000-8000-000000000000", "content": "x" }),
                json!({ "receiverId": bob.id, "content": "x", "clientId": 7 }),
                json!({ "receiverId": bob.id, "content": "x", "clientId": "x".repeat(5_000) }),
                to(json!(null)),
                to(json!(7)),
                to(json!("")),
                to(json!(["x"])),
                to(json!({ "x": "y" })),
                to(json!("x".repeat(4_001))),
                to(json!("\u{0}")),
                to(deep),
            ] {
                refused(&mut a, "message:send", vec![message]).await;
            }
            refused(&mut a, "message:send", vec![]).await;
            for (event, data) in [
                ("sync", json!({ "since": -1 })),
                ("sync", json!({ "since": "0" })),
                ("sync", json!({ "since": 1e300 })),
                ("sync", json!(null)),
                ("message:read", json!({ "peerId": "x", "upTo": 1 })),
                ("message:read", json!({ "peerId": bob.id, "upTo": "x" })),
                ("message:edit", json!({ "messageId": "x", "content": "x" })),
                ("message:delete", json!({ "messageId": 7 })),
            ] {
                refused(&mut a, event, vec![data]).await;
            }
            for event in ["typing:start", "typing:stop", "message:send", "sync", "message:read"] {
                for data in [json!(null), json!(7), json!({ "receiverId": 7 }), json!([[]])] {
                    a.send(event, vec![data]).await;
                }
            }
            // Characters count, not bytes; the whole of it arrives.
            let long = "🦀".repeat(4_000);
            say(&mut a, &bob, &long).await;
            let message = b.event(&of("message", &alice)).await;
            assert_eq!((&message["content"], &message["seq"]), (&json!(long), &json!(1)));
        }
    }
}

#[tokio::test]
async fn a_packet_beyond_the_limit_ends_that_connection_only() {
    for place in Place::both().await {
        for library in LIBRARIES {
            let driver = Driver::start(library);
            for transport in [Transport::WebSocket, Transport::Polling] {
                let [(alice, mut a), (bob, mut b)] = place.pair(&driver, transport).await;
                let huge = json!({ "receiverId": bob.id, "content": "x".repeat(2_000_000) });
                a.send("message:send", vec![huge]).await;
                a.disconnected().await;
                // The library connects again by itself.
                a.connected().await;
                say(&mut a, &bob, "smaller").await;
                let message = b.event(&of("message", &alice)).await;
                assert_eq!((&message["content"], &message["seq"]), (&json!("smaller"), &json!(1)));
            }
        }
    }
}

/// People nobody limits would make the other tests slow to judge; here limits are real.
async fn limited() -> Installation {
    let settings = Settings { toml: realtime::PROFILE.to_owned(), unlimited: true };
    Installation::start_with(settings).await
}

#[tokio::test]
async fn a_flood_is_answered_with_limits_and_reaches_nobody_in_full() {
    let up = limited().await;
    let place = Place::from(&up);
    let driver = Driver::start(Library::Node);
    let [(alice, mut a), (bob, mut b)] = place.pair(&driver, Transport::WebSocket).await;
    let _: &Api = &place.api;
    let (mut saved, mut limited) = (0, None);
    for number in 0..5_000 {
        let message = json!({ "receiverId": bob.id, "content": format!("{number}") });
        let answer = a.ask("message:send", message).await;
        if answer["success"] == true {
            saved += 1;
        } else {
            limited = Some(answer);
            break;
        }
    }
    let limited = limited.expect("a limit within 5,000 messages");
    assert!(limited["retryAfter"].as_f64().is_some_and(|after| after > 0.0), "{limited}");
    // What was acknowledged arrived, and others are not limited with her.
    let name = of("message", &alice);
    let numbers = realtime::numbers(&mut b, &name, saved).await;
    assert_eq!(numbers.len() as u64, saved);
    say(&mut b, &alice, "slow down").await;
}
