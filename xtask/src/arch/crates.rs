//! Dependency edges: what each member's `Cargo.toml` names, against the table; and what
//! `Cargo.lock` contains, against the bans of `deny.toml`. The bans are thereby kept on
//! machines without cargo-deny too, from the same list.

use super::rules::{Rules, short_name};
use super::violation::{Violation, Weight};
use serde::Deserialize;
use std::collections::BTreeMap;
use toml::{Table, Value};

const RULE: &str = "crates";

/// What is wrong with the manifest `text` that stands at `file`.
///
/// # Errors
/// When it is not TOML.
pub fn check_manifest(
    file: &str,
    text: &str,
    rules: &Rules,
) -> Result<Vec<Violation>, toml::de::Error> {
    let manifest: Table = toml::from_str(text)?;
    let package = manifest.get("package").and_then(Value::as_table);
    let name = package.and_then(|package| package.get("name")).and_then(Value::as_str);
    let name = short_name(name.unwrap_or_default());
    let at = |line, what, advice| Violation {
        file: file.to_owned(),
        line,
        weight: Weight::Error,
        rule: RULE,
        what,
        advice,
    };
    let Some(rule) = rules.crates.get(name) else {
        let advice = "add it to [crates] with what it sees".to_owned();
        let what = format!("the crate {name} has no row in xtask/arch.toml");
        return Ok(vec![at(1, what, advice)]);
    };

    let mut found = Vec::new();
    for (section, dependencies) in dependency_tables(&manifest) {
        let for_tests = section == "dev-dependencies";
        for (dependency, spec) in dependencies {
            let line = line_of(text, &dependency);
            if dependency == "marquis" || dependency.starts_with("marquis-") {
                let seen = short_name(&dependency);
                let allowed = rule.sees.iter().any(|sees| sees == seen)
                    || (for_tests && rules.tests.see.iter().any(|sees| sees == seen));
                if !allowed {
                    let sees = match rule.sees.as_slice() {
                        [] => "nothing of ours".to_owned(),
                        sees => sees.join(", "),
                    };
                    let advice = format!(
                        "{name} sees {sees}; put what both need into contracts or kernel, \
                         or let app/marquis hand it in"
                    );
                    found.push(at(line, format!("{name} depends on {seen} ({section})"), advice));
                }
            }
            let tests_only = !for_tests && !rule.is_for_tests;
            if tests_only && rules.tests.only_there.contains(&dependency) {
                let what = format!("{dependency} in the product ({section})");
                let advice = "it is for tests: [dev-dependencies]".to_owned();
                found.push(at(line, what, advice));
            }
            let inherited = spec.get("workspace").and_then(Value::as_bool) == Some(true);
            if !inherited {
                let what = format!("{dependency} names its own version or path");
                let advice = format!(
                    "put it into [workspace.dependencies] and write `{dependency}.workspace = true`"
                );
                found.push(at(line, what, advice));
            }
        }
    }
    Ok(found)
}

/// Every dependency table of a manifest, with the name of its section.
fn dependency_tables(manifest: &Table) -> Vec<(&'static str, Table)> {
    const SECTIONS: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];
    let targets = manifest.get("target").and_then(Value::as_table);
    let targets = targets.into_iter().flat_map(Table::values).filter_map(Value::as_table);
    let places = std::iter::once(manifest).chain(targets);
    places
        .flat_map(|place| {
            SECTIONS
                .into_iter()
                .filter_map(|section| Some((section, place.get(section)?.as_table()?.clone())))
        })
        .collect()
}

/// The line on which the key `key` is set.
fn line_of(text: &str, key: &str) -> usize {
    let sets = |line: &str| {
        line.trim_start().strip_prefix(key).is_some_and(|rest| rest.starts_with([' ', '.', '=']))
    };
    text.lines().position(sets).map_or(1, |at| at + 1)
}

/// The part of `deny.toml` that is checked here too.
#[derive(Debug, Deserialize)]
struct Deny {
    bans: Bans,
}

#[derive(Debug, Deserialize)]
struct Bans {
    deny: Vec<Ban>,
}

/// A crate that must not be in the tree.
#[derive(Debug, Deserialize)]
struct Ban {
    #[serde(rename = "crate")]
    name: String,
    /// The only crates through which it may come in after all.
    #[serde(default)]
    wrappers: Vec<String>,
    #[serde(default)]
    reason: String,
}

#[derive(Debug, Deserialize)]
struct Lock {
    package: Vec<Package>,
}

#[derive(Debug, Deserialize)]
struct Package {
    name: String,
    #[serde(default)]
    dependencies: Vec<String>,
}

