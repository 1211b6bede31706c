//! Nothing secret and nothing personal passes, and what explains an error does.

use marquis_telemetry::redact::{
    REDACTED, holds_address, is_personal, is_sensitive, request_target, text,
};

const JWT: &str = "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJlLXNpZ25hdHVyZQ";

#[test]
fn names_of_secrets_are_recognised_in_every_spelling() {
    for name in [
        "password",
        "newPassword",
        "NEW_PASSWORD",
        "password_hash",
        "access_token",
        "refreshToken",
        "token",
        "client_secret",
        "Authorization",
        "proxy-authorization",
        "cookie",
        "Set-Cookie",
        "api_key",
        "x-api-key",
        "apiKey",
        "APIKEY",
        "pepper",
        "PASSWORD_SALT",
        "email",
        "userEmail",
        "email_address",
        "card_number",
        "cardNumber",
        "cvc",
        "private_key",
        "masterKey",
        "otp",
        "iban",
    ] {
        assert!(is_sensitive(name), "{name}");
    }
}

#[test]
fn names_that_only_sound_alike_are_not() {
    for name in [
        "",
        "user_id",
        "discard",
        "cardinality",
        "wildcard",
        "result",
        "key",
        "key_id",
        "primary_key",
        "token_type",
        "password_length",
        "email_verified",
        "token_count",
        "path",
        "sidecar",
        "span",
        "idempotency_key",
        "basalt",
        "company",
    ] {
        assert!(!is_sensitive(name), "{name}");
    }
}

