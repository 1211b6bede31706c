//! The chunked transfer coding (RFC 9112, section 7.1), without leniency: lines end in
//! CR LF, sizes are bare hexadecimal digits, extensions and trailers are bounded.

use super::{Violation, is_field_value, is_token};

/// Longest chunk extension, and longest trailer section, in bytes.
const MAX_EXTENSION: usize = 256;
const MAX_TRAILERS: usize = 8 * 1024;

/// Where in the coding we stand. Feed it bytes with [`Chunked::step`].
#[derive(Debug, Clone)]
pub(crate) struct Chunked {
    state: State,
    /// Bytes of extension or trailers seen.
    extra: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// In a chunk size of `digits` digits so far.
    Size {
        value: u64,
        digits: u8,
    },
    /// In an extension of the chunk whose size is known.
    ExtensionOf {
        value: u64,
    },
    /// Behind the CR that ends the size line.
    SizeLf {
        value: u64,
    },
    /// In chunk data.
    Data {
        left: u64,
    },
    DataCr,
    DataLf,
    /// At the beginning of a trailer line.
    TrailerStart,
    TrailerName,
    TrailerValue,
    TrailerLf,
    /// Behind the CR of the last, empty line.
    EndLf,
    Done,
}

/// What the next bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// This many bytes of framing, to be skipped.
    Framing(usize),
    /// This many bytes of content.
    Data(usize),
    /// This many bytes of framing, and the message is complete.
    Done(usize),
}

impl Chunked {
    pub(crate) const fn new() -> Self {
        Self { state: State::Size { value: 0, digits: 0 }, extra: 0 }
    }

    /// Classifies the beginning of `input`, which must not be empty.
    pub(crate) fn step(&mut self, input: &[u8]) -> Result<Step, Violation> {
        if let State::Data { left } = self.state {
            let take = usize::try_from(left).unwrap_or(usize::MAX).min(input.len());
            let left = left - take as u64;
            self.state = if left == 0 { State::DataCr } else { State::Data { left } };
            return Ok(Step::Data(take));
        }
        for (index, &byte) in input.iter().enumerate() {
            self.state = self.next(byte)?;
            match self.state {
                State::Data { .. } => return Ok(Step::Framing(index + 1)),
                State::Done => return Ok(Step::Done(index + 1)),
                _ => {}
            }
        }
        Ok(Step::Framing(input.len()))
    }

    fn next(&mut self, byte: u8) -> Result<State, Violation> {
        const BAD: Violation = Violation::Malformed("The chunked request body is malformed.");
        Ok(match (self.state, byte) {
            (State::Size { value, digits }, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => {
                // Sixteen digits fill 64 bits; leading zeros beyond that serve nobody.
                if digits == 16 {
                    return Err(BAD);
                }
                let digit = char::from(byte).to_digit(16).unwrap_or(0);
                State::Size { value: value << 4 | u64::from(digit), digits: digits + 1 }
            }
            (State::Size { digits: 0, .. }, _) => return Err(BAD),
            (State::Size { value, .. }, b'\r') => State::SizeLf { value },
            (State::Size { value, .. }, b';') => {
                self.extra = 0;
                State::ExtensionOf { value }
            }
            (State::ExtensionOf { value }, b'\r') => State::SizeLf { value },
            (State::ExtensionOf { value }, byte) if is_field_value(byte) => {
                self.extra += 1;
                if self.extra > MAX_EXTENSION {
                    return Err(BAD);
                }
                State::ExtensionOf { value }
            }
            (State::SizeLf { value: 0 }, b'\n') => {
                self.extra = 0;
                State::TrailerStart
            }
            (State::SizeLf { value }, b'\n') => State::Data { left: value },
            (State::DataCr, b'\r') => State::DataLf,
            (State::DataLf, b'\n') => State::Size { value: 0, digits: 0 },
            (State::TrailerStart, b'\r') => State::EndLf,
            (State::TrailerStart | State::TrailerName, byte) if is_token(byte) => {
                self.trailer_byte(State::TrailerName)?
            }
            (State::TrailerName, b':') => self.trailer_byte(State::TrailerValue)?,
            (State::TrailerValue, b'\r') => State::TrailerLf,
            (State::TrailerValue, byte) if is_field_value(byte) => {
                self.trailer_byte(State::TrailerValue)?
            }
            (State::TrailerLf, b'\n') => State::TrailerStart,
            (State::EndLf, b'\n') => State::Done,
            _ => return Err(BAD),
        })
    }

    fn trailer_byte(&mut self, state: State) -> Result<State, Violation> {
        self.extra += 1;
        if self.extra > MAX_TRAILERS { Err(Violation::HeaderTooLarge) } else { Ok(state) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Decodes in pieces of `piece` bytes; what follows the message is returned too.
    fn decode(mut input: &[u8], piece: usize) -> Result<(Vec<u8>, Option<Vec<u8>>), Violation> {
        let mut chunked = Chunked::new();
        let mut content = Vec::new();
        while !input.is_empty() {
            let piece = &input[..piece.min(input.len())];
            match chunked.step(piece)? {
                Step::Framing(count) => input = &input[count..],
                Step::Data(count) => {
                    content.extend_from_slice(&input[..count]);
                    input = &input[count..];
                }
                Step::Done(count) => return Ok((content, Some(input[count..].to_vec()))),
            }
        }
        Ok((content, None))
    }

    #[test]
    fn content_is_the_same_however_it_is_cut() {
        let wire = b"4\r\nWiki\r\nA;name=\"x\"\r\n0123456789\r\n0\r\nTrailer: v\r\n\r\nGET /";
        for piece in 1..wire.len() {
            let (content, rest) = decode(wire, piece).expect("valid");
            assert_eq!(content, b"Wiki0123456789");
            assert_eq!(rest.as_deref(), Some(&b"GET /"[..]));
        }
    }

    #[test]
    fn a_truncated_body_is_never_complete() {
        let wire = b"4\r\nWiki\r\n0\r\n\r\n";
        for end in 0..wire.len() {
            assert_eq!(decode(&wire[..end], 64).expect("valid so far").1, None);
        }
    }

    #[test]
    fn leniency_is_refused() {
        for wire in [
            &b"4\nWiki\r\n0\r\n\r\n"[..],
            b"4\r\nWiki\n0\r\n\r\n",
            b"4\r\nWikiX\r\n0\r\n\r\n",
            b" 4\r\nWiki\r\n0\r\n\r\n",
            b"4 \r\nWiki\r\n0\r\n\r\n",
            b"0x4\r\nWiki\r\n0\r\n\r\n",
            b"-4\r\n",
            b"+4\r\n",
            b"\r\n",
            b";a\r\n",
            b"10000000000000000\r\n",
            b"4;a\nb\r\nWiki\r\n0\r\n\r\n",
            b"0\r\n\n",
            b"0\r\n\r\r",
            b"0\r\nname : v\r\n\r\n",
            b"0\r\n folded\r\n\r\n",
            b"0\r\nname: a\x00b\r\n\r\n",
        ] {
            assert!(decode(wire, 64).is_err(), "{:?}", String::from_utf8_lossy(wire));
        }
    }

    #[test]
    fn extensions_and_trailers_are_bounded() {
        let extension = format!("4;{}\r\n", "x".repeat(300));
        assert!(decode(extension.as_bytes(), 64).is_err());
        let trailers = format!("0\r\nt: {}\r\n\r\n", "x".repeat(9_000));
        assert_eq!(decode(trailers.as_bytes(), 64), Err(Violation::HeaderTooLarge));
    }
}
