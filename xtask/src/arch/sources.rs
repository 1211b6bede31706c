//! What holds for a single source file: its opening words, its length, the layer it is in,
//! and the process environment.

use super::paths::{self, Path};
use super::rules::{Layer, Rules};
use super::tokens::tokens;
use super::violation::{Violation, Weight};

/// A file to check.
pub struct Source<'s> {
    /// Path from the root of the repository.
    pub file: &'s str,
    /// The crate it belongs to, without `marquis-`.
    pub crate_name: &'s str,
    /// Its module inside the crate; `None` for integration tests, benches and build scripts.
    pub module: Option<Vec<String>>,
    /// Whether its crate has layers.
    pub in_service: bool,
    /// Whether only tests compile it.
    pub for_tests: bool,
    pub text: &'s str,
}

/// The module of a file at `path` below `src`: `a/b.rs` and `a/b/mod.rs` are `[a, b]`.
pub fn module_of(path: &str) -> Vec<String> {
    let path = path.strip_suffix(".rs").unwrap_or(path);
    let path = path.strip_suffix("/mod").unwrap_or(path);
    if matches!(path, "lib" | "main") {
        return Vec::new();
    }
    path.split('/').map(str::to_owned).collect()
}

/// The modules that the file `text` declares for tests only, in files of their own.
pub fn test_modules(text: &str, module: &[String]) -> Vec<Vec<String>> {
    paths::read(&tokens(text), module).test_modules
}

/// Everything wrong with one file. `dependencies` are the crate names (with `_`) of the
/// workspace's dependencies.
pub fn check(source: &Source<'_>, rules: &Rules, dependencies: &[String]) -> Vec<Violation> {
    let mut report = Report { source, found: Vec::new() };
    report.opening();
    report.length(rules);
    let module = source.module.clone().unwrap_or_default();
    let contents = paths::read(&tokens(source.text), &module);
    for path in &contents.paths {
        report.environment(path, rules);
    }
    let layered = source.in_service && !source.for_tests;
    let layer = layered.then(|| module.first()).flatten();
    if let Some((name, layer)) = layer.and_then(|name| rules.layers.get_key_value(name)) {
        for path in contents.paths.iter().filter(|path| !path.in_tests) {
            report.layer(path, name, layer, dependencies);
        }
        for &line in contents.asynchronous.iter().filter(|_| layer.synchronous) {
            report.error(
                line,
                "layers",
                format!("asynchronous code in the {name} layer"),
                "decide here, wait in application; hand the results in as values",
            );
        }
    }
    report.found
}

/// Standard library that waits, or reads what the layer was not handed.
const OUTSIDE_WORLD: [&str; 9] = [
    "std::env",
    "std::fs",
    "std::net::TcpListener",
    "std::net::TcpStream",
    "std::net::UdpSocket",
    "std::process",
    "std::thread",
    "std::time::Instant",
    "std::time::SystemTime",
];

struct Report<'s> {
    source: &'s Source<'s>,
    found: Vec<Violation>,
}

