//! Reads a document into its nodes.

use super::cursor::{Cursor, Reference, Result, append_lines, check_characters, predefined};
use super::doctype::Entities;
use super::{Attribute, Document, Element, MADE_NODE, MAX_DEPTH, NODE, Text};
use crate::body::{BodyError, Limits};
use std::borrow::Cow;

/// Entities may refer to others so often.
const ENTITY_LEVELS: usize = 20;

pub(super) fn read(input: &[u8], limits: &Limits) -> Document {
    let mut reader = Reader {
        document: Document::default(),
        open: Vec::new(),
        entities: Entities::default(),
        depth: limits.depth.min(MAX_DEPTH),
        budget: limits.expanded,
        node: NODE,
        fresh_text: true,
    };
    let outcome = match to_utf8(input) {
        Err(reason) => Err(Cursor::new(input).wrong(reason)),
        Ok(text) => {
            let (valid, invalid_at) = match std::str::from_utf8(&text) {
                Ok(_) => (&text[..], None),
                Err(error) => (&text[..error.valid_up_to()], Some(error.valid_up_to())),
            };
            let outcome = reader.document(&mut Cursor::new(valid));
            match invalid_at {
                None => outcome,
                Some(at) => {
                    let reason = "the document is not in its encoding";
                    Err(BodyError::Syntax { format: "XML", reason, at })
                }
            }
        }
    };
    // What is still open after an error ends with the text.
    while let Some(element) = reader.open.pop() {
        reader.end_element(element);
    }
    reader.document.error = reader.entities.external.take().or(outcome.err());
    reader.document
}

/// Without a byte order mark, in UTF-8. The declaration's encoding counts unless a mark
/// says otherwise.
fn to_utf8(input: &[u8]) -> std::result::Result<Cow<'_, [u8]>, &'static str> {
    let utf16 = |units: &[u8], decode: fn([u8; 2]) -> u16| {
        let units = units.chunks_exact(2).map(|pair| decode([pair[0], pair[1]]));
        char::decode_utf16(units)
            .collect::<std::result::Result<String, _>>()
            .map(|text| Cow::Owned(text.into_bytes()))
            .map_err(|_| "the document is not in its encoding")
    };
    match input {
        [0xef, 0xbb, 0xbf, rest @ ..] => return Ok(Cow::Borrowed(rest)),
        [0xff, 0xfe, rest @ ..] => return utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => return utf16(rest, u16::from_be_bytes),
        _ => {}
    }
    match declared_encoding(input) {
        None => Ok(Cow::Borrowed(input)),
        Some(name) => match name.to_ascii_lowercase().as_slice() {
            b"utf-8" | b"utf8" | b"us-ascii" | b"ascii" => Ok(Cow::Borrowed(input)),
            b"iso-8859-1" | b"latin1" | b"iso_8859-1" => {
                let text: String = input.iter().map(|byte| char::from(*byte)).collect();
                Ok(Cow::Owned(text.into_bytes()))
            }
            _ => Err("the encoding of the document is not known"),
        },
    }
}

fn declared_encoding(input: &[u8]) -> Option<&[u8]> {
    let mut cursor = Cursor::new(input.strip_prefix(b"<?xml")?);
    declaration(&mut cursor).ok().flatten()
}

/// After `<?xml`: version, encoding and standalone, in this order (XML 1.0 section 2.8).
/// Returns the encoding.
fn declaration<'t>(cursor: &mut Cursor<'t>) -> Result<Option<&'t [u8]>> {
    const MALFORMED: &str = "the XML declaration is malformed";
    let mut encoding = None;
    for (number, name) in [&b"version"[..], b"encoding", b"standalone"].into_iter().enumerate() {
        let white = cursor.skip_white();
        if !cursor.eat(name) {
            if number == 0 {
                return Err(cursor.wrong(MALFORMED));
            }
            // The white space belongs to the next name.
            cursor.at -= white;
            continue;
        }
        if white == 0 {
            return Err(cursor.wrong(MALFORMED));
        }
        cursor.skip_white();
        cursor.expect(b"=", MALFORMED)?;
        cursor.skip_white();
        let value = cursor.quoted()?;
        let sound = match number {
            0 => value.starts_with(b"1."),
            1 => value.first().is_some_and(u8::is_ascii_alphabetic),
            _ => matches!(value, b"yes" | b"no"),
        };
        if !sound {
            return Err(cursor.wrong(MALFORMED));
        }
        if number == 1 {
            encoding = Some(value);
        }
    }
    cursor.skip_white();
    cursor.expect(b"?>", MALFORMED)?;
    Ok(encoding)
}

