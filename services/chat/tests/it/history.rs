//! People who talk over two nodes while announcements are lost, nodes die and connections
//! break, at random: what each of them saw is judged at the end.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use serde_json::json;
use tokio::time::timeout;

use crate::client::Client;
use crate::harness::{Node, PATIENCE, Person, World};

const PEOPLE: usize = 8;
const MESSAGES: usize = 60;

/// Numbers that the seed decides (SplitMix64).
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let bound = u64::try_from(bound).expect("small");
        usize::try_from((mixed ^ (mixed >> 31)) % bound).expect("small")
    }
}

type Nodes = Arc<Mutex<Vec<Option<std::net::SocketAddr>>>>;

/// What one person saw: the id of each number, in order; what was acknowledged.
#[derive(Default)]
struct Seen {
    last: i64,
    ids: Vec<String>,
    acknowledged: Vec<String>,
    wrong: Vec<String>,
}

/// Connects to whichever node lives and asks for what was missed.
async fn connected(nodes: &Nodes, chance: &mut Chance, person: &Person, seen: &mut Seen) -> Client {
    loop {
        let address = {
            let nodes = nodes.lock();
            nodes[chance.below(nodes.len())]
        };
        let Some(address) = address else {
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        let attempt = async {
            let mut client = Client::open(address).await;
            client.say(&format!("40{}", json!({ "token": person.token }))).await;
            let joined = client.try_packet().await.is_some_and(|packet| packet.starts_with("40"));
            let id = client.emit("sync", json!({ "since": seen.last })).await;
            (joined && client.answer(id).await.is_some_and(|answer| answer["success"] == true))
                .then_some(client)
        };
        // A node that dies in the middle of this leaves a task that panics.
        let attempt = futures_util::FutureExt::catch_unwind(std::panic::AssertUnwindSafe(attempt));
        if let Ok(Ok(Some(mut client))) = timeout(Duration::from_secs(3), attempt).await {
            look(&mut client, person, seen).await;
            return client;
        }
    }
}

/// Takes in what has come so far; whether the connection is still there.
async fn look(client: &mut Client, person: &Person, seen: &mut Seen) -> bool {
    let marker = client.emit("no:such:event", json!({})).await;
    let there = timeout(Duration::from_secs(3), client.answer(marker)).await;
    let there = there.is_ok_and(|answer| answer.is_some());
    for (name, message) in client.taken() {
        if name != format!("message:{}", person.id) {
            continue;
        }
        let seq = message["seq"].as_i64().expect("a number");
        if seq == seen.last + 1 {
            seen.last = seq;
            seen.ids.push(message["id"].as_str().expect("an id").to_owned());
        } else {
            seen.wrong.push(format!("{} was told {seq} after {}", person.name, seen.last));
        }
    }
    there
}

async fn talk(
    n: usize,
    people: Arc<Vec<Person>>,
    nodes: Nodes,
    seed: u64,
    done: Arc<AtomicUsize>,
) -> Seen {
    let mut chance = Chance(seed ^ (u64::try_from(n).expect("small") << 32));
    let mut seen = Seen::default();
    let me = &people[n];
    let mut client = connected(&nodes, &mut chance, me, &mut seen).await;
    for number in 0..MESSAGES {
        let to = &people[(n + 1 + chance.below(PEOPLE - 1)) % PEOPLE];
        let message = json!({
            "receiverId": to.id, "content": format!("{n}:{number}"), "clientId": format!("{n}:{number}"),
        });
        loop {
            let id = client.emit("message:send", message.clone()).await;
            let answer = timeout(Duration::from_secs(3), client.answer(id)).await;
            if let Ok(Some(answer)) = answer
                && answer["success"] == true
            {
                seen.acknowledged.push(answer["messageId"].as_str().expect("an id").to_owned());
                break;
            }
            client = connected(&nodes, &mut chance, me, &mut seen).await;
        }
        // Now and then somebody just hangs up.
        let there = look(&mut client, me, &mut seen).await;
        if !there || chance.below(20) == 0 {
            drop(client);
            client = connected(&nodes, &mut chance, me, &mut seen).await;
        }
    }
    done.fetch_add(1, Ordering::SeqCst);
    // The world is whole again: what is still missing comes by itself or on asking.
    while done.load(Ordering::SeqCst) <= PEOPLE {
        if !look(&mut client, me, &mut seen).await {
            client = connected(&nodes, &mut chance, me, &mut seen).await;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    drop(client);
    connected(&nodes, &mut chance, me, &mut seen).await;
    seen
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_sees_everything_once_and_in_order_whatever_breaks() {
    let seed = std::env::var("MARQUIS_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or_else(|| u64::from(std::process::id()));
    println!("MARQUIS_SEED={seed}");
    let world = World::new().await;
    let people: Arc<Vec<Person>> =
        Arc::new((0..PEOPLE).map(|n| world.person(&format!("p{n}"))).collect());
    let mut running: Vec<Option<Node>> = vec![Some(world.node().await), Some(world.node().await)];
    let nodes: Nodes =
        Arc::new(Mutex::new(running.iter().map(|node| node.as_ref().map(|n| n.address)).collect()));
    let done = Arc::new(AtomicUsize::new(0));
    let talking: Vec<_> = (0..PEOPLE)
        .map(|n| {
            tokio::spawn(talk(n, Arc::clone(&people), Arc::clone(&nodes), seed, Arc::clone(&done)))
        })
        .collect();
    let mut chance = Chance(seed);
    let (mut kills, losing) = (0, AtomicBool::new(false));
    let began = std::time::Instant::now();
    while done.load(Ordering::SeqCst) < PEOPLE {
        assert!(began.elapsed() < PATIENCE * 6, "nothing moves any more");
        tokio::time::sleep(Duration::from_millis(100)).await;
        match chance.below(4) {
            0 if kills < 6 => {
                let victim = chance.below(2);
                nodes.lock()[victim] = None;
                if let Some(node) = running[victim].take() {
                    node.kill();
                }
                kills += 1;
                let node = world.node().await;
                nodes.lock()[victim] = Some(node.address);
                running[victim] = Some(node);
            }
            1 => {
                let lose = !losing.fetch_xor(true, Ordering::SeqCst);
                world.lossy.losing.store(lose, Ordering::SeqCst);
            }
            _ => {}
        }
    }
    world.lossy.losing.store(false, Ordering::SeqCst);
    done.fetch_add(1, Ordering::SeqCst);

    let mut seen: HashMap<usize, Seen> = HashMap::new();
    for (n, one) in talking.into_iter().enumerate() {
        seen.insert(n, one.await.expect("it ends"));
    }
    let wrong: Vec<&String> = seen.values().flat_map(|seen| &seen.wrong).collect();
    assert!(
        wrong.is_empty(),
        "{} defects: {:?}",
        wrong.len(),
        wrong.iter().take(10).collect::<Vec<_>>()
    );
    let mut holders: BTreeMap<&String, usize> = BTreeMap::new();
    for one in seen.values() {
        one.ids.iter().for_each(|id| *holders.entry(id).or_default() += 1);
    }
    assert!(holders.values().all(|&count| count == 2), "each message is with two people, once");
    assert_eq!(holders.len(), PEOPLE * MESSAGES, "nothing is lost, and nothing saved twice");
    for (n, one) in &seen {
        assert_eq!(one.acknowledged.len(), MESSAGES, "{n}");
        assert!(one.acknowledged.iter().all(|id| one.ids.contains(id)), "{n} lacks its own");
    }
    println!("{} messages, {kills} nodes killed, {:?}", holders.len(), began.elapsed());
}
