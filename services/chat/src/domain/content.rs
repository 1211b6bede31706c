//! The text of a message and the name its sender gave it.

use std::fmt;

/// The text of a message: 1 to 4,000 characters, not only white space, without NUL (which
/// PostgreSQL cannot hold). Otherwise exactly what was sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Content(String);

/// The text cannot be a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidContent {
    /// There is nothing to read.
    #[error("must not be empty")]
    Empty,
    /// More than 4,000 characters.
    #[error("must be at most {} characters", Content::LONGEST)]
    TooLong,
    /// A NUL character.
    #[error("must not contain NUL")]
    Nul,
}

impl Content {
    /// Most characters, Unicode scalar values.
    pub const LONGEST: usize = 4_000;

    /// Checks a text.
    ///
    /// # Errors
    ///
    /// [`InvalidContent`].
    pub fn new(text: String) -> Result<Self, InvalidContent> {
        // A character is one byte at least and four at most: mostly there is nothing to count.
        if text.len() > Self::LONGEST
            && (text.len() > 4 * Self::LONGEST || text.chars().count() > Self::LONGEST)
        {
            return Err(InvalidContent::TooLong);
        }
        if text.contains('\0') {
            return Err(InvalidContent::Nul);
        }
        if text.trim().is_empty() {
            return Err(InvalidContent::Empty);
        }
        Ok(Self(text))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What people say to each other stands in no log.
impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Content({} bytes)", self.0.len())
    }
}

/// A sender's own name for a message: 1 to 128 visible characters or spaces.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ClientId(String);

/// The text cannot name a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to {} characters, none of them a control character", ClientId::LONGEST)]
pub struct InvalidClientId;

impl ClientId {
    /// Most characters.
    pub const LONGEST: usize = 128;

    /// Checks a name.
    ///
    /// # Errors
    ///
    /// [`InvalidClientId`].
    pub fn new(text: String) -> Result<Self, InvalidClientId> {
        let fits = !text.is_empty()
            && text.len() <= 4 * Self::LONGEST
            && text.chars().count() <= Self::LONGEST
            && !text.chars().any(char::is_control);
        if fits { Ok(Self(text)) } else { Err(InvalidClientId) }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_count_and_not_bytes() {
        assert!(Content::new("🦀".repeat(4_000)).is_ok());
        assert_eq!(Content::new("🦀".repeat(4_001)), Err(InvalidContent::TooLong));
        assert_eq!(Content::new("x".repeat(4_001)), Err(InvalidContent::TooLong));
        assert_eq!(Content::new("x".repeat(1_000_000)), Err(InvalidContent::TooLong));
        for empty in ["", " ", "\n\t \u{3000}"] {
            assert_eq!(Content::new(empty.to_owned()), Err(InvalidContent::Empty), "{empty:?}");
        }
        assert_eq!(Content::new("a\0b".to_owned()), Err(InvalidContent::Nul));
        assert_eq!(
            Content::new(" a ".to_owned()).map(|text| text.as_str().to_owned()),
            Ok(" a ".into())
        );
    }

    #[test]
    fn a_content_does_not_print_what_was_said() {
        let content = Content::new("between us".to_owned()).expect("valid");
        assert_eq!(format!("{content:?}"), "Content(10 bytes)");
    }

    #[test]
    fn names_of_messages_are_short_and_visible() {
        for good in ["1", "c-1", "0:0 é", &"x".repeat(128)] {
            assert!(ClientId::new(good.to_owned()).is_ok(), "{good}");
        }
        for bad in ["", "a\nb", "\0", &"x".repeat(129)] {
            assert_eq!(ClientId::new(bad.to_owned()), Err(InvalidClientId), "{bad}");
        }
    }
}
