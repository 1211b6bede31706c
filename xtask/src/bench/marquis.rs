//! The binary under measurement, with its configuration.

use super::load::output;
use super::nginx::Duties;
use super::servers::{Server, free_port};
use crate::workspace;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// A running Marquis.
pub struct Marquis {
    server: Server,
    /// Plain HTTP, answering without a redirect.
    pub port: u16,
    /// TLS.
    pub tls_port: u16,
    /// From its start to its first 200.
    pub started_in: Duration,
    /// What it was configured with beyond the defaults.
    pub configuration: String,
}

/// How it is started.
pub enum Shape<'s> {
    /// `serve --role gateway` in front of the upstream on this port.
    Gateway(u16, Duties),
    /// As above with all duties, and the firewall blocking by the Core Rule Set.
    Guarded(u16),
    /// `up` on a configured PostgreSQL.
    Up(&'s str),
    /// `up` on a configured PostgreSQL for all services, for people who talk all the time.
    Chat(&'s str),
    /// `up` with its private PostgreSQL.
    Private,
}

impl Marquis {
    /// Starts one below `directory`, under `name`; its data directory survives it.
    ///
    /// # Errors
    /// When it does not answer 200 in time.
    pub fn start(
        directory: &Path,
        name: &str,
        shape: &Shape<'_>,
        limit: Duration,
    ) -> Result<Self, Box<dyn Error>> {
        let directory = directory.join(name);
        fs::create_dir_all(&directory)?;
        let (port, tls_port, status) = (free_port()?, free_port()?, free_port()?);
        let configuration = configuration(shape, [port, tls_port, status], &directory);
        let file = directory.join("marquis.toml");
        fs::write(&file, &configuration)?;

        let mut command = Command::new(binary());
        // Neither the environment nor a .env file of the caller has a say.
        command.current_dir(&directory).env_clear();
        command.envs(
            ["PATH", "HOME", "TMPDIR"]
                .into_iter()
                .filter_map(|name| std::env::var_os(name).map(|value| (name, value))),
        );
        command.arg("--config").arg(&file).arg("--data-dir").arg(directory.join("data"));
        let health = match shape {
            Shape::Gateway(..) | Shape::Guarded(_) => {
                command.args(["serve", "--role", "gateway"]);
                "/bench"
            }
            Shape::Up(_) | Shape::Chat(_) | Shape::Private => {
                command.arg("up");
                "/health"
            }
        };
        let log = directory.join("output.log");
        let mut server = Server::start(&mut command, &log, "-TERM")?;
        let started_in = server
            .await_ok(port, health, limit)
            .map_err(|error| format!("marquis {name}: {error}; see {}", log.display()))?;
        Ok(Self { server, port, tls_port, started_in, configuration })
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.server.id()
    }

    /// Stops it as an operator does, and waits.
    pub fn stop(self) {
        self.server.stop();
    }

    /// Registers an account and gives its access token.
    ///
    /// # Errors
    /// When the answer has none.
    pub fn register(&self, name: &str) -> Result<String, Box<dyn Error>> {
        let account = serde_json::json!({
            "email": format!("{name}@example.org"), "password": "Password123!", "username": name,
        });
        let url = format!("https://127.0.0.1:{}/api/v1/auth/register", self.tls_port);
        let mut curl = Command::new("curl");
        curl.args(["-sSk", "-H", "Content-Type: application/json", "-d", &account.to_string()]);
        let answer = output(curl.arg(&url))?;
        let answer: serde_json::Value = serde_json::from_str(&answer)?;
        let token = answer.pointer("/access_token").and_then(serde_json::Value::as_str);
        Ok(token.ok_or_else(|| format!("no access_token in {answer}"))?.to_owned())
    }

    /// What `/auth/me` answers, as an example of its size.
    ///
    /// # Errors
    /// When curl fails.
    pub fn me(&self, token: &str) -> Result<String, Box<dyn Error>> {
        let mut curl = Command::new("curl");
        curl.args(["-sSk", "-X", "POST", "-H", &format!("Authorization: Bearer {token}")]);
        output(curl.arg(format!("https://127.0.0.1:{}/api/v1/auth/me", self.tls_port)))
    }
}

/// The release binary: the bench measures what `./setup.sh` builds, unless `MARQUIS_BIN`
/// names another.
pub fn binary() -> PathBuf {
    if let Some(path) = std::env::var_os("MARQUIS_BIN") {
        return path.into();
    }
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from);
    workspace::root().join(target).join("release/marquis")
}

fn configuration(shape: &Shape<'_>, ports: [u16; 3], directory: &Path) -> String {
    let [port, tls_port, status] = ports;
    let log = directory.join("access.log");
    let log = log.display();
    let listeners = format!(
        "[gateway]\nhttp = \"127.0.0.1:{port}\"\nhttps = \"127.0.0.1:{tls_port}\"\n\
         plain = \"serve\"\nstatus = \"127.0.0.1:{status}\"\n\n"
    );
    // One client address sends everything; its limit is raised and still counted.
    let limits = "[gateway.rate_limits.default]\nlimit = 1000000\nwindow = \"1s\"\n\n\
                  [gateway.rate_limits.credentials]\nlimit = 1000000\nwindow = \"1s\"\n\n";
    let access_log = format!("[gateway.access_log]\npath = \"{log}\"\n\n");
    // What these are compared with has no firewall; `bench waf` measures ours.
    let no_waf = "[gateway.waf]\nengine = \"off\"\n\n";
    match shape {
        Shape::Gateway(upstream, duties) => {
            let route = "[[gateway.routes]]\npath = \"/*\"\nservice = \"bench\"\nauth = \"none\"\n";
            let upstream =
                format!("[gateway.upstreams.bench]\nservers = [\"127.0.0.1:{upstream}\"]\n\n");
            match duties {
                Duties::Full => format!("{listeners}{no_waf}{access_log}{limits}{upstream}{route}"),
                Duties::Bare => format!(
                    "{listeners}{no_waf}[gateway.access_log]\nenabled = false\n\n\
                     [gateway.headers]\nstrict_transport_security = \"\"\n\
                     content_security_policy = \"\"\nx_frame_options = \"\"\n\
                     x_content_type_options = \"\"\nreferrer_policy = \"\"\n\
                     x_xss_protection = \"\"\n\n{upstream}{route}rate_limits = []\n\
                     cors = false\ncompression = false\n"
                ),
            }
        }
        Shape::Guarded(upstream) => format!(
            "{listeners}{access_log}{limits}[gateway.upstreams.bench]\n\
             servers = [\"127.0.0.1:{upstream}\"]\n\n[[gateway.routes]]\npath = \"/*\"\n\
             service = \"bench\"\nauth = \"none\"\n"
        ),
        Shape::Up(url) => format!(
            "{listeners}{no_waf}{access_log}{limits}[database.auth]\nurl = \"{url}\"\n\n\
             [database.payments]\nurl = \"{url}\"\n"
        ),
        // Tokens outlive the run, registering thousands is not the subject, and the load of
        // a crowd comes from few.
        Shape::Chat(url) => format!(
            "{listeners}{access_log}{limits}[auth.tokens]\naccess_lifetime = \"1h\"\n\n\
             [auth.passwords]\nbcrypt_cost = 10\n\n\
             [chat.limits]\nmessages = 1000000\nconnections = 1000000\n\n{}",
            ["auth", "payments", "users", "chat", "notifications"]
                .map(|service| format!("[database.{service}]\nurl = \"{url}\"\n\n"))
                .concat()
        ),
        // The start is watched by asking every other millisecond.
        Shape::Private => format!("{listeners}{access_log}{limits}"),
    }
}
