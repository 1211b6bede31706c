//! The private cluster: first and later starts, restarts, kills, locks and accounts.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use marquis_database::private::{PrivateCluster, PrivateError, PrivateProgress, PrivateSettings};
use marquis_testkit::{Child, eventually};
use tempfile::TempDir;
use tokio_postgres::{Client, NoTls};

const PATIENCE: Duration = Duration::from_secs(60);
/// Names the data directory for [`child_runs_a_cluster`].
const CHILD_DIR: &str = "MARQUIS_TEST_CHILD_DIR";

fn data_dir() -> TempDir {
    TempDir::with_prefix("marquis-private-").expect("a temporary directory")
}

fn settings(data_dir: &Path) -> PrivateSettings {
    let mut settings = PrivateSettings::new(data_dir);
    settings.shared_buffers = "16MB".to_owned();
    settings.durable = false;
    settings
}

async fn start(data_dir: &Path) -> PrivateCluster {
    PrivateCluster::start(settings(data_dir), |_| {}).await.expect("starts")
}

async fn connect(url: &str) -> Result<Client, tokio_postgres::Error> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    // What is committed has left the server's process, which these tests kill.
    client.batch_execute("SET synchronous_commit = on").await?;
    Ok(client)
}

fn is_alive(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // A zombie has ended; nobody of ours reaps the children of killed processes.
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

/// The postmaster's process id, as PostgreSQL itself notes it.
fn postmaster(data_dir: &Path) -> Option<u32> {
    let text = fs::read_to_string(data_dir.join("postgres/postmaster.pid")).ok()?;
    text.lines().next()?.parse().ok()
}

#[tokio::test]
async fn the_first_start_makes_a_safe_cluster_and_later_starts_are_fast() {
    let directory = data_dir();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&seen);
    let cluster = PrivateCluster::start(settings(directory.path()), move |progress| {
        told.lock().expect("lock").push(progress);
    })
    .await
    .expect("starts");
    assert!(matches!(
        seen.lock().expect("lock").as_slice(),
        [PrivateProgress::Initialising { version: 14.. }]
    ));

    let client = connect(&cluster.url("marquis")).await.expect("connects");
    for (setting, value) in [
        ("server_encoding", "UTF8"),
        ("lc_collate", "C"),
        ("data_checksums", "on"),
        ("listen_addresses", ""),
        ("password_encryption", "scram-sha-256"),
        ("shared_buffers", "16MB"),
    ] {
        let row = client.query_one(&format!("SHOW {setting}"), &[]).await.expect(setting);
        assert_eq!(row.get::<_, String>(0), value, "{setting}");
    }
    client
        .batch_execute("CREATE TABLE kept (n int); INSERT INTO kept VALUES (7)")
        .await
        .expect("writes");

    let mode = |path: &str| {
        fs::metadata(directory.path().join(path)).expect(path).permissions().mode() & 0o777
    };
    assert!(matches!(mode(""), 0o700 | 0o710));
    for (path, expected) in [
        ("secrets", 0o700),
        ("secrets/postgres-password", 0o600),
        ("run", 0o700),
        ("postgres", 0o700),
        ("logs/postgres.log", 0o600),
    ] {
        assert_eq!(mode(path), expected, "{path}");
    }
    let server = fs::metadata(format!("/proc/{}", cluster.pid().expect("runs"))).expect("/proc");
    assert_ne!(server.uid(), 0, "never as root");

    // No password, or a wrong one, opens nothing.
    let url = cluster.url("marquis");
    let password =
        fs::read_to_string(directory.path().join("secrets/postgres-password")).expect("password");
    for wrong in [url.replace(&password, "guess"), url.replace(&format!(":{password}"), "")] {
        assert!(connect(&wrong).await.is_err());
    }
    drop(client);
    cluster.stop().await;
    assert!(connect(&url).await.is_err(), "stopped");

    let started = Instant::now();
    let cluster = start(directory.path()).await;
    let took = started.elapsed();
    println!("start of an initialised cluster: {took:?}");
    assert!(took < Duration::from_secs(5), "{took:?}");
    let client = connect(&cluster.url("marquis")).await.expect("connects");
    let kept = client.query_one("SELECT n FROM kept", &[]).await.expect("kept");
    assert_eq!(kept.get::<_, i32>(0), 7);
    cluster.stop().await;
}