struct Reader {
    document: Document,
    /// The elements that are not closed yet, the root first.
    open: Vec<u32>,
    entities: Entities,
    depth: usize,
    /// What is left of [`Limits::expanded`].
    budget: usize,
    /// What a node costs here.
    node: usize,
    /// The next character data begins a text node.
    fresh_text: bool,
}

impl Reader {
    fn document(&mut self, cursor: &mut Cursor<'_>) -> Result<()> {
        if cursor.rest().starts_with(b"<?xml") && !cursor.rest().starts_with(b"<?xml-") {
            cursor.at += b"<?xml".len();
            declaration(cursor)?;
        }
        let mut declared = false;
        loop {
            cursor.skip_white();
            if cursor.eat(b"<!--") {
                cursor.comment()?;
            } else if cursor.eat(b"<?") {
                cursor.instruction()?;
            } else if !declared && cursor.eat(b"<!DOCTYPE") {
                declared = true;
                self.entities.declaration(cursor)?;
            } else {
                break;
            }
        }
        cursor.expect(b"<", "the root element is missing")?;
        self.start_element(cursor)?;
        self.content(cursor, 0)?;
        loop {
            cursor.skip_white();
            if cursor.eat(b"<!--") {
                cursor.comment()?;
            } else if cursor.eat(b"<?") {
                cursor.instruction()?;
            } else if cursor.is_at_end() {
                return Ok(());
            } else {
                return Err(cursor.wrong("something follows the root element"));
            }
        }
    }

    /// Until the elements open now are closed, or to the end of an entity.
    fn content(&mut self, cursor: &mut Cursor<'_>, level: usize) -> Result<()> {
        let outer = if level == 0 { 0 } else { self.open.len() };
        while level > 0 || !self.open.is_empty() {
            let rest = cursor.rest();
            let plain = memchr::memchr2(b'<', b'&', rest).unwrap_or(rest.len());
            let text = &rest[..plain];
            check_characters(text).map_err(|reason| cursor.wrong(reason))?;
            if memchr::memmem::find(text, b"]]>").is_some() {
                return Err(cursor.wrong("the end of a CDATA section stands in text"));
            }
            self.text(text)?;
            cursor.at += plain;
            if cursor.is_at_end() {
                return match level {
                    0 => Err(cursor.wrong("an element is not closed")),
                    _ if self.open.len() != outer => {
                        Err(cursor.wrong("an element begins in an entity and ends elsewhere"))
                    }
                    _ => Ok(()),
                };
            }
            if cursor.eat(b"</") {
                if self.open.len() <= outer {
                    return Err(cursor.wrong("an end tag has no start"));
                }
                self.end_tag(cursor)?;
            } else if cursor.eat(b"<!--") {
                cursor.comment()?;
            } else if cursor.eat(b"<?") {
                cursor.instruction()?;
            } else if cursor.eat(b"<![CDATA[") {
                let start = cursor.clone();
                let text = cursor.until(b"]]>", "a CDATA section is not closed")?;
                check_characters(text).map_err(|reason| start.wrong(reason))?;
                self.text(text)?;
            } else if cursor.eat(b"<") {
                self.start_element(cursor)?;
            } else {
                cursor.at += 1;
                match cursor.reference()? {
                    Reference::Character(character) => {
                        self.text(character.encode_utf8(&mut [0; 4]).as_bytes())?;
                    }
                    Reference::Entity(name) => match predefined(name) {
                        Some(byte) => self.text(&[byte])?,
                        None => {
                            let text = self.entity(cursor, name, level)?;
                            let outer = std::mem::replace(&mut self.node, MADE_NODE);
                            self.content(&mut Cursor::new(&text), level + 1)?;
                            self.node = outer;
                        }
                    },
                }
            }
        }
        Ok(())
    }

    /// The replacement text of an entity, paid for.
    fn entity(
        &mut self,
        cursor: &Cursor<'_>,
        name: &[u8],
        level: usize,
    ) -> Result<std::rc::Rc<[u8]>> {
        let text = match self.entities.get(name) {
            Some(text) => text,
            None if self.entities.outside => [].into(),
            None => return Err(cursor.wrong("an entity is not declared")),
        };
        if level >= ENTITY_LEVELS {
            return Err(cursor.wrong("entities are nested too deeply"));
        }
        self.pay(MADE_NODE + text.len())?;
        Ok(text)
    }

    fn pay(&mut self, cost: usize) -> Result<()> {
        self.budget = self.budget.checked_sub(cost).ok_or(BodyError::Expanded)?;
        Ok(())
    }

    fn text(&mut self, text: &[u8]) -> Result<()> {
        if text.is_empty() {
            return Ok(());
        }
        self.pay(text.len())?;
        let start = position(self.document.text.len())?;
        append_lines(&mut self.document.text, text);
        let end = position(self.document.text.len())?;
        let parent = self.open.last().copied().unwrap_or_default();
        match self.document.texts.last_mut() {
            Some(node) if !self.fresh_text => node.end = end,
            _ => {
                self.pay(self.node)?;
                self.document.texts.push(Text { parent, start, end });
                self.fresh_text = false;
            }
        }
        Ok(())
    }