#[test]
fn secrets_in_texts_are_replaced() {
    let opaque = "aB3dEfGhIjKlMnOpQrStUvWxYz0123456789-_abcde";
    let cases = [
        (format!("token {JWT} refused"), "token [redacted] refused"),
        (format!("jwt={JWT}"), "jwt=[redacted]"),
        ("Bearer abc.def-123/x=".to_owned(), "Bearer [redacted]"),
        ("header bearer  x, next".to_owned(), "header bearer  [redacted], next"),
        ("Authorization: Basic dTpw".to_owned(), "Authorization: [redacted]"),
        (
            "connecting to postgres://app:p@ss/w0rd@db:5432/app failed".to_owned(),
            "connecting to postgres://[redacted]@db:5432/app failed",
        ),
        ("redis://:hunter2@cache:6379".to_owned(), "redis://[redacted]@cache:6379"),
        ("see https://u:p@host/x?y=1".to_owned(), "see https://[redacted]@host/x?y=1"),
        ("mail to alice.b+c@example.co.uk.".to_owned(), "mail to [redacted]."),
        ("<пётр@почта.рф>".to_owned(), "<[redacted]>"),
        (
            "Key (email)=(bob@example.com) already exists.".to_owned(),
            "Key (email)=([redacted]) already exists.",
        ),
        (r#"{"password":"hunter2","n":1}"#.to_owned(), r#"{"password":"[redacted]","n":1}"#),
        (r#"{\"password\":\"hunter2\"}"#.to_owned(), r#"{\"password\":\"[redacted]\"}"#),
        (
            r#"User { name: "bob", password: "hunter2 x" }"#.to_owned(),
            r#"User { name: "bob", password: "[redacted]" }"#,
        ),
        ("password=hunter2&x=1".to_owned(), "password=[redacted]&x=1"),
        ("password: hunter2".to_owned(), "password: [redacted]"),
        ("cookie: sid=1; csrf=2".to_owned(), "cookie: [redacted]"),
        ("X-Api-Key: 123".to_owned(), "X-Api-Key: [redacted]"),
        ("api_key=123 next".to_owned(), "api_key=[redacted] next"),
        (format!("refresh {opaque}!"), "refresh [redacted]!"),
        ("whsec_MfKQ9r8GKYqrTwjU bad".to_owned(), "[redacted] bad"),
        ("card 4242 4242 4242 4242 declined".to_owned(), "card [redacted] declined"),
        ("pan 378282246310005".to_owned(), "pan [redacted]"),
        (
            "key -----BEGIN PRIVATE KEY-----\nMC4CAQAw\n-----END PRIVATE KEY----- end".to_owned(),
            "key [redacted] end",
        ),
    ];
    for (before, after) in cases {
        assert_eq!(text(&before), after, "{before}");
    }
}

#[test]
fn texts_that_explain_stay_as_they_are() {
    for message in [
        "",
        "invalid token: expired",
        "listening on https://127.0.0.1:8443",
        "GET /api/v1/payments 200 in 3 ms",
        "user 0190f5e4-7b1a-7cc2-9d51-3f2a1b4c5d6e logged in",
        "trace 0af7651916cd43dd8448eb211c80319c",
        "marquis_auth::password::hash took 250 ms",
        "payment 1234567890123456 settled at 1767225600000000",
        "4242424242424241 has a wrong check digit",
        "user@localhost has no domain",
        "the password is too short",
        "name = \"x\", value: 7",
        "digest e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    ] {
        assert_eq!(text(message), message);
    }
}

#[test]
fn redacting_twice_changes_nothing_more() {
    for message in [format!("password={JWT} Bearer x"), "a@b.cd postgres://u:p@h/d".to_owned()] {
        let once = text(&message).into_owned();
        assert_eq!(text(&once), once);
    }
}

#[test]
fn request_targets_keep_their_harmless_parameters() {
    let target =
        "/reset?token=abc&lang=ru&email=a%40b.example&code=1&q=alice%40example.com&empty_token=";
    assert_eq!(
        request_target(target),
        format!(
            "/reset?token={REDACTED}&lang=ru&email={REDACTED}&code={REDACTED}&q={REDACTED}&empty_token="
        )
    );
    assert_eq!(request_target("/a/b"), "/a/b");
    for same in ["/a?limit=5&x", "/a%20b?q=100%25", "/a?q=50%+off&cursor=abc%3D", "/a?"] {
        assert_eq!(request_target(same), same);
    }
}

#[test]
fn request_targets_lose_addresses_and_names_of_people() {
    for (target, shown) in [
        // However often the sign is encoded, and whatever the parameter is called.
        ("/u?q=a@b.example", "/u?q=[redacted]"),
        ("/u?q=a%40b.example", "/u?q=[redacted]"),
        ("/u?q=a%2540b.example", "/u?q=[redacted]"),
        ("/u?q=a%252540b.example", "/u?q=[redacted]"),
        ("/u?q=a%25%34%30b.example", "/u?q=[redacted]"),
        ("/u?q=%25252525252540", "/u?q=[redacted]"),
        ("/u?q=a@localhost&n=1", "/u?q=[redacted]&n=1"),
        ("/u?a%40b.example", "/u?[redacted]"),
        ("/u?a%40b.example=1", "/u?[redacted]=1"),
        ("/u/a@b.example/x", "/u/[redacted]/x"),
        ("/u/a%2540b.example/x?n=1", "/u/[redacted]/x?n=1"),
        // Names are looked for whether they are people's or not.
        ("/u?search=zbor&limit=2", "/u?search=[redacted]&limit=2"),
        ("/u?Search=zbor", "/u?Search=[redacted]"),
        ("/u?s%65arch=zbor", "/u?s%65arch=[redacted]"),
        ("/u?s%2565arch=zbor", "/u?s%2565arch=[redacted]"),
        ("/u?displayName=Zbor", "/u?displayName=[redacted]"),
        ("/u?display_name=Zbor", "/u?display_name=[redacted]"),
    ] {
        assert_eq!(request_target(target), shown, "{target}");
    }
    for name in ["search", "ARGS:json.displayName", "display-name", "json.array_0.displayname"] {
        assert!(is_personal(name), "{name}");
    }
    for name in ["research", "display", "name", "ARGS:q"] {
        assert!(!is_personal(name), "{name}");
    }
    assert!(!holds_address("100%25") && !holds_address("%zz%4"));
}

proptest::proptest! {
    /// Whatever a client sends may end in a log line: nothing makes the redaction panic, and
    /// a password it wraps in a recognisable form does not come out.
    #[test]
    fn no_text_breaks_the_redaction(before in ".{0,40}", after in ".{0,40}") {
        let _ = text(&format!("{before}{after}"));
        let _ = request_target(&format!("{before}?{after}"));
        let _ = is_sensitive(&before);
        let target = request_target(&format!("/u?q={before}%40{after}&n=1")).into_owned();
        proptest::prop_assert!(!target.contains("%40"), "{}", target);
        let url = text(&format!("{before} postgres://app:hunter2hunter2@db/x {after}")).into_owned();
        proptest::prop_assert!(!url.contains("hunter2"), "{}", url);
        let token = text(&format!("{before} {JWT} {after}")).into_owned();
        proptest::prop_assert!(!token.contains("c2lnbmF0dXJl"), "{}", token);
    }

    #[test]
    fn no_header_breaks_the_trace_context(header in ".{0,80}", digits in "[0-9a-fA-F-]{50,60}") {
        for text in [&header, &digits] {
            if let Some(context) = marquis_telemetry::TraceContext::parse(text) {
                let again = marquis_telemetry::TraceContext::parse(&context.to_traceparent());
                proptest::prop_assert_eq!(again, Some(context));
            }
        }
    }
}