#[tokio::test]
async fn a_second_process_on_the_same_directory_is_refused() {
    let directory = data_dir();
    let cluster = start(directory.path()).await;
    let error =
        PrivateCluster::start(settings(directory.path()), |_| {}).await.expect_err("in use");
    assert!(matches!(error, PrivateError::InUse { .. }), "{error}");
    assert!(error.to_string().contains(&format!("process {}", std::process::id())), "{error}");
    cluster.stop().await;
    start(directory.path()).await.stop().await;
}

#[tokio::test]
async fn a_server_that_dies_is_started_again() {
    let directory = data_dir();
    let cluster = start(directory.path()).await;
    let first = cluster.pid().expect("runs");
    let client = connect(&cluster.url("marquis")).await.expect("connects");
    client.batch_execute("CREATE TABLE kept (n int)").await.expect("writes");
    let killed = Command::new("kill").args(["-9", &first.to_string()]).status().expect("kill");
    assert!(killed.success());
    let url = cluster.url("marquis");
    let client = eventually(PATIENCE, || connect(&url)).await;
    client.execute("SELECT FROM kept", &[]).await.expect("kept");
    assert_ne!(cluster.pid(), Some(first));
    cluster.stop().await;
}

/// Not a test by itself: the process that the next tests kill.
#[tokio::test]
async fn child_runs_a_cluster() {
    let Some(directory) = std::env::var_os(CHILD_DIR) else { return };
    let cluster = start(Path::new(&directory)).await;
    let client = connect(&cluster.url("marquis")).await.expect("connects");
    client.batch_execute("CREATE TABLE IF NOT EXISTS kept (n int)").await.expect("writes");
    client.execute("INSERT INTO kept VALUES (1)", &[]).await.expect("writes");
    fs::write(Path::new(&directory).join("child-ready"), "").expect("tells");
    std::future::pending::<()>().await;
}

/// This test program again, running [`child_runs_a_cluster`] on `directory`.
fn child_command(program: &Path, directory: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .args(["--exact", "child_runs_a_cluster", "--nocapture"])
        .env(CHILD_DIR, directory)
        .stdin(Stdio::null());
    command
}

async fn until_ready(child: &mut Child, directory: &Path) {
    let ready = directory.join("child-ready");
    eventually(PATIENCE, || {
        let ended = child.inner().try_wait();
        assert!(matches!(ended, Ok(None)), "the child ended: {ended:?}");
        std::future::ready(ready.exists())
    })
    .await;
}

#[tokio::test]
async fn a_killed_process_takes_its_server_along_and_loses_nothing() {
    let directory = data_dir();
    let program = std::env::current_exe().expect("our path");
    for round in 1..=3_i64 {
        let mut child = Child::spawn(child_command(&program, directory.path())).expect("starts");
        until_ready(&mut child, directory.path()).await;
        fs::remove_file(directory.path().join("child-ready")).expect("removed");
        let server = postmaster(directory.path()).expect("a pid file");
        child.kill().expect("killed");

        if round == 1 {
            eventually(PATIENCE, || std::future::ready(!is_alive(server))).await;
        }
        // Later rounds start at once, while the old server is still stopping.
        let cluster = start(directory.path()).await;
        let client = connect(&cluster.url("marquis")).await.expect("connects");
        let count = client.query_one("SELECT count(*) FROM kept", &[]).await.expect("kept");
        assert_eq!(count.get::<_, i64>(0), round);
        cluster.stop().await;
    }
}

#[tokio::test]
async fn a_pid_file_that_lies_is_no_obstacle() {
    let directory = data_dir();
    start(directory.path()).await.stop().await;
    // What a machine that lost power leaves behind: the number is now somebody else's.
    let pid_file = directory.path().join("postgres/postmaster.pid");
    let (pid, cluster) = (std::process::id(), directory.path().join("postgres"));
    fs::write(&pid_file, format!("{pid}\n{}\n1\n5432\n", cluster.display())).expect("written");
    start(directory.path()).await.stop().await;
}

#[tokio::test]
async fn a_start_killed_during_initdb_is_repeated_from_the_beginning() {
    let directory = data_dir();
    let half_made = directory.path().join("postgres.new");
    fs::create_dir_all(half_made.join("base")).expect("made");
    fs::write(half_made.join("PG_VERSION"), "15\n").expect("written");
    start(directory.path()).await.stop().await;
    assert!(!half_made.exists());
}

