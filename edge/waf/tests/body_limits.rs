//! Bodies made to be expensive cost what their bytes cost.
//!
//! Sizes are counted instead of times: how much comes out of a body is bounded by its
//! limits, and each body is read to its end or to its first violation.

use marquis_waf::body::multipart::{Options, Parser};
use marquis_waf::body::xml::Document;
use marquis_waf::body::{BodyError, Limits, cookies, json, urlencoded};

fn bytes(parsed: &marquis_waf::body::Parsed) -> usize {
    parsed.arguments.iter().map(|argument| argument.name.len() + argument.value.len()).sum()
}

#[test]
fn one_json_string_of_ten_megabytes_is_one_value() {
    let text = format!("{{\"a\":\"{}\\n\"}}", "x".repeat(10_000_000));
    let parsed = json::flatten(text.as_bytes(), &Limits::default());
    assert_eq!(parsed.error, None);
    assert_eq!(parsed.arguments[0].value.len(), 10_000_001);
}

#[test]
fn json_ten_thousand_deep_is_read_or_refused_by_its_limit() {
    let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
    let limits = Limits::default();
    let parsed = json::flatten(nested(10_000).as_bytes(), &limits);
    assert_eq!(parsed.error, None);
    assert_eq!(parsed.arguments[0].name.len(), "json".len() + 10_000 * ".array_0".len());
    let parsed = json::flatten(nested(10_001).as_bytes(), &limits);
    assert_eq!(parsed.error, Some(BodyError::Depth { format: "JSON" }));
    // Never closed, a million times.
    let open = "[{\"a\":".repeat(1_000_000);
    assert!(json::flatten(open.as_bytes(), &limits).error.is_some());
}

#[test]
fn a_hundred_thousand_arguments_end_at_the_limit() {
    let limits = Limits::default();
    let form = "a=1&".repeat(100_000);
    let read = urlencoded::parse(form.as_bytes(), b'&', &limits).parsed;
    assert_eq!((read.arguments.len(), read.error), (1_000, Some(BodyError::Arguments)));
    let list = format!("[{}1]", "1,".repeat(100_000));
    let read = json::flatten(list.as_bytes(), &limits);
    assert_eq!((read.arguments.len(), read.error), (1_000, Some(BodyError::Arguments)));
    let read = cookies::parse("a=1;".repeat(100_000).as_bytes(), &limits);
    assert_eq!((read.arguments.len(), read.error), (1_000, Some(BodyError::Arguments)));
    let part = "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n";
    let mut parser = Parser::new(b"multipart/form-data; boundary=b", Options::default());
    parser.push(part.repeat(100_000).as_bytes());
    let read = parser.finish();
    assert_eq!((read.parts.len(), read.error), (1_000, Some(BodyError::Arguments)));
}

#[test]
fn deep_names_for_many_values_stay_within_the_bytes_allowed() {
    let limits = Limits { arguments: usize::MAX, expanded: 1_000_000, ..Limits::default() };
    let prefix = "{\"k\":".repeat(5_000);
    let body = format!("{prefix}[{}1{}", "1,".repeat(100_000), "]");
    let parsed = json::flatten(body.as_bytes(), &limits);
    assert_eq!(parsed.error, Some(BodyError::Expanded));
    assert!(bytes(&parsed) <= limits.expanded);
}

#[test]
fn ten_megabytes_of_markup_are_bounded() {
    for piece in
        ["<a>", "<a/>", "<a b='c'/>", "<!--", "<![CDATA[", "&lt;", "<?p ", "</a>", "<a b=\""]
    {
        let body = format!("<r>{}", piece.repeat(10_000_000 / piece.len()));
        let document = Document::parse(body.as_bytes(), &Limits::default());
        assert!(document.error().is_some(), "{piece}");
    }
}

