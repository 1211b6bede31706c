//! From sources to a checked [`Config`].

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use crate::Config;
use crate::environment::Environment;
use crate::layers::{self, Variable};
use crate::problem::{ConfigErrors, Problem, Problems};
use crate::schema::{Shape, UnknownKeys};
use crate::selection;
use crate::tree::{self, Node, Origin, Table, Value};

/// The embedded default file: the fragments of the sections in the manual's order.
pub(crate) const DEFAULT_TOML: &str = concat!(
    include_str!("../defaults/top.toml"),
    include_str!("../defaults/secrets.toml"),
    include_str!("../defaults/telemetry.toml"),
    include_str!("../defaults/database.toml"),
    include_str!("../defaults/redis.toml"),
    include_str!("../defaults/server.toml"),
    include_str!("../defaults/gateway.toml"),
    include_str!("../defaults/waf.toml"),
    include_str!("../defaults/auth.toml"),
    include_str!("../defaults/chat.toml"),
    include_str!("../defaults/notifications.toml"),
    include_str!("../defaults/peers.toml"),
    include_str!("../defaults/payments.toml"),
    include_str!("../defaults/users.toml"),
);

/// Where a configuration is read from. The default reads nothing but the embedded file,
/// which is what tests want.
#[derive(Debug, Clone, Default)]
pub struct LoadOptions {
    /// The file given by `--config`; it must exist.
    pub file: Option<PathBuf>,
    /// The environment given by `--environment`.
    pub environment: Option<String>,
    /// The directory in which `marquis.toml` (unless `file` is given) and the `.env` files
    /// are looked for; `None` looks nowhere.
    pub directory: Option<PathBuf>,
    /// Environment variables; those that do not concern Marquis are ignored.
    pub variables: Vec<(String, String)>,
    /// Names of environment variables of Marquis whose values are not UTF-8.
    pub unreadable_variables: Vec<String>,
    /// Values given by other options of the command line; they win over everything.
    pub overrides: Vec<Override>,
}

/// A value given by an option of the command line.
#[derive(Debug, Clone)]
pub struct Override {
    /// The dotted key, `data_dir`.
    pub key: String,
    /// The value, written as in an environment variable.
    pub value: String,
    /// The option as the user knows it, `--data-dir`.
    pub option: String,
}

impl LoadOptions {
    /// The sources of a real start: the process's environment and the current directory.
    #[must_use]
    pub fn from_process(file: Option<PathBuf>, environment: Option<String>) -> Self {
        let mut options =
            Self { file, environment, directory: Some(PathBuf::new()), ..Self::default() };
        for (name, value) in std::env::vars_os() {
            match (name.into_string(), value.into_string()) {
                (Ok(name), Ok(value)) => options.variables.push((name, value)),
                (Ok(name), Err(_)) if name.starts_with("MARQUIS_") => {
                    options.unreadable_variables.push(name);
                }
                _ => {}
            }
        }
        options.variables.sort();
        options
    }

    /// The same with the value at `key` given by the command line's `option`.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<String>, option: &str) -> Self {
        self.overrides.push(Override {
            key: key.to_owned(),
            value: value.into(),
            option: option.to_owned(),
        });
        self
    }
}

/// Where the values of a [`Config`] came from.
#[derive(Debug, Clone, Default)]
pub(crate) struct Provenance {
    pub(crate) origins: BTreeMap<String, Origin>,
    pub(crate) files: Vec<PathBuf>,
}

/// The shape of the configuration and the defaults of each environment.
pub(crate) struct Defaults {
    pub(crate) shape: Shape,
    when: Table,
}

impl Defaults {
    pub(crate) fn embedded() -> Result<Self, ConfigErrors> {
        Self::of(DEFAULT_TOML)
    }

    fn of(text: &str) -> Result<Self, ConfigErrors> {
        let (mut table, errors) = tree::parse(text, &|_| Origin::Default);
        let mut problems: Vec<Problem> = errors
            .into_iter()
            .map(|error| Problem {
                key: String::new(),
                source: format!("default file, line {}", error.line),
                what: error.message,
                remedy: String::new(),
            })
            .collect();
        let when = match table.remove("when").map(|node| node.value) {
            Some(Value::Table(when)) => when,
            _ => Table::new(),
        };
        let shape = Shape::of_table(table);
        for environment in Environment::ALL {
            if let Some(Node { value: Value::Table(table), .. }) = when.get(environment.as_str()) {
                shape.check_table(table.clone(), "", &UnknownKeys::new(&shape), &mut problems);
            }
        }
        if problems.is_empty() { Ok(Self { shape, when }) } else { Err(ConfigErrors(problems)) }
    }

    /// The defaults that hold in an environment.
    fn values(&self, environment: Environment) -> Table {
        let Value::Table(mut table) = self.shape.default_value().value else {
            return Table::new();
        };
        if let Some(Node { value: Value::Table(over), .. }) = self.when.get(environment.as_str()) {
            layers::merge(&mut table, over.clone());
        }
        table
    }
}

