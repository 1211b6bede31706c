//! The effective configuration as TOML, with the source of every value that is not a
//! default, and with secrets redacted by their type.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use toml::Value;

use crate::tree::{Origin, join};

pub(crate) fn to_toml(table: &toml::Table, origins: &BTreeMap<String, Origin>) -> String {
    let mut text = String::new();
    write_table(&mut text, table, "", origins);
    text
}

fn write_table(
    text: &mut String,
    table: &toml::Table,
    key: &str,
    origins: &BTreeMap<String, Origin>,
) {
    let is_section = |value: &Value| match value {
        Value::Table(_) => true,
        Value::Array(items) => !items.is_empty() && items.iter().all(Value::is_table),
        _ => false,
    };
    for (name, value) in table.iter().filter(|(_, value)| !is_section(value)) {
        let _ = write!(text, "{} = {value}", quoted(name));
        match origins.get(&join(key, name)) {
            None | Some(Origin::Default) => {}
            Some(origin) => {
                let _ = write!(text, "  # {}", origin.to_string().replace(char::is_control, " "));
            }
        }
        text.push('\n');
    }
    for (name, value) in table.iter().filter(|(_, value)| is_section(value)) {
        let path = join(key, name);
        let heading = heading(&path);
        match value {
            Value::Table(inner) => {
                if inner.is_empty() || !inner.values().all(is_section) {
                    let _ = write!(text, "\n[{heading}]\n");
                }
                write_table(text, inner, &path, origins);
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    let _ = write!(text, "\n[[{heading}]]\n");
                    if let Value::Table(inner) = item {
                        write_element(text, inner, &path, index, origins);
                    }
                }
            }
            _ => {}
        }
    }
}

/// An element of a list of tables: tables inside it are written inline, because their
/// headings would need the index.
fn write_element(
    text: &mut String,
    table: &toml::Table,
    path: &str,
    index: usize,
    origins: &BTreeMap<String, Origin>,
) {
    for (name, value) in table {
        let _ = write!(text, "{} = {value}", quoted(name));
        match origins.get(&format!("{path}[{index}].{name}")) {
            None | Some(Origin::Default) => {}
            Some(origin) => {
                let _ = write!(text, "  # {}", origin.to_string().replace(char::is_control, " "));
            }
        }
        text.push('\n');
    }
}

fn heading(path: &str) -> String {
    path.split('.').map(quoted).collect::<Vec<_>>().join(".")
}

fn quoted(name: &str) -> String {
    let bare = !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    if bare { name.to_owned() } else { Value::String(name.to_owned()).to_string() }
}
