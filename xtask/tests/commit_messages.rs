//! The commit-message hook, with good and bad samples.

use std::path::Path;
use std::process::Command;

/// Whether the hook takes `message`.
fn takes(message: &str) -> bool {
    let hook = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.githooks/commit-msg");
    let name = format!("marquis-commit-{}-{:p}", std::process::id(), message.as_ptr());
    let file = std::env::temp_dir().join(name);
    std::fs::write(&file, message).expect("the message is written");
    let output = Command::new(hook).arg(&file).output().expect("the hook runs");
    std::fs::remove_file(&file).expect("the message is removed");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.success(), complaint.is_empty(), "{complaint}");
    output.status.success()
}

#[test]
fn conventional_messages_are_taken() {
    for message in [
        "feat: pay with a card",
        "sec(auth): refuse tokens without an audience",
        "fix(payments,ledger)!: round towards the customer\n\nBecause.",
        "# a comment of git\n\nperf(gateway): one copy less",
        "Merge branch 'main'",
        "Revert \"feat: pay with a card\"",
    ] {
        assert!(takes(message), "{message}");
    }
}

#[test]
fn other_messages_are_refused() {
    let long = format!("feat: {}", "x".repeat(100));
    for message in [
        "pay with a card",
        "feature: pay with a card",
        "feat pay with a card",
        "feat(Payments): pay with a card",
        "feat: ",
        "feat:  two spaces",
        "feat: ends with a full stop.",
        "",
        &long,
    ] {
        assert!(!takes(message), "{message}");
    }
}
