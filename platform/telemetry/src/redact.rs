//! What must not stand in a log: secrets and personal data, recognised by the name of the
//! field that holds them and by the shape of the value.
//!
//! This is the second line of defence. The first is that secrets are `kernel::Secret`s,
//! which print as `[redacted]`; this one catches what came in as plain text: a library's
//! error with a connection string in it, a header, a database's detail message.

use std::borrow::Cow;

/// What stands in place of a value.
pub const REDACTED: &str = marquis_kernel::secret::REDACTED;

/// Words of a field's name that make its value a secret or personal.
const SENSITIVE: [&str; 36] = [
    "password",
    "passwords",
    "passwd",
    "pwd",
    "passphrase",
    "passcode",
    "pepper",
    "peppers",
    "salt",
    "secret",
    "secrets",
    "token",
    "tokens",
    "jwt",
    "authorization",
    "cookie",
    "cookies",
    "apikey",
    "credential",
    "credentials",
    "email",
    "emails",
    "mail",
    "phone",
    "card",
    "pan",
    "cvv",
    "cvc",
    "iban",
    "ssn",
    "otp",
    "totp",
    "csrf",
    "privatekey",
    "xauth",
    "sid",
];

/// Words before `key` that make it a secret.
const SECRET_KEYS: [&str; 9] =
    ["api", "private", "master", "signing", "encryption", "secret", "access", "session", "hmac"];

/// Last words that speak about a secret without being one: `token_type`, `password_length`.
const HARMLESS_ENDINGS: [&str; 14] = [
    "type", "kind", "count", "ttl", "lifetime", "length", "version", "cost", "present", "required",
    "policy", "endpoint", "verified", "expires",
];

/// Names after which even an unquoted `name: value` is a secret.
const ALWAYS_SECRET: [&str; 10] = [
    "password",
    "passwd",
    "pwd",
    "passphrase",
    "pepper",
    "apikey",
    "authorization",
    "cookie",
    "secret",
    "key",
];

/// Parts of the name of a query's parameter that make its value a secret. An authorization
/// code is a credential for a few minutes (RFC 6749, section 4.1.2).
const SECRET_PARTS: [&str; 10] = [
    "token",
    "password",
    "passwd",
    "secret",
    "code",
    "key",
    "signature",
    "session",
    "auth",
    "email",
];

/// Nobody encodes an honest value more often.
const MOST_ENCODINGS: usize = 4;

/// Prefixes by which providers mark their keys.
const KEY_PREFIXES: [&str; 8] =
    ["whsec_", "sk_live_", "sk_test_", "rk_live_", "rk_test_", "ghp_", "xoxb-", "AKIA"];

/// Whether a field of this name must not be logged. Names are taken apart at `_`, `-`, `.`,
/// blanks and capitals, so `userEmail` and `X-Api-Key` are recognised and `discard` is not.
#[must_use]
pub fn is_sensitive(name: &str) -> bool {
    let words = words(name);
    let Some(last) = words.last() else { return false };
    if HARMLESS_ENDINGS.contains(&last.as_str()) {
        return false;
    }
    words.iter().any(|word| SENSITIVE.contains(&word.as_str()))
        || words.windows(2).any(|pair| {
            pair[1] == "key" && SECRET_KEYS.contains(&pair[0].as_str())
                || (pair[0].as_str(), pair[1].as_str()) == ("pass", "word")
        })
}