#[test]
fn part_headers_are_not_compared_without_end() {
    let limits = Limits { expanded: 1_000_000, ..Limits::default() };
    let run = |body: &str| {
        let mut parser = Parser::new(
            b"multipart/form-data; boundary=b",
            Options { limits, ..Options::default() },
        );
        parser.push(body.as_bytes());
        parser.finish()
    };
    let headers: String = (0..500_000).map(|n| format!("h{n}: x\r\n")).collect();
    let read = run(&format!("--b\r\n{headers}"));
    assert_eq!(read.error, Some(BodyError::Multipart("a part has too many headers")));
    // A wrong header is looked at again at each empty line, but not for ever.
    let name = "x".repeat(3_900);
    let disposition = format!("Content-Disposition: form-data; name=\"{name}\"; x=y\r\n");
    let read = run(&format!("--b\r\n{disposition}{}", "\r\n".repeat(1_000_000)));
    assert!(read.names.iter().map(Vec::len).sum::<usize>() <= limits.expanded);
}

#[test]
fn ten_megabytes_of_parts_and_lines_are_bounded() {
    for piece in ["--b", "--b\r\n", "\r\n", "-", "--", "X: y\r\n", " ", "a:", "\r", "--b--\r\n"] {
        let head = "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n";
        for start in ["", head] {
            let mut parser = Parser::new(b"multipart/form-data; boundary=b", Options::default());
            parser.push(start.as_bytes());
            parser.push(piece.repeat(10_000_000 / piece.len()).as_bytes());
            let read = parser.finish();
            let kept: usize = read.parts.iter().map(|part| part.value.len()).sum();
            assert!(kept <= 10_000_000 && read.parts.len() <= 1_000, "{piece:?}");
        }
    }
}

/// The densest honest documents have room in the limit for their length.
#[test]
fn what_comes_out_of_a_body_is_bounded_by_its_length() {
    let limits = Limits { arguments: usize::MAX, ..Limits::default() };
    for piece in ["<a/>", "b<c/>", "<a>b</a>", "<a b=''/>", "&lt;<a/>"] {
        let body = format!("<r>{}</r>", piece.repeat(3_000_000 / piece.len()));
        let document = Document::parse(body.as_bytes(), &limits.for_length(body.len()));
        assert_eq!(document.error(), None, "{piece}");
    }
    let latin = [b"<?xml version='1.0' encoding='latin1'?><r>", &b"\xe9<c/>".repeat(300_000)[..]];
    let latin = [&latin.concat()[..], b"</r>"].concat();
    assert_eq!(Document::parse(&latin, &limits.for_length(latin.len())).error(), None);
    for piece in ["1,", "{\"name\":1},", "{\"a\":{\"b\":[1,2]}},"] {
        let body = format!("{{\"points\":[{}1]}}", piece.repeat(1_000_000 / piece.len()));
        let parsed = json::flatten(body.as_bytes(), &limits.for_length(body.len()));
        assert_eq!(parsed.error, None, "{piece}");
    }
    let nested = format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000));
    let parsed = json::flatten(nested.as_bytes(), &Limits::default().for_length(nested.len()));
    assert_eq!(parsed.error, None);

    // A key repeated for each value, and entities, have not.
    let limits = Limits::default();
    for length in [100, 1_000, 10_000, 100_000] {
        let body = format!("{{\"{}\":[{}1]}}", "k".repeat(length), "1,".repeat(989));
        let limits = limits.for_length(body.len());
        let parsed = json::flatten(body.as_bytes(), &limits);
        assert_eq!(parsed.error, (length > 100).then_some(BodyError::Expanded), "{length}");
        assert!(bytes(&parsed) <= 4 * body.len() + (256 << 10), "{length}");
    }
    let uses = "&e;".repeat(1_000);
    for entity in ["x".repeat(1_000), "<b/>".repeat(100), "<b c='d'>x</b>".repeat(100)] {
        let body = format!("<!DOCTYPE a [<!ENTITY e \"{entity}\">]><a>{uses}</a>");
        let document = Document::parse(body.as_bytes(), &limits.for_length(body.len()));
        assert_eq!(document.error(), Some(&BodyError::Expanded));
        let kept = document.text().map_or(0, <[u8]>::len) + document.attributes().count();
        assert!(kept <= 4 * body.len() + (256 << 10));
    }
}