#[tokio::test]
async fn a_cluster_of_a_version_that_is_not_installed_is_refused_with_advice() {
    let directory = data_dir();
    fs::create_dir(directory.path().join("postgres")).expect("made");
    fs::write(directory.path().join("postgres/PG_VERSION"), "9\n").expect("written");
    let error =
        PrivateCluster::start(settings(directory.path()), |_| {}).await.expect_err("refused");
    assert!(error.to_string().contains("apt-get install postgresql-9"), "{error}");
    assert!(error.to_string().contains(&directory.path().display().to_string()), "{error}");
}

#[tokio::test]
async fn a_lost_password_is_not_replaced_by_a_new_one() {
    let directory = data_dir();
    start(directory.path()).await.stop().await;
    fs::remove_file(directory.path().join("secrets/postgres-password")).expect("removed");
    let error =
        PrivateCluster::start(settings(directory.path()), |_| {}).await.expect_err("refused");
    assert!(matches!(error, PrivateError::PasswordMissing { .. }), "{error}");
}

#[tokio::test]
async fn a_server_that_cannot_start_says_why() {
    let directory = data_dir();
    let mut settings = settings(directory.path());
    settings.shared_buffers = "nonsense".to_owned();
    let error = PrivateCluster::start(settings, |_| {}).await.expect_err("refused");
    assert!(error.to_string().contains("shared_buffers"), "{error}");
    start(directory.path()).await.stop().await;
}

#[tokio::test]
async fn a_shared_directory_is_not_taken_over() {
    let directory = data_dir();
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o1777)).expect("shared");
    let error =
        PrivateCluster::start(settings(directory.path()), |_| {}).await.expect_err("refused");
    assert!(matches!(error, PrivateError::SharedDirectory { .. }), "{error}");
}

#[tokio::test]
async fn a_long_path_gets_its_socket_elsewhere() {
    let directory = data_dir();
    let deep = directory.path().join("d".repeat(60)).join("e".repeat(60));
    // The parents must be passable for the user PostgreSQL runs as.
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).expect("opened");
    let cluster = start(&deep).await;
    let url = cluster.url("marquis");
    assert!(url.contains("marquis-postgres-"), "{url}");
    connect(&url).await.expect("connects");
    cluster.stop().await;
    let host = url.rsplit_once('@').and_then(|(_, rest)| rest.split_once(':')).expect("a host").0;
    let _ = fs::remove_dir(PathBuf::from(host.replace("%2F", "/")));
}

/// As root only: root may become anybody, an ordinary user is the ordinary case anyway.
#[tokio::test]
async fn an_ordinary_user_runs_a_cluster_and_root_respects_paths_it_cannot_open() {
    let directory = data_dir();
    if fs::metadata(directory.path()).expect("ours").uid() != 0 {
        return;
    }
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o700)).expect("closed");
    let closed = directory.path().join("data");
    let error =
        PrivateCluster::start(settings(&closed), |_| {}).await.expect_err("not traversable");
    assert!(matches!(error, PrivateError::NotTraversable { .. }), "{error}");
    assert!(error.to_string().contains(&directory.path().display().to_string()), "{error}");

    let home = data_dir();
    fs::set_permissions(home.path(), fs::Permissions::from_mode(0o755)).expect("opened");
    // The build directory may be out of reach for others.
    let program = home.path().join("test-program");
    fs::copy(std::env::current_exe().expect("our path"), &program).expect("copied");
    let data = home.path().join("data");
    fs::create_dir(&data).expect("made");
    let (uid, gid) = (65_534, 65_534);
    std::os::unix::fs::chown(&data, Some(uid), Some(gid)).expect("given away");
    let child = child_command(&program, &data);
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
        .arg(child.get_program())
        .args(child.get_args())
        .env(CHILD_DIR, &data)
        .stdin(Stdio::null());
    let mut child = Child::spawn(command).expect("setpriv starts");
    until_ready(&mut child, &data).await;
    let server = postmaster(&data).expect("a pid file");
    assert_eq!(fs::metadata(format!("/proc/{server}")).expect("/proc").uid(), uid);
    child.kill().expect("killed");
    eventually(PATIENCE, || std::future::ready(!is_alive(server))).await;

    // Root takes the cluster over and keeps running it as its owner.
    let cluster = start(&data).await;
    let server = cluster.pid().expect("runs");
    assert_eq!(fs::metadata(format!("/proc/{server}")).expect("/proc").uid(), uid);
    cluster.stop().await;
}
