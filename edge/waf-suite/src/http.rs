//! Runs tests over sockets against a server that logs its matches.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::Deserialize;

use crate::stage::{Stage, Test};
use crate::verdict::{Observed, Report, judge};

/// How long a server may take for an answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where a server tells which rules matched.
#[derive(Debug)]
pub enum Log {
    /// One JSON object a line, `{"marker","rule_id",...}`, complete when the answer is.
    Matches(PathBuf),
    /// An error log of ModSecurity with `[id "..."]` in its lines, in which a rule repeats the
    /// marker of each request.
    ModSecurity(PathBuf),
    /// None: only statuses can be judged.
    None,
}

/// A server under test.
#[derive(Debug)]
pub struct Target {
    /// Its plain HTTP listener.
    pub address: SocketAddr,
    /// Its log.
    pub log: Log,
}

impl Target {
    /// Runs all tests, one request a connection.
    ///
    /// # Errors
    ///
    /// Logs that cannot be read.
    pub fn run(&self, tests: &[Test], progress: impl Fn(usize)) -> io::Result<Report> {
        let mut report = Report::default();
        let mut reader = Reader::open(&self.log)?;
        for (index, test) in tests.iter().enumerate() {
            let mut observed = Vec::new();
            for (number, stage) in test.stages.iter().enumerate() {
                observed.push(self.observe(stage, &format!("t{index}-{number}"), &mut reader)?);
            }
            report.tests.push((test.title.clone(), judge(test, &observed, true)));
            progress(index + 1);
        }
        Ok(report)
    }

    fn observe(&self, stage: &Stage, marker: &str, reader: &mut Reader) -> io::Result<Observed> {
        let status = exchange(self.address, &stage.bytes(marker)).unwrap_or_default();
        if matches!(self.log, Log::ModSecurity(_)) {
            // What is logged before this request's own line belongs to the one before it.
            let end = format!("end-{marker}");
            let request = format!(
                "GET / HTTP/1.1\r\nHost: localhost\r\nX-CRS-Test: {end}\r\nConnection: close\r\n\r\n"
            );
            exchange(self.address, request.as_bytes())?;
            let ids = reader.until(&end)?;
            return Ok(Observed { ids, status, error: status.is_none() });
        }
        Ok(Observed { ids: reader.of(marker)?, status, error: status.is_none() })
    }
}

/// Sends a request and reads the answer to the end of its header; the status, if one came.
///
/// # Errors
///
/// Those of the connection.
pub fn exchange(address: SocketAddr, request: &[u8]) -> io::Result<Option<u16>> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    // A server may answer and close before it has read everything.
    let written = stream.write_all(request);
    let mut answer = Vec::new();
    let mut part = [0; 16 * 1024];
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        match stream.read(&mut part) {
            Ok(0) => break,
            Ok(count) => {
                answer.extend_from_slice(&part[..count]);
                if complete(&answer) {
                    break;
                }
            }
            Err(error) if answer.is_empty() => {
                written?;
                return Err(error);
            }
            Err(_) => break,
        }
    }
    let line = answer.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let status = line.split(|&byte| byte == b' ').nth(1).and_then(|code| {
        let code = std::str::from_utf8(code).ok()?.trim();
        code.parse().ok()
    });
    Ok(status)
}

/// Whether the answer has arrived as long as it says it is. Without a length: at its end.
fn complete(answer: &[u8]) -> bool {
    let Some(end) = answer.windows(4).position(|four| four == b"\r\n\r\n") else { return false };
    let head = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    match length.and_then(|length| length.trim().parse::<usize>().ok()) {
        Some(length) => answer.len() >= end + 4 + length,
        None => head.contains("chunked") && answer.ends_with(b"0\r\n\r\n"),
    }
}

/// Reads what a log has gained.
struct Reader {
    path: PathBuf,
    offset: u64,
    pending: Vec<u8>,
}

#[derive(Deserialize)]
struct Line {
    marker: Option<String>,
    rule_id: u64,
}

impl Reader {
    fn open(log: &Log) -> io::Result<Self> {
        let path = match log {
            Log::Matches(path) | Log::ModSecurity(path) => path.clone(),
            Log::None => PathBuf::new(),
        };
        let offset = size(&path)?;
        Ok(Self { path, offset, pending: Vec::new() })
    }

    fn more(&mut self) -> io::Result<()> {
        if self.path.as_os_str().is_empty() {
            return Ok(());
        }
        let mut file = File::open(&self.path)?;
        file.seek(SeekFrom::Start(self.offset))?;
        self.offset += file.read_to_end(&mut self.pending)? as u64;
        Ok(())
    }

    fn lines(&mut self) -> Vec<String> {
        let end = self.pending.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
        let whole: Vec<u8> = self.pending.drain(..end).collect();
        String::from_utf8_lossy(&whole).lines().map(str::to_owned).collect()
    }

    /// The matches of the request with this marker.
    fn of(&mut self, marker: &str) -> io::Result<Vec<u64>> {
        self.more()?;
        Ok(self
            .lines()
            .iter()
            .filter_map(|line| serde_json::from_str::<Line>(line).ok())
            .filter(|line| line.marker.as_deref() == Some(marker))
            .map(|line| line.rule_id)
            .collect())
    }

    /// Everything logged up to the line with this marker.
    fn until(&mut self, marker: &str) -> io::Result<Vec<u64>> {
        let deadline = Instant::now() + PATIENCE;
        let mut ids = Vec::new();
        loop {
            self.more()?;
            for line in self.lines() {
                if line.contains(marker) {
                    return Ok(ids);
                }
                let id = line.split("[id \"").nth(1).and_then(|rest| rest.split('"').next());
                ids.extend(id.and_then(|id| id.parse::<u64>().ok()));
            }
            if Instant::now() > deadline {
                return Err(io::Error::new(io::ErrorKind::TimedOut, "the log stays behind"));
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

fn size(path: &Path) -> io::Result<u64> {
    if path.as_os_str().is_empty() {
        return Ok(0);
    }
    Ok(std::fs::metadata(path)?.len())
}
