//! Sources and their order, every problem at once, and secrets that stay secret.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use marquis_config::{Config, ConfigErrors, Environment, LoadOptions, Problem, Span};
use tempfile::TempDir;

/// A directory with the given files, and the options that read it.
fn installation(files: &[(&str, &str)]) -> (TempDir, LoadOptions) {
    let dir = tempfile::tempdir().expect("directory");
    for (name, text) in files {
        write(dir.path(), name, text, 0o600);
    }
    let options = LoadOptions { directory: Some(dir.path().to_owned()), ..LoadOptions::default() };
    (dir, options)
}

fn write(dir: &Path, name: &str, text: &str, mode: u32) {
    let path = dir.join(name);
    fs::write(&path, text).expect("file");
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("mode");
}

fn with_variables(mut options: LoadOptions, variables: &[(&str, &str)]) -> LoadOptions {
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    options.variables.extend(variables);
    options
}

fn load(options: &LoadOptions) -> Config {
    Config::load(options).expect("a valid configuration")
}

fn problems(options: &LoadOptions) -> Vec<Problem> {
    let ConfigErrors(problems) = Config::load(options).expect_err("problems");
    problems
}

/// Whether one of the problems prints with all of the words.
#[track_caller]
fn assert_reported(problems: &[Problem], words: &[&str]) {
    let found = problems.iter().any(|problem| {
        let text = problem.to_string();
        words.iter().all(|word| text.contains(word))
    });
    let all: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert!(found, "nothing reports {words:?} in\n{}", all.join("\n"));
}

#[test]
fn later_sources_win() {
    let (dir, options) = installation(&[
        (
            "marquis.toml",
            "[server]\nbody_limit = 1\nheader_timeout = \"1s\"\nidle_timeout = \"1s\"\n\
             request_timeout = \"1s\"\nshutdown_grace = \"1s\"\n",
        ),
        (
            ".env",
            "MARQUIS__SERVER__HEADER_TIMEOUT=2s\nMARQUIS__SERVER__IDLE_TIMEOUT=2s\n\
             MARQUIS__SERVER__REQUEST_TIMEOUT=2s\nMARQUIS__SERVER__SHUTDOWN_GRACE=2s\n",
        ),
        (
            ".env.test",
            "export MARQUIS__SERVER__IDLE_TIMEOUT='3s' # note\nMARQUIS__SERVER__REQUEST_TIMEOUT=3s\n\
             MARQUIS__SERVER__SHUTDOWN_GRACE=3s\n",
        ),
        (".env.dev", "MARQUIS__SERVER__IDLE_TIMEOUT=9s\n"),
    ]);
    let variables = [
        ("MARQUIS_ENVIRONMENT", "test"),
        ("MARQUIS__SERVER__REQUEST_TIMEOUT", "4s"),
        ("MARQUIS__SERVER__SHUTDOWN_GRACE", "4s"),
        ("HOME", "/root"),
        ("MARQUIS_TEST_POSTGRES", "not ours"),
    ];
    let options =
        with_variables(options, &variables).with("server.shutdown_grace", "5s", "--grace");
    let config = load(&options);
    let server = &config.server;
    assert_eq!(config.environment, Environment::Test);
    assert_eq!(server.max_connections, 20_000);
    assert_eq!(server.body_limit, 1);
    assert_eq!(
        [server.header_timeout, server.idle_timeout, server.request_timeout, server.shutdown_grace],
        [2, 3, 4, 5].map(Span::from_secs)
    );
    let expected = ["marquis.toml", ".env", ".env.test"].map(|name| dir.path().join(name));
    assert_eq!(config.files(), expected);
}

#[test]
fn the_environment_is_chosen_by_the_strongest_source() {
    let (_dir, mut options) = installation(&[("marquis.toml", "environment = \"test\"")]);
    assert_eq!(load(&options).environment, Environment::Test);
    options = with_variables(options, &[("MARQUIS__ENVIRONMENT", "prod")]);
    assert_eq!(load(&options).environment, Environment::Prod);
    options.environment = Some("dev".to_owned());
    assert_eq!(load(&options).environment, Environment::Dev);
    options.environment = Some("production".to_owned());
    assert_reported(&problems(&options), &["--environment", "environment", "prod"]);
}

