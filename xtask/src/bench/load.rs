//! Runs wrk and pgbench and reads what they print. An answer that is not a success, or a
//! broken connection, is an error: a fast refusal must not count as throughput.

use std::error::Error;
use std::ffi::OsStr;
use std::process::Command;

/// Connections of every measurement, as the issue of record asks.
pub const CONNECTIONS: u32 = 32;

/// What one run of wrk found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measured {
    /// Requests (or transactions) per second.
    pub rate: f64,
    /// 99th percentile of latency in milliseconds, where the tool says it.
    pub p99: Option<f64>,
}

/// Loads `url` for `seconds` with `script` (a file of Lua) and its `arguments`.
///
/// # Errors
/// When wrk fails, a connection breaks, or an answer is neither 2xx nor 3xx.
pub fn wrk(
    url: &str,
    seconds: u32,
    script: Option<&OsStr>,
    arguments: &[&str],
) -> Result<Measured, Box<dyn Error>> {
    let mut command = Command::new("wrk");
    command.args(["-t2", &format!("-c{CONNECTIONS}"), &format!("-d{seconds}s"), "--latency"]);
    if let Some(script) = script {
        command.arg("-s").arg(script);
    }
    command.arg(url).arg("--").args(arguments);
    read_wrk(&output(&mut command)?).map_err(|error| format!("wrk {url}: {error}").into())
}

fn read_wrk(text: &str) -> Result<Measured, String> {
    for line in text.lines().map(str::trim) {
        let refused = line.starts_with("Non-2xx or 3xx responses:");
        let broken = line.starts_with("Socket errors:")
            && line
                .split(|c: char| !c.is_ascii_digit())
                .any(|n| n.parse().is_ok_and(|n: u64| n > 0));
        if refused || broken {
            return Err(line.to_owned());
        }
    }
    let after =
        |label: &str| text.lines().find_map(|line| line.trim().strip_prefix(label)).map(str::trim);
    let rate = after("Requests/sec:").and_then(|text| text.parse().ok());
    let rate = rate.ok_or_else(|| format!("no rate in:\n{text}"))?;
    Ok(Measured { rate, p99: after("99%").and_then(milliseconds) })
}

/// `412.00us`, `1.20ms`, `2.00s` or `1.10m` in milliseconds.
fn milliseconds(text: &str) -> Option<f64> {
    let unit = text.find(|c: char| c.is_ascii_alphabetic())?;
    let number: f64 = text[..unit].parse().ok()?;
    let factor = match &text[unit..] {
        "us" => 0.001,
        "ms" => 1.0,
        "s" => 1_000.0,
        "m" => 60_000.0,
        _ => return None,
    };
    Some(number * factor)
}

/// Runs the pgbench script `script` against `url` for `seconds`.
///
/// # Errors
/// When pgbench or one of its transactions fails.
pub fn pgbench(url: &str, seconds: u32, script: &OsStr) -> Result<Measured, Box<dyn Error>> {
    let mut command = Command::new("pgbench");
    command.args(["-n", "-M", "prepared", "-j", "2", "-c", &CONNECTIONS.to_string()]);
    command.args(["-T", &seconds.to_string(), "-f"]).arg(script).arg(url);
    read_pgbench(&output(&mut command)?).map_err(|error| format!("pgbench: {error}").into())
}

fn read_pgbench(text: &str) -> Result<Measured, String> {
    let failed = "number of failed transactions:";
    if let Some(line) = text.lines().find(|line| line.starts_with(failed))
        && !line[failed.len()..].trim_start().starts_with("0 ")
    {
        return Err(line.to_owned());
    }
    let rate = text.lines().find_map(|line| line.strip_prefix("tps = "));
    let rate = rate.and_then(|rest| rest.split(' ').next()?.parse().ok());
    let rate = rate.ok_or_else(|| format!("no rate in:\n{text}"))?;
    Ok(Measured { rate, p99: None })
}

/// What `command` prints.
///
/// # Errors
/// When it cannot be started or fails; the error holds what it printed to standard error.
pub fn output(command: &mut Command) -> Result<String, Box<dyn Error>> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|error| format!("{name}: {error}"))?;
    if !output.status.success() {
        let complaint = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{name} ended with {}: {}", output.status, complaint.trim()).into());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const WRK: &str = "Running 5s test @ http://127.0.0.1:1/
  2 threads and 32 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency   711.65us  353.31us   9.97ms   84.86%
  Latency Distribution
     50%  655.00us
     99%    1.97ms
  230123 requests in 5.10s, 30.00MB read
Requests/sec:  45123.45
Transfer/sec:      5.88MB
";

    #[test]
    fn wrk_is_read() {
        let expected = Measured { rate: 45_123.45, p99: Some(1.97) };
        assert_eq!(read_wrk(WRK), Ok(expected));
    }

    #[test]
    fn refused_requests_and_broken_connections_are_no_throughput() {
        let refused = format!("{WRK}  Non-2xx or 3xx responses: 12\n");
        assert!(read_wrk(&refused).is_err());
        let broken = format!("{WRK}  Socket errors: connect 0, read 3, write 0, timeout 0\n");
        assert!(read_wrk(&broken).is_err());
    }

    #[test]
    fn latencies_are_milliseconds() {
        assert_eq!(milliseconds("500.00us"), Some(0.5));
        assert_eq!(milliseconds("2.00s"), Some(2000.0));
        assert_eq!(milliseconds("soon"), None);
    }

    #[test]
    fn pgbench_is_read_and_its_failures_count() {
        let text = "number of failed transactions: 0 (0.000%)\n\
                    tps = 5678.90 (without initial connection time)\n";
        assert_eq!(read_pgbench(text), Ok(Measured { rate: 5678.9, p99: None }));
        assert!(read_pgbench(&text.replace(": 0 (", ": 7 (")).is_err());
    }
}
