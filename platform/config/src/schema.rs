//! The shape of the configuration, taken from the embedded default file: what keys there
//! are, of which types, with which defaults.
//!
//! A key's type is the type of its default. Two kinds of keys of the default file describe
//! what is repeated; they are part of the shape and not of the data:
//!
//! ```toml
//! [gateway.upstreams."*"]      # any name is allowed here; this is what each entry holds
//! servers = []
//!
//! [gateway."routes[]"]         # what each element of the list `gateway.routes` holds
//! path = ""
//! upstream = ""
//!
//! [[gateway.routes]]           # an element that is there by default
//! path = "/"
//! upstream = "auth"
//! ```
//!
//! Keys left out of an entry or element get the value written there, except a key that is
//! described with a question mark, `"timeouts?" = { connect = "2s" }`: that one may be left
//! out altogether. A list without a description holds what its default elements hold, and
//! strings when it is empty.

use std::collections::BTreeMap;

use crate::problem::Problem;
use crate::tree::{Node, Origin, Table, Value, join};

/// What may stand at a key.
#[derive(Debug, Clone)]
pub(crate) enum Shape {
    /// A string, number or truth value of the default's type.
    Leaf(Value),
    /// A list; the shape of an element and the default elements.
    List(Box<Self>, Vec<Node>),
    /// A table with any keys; the shape of an entry and the default entries.
    Map(Box<Self>, Table),
    /// A table with these keys.
    Table(BTreeMap<String, Self>),
    /// What may be left out.
    Optional(Box<Self>),
}

impl Shape {
    /// The shape described by a default file.
    pub(crate) fn of_table(mut table: Table) -> Self {
        if let Some(entry) = table.remove("*") {
            return Self::Map(Box::new(Self::of(entry.value, None)), table);
        }
        let descriptions: Vec<String> =
            table.keys().filter(|name| name.ends_with("[]")).cloned().collect();
        let mut keys = BTreeMap::new();
        for name in descriptions {
            let Some(description) = table.remove(&name) else { continue };
            let name = name.trim_end_matches("[]").to_owned();
            let default = table
                .remove(&name)
                .unwrap_or_else(|| Node::new(Value::Array(Vec::new()), Origin::Default));
            let element = Self::of(description.value, None);
            keys.insert(name, Self::of(default.value, Some(element)));
        }
        for (name, node) in table {
            let shape = Self::of(node.value, None);
            match name.strip_suffix('?') {
                Some(name) => keys.insert(name.to_owned(), Self::Optional(Box::new(shape))),
                None => keys.insert(name, shape),
            };
        }
        Self::Table(keys)
    }

    fn of(value: Value, element: Option<Self>) -> Self {
        match value {
            Value::Table(table) => Self::of_table(table),
            Value::Array(items) => {
                let element = element.unwrap_or_else(|| Self::union(&items));
                Self::List(Box::new(element), items)
            }
            leaf => Self::Leaf(leaf),
        }
    }

    /// The shape that every one of the elements fits.
    fn union(items: &[Node]) -> Self {
        let mut keys = BTreeMap::new();
        for item in items {
            match &item.value {
                Value::Table(table) => {
                    if let Self::Table(more) = Self::of_table(table.clone()) {
                        keys.extend(more);
                    }
                }
                other => return Self::of(other.clone(), None),
            }
        }
        if items.is_empty() { Self::Leaf(Value::String(String::new())) } else { Self::Table(keys) }
    }

    /// The complete default value.
    pub(crate) fn default_value(&self) -> Node {
        let value = match self {
            Self::Leaf(value) => value.clone(),
            Self::List(_, items) => Value::Array(items.clone()),
            Self::Map(_, entries) => Value::Table(entries.clone()),
            // Filled in below.
            Self::Table(_) => Value::Table(Table::new()),
            Self::Optional(inner) => return inner.default_value(),
        };
        let mut node = Node::new(value, Origin::Default);
        self.complete(&mut node);
        node
    }

