//! The map from Unicode code points to single bytes that `SecUnicodeMapFile` names.
//!
//! A map without entries changes nothing: `%uHHHH` then decodes to its low byte.

use std::fmt;

/// Code points of the Basic Multilingual Plane to bytes of one code page.
#[derive(Clone, Default)]
pub struct UnicodeMap {
    /// Empty, or 65,536 entries; `UNMAPPED` marks what the file does not name.
    bytes: Vec<u16>,
}

const UNMAPPED: u16 = u16::MAX;

/// Why a map file is unusable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnicodeMapError {
    /// The file has no section of that code page.
    #[error("code page {0} is not in the map file")]
    UnknownCodePage(u32),
    /// An entry is not `HHHH:HH`.
    #[error("entry {0:?} of the map is not a code point and a byte in hexadecimal")]
    Entry(String),
}

impl UnicodeMap {
    /// Reads the section of `code_page` from the text of a `unicode.mapping` file: a
    /// line `20127 (US-ASCII)` and below it entries like `00a0:20`.
    ///
    /// # Errors
    /// When the section is absent or an entry of it is malformed.
    pub fn parse(text: &str, code_page: u32) -> Result<Self, UnicodeMapError> {
        let mut bytes = Vec::new();
        let mut inside = false;
        let lines = text.lines().map(str::trim).filter(|line| !line.starts_with('#'));
        for line in lines {
            let mut words = line.split_whitespace().peekable();
            if words.peek().is_some_and(|word| !word.contains(':')) {
                let named = line.split(|c: char| !c.is_ascii_digit()).next();
                inside = named.is_some_and(|n| n.parse() == Ok(code_page));
                if inside && bytes.is_empty() {
                    bytes = vec![UNMAPPED; 1 << 16];
                }
            }
            if !inside {
                continue;
            }
            // Entries may begin on the line that names the code page.
            for entry in words.skip_while(|word| !word.contains(':')) {
                let (point, byte) =
                    pair(entry).ok_or_else(|| UnicodeMapError::Entry(entry.into()))?;
                if let Some(slot) = bytes.get_mut(usize::from(point)) {
                    *slot = u16::from(byte);
                }
            }
        }
        if bytes.is_empty() {
            return Err(UnicodeMapError::UnknownCodePage(code_page));
        }
        Ok(Self { bytes })
    }

    /// The byte of a code point, when the map names one.
    #[must_use]
    pub fn byte(&self, point: u16) -> Option<u8> {
        let byte = *self.bytes.get(usize::from(point))?;
        u8::try_from(byte).ok()
    }
}

fn pair(entry: &str) -> Option<(u16, u8)> {
    let (point, byte) = entry.split_once(':')?;
    Some((u16::from_str_radix(point, 16).ok()?, u8::from_str_radix(byte, 16).ok()?))
}

impl fmt::Debug for UnicodeMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = self.bytes.iter().filter(|byte| **byte != UNMAPPED).count();
        write!(f, "UnicodeMap({named} code points)")
    }
}
