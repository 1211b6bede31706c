//! Money in minor units, with ISO 4217 currencies.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An ISO 4217 currency that a payment can be made in: the active national currencies,
/// without fund codes, precious metals and test codes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Currency {
    code: [u8; 3],
    exponent: u8,
}

/// The text is not an active ISO 4217 code in capital letters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("is not an active ISO 4217 currency code such as EUR")]
pub struct UnknownCurrency;

impl Currency {
    /// Euro, for tests and examples.
    pub const EUR: Self = Self { code: *b"EUR", exponent: 2 };

    /// The three-letter code.
    #[must_use]
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.code).unwrap_or("")
    }

    /// Decimal digits between the unit and its minor unit: 2 for EUR, 0 for JPY, 3 for KWD.
    #[must_use]
    pub const fn exponent(&self) -> u8 {
        self.exponent
    }

    /// Every currency, by code.
    pub fn all() -> impl Iterator<Item = Self> {
        CURRENCIES.iter().map(|&(code, exponent)| Self { code, exponent })
    }
}

impl FromStr for Currency {
    type Err = UnknownCurrency;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let code: [u8; 3] = text.as_bytes().try_into().map_err(|_| UnknownCurrency)?;
        let index = CURRENCIES
            .binary_search_by_key(&code, |&(code, _)| code)
            .map_err(|_| UnknownCurrency)?;
        Ok(Self { code, exponent: CURRENCIES[index].1 })
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// An amount of one currency in its minor units (cents, yen, fils). May be negative: a
/// ledger's credit is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Money {
    /// Minor units.
    pub amount: i64,
    /// The currency that the units belong to.
    pub currency: Currency,
}

/// Why two amounts could not be combined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Different currencies.
    #[error("{0} and {1} cannot be combined")]
    CurrencyMismatch(Currency, Currency),
    /// Beyond 64 bits.
    #[error("the amount exceeds 64 bits of minor units")]
    Overflow,
}

impl Money {
    /// `amount` minor units of `currency`.
    #[must_use]
    pub const fn new(amount: i64, currency: Currency) -> Self {
        Self { amount, currency }
    }

    /// Nothing, in `currency`.
    #[must_use]
    pub const fn zero(currency: Currency) -> Self {
        Self::new(0, currency)
    }

    /// The sum.
    ///
    /// # Errors
    ///
    /// [`MoneyError`] when the currencies differ or the sum exceeds 64 bits.
    pub fn checked_add(self, other: Self) -> Result<Self, MoneyError> {
        self.combine(other, i64::checked_add)
    }

    /// The difference.
    ///
    /// # Errors
    ///
    /// [`MoneyError`] when the currencies differ or the difference exceeds 64 bits.
    pub fn checked_sub(self, other: Self) -> Result<Self, MoneyError> {
        self.combine(other, i64::checked_sub)
    }

    fn combine(
        self,
        other: Self,
        operation: fn(i64, i64) -> Option<i64>,
    ) -> Result<Self, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::CurrencyMismatch(self.currency, other.currency));
        }
        let amount = operation(self.amount, other.amount).ok_or(MoneyError::Overflow)?;
        Ok(Self::new(amount, self.currency))
    }
}

/// In major units with the currency's own number of digits: `12.50 EUR`, `1250 JPY`.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exponent = u32::from(self.currency.exponent);
        let scale = 10_u64.pow(exponent);
        let magnitude = self.amount.unsigned_abs();
        let sign = if self.amount < 0 { "-" } else { "" };
        let (major, minor) = (magnitude / scale, magnitude % scale);
        if exponent == 0 {
            write!(f, "{sign}{major} {}", self.currency)
        } else {
            write!(f, "{sign}{major}.{minor:0width$} {}", self.currency, width = exponent as usize)
        }
    }
}

