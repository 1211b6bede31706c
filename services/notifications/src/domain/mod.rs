//! What is told to whom, through which channel, and when: pure rules, no I/O.

pub mod address;
pub mod draft;
pub mod endpoint;
pub mod kind;
pub mod notification;
pub mod plan;
pub mod preferences;
pub mod quiet;

pub use draft::{Draft, Importance};
pub use endpoint::{InvalidEndpoint, PushEndpoint};
pub use kind::{Channel, Kind};
pub use notification::{Notification, Place};
pub use plan::{Delays, Plan, Standing};
pub use preferences::{Choice, Preferences};
pub use quiet::{Minute, QuietHours, Zone};

marquis_kernel::typed_id!(
    /// Whom a notification is for: the user's id, opaque here.
    PersonId
);

marquis_kernel::typed_id!(
    /// Names a notification.
    NotificationId
);

marquis_kernel::typed_id!(
    /// Names a browser's subscription.
    SubscriptionId
);

#[cfg(test)]
mod properties;
