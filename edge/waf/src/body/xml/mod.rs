//! XML bodies (XML 1.0, fifth edition) as text and attributes, for `XML:/*`, `XML://@*`
//! and simple location paths.
//!
//! Nothing is ever loaded: external entities and document types are errors, for the parser
//! behind might load them, and empty for the rest of the document, which is read. Internal
//! entities are expanded, for an attack might hide in one, within a budget that counts every
//! expansion. Parameter entities are refused. Nesting does not use the stack.

mod cursor;
mod doctype;
mod path;
mod reader;

pub use path::Path;

use super::{BodyError, Collector, Limits, Parsed};
use std::collections::HashMap;

/// Elements nest no deeper, whatever [`Limits::depth`] says, as in libxml2.
const MAX_DEPTH: usize = 256;

/// What a node costs of [`Limits::expanded`] besides its text: one that stands in the
/// document is bounded by it, one that an entity makes is not.
const NODE: usize = 8;
const MADE_NODE: usize = 48;

/// A document, as far as it could be read.
#[derive(Debug, Default)]
pub struct Document {
    names: Names,
    elements: Vec<Element>,
    texts: Vec<Text>,
    attributes: Vec<Attribute>,
    /// All character data in order; the text of an element is a range of it.
    text: Vec<u8>,
    /// The values of all attributes.
    values: Vec<u8>,
    /// The first error; all but an external entity or document type end reading.
    error: Option<BodyError>,
}

#[derive(Debug)]
struct Element {
    name: u32,
    /// The index of the element around it; itself for the root.
    parent: u32,
    /// Its text, descendants included.
    start: u32,
    end: u32,
}

#[derive(Debug)]
struct Text {
    parent: u32,
    start: u32,
    end: u32,
}

#[derive(Debug)]
struct Attribute {
    element: u32,
    name: u32,
    start: u32,
    end: u32,
}

/// Each name once.
#[derive(Debug, Default)]
struct Names {
    ids: HashMap<Vec<u8>, u32>,
    list: Vec<Vec<u8>>,
}

impl Names {
    fn id(&mut self, name: &[u8]) -> Option<u32> {
        if let Some(id) = self.ids.get(name) {
            return Some(*id);
        }
        let id = u32::try_from(self.list.len()).ok()?;
        self.ids.insert(name.to_vec(), id);
        self.list.push(name.to_vec());
        Some(id)
    }

    fn get(&self, id: u32) -> &[u8] {
        &self.list[id as usize]
    }
}

impl Document {
    /// Reads a document. What precedes an error stays.
    #[must_use]
    pub fn parse(input: &[u8], limits: &Limits) -> Self {
        reader::read(input, limits)
    }

    /// Why reading ended early, or what the document would have others load.
    #[must_use]
    pub fn error(&self) -> Option<&BodyError> {
        self.error.as_ref()
    }

    /// All text of the root element, which `XML:/*` selects; `None` without a root.
    #[must_use]
    pub fn text(&self) -> Option<&[u8]> {
        self.elements.first().map(|root| self.text_of(root.start, root.end))
    }

    /// The values of all attributes in order, which `XML://@*` selects. Namespace
    /// declarations are none.
    pub fn attributes(&self) -> impl Iterator<Item = &[u8]> {
        self.attributes.iter().map(|attribute| self.value_of(attribute))
    }

    /// The texts of the nodes a path selects, in document order.
    #[must_use]
    pub fn select<'d>(&'d self, path: &Path) -> Vec<&'d [u8]> {
        path.select(self)
    }

    /// The texts of the elements without children as arguments, named by their path:
    /// `xml.order.item`.
    #[must_use]
    pub fn arguments(&self, limits: &Limits) -> Parsed {
        let mut collector = Collector::new(limits);
        let mut parents = vec![false; self.elements.len()];
        for (index, element) in self.elements.iter().enumerate() {
            if element.parent as usize != index {
                parents[element.parent as usize] = true;
            }
        }
        let mut outcome = Ok(());
        for (index, element) in self.elements.iter().enumerate().filter(|(i, _)| !parents[*i]) {
            let text = self.text_of(element.start, element.end);
            outcome = collector.push(self.path_of(index), text.to_vec());
            if outcome.is_err() {
                break;
            }
        }
        collector.finish(outcome)
    }

    fn path_of(&self, element: usize) -> Vec<u8> {
        let mut names = Vec::new();
        let mut at = element;
        loop {
            names.push(self.names.get(self.elements[at].name));
            let parent = self.elements[at].parent as usize;
            if parent == at {
                break;
            }
            at = parent;
        }
        names.push(b"xml");
        names.reverse();
        names.join(&b'.')
    }

    fn text_of(&self, start: u32, end: u32) -> &[u8] {
        &self.text[start as usize..end as usize]
    }

    fn value_of(&self, attribute: &Attribute) -> &[u8] {
        &self.values[attribute.start as usize..attribute.end as usize]
    }
}

#[cfg(test)]
mod tests;
