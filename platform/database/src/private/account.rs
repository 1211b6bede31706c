//! Whom PostgreSQL runs as. It refuses to run as root, so root picks another account.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use super::error::PrivateError;
use super::process;

/// An account of this system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) name: String,
    pub(super) uid: u32,
    pub(super) gid: u32,
    /// The server is started as this account rather than as ourselves.
    pub(super) switch: bool,
}

/// The account for the cluster: see the module's parent for the order of preference.
pub(super) fn choose(data_dir: &Path, cluster: &Path) -> Result<Account, PrivateError> {
    let ours = process::effective_uid();
    let owner = fs::metadata(cluster).ok().map(|metadata| (metadata.uid(), metadata.gid()));
    if ours != 0 {
        return match owner {
            Some((uid, _)) if uid != ours => Err(PrivateError::ForeignOwner {
                path: cluster.to_path_buf(),
                owner: name_of(uid),
                ours: name_of(ours),
            }),
            _ => Ok(Account {
                name: name_of(ours),
                uid: ours,
                gid: process::effective_gid(),
                switch: false,
            }),
        };
    }
    if let Some((uid, gid)) = owner.filter(|(uid, _)| *uid != 0) {
        return Ok(Account { name: name_of(uid), uid, gid, switch: true });
    }
    let keeper = keeper(data_dir);
    if keeper.uid != 0 {
        return Ok(keeper);
    }
    if let Some(account) = by_name("postgres") {
        return Ok(account);
    }
    by_name("nobody").ok_or(PrivateError::NoAccount)
}

/// Whose files the data directory holds: ourselves, or its owner when we are root. Root
/// leaves a user's directory usable for that user.
pub(super) fn keeper(data_dir: &Path) -> Account {
    let ours = (process::effective_uid(), process::effective_gid());
    let (uid, gid) = match fs::metadata(data_dir) {
        Ok(metadata) if ours.0 == 0 => (metadata.uid(), metadata.gid()),
        _ => ours,
    };
    Account { name: name_of(uid), uid, gid, switch: uid != ours.0 }
}

/// Whether `account` may pass through the directory; group membership beyond the primary
/// group and access lists are not looked at, so this errs towards refusing.
pub(super) fn may_enter(account: &Account, metadata: &fs::Metadata) -> bool {
    let mode = metadata.mode();
    let bit = if metadata.uid() == account.uid {
        0o100
    } else if metadata.gid() == account.gid {
        0o010
    } else {
        0o001
    };
    mode & bit != 0
}

/// The name of a user, or the number when it has none.
pub(super) fn name_of(uid: u32) -> String {
    accounts()
        .into_iter()
        .find(|account| account.uid == uid)
        .map_or_else(|| uid.to_string(), |account| account.name)
}

fn by_name(name: &str) -> Option<Account> {
    accounts().into_iter().find(|account| account.name == name && account.uid != 0)
}

/// The local accounts: `name:password:uid:gid:...` (passwd(5)).
fn accounts() -> Vec<Account> {
    let text = fs::read_to_string("/etc/passwd").unwrap_or_default();
    text.lines()
        .filter_map(|line| {
            let mut fields = line.split(':');
            let name = fields.next()?.to_owned();
            let uid = fields.nth(1)?.parse().ok()?;
            let gid = fields.next()?.parse().ok()?;
            Some(Account { name, uid, gid, switch: true })
        })
        .collect()
}
