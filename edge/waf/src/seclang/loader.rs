//! Loads files, follows includes and collects everything into one document.
//!
//! Rules stand in the document in source order. `SecRuleRemove*` and `SecRuleUpdate*` apply
//! to all rules wherever they stand, as in ModSecurity v3.

use std::{
    fs,
    ops::RangeInclusive,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    actions::{self, ActionSpec},
    directive::{self, RuleSpec},
    lexer::{self, Statement, Token},
    position::{Position, SourceError},
    settings::Settings,
    targets::{self, TargetSpec},
};

/// How deep files may include each other.
const INCLUDE_DEPTH: usize = 16;

/// A rule or a jump label, in source order.
#[derive(Clone, Debug)]
pub enum Element {
    /// `SecRule` or `SecAction`.
    Rule(RuleSpec),
    /// `SecMarker`.
    Marker(String),
}

/// Which rules an update concerns.
#[derive(Clone, Debug)]
pub enum UpdateSelector {
    /// Rules with an id in one of the ranges.
    Id(Vec<RangeInclusive<u64>>),
    /// Rules with a tag matching the expression.
    Tag(String),
    /// Rules with a message matching the expression.
    Message(String),
}

/// What an update does.
#[derive(Clone, Debug)]
pub enum UpdateKind {
    /// The rules are dropped.
    Remove,
    /// Targets are added, or excluded where marked so.
    Targets(Vec<TargetSpec>),
    /// Actions are replaced or added; the number is the position in the chain.
    Actions(usize, Vec<ActionSpec>),
}

/// `SecRuleRemoveBy...` or `SecRuleUpdate...By...`.
#[derive(Clone, Debug)]
pub struct Update {
    /// The rules concerned.
    pub selector: UpdateSelector,
    /// What happens to them.
    pub kind: UpdateKind,
    /// Where the directive stands.
    pub at: Position,
}

/// Everything that was loaded.
#[derive(Clone, Debug, Default)]
pub struct Document {
    /// Configuration directives.
    pub settings: Settings,
    /// Rules and markers.
    pub elements: Vec<Element>,
    /// `SecDefaultAction`, in source order.
    pub defaults: Vec<(Position, Vec<ActionSpec>)>,
    /// Removals and updates, in source order.
    pub updates: Vec<Update>,
    /// The files read, each once: rules in order of their first inclusion, the data files of
    /// operators, the Unicode map.
    pub files: Vec<PathBuf>,
    /// What `Include` and `IncludeOptional` name that may become other files without a change
    /// of one that was read: paths with wildcards in their last component, also those that
    /// matched nothing, and optional files that are not there.
    pub patterns: Vec<PathBuf>,
}

impl Document {
    fn read(&mut self, file: PathBuf) {
        if !self.files.contains(&file) {
            self.files.push(file);
        }
    }
}

/// Reads rule files into one document.
#[derive(Debug, Default)]
pub struct Loader {
    document: Document,
    stack: Vec<PathBuf>,
}

impl Loader {
    /// An empty loader.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Loads a file and what it includes. Relative names inside it are relative to it, or to
    /// the working directory where it has no such neighbour.
    pub fn file(&mut self, path: &Path) -> Result<(), SourceError> {
        let name: Arc<str> = Arc::from(path.to_string_lossy());
        let start = Position { file: Arc::clone(&name), line: 1, column: 1 };
        self.include(path, &start)
    }

    /// Loads directives that stand in no file; `name` appears in errors. Relative names are
    /// relative to the working directory.
    pub fn text(&mut self, name: &str, source: &str) -> Result<(), SourceError> {
        self.source(&Arc::from(name), source.as_bytes(), Path::new(""))
    }

    /// The finished document.
    #[must_use]
    pub fn finish(self) -> Document {
        self.document
    }

