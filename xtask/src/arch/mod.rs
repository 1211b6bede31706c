//! `cargo xtask arch`: fails when a crate, a layer or a file sees or is what it must not.
//!
//! The rules stand in `xtask/arch.toml` and `deny.toml`; this module walks the tree and
//! hands each file to the check it concerns. It reads files and git, never the network.

mod crates;
mod kinds;
mod migrations;
mod paths;
mod rules;
mod sources;
mod tokens;
mod violation;

use crate::{Outcome, workspace};
use migrations::Directory;
use rules::{Rules, short_name};
use sources::{Source, module_of};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use toml::{Table, Value};
use violation::{Violation, Weight};

/// Options of `cargo xtask arch`.
#[derive(clap::Args)]
pub struct Arguments {
    /// Fail on warnings as well
    #[arg(long)]
    strict: bool,
}

/// Checks the tree and prints every finding.
pub fn run(arguments: &Arguments) -> Outcome {
    let root = workspace::root();
    let rules = Rules::of_this_repository()?;
    let manifest: Table = toml::from_str(&read(&root.join("Cargo.toml"))?)?;
    let dependencies = workspace_dependencies(&manifest);
    let members = members(&manifest);

    let mut found = Vec::new();
    let mut problem_kinds = kinds::Kinds::default();
    let mut files = 0_usize;
    for member in &members {
        let directory = root.join(member);
        let manifest_path = directory.join("Cargo.toml");
        let text = read(&manifest_path)?;
        found.extend(crates::check_manifest(&workspace::shown(&manifest_path), &text, &rules)?);
        found.extend(check_migrations(&directory.join("migrations"))?);
        if rules.files.generated.contains(member) {
            continue;
        }
        let package: Table = toml::from_str(&text)?;
        let crate_name = package_name(&package);
        let mut texts = Vec::new();
        for path in rust_files(&directory, &members, &root)? {
            let below_src = path.strip_prefix(directory.join("src")).ok();
            let module = below_src.and_then(Path::to_str).map(module_of);
            texts.push((workspace::shown(&path), module, read(&path)?));
        }
        files += texts.len();
        let test_modules: Vec<_> = texts
            .iter()
            .flat_map(|(_, module, text)| {
                sources::test_modules(text, module.as_deref().unwrap_or_default())
            })
            .collect();
        for (file, module, text) in &texts {
            let for_tests = module
                .as_ref()
                .is_some_and(|module| test_modules.iter().any(|tests| module.starts_with(tests)));
            let source = Source {
                file,
                crate_name: short_name(&crate_name),
                module: module.clone(),
                in_service: member.starts_with("services/"),
                for_tests,
                text,
            };
            found.extend(sources::check(&source, &rules, &dependencies));
            if module.is_some() && !for_tests {
                problem_kinds.read(file, text);
            }
        }
    }
    let deny = read(&root.join("deny.toml"))?;
    found.extend(crates::check_bans(&deny, &read(&root.join("Cargo.lock"))?)?);

    let errors_page = "docs/errors.md";
    found.extend(problem_kinds.check(errors_page, &read(&root.join(errors_page))?));

    found.sort();
    found.dedup();
    for violation in &found {
        println!("{violation}");
    }
    let errors = found.iter().filter(|found| found.weight == Weight::Error).count();
    let warnings = found.len() - errors;
    println!("arch: {} crates, {files} files: {errors} errors, {warnings} warnings", members.len());
    if errors > 0 || (arguments.strict && warnings > 0) {
        return Err("the architecture rules do not hold (the table: xtask/arch.toml)".into());
    }
    Ok(())
}

fn read(path: &Path) -> io::Result<String> {
    fs::read_to_string(path)
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))
}

fn members(manifest: &Table) -> Vec<String> {
    let members = manifest.get("workspace").and_then(|workspace| workspace.get("members"));
    let members = members.and_then(Value::as_array).into_iter().flatten();
    members.filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Names of `[workspace.dependencies]` as Rust source writes them.
fn workspace_dependencies(manifest: &Table) -> Vec<String> {
    let dependencies =
        manifest.get("workspace").and_then(|workspace| workspace.get("dependencies"));
    let names = dependencies.and_then(Value::as_table).into_iter().flat_map(Table::keys);
    names.map(|name| name.replace('-', "_")).collect()
}

fn package_name(manifest: &Table) -> String {
    let package = manifest.get("package").and_then(|package| package.get("name"));
    package.and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// The `.rs` files of the member at `directory`, without those of members inside it.
fn rust_files(directory: &Path, members: &[String], root: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut pending = vec![directory.to_path_buf()];
    while let Some(place) = pending.pop() {
        for entry in fs::read_dir(&place)? {
            let path = entry?.path();
            if path.is_dir() {
                let is_member = members.iter().any(|member| root.join(member) == path);
                if !is_member {
                    pending.push(path);
                }
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

fn check_migrations(directory: &Path) -> Result<Vec<Violation>, Box<dyn std::error::Error>> {
    if !directory.is_dir() {
        return Ok(Vec::new());
    }
    let mut now = Directory::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        now.insert(entry.file_name().to_string_lossy().into_owned(), fs::read(entry.path())?);
    }
    let shown = workspace::shown(directory);
    let published: Vec<_> = published_bases()
        .into_iter()
        .map(|base| {
            let files = published_files(&base, &shown);
            (base, files)
        })
        .collect();
    Ok(migrations::check(&shown, &now, &published))
}

/// The newest release and the shared branch, as far as this checkout knows them. Neither
/// exists before the first release in a fresh repository; then only the numbers are checked.
fn published_bases() -> Vec<String> {
    let release = git(&["describe", "--tags", "--abbrev=0", "--match", "v[0-9]*"]);
    let branch = git(&["rev-parse", "--verify", "--quiet", "origin/main"]);
    let branch = branch.map(|_| b"origin/main".to_vec());
    let names = release.into_iter().chain(branch);
    names.map(|name| String::from_utf8_lossy(&name).trim().to_owned()).collect()
}

/// The files of `directory` at `base`.
fn published_files(base: &str, directory: &str) -> Directory {
    let listed = git(&["ls-tree", "--name-only", base, "--", &format!("{directory}/")]);
    let listed = String::from_utf8_lossy(&listed.unwrap_or_default()).into_owned();
    listed
        .lines()
        .filter_map(|path| {
            let content = git(&["show", &format!("{base}:{path}")])?;
            Some((path.rsplit('/').next()?.to_owned(), content))
        })
        .collect()
}

/// What git prints, or `None` when it is missing, fails, or this is no repository.
fn git(arguments: &[&str]) -> Option<Vec<u8>> {
    let output = Command::new("git").arg("-C").arg(workspace::root()).args(arguments).output();
    output.ok().filter(|output| output.status.success()).map(|output| output.stdout)
}
