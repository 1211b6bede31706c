//! `marquis doctor`: what is insecure or cannot work, and what to change. Looks without
//! changing anything; exits 1 when something must be changed.

use std::fmt;
use std::time::Duration;

use marquis_cluster::{Cluster, RedisOptions};
use marquis_config::{Config, DatabaseServer};
use marquis_database::Database;
use marquis_database::private::{find_binaries, running_url};
use marquis_gateway::waf::Crs;
use marquis_kernel::SystemClock;
use marquis_telemetry::Metrics;

use crate::exit::{Code, Failure, say};

/// How long a server may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// One thing that was looked at.
enum Diagnosis {
    /// As it should be.
    Good(String),
    /// Works, but is not for production.
    Remark(String),
    /// Has to be changed.
    Bad { what: String, remedy: String },
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Good(what) => write!(f, "  ok      {what}"),
            Self::Remark(what) => write!(f, "  note    {what}"),
            Self::Bad { what, remedy } => write!(f, "  CHANGE  {what}\n          -> {remedy}"),
        }
    }
}

/// Examines the installation that the configuration describes.
pub async fn examine(config: Config) -> Result<(), Failure> {
    say(format_args!("Environment {}, data in {}", config.environment, config.data_dir.display()));
    let mut bad = 0;
    let mut show = |diagnosis: Diagnosis| {
        bad += u32::from(matches!(diagnosis, Diagnosis::Bad { .. }));
        say(diagnosis);
    };
    settings(&config).into_iter().for_each(&mut show);
    for (service, server) in config.database.servers() {
        show(database(&config, service, server).await);
    }
    show(redis(&config).await);
    show(firewall(&config));
    show(open_files(&config));
    if bad == 0 {
        say("Nothing has to be changed.");
        return Ok(());
    }
    Err(Failure::new(Code::No, format!("{bad} thing(s) have to be changed")))
}

fn settings(config: &Config) -> Vec<Diagnosis> {
    let findings = config.insecurities();
    if findings.is_empty() {
        return vec![Diagnosis::Good("the settings are safe for production".to_owned())];
    }
    let production = config.environment.is_production();
    findings
        .into_iter()
        .map(|finding| match production {
            true => Diagnosis::Bad {
                what: format!("`{}`: {}", finding.key, finding.problem),
                remedy: finding.remedy,
            },
            false => Diagnosis::Remark(format!("not for production: {finding}")),
        })
        .collect()
}

async fn database(config: &Config, service: &str, server: &DatabaseServer) -> Diagnosis {
    let mut server = server.clone();
    if server.url.is_empty() {
        match running_url(&config.data_dir, "postgres") {
            Some(url) => server.url = url.into(),
            None => return private_programs(config, service),
        }
    }
    let remedy = format!("start the server, or correct `database.{service}.url`");
    let Ok(database) = Database::connect(&server, "public", Metrics::new()) else {
        let what = format!("{service}: the database URL cannot be understood");
        return Diagnosis::Bad { what, remedy };
    };
    match tokio::time::timeout(PATIENCE, database.ping()).await {
        Ok(Ok(())) => Diagnosis::Good(format!("{service}: PostgreSQL answers")),
        Ok(Err(error)) => {
            let mut cause: &dyn std::error::Error = &error;
            while let Some(source) = cause.source() {
                cause = source;
            }
            Diagnosis::Bad {
                what: format!("{service}: PostgreSQL does not answer: {cause}"),
                remedy,
            }
        }
        Err(_) => {
            let what = format!("{service}: PostgreSQL does not answer within {PATIENCE:?}");
            Diagnosis::Bad { what, remedy }
        }
    }
}

fn firewall(config: &Config) -> Diagnosis {
    use marquis_config::sections::waf::WafMode;

    let settings = &config.gateway.waf;
    if settings.engine == WafMode::Off {
        return Diagnosis::Remark("the firewall is off (gateway.waf.engine)".to_owned());
    }
    match marquis_gateway::waf::load(settings) {
        Ok(loaded) => match loaded.crs {
            Crs::Loaded(from) => Diagnosis::Good(format!(
                "firewall: {} rules, the Core Rule Set from {}",
                loaded.rules.len(),
                from.display()
            )),
            Crs::Unwanted => {
                Diagnosis::Remark("firewall: runs without the Core Rule Set, as set".to_owned())
            }
            Crs::Missing(directory) => Diagnosis::Bad {
                what: format!("firewall: the Core Rule Set is not in {}", directory.display()),
                remedy: "install the Debian package modsecurity-crs, or set gateway.waf.crs"
                    .to_owned(),
            },
        },
        Err(error) => Diagnosis::Bad {
            what: format!("firewall: the rules cannot be loaded: {error}"),
            remedy: "correct them; `marquis waf check FILE` looks at one file".to_owned(),
        },
    }
}

fn private_programs(config: &Config, service: &str) -> Diagnosis {
    match find_binaries(config.database.private.bin_dir.as_deref(), None) {
        Ok(found) => Diagnosis::Good(format!(
            "{service}: a private cluster of PostgreSQL {} will be used",
            found.version
        )),
        Err(error) => Diagnosis::Bad {
            what: format!("{service}: no database is configured and none can be run"),
            remedy: error.to_string(),
        },
    }
}

async fn redis(config: &Config) -> Diagnosis {
    if !config.redis.is_configured() {
        return Diagnosis::Good("no Redis: one process keeps counters in memory".to_owned());
    }
    let options =
        RedisOptions { authorities: config.redis.ca_file.clone(), ..RedisOptions::default() };
    let clock = SystemClock::shared();
    let answer = match Cluster::redis_with(&config.redis.url, clock, options).await {
        Ok(cluster) => cluster.ping().await,
        Err(error) => Err(error),
    };
    match answer {
        Ok(()) => Diagnosis::Good("Redis answers".to_owned()),
        Err(error) => Diagnosis::Bad {
            what: format!("Redis: {error}"),
            remedy: "start the server, or correct `redis.url`".to_owned(),
        },
    }
}

/// Each client connection takes a descriptor, and one more when it is proxied.
fn open_files(config: &Config) -> Diagnosis {
    let wanted = config.gateway.limits.connections.saturating_mul(2);
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let hard = limits
        .lines()
        .find(|line| line.starts_with("Max open files"))
        .and_then(|line| line.split_whitespace().nth(4))
        .and_then(|limit| limit.parse::<usize>().ok());
    match hard {
        Some(hard) if hard < wanted => Diagnosis::Remark(format!(
            "at most {hard} files may be open, fewer than {wanted} for gateway.limits.connections: \
             raise LimitNOFILE (systemd) or `ulimit -n`"
        )),
        _ => Diagnosis::Good("enough files may be open".to_owned()),
    }
}
