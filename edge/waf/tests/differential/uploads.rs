//! Multipart bodies set the flags that libmodsecurity sets and give the same parts.
//!
//! Four differences are meant: line ends inside values are kept (3.0.9 drops them), a
//! repeated part header and an empty boundary are errors, so are control characters and
//! blanks in a header's name (3.0.14 refuses them, too), and parts are reported in spite of
//! an error.

use super::bodies::{Variables, body_question, compare, single};
use super::{Draw, cases};
use marquis_waf::body::BodyError;
use marquis_waf::body::multipart::{Multipart, Options, Parser};

const LINES: [&str; 44] = [
    "--0000\r\n",
    "--0000\r\n",
    "--0000\r\n",
    "--0000--\r\n",
    "--0000--",
    "--0000\n",
    "--0000--\n",
    "--0000 \r\n",
    "-- 0000\r\n",
    "--0000x\r\n",
    "--\"0000\"\r\n",
    "--foo\r\n",
    "x--0000\r\n",
    "--\r\n",
    "---0000\r\n",
    "\r\n",
    "\r\n",
    "\r\n",
    "\n",
    "1\r\n",
    "two\r\n",
    "3\n",
    "a\0b\r\n",
    "x\r",
    "\t y\r\n",
    " z\r\n",
    "\x0bw\r\n",
    "Content-Disposition: form-data; name=\"a\"\r\n",
    "Content-Disposition: form-data; name=\"a\"\n",
    "Content-Disposition: form-data; name=\"f\"; filename=\"x.txt\"\r\n",
    "Content-Disposition: form-data; filename=\"y\"; name=f\r\n",
    "content-disposition: form-data; name='b'\r\n",
    "Content-Disposition: form-data; name=\"b'c\"\r\n",
    "Content-Disposition: form-data; name=b'c\r\n",
    "Content-Disposition: form-data; name=\"a\\\"b\\c\"; filename=\"\"\r\n",
    "Content-Disposition: form-data; name=\"a\" x\r\n",
    "Content-Disposition: form-data; name=\"a\"\"\r\n",
    // A quote that is not closed makes libmodsecurity read beyond the header.
    "Content-Disposition: form-data; name=\r\n",
    "Content-Disposition: form-data; name=;\r\n",
    "Content-Disposition: form-data; name=a;\r\n",
    "Content-Disposition: attachment; name=a\r\n",
    "Content-Disposition: form-data; name=\"a\"; name=\"b\"; filename*=utf-8''x\r\n",
    "Content-Type: text/plain\r\n",
    "X: y\r\n",
];

const TYPES: [&str; 22] = [
    "multipart/form-data; boundary=0000",
    "multipart/form-data; boundary=\"0000\"",
    "multipart/form-data;boundary=0000",
    "multipart/form-data boundary=0000",
    "multipart/form-data; boundary =0000",
    "multipart/form-data; boundary= 0000",
    "multipart/form-data; x=y; boundary=0000",
    "multipart/form-data; Boundary=0000",
    "multipart/form-data",
    "multipart/form-data; boundary=0000\"",
    "multipart/form-data; boundary=\"0000",
    "multipart/form-data; boundary=0000; charset=utf-8",
    "multipart/form-data; boundary=00$0",
    "multipart/form-data; boundary=0000; boundary=1",
    "multipart/form-data; boundary=boundary=1",
    "MULTIPART/FORM-DATA; boundary=0000",
    "multipart/form-data;; boundary=0000",
    "multipart/form-data; boundaryx=0000",
    "multipart/form-data; boundary",
    "multipart/form-data; boundary=0000,x",
    "multipart/form-data; boundary=00 00",
    "multipart/form-data; boundary=\"0000\";",
];

fn read(content_type: &str, body: &[u8]) -> Multipart {
    let options = Options { file_contents: true, ..Options::default() };
    let mut parser = Parser::new(content_type.as_bytes(), options);
    parser.push(body);
    parser.finish()
}

fn without_line_ends(text: &[u8]) -> Vec<u8> {
    text.iter().copied().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect()
}

