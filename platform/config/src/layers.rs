//! The sources of a configuration, each read into a table that knows where its values
//! came from. Nothing here decides what is valid; the schema does.

use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::dotenv;
use crate::environment::Environment;
use crate::problem::Problem;
use crate::schema::{Shape, UnknownKeys, variable_name};
use crate::tree::{self, Node, Origin, Table, Value, join};

/// Variables with names of their own, and the keys that they set. `*` stands for every
/// service.
const ALIASES: [(&str, &str); 4] = [
    ("MARQUIS_ENVIRONMENT", "environment"),
    ("PASSWORD_SALT", "auth.passwords.pepper"),
    ("DATABASE_URL", "database.*.url"),
    ("REDIS_URL", "redis.url"),
];

/// A secret longer than this is a wrong path.
const SECRET_FILE_LIMIT: u64 = 65_536;

/// One variable of the environment or of a `.env` file.
pub(crate) struct Variable {
    pub(crate) name: String,
    pub(crate) value: String,
    pub(crate) origin: Origin,
}

fn file_problem(path: &Path, line: Option<usize>, what: String, remedy: &str) -> Problem {
    let source = match line {
        Some(line) => format!("{}:{line}", path.display()),
        None => path.display().to_string(),
    };
    Problem { key: String::new(), source, what, remedy: remedy.to_owned() }
}

/// Reads a TOML file. `None` when it does not exist and need not.
pub(crate) fn toml_file(path: &Path, required: bool, problems: &mut Vec<Problem>) -> Option<Table> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound && !required => return None,
        Err(error) => {
            let remedy = "check the path given by --config and its permissions";
            problems.push(file_problem(path, None, format!("cannot be read: {error}"), remedy));
            return None;
        }
    };
    let shared: Arc<Path> = path.into();
    let (table, errors) = tree::parse(&text, &|line| Origin::File { path: shared.clone(), line });
    for error in errors {
        let what = format!("is not TOML: {}", error.message);
        problems.push(file_problem(path, Some(error.line), what, ""));
    }
    Some(table)
}

/// Reads a `.env` file. `None` when it does not exist.
pub(crate) fn dotenv_file(path: &Path, problems: &mut Vec<Problem>) -> Option<Vec<Variable>> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
        Err(error) => {
            let what = format!("cannot be read: {error}");
            problems.push(file_problem(path, None, what, "check its permissions"));
            return None;
        }
    };
    let shared: Arc<Path> = path.into();
    let (assignments, malformed) = dotenv::parse(&text);
    for bad in malformed {
        let what = format!("the line {}", bad.what);
        problems.push(file_problem(path, Some(bad.line), what, "write NAME=value"));
    }
    let variables = assignments
        .into_iter()
        .map(|one| Variable {
            origin: Origin::Dotenv {
                path: shared.clone(),
                line: one.line,
                variable: one.name.clone(),
            },
            name: one.name,
            value: one.value,
        })
        .collect();
    Some(variables)
}

/// The table that variables make. Variables that are none of ours are left alone; the last
/// of several with one name counts.
pub(crate) fn variables(
    variables: &[Variable],
    shape: &Shape,
    problems: &mut Vec<Problem>,
) -> Table {
    let mut table = Table::new();
    let mut ours: Vec<(Vec<String>, &Variable)> = Vec::new();
    for variable in variables {
        if let Some((_, key)) = ALIASES.iter().find(|(name, _)| *name == variable.name) {
            for key in expand(key, shape) {
                let segments: Vec<String> = key.split('.').map(str::to_owned).collect();
                assign(&mut table, &segments, variable, shape, problems);
            }
        } else if let Some(rest) = variable.name.strip_prefix("MARQUIS__") {
            ours.push((rest.split("__").map(str::to_ascii_lowercase).collect(), variable));
        } else if variable.name.starts_with("MARQUIS_") && variable.name.contains("__") {
            let rest = variable.name["MARQUIS_".len()..].trim_start_matches('_');
            let key = rest.to_ascii_lowercase().replace("__", ".");
            let near = UnknownKeys::new(shape).nearest(&key);
            problems.push(Problem {
                key: String::new(),
                source: variable.origin.to_string(),
                what: "is not a setting: two underscores follow MARQUIS".to_owned(),
                remedy: match near {
                    Some(near) => format!("did you mean {}?", variable_name(&near)),
                    None => format!("did you mean MARQUIS__{rest}?"),
                },
            });
        }
    }
    // A table given whole comes before its single keys.
    ours.sort_by_key(|(segments, _)| segments.len());
    for (segments, variable) in ours {
        assign(&mut table, &segments, variable, shape, problems);
    }
    table
}

