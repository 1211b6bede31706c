//! Twenty people on stock clients write to each other over two chat nodes while nodes are
//! killed, Redis restarts and networks are cut. What each of them saw is judged at the end.
//!
//! `MARQUIS_SEED` repeats a run's choices; `MARQUIS_HISTORY_MESSAGES` sets its length
//! (`cargo xtask history` runs the long one).

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use marquis_testkit::Child;
use marquis_tests::realtime::history::judge;
use marquis_tests::realtime::nodes::ChatNodes;
use marquis_tests::realtime::relay::{Relay, Weather};
use marquis_tests::realtime::{programs, sources};
use marquis_tests::{PATIENCE, Settings};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::timeout;

const PEOPLE: usize = 20;
/// Messages that each person has under way.
const WINDOW: u32 = 4;

/// Numbers that the seed decides (SplitMix64).
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }

    fn index(&mut self, bound: usize) -> usize {
        usize::try_from(self.below(bound as u64)).expect("below a usize")
    }
}

/// The process of all people.
struct People {
    child: Child,
    said: mpsc::UnboundedReceiver<Value>,
}

impl People {
    fn start(plan: &Value) -> Self {
        let mut command = Command::new("node");
        command.arg(sources().join("history.js"));
        command.env("NODE_PATH", &programs().node_modules);
        let mut child = Child::spawn({
            command.stdin(Stdio::piped()).stdout(Stdio::piped());
            command
        })
        .expect("node starts");
        let stdout = child.inner().stdout.take().expect("a pipe");
        let (sender, said) = mpsc::unbounded_channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                let said = serde_json::from_str(&line).expect("JSON");
                if sender.send(said).is_err() {
                    return;
                }
            }
        });
        let mut people = Self { child, said };
        people.tell(plan);
        people
    }

    fn tell(&mut self, what: &Value) {
        let stdin = self.child.inner().stdin.as_mut().expect("a pipe");
        writeln!(stdin, "{what}").expect("the process lives");
    }

    /// What comes next, or nothing within `patience`.
    async fn next(&mut self, patience: Duration) -> Option<Value> {
        let said = timeout(patience, self.said.recv()).await.ok()?.expect("the process lives");
        assert!(said["error"].is_null(), "{said}");
        Some(said)
    }
}

/// What breaks the world, one thing after another, and mends it again.
struct Trouble {
    nodes: ChatNodes,
    relays: Vec<Relay>,
    chance: Chance,
    kills: u32,
    redis: u32,
    cuts: u32,
}

impl Trouble {
    async fn make(&mut self) {
        match self.chance.below(10) {
            0..3 => {
                let victim = self.chance.index(2);
                let node = &mut self.nodes.chat[victim];
                node.process().kill();
                self.kills += 1;
                node.restart().await;
            }
            3 => {
                self.nodes.redis.kill();
                self.redis += 1;
                self.nodes.redis.start_again();
            }
            _ => {
                let weather = [Weather::Cut, Weather::Silent, Weather::Fair];
                let weather = weather[self.chance.index(weather.len())];
                for _ in 0..=self.chance.below(5) {
                    self.relays[self.chance.index(PEOPLE)].set(weather);
                    self.cuts += u32::from(weather != Weather::Fair);
                }
            }
        }
        // Half of those in trouble are out of it again by the next one.
        for relay in &self.relays {
            if self.chance.below(2) == 0 {
                relay.set(Weather::Fair);
            }
        }
    }
}

fn number(name: &str, default: u64) -> u64 {
    let value = std::env::var(name).ok();
    value.map_or(default, |value| value.parse().expect(name))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_repeated_or_out_of_order() {
    let now = marquis_testkit::free_port();
    let seed = number("MARQUIS_SEED", u64::from(now));
    let messages = number("MARQUIS_HISTORY_MESSAGES", 2_000);
    // Shown when the test fails.
    println!("MARQUIS_SEED={seed}, {messages} messages");
    let toml = format!("[auth.tokens]\naccess_lifetime = \"1h\"\n{}", crate::realtime::PROFILE);
    let nodes = ChatNodes::start(&Settings { toml, ..Settings::default() }).await;
    let (mut people, mut relays) = (Vec::new(), Vec::new());
    let transports = [json!(["websocket"]), json!(["polling"]), json!(["polling", "websocket"])];
    for index in 0..PEOPLE {
        let account = nodes.api().register().await;
        let relay = Relay::open(nodes.https_port()).await;
        people.push(json!({
            "id": account.id, "token": account.access, "port": relay.port(),
            "transports": transports[index % transports.len()],
        }));
        relays.push(relay);
    }
    let report = nodes.directory().join("history.json");
    let started = Instant::now();
    let mut clients = People::start(&json!({
        "ca": nodes.certificate_file(), "seed": seed, "messages": messages, "window": WINDOW,
        "people": people, "report": report,
    }));
    let chance = Chance(seed);
    let mut trouble = Trouble { nodes, relays, chance, kills: 0, redis: 0, cuts: 0 };
    let (mut acknowledged, mut last) = (0, Instant::now());
    loop {
        // Something breaks after so many messages, or when nothing moves any more.
        let goal = acknowledged + 20 + trouble.chance.below(messages / 20);
        let mut sent = false;
        while acknowledged < goal && !sent {
            let Some(said) = clients.next(Duration::from_secs(2)).await else { break };
            sent = said["sent"] == json!(true);
            if let Some(count) = said["acknowledged"].as_u64() {
                (acknowledged, last) = (count, Instant::now());
            }
        }
        if sent {
            break;
        }
        if last.elapsed() > PATIENCE * 2 {
            panic!("nothing moves after {acknowledged} messages\n{}", trouble.nodes.logs());
        }
        trouble.make().await;
    }
    let took = started.elapsed();
    for relay in &trouble.relays {
        relay.set(Weather::Fair);
    }
    clients.tell(&json!({ "whole": true }));
    let done = clients.next(PATIENCE * 3).await;
    assert_eq!(done, Some(json!({ "done": true })), "{}", trouble.nodes.logs());

    let report = std::fs::read(report).expect("a report");
    let report: Value = serde_json::from_slice(&report).expect("JSON");
    let verdict = judge(&report);
    println!(
        "{acknowledged} acknowledged in {:.1} s, {} saved, {} sent again, {} connections, \
         {} kills of nodes, {} of Redis, {} cuts; refused: {}",
        took.as_secs_f64(),
        verdict.saved,
        verdict.resent,
        verdict.connections,
        trouble.kills,
        trouble.redis,
        trouble.cuts,
        report["refused"],
    );
    let wrong: Vec<_> = verdict.wrong.iter().take(20).collect();
    assert!(wrong.is_empty(), "{} defects: {wrong:#?}", verdict.wrong.len());
    assert!(verdict.acknowledged as u64 >= messages, "{}", verdict.acknowledged);
    assert!(trouble.kills > 0 && trouble.cuts > 0, "something broke");
    marquis_tests::api::no_defects(&trouble.nodes.logs());
}