fn words(name: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut after_small = false;
    for c in name.chars() {
        let separates = !c.is_alphanumeric();
        if (separates || (c.is_uppercase() && after_small)) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if !separates {
            word.extend(c.to_lowercase());
        }
        after_small = c.is_lowercase() || c.is_ascii_digit();
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// The text with everything replaced that looks like a secret or an address: JSON Web
/// Tokens, `Bearer` and `Basic` credentials, passwords in URLs, e-mail addresses, private
/// keys, provider keys, our own opaque tokens, card numbers, and the values after sensitive
/// names (`password=...`, `"token":"..."`). Texts without any of these are not copied.
#[must_use]
pub fn text(text: &str) -> Cow<'_, str> {
    if text.len() < 3 {
        return Cow::Borrowed(text);
    }
    let mut out = String::new();
    // Up to where `text` has been taken over, and where to look next.
    let (mut copied, mut at) = (0, 0);
    while let Some(start) = text[at..].find(is_token_char).map(|offset| at + offset) {
        let end = start + text[start..].find(|c| !is_token_char(c)).unwrap_or(text.len() - start);
        match secret_at(text, start, end, copied) {
            Some(secret) => {
                out.push_str(&text[copied..secret.start]);
                out.push_str(REDACTED);
                copied = secret.end;
                at = secret.end;
            }
            None => at = end,
        }
    }
    if copied == 0 && out.is_empty() {
        return Cow::Borrowed(text);
    }
    out.push_str(&text[copied..]);
    Cow::Owned(out)
}

/// [`text`] for a text that may still be percent-encoded: all of it is replaced when an
/// e-mail address comes out of it.
#[must_use]
pub fn encoded_text(encoded: &str) -> Cow<'_, str> {
    match decoded(encoded) {
        Some(Cow::Borrowed(_)) => text(encoded),
        Some(Cow::Owned(plain)) if !plain.contains('@') || text(&plain) == plain => text(encoded),
        _ => Cow::Borrowed(REDACTED),
    }
}

/// A request target without what must not be logged of it: values of parameters for which
/// [`hides_parameter`] says so, and segments, names and values that hold an address.
#[must_use]
pub fn request_target(target: &str) -> Cow<'_, str> {
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (target, None),
    };
    let path = path_text(path);
    let Some(query) = query else { return path };
    let mut out = String::with_capacity(target.len());
    out.push_str(&path);
    for (index, pair) in query.split('&').enumerate() {
        out.push(if index == 0 { '?' } else { '&' });
        let (name, value) = match pair.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (pair, None),
        };
        out.push_str(if holds_address(name) { REDACTED } else { name });
        let Some(value) = value else { continue };
        out.push('=');
        match hides_parameter(name, value) {
            true => out.push_str(if value.is_empty() { "" } else { REDACTED }),
            false => out.push_str(&text(value)),
        }
    }
    Cow::Owned(out)
}

/// Whether the value of a parameter of a query must not be logged: for its name, which may be
/// encoded, or because it holds an address.
#[must_use]
pub fn hides_parameter(name: &str, value: &str) -> bool {
    if holds_address(value) {
        return true;
    }
    let Some(name) = decoded(name) else { return true };
    let lower = name.to_ascii_lowercase();
    SECRET_PARTS.iter().any(|part| lower.contains(part))
        || lower == "state"
        || is_personal(&name)
        || is_sensitive(&name)
}

/// Whether a parameter or a member of a document has the name of one that holds what people
/// are called, in whatever spelling. Names of fields of log lines are not meant: what stands
/// in `search_path` is no person.
#[must_use]
pub fn is_personal(name: &str) -> bool {
    let words = words(name);
    words.windows(2).any(|pair| pair[0] == "display" && pair[1] == "name")
        || words.iter().any(|word| matches!(word.as_str(), "search" | "displayname"))
}

/// Whether there is an `@` in the text, encoded however often.
#[must_use]
pub fn holds_address(text: &str) -> bool {
    // What is still encoded after so many times was made to hide something.
    text.contains('@') || decoded(text).is_none_or(|text| text.contains('@'))
}

/// The path without segments that hold an address, and without other secrets.
fn path_text(path: &str) -> Cow<'_, str> {
    if !holds_address(path) {
        return text(path);
    }
    let segments: Vec<Cow<'_, str>> = path
        .split('/')
        .map(|segment| match holds_address(segment) {
            true => Cow::Borrowed(REDACTED),
            false => text(segment),
        })
        .collect();
    Cow::Owned(segments.join("/"))
}

/// Without percent-encoding, as often as it was applied; `None` when that is too often.
fn decoded(text: &str) -> Option<Cow<'_, str>> {
    let mut text = Cow::Borrowed(text);
    for _ in 0..MOST_ENCODINGS {
        if !text.contains('%') {
            return Some(text);
        }
        let once = decoded_once(&text);
        if once == text {
            return Some(text);
        }
        text = Cow::Owned(once);
    }
    (decoded_once(&text) == text).then_some(text)
}

