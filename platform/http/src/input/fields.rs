//! Named values and their conversion, collecting every mistake on the way.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt::Display;
use std::str::FromStr;

use marquis_kernel::Secret;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

use super::json;
use crate::{FieldError, Problem};

/// No answer lists more mistakes than this.
const MOST_ERRORS: usize = 50;
/// Names of unknown fields are cut after this many characters.
const LONGEST_NAME: usize = 64;

/// A type that is read field by field.
pub trait FromFields: Sized {
    /// Reads the fields it knows; `None` when one of them was rejected.
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self>;
}

/// A type that is read from one field.
pub trait FromField: Sized {
    /// The value, or what is wrong with it, readable after the field's name.
    ///
    /// # Errors
    ///
    /// The message for the client. It must not contain the value.
    fn from_field(value: &FieldValue<'_>) -> Result<Self, Cow<'static, str>>;
}

/// A field's value as it came.
#[derive(Debug)]
pub enum FieldValue<'a> {
    /// JSON text of one value.
    Json(&'a RawValue),
    /// Decoded text of a query parameter.
    Text(Cow<'a, str>),
}

impl FieldValue<'_> {
    fn is_null(&self) -> bool {
        matches!(self, Self::Json(raw) if raw.get() == "null")
    }

    /// The text of a string without U+0000, which PostgreSQL cannot store.
    fn text(&self) -> Result<Cow<'_, str>, Cow<'static, str>> {
        let text = match self {
            Self::Text(text) => Cow::Borrowed(text.as_ref()),
            Self::Json(raw) if raw.get().starts_with('"') => serde_json::from_str(raw.get())
                .map(Cow::<'_, str>::Owned)
                .map_err(|_| "contains an invalid escape sequence")?,
            Self::Json(_) => return Err("must be a string".into()),
        };
        if text.contains('\0') {
            return Err("must not contain the character U+0000".into());
        }
        Ok(text)
    }
}

#[derive(Debug)]
struct Entry<'a> {
    name: Cow<'a, str>,
    value: FieldValue<'a>,
    taken: bool,
}

/// The fields of one JSON object or query string, and the mistakes found so far.
#[derive(Debug)]
pub struct Fields<'a> {
    entries: Vec<Entry<'a>>,
    errors: Vec<FieldError>,
    unknown_allowed: bool,
}

impl<'a> Fields<'a> {
    pub(super) fn new(given: Vec<(Cow<'a, str>, FieldValue<'a>)>) -> Self {
        let mut repeated = Vec::new();
        {
            let mut seen = HashSet::with_capacity(given.len());
            let mut reported = HashSet::new();
            for (name, _) in &given {
                if !seen.insert(name.as_ref()) && reported.insert(name.as_ref()) {
                    repeated.push(FieldError::new(shortened(name), "is given more than once"));
                }
            }
        }
        let entries =
            given.into_iter().map(|(name, value)| Entry { name, value, taken: false }).collect();
        Self { entries, errors: repeated, unknown_allowed: false }
    }

    /// A field that must be there and not null.
    pub fn required<T: FromField>(&mut self, name: &'static str) -> Option<T> {
        match self.optional(name)? {
            Some(value) => Some(value),
            None => {
                self.reject(name, "is required");
                None
            }
        }
    }

    /// A field that may be absent or null. The outer `None` says that it was rejected.
    pub fn optional<T: FromField>(&mut self, name: &'static str) -> Option<Option<T>> {
        let Some(value) = self.take(name) else { return Some(None) };
        match T::from_field(value) {
            Ok(value) => Some(Some(value)),
            Err(message) => {
                self.reject(name, message);
                None
            }
        }
    }

    /// A required JSON object with fields of its own; its mistakes are named `name.inner`.
    pub fn nested<T: FromFields>(&mut self, name: &'static str) -> Option<T> {
        let Some(value) = self.take(name) else {
            self.reject(name, "is required");
            return None;
        };
        let FieldValue::Json(raw) = value else {
            self.reject(name, "must be an object");
            return None;
        };
        let raw: &'a RawValue = raw;
        let Ok(given) = json::object(raw.get()) else {
            self.reject(name, "must be an object");
            return None;
        };
        let mut inner = Fields::new(given);
        let read = T::from_fields(&mut inner);
        let errors = inner.into_errors();
        let clean = errors.is_empty();
        self.errors.extend(
            errors
                .into_iter()
                .map(|error| FieldError::new(format!("{name}.{}", error.field), error.message)),
        );
        read.filter(|_| clean)
    }

    /// Whether the field is there and not null.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.entries.iter().any(|entry| entry.name == name && !entry.value.is_null())
    }

    /// Records a mistake: a rule across fields, or one that only the caller can check.
    pub fn reject(
        &mut self,
        name: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) {
        let error = FieldError::new(name, message);
        // "is given more than once" says enough about a field.
        if !self.errors.iter().any(|known| known.field == error.field) {
            self.errors.push(error);
        }
    }

    /// Accepts fields that nobody asked for: for senders who may add some, as providers of events do.
    pub fn allow_unknown(&mut self) {
        self.unknown_allowed = true;
    }

    fn take(&mut self, name: &str) -> Option<&FieldValue<'a>> {
        let mut found = None;
        for entry in self.entries.iter_mut().filter(|entry| entry.name == name) {
            entry.taken = true;
            found.get_or_insert(&entry.value);
        }
        found.filter(|value| !value.is_null())
    }

    fn into_errors(self) -> Vec<FieldError> {
        let mut errors = self.errors;
        if !self.unknown_allowed {
            for entry in self.entries.iter().filter(|entry| !entry.taken) {
                let name = shortened(&entry.name);
                if !errors.iter().take(MOST_ERRORS).any(|known| known.field == name) {
                    errors.push(FieldError::new(name, "is not a known field"));
                }
                if errors.len() > MOST_ERRORS {
                    break;
                }
            }
        }
        errors.truncate(MOST_ERRORS);
        errors
    }

    /// The value when nothing was wrong.
    pub(super) fn finish<T: FromFields>(mut self) -> Result<T, Problem> {
        let read = T::from_fields(&mut self);
        let errors = self.into_errors();
        match read {
            Some(value) if errors.is_empty() => Ok(value),
            None if errors.is_empty() => {
                let name = std::any::type_name::<T>();
                Err(Problem::internal(format!("{name} was refused without a reason")))
            }
            _ => Err(Problem::invalid(errors)),
        }
    }
}