    fn include(&mut self, path: &Path, at: &Position) -> Result<(), SourceError> {
        if self.stack.len() >= INCLUDE_DEPTH || self.stack.iter().any(|open| open == path) {
            return Err(SourceError::new(
                at.clone(),
                format!("{} includes itself", path.display()),
            ));
        }
        let source = fs::read(path).map_err(|e| {
            SourceError::new(at.clone(), format!("cannot read {}: {e}", path.display()))
                .caused_by(e)
        })?;
        self.document.read(path.to_owned());
        self.stack.push(path.to_owned());
        let name: Arc<str> = Arc::from(path.to_string_lossy());
        let result = self.source(&name, &source, path.parent().unwrap_or(Path::new("")));
        self.stack.pop();
        result
    }

    fn source(
        &mut self,
        name: &Arc<str>,
        source: &[u8],
        directory: &Path,
    ) -> Result<(), SourceError> {
        for statement in lexer::statements(name, source)? {
            self.statement(&statement, directory)?;
        }
        Ok(())
    }

    fn statement(&mut self, statement: &Statement, directory: &Path) -> Result<(), SourceError> {
        let name = statement.name.text.to_ascii_lowercase();
        match name.as_str() {
            "secrule" => {
                let mut rule = directive::rule(statement)?;
                for file in resolve_data_files(&mut rule, directory) {
                    self.document.read(file);
                }
                self.document.elements.push(Element::Rule(rule));
            }
            "secaction" => {
                self.document.elements.push(Element::Rule(directive::action(statement)?))
            }
            "secmarker" => {
                let token = one(statement)?;
                self.document.elements.push(Element::Marker(token.text.clone()));
            }
            "secdefaultaction" => {
                let token = one(statement)?;
                self.document.defaults.push((token.position(0), actions::parse(token)?));
            }
            "include" | "includeoptional" => {
                let token = one(statement)?;
                let optional = name == "includeoptional";
                let (found, pattern) = matching(directory, token, optional)?;
                if let Some(pattern) = pattern
                    && !self.document.patterns.contains(&pattern)
                {
                    self.document.patterns.push(pattern);
                }
                for path in found {
                    self.include(&path, &token.position(0))?;
                }
            }
            "secrulescript" => {
                return Err(statement.name.error(
                    0,
                    "SecRuleScript needs a script engine, which this engine does not have",
                ));
            }
            "secremoterules" => {
                return Err(statement
                    .name
                    .error(0, "SecRemoteRules is refused: rules are loaded from files only"));
            }
            _ => {
                if let Some(update) = update(&name, statement)? {
                    self.document.updates.push(update);
                } else if self.document.settings.apply(statement)? {
                    if name == "secunicodemapfile"
                        && let Some((path, _)) = &mut self.document.settings.unicode_map
                    {
                        *path = beside(directory, &*path);
                        let path = path.clone();
                        self.document.read(path);
                    }
                } else {
                    return Err(statement
                        .name
                        .error(0, format!("unknown directive {}", statement.name.text)));
                }
            }
        }
        Ok(())
    }
}

/// A file named in another one: relative to that file or, if nothing is there, to the working
/// directory.
fn beside(directory: &Path, name: impl AsRef<Path>) -> PathBuf {
    let path = directory.join(&name);
    if !path.exists() && name.as_ref().exists() { name.as_ref().to_owned() } else { path }
}

/// Data files are named relative to the file of the rule. Returns them.
fn resolve_data_files(rule: &mut RuleSpec, directory: &Path) -> Vec<PathBuf> {
    if let Some(operator) = &mut rule.operator
        && matches!(operator.name.as_str(), "pmfromfile" | "pmf" | "ipmatchfromfile" | "ipmatchf")
    {
        let files: Vec<PathBuf> = operator
            .argument
            .split_ascii_whitespace()
            .map(|name| beside(directory, name))
            .collect();
        let names: Vec<_> = files.iter().map(|file| file.to_string_lossy()).collect();
        operator.argument = names.join(" ");
        return files;
    }
    Vec::new()
}

fn one(statement: &Statement) -> Result<&Token, SourceError> {
    match statement.arguments.as_slice() {
        [token] => Ok(token),
        other => Err(statement.name.error(
            0,
            format!("{} takes one value, {} stand here", statement.name.text, other.len()),
        )),
    }
}