fn check(ours: &Multipart, theirs: &Variables) -> Result<(), String> {
    const STRICTER: [&str; 2] =
        ["a part header is repeated", "a part header's name has an invalid character"];
    if matches!(ours.error, Some(BodyError::Multipart(reason)) if STRICTER.contains(&reason)) {
        return Ok(());
    }
    let flags = &ours.flags;
    let yes = |flag: bool| if flag { "1" } else { "0" }.to_owned();
    let expected = [
        ("REQBODY_ERROR", yes(ours.error.is_some())),
        ("STRICT_ERROR", yes(flags.strict_error())),
        ("BOUNDARY_QUOTED", yes(flags.boundary_quoted)),
        ("BOUNDARY_WHITESPACE", yes(flags.boundary_whitespace)),
        ("DATA_BEFORE", yes(flags.data_before)),
        ("DATA_AFTER", yes(flags.data_after)),
        ("HEADER_FOLDING", yes(flags.header_folding)),
        ("INVALID_HEADER_FOLDING", yes(flags.invalid_header_folding)),
        ("LF_LINE", yes(flags.lf_line)),
        ("CRLF_LF_LINES", yes(flags.mixed_line_ends())),
        ("MISSING_SEMICOLON", yes(flags.missing_semicolon)),
        ("INVALID_QUOTING", yes(flags.invalid_quoting)),
        ("INVALID_PART", yes(flags.invalid_part)),
        ("UNMATCHED_BOUNDARY", flags.unmatched_boundary.to_string()),
    ];
    let mut wrong: Vec<String> = expected
        .into_iter()
        .filter(|(name, ours)| single(theirs, name) != *ours)
        .map(|(name, ours)| format!("{name} is {ours}, not {}", single(theirs, name)))
        .collect();
    let mut same = |name: &str, mut ours: Vec<(Vec<u8>, Vec<u8>)>| {
        let clean = |(key, value): (Vec<u8>, Vec<u8>)| (key, without_line_ends(&value));
        ours = ours.into_iter().map(clean).collect();
        ours.sort();
        let mut theirs: Vec<_> =
            theirs.get(name).cloned().unwrap_or_default().into_iter().map(clean).collect();
        theirs.sort();
        if name.starts_with("MULTIPART_") && !name.ends_with("HEADERS") {
            // How often a broken part repeats its name is of no interest.
            ours.dedup();
            theirs.dedup();
        }
        if ours != theirs {
            let text = |pairs: &[(Vec<u8>, Vec<u8>)]| {
                let pair = |(n, v): &(Vec<u8>, Vec<u8>)| {
                    format!("{}={}", n.escape_ascii(), v.escape_ascii())
                };
                pairs.iter().map(pair).collect::<Vec<_>>().join(", ")
            };
            wrong.push(format!("{name} is {}, not {}", text(&ours), text(&theirs)));
        }
    };
    let twice = |text: &Vec<u8>| (text.clone(), text.clone());
    same("MULTIPART_NAME", ours.names.iter().map(twice).collect());
    same("MULTIPART_FILENAME", ours.filenames.iter().map(twice).collect());
    if ours.error.is_none() {
        let fields = ours.parts.iter().filter(|part| part.filename.is_none());
        same("ARGS_POST", fields.map(|part| (part.name.clone(), part.value.clone())).collect());
        let files = || ours.parts.iter().filter_map(|part| Some((part, part.filename.clone()?)));
        same("FILES", files().map(|(part, filename)| (part.name.clone(), filename)).collect());
        same(
            "FILES_TMP_CONTENT",
            files().map(|(part, _)| (part.name.clone(), part.value.clone())).collect(),
        );
        let size = |size: usize| size.to_string().into_bytes();
        same(
            "FILES_SIZES",
            files().map(|(part, _)| (part.name.clone(), size(part.size))).collect(),
        );
        let headers = ours
            .parts
            .iter()
            .flat_map(|part| part.headers.iter().map(|line| (part.name.clone(), line.clone())));
        same("MULTIPART_PART_HEADERS", headers.collect());
    }
    if wrong.is_empty() { Ok(()) } else { Err(format!("{} ({:?})", wrong.join("; "), ours.error)) }
}

#[test]
fn bodies_agree_with_libmodsecurity() {
    let mut draw = Draw::new(31);
    let part = |draw: &mut Draw, out: &mut Vec<u8>| {
        out.extend_from_slice(b"--0000\r\n");
        out.extend_from_slice(LINES[27 + draw.below(8)].as_bytes());
        if draw.below(4) == 0 {
            out.extend_from_slice(LINES[42 + draw.below(2)].as_bytes());
        }
        out.extend_from_slice(b"\r\n");
        for _ in 0..=draw.below(3) {
            out.extend_from_slice(LINES[draw.below(27)].as_bytes());
        }
    };
    let inputs: Vec<Vec<u8>> = (0..cases(8_000))
        .map(|_| {
            let mut out = Vec::new();
            for _ in 0..draw.below(6) {
                match draw.below(3) {
                    0 => out.extend_from_slice(LINES[draw.below(LINES.len())].as_bytes()),
                    _ => part(&mut draw, &mut out),
                }
            }
            if draw.below(4) > 0 {
                out.extend_from_slice(b"--0000--\r\n");
            }
            if draw.below(12) == 0 {
                let at = draw.below(out.len() + 1);
                let byte = draw.byte();
                // A quote that is not closed makes libmodsecurity read beyond the header.
                if !b"\"'\\\r\n".contains(&byte) {
                    out.insert(at, byte);
                }
            }
            out
        })
        .collect();
    for quoted in [false, true] {
        let content_type = TYPES[usize::from(quoted)];
        compare(
            &inputs,
            |input| body_question(content_type, input),
            |input, theirs| check(&read(content_type, input), theirs),
        );
    }
}

#[test]
fn content_types_agree_with_libmodsecurity() {
    let body = "--0000\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--0000--\r\n";
    let types: Vec<Vec<u8>> = TYPES.iter().map(|text| text.as_bytes().to_vec()).collect();
    compare(
        &types,
        |content_type| {
            body_question(std::str::from_utf8(content_type).expect("text"), body.as_bytes())
        },
        |content_type, theirs| {
            let content_type = std::str::from_utf8(content_type).expect("text");
            check(&read(content_type, body.as_bytes()), theirs)
        },
    );
}
