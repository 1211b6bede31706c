//! Request bodies and other encoded collections, taken apart into names and values.
//!
//! Every parser is bounded by [`Limits`], reads its input once and reports what it
//! refused besides what it had read until then: rules see both.

pub mod cookies;
pub mod json;
pub mod multipart;
pub mod urlencoded;
pub mod xml;

/// A name and its value, decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Argument {
    /// The name; paths of JSON values are joined with dots.
    pub name: Vec<u8>,
    /// The value.
    pub value: Vec<u8>,
}

/// What a body may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Arguments of one body, `SecArgumentsLimit`.
    pub arguments: usize,
    /// Nesting of JSON and XML, `SecRequestBodyJsonDepthLimit`.
    pub depth: usize,
    /// Bytes of all names and values together: a short body can name a deep path for
    /// each of its values.
    pub expanded: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { arguments: 1_000, depth: 10_000, expanded: 64 * 1024 * 1024 }
    }
}

impl Limits {
    /// The same limits for a text of `length` bytes: what comes out of it is bounded by its
    /// own size, so that a short body cannot hold much memory. Names that repeat the path of
    /// each value have 64 bytes for each of the arguments the text has room for, 256 KiB at
    /// least.
    #[must_use]
    pub fn for_length(self, length: usize) -> Self {
        let names = self.arguments.min(length / 2).saturating_mul(NAME).max(NAMES);
        let expanded = length.saturating_mul(GROWTH).saturating_add(names);
        Self { expanded: self.expanded.min(expanded), ..self }
    }
}

/// How often the bytes of a body may come out of it.
const GROWTH: usize = 4;
/// Bytes besides: for each argument, and at least.
const NAME: usize = 64;
const NAMES: usize = 256 * 1024;

/// What was read, and why reading ended early if it did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parsed {
    /// In the order of the body.
    pub arguments: Vec<Argument>,
    /// The first error.
    pub error: Option<BodyError>,
}

/// Why a body was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BodyError {
    /// The body is not of its format.
    #[error("{format} parsing error: {reason} at byte {at}")]
    Syntax {
        /// `JSON` or `XML`.
        format: &'static str,
        /// What was wrong.
        reason: &'static str,
        /// Where, from 0.
        at: usize,
    },
    /// Nested deeper than [`Limits::depth`].
    #[error("{format} parsing error: depth limit exceeded")]
    Depth {
        /// `JSON` or `XML`.
        format: &'static str,
    },
    /// The body is not multipart/form-data as its `Content-Type` says.
    #[error("Multipart parsing error: {0}")]
    Multipart(&'static str),
    /// More than [`Limits::arguments`].
    #[error("too many arguments in the body")]
    Arguments,
    /// More than [`Limits::expanded`].
    #[error("names and values of the body are too large")]
    Expanded,
}

/// Collects arguments within the limits.
#[derive(Debug)]
struct Collector<'l> {
    limits: &'l Limits,
    arguments: Vec<Argument>,
    expanded: usize,
}

impl<'l> Collector<'l> {
    fn new(limits: &'l Limits) -> Self {
        Self { limits, arguments: Vec::new(), expanded: 0 }
    }

    fn push(&mut self, name: Vec<u8>, value: Vec<u8>) -> Result<(), BodyError> {
        if self.arguments.len() >= self.limits.arguments {
            return Err(BodyError::Arguments);
        }
        self.expanded += name.len() + value.len();
        if self.expanded > self.limits.expanded {
            return Err(BodyError::Expanded);
        }
        self.arguments.push(Argument { name, value });
        Ok(())
    }

    fn finish(self, outcome: Result<(), BodyError>) -> Parsed {
        Parsed { arguments: self.arguments, error: outcome.err() }
    }
}
