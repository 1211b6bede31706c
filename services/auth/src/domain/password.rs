//! What a new password must be. Passwords that are only checked (at login) are never
//! judged here: the policy may have become stricter since they were chosen.

use marquis_kernel::Secret;

use super::{Email, Username};

/// Shortest password, in characters.
pub const MINIMUM_CHARACTERS: usize = 8;
/// Longest password, in bytes.
pub const MAXIMUM_BYTES: usize = 1_024;

/// A password that satisfies the policy for its owner.
#[derive(Debug, Clone)]
pub struct NewPassword(Secret);

/// Why a password is not accepted. The text says what it must be; it never repeats it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WeakPassword {
    /// Fewer than [`MINIMUM_CHARACTERS`].
    #[error("must have at least 8 characters")]
    TooShort,
    /// More than [`MAXIMUM_BYTES`].
    #[error("must have at most 1024 bytes")]
    TooLong,
    /// Fewer than three of the four classes.
    #[error("must contain three of: capital letters, small letters, digits, other characters")]
    TooFewClasses,
    /// Equal to the e-mail, its local part or the username, in any case.
    #[error("must not be the e-mail address or the username")]
    NamesOwner,
}

impl NewPassword {
    /// Judges a password for its owner. Where the owner's e-mail or username is not known,
    /// because it is itself wrong, the other rules are judged.
    ///
    /// # Errors
    ///
    /// The first rule of [`WeakPassword`] that it breaks.
    pub fn choose(
        password: Secret,
        email: Option<&Email>,
        username: Option<&Username>,
    ) -> Result<Self, WeakPassword> {
        let text = password.expose();
        if text.len() > MAXIMUM_BYTES {
            return Err(WeakPassword::TooLong);
        }
        if text.chars().count() < MINIMUM_CHARACTERS {
            return Err(WeakPassword::TooShort);
        }
        let folded = text.to_lowercase();
        let folded = folded.trim();
        let is_email = |email: &Email| [email.as_str(), email.local_part()].contains(&folded);
        let is_username = |username: &Username| username.key() == folded;
        if email.is_some_and(is_email) || username.is_some_and(is_username) {
            return Err(WeakPassword::NamesOwner);
        }
        if classes(text) < 3 {
            return Err(WeakPassword::TooFewClasses);
        }
        Ok(Self(password))
    }

    /// The password.
    #[must_use]
    pub fn secret(&self) -> &Secret {
        &self.0
    }
}

/// How many of the four classes occur: capital letters, other letters (a letter without
/// case counts as small), digits, everything else.
fn classes(text: &str) -> usize {
    let mut seen = [false; 4];
    for c in text.chars() {
        let class = if c.is_uppercase() {
            0
        } else if c.is_alphabetic() {
            1
        } else if c.is_numeric() {
            2
        } else {
            3
        };
        seen[class] = true;
    }
    seen.into_iter().filter(|&class| class).count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn judge(password: &str) -> Result<(), WeakPassword> {
        let email: Email = "test.user1@example.com".parse().expect("valid");
        let username: Username = "Test-User1".parse().expect("valid");
        NewPassword::choose(Secret::new(password), Some(&email), Some(&username)).map(|_| ())
    }

    #[test]
    fn the_documented_example_passes() {
        assert_eq!(judge("Password123!"), Ok(()));
        assert_eq!(judge("Пароль-123"), Ok(()));
        assert_eq!(judge("密码密码密码1!"), Ok(()));
        assert_eq!(judge(&format!("Aa1{}", "x".repeat(1_021))), Ok(()));
    }

    #[test]
    fn weak_passwords_are_refused() {
        for (password, why) in [
            ("", WeakPassword::TooShort),
            ("Aa1!Aa1", WeakPassword::TooShort),
            ("Пароль1", WeakPassword::TooShort),
            ("password", WeakPassword::TooFewClasses),
            ("password1", WeakPassword::TooFewClasses),
            ("PASSWORD!", WeakPassword::TooFewClasses),
            ("12345678!", WeakPassword::TooFewClasses),
            ("密码密码密码密码1", WeakPassword::TooFewClasses),
            ("Test.User1@Example.com", WeakPassword::NamesOwner),
            ("TEST.user1", WeakPassword::NamesOwner),
            ("test-USER1", WeakPassword::NamesOwner),
        ] {
            assert_eq!(judge(password), Err(why), "{password}");
        }
        assert_eq!(judge(&format!("Aa1{}", "x".repeat(1_022))), Err(WeakPassword::TooLong));
    }

    proptest! {
        #[test]
        fn three_classes_and_eight_characters_suffice(
            lower in "[a-z]{3,20}", upper in "[A-Z]{3,20}", digits in "[0-9]{2,20}",
        ) {
            prop_assert_eq!(judge(&format!("{lower}{digits}{upper}")), Ok(()));
        }

        #[test]
        fn two_classes_never_suffice(password in "[a-z0-9]{8,64}|[A-Z!?-]{8,64}|[а-я0-9]{8,64}") {
            prop_assert!(judge(&password).is_err());
        }

        #[test]
        fn no_text_makes_the_judgement_fail_otherwise(password in "\\PC{0,600}") {
            if judge(&password).is_ok() {
                prop_assert!(password.chars().count() >= MINIMUM_CHARACTERS);
                prop_assert!(password.len() <= MAXIMUM_BYTES);
            }
        }
    }
}
