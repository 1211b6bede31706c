//! Waiting for something that nobody announces.

use std::fmt::Debug;
use std::time::{Duration, Instant};

const FIRST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

/// What a look at the world says: there (with a value) or not yet.
pub trait Observed {
    /// What has been waited for.
    type Value;

    /// The value, or a description of what was seen instead.
    ///
    /// # Errors
    ///
    /// Not yet.
    fn observed(self) -> Result<Self::Value, String>;
}

impl Observed for bool {
    type Value = ();

    fn observed(self) -> Result<(), String> {
        self.then_some(()).ok_or_else(|| "false".to_owned())
    }
}

impl<T> Observed for Option<T> {
    type Value = T;

    fn observed(self) -> Result<T, String> {
        self.ok_or_else(|| "None".to_owned())
    }
}

impl<T, E: Debug> Observed for Result<T, E> {
    type Value = T;

    fn observed(self) -> Result<T, String> {
        self.map_err(|error| format!("{error:?}"))
    }
}

/// Looks again and again, at growing intervals up to 50 ms, until it is there.
///
/// # Panics
///
/// When it is not there within `patience`; the message tells what was seen last.
#[track_caller]
pub fn eventually<O, F, Look>(patience: Duration, mut look: F) -> impl Future<Output = O::Value>
where
    O: Observed,
    F: FnMut() -> Look,
    Look: Future<Output = O>,
{
    let caller = std::panic::Location::caller();
    async move {
        let deadline = Instant::now() + patience;
        let mut pause = FIRST_PAUSE;
        loop {
            match look().await.observed() {
                Ok(value) => return value,
                Err(seen) => assert!(
                    Instant::now() < deadline,
                    "not within {patience:?} at {caller}; last seen: {seen}"
                ),
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_is_there_after_some_looks() {
        let mut looks = 0;
        let seen = eventually(Duration::from_secs(5), || {
            looks += 1;
            let looks = looks;
            async move { (looks >= 3).then_some(looks) }
        })
        .await;
        assert_eq!(seen, 3);
    }

    #[tokio::test]
    #[should_panic(expected = "last seen: \"still down\"")]
    async fn the_last_sight_is_told() {
        eventually(Duration::ZERO, || async { Err::<(), _>("still down") }).await;
    }
}
