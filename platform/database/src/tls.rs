//! TLS to PostgreSQL over rustls: the server's certificate and name are always verified.
//!
//! Authorities come from the given file or else from the system's bundle, read when the
//! first encrypted connection is made, so that a plain connection costs nothing.

use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect};
use tokio_postgres::{Socket, tls};

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Where the distributions keep the bundle of trusted authorities.
const SYSTEM_BUNDLES: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// Makes encrypted streams to one server.
#[derive(Debug, Clone)]
pub(crate) struct Tls {
    authorities: Option<PathBuf>,
    config: Arc<OnceLock<Arc<ClientConfig>>>,
}

impl Tls {
    /// For connections that never ask for encryption.
    pub(crate) fn unused() -> Self {
        Self::new(None)
    }

    /// Trusts the authorities of a PEM file, or the system's.
    pub(crate) fn new(authorities: Option<PathBuf>) -> Self {
        Self { authorities, config: Arc::default() }
    }

    fn config(&self) -> Result<Arc<ClientConfig>, BoxError> {
        if let Some(config) = self.config.get() {
            return Ok(Arc::clone(config));
        }
        let roots = match &self.authorities {
            Some(file) => read_authorities(file)?,
            None => system_authorities()?,
        };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Arc::clone(self.config.get_or_init(|| Arc::new(config))))
    }
}

fn system_authorities() -> Result<RootCertStore, BoxError> {
    let named = std::env::var_os("SSL_CERT_FILE").map(PathBuf::from);
    let file = named
        .into_iter()
        .chain(SYSTEM_BUNDLES.iter().map(PathBuf::from))
        .find(|file| file.is_file())
        .ok_or("no trusted certificate authorities on this system; name a file by sslrootcert")?;
    read_authorities(&file)
}

fn read_authorities(file: &Path) -> Result<RootCertStore, BoxError> {
    let unreadable = |error| format!("cannot read authorities from {}: {error}", file.display());
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(file).map_err(&unreadable)? {
        // Bundles may hold old certificates that rustls does not take; the others count.
        let _ = roots.add(certificate.map_err(&unreadable)?);
    }
    if roots.is_empty() {
        return Err(format!("{} holds no usable certificate", file.display()).into());
    }
    Ok(roots)
}

impl MakeTlsConnect<Socket> for Tls {
    type Stream = TlsStream;
    type TlsConnect = Handshake;
    type Error = BoxError;

    fn make_tls_connect(&mut self, domain: &str) -> Result<Handshake, BoxError> {
        Ok(Handshake { tls: self.clone(), domain: domain.to_owned() })
    }
}

/// One handshake about to be made.
#[derive(Debug)]
pub(crate) struct Handshake {
    tls: Tls,
    domain: String,
}

impl TlsConnect<Socket> for Handshake {
    type Stream = TlsStream;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<TlsStream, BoxError>> + Send>>;

    fn connect(self, stream: Socket) -> Self::Future {
        Box::pin(async move {
            let name = ServerName::try_from(self.domain)?;
            let connector = tokio_rustls::TlsConnector::from(self.tls.config()?);
            Ok(TlsStream(Box::new(connector.connect(name, stream).await?)))
        })
    }
}

/// An encrypted connection.
#[derive(Debug)]
pub(crate) struct TlsStream(Box<tokio_rustls::client::TlsStream<Socket>>);

impl tls::TlsStream for TlsStream {
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl AsyncRead for TlsStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl AsyncWrite for TlsStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
