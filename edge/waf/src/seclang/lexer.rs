//! Splits a rules file into statements of words and quoted strings.
//!
//! A statement is one logical line: a backslash at the end of a line joins the next one.
//! Every token can give the file position of any of its bytes, also across joined lines.

use std::sync::Arc;

use super::position::{Position, SourceError};

/// One argument, unquoted.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) text: String,
    file: Arc<str>,
    /// `(offset in text, line, column)`, ascending; positions between are linear.
    marks: Vec<(usize, u32, u32)>,
}

impl Token {
    pub(crate) fn position(&self, offset: usize) -> Position {
        let index = self.marks.partition_point(|mark| mark.0 <= offset);
        let (start, line, column) =
            index.checked_sub(1).and_then(|i| self.marks.get(i)).copied().unwrap_or((0, 1, 1));
        Position {
            file: Arc::clone(&self.file),
            line,
            column: column.saturating_add(u32::try_from(offset - start).unwrap_or(0)),
        }
    }

    pub(crate) fn error(&self, offset: usize, message: impl Into<String>) -> SourceError {
        SourceError::new(self.position(offset), message)
    }
}

/// A directive's name and its arguments.
#[derive(Clone, Debug)]
pub(crate) struct Statement {
    pub(crate) name: Token,
    pub(crate) arguments: Vec<Token>,
}

/// Reads all statements of one file.
pub(crate) fn statements(file: &Arc<str>, source: &[u8]) -> Result<Vec<Statement>, SourceError> {
    let mut lexer = Lexer {
        file,
        source: source.strip_prefix(b"\xef\xbb\xbf").unwrap_or(source),
        at: 0,
        line: 1,
        column: 1,
    };
    let mut all = Vec::new();
    while let Some(statement) = lexer.statement()? {
        all.push(statement);
    }
    Ok(all)
}

struct Lexer<'a> {
    file: &'a Arc<str>,
    source: &'a [u8],
    at: usize,
    line: u32,
    column: u32,
}

impl Lexer<'_> {
    fn peek(&self) -> Option<u8> {
        self.source.get(self.at).copied()
    }

    fn bump(&mut self) {
        if self.peek() == Some(b'\n') {
            self.line += 1;
            self.column = 1;
        } else {
            self.column += 1;
        }
        self.at += 1;
    }

    /// Length of a line continuation (`\` and a line end) at the cursor.
    fn continuation(&self) -> usize {
        match self.source.get(self.at..) {
            Some([b'\\', b'\n', ..]) => 2,
            Some([b'\\', b'\r', b'\n', ..]) => 3,
            _ => 0,
        }
    }

    fn skip_blanks(&mut self) {
        loop {
            let joined = self.continuation();
            if joined > 0 {
                (0..joined).for_each(|_| self.bump());
            } else if matches!(self.peek(), Some(b' ' | b'\t' | b'\r')) {
                self.bump();
            } else {
                return;
            }
        }
    }

    fn statement(&mut self) -> Result<Option<Statement>, SourceError> {
        loop {
            self.skip_blanks();
            match self.peek() {
                None => return Ok(None),
                Some(b'\n') => self.bump(),
                Some(b'#') => {
                    // A comment, too, goes on where its line ends with a backslash.
                    while self.peek().is_some_and(|b| b != b'\n') {
                        (0..self.continuation().max(1)).for_each(|_| self.bump());
                    }
                }
                Some(_) => break,
            }
        }
        let name = self.token()?;
        let mut arguments = Vec::new();
        loop {
            self.skip_blanks();
            match self.peek() {
                None | Some(b'\n') => break,
                Some(_) => arguments.push(self.token()?),
            }
        }
        Ok(Some(Statement { name, arguments }))
    }

    fn here(&self) -> Position {
        Position { file: Arc::clone(self.file), line: self.line, column: self.column }
    }

    fn token(&mut self) -> Result<Token, SourceError> {
        let begin = self.here();
        let quote = self.peek().filter(|b| matches!(b, b'"' | b'\''));
        if quote.is_some() {
            self.bump();
        }
        let mut text = Vec::new();
        let mut marks = vec![(0, self.line, self.column)];
        loop {
            let joined = self.continuation();
            if joined > 0 {
                (0..joined).for_each(|_| self.bump());
                marks.push((text.len(), self.line, self.column));
                continue;
            }
            match (self.peek(), quote) {
                (None | Some(b'\n'), Some(_)) => {
                    return Err(SourceError::new(begin, "the quoted string does not end"));
                }
                (None | Some(b' ' | b'\t' | b'\r' | b'\n'), None) => break,
                (Some(byte), Some(q)) if byte == q => {
                    self.bump();
                    break;
                }
                (Some(b'\\'), Some(q)) if self.source.get(self.at + 1) == Some(&q) => {
                    self.bump();
                    marks.push((text.len(), self.line, self.column));
                    text.push(q);
                    self.bump();
                }
                // An escaped backslash stays as written, but its second half cannot
                // escape the closing quote.
                (Some(b'\\'), Some(_)) if self.source.get(self.at + 1) == Some(&b'\\') => {
                    text.extend_from_slice(b"\\\\");
                    self.bump();
                    self.bump();
                }
                (Some(byte), _) => {
                    text.push(byte);
                    self.bump();
                }
            }
        }
        let text = String::from_utf8(text)
            .map_err(|e| SourceError::new(begin, "the text is not UTF-8").caused_by(e))?;
        Ok(Token { text, file: Arc::clone(self.file), marks })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lex(source: &str) -> Vec<Statement> {
        statements(&Arc::from("t.conf"), source.as_bytes()).unwrap()
    }

    #[test]
    fn joins_lines_and_unquotes() {
        let all =
            lex("# c\nSecRule ARGS \"@rx a\\\"b\\d\" \\\n  \"id:1,\\\n   deny\"\nSecMarker X\n");
        assert_eq!(all.len(), 2);
        assert_eq!(all[0].arguments[1].text, "@rx a\"b\\d");
        assert_eq!(all[0].arguments[2].text, "id:1,   deny");
        let at = all[0].arguments[2].position(8);
        assert_eq!((at.line, at.column), (4, 4));
    }

    #[test]
    fn an_escaped_backslash_does_not_escape_the_quote() {
        let all = lex(r#"SecRule ARGS "a\\" "id:1""#);
        assert_eq!(all[0].arguments.len(), 3);
        assert_eq!(all[0].arguments[1].text, r"a\\");
    }

    #[test]
    fn a_comment_goes_on_after_a_backslash() {
        let all = lex("# a \\\nSecRule x\n#b\nSecMarker y");
        assert_eq!(all.len(), 1);
        assert_eq!(all[0].name.text, "SecMarker");
    }

    #[test]
    fn an_open_string_is_an_error_at_its_start() {
        let error = statements(&Arc::from("t.conf"), b"\nSecRule ARGS \"x").unwrap_err();
        assert_eq!((error.at.line, error.at.column), (2, 14));
    }
}
