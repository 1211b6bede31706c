//! Bodies as browsers send them, and as attackers do.

use super::*;

const TYPE: &[u8] = b"multipart/form-data; boundary=0000";

fn parse(body: &str) -> Multipart {
    let options = Options { file_contents: true, ..Options::default() };
    let mut parser = Parser::new(TYPE, options);
    parser.push(body.as_bytes());
    let whole = parser.finish();
    // However the body is cut, the answer is the same.
    for size in [1, 2, 3, 7, 64] {
        let mut parser = Parser::new(TYPE, options);
        body.as_bytes().chunks(size).for_each(|chunk| parser.push(chunk));
        assert_eq!(parser.finish(), whole, "in pieces of {size}");
    }
    whole
}

fn field(value: &str) -> String {
    format!("--0000\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n{value}\r\n")
}

#[test]
fn fields_and_files() {
    let body = field("one\r\ntwo\r\n")
        + "--0000\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x.txt\"\r\n\
           Content-Type: text/plain\r\n\r\nabc\ndef\r\n--0000--\r\n";
    let read = parse(&body);
    assert_eq!(read.error, None);
    assert!(!read.flags.strict_error());
    let [a, f] = read.parts.as_slice() else { panic!("two parts") };
    assert_eq!((a.name.as_slice(), a.value.as_slice()), (&b"a"[..], &b"one\r\ntwo\r\n"[..]));
    assert_eq!(a.filename, None);
    assert_eq!(f.filename.as_deref(), Some(&b"x.txt"[..]));
    assert_eq!((f.value.as_slice(), f.size), (&b"abc\ndef"[..], 7));
    assert_eq!(f.headers[1], b"Content-Type: text/plain");
    assert_eq!(read.names, [b"a".to_vec(), b"f".to_vec()]);
}

#[test]
fn each_deviation_sets_its_flag() {
    let end = "--0000--\r\n";
    let lf = (field("1") + end).replace("\r\n", "\n");
    assert!(parse(&lf).flags.lf_line);
    assert!(parse(&(field("1") + "--0000--\n")).flags.mixed_line_ends());
    assert!(parse(&("x\r\n".to_owned() + &field("1") + end)).flags.data_before);
    assert!(parse(&(field("1") + end + "x")).flags.data_after);
    assert_eq!(parse(&field("1\r\n--000")).flags.unmatched_boundary, 1);
    assert_eq!(parse(&field("1\r\nx--0000")).flags.unmatched_boundary, 1);
    let folded = field("1").replace("; name", ";\r\n name") + end;
    assert!(parse(&folded).flags.header_folding && !parse(&folded).flags.invalid_header_folding);
    let folded = field("1").replace("; name", ";\r\n\x0bname") + end;
    assert!(parse(&folded).flags.invalid_header_folding);
    assert!(parse(&(field("1").replace('"', "'") + end)).flags.invalid_quoting);
    assert!(parse(&(field("1").replace("\r\n1\r\n", "") + end)).flags.invalid_part);
}

#[test]
fn broken_bodies_are_errors_that_keep_what_was_read() {
    for body in [
        field("1"),
        field("1") + "--0000--x\r\n",
        field("1") + "-- 0000\r\n",
        field("1") + "--0000\r\nX: y\r\n\r\n2\r\n--0000--\r\n",
        field("1")
            + &field("2").replace("Content-Disposition: ", "X: y\r\nX: z\r\nContent-Disposition: ")
            + "--0000--\r\n",
        field("1") + &field("2").replace("form-data", "attachment") + "--0000--\r\n",
        field("1") + &field("2").replace("name=", "name=\"b\"; name=") + "--0000--\r\n",
    ] {
        let read = parse(&body);
        assert!(read.error.is_some(), "{body:?}");
        assert_eq!(
            read.parts.first().map(|part| part.value.as_slice()),
            Some(&b"1"[..]),
            "{body:?}"
        );
    }
    assert!(parse("abc").error.is_some());
    assert_eq!(parse("").error, None);
}

#[test]
fn content_types_are_read_strictly() {
    let flags = |content_type: &str| {
        let read = Parser::new(content_type.as_bytes(), Options::default()).finish();
        (read.error.is_none(), read.flags)
    };
    assert!(flags("multipart/form-data; boundary=\"a b\"").1.boundary_quoted);
    assert!(flags("multipart/form-data; boundary =a").1.boundary_whitespace);
    assert!(flags("multipart/form-data boundary=a").1.missing_semicolon);
    assert!(flags("multipart/form-data; boundary=a; charset=x").0);
    for refused in [
        "",
        "text/plain",
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=\"\"",
        "multipart/form-data; boundary=a\"",
        "multipart/form-data; x=y; boundary=a",
        "multipart/form-data; boundary=a; boundary=b",
        "multipart/form-data; Boundary=a",
        "multipart/form-data; boundary=a$",
        "multipart/form-data; boundary=a ",
    ] {
        assert!(!flags(refused).0, "{refused}");
    }
}

#[test]
fn limits_hold() {
    let limits = Limits { arguments: 3, expanded: 500, ..Limits::default() };
    let run = |body: &str| {
        let mut parser = Parser::new(TYPE, Options { limits, ..Options::default() });
        parser.push(body.as_bytes());
        parser.finish()
    };
    assert_eq!(run(&field("1").repeat(5)).error, Some(BodyError::Arguments));
    assert_eq!(run(&(field(&"x".repeat(600)) + "--0000--\r\n")).error, Some(BodyError::Expanded));
    let header = field("1").replace("Content", &format!("X: {}\r\nContent", "x".repeat(5_000)));
    assert!(run(&header).error.is_some());
    // The contents of a file that nobody wants are not kept.
    let file =
        field(&"x".repeat(100_000)).replace("; name", "; filename=\"f\"; name") + "--0000--\r\n";
    let read = run(&file);
    assert_eq!((read.error, read.parts[0].size, read.parts[0].value.len()), (None, 100_000, 0));
}
