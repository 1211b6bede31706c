//! `#[serde(with = "marquis_config::unset")]` for `Option<T>`: in the configuration an
//! empty string means "not set", because TOML has no null and every key has a default.

use serde::de::IntoDeserializer as _;
use serde::de::value::StrDeserializer;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Reads `""` as `None` and anything else as `T`, which must be written as a string.
///
/// # Errors
///
/// Those of `T`.
pub fn deserialize<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: for<'a> Deserialize<'a>,
{
    let text = String::deserialize(deserializer)?;
    if text.is_empty() {
        return Ok(None);
    }
    let inner: StrDeserializer<'_, D::Error> = text.as_str().into_deserializer();
    T::deserialize(inner).map(Some)
}

/// Writes `None` as `""`.
///
/// # Errors
///
/// Those of `T`.
pub fn serialize<S, T>(value: &Option<T>, serializer: S) -> Result<S::Ok, S::Error>
where
    S: Serializer,
    T: Serialize,
{
    match value {
        Some(value) => value.serialize(serializer),
        None => serializer.serialize_str(""),
    }
}
