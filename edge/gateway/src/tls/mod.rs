//! Certificates and the TLS settings of the listener (RFC 8446, RFC 5246).
//!
//! Certificates are read again at every reload. Connections that are open keep what they
//! began with; session tickets stay valid across reloads.

mod self_signed;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use marquis_config::sections::gateway::{self as settings, TlsVersion};
use marquis_kernel::SharedClock;
use rustls::ServerConfig;
use rustls::client::verify_server_name;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::{ClientHello, ParsedCertificate, ProducesTickets, ResolvesServerCert};
use rustls::sign::CertifiedKey;

/// Where certificates come from, and what outlives a reload.
pub(crate) struct Store {
    /// Directory of the self-signed certificate.
    directory: PathBuf,
    clock: SharedClock,
    provider: Arc<CryptoProvider>,
    tickets: Option<Arc<dyn ProducesTickets>>,
}

impl Store {
    pub(crate) fn new(data_dir: &Path, clock: SharedClock) -> Self {
        let tickets = ring::Ticketer::new();
        if let Err(error) = &tickets {
            tracing::warn!(
                error = error as &dyn std::error::Error,
                "TLS sessions cannot be resumed"
            );
        }
        Self {
            directory: data_dir.join("tls"),
            clock,
            provider: Arc::new(ring::default_provider()),
            tickets: tickets.ok(),
        }
    }

    /// Reads the certificates, making the self-signed one if there is no other.
    pub(crate) fn load(&self, settings: &settings::Tls) -> Result<Arc<ServerConfig>, String> {
        let mut certificates = Vec::new();
        for files in &settings.certificates {
            certificates.push(self.read(&files.certificate, &files.key)?);
        }
        if certificates.is_empty() {
            let (certificate, key) =
                self_signed::ensure(&self.directory, &settings.names, &*self.clock)?;
            certificates.push(self.read(&certificate, &key)?);
        }
        let versions: &[&rustls::SupportedProtocolVersion] = match settings.min_version {
            TlsVersion::V12 => rustls::ALL_VERSIONS,
            TlsVersion::V13 => &[&rustls::version::TLS13],
        };
        let mut config = ServerConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_protocol_versions(versions)
            .map_err(|error| format!("gateway.tls: {error}"))?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(ByName { certificates }));
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        if let Some(tickets) = &self.tickets {
            config.ticketer = Arc::clone(tickets);
        }
        config.send_half_rtt_data = false;
        Ok(Arc::new(config))
    }

    /// Reads what `load` would read, and writes nothing.
    pub(crate) fn check(&self, settings: &settings::Tls) -> Result<(), String> {
        for files in &settings.certificates {
            self.read(&files.certificate, &files.key)?;
        }
        if settings.certificates.is_empty() {
            self_signed::check(&settings.names, &*self.clock)?;
        }
        Ok(())
    }

    fn read(&self, certificate: &Path, key: &Path) -> Result<Arc<CertifiedKey>, String> {
        let wrong =
            |path: &Path, why: &dyn fmt::Display| format!("gateway.tls: {}: {why}", path.display());
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(certificate)
            .and_then(Iterator::collect)
            .map_err(|error| wrong(certificate, &error))?;
        if chain.is_empty() {
            return Err(wrong(certificate, &"holds no certificate"));
        }
        let secret = PrivateKeyDer::from_pem_file(key).map_err(|error| wrong(key, &error))?;
        CertifiedKey::from_der(chain, secret, &self.provider)
            .map(Arc::new)
            .map_err(|error| wrong(key, &error))
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("directory", &self.directory).finish_non_exhaustive()
    }
}

/// Chooses a certificate by the name the client asks for (RFC 6066, section 3).
#[derive(Debug)]
struct ByName {
    /// Not empty; the first one answers when no name fits.
    certificates: Vec<Arc<CertifiedKey>>,
}

impl ResolvesServerCert for ByName {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let name = hello.server_name().and_then(|name| ServerName::try_from(name).ok());
        let fits = |key: &&Arc<CertifiedKey>| {
            let Some(name) = &name else { return false };
            let leaf = key.end_entity_cert().ok();
            let parsed = leaf.and_then(|leaf| ParsedCertificate::try_from(leaf).ok());
            parsed.is_some_and(|leaf| verify_server_name(&leaf, name).is_ok())
        };
        let certificates = &self.certificates;
        // With one certificate there is no choice, and nothing to parse.
        let chosen = if certificates.len() > 1 { certificates.iter().find(fits) } else { None };
        chosen.or_else(|| certificates.first()).cloned()
    }
}
