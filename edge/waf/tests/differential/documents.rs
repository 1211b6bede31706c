//! XML documents have the text and the verdict libmodsecurity (libxml2) gives them.

use super::bodies::{body_question, compare, single};
use super::{Draw, cases};
use marquis_waf::body::Limits;
use marquis_waf::body::xml::Document;

fn element(draw: &mut Draw, depth: usize, out: &mut Vec<u8>) {
    const NAMES: [&str; 5] = ["a", "b", "c:d", "e-1.f", "_g"];
    const TEXTS: [&str; 18] = [
        "t",
        "1 2",
        "\n",
        "\r\n",
        "&lt;",
        "&amp;",
        "&#65;",
        "&#x42;",
        "&e;",
        "&f;",
        "<![CDATA[<x>&]]>",
        "<!-- c -->",
        "<?p i?>",
        "Я",
        "]]",
        ">",
        "&quot;",
        "<![CDATA[]]>",
    ];
    const VALUES: [&str; 8] = ["", "v", "&lt;x", "&#10;", "\t\n", "&e;", "'", "&apos;&f;"];
    let name = NAMES[draw.below(NAMES.len())];
    out.extend_from_slice(format!("<{name}").as_bytes());
    for attribute in 0..draw.below(3) {
        let value = VALUES[draw.below(VALUES.len())];
        out.extend_from_slice(format!(" x{attribute} = \"{value}\"").as_bytes());
    }
    if draw.below(4) == 0 {
        out.extend_from_slice(b" />");
        return;
    }
    out.push(b'>');
    for _ in 0..draw.below(4) {
        if depth < 4 && draw.below(3) == 0 {
            element(draw, depth + 1, out);
        } else {
            out.extend_from_slice(TEXTS[draw.below(TEXTS.len())].as_bytes());
        }
    }
    out.extend_from_slice(format!("</{name}>").as_bytes());
}

#[test]
fn documents_agree_with_libmodsecurity() {
    const PROLOGS: [&str; 8] = [
        "",
        "",
        "<?xml version=\"1.0\"?>",
        "<?xml version='1.0' encoding='utf-8'?>\n",
        "<!-- x -->",
        "<!DOCTYPE a>",
        "\u{feff}",
        "<?p?>",
    ];
    const CHANGES: &[u8] = b"<>&;\"'=/ \x01]!-?ax#\xff";
    let mut draw = Draw::new(41);
    let inputs: Vec<Vec<u8>> = (0..cases(6_000))
        .map(|_| {
            let mut out = Vec::new();
            out.extend_from_slice(PROLOGS[draw.below(PROLOGS.len())].as_bytes());
            let doctype = memchr::memmem::find(&out, b"DOCTYPE").is_some();
            if !doctype {
                out.extend_from_slice(
                    b"<!DOCTYPE a [<!ENTITY e \"ent\"><!ENTITY f '&e;&#60;b>x&#60;/b>'><!ELEMENT a ANY>]>",
                );
            }
            // Declarations of elements are skipped, not checked: nothing is changed there.
            let root = out.len();
            element(&mut draw, 0, &mut out);
            match draw.below(6) {
                0 => out.truncate(draw.below(out.len() + 1)),
                1 => {
                    let at = root + draw.below(out.len() - root);
                    out[at] = CHANGES[draw.below(CHANGES.len())];
                }
                _ => {}
            }
            out
        })
        .collect();
    compare(
        &inputs,
        |input| body_question("text/xml", input),
        |input, theirs| {
            let document = Document::parse(input, &Limits::default());
            let failed = single(theirs, "REQBODY_ERROR") == "1";
            if failed != document.error().is_some() {
                return Err(format!("{:?}, but failed: {failed}", document.error()));
            }
            let matches = theirs.get("MATCH").cloned().unwrap_or_default();
            let text = matches.iter().find_map(|(_, data)| data.strip_prefix(b"E"));
            let last = matches.iter().find_map(|(_, data)| data.strip_prefix(b"A"));
            if !failed && text != document.text() {
                let show = |text: Option<&[u8]>| text.map(|text| text.escape_ascii().to_string());
                return Err(format!("text {:?}, not {:?}", show(document.text()), show(text)));
            }
            if !failed && last != document.attributes().last() {
                return Err("the last attribute differs".into());
            }
            Ok(())
        },
    );
}
