//! The memory of bodies under inspection: one bound for all of them, a part of it that large
//! bodies leave to small ones, and a share that one client may take.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use marquis_config::sections::waf::Waf;
use parking_lot::Mutex;

/// Bytes of one request that no client's share counts: keeping books on every small body
/// would cost more than it protects.
const UNCOUNTED: usize = 64 * 1024;

/// The bounds, and what is held.
#[derive(Debug)]
pub(super) struct Memory {
    most: usize,
    /// What all bodies together hold before a large one gets more.
    for_large: usize,
    /// What one client's bodies may hold.
    for_client: usize,
    /// A body that is longer is a large one.
    small: usize,
    held: Arc<Held>,
}

#[derive(Debug, Default)]
struct Held {
    bytes: AtomicUsize,
    clients: Mutex<HashMap<IpAddr, usize>>,
}

/// Memory taken by one request; given back when dropped.
#[derive(Debug)]
pub(super) struct Reserved {
    bytes: usize,
    /// Of these, those that stand in the client's books.
    counted: usize,
    client: IpAddr,
    of: Option<Arc<Held>>,
}

impl Memory {
    /// The bounds of the settings over what is held already.
    pub(super) fn new(settings: &Waf, before: Option<&Self>) -> Self {
        let most = settings.body_memory;
        Self {
            most,
            for_large: most / 4 * 3,
            // One body of any size that is allowed has to fit, however small the memory is.
            for_client: (most / 4).max(settings.memory_of_one_body()),
            small: settings.body_without_files,
            held: before.map_or_else(Arc::default, |before| Arc::clone(&before.held)),
        }
    }

    /// Takes memory for a body of `length` bytes so far, if there is any left for it.
    pub(super) fn take(&self, reserved: &mut Reserved, bytes: usize, length: usize) -> bool {
        let most = if length > self.small { self.for_large } else { self.most };
        let taken = self.held.bytes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |held| {
            held.checked_add(bytes).filter(|sum| *sum <= most)
        });
        if taken.is_err() {
            return false;
        }
        reserved.of.get_or_insert_with(|| Arc::clone(&self.held));
        reserved.bytes += bytes;
        if reserved.bytes <= UNCOUNTED {
            return true;
        }
        let more = reserved.bytes - reserved.counted;
        let mut clients = self.held.clients.lock();
        let share = clients.entry(reserved.client).or_default();
        if *share + more <= self.for_client {
            *share += more;
            reserved.counted += more;
            return true;
        }
        if *share == 0 {
            clients.remove(&reserved.client);
        }
        drop(clients);
        reserved.bytes -= bytes;
        self.held.bytes.fetch_sub(bytes, Ordering::Relaxed);
        false
    }
}

impl Reserved {
    /// Nothing yet. An IPv6 client is its network: it has more addresses than can be counted.
    pub(super) fn for_client(address: IpAddr) -> Self {
        let client = match address.to_canonical() {
            IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
            four @ IpAddr::V4(_) => four,
        };
        Self { bytes: 0, counted: 0, client, of: None }
    }

    /// Corrects an estimate by what is held in fact.
    pub(super) fn correct(&mut self, bytes: usize) {
        let Some(held) = &self.of else { return };
        if bytes <= self.bytes {
            held.bytes.fetch_sub(self.bytes - bytes, Ordering::Relaxed);
        } else {
            held.bytes.fetch_add(bytes - self.bytes, Ordering::Relaxed);
        }
        self.bytes = bytes;
        if self.counted > bytes {
            held.give_back(self.client, self.counted - bytes);
            self.counted = bytes;
        }
    }
}

impl Held {
    fn give_back(&self, client: IpAddr, bytes: usize) {
        let mut clients = self.clients.lock();
        if let Some(share) = clients.get_mut(&client) {
            *share = share.saturating_sub(bytes);
            if *share == 0 {
                clients.remove(&client);
            }
        }
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        let Some(held) = &self.of else { return };
        held.bytes.fetch_sub(self.bytes, Ordering::Relaxed);
        if self.counted > 0 {
            held.give_back(self.client, self.counted);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use marquis_config::{Config, Environment};

    fn memory() -> Memory {
        let mut settings = Config::defaults(Environment::Test).expect("defaults").gateway.waf;
        (settings.body, settings.body_without_files) = (1_000_000, 10_000);
        settings.body_memory = 12_000_000;
        Memory::new(&settings, None)
    }

    fn client(last: u8) -> Reserved {
        Reserved::for_client(IpAddr::from([192, 0, 2, last]))
    }

    #[test]
    fn one_client_has_a_share() {
        let memory = memory();
        let (mut first, mut second) = (client(1), client(1));
        assert!(memory.take(&mut first, 2_900_000, 1_000_000));
        assert!(!memory.take(&mut second, 200_000, 100_000), "more than a quarter");
        assert!(memory.take(&mut second, 60_000, 30_000), "what is small is not counted");
        assert!(memory.take(&mut client(2), 200_000, 100_000), "others have their own");
        first.correct(1_000_000);
        assert!(memory.take(&mut second, 1_900_000, 950_000));
        drop((first, second));
        assert_eq!(memory.held.bytes.load(Ordering::Relaxed), 0);
        assert!(memory.held.clients.lock().is_empty());
        let (mut one, mut other) = (
            Reserved::for_client("2001:db8::1".parse().expect("address")),
            Reserved::for_client("2001:db8::2".parse().expect("address")),
        );
        assert!(memory.take(&mut one, 2_900_000, 1_000_000));
        assert!(!memory.take(&mut other, 200_000, 100_000), "the same network");
    }

    #[test]
    fn large_bodies_leave_room_for_small_ones() {
        let memory = memory();
        let mut large: Vec<Reserved> = (1..=4).map(client).collect();
        let taken: Vec<bool> =
            large.iter_mut().map(|one| memory.take(one, 3_000_000, 1_000_000)).collect();
        assert_eq!(taken, [true, true, true, false]);
        let mut small = client(9);
        assert!(memory.take(&mut small, 20_000, 10_000));
        assert!(!memory.take(&mut small, 2, 10_001), "it has become a large one");
        small.correct(3_000_000);
        assert!(!memory.take(&mut client(10), 2, 1), "the bound of all");
        drop((large, small));
        assert_eq!(memory.held.bytes.load(Ordering::Relaxed), 0);
    }
}
