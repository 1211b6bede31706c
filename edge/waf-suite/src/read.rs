//! Reader of the suites' YAML.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use yaml_rust2::{Yaml, YamlLoader};

use crate::stage::{Stage, Test};

/// A suite cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SuiteError {
    /// A file or directory.
    #[error("cannot read {0}")]
    Io(PathBuf, #[source] io::Error),
    /// A file is not YAML.
    #[error("{0} is not YAML")]
    Yaml(PathBuf, #[source] yaml_rust2::ScanError),
    /// A request is not base64.
    #[error("{0}: encoded_request is not base64")]
    Base64(PathBuf, #[source] base64::DecodeError),
}

/// All enabled tests of a file, or of the files below a directory in the order of their names.
///
/// # Errors
///
/// The first file that cannot be read.
pub fn read(path: &Path) -> Result<Vec<Test>, SuiteError> {
    let mut files = Vec::new();
    if path.is_dir() {
        find(path, &mut files)?;
        files.sort();
    } else {
        files.push(path.to_owned());
    }
    let mut all = Vec::new();
    for file in files {
        let bytes = fs::read(&file).map_err(|error| SuiteError::Io(file.clone(), error))?;
        all.extend(tests(&String::from_utf8_lossy(&bytes), &file)?);
    }
    Ok(all)
}

fn find(directory: &Path, files: &mut Vec<PathBuf>) -> Result<(), SuiteError> {
    let failed = |error| SuiteError::Io(directory.to_owned(), error);
    for entry in fs::read_dir(directory).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_dir() {
            find(&path, files)?;
        } else if path.extension().is_some_and(|end| end == "yaml" || end == "yml") {
            files.push(path);
        }
    }
    Ok(())
}

fn tests(text: &str, file: &Path) -> Result<Vec<Test>, SuiteError> {
    let documents = YamlLoader::load_from_str(text)
        .map_err(|error| SuiteError::Yaml(file.to_owned(), error))?;
    let Some(document) = documents.first() else { return Ok(Vec::new()) };
    if document["meta"]["enabled"].as_bool() == Some(false) {
        return Ok(Vec::new());
    }
    let rule = text_of(&document["rule_id"])
        .or_else(|| file.file_stem().map(|stem| stem.to_string_lossy().into_owned()))
        .unwrap_or_default();
    let mut all = Vec::new();
    for test in document["tests"].as_vec().into_iter().flatten() {
        // Titles of version 3 name the rule; ids of version 4 are numbers within a file.
        let title = text_of(&test["test_title"])
            .or_else(|| Some(format!("{rule}-{}", text_of(&test["test_id"])?)))
            .unwrap_or_default();
        let mut stages = Vec::new();
        for stage in test["stages"].as_vec().into_iter().flatten() {
            let stage = if stage["stage"].is_badvalue() { stage } else { &stage["stage"] };
            stages.push(stage_of(stage, file)?);
        }
        all.push(Test { title, stages });
    }
    Ok(all)
}

fn text_of(yaml: &Yaml) -> Option<String> {
    match yaml {
        Yaml::String(text) | Yaml::Real(text) => Some(text.clone()),
        Yaml::Integer(number) => Some(number.to_string()),
        Yaml::Boolean(on) => Some(on.to_string()),
        Yaml::Array(parts) => {
            let parts: Vec<_> = parts.iter().filter_map(text_of).collect();
            Some(parts.join("\r\n"))
        }
        _ => None,
    }
}

fn stage_of(stage: &Yaml, file: &Path) -> Result<Stage, SuiteError> {
    let (input, output) = (&stage["input"], &stage["output"]);
    let mut read = Stage::default();
    let expected = &mut read.expected;
    expected.ids = ids(&output["log_contains"]);
    expected.no_ids = ids(&output["no_log_contains"]);
    let log = &output["log"];
    expected.ids.extend(id_list(&log["expect_ids"]));
    expected.ids.extend(ids(&log["match_regex"]));
    expected.no_ids.extend(id_list(&log["no_expect_ids"]));
    expected.no_ids.extend(ids(&log["no_match_regex"]));
    expected.statuses = statuses(&output["status"]);
    expected.error = output["expect_error"].as_bool() == Some(true);
    if let Some(encoded) = text_of(&input["encoded_request"]) {
        let encoded: String = encoded.split_whitespace().collect();
        let raw =
            STANDARD.decode(encoded).map_err(|error| SuiteError::Base64(file.to_owned(), error))?;
        let expected = std::mem::take(&mut read.expected);
        return Ok(Stage { expected, raw: Some(raw.clone()), ..Stage::from_wire(&raw) });
    }
    read.method = text_of(&input["method"]).unwrap_or_else(|| "GET".into());
    read.uri = text_of(&input["uri"]).unwrap_or_else(|| "/".into());
    read.version = text_of(&input["version"]).unwrap_or_else(|| "HTTP/1.1".into());
    for (name, value) in input["headers"].as_hash().into_iter().flatten() {
        let (name, value) = (text_of(name), text_of(value));
        read.headers.push((name.unwrap_or_default(), value.unwrap_or_default()));
    }
    for field in input["headers"].as_vec().into_iter().flatten() {
        let (name, value) = (text_of(&field["name"]), text_of(&field["value"]));
        read.headers.push((name.unwrap_or_default(), value.unwrap_or_default()));
    }
    // The runner completes the request unless told not to.
    let is = |yaml: &Yaml, word: &str| text_of(yaml).is_some_and(|text| text == word);
    let complete =
        !is(&input["stop_magic"], "true") && !is(&input["autocomplete_headers"], "false");
    let data = match text_of(&input["encoded_data"]) {
        Some(encoded) => {
            let bytes = STANDARD
                .decode(encoded.trim())
                .map_err(|error| SuiteError::Base64(file.to_owned(), error))?;
            Some(bytes)
        }
        None => text_of(&input["data"]).map(|data| repeated(&data).into_bytes()),
    };
    if let Some(mut data) = data {
        if complete {
            const FORM: &str = "application/x-www-form-urlencoded";
            if read.header("content-type").is_none() {
                read.headers.push(("Content-Type".into(), FORM.into()));
            }
            if read.header("content-type") == Some(FORM)
                && let Ok(text) = std::str::from_utf8(&data)
            {
                data = encoded(text).into_bytes();
            }
            if read.header("content-length").is_none() && read.header("transfer-encoding").is_none()
            {
                read.headers.push(("Content-Length".into(), data.len().to_string()));
            }
        }
        read.body = data;
    }
    if complete && read.header("connection").is_none() {
        read.headers.push(("Connection".into(), "close".into()));
    }
    Ok(read)
}

/// Writes out `{{ "+" | repeat 34 }}`, the template suites use for long values. Other braces
/// stay as they are.
fn repeated(data: &str) -> String {
    let mut out = String::new();
    let mut rest = data;
    while let Some((before, after)) = rest.split_once("{{") {
        out.push_str(before);
        let Some((text, count, following)) = repetition(after) else {
            out.push_str("{{");
            rest = after;
            continue;
        };
        out.push_str(&text.repeat(count));
        rest = following;
    }
    out + rest
}

/// Text, count and what follows the braces; at most a million times.
fn repetition(text: &str) -> Option<(&str, usize, &str)> {
    let (inside, following) = text.split_once("}}")?;
    let (text, count) = inside.trim().strip_prefix('"')?.split_once('"')?;
    let count = count.trim_start().strip_prefix('|')?.trim().strip_prefix("repeat ")?;
    let count = count.trim().parse().ok().filter(|count| *count <= 1_000_000)?;
    Some((text, count, following))
}

/// `403`, `[403, 400]`.
fn statuses(yaml: &Yaml) -> Vec<u16> {
    let one = |yaml: &Yaml| text_of(yaml).and_then(|text| text.parse().ok());
    match yaml {
        Yaml::Array(list) => list.iter().filter_map(one).collect(),
        other => one(other).into_iter().collect(),
    }
}

/// Ids in a pattern like `id "920100"`.
fn ids(yaml: &Yaml) -> Vec<u64> {
    let text = text_of(yaml).unwrap_or_default();
    text.split("id ")
        .skip(1)
        .filter_map(|rest| {
            let digits: String = rest
                .chars()
                .skip_while(|c| !c.is_ascii_digit())
                .take_while(char::is_ascii_digit)
                .collect();
            digits.parse().ok()
        })
        .collect()
}

fn id_list(yaml: &Yaml) -> Vec<u64> {
    let list = yaml.as_vec().cloned().unwrap_or_default();
    list.iter().filter_map(|id| u64::try_from(id.as_i64()?).ok()).collect()
}

/// A form that is not encoded yet is encoded, as the suite's own runner does.
fn encoded(data: &str) -> String {
    if decoded(data) != data.as_bytes() {
        return data.into();
    }
    let pairs: Vec<String> = data
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| match pair.split_once('=') {
            Some((name, value)) => format!("{}={}", escaped(name), escaped(value)),
            None => format!("{}=", escaped(pair)),
        })
        .collect();
    pairs.join("&")
}

fn escaped(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'.' | b'-' | b'~' => {
                char::from(byte).to_string()
            }
            b' ' => "+".into(),
            other => format!("%{other:02X}"),
        })
        .collect()
}

fn decoded(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let mut out = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let pair = text.get(at + 1..at + 3).filter(|_| bytes[at] == b'%');
        match (bytes[at], pair.and_then(|pair| u8::from_str_radix(pair, 16).ok())) {
            (b'+', _) => out.push(b' '),
            (_, Some(byte)) => {
                out.push(byte);
                at += 2;
            }
            (byte, None) => out.push(byte),
        }
        at += 1;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::repeated;

    #[test]
    fn only_repetitions_are_written_out() {
        assert_eq!(repeated(r#"a={{ "+" | repeat 3 }}&b={{"xy"|repeat 2}}"#), "a=+++&b=xyxy");
        for other in ["{{constructor.constructor('alert(1)')()}}", "{{", "{{ \"a\" | upper }}"] {
            assert_eq!(repeated(other), other);
        }
    }
}
