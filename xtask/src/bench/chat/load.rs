//! The loads: pairs that talk, sockets that sit, connections that come and go. All of it on
//! one thread, so that the servers have the rest of the machine.

use std::cell::{Cell, RefCell};
use std::error::Error;
use std::future::Future;
use std::io;
use std::net::Ipv4Addr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;
use tokio::task::{JoinSet, LocalSet};

use super::people::Person;
use super::socket::{Packet, Socket};

/// Messages in flight, one for each pair that talks.
pub const IN_FLIGHT: usize = 100;
/// Connections being opened at once.
const OPENING: usize = 32;
/// How long one answer may take before the run is given up.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a run of talking pairs found.
#[derive(Debug, Clone)]
pub struct Talk {
    /// Messages acknowledged and delivered, a second.
    pub rate: f64,
    /// From sending to the acknowledgement: 50th and 99th percentile in milliseconds.
    pub ack: [f64; 2],
    /// From sending to the receiver's event.
    pub delivery: [f64; 2],
}

/// Runs `work` on this thread.
///
/// # Errors
/// As `work`.
pub fn run<T>(work: impl Future<Output = Result<T, Box<dyn Error>>>) -> Result<T, Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, work)
}

/// A source address for each connection: the loopback has a whole network of them, and each
/// has ports of its own and limits of its own.
#[must_use]
pub fn source(number: usize) -> Ipv4Addr {
    let host = u8::try_from(number % 200).unwrap_or_default();
    Ipv4Addr::new(127, 0, 1, host + 1)
}

/// Connects everybody, in parallel.
///
/// # Errors
/// The first refusal.
pub async fn connect_all(port: u16, people: &[Person]) -> Result<Vec<Socket>, Box<dyn Error>> {
    let gate = Rc::new(Semaphore::new(OPENING));
    let mut opening = JoinSet::new();
    for (number, person) in people.iter().enumerate() {
        let (gate, token) = (Rc::clone(&gate), Rc::clone(&person.token));
        opening.spawn_local(async move {
            let _one = gate.acquire().await;
            let opened = within(Socket::connect(source(number), port, &token)).await;
            (number, opened)
        });
    }
    let mut sockets = Vec::new();
    while let Some(opened) = opening.join_next().await {
        let (number, socket) = opened?;
        sockets.push((number, socket?));
    }
    sockets.sort_by_key(|(number, _)| *number);
    Ok(sockets.into_iter().map(|(_, socket)| socket).collect())
}

