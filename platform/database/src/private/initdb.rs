//! Making the cluster. It is made beside its place and moved there when it is complete, so
//! that a start that was killed leaves nothing half-made behind.

use std::fs;
use std::process::{Command, Stdio};

use marquis_kernel::Secret;

use super::account::Account;
use super::binaries::Binaries;
use super::directory::{Layout, give, make_private, write_private};
use super::error::PrivateError;
use super::process::{Signal, confine};
use super::{USER, log};

pub(super) fn run(
    binaries: &Binaries,
    layout: &Layout,
    account: &Account,
    password: &Secret,
    durable: bool,
) -> Result<(), PrivateError> {
    let draft = layout.cluster.with_extension("new");
    if draft.exists() {
        fs::remove_dir_all(&draft).map_err(PrivateError::io("remove", &draft))?;
    }
    make_private(&draft, account)?;
    // `initdb` reads the password from a file as PostgreSQL's user; ours is for us alone.
    let password_file = layout.run.join("initdb-password");
    write_private(&password_file, password.expose())?;
    give(&password_file, account)?;
    let mut command = Command::new(&binaries.initdb);
    command
        .arg("--pgdata")
        .arg(&draft)
        .arg("--pwfile")
        .arg(&password_file)
        .args(["--username", USER, "--auth", "scram-sha-256"])
        .args(["--encoding", "UTF8", "--locale", "C", "--data-checksums", "--no-instructions"])
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("LC_ALL", "C")
        .current_dir(&draft)
        .stdin(Stdio::null());
    if !durable {
        command.arg("--no-sync");
    }
    confine(&mut command, account, Signal::Kill);
    let output = command.output();
    let _ = fs::remove_file(&password_file);
    let output = output.map_err(PrivateError::io("start", &binaries.initdb))?;
    if !output.status.success() {
        let printed = [output.stdout, output.stderr].concat();
        return Err(PrivateError::Initdb {
            output: log::last_lines(&String::from_utf8_lossy(&printed), 6),
        });
    }
    fs::rename(&draft, &layout.cluster).map_err(PrivateError::io("create", &layout.cluster))
}
