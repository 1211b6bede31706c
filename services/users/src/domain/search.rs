//! What a search of the directory means.

use std::fmt;
use std::str::FromStr;

use super::EmailAddress;

/// What is looked for. Without regard to case.
#[derive(Clone, PartialEq, Eq)]
pub enum Search {
    /// A whole e-mail address: the text contains an `@`, which no username does.
    Email(EmailAddress),
    /// The beginning of a username or, from [`Search::SHORTEST_PART`] characters on, any
    /// part of it. In lower case.
    Name(String),
}

/// Searches may hold addresses, so nothing of them is printed.
impl fmt::Debug for Search {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Email(_) => "Search::Email([redacted])",
            Self::Name(_) => "Search::Name([redacted])",
        })
    }
}

/// The text is too long to be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must have at most 254 characters")]
pub struct SearchTooLong;

impl Search {
    /// Texts shorter than this are looked for at the beginning of names only: the index of
    /// parts knows groups of three characters.
    pub const SHORTEST_PART: usize = 3;

    /// The first text after all names that begin with `text`, byte by byte.
    #[must_use]
    pub fn beyond(text: &str) -> String {
        format!("{text}\u{10ffff}")
    }

    /// A `LIKE` pattern for `text` anywhere; `None` for texts that are too short.
    #[must_use]
    pub fn pattern(text: &str) -> Option<String> {
        if text.chars().count() < Self::SHORTEST_PART {
            return None;
        }
        let mut pattern = String::with_capacity(text.len() + 2);
        pattern.push('%');
        for character in text.chars() {
            if matches!(character, '%' | '_' | '\\') {
                pattern.push('\\');
            }
            pattern.push(character);
        }
        pattern.push('%');
        Some(pattern)
    }
}

/// A text as it was typed; of nothing but spaces it is no search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchText(pub Option<Search>);

impl FromStr for SearchText {
    type Err = SearchTooLong;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if text.chars().count() > EmailAddress::LONGEST {
            return Err(SearchTooLong);
        }
        Ok(Self(if text.is_empty() {
            None
        } else if text.contains('@') {
            Some(Search::Email(EmailAddress::normalised(text)))
        } else {
            Some(Search::Name(text.to_lowercase()))
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_an_address_or_a_part_of_a_name() {
        let search = |text: &str| text.parse::<SearchText>().map(|search| search.0);
        assert_eq!(search("  "), Ok(None));
        assert_eq!(search(" ALICE "), Ok(Some(Search::Name("alice".to_owned()))));
        let email = EmailAddress::normalised("a@b.example");
        assert_eq!(search("A@B.example"), Ok(Some(Search::Email(email))));
        assert_eq!(search(&"a".repeat(255)), Err(SearchTooLong));
        let printed = format!("{:?}", search("secret@b.example"));
        assert!(!printed.contains("secret"), "{printed}");
    }

    #[test]
    fn wildcards_stand_for_themselves() {
        assert_eq!(Search::pattern("a_b").as_deref(), Some("%a\\_b%"));
        assert_eq!(Search::pattern("100%").as_deref(), Some("%100\\%%"));
        assert_eq!(Search::pattern("a\\b").as_deref(), Some("%a\\\\b%"));
        assert_eq!(Search::pattern("ab"), None);
        assert!(Search::beyond("al").as_str() > "alzzzz" && Search::beyond("al").as_str() < "am");
    }
}
