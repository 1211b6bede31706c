//! The document type declaration: only its internal general entities matter.

use super::cursor::{Cursor, Reference, Result, check_characters};
use crate::body::BodyError;
use std::collections::HashMap;
use std::rc::Rc;

/// The replacement texts of entities; external ones are empty.
#[derive(Default)]
pub(super) struct Entities {
    texts: HashMap<Vec<u8>, Rc<[u8]>>,
    /// Other declarations may exist outside, so that an unknown entity ends nothing.
    pub outside: bool,
    /// The first thing a parser that trusts the document would load. Reading goes on: what
    /// follows is inspected as well.
    pub external: Option<BodyError>,
}

impl Entities {
    pub fn get(&self, name: &[u8]) -> Option<Rc<[u8]>> {
        self.texts.get(name).cloned()
    }

    /// Reads from after `<!DOCTYPE` to after its `>`.
    pub fn declaration(&mut self, cursor: &mut Cursor<'_>) -> Result<()> {
        if cursor.skip_white() == 0 {
            return Err(cursor.wrong("a document type has no name"));
        }
        cursor.name()?;
        cursor.skip_white();
        let start = cursor.clone();
        self.outside = external_identifier(cursor)?;
        if self.outside {
            self.external = Some(start.wrong("the document type is external"));
        }
        cursor.skip_white();
        if cursor.eat(b"[") {
            while !cursor.eat(b"]") {
                self.in_subset(cursor)?;
            }
            cursor.skip_white();
        }
        cursor.expect(b">", "a document type is not closed")
    }

    fn in_subset(&mut self, cursor: &mut Cursor<'_>) -> Result<()> {
        if cursor.skip_white() > 0 {
            return Ok(());
        }
        if cursor.eat(b"<!--") {
            return cursor.comment();
        }
        if cursor.eat(b"<?") {
            return cursor.instruction();
        }
        if cursor.eat(b"<!ENTITY") {
            return self.entity(cursor);
        }
        let others: [&[u8]; 3] = [b"<!ELEMENT", b"<!ATTLIST", b"<!NOTATION"];
        if others.iter().any(|other| cursor.eat(other)) {
            let separated = cursor.skip_white() > 0;
            cursor.name()?;
            if !separated || cursor.skip_white() == 0 {
                return Err(cursor.wrong("a declaration is malformed"));
            }
            return skip_declaration(cursor);
        }
        if cursor.peek() == Some(b'%') {
            return Err(cursor.wrong("a parameter entity is used"));
        }
        Err(cursor.wrong("a document type has an unknown declaration"))
    }

    /// The first declaration of a name counts.
    fn entity(&mut self, cursor: &mut Cursor<'_>) -> Result<()> {
        if cursor.skip_white() == 0 {
            return Err(cursor.wrong("an entity has no name"));
        }
        let parameter = cursor.eat(b"%") && cursor.skip_white() > 0;
        let name = cursor.name()?;
        if cursor.skip_white() == 0 {
            return Err(cursor.wrong("an entity has no value"));
        }
        let start = cursor.clone();
        let value = if external_identifier(cursor)? {
            self.external.get_or_insert_with(|| start.wrong("an external entity is declared"));
            Vec::new()
        } else {
            let text = cursor.quoted()?;
            check_characters(text).map_err(|reason| start.wrong(reason))?;
            replacement(text).map_err(|_| start.wrong("the value of an entity is malformed"))?
        };
        skip_declaration(cursor)?;
        if !parameter {
            self.texts.entry(name.to_vec()).or_insert_with(|| value.into());
        }
        Ok(())
    }
}

/// Decodes character references and leaves the others (XML 1.0 section 4.5).
fn replacement(text: &[u8]) -> Result<Vec<u8>> {
    let mut cursor = Cursor::new(text);
    let mut out = Vec::with_capacity(text.len());
    while let Some(byte) = cursor.peek() {
        if byte == b'%' {
            return Err(cursor.wrong("a parameter entity is used"));
        }
        let start = cursor.at;
        cursor.at += 1;
        match byte {
            b'&' => match cursor.reference()? {
                Reference::Character(character) => {
                    out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                }
                Reference::Entity(_) => out.extend_from_slice(&text[start..cursor.at]),
            },
            _ => out.push(byte),
        }
    }
    Ok(out)
}

/// `SYSTEM "..."` or `PUBLIC "..." "..."`, never followed.
fn external_identifier(cursor: &mut Cursor<'_>) -> Result<bool> {
    let literals = if cursor.eat(b"SYSTEM") {
        1
    } else if cursor.eat(b"PUBLIC") {
        2
    } else {
        return Ok(false);
    };
    for _ in 0..literals {
        cursor.skip_white();
        cursor.quoted()?;
    }
    Ok(true)
}

/// To after the `>`, over quoted text.
fn skip_declaration(cursor: &mut Cursor<'_>) -> Result<()> {
    loop {
        match cursor.peek() {
            None => return Err(cursor.wrong("a declaration is not closed")),
            Some(b'>') => {
                cursor.at += 1;
                return Ok(());
            }
            Some(b'"' | b'\'') => {
                cursor.quoted()?;
            }
            Some(b'<' | 0..=8 | 0x0b | 0x0c | 0x0e..=0x1f) => {
                return Err(cursor.wrong("a declaration is malformed"));
            }
            Some(_) => cursor.at += 1,
        }
    }
}
