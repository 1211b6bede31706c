//! How a person wants to be told of what.

use std::collections::BTreeMap;

use super::{Channel, Kind, QuietHours};

/// Which channels are used for one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choice {
    /// The list and open sockets.
    pub in_app: bool,
    /// E-mail.
    pub email: bool,
    /// Web Push.
    pub push: bool,
}

impl Choice {
    /// All channels.
    pub const ALL: Self = Self { in_app: true, email: true, push: true };

    /// Whether it uses this channel.
    #[must_use]
    pub const fn uses(self, channel: Channel) -> bool {
        match channel {
            Channel::InApp => self.in_app,
            Channel::Email => self.email,
            Channel::Push => self.push,
        }
    }
}

/// What a person wants. What they did not say has its default: every channel.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Preferences {
    chosen: BTreeMap<Kind, Choice>,
    /// When not to disturb.
    pub quiet_hours: Option<QuietHours>,
}

impl Preferences {
    /// What a person said.
    #[must_use]
    pub const fn new(chosen: BTreeMap<Kind, Choice>, quiet_hours: Option<QuietHours>) -> Self {
        Self { chosen, quiet_hours }
    }

    /// The channels for `kind`. What cannot be off is on, whatever is stored.
    #[must_use]
    pub fn choice(&self, kind: Kind) -> Choice {
        let chosen = self.chosen.get(&kind).copied().unwrap_or(Choice::ALL);
        let uses = |channel| chosen.uses(channel) || !kind.can_be_off(channel);
        Choice {
            in_app: uses(Channel::InApp),
            email: uses(Channel::Email),
            push: uses(Channel::Push),
        }
    }
}
