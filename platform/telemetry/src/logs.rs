//! The log of this process: what is reported through `tracing`, one line per event.
//!
//! Every line says which service spoke, in which trace and for which user, taken from the
//! [`RequestContext`](crate::context::RequestContext) of the task. Secrets and personal
//! data are redacted by the name of their field and by their shape, in messages and values
//! alike. Panics are logged like everything else.

use std::collections::BTreeSet;
use std::error::Error;
use std::fmt;
use std::io::{self, IsTerminal as _};
use std::time::Duration;

use marquis_kernel::{Clock as _, SystemClock};
use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::{EnvFilter, ParseError};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::reload;

use crate::context;
use crate::format::Line;
use crate::lines::LineWriter;
use crate::redact;

/// How long the end of a process waits for its last lines.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object per line.
    Json,
    /// For a person at a terminal.
    Text,
}

/// The log could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The level is not understood.
    #[error("the log level is not understood; write for example \"info,marquis_gateway=debug\"")]
    Level(#[source] ParseError),
    /// The output cannot be used.
    #[error("the log cannot be written")]
    Output(#[source] io::Error),
    /// A log was set up before.
    #[error("the log of this process is set up already")]
    AlreadyInstalled,
}

/// What the log looks like and where it goes.
#[derive(Debug, Clone)]
pub struct LogSettings<'a> {
    /// `error` to `trace`, optionally per module: `info,marquis_gateway=debug`.
    pub level: &'a str,
    /// How lines look.
    pub format: LogFormat,
    /// The service named in lines that belong to no request.
    pub default_service: &'static str,
    /// Names of fields to redact besides the built-in ones; case does not matter.
    pub redact: &'a [String],
    /// Whether the text form may be coloured; see <https://no-color.org> for who objects.
    pub colour: bool,
}

/// Keeps the log going. Writes what waits when it is dropped.
#[must_use = "dropping it ends the log"]
pub struct LogGuard {
    writer: LineWriter,
    level: reload::Handle<EnvFilter, tracing_subscriber::Registry>,
}

impl LogGuard {
    /// Changes the level, for a configuration that is read again.
    ///
    /// # Errors
    ///
    /// When the level is not understood; the old one stays.
    pub fn set_level(&self, level: &str) -> Result<(), LogError> {
        let filter = filter(level)?;
        // Fails only when the subscriber is gone, and then nobody logs.
        let _ = self.level.reload(filter);
        Ok(())
    }

    /// Writes what waits, before the process is replaced or ends by itself.
    pub fn flush(&self) {
        self.writer.flush(LAST_WORDS);
    }

    /// The writer that the lines go to, for an access log among them.
    #[must_use]
    pub fn writer(&self) -> &LineWriter {
        &self.writer
    }
}

impl fmt::Debug for LogGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogGuard").finish_non_exhaustive()
    }
}

impl Drop for LogGuard {
    fn drop(&mut self) {
        self.flush();
    }
}

/// Sends the log of this process to standard output.
///
/// # Errors
///
/// See [`LogError`].
pub fn init(
    level: &str,
    format: LogFormat,
    default_service: &'static str,
) -> Result<LogGuard, LogError> {
    let colour = io::stdout().is_terminal();
    install(&LogSettings { level, format, default_service, redact: &[], colour })
}

/// Sends the log of this process to standard output.
///
/// # Errors
///
/// See [`LogError`].
pub fn install(settings: &LogSettings<'_>) -> Result<LogGuard, LogError> {
    let writer = LineWriter::stdout().map_err(LogError::Output)?;
    let (filter, level) = reload::Layer::new(filter(settings.level)?);
    let subscriber =
        tracing_subscriber::registry().with(filter).with(LineLayer::new(settings, &writer));
    tracing::subscriber::set_global_default(subscriber).map_err(|_| LogError::AlreadyInstalled)?;
    std::panic::set_hook(Box::new(log_panic));
    Ok(LogGuard { writer, level })
}

fn filter(level: &str) -> Result<EnvFilter, LogError> {
    EnvFilter::builder().parse(level).map_err(LogError::Level)
}

fn log_panic(panic: &std::panic::PanicHookInfo<'_>) {
    let payload = panic.payload();
    let message = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("unknown");
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    let thread = std::thread::current();
    tracing::error!(
        target: "panic",
        place,
        thread = thread.name().unwrap_or("unnamed"),
        "panicked: {message}"
    );
}

