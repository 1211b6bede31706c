//! Numbers that prove themselves: what `@verifyCC`, `@verifyCPF`, `@verifySSN` and
//! `@verifySVNR` ask of what their expression found. All but its digits is ignored.

fn digits(text: &[u8]) -> Vec<u32> {
    text.iter().filter(|b| b.is_ascii_digit()).map(|b| u32::from(b - b'0')).collect()
}

/// Check digit of payment cards.
pub(super) fn luhn(text: &[u8]) -> bool {
    let digits = digits(text);
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(index, &digit)| match index % 2 {
            0 => digit,
            _ if digit > 4 => digit * 2 - 9,
            _ => digit * 2,
        })
        .sum();
    !digits.is_empty() && sum.is_multiple_of(10)
}

/// Whether all digits are the same, which no number in use has.
fn repeated(digits: &[u32]) -> bool {
    digits.windows(2).all(|pair| pair[0] == pair[1])
}

/// Check digits of Brazilian taxpayer numbers, in the first eleven digits.
pub(super) fn cpf(text: &[u8]) -> bool {
    let digits = digits(text);
    let Some(digits) = digits.get(..11).filter(|digits| !repeated(digits)) else {
        return false;
    };
    let check = |count: usize, weight: u32| {
        let sum: u32 = digits[..count].iter().zip((2..=weight).rev()).map(|(d, w)| d * w).sum();
        (sum * 10 % 11) % 10
    };
    check(9, 10) == digits[9] && check(10, 11) == digits[10]
}

/// Ranges never issued as United States social security numbers.
pub(super) fn ssn(text: &[u8]) -> bool {
    let digits = digits(text);
    let ascending = digits.windows(2).all(|pair| pair[0] + 1 == pair[1]);
    if digits.len() != 9 || repeated(&digits) || ascending {
        return false;
    }
    let number =
        |range: std::ops::Range<usize>| digits[range].iter().fold(0, |sum, d| sum * 10 + d);
    let (area, group, serial) = (number(0..3), number(3..5), number(5..9));
    area != 0 && area < 740 && area != 666 && group != 0 && serial != 0
}

/// Check digit of Austrian social insurance numbers, the fourth of the first ten digits.
pub(super) fn svnr(text: &[u8]) -> bool {
    const WEIGHTS: [u32; 10] = [3, 7, 9, 0, 5, 8, 4, 2, 1, 6];
    let digits = digits(text);
    let Some(digits) = digits.get(..10).filter(|digits| !repeated(digits)) else {
        return false;
    };
    let sum: u32 = digits.iter().zip(WEIGHTS).map(|(digit, weight)| digit * weight).sum();
    sum % 11 % 10 == digits[3]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_digits() {
        assert!(luhn(b"4111 1111 1111 1111"));
        assert!(!luhn(b"4111 1111 1111 1112"));
        assert!(cpf(b"529.982.247-25"));
        assert!(!cpf(b"529.982.247-26"));
        assert!(ssn(b"123-45-6788"));
        assert!(!ssn(b"123-45-6789"));
        assert!(svnr(b"1237 010180"));
        assert!(!svnr(b"1238 010180"));
        assert!(!ssn(b"666-45-6789"));
    }
}
