//! Compares transformations, body processors and injection detection with
//! libmodsecurity 3.0.9 on generated input.
//!
//! The library answers through a small program compiled from `oracle.cc`. Without a C++
//! compiler or Debian's `libmodsecurity-dev` the tests say so and pass.
//! `MARQUIS_WAF_CASES` sets how many inputs each comparison draws, and
//! `MARQUIS_WAF_SEED` which.

mod bodies;
mod documents;
mod injection;
mod oracle;
mod requests;
mod rules;
mod transformations;
mod uploads;

/// Reproducible pseudo-random choices (SplitMix64).
pub struct Draw(u64);

impl Draw {
    fn new(salt: u64) -> Self {
        let seed = std::env::var("MARQUIS_WAF_SEED").ok().and_then(|s| s.parse().ok());
        Self(seed.unwrap_or(1_u64).wrapping_mul(0x9e37_79b9).wrapping_add(salt))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Below `bound`.
    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).expect("a small bound")
    }

    fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }

    /// Up to `pieces` of the alphabet in a row; now and then a random byte.
    fn text(&mut self, alphabet: &[&[u8]], pieces: usize) -> Vec<u8> {
        let mut out = Vec::new();
        for _ in 0..self.below(pieces + 1) {
            if self.below(20) == 0 {
                out.push(self.byte());
            } else {
                out.extend_from_slice(alphabet[self.below(alphabet.len())]);
            }
        }
        out
    }
}

/// How many inputs a comparison draws.
fn cases(default: usize) -> usize {
    std::env::var("MARQUIS_WAF_CASES").ok().and_then(|s| s.parse().ok()).unwrap_or(default)
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    if bytes.is_empty() {
        return "-".into();
    }
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn unhex(text: &str) -> Vec<u8> {
    if text == "-" {
        return Vec::new();
    }
    let digits = text.as_bytes().chunks_exact(2);
    digits
        .map(|pair| {
            let pair = std::str::from_utf8(pair).expect("digits");
            u8::from_str_radix(pair, 16).expect("digits")
        })
        .collect()
}
