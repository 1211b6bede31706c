//! The extractors inside a service.

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::routing::get;
use http::StatusCode;
use http_body_util::BodyExt as _;
use marquis_contracts::identity::{Role, TokenIssuer};
use marquis_telemetry::context::RequestContext;
use marquis_telemetry::trace::TraceContext;
use tower::ServiceExt as _;

use super::*;
use crate::LocalVerifier;
use crate::testing::{TestIssuer, rules};

struct SeeLedger;

impl Permission for SeeLedger {
    const NAME: &'static str = "ledger:see";

    fn allows(principal: &Principal) -> bool {
        principal.has(Role::Finance)
    }
}

fn app(issuer: &Arc<TestIssuer>) -> Router {
    let verifier = LocalVerifier::new(
        Arc::clone(issuer) as Arc<dyn TokenIssuer>,
        rules(),
        issuer.clock.clone(),
    );
    routes().layer(layer(verifier))
}

fn routes() -> Router {
    Router::new()
        .route("/me", get(async |Caller(me): Caller| me.user_id.to_string()))
        .route(
            "/ledger",
            get(async |allowed: Allowed<SeeLedger>| allowed.principal.user_id.to_string()),
        )
        .route("/maybe", get(async |MaybeCaller(me): MaybeCaller| me.is_some().to_string()))
}

fn request(path: &str, authorization: Option<&str>) -> Request {
    let mut request = Request::get(path);
    if let Some(value) = authorization {
        request = request.header(header::AUTHORIZATION, value);
    }
    request.body(Body::empty()).expect("a request")
}

struct Answered {
    status: u16,
    challenge: Option<String>,
    text: String,
}

async fn send(app: &Router, request: Request) -> Answered {
    let response = app.clone().oneshot(request).await.expect("infallible");
    let challenge = response.headers().get(header::WWW_AUTHENTICATE);
    let challenge = challenge.map(|value| value.to_str().expect("ASCII").to_owned());
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.expect("collects").to_bytes();
    Answered { status, challenge, text: String::from_utf8(body.to_vec()).expect("UTF-8") }
}

#[tokio::test]
async fn callers_are_known_by_their_token() {
    let issuer = TestIssuer::new();
    let app = app(&issuer);
    let claims = issuer.claims();
    let token = issuer.token(&claims);
    for scheme in ["Bearer", "bearer", "BEARER", "Bearer  "] {
        let answer = send(&app, request("/me", Some(&format!("{scheme} {token}")))).await;
        assert_eq!((answer.status, answer.text), (200, claims.sub.to_string()), "{scheme}");
    }
    let answer = send(&app, request("/ledger", Some(&format!("Bearer {token}")))).await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn the_user_is_noted_in_the_request_context() {
    let issuer = TestIssuer::new();
    let claims = issuer.claims();
    let token = format!("Bearer {}", issuer.token(&claims));
    let context = RequestContext::new("test", TraceContext::root());
    let app = app(&issuer);
    context::scope(context.clone(), send(&app, request("/me", Some(&token)))).await;
    assert_eq!(context.user_id(), Some(claims.sub.to_string().as_str()));
}

#[tokio::test]
async fn without_a_valid_token_nobody_comes_in() {
    let issuer = TestIssuer::new();
    let app = app(&issuer);
    for path in ["/me", "/ledger"] {
        let answer = send(&app, request(path, None)).await;
        assert_eq!((answer.status, answer.challenge.as_deref()), (401, Some("Bearer")));
    }
    assert_eq!(send(&app, request("/maybe", None)).await.text, "false");
    let token = issuer.token(&issuer.claims());
    let wrong = [
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        "Bearer x".to_owned(),
        format!("Basic {token}"),
        format!("Bearer {token} {token}"),
        format!("Bearer {token}x"),
        format!("Bearer\t{token}"),
        token.clone(),
    ];
    for authorization in &wrong {
        for path in ["/me", "/maybe"] {
            let answer = send(&app, request(path, Some(authorization))).await;
            let challenge = answer.challenge.as_deref();
            assert_eq!((answer.status, challenge), (401, Some(r#"Bearer error="invalid_token""#)));
            assert!(!answer.text.contains("malformed") && !answer.text.contains("scheme"));
        }
    }
    let mut twice = request("/me", Some(&format!("Bearer {token}")));
    twice.headers_mut().append(header::AUTHORIZATION, HeaderValue::from_static("Bearer x"));
    assert_eq!(send(&app, twice).await.status, 401);
}

#[tokio::test]
async fn a_permission_is_more_than_a_token() {
    let issuer = TestIssuer::new();
    let mut claims = issuer.claims();
    claims.roles = vec![Role::User, Role::Admin, Role::Service];
    let token = format!("Bearer {}", issuer.token(&claims));
    let app = app(&issuer);
    assert_eq!(send(&app, request("/me", Some(&token))).await.status, 200);
    let answer = send(&app, request("/ledger", Some(&token))).await;
    assert_eq!(answer.status, 403);
    assert!(answer.text.contains("You are not allowed to do this."), "{}", answer.text);
}

#[tokio::test]
async fn a_gateway_in_this_process_is_believed() {
    let issuer = TestIssuer::new();
    let mut claims = issuer.claims();
    claims.roles = vec![Role::User];
    let mut inside = request("/me", None);
    inside.extensions_mut().insert(Arc::new(Principal::from(&claims)));
    let answer = send(&routes(), inside).await;
    assert_eq!((answer.status, answer.text), (200, claims.sub.to_string()));
    let mut inside = request("/ledger", None);
    inside.extensions_mut().insert(Arc::new(Principal::from(&claims)));
    assert_eq!(send(&routes(), inside).await.status, 403, "permissions are the service's own");
}

#[tokio::test]
async fn what_cannot_be_judged_is_not_refused() {
    let issuer = TestIssuer::new();
    issuer.set_away(true);
    let token = format!("Bearer {}", issuer.token(&issuer.claims()));
    let answer = send(&app(&issuer), request("/me", Some(&token))).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE.as_u16());
    assert!(!answer.text.contains("switched off"), "{}", answer.text);
    assert_eq!(send(&routes(), request("/me", Some(&token))).await.status, 500, "no layer");
}
