//! Requests that no HTTP client would send: bytes on a TLS connection.

use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// A TLS connection that speaks HTTP/1.1 by hand.
#[derive(Debug)]
pub struct Wire {
    stream: TlsStream<TcpStream>,
}

impl Wire {
    /// Connects, verifying the certificate.
    ///
    /// # Panics
    ///
    /// When the handshake fails.
    pub async fn open(port: u16, certificate: &str) -> Self {
        let mut roots = RootCertStore::empty();
        let certificate = CertificateDer::from_pem_slice(certificate.as_bytes()).expect("PEM");
        roots.add(certificate).expect("a certificate");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let socket = TcpStream::connect(("127.0.0.1", port)).await.expect("a connection");
        let name = ServerName::try_from("localhost").expect("a name");
        let stream = TlsConnector::from(Arc::new(config)).connect(name, socket).await;
        Self { stream: stream.expect("a handshake") }
    }

    /// Sends bytes. `false` when the other side has hung up already.
    pub async fn send(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).await.is_ok() && self.stream.flush().await.is_ok()
    }

    /// Reads until the other side hangs up.
    ///
    /// # Panics
    ///
    /// When it does not within a minute.
    pub async fn read_to_end(&mut self) -> String {
        let mut all = Vec::new();
        let read = async {
            // A connection that is cut off is an end like any other.
            let _ = self.stream.read_to_end(&mut all).await;
        };
        tokio::time::timeout(Duration::from_secs(60), read).await.expect("an end");
        String::from_utf8_lossy(&all).into_owned()
    }

    /// Reads one answer with a `content-length` and leaves the connection open.
    ///
    /// # Panics
    ///
    /// When there is none within a minute.
    pub async fn read_answer(&mut self) -> String {
        let mut all = Vec::new();
        let read = async {
            while !complete(&all) {
                match self.stream.read_u8().await {
                    Ok(byte) => all.push(byte),
                    Err(_) => break,
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(60), read).await.expect("an answer");
        String::from_utf8_lossy(&all).into_owned()
    }
}

fn complete(answer: &[u8]) -> bool {
    let text = String::from_utf8_lossy(answer);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    length.is_some_and(|length| body.len() >= length)
}

/// The status codes of all answers in what was read, in order.
#[must_use]
pub fn statuses(read: &str) -> Vec<u16> {
    read.match_indices("HTTP/1.1 ")
        .filter_map(|(at, mark)| read.get(at + mark.len()..at + mark.len() + 3)?.parse().ok())
        .collect()
}
