//! Redis for tests: the shared one, and one of one's own that may be stopped.

use std::net::{Ipv4Addr, TcpStream};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::{Child, free_port};

const START_PATIENCE: Duration = Duration::from_secs(20);

/// URL of a Redis for tests: `MARQUIS_TEST_REDIS`, else one started for this process;
/// `None` when Redis is not installed. Tests share it: use keys of your own.
#[must_use]
pub fn test_redis_url() -> Option<String> {
    static SHARED: OnceLock<Option<RedisServer>> = OnceLock::new();
    if let Ok(url) = std::env::var("MARQUIS_TEST_REDIS") {
        return Some(url);
    }
    SHARED.get_or_init(RedisServer::try_start).as_ref().map(RedisServer::url)
}

/// A Redis on loopback that keeps nothing; ended when dropped.
#[derive(Debug)]
pub struct RedisServer {
    port: u16,
    directory: TempDir,
    child: Option<Child>,
}

impl RedisServer {
    /// Starts a server.
    ///
    /// # Panics
    ///
    /// When Redis is not installed or does not start.
    #[must_use]
    pub fn start() -> Self {
        Self::try_start().expect("redis-server is installed and starts")
    }

    fn try_start() -> Option<Self> {
        let directory = TempDir::with_prefix("marquis-test-").ok()?;
        let mut server = Self { port: free_port(), directory, child: None };
        server.run().then_some(server)
    }

    /// `redis://127.0.0.1:<port>`; stays the same across restarts.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Stops it as an administrator does. What it held is lost.
    pub fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.terminate();
        }
    }

    /// Kills it.
    pub fn kill(&mut self) {
        self.child = None;
    }

    /// Starts it again on the same port, empty.
    ///
    /// # Panics
    ///
    /// When it does not start.
    pub fn start_again(&mut self) {
        self.stop();
        assert!(self.run(), "redis-server starts again on port {}", self.port);
    }

    fn run(&mut self) -> bool {
        let mut command = Command::new("redis-server");
        command
            .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
            .args(["--port", &self.port.to_string()])
            .arg("--dir")
            .arg(self.directory.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let Ok(mut child) = Child::spawn(command) else { return false };
        let deadline = Instant::now() + START_PATIENCE;
        while TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_err() {
            let ended = !matches!(child.inner().try_wait(), Ok(None));
            if ended || Instant::now() > deadline {
                return false;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        self.child = Some(child);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read as _, Write as _};

    #[test]
    fn a_redis_of_ones_own_stops_and_starts_again() {
        let mut server = RedisServer::start();
        let ping = |server: &RedisServer| -> std::io::Result<String> {
            let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, server.port))?;
            stream.write_all(b"PING\r\n")?;
            let mut answer = [0; 7];
            stream.read_exact(&mut answer)?;
            Ok(String::from_utf8_lossy(&answer).into_owned())
        };
        assert_eq!(ping(&server).expect("answers"), "+PONG\r\n");
        server.stop();
        assert!(ping(&server).is_err());
        server.start_again();
        assert_eq!(ping(&server).expect("answers again"), "+PONG\r\n");
        server.kill();
        assert!(ping(&server).is_err());
    }
}
