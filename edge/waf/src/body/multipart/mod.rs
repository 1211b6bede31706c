//! `multipart/form-data` (RFC 7578, RFC 2046 section 5.1), read strictly.
//!
//! A body that two parsers could read differently is an attack on whichever reads it
//! second. So every deviation sets a flag that rules test (`MULTIPART_STRICT_ERROR` and
//! its parts), and what was understood is kept for inspection all the same. The flags
//! are libmodsecurity 3.0.9's, with three differences on the safe side: line ends
//! inside values are kept, an empty boundary and a repeated part header are errors, and
//! the parts before an error are reported.

mod boundary;
mod disposition;

use super::{BodyError, Limits};
use boundary::Boundary;

/// Reason of a body that ends before its last boundary.
pub(crate) const UNFINISHED: &str = "the final boundary is missing";

/// More header lines in one part are refused.
const HEADERS: usize = 100;

/// The longest line that is looked at as a whole; longer ones are data.
const LINE: usize = 4_096;

/// What a parser may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Bounds on parts and bytes.
    pub limits: Limits,
    /// Keep the contents of files (`FILES_TMP_CONTENT`), not just their sizes.
    pub file_contents: bool,
    /// More files set a flag (`SecUploadFileLimit`).
    pub files: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { limits: Limits::default(), file_contents: false, files: 100 }
    }
}

/// A field or a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Part {
    /// The field's name.
    pub name: Vec<u8>,
    /// The file's name as the client said it; `None` for a field.
    pub filename: Option<Vec<u8>>,
    /// The header lines, unfolded, without line ends.
    pub headers: Vec<Vec<u8>>,
    /// The value of a field; the contents of a file only if they were asked for.
    pub value: Vec<u8>,
    /// The bytes of the value or file.
    pub size: usize,
}

/// What was unusual about a body.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a variable of the rule language")]
pub struct Flags {
    /// The structure is broken beyond reading on.
    pub error: bool,
    /// `MULTIPART_BOUNDARY_QUOTED`.
    pub boundary_quoted: bool,
    /// `MULTIPART_BOUNDARY_WHITESPACE`.
    pub boundary_whitespace: bool,
    /// `MULTIPART_DATA_BEFORE`.
    pub data_before: bool,
    /// `MULTIPART_DATA_AFTER`.
    pub data_after: bool,
    /// `MULTIPART_HEADER_FOLDING`.
    pub header_folding: bool,
    /// `MULTIPART_LF_LINE`.
    pub lf_line: bool,
    /// A line ended with CR and LF.
    pub crlf_line: bool,
    /// `MULTIPART_MISSING_SEMICOLON` (`MULTIPART_SEMICOLON_MISSING`).
    pub missing_semicolon: bool,
    /// `MULTIPART_INVALID_QUOTING`.
    pub invalid_quoting: bool,
    /// `MULTIPART_INVALID_PART`.
    pub invalid_part: bool,
    /// `MULTIPART_INVALID_HEADER_FOLDING`.
    pub invalid_header_folding: bool,
    /// `MULTIPART_FILE_LIMIT_EXCEEDED`.
    pub file_limit_exceeded: bool,
    /// `MULTIPART_UNMATCHED_BOUNDARY`: 1 after a line that looks like a boundary, 2 once
    /// a second boundary has matched.
    pub unmatched_boundary: u8,
}

impl Flags {
    /// `MULTIPART_CRLF_LF_LINES`: both kinds of line ends.
    #[must_use]
    pub fn mixed_line_ends(&self) -> bool {
        self.crlf_line && self.lf_line
    }

    /// `MULTIPART_STRICT_ERROR`.
    #[must_use]
    pub fn strict_error(&self) -> bool {
        self.error
            || self.boundary_quoted
            || self.boundary_whitespace
            || self.data_before
            || self.data_after
            || self.header_folding
            || self.lf_line
            || self.missing_semicolon
            || self.invalid_quoting
            || self.invalid_part
            || self.invalid_header_folding
            || self.file_limit_exceeded
    }
}

