//! What was measured, as rows with a ratio and a bar; as a table for the terminal and as
//! the section of `docs/performance.md` between the two markers.

use super::load::{self, Measured};
use crate::workspace;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::process::Command;

/// The markers around the section of the document that `cargo xtask <task>` writes.
fn markers(task: &str) -> (String, String) {
    let name = task.replace(' ', "-");
    (
        format!("<!-- {name}:begin (written by cargo xtask {task}) -->"),
        format!("<!-- {name}:end -->"),
    )
}

/// What a value has to reach.
#[derive(Debug, Clone, Copy)]
pub enum Bar {
    /// At least this.
    AtLeast(f64),
    /// At most this.
    AtMost(f64),
    /// Shown for information.
    None,
}

/// One line of the table.
#[derive(Debug, Clone)]
pub struct Row {
    /// What was measured.
    pub what: String,
    /// Ours, formatted.
    pub ours: String,
    /// What it is compared with, formatted; empty when the value stands alone.
    pub theirs: String,
    /// The figure the bar is about: a ratio, or the value itself.
    pub figure: f64,
    /// The figure, formatted.
    pub shown: String,
    pub bar: Bar,
}

impl Row {
    /// Compares medians of rounds that were run in turn.
    pub fn ratio(what: &str, ours: &[Measured], theirs: &[Measured], bar: Bar) -> Self {
        let figure = median(ours) / median(theirs);
        Self {
            what: what.to_owned(),
            ours: rates(ours),
            theirs: rates(theirs),
            figure,
            shown: format!("{figure:.2}"),
            bar,
        }
    }

    /// A rate that is compared with nothing.
    pub fn rate(what: &str, ours: &[Measured]) -> Self {
        Self {
            what: what.to_owned(),
            ours: rates(ours),
            theirs: String::new(),
            figure: median(ours),
            shown: String::new(),
            bar: Bar::None,
        }
    }

    /// A value with a limit, such as memory.
    pub fn value(what: &str, figure: f64, unit: &str, bar: Bar) -> Self {
        let shown = format!("{figure:.2} {unit}");
        let ours = shown.clone();
        Self { what: what.to_owned(), ours, theirs: String::new(), figure, shown, bar }
    }

    /// Whether the bar is reached; `None` without a bar.
    pub fn passes(&self) -> Option<bool> {
        match self.bar {
            Bar::AtLeast(bar) => Some(self.figure >= bar),
            Bar::AtMost(bar) => Some(self.figure <= bar),
            Bar::None => None,
        }
    }

    fn cells(&self) -> [String; 6] {
        let bar = match self.bar {
            Bar::AtLeast(bar) => format!(">= {bar}"),
            Bar::AtMost(bar) => format!("<= {bar}"),
            Bar::None => String::new(),
        };
        let verdict = match self.passes() {
            Some(true) => "pass",
            Some(false) => "FAIL",
            None => "",
        };
        let cell = |text: &str| text.to_owned();
        let (what, ours) = (cell(&self.what), cell(&self.ours));
        [what, ours, cell(&self.theirs), cell(&self.shown), bar, cell(verdict)]
    }
}

/// The middle of the rates.
pub fn median(rounds: &[Measured]) -> f64 {
    let mut rates: Vec<_> = rounds.iter().map(|round| round.rate).collect();
    rates.sort_by(f64::total_cmp);
    match rates.len() {
        0 => f64::NAN,
        count if count % 2 == 1 => rates[count / 2],
        count => f64::midpoint(rates[count / 2 - 1], rates[count / 2]),
    }
}

fn rates(rounds: &[Measured]) -> String {
    let mut p99: Vec<_> = rounds.iter().filter_map(|round| round.p99).collect();
    p99.sort_by(f64::total_cmp);
    let mut text = format!("{:.0}/s", median(rounds));
    if let Some(p99) = p99.get(p99.len() / 2) {
        let _ = write!(text, ", p99 {p99:.1} ms");
    }
    text
}

/// The rows as a Markdown table whose columns also line up in a terminal.
pub fn table(rows: &[Row]) -> String {
    let titles = ["What", "Marquis", "Compared with", "Ratio or value", "Bar", "Verdict"];
    let mut lines = vec![titles.map(str::to_owned)];
    lines.extend(rows.iter().map(Row::cells));
    let width = |column: usize| {
        lines.iter().map(|cells| cells[column].chars().count()).max().unwrap_or_default()
    };
    let widths: Vec<_> = (0..titles.len()).map(width).collect();
    let mut text = String::new();
    for (number, cells) in lines.iter().enumerate() {
        for (cell, width) in cells.iter().zip(&widths) {
            let _ = write!(text, "| {cell:width$} ");
        }
        text.push_str("|\n");
        if number == 0 {
            for width in &widths {
                let _ = write!(text, "|{}", "-".repeat(width + 2));
            }
            text.push_str("|\n");
        }
    }
    text
}