fn shortened(name: &str) -> String {
    match name.char_indices().nth(LONGEST_NAME) {
        Some((end, _)) => format!("{}…", &name[..end]),
        None => name.to_owned(),
    }
}

/// Any type that is written as a string and has a message for its mistakes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parsed<T>(pub T);

impl<T: FromStr<Err: Display>> FromField for Parsed<T> {
    fn from_field(value: &FieldValue<'_>) -> Result<Self, Cow<'static, str>> {
        value.text()?.parse().map(Self).map_err(|error: T::Err| error.to_string().into())
    }
}

impl FromField for String {
    fn from_field(value: &FieldValue<'_>) -> Result<Self, Cow<'static, str>> {
        value.text().map(Cow::into_owned)
    }
}

impl FromField for Secret {
    fn from_field(value: &FieldValue<'_>) -> Result<Self, Cow<'static, str>> {
        value.text().map(|text| Self::new(text.into_owned()))
    }
}

impl FromField for Uuid {
    fn from_field(value: &FieldValue<'_>) -> Result<Self, Cow<'static, str>> {
        let text = value.text()?;
        // The crate also reads braces, URNs and the form without hyphens; one form is enough.
        let uuid = text.parse().ok().filter(|_| text.len() == 36);
        uuid.ok_or(Cow::Borrowed("must be a UUID"))
    }
}

/// RFC 3339, section 5.6.
impl FromField for OffsetDateTime {
    fn from_field(value: &FieldValue<'_>) -> Result<Self, Cow<'static, str>> {
        Self::parse(&value.text()?, &Rfc3339)
            .map_err(|_| Cow::Borrowed("must be a time such as 2026-01-31T12:00:00Z"))
    }
}

impl FromField for bool {
    fn from_field(value: &FieldValue<'_>) -> Result<Self, Cow<'static, str>> {
        let text = match value {
            FieldValue::Json(raw) => raw.get(),
            FieldValue::Text(text) => text.as_ref(),
        };
        match text {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err("must be true or false".into()),
        }
    }
}

impl FromField for Map<String, Value> {
    fn from_field(value: &FieldValue<'_>) -> Result<Self, Cow<'static, str>> {
        match Value::from_field(value)? {
            Value::Object(map) => Ok(map),
            _ => Err("must be an object".into()),
        }
    }
}

/// Any JSON value in which no object repeats a name and no text contains U+0000.
impl FromField for Value {
    fn from_field(value: &FieldValue<'_>) -> Result<Self, Cow<'static, str>> {
        match value {
            FieldValue::Json(raw) => json::strict_value(raw.get()),
            FieldValue::Text(_) => Err("must be JSON".into()),
        }
    }
}

impl<T: FromField> FromField for Vec<T> {
    fn from_field(value: &FieldValue<'_>) -> Result<Self, Cow<'static, str>> {
        let FieldValue::Json(raw) = value else { return Err("must be an array".into()) };
        let items: Vec<&RawValue> =
            serde_json::from_str(raw.get()).map_err(|_| Cow::Borrowed("must be an array"))?;
        let read = |(index, item)| {
            T::from_field(&FieldValue::Json(item))
                .map_err(|message| Cow::Owned(format!("has an item {index} that {message}")))
        };
        items.into_iter().enumerate().map(read).collect()
    }
}

/// The digits of a whole number. JSON knows one kind of number; where an integer is meant
/// only the form of an integer is accepted, so that nothing is ever rounded.
fn digits<'v>(value: &'v FieldValue<'_>) -> Result<&'v str, Cow<'static, str>> {
    let (text, is_number) = match value {
        FieldValue::Text(text) => (text.as_ref(), true),
        FieldValue::Json(raw) => (
            raw.get(),
            raw.get().starts_with(['-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9']),
        ),
    };
    if !is_number {
        let message = match text.as_bytes().first() {
            Some(b'"') => "must be a number, not a string",
            _ => "must be a whole number",
        };
        return Err(message.into());
    }
    let magnitude = text.strip_prefix('-').unwrap_or(text);
    if !magnitude.is_empty() && magnitude.bytes().all(|byte| byte.is_ascii_digit()) {
        Ok(text)
    } else if magnitude.contains(['e', 'E']) && magnitude.starts_with(|c: char| c.is_ascii_digit())
    {
        Err("must be a whole number written without an exponent".into())
    } else if magnitude.contains('.') {
        Err("must be a whole number written without a decimal point".into())
    } else {
        Err("must be a whole number".into())
    }
}

macro_rules! integer_fields {
    ($($integer:ty),*) => {$(
        impl FromField for $integer {
            fn from_field(value: &FieldValue<'_>) -> Result<Self, Cow<'static, str>> {
                digits(value)?.parse().map_err(|_| {
                    Cow::Owned(format!("must be between {} and {}", Self::MIN, Self::MAX))
                })
            }
        }
    )*};
}

integer_fields!(i64, u64, i32, u32, u16);
