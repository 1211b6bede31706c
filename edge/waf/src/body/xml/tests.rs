//! Documents, selections and what must not happen.

use super::*;

fn parse(text: &str) -> Document {
    Document::parse(text.as_bytes(), &Limits::default())
}

#[track_caller]
fn check(text: &str, content: &str, attributes: &[&str]) {
    let document = parse(text);
    assert_eq!(document.error(), None, "{text}");
    assert_eq!(document.text(), Some(content.as_bytes()), "{text}");
    let expected: Vec<&[u8]> = attributes.iter().map(|value| value.as_bytes()).collect();
    assert_eq!(document.attributes().collect::<Vec<_>>(), expected, "{text}");
}

#[test]
fn text_and_attributes() {
    check("<a>1<b c=\"d\">2</b>3</a>", "123", &["d"]);
    check(
        "<?xml version=\"1.0\"?>\n<!-- c --><a x='1'  y = \"2\" ><b z='3'/></a >\n",
        "",
        &["1", "2", "3"],
    );
    check("<a><![CDATA[<x>]]>&lt;&amp;&#65;&#x42;</a>", "<x><&AB", &[]);
    check("<a b=\"x&quot;y&#10;z\t1\n2\">a\r\nb\rc</a>", "a\nb\nc", &["x\"y\nz 1 2"]);
    check("<p:a xmlns:p=\"urn:x\" p:b='c'>Привет</p:a>", "Привет", &["c"]);
    let latin = b"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a>\xe9</a>";
    assert_eq!(Document::parse(latin, &Limits::default()).text(), Some("é".as_bytes()));
    let utf16 = b"\xff\xfe<\0a\0>\x001\0<\0/\0a\0>\0";
    assert_eq!(Document::parse(utf16, &Limits::default()).text(), Some(&b"1"[..]));
}

#[test]
fn entities_are_expanded_but_never_loaded() {
    check(
        "<!DOCTYPE a [<!ENTITY e \"boo\"><!ENTITY f '&e;&e;'>]><a b='&f;'>&f;</a>",
        "booboo",
        &["booboo"],
    );
    check("<!DOCTYPE a [<!ENTITY e \"<b>x</b>\">]><a>&e;</a>", "x", &[]);
    check("<!DOCTYPE a [<!NOTATION n SYSTEM 'x'>]><a>b</a>", "b", &[]);
    let (entity, document_type) =
        ("an external entity is declared", "the document type is external");
    for (external, message, at) in [
        ("<!DOCTYPE a [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><a b='c'>d&e;</a>", entity, 24),
        ("<!DOCTYPE a [<!ENTITY e PUBLIC 'x' 'http://x/'>]><a b='c'>d</a>", entity, 24),
        ("<!DOCTYPE a [<!ENTITY % e SYSTEM 'http://x/'>]><a b='c'>d</a>", entity, 26),
        ("<!DOCTYPE a [<!ENTITY e SYSTEM 'x' NDATA n>]><a b='c'>d</a>", entity, 24),
        ("<!DOCTYPE a SYSTEM 'http://127.0.0.1/x'><a b='c'>d&e;</a>", document_type, 12),
        ("<!DOCTYPE a PUBLIC 'x' 'y' [<!ENTITY e SYSTEM 'x'>]><a b='c'>d</a>", document_type, 12),
        ("<!DOCTYPE a SYSTEM 'x'><a b='c'>d", document_type, 12),
    ] {
        let document = parse(external);
        let error = BodyError::Syntax { format: "XML", reason: message, at };
        assert_eq!(document.error(), Some(&error), "{external}");
        // What follows is inspected all the same.
        assert_eq!(document.text(), Some(&b"d"[..]), "{external}");
        assert_eq!(document.attributes().collect::<Vec<_>>(), [b"c"], "{external}");
    }
    for refused in [
        "<!DOCTYPE a [<!ENTITY e \"&e;\">]><a>&e;</a>",
        "<!DOCTYPE a [<!ENTITY e \"<b>\">]><a>&e;</b></a>",
        "<!DOCTYPE a [<!ENTITY % p SYSTEM \"x\">%p;]><a/>",
        "<a>&unknown;</a>",
    ] {
        assert!(parse(refused).error().is_some(), "{refused}");
    }
}

#[test]
fn a_billion_laughs_cost_a_bounded_amount() {
    let mut subset = String::from("<!ENTITY e0 \"lol\"><!ENTITY z0 \"\">");
    for level in 1..12 {
        for letter in ["e", "z"] {
            let inner = format!("&{letter}{};", level - 1).repeat(10);
            subset.push_str(&format!("<!ENTITY {letter}{level} \"{inner}\">"));
        }
    }
    for name in ["e11", "z11"] {
        let document = parse(&format!("<!DOCTYPE a [{subset}]><a>&{name};</a>"));
        assert_eq!(document.error(), Some(&BodyError::Expanded));
        let document = parse(&format!("<!DOCTYPE a [{subset}]><a b='&{name};'/>"));
        assert_eq!(document.error(), Some(&BodyError::Expanded));
    }
}