fn decoded_once(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let digit = |at: usize| tail.get(at).and_then(|byte| char::from(*byte).to_digit(16));
        match (first, digit(0), digit(1)) {
            (b'%', Some(high), Some(low)) => {
                out.push(u8::try_from(high * 16 + low).unwrap_or(b'?'));
                rest = &tail[2..];
            }
            _ => {
                out.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

type Range = std::ops::Range<usize>;

/// Characters of words, tokens and addresses.
fn is_token_char(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '+' | '%' | '~')
}

/// The secret that the word `text[start..end]` is or introduces. It does not begin before
/// `copied`.
fn secret_at(text: &str, start: usize, end: usize, copied: usize) -> Option<Range> {
    let word = &text[start..end];
    let rest = &text[end..];
    if rest.starts_with("://") {
        return userinfo(text, end + 3, word);
    }
    if let Some(after) = rest.strip_prefix('@')
        && let Some(domain) = domain(after)
    {
        return Some(start.max(copied)..end + 1 + domain);
    }
    if word.len() == 5 && word == "-----" || word.ends_with("-----BEGIN") || word == "-----BEGIN" {
        return private_key(text, start);
    }
    if matches!(word.to_ascii_lowercase().as_str(), "bearer" | "basic") {
        return credentials(text, end);
    }
    if is_json_web_token(word) || is_provider_key(word) || is_opaque_token(word) {
        return Some(start..end);
    }
    if let Some(length) = card_number(&text[start..]) {
        return Some(start..start + length);
    }
    value_after_name(text, word, end)
}

/// `user:password@` of a URL whose authority begins at `start`.
fn userinfo(text: &str, start: usize, scheme: &str) -> Option<Range> {
    let rest = &text[start..];
    let run = rest.find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | '`'));
    let run = &rest[..run.unwrap_or(rest.len())];
    let authority = &run[..run.find(['/', '?', '#']).unwrap_or(run.len())];
    // An unencoded `/` or `#` in a password ends the authority too early; where passwords
    // are usual everything up to the last `@` is suspect.
    let databases = ["postgres", "postgresql", "redis", "rediss", "mysql", "mongodb", "amqp"];
    let scheme = scheme.to_ascii_lowercase();
    let is_database = databases.iter().any(|name| scheme.ends_with(name));
    let at = if is_database { run.rfind('@') } else { authority.rfind('@') }?;
    (at > 0).then(|| start..start + at)
}

/// The length of a domain name with a dot at the beginning of `text`.
fn domain(text: &str) -> Option<usize> {
    let end =
        text.find(|c: char| !(c.is_alphanumeric() || matches!(c, '-' | '.'))).unwrap_or(text.len());
    let domain = text[..end].trim_end_matches(['.', '-']);
    let (_, top) = domain.rsplit_once('.')?;
    let is_name = top.chars().count() >= 2 && top.chars().all(char::is_alphanumeric);
    (is_name && !top.chars().all(|c| c.is_ascii_digit())).then_some(domain.len())
}

/// A PEM private key from its first line to its last (RFC 7468).
fn private_key(text: &str, start: usize) -> Option<Range> {
    let rest = &text[start..];
    let heading = rest.find("-----BEGIN")?;
    let label = &rest[heading..];
    let label = &label[..label.find('\n').unwrap_or(label.len()).min(label.len())];
    if !label.contains("PRIVATE KEY") {
        return None;
    }
    let end = rest.find("-----END").and_then(|end| {
        let tail = &rest[end + 8..];
        tail.find("-----").map(|dashes| end + 8 + dashes + 5)
    });
    Some(start + heading..start + end.unwrap_or(rest.len()))
}

/// What follows `Bearer` or `Basic` (RFC 6750, section 2.1; RFC 7617, section 2).
fn credentials(text: &str, end: usize) -> Option<Range> {
    let rest = &text[end..];
    let value = rest.trim_start_matches([' ', '\t']);
    if value.len() == rest.len() {
        return None;
    }
    let start = text.len() - value.len();
    let length = value
        .find(|c: char| !(c.is_ascii_alphanumeric() || "-._~+/=".contains(c)))
        .unwrap_or(value.len());
    (length > 0).then(|| start..start + length)
}

