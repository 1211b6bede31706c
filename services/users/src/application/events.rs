//! Events that tell the rest of the platform what happened to a person. They say who and
//! what, and nothing about them: logs of events are kept for days.

use marquis_contracts::events::Event;
use marquis_kernel::Clock;
use marquis_kernel::id::new_uuid;
use marquis_telemetry::context;
use serde_json::json;

use crate::domain::PersonId;

/// A profile was changed.
#[must_use]
pub fn profile_updated(id: PersonId, clock: &dyn Clock) -> Event {
    event("profile.updated", id, clock)
}

/// A person is to be forgotten by everybody.
#[must_use]
pub fn user_erased(id: PersonId, clock: &dyn Clock) -> Event {
    event("user.erased", id, clock)
}

fn event(kind: &str, id: PersonId, clock: &dyn Clock) -> Event {
    Event {
        id: new_uuid(clock),
        kind: kind.to_owned(),
        subject: id.to_string(),
        occurred_at: clock.now(),
        data: json!({}),
        traceparent: context::current().map(|context| context.trace.to_traceparent()),
    }
}