    /// After `<`.
    fn start_element(&mut self, cursor: &mut Cursor<'_>) -> Result<()> {
        let name = cursor.name()?;
        if self.open.len() >= self.depth {
            return Err(BodyError::Depth { format: "XML" });
        }
        self.pay(self.node + name.len())?;
        let index = position(self.document.elements.len())?;
        let parent = self.open.last().copied().unwrap_or(index);
        let start = position(self.document.text.len())?;
        let name = self.document.names.id(name).ok_or(BodyError::Expanded)?;
        self.document.elements.push(Element { name, parent, start, end: start });
        self.open.push(index);
        self.fresh_text = true;
        let first = self.document.attributes.len();
        loop {
            let white = cursor.skip_white();
            if cursor.eat(b"/>") {
                self.open.pop();
                self.end_element(index);
                return Ok(());
            }
            if cursor.eat(b">") {
                return Ok(());
            }
            if white == 0 {
                return Err(cursor.wrong("a start tag is malformed"));
            }
            self.attribute(cursor, index, first)?;
        }
    }

    fn attribute(&mut self, cursor: &mut Cursor<'_>, element: u32, first: usize) -> Result<()> {
        let name = cursor.name()?;
        cursor.skip_white();
        cursor.expect(b"=", "an attribute has no value")?;
        cursor.skip_white();
        let at = cursor.clone();
        let text = cursor.quoted()?;
        let start = self.document.values.len();
        self.value(&at, text, 0)?;
        if name == b"xmlns" || name.starts_with(b"xmlns:") {
            self.document.values.truncate(start);
            return Ok(());
        }
        self.pay(self.node + name.len())?;
        let name = self.document.names.id(name).ok_or(BodyError::Expanded)?;
        // Thousands of attributes on one element are looked at pairwise only up to here.
        const COMPARED: usize = 256;
        let siblings = &self.document.attributes[first..];
        if siblings.len() >= COMPARED {
            return Err(at.wrong("an element has too many attributes"));
        }
        if siblings.iter().any(|attribute| attribute.name == name) {
            return Err(at.wrong("an attribute is repeated"));
        }
        let (start, end) = (position(start)?, position(self.document.values.len())?);
        self.document.attributes.push(Attribute { element, name, start, end });
        Ok(())
    }

    /// Appends the normalised value (XML 1.0 section 3.3.3).
    fn value(&mut self, at: &Cursor<'_>, text: &[u8], level: usize) -> Result<()> {
        check_characters(text).map_err(|reason| at.wrong(reason))?;
        self.pay(text.len())?;
        let mut cursor = Cursor::new(text);
        while let Some(byte) = cursor.peek() {
            cursor.at += 1;
            match byte {
                b'<' => return Err(at.wrong("a less-than sign stands in an attribute")),
                b'\r' if cursor.peek() == Some(b'\n') => {}
                b'\t' | b'\n' | b'\r' => self.document.values.push(b' '),
                b'&' => {
                    match cursor.reference().map_err(|_| at.wrong("a reference is malformed"))? {
                        Reference::Character(character) => {
                            let bytes = &mut [0; 4];
                            let text = character.encode_utf8(bytes);
                            self.document.values.extend_from_slice(text.as_bytes());
                        }
                        Reference::Entity(name) => match predefined(name) {
                            Some(byte) => self.document.values.push(byte),
                            None => {
                                let text = self.entity(at, name, level)?;
                                self.value(at, &text, level + 1)?;
                            }
                        },
                    }
                }
                _ => self.document.values.push(byte),
            }
        }
        Ok(())
    }

    /// After `</`.
    fn end_tag(&mut self, cursor: &mut Cursor<'_>) -> Result<()> {
        let start = cursor.clone();
        let name = cursor.name()?;
        cursor.skip_white();
        cursor.expect(b">", "an end tag is malformed")?;
        let Some(element) = self.open.last().copied() else {
            return Err(start.wrong("an end tag has no start"));
        };
        let opened = &self.document.elements[element as usize];
        if self.document.names.get(opened.name) != name {
            return Err(start.wrong("an end tag closes another element"));
        }
        self.open.pop();
        self.end_element(element);
        Ok(())
    }

    fn end_element(&mut self, element: u32) {
        if let Ok(end) = position(self.document.text.len()) {
            self.document.elements[element as usize].end = end;
        }
        self.fresh_text = true;
    }
}

/// Documents of 4 GiB are refused.
fn position(length: usize) -> Result<u32> {
    u32::try_from(length).map_err(|_| BodyError::Expanded)
}
