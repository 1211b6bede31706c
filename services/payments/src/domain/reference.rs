//! Public names of payments and refunds: a prefix and a 128-bit id in Crockford base32.
//!
//! The id is a UUIDv7, so references sort by creation time; its 62 random bits make them
//! impractical to guess, and a guess would still meet the ownership check.

use std::fmt;
use std::str::FromStr;

use marquis_kernel::Clock;
use marquis_kernel::id::new_uuid;
use uuid::Uuid;

/// Crockford's alphabet: no I, L, O, U. Source: <https://www.crockford.com/base32.html>.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Symbols of a 128-bit number: 26 of 5 bits, the first of which holds only 3.
const SYMBOLS: usize = 26;

/// The text is not a reference of this kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not a reference of this kind")]
pub struct InvalidReference;

fn encode(id: Uuid) -> String {
    let number = id.as_u128();
    (0..SYMBOLS)
        .rev()
        .map(|place| char::from(ALPHABET[((number >> (place * 5)) & 31) as usize]))
        .collect()
}

/// Reads either case and the look-alikes that Crockford allows (`O` for 0, `I` and `L` for 1).
fn decode(text: &str) -> Option<Uuid> {
    let bytes = text.as_bytes();
    // The first symbol carries the top three bits, so nothing above 7 fits.
    if bytes.len() != SYMBOLS || !(b'0'..=b'7').contains(bytes.first()?) {
        return None;
    }
    let mut number = 0_u128;
    for byte in bytes {
        let symbol = match byte.to_ascii_uppercase() {
            b'O' => b'0',
            b'I' | b'L' => b'1',
            other => other,
        };
        let value = ALPHABET.iter().position(|&letter| letter == symbol)?;
        number = (number << 5) | value as u128;
    }
    Some(Uuid::from_u128(number))
}

macro_rules! reference {
    ($(#[$meta:meta])* $name:ident, $prefix:literal) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Uuid);

        impl $name {
            /// A new reference stamped with the clock's time.
            #[must_use]
            pub fn new(clock: &dyn Clock) -> Self {
                Self(new_uuid(clock))
            }

            /// The reference of a stored id.
            #[must_use]
            pub const fn from_uuid(id: Uuid) -> Self {
                Self(id)
            }

            /// The bare id, for storage.
            #[must_use]
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{}"), encode(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidReference;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let symbols = text.strip_prefix($prefix).ok_or(InvalidReference)?;
                decode(symbols).map(Self).ok_or(InvalidReference)
            }
        }
    };
}

reference!(
    /// Names a payment: `pay_01JD...`.
    PaymentReference,
    "pay_"
);

reference!(
    /// Names a refund: `ref_01JD...`.
    RefundReference,
    "ref_"
);

#[cfg(test)]
mod tests {
    use marquis_kernel::SystemClock;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_values() {
        let zero = PaymentReference::from_uuid(Uuid::nil());
        assert_eq!(zero.to_string(), format!("pay_{}", "0".repeat(26)));
        let all = RefundReference::from_uuid(Uuid::max());
        assert_eq!(all.to_string(), format!("ref_7{}", "Z".repeat(25)));
    }

    #[test]
    fn references_sort_by_creation() {
        let made: Vec<String> =
            (0..100).map(|_| PaymentReference::new(&SystemClock).to_string()).collect();
        let mut sorted = made.clone();
        sorted.sort();
        assert_eq!(made, sorted);
    }

    #[test]
    fn foreign_text_is_refused() {
        let good = PaymentReference::new(&SystemClock).to_string();
        let overflow = format!("pay_8{}", "0".repeat(25));
        let letter_u = format!("{}U", &good[..good.len() - 1]);
        let refund = good.replace("pay_", "ref_");
        let long = format!("{good}0");
        for text in ["", "pay_", "pay_é", &overflow, &letter_u, &refund, &long, &good[1..]] {
            assert_eq!(text.parse::<PaymentReference>(), Err(InvalidReference), "{text}");
        }
    }

    proptest! {
        #[test]
        fn text_round_trips(number: u128) {
            let reference = PaymentReference::from_uuid(Uuid::from_u128(number));
            let text = reference.to_string();
            prop_assert_eq!(text.parse(), Ok(reference));
            let typed = format!("pay_{}", text["pay_".len()..].to_lowercase().replace('0', "o"));
            // The leading symbol is always a digit, so it is not replaced there.
            let typed = typed.replacen("pay_o", "pay_0", 1);
            prop_assert_eq!(typed.parse(), Ok(reference));
        }
    }
}
