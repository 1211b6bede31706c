//! Query strings: `application/x-www-form-urlencoded` (WHATWG URL, section 5.1), but
//! strict where the standard shrugs: a stray `%` and invalid UTF-8 are errors.

use std::borrow::Cow;

use super::fields::{FieldValue, Fields, FromFields};
use crate::Problem;

/// More parameters than any operation has.
const MOST_PARAMETERS: usize = 256;

/// Reads a type from a query string without its `?`.
///
/// # Errors
///
/// 400: invalid percent-encoding, not UTF-8, too many parameters, or wrong fields.
pub fn fields_of_query<T: FromFields>(query: &str) -> Result<T, Problem> {
    let mut given = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        if given.len() == MOST_PARAMETERS {
            let detail = format!("The query string has more than {MOST_PARAMETERS} parameters.");
            return Err(Problem::bad_request(detail));
        }
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        given.push((decode(name)?, FieldValue::Text(decode(value)?)));
    }
    Fields::new(given).finish()
}

fn decode(text: &str) -> Result<Cow<'_, str>, Problem> {
    if !text.contains(['%', '+']) {
        return Ok(Cow::Borrowed(text));
    }
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => {
                let (high, low) = (bytes.next().and_then(hex), bytes.next().and_then(hex));
                let (Some(high), Some(low)) = (high, low) else {
                    return Err(Problem::bad_request(
                        "The query string contains an invalid percent-encoding.",
                    ));
                };
                high << 4 | low
            }
            other => other,
        });
    }
    String::from_utf8(decoded)
        .map(Cow::Owned)
        .map_err(|_| Problem::bad_request("The query string is not valid UTF-8."))
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}