/// A body taken apart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Multipart {
    /// In the order of the body; the last may be unfinished if there is an error.
    pub parts: Vec<Part>,
    /// Every `name` met, also of broken parts (`MULTIPART_NAME`).
    pub names: Vec<Vec<u8>>,
    /// Every `filename` met (`MULTIPART_FILENAME`).
    pub filenames: Vec<Vec<u8>>,
    /// What was unusual.
    pub flags: Flags,
    /// Bytes of headers and fields (`SecRequestBodyNoFilesLimit`).
    pub no_files_length: usize,
    /// The first error.
    pub error: Option<BodyError>,
}

/// Where in a part the next line stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Header,
    /// After the headers, before the first line.
    FirstLine,
    Data,
}

/// The part being read.
#[derive(Debug)]
struct Open {
    part: Part,
    place: Place,
    /// The line end before a boundary belongs to the boundary: it waits here.
    line_end: &'static [u8],
}

/// Reads a body in pieces.
#[derive(Debug)]
pub struct Parser {
    options: Options,
    boundary: Option<Boundary>,
    /// The line so far, at most [`LINE`] bytes.
    line: Vec<u8>,
    /// `line` begins where a line begins.
    at_line_start: bool,
    /// The line end before `line`, empty at the beginning and within a long line.
    line_end: &'static [u8],
    open: Option<Open>,
    boundaries: usize,
    complete: bool,
    /// Nothing more is read.
    stopped: bool,
    seen_data: bool,
    files: usize,
    expanded: usize,
    read: Multipart,
}

impl Parser {
    /// A parser for a body of that `Content-Type`.
    #[must_use]
    pub fn new(content_type: &[u8], options: Options) -> Self {
        let mut read = Multipart::default();
        let boundary = match Boundary::parse(content_type, &mut read.flags) {
            Ok(boundary) => Some(boundary),
            Err(reason) => {
                read.flags.error = true;
                read.error = Some(BodyError::Multipart(reason));
                None
            }
        };
        Self {
            options,
            stopped: boundary.is_none(),
            boundary,
            line: Vec::new(),
            at_line_start: true,
            line_end: b"",
            open: None,
            boundaries: 0,
            complete: false,
            seen_data: false,
            files: 0,
            expanded: 0,
            read,
        }
    }

    /// Reads more of the body.
    pub fn push(&mut self, mut bytes: &[u8]) {
        self.seen_data |= !bytes.is_empty();
        while !self.stopped && !bytes.is_empty() {
            if self.complete {
                self.read.flags.data_after = true;
                return;
            }
            let room = &bytes[..bytes.len().min(LINE - self.line.len())];
            let end = memchr::memchr(b'\n', room).map(|at| at + 1);
            let mut taken = end.unwrap_or(room.len());
            // A line end is never split between two segments.
            let full = end.is_none() && self.line.len() + taken == LINE;
            let split = full && bytes[taken - 1] == b'\r';
            if split {
                taken -= 1;
            }
            self.line.extend_from_slice(&bytes[..taken]);
            bytes = &bytes[taken..];
            if end.is_some() || full {
                let line = std::mem::take(&mut self.line);
                if let Err(reason) = self.segment(&line) {
                    self.read.flags.error = true;
                    self.stopped = true;
                    self.fail(reason);
                }
                self.at_line_start = end.is_some();
                self.line_end = split_line_end(&line).1;
                self.line = line;
                self.line.clear();
            }
        }
    }

    /// Ends the body and returns what was read.
    #[must_use]
    pub fn finish(mut self) -> Multipart {
        if self.seen_data && !self.complete && self.boundary.is_some() {
            self.end_without_line_end();
        }
        self.read
    }

    fn end_without_line_end(&mut self) {
        if self.boundaries == 0 {
            self.fail(BodyError::Multipart("no boundaries found in the payload"));
            return;
        }
        let line = std::mem::take(&mut self.line);
        if !self.stopped && self.at_line_start && self.is_last_boundary(&line) {
            self.read.flags.invalid_part |=
                self.open.as_ref().is_some_and(|open| open.place != Place::Data);
            self.read.flags.lf_line |= self.line_end == b"\n";
            self.close_part();
            return;
        }
        self.fail(BodyError::Multipart(UNFINISHED));
        self.open.take_if(|open| open.place == Place::Header);
        if !self.stopped
            && !line.is_empty()
            && let Some(Open { place: Place::FirstLine | Place::Data, .. }) = self.open
            && let Err(error) = self.data(&line)
        {
            self.fail(error);
        }
        self.close_part();
    }

