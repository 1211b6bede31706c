//! Request bodies: the processor's result becomes variables.

use super::Transaction;
use crate::{
    body::{Argument, BodyError, Limits, Parsed, json, multipart, urlencoded, xml},
    rule::{action::BodyProcessor, variable::Variable},
    seclang::XmlArguments,
};

/// Where arguments come from. Those of JSON are in `ARGS` alone, as in libmodsecurity.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Origin {
    Query,
    Form,
    Json,
}

impl Transaction {
    /// The limits for a text of `length` bytes.
    pub(super) fn limits(&self, length: usize) -> Limits {
        let settings = &self.rules.settings;
        Limits {
            arguments: settings.arguments_limit,
            depth: settings.json_depth_limit,
            ..Limits::default()
        }
        .for_length(length)
    }

    /// Adds the arguments of a query or a form.
    pub(super) fn urlencoded_arguments(&mut self, text: &[u8], posted: bool) {
        let limits = self.limits(text.len());
        let form = urlencoded::parse(text, self.rules.settings.argument_separator, &limits);
        if form.invalid_encoding {
            self.set(Variable::UrlencodedError, b"1");
        }
        self.arguments(form.parsed, if posted { Origin::Form } else { Origin::Query });
    }

    fn arguments(&mut self, parsed: Parsed, origin: Origin) {
        let of_kind = match origin {
            Origin::Query => Some((Variable::ArgsGet, Variable::ArgsGetNames)),
            Origin::Form => Some((Variable::ArgsPost, Variable::ArgsPostNames)),
            Origin::Json => None,
        };
        for argument in &parsed.arguments {
            if self.work.fields[Variable::Args as usize].len()
                >= self.rules.settings.arguments_limit
            {
                self.arguments_cut = true;
                break;
            }
            self.arguments_size += argument.name.len() + argument.value.len();
            let name = self.work.values.push(&argument.name);
            let value = self.work.values.push(&argument.value);
            self.add(Variable::Args, name, value);
            self.add(Variable::ArgsNames, name, name);
            if let Some((of_kind, names_of_kind)) = of_kind {
                self.add(of_kind, name, value);
                self.add(names_of_kind, name, name);
            }
        }
        if !parsed.arguments.is_empty() {
            self.set_number(Variable::ArgsCombinedSize, self.arguments_size);
        }
        if let Some(error) = parsed.error {
            match error {
                // The rest of the arguments is left out, which a rule on &ARGS can see.
                BodyError::Arguments => self.arguments_cut = true,
                other if origin != Origin::Query => self.body_error(&other.to_string()),
                _ => self.set(Variable::UrlencodedError, b"1"),
            }
        }
    }

    /// Whether a body has this error only because what is above the limit is not looked at,
    /// which `INBOUND_DATA_ERROR` tells.
    fn is_of_the_cut(&self, error: &BodyError, length: usize) -> bool {
        self.body_over_limit
            && match error {
                BodyError::Syntax { at, .. } => *at >= length,
                BodyError::Multipart(reason) => *reason == multipart::UNFINISHED,
                _ => false,
            }
    }

    pub(super) fn body_error(&mut self, message: &str) {
        for variable in [Variable::ReqbodyError, Variable::ReqbodyProcessorError] {
            self.set(variable, b"1");
        }
        for variable in [Variable::ReqbodyErrorMsg, Variable::ReqbodyProcessorErrorMsg] {
            self.set(variable, message.as_bytes());
        }
    }

    pub(super) fn parse_request_body(&mut self) {
        if self.work.fields[Variable::InboundDataError as usize].is_empty() {
            self.set(Variable::InboundDataError, b"0");
        }
        self.set(Variable::ReqbodyError, b"0");
        self.set(Variable::ReqbodyProcessorError, b"0");
        if self.wants_request_body() {
            self.read_request_body();
        }
        // Also of a query, and of cookies: what is not inspected must be seen.
        if self.arguments_cut {
            self.body_error("too many arguments");
        }
    }

    fn read_request_body(&mut self) {
        let body = std::mem::take(&mut self.request_body);
        match self.body_processor {
            Some(BodyProcessor::Urlencoded) => self.urlencoded_arguments(&body, true),
            Some(BodyProcessor::Json) if !body.is_empty() => {
                let mut parsed = json::flatten(&body, &self.limits(body.len()));
                parsed.error = parsed.error.filter(|e| !self.is_of_the_cut(e, body.len()));
                self.arguments(parsed, Origin::Json);
            }
            Some(BodyProcessor::Json) | None => {}
            Some(BodyProcessor::Multipart) => self.multipart(&body),
            Some(BodyProcessor::Xml) => self.xml(&body),
        }
        // Files and markup are inspected as what they are, not as raw text: the variable is
        // theirs only by force, as the reference manual has it.
        let raw =
            !matches!(self.body_processor, Some(BodyProcessor::Multipart | BodyProcessor::Xml));
        if !body.is_empty() && (self.force_body || raw) {
            self.set(Variable::RequestBody, &body);
        }
        self.full_request(&body);
        if !body.is_empty() {
            self.set_number(Variable::RequestBodyLength, body.len());
        }
    }

    fn full_request(&mut self, body: &[u8]) {
        let wanted = [Variable::FullRequest, Variable::FullRequestLength];
        let used = self
            .rules
            .sets
            .iter()
            .flat_map(|set| &set.targets)
            .any(|t| wanted.contains(&t.variable));
        if !used {
            return;
        }
        let mut text = Vec::new();
        for entry in &self.work.fields[Variable::RequestHeaders as usize] {
            if let Some(name) = entry.name {
                text.extend_from_slice(self.work.values.get(name));
                text.extend_from_slice(b": ");
                text.extend_from_slice(self.work.values.get(entry.value));
                text.push(b'\n');
            }
        }
        text.extend_from_slice(b"\n\n");
        text.extend_from_slice(body);
        self.set(Variable::FullRequest, &text);
        self.set_number(Variable::FullRequestLength, text.len());
    }

