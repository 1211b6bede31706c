//! Transformations: what `t:...` does to a value before an operator sees it.
//!
//! Every transformation is total, allocates at most a small multiple of its input and
//! yields the bytes libmodsecurity 3.0.9 yields, oddities included: rule sets are
//! written and tested against them. The result is borrowed exactly when the value is
//! unchanged, so that a caller may skip matching it a second time.

mod base64;
mod comments;
mod digest;
mod entity;
mod escapes;
mod path;
mod percent;
mod text;
mod unicode;
mod utf8;

pub use unicode::{UnicodeMap, UnicodeMapError};

use std::borrow::Cow;

/// A transformation of the v3 reference manual.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Transformation {
    /// `base64Decode`: strict; a foreign character empties the value.
    Base64Decode,
    /// `base64DecodeExt`: skips what is not base64.
    Base64DecodeExt,
    /// `base64Encode`.
    Base64Encode,
    /// `cmdLine`: undoes the usual evasions of shell commands.
    CmdLine,
    /// `compressWhitespace`: runs of white space become one space.
    CompressWhitespace,
    /// `cssDecode`: CSS 2 escapes.
    CssDecode,
    /// `escapeSeqDecode`: ANSI C escapes.
    EscapeSeqDecode,
    /// `hexDecode`.
    HexDecode,
    /// `hexEncode`.
    HexEncode,
    /// `htmlEntityDecode`.
    HtmlEntityDecode,
    /// `jsDecode`: JavaScript escapes.
    JsDecode,
    /// `length`: the number of bytes in decimal.
    Length,
    /// `lowercase`: ASCII only.
    Lowercase,
    /// `md5`: the raw 16 bytes.
    Md5,
    /// `none`: forgets the transformations before it; the engine acts on that, the
    /// value itself stays.
    None,
    /// `normalizePath`.
    NormalizePath,
    /// `normalizePathWin`: backslashes first become slashes.
    NormalizePathWin,
    /// `parityEven7bit`.
    ParityEven7bit,
    /// `parityOdd7bit`.
    ParityOdd7bit,
    /// `parityZero7bit`.
    ParityZero7bit,
    /// `removeComments`: drops comments with their text.
    RemoveComments,
    /// `removeCommentsChar`: drops the comment marks only.
    RemoveCommentsChar,
    /// `removeNulls`.
    RemoveNulls,
    /// `removeWhitespace`.
    RemoveWhitespace,
    /// `replaceComments`: each C comment becomes a space.
    ReplaceComments,
    /// `replaceNulls`: NUL becomes a space.
    ReplaceNulls,
    /// `sha1`: the raw 20 bytes.
    Sha1,
    /// `sqlHexDecode`: `0x41` becomes `A`.
    SqlHexDecode,
    /// `trim`.
    Trim,
    /// `trimLeft`.
    TrimLeft,
    /// `trimRight`.
    TrimRight,
    /// `uppercase`: ASCII only.
    Uppercase,
    /// `urlDecode`.
    UrlDecode,
    /// `urlDecodeUni`: also `%uHHHH`, through the configured map.
    UrlDecodeUni,
    /// `urlEncode`.
    UrlEncode,
    /// `utf8toUnicode`: multi-byte sequences become `%uHHHH`.
    Utf8ToUnicode,
}

/// Every name the language knows, as the manual spells it, with what it means.
const NAMES: [(&str, Transformation); 38] = [
    ("base64Decode", Transformation::Base64Decode),
    ("base64DecodeExt", Transformation::Base64DecodeExt),
    ("base64Encode", Transformation::Base64Encode),
    ("cmdLine", Transformation::CmdLine),
    ("compressWhitespace", Transformation::CompressWhitespace),
    ("cssDecode", Transformation::CssDecode),
    ("escapeSeqDecode", Transformation::EscapeSeqDecode),
    ("hexDecode", Transformation::HexDecode),
    ("hexEncode", Transformation::HexEncode),
    ("htmlEntityDecode", Transformation::HtmlEntityDecode),
    ("jsDecode", Transformation::JsDecode),
    ("length", Transformation::Length),
    ("lowercase", Transformation::Lowercase),
    ("md5", Transformation::Md5),
    ("none", Transformation::None),
    ("normalisePath", Transformation::NormalizePath),
    ("normalizePath", Transformation::NormalizePath),
    ("normalisePathWin", Transformation::NormalizePathWin),
    ("normalizePathWin", Transformation::NormalizePathWin),
    ("parityEven7bit", Transformation::ParityEven7bit),
    ("parityOdd7bit", Transformation::ParityOdd7bit),
    ("parityZero7bit", Transformation::ParityZero7bit),
    ("removeComments", Transformation::RemoveComments),
    ("removeCommentsChar", Transformation::RemoveCommentsChar),
    ("removeNulls", Transformation::RemoveNulls),
    ("removeWhitespace", Transformation::RemoveWhitespace),
    ("replaceComments", Transformation::ReplaceComments),
    ("replaceNulls", Transformation::ReplaceNulls),
    ("sha1", Transformation::Sha1),
    ("sqlHexDecode", Transformation::SqlHexDecode),
    ("trim", Transformation::Trim),
    ("trimLeft", Transformation::TrimLeft),
    ("trimRight", Transformation::TrimRight),
    ("uppercase", Transformation::Uppercase),
    ("urlDecode", Transformation::UrlDecode),
    ("urlDecodeUni", Transformation::UrlDecodeUni),
    ("urlEncode", Transformation::UrlEncode),
    ("utf8toUnicode", Transformation::Utf8ToUnicode),
];

