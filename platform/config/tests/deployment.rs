//! What is shipped in `deploy/` is configuration too: it must load in every environment,
//! be fit for production once it has a public address, and agree with its own secrets.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use marquis_config::{Config, LoadOptions};

const SECRET: &str = "0123456789abcdef0123456789abcdef0123456789abcdef";

fn compose() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/compose")
}

fn read(file: &str) -> String {
    std::fs::read_to_string(compose().join(file)).expect(file)
}

/// `${NAME:-default}` as compose reads it with no `.env`.
fn interpolated(text: &str) -> String {
    match text.split_once("${") {
        Some((before, rest)) => {
            let (expression, after) = rest.split_once('}').expect("a closing brace");
            let default = expression.split_once(":-").map_or("", |(_, default)| default);
            format!("{before}{default}{}", interpolated(after))
        }
        None => text.to_owned(),
    }
}

/// The query of the database URLs that `prepare.sh` writes.
fn prepared_query() -> String {
    let prepare = read("prepare.sh");
    let (_, rest) = prepare.split_once(":5432/$database").expect("the URL in prepare.sh");
    let (query, _) = rest.split_once('"').expect("its end");
    query.to_owned()
}

/// Every variable that some container of `compose.yaml` gets, its secret files made in
/// `secrets`.
fn variables(secrets: &Path) -> Vec<(String, String)> {
    let text = read("compose.yaml");
    let lines = text.lines().map(str::trim).filter(|line| line.starts_with("MARQUIS_"));
    lines
        .map(|line| {
            let (name, value) = line.split_once(": ").expect("a name and a value");
            let value = interpolated(value);
            let Some(secret) = value.strip_prefix("/run/secrets/") else {
                return (name.to_owned(), value);
            };
            let content = match secret {
                "redis-url" => format!("redis://:{SECRET}@redis:6379/0"),
                url if url.ends_with("-db-url") => {
                    let query = prepared_query();
                    format!(
                        "postgres://marquis:{SECRET}@{}:5432/x{query}",
                        url.trim_end_matches("-url")
                    )
                }
                _ => SECRET.to_owned(),
            };
            let path = secrets.join(secret);
            if !path.exists() {
                std::fs::write(&path, content).expect("the secret is written");
                let owner_only = std::fs::Permissions::from_mode(0o400);
                std::fs::set_permissions(&path, owner_only).expect("its mode is set");
            }
            (name.to_owned(), path.display().to_string())
        })
        .collect()
}

fn load(variables: Vec<(String, String)>, environment: &str) -> Config {
    let options = LoadOptions {
        file: Some(compose().join("config/marquis.toml")),
        environment: Some(environment.to_owned()),
        variables,
        ..LoadOptions::default()
    };
    Config::load(&options).expect("a valid configuration")
}

#[test]
fn the_compose_configuration_loads_and_names_its_own_containers() {
    let secrets = tempfile::tempdir().expect("a directory");
    let config = load(variables(secrets.path()), "dev");
    let services = read("compose.yaml");
    let mut servers = 0;
    for (name, upstream) in &config.gateway.upstreams {
        for server in &upstream.servers {
            let (container, _) = server.split_once(':').expect("host and port");
            assert!(services.contains(&format!("\n  {container}: *{name}\n")), "{server}");
            servers += 1;
        }
    }
    assert_eq!(servers, 10);
    assert!(config.redis.is_configured());
}

#[test]
fn the_compose_configuration_is_fit_for_production_with_a_public_address() {
    let secrets = tempfile::tempdir().expect("a directory");
    let mut variables = variables(secrets.path());
    for (name, value) in &mut variables {
        if name == "MARQUIS__AUTH__ISSUER" {
            "https://shop.example.org".clone_into(value);
        }
    }
    let config = load(variables, "prod");
    assert_eq!(format!("{:?}", config.insecurities()), "[]");
}

#[test]
fn every_secret_is_declared_and_used() {
    let compose = read("compose.yaml");
    let (containers, declared) = compose.split_once("\nsecrets:\n").expect("the list of secrets");
    let mounted: BTreeSet<_> = containers
        .lines()
        .filter_map(|line| line.trim().strip_prefix("secrets: [")?.strip_suffix(']'))
        .flat_map(|names| names.split(", "))
        .collect();
    let declared: BTreeSet<_> = declared
        .lines()
        .filter_map(|line| {
            let (name, file) = line.trim().split_once(": ")?;
            assert_eq!(file, format!("{{ file: ./secrets/{name} }}"));
            Some(name)
        })
        .collect();
    assert_eq!(mounted, declared);
    let named = compose.split("/run/secrets/").skip(1).filter(|rest| !rest.starts_with("$$0"));
    for rest in named {
        let end = rest.find(|c: char| !(c.is_ascii_lowercase() || c == '-')).unwrap_or(rest.len());
        assert!(declared.contains(&rest[..end]), "{}", &rest[..end]);
    }
}
