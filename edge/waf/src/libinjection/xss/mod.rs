//! Cross-site scripting: the input is read as HTML in each context it might land in,
//! and tags, attributes and URLs that run scripts are looked for.

mod html5;
mod names;

use html5::{Context, Html5, TokenKind};
use names::Attribute;

/// Whether `input` would run a script as HTML text, inside a tag, or inside an
/// attribute value with any quote.
#[must_use]
pub fn detect_xss(input: &[u8]) -> bool {
    const CONTEXTS: [Context; 5] = [
        Context::Text,
        Context::Tag,
        Context::Value(b'\''),
        Context::Value(b'"'),
        Context::Value(b'`'),
    ];
    // A tag, comment or document type needs the one, an attribute's value the other; the
    // value that a quote context begins with belongs to no attribute.
    memchr::memchr2(b'<', b'=', input).is_some()
        && CONTEXTS.iter().any(|context| runs_script(input, *context))
}

fn runs_script(input: &[u8], context: Context) -> bool {
    let mut attribute = Attribute::Harmless;
    for (kind, token) in Html5::new(input, context) {
        let named = std::mem::replace(&mut attribute, Attribute::Harmless);
        let dangerous = match kind {
            TokenKind::Doctype => true,
            TokenKind::TagOpen => names::is_dangerous_tag(token),
            TokenKind::AttributeName => {
                attribute = names::attribute(token);
                false
            }
            TokenKind::AttributeValue => match named {
                Attribute::Harmless => false,
                Attribute::Dangerous | Attribute::Style => true,
                Attribute::Url => names::is_dangerous_url(token),
                Attribute::NamesAnother => names::attribute(token) != Attribute::Harmless,
            },
            TokenKind::Comment => is_dangerous_comment(token),
            TokenKind::Other => false,
        };
        if dangerous {
            return true;
        }
    }
    false
}

/// Old Internet Explorers end a comment at a backtick and read conditions, XML and
/// imports in them.
fn is_dangerous_comment(text: &[u8]) -> bool {
    memchr::memchr(b'`', text).is_some()
        || text.len() > 3
            && (text[..3].eq_ignore_ascii_case(b"[if") || text[..3].eq_ignore_ascii_case(b"xml"))
        || text.len() > 5
            && (names::equals(b"IMPORT", &text[..6]) || names::equals(b"ENTITY", &text[..6]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_are_found_in_every_context() {
        for input in [
            "<script>alert(1)</script>",
            "<img src=x onerror=alert(1)>",
            "\" onmouseover=alert(1) x=\"",
            "' onfocus=alert(1) autofocus '",
            "x` onload=alert(1)",
            "<a href=\"jav&#x61;script:alert(1)\">",
            "<a href=&#0000106avascript:alert(1)>",
            "<svg/onload=alert(1)>",
            "<!--[if gte IE 4]-->",
            "<!DOCTYPE x>",
            "<s\0cript>",
            "<animate attributeName=onload>",
        ] {
            assert!(detect_xss(input.as_bytes()), "{input}");
        }
    }

    #[test]
    fn ordinary_text_is_harmless() {
        for input in [
            "",
            "hello",
            "a < b and c > d",
            "<b>bold</b>",
            "<a href=\"/x\">x</a>",
            "I <3 you",
            "x = 1",
            "Привет <мир>",
            "<p class=note>",
            "on time",
        ] {
            assert!(!detect_xss(input.as_bytes()), "{input}");
        }
    }

    #[test]
    fn long_input_takes_linear_time_and_no_stack() {
        for piece in ["/", "<", "<!--", "<%", "<![CDATA[", "\"", "=", "< ", "&#"] {
            let _ = detect_xss(piece.repeat(300_000).as_bytes());
        }
    }
}
