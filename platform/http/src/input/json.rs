//! Strict JSON (RFC 8259, with the unique names that RFC 7493, section 2.3 asks for).

use std::borrow::Cow;
use std::fmt;

use http::{HeaderMap, header};
use serde::Deserializer as _;
use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;
use serde_json::value::RawValue;
use serde_json::{Map, Number, Value};

use super::fields::{FieldValue, Fields, FromFields};
use crate::Problem;

/// Arrays and objects within each other.
const DEEPEST: usize = 64;

pub(super) fn wrong_media_type() -> Problem {
    Problem::unsupported_media_type("The request body must be application/json.")
}

/// Refuses what does not say that it is JSON.
pub(super) fn check_media_type(headers: &HeaderMap) -> Result<(), Problem> {
    let mut given = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(value), None) = (given.next(), given.next()) else { return Err(wrong_media_type()) };
    let essence = value.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
    let json = essence.eq_ignore_ascii_case("application/json")
        || essence.to_ascii_lowercase().strip_prefix("application/").is_some_and(|subtype| {
            subtype.strip_suffix("+json").is_some_and(|name| !name.is_empty())
        });
    if json { Ok(()) } else { Err(wrong_media_type()) }
}

/// Reads a type from the bytes of a JSON object.
///
/// # Errors
///
/// 400: not UTF-8, malformed, nested too deeply, not an object, or wrong fields.
pub fn fields_of_json<T: FromFields>(bytes: &[u8]) -> Result<T, Problem> {
    let text = checked_text(bytes)?;
    let given = object(text).map_err(|error| malformed(&error, "must be a JSON object"))?;
    Fields::new(given).finish()
}

/// Reads any JSON value, as strictly.
///
/// # Errors
///
/// 400: not UTF-8, malformed, nested too deeply, repeated names, or U+0000 in a text.
pub fn json_value(bytes: &[u8]) -> Result<Value, Problem> {
    let text = checked_text(bytes)?;
    let _: &RawValue =
        serde_json::from_str(text).map_err(|error| malformed(&error, "must be JSON"))?;
    strict_value(text)
        .map_err(|message| Problem::bad_request(format!("The request body {message}.")))
}

fn checked_text(bytes: &[u8]) -> Result<&str, Problem> {
    let text = std::str::from_utf8(bytes)
        .map_err(|_| Problem::bad_request("The request body is not valid UTF-8."))?;
    if text.trim_ascii().is_empty() {
        return Err(Problem::bad_request("The request body is empty; JSON is expected."));
    }
    if too_deep(text) {
        let detail = format!("The JSON is nested deeper than {DEEPEST} levels.");
        return Err(Problem::bad_request(detail));
    }
    Ok(text)
}

/// Parser messages name what was expected and where, never what was found.
fn malformed(error: &serde_json::Error, otherwise: &str) -> Problem {
    let (line, column) = (error.line(), error.column());
    Problem::bad_request(match error.classify() {
        Category::Eof => {
            format!("Malformed JSON: it ends too early, in line {line}, column {column}.")
        }
        Category::Data => format!("The request body {otherwise}."),
        Category::Syntax | Category::Io => format!("Malformed JSON: {error}."),
    })
}

/// Counts brackets outside strings; runs before the parser, which recurses.
fn too_deep(text: &str) -> bool {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in text.bytes() {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'{' | b'[' => {
                depth += 1;
                if depth > DEEPEST {
                    return true;
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

/// Names and raw values of an object, in order, repeated names included.
pub(super) fn object(text: &str) -> Result<Vec<(Cow<'_, str>, FieldValue<'_>)>, serde_json::Error> {
    struct Entries;

    impl<'de> Visitor<'de> for Entries {
        type Value = Vec<(Cow<'de, str>, FieldValue<'de>)>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut entries = Vec::new();
            while let Some((name, value)) = map.next_entry::<String, &'de RawValue>()? {
                entries.push((Cow::Owned(name), FieldValue::Json(value)));
            }
            Ok(entries)
        }
    }

    let mut deserializer = serde_json::Deserializer::from_str(text);
    let entries = deserializer.deserialize_map(Entries)?;
    deserializer.end()?;
    Ok(entries)
}

/// A value in which no object repeats a name and no text contains U+0000.
pub(super) fn strict_value(text: &str) -> Result<Value, Cow<'static, str>> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    Strict.deserialize(&mut deserializer).map_err(|error| match error.classify() {
        Category::Data => {
            // `custom` messages below carry no input; serde_json appends the position.
            let message = error.to_string();
            let message = message.split(" at line ").next().unwrap_or_default();
            Cow::Owned(message.to_owned())
        }
        _ if error.to_string().starts_with("number out of range") => {
            Cow::Borrowed("contains a number out of range")
        }
        _ => Cow::Borrowed("contains an invalid escape sequence"),
    })
}

struct Strict;

impl Strict {
    fn text<E: serde::de::Error>(text: &str) -> Result<(), E> {
        if text.contains('\0') {
            return Err(E::custom("must not contain the character U+0000"));
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value)
            .map(Value::Number)
            .ok_or_else(|| E::custom("contains a number out of range"))
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Value, E> {
        Self::text(value)?;
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E: serde::de::Error>(self, value: String) -> Result<Value, E> {
        Self::text(&value)?;
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(Self)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            Self::text(&name)?;
            let value = map.next_value_seed(Self)?;
            if object.insert(name, value).is_some() {
                return Err(A::Error::custom("contains an object that repeats a name"));
            }
        }
        Ok(Value::Object(object))
    }
}