/// Turns events into lines.
pub(crate) struct LineLayer {
    writer: LineWriter,
    format: LogFormat,
    colour: bool,
    default_service: &'static str,
    redact: BTreeSet<String>,
}

impl LineLayer {
    pub(crate) fn new(settings: &LogSettings<'_>, writer: &LineWriter) -> Self {
        Self {
            writer: writer.clone(),
            format: settings.format,
            colour: settings.colour,
            default_service: settings.default_service,
            redact: settings.redact.iter().map(|name| name.to_lowercase()).collect(),
        }
    }

    fn visitor<'a>(&'a self, fields: &'a mut Fields) -> Visitor<'a> {
        Visitor { fields, redact: &self.redact }
    }

    fn write(&self, event: &Event<'_>, fields: &Fields) {
        let level = event.metadata().level();
        let line = |service: &str, trace: Option<&str>, user: Option<&str>| {
            let line = Line {
                at: SystemClock.now(),
                level: level_name(*level),
                service,
                trace_id: trace,
                user_id: user,
                message: &fields.message,
            };
            match self.format {
                LogFormat::Json => line.to_json(&fields.metadata),
                LogFormat::Text => line.to_text(&fields.metadata, self.colour),
            }
        };
        let text = context::with_current(|request| {
            line(request.service, Some(&request.trace.trace_id()), request.user_id())
        });
        self.writer.try_write(text.unwrap_or_else(|| line(self.default_service, None, None)));
    }
}

fn level_name(level: Level) -> &'static str {
    match level {
        Level::ERROR => "error",
        Level::WARN => "warn",
        Level::INFO => "info",
        Level::DEBUG => "debug",
        Level::TRACE => "trace",
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for LineLayer {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut fields = Fields::default();
        attributes.record(&mut self.visitor(&mut fields));
        span.extensions_mut().insert(fields);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        if let Some(fields) = span.extensions_mut().get_mut::<Fields>() {
            values.record(&mut self.visitor(fields));
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        fields.metadata.insert("target".to_owned(), event.metadata().target().into());
        for span in context.event_scope(event).into_iter().flat_map(|scope| scope.from_root()) {
            if let Some(known) = span.extensions().get::<Fields>() {
                let known =
                    known.metadata.iter().map(|(name, value)| (name.clone(), value.clone()));
                fields.metadata.extend(known);
            }
        }
        event.record(&mut self.visitor(&mut fields));
        self.write(event, &fields);
    }
}

/// What an event or a span says, already redacted.
#[derive(Default)]
struct Fields {
    message: String,
    metadata: Map<String, Value>,
}

struct Visitor<'a> {
    fields: &'a mut Fields,
    redact: &'a BTreeSet<String>,
}

impl Visitor<'_> {
    fn text(&mut self, field: &Field, text: &str) {
        if field.name() == "message" {
            self.fields.message = redact::text(text).into_owned();
        } else {
            let value = Value::String(redact::text(text).into_owned());
            self.insert(field, value);
        }
    }

    fn insert(&mut self, field: &Field, value: Value) {
        let name = field.name();
        let hidden = (redact::is_sensitive(name) || self.redact.contains(&name.to_lowercase()))
            && !value.is_boolean()
            && value != Value::String(String::new());
        let value = if hidden { Value::String(redact::REDACTED.to_owned()) } else { value };
        self.fields.metadata.insert(name.to_owned(), value);
    }
}

impl Visit for Visitor<'_> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.insert(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.insert(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.insert(field, value.into());
    }

    fn record_i128(&mut self, field: &Field, value: i128) {
        self.insert(field, value.to_string().into());
    }

    fn record_u128(&mut self, field: &Field, value: u128) {
        self.insert(field, value.to_string().into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.insert(field, value.into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.text(field, value);
    }

    /// An error is written with its causes: `cannot pay: connection refused`.
    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        let mut text = value.to_string();
        let mut cause = value.source();
        while let Some(error) = cause {
            let more = error.to_string();
            // Some libraries repeat the cause in their own text.
            if !text.ends_with(&more) {
                text.push_str(": ");
                text.push_str(&more);
            }
            cause = error.source();
        }
        self.text(field, &text);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.text(field, &format!("{value:?}"));
    }
}

#[cfg(test)]
mod tests;
