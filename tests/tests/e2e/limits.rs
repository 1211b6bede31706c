//! The limits that every other test has switched off.

use std::process::Stdio;

use marquis_tests::{Installation, Settings};
use tokio::process::Command;

async fn limited() -> Installation {
    Installation::start_with(Settings { unlimited: false, ..Settings::default() }).await
}

#[tokio::test]
async fn the_shell_test_of_the_source_documents_holds() {
    let installation = limited().await;
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/shell/api_auth.sh");
    let output = Command::new("bash")
        .arg(script)
        .env("MARQUIS_URL", format!("https://localhost:{}", installation.https_port()))
        .env("MARQUIS_CA", installation.certificate_file())
        .stdin(Stdio::null())
        .output()
        .await
        .expect("bash and curl are installed");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("6 passed, 0 failed"), "{said}");
}

#[tokio::test]
async fn an_address_makes_a_hundred_requests_a_minute_and_fifty_more_once() {
    let installation = limited().await;
    let api = installation.api();
    let mut last = None;
    for number in 1..=150_u32 {
        let answer = api.get("/.well-known/jwks.json").await;
        assert_eq!(answer.status, 200, "request {number}");
        assert_eq!(answer.header("ratelimit-limit"), "100");
        let remaining: u32 = answer.header("ratelimit-remaining").parse().expect("a number");
        assert_eq!(remaining, 100_u32.saturating_sub(number), "request {number}");
        last = Some(answer);
    }
    let reset: u64 = last.expect("150 answers").header("ratelimit-reset").parse().expect("seconds");
    assert!(reset <= 60, "{reset}");
    let refused = api.get("/.well-known/jwks.json").await;
    refused.expect_problem(429);
    let retry: u64 = refused.header("retry-after").parse().expect("seconds");
    assert!((1..=60).contains(&retry), "{retry}");
    assert_eq!(refused.header("ratelimit-remaining"), "0");
    // What watches the installation is not counted.
    api.get("/health").await.expect(200);
}

#[tokio::test]
async fn credentials_are_tried_fifteen_times_from_one_address() {
    let installation = limited().await;
    let api = installation.api();
    let mut refused = Vec::new();
    for number in 0..16 {
        // Another account each time: it is the address that is counted.
        let answer = api.login(&format!("nobody-{number}@example.org"), "Wrong-password-1").await;
        refused.push(answer.status);
        if answer.status == 429 {
            answer.expect_problem(429);
            assert!(!answer.header("retry-after").is_empty());
        }
    }
    assert_eq!(refused, [vec![401; 15], vec![429]].concat());
}