impl Report<'_> {
    fn push(
        &mut self,
        weight: Weight,
        line: usize,
        rule: &'static str,
        what: String,
        advice: &str,
    ) {
        let (file, advice) = (self.source.file.to_owned(), advice.to_owned());
        let violation = Violation { file, line, weight, rule, what, advice };
        // An import and its uses on one line say the same.
        if !self.found.contains(&violation) {
            self.found.push(violation);
        }
    }

    fn error(&mut self, line: usize, rule: &'static str, what: String, advice: &str) {
        self.push(Weight::Error, line, rule, what, advice);
    }

    fn opening(&mut self) {
        if !self.source.text.starts_with("//!") {
            self.error(
                1,
                "files",
                "the module does not open with `//!`".to_owned(),
                "say in its first lines what it is for and what always holds",
            );
        }
    }

    fn length(&mut self, rules: &Rules) {
        let lines = self.source.text.lines().count();
        let what = format!("{lines} lines");
        let advice = "split it along its seams: one thing per file, named for it";
        if lines > rules.files.split_lines {
            self.error(lines, "files", what, advice);
        } else if lines > rules.files.look_again_lines {
            self.push(Weight::Warning, lines, "files", what, advice);
        }
    }

    fn environment(&mut self, path: &Path, rules: &Rules) {
        let [root, module, function, ..] = path.segments.as_slice() else { return };
        if root != "std" || module != "env" {
            return;
        }
        // Integration tests are told by the environment where their servers are.
        if self.source.module.is_none() || path.in_tests {
            return;
        }
        let by = |names: &[String]| names.iter().any(|name| name == self.source.crate_name);
        let allowed = match function.as_str() {
            "var" | "var_os" | "set_var" | "remove_var" => by(&rules.environment.read_by),
            "vars" | "vars_os" => {
                by(&rules.environment.read_by) || by(&rules.environment.handed_over_by)
            }
            _ => true,
        };
        if !allowed {
            let what = format!("`std::env::{function}` in {}", self.source.crate_name);
            let advice = "take the value from marquis_config, where it is documented and checked";
            self.error(path.line, "environment", what, advice);
        }
    }

    fn layer(&mut self, path: &Path, name: &str, layer: &Layer, dependencies: &[String]) {
        let Some(first) = path.segments.first() else { return };
        if first == "crate" {
            self.sibling(path, name, layer);
        } else if layer.avoids.contains(first) {
            let what = format!("`{}` in the {name} layer", path.segments.join("::"));
            self.error(path.line, "layers", what, &advice_for(name));
        } else if let Some(only) = &layer.only
            && dependencies.contains(first)
            && !only.contains(first)
        {
            let what = format!("`{}` in the {name} layer", path.segments.join("::"));
            let advice = format!("this layer names only: {}", only.join(", "));
            self.error(path.line, "layers", what, &advice);
        }
        if layer.synchronous {
            let full = path.segments.join("::");
            let outside = OUTSIDE_WORLD
                .iter()
                .any(|&item| full == item || full.starts_with(&format!("{item}::")));
            if outside {
                let what = format!("`{full}` in the {name} layer");
                self.error(path.line, "layers", what, "take what it would say as a parameter");
            }
        }
    }

    fn sibling(&mut self, path: &Path, name: &str, layer: &Layer) {
        let sees = layer.sees.join(", ");
        match path.segments.get(1) {
            Some(sibling) if layer.sees.contains(sibling) => {}
            Some(_) => {
                let what = format!("`{}` in the {name} layer", path.segments.join("::"));
                let advice = format!("{name} sees: {sees}; {}", advice_for(name));
                self.error(path.line, "layers", what, &advice);
            }
            None if path.glob => {
                let what = format!("`crate::*` in the {name} layer");
                let advice = format!("name what is meant; {name} sees: {sees}");
                self.error(path.line, "layers", what, &advice);
            }
            None => {}
        }
    }
}

