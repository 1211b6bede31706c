//! The protocol's own cases (tests/realtime/protocol.js) against the real binary through the
//! TLS gateway, with short intervals: in one process and over two chat nodes.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use marquis_testkit::{Child, eventually};
use marquis_tests::Api;
use marquis_tests::realtime::{programs, sources};
use serde_json::{Value, json};

use crate::realtime::{self, PATIENCE_OF_CASES};

async fn every_case_passes(api: &Api, port: u16, certificate: PathBuf) {
    let (sender, receiver) = (api.register().await, api.register().await);
    let plan = json!({
        "port": port, "ca": certificate, "token": sender.access, "receiver": receiver.id,
        "only": std::env::var("MARQUIS_CASES").ok(),
    });
    let mut command = Command::new("node");
    command.arg(sources().join("protocol.js")).arg(plan.to_string());
    command.env("NODE_PATH", &programs().node_modules).stdout(Stdio::piped());
    let mut child = Child::spawn(command).expect("node starts");
    let mut stdout = child.inner().stdout.take().expect("a pipe");
    let reading = std::thread::spawn(move || {
        let mut text = String::new();
        std::io::Read::read_to_string(&mut stdout, &mut text).expect("UTF-8");
        text
    });
    eventually(PATIENCE_OF_CASES, || {
        let ended = child.inner().try_wait().expect("our own child").is_some();
        async move { ended }
    })
    .await;
    let text = reading.join().expect("read to its end");
    let cases: Vec<Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let failed: Vec<_> = cases.iter().filter(|case| !case["error"].is_null()).collect();
    assert!(failed.is_empty(), "{} of {}: {failed:#?}", failed.len(), cases.len());
    assert!(cases.len() > 70 || std::env::var_os("MARQUIS_CASES").is_some(), "{}", cases.len());
}

#[tokio::test]
async fn in_one_process_every_case_of_the_protocol_passes() {
    let place = realtime::up().await;
    every_case_passes(&place.api(), place.https_port(), place.certificate_file()).await;
}

#[tokio::test]
async fn over_two_nodes_every_case_of_the_protocol_passes() {
    let place = realtime::nodes().await;
    every_case_passes(&place.api(), place.https_port(), place.certificate_file()).await;
}
