//! Empty databases on the PostgreSQL of `MARQUIS_TEST_POSTGRES`, dropped with their owner.

use std::env;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio_postgres::{Client, NoTls};

/// A database without tables.
#[derive(Debug)]
pub struct EmptyDatabase {
    name: String,
    server: String,
}

impl EmptyDatabase {
    /// Creates one.
    ///
    /// # Panics
    ///
    /// When there is no test server.
    pub async fn create(kind: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let server = env::var("MARQUIS_TEST_POSTGRES")
            .expect("MARQUIS_TEST_POSTGRES names a running PostgreSQL; ./test.sh starts one");
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("marquis_e2e_{kind}_{}_{number}", std::process::id());
        let client = connect(&server).await;
        let create = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
        client.batch_execute(&create).await.expect("an earlier process of this id left it");
        client.batch_execute(&format!("CREATE DATABASE {name}")).await.expect("a database");
        Self { name, server }
    }

    /// Its URL.
    #[must_use]
    pub fn url(&self) -> String {
        let (base, _) = self.server.rsplit_once('/').unwrap_or((&self.server, ""));
        format!("{base}/{}", self.name)
    }
}

impl Drop for EmptyDatabase {
    fn drop(&mut self) {
        let (server, name) = (self.server.clone(), self.name.clone());
        // The runtime of the test may be ending.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let Ok(runtime) = runtime else { return };
            runtime.block_on(async {
                let drop = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
                // What remains is dropped with its server.
                let _ = connect(&server).await.batch_execute(&drop).await;
            });
        });
        let _ = dropped.join();
    }
}

/// A connection to look at what was stored.
///
/// # Panics
///
/// When the server does not answer.
pub async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("PostgreSQL");
    tokio::spawn(connection);
    client
}