#[test]
fn malformed_documents_are_refused_and_keep_what_was_read() {
    for refused in [
        "",
        "x",
        "<a>",
        "<a></b>",
        "<a/><b/>",
        "<a b=c/>",
        "<a b='1' b='2'/>",
        "<a b='1'c='2'/>",
        "<a>]]></a>",
        "<a><</a>",
        "<a b='<'/>",
        "<a/>x",
        "<a>\x01</a>",
        "<a>&#0;</a>",
        "<a>&#xd800;</a>",
        "<a><!-- -- --></a>",
        "<a><?xml x?></a>",
        "<a/ >",
        "<1/>",
        " <?xml version='1.0'?><a/>",
        "<!DOCTYPE a><!DOCTYPE a><a/>",
        "<a><![CDATA[x</a>",
        "</a>",
        "<a>&#x110000;</a>",
        "<?xml version='1.0' encoding='utf-7'?><a/>",
    ] {
        assert!(parse(refused).error().is_some(), "{refused}");
    }
    let document = parse("<a>one<b c='d'>two");
    assert_eq!(document.text(), Some(&b"onetwo"[..]));
    assert_eq!(document.attributes().collect::<Vec<_>>(), [b"d"]);
    let document = Document::parse(b"<a>one\xff", &Limits::default());
    assert!(document.error().is_some());
    assert_eq!(document.text(), Some(&b"one"[..]));
}

#[test]
fn depth_and_size_are_bounded() {
    let deep = |depth: usize| format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth));
    assert_eq!(parse(&deep(256)).error(), None);
    assert_eq!(parse(&deep(257)).error(), Some(&BodyError::Depth { format: "XML" }));
    assert!(parse(&"<a>".repeat(1_000_000)).error().is_some());
    let limits = Limits { expanded: 10_000, ..Limits::default() };
    let wide = format!("<a>{}</a>", "<b/>".repeat(2_000));
    assert_eq!(Document::parse(wide.as_bytes(), &limits).error(), Some(&BodyError::Expanded));
    let names: String = (0..100_000).map(|n| format!(" a{n}='1'")).collect();
    assert!(parse(&format!("<a{names}/>")).error().is_some());
}

#[test]
fn paths_select_nodes() {
    let document = parse("<r><a i='1'>x<b i='2'>y</b></a><p:b>z</p:b>w</r>");
    let select = |path: &str| {
        let path = Path::parse(path).expect(path);
        let texts = document
            .select(&path)
            .into_iter()
            .map(|text| String::from_utf8_lossy(text).into_owned());
        texts.collect::<Vec<_>>()
    };
    assert_eq!(select("/*"), ["xyzw"]);
    assert_eq!(select("/r/a"), ["xy"]);
    assert_eq!(select("//b"), ["y"]);
    assert_eq!(select("//q:b"), ["y", "z"]);
    assert_eq!(select("/r/*"), ["xy", "z"]);
    assert_eq!(select("//@*"), ["1", "2"]);
    assert_eq!(select("/r/a/@i"), ["1"]);
    assert_eq!(select("//b/@i"), ["2"]);
    assert_eq!(select("/r/a//@i"), ["1", "2"]);
    assert_eq!(select("//text()"), ["x", "y", "z", "w"]);
    assert_eq!(select("/r/a/text()"), ["x"]);
    assert_eq!(select("/a"), Vec::<String>::new());
    for unknown in ["a", "/a[position()=1]", "", "/", "//", "/@x/y", "count(/a)"] {
        assert_eq!(Path::parse(unknown), None, "{unknown}");
    }
}

#[test]
fn predicates_select_by_position_text_and_attribute() {
    let document = Document::parse(
        b"<s><b k='x'>1<c/></b><b k='y'>2</b><b/><n:b k='x'>3</n:b></s>",
        &Limits::default(),
    );
    let select = |path: &str| -> Vec<String> {
        let path = Path::parse(path).unwrap();
        document.select(&path).iter().map(|t| String::from_utf8_lossy(t).into_owned()).collect()
    };
    assert_eq!(select("/s/b[text()]"), ["1", "2"]);
    assert_eq!(select("/s/b[text()='2']"), ["2"]);
    assert_eq!(select("/s/b[@k='x']"), ["1"]);
    assert_eq!(select("//b[@k]/@k"), ["x", "y"]);
    assert_eq!(select("/s/b[2]"), ["2"]);
    assert_eq!(select("/s/b[@k][2]"), ["2"]);
    assert_eq!(select("//*[local-name()='b'][@k=\"x\"]"), ["1", "3"]);
    for refused in ["/s/b[", "/s/b[position()<3]", "/s/b[@k=x]", "/s/b[c]", "/s/b]"] {
        assert_eq!(Path::parse(refused), None, "{refused}");
    }
}
