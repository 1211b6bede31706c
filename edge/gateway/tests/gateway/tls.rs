//! TLS: the certificate of the first start, own certificates by name, versions, redirects.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use marquis_config::sections::gateway::{Certificate, PlainMode, TlsVersion};
use marquis_telemetry::Metrics;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::support::{Anyone, Backend, Rig, Wire, bind, https_client, problem, settings};

/// Writes a self-signed pair for the names.
pub fn pair(dir: &Path, stem: &str, names: &[&str]) -> Certificate {
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    let made = rcgen::generate_simple_self_signed(names).expect("certificate");
    let files = Certificate {
        certificate: dir.join(format!("{stem}.pem")),
        key: dir.join(format!("{stem}.key")),
    };
    std::fs::write(&files.certificate, made.cert.pem()).expect("written");
    std::fs::write(&files.key, made.signing_key.serialize_pem()).expect("written");
    files
}

/// The leaf that the gateway shows for a name, or that the handshake failed.
pub async fn shown(
    rig: &Rig,
    name: &str,
    versions: &[&'static rustls::SupportedProtocolVersion],
) -> Option<Vec<u8>> {
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(versions)
        .expect("versions")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anyone))
        .with_no_client_auth();
    let stream = TcpStream::connect(rig.https).await.expect("connects");
    let name = ServerName::try_from(name.to_owned()).expect("name");
    let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.ok()?;
    Some(stream.get_ref().1.peer_certificates()?.first()?.to_vec())
}

pub fn leaf(files: &Certificate) -> Vec<u8> {
    CertificateDer::from_pem_file(&files.certificate).expect("certificate").to_vec()
}

#[tokio::test]
async fn the_first_start_makes_a_certificate_that_verifies() {
    let backend = Backend::start("a").await;
    let rig = Rig::with(&[&backend], |settings| {
        settings.tls.names = vec!["app.example.org".to_owned()];
    })
    .await;
    let tls = rig.dir.path().join("tls");
    let mode = |path: &Path| std::fs::metadata(path).expect("file").permissions().mode() & 0o777;
    assert_eq!(mode(&tls.join("self-signed.key")), 0o600);
    assert_eq!(mode(&tls), 0o700);
    // A client that trusts exactly this certificate accepts it for each of its names.
    let mut roots = RootCertStore::empty();
    let certificate = CertificateDer::from_pem_file(tls.join("self-signed.pem")).expect("PEM");
    roots.add(certificate).expect("root");
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = TlsConnector::from(Arc::new(config));
    for name in ["localhost", "127.0.0.1", "::1", "app.example.org"] {
        let stream = TcpStream::connect(rig.https).await.expect("connects");
        let name = ServerName::try_from(name).expect("name");
        connector
            .connect(name.clone(), stream)
            .await
            .unwrap_or_else(|error| panic!("{name:?}: {error}"));
    }
    let stream = TcpStream::connect(rig.https).await.expect("connects");
    let stranger = ServerName::try_from("other.example.org").expect("name");
    assert!(connector.connect(stranger, stream).await.is_err());
}

#[tokio::test]
async fn own_certificates_are_chosen_by_name() {
    let backend = Backend::start("a").await;
    let dir = tempfile::tempdir().expect("directory");
    let first = pair(dir.path(), "first", &["a.example"]);
    let second = pair(dir.path(), "second", &["b.example", "*.c.example"]);
    let (one, two) = (first.clone(), second.clone());
    let rig = Rig::with(&[&backend], |settings| settings.tls.certificates = vec![one, two]).await;
    for (name, files) in [
        ("a.example", &first),
        ("b.example", &second),
        ("x.c.example", &second),
        ("x.y.c.example", &first),
        ("unknown.example", &first),
        ("127.0.0.1", &first),
    ] {
        assert_eq!(shown(&rig, name, rustls::ALL_VERSIONS).await, Some(leaf(files)), "{name}");
    }
    assert!(!rig.dir.path().join("tls").exists(), "no certificate is made when there is one");
}

#[tokio::test]
async fn versions_are_as_configured() {
    let backend = Backend::start("a").await;
    let rig = Rig::to(&[&backend]).await;
    assert!(shown(&rig, "localhost", &[&rustls::version::TLS12]).await.is_some());
    assert!(shown(&rig, "localhost", &[&rustls::version::TLS13]).await.is_some());
    let strict =
        Rig::with(&[&backend], |settings| settings.tls.min_version = TlsVersion::V13).await;
    assert!(shown(&strict, "localhost", &[&rustls::version::TLS12]).await.is_none());
    assert!(shown(&strict, "localhost", &[&rustls::version::TLS13]).await.is_some());
}

#[tokio::test]
async fn http1_over_tls_and_plain_http_on_the_tls_port() {
    let backend = Backend::start("a").await;
    let rig = Rig::to(&[&backend]).await;
    let _ = https_client();
    let client = reqwest::Client::builder()
        .danger_accept_invalid_certs(true)
        .http1_only()
        .build()
        .expect("client");
    let url = format!("https://localhost:{}/x", rig.https.port());
    let answer = client.get(url).send().await.expect("answer");
    assert_eq!((answer.version(), answer.status().as_u16()), (reqwest::Version::HTTP_11, 200));
    let answer = Wire::connect(rig.https).await.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n").await;
    assert!(problem(&answer, 400).contains("HTTPS"));
}

#[tokio::test]
async fn the_plain_listener_redirects() {
    let backend = Backend::start("a").await;
    let rig = Rig::with(&[&backend], |settings| settings.plain = PlainMode::Redirect).await;
    let port = rig.https.port();
    for (request, location) in [
        (
            "GET /p?q=%20 HTTP/1.1\r\nHost: app.example:8080\r\n\r\n",
            format!("https://app.example:{port}/p?q=%20"),
        ),
        (
            "POST / HTTP/1.1\r\nHost: [::1]\r\nContent-Length: 1\r\n\r\nx",
            format!("https://[::1]:{port}/"),
        ),
    ] {
        let answer = rig.send(request).await;
        assert_eq!((answer.status, answer.header("location")), (301, Some(location.as_str())));
    }
    assert_eq!(backend.hits(), 0);
    let mapped = Rig::with(&[&backend], |settings| {
        settings.plain = PlainMode::Redirect;
        settings.public_https_port = 443;
        settings.hosts = vec!["localhost".to_owned()];
    })
    .await;
    assert_eq!(mapped.get("/x").await.header("location"), Some("https://localhost/x"));
    problem(&mapped.send("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n").await, 421);
}

#[tokio::test]
async fn broken_settings_are_all_reported() {
    let mut settings = settings();
    settings.tls.certificates = vec![Certificate {
        certificate: "/nonexistent.pem".into(),
        key: "/nonexistent.key".into(),
    }];
    settings.trusted_proxies = vec!["nonsense".to_owned()];
    settings.routes.push(crate::support::route("no-slash"));
    settings.static_root = "/nonexistent".into();
    let dir = tempfile::tempdir().expect("directory");
    let error = bind(&settings, BTreeMap::new(), &dir, Metrics::new()).await.expect_err("refused");
    let text = error.to_string();
    for part in ["/nonexistent.pem", "nonsense", "routes[0]", "static_root"] {
        assert!(text.contains(part), "{part}: {text}");
    }
}
