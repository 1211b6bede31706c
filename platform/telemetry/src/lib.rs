//! What the platform says about itself: logs, trace context and metrics.
//!
//! * Reporting never delays a request: lines are buffered in memory and written by a
//!   thread, and are dropped and counted when the target is too slow.
//! * Nothing secret and nothing personal is logged; see [`redact`].
//! * A line, a query and an outgoing request below a handler know the trace and the user
//!   through [`context`], without passing them along.

pub mod context;
mod format;
pub mod lines;
pub mod logs;
pub mod metrics;
mod process;
pub mod redact;
pub mod trace;

pub use context::RequestContext;
pub use format::Timestamp;
pub use lines::LineWriter;
pub use logs::{LogError, LogFormat, LogGuard, LogSettings};
pub use metrics::Metrics;
pub use trace::TraceContext;
