//! Migrations are numbered from 001 without a gap, and what a database may already have
//! run is never edited, renamed or removed.

use super::violation::{Violation, Weight};
use std::collections::BTreeMap;

const RULE: &str = "migrations";

/// The files of one directory of migrations: name to content.
pub type Directory = BTreeMap<String, Vec<u8>>;

/// What is wrong with `now`, the directory `directory` as it is; `published` is the same
/// directory as a release or the shared branch has it, with the name of that base.
pub fn check(
    directory: &str,
    now: &Directory,
    published: &[(String, Directory)],
) -> Vec<Violation> {
    let mut found = Vec::new();
    let mut report = |name: &str, what: String, advice: &str| {
        found.push(Violation {
            file: format!("{directory}/{name}"),
            line: 1,
            weight: Weight::Error,
            rule: RULE,
            what,
            advice: advice.to_owned(),
        });
    };
    for (position, name) in now.keys().enumerate() {
        let expected = position + 1;
        match number(name) {
            None => report(name, format!("{name} is not NNN_name.sql"), "name it so"),
            Some(number) if number != expected => {
                let what = format!("{name} has number {number}, {expected:03} is next");
                report(name, what, "number migrations from 001, each once, without a gap");
            }
            Some(_) => {}
        }
    }
    for (base, files) in published {
        for (name, content) in files {
            match now.get(name) {
                Some(same) if same == content => {}
                Some(_) => report(
                    name,
                    format!("differs from what {base} has"),
                    "restore it and write the change as the next migration",
                ),
                None => report(
                    name,
                    format!("{base} has it and it is gone"),
                    "restore it; a database that has run it looks for it",
                ),
            }
        }
    }
    found
}

/// `12` of `012_name.sql`.
fn number(name: &str) -> Option<usize> {
    let (number, rest) = name.split_once('_')?;
    let words = rest.strip_suffix(".sql")?;
    let named = !words.is_empty()
        && words.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    let digits = number.len() == 3 && number.chars().all(|c| c.is_ascii_digit());
    if named && digits { number.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directory(files: &[(&str, &str)]) -> Directory {
        files.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())).collect()
    }

    fn found(now: &[(&str, &str)], published: &[(&str, &str)]) -> Vec<String> {
        let published = [("v1.0.0".to_owned(), directory(published))];
        let found = check("m", &directory(now), &published);
        found.into_iter().map(|found| format!("{}: {}", found.file, found.what)).collect()
    }

    #[test]
    fn numbers_have_no_gap_and_no_double() {
        assert_eq!(found(&[("001_a.sql", ""), ("002_b.sql", "")], &[]), [""; 0]);
        assert_eq!(
            found(&[("001_a.sql", ""), ("003_b.sql", "")], &[]),
            ["m/003_b.sql: 003_b.sql has number 3, 002 is next"]
        );
        assert_eq!(
            found(&[("001_a.sql", ""), ("001_b.sql", "")], &[]),
            ["m/001_b.sql: 001_b.sql has number 1, 002 is next"]
        );
        assert_eq!(found(&[("1_a.sql", "")], &[]), ["m/1_a.sql: 1_a.sql is not NNN_name.sql"]);
    }

    #[test]
    fn what_was_published_stays() {
        let published = [("001_a.sql", "create")];
        assert_eq!(found(&[("001_a.sql", "create"), ("002_b.sql", "x")], &published), [""; 0]);
        assert_eq!(
            found(&[("001_a.sql", "changed")], &published),
            ["m/001_a.sql: differs from what v1.0.0 has"]
        );
        assert_eq!(found(&[], &published), ["m/001_a.sql: v1.0.0 has it and it is gone"]);
    }
}
