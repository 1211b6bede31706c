//! The programs under measurement, as children that end with the value that holds them.
//! All of them listen on free ports of the loopback and write below one scratch directory.

use super::load::output;
use std::error::Error;
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// A port that was free a moment ago.
///
/// # Errors
/// When the loopback has none.
pub fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// A running child; dropping it ends it, gently at first.
pub struct Server {
    child: Child,
    /// What stops it and lets it clean up.
    stop_signal: &'static str,
}

impl Server {
    /// Starts `command` with its output in `log`.
    ///
    /// # Errors
    /// When the program or the log cannot be opened.
    pub fn start(command: &mut Command, log: &Path, stop_signal: &'static str) -> io::Result<Self> {
        let log = File::create(log)?;
        let errors = log.try_clone()?;
        let child = command.stdin(Stdio::null()).stdout(log).stderr(errors).spawn()?;
        Ok(Self { child, stop_signal })
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Polls `url_path` on `port` over plain HTTP until it answers 200; says how long it took.
    ///
    /// # Errors
    /// When the child ends or `limit` passes first.
    pub fn await_ok(
        &mut self,
        port: u16,
        url_path: &str,
        limit: Duration,
    ) -> Result<Duration, Box<dyn Error>> {
        let started = Instant::now();
        loop {
            if answers_ok(port, url_path) {
                return Ok(started.elapsed());
            }
            if let Some(status) = self.child.try_wait()? {
                return Err(format!("it ended with {status} before it answered").into());
            }
            if started.elapsed() > limit {
                return Err(format!("no 200 from {url_path} within {limit:?}").into());
            }
            sleep(Duration::from_millis(2));
        }
    }

    /// Asks it to stop and waits for it.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        if !matches!(self.child.try_wait(), Ok(None)) {
            return;
        }
        let pid = self.child.id().to_string();
        let _ = Command::new("kill").args([self.stop_signal, &pid]).status();
        let deadline = Instant::now() + Duration::from_secs(20);
        while Instant::now() < deadline {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            sleep(Duration::from_millis(20));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}

fn answers_ok(port: u16, url_path: &str) -> bool {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let ask = || -> io::Result<Vec<u8>> {
        let mut stream = TcpStream::connect_timeout(&address, Duration::from_millis(200))?;
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        write!(stream, "GET {url_path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        let mut head = vec![0; 12];
        stream.read_exact(&mut head)?;
        Ok(head)
    };
    ask().is_ok_and(|head| head.ends_with(b" 200"))
}

/// Resident memory of the process `pid` in MiB.
///
/// # Errors
/// When `/proc` does not know it.
pub fn resident_mebibytes(pid: u32) -> Result<f64, Box<dyn Error>> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib: f64 = line
        .and_then(|line| line.trim().strip_suffix(" kB"))
        .ok_or("no VmRSS in /proc")?
        .parse()?;
    Ok(kib / 1024.0)
}

/// PostgreSQL with its default durability.
pub struct Postgres {
    _server: Server,
    port: u16,
}

impl Postgres {
    /// Makes a cluster in `directory` and starts it.
    ///
    /// # Errors
    /// When the server programs are missing or fail.
    pub fn start(directory: &Path) -> Result<Self, Box<dyn Error>> {
        let programs = postgres_programs()?;
        let data = directory.join("postgres");
        fs::create_dir_all(&data)?;
        let owner = unprivileged(&data)?;
        let as_owner = |program: &str| {
            let mut command = Command::new(programs.join(program));
            command.current_dir("/");
            if let Some((user, group)) = owner {
                command.uid(user).gid(group);
            }
            command
        };
        let mut initdb = as_owner("initdb");
        initdb.args(["-U", "marquis", "--auth=trust", "--encoding=UTF8", "--no-locale", "-D"]);
        output(initdb.arg(&data))?;
        let port = free_port()?;
        let mut postgres = as_owner("postgres");
        postgres.arg("-D").arg(&data).args(["-p", &port.to_string()]);
        postgres.args(["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="]);
        postgres.args(["-c", "max_connections=200"]);
        let log = directory.join("postgres.log");
        let server = Server::start(&mut postgres, &log, "-INT")?;
        let running = Self { _server: server, port };
        let deadline = Instant::now() + Duration::from_secs(30);
        while running.sql("postgres", "SELECT 1").is_err() {
            if Instant::now() > deadline {
                return Err(format!("PostgreSQL does not answer; see {}", log.display()).into());
            }
            sleep(Duration::from_millis(50));
        }
        Ok(running)
    }

    /// Where `database` is.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://marquis@127.0.0.1:{}/{database}", self.port)
    }

    /// Runs `statements` with psql and gives what they print, unadorned.
    ///
    /// # Errors
    /// When a statement fails.
    pub fn sql(&self, database: &str, statements: &str) -> Result<String, Box<dyn Error>> {
        let mut psql = Command::new("psql");
        psql.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", statements]);
        Ok(output(psql.arg(self.url(database)))?.trim().to_owned())
    }
}

/// The newest installed server programs; `initdb` is rarely on the path.
fn postgres_programs() -> Result<PathBuf, Box<dyn Error>> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let numbered = versions.filter_map(|version| {
        let number: u32 = version.file_name().to_str()?.parse().ok()?;
        Some((number, version.path().join("bin")))
    });
    let newest = numbered.filter(|(_, bin)| bin.join("initdb").exists()).max();
    Ok(newest.ok_or("no PostgreSQL server programs in /usr/lib/postgresql; run ./setup.sh")?.1)
}

/// Whom PostgreSQL runs as when we are root, having been given `directory`: it refuses root.
fn unprivileged(directory: &Path) -> Result<Option<(u32, u32)>, Box<dyn Error>> {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
    fs::set_permissions(directory, fs::Permissions::from_mode(0o700))?;
    if fs::metadata("/proc/self")?.uid() != 0 {
        return Ok(None);
    }
    let users = fs::read_to_string("/etc/passwd")?;
    let fields = users.lines().find(|line| line.starts_with("postgres:"));
    let fields: Vec<_> = fields.ok_or("no user postgres on this system")?.split(':').collect();
    let [_, _, user, group, ..] = fields.as_slice() else {
        return Err("/etc/passwd: the line of postgres is too short".into());
    };
    let (user, group) = (user.parse()?, group.parse()?);
    chown(directory, Some(user), Some(group))?;
    Ok(Some((user, group)))
}