#[test]
fn a_file_given_by_name_replaces_the_usual_one_and_must_exist() {
    let (dir, mut options) = installation(&[
        ("marquis.toml", "data_dir = \"usual\""),
        ("other.toml", "data_dir = \"other\""),
    ]);
    options.file = Some(dir.path().join("other.toml"));
    assert_eq!(load(&options).data_dir, Path::new("other"));
    options.file = Some(dir.path().join("missing.toml"));
    assert_reported(&problems(&options), &["missing.toml", "cannot be read"]);
}

#[test]
fn values_for_one_environment_stand_in_when() {
    let text = "[server]\nbody_limit = 1\n[when.prod.server]\nbody_limit = 2\n\
                [when.prod.secrets]\nmaster_key_file = \"/only/there\"\n";
    let (_dir, mut options) = installation(&[("marquis.toml", text)]);
    assert_eq!(load(&options).server.body_limit, 1);
    options.environment = Some("prod".to_owned());
    assert_reported(&problems(&options), &["secrets.master_key_file", "/only/there"]);

    let text = "[when.prod.server]\nbody_limt = 2\n[when.staging]\n";
    let (_dir, options) = installation(&[("marquis.toml", text)]);
    let problems = problems(&options);
    assert_reported(&problems, &["marquis.toml:2", "body_limt", "`server.body_limit`"]);
    assert_reported(&problems, &["marquis.toml:3", "when.staging"]);
}