    /// Adds what was left out of entries and elements.
    pub(crate) fn complete(&self, node: &mut Node) {
        match (self, &mut node.value) {
            (Self::List(element, _), Value::Array(items)) => {
                for item in items {
                    element.complete(item);
                }
            }
            (Self::Map(entry, _), Value::Table(table)) => {
                for node in table.values_mut() {
                    entry.complete(node);
                }
            }
            (Self::Table(keys), Value::Table(table)) => {
                for (name, shape) in keys {
                    match table.get_mut(name) {
                        Some(node) => shape.complete(node),
                        None if matches!(shape, Self::Optional(_)) => {}
                        None => {
                            table.insert(name.clone(), shape.default_value());
                        }
                    }
                }
            }
            (Self::Optional(inner), _) => inner.complete(node),
            _ => {}
        }
    }

    /// What it is when it is there.
    pub(crate) fn required(&self) -> &Self {
        match self {
            Self::Optional(inner) => inner,
            shape => shape,
        }
    }

    /// The shape at a dotted key with indexes.
    pub(crate) fn at(&self, key: &str) -> Option<&Self> {
        let mut segments = key.split(['.', '[']).filter(|segment| !segment.is_empty());
        segments.try_fold(self, |shape, segment| match shape {
            Self::Table(keys) => keys.get(segment).map(Self::required),
            Self::Map(entry, _) => Some(&**entry),
            Self::List(element, _) if segment.ends_with(']') => Some(&**element),
            _ => None,
        })
    }

    /// What is expected, with its article, for messages.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Leaf(value) => value.kind(),
            Self::List(..) => "a list",
            Self::Map(..) | Self::Table(_) => "a table",
            Self::Optional(inner) => inner.kind(),
        }
    }

    /// Keeps of `table` what fits and reports the rest.
    pub(crate) fn check_table(
        &self,
        table: Table,
        key: &str,
        unknown: &UnknownKeys<'_>,
        problems: &mut Vec<Problem>,
    ) -> Table {
        let mut kept = Table::new();
        for (name, node) in table {
            let path = join(key, &name);
            let shape = match self {
                Self::Table(keys) => keys.get(&name).map(Self::required),
                Self::Map(entry, _) if is_plain_name(&name) => Some(&**entry),
                _ => None,
            };
            match shape {
                Some(shape) => {
                    if let Some(node) = shape.check(node, &path, unknown, problems) {
                        kept.insert(name, node);
                    }
                }
                None if matches!(self, Self::Map(..)) => problems.push(Problem {
                    key: path,
                    source: node.origin.to_string(),
                    what: "is not a usable name".to_owned(),
                    remedy: "use letters, digits, `_` and `-`".to_owned(),
                }),
                None => problems.push(unknown.report(&path, &node.origin)),
            }
        }
        kept
    }

    fn check(
        &self,
        node: Node,
        key: &str,
        unknown: &UnknownKeys<'_>,
        problems: &mut Vec<Problem>,
    ) -> Option<Node> {
        let origin = node.origin;
        let value = match (self, node.value) {
            (Self::Leaf(Value::String(_)), value @ Value::String(_))
            | (Self::Leaf(Value::Integer(_)), value @ Value::Integer(_))
            | (Self::Leaf(Value::Float(_)), value @ Value::Float(_))
            | (Self::Leaf(Value::Boolean(_)), value @ Value::Boolean(_)) => value,
            #[expect(clippy::cast_precision_loss, reason = "settings are small numbers")]
            (Self::Leaf(Value::Float(_)), Value::Integer(number)) => Value::Float(number as f64),
            (Self::List(element, _), Value::Array(items)) => Value::Array(
                items
                    .into_iter()
                    .enumerate()
                    .filter_map(|(index, item)| {
                        element.check(item, &format!("{key}[{index}]"), unknown, problems)
                    })
                    .collect(),
            ),
            (Self::Map(..) | Self::Table(_), Value::Table(table)) => {
                Value::Table(self.check_table(table, key, unknown, problems))
            }
            (_, found) => {
                problems.push(Problem {
                    key: key.to_owned(),
                    source: origin.to_string(),
                    what: format!("must be {}, not {}", self.kind(), found.kind()),
                    remedy: self.example(key),
                });
                return None;
            }
        };
        Some(Node::new(value, origin))
    }

    /// How a value of this shape is written, by the example of the default.
    fn example(&self, key: &str) -> String {
        let name = key.rsplit('.').next().unwrap_or(key).trim_end_matches(|c| c != ']');
        let name = if name.is_empty() { key.rsplit('.').next().unwrap_or(key) } else { name };
        match self {
            Self::Leaf(Value::String(text)) if text.is_empty() => {
                format!("write it in quotes: {name} = \"...\"")
            }
            Self::Leaf(value) => {
                let example = Node::new(value.clone(), Origin::Default).to_toml();
                format!("for example {name} = {example}")
            }
            Self::List(..) => format!("write {name} = [..]"),
            Self::Map(..) | Self::Table(_) => format!("write [{key}]"),
            Self::Optional(inner) => inner.example(key),
        }
    }
}

