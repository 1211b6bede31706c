//! The embedded default file is the manual: it must load, explain every key, and need only
//! what cannot be guessed to be fit for production.

use marquis_config::{Config, Environment};

#[test]
fn the_defaults_load_in_every_environment() {
    for environment in Environment::ALL {
        let config = Config::defaults(environment).unwrap_or_else(|errors| panic!("{errors}"));
        assert_eq!(config.environment, environment);
    }
}

#[test]
fn the_default_ports_are_those_of_the_product() {
    let server = Config::defaults(Environment::Dev).expect("defaults").server;
    let ports = server.listeners().map(|(role, listener)| (role, listener.port));
    assert_eq!(
        ports,
        [
            ("auth", 3001),
            ("users", 3002),
            ("chat", 3003),
            ("notifications", 3004),
            ("sellers", 3005),
            ("carriers", 3006),
            ("customers", 3007),
            ("ops", 3008),
            ("console", 3009),
            ("payments", 4000),
        ]
    );
    assert!(server.ops.address.is_loopback());
}

#[test]
fn in_production_only_the_public_address_must_be_chosen() {
    let config = Config::defaults(Environment::Prod).expect("defaults");
    let keys: Vec<String> = config.insecurities().into_iter().map(|finding| finding.key).collect();
    assert_eq!(keys, ["auth.issuer"]);
}

#[test]
fn database_server_with_url_agrees_with_the_default_file() {
    let config = Config::defaults(Environment::Dev).expect("defaults");
    for (_, server) in config.database.servers() {
        let same = marquis_config::DatabaseServer::with_url(server.url.clone());
        assert_eq!(format!("{server:?}"), format!("{same:?}"));
    }
}

/// A key, or the run of keys that it stands in, has a comment above it or belongs to a
/// section that was explained before under another service's name.
#[test]
fn every_section_is_explained() {
    let text = Config::default_toml();
    let commented = text.lines().filter(|line| line.starts_with('#')).count();
    let keys = text.lines().filter(|line| line.contains(" = ") && !line.starts_with('#')).count();
    assert!(commented * 2 > keys, "{commented} lines of comment for {keys} keys");
    assert!(!text.contains("TODO"));
}
