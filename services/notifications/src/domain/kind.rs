//! What notifications are about, and the ways they reach a person.

use std::fmt;
use std::str::FromStr;

/// What a notification is about: what people choose channels for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A message that came in while the person was away.
    Message,
    /// One of the person's payments changed its state.
    Payment,
    /// Somebody signed in from a device that was not known.
    SignIn,
    /// The account's safety: password, roles, lock, sessions.
    Security,
}

/// A way to a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Channel {
    /// The list, and `notification:new` on open sockets.
    InApp,
    /// E-mail.
    Email,
    /// Web Push.
    Push,
}

/// The text names no kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not one of message, payment, sign_in, security")]
pub struct UnknownKind;

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Message, Self::Payment, Self::SignIn, Self::Security];

    /// The name on the wire and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Payment => "payment",
            Self::SignIn => "sign_in",
            Self::Security => "security",
        }
    }

    /// Whether the person can do without it through this channel. Whoever took over an
    /// account must not be able to hide that from its owner.
    #[must_use]
    pub const fn can_be_off(self, channel: Channel) -> bool {
        !matches!(
            (self, channel),
            (Self::SignIn | Self::Security, Channel::InApp) | (Self::Security, Channel::Email)
        )
    }
}

impl Channel {
    /// Every channel.
    pub const ALL: [Self; 3] = [Self::InApp, Self::Email, Self::Push];

    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InApp => "inApp",
            Self::Email => "email",
            Self::Push => "push",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or(UnknownKind)
    }
}
