//! Lines arrive whole, in order and late rather than at a caller's expense.

use std::io::Read as _;

use super::*;

const PATIENCE: Duration = Duration::from_secs(10);

fn pipe() -> (File, File) {
    let (reader, writer) = io::pipe().expect("pipe");
    (std::os::fd::OwnedFd::from(reader).into(), std::os::fd::OwnedFd::from(writer).into())
}

#[test]
fn lines_of_many_threads_arrive_whole_and_in_each_threads_order() {
    let dir = tempfile::tempdir().expect("directory");
    let path = dir.path().join("access.log");
    let writer = LineWriter::append(&path).expect("writer");
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let writer = writer.clone();
            scope.spawn(move || {
                for line in 0..5_000 {
                    assert!(writer.try_write(format!("{thread} {line:05}")));
                }
            });
        }
    });
    drop(writer);
    let text = std::fs::read_to_string(&path).expect("file");
    assert_eq!(text.lines().count(), 20_000);
    for thread in ["0 ", "1 ", "2 ", "3 "] {
        let lines: Vec<&str> = text.lines().filter(|line| line.starts_with(thread)).collect();
        assert!(lines.len() == 5_000 && lines.is_sorted(), "{thread}");
    }
}

#[test]
fn a_line_appears_without_being_asked_for() {
    let (mut reader, writer) = pipe();
    let lines = LineWriter::to_stream(writer).expect("writer");
    let before = Instant::now();
    lines.try_write("one\r\ntwo");
    let mut got = [0; 9];
    reader.read_exact(&mut got).expect("line");
    assert_eq!(&got, b"one  two\n");
    assert!(before.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_blocked_target_costs_lines_and_never_time() {
    let (mut reader, writer) = pipe();
    let lines = LineWriter::to_stream(writer).expect("writer");
    let line = "x".repeat(1_000);
    let mut dropped = 0_u64;
    // Nobody reads, so pipe and buffer fill and stay full.
    for _ in 0..20_000 {
        dropped += u64::from(!lines.try_write(&line));
    }
    assert!(dropped > 0 && dropped_total() >= dropped);
    assert!(!lines.flush(Duration::from_millis(10)), "a flush of a blocked target gives up");

    let collector = std::thread::spawn(move || {
        let mut text = String::new();
        reader.read_to_string(&mut text).expect("text");
        text
    });
    assert!(lines.flush(PATIENCE));
    drop(lines);
    let text = collector.join().expect("collector");
    let (reports, kept): (Vec<&str>, Vec<&str>) =
        text.lines().partition(|line| line.starts_with('{'));
    assert_eq!(kept.len() as u64 + dropped, 20_000);
    assert!(kept.iter().all(|kept| *kept == line), "whole lines only");
    let reported: u64 = reports
        .iter()
        .map(|report| {
            let report: serde_json::Value = serde_json::from_str(report).expect("json");
            report["metadata"]["dropped"].as_u64().expect("count")
        })
        .sum();
    assert_eq!(reported, dropped);
}

#[test]
fn a_rotated_file_is_made_anew() {
    let dir = tempfile::tempdir().expect("directory");
    let (path, moved) = (dir.path().join("access.log"), dir.path().join("access.log.1"));
    let writer = LineWriter::append(&path).expect("writer");
    writer.try_write("before");
    assert!(writer.flush(PATIENCE));
    std::fs::rename(&path, &moved).expect("rename");
    writer.reopen();
    assert!(writer.flush(PATIENCE));
    writer.try_write("after");
    assert!(writer.flush(PATIENCE));
    assert_eq!(std::fs::read_to_string(&moved).expect("old file"), "before\n");
    assert_eq!(std::fs::read_to_string(&path).expect("new file"), "after\n");
}
