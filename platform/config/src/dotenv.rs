//! `.env` files: `NAME=value` lines as shells and compose tools read them.
//!
//! `#` begins a comment at the start of a line or after a blank; `export` may precede a
//! name; `'...'` is literal; `"..."` knows `\n`, `\t`, `\r`, `\"`, `\\` and `\$` and may run
//! over several lines. Nothing is expanded: a password with a `$` in it stays what it is.

/// One assignment.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Assignment {
    pub(crate) name: String,
    pub(crate) value: String,
    /// Counted from 1.
    pub(crate) line: usize,
}

/// A line that is not an assignment.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Malformed {
    pub(crate) line: usize,
    pub(crate) what: &'static str,
}

/// Reads a file's text. Malformed lines are reported and skipped.
pub(crate) fn parse(text: &str) -> (Vec<Assignment>, Vec<Malformed>) {
    let mut assignments = Vec::new();
    let mut malformed = Vec::new();
    let mut rest = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut line = 1;
    while !rest.is_empty() {
        let here = line;
        let (current, after) = rest.split_once('\n').unwrap_or((rest, ""));
        let statement = current.trim();
        if statement.is_empty() || statement.starts_with('#') {
            rest = after;
            line += 1;
            continue;
        }
        match assignment(rest) {
            Ok((name, value, used)) => {
                line += rest[..used].matches('\n').count();
                rest = &rest[used..];
                assignments.push(Assignment { name, value, line: here });
            }
            Err(what) => {
                malformed.push(Malformed { line: here, what });
                rest = after;
                line += 1;
            }
        }
    }
    (assignments, malformed)
}

/// The assignment at the beginning of `text` and the length of its lines.
fn assignment(text: &str) -> Result<(String, String, usize), &'static str> {
    let (before, after) = text.split_once('=').ok_or("has no `=`")?;
    if before.contains('\n') {
        return Err("has no `=`");
    }
    let name = before.trim();
    let name = match name.strip_prefix("export") {
        Some(exported) if exported.starts_with([' ', '\t']) => exported.trim(),
        _ => name,
    };
    let name_is_valid = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !name_is_valid {
        return Err("has no valid variable name before `=`");
    }
    let raw = after.trim_start_matches([' ', '\t']);
    let start = text.len() - raw.len();
    let (value, used) = match raw.chars().next() {
        Some('\'') => {
            let end = raw[1..].find('\'').ok_or("has a quote that is never closed")?;
            (raw[1..=end].to_owned(), end + 2)
        }
        Some('"') => double_quoted(raw)?,
        _ => {
            let line = raw.split('\n').next().unwrap_or("");
            let end = line
                .char_indices()
                .find(|&(at, c)| c == '#' && (at == 0 || line[..at].ends_with([' ', '\t'])))
                .map_or(line.len(), |(at, _)| at);
            (line[..end].trim().to_owned(), line.len())
        }
    };
    let tail = &raw[used..];
    let (remainder, _) = tail.split_once('\n').unwrap_or((tail, ""));
    let trimmed = remainder.trim();
    if !trimmed.is_empty() && !trimmed.starts_with('#') {
        return Err("has text after the closing quote");
    }
    let newline = usize::from(remainder.len() < tail.len());
    Ok((name.to_owned(), value, start + used + remainder.len() + newline))
}

/// The content of the quoted text at the beginning of `raw`, and its length with quotes.
fn double_quoted(raw: &str) -> Result<(String, usize), &'static str> {
    let mut value = String::new();
    let mut chars = raw.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Ok((value, at + 1)),
            '\\' => match chars.next() {
                Some((_, 'n')) => value.push('\n'),
                Some((_, 't')) => value.push('\t'),
                Some((_, 'r')) => value.push('\r'),
                Some((_, c @ ('"' | '\\' | '$'))) => value.push(c),
                Some((_, other)) => {
                    value.push('\\');
                    value.push(other);
                }
                None => break,
            },
            c => value.push(c),
        }
    }
    Err("has a quote that is never closed")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> Vec<(String, String)> {
        let (assignments, malformed) = parse(text);
        assert_eq!(malformed, []);
        assignments.into_iter().map(|one| (one.name, one.value)).collect()
    }

    #[test]
    fn quotes_comments_and_export_are_understood() {
        let text = "\u{feff}# comment\n\nA=1\nexport B = two words  # comment\nC='#$x\\n'\n\
                    D=\"a\\\"b\\n$c\" # comment\nE=\nF=a#b\r\n  G=\t'' \nexported=x\n";
        let expected = [
            ("A", "1"),
            ("B", "two words"),
            ("C", "#$x\\n"),
            ("D", "a\"b\n$c"),
            ("E", ""),
            ("F", "a#b"),
            ("G", ""),
            ("exported", "x"),
        ];
        assert_eq!(values(text), expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }

    #[test]
    fn quoted_values_run_over_lines_and_lines_are_counted() {
        let (assignments, _) = parse("KEY=\"-----BEGIN\nabc\n-----END\"\nNEXT=1");
        assert_eq!(assignments[0].value, "-----BEGIN\nabc\n-----END");
        assert_eq!((assignments[0].line, assignments[1].line), (1, 4));
    }

    #[test]
    fn malformed_lines_are_reported_one_by_one() {
        let (assignments, malformed) = parse("A 1\nB=2\n3C=4\nD='x' y\nE=\"open\n");
        assert_eq!(assignments.len(), 1);
        assert_eq!(malformed.iter().map(|one| one.line).collect::<Vec<_>>(), [1, 3, 4, 5]);
    }
}