/// Reads all sources and reports every problem of all of them.
pub(crate) fn load(options: &LoadOptions) -> Result<Config, ConfigErrors> {
    let defaults = Defaults::embedded()?;
    let shape = &defaults.shape;
    let unknown = UnknownKeys::new(shape);
    let mut problems = Vec::new();
    let mut files = Vec::new();

    let in_directory = |name: &str| options.directory.as_ref().map(|dir| dir.join(name));
    let path = options.file.clone().or_else(|| in_directory("marquis.toml"));
    let mut file = path.and_then(|path| {
        let table = layers::toml_file(&path, options.file.is_some(), &mut problems)?;
        files.push(path);
        Some(table)
    });
    let mut read_dotenv = |name: &str, problems: &mut Vec<Problem>| {
        let path = in_directory(name)?;
        let variables = layers::dotenv_file(&path, problems)?;
        files.push(path);
        Some(variables)
    };
    let shared_dotenv = read_dotenv(".env", &mut problems).unwrap_or_default();
    let process: Vec<Variable> = options
        .variables
        .iter()
        .map(|(name, value)| Variable {
            name: name.clone(),
            value: value.clone(),
            origin: Origin::Variable(name.clone()),
        })
        .collect();

    let (environment, chosen_by) =
        selection::choose(options, &process, &shared_dotenv, file.as_ref(), &mut problems);
    let dotenv = read_dotenv(&format!(".env.{environment}"), &mut problems).unwrap_or_default();

    let mut given = Vec::new();
    if let Some(file) = &mut file {
        let conditional = selection::take_when(file, environment, shape, &mut problems);
        given.push(std::mem::take(file));
        given.extend(conditional);
    }
    for variables in [&shared_dotenv, &dotenv, &process] {
        given.push(layers::variables(variables, shape, &mut problems));
    }
    given.push(overrides(&options.overrides, shape, &mut problems));
    for name in &options.unreadable_variables {
        problems.push(Problem {
            key: String::new(),
            source: Origin::Variable(name.clone()).to_string(),
            what: "is not UTF-8".to_owned(),
            remedy: "correct or unset it".to_owned(),
        });
    }

    let mut root = defaults.values(environment);
    for mut layer in given {
        layers::secret_files(&mut layer, shape, "", environment, &mut files, &mut problems);
        let layer = shape.check_table(layer, "", &unknown, &mut problems);
        layers::merge(&mut root, layer);
    }
    selection::settle(&mut root, environment, chosen_by, &mut problems);
    let mut node = Node::new(Value::Table(root), Origin::Default);
    shape.complete(&mut node);
    let Value::Table(mut root) = node.value else { return Err(ConfigErrors(problems)) };

    let mut origins = BTreeMap::new();
    for (name, node) in &root {
        node.collect_origins(name, &mut origins);
    }
    let mut problems = Problems { list: problems, origins };
    let config = fit(&mut root, shape, &mut problems);
    if let Some(config) = &config {
        config.validate(&mut problems);
    }
    match config {
        Some(mut config) if problems.list.is_empty() => {
            config.provenance = Provenance { origins: problems.origins, files };
            Ok(config)
        }
        _ => Err(ConfigErrors(problems.list)),
    }
}

fn overrides(given: &[Override], shape: &Shape, problems: &mut Vec<Problem>) -> Table {
    let variables: Vec<Variable> = given
        .iter()
        .map(|one| Variable {
            name: crate::schema::variable_name(&one.key),
            value: one.value.clone(),
            origin: Origin::CommandLine(one.option.clone()),
        })
        .collect();
    layers::variables(&variables, shape, problems)
}

/// Reads the typed configuration. A value that does not fit is reported and replaced by its
/// default, so that the next one is found as well.
fn fit(root: &mut Table, shape: &Shape, problems: &mut Problems) -> Option<Config> {
    let mut replaced = BTreeSet::new();
    loop {
        let (key, message) = match tree::deserialize(root) {
            Ok(config) => return Some(config),
            Err(error) => error,
        };
        let (what, remedy) = in_plain_words(&message);
        problems.reject(&key, what, remedy);
        let default = shape.at(&key).map(Shape::default_value)?;
        let node = tree::lookup_mut(root, &key)?;
        if !replaced.insert(key) {
            return None;
        }
        *node = default;
    }
}

/// Serde's message without Rust's names of types.
fn in_plain_words(message: &str) -> (String, String) {
    let bounds = [
        ("u8", "0 and 255"),
        ("u16", "0 and 65535"),
        ("u32", "0 and 4294967295"),
        ("u64", "0 and 9223372036854775807"),
        ("usize", "0 and 9223372036854775807"),
        ("a nonzero u16", "1 and 65535"),
        ("a nonzero u32", "1 and 4294967295"),
    ];
    if let Some(expected) = message.strip_prefix("invalid value: integer ")
        && let Some((_, of)) = bounds.iter().find(|(name, _)| {
            expected.rsplit_once(", expected ").is_some_and(|(_, expected)| expected == *name)
        })
    {
        return (format!("must be between {of}"), String::new());
    }
    if let Some(expected) = message.strip_prefix("unknown variant ")
        && let Some((_, expected)) = expected.split_once(", expected ")
    {
        let expected = expected.trim_start_matches("one of ").replace('`', "\"");
        return ("is none of the possible values".to_owned(), format!("write {expected}"));
    }
    (format!("cannot be used: {message}"), String::new())
}
