//! The commands of whoever runs an installation.

use std::fs;

use marquis_testkit::eventually;
use marquis_tests::installation::MASTER_KEY;
use marquis_tests::{Installation, PATIENCE, Settings};

use crate::shared;

#[tokio::test]
async fn a_configuration_with_mistakes_is_refused_with_all_of_them() {
    let settings = Settings {
        toml: "[gatewy]\nhttp = \"x\"\n[server]\nbody_limt = 5\nrequest_timeout = \"soon\"\n"
            .to_owned(),
        ..Settings::default()
    };
    let installation = Installation::prepare(&settings);
    for command in [&["config", "check"][..], &["up"]] {
        let refused = installation.command(command).await;
        assert_eq!(refused.code, 78, "{command:?}: {refused:?}");
        let said = refused.stdout + &refused.stderr;
        for mistake in ["gatewy", "gateway", "body_limt", "body_limit", "request_timeout"] {
            assert!(said.contains(mistake), "{mistake} in {said}");
        }
        assert!(!said.contains("panicked") && !said.contains(MASTER_KEY), "{said}");
    }
}

#[tokio::test]
async fn what_is_printed_holds_no_secret() {
    let installation = shared::up().await;
    let printed = installation.command(&["config", "print"]).await;
    assert_eq!(printed.code, 0, "{printed:?}");
    assert!(printed.stdout.contains("[gateway"), "{}", printed.stdout);
    let doctor = installation.command(&["doctor"]).await;
    assert!([0, 1].contains(&doctor.code), "{doctor:?}");
    for said in [&printed, &doctor] {
        for secret in [MASTER_KEY, shared::STRIPE_SECRET, shared::webhook_secret().as_str()] {
            let text = format!("{}{}", said.stdout, said.stderr);
            assert!(!text.contains(secret), "{text}");
        }
    }
    let defaults = installation.command(&["config", "print", "--default"]).await;
    assert!(
        defaults.stdout.contains("[gateway]") && defaults.stdout.contains("# "),
        "{defaults:?}"
    );
    let checked = installation.command(&["config", "check"]).await;
    assert_eq!(checked.code, 0, "{checked:?}");
}

#[tokio::test]
async fn doctor_refuses_an_insecure_production() {
    let installation = Installation::prepare(&Settings::default());
    let file = installation.config_file();
    let text = fs::read_to_string(&file).expect("the configuration");
    let text = text.replace("environment = \"test\"", "environment = \"prod\"")
        + "[gateway.cors]\norigins = [\"*\"]\ncredentials = false\n";
    fs::write(&file, text).expect("written");
    let doctor = installation.command(&["doctor"]).await;
    assert_ne!(doctor.code, 0, "{doctor:?}");
    let said = doctor.stdout + &doctor.stderr;
    assert!(said.contains("cors"), "{said}");
    let up = installation.command(&["up"]).await;
    assert_ne!(up.code, 0, "production does not start like this: {up:?}");
    let checked = installation.command(&["config", "check"]).await;
    assert_eq!(checked.code, 78, "what would not start is not called valid: {checked:?}");
}

#[tokio::test]
async fn seeding_twice_makes_alice_and_bob_once() {
    let installation = shared::up().await;
    for _ in 0..2 {
        let seeded = installation.command(&["seed"]).await;
        assert_eq!(seeded.code, 0, "{seeded:?}");
    }
    let api = installation.api();
    for email in ["alice@example.com", "bob@example.com"] {
        let answer = api.login(email, "Password123!").await;
        assert_eq!(answer.expect(200).text_at("/user/email"), email);
    }
}

#[tokio::test]
async fn the_documents_are_printed_without_an_installation() {
    let installation = Installation::prepare(&Settings::default());
    for (service, path) in [("auth", "/auth/login"), ("payments", "/payments")] {
        let printed = installation.command(&["openapi", service]).await;
        assert_eq!(printed.code, 0, "{printed:?}");
        let document: serde_json::Value = serde_json::from_str(&printed.stdout).expect("JSON");
        assert!(document["paths"].get(path).is_some(), "{service}");
        assert!(document["openapi"].as_str().is_some_and(|version| version.starts_with("3.")));
        assert_eq!(document["servers"][0]["url"], "/api/v1", "{service}");
    }
}

#[tokio::test]
async fn the_documentation_is_served_with_its_own_files() {
    let api = shared::up().await.api();
    for service in ["auth", "payments"] {
        let page = api.get(&format!("/docs/{service}/")).await;
        page.expect(200);
        assert!(page.header("content-type").starts_with("text/html"), "{page:?}");
        assert!(
            !page.text.contains("https://unpkg") && !page.text.contains("cdn."),
            "nothing from elsewhere"
        );
        api.get(&format!("/docs/{service}/openapi.json")).await.expect(200);
    }
}

#[tokio::test]
async fn health_tells_each_part() {
    let api = shared::up().await.api();
    for path in ["/health", "/api/health", "/health/auth", "/health/payments"] {
        let health = api.get(path).await;
        assert!(health.expect(200).json().is_object(), "{path}");
    }
}

#[tokio::test]
async fn rotating_the_keys_logs_nobody_out() {
    let installation = shared::up().await;
    let api = installation.api();
    let account = api.register().await;
    let keys = async || {
        let set = api.get("/.well-known/jwks.json").await.json();
        set["keys"].as_array().map_or(0, Vec::len)
    };
    let before = keys().await;
    let rotated = installation.command(&["auth", "rotate-keys"]).await;
    assert_eq!(rotated.code, 0, "{rotated:?}");
    eventually(PATIENCE, || async { keys().await > before }).await;
    api.get_as(&account.access, "/api/v1/payments").await.expect(200);
    let login = api.login(&account.email, &account.password).await;
    let token = login.expect(200).text_at("/access_token");
    for path in ["/api/v1/auth/me", "/api/v1/payments"] {
        api.get_as(&token, path).await.expect(200);
    }
}
