//! How what is saved reaches sockets, exactly once and in order, whatever is lost on the way.
//!
//! Every person with a socket on this node has a [`mailbox`](Mailbox) that knows the last
//! number told to their live sockets. The announcement of a number comes from this node or
//! from another one through pub/sub, where it may be lost, late or repeated: the next number
//! is told at once, a lower one is dropped, and when one is skipped, what lies between is
//! read from the store.
//!
//! A socket that has just connected is not live. It becomes so with its first sign of life,
//! or when it has been told everything above the number that it asked for; from then on its
//! numbers go on without a gap.

mod emission;
mod mailbox;
mod parcel;
mod post;
mod registry;

pub(crate) use emission::timestamp;
pub use emission::{Emission, MessageView, emission};
pub use mailbox::Mailbox;
pub use parcel::{Parcel, topic};
pub use post::{Post, ReplayError};
pub use registry::{Departures, Refused, Registry, Seat, Turn};