fn update(name: &str, statement: &Statement) -> Result<Option<Update>, SourceError> {
    let token = |index: usize| {
        statement.arguments.get(index).ok_or_else(|| {
            statement.name.error(0, format!("{} takes more values", statement.name.text))
        })
    };
    let (selector, kind) = match name {
        "secruleremovebyid" => {
            let mut ranges = Vec::new();
            token(0)?;
            for argument in &statement.arguments {
                ranges.extend(id_ranges(argument)?);
            }
            (UpdateSelector::Id(ranges), UpdateKind::Remove)
        }
        "secruleremovebytag" => (UpdateSelector::Tag(token(0)?.text.clone()), UpdateKind::Remove),
        "secruleremovebymsg" => {
            (UpdateSelector::Message(token(0)?.text.clone()), UpdateKind::Remove)
        }
        "secruleupdatetargetbyid" => (
            UpdateSelector::Id(id_ranges(token(0)?)?),
            UpdateKind::Targets(targets::parse(token(1)?)?),
        ),
        "secruleupdatetargetbytag" => (
            UpdateSelector::Tag(token(0)?.text.clone()),
            UpdateKind::Targets(targets::parse(token(1)?)?),
        ),
        "secruleupdatetargetbymsg" => (
            UpdateSelector::Message(token(0)?.text.clone()),
            UpdateKind::Targets(targets::parse(token(1)?)?),
        ),
        "secruleupdateactionbyid" => {
            let which = token(0)?;
            let (id, offset) = which.text.split_once(':').unwrap_or((&which.text, "0"));
            let id: u64 = id
                .trim()
                .parse()
                .map_err(|e| which.error(0, "a rule id is expected").caused_by(e))?;
            let offset = offset.trim().parse().map_err(|e| {
                which.error(0, "a position in the chain is expected after the colon").caused_by(e)
            })?;
            (
                UpdateSelector::Id(vec![id..=id]),
                UpdateKind::Actions(offset, actions::parse(token(1)?)?),
            )
        }
        _ => return Ok(None),
    };
    Ok(Some(Update { selector, kind, at: statement.name.position(0) }))
}

fn id_ranges(token: &Token) -> Result<Vec<RangeInclusive<u64>>, SourceError> {
    token
        .text
        .split([',', ' '])
        .filter(|part| !part.is_empty())
        .map(|part| {
            parse_id_range(part).ok_or_else(|| {
                token.error(0, format!("{part:?} is not a rule id or a range of ids"))
            })
        })
        .collect()
}

/// `942100` or `942000-942999`.
pub(crate) fn parse_id_range(text: &str) -> Option<RangeInclusive<u64>> {
    let (low, high) = text.split_once('-').unwrap_or((text, text));
    let (low, high) = (low.trim().parse().ok()?, high.trim().parse().ok()?);
    (low <= high).then_some(low..=high)
}