impl Transformation {
    /// The transformation of that name, in any case and either spelling
    /// (`normalisePath`, `normalizePath`); without the `t:`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        NAMES
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, transformation)| *transformation)
    }

    /// Every transformation once, for tests and documentation.
    pub fn all() -> impl Iterator<Item = Self> {
        // Two spellings of one transformation are neighbours in the table.
        let repeats = |at: usize| at > 0 && NAMES[at - 1].1 == NAMES[at].1;
        (0..NAMES.len()).filter(move |at| !repeats(*at)).map(|at| NAMES[at].1)
    }

    /// The name as libmodsecurity spells it.
    #[must_use]
    pub fn name(self) -> &'static str {
        NAMES
            .iter()
            .find(|(_, transformation)| *transformation == self)
            .map_or("none", |(name, _)| name)
    }

    /// Transforms a value. Borrowed means unchanged, owned means changed.
    #[must_use]
    pub fn apply<'a>(self, input: &'a [u8], unicode: &UnicodeMap) -> Cow<'a, [u8]> {
        match self.run(input, unicode) {
            Some(output) if output != input => Cow::Owned(output),
            _ => Cow::Borrowed(input),
        }
    }

    /// `None` where a look at the input is enough to know that it stays.
    fn run(self, input: &[u8], unicode: &UnicodeMap) -> Option<Vec<u8>> {
        match self {
            Self::None => None,
            Self::Base64Decode => Some(base64::decode_strict(input)),
            Self::Base64DecodeExt => Some(base64::decode_forgiving(input)),
            Self::Base64Encode => Some(base64::encode(input)),
            Self::CmdLine => text::command_line(input),
            Self::CompressWhitespace => text::compress_whitespace(input),
            Self::CssDecode => escapes::css(input),
            Self::EscapeSeqDecode => escapes::ansi_c(input),
            Self::HexDecode => Some(text::hex_decode(input)),
            Self::HexEncode => Some(text::hex_encode(input)),
            Self::HtmlEntityDecode => entity::decode(input),
            Self::JsDecode => escapes::javascript(input),
            Self::Length => Some(input.len().to_string().into_bytes()),
            Self::Lowercase => text::lowercase(input),
            Self::Uppercase => text::uppercase(input),
            Self::Md5 => Some(digest::md5(input)),
            Self::Sha1 => Some(digest::sha1(input)),
            Self::NormalizePath => path::normalize(input, path::Separators::Slash),
            Self::NormalizePathWin => path::normalize(input, path::Separators::Both),
            Self::ParityEven7bit => Some(text::parity(input, text::Parity::Even)),
            Self::ParityOdd7bit => Some(text::parity(input, text::Parity::Odd)),
            Self::ParityZero7bit => Some(text::parity(input, text::Parity::Zero)),
            Self::RemoveComments => comments::remove(input),
            Self::RemoveCommentsChar => comments::remove_marks(input),
            Self::ReplaceComments => comments::replace(input),
            Self::RemoveNulls => text::remove_nulls(input),
            Self::RemoveWhitespace => text::remove(input, text::is_white_or_nbsp),
            Self::ReplaceNulls => text::replace_nulls(input),
            Self::SqlHexDecode => text::sql_hex_decode(input),
            Self::Trim => text::trim(input, true, true),
            Self::TrimLeft => text::trim(input, true, false),
            Self::TrimRight => text::trim(input, false, true),
            Self::UrlDecode => percent::decode(input),
            Self::UrlDecodeUni => percent::decode_unicode(input, unicode),
            Self::UrlEncode => Some(percent::encode(input)),
            Self::Utf8ToUnicode => utf8::to_unicode(input),
        }
    }
}

/// The value of two hexadecimal digits as libmodsecurity computes it: other
/// characters give a defined but meaningless byte, which `hexDecode` lets through.
fn hex_pair(high: u8, low: u8) -> u8 {
    loose_digit(high).wrapping_mul(16).wrapping_add(loose_digit(low))
}

fn loose_digit(byte: u8) -> u8 {
    if byte >= b'A' {
        (byte & 0xdf).wrapping_sub(b'A').wrapping_add(10)
    } else {
        byte.wrapping_sub(b'0')
    }
}

/// Full-width forms U+FF01..U+FF5E stand for the ASCII characters 0x20 above their
/// low byte; `marker` tells that the high byte was `ff`.
fn full_width(low: u8, marker: bool) -> u8 {
    if marker && low > 0 && low < 0x5f { low + 0x20 } else { low }
}

/// Bytes that C's `isspace` accepts.
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | 0x0b | 0x0c | b'\r')
}

fn is_octal(byte: u8) -> bool {
    matches!(byte, b'0'..=b'7')
}

#[cfg(test)]
mod tests;
