//! Reaching the cluster of another process: commands beside a running `marquis up` use its
//! PostgreSQL instead of being refused.

use std::path::Path;

use marquis_kernel::Secret;

use super::{Endpoint, Listen, password_file};

/// URL of a database in the cluster that another process runs under `data_dir`, with the
/// superuser's password. `None` when none runs or we may not read its password.
#[must_use]
pub fn running_url(data_dir: &Path, database: &str) -> Option<String> {
    let pid_file = std::fs::read_to_string(data_dir.join("postgres/postmaster.pid")).ok()?;
    let password = std::fs::read_to_string(password_file(data_dir)).ok()?;
    let (listen, socket_dir) = endpoint(&pid_file)?;
    let password = Secret::new(password.trim());
    Some(Endpoint { socket_dir: socket_dir.into(), listen, password }.url(database))
}

/// Where the server listens, from `postmaster.pid`: process id, data directory, start time,
/// port, socket directory, listen address, ... on one line each.
fn endpoint(pid_file: &str) -> Option<(Listen, &str)> {
    let mut lines = pid_file.lines().skip(3).map(str::trim);
    let port: u16 = lines.next()?.parse().ok()?;
    let socket_dir = lines.next()?;
    if socket_dir.is_empty() {
        return Some((Listen::Loopback(port), socket_dir));
    }
    Some((Listen::Socket, socket_dir))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_endpoint_is_read_from_the_pid_file() {
        let socket = "4711\n/data/postgres\n1700000000\n5432\n/data/run\n\n  1 2\nready\n";
        assert_eq!(endpoint(socket), Some((Listen::Socket, "/data/run")));
        let loopback = "4711\n/data/postgres\n1700000000\n54321\n\n127.0.0.1\n  1 2\nready\n";
        assert_eq!(endpoint(loopback), Some((Listen::Loopback(54_321), "")));
        assert_eq!(endpoint("4711\n/data/postgres\n"), None);
    }

    #[test]
    fn nothing_runs_in_an_empty_directory() {
        let directory = tempfile::tempdir().expect("directory");
        assert_eq!(running_url(directory.path(), "marquis"), None);
    }
}