/// The keys that an alias stands for, as far as this version has them.
fn expand(key: &str, shape: &Shape) -> Vec<String> {
    let Some((parent, rest)) = key.split_once(".*.") else {
        return shape.at(key).map(|_| key.to_owned()).into_iter().collect();
    };
    let Some(Shape::Table(services)) = shape.at(parent) else { return Vec::new() };
    services
        .keys()
        .map(|service| format!("{parent}.{service}.{rest}"))
        .filter(|key| shape.at(key).is_some())
        .collect()
}

fn assign(
    table: &mut Table,
    segments: &[String],
    variable: &Variable,
    shape: &Shape,
    problems: &mut Vec<Problem>,
) {
    let key = segments.join(".");
    let Some((name, parents)) = segments.split_last() else { return };
    let value = match typed(&variable.value, shape.at(&key)) {
        Ok(value) => value,
        Err(what) => {
            problems.push(Problem {
                key,
                source: variable.origin.to_string(),
                what,
                remedy: String::new(),
            });
            return;
        }
    };
    let mut at = table;
    for parent in parents {
        let node = at
            .entry(parent.clone())
            .or_insert_with(|| Node::new(Value::Table(Table::new()), variable.origin.clone()));
        let Value::Table(inner) = &mut node.value else { return };
        at = inner;
    }
    at.insert(
        name.clone(),
        Node::new(with_origin(value, &variable.origin), variable.origin.clone()),
    );
}

/// Reads a variable's text as the type that its key has. The text itself never becomes
/// part of an error.
fn typed(text: &str, shape: Option<&Shape>) -> Result<Value, String> {
    let trimmed = text.trim();
    match shape {
        None | Some(Shape::Leaf(Value::String(_))) => Ok(Value::String(text.to_owned())),
        Some(Shape::Leaf(Value::Boolean(_))) => match trimmed {
            "true" => Ok(Value::Boolean(true)),
            "false" => Ok(Value::Boolean(false)),
            _ => Err("must be true or false".to_owned()),
        },
        Some(Shape::Leaf(Value::Integer(_))) => {
            trimmed.parse().map(Value::Integer).map_err(|_| "must be an integer".to_owned())
        }
        Some(Shape::Leaf(_)) => {
            trimmed.parse().map(Value::Float).map_err(|_| "must be a decimal number".to_owned())
        }
        Some(Shape::List(element, _)) if !trimmed.starts_with('[') => trimmed
            .split(',')
            .map(str::trim)
            .filter(|item| !item.is_empty())
            .map(|item| Ok(Node::new(typed(item, Some(element))?, Origin::Default)))
            .collect::<Result<_, String>>()
            .map(Value::Array),
        Some(shape) => {
            let (mut table, errors) = tree::parse(&format!("v = {trimmed}"), &|_| Origin::Default);
            match table.remove("v") {
                Some(node) if errors.is_empty() && table.is_empty() => Ok(node.value),
                _ => Err(format!("must be {} in TOML's notation", shape.kind())),
            }
        }
    }
}

/// The value with `origin` on everything in it.
fn with_origin(value: Value, origin: &Origin) -> Value {
    let renew = |node: Node| Node::new(with_origin(node.value, origin), origin.clone());
    match value {
        Value::Array(items) => Value::Array(items.into_iter().map(renew).collect()),
        Value::Table(table) => {
            Value::Table(table.into_iter().map(|(name, node)| (name, renew(node))).collect())
        }
        leaf => leaf,
    }
}