fn advice_for(layer: &str) -> String {
    let advice = match layer {
        "domain" => "keep rules free of I/O; what they need comes in as a value",
        "application" => "describe the need as a trait in application/ports.rs",
        "infrastructure" => "implement a port; what a client sees belongs to interfaces",
        "interfaces" => "call a use case of application; storage stays behind it",
        _ => "move it to the layer it belongs to",
    };
    advice.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(file: &str, text: &str) -> Vec<String> {
        let rules = Rules::of_this_repository().expect("the table reads");
        let source = Source {
            file,
            crate_name: "auth",
            module: Some(module_of(file)),
            in_service: true,
            for_tests: false,
            text,
        };
        let dependencies = ["axum", "marquis_kernel", "marquis_database", "tokio", "uuid"];
        let dependencies = dependencies.map(str::to_owned);
        let line = |violation: Violation| {
            format!("{}: [{}] {}", violation.line, violation.rule, violation.what)
        };
        check(&source, &rules, &dependencies).into_iter().map(line).collect()
    }

    #[test]
    fn a_decent_file_of_each_layer_passes() {
        let samples = [
            ("domain/user.rs", "//! x\nuse marquis_kernel::Clock; use crate::domain::x::Y;"),
            ("application/login.rs", "//! x\nuse crate::domain::User; async fn f() {}"),
            ("infrastructure/pg.rs", "//! x\nuse crate::application::ports::Users;"),
            ("interfaces/http/login.rs", "//! x\nuse crate::application::Login; use axum::Json;"),
            ("lib.rs", "//! x\nuse crate::infrastructure::Pg; use axum::Router;"),
        ];
        for (file, text) in samples {
            assert_eq!(found(file, text), [""; 0], "{file}");
        }
    }

    #[test]
    fn domain_names_nothing_that_waits() {
        let text = "//! x\nuse tokio::sync::Mutex;\nuse crate::application::Login;\nasync fn f() {}\n\
                    use std::fs;\nfn g() { std::time::Instant::now(); }";
        let expected = [
            "2: [layers] `tokio::sync::Mutex` in the domain layer",
            "3: [layers] `crate::application::Login` in the domain layer",
            "5: [layers] `std::fs` in the domain layer",
            "6: [layers] `std::time::Instant::now` in the domain layer",
            "4: [layers] asynchronous code in the domain layer",
        ];
        assert_eq!(found("domain/user.rs", text), expected);
    }

    #[test]
    fn application_reaches_no_storage_and_no_protocol() {
        let text = "//! x\nuse super::super::infrastructure::Pg;\nfn f() -> axum::Json<()> {}\n\
                    use crate::*;";
        let expected = [
            "2: [layers] `crate::infrastructure::Pg` in the application layer",
            "3: [layers] `axum::Json` in the application layer",
            "4: [layers] `crate::*` in the application layer",
        ];
        assert_eq!(found("application/login.rs", text), expected);
    }

    #[test]
    fn interfaces_reach_no_storage() {
        let text = "//! x\nuse crate::infrastructure;\nuse marquis_database::Database as D;";
        let expected = [
            "2: [layers] `crate::infrastructure` in the interfaces layer",
            "3: [layers] `marquis_database::Database` in the interfaces layer",
        ];
        assert_eq!(found("interfaces/http/mod.rs", text), expected);
    }

    #[test]
    fn tests_inside_a_layer_may_see_more() {
        let text =
            "//! x\n#[cfg(test)]\nmod tests { use crate::infrastructure::Pg; use tokio::x; }";
        assert_eq!(found("domain/user.rs", text), [""; 0]);
    }

    #[test]
    fn the_environment_is_read_in_one_place() {
        let text = "//! x\nuse std::env;\nfn f() { env::var(\"HOME\"); env::args(); }";
        assert_eq!(found("lib.rs", text), ["3: [environment] `std::env::var` in auth"]);
        let in_tests = "//! x\nmod tests { fn f() { std::env::var(\"HOME\"); } }";
        assert_eq!(found("lib.rs", in_tests), [""; 0]);
    }

    #[test]
    fn files_say_what_they_are_for_and_stay_short() {
        let long = format!("//! x\n{}", "\n".repeat(700));
        assert_eq!(found("lib.rs", &long), ["701: [files] 701 lines"]);
        let opening = "1: [files] the module does not open with `//!`";
        assert_eq!(found("lib.rs", "fn f() {}"), [opening]);
    }

    #[test]
    fn modules_are_named_by_their_path() {
        assert_eq!(module_of("lib.rs"), [""; 0]);
        assert_eq!(module_of("domain/mod.rs"), ["domain"]);
        assert_eq!(module_of("interfaces/http/login.rs"), ["interfaces", "http", "login"]);
    }
}