    fn multipart(&mut self, body: &[u8]) {
        let settings = &self.rules.settings;
        let (files, most) = (settings.upload_file_limit, settings.request_body_no_files_limit);
        let options = multipart::Options {
            limits: self.limits(body.len()),
            file_contents: self.rules.inspects_files,
            files,
        };
        let content_type = self.multipart_type().to_vec();
        let mut parser = multipart::Parser::new(&content_type, options);
        parser.push(body);
        let read = parser.finish();
        self.multipart_flags(&read.flags);
        let (mut fields, mut size) = (Vec::new(), 0);
        for part in read.parts {
            let name = self.work.values.push(&part.name);
            for header in &part.headers {
                let header = self.work.values.push(header);
                self.add(Variable::MultipartPartHeaders, name, header);
            }
            let Some(filename) = part.filename else {
                fields.push(Argument { name: part.name, value: part.value });
                continue;
            };
            size += part.size;
            let filename = self.work.values.push(&filename);
            let length = self.work.values.push(part.size.to_string().as_bytes());
            let content = self.work.values.push(&part.value);
            self.add(Variable::Files, name, filename);
            self.add(Variable::FilesNames, name, name);
            self.add(Variable::FilesSizes, name, length);
            self.add(Variable::FilesTmpContent, name, content);
        }
        self.arguments(Parsed { arguments: fields, error: None }, Origin::Form);
        self.set_number(Variable::FilesCombinedSize, size);
        for (variable, names) in
            [(Variable::MultipartName, read.names), (Variable::MultipartFilename, read.filenames)]
        {
            for name in names {
                let name = self.work.values.push(&name);
                self.add(variable, name, name);
            }
        }
        if let Some(error) = read.error.filter(|e| !self.is_of_the_cut(e, body.len())) {
            self.body_error(&error.to_string());
        }
        if read.no_files_length > most {
            self.body_error("the fields of the body are above the limit");
            self.refuse_body();
        }
    }

    fn multipart_flags(&mut self, flags: &multipart::Flags) {
        for (variable, on) in [
            (Variable::MultipartStrictError, flags.strict_error()),
            (Variable::MultipartBoundaryQuoted, flags.boundary_quoted),
            (Variable::MultipartBoundaryWhitespace, flags.boundary_whitespace),
            (Variable::MultipartDataBefore, flags.data_before),
            (Variable::MultipartDataAfter, flags.data_after),
            (Variable::MultipartHeaderFolding, flags.header_folding),
            (Variable::MultipartLfLine, flags.lf_line),
            (Variable::MultipartCrlfLfLines, flags.mixed_line_ends()),
            (Variable::MultipartMissingSemicolon, flags.missing_semicolon),
            (Variable::MultipartInvalidQuoting, flags.invalid_quoting),
            (Variable::MultipartInvalidPart, flags.invalid_part),
            (Variable::MultipartInvalidHeaderFolding, flags.invalid_header_folding),
            (Variable::MultipartFileLimitExceeded, flags.file_limit_exceeded),
        ] {
            self.set(variable, if on { b"1" } else { b"0" });
        }
        self.set_number(
            Variable::MultipartUnmatchedBoundary,
            usize::from(flags.unmatched_boundary),
        );
    }

    /// The `Content-Type` whose boundary counts: the last that asks for multipart, as the
    /// last one chose the processor. Reading another would leave the body unread.
    fn multipart_type(&self) -> &[u8] {
        const MULTIPART: &[u8] = b"multipart/form-data";
        let mut chosen = &b""[..];
        for entry in &self.work.fields[Variable::RequestHeaders as usize] {
            let Some(name) = entry.name else { continue };
            let value = self.work.values.get(entry.value);
            let multipart = value.get(..MULTIPART.len());
            if self.work.values.get(name).eq_ignore_ascii_case(b"content-type")
                && (chosen.is_empty()
                    || multipart.is_some_and(|text| text.eq_ignore_ascii_case(MULTIPART)))
            {
                chosen = value;
            }
        }
        chosen
    }

    fn xml(&mut self, body: &[u8]) {
        let limits = self.limits(body.len());
        let document = xml::Document::parse(body, &limits);
        let rules = std::sync::Arc::clone(&self.rules);
        if self.xml_arguments != XmlArguments::Off {
            self.arguments(document.arguments(&limits), Origin::Json);
        }
        let paths = match self.xml_arguments {
            XmlArguments::OnlyArgs => &[][..],
            XmlArguments::On | XmlArguments::Off => &rules.xml_paths,
        };
        let mut cut = None;
        for (selector, path) in paths {
            let name = self.work.values.push(selector);
            // Texts of elements hold those of the elements within.
            let mut room = limits.expanded;
            for text in document.select(path) {
                let Some(left) = room.checked_sub(text.len()) else {
                    cut = Some(&BodyError::Expanded);
                    break;
                };
                room = left;
                let value = self.work.values.push(text);
                self.add(Variable::Xml, name, value);
            }
        }
        let of_document = document.error().filter(|e| !self.is_of_the_cut(e, body.len()));
        if let Some(error) = of_document.or(cut) {
            self.body_error(&error.to_string());
        }
    }
}
