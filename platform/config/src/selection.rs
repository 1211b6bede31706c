//! Which environment an installation is, and which parts of a file hold in it.

use crate::environment::Environment;
use crate::layers::Variable;
use crate::load::LoadOptions;
use crate::problem::Problem;
use crate::schema::{Shape, UnknownKeys};
use crate::tree::{Node, Origin, Table, Value};

/// The environment by the strongest source that names one, and that source.
pub(crate) fn choose(
    options: &LoadOptions,
    process: &[Variable],
    dotenv: &[Variable],
    file: Option<&Table>,
    problems: &mut Vec<Problem>,
) -> (Environment, Origin) {
    let named = |variables: &[Variable]| {
        variables
            .iter()
            .rev()
            .filter(|one| matches!(&*one.name, "MARQUIS__ENVIRONMENT" | "MARQUIS_ENVIRONMENT"))
            .max_by_key(|one| one.name.len())
            .map(|one| (one.value.trim().to_owned(), one.origin.clone()))
    };
    let option = options.environment.clone();
    let chosen = option
        .map(|text| (text, Origin::CommandLine("--environment".to_owned())))
        .or_else(|| named(process))
        .or_else(|| named(dotenv))
        .or_else(|| match file?.get("environment")? {
            Node { value: Value::String(text), origin } => Some((text.clone(), origin.clone())),
            _ => None,
        });
    let Some((text, origin)) = chosen else { return (Environment::default(), Origin::Default) };
    match text.parse() {
        Ok(environment) => (environment, origin),
        Err(error) => {
            problems.push(Problem {
                key: "environment".to_owned(),
                source: origin.to_string(),
                what: format!("{error}"),
                remedy: "write \"dev\", \"test\" or \"prod\"".to_owned(),
            });
            (Environment::default(), origin)
        }
    }
}

/// Writes the environment that was chosen into the tree. A later source that names another
/// one contradicts itself: it may have been read only because of the first.
pub(crate) fn settle(
    root: &mut Table,
    environment: Environment,
    chosen_by: Origin,
    problems: &mut Vec<Problem>,
) {
    let Some(node) = root.get_mut("environment") else { return };
    if let (Value::String(text), Origin::Dotenv { .. }) = (&node.value, &node.origin)
        && text.trim() != environment.as_str()
        && !matches!(chosen_by, Origin::CommandLine(_))
        && !problems.iter().any(|known| known.key == "environment")
    {
        problems.push(Problem {
            key: "environment".to_owned(),
            source: node.origin.to_string(),
            what: format!("contradicts {chosen_by}, which chose {environment} and this file"),
            remedy: "remove it here".to_owned(),
        });
    }
    *node = Node::new(Value::String(environment.to_string()), chosen_by);
}

/// Takes `[when.<environment>]` out of a file's table and returns the part that holds now.
/// All parts are checked, so that a mistake does not wait for production.
pub(crate) fn take_when(
    file: &mut Table,
    environment: Environment,
    shape: &Shape,
    problems: &mut Vec<Problem>,
) -> Option<Table> {
    let node = file.remove("when")?;
    let Value::Table(parts) = node.value else {
        problems.push(Problem {
            key: "when".to_owned(),
            source: node.origin.to_string(),
            what: format!("must be a table, not {}", node.value.kind()),
            remedy: "write [when.prod.server]".to_owned(),
        });
        return None;
    };
    let unknown = UnknownKeys::new(shape);
    let mut now = None;
    for (name, part) in parts {
        let reject = |what: &str, remedy: &str| Problem {
            key: format!("when.{name}"),
            source: part.origin.to_string(),
            what: what.to_owned(),
            remedy: remedy.to_owned(),
        };
        let Ok(holds_in) = name.parse::<Environment>() else {
            problems.push(reject("names no environment", "use when.dev, when.test or when.prod"));
            continue;
        };
        let Value::Table(part_table) = part.value else {
            problems.push(reject("must be a table", "write [when.prod.server]"));
            continue;
        };
        if part_table.contains_key("environment") {
            problems.push(reject("cannot change the environment", "set `environment` at the top"));
        } else if holds_in == environment {
            now = Some(part_table);
        } else {
            // Its secret files belong to another machine and are not looked for here.
            let mut other = part_table;
            forget_secret_files(&mut other, shape);
            shape.check_table(other, "", &unknown, problems);
        }
    }
    now
}

fn forget_secret_files(table: &mut Table, shape: &Shape) {
    let Shape::Table(keys) = shape else { return };
    table.retain(|name, _| {
        keys.contains_key(name)
            || !name.strip_suffix("_file").is_some_and(|target| keys.contains_key(target))
    });
    for (name, node) in table {
        if let (Value::Table(inner), Some(shape)) = (&mut node.value, keys.get(name)) {
            forget_secret_files(inner, shape.required());
        }
    }
}
