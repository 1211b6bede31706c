//! Names of tags, attributes and URL schemes that run scripts.

const TAGS: [&[u8]; 20] = [
    b"APPLET",
    b"BASE",
    b"COMMENT",
    b"EMBED",
    b"FRAME",
    b"FRAMESET",
    b"HANDLER",
    b"IFRAME",
    b"IMPORT",
    b"ISINDEX",
    b"LINK",
    b"LISTENER",
    b"META",
    b"NOSCRIPT",
    b"OBJECT",
    b"SCRIPT",
    b"STYLE",
    b"VMLFRAME",
    b"XML",
    b"XSS",
];

/// What an attribute's value can do.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Attribute {
    /// Nothing.
    Harmless,
    /// Anything: an event handler, for example.
    Dangerous,
    /// Name a resource.
    Url,
    /// Style, which may run scripts in old browsers.
    Style,
    /// Name another attribute, as SVG animations do.
    NamesAnother,
}

const ATTRIBUTES: [(&[u8], Attribute); 20] = [
    (b"ACTION", Attribute::Url),
    (b"ATTRIBUTENAME", Attribute::NamesAnother),
    (b"BY", Attribute::Url),
    (b"BACKGROUND", Attribute::Url),
    (b"DATAFORMATAS", Attribute::Dangerous),
    (b"DATASRC", Attribute::Dangerous),
    (b"DYNSRC", Attribute::Url),
    (b"FILTER", Attribute::Style),
    (b"FORMACTION", Attribute::Url),
    (b"FOLDER", Attribute::Url),
    (b"FROM", Attribute::Url),
    (b"HANDLER", Attribute::Url),
    (b"HREF", Attribute::Url),
    (b"LOWSRC", Attribute::Url),
    (b"POSTER", Attribute::Url),
    (b"SRC", Attribute::Url),
    (b"STYLE", Attribute::Style),
    (b"TO", Attribute::Url),
    (b"VALUES", Attribute::Url),
    (b"XLINK:HREF", Attribute::Url),
];

/// Compares an upper-case name with text in any case that may have NULs strewn in, as
/// old browsers ignore them.
pub(super) fn equals(name: &[u8], text: &[u8]) -> bool {
    let mut letters = text.iter().filter(|byte| **byte != 0);
    name.iter().all(|expected| letters.next().map(u8::to_ascii_uppercase) == Some(*expected))
        && letters.next().is_none()
}

pub(super) fn is_dangerous_tag(name: &[u8]) -> bool {
    name.len() >= 3
        && (TAGS.iter().any(|tag| equals(tag, name))
            || name[..3].eq_ignore_ascii_case(b"svg")
            || name[..3].eq_ignore_ascii_case(b"xsl"))
}

pub(super) fn attribute(name: &[u8]) -> Attribute {
    if name.len() < 2 {
        return Attribute::Harmless;
    }
    if let Some(start) = name.get(..5)
        && (start[..2].eq_ignore_ascii_case(b"on")
            || equals(b"XMLNS", start)
            || equals(b"XLINK", start))
    {
        return Attribute::Dangerous;
    }
    ATTRIBUTES
        .iter()
        .find(|(known, _)| equals(known, name))
        .map_or(Attribute::Harmless, |(_, attribute)| *attribute)
}

/// Whether the URL's scheme runs scripts or shows sources, written plainly or with
/// character references.
pub(super) fn is_dangerous_url(url: &[u8]) -> bool {
    const SCHEMES: [&[u8]; 4] = [b"DATA", b"VIEW-SOURCE", b"JAVA", b"VBSCRIPT"];
    // Browsers skip white space, control characters and some non-ASCII before it.
    let skipped = url.iter().take_while(|byte| **byte <= b' ' || **byte >= 0x7f).count();
    SCHEMES.iter().any(|scheme| begins(scheme, &url[skipped..]))
}

/// Whether `text`, its references decoded, NULs and line feeds ignored, begins with an
/// upper-case word.
fn begins(word: &[u8], mut text: &[u8]) -> bool {
    let mut word = word.iter();
    let mut leading = true;
    while !text.is_empty() {
        let Some(&expected) = word.as_slice().first() else { return true };
        let (character, length) = decode(text);
        text = &text[length..];
        if leading && character <= 32 {
            continue;
        }
        leading = false;
        if character == 0 || character == 10 {
            continue;
        }
        let upper = if (0x61..=0x7a).contains(&character) { character - 0x20 } else { character };
        // Only the low byte counts.
        if upper.to_le_bytes()[0] != expected {
            return false;
        }
        word.next();
    }
    word.as_slice().is_empty()
}

/// The character at the start and how many bytes it takes; a reference without digits
/// or beyond Unicode is just its `&`.
fn decode(text: &[u8]) -> (u32, usize) {
    const AMPERSAND: (u32, usize) = (b'&' as u32, 1);
    let (digits, start, radix) = match text {
        [b'&', b'#', b'x' | b'X', digits @ ..] => (digits, 3, 16),
        [b'&', b'#', digits @ ..] => (digits, 2, 10),
        [byte, ..] => return (u32::from(*byte), 1),
        [] => return AMPERSAND,
    };
    let (mut value, mut length) = (0, 0);
    for digit in digits.iter().map_while(|byte| char::from(*byte).to_digit(radix)) {
        value = value * radix + digit;
        length += 1;
        if value > 0x10_00ff {
            return AMPERSAND;
        }
    }
    if length == 0 {
        return AMPERSAND;
    }
    let semicolon = usize::from(digits.get(length) == Some(&b';'));
    (value, start + length + semicolon)
}
