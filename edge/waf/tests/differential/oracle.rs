//! The program that asks libmodsecurity.
#![expect(clippy::print_stderr, reason = "a skipped test says so")]

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

struct Built {
    // Removes the directory when the process ends.
    _directory: tempfile::TempDir,
    program: PathBuf,
}

/// The answers to `questions`, in order; `None` where the library is absent.
pub fn ask(questions: &[String], rules: Option<&Path>) -> Option<Vec<String>> {
    static BUILT: OnceLock<Option<Built>> = OnceLock::new();
    let built = BUILT.get_or_init(build).as_ref()?;
    let directory = tempfile::tempdir().expect("a directory");
    let input = directory.path().join("questions");
    std::fs::write(&input, questions.join("\n") + "\n").expect("written");
    let mut command = Command::new(&built.program);
    command.args(rules).stdin(File::open(&input).expect("opened")).stderr(Stdio::inherit());
    let output = command.output().expect("the oracle runs");
    assert!(output.status.success(), "the oracle ended with {}", output.status);
    let answers: Vec<String> =
        String::from_utf8(output.stdout).expect("ASCII").lines().map(Into::into).collect();
    assert_eq!(answers.len(), questions.len(), "one answer a question");
    Some(answers)
}

fn build() -> Option<Built> {
    if !Path::new("/usr/include/modsecurity/transaction.h").exists() {
        eprintln!("skipped: libmodsecurity-dev is not installed");
        return None;
    }
    let directory = tempfile::tempdir().expect("a directory");
    let program = directory.path().join("oracle");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/differential/oracle.cc");
    let compiler = Command::new("c++")
        .args(["-std=c++17", "-O1", "-o"])
        .arg(&program)
        .arg(source)
        .arg("-lmodsecurity")
        .status();
    match compiler {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            eprintln!("skipped: no C++ compiler");
            None
        }
        result => {
            assert!(result.expect("the compiler runs").success(), "oracle.cc compiles");
            Some(Built { _directory: directory, program })
        }
    }
}