fn is_plain_name(name: &str) -> bool {
    !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

/// Knows every key, to name the one that was probably meant.
pub(crate) struct UnknownKeys<'a> {
    shape: &'a Shape,
}

impl<'a> UnknownKeys<'a> {
    pub(crate) const fn new(shape: &'a Shape) -> Self {
        Self { shape }
    }

    /// The problem of an unknown key.
    pub(crate) fn report(&self, key: &str, origin: &Origin) -> Problem {
        let remedy = match self.nearest(key) {
            Some(near) => match origin {
                Origin::Variable(_) | Origin::Dotenv { .. } => {
                    format!("did you mean {} (`{near}`)?", variable_name(&near))
                }
                _ => format!("did you mean `{near}`?"),
            },
            None => "`marquis config print --default` lists every key".to_owned(),
        };
        Problem {
            key: key.to_owned(),
            source: origin.to_string(),
            what: "is not a setting".to_owned(),
            remedy,
        }
    }

    /// The key that was probably meant: a sibling written almost so, the same name in
    /// another table, or a key that is spelled similarly as a whole.
    pub(crate) fn nearest(&self, key: &str) -> Option<String> {
        let (parent, name) = key.rsplit_once('.').unwrap_or(("", key));
        let siblings = match self.shape.at(parent) {
            Some(Shape::Table(keys)) => keys.keys().map(|name| join(parent, name)).collect(),
            _ => Vec::new(),
        };
        let close = |candidates: &[String], text: &str, of: fn(&str) -> &str| {
            candidates
                .iter()
                .map(|candidate| (strsim::damerau_levenshtein(of(candidate), text), candidate))
                .filter(|(distance, _)| *distance <= (text.chars().count() / 3).max(1))
                .min_by_key(|(distance, _)| *distance)
                .map(|(_, candidate)| candidate.clone())
        };
        close(&siblings, name, last_segment).or_else(|| {
            let mut all = Vec::new();
            collect_keys(self.shape, "", &mut all);
            let same_name = all.iter().find(|candidate| last_segment(candidate) == name).cloned();
            same_name.or_else(|| close(&all, key, |whole| whole))
        })
    }
}

fn last_segment(key: &str) -> &str {
    key.rsplit('.').next().unwrap_or(key)
}

fn collect_keys(shape: &Shape, key: &str, into: &mut Vec<String>) {
    if let Shape::Table(keys) = shape.required() {
        for (name, shape) in keys {
            let key = join(key, name);
            into.push(key.clone());
            collect_keys(shape, &key, into);
        }
    }
}

/// The environment variable that sets a key.
pub(crate) fn variable_name(key: &str) -> String {
    format!("MARQUIS__{}", key.replace('.', "__").to_ascii_uppercase())
}