/// Banned crates in the lock file.
///
/// # Errors
/// When one of the two files is not the TOML it should be.
pub fn check_bans(deny: &str, lock: &str) -> Result<Vec<Violation>, toml::de::Error> {
    let deny: Deny = toml::from_str(deny)?;
    let parsed: Lock = toml::from_str(lock)?;
    let mut dependents: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for package in &parsed.package {
        for dependency in &package.dependencies {
            let name = dependency.split(' ').next().unwrap_or(dependency);
            dependents.entry(name).or_default().push(&package.name);
        }
    }
    let mut found = Vec::new();
    for ban in &deny.bans.deny {
        if !parsed.package.iter().any(|package| package.name == ban.name) {
            continue;
        }
        let through = dependents.get(ban.name.as_str()).map_or(&[][..], Vec::as_slice);
        let foreign: Vec<_> = through
            .iter()
            .filter(|&&name| !ban.wrappers.iter().any(|wrapper| wrapper == name))
            .copied()
            .collect();
        if ban.wrappers.is_empty() || !foreign.is_empty() {
            let name_line = format!("name = \"{}\"", ban.name);
            let line = lock.lines().position(|line| line == name_line).map_or(1, |at| at + 1);
            let through = if foreign.is_empty() { through.join(", ") } else { foreign.join(", ") };
            found.push(Violation {
                file: "Cargo.lock".to_owned(),
                line,
                weight: Weight::Error,
                rule: "bans",
                what: format!("{} comes in through {through}", ban.name),
                advice: format!("{}; find it with `cargo tree -i {}`", ban.reason, ban.name),
            });
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(name: &str, rest: &str) -> Vec<String> {
        let rules = Rules::of_this_repository().expect("the table reads");
        let text = format!("[package]\nname = \"{name}\"\n{rest}");
        let found = check_manifest("Cargo.toml", &text, &rules).expect("the sample is TOML");
        found.into_iter().map(|found| format!("{}: {}", found.line, found.what)).collect()
    }

    #[test]
    fn a_service_sees_the_platform_and_never_another_service() {
        let decent = "[dependencies]\nmarquis-http.workspace = true\nserde = { workspace = true }";
        assert_eq!(manifest("marquis-auth", decent), [""; 0]);

        let wrong = "[dependencies]\nmarquis-payments.workspace = true\n\
                     marquis-gateway.workspace = true";
        let expected = [
            "5: auth depends on gateway (dependencies)",
            "4: auth depends on payments (dependencies)",
        ];
        assert_eq!(manifest("marquis-auth", wrong), expected);
    }

    #[test]
    fn the_kernel_sees_nothing_also_for_one_target_only() {
        let text = "[target.'cfg(unix)'.dependencies]\nmarquis-config.workspace = true";
        assert_eq!(
            manifest("marquis-kernel", text),
            ["4: kernel depends on config (dependencies)"]
        );
    }

    #[test]
    fn tests_may_see_the_testkit_and_the_product_may_not() {
        let tests = "[dev-dependencies]\nmarquis-testkit.workspace = true";
        assert_eq!(manifest("marquis-gateway", tests), [""; 0]);
        let product = "[dependencies]\nmarquis-testkit.workspace = true";
        assert_eq!(
            manifest("marquis-gateway", product),
            ["4: gateway depends on testkit (dependencies)"]
        );
    }

    #[test]
    fn what_only_tests_may_use_stays_out_of_the_product() {
        let tests = "[dev-dependencies]\nreqwest.workspace = true";
        assert_eq!(manifest("marquis-gateway", tests), [""; 0]);
        let product = "[dependencies]\nreqwest.workspace = true";
        let expected = ["4: reqwest in the product (dependencies)"];
        assert_eq!(manifest("marquis-gateway", product), expected);
        assert_eq!(manifest("marquis-tests", product), [""; 0]);
    }

    #[test]
    fn an_external_crate_named_like_one_of_ours_is_not_ours() {
        assert_eq!(manifest("marquis-http", "[dependencies]\nhttp.workspace = true"), [""; 0]);
    }

    #[test]
    fn versions_stand_in_the_workspace() {
        let text = "[dependencies]\nserde = \"1\"";
        assert_eq!(manifest("marquis-auth", text), ["4: serde names its own version or path"]);
    }

    #[test]
    fn a_crate_without_a_row_is_refused() {
        let expected = ["1: the crate mystery has no row in xtask/arch.toml"];
        assert_eq!(manifest("marquis-mystery", ""), expected);
    }

    #[test]
    fn banned_crates_are_found_unless_they_come_through_their_wrapper() {
        let deny = "[bans]\ndeny = [{ crate = \"openssl\", reason = \"one TLS stack\" }, \
                    { crate = \"reqwest\", wrappers = [\"marquis-tests\"] }]";
        let lock = |dependent: &str| {
            format!(
                "[[package]]\nname = \"{dependent}\"\ndependencies = [\"reqwest 0.12.1\"]\n\
                 [[package]]\nname = \"reqwest\"\n"
            )
        };
        let found = |lock: &str| check_bans(deny, lock).expect("the samples are TOML");
        assert_eq!(found(&lock("marquis-tests")), []);
        let through_http = found(&lock("marquis-http"));
        assert_eq!(through_http[0].what, "reqwest comes in through marquis-http");
        assert_eq!(through_http[0].line, 5);
        let openssl = found("[[package]]\nname = \"openssl\"\n");
        assert_eq!(openssl.len(), 1);
    }
}
