//! The data directory: who owns what in it, who may pass, and the lock.
//!
//! Root may work in a directory that belongs to somebody else, so no link is followed when
//! a file in it is written or given away.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::lchown;
use std::os::unix::fs::{
    DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _,
};
use std::path::{Path, PathBuf};

use marquis_kernel::{Secret, random};
use ring::digest::{SHA256, digest};

use super::account::{self, Account};
use super::error::PrivateError;
use super::process;

/// A socket's path has at most 107 bytes (unix(7)); this much is left for its directory
/// beside `/.s.PGSQL.5432`.
const LONGEST_SOCKET_DIR: usize = 107 - "/.s.PGSQL.5432".len();

/// The places inside a data directory, existing and with the right owners.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    pub(super) lock: PathBuf,
    pub(super) cluster: PathBuf,
    pub(super) run: PathBuf,
    pub(super) password: PathBuf,
    pub(super) log: PathBuf,
    keeper: Account,
}

impl Layout {
    /// Makes what is missing. The data directory is ours alone (0700); when PostgreSQL runs
    /// as another account, that account's group may pass through it (0710) and nothing more.
    pub(super) fn make(data_dir: &Path, account: &Account) -> Result<Self, PrivateError> {
        claim(data_dir, account)?;
        check_traversable(data_dir, account)?;
        let secrets = data_dir.join("secrets");
        let logs = data_dir.join("logs");
        let keeper = account::keeper(data_dir);
        for kept in [&secrets, &logs] {
            make_private(kept, &keeper)?;
        }
        Ok(Self {
            lock: data_dir.join("marquis.lock"),
            cluster: data_dir.join("postgres"),
            run: socket_dir(data_dir, account)?,
            password: super::password_file(data_dir),
            log: logs.join("postgres.log"),
            keeper,
        })
    }

    /// Makes a file that we have written the keeper's.
    pub(super) fn hand_over(&self, file: &Path) -> Result<(), PrivateError> {
        give(file, &self.keeper)
    }
}

/// `path` from the root, without requiring that it exists.
pub(super) fn absolute(path: &Path) -> Result<PathBuf, PrivateError> {
    let path = std::path::absolute(path).map_err(PrivateError::io("resolve", path))?;
    Ok(fs::canonicalize(&path).unwrap_or(path))
}

/// Major version of an existing cluster (`PG_VERSION`); `None` when there is none.
pub(super) fn cluster_version(cluster: &Path) -> Result<Option<u32>, PrivateError> {
    let file = cluster.join("PG_VERSION");
    match fs::read_to_string(&file) {
        Ok(text) => text.trim().parse().map(Some).map_err(|_| PrivateError::Io {
            action: "understand",
            path: file,
            source: std::io::Error::from(std::io::ErrorKind::InvalidData),
        }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        // The owner of the cluster differs from us; `account::choose` words it better.
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
            let metadata = fs::metadata(cluster).map_err(PrivateError::io("read", cluster))?;
            Err(PrivateError::ForeignOwner {
                path: cluster.to_path_buf(),
                owner: account::name_of(metadata.uid()),
                ours: account::name_of(process::effective_uid()),
            })
        }
        Err(error) => Err(PrivateError::io("read", file)(error)),
    }
}

/// Makes the data directory, or takes over an existing one that nobody shares.
fn claim(data_dir: &Path, account: &Account) -> Result<(), PrivateError> {
    if !data_dir.exists() {
        if let Some(parent) = data_dir.parent() {
            // Parents must let PostgreSQL's user pass, so they get ordinary permissions.
            fs::create_dir_all(parent).map_err(PrivateError::io("create", parent))?;
        }
        DirBuilder::new()
            .mode(0o700)
            .create(data_dir)
            .map_err(PrivateError::io("create", data_dir))?;
    }
    let metadata = fs::metadata(data_dir).map_err(PrivateError::io("read", data_dir))?;
    let ours = process::effective_uid();
    if metadata.mode() & 0o1002 != 0 || data_dir.parent().is_none() {
        return Err(PrivateError::SharedDirectory { directory: data_dir.to_path_buf() });
    }
    if ours != 0 && metadata.uid() != ours {
        return Err(PrivateError::ForeignOwner {
            path: data_dir.to_path_buf(),
            owner: account::name_of(metadata.uid()),
            ours: account::name_of(ours),
        });
    }
    let mode = if account.switch && metadata.uid() != account.uid {
        lchown(data_dir, None, Some(account.gid)).map_err(PrivateError::io("own", data_dir))?;
        0o710
    } else {
        0o700
    };
    fs::set_permissions(data_dir, Permissions::from_mode(mode))
        .map_err(PrivateError::io("protect", data_dir))
}

