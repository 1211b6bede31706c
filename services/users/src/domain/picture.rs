//! How stored pictures are named: by what is in them.

use std::fmt;
use std::str::FromStr;

/// SHA-256 of a stored picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PictureHash(pub [u8; 32]);

impl fmt::Display for PictureHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// What stored pictures are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MediaType {
    /// Pictures without transparency.
    Jpeg,
    /// Pictures with it.
    Png,
}

impl MediaType {
    /// As in `Content-Type`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
        }
    }

    /// The ending of file names.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
        }
    }

    /// The one with this `Content-Type`.
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        [Self::Jpeg, Self::Png].into_iter().find(|media_type| media_type.as_str() == text)
    }
}

/// A stored picture's public name: 64 lower-case hexadecimal digits, a dot, `jpg` or `png`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PictureName {
    /// Which.
    pub hash: PictureHash,
    /// What it is.
    pub media_type: MediaType,
}

impl fmt::Display for PictureName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.hash, self.media_type.extension())
    }
}

/// The text names no picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not the name of a picture")]
pub struct InvalidPictureName;

impl FromStr for PictureName {
    type Err = InvalidPictureName;

    /// Accepts exactly what `Display` writes, so that a name never reaches a file system in
    /// another form.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (digits, extension) = text.split_once('.').ok_or(InvalidPictureName)?;
        let media_type = [MediaType::Jpeg, MediaType::Png]
            .into_iter()
            .find(|media_type| media_type.extension() == extension)
            .ok_or(InvalidPictureName)?;
        let digits: &[u8; 64] = digits.as_bytes().try_into().map_err(|_| InvalidPictureName)?;
        let value = |digit: u8| match digit {
            b'0'..=b'9' => Ok(digit - b'0'),
            b'a'..=b'f' => Ok(digit - b'a' + 10),
            _ => Err(InvalidPictureName),
        };
        let mut hash = [0; 32];
        for (byte, pair) in hash.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = value(pair[0])? << 4 | value(pair[1])?;
        }
        Ok(Self { hash: PictureHash(hash), media_type })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn names_survive_text(hash in any::<[u8; 32]>(), png in any::<bool>()) {
            let media_type = if png { MediaType::Png } else { MediaType::Jpeg };
            let name = PictureName { hash: PictureHash(hash), media_type };
            prop_assert_eq!(name.to_string().parse(), Ok(name));
        }

        #[test]
        fn nothing_else_is_a_name(text in "[./\\\\a-fA-F0-9%g]{0,70}") {
            if let Ok(name) = text.parse::<PictureName>() {
                prop_assert_eq!(name.to_string(), text);
            }
        }
    }

    #[test]
    fn paths_are_not_names() {
        let digits = "ab".repeat(32);
        assert!(format!("{digits}.png").parse::<PictureName>().is_ok());
        for wrong in [
            String::new(),
            digits.clone(),
            format!("{digits}.svg"),
            format!("{digits}.png.html"),
            format!("{digits}.png/"),
            format!("../{digits}.png"),
            format!("{}.png", digits.to_uppercase()),
            format!("{}.png", &digits[..62]),
            "../../../../etc/passwd.png".to_owned(),
            format!("{}..png", &digits[..63]),
        ] {
            assert_eq!(wrong.parse::<PictureName>(), Err(InvalidPictureName), "{wrong}");
        }
    }
}
