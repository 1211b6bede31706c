//! Reader of regression suites in the format of `ftw` and `go-ftw`: YAML files of requests
//! with the rule ids that must, or must not, match.

use std::{
    fs,
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use yaml_rust2::{Yaml, YamlLoader};

/// A request and what is expected of it.
#[derive(Debug, Default)]
pub struct Stage {
    pub method: String,
    pub uri: String,
    pub version: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub expected: Vec<u64>,
    pub unexpected: Vec<u64>,
}

/// A test: its stages run in order.
#[derive(Debug)]
pub struct Test {
    pub title: String,
    pub stages: Vec<Stage>,
}

/// All tests below a directory, in the order of file names.
pub fn read(directory: &Path) -> Vec<Test> {
    let mut files = Vec::new();
    find(directory, &mut files);
    files.sort();
    files.iter().flat_map(|file| tests(&fs::read_to_string(file).unwrap())).collect()
}

fn find(directory: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            find(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "yaml") {
            files.push(path);
        }
    }
}

fn tests(text: &str) -> Vec<Test> {
    let documents = YamlLoader::load_from_str(text).unwrap();
    let Some(document) = documents.first() else {
        return Vec::new();
    };
    if document["meta"]["enabled"].as_bool() == Some(false) {
        return Vec::new();
    }
    let list = |yaml: &Yaml| yaml.as_vec().cloned().unwrap_or_default();
    list(&document["tests"])
        .iter()
        .map(|test| Test {
            title: text_of(&test["test_title"])
                .or_else(|| text_of(&test["test_id"]))
                .unwrap_or_default(),
            stages: list(&test["stages"])
                .iter()
                .map(|stage| {
                    if stage["stage"].is_badvalue() {
                        stage_of(stage)
                    } else {
                        stage_of(&stage["stage"])
                    }
                })
                .collect(),
        })
        .collect()
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

fn stage_of(stage: &Yaml) -> Stage {
    let (input, output) = (&stage["input"], &stage["output"]);
    let mut read = Stage {
        expected: ids(&output["log_contains"]),
        unexpected: ids(&output["no_log_contains"]),
        ..Stage::default()
    };
    read.expected.extend(id_list(&output["log"]["expect_ids"]));
    read.unexpected.extend(id_list(&output["log"]["no_expect_ids"]));
    if let Some(raw) = text_of(&input["encoded_request"]) {
        let raw: String = raw.split_whitespace().collect();
        parse_raw(&STANDARD.decode(raw).unwrap(), &mut read);
        return read;
    }
    read.method = text_of(&input["method"]).unwrap_or_else(|| "GET".into());
    read.uri = text_of(&input["uri"]).unwrap_or_else(|| "/".into());
    read.version = text_of(&input["version"]).unwrap_or_else(|| "HTTP/1.1".into());
    if let Some(headers) = input["headers"].as_hash() {
        for (name, value) in headers {
            read.headers
                .push((text_of(name).unwrap_or_default(), text_of(value).unwrap_or_default()));
        }
    }
    // The runner completes the request unless told not to.
    let complete = text_of(&input["stop_magic"]).is_none_or(|stop| stop != "true")
        && text_of(&input["autocomplete_headers"]).is_none_or(|on| on != "false");
    if let Some(data) = text_of(&input["data"]) {
        let mut data = data;
        if complete {
            const FORM: &str = "application/x-www-form-urlencoded";
            if header(&read, "content-type").is_none() {
                read.headers.push(("Content-Type".into(), FORM.into()));
            }
            if header(&read, "content-type") == Some(FORM) {
                data = encoded(&data);
            }
            if header(&read, "content-length").is_none() {
                read.headers.push(("Content-Length".into(), data.len().to_string()));
            }
        }
        read.body = data.into_bytes();
    }
    if complete && header(&read, "connection").is_none() {
        read.headers.push(("Connection".into(), "close".into()));
    }
    read
}

fn header<'s>(stage: &'s Stage, name: &str) -> Option<&'s str> {
    stage
        .headers
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.as_str())
}

fn parse_raw(raw: &[u8], stage: &mut Stage) {
    let end = raw.windows(4).position(|w| w == b"\r\n\r\n").unwrap_or(raw.len());
    let head = String::from_utf8_lossy(&raw[..end]).into_owned();
    stage.body = raw.get(end + 4..).unwrap_or_default().to_vec();
    let mut lines = head.split("\r\n");
    let mut line = lines.next().unwrap_or_default().split(' ');
    stage.method = line.next().unwrap_or_default().into();
    stage.uri = line.next().unwrap_or("/").into();
    stage.version = line.next().unwrap_or("HTTP/1.1").into();
    for line in lines {
        if let Some((name, value)) = line.split_once(':') {
            stage.headers.push((name.into(), value.trim_start().into()));
        }
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
