//! What the reference manual says of each transformation, on examples.

use super::*;

#[track_caller]
fn check(name: &str, input: &[u8], expected: &[u8]) {
    let transformation = Transformation::from_name(name).expect("a known name");
    let output = transformation.apply(input, &UnicodeMap::default());
    assert_eq!(
        output.as_ref(),
        expected,
        "{name}({:?}) = {:?}",
        input.escape_ascii().to_string(),
        output.escape_ascii().to_string()
    );
    assert_eq!(matches!(output, Cow::Borrowed(_)), input == expected, "{name}: borrowed");
}

#[test]
fn names_are_found_in_any_case_and_either_spelling() {
    assert_eq!(Transformation::from_name("urlDecodeUni"), Some(Transformation::UrlDecodeUni));
    assert_eq!(Transformation::from_name("NORMALISEPATH"), Some(Transformation::NormalizePath));
    assert_eq!(Transformation::from_name("normalizePath"), Some(Transformation::NormalizePath));
    assert_eq!(Transformation::from_name("utf8toUnicode"), Some(Transformation::Utf8ToUnicode));
    assert_eq!(Transformation::from_name("rot13"), None);
    assert_eq!(Transformation::all().count(), 36);
    for transformation in Transformation::all() {
        assert_eq!(Transformation::from_name(transformation.name()), Some(transformation));
    }
}

#[test]
fn base64() {
    check("base64Encode", b"TestCase", b"VGVzdENhc2U=");
    check("base64Encode", b"Test\0Case1", b"VGVzdABDYXNlMQ==");
    check("base64Decode", b"VGVzdENhc2U=", b"TestCase");
    check("base64Decode", b"VGVz dENhc2U=", b"");
    check(
        "base64DecodeExt",
        b"P.HNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==",
        b"<script>alert(1)</script>",
    );
}

#[test]
fn command_lines() {
    check("cmdLine", b"C^OMMAND /C 'a';;b", b"command/c a b");
    check("cmdLine", b"who\\am\"i (x)", b"whoami(x)");
}

#[test]
fn white_space() {
    check("compressWhitespace", b"a \t\n b c", b"a b c");
    check("removeWhitespace", b" a \t\n b\x0b", b"ab");
    check("trim", b" \ta b\n ", b"a b");
    check("trimLeft", b" \ta b\n ", b"a b\n ");
    check("trimRight", b" \ta b\n ", b" \ta b");
    check("removeNulls", b"a\0b\0", b"ab");
    check("replaceNulls", b"a\0b\0", b"a b ");
}

#[test]
fn escapes() {
    check("cssDecode", b"ja\\vascript", b"javascript");
    check("cssDecode", b"\\6a\\00ff46 x\\\n", b"jfx");
    check("cssDecode", b"a\0b\\\0c", b"a\0b\0c");
    check("escapeSeqDecode", b"\\x41\\102\\n\\q\\", b"AB\nq\\");
    check("jsDecode", b"\\u0041\\uff22\\x43\\104\\n\\/\\", b"ABCD\n/\\");
    check("htmlEntityDecode", b"&#x3c;&#60&lt;&LT&nbsp;&foo;&", b"<<<<\xa0&foo;&");
    check("sqlHexDecode", b"SELECT 0x414243G 0xZZ", b"SELECT ABCG 0xZ");
    check("hexDecode", b"414243", b"ABC");
    check("hexEncode", b"A\xff", b"41ff");
}

#[test]
fn percent_encoding() {
    check("urlDecode", b"%41+b%zz%4", b"A b%zz%4");
    check("urlDecode", b"%u0041", b"%u0041");
    check("urlDecodeUni", b"%u0041%uff22%43+%uZZ", b"ABC %uZZ");
    check("urlEncode", b"a b/c*", b"a+b%2fc*");
    check("utf8toUnicode", "añ€😀".as_bytes(), b"a%u00f1%u20ac%u1f600");
}

#[test]
fn unicode_map() {
    let text = "\n1250  (ANSI)\n00a1:21 \n\n20127 (US-ASCII)\n00a0:20 00a1:21 ff41:61 \n";
    let map = UnicodeMap::parse(text, 20127).expect("a map");
    let apply = |input: &[u8]| Transformation::UrlDecodeUni.apply(input, &map).into_owned();
    assert_eq!(apply(b"%u00a0%uff41%u00e9"), b" a\xe9");
    assert_eq!(
        UnicodeMap::parse(text, 437).expect_err("absent"),
        UnicodeMapError::UnknownCodePage(437)
    );
    // Entries on the line of the code page, as in the file of libmodsecurity's own tests.
    let map = UnicodeMap::parse("1251 0434:64 043e:6f 0440:70", 1251).expect("a map");
    assert_eq!(Transformation::UrlDecodeUni.apply(b"%u0434%u043e%u0440", &map), &b"dop"[..]);
    assert!(UnicodeMap::parse("20127 x\n00a0:200\n", 20127).is_err());
}

#[test]
fn paths() {
    for (input, expected) in [
        ("/foo/bar//baz", "/foo/bar/baz"),
        ("/foo/./bar", "/foo/bar"),
        ("/foo/bar/../baz", "/foo/baz"),
        ("/../../etc/passwd", "/etc/passwd"),
        ("../../etc/passwd", "../../etc/passwd"),
        ("dir/foo//bar/../..", "dir"),
        ("./x/", "x/"),
        ("...", "..."),
    ] {
        check("normalizePath", input.as_bytes(), expected.as_bytes());
    }
    check("normalizePathWin", b"\\foo\\..\\bar\\", b"/bar/");
}

#[test]
fn comments() {
    check("removeComments", b"a/* x */ b", b"a b");
    check("removeComments", b"a -- b", b"a ");
    check("removeComments", b"a/* x", b"a ");
    check("removeCommentsChar", b"a/*b*/<!--c-->--d#", b"abcd");
    check("replaceComments", b"a/*b*/c/*d", b"a c ");
}

#[test]
fn digests_and_the_rest() {
    check("md5", b"abc", b"\x90\x01\x50\x98\x3c\xd2\x4f\xb0\xd6\x96\x3f\x7d\x28\xe1\x7f\x72");
    check("sha1", b"abc", &hex("a9993e364706816aba3e25717850c26c9cd0d89d"));
    check("length", b"four", b"4");
    check("lowercase", b"ABC\xc0", b"abc\xc0");
    check("uppercase", b"abc", b"ABC");
    check("parityZero7bit", b"\xc1", b"\x41");
    check("none", b"x", b"x");
}

fn hex(text: &str) -> Vec<u8> {
    Transformation::HexDecode.apply(text.as_bytes(), &UnicodeMap::default()).into_owned()
}
