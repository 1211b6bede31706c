//! Memory stays bounded whatever is sent, and a check allocates nothing for a known key.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::time::Duration;

use bytes::Bytes;
use marquis_cluster::memory::{MemoryCache, MemoryLimiter};
use marquis_cluster::{Cache as _, Quota};
use marquis_kernel::ManualClock;

const QUOTA: Quota = Quota::new(100, Duration::from_secs(60)).with_burst(50);

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

struct Counting;

#[global_allocator]
static COUNTING: Counting = Counting;

#[expect(unsafe_code, reason = "an allocator that counts can only be written this way")]
// SAFETY: every call goes unchanged to the system allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[test]
fn a_check_of_a_known_key_allocates_nothing() {
    let clock = ManualClock::starting_now();
    let limiter = MemoryLimiter::new(clock.clone());
    for _ in 0..2_000 {
        limiter.try_check("192.0.2.1", &QUOTA);
    }
    let before = ALLOCATIONS.with(Cell::get);
    for index in 0..10_000 {
        limiter.try_check("192.0.2.1", &QUOTA);
        clock.advance(time::Duration::milliseconds(index % 300));
    }
    assert_eq!(ALLOCATIONS.with(Cell::get) - before, 0);
    assert_eq!(limiter.len(), 1, "the clock moved for half an hour and the key stayed in use");
}

#[test]
fn a_flood_of_addresses_forgets_the_least_recently_active() {
    let limiter = MemoryLimiter::with_capacity(ManualClock::starting_now(), 6_400);
    let strict = Quota::new(1, Duration::from_secs(60));
    assert!(limiter.try_check("attacker", &strict).allowed);
    for index in 0..200_000 {
        limiter.try_check(&format!("spoofed:{index}"), &QUOTA);
        if index % 1_000 == 0 {
            assert!(!limiter.try_check("attacker", &strict).allowed, "refused ones are active too");
        }
    }
    assert!(limiter.len() <= 6_400, "{}", limiter.len());
}

#[test]
fn idle_keys_go_when_others_are_used() {
    let clock = ManualClock::starting_now();
    let limiter = MemoryLimiter::new(clock.clone());
    for index in 0..20_000 {
        limiter.try_check(&format!("visitor:{index}"), &QUOTA);
    }
    assert_eq!(limiter.len(), 20_000);
    clock.advance(time::Duration::seconds(60));
    for index in 0..30_000 {
        limiter.try_check(&format!("regular:{}", index % 1_000), &QUOTA);
    }
    assert_eq!(limiter.len(), 1_000);
}

#[test]
fn a_spent_burst_is_remembered_for_ten_windows() {
    let clock = ManualClock::starting_now();
    let limiter = MemoryLimiter::new(clock.clone());
    let quota = Quota::new(1, Duration::from_secs(60)).with_burst(1);
    for _ in 0..2 {
        assert!(limiter.try_check("k", &quota).allowed);
    }
    for minute in 1..10 {
        clock.advance(time::Duration::minutes(1));
        for index in 0..1_000 {
            limiter.try_check(&format!("other:{minute}:{index}"), &quota);
        }
        assert!(limiter.try_check("k", &quota).allowed, "minute {minute}");
        assert!(!limiter.try_check("k", &quota).allowed, "minute {minute}");
    }
}

#[tokio::test]
async fn the_cache_keeps_within_its_bytes() {
    let cache = MemoryCache::with_capacity(ManualClock::starting_now(), 1_000, 10_000);
    let minute = Duration::from_secs(60);
    let value = |length| Bytes::from(vec![0; length]);
    for index in 0..50 {
        cache.set(&format!("{index:04}"), value(996), minute).await.expect("memory");
        cache.get("0000").await.expect("memory");
    }
    let mut kept = Vec::new();
    for index in 0..50 {
        if cache.get(&format!("{index:04}")).await.expect("memory").is_some() {
            kept.push(index);
        }
    }
    assert_eq!(kept, [0, 41, 42, 43, 44, 45, 46, 47, 48, 49], "the used one and the newest");
    cache.set("0000", value(20_000), minute).await.expect("memory");
    assert_eq!(cache.get("0000").await.expect("memory"), None, "replaced by what does not fit");
    for index in 0..2_000 {
        cache.set(&format!("{index:04}"), Bytes::new(), minute).await.expect("memory");
    }
    assert!(cache.get("0999").await.expect("memory").is_none());
    assert!(cache.get("1999").await.expect("memory").is_some());
}