/// PostgreSQL resolves its directory from the root as its own user.
fn check_traversable(data_dir: &Path, account: &Account) -> Result<(), PrivateError> {
    if !account.switch {
        return Ok(());
    }
    let real = fs::canonicalize(data_dir).map_err(PrivateError::io("resolve", data_dir))?;
    for directory in real.ancestors() {
        let metadata = fs::metadata(directory).map_err(PrivateError::io("read", directory))?;
        if !account::may_enter(account, &metadata) {
            return Err(PrivateError::NotTraversable {
                user: account.name.clone(),
                directory: directory.to_path_buf(),
            });
        }
    }
    Ok(())
}

/// Gives a file or directory to an account that is not ours, which only root can.
pub(super) fn give(path: &Path, owner: &Account) -> Result<(), PrivateError> {
    if owner.switch {
        lchown(path, Some(owner.uid), Some(owner.gid)).map_err(PrivateError::io("own", path))?;
    }
    Ok(())
}

/// Makes a directory that only `owner` may use; an existing one must be the owner's.
pub(super) fn make_private(path: &Path, owner: &Account) -> Result<(), PrivateError> {
    match DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => give(path, owner)?,
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(PrivateError::io("create", path)(error)),
    }
    // Not following links: in a shared directory somebody else may have been first.
    let found = fs::symlink_metadata(path).map_err(PrivateError::io("read", path))?;
    if !found.is_dir() || found.uid() != owner.uid {
        return Err(PrivateError::ForeignOwner {
            path: path.to_path_buf(),
            owner: account::name_of(found.uid()),
            ours: owner.name.clone(),
        });
    }
    fs::set_permissions(path, Permissions::from_mode(0o700))
        .map_err(PrivateError::io("protect", path))
}

/// `run` in the data directory, or a short private directory when that path is too long
/// for a socket.
fn socket_dir(data_dir: &Path, account: &Account) -> Result<PathBuf, PrivateError> {
    let inside = data_dir.join("run");
    let path = if inside.as_os_str().len() <= LONGEST_SOCKET_DIR {
        inside
    } else {
        let hash = digest(&SHA256, data_dir.as_os_str().as_encoded_bytes());
        let name: String = hash.as_ref().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        runtime_dir().join(format!("marquis-postgres-{name}"))
    };
    make_private(&path, account)?;
    Ok(path)
}

fn runtime_dir() -> PathBuf {
    let named = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    if process::effective_uid() == 0 {
        return PathBuf::from("/run");
    }
    named
        .filter(|directory| directory.is_dir() && directory.as_os_str().len() < 60)
        .unwrap_or_else(|| PathBuf::from("/tmp"))
}

/// Reads the superuser's password, or makes one for a cluster that is about to be made.
pub(super) fn password(file: &Path, cluster_exists: bool) -> Result<Secret, PrivateError> {
    match fs::read_to_string(file) {
        Ok(text) if !text.trim().is_empty() => return Ok(Secret::new(text.trim())),
        Ok(_) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(PrivateError::io("read", file)(error)),
    }
    if cluster_exists {
        return Err(PrivateError::PasswordMissing { path: file.to_path_buf() });
    }
    let password = random::token();
    write_private(file, &password)?;
    Ok(Secret::new(password))
}

/// Writes a file that only its owner may read, completely or not at all.
pub(super) fn write_private(file: &Path, text: &str) -> Result<(), PrivateError> {
    let draft = file.with_extension("new");
    let written = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .custom_flags(libc::O_NOFOLLOW)
        .open(&draft)
        .and_then(|mut open| {
            open.write_all(text.as_bytes())?;
            open.sync_all()
        })
        .and_then(|()| fs::rename(&draft, file));
    written.map_err(PrivateError::io("write", file))
}

/// Exclusive use of the data directory, until dropped or until our process ends.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    pub(super) fn acquire(path: &Path) -> Result<Self, PrivateError> {
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .custom_flags(libc::O_NOFOLLOW)
            .open(path)
            .map_err(PrivateError::io("open", path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                let _ = file.read_to_string(&mut holder);
                let holder = match holder.trim().parse::<u32>() {
                    Ok(pid) => format!(" (process {pid})"),
                    Err(_) => String::new(),
                };
                let data_dir = path.parent().unwrap_or(path).to_path_buf();
                return Err(PrivateError::InUse { data_dir, holder });
            }
            Err(TryLockError::Error(error)) => return Err(PrivateError::io("lock", path)(error)),
        }
        // The number only serves the message above.
        let _ = file.set_len(0);
        let _ = file.write_all(format!("{}\n", std::process::id()).as_bytes());
        Ok(Self { _file: file })
    }
}
