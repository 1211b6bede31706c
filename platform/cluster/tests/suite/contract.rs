//! What every cluster promises, written once and run against memory and Redis.

use std::time::Duration;

use crate::support::Bed;
use bytes::Bytes;
use marquis_cluster::{Message, Quota, Subscription};
use tokio::sync::Mutex;

const MINUTE: Duration = Duration::from_secs(60);

macro_rules! contract {
    ($($name:ident),* $(,)?) => {
        mod memory {
            $(#[tokio::test] async fn $name() { super::$name(super::Bed::memory().await).await; })*
        }
        mod redis {
            $(#[tokio::test] async fn $name() { super::$name(super::Bed::redis().await).await; })*
        }
    };
}

contract![
    a_limit_holds_across_nodes_and_slides,
    a_burst_is_granted_once_in_ten_windows,
    what_is_released_can_be_taken_again,
    releasing_gives_the_newest_back,
    keys_are_counted_apart,
    concurrent_checks_never_exceed_the_limit,
    a_quota_of_nothing_refuses_with_a_time,
    a_clock_set_forward_frees_everybody,
    a_clock_set_back_costs_at_most_one_window,
    what_is_cached_is_found_by_every_node,
    what_is_cached_ends,
    a_cached_value_is_replaced_with_its_time,
    messages_reach_every_subscription_in_order,
    topics_are_apart_and_end_with_their_subscription,
    a_slow_reader_learns_of_its_gap,
    the_end_of_the_cluster_ends_subscriptions,
    one_node_holds_a_lease,
    an_ended_lease_is_neither_renewed_nor_released,
    fences_grow,
];

async fn a_limit_holds_across_nodes_and_slides(bed: Bed) {
    let quota = Quota::new(3, MINUTE);
    let limiter = &bed.cluster.limiter;
    for (node, remaining) in [(&bed.cluster, 2), (&bed.other, 1), (&bed.cluster, 0)] {
        let verdict = node.limiter.check("k", &quota).await.expect("answers");
        assert!(verdict.allowed);
        assert_eq!((verdict.limit, verdict.remaining), (3, remaining));
        assert_eq!((verdict.reset_after, verdict.retry_after), (MINUTE, Duration::ZERO));
        bed.advance(Duration::from_secs(10));
    }
    // Taken at 0, 10 and 20 s; it is 30 s now.
    let refused = bed.other.limiter.check("k", &quota).await.expect("answers");
    assert!(!refused.allowed);
    assert_eq!(refused.retry_after, Duration::from_secs(30));
    assert_eq!(refused.reset_after, Duration::from_secs(50));
    bed.advance(Duration::from_millis(29_999));
    let early = limiter.check("k", &quota).await.expect("answers");
    assert_eq!((early.allowed, early.retry_after), (false, Duration::from_millis(1)));
    bed.advance(Duration::from_millis(1));
    assert!(limiter.check("k", &quota).await.expect("answers").allowed);
    assert!(!limiter.check("k", &quota).await.expect("answers").allowed);
}

async fn a_burst_is_granted_once_in_ten_windows(bed: Bed) {
    let quota = Quota::new(2, MINUTE).with_burst(3);
    let mut passed = Vec::new();
    for _ in 0..11 {
        let mut count = 0;
        for _ in 0..10 {
            let verdict = bed.cluster.limiter.check("k", &quota).await.expect("answers");
            count += u32::from(verdict.allowed);
        }
        passed.push(count);
        bed.advance(MINUTE);
    }
    assert_eq!(passed, [5, 2, 2, 2, 2, 2, 2, 2, 2, 2, 5]);
}

async fn what_is_released_can_be_taken_again(bed: Bed) {
    let quota = Quota::new(1, MINUTE).with_burst(1);
    for _ in 0..5 {
        assert!(bed.cluster.limiter.check("k", &quota).await.expect("answers").allowed);
        bed.other.limiter.release("k", &quota).await.expect("answers");
    }
    bed.other.limiter.release("k", &quota).await.expect("nothing taken is fine");
    bed.other.limiter.release("unknown", &quota).await.expect("so is an unknown key");
    let verdict = bed.cluster.limiter.check("k", &quota).await.expect("answers");
    assert_eq!((verdict.allowed, verdict.remaining), (true, 0));
}

async fn releasing_gives_the_newest_back(bed: Bed) {
    let quota = Quota::new(1, MINUTE).with_burst(1);
    let limiter = &bed.cluster.limiter;
    assert!(limiter.check("k", &quota).await.expect("answers").allowed);
    assert!(limiter.check("k", &quota).await.expect("answers").allowed, "the burst");
    limiter.release("k", &quota).await.expect("answers");
    assert!(limiter.check("k", &quota).await.expect("answers").allowed, "the burst is back");
    bed.advance(MINUTE);
    assert!(limiter.check("k", &quota).await.expect("answers").allowed, "a new window");
    limiter.release("k", &quota).await.expect("answers");
    assert!(limiter.check("k", &quota).await.expect("answers").allowed);
    assert!(!limiter.check("k", &quota).await.expect("answers").allowed, "the burst stays spent");
}

async fn keys_are_counted_apart(bed: Bed) {
    let quota = Quota::new(1, MINUTE);
    for key in ["a", "b", "", "}", "{x}", "ключ", "a b\r\n"] {
        let first = bed.cluster.limiter.check(key, &quota).await.expect("answers");
        let second = bed.cluster.limiter.check(key, &quota).await.expect("answers");
        assert_eq!((first.allowed, second.allowed), (true, false), "{key:?}");
    }
}

async fn concurrent_checks_never_exceed_the_limit(bed: Bed) {
    let quota = Quota::new(50, MINUTE).with_burst(10);
    let mut checks = tokio::task::JoinSet::new();
    for index in 0..200 {
        let node = if index % 2 == 0 { &bed.cluster } else { &bed.other };
        let limiter = node.limiter.clone();
        checks.spawn(async move { limiter.check("k", &quota).await.expect("answers").allowed });
    }
    let allowed = checks.join_all().await.into_iter().filter(|&allowed| allowed).count();
    assert_eq!(allowed, 60);
}

async fn a_quota_of_nothing_refuses_with_a_time(bed: Bed) {
    let verdict = bed.cluster.limiter.check("k", &Quota::new(0, MINUTE)).await.expect("answers");
    assert_eq!((verdict.allowed, verdict.remaining, verdict.retry_after), (false, 0, MINUTE));
}

async fn a_clock_set_forward_frees_everybody(bed: Bed) {
    let quota = Quota::new(1, MINUTE);
    assert!(bed.cluster.limiter.check("k", &quota).await.expect("answers").allowed);
    assert!(!bed.cluster.limiter.check("k", &quota).await.expect("answers").allowed);
    bed.advance(Duration::from_secs(400 * 24 * 3600));
    assert!(bed.cluster.limiter.check("k", &quota).await.expect("answers").allowed);
}

async fn a_clock_set_back_costs_at_most_one_window(bed: Bed) {
    let quota = Quota::new(2, MINUTE);
    for _ in 0..2 {
        assert!(bed.cluster.limiter.check("k", &quota).await.expect("answers").allowed);
    }
    bed.clock.advance(time::Duration::days(-400));
    let refused = bed.cluster.limiter.check("k", &quota).await.expect("answers");
    assert_eq!((refused.allowed, refused.retry_after), (false, MINUTE));
    bed.advance(MINUTE);
    assert!(bed.cluster.limiter.check("k", &quota).await.expect("answers").allowed);
}

async fn what_is_cached_is_found_by_every_node(bed: Bed) {
    let cache = &bed.cluster.cache;
    assert_eq!(cache.get("k").await.expect("answers"), None);
    let value = Bytes::from_static(b"\0\xff\r\n");
    cache.set("k", value.clone(), MINUTE).await.expect("answers");
    assert_eq!(bed.other.cache.get("k").await.expect("answers"), Some(value));
    bed.other.cache.remove("k").await.expect("answers");
    bed.other.cache.remove("k").await.expect("absent is fine");
    assert_eq!(cache.get("k").await.expect("answers"), None);
}

async fn what_is_cached_ends(bed: Bed) {
    let cache = &bed.cluster.cache;
    cache.set("short", Bytes::from_static(b"1"), Duration::from_millis(20)).await.expect("answers");
    cache.set("none", Bytes::from_static(b"1"), Duration::ZERO).await.expect("answers");
    cache.set("long", Bytes::from_static(b"2"), Duration::MAX).await.expect("answers");
    for key in ["short", "none"] {
        bed.until("the value ends", || async { cache.get(key).await.expect("answers").is_none() })
            .await;
    }
    assert!(cache.get("long").await.expect("answers").is_some());
}

async fn a_cached_value_is_replaced_with_its_time(bed: Bed) {
    let cache = &bed.cluster.cache;
    cache.set("k", Bytes::from_static(b"old"), Duration::from_millis(20)).await.expect("answers");
    cache.set("k", Bytes::from_static(b"new"), MINUTE).await.expect("answers");
    cache.set("mark", Bytes::new(), Duration::from_millis(40)).await.expect("answers");
    bed.until("the mark ends", || async { cache.get("mark").await.expect("answers").is_none() })
        .await;
    assert_eq!(cache.get("k").await.expect("answers"), Some(Bytes::from_static(b"new")));
}

async fn next(subscription: &mut Subscription) -> Message {
    tokio::time::timeout(Duration::from_secs(5), subscription.recv())
        .await
        .expect("a message within five seconds")
        .expect("the cluster is alive")
}

fn data(bytes: &[u8]) -> Message {
    Message::Data(Bytes::copy_from_slice(bytes))
}

async fn messages_reach_every_subscription_in_order(bed: Bed) {
    let mut here = bed.cluster.pubsub.subscribe("t").await;
    let mut here_too = bed.cluster.pubsub.subscribe("t").await;
    let mut there = bed.other.pubsub.subscribe("t").await;
    for index in 0_u32..100 {
        bed.cluster.pubsub.publish("t", &index.to_be_bytes()).await.expect("sent");
    }
    for subscription in [&mut here, &mut here_too, &mut there] {
        for index in 0_u32..100 {
            assert_eq!(next(subscription).await, data(&index.to_be_bytes()));
        }
    }
}

async fn topics_are_apart_and_end_with_their_subscription(bed: Bed) {
    let pubsub = &bed.cluster.pubsub;
    let mut a = pubsub.subscribe("a").await;
    let b = pubsub.subscribe("b").await;
    let second = pubsub.subscribe("a").await;
    drop((b, second));
    pubsub.publish("b", b"nobody").await.expect("sent");
    pubsub.publish("a", b"first").await.expect("sent");
    assert_eq!(next(&mut a).await, data(b"first"));
    drop(a);
    // Gone and come back: what was sent in between is not for the new one.
    pubsub.publish("a", b"missed").await.expect("sent");
    let mut again = pubsub.subscribe("a").await;
    pubsub.publish("a", b"second").await.expect("sent");
    assert_eq!(next(&mut again).await, data(b"second"));
}

async fn a_slow_reader_learns_of_its_gap(bed: Bed) {
    let mut slow = bed.cluster.pubsub.subscribe("t").await;
    let mut marker = bed.cluster.pubsub.subscribe("marker").await;
    let sent = 3_000_u32;
    for index in 0..sent {
        bed.cluster.pubsub.publish("t", &index.to_be_bytes()).await.expect("sent");
    }
    bed.cluster.pubsub.publish("marker", b"").await.expect("sent");
    assert_eq!(next(&mut marker).await, data(b""));
    let mut kept = 0_u32;
    while let Message::Data(bytes) = next(&mut slow).await {
        assert_eq!(bytes, kept.to_be_bytes()[..], "what is kept is the beginning, in order");
        kept += 1;
    }
    assert!((1..sent).contains(&kept), "kept {kept}");
    bed.cluster.pubsub.publish("t", b"after").await.expect("sent");
    assert_eq!(next(&mut slow).await, data(b"after"));
}

async fn the_end_of_the_cluster_ends_subscriptions(bed: Bed) {
    let mut subscription = bed.cluster.pubsub.subscribe("t").await;
    bed.cluster.pubsub.publish("t", b"last").await.expect("sent");
    assert_eq!(next(&mut subscription).await, data(b"last"));
    drop(bed);
    let end = tokio::time::timeout(Duration::from_secs(5), subscription.recv()).await;
    assert_eq!(end.expect("an end"), None);
}

async fn one_node_holds_a_lease(bed: Bed) {
    let lease = bed.cluster.locks.try_acquire("n", MINUTE).await.expect("answers").expect("free");
    assert_eq!(lease.name(), "n");
    assert!(bed.other.locks.try_acquire("n", MINUTE).await.expect("answers").is_none());
    assert!(bed.other.locks.try_acquire("m", MINUTE).await.expect("answers").is_some());
    assert!(lease.renew(MINUTE).await.expect("answers"));
    lease.release().await.expect("answers");
    assert!(bed.other.locks.try_acquire("n", MINUTE).await.expect("answers").is_some());
}

async fn an_ended_lease_is_neither_renewed_nor_released(bed: Bed) {
    let locks = &bed.other.locks;
    let short = Duration::from_millis(20);
    let ended = bed.cluster.locks.try_acquire("n", short).await.expect("answers").expect("free");
    let current = Mutex::new(None);
    bed.until("the lease ends", || async {
        let lease = locks.try_acquire("n", MINUTE).await.expect("answers");
        let acquired = lease.is_some();
        *current.lock().await = lease;
        acquired
    })
    .await;
    let current = current.into_inner().expect("acquired");
    assert!(!ended.renew(MINUTE).await.expect("answers"));
    ended.release().await.expect("fine");
    assert!(current.renew(MINUTE).await.expect("answers"), "somebody else's lease is untouched");
}

async fn fences_grow(bed: Bed) {
    let mut last = 0;
    for index in 0..20 {
        let node = if index % 2 == 0 { &bed.cluster } else { &bed.other };
        let lease = node.locks.try_acquire("n", MINUTE).await.expect("answers").expect("free");
        assert!(lease.fence() > last, "{} after {last}", lease.fence());
        last = lease.fence();
        lease.release().await.expect("answers");
    }
}
