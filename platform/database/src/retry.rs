//! Running a whole transaction again after a serialization failure or a deadlock.

use std::error::Error;
use std::time::Duration;

use marquis_kernel::random;
use tokio_postgres::error::SqlState;

use crate::error::DatabaseError;

/// Runs of the transaction in all, the first included.
pub const ATTEMPTS: u32 = 8;
const FIRST_PAUSE: Duration = Duration::from_millis(2);

/// Runs `transaction` until it ends in something else than a collision with another
/// transaction, at most [`ATTEMPTS`] times. Each run must start from the beginning: take a
/// client, begin, commit. Any error with a collision among its sources counts, so a use
/// case may keep its own error type.
///
/// # Errors
///
/// The transaction's own error; the last collision when there were too many.
pub async fn retry<T, E, F, Run>(mut transaction: F) -> Result<T, E>
where
    F: FnMut() -> Run,
    Run: Future<Output = Result<T, E>>,
    E: Error + 'static,
{
    let mut pause = FIRST_PAUSE;
    for _ in 1..ATTEMPTS {
        match transaction().await {
            Err(error) if collided(&error) => {
                tracing::debug!("the transaction collided with another one; running it again");
                tokio::time::sleep(jittered(pause)).await;
                pause *= 2;
            }
            outcome => return outcome,
        }
    }
    transaction().await
}

fn collided(error: &(dyn Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        let found = match error.downcast_ref::<DatabaseError>() {
            Some(error) => error.is_retryable(),
            None => error.downcast_ref::<tokio_postgres::Error>().is_some_and(|error| {
                matches!(
                    error.code(),
                    Some(&SqlState::T_R_SERIALIZATION_FAILURE | &SqlState::T_R_DEADLOCK_DETECTED)
                )
            }),
        };
        if found {
            return true;
        }
        cause = error.source();
    }
    false
}

/// Between half of `pause` and one and a half, so that colliding parties part.
pub(crate) fn jittered(pause: Duration) -> Duration {
    let share = u32::from(u16::from_be_bytes(random::bytes()));
    pause / 2 + pause * share / u32::from(u16::MAX)
}
