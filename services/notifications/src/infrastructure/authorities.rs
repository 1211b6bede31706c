//! Whom to trust on the way out: the authorities of a PEM file, or the system's.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

/// The authorities cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum AuthoritiesError {
    /// The file.
    #[error("cannot read certificate authorities from {0}")]
    File(PathBuf, #[source] rustls::pki_types::pem::Error),
    /// None of them can be used.
    #[error("there is no usable certificate authority in {0}")]
    None(PathBuf),
    /// The TLS library refuses its own defaults.
    #[error("TLS cannot be configured")]
    Tls(#[from] rustls::Error),
}

/// A client of servers whose certificates are always verified. Speaks HTTP/1.1.
///
/// # Errors
///
/// [`AuthoritiesError`]. A system without authorities is not an error: its connections fail
/// one by one, and say why.
pub fn client(file: Option<&Path>) -> Result<Arc<ClientConfig>, AuthoritiesError> {
    let mut roots = RootCertStore::empty();
    match file {
        Some(file) => {
            let unreadable = |error| AuthoritiesError::File(file.to_owned(), error);
            for certificate in CertificateDer::pem_file_iter(file).map_err(unreadable)? {
                // A bundle may hold certificates that rustls does not take; the others count.
                let _ = roots.add(certificate.map_err(unreadable)?);
            }
            if roots.is_empty() {
                return Err(AuthoritiesError::None(file.to_owned()));
            }
        }
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