/// Replaces every `<key>_file = "/path"` by `<key> = "<the file's content>"` and notes the
/// files read. Keys that end in `_file` by themselves are left alone.
pub(crate) fn secret_files(
    table: &mut Table,
    shape: &Shape,
    key: &str,
    environment: Environment,
    files: &mut Vec<PathBuf>,
    problems: &mut Vec<Problem>,
) {
    match shape {
        Shape::Table(keys) => {
            let names: Vec<String> = table.keys().cloned().collect();
            for name in names {
                let target = name.strip_suffix("_file").filter(|target| {
                    !keys.contains_key(&name)
                        && matches!(keys.get(*target), Some(Shape::Leaf(Value::String(_))))
                });
                match (target, keys.get(&name)) {
                    (Some(target), _) => {
                        let Some(node) = table.remove(&name) else { continue };
                        let both = table.contains_key(target);
                        let read = if both {
                            Err(format!("is given together with `{target}`"))
                        } else {
                            secret_file(&node, environment, files)
                        };
                        match read {
                            Ok(secret) => {
                                table.insert(target.to_owned(), secret);
                            }
                            Err(what) => problems.push(Problem {
                                key: join(key, &name),
                                source: node.origin.to_string(),
                                what,
                                remedy: if both {
                                    "keep one of the two".to_owned()
                                } else {
                                    String::new()
                                },
                            }),
                        }
                    }
                    (None, Some(inner)) => {
                        if let Some(node) = table.get_mut(&name) {
                            let inner = inner.required();
                            descend(node, inner, &join(key, &name), environment, files, problems);
                        }
                    }
                    (None, None) => {}
                }
            }
        }
        Shape::Map(entry, _) => {
            for (name, node) in table {
                descend(node, entry, &join(key, name), environment, files, problems);
            }
        }
        _ => {}
    }
}

fn descend(
    node: &mut Node,
    shape: &Shape,
    key: &str,
    environment: Environment,
    files: &mut Vec<PathBuf>,
    problems: &mut Vec<Problem>,
) {
    match (&mut node.value, shape) {
        (Value::Table(table), shape) => {
            secret_files(table, shape, key, environment, files, problems);
        }
        (Value::Array(items), Shape::List(element, _)) => {
            for (index, item) in items.iter_mut().enumerate() {
                let key = format!("{key}[{index}]");
                descend(item, element, &key, environment, files, problems);
            }
        }
        _ => {}
    }
}

/// The content of the file whose path stands in `node`, without one newline at its end.
fn secret_file(
    node: &Node,
    environment: Environment,
    files: &mut Vec<PathBuf>,
) -> Result<Node, String> {
    let Value::String(given) = &node.value else {
        return Err("must be the path of a file".to_owned());
    };
    if given.is_empty() {
        return Err("must be the path of a file, not empty".to_owned());
    }
    // A path in a file is relative to that file, wherever the process was started.
    let base = node.origin.file().and_then(Path::parent).unwrap_or(Path::new(""));
    let path = base.join(given);
    let cannot =
        |error: io::Error| format!("names {}, which cannot be read: {error}", path.display());
    let metadata = std::fs::metadata(&path).map_err(cannot)?;
    if !metadata.is_file() && !is_pipe(&metadata) {
        return Err(format!("names {}, which is not a file", path.display()));
    }
    if metadata.len() > SECRET_FILE_LIMIT {
        return Err(format!("names {}, which is too large for a secret", path.display()));
    }
    if environment.is_production() && metadata.is_file() && is_world_readable(&metadata) {
        return Err(format!(
            "names {}, which everybody on this machine may read; run `chmod o-rwx` on it",
            path.display()
        ));
    }
    let text = std::fs::read_to_string(&path).map_err(cannot)?;
    let text = text.strip_suffix('\n').map_or(&*text, |t| t.strip_suffix('\r').unwrap_or(t));
    let secret = Value::String(text.to_owned());
    files.push(path.clone());
    Ok(Node::new(secret, Origin::SecretFile { path, given_by: Box::new(node.origin.clone()) }))
}

/// `url_file = <(vault read ...)` is a pipe.
fn is_pipe(metadata: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::FileTypeExt as _;
    metadata.file_type().is_fifo()
}

pub(crate) fn is_world_readable(metadata: &std::fs::Metadata) -> bool {
    metadata.permissions().mode() & 0o004 != 0
}

/// Lays `over` on `base`: tables are merged, everything else is replaced.
pub(crate) fn merge(base: &mut Table, over: Table) {
    for (name, node) in over {
        match (base.get_mut(&name).map(|known| &mut known.value), node.value) {
            (Some(Value::Table(known)), Value::Table(more)) => merge(known, more),
            (_, value) => {
                base.insert(name, Node::new(value, node.origin));
            }
        }
    }
}
