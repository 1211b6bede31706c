//! Public names of accounts.

use std::fmt;
use std::str::FromStr;

/// Three to fifty ASCII letters, digits, `.`, `_` and `-`, beginning and ending with a
/// letter or digit. Kept as it was written; [`Username::key`] makes it unique.
///
/// ASCII only, because look-alikes of other scripts would let one person pass as another.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Username(String);

/// The text cannot be a username.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be 3 to 50 letters a-z, digits, dots, underscores and hyphens, beginning and ending with a letter or digit"
)]
pub struct InvalidUsername;

impl Username {
    /// The name as it was chosen.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form by which names are unique: lower case.
    #[must_use]
    pub fn key(&self) -> String {
        self.0.to_ascii_lowercase()
    }

    /// The nearest valid name to any text, for accounts that did not choose one.
    #[must_use]
    pub fn resembling(text: &str) -> Self {
        let mut name: String =
            text.chars().map(|c| if is_allowed(c) { c } else { '-' }).take(40).collect();
        name = name.trim_matches(|c: char| !c.is_ascii_alphanumeric()).to_owned();
        while name.len() < 3 {
            name.push('0');
        }
        Self(name)
    }
}

fn is_allowed(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')
}

impl FromStr for Username {
    type Err = InvalidUsername;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let edges = text.starts_with(|c: char| c.is_ascii_alphanumeric())
            && text.ends_with(|c: char| c.is_ascii_alphanumeric());
        if (3..=50).contains(&text.len()) && edges && text.chars().all(is_allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidUsername)
        }
    }
}

impl fmt::Display for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_their_spelling_and_share_a_key() {
        for text in ["bob", "Bob", "a1b", "john.doe", "x_y-z", &"a".repeat(50)] {
            let name: Username = text.parse().expect(text);
            assert_eq!(name.as_str(), text);
            assert_eq!(name.key(), text.to_lowercase());
        }
    }

    #[test]
    fn other_names_are_refused() {
        for text in [
            "",
            "ab",
            " bob",
            "bob ",
            "-bob",
            "bob.",
            "bo b",
            "b\u{0}b",
            "бob",
            "bob@x",
            "<b>",
            &"a".repeat(51),
        ] {
            assert_eq!(text.parse::<Username>(), Err(InvalidUsername), "{text:?}");
        }
    }

    #[test]
    fn any_text_has_a_resembling_name() {
        for text in ["", "a", "o'brien+x", "---", "ü", &"x.".repeat(60), "admin"] {
            let name = Username::resembling(text);
            assert_eq!(name.as_str().parse(), Ok(name.clone()), "{text:?}");
        }
        assert_eq!(Username::resembling("admin").as_str(), "admin");
    }
}
