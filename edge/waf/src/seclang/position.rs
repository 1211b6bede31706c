//! Where something stands in a rules file, and errors that say so.

use std::{error::Error, fmt, sync::Arc};

/// A place in a rules file. Lines and columns count from 1; columns count bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// The file as it was named to the loader.
    pub file: Arc<str>,
    /// Line, from 1.
    pub line: u32,
    /// Column in bytes, from 1.
    pub column: u32,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// Why a rules file was refused, and where.
#[derive(Debug)]
pub struct SourceError {
    /// The offending place.
    pub at: Position,
    /// What is wrong, in words for the author of the rules.
    pub message: String,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl SourceError {
    /// An error at `at` without a deeper cause.
    pub fn new(at: Position, message: impl Into<String>) -> Self {
        Self { at, message: message.into(), source: None }
    }

    /// Keeps what caused this error.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }
}

impl fmt::Display for SourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.at, self.message)
    }
}

impl Error for SourceError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|e| e as _)
    }
}
