//! Free text that a payment carries, within limits.
//!
//! NUL is refused everywhere: PostgreSQL cannot store it, and a request must fail as the
//! caller's mistake rather than as ours.

use std::collections::BTreeMap;
use std::str::FromStr;

/// A description of a payment, or the reason of a refund: up to 500 characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description(String);

/// Why a text is not a description.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDescription {
    /// Too long.
    #[error("must have at most {} characters", Description::MAX_CHARACTERS)]
    TooLong,
    /// Contains U+0000.
    #[error("must not contain the character U+0000")]
    Nul,
}

impl Description {
    /// Longest text, in characters.
    pub const MAX_CHARACTERS: usize = 500;

    /// A text that was checked when it was stored.
    #[must_use]
    pub const fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Description {
    type Err = InvalidDescription;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.contains('\0') {
            Err(InvalidDescription::Nul)
        } else if text.chars().nth(Self::MAX_CHARACTERS).is_some() {
            Err(InvalidDescription::TooLong)
        } else {
            Ok(Self(text.to_owned()))
        }
    }
}

/// The caller's own facts about a payment: up to 50 strings by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Metadata(BTreeMap<String, String>);

/// Why an object is not metadata.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidMetadata {
    /// More entries than allowed.
    #[error("must have at most {} entries", Metadata::MAX_ENTRIES)]
    TooMany,
    /// A key that is empty or too long.
    #[error("must have keys of 1 to {} characters", Metadata::MAX_KEY_CHARACTERS)]
    Key,
    /// A value that is too long.
    #[error("must have values of at most {} characters", Metadata::MAX_VALUE_CHARACTERS)]
    Value,
    /// A key or value with U+0000.
    #[error("must not contain the character U+0000")]
    Nul,
}

impl Metadata {
    /// Most entries.
    pub const MAX_ENTRIES: usize = 50;
    /// Longest key, in characters.
    pub const MAX_KEY_CHARACTERS: usize = 40;
    /// Longest value, in characters.
    pub const MAX_VALUE_CHARACTERS: usize = 500;

    /// Entries that were checked when they were stored.
    #[must_use]
    pub const fn from_stored(entries: BTreeMap<String, String>) -> Self {
        Self(entries)
    }

    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    /// All entries, by key.
    #[must_use]
    pub const fn entries(&self) -> &BTreeMap<String, String> {
        &self.0
    }
}

impl TryFrom<BTreeMap<String, String>> for Metadata {
    type Error = InvalidMetadata;

    fn try_from(entries: BTreeMap<String, String>) -> Result<Self, Self::Error> {
        if entries.len() > Self::MAX_ENTRIES {
            return Err(InvalidMetadata::TooMany);
        }
        for (key, value) in &entries {
            if key.contains('\0') || value.contains('\0') {
                return Err(InvalidMetadata::Nul);
            }
            if key.is_empty() || key.chars().nth(Self::MAX_KEY_CHARACTERS).is_some() {
                return Err(InvalidMetadata::Key);
            }
            if value.chars().nth(Self::MAX_VALUE_CHARACTERS).is_some() {
                return Err(InvalidMetadata::Value);
            }
        }
        Ok(Self(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_counts_characters_not_bytes() {
        assert!("é".repeat(500).parse::<Description>().is_ok());
        assert_eq!("é".repeat(501).parse::<Description>(), Err(InvalidDescription::TooLong));
        assert_eq!("a\0b".parse::<Description>(), Err(InvalidDescription::Nul));
    }

    #[test]
    fn metadata_has_limits() {
        let with = |key: &str, value: &str| {
            Metadata::try_from(BTreeMap::from([(key.to_owned(), value.to_owned())])).map(|_| ())
        };
        assert_eq!(with(&"k".repeat(40), &"v".repeat(500)), Ok(()));
        assert_eq!(with("", "v"), Err(InvalidMetadata::Key));
        assert_eq!(with(&"k".repeat(41), "v"), Err(InvalidMetadata::Key));
        assert_eq!(with("k", &"v".repeat(501)), Err(InvalidMetadata::Value));
        assert_eq!(with("k", "\0"), Err(InvalidMetadata::Nul));
        let many: BTreeMap<_, _> = (0..51).map(|n| (n.to_string(), String::new())).collect();
        assert_eq!(Metadata::try_from(many), Err(InvalidMetadata::TooMany));
    }
}
