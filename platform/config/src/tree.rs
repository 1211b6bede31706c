//! A configuration as a tree of values that remember where they came from.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::de::IntoDeserializer as _;
use toml::de::{DeTable, DeValue};

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The embedded default file.
    Default,
    /// A line of a TOML file.
    File { path: Arc<Path>, line: usize },
    /// A line of a `.env` file.
    Dotenv { path: Arc<Path>, line: usize, variable: String },
    /// A variable of the process's environment.
    Variable(String),
    /// An option of the command line, as it was written.
    CommandLine(String),
    /// A file holding one secret, and where its path was given.
    SecretFile { path: PathBuf, given_by: Box<Self> },
}

impl Origin {
    /// The text file that holds the value, if one does.
    pub(crate) fn file(&self) -> Option<&Path> {
        match self {
            Self::File { path, .. } | Self::Dotenv { path, .. } => Some(path),
            _ => None,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::Dotenv { path, line, variable } => {
                write!(f, "{}:{line} ({variable})", path.display())
            }
            Self::Variable(name) => write!(f, "environment variable {name}"),
            Self::CommandLine(option) => write!(f, "command line {option}"),
            Self::SecretFile { path, given_by } => {
                write!(f, "secret file {} ({given_by})", path.display())
            }
        }
    }
}

/// Keys of a table, sorted.
pub(crate) type Table = BTreeMap<String, Node>;

/// A value and where it came from.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) value: Value,
    pub(crate) origin: Origin,
}

#[derive(Debug, Clone)]
pub(crate) enum Value {
    String(String),
    Integer(i64),
    Float(f64),
    Boolean(bool),
    Array(Vec<Node>),
    Table(Table),
    /// Syntactically fine and never wanted: dates, integers beyond 64 bits.
    Unusable(&'static str),
}

impl Value {
    /// The value's type with its article, for messages.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::String(_) => "a string",
            Self::Integer(_) => "an integer",
            Self::Float(_) => "a decimal number",
            Self::Boolean(_) => "true or false",
            Self::Array(_) => "a list",
            Self::Table(_) => "a table",
            Self::Unusable(what) => what,
        }
    }
}

impl Node {
    pub(crate) const fn new(value: Value, origin: Origin) -> Self {
        Self { value, origin }
    }

    /// The plain value, for serde.
    pub(crate) fn to_toml(&self) -> toml::Value {
        match &self.value {
            Value::String(text) => toml::Value::String(text.clone()),
            Value::Integer(number) => toml::Value::Integer(*number),
            Value::Float(number) => toml::Value::Float(*number),
            Value::Boolean(flag) => toml::Value::Boolean(*flag),
            Value::Array(items) => toml::Value::Array(items.iter().map(Self::to_toml).collect()),
            Value::Table(table) => toml::Value::Table(table_to_toml(table)),
            Value::Unusable(what) => toml::Value::String((*what).to_owned()),
        }
    }

    /// Notes the origin of this value and everything in it under its dotted key.
    pub(crate) fn collect_origins(&self, key: &str, into: &mut BTreeMap<String, Origin>) {
        into.insert(key.to_owned(), self.origin.clone());
        match &self.value {
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    item.collect_origins(&format!("{key}[{index}]"), into);
                }
            }
            Value::Table(table) => {
                for (name, node) in table {
                    node.collect_origins(&join(key, name), into);
                }
            }
            _ => {}
        }
    }
}

/// `key.name`, or `name` at the top.
pub(crate) fn join(key: &str, name: &str) -> String {
    if key.is_empty() { name.to_owned() } else { format!("{key}.{name}") }
}

pub(crate) fn table_to_toml(table: &Table) -> toml::Table {
    table.iter().map(|(name, node)| (name.clone(), node.to_toml())).collect()
}

/// A mistake in a TOML text: the line and what the parser says, without the line's content.
pub(crate) struct SyntaxError {
    pub(crate) line: usize,
    pub(crate) message: String,
}

/// Parses a TOML text. What can be read is returned even when parts cannot. `origin` makes
/// the origin of a value from its line, counted from 1.
pub(crate) fn parse(text: &str, origin: &dyn Fn(usize) -> Origin) -> (Table, Vec<SyntaxError>) {
    let (document, errors) = DeTable::parse_recoverable(text);
    let lines = Lines::of(text);
    let table = convert_table(document.get_ref(), &lines, origin);
    let errors = errors
        .into_iter()
        .map(|error| SyntaxError {
            line: lines.number(error.span().map_or(text.len(), |span| span.start)),
            message: error.message().lines().collect::<Vec<_>>().join(", "),
        })
        .collect();
    (table, errors)
}

/// Byte offsets at which lines begin.
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Self {
        Self(
            text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at).collect(),
        )
    }

    fn number(&self, offset: usize) -> usize {
        self.0.partition_point(|newline| *newline < offset) + 1
    }
}

fn convert_table(table: &DeTable<'_>, lines: &Lines, origin: &dyn Fn(usize) -> Origin) -> Table {
    table
        .iter()
        .map(|(key, value)| {
            let at = origin(lines.number(key.span().start));
            let node = Node::new(convert(value.get_ref(), lines, origin), at);
            (key.get_ref().to_string(), node)
        })
        .collect()
}

fn convert(value: &DeValue<'_>, lines: &Lines, origin: &dyn Fn(usize) -> Origin) -> Value {
    match value {
        DeValue::String(text) => Value::String(text.to_string()),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map_or(Value::Unusable("an integer beyond 64 bits"), Value::Integer),
        DeValue::Float(number) => number
            .as_str()
            .parse()
            .map_or(Value::Unusable("a number that cannot be represented"), Value::Float),
        DeValue::Boolean(flag) => Value::Boolean(*flag),
        DeValue::Datetime(_) => Value::Unusable("a date or time"),
        DeValue::Array(items) => Value::Array(
            items
                .iter()
                .map(|item| {
                    let at = origin(lines.number(item.span().start));
                    Node::new(convert(item.get_ref(), lines, origin), at)
                })
                .collect(),
        ),
        DeValue::Table(table) => Value::Table(convert_table(table, lines, origin)),
    }
}

/// Reads a `T` out of a table. On failure the error comes with the dotted key of the value
/// that does not fit.
pub(crate) fn deserialize<T: serde::de::DeserializeOwned>(
    table: &Table,
) -> Result<T, (String, String)> {
    serde_path_to_error::deserialize(table_to_toml(table).into_deserializer())
        .map_err(|error| (error.path().to_string(), error.inner().message().to_owned()))
}

/// The node at a dotted key with indexes, `routes[0].path`.
pub(crate) fn lookup_mut<'a>(table: &'a mut Table, key: &str) -> Option<&'a mut Node> {
    let (first, mut rest) = split_segment(key);
    let mut node = table.get_mut(first)?;
    while !rest.is_empty() {
        if let Some(indexed) = rest.strip_prefix('[') {
            let (index, after) = indexed.split_once(']')?;
            let Value::Array(items) = &mut node.value else { return None };
            node = items.get_mut(index.parse::<usize>().ok()?)?;
            rest = after;
        } else {
            let (name, after) = split_segment(rest.strip_prefix('.')?);
            let Value::Table(table) = &mut node.value else { return None };
            node = table.get_mut(name)?;
            rest = after;
        }
    }
    Some(node)
}

fn split_segment(key: &str) -> (&str, &str) {
    key.split_at(key.find(['.', '[']).unwrap_or(key.len()))
}
