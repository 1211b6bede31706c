//! Where a sealed value lives.

use uuid::Uuid;

/// Table, column and row of a sealed value: authenticated with it, never stored with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Place<'a> {
    /// Schema and table: `users.people`.
    pub table: &'a str,
    /// Column.
    pub column: &'a str,
    /// The row's key.
    pub row: Uuid,
}

impl<'a> Place<'a> {
    /// The column of a table in one row.
    #[must_use]
    pub const fn new(table: &'a str, column: &'a str, row: Uuid) -> Self {
        Self { table, column, row }
    }

    /// The associated data. Names are prefixed with their length, so that no two places
    /// have the same.
    pub(crate) fn associated(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.table.len() + self.column.len() + 32);
        for name in [self.table, self.column] {
            bytes.extend_from_slice(&(name.len() as u64).to_be_bytes());
            bytes.extend_from_slice(name.as_bytes());
        }
        bytes.extend_from_slice(self.row.as_bytes());
        bytes
    }
}
