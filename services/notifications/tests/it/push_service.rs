//! A push service (RFC 8030) over TLS, and a browser that decrypts what it gets by another
//! implementation of the curve (RFC 8291).

use std::collections::VecDeque;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use marquis_kernel::random;
use p256::ecdsa::signature::Verifier as _;
use p256::elliptic_curve::sec1::ToSec1Point as _;
use ring::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, KeyType, Salt};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::harness::settings;
use crate::world::Authority;

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Delivered {
    pub path: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Delivered {
    pub fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().expect("ASCII")
    }

    /// The claims of the VAPID token, whose signature is verified with the key that comes
    /// with it (RFC 8292), and that key.
    pub fn vapid(&self) -> (Value, String) {
        let (token, key) = self
            .header("authorization")
            .strip_prefix("vapid t=")
            .and_then(|rest| rest.split_once(", k="))
            .expect("the form of the scheme");
        let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).expect("base64");
        let verifying = p256::ecdsa::VerifyingKey::from_sec1_bytes(&decode(key)).expect("a point");
        let (signed, signature) = token.rsplit_once('.').expect("three parts");
        let signature = p256::ecdsa::Signature::from_slice(&decode(signature)).expect("64 bytes");
        verifying.verify(signed.as_bytes(), &signature).expect("signed with that key");
        let claims = signed.split_once('.').expect("two parts").1;
        (serde_json::from_slice(&decode(claims)).expect("JSON"), key.to_owned())
    }
}

pub struct PushService {
    pub address: SocketAddr,
    pub authority: Authority,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    delivered: Mutex<Vec<Delivered>>,
    answers: Mutex<VecDeque<u16>>,
    connections: Mutex<usize>,
}

impl PushService {
    pub async fn start() -> Self {
        let authority = Authority::new();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let state = Arc::new(State::default());
        let (serving, acceptor) = (Arc::clone(&state), authority.acceptor.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                *serving.connections.lock().expect("not poisoned") += 1;
                let (state, acceptor) = (Arc::clone(&serving), acceptor.clone());
                tokio::spawn(async move {
                    let Ok(stream) = acceptor.accept(stream).await else { return };
                    let service = service_fn(|request| answer(request, &state));
                    let _ = hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        });
        Self { address, authority, state }
    }

    /// Settings that trust it.
    pub fn settings(&self) -> marquis_config::Notifications {
        let mut settings = settings();
        settings.tls.authorities = Some(self.authority.file.clone());
        settings
    }

    /// Answers the next requests so, and 201 from then on.
    pub fn will(&self, answers: &[u16]) {
        self.state.answers.lock().expect("not poisoned").extend(answers);
    }

    pub fn delivered(&self) -> Vec<Delivered> {
        self.state.delivered.lock().expect("not poisoned").clone()
    }

    pub fn connections(&self) -> usize {
        *self.state.connections.lock().expect("not poisoned")
    }

    /// A browser that listens at this push service.
    pub fn browser(&self, path: &str) -> Browser {
        let key = loop {
            if let Ok(key) = p256::SecretKey::from_slice(&random::bytes::<32>()) {
                break key;
            }
        };
        Browser {
            endpoint: format!("https://localhost:{}{path}", self.address.port()),
            key,
            auth: random::bytes(),
        }
    }
}

async fn answer(
    request: Request<Incoming>,
    state: &State,
) -> Result<Response<Empty<Bytes>>, Infallible> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.expect("a body").to_bytes();
    let answer = state.answers.lock().expect("not poisoned").pop_front().unwrap_or(201);
    let path = parts.uri.path_and_query().expect("a path").to_string();
    let delivered = Delivered { path, headers: parts.headers, body };
    state.delivered.lock().expect("not poisoned").push(delivered);
    Ok(Response::builder().status(answer).body(Empty::new()).expect("an answer"))
}

/// A browser.
pub struct Browser {
    pub endpoint: String,
    key: p256::SecretKey,
    auth: [u8; 16],
}

struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

fn derive<const N: usize>(salt: &[u8], input: &[u8], info: &[&[u8]]) -> [u8; N] {
    let mut output = [0; N];
    let key = Salt::new(HKDF_SHA256, salt).extract(input);
    key.expand(info, Length(N)).expect("short").fill(&mut output).expect("short");
    output
}

impl Browser {
    /// `PushSubscription.toJSON()`.
    pub fn subscription(&self) -> Value {
        let point = self.key.public_key().to_sec1_point(false);
        json!({
            "endpoint": self.endpoint,
            "expirationTime": null,
            "keys": {
                "p256dh": URL_SAFE_NO_PAD.encode(point.as_bytes()),
                "auth": URL_SAFE_NO_PAD.encode(self.auth),
            },
        })
    }

    /// What a message says.
    pub fn decrypt(&self, body: &[u8]) -> Value {
        let (salt, rest) = body.split_at(16);
        let (size, rest) = rest.split_at(4);
        assert_eq!(size, 4_096_u32.to_be_bytes(), "the record size");
        let (length, rest) = rest.split_at(1);
        let (theirs, record) = rest.split_at(usize::from(length[0]));
        let public = p256::PublicKey::from_sec1_bytes(theirs).expect("a point");
        let shared = p256::ecdh::diffie_hellman(self.key.to_nonzero_scalar(), public.as_affine());
        let own = self.key.public_key().to_sec1_point(false);
        let info = [b"WebPush: info\0".as_slice(), own.as_bytes(), theirs];
        let input: [u8; 32] = derive(&self.auth, shared.raw_secret_bytes().as_slice(), &info);
        let key: [u8; 16] = derive(salt, &input, &[b"Content-Encoding: aes128gcm\0"]);
        let nonce: [u8; 12] = derive(salt, &input, &[b"Content-Encoding: nonce\0"]);
        let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key).expect("a key"));
        let mut record = record.to_vec();
        let nonce = Nonce::assume_unique_for_key(nonce);
        let plain = key.open_in_place(nonce, Aad::empty(), &mut record).expect("for us");
        let end = plain.iter().rposition(|byte| *byte != 0).expect("a delimiter");
        assert_eq!(plain[end], 2, "the delimiter of the last record");
        serde_json::from_slice(&plain[..end]).expect("JSON")
    }
}
