//! The log of a whole process: what `logs::init` installs works on real standard output.

use std::process::Command;

use marquis_telemetry::logs::{self, LogError, LogFormat};

/// What the process under test does; run by the other test in a process of its own, since
/// a process has one log.
#[test]
#[ignore = "is the child process of the test below"]
fn child() {
    let guard = logs::init("info", LogFormat::Json, "auth").expect("log");
    assert!(matches!(logs::init("info", LogFormat::Json, "auth"), Err(LogError::AlreadyInstalled)));
    tracing::debug!("hidden");
    guard.set_level("debug").expect("level");
    tracing::debug!("shown");
    assert!(matches!(guard.set_level("x=y=z"), Err(LogError::Level(_))));
    let panicked = std::thread::Builder::new()
        .name("worker".to_owned())
        .spawn(|| panic!("no luck with password=hunter2"))
        .expect("thread")
        .join();
    assert!(panicked.is_err());
    for number in 0..1_000 {
        tracing::info!(number, "one of many");
    }
    drop(guard);
}

#[test]
fn the_log_of_a_process_is_complete_and_clean() {
    let output = Command::new(std::env::current_exe().expect("this test"))
        .args(["--exact", "child", "--ignored", "--nocapture"])
        .output()
        .expect("the child runs");
    let stdout = String::from_utf8(output.stdout).expect("UTF-8");
    let stderr = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(output.status.success(), "{stdout}\n{stderr}");
    assert!(!stdout.contains("hunter2") && !stderr.contains("hunter2"), "{stdout}\n{stderr}");
    let lines: Vec<serde_json::Value> = stdout
        .lines()
        .filter_map(|line| line.find('{').map(|start| &line[start..]))
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(lines.len(), 1_002, "{stdout}");
    assert_eq!(lines[0]["message"], "shown");
    assert_eq!(lines[1]["level"], "error");
    assert_eq!(lines[1]["message"], "panicked: no luck with password=[redacted]");
    assert_eq!(lines[1]["metadata"]["thread"], "worker");
    assert!(lines[1]["metadata"]["place"].as_str().expect("place").contains("process.rs"));
    assert_eq!(lines[1_001]["metadata"]["number"], 999);
    assert!(lines.iter().all(|line| line["service"] == "auth"));
}
