//! The paths a file names, made absolute: `crate::application::login`, `std::env::var`.
//!
//! `use` trees are unfolded, `self` and `super` resolved against the module the file is,
//! and a name that the file imported is replaced by what it stands for, so that
//! `use std::env; env::var(..)` reads as `std::env::var`.

use super::tokens::{Kind, Token};
use std::collections::HashMap;

/// A path of at least two segments, or the operand of a `use`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    /// From `crate` or from the name of an external crate; never `self` or `super`.
    pub segments: Vec<String>,
    /// Whether it ends in `::*`.
    pub glob: bool,
    /// Where its first segment (in a tree: its own leaf) stands.
    pub line: usize,
    /// Whether it stands in a module that only tests compile.
    pub in_tests: bool,
}

/// What a file contains that the rules look at.
#[derive(Debug, Default)]
pub struct Contents {
    /// Every path, in the order of the file.
    pub paths: Vec<Path>,
    /// Lines of `async` and `await` outside tests.
    pub asynchronous: Vec<usize>,
    /// Modules in files of their own that only tests compile; segments after `crate`.
    pub test_modules: Vec<Vec<String>>,
}

/// Reads `tokens` as the module `module` (segments after `crate`).
pub fn read(tokens: &[Token], module: &[String]) -> Contents {
    let mut reader = Reader {
        tokens,
        at: 0,
        depth: 0,
        inline: Vec::new(),
        module,
        imported: HashMap::new(),
        found: Contents::default(),
    };
    reader.run();
    let Reader { imported, mut found, .. } = reader;
    for path in &mut found.paths {
        if let Some(full) = path.segments.first().and_then(|first| imported.get(first)) {
            path.segments.splice(..1, full.iter().cloned());
        }
    }
    found
}

/// A module written inside the file.
struct Inline {
    name: String,
    tests: bool,
    depth: usize,
}

struct Reader<'t> {
    tokens: &'t [Token],
    at: usize,
    depth: usize,
    inline: Vec<Inline>,
    module: &'t [String],
    /// What a name at the head of a path stands for, by `use` or by a `mod` of this file.
    imported: HashMap<String, Vec<String>>,
    found: Contents,
}

impl Reader<'_> {
    fn run(&mut self) {
        while let Some(token) = self.tokens.get(self.at) {
            match &token.kind {
                Kind::Mark('{') => {
                    self.depth += 1;
                    self.at += 1;
                }
                Kind::Mark('}') => {
                    self.depth = self.depth.saturating_sub(1);
                    self.inline.retain(|module| module.depth < self.depth + 1);
                    self.at += 1;
                }
                Kind::Word(word) if word == "mod" => self.module_item(),
                Kind::Word(word) if word == "use" => {
                    self.at += 1;
                    self.path(Vec::new(), true);
                }
                Kind::Word(word) if word == "async" || word == "await" => {
                    if !self.in_tests() {
                        self.found.asynchronous.push(token.line);
                    }
                    self.at += 1;
                }
                Kind::Word(_) if self.is_path_start() => self.path(Vec::new(), false),
                _ => self.at += 1,
            }
        }
    }

    fn in_tests(&self) -> bool {
        self.inline.iter().any(|module| module.tests)
    }

    fn mark(&self, offset: usize, expected: char) -> bool {
        self.tokens.get(self.at + offset).is_some_and(|token| token.is_mark(expected))
    }

    fn is_path_start(&self) -> bool {
        let previous = self.at.checked_sub(1).and_then(|at| self.tokens.get(at));
        let continues =
            previous.is_some_and(|token| token.kind == Kind::PathSeparator || token.is_mark('.'));
        let next = self.tokens.get(self.at + 1);
        !continues && next.is_some_and(|token| token.kind == Kind::PathSeparator)
    }

    /// `mod name;` or `mod name {`.
    fn module_item(&mut self) {
        let tests = self.follows_cfg_test();
        self.at += 1;
        let Some(Token { kind: Kind::Word(name), .. }) = self.tokens.get(self.at) else {
            return;
        };
        self.at += 1;
        if self.mark(0, '{') {
            let tests = tests || name == "tests";
            self.inline.push(Inline { name: name.clone(), tests, depth: self.depth + 1 });
        } else if self.mark(0, ';') {
            let mut path = self.here();
            path.push(name.clone());
            if tests {
                self.found.test_modules.push(path[1..].to_vec());
            }
            self.imported.insert(name.clone(), path);
        }
    }

    /// Whether `#[cfg(test)]` stands right before the item at hand.
    fn follows_cfg_test(&self) -> bool {
        let Some(start) = self.at.checked_sub(7) else { return false };
        let attribute = &self.tokens[start..self.at];
        attribute[0].is_mark('#') && attribute[2].is_word("cfg") && attribute[4].is_word("test")
    }

    /// The module at hand, from `crate`.
    fn here(&self) -> Vec<String> {
        let inline = self.inline.iter().map(|module| &module.name);
        let crate_root = "crate".to_owned();
        std::iter::once(&crate_root).chain(self.module).chain(inline).cloned().collect()
    }

    /// Reads one path, or a tree of them, that continues `prefix`.
    fn path(&mut self, prefix: Vec<String>, importing: bool) {
        let mut segments = prefix;
        let mut line = self.tokens.get(self.at).map_or(0, |token| token.line);
        if segments.is_empty() && self.kind_is(&Kind::PathSeparator) {
            self.at += 1;
        }
        loop {
            match self.tokens.get(self.at).map(|token| &token.kind) {
                Some(Kind::Word(word)) => {
                    line = self.tokens[self.at].line;
                    self.segment(&mut segments, word);
                    self.at += 1;
                }
                Some(Kind::Mark('*')) => {
                    self.at += 1;
                    self.leaf(segments, true, line, None);
                    return;
                }
                Some(Kind::Mark('{')) if importing => {
                    self.at += 1;
                    self.branches(&segments);
                    return;
                }
                _ => break,
            }
            if !self.kind_is(&Kind::PathSeparator) {
                break;
            }
            self.at += 1;
        }
        let alias = importing.then(|| self.alias(&segments)).flatten();
        self.leaf(segments, false, line, alias);
    }

    fn kind_is(&self, kind: &Kind) -> bool {
        self.tokens.get(self.at).is_some_and(|token| token.kind == *kind)
    }

    fn segment(&self, segments: &mut Vec<String>, word: &str) {
        match word {
            "self" if segments.is_empty() => *segments = self.here(),
            "self" => {}
            "super" => {
                if segments.is_empty() {
                    *segments = self.here();
                }
                if segments.len() > 1 {
                    segments.pop();
                }
            }
            _ => segments.push(word.to_owned()),
        }
    }

    /// The branches of `prefix::{..}`, the opening brace already read.
    fn branches(&mut self, prefix: &[String]) {
        while let Some(token) = self.tokens.get(self.at) {
            match token.kind {
                Kind::Mark('}') => {
                    self.at += 1;
                    return;
                }
                Kind::Mark(',') => self.at += 1,
                _ => {
                    let before = self.at;
                    self.path(prefix.to_vec(), true);
                    // Text that is no use tree must not stop the reader.
                    self.at = self.at.max(before + 1);
                }
            }
        }
    }

    /// The name an import is known by: its `as`, or its last segment.
    fn alias(&mut self, segments: &[String]) -> Option<String> {
        if !self.tokens.get(self.at).is_some_and(|token| token.is_word("as")) {
            return segments.last().cloned();
        }
        self.at += 2;
        match self.tokens.get(self.at - 1).map(|token| &token.kind) {
            Some(Kind::Word(name)) => Some(name.clone()),
            _ => None,
        }
    }

    fn leaf(&mut self, segments: Vec<String>, glob: bool, line: usize, alias: Option<String>) {
        if segments.is_empty() {
            return;
        }
        if let Some(name) = alias
            && segments.len() > 1
        {
            self.imported.insert(name, segments.clone());
        }
        let in_tests = self.in_tests();
        self.found.paths.push(Path { segments, glob, line, in_tests });
    }
}