/// The machine and the versions a figure belongs to.
pub fn machine() -> String {
    let first_line = |program: &str, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).output().ok()?;
        // nginx and wrk print their version to the other stream.
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text);
        Some(text.lines().next()?.trim().to_owned())
    };
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("processor of unknown model", |(_, model)| model);
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kib = memory.lines().find_map(|line| {
        line.strip_prefix("MemTotal:")?.trim().strip_suffix(" kB")?.parse::<u64>().ok()
    });
    let gib = kib.map_or_else(String::new, |kib| format!(", {} GiB", kib.div_ceil(1024 * 1024)));
    let wrk = first_line("wrk", &["-v"]);
    let wrk = wrk.map(|line| line.split(" Copyright").next().unwrap_or_default().to_owned());
    let facts = [
        Some(format!("{model}, {cores} cores{gib}")),
        first_line("uname", &["-sr"]),
        first_line("rustc", &["--version"]),
        first_line("nginx", &["-v"]),
        first_line("pgbench", &["--version"]),
        wrk,
        first_line("date", &["-u", "+%F"]),
    ];
    facts.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

/// Names the bars that were missed.
///
/// # Errors
/// When there is one.
pub fn verdict(rows: &[Row]) -> crate::Outcome {
    let missed: Vec<_> =
        rows.iter().filter(|row| row.passes() == Some(false)).map(|row| &*row.what).collect();
    if missed.is_empty() { Ok(()) } else { Err(format!("missed: {}", missed.join("; ")).into()) }
}

/// Puts `section` between the markers of `task` in `docs/performance.md`.
///
/// # Errors
/// When the document cannot be read or written, or has no markers.
pub fn write_document(task: &str, section: &str) -> io::Result<()> {
    let path = workspace::root().join("docs/performance.md");
    let document = fs::read_to_string(&path)?;
    let replaced = replace_section(&document, task, section)
        .ok_or_else(|| io::Error::other(format!("{}: no markers", path.display())))?;
    fs::write(path, replaced)
}

fn replace_section(document: &str, task: &str, section: &str) -> Option<String> {
    let (begin, end) = markers(task);
    let (before, rest) = document.split_once(&begin)?;
    let (_, after) = rest.split_once(&end)?;
    Some(format!("{before}{begin}\n\n{}\n\n{end}{after}", section.trim()))
}

/// The commit measured, with a note when the work tree differs from it.
pub fn commit() -> String {
    let git = |arguments: &[&str]| {
        load::output(Command::new("git").arg("-C").arg(workspace::root()).args(arguments)).ok()
    };
    let commit = git(&["rev-parse", "--short", "HEAD"]).unwrap_or_default();
    let changed = git(&["status", "--porcelain", "--untracked-files=no"]).unwrap_or_default();
    let changed = if changed.trim().is_empty() { "" } else { " with changes" };
    format!("{}{changed}", commit.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rounds(rates: &[f64]) -> Vec<Measured> {
        rates.iter().map(|&rate| Measured { rate, p99: None }).collect()
    }

    #[test]
    fn a_median_is_the_middle() {
        assert!((median(&rounds(&[9.0, 1.0, 5.0])) - 5.0).abs() < f64::EPSILON);
        assert!((median(&rounds(&[4.0, 1.0, 2.0, 9.0])) - 3.0).abs() < f64::EPSILON);
        assert!(median(&[]).is_nan());
    }

    #[test]
    fn bars_judge_the_figure() {
        let row = |bar| Row::ratio("x", &rounds(&[90.0]), &rounds(&[100.0]), bar);
        assert_eq!(row(Bar::AtLeast(0.9)).passes(), Some(true));
        assert_eq!(row(Bar::AtLeast(1.0)).passes(), Some(false));
        assert_eq!(row(Bar::None).passes(), None);
        assert_eq!(Row::value("x", 41.0, "MiB", Bar::AtMost(40.0)).passes(), Some(false));
        // Nothing measured passes nothing.
        assert_eq!(Row::ratio("x", &[], &[], Bar::AtLeast(0.1)).passes(), Some(false));
    }

    #[test]
    fn the_section_is_replaced_and_the_rest_kept() {
        let (begin, end) = markers("bench chat");
        let document = format!("top\n{begin}\nold\n{end}\nbottom\n");
        let replaced = replace_section(&document, "bench chat", "new").expect("it has markers");
        assert_eq!(replaced, format!("top\n{begin}\n\nnew\n\n{end}\nbottom\n"));
        assert_eq!(replace_section(&document, "bench", "new"), None, "another task's");
    }

    #[test]
    fn the_table_lines_up() {
        let row = Row::value("memory", 31.25, "MiB", Bar::AtMost(40.0));
        let text = table(&[row]);
        let lengths: Vec<_> = text.lines().map(str::len).collect();
        assert!(lengths.iter().all(|&length| length == lengths[0]), "{text}");
        assert!(text.contains("31.25 MiB"), "{text}");
    }
}
