//! The PostgreSQL that the tests of a process share.

use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;

use marquis_database::private::{PrivateCluster, PrivateError, PrivateSettings};
use tokio::sync::OnceCell;

/// Clusters kept for processes that test at the same time.
const SLOTS: u32 = 64;

/// URL of a superuser on the shared server, naming the database `postgres`:
/// `MARQUIS_TEST_POSTGRES`, else a server started for this process.
///
/// # Panics
///
/// When neither exists.
pub async fn postgres_url() -> String {
    static STARTED: OnceCell<PrivateCluster> = OnceCell::const_new();
    if let Ok(url) = std::env::var("MARQUIS_TEST_POSTGRES") {
        return url;
    }
    STARTED.get_or_init(start).await.url("postgres")
}

/// Takes the first kept cluster that no other process uses. It ends with this process; the
/// next one finds it initialised.
async fn start() -> PrivateCluster {
    let mut bases = vec![std::env::temp_dir().join(format!("marquis-test-{}", user()))];
    bases.extend(target_directory());
    let mut refusal = None;
    while let Some(base) = bases.pop() {
        for slot in 0..SLOTS {
            let mut settings = PrivateSettings::new(base.join(format!("postgres-{slot}")));
            settings.durable = false;
            settings.max_connections = 1000;
            match PrivateCluster::start(settings, |_| {}).await {
                Ok(cluster) => return cluster,
                Err(PrivateError::InUse { .. }) => {}
                Err(error) => {
                    refusal = Some(error);
                    break;
                }
            }
        }
    }
    unreachable!("set MARQUIS_TEST_POSTGRES, or install PostgreSQL: {refusal:?}")
}

/// `target` of the build this test belongs to. PostgreSQL's user may be unable to enter it,
/// as below `/root`; then the temporary directory serves.
fn target_directory() -> Option<PathBuf> {
    let program = std::env::current_exe().ok()?;
    let target = program.ancestors().find(|directory| directory.join("CACHEDIR.TAG").is_file())?;
    Some(target.join("test-postgres"))
}

fn user() -> u32 {
    std::fs::metadata("/proc/self").map_or(0, |ours| ours.uid())
}
