//! Trace context as it travels between programs: the `traceparent` header of W3C Trace
//! Context, level 2.
//!
//! Ids come from a generator per thread that is seeded from the operating system: they must
//! be unique and cheap, not secret.

use std::cell::Cell;
use std::fmt;

use marquis_kernel::random;

/// The sampled flag (section 3.2.2.5.1): the caller may have recorded the trace.
const SAMPLED: u8 = 0b01;
/// The random trace id flag (section 3.2.2.5.2): the id's last seven bytes are random.
const RANDOM: u8 = 0b10;
/// Length of a version 00 header.
const LENGTH: usize = 55;

/// The position of one program's work in a trace: the trace's id, the id of this piece of
/// work, and flags. Neither id is ever zero.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TraceContext {
    trace_id: u128,
    span_id: u64,
    flags: u8,
}

impl TraceContext {
    /// The beginning of a new trace.
    #[must_use]
    pub fn root() -> Self {
        let trace_id = loop {
            let id = u128::from(random_u64()) << 64 | u128::from(random_u64());
            if id != 0 {
                break id;
            }
        };
        Self { trace_id, span_id: random_span_id(), flags: SAMPLED | RANDOM }
    }

    /// Reads a `traceparent` header (section 3.2 and 4.3). `None` when it must be ignored
    /// and a new trace begun: wrong form or length, capital letters, version `ff`, zero
    /// ids. A version above `00` is read as far as `00` defines it.
    #[must_use]
    pub fn parse(traceparent: &str) -> Option<Self> {
        let bytes = traceparent.as_bytes();
        if bytes.len() < LENGTH || bytes[2] != b'-' || bytes[35] != b'-' || bytes[52] != b'-' {
            return None;
        }
        let version = hex(&bytes[..2])?;
        let length_fits = match version {
            0xff => false,
            0 => bytes.len() == LENGTH,
            _ => bytes.len() == LENGTH || bytes[LENGTH] == b'-',
        };
        let trace_id = hex(&bytes[3..35])?;
        let span_id = u64::try_from(hex(&bytes[36..52])?).ok()?;
        let flags = u8::try_from(hex(&bytes[53..55])?).ok()?;
        if !length_fits || trace_id == 0 || span_id == 0 {
            return None;
        }
        Some(Self { trace_id, span_id, flags: flags & (SAMPLED | RANDOM) })
    }

    /// A new piece of work in the same trace.
    #[must_use]
    pub fn child(&self) -> Self {
        Self { span_id: random_span_id(), ..*self }
    }

    /// The `traceparent` header that names this piece of work as the parent.
    #[must_use]
    pub fn to_traceparent(&self) -> String {
        let mut text = [b'-'; LENGTH];
        text[..2].copy_from_slice(b"00");
        write_hex(&mut text[3..35], self.trace_id);
        write_hex(&mut text[36..52], u128::from(self.span_id));
        write_hex(&mut text[53..], u128::from(self.flags));
        ascii(&text)
    }

    /// The trace's id: 32 lowercase hexadecimal digits.
    #[must_use]
    pub fn trace_id(&self) -> String {
        ascii(&self.trace_id_hex())
    }

    /// The trace's id as ASCII, for those who must not allocate.
    #[must_use]
    pub fn trace_id_hex(&self) -> [u8; 32] {
        let mut text = [0; 32];
        write_hex(&mut text, self.trace_id);
        text
    }

    /// The id of this piece of work: 16 lowercase hexadecimal digits.
    #[must_use]
    pub fn span_id(&self) -> String {
        let mut text = [0; 16];
        write_hex(&mut text, u128::from(self.span_id));
        ascii(&text)
    }

    /// Whether the trace may have been recorded by the caller.
    #[must_use]
    pub const fn is_sampled(&self) -> bool {
        self.flags & SAMPLED != 0
    }
}

/// As in the header.
impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_traceparent())
    }
}

impl fmt::Debug for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Lowercase digits only, at most 32.
fn hex(digits: &[u8]) -> Option<u128> {
    digits.iter().try_fold(0_u128, |value, digit| {
        let digit = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => return None,
        };
        Some(value << 4 | u128::from(digit))
    })
}

fn write_hex(into: &mut [u8], mut value: u128) {
    for digit in into.iter_mut().rev() {
        *digit = b"0123456789abcdef"[usize::from((value & 15) as u8)];
        value >>= 4;
    }
}

fn ascii(text: &[u8]) -> String {
    String::from_utf8_lossy(text).into_owned()
}

fn random_span_id() -> u64 {
    loop {
        let id = random_u64();
        if id != 0 {
            return id;
        }
    }
}

/// The thread's next number, by xoshiro256++ 1.0 (Blackman and Vigna, "Scrambled linear
/// pseudorandom number generators", 2021).
fn random_u64() -> u64 {
    thread_local! {
        static STATE: Cell<[u64; 4]> = Cell::new(seed());
    }
    STATE.with(|state| {
        let mut s = state.get();
        let result = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
        let shifted = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= shifted;
        s[3] = s[3].rotate_left(45);
        state.set(s);
        result
    })
}

fn seed() -> [u64; 4] {
    loop {
        let seed = std::array::from_fn(|_| u64::from_ne_bytes(random::bytes::<8>()));
        if seed != [0; 4] {
            return seed;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    const EXAMPLE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn the_specification_example_is_read_and_written() {
        let context = TraceContext::parse(EXAMPLE).expect("valid");
        assert_eq!(context.trace_id(), "0af7651916cd43dd8448eb211c80319c");
        assert_eq!(context.span_id(), "b7ad6b7169203331");
        assert!(context.is_sampled());
        assert_eq!(context.to_traceparent(), EXAMPLE);
    }

    #[test]
    fn what_the_specification_forbids_is_ignored() {
        for text in [
            "",
            "00",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-B7AD6B7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0G",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1",
            "00_0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331_01",
            "0x-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01more",
            "00-0af7651916cd43dd8448eb211c80319-b7ad6b7169203331-01-",
            "00-0af7651916cd43dd8448eb211c80319ü-b7ad6b7169203331-1",
        ] {
            assert_eq!(TraceContext::parse(text), None, "{text}");
        }
    }

    #[test]
    fn later_versions_are_read_as_version_00() {
        for text in [
            "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-fd-what-the-future-brings",
        ] {
            let context = TraceContext::parse(text).expect(text);
            assert_eq!(context.to_traceparent(), EXAMPLE);
        }
    }

    #[test]
    fn unknown_flags_are_not_passed_on() {
        let text = EXAMPLE.replace("-01", "-fe");
        let context = TraceContext::parse(&text).expect("valid");
        assert!(!context.is_sampled() && context.to_traceparent().ends_with("-02"));
    }

    #[test]
    fn children_stay_in_the_trace_and_ids_are_unique_across_threads() {
        let root = TraceContext::root();
        assert!(root.to_traceparent().ends_with("-03"));
        let child = root.child();
        assert_eq!(child.trace_id(), root.trace_id());
        assert_ne!(child.span_id(), root.span_id());
        assert_eq!(TraceContext::parse(&child.to_traceparent()), Some(child));
        let ids: Vec<String> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4)
                .map(|_| {
                    scope.spawn(|| {
                        (0..1_000).map(|_| TraceContext::root().trace_id()).collect::<Vec<_>>()
                    })
                })
                .collect();
            threads.into_iter().flat_map(|thread| thread.join().expect("thread")).collect()
        });
        assert_eq!(ids.iter().collect::<HashSet<_>>().len(), 4_000);
    }
}