impl fmt::Debug for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Code and exponent, sorted by code. Source: ISO 4217:2015, list one (active codes), as
/// amended up to 2025.
#[rustfmt::skip]
const CURRENCIES: &[([u8; 3], u8)] = &[
    (*b"AED", 2), (*b"AFN", 2), (*b"ALL", 2), (*b"AMD", 2), (*b"ANG", 2), (*b"AOA", 2),
    (*b"ARS", 2), (*b"AUD", 2), (*b"AWG", 2), (*b"AZN", 2), (*b"BAM", 2), (*b"BBD", 2),
    (*b"BDT", 2), (*b"BGN", 2), (*b"BHD", 3), (*b"BIF", 0), (*b"BMD", 2), (*b"BND", 2),
    (*b"BOB", 2), (*b"BRL", 2), (*b"BSD", 2), (*b"BTN", 2), (*b"BWP", 2), (*b"BYN", 2),
    (*b"BZD", 2), (*b"CAD", 2), (*b"CDF", 2), (*b"CHF", 2), (*b"CLP", 0), (*b"CNY", 2),
    (*b"COP", 2), (*b"CRC", 2), (*b"CUP", 2), (*b"CVE", 2), (*b"CZK", 2), (*b"DJF", 0),
    (*b"DKK", 2), (*b"DOP", 2), (*b"DZD", 2), (*b"EGP", 2), (*b"ERN", 2), (*b"ETB", 2),
    (*b"EUR", 2), (*b"FJD", 2), (*b"FKP", 2), (*b"GBP", 2), (*b"GEL", 2), (*b"GHS", 2),
    (*b"GIP", 2), (*b"GMD", 2), (*b"GNF", 0), (*b"GTQ", 2), (*b"GYD", 2), (*b"HKD", 2),
    (*b"HNL", 2), (*b"HTG", 2), (*b"HUF", 2), (*b"IDR", 2), (*b"ILS", 2), (*b"INR", 2),
    (*b"IQD", 3), (*b"IRR", 2), (*b"ISK", 0), (*b"JMD", 2), (*b"JOD", 3), (*b"JPY", 0),
    (*b"KES", 2), (*b"KGS", 2), (*b"KHR", 2), (*b"KMF", 0), (*b"KPW", 2), (*b"KRW", 0),
    (*b"KWD", 3), (*b"KYD", 2), (*b"KZT", 2), (*b"LAK", 2), (*b"LBP", 2), (*b"LKR", 2),
    (*b"LRD", 2), (*b"LSL", 2), (*b"LYD", 3), (*b"MAD", 2), (*b"MDL", 2), (*b"MGA", 2),
    (*b"MKD", 2), (*b"MMK", 2), (*b"MNT", 2), (*b"MOP", 2), (*b"MRU", 2), (*b"MUR", 2),
    (*b"MVR", 2), (*b"MWK", 2), (*b"MXN", 2), (*b"MYR", 2), (*b"MZN", 2), (*b"NAD", 2),
    (*b"NGN", 2), (*b"NIO", 2), (*b"NOK", 2), (*b"NPR", 2), (*b"NZD", 2), (*b"OMR", 3),
    (*b"PAB", 2), (*b"PEN", 2), (*b"PGK", 2), (*b"PHP", 2), (*b"PKR", 2), (*b"PLN", 2),
    (*b"PYG", 0), (*b"QAR", 2), (*b"RON", 2), (*b"RSD", 2), (*b"RUB", 2), (*b"RWF", 0),
    (*b"SAR", 2), (*b"SBD", 2), (*b"SCR", 2), (*b"SDG", 2), (*b"SEK", 2), (*b"SGD", 2),
    (*b"SHP", 2), (*b"SLE", 2), (*b"SOS", 2), (*b"SRD", 2), (*b"SSP", 2), (*b"STN", 2),
    (*b"SVC", 2), (*b"SYP", 2), (*b"SZL", 2), (*b"THB", 2), (*b"TJS", 2), (*b"TMT", 2),
    (*b"TND", 3), (*b"TOP", 2), (*b"TRY", 2), (*b"TTD", 2), (*b"TWD", 2), (*b"TZS", 2),
    (*b"UAH", 2), (*b"UGX", 0), (*b"USD", 2), (*b"UYU", 2), (*b"UZS", 2), (*b"VED", 2),
    (*b"VES", 2), (*b"VND", 0), (*b"VUV", 0), (*b"WST", 2), (*b"XAF", 0), (*b"XCD", 2),
    (*b"XCG", 2), (*b"XOF", 0), (*b"XPF", 0), (*b"YER", 2), (*b"ZAR", 2), (*b"ZMW", 2),
    (*b"ZWG", 2),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_so_that_every_code_is_found() {
        for currency in Currency::all() {
            assert_eq!(currency.code().parse(), Ok(currency));
        }
        assert!(Currency::all().count() > 150);
    }

    #[test]
    fn exponents_follow_the_standard() {
        for (code, exponent) in [("EUR", 2), ("JPY", 0), ("KWD", 3), ("RUB", 2), ("ISK", 0)] {
            assert_eq!(code.parse::<Currency>().expect(code).exponent(), exponent, "{code}");
        }
    }

    #[test]
    fn what_is_not_a_currency_is_refused() {
        for text in ["", "eur", "EU", "EURO", "XXX", "XTS", "XAU", "ABC", "€"] {
            assert_eq!(text.parse::<Currency>(), Err(UnknownCurrency), "{text}");
        }
    }

    #[test]
    fn amounts_print_with_their_own_digits() {
        let money = |amount, code: &str| Money::new(amount, code.parse().expect(code)).to_string();
        assert_eq!(money(1_250, "EUR"), "12.50 EUR");
        assert_eq!(money(-5, "EUR"), "-0.05 EUR");
        assert_eq!(money(1_250, "JPY"), "1250 JPY");
        assert_eq!(money(i64::MIN, "KWD"), "-9223372036854775.808 KWD");
    }

    #[test]
    fn sums_refuse_overflow_and_mixed_currencies() {
        let yen: Currency = "JPY".parse().expect("JPY");
        let one = Money::new(1, Currency::EUR);
        assert_eq!(one.checked_add(one), Ok(Money::new(2, Currency::EUR)));
        assert_eq!(one.checked_sub(one), Ok(Money::zero(Currency::EUR)));
        assert_eq!(Money::new(i64::MAX, Currency::EUR).checked_add(one), Err(MoneyError::Overflow));
        assert_eq!(
            one.checked_add(Money::new(1, yen)),
            Err(MoneyError::CurrencyMismatch(Currency::EUR, yen)),
        );
    }
}
