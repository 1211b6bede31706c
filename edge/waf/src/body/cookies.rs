//! The `Cookie` header, version 0 cookies (`SecCookieFormat 0`).

use super::{BodyError, Collector, Limits, Parsed};

/// Splits at `;` and at the first `=`; white space before a name and after the last
/// cookie is dropped, values are taken as they are, cookies without a name are skipped.
/// More than [`Limits::arguments`] are an error.
#[must_use]
pub fn parse(header: &[u8], limits: &Limits) -> Parsed {
    let white = |byte: &u8| byte.is_ascii_whitespace() || *byte == 0x0b;
    let header = header.strip_suffix(b";").unwrap_or(header);
    let last = memchr::memrchr(b';', header).map_or(0, |at| at + 1);
    let trailing = header[last..].iter().rev().take_while(|byte| white(byte)).count();
    let mut collector = Collector::new(limits);
    let outcome: Result<(), BodyError> =
        header[..header.len() - trailing].split(|byte| *byte == b';').try_for_each(|cookie| {
            let (name, value) = match memchr::memchr(b'=', cookie) {
                Some(equals) => (&cookie[..equals], &cookie[equals + 1..]),
                None => (cookie, &[][..]),
            };
            let start = name.iter().take_while(|byte| white(byte)).count();
            let name = &name[start..];
            if name.is_empty() {
                return Ok(());
            }
            collector.push(name.to_vec(), value.to_vec())
        });
    collector.finish(outcome)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_are_split() {
        let cookies = parse(b"a=1; b=2=3;;  =x; c; d=%41", &Limits::default());
        let pairs: Vec<(&[u8], &[u8])> =
            cookies.arguments.iter().map(|c| (c.name.as_slice(), c.value.as_slice())).collect();
        let expected: [(&[u8], &[u8]); 4] =
            [(b"a", b"1"), (b"b", b"2=3"), (b"c", b""), (b"d", b"%41")];
        assert_eq!(pairs, expected);
    }
}
