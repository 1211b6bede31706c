//! Redis behind TLS: verified, or not used.

use std::process::{Child, Command, Stdio};

use marquis_cluster::{Cluster, ClusterError, RedisOptions};
use marquis_kernel::{Secret, SystemClock};

use crate::support::{free_port, until};

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // Already gone is as good.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn a_verified_server_is_used_and_another_is_not() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = |name: &str| directory.path().join(name);
    for (name, host) in [("server", "localhost"), ("other", "localhost")] {
        let pair = rcgen::generate_simple_self_signed([host.to_owned()]).expect("a certificate");
        std::fs::write(file(&format!("{name}.pem")), pair.cert.pem()).expect("written");
        std::fs::write(file(&format!("{name}.key")), pair.signing_key.serialize_pem())
            .expect("written");
    }
    let port = free_port();
    let child = Command::new("redis-server")
        .args(["--port", "0", "--tls-port", &port.to_string(), "--bind", "127.0.0.1"])
        .args(["--save", "", "--tls-auth-clients", "no", "--dir"])
        .arg(directory.path())
        .arg("--tls-cert-file")
        .arg(file("server.pem"))
        .arg("--tls-key-file")
        .arg(file("server.key"))
        .stdout(Stdio::null())
        .spawn()
        .expect("redis-server is installed; ./test.sh installs it");
    let _running = Running(child);
    until("redis-server listens", || async move {
        tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok()
    })
    .await;

    let connect = async |authorities: &str| {
        let authorities = Some(file(authorities));
        let options = RedisOptions { authorities, ..RedisOptions::default() };
        let url = Secret::new(format!("rediss://localhost:{port}"));
        Cluster::redis_with(&url, SystemClock::shared(), options).await
    };
    let trusted = connect("server.pem").await.expect("a usable URL");
    until("the server answers", || async { trusted.ping().await.is_ok() }).await;
    let foreign = connect("other.pem").await.expect("a usable URL");
    foreign.ping().await.expect_err("another authority");
    let none = connect("absent.pem").await.expect_err("no authority");
    assert!(matches!(none, ClusterError::Settings(_)), "{none:?}");
}