    fn is_last_boundary(&self, line: &[u8]) -> bool {
        let boundary = self.boundary.as_ref().map_or(&b""[..], Boundary::text);
        line.strip_prefix(b"--").and_then(|rest| rest.strip_prefix(boundary)) == Some(b"--")
    }

    /// Keeps the first error.
    fn fail(&mut self, error: BodyError) {
        self.read.error.get_or_insert(error);
    }

    /// A line, or a piece of one that is longer than [`LINE`].
    fn segment(&mut self, line: &[u8]) -> Result<(), BodyError> {
        let Some(boundary) = self.boundary.take() else { return Ok(()) };
        let looked_at = self.look_for(&boundary, line);
        self.boundary = Some(boundary);
        if looked_at? {
            return Ok(());
        }
        match self.open.as_ref().map(|open| open.place) {
            None => {
                self.read.flags.data_before = true;
                Ok(())
            }
            Some(Place::Header) if line.len() >= LINE || !line.ends_with(b"\n") => {
                Err(BodyError::Multipart("a part header line is too long"))
            }
            Some(Place::Header) => {
                if let Err(error) = self.header(line) {
                    self.fail(error);
                }
                Ok(())
            }
            Some(_) => self.data(line),
        }
    }

    /// Whether the line was a boundary and is dealt with.
    fn look_for(&mut self, boundary: &Boundary, line: &[u8]) -> Result<bool, BodyError> {
        if !self.at_line_start {
            return Ok(false);
        }
        let flags = &mut self.read.flags;
        let visible = memchr::memchr(0, line).unwrap_or(line.len());
        let Some(after_dashes) = line.strip_prefix(b"--").filter(|_| visible > 3) else {
            if boundary.is_within(line) {
                flags.unmatched_boundary = 1;
            }
            return Ok(false);
        };
        let Some(rest) = after_dashes.strip_prefix(boundary.text()) else {
            let quoted = after_dashes.strip_prefix(b"\"");
            if flags.boundary_quoted && quoted.is_some_and(|q| q.starts_with(boundary.text())) {
                return Err(BodyError::Multipart("a boundary is quoted"));
            }
            let white = after_dashes.iter().take_while(|byte| is_space(**byte)).count();
            if white > 0 && after_dashes[white..].starts_with(boundary.text()) {
                return Err(BodyError::Multipart("white space precedes a boundary"));
            }
            flags.unmatched_boundary = 1;
            return Ok(false);
        };
        if self.open.as_ref().is_some_and(|open| open.place != Place::Data) {
            // Without a line end before it, it is no boundary.
            flags.invalid_part = true;
            return Ok(false);
        }
        if self.boundaries > 0 {
            flags.unmatched_boundary = 2;
        }
        // The line end before a boundary is part of it.
        flags.lf_line |= self.line_end == b"\n";
        let (last, rest) = match rest.strip_prefix(b"--") {
            Some(rest) => (true, rest),
            None => (false, rest),
        };
        match rest {
            b"\r\n" => flags.crlf_line = true,
            b"\n" => flags.lf_line = true,
            _ => return Err(BodyError::Multipart("something follows a boundary")),
        }
        self.close_part();
        if last {
            self.complete = true;
        } else {
            if self.read.parts.len() >= self.options.limits.arguments {
                return Err(BodyError::Arguments);
            }
            let part = Part::default();
            self.open = Some(Open { part, place: Place::Header, line_end: b"" });
        }
        self.boundaries += 1;
        Ok(true)
    }

    fn close_part(&mut self) {
        let Some(open) = self.open.take() else { return };
        if open.place == Place::Header {
            self.read.flags.invalid_part = true;
        } else {
            self.read.parts.push(open.part);
        }
    }

