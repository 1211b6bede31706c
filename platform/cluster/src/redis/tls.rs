//! TLS to Redis over rustls: the server's certificate and name are always verified.

use std::path::Path;

use fred::rustls_native_certs::load_native_certs;
use fred::types::config::{TlsConfig, TlsConnector};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

use crate::ClusterError;

const NO_AUTHORITIES: ClusterError =
    ClusterError::Settings("TLS is asked for, but no trusted authority can be read");

/// Trusts the authorities of a PEM file, or else the system's.
pub(super) fn config(authorities: Option<&Path>) -> Result<TlsConfig, ClusterError> {
    let certificates: Vec<CertificateDer<'static>> = match authorities {
        Some(file) => CertificateDer::pem_file_iter(file)
            .and_then(Iterator::collect)
            .map_err(|_| NO_AUTHORITIES)?,
        // One unreadable certificate of the system's is no reason to trust none.
        None => load_native_certs().certs,
    };
    let mut roots = RootCertStore::empty();
    let (added, _) = roots.add_parsable_certificates(certificates);
    if added == 0 {
        return Err(NO_AUTHORITIES);
    }
    let provider = rustls::crypto::ring::default_provider();
    let config = ClientConfig::builder_with_provider(provider.into())
        .with_safe_default_protocol_versions()
        .map_err(|_| ClusterError::Settings("TLS has no common version"))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(config).into())
}
