//! The certificate a new installation starts with: self-signed, for localhost and the configured
//! names, made anew before it expires or when the names change.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use marquis_kernel::Clock;
use rcgen::{
    CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose, SanType,
};
use time::{Duration, OffsetDateTime};

/// Browsers refuse certificates that are valid for longer than 398 days.
const VALIDITY: Duration = Duration::days(397);
const RENEW_BEFORE: Duration = Duration::days(30);
const ALWAYS: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// Paths of certificate and key, made if need be.
pub(super) fn ensure(
    directory: &Path,
    names: &[String],
    clock: &dyn Clock,
) -> Result<(PathBuf, PathBuf), String> {
    let certificate = directory.join("self-signed.pem");
    let key = directory.join("self-signed.key");
    let stamp = directory.join("self-signed.names");
    let wanted = wanted(names);
    let now = clock.now();
    if certificate.is_file() && key.is_file() && is_current(&stamp, &wanted, now) {
        return Ok((certificate, key));
    }
    let failed = |what: &Path, error: &dyn std::fmt::Display| {
        format!("cannot make the self-signed certificate: {}: {error}", what.display())
    };
    let (certificate_pem, key_pem) = make(&wanted, now).map_err(impossible)?;
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
        .map_err(|error| failed(directory, &error))?;
    let stamp_text = format!("{}\n{}\n", (now + VALIDITY).unix_timestamp(), wanted.join("\n"));
    // The stamp last: without it the pair is made again.
    for (path, text, mode) in [
        (&key, key_pem.as_str(), 0o600),
        (&certificate, certificate_pem.as_str(), 0o644),
        (&stamp, stamp_text.as_str(), 0o644),
    ] {
        replace(path, text, mode).map_err(|error| failed(path, &error))?;
    }
    tracing::info!(path = %certificate.display(), names = wanted.join(","), "self-signed certificate made");
    Ok((certificate, key))
}

/// Whether a certificate for these names can be made.
pub(super) fn check(names: &[String], clock: &dyn Clock) -> Result<(), String> {
    make(&wanted(names), clock.now()).map(drop).map_err(impossible)
}

fn wanted(names: &[String]) -> Vec<&str> {
    let further = names.iter().map(String::as_str).filter(|name| !ALWAYS.contains(name));
    ALWAYS.into_iter().chain(further).collect()
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn impossible(error: rcgen::Error) -> String {
    format!("cannot make the self-signed certificate for gateway.tls.names: {error}")
}

/// Whether the certificate has these names and some time left.
fn is_current(stamp: &Path, wanted: &[&str], now: OffsetDateTime) -> bool {
    let Ok(text) = fs::read_to_string(stamp) else { return false };
    let mut lines = text.lines();
    let until = lines.next().and_then(|line| line.parse::<i64>().ok());
    let until = until.and_then(|until| OffsetDateTime::from_unix_timestamp(until).ok());
    until.is_some_and(|until| until - RENEW_BEFORE > now) && lines.eq(wanted.iter().copied())
}

fn make(names: &[&str], now: OffsetDateTime) -> Result<(String, String), rcgen::Error> {
    let mut params = CertificateParams::default();
    params.not_before = now - Duration::hours(1);
    params.not_after = now + VALIDITY;
    params.distinguished_name.push(DnType::CommonName, "Marquis self-signed");
    for name in names {
        params.subject_alt_names.push(match name.parse() {
            Ok(address) => SanType::IpAddress(address),
            Err(_) => SanType::DnsName((*name).try_into()?),
        });
    }
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let key = KeyPair::generate()?;
    let certificate = params.self_signed(&key)?;
    Ok((certificate.pem(), key.serialize_pem()))
}

/// Writes a whole file or nothing; it never exists with wider permissions.
fn replace(path: &Path, text: &str, mode: u32) -> io::Result<()> {
    let new = path.with_extension("new");
    match fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(&new)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&new, path)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use marquis_kernel::ManualClock;

    use super::*;

    #[test]
    fn it_is_made_once_and_again_when_names_or_time_demand_it() {
        let directory = tempfile::tempdir().expect("directory");
        let directory = directory.path().join("tls");
        let clock = ManualClock::starting_now();
        let ensure = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(ToString::to_string).collect();
            let (certificate, key) = ensure(&directory, &names, &*clock).expect("made");
            let mode = fs::metadata(&key).expect("key").permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
            fs::read_to_string(certificate).expect("certificate")
        };
        let first = ensure(&[]);
        assert_eq!(ensure(&[]), first);
        assert_eq!(ensure(&["localhost"]), first, "a name it has anyway");
        let named = ensure(&["app.example.org", "192.0.2.1"]);
        assert_ne!(named, first);
        clock.advance(Duration::days(360));
        assert_eq!(ensure(&["app.example.org", "192.0.2.1"]), named);
        clock.advance(Duration::days(10));
        assert_ne!(ensure(&["app.example.org", "192.0.2.1"]), named);
    }

    #[test]
    fn impossible_names_are_reported() {
        let directory = tempfile::tempdir().expect("directory");
        let clock = ManualClock::starting_now();
        let error = ensure(directory.path(), &["\u{e4}.example".to_owned()], &*clock);
        assert!(error.expect_err("refused").contains("gateway.tls.names"));
    }
}