#[test]
fn every_problem_is_reported_at_once_with_its_source() {
    let file = "\
data_dir = 7
[server]
body_limt = 1
header_timeout = \"10 parsecs\"
max_connections = 0
[server.auth]
port = 70000
address = \"localhost\"
[servr.users]
port = 1
[telemetry]
format = \"xml\"
level = \"loud\"
[gateway.upstreams.auth]
server = [\"a:1\"]
[[gateway.routes]]
path = \"/x\"
method = [\"GET\"]
";
    let (_dir, options) = installation(&[
        ("marquis.toml", file),
        (".env", "MARQUIS__REDIS__URI=redis://x\nnonsense\n"),
    ]);
    let variables = [
        ("MARQUIS__SERVER__CHAT__PORT", "many"),
        ("MARQUIS__TELEMETRY__LEVL", "info"),
        ("MARQUIS_SERVER__BODY_LIMIT", "1"),
        ("MARQUIS__GATEWAY__ROUTES", "[ { path = "),
    ];
    let problems = problems(&with_variables(options, &variables));
    for words in [
        &["marquis.toml:1:", "data_dir", "a string, not an integer"][..],
        &["marquis.toml:3:", "server.body_limt", "did you mean `server.body_limit`?"],
        &["marquis.toml:4:", "server.header_timeout", "15m"],
        &["marquis.toml:5:", "server.max_connections", "at least 1"],
        &["marquis.toml:7:", "server.auth.port", "between 0 and 65535"],
        &["marquis.toml:8:", "server.auth.address", "invalid IP address"],
        &["marquis.toml:9:", "servr", "did you mean `server`?"],
        &["marquis.toml:12:", "telemetry.format", "\"auto\", \"json\", \"text\""],
        &["marquis.toml:13:", "telemetry.level", "is not a log level"],
        &["marquis.toml:15:", "gateway.upstreams.auth.server", "servers`?"],
        &["marquis.toml:18:", "gateway.routes[0].method", "methods`?"],
        &[".env:1 (MARQUIS__REDIS__URI)", "redis.uri", "MARQUIS__REDIS__URL"],
        &[".env:2:", "has no `=`"],
        &["environment variable MARQUIS__SERVER__CHAT__PORT", "must be an integer"],
        &["environment variable MARQUIS__TELEMETRY__LEVL", "MARQUIS__TELEMETRY__LEVEL"],
        &["environment variable MARQUIS_SERVER__BODY_LIMIT", "MARQUIS__SERVER__BODY_LIMIT"],
        &["environment variable MARQUIS__GATEWAY__ROUTES", "a list in TOML's notation"],
    ] {
        assert_reported(&problems, words);
    }
    // The upstream's misspelt key leaves it without servers, which is reported as well.
    assert_eq!(problems.len(), 18, "{problems:#?}");
}

#[test]
fn a_key_in_the_wrong_table_is_found() {
    let (_dir, options) =
        installation(&[("marquis.toml", "master_key = \"x\"\nshared_buffers = \"1MB\"\n")]);
    let problems = problems(&options);
    assert_reported(&problems, &["`master_key`", "did you mean `secrets.master_key`?"]);
    assert_reported(&problems, &["did you mean `database.private.shared_buffers`?"]);
}

#[test]
fn syntax_errors_name_their_line_and_never_show_it() {
    let text = "[secrets]\nmaster_key = hunter2hunter2\n[server\nbody_limit = 1\n\
                [redis]\nurl = \"redis://:hunter2@x\n";
    let (_dir, options) = installation(&[("marquis.toml", text)]);
    let problems = problems(&options);
    assert_reported(&problems, &["marquis.toml:2: is not TOML"]);
    assert_reported(&problems, &["marquis.toml:3: is not TOML"]);
    assert!(!format!("{problems:?}").contains("hunter2"), "{problems:?}");
}

#[test]
fn well_known_variables_are_understood_and_specific_ones_win() {
    let (_dir, options) = installation(&[(
        ".env.dev",
        "PASSWORD_SALT=a-pepper-of-enough-length\nDATABASE_URL=\"postgres://u:p@db/app\"\n\
         MARQUIS__DATABASE__AUTH__URL=postgres://u:p@auth-db/app\n",
    )]);
    let config = load(&with_variables(options, &[("REDIS_URL", "redis://cache:6379")]));
    assert_eq!(config.auth.passwords.pepper.expose(), "a-pepper-of-enough-length");
    assert_eq!(config.database.auth.url.expose(), "postgres://u:p@auth-db/app");
    assert_eq!(config.database.payments.url.expose(), "postgres://u:p@db/app");
    assert_eq!(config.redis.url.expose(), "redis://cache:6379");
}

#[test]
fn lists_and_tables_can_be_given_by_variables() {
    let (_dir, options) = installation(&[]);
    let variables = [
        ("MARQUIS__GATEWAY__TRUSTED_PROXIES", "10.0.0.0/8, 192.168.0.1"),
        ("MARQUIS__GATEWAY__HOSTS", "[\"a.example\", \"b.example\"]"),
        ("MARQUIS__GATEWAY__RETRIES__STATUSES", "502,504"),
        ("MARQUIS__GATEWAY__CORS__CREDENTIALS", "false"),
        ("MARQUIS__GATEWAY__UPSTREAMS__AUTH__SERVERS", "auth-1:3001,auth-2:3001"),
        (
            "MARQUIS__GATEWAY__ROUTES",
            "[{ path = \"/x/*\", service = \"auth\" }, { path = \"/y\", service = \"auth\", cors = false }]",
        ),
    ];
    let gateway = load(&with_variables(options, &variables)).gateway;
    assert_eq!(gateway.trusted_proxies, ["10.0.0.0/8", "192.168.0.1"]);
    assert_eq!(gateway.hosts, ["a.example", "b.example"]);
    assert_eq!(gateway.retries.statuses, [502, 504]);
    assert!(!gateway.cors.credentials);
    assert_eq!(gateway.upstreams["auth"].servers, ["auth-1:3001", "auth-2:3001"]);
    assert_eq!(gateway.routes.len(), 2);
    assert!(gateway.routes[0].cors && !gateway.routes[1].cors);
}

#[test]
fn entries_and_elements_are_completed_and_optional_keys_stay_absent() {
    let text = "[gateway.upstreams.shop]\nservers = [\"shop:80\"]\nhealth = { path = \"\" }\n\
                [[gateway.routes]]\npath = \"/shop/*\"\nservice = \"shop\"\n\
                timeouts = { connect = \"9s\" }\n\
                [gateway.rate_limits.slow]\nlimit = 1\n";
    let (_dir, options) = installation(&[("marquis.toml", text)]);
    let gateway = load(&options).gateway;
    let shop = &gateway.upstreams["shop"];
    assert_eq!((shop.health.path.as_str(), shop.health.healthy), ("", 2));
    assert_eq!(shop.max_requests, 4_096);
    assert!(shop.timeouts.is_none() && gateway.routes[0].body.is_none());
    let timeouts = gateway.routes[0].timeouts.expect("given");
    assert_eq!((timeouts.connect, timeouts.idle), (Span::from_secs(9), Span::from_secs(60)));
    assert_eq!(gateway.rate_limits["slow"].window, Span::from_secs(60));
    assert!(gateway.rate_limits.contains_key("default"), "defaults stay beside own entries");
}

#[test]
fn secrets_are_read_from_files_beside_the_configuration() {
    let text = "[secrets]\nmaster_key_file = \"keys/master\"\n[redis]\nurl_file = \"redis\"\n";
    let (dir, options) = installation(&[("marquis.toml", text), ("redis", "redis://cache\r\n")]);
    fs::create_dir(dir.path().join("keys")).expect("directory");
    let key = "0123456789abcdef0123456789abcdef";
    write(&dir.path().join("keys"), "master", &format!("{key}\n"), 0o600);
    let pepper = dir.path().join("pepper");
    write(dir.path(), "pepper", "a pepper with blanks ", 0o600);
    let variable = ("MARQUIS__AUTH__PASSWORDS__PEPPER_FILE", pepper.to_str().expect("UTF-8 path"));
    let config = load(&with_variables(options, &[variable]));
    assert_eq!(config.secrets.master_key.expose(), key);
    assert_eq!(config.redis.url.expose(), "redis://cache");
    assert_eq!(config.auth.passwords.pepper.expose(), "a pepper with blanks ");
    assert!(config.files().contains(&pepper), "watchers learn of secret files");
    let printed = config.to_toml().expect("TOML");
    assert!(printed.contains("keys/master"), "{printed}");
}

#[test]
fn secret_files_that_cannot_be_right_are_refused() {
    let key = "0123456789abcdef0123456789abcdef";
    let text = "[secrets]\nmaster_key_file = \"open\"\n";
    let (dir, mut options) = installation(&[("marquis.toml", text)]);
    write(dir.path(), "open", key, 0o644);
    assert_eq!(load(&options).secrets.master_key.expose(), key);
    options.environment = Some("prod".to_owned());
    let refused = problems(&options);
    assert_reported(&refused, &["marquis.toml:2", "secrets.master_key_file", "chmod o-rwx"]);
    assert!(!format!("{refused:?}").contains(key));

    let text = "[secrets]\nmaster_key = \"hunter2\"\nmaster_key_file = \"x\"\n\
                [redis]\nurl_file = \"missing\"\n[server]\nbody_limit_file = \"x\"\n\
                [database.auth]\nurl_file = \".\"\n";
    let (_dir, options) = installation(&[("marquis.toml", text)]);
    let refused = problems(&options);
    assert_reported(&refused, &["secrets.master_key_file", "together with `master_key`"]);
    assert_reported(&refused, &["redis.url_file", "missing", "cannot be read"]);
    assert_reported(&refused, &["server.body_limit_file", "is not a setting"]);
    assert_reported(&refused, &["database.auth.url_file", "is not a file"]);
    assert!(!format!("{refused:?}").contains("hunter2"));
}

#[test]
fn secrets_never_show() {
    let secret = "hunter2hunter2hunter2hunter2hunter2";
    let text = format!(
        "[secrets]\nmaster_key = \"{secret}\"\n[redis]\nurl = \"redis://:{secret}@cache\"\n\
         [database.auth]\nurl = \"postgres://u:{secret}@db/a\"\n\
         replica_urls = [\"postgres://u:{secret}@replica/a\"]\n\
         [payments.webhooks]\nstripe_secrets = [\"{secret}\"]\n"
    );
    let (_dir, options) = installation(&[("marquis.toml", &text)]);
    let config = load(&options);
    assert_eq!(config.secrets.master_key.expose(), secret);
    let printed = config.to_toml().expect("TOML");
    for shown in [printed, format!("{config:?}"), format!("{:?}", config.insecurities())] {
        assert!(!shown.contains("hunter2"), "{shown}");
    }

    // Wrong in every way a secret can be wrong.
    let text = "[secrets]\nmaster_key = \"hunter2\"\n[redis]\nurl = \"hunter2\"\n\
                [database.auth]\nurl = \"hunter2://x\"\nreplica_urls = [\"hunter2\", 7]\n\
                [auth.passwords]\npepper = [\"hunter2\"]\n";
    let (_dir, options) = installation(&[("marquis.toml", text)]);
    let variables = [
        ("MARQUIS__SECRETS__MASTER_KEY__X", "hunter2"),
        ("MARQUIS__DATABASE__PAYMENTS", "hunter2"),
        ("MARQUIS__PAYMENTS__SECRET", "hunter2"),
    ];
    let problems = problems(&with_variables(options, &variables));
    assert!(problems.len() >= 7, "{problems:#?}");
    assert!(!format!("{problems:?}").contains("hunter2"), "{problems:#?}");
}

#[test]
fn what_is_printed_can_be_read_again_and_names_its_sources() {
    let text = "[server]\nbody_limit = 5\n[gateway.upstreams.shop]\nservers = [\"shop:80\"]\n\
                [[gateway.routes]]\npath = \"/shop/*\"\nservice = \"shop\"\n";
    let (dir, options) = installation(&[("marquis.toml", text)]);
    let options = with_variables(options, &[("MARQUIS__TELEMETRY__FORMAT", "text")]).with(
        "data_dir",
        "/srv/m",
        "--data-dir",
    );
    let printed = load(&options).to_toml().expect("TOML");
    for line in [
        "body_limit = 5  # ",
        "marquis.toml:2",
        "format = \"text\"  # environment variable MARQUIS__TELEMETRY__FORMAT",
        "data_dir = \"/srv/m\"  # command line --data-dir",
        "[gateway.upstreams.shop]",
        "[[gateway.routes]]",
    ] {
        assert!(printed.contains(line), "{line} in\n{printed}");
    }
    write(dir.path(), "again.toml", &printed, 0o600);
    let again = LoadOptions { file: Some(dir.path().join("again.toml")), ..LoadOptions::default() };
    let strip = |text: &str| -> Vec<String> {
        text.lines().map(|line| line.split("  # ").next().unwrap_or("").to_owned()).collect()
    };
    assert_eq!(strip(&load(&again).to_toml().expect("TOML")), strip(&printed));
}

#[test]
fn insecure_settings_are_found() {
    let text = "\
[secrets]
master_key = \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"
[server]
body_limit = 0
[server.ops]
address = \"0.0.0.0\"
[telemetry]
level = \"debug\"
[redis]
url = \"redis://cache:6379\"
[database.auth]
url = \"postgres://u:p@db/auth\"
[database.payments]
url = \"postgres://u@db/payments?sslmode=require\"
[gateway.cors]
origins = [\"*\"]
credentials = false
[payments.sandbox]
enabled = true
";
    let (dir, mut options) = installation(&[]);
    options.environment = Some("prod".to_owned());
    write(dir.path(), "marquis.toml", text, 0o644);
    let findings = load(&options).insecurities();
    for (key, words) in [
        ("secrets.master_key", "guessed"),
        ("secrets.master_key", "everybody may read"),
        ("server.body_limit", "unlimited"),
        ("server.ops.address", "other machines"),
        ("telemetry.level", "personal data"),
        ("redis.url", "whoever reaches"),
        ("database.auth.url", "plain text"),
        ("database.payments.url", "without a password"),
        ("gateway.cors.origins", "every web site"),
        ("payments.sandbox.enabled", "without moving money"),
    ] {
        let found = findings.iter().any(|one| one.key == key && one.to_string().contains(words));
        assert!(found, "{key}: {words} in {findings:#?}");
    }

    let text = "[auth]\nissuer = \"https://example.com\"\n\
                [database.auth]\nurl = \"postgres://u:p@db/auth?sslmode=disable\"\n";
    write(dir.path(), "marquis.toml", text, 0o640);
    assert_eq!(load(&options).insecurities(), []);
}

#[test]
fn semantic_problems_of_urls_and_ports_are_found() {
    let text = "[database.auth]\nurl = \"mysql://db/x\"\npool_size = 0\n\
                [database.payments]\nreplica_urls = [\"postgres://r/x\"]\n\
                [redis]\nurl = \"cache:6379\"\n[server.auth]\nport = 3002\n\
                [database.private]\nshared_buffers = \"lots\"\nbin_dir = \"/nonexistent\"\n";
    let (_dir, options) = installation(&[("marquis.toml", text)]);
    let problems = problems(&options);
    assert_reported(&problems, &["marquis.toml:2", "database.auth.url", "PostgreSQL URL"]);
    assert_reported(&problems, &["marquis.toml:3", "pool_size"]);
    assert_reported(&problems, &["marquis.toml:5", "database.payments.replica_urls", "primary"]);
    assert_reported(&problems, &["redis.url", "is not a URL"]);
    assert_reported(&problems, &["server.users.port", "server.auth"]);
    assert_reported(&problems, &["database.private.shared_buffers"]);
    assert_reported(&problems, &["database.private.bin_dir", "initdb"]);
}

#[test]
fn a_key_that_runs_over_lines_repeats_none_of_them() {
    let text = "'''.=\n[secrets]\nmaster_key = \"hunter2\"\n'''.=1\n";
    let (_dir, options) = installation(&[("marquis.toml", text)]);
    let problems = Config::load(&options).expect_err("no setting").to_string();
    assert!(problems.contains("is not a setting"), "{problems}");
    assert!(!problems.contains("hunter2"), "{problems}");
}

proptest::proptest! {
    /// No file content makes the loader panic or repeats a secret from it.
    #[test]
    fn no_file_breaks_the_loader(noise in "[\\[\\]{}=.#\"'\\\\a-z0-9_ \n]{0,120}") {
        let toml = format!("{noise}\n[secrets]\nmaster_key = \"hunter2\"\n{noise}");
        let (_dir, options) = installation(&[("marquis.toml", &toml), (".env", &noise)]);
        if let Err(errors) = Config::load(&options) {
            proptest::prop_assert!(!errors.to_string().contains("hunter2"), "{}", errors);
        }
    }
}

#[test]
fn addresses_of_the_gateway_are_checked_with_everything_else() {
    let (_dir, options) = installation(&[(
        "marquis.toml",
        "[gateway]\nhttp = \"x:y\"\nhttps = \"8443\"\nstatus = \"localhost:1\"\n\
         trusted_proxies = [\"10.0.0.0/33\"]\n[auth.passwords]\nbcrypt_cost = 99\n",
    )]);
    let problems = problems(&options);
    for key in ["http", "https", "status", "trusted_proxies"] {
        assert_reported(&problems, &[&format!("`gateway.{key}`")]);
    }
    assert_reported(&problems, &["bcrypt_cost"]);
    let (_dir, options) = installation(&[(
        "marquis.toml",
        "[gateway]\nhttp = \"\"\nhttps = \"[::1]:0\"\ntrusted_proxies = [\"fd00::/8\", \"::1\"]\n",
    )]);
    load(&options);
}

#[test]
fn an_unknown_key_without_a_neighbour_names_the_command_that_lists_all() {
    let (_dir, options) = installation(&[("marquis.toml", "[zzzzzzzzzzzz]\nq = 1\n")]);
    assert_reported(&problems(&options), &["`marquis config print --default`"]);
}
