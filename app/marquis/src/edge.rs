//! The gateway as a role of this process.