/// Pairs of `people` send to each other's first for `seconds` after a second that does not
/// count. Every pair has a turn; [`IN_FLIGHT`] of them have a message under way.
///
/// # Errors
/// When a message is refused or a connection ends.
pub async fn talk(port: u16, people: &[Person], seconds: u32) -> Result<Talk, Box<dyn Error>> {
    let mut sockets = connect_all(port, people).await?.into_iter();
    let tally = Rc::new(Tally::default());
    let gate = Rc::new(Semaphore::new(IN_FLIGHT));
    let mut pairs = JoinSet::new();
    for pair in people.chunks_exact(2) {
        let (Some(sender), Some(receiver)) = (sockets.next(), sockets.next()) else { break };
        let pair = Pair {
            sender,
            receiver,
            receiver_id: pair[1].id.clone(),
            event: format!("[\"message:{}\",", pair[0].id),
            sent: 0,
        };
        pairs.spawn_local(pair.talk(Rc::clone(&gate), Rc::clone(&tally)));
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    tally.counting.set(true);
    let started = Instant::now();
    tokio::time::sleep(Duration::from_secs(u64::from(seconds))).await;
    tally.counting.set(false);
    let took = started.elapsed().as_secs_f64();
    tally.over.set(true);
    while let Some(ended) = pairs.join_next().await {
        ended??;
    }
    let (mut acks, mut deliveries) = (tally.acks.take(), tally.deliveries.take());
    #[expect(clippy::cast_precision_loss, reason = "fewer than 2^52 messages")]
    let rate = deliveries.len() as f64 / took;
    Ok(Talk { rate, ack: percentiles(&mut acks), delivery: percentiles(&mut deliveries) })
}

#[derive(Default)]
struct Tally {
    counting: Cell<bool>,
    over: Cell<bool>,
    acks: RefCell<Vec<Duration>>,
    deliveries: RefCell<Vec<Duration>>,
}

struct Pair {
    sender: Socket,
    receiver: Socket,
    receiver_id: String,
    /// How the event begins that the receiver must see.
    event: String,
    sent: u64,
}

impl Pair {
    async fn talk(mut self, gate: Rc<Semaphore>, tally: Rc<Tally>) -> io::Result<()> {
        while !tally.over.get() {
            // Its turn, or heartbeats and the second copies of what was said before.
            let turn = {
                // Polled on, it keeps its place in the queue.
                let mut turn = std::pin::pin!(gate.acquire());
                loop {
                    tokio::select! {
                        biased;
                        turn = &mut turn => break turn,
                        seen = self.sender.packet() => refused(&seen?)?,
                        seen = self.receiver.packet() => refused(&seen?)?,
                    }
                }
            };
            let (ack, delivery) = within(self.say()).await?;
            if tally.counting.get() {
                tally.acks.borrow_mut().push(ack);
                tally.deliveries.borrow_mut().push(delivery);
            }
            drop(turn);
        }
        Ok(())
    }

    /// Sends one message; how long its acknowledgement and its delivery took.
    async fn say(&mut self) -> io::Result<(Duration, Duration)> {
        self.sent += 1;
        let number = self.sent;
        let packet = format!(
            "42{number}[\"message:send\",{{\"receiverId\":\"{}\",\"content\":\"message {number}, \
             as long as people write\",\"clientId\":\"{}-{number}\"}}]",
            self.receiver_id,
            RUN.with(Cell::get) + u64::from(std::process::id()) * 1_000_000,
        );
        let content = format!("\"message {number},");
        let ack = format!("{number}[");
        let started = Instant::now();
        self.sender.send(&packet).await?;
        let (mut acknowledged, mut delivered) = (None, None);
        loop {
            if let (Some(ack), Some(delivery)) = (acknowledged, delivered) {
                return Ok((ack, delivery));
            }
            tokio::select! {
                seen = self.sender.packet() => match seen? {
                    Packet::Ack(answer) if answer.starts_with(&ack) => {
                        if !answer.contains("\"success\":true") {
                            return Err(io::Error::other(format!("refused: {answer}")));
                        }
                        acknowledged = Some(started.elapsed());
                    }
                    other => refused(&other)?,
                },
                seen = self.receiver.packet() => match seen? {
                    Packet::Event(event) if event.starts_with(&self.event) && event.contains(&content) => {
                        delivered = Some(started.elapsed());
                    }
                    other => refused(&other)?,
                },
            }
        }
    }
}

thread_local! {
    /// Distinguishes the client ids of one run from those of the next.
    static RUN: Cell<u64> = const { Cell::new(0) };
}

/// Another run begins: its client ids are new ones.
pub fn next_run() {
    RUN.with(|run| run.set(run.get() + 1));
}

fn refused(packet: &Packet<'_>) -> io::Result<()> {
    match packet {
        Packet::Event(_) | Packet::Ack(_) => Ok(()),
        other => Err(io::Error::other(format!("the server sent {other:?}"))),
    }
}

async fn within<T>(work: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    tokio::time::timeout(PATIENCE, work).await.map_err(|_| io::ErrorKind::TimedOut)?
}

fn percentiles(taken: &mut [Duration]) -> [f64; 2] {
    taken.sort_unstable();
    [50, 99].map(|percent| {
        let at = taken.len() * percent / 100;
        taken.get(at.min(taken.len().saturating_sub(1))).map_or(f64::NAN, |d| d.as_secs_f64() * 1e3)
    })
}

/// Keeps `sockets` alive, reading whatever comes, for `time`.
///
/// # Errors
/// When a connection ends.
pub async fn sit(sockets: Vec<Socket>, time: Duration) -> Result<Vec<Socket>, Box<dyn Error>> {
    let mut sitting = JoinSet::new();
    for mut socket in sockets {
        sitting.spawn_local(async move {
            let end = tokio::time::Instant::now() + time;
            loop {
                match tokio::time::timeout_at(end, socket.packet()).await {
                    Ok(seen) => refused(&seen?)?,
                    Err(_) => return Ok(socket),
                }
            }
        });
    }
    let mut sockets = Vec::new();
    while let Some(sat) = sitting.join_next().await {
        let sat: io::Result<Socket> = sat?;
        sockets.push(sat?);
    }
    Ok(sockets)
}

/// Connects and disconnects `count` times; every other client vanishes instead of leaving.
///
/// # Errors
/// When a connection is refused.
pub async fn come_and_go(port: u16, people: &[Person], count: usize) -> Result<(), Box<dyn Error>> {
    let next = Rc::new(Cell::new(0));
    let mut going = JoinSet::new();
    for _ in 0..OPENING {
        let next = Rc::clone(&next);
        let tokens: Vec<_> = people.iter().map(|person| Rc::clone(&person.token)).collect();
        going.spawn_local(async move {
            loop {
                let number = next.get();
                if number >= count {
                    return Ok(());
                }
                next.set(number + 1);
                let token = &tokens[number % tokens.len()];
                let socket = within(Socket::connect(source(number), port, token)).await?;
                if number.is_multiple_of(2) {
                    // A server may hang up before it has read all of the farewell.
                    let _ = within(socket.leave()).await;
                } else {
                    socket.vanish()?;
                }
            }
        });
    }
    while let Some(gone) = going.join_next().await {
        let gone: io::Result<()> = gone?;
        gone?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_the_sorted_times() {
        let mut taken: Vec<_> = (1..=200).rev().map(Duration::from_millis).collect();
        assert_eq!(percentiles(&mut taken), [101.0, 199.0]);
        assert!(percentiles(&mut [])[0].is_nan());
    }

    #[test]
    fn sources_are_addresses_of_the_loopback() {
        for number in [0, 199, 200, 49_999] {
            assert!(source(number).is_loopback());
            assert_ne!(source(number).octets()[3], 0);
        }
    }
}
