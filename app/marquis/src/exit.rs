//! How the process ends: one message that says what to do, and an exit code a script can
//! branch on. The codes above 63 are those of BSD's `sysexits(3)`.

use std::error::Error;
use std::fmt;
use std::io::Write as _;
use std::process::ExitCode;

/// Why a command failed.
#[derive(Debug)]
pub struct Failure {
    code: Code,
    message: String,
    remedies: Vec<String>,
    source: Option<Box<dyn Error + Send + Sync>>,
}

/// The exit codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// 1: the command ran and its answer is no (a ledger that does not balance, a finding of `doctor`).
    No = 1,
    /// 69: a server that is needed cannot be reached or started.
    Unavailable = 69,
    /// 70: a defect of our own.
    Internal = 70,
    /// 74: reading or writing failed.
    Io = 74,
    /// 78: the configuration is wrong.
    Config = 78,
}

impl Failure {
    /// A failure with a message for the operator.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), remedies: Vec::new(), source: None }
    }

    /// Something the operator can do about it; may be said several times.
    #[must_use]
    pub fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedies.push(remedy.into());
        self
    }

    /// What it was caused by; its chain is printed.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Prints the failure to standard error and gives the exit code.
    pub fn report(&self) -> ExitCode {
        #[expect(clippy::print_stderr, reason = "the command line's own output")]
        {
            eprintln!("marquis: {self}");
        }
        ExitCode::from(self.code as u8)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        let mut last = self.message.clone();
        let mut next: Option<&dyn Error> = match &self.source {
            Some(source) => Some(&**source),
            None => None,
        };
        while let Some(error) = next {
            let text = error.to_string();
            // Wrappers often repeat what they wrap.
            if !last.contains(&text) {
                write!(f, "\n  because: {text}")?;
            }
            last = text;
            next = error.source();
        }
        for remedy in &self.remedies {
            write!(f, "\n  -> {remedy}")?;
        }
        Ok(())
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn Error + 'static))
    }
}

/// Gives an error the context that an operator needs.
pub trait Context<T> {
    /// Wraps the error.
    fn or_fail(self, code: Code, message: impl Into<String>) -> Result<T, Failure>;
}

impl<T, E: Into<Box<dyn Error + Send + Sync>>> Context<T> for Result<T, E> {
    fn or_fail(self, code: Code, message: impl Into<String>) -> Result<T, Failure> {
        self.map_err(|error| Failure::new(code, message).caused_by(error))
    }
}

/// Tells whoever started a long-running command how it goes, on standard error: standard
/// output belongs to the log.
pub fn announce(line: impl fmt::Display) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

/// Prints a line of a command's answer.
pub fn say(line: impl fmt::Display) {
    // A closed pipe (`marquis config print | head`) is no reason to fail.
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_says_what_why_and_what_to_do() {
        let failure = Failure::new(Code::Unavailable, "PostgreSQL cannot be reached")
            .caused_by(std::io::Error::other("connection refused"))
            .remedy("start it")
            .remedy("or set database.url");
        assert_eq!(
            failure.to_string(),
            "PostgreSQL cannot be reached\n  because: connection refused\n  -> start it\n  -> or set database.url",
        );
    }
}
