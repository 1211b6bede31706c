//! What is signed is read back; whatever else is refused.

use marquis_contracts::identity::Role;
use proptest::prelude::*;
use ring::hmac;
use serde_json::{Value, json};

use super::*;
use crate::testing::{TestIssuer, key};

fn reason(token: &str, keys: &KeySet) -> &'static str {
    match verify_signature(token, keys) {
        Ok(_) => "accepted",
        Err(VerifyError::Invalid(reason)) => reason,
        Err(VerifyError::Unavailable(_)) => "unavailable",
    }
}

fn set(keys: &[&SigningKey]) -> KeySet {
    KeySet::from(&JwkSet { keys: keys.iter().map(|key| key.public_jwk()).collect() })
}

fn claims() -> AccessClaims {
    TestIssuer::new().claims()
}

fn encode(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

/// A token of any header and payload, rightly signed.
fn signed(header: &str, payload: &str, key: &SigningKey) -> String {
    let signed = format!("{header}.{payload}");
    let signature = URL_SAFE_NO_PAD.encode(key.pair.sign(signed.as_bytes()));
    format!("{signed}.{signature}")
}

fn header(key: &SigningKey) -> Value {
    json!({"alg": "EdDSA", "typ": "at+jwt", "kid": key.kid()})
}

fn payload() -> Value {
    serde_json::to_value(claims()).expect("serializes")
}

#[test]
fn signed_claims_are_read_back() {
    let key = key();
    let claims = claims();
    let token = sign(&claims, &key);
    assert!(token.len() < LARGEST_TOKEN / 4, "{} bytes", token.len());
    assert_eq!(verify_signature(&token, &set(&[&key])).expect("valid"), claims);
    assert_eq!(kid_of(&token).as_deref(), Some(key.kid()));
}

#[test]
fn the_thumbprint_is_that_of_rfc_8037() {
    let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
    assert_eq!(thumbprint(x), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
}

#[test]
fn the_signature_is_that_of_rfc_8037() {
    // Appendix A.1 and A.4: seed and public key as a PKCS #8 document, version 2.
    let d = URL_SAFE_NO_PAD.decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").expect("d");
    let mut document = vec![0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
    document.extend_from_slice(&d);
    let key = SigningKey::from_pkcs8(&document).expect("the key of RFC 8037");
    assert_eq!(key.public_jwk().x, "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
    let token = signed("eyJhbGciOiJFZERTQSJ9", "RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc", &key);
    let signature =
        "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
    assert!(token.ends_with(signature), "{token}");
}

#[test]
fn stored_keys_are_read_back_and_never_printed() {
    let (key, document) = SigningKey::generate().expect("a key");
    let stored = SigningKey::from_pkcs8(document.expose()).expect("reads");
    assert_eq!(stored.public_jwk(), key.public_jwk());
    assert_eq!(format!("{document:?}"), "[redacted]");
    assert_eq!(SigningKey::from_pkcs8(b"nonsense").err(), Some(KeyError::Malformed));
}

#[test]
fn no_other_algorithm_is_accepted() {
    let key = key();
    let keys = set(&[&key]);
    for alg in ["none", "None", "NONE", "", "HS256", "RS256", "ES256", "eddsa", "Ed25519", "EdDSA "]
    {
        let mut changed = header(&key);
        changed["alg"] = json!(alg);
        let token = signed(&encode(&changed), &encode(&payload()), &key);
        assert_eq!(reason(&token, &keys), "another algorithm", "{alg}");
    }
    let unsigned = format!(
        "{}.{}.",
        encode(&json!({"alg": "none", "typ": "at+jwt", "kid": key.kid()})),
        encode(&payload())
    );
    assert_eq!(reason(&unsigned, &keys), "another algorithm");
    let bare = format!("{}.{}.", encode(&json!({"alg": "none"})), encode(&payload()));
    assert_eq!(reason(&bare, &keys), "unexpected header");
    let empty = format!("{}.{}.", encode(&header(&key)), encode(&payload()));
    assert_eq!(reason(&empty, &keys), "wrong signature");

    // The classic confusion: HMAC with the public key as the secret.
    let mut confused = header(&key);
    confused["alg"] = json!("HS256");
    let input = format!("{}.{}", encode(&confused), encode(&payload()));
    let public = URL_SAFE_NO_PAD.decode(key.public_jwk().x).expect("base64");
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &public), input.as_bytes());
    let token = format!("{input}.{}", URL_SAFE_NO_PAD.encode(tag));
    assert_eq!(reason(&token, &keys), "another algorithm");
    let input = format!("{}.{}", encode(&header(&key)), encode(&payload()));
    let token = format!("{input}.{}", URL_SAFE_NO_PAD.encode(tag));
    assert_eq!(reason(&token, &keys), "wrong signature");
}

#[test]
fn headers_hold_what_is_needed_and_no_more() {
    let key = key();
    let keys = set(&[&key]);
    for (name, value) in [
        ("crit", json!(["exp"])),
        ("crit", json!([])),
        ("jwk", serde_json::to_value(key.public_jwk()).expect("serializes")),
        ("jku", json!("https://evil.example/jwks.json")),
        ("x5u", json!("https://evil.example/cert")),
        ("zip", json!("DEF")),
        ("b64", json!(false)),
        ("cty", json!("JWT")),
    ] {
        let mut changed = header(&key);
        changed[name] = value;
        let token = signed(&encode(&changed), &encode(&payload()), &key);
        assert_eq!(reason(&token, &keys), "unexpected header", "{name}");
    }
    for typ in ["JWT", "jwt", "AT+JWT", "application/at+jwt", "refresh+jwt", ""] {
        let mut changed = header(&key);
        changed["typ"] = json!(typ);
        let token = signed(&encode(&changed), &encode(&payload()), &key);
        assert_eq!(reason(&token, &keys), "another type", "{typ}");
    }
    for missing in ["alg", "typ", "kid"] {
        let mut changed = header(&key);
        changed.as_object_mut().expect("an object").remove(missing);
        let token = signed(&encode(&changed), &encode(&payload()), &key);
        assert_eq!(reason(&token, &keys), "unexpected header", "{missing}");
    }
    let twice = format!(r#"{{"alg":"none","alg":"EdDSA","typ":"at+jwt","kid":"{}"}}"#, key.kid());
    let token = signed(&URL_SAFE_NO_PAD.encode(twice), &encode(&payload()), &key);
    assert_eq!(reason(&token, &keys), "unexpected header");
}

#[test]
fn foreign_keys_are_refused_whatever_id_they_claim() {
    let (ours, foreign) = (key(), key());
    let keys = set(&[&ours]);
    assert_eq!(reason(&sign(&claims(), &foreign), &keys), "unknown key");
    let token = signed(&encode(&header(&ours)), &encode(&payload()), &foreign);
    assert_eq!(reason(&token, &keys), "wrong signature");
    let mut path = header(&ours);
    path["kid"] = json!("../../dev/null");
    let token = signed(&encode(&path), &encode(&payload()), &ours);
    assert_eq!(reason(&token, &keys), "unknown key");
}

#[test]
fn a_token_has_one_spelling() {
    let key = key();
    let keys = set(&[&key]);
    let token = sign(&claims(), &key);
    let with = |change: fn(&str) -> String| reason(&change(&token), &keys);
    assert_eq!(with(|token| format!("{token}=")), "malformed");
    assert_eq!(with(|token| format!("{token}==")), "malformed");
    assert_eq!(with(|token| format!("{token}.")), "malformed");
    assert_eq!(with(|token| format!("{token}\n")), "malformed");
    assert_eq!(with(|token| format!(" {token}")), "malformed");
    assert_eq!(with(|token| token.replace('.', "..")), "malformed");
    assert_eq!(with(|_| String::new()), "malformed");
    assert_eq!(with(|_| "..".to_owned()), "unexpected header");
    assert_eq!(with(|_| "a.b".to_owned()), "malformed");
    assert_eq!(with(|token| format!("{token}{}", "A".repeat(LARGEST_TOKEN))), "too large");
    // 64 bytes fill 85 1/3 characters: the last one has four bits that must be zero.
    let last = token.chars().last().expect("a signature");
    let sloppy = char::from(last as u8 + 1);
    let token = format!("{}{sloppy}", &token[..token.len() - 1]);
    assert!(matches!(reason(&token, &keys), "malformed" | "wrong signature"));
}

#[test]
fn unknown_roles_and_wrong_claims_are_refused() {
    let key = key();
    let keys = set(&[&key]);
    let with = |name: &str, value: Value| {
        let mut changed = payload();
        changed[name] = value;
        reason(&signed(&encode(&header(&key)), &encode(&changed), &key), &keys)
    };
    assert_eq!(with("roles", json!(["user"])), "accepted");
    assert_eq!(with("roles", json!(["root"])), "unexpected claims");
    assert_eq!(with("roles", json!(["Admin"])), "unexpected claims");
    assert_eq!(with("roles", json!("admin")), "unexpected claims");
    assert_eq!(with("exp", json!("9999999999")), "unexpected claims");
    assert_eq!(with("exp", json!(1e300)), "unexpected claims");
    assert_eq!(with("exp", Value::Null), "unexpected claims");
    assert_eq!(with("aud", json!(["marquis"])), "unexpected claims");
    assert_eq!(with("sub", json!("1")), "unexpected claims");
    let twice = payload().to_string().replacen('{', r#"{"roles":["admin"],"#, 1);
    let token = signed(&encode(&header(&key)), &URL_SAFE_NO_PAD.encode(twice), &key);
    assert_eq!(reason(&token, &keys), "unexpected claims");
}

#[test]
fn only_our_kind_of_key_enters_a_set() {
    let jwk = key().public_jwk();
    let usable = |change: fn(&mut Jwk)| {
        let mut changed = jwk.clone();
        change(&mut changed);
        !KeySet::from(&JwkSet { keys: vec![changed] }).is_empty()
    };
    assert!(usable(|_| {}));
    assert!(!usable(|key| key.kty = "RSA".to_owned()));
    assert!(!usable(|key| key.crv = "X25519".to_owned()));
    assert!(!usable(|key| key.alg = "HS256".to_owned()));
    assert!(!usable(|key| key.usage = "enc".to_owned()));
    assert!(!usable(|key| key.kid = "another".to_owned()));
    assert!(!usable(|key| key.x.push('A')));
}

proptest! {
    #[test]
    fn any_changed_byte_is_refused(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let key = key();
        let token = sign(&claims(), &key);
        let mut bytes = token.into_bytes();
        let at = at.index(bytes.len());
        prop_assume!(bytes[at] != byte);
        bytes[at] = byte;
        let changed = String::from_utf8_lossy(&bytes);
        prop_assert_ne!(reason(&changed, &set(&[&key])), "accepted");
    }

    #[test]
    fn any_removed_byte_is_refused(at in any::<prop::sample::Index>()) {
        let key = key();
        let mut token = sign(&claims(), &key);
        token.remove(at.index(token.len()));
        prop_assert_ne!(reason(&token, &set(&[&key])), "accepted");
    }

    #[test]
    fn nothing_panics(token in "[A-Za-z0-9_.=-]{0,200}|\\PC{0,60}") {
        prop_assert_ne!(reason(&token, &set(&[&key()])), "accepted");
        let _ = kid_of(&token);
    }

    #[test]
    fn roles_survive(roles in prop::sample::subsequence(Role::ALL.to_vec(), 0..=4)) {
        let key = key();
        let mut claims = claims();
        claims.roles = roles;
        let read = verify_signature(&sign(&claims, &key), &set(&[&key])).expect("valid");
        prop_assert_eq!(read, claims);
    }
}