/// The files an include names, sorted, wildcards in the last component only; and the path
/// as named, if other files may come to match it.
fn matching(
    directory: &Path,
    token: &Token,
    optional: bool,
) -> Result<(Vec<PathBuf>, Option<PathBuf>), SourceError> {
    let path = beside(directory, &token.text);
    let pattern = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    if !pattern.contains(['*', '?', '[']) {
        return Ok(if optional && !path.exists() {
            (Vec::new(), Some(path))
        } else {
            (vec![path], None)
        });
    }
    let parent = path.parent().unwrap_or(Path::new(""));
    if parent.to_string_lossy().contains(['*', '?', '[']) {
        return Err(token.error(0, "wildcards may stand in the last part of the path only"));
    }
    let entries = match fs::read_dir(parent) {
        Ok(entries) => entries,
        Err(_) if optional => return Ok((Vec::new(), Some(path))),
        Err(e) => {
            return Err(token
                .error(0, format!("cannot read {}: {e}", parent.display()))
                .caused_by(e));
        }
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|e| {
            token.error(0, format!("cannot read {}: {e}", parent.display())).caused_by(e)
        })?;
        let name = entry.file_name();
        if wildcard(pattern.as_bytes(), name.to_string_lossy().as_bytes()) {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok((found, Some(path)))
}

/// Shell-style match of one path component.
fn wildcard(pattern: &[u8], name: &[u8]) -> bool {
    match pattern.split_first() {
        None => name.is_empty(),
        Some((b'*', rest)) => (0..=name.len()).any(|skip| wildcard(rest, &name[skip..])),
        Some((b'?', rest)) => !name.is_empty() && wildcard(rest, &name[1..]),
        Some((b'[', rest)) => {
            let Some((&first, tail)) = name.split_first() else {
                return false;
            };
            let Some(close) = rest.iter().skip(1).position(|&b| b == b']').map(|i| i + 1) else {
                return first == b'[' && wildcard(rest, tail);
            };
            let (negated, set) = match rest[..close].split_first() {
                Some((b'!' | b'^', set)) => (true, set),
                _ => (false, &rest[..close]),
            };
            let mut hit = false;
            let mut at = 0;
            while at < set.len() {
                if set.get(at + 1) == Some(&b'-') && at + 2 < set.len() {
                    hit |= (set[at]..=set[at + 2]).contains(&first);
                    at += 3;
                } else {
                    hit |= set[at] == first;
                    at += 1;
                }
            }
            hit != negated && wildcard(&rest[close + 1..], tail)
        }
        Some((byte, rest)) => name.first() == Some(byte) && wildcard(rest, &name[1..]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_match_as_a_shell_does() {
        assert!(wildcard(b"*.conf", b"REQUEST-901.conf"));
        assert!(!wildcard(b"*.conf", b"x.conf.example"));
        assert!(wildcard(b"R[A-F]?-9*", b"RE1-9"));
        assert!(!wildcard(b"[!a]b", b"ab"));
    }

    #[test]
    fn includes_are_sorted_relative_and_not_circular() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("rules")).unwrap();
        fs::write(dir.path().join("rules/b.conf"), "SecMarker B").unwrap();
        fs::write(dir.path().join("rules/a.conf"), "SecMarker A").unwrap();
        fs::write(dir.path().join("main.conf"), "Include rules/*.conf\nIncludeOptional none.conf")
            .unwrap();
        let mut loader = Loader::new();
        loader.file(&dir.path().join("main.conf")).unwrap();
        let names: Vec<_> =
            loader.finish().elements.into_iter().map(|e| format!("{e:?}")).collect();
        assert_eq!(names, [r#"Marker("A")"#, r#"Marker("B")"#]);

        fs::write(dir.path().join("loop.conf"), "Include loop.conf").unwrap();
        let error = Loader::new().file(&dir.path().join("loop.conf")).unwrap_err();
        assert!(error.message.contains("includes itself"), "{error}");
    }

    #[test]
    fn the_packaged_core_rule_set_loads() {
        let rules = Path::new("/usr/share/modsecurity-crs/rules");
        if !rules.exists() {
            println!("skipped: the package modsecurity-crs is not installed");
            return;
        }
        let mut loader = Loader::new();
        loader
            .text("crs", "Include /etc/modsecurity/crs/crs-setup.conf\nInclude /usr/share/modsecurity-crs/rules/*.conf")
            .unwrap();
        let document = loader.finish();
        assert!(document.elements.len() > 600, "{}", document.elements.len());
        assert_eq!(document.defaults.len(), 2);
    }

    #[test]
    fn what_is_not_understood_is_named_with_its_place() {
        for (source, line, column, words) in [
            ("\nSecRuleScript x.lua", 2, 1, "script engine"),
            ("SecFoo 1", 1, 1, "unknown directive SecFoo"),
            ("SecRule ARGS|", 1, 1, "SecRule takes"),
            ("SecRule ARGS|%x \"@rx a\" \"id:1\"", 1, 14, "variable name"),
            ("SecRule ARGS \"@rx a\" \"id:1,msg:'a\"", 1, 32, "does not end"),
            ("SecRuleEngine Maybe", 1, 15, "DetectionOnly"),
            ("SecRuleRemoveById 5-1", 1, 19, "range"),
        ] {
            let error = Loader::new().text("t.conf", source).unwrap_err();
            assert_eq!((error.at.line, error.at.column), (line, column), "{error}");
            assert!(error.message.contains(words), "{error}");
        }
    }
}