/// Three parts of base64url, the first of which is a JSON object (RFC 7519, section 3).
fn is_json_web_token(word: &str) -> bool {
    word.starts_with("eyJ")
        && word.len() >= 20
        && word.split('.').count() >= 2
        && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

fn is_provider_key(word: &str) -> bool {
    KEY_PREFIXES.iter().any(|prefix| word.strip_prefix(prefix).is_some_and(|key| key.len() >= 8))
}

/// `kernel::random::token`: 256 bits in base64url, which is 43 characters of all kinds.
fn is_opaque_token(word: &str) -> bool {
    word.len() == 43
        && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        && word.bytes().any(|byte| byte.is_ascii_uppercase())
        && word.bytes().any(|byte| byte.is_ascii_lowercase())
        && word.bytes().any(|byte| byte.is_ascii_digit())
}

/// The length of a payment card number at the beginning of `text`: 13 to 19 digits,
/// perhaps in groups, of a large scheme (first digit 3 to 6) and with a right check digit
/// (ISO/IEC 7812-1, annex B).
fn card_number(text: &str) -> Option<usize> {
    if !text.starts_with(['3', '4', '5', '6']) {
        return None;
    }
    let mut digits = Vec::with_capacity(19);
    let mut length = 0;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'0'..=b'9' => {
                digits.push(byte - b'0');
                length = at + 1;
            }
            b' ' | b'-' if digits.len() % 4 == 0 && length == at => {}
            _ => break,
        }
        if digits.len() > 19 {
            return None;
        }
    }
    let followed_by_word = text[length..].starts_with(|c: char| c.is_alphanumeric() || c == '-');
    if !(13..=19).contains(&digits.len()) || followed_by_word {
        return None;
    }
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(index, digit)| match (index % 2, u32::from(*digit) * 2) {
            (0, _) => u32::from(*digit),
            (_, doubled) => doubled / 10 + doubled % 10,
        })
        .sum();
    sum.is_multiple_of(10).then_some(length)
}

/// The value in `name=value`, `name: value`, `"name":"value"`.
fn value_after_name(text: &str, word: &str, end: usize) -> Option<Range> {
    let rest = &text[end..];
    let bare = rest.trim_start_matches(['"', '\'', '\\']);
    let name_is_quoted = bare.len() < rest.len();
    let bare = bare.trim_start();
    let separator = bare.chars().next().filter(|c| matches!(c, '=' | ':'))?;
    // `password::hash` is a path of Rust.
    let value = bare[1..].trim_start();
    if value.starts_with(separator) || !is_sensitive(word.trim_start_matches('.')) {
        return None;
    }
    let open = value.trim_start_matches('\\');
    let quote = open.chars().next().filter(|c| matches!(c, '"' | '\''));
    let start = text.len() - open.len() + quote.map_or(0, char::len_utf8);
    let value = &text[start..];
    let length = match quote {
        Some(quote) => value.find([quote, '\\']).unwrap_or(value.len()),
        // A cookie or credential header goes on over blanks and semicolons.
        None if matches!(
            words(word).last().map(String::as_str),
            Some("cookie" | "authorization")
        ) =>
        {
            value.find(['\n', '"', '\'', '}']).unwrap_or(value.len())
        }
        None => value
            .find(|c: char| c.is_whitespace() || ",;&)}]\"'".contains(c))
            .unwrap_or(value.len()),
    };
    let found = &value[..length];
    if found.is_empty()
        || matches!(found, "true" | "false" | "null" | "None")
        || value.starts_with(REDACTED)
    {
        return None;
    }
    // `invalid token: expired` explains something; `token: 8f3a...` does not.
    let certain = separator == '='
        || name_is_quoted
        || quote.is_some()
        || words(word).iter().any(|word| ALWAYS_SECRET.contains(&word.as_str()))
        || found.len() >= 16;
    certain.then(|| start..start + length)
}