#[cfg(test)]
mod tests {
    use super::super::tokens::tokens;
    use super::*;

    fn shown(source: &str, module: &[&str]) -> Vec<String> {
        let module: Vec<_> = module.iter().map(|&segment| segment.to_owned()).collect();
        let shown = |path: Path| {
            let glob = if path.glob { "::*" } else { "" };
            let tests = if path.in_tests { " in tests" } else { "" };
            format!("{}: {}{glob}{tests}", path.line, path.segments.join("::"))
        };
        read(&tokens(source), &module).paths.into_iter().map(shown).collect()
    }

    #[test]
    fn trees_are_unfolded_each_leaf_on_its_line() {
        let source = "use crate::{\n  domain::{self, User},\n  infrastructure as i,\n  x::*,\n};";
        let expected = [
            "2: crate::domain",
            "2: crate::domain::User",
            "3: crate::infrastructure",
            "4: crate::x::*",
        ];
        assert_eq!(shown(source, &["application"]), expected);
    }

    #[test]
    fn self_and_super_are_resolved_against_the_module() {
        let source = "use super::super::infrastructure::Pool; use self::b::C; use super::*;";
        let expected =
            ["1: crate::infrastructure::Pool", "1: crate::a::login::b::C", "1: crate::a::*"];
        assert_eq!(shown(source, &["a", "login"]), expected);
    }

    #[test]
    fn inline_modules_count_and_tests_are_marked() {
        let source =
            "mod inner { use super::X; } #[cfg(test)] mod checks { fn f() { super::y::z() } }
                      fn g() { a::b() }";
        let expected = ["1: crate::m::X", "1: crate::m::y::z in tests", "2: a::b"];
        assert_eq!(shown(source, &["m"]), expected);
    }

    #[test]
    fn imported_names_and_child_modules_are_replaced() {
        let source = "use std::env; mod http; fn f() { env::var(\"X\"); http::Router::new(); }";
        let expected = ["1: std::env", "1: std::env::var", "1: crate::m::http::Router::new"];
        assert_eq!(shown(source, &["m"]), expected);
    }

    #[test]
    fn fields_methods_and_turbofish_are_no_crates() {
        let source = "self.http::<T>(); x.time.y(); Vec::<axum::Router>::new();";
        assert_eq!(shown(source, &[]), ["1: Vec", "1: axum::Router"]);
    }

    #[test]
    fn test_modules_in_their_own_files_are_named() {
        let source = "mod product; #[cfg(test)] mod properties; mod tests { mod x; }";
        let found = read(&tokens(source), &["domain".to_owned()]);
        assert_eq!(found.test_modules, [["domain", "properties"]]);
    }

    #[test]
    fn asynchronous_code_is_seen_outside_tests_only() {
        let source = "async fn f() { g().await }\nmod tests { async fn h() {} }";
        assert_eq!(read(&tokens(source), &[]).asynchronous, [1, 1]);
    }
}
