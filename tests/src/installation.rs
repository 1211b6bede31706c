//! One process: `marquis up` with its private PostgreSQL.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::PATIENCE;
use crate::api::Api;
use crate::process::{self, Finished, Launch, Process};
use crate::scratch::Scratch;
use marquis_testkit::{eventually, free_port};

/// What a test wants different from the defaults.
#[derive(Debug, Clone)]
pub struct Settings {
    /// TOML after the harness's own.
    pub toml: String,
    /// Whether rate limits and lockouts are out of the way.
    pub unlimited: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { toml: String::new(), unlimited: true }
    }
}

/// The key that tests derive the installation's other keys from.
pub const MASTER_KEY: &str = "an-end-to-end-master-key-of-48-characters-length";

/// Settings every installation under test has: cheap password hashes, and no limits unless
/// limits are the subject.
#[must_use]
pub fn common(settings: &Settings) -> String {
    let mut toml = String::from("environment = \"test\"\n");
    if settings.unlimited {
        toml.push_str(
            "[gateway.rate_limits.default]\nlimit = 1000000\n\
             [gateway.rate_limits.credentials]\nlimit = 1000000\n\
             [auth.lockout]\nfailures_per_minute = 1000\nfailures = 1000\n",
        );
    }
    toml.push_str("[auth.passwords]\nbcrypt_cost = 10\n");
    toml
}

/// An installation in one process.
#[derive(Debug)]
pub struct Installation {
    process: Option<Process>,
    launch: Launch,
    https: u16,
    http: u16,
    scratch: Scratch,
}

impl Installation {
    /// Starts one with the default settings and waits until it is ready.
    pub async fn start() -> Self {
        Self::start_with(Settings::default()).await
    }

    /// Starts one and waits until it is ready.
    pub async fn start_with(settings: Settings) -> Self {
        let mut installation = Self::prepare(&settings);
        installation.restart().await;
        installation
    }

    /// Writes the configuration without starting anything.
    ///
    /// # Panics
    ///
    /// When the configuration cannot be written.
    #[must_use]
    pub fn prepare(settings: &Settings) -> Self {
        let scratch = Scratch::new();
        let (https, http) = (free_port(), free_port());
        let toml = format!(
            "data_dir = \"{data}\"\n{common}\n[secrets]\nmaster_key = \"{MASTER_KEY}\"\n\
             [server.ops]\nport = {ops}\n\
             [gateway]\nhttp = \"127.0.0.1:{http}\"\nhttps = \"127.0.0.1:{https}\"\n{extra}",
            ops = free_port(),
            data = scratch.path().join("data").display(),
            common = common(settings),
            extra = settings.toml,
        );
        let launch = Launch {
            args: vec!["--config".into(), "marquis.toml".into(), "up".into()],
            env: BTreeMap::new(),
            directory: scratch.path().to_owned(),
            log: scratch.path().join("marquis.log"),
        };
        fs::write(scratch.path().join("marquis.toml"), toml).expect("a configuration file");
        Self { process: None, launch, https, http, scratch }
    }

    /// Starts it (again) and waits until it is ready; how long that took.
    ///
    /// # Panics
    ///
    /// When it ends instead, with its log.
    pub async fn restart(&mut self) -> Duration {
        // The old one first: both want the same data directory.
        self.process = None;
        let process = Process::start(&self.launch);
        let started = Instant::now();
        ready(&process, &self.data_dir(), self.https).await;
        self.process = Some(process);
        started.elapsed()
    }

    /// The running process.
    ///
    /// # Panics
    ///
    /// When it was never started.
    #[must_use]
    pub fn process(&self) -> &Process {
        self.process.as_ref().expect("it was started")
    }

    /// A client of its own, without connections yet.
    #[must_use]
    pub fn api(&self) -> Api {
        Api::new(self.https, &certificate(&self.data_dir()))
    }

    /// Port of the TLS listener.
    #[must_use]
    pub const fn https_port(&self) -> u16 {
        self.https
    }

    /// Port of the plain listener.
    #[must_use]
    pub const fn http_port(&self) -> u16 {
        self.http
    }

    /// Where it keeps its data.
    #[must_use]
    pub fn data_dir(&self) -> PathBuf {
        self.scratch.path().join("data")
    }

    /// Process id of the private PostgreSQL, as PostgreSQL itself notes it.
    ///
    /// # Panics
    ///
    /// When it does not run.
    #[must_use]
    pub fn postgres_pid(&self) -> u32 {
        let file = self.data_dir().join("postgres").join("postmaster.pid");
        let found = fs::read_to_string(file).expect("PostgreSQL runs");
        found.lines().next().and_then(|line| line.trim().parse().ok()).expect("its process id")
    }

    /// Its configuration file.
    #[must_use]
    pub fn config_file(&self) -> PathBuf {
        self.scratch.path().join("marquis.toml")
    }

    /// File of the certificate that its gateway made.
    #[must_use]
    pub fn certificate_file(&self) -> PathBuf {
        certificate_file(&self.data_dir())
    }

    /// The certificate that its gateway made, in PEM.
    #[must_use]
    pub fn certificate(&self) -> String {
        certificate(&self.data_dir())
    }

    /// Runs another `marquis` command on the same configuration to its end.
    pub async fn command(&self, args: &[&str]) -> Finished {
        let mut launch = self.launch.clone();
        launch.args.truncate(2);
        launch.args.extend(args.iter().map(|&arg| arg.to_owned()));
        process::run(&launch).await
    }
}

/// Waits until the gateway and everything behind it answer.
pub(crate) async fn ready(process: &Process, data_dir: &std::path::Path, https: u16) {
    eventually(PATIENCE, || async {
        if let Some(status) = process.ended() {
            panic!("marquis ended with {status}:\n{}", process.log());
        }
        let file = certificate_file(data_dir);
        let certificate = fs::read_to_string(file).map_err(|error| error.to_string())?;
        let answer = Api::new(https, &certificate).try_get("/health").await?;
        match answer.status {
            200 => Ok(()),
            status => Err(format!("/health answers {status} {}\n{}", answer.text, process.log())),
        }
    })
    .await;
}

pub(crate) fn certificate_file(data_dir: &std::path::Path) -> PathBuf {
    data_dir.join("tls").join("self-signed.pem")
}

pub(crate) fn certificate(data_dir: &std::path::Path) -> String {
    fs::read_to_string(certificate_file(data_dir)).expect("the gateway's certificate")
}
