//! What came of a suite.

use serde::Serialize;

use crate::stage::{Stage, Test};

/// What was seen of one stage.
#[derive(Debug, Clone, Default)]
pub struct Observed {
    /// Rules that matched.
    pub ids: Vec<u64>,
    /// Status of the answer; none where it was not asked for or none came.
    pub status: Option<u16>,
    /// Whether the connection ended without an answer.
    pub error: bool,
}

/// How a test ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", content = "why", rename_all = "lowercase")]
pub enum Outcome {
    /// As expected.
    Passed,
    /// Not as expected, in words.
    Failed(Vec<String>),
    /// It asks for nothing that can be seen here.
    Skipped,
}

/// All outcomes, in the order of the suite.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// Title and outcome of each test.
    pub tests: Vec<(String, Outcome)>,
}

impl Report {
    /// Tests that ended as expected.
    #[must_use]
    pub fn passed(&self) -> usize {
        self.tests.iter().filter(|(_, outcome)| *outcome == Outcome::Passed).count()
    }

    /// Tests that did not, with the reasons.
    pub fn failed(&self) -> impl Iterator<Item = (&str, &[String])> {
        self.tests.iter().filter_map(|(title, outcome)| match outcome {
            Outcome::Failed(why) => Some((title.as_str(), why.as_slice())),
            _ => None,
        })
    }

    /// Tests that could not be judged.
    #[must_use]
    pub fn skipped(&self) -> usize {
        self.tests.iter().filter(|(_, outcome)| *outcome == Outcome::Skipped).count()
    }
}

/// Compares what was seen with what is expected. `has_answers` says whether there is a server
/// whose status counts.
#[must_use]
pub fn judge(test: &Test, observed: &[Observed], has_answers: bool) -> Outcome {
    let (mut wrong, mut asked) = (Vec::new(), false);
    for (stage, seen) in test.stages.iter().zip(observed) {
        asked |= compare(stage, seen, has_answers, &mut wrong);
    }
    match (wrong.is_empty(), asked) {
        (false, _) => Outcome::Failed(wrong),
        (true, true) => Outcome::Passed,
        (true, false) => Outcome::Skipped,
    }
}

fn compare(stage: &Stage, seen: &Observed, has_answers: bool, wrong: &mut Vec<String>) -> bool {
    let expected = &stage.expected;
    for id in expected.ids.iter().filter(|id| !seen.ids.contains(id)) {
        wrong.push(match (seen.status, seen.error) {
            (Some(status), _) if has_answers => format!("{id} did not match (answer {status})"),
            (_, true) => format!("{id} did not match (no answer)"),
            _ => format!("{id} did not match"),
        });
    }
    for id in expected.no_ids.iter().filter(|id| seen.ids.contains(id)) {
        wrong.push(format!("{id} matched"));
    }
    if expected.asks_for_rules() {
        return true;
    }
    // A suite names statuses beside rules for blocking mode; alone they are what it asks for.
    if !has_answers || (expected.statuses.is_empty() && !expected.error) {
        return false;
    }
    let fits = match seen.status {
        Some(status) => expected.statuses.contains(&status),
        None => expected.error,
    };
    if !fits {
        let answer = seen.status.map_or_else(|| "none".to_owned(), |status| status.to_string());
        wrong.push(format!("answer {answer}, expected one of {:?}", expected.statuses));
    }
    true
}