    fn header(&mut self, line: &[u8]) -> Result<(), BodyError> {
        let Some(open) = &mut self.open else { return Ok(()) };
        if line.contains(&0) {
            return Err(BodyError::Multipart("a NUL stands in a part header"));
        }
        self.read.no_files_length += line.len();
        let text = match line {
            [text @ .., b'\r', b'\n'] => {
                self.read.flags.crlf_line = true;
                text
            }
            _ => {
                self.read.flags.lf_line = true;
                line.strip_suffix(b"\n").unwrap_or(line)
            }
        };
        if text.is_empty() {
            return self.headers_end();
        }
        let returns = text.iter().rev().take_while(|byte| **byte == b'\r').count();
        let text = &text[..text.len() - returns];
        if is_space(line[0]) {
            let flags = &mut self.read.flags;
            flags.header_folding = true;
            let white = text.iter().take_while(|byte| is_space(**byte)).count();
            // A line of nothing but white space folds its own line end.
            let prefix = line.iter().take_while(|byte| is_space(**byte));
            flags.invalid_header_folding |=
                prefix.copied().any(|byte| !matches!(byte, b' ' | b'\t'));
            let Some(folded) = open.part.headers.last_mut() else {
                return Err(BodyError::Multipart("a part begins with a folded header"));
            };
            folded.push(b' ');
            folded.extend_from_slice(&text[white..]);
            if folded.len() > LINE {
                return Err(BodyError::Multipart("a part header is too long"));
            }
        } else {
            let Some(colon) = memchr::memchr(b':', text) else {
                return Err(BodyError::Multipart("a part header has no colon"));
            };
            if colon == 0 {
                return Err(BodyError::Multipart("a part header has no name"));
            }
            if open
                .part
                .headers
                .iter()
                .any(|known| header_name(known).eq_ignore_ascii_case(&text[..colon]))
            {
                return Err(BodyError::Multipart("a part header is repeated"));
            }
            if open.part.headers.len() >= HEADERS {
                return Err(BodyError::Multipart("a part has too many headers"));
            }
            open.part.headers.push(text.to_vec());
            // Kept all the same: rules look at such names.
            if !text[..colon].iter().all(u8::is_ascii_graphic) {
                self.fail(BodyError::Multipart("a part header's name has an invalid character"));
            }
        }
        self.expand(text.len())
    }

    /// The empty line after the headers.
    fn headers_end(&mut self) -> Result<(), BodyError> {
        let Some(open) = &mut self.open else { return Ok(()) };
        let disposition = open.part.headers.iter().find_map(|line| {
            header_name(line)
                .eq_ignore_ascii_case(b"content-disposition")
                .then(|| disposition::skip_blank(&line[header_name(line).len() + 1..]))
        });
        let Some(disposition) = disposition else {
            return Err(BodyError::Multipart("a part has no Content-Disposition"));
        };
        let length = disposition.len();
        let outcome = disposition::parse(disposition, &mut self.read);
        // Every empty line after a wrong header comes here again.
        self.expanded += length;
        if self.expanded > self.options.limits.expanded {
            self.stopped = true;
            return Err(BodyError::Expanded);
        }
        let names = outcome.map_err(BodyError::Multipart)?;
        open.part.name = names.name;
        open.part.filename = names.filename;
        open.place = Place::FirstLine;
        if open.part.filename.is_some() {
            self.files += 1;
            self.read.flags.file_limit_exceeded |= self.files > self.options.files;
        }
        Ok(())
    }

    fn data(&mut self, line: &[u8]) -> Result<(), BodyError> {
        let Some(open) = &mut self.open else { return Ok(()) };
        let (text, line_end) = split_line_end(line);
        let before = std::mem::replace(&mut open.line_end, line_end);
        open.place = Place::Data;
        let length = before.len() + text.len();
        open.part.size += length;
        let file = open.part.filename.is_some();
        if !file || self.options.file_contents {
            open.part.value.extend_from_slice(before);
            open.part.value.extend_from_slice(text);
        }
        if file {
            return Ok(());
        }
        self.read.no_files_length += length;
        self.expand(length)
    }

    fn expand(&mut self, length: usize) -> Result<(), BodyError> {
        self.expanded += length;
        if self.expanded > self.options.limits.expanded {
            self.stopped = true;
            return Err(BodyError::Expanded);
        }
        Ok(())
    }
}

fn split_line_end(line: &[u8]) -> (&[u8], &'static [u8]) {
    match line {
        [text @ .., b'\r', b'\n'] => (text, b"\r\n"),
        [text @ .., b'\n'] => (text, b"\n"),
        text => (text, b""),
    }
}

fn header_name(line: &[u8]) -> &[u8] {
    &line[..memchr::memchr(b':', line).unwrap_or(line.len())]
}

fn is_space(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte == 0x0b
}

#[cfg(test)]
mod tests;
