//! Encryption for one browser: RFC 8291 over the content coding `aes128gcm` of RFC 8188, in
//! one record.

use ring::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::agreement::{ECDH_P256, EphemeralPrivateKey, UnparsedPublicKey, agree_ephemeral};
use ring::hkdf::{HKDF_SHA256, KeyType, Salt};
use ring::rand::{SecureRandom as _, SystemRandom};

/// The browser's key is no point of the curve, or the machine has no entropy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the message cannot be encrypted for this browser")]
pub struct EncryptError;

impl From<ring::error::Unspecified> for EncryptError {
    fn from(_: ring::error::Unspecified) -> Self {
        Self
    }
}

/// The record size that is declared; the message is one record, which is shorter.
const RECORD_SIZE: u32 = 4_096;
/// Most bytes of a message: push services need not take more than 4,096 bytes in all (RFC
/// 8030, section 7.2), of which 86 are the header, 16 the tag and one the delimiter.
pub(super) const LONGEST: usize = 4_096 - 86 - 16 - 1;
/// Messages are padded to a multiple of this, so that their length says little.
const STEP: usize = 512;

/// A length of key material.
struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

/// Encrypts at most [`LONGEST`] bytes for the browser with this public key and secret.
pub(super) fn encrypt(
    public_key: &[u8; 65],
    auth: &[u8; 16],
    plaintext: &[u8],
) -> Result<Vec<u8>, EncryptError> {
    if plaintext.len() > LONGEST {
        return Err(EncryptError);
    }
    let random = SystemRandom::new();
    let mut salt = [0; 16];
    random.fill(&mut salt)?;
    let private = EphemeralPrivateKey::generate(&ECDH_P256, &random)?;
    let ours: [u8; 65] =
        private.compute_public_key()?.as_ref().try_into().map_err(|_| EncryptError)?;
    let padding =
        (plaintext.len() + 1).next_multiple_of(STEP).min(LONGEST + 1) - plaintext.len() - 1;
    let theirs = UnparsedPublicKey::new(&ECDH_P256, public_key);
    agree_ephemeral(private, &theirs, |shared| {
        seal(&Exchange { shared, theirs: public_key, ours: &ours, auth, salt }, plaintext, padding)
    })?
}

/// What both sides know.
struct Exchange<'a> {
    shared: &'a [u8],
    theirs: &'a [u8; 65],
    ours: &'a [u8; 65],
    auth: &'a [u8; 16],
    salt: [u8; 16],
}

fn seal(
    exchange: &Exchange<'_>,
    plaintext: &[u8],
    padding: usize,
) -> Result<Vec<u8>, EncryptError> {
    // RFC 8291, section 3.4.
    let info = [b"WebPush: info\0".as_slice(), exchange.theirs, exchange.ours];
    let mut input = [0; 32];
    expand(exchange.auth, exchange.shared, &info, &mut input)?;
    // RFC 8188, sections 2.2 and 2.3.
    let mut key = [0; 16];
    expand(&exchange.salt, &input, &[b"Content-Encoding: aes128gcm\0"], &mut key)?;
    let mut nonce = [0; 12];
    expand(&exchange.salt, &input, &[b"Content-Encoding: nonce\0"], &mut nonce)?;

    let mut message = Vec::with_capacity(86 + plaintext.len() + 1 + padding + 16);
    message.extend_from_slice(&exchange.salt);
    message.extend_from_slice(&RECORD_SIZE.to_be_bytes());
    message.push(65);
    message.extend_from_slice(exchange.ours);
    let mut record = plaintext.to_vec();
    // The delimiter of the last record, then padding (RFC 8188, section 2).
    record.push(2);
    record.resize(record.len() + padding, 0);
    let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key)?);
    let nonce = Nonce::assume_unique_for_key(nonce);
    key.seal_in_place_append_tag(nonce, Aad::empty(), &mut record)?;
    message.extend_from_slice(&record);
    Ok(message)
}

/// HKDF with SHA-256 (RFC 5869).
fn expand(
    salt: &[u8],
    input: &[u8],
    info: &[&[u8]],
    output: &mut [u8],
) -> Result<(), EncryptError> {
    let key = Salt::new(HKDF_SHA256, salt).extract(input);
    Ok(key.expand(info, Length(output.len()))?.fill(output)?)
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;

    fn bytes<const N: usize>(text: &str) -> [u8; N] {
        let bytes = URL_SAFE_NO_PAD.decode(text).expect("base64");
        bytes.try_into().expect("the right length")
    }

    /// RFC 8291, appendix A. The agreement itself is computed by another implementation.
    #[test]
    fn the_example_of_the_rfc() {
        let ours = bytes::<65>(
            "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8",
        );
        let private = bytes::<32>("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw");
        let theirs = bytes::<65>(
            "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
        );
        let private = p256::SecretKey::from_slice(&private).expect("a key");
        let public = p256::PublicKey::from_sec1_bytes(&theirs).expect("a key");
        let shared = p256::ecdh::diffie_hellman(private.to_nonzero_scalar(), public.as_affine());
        let shared: [u8; 32] = shared.raw_secret_bytes().as_slice().try_into().expect("32 bytes");
        assert_eq!(shared, bytes("kyrL1jIIOHEzg3sM2ZWRHDRB62YACZhhSlknJ672kSs"));
        let exchange = Exchange {
            shared: &shared,
            theirs: &theirs,
            ours: &ours,
            auth: &bytes("BTBZMqHH6r4Tts7J_aSIgg"),
            salt: bytes("DGv6ra1nlYgDCS1FRnbzlw"),
        };
        let message = seal(&exchange, b"When I grow up, I want to be a watermelon", 0);
        assert_eq!(
            URL_SAFE_NO_PAD.encode(message.expect("sealed")),
            "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLoc\
             InmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLV\
             WGNWQexSgSxsj_Qulcy4a-fN"
        );
    }

    #[test]
    fn messages_have_few_lengths_and_fit() {
        let theirs = bytes::<65>(
            "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
        );
        let length =
            |plain: usize| encrypt(&theirs, &[7; 16], &vec![b'x'; plain]).map(|all| all.len());
        assert_eq!(length(0), Ok(86 + 512 + 16));
        assert_eq!(length(511), length(0));
        assert_eq!(length(512), Ok(86 + 1_024 + 16));
        assert_eq!(length(LONGEST), Ok(4_096));
        assert_eq!(length(LONGEST + 1), Err(EncryptError));
    }

    #[test]
    fn a_key_that_is_no_point_is_refused() {
        let mut key = [0; 65];
        key[0] = 4;
        assert_eq!(encrypt(&key, &[0; 16], b"x"), Err(EncryptError));
    }
}
