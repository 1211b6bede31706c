//! Clients: one that writes bytes as given and reads one answer at a time, and reqwest for TLS
//! and HTTP/2.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::PATIENCE;

/// A connection that shows every byte.
pub struct Wire {
    pub stream: TcpStream,
    buffer: Vec<u8>,
}

/// An answer as it came.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: BTreeMap<String, Vec<String>>,
    pub body: Vec<u8>,
}

impl Answer {
    /// The field's only value.
    pub fn header(&self, name: &str) -> Option<&str> {
        let values = self.headers.get(name)?;
        assert_eq!(values.len(), 1, "{name}: {values:?}");
        Some(&values[0])
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("a JSON body")
    }

    /// A field of the request that the backend echoed.
    pub fn echoed(&self, name: &str) -> Option<String> {
        let document = self.json();
        let headers = document["headers"].as_array().expect("headers").clone();
        let mut values = headers.iter().filter(|pair| pair[0] == name);
        let value = values.next()?[1].as_str().expect("text").to_owned();
        assert!(values.next().is_none(), "{name} more than once: {document}");
        Some(value)
    }
}

impl Wire {
    pub async fn connect(address: SocketAddr) -> Self {
        Self::over(TcpStream::connect(address).await.expect("connects"))
    }

    pub fn over(stream: TcpStream) -> Self {
        stream.set_nodelay(true).expect("option");
        Self { stream, buffer: Vec::new() }
    }

    pub async fn write(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.expect("writes");
    }

    /// Writes a request and reads its answer.
    pub async fn send(&mut self, request: &str) -> Answer {
        self.write(request.as_bytes()).await;
        let head = request.starts_with("HEAD ");
        self.read_for(head).await.expect("an answer")
    }

    /// The next answer; `None` when the connection ends instead.
    pub async fn read(&mut self) -> Option<Answer> {
        self.read_for(false).await
    }

    async fn more(&mut self) -> bool {
        let mut space = vec![0; 16 * 1024];
        let read = tokio::time::timeout(PATIENCE, self.stream.read(&mut space));
        let count = read.await.expect("an answer in time").unwrap_or(0);
        self.buffer.extend_from_slice(&space[..count]);
        count > 0
    }

    async fn read_for(&mut self, head: bool) -> Option<Answer> {
        let end = loop {
            let found = self.buffer.windows(4).position(|four| four == b"\r\n\r\n");
            match found {
                Some(at) if self.buffer.starts_with(b"HTTP/1.1 100") => {
                    self.buffer.drain(..at + 4);
                }
                Some(at) => break at + 4,
                None if !self.more().await => {
                    assert!(self.buffer.is_empty(), "{:?}", String::from_utf8_lossy(&self.buffer));
                    return None;
                }
                None => {}
            }
        };
        let text = String::from_utf8(self.buffer.drain(..end).collect()).expect("ASCII header");
        let mut lines = text.split("\r\n");
        let status_line = lines.next().expect("status line");
        let status: u16 = status_line[9..12].parse().expect("status");
        let mut headers: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for line in lines.filter(|line| !line.is_empty()) {
            let (name, value) = line.split_once(": ").expect("field");
            headers.entry(name.to_ascii_lowercase()).or_default().push(value.to_owned());
        }
        let mut answer = Answer { status, headers, body: Vec::new() };
        if head || status == 204 || status == 304 || status == 101 {
            return Some(answer);
        }
        if answer.header("transfer-encoding") == Some("chunked") {
            answer.body = self.chunks().await;
        } else if let Some(length) = answer.header("content-length") {
            let length: usize = length.parse().expect("length");
            while self.buffer.len() < length {
                assert!(self.more().await, "the body is cut off");
            }
            answer.body = self.buffer.drain(..length).collect();
        } else {
            while self.more().await {}
            answer.body = std::mem::take(&mut self.buffer);
        }
        Some(answer)
    }

    async fn chunks(&mut self) -> Vec<u8> {
        let mut body = Vec::new();
        loop {
            let line = loop {
                match self.buffer.windows(2).position(|two| two == b"\r\n") {
                    Some(at) => break at,
                    None => assert!(self.more().await, "the body is cut off"),
                }
            };
            let text = String::from_utf8(self.buffer.drain(..line + 2).collect()).expect("ASCII");
            let size = usize::from_str_radix(text.trim_end(), 16).expect("chunk size");
            while self.buffer.len() < size + 2 {
                assert!(self.more().await, "the body is cut off");
            }
            body.extend(self.buffer.drain(..size));
            self.buffer.drain(..2);
            if size == 0 {
                return body;
            }
        }
    }

    /// Whether the other side has closed, waiting for it.
    pub async fn closed(&mut self) -> bool {
        assert!(self.buffer.is_empty(), "{:?}", String::from_utf8_lossy(&self.buffer));
        !self.more().await
    }

    /// Reads exactly this many bytes, for what is not HTTP.
    pub async fn take(&mut self, count: usize) -> Vec<u8> {
        while self.buffer.len() < count {
            assert!(self.more().await, "ended after {:?}", self.buffer);
        }
        self.buffer.drain(..count).collect()
    }
}

/// Checks that the answer is a problem document without a trace of causes, and returns its detail.
pub fn problem(answer: &Answer, status: u16) -> String {
    assert_eq!(answer.status, status, "{answer:?}");
    assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{answer:?}");
    assert!(answer.header("x-frame-options").is_some(), "security headers: {answer:?}");
    let document = answer.json();
    assert_eq!(document["status"], status);
    for word in ["127.0.0.1", "panicked", "src/", "os error", "hyper"] {
        assert!(!answer.text().contains(word), "{answer:?}");
    }
    document["detail"].as_str().unwrap_or_default().to_owned()
}

/// A client that speaks HTTP/2 where offered and accepts the self-signed certificate.
pub fn https_client() -> reqwest::Client {
    let _ = ring::default_provider().install_default();
    reqwest::Client::builder()
        .danger_accept_invalid_certs(true)
        .redirect(reqwest::redirect::Policy::none())
        .timeout(PATIENCE)
        .build()
        .expect("client")
}

/// Takes every certificate.
#[derive(Debug)]
pub struct Anyone;

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        ring::default_provider().signature_verification_algorithms.supported_schemes()
    }
}

/// A TLS connection to the gateway, for HTTP/1.1.
pub async fn tls(address: SocketAddr) -> TlsStream<TcpStream> {
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anyone))
        .with_no_client_auth();
    let stream = TcpStream::connect(address).await.expect("connects");
    let name = ServerName::try_from("localhost").expect("name");
    TlsConnector::from(Arc::new(config)).connect(name, stream).await.expect("handshake")
}
