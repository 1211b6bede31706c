//! Published vectors, forgeries, ages and forms.

use super::*;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
const BODY: &[u8] = br#"{"test": 2432232314}"#;
const AT: i64 = 1_614_265_330;

fn keyring() -> Keyring {
    let old = Secret::new(format!("whsec_{}", STANDARD.encode([7_u8; 32])));
    Keyring::new(
        &[old, Secret::new(SECRET)],
        &[Secret::new("whsec_stripe"), Secret::new("other")],
        Duration::minutes(5),
    )
    .expect("valid secrets")
}

fn at(seconds: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(seconds).expect("in range")
}

fn standard(signature: &str) -> SignatureHeaders<'_> {
    SignatureHeaders {
        id: Some(ID),
        timestamp: Some("1614265330"),
        signature: Some(signature),
        stripe: None,
    }
}

/// The vector of the reference implementations' tests.
const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

#[test]
fn the_published_vector_verifies() {
    let expected = Authentic { source: STANDARD_SOURCE, event_id: Some(ID) };
    let keys = keyring();
    assert_eq!(keys.authenticate(standard(SIGNATURE), BODY, at(AT)), Ok(expected));
    let rotating = format!("v1a,xx v1,AAAA {SIGNATURE}");
    assert_eq!(keys.authenticate(standard(&rotating), BODY, at(AT)), Ok(expected));
}

#[test]
fn a_changed_body_or_key_does_not_verify() {
    let keys = keyring();
    let changed = br#"{"test": 2432232315}"#;
    assert_eq!(
        keys.authenticate(standard(SIGNATURE), changed, at(AT)),
        Err(SignatureError::Mismatch)
    );
    let others = Keyring::new(&[], &[], Duration::minutes(5)).expect("no secrets");
    assert_eq!(
        others.authenticate(standard(SIGNATURE), BODY, at(AT)),
        Err(SignatureError::Mismatch)
    );
}

#[test]
fn the_tolerance_holds_both_ways() {
    let keys = keyring();
    for offset in [-300, 0, 300] {
        assert!(keys.authenticate(standard(SIGNATURE), BODY, at(AT + offset)).is_ok());
    }
    for offset in [-301, 301] {
        assert_eq!(
            keys.authenticate(standard(SIGNATURE), BODY, at(AT + offset)),
            Err(SignatureError::Stale)
        );
    }
}

#[test]
fn stripe_signatures_verify_with_any_key() {
    let keys = keyring();
    let key = hmac::Key::new(hmac::HMAC_SHA256, b"other");
    let tag = hmac::sign(&key, &[b"1614265330.", BODY].concat());
    let hexed: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    let header = format!("t=1614265330,v1={},v1={hexed},v0=00", "00".repeat(32));
    let stripe = |header| SignatureHeaders { stripe: Some(header), ..Default::default() };
    let expected = Authentic { source: STRIPE_SOURCE, event_id: None };
    assert_eq!(keys.authenticate(stripe(&header), BODY, at(AT)), Ok(expected));
    assert_eq!(keys.authenticate(stripe(&header), b"{}", at(AT)), Err(SignatureError::Mismatch));
    assert_eq!(keys.authenticate(stripe(&header), BODY, at(AT + 301)), Err(SignatureError::Stale));
    for malformed in ["", "t=1", "v1=00", "t=x,v1=00", "t=1,v1=0", "t=1,v1=é0"] {
        assert!(
            matches!(
                keys.authenticate(stripe(malformed), BODY, at(AT)),
                Err(SignatureError::Malformed(_))
            ),
            "{malformed}"
        );
    }
}

#[test]
fn unreadable_headers_are_named() {
    let keys = keyring();
    let none = SignatureHeaders::default();
    assert_eq!(keys.authenticate(none, BODY, at(AT)), Err(SignatureError::Missing));
    let half = SignatureHeaders { id: None, ..standard(SIGNATURE) };
    assert_eq!(keys.authenticate(half, BODY, at(AT)), Err(SignatureError::Missing));
    for broken in [
        SignatureHeaders { timestamp: Some("-1"), ..standard(SIGNATURE) },
        SignatureHeaders { timestamp: Some("1e9"), ..standard(SIGNATURE) },
        SignatureHeaders { id: Some(""), ..standard(SIGNATURE) },
        standard("v2,AAAA"),
        standard("v1,***"),
    ] {
        assert!(matches!(
            keys.authenticate(broken, BODY, at(AT)),
            Err(SignatureError::Malformed(_))
        ));
    }
}

#[test]
fn secrets_have_a_form() {
    for wrong in ["", "abc", "whsec_", "whsec_AAAA", "whsec_***"] {
        let made = Keyring::new(&[Secret::new(wrong)], &[], Duration::minutes(5));
        assert_eq!(made.err(), Some(InvalidSecret), "{wrong}");
    }
}

#[test]
fn the_sandbox_signs_with_a_key_of_its_own() {
    let mut keys = keyring();
    let signer = keys.admit_sandbox();
    let signature = signer.sign(ID, "1614265330", BODY);
    let authentic = keys.authenticate(standard(&signature), BODY, at(AT)).expect("verifies");
    assert_eq!(authentic.source, SANDBOX_SOURCE);
    assert!(keyring().authenticate(standard(&signature), BODY, at(AT)).is_err());
}
