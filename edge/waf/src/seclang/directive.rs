//! `SecRule` and `SecAction` as written, before any meaning is given to their parts.

use super::{
    actions::{self, ActionSpec},
    lexer::{Statement, Token},
    position::{Position, SourceError},
    targets::{self, TargetSpec},
};

/// The second argument of `SecRule`.
#[derive(Clone, Debug)]
pub struct OperatorSpec {
    /// `!` before the operator.
    pub negated: bool,
    /// The operator's name in lower case, without `@`; `rx` where none is written.
    pub name: String,
    /// The rest, unescaped as the lexer leaves it.
    pub argument: String,
    /// Where the operator stands.
    pub at: Position,
}

/// One `SecRule`, or one `SecAction` (no targets and no operator).
#[derive(Clone, Debug)]
pub struct RuleSpec {
    /// What is inspected; empty for `SecAction`.
    pub targets: Vec<TargetSpec>,
    /// How; `None` for `SecAction`.
    pub operator: Option<OperatorSpec>,
    /// What is done.
    pub actions: Vec<ActionSpec>,
    /// Where the directive stands.
    pub at: Position,
}

pub(crate) fn rule(statement: &Statement) -> Result<RuleSpec, SourceError> {
    let (targets, operator, actions) = match statement.arguments.as_slice() {
        [targets, operator] => (targets, operator, None),
        [targets, operator, actions] => (targets, operator, Some(actions)),
        other => {
            return Err(statement.name.error(
                0,
                format!(
                    "SecRule takes targets, an operator and actions; {} arguments stand here",
                    other.len()
                ),
            ));
        }
    };
    Ok(RuleSpec {
        targets: targets::parse(targets)?,
        operator: Some(operator_spec(operator)?),
        actions: actions.map(actions::parse).transpose()?.unwrap_or_default(),
        at: statement.name.position(0),
    })
}

pub(crate) fn action(statement: &Statement) -> Result<RuleSpec, SourceError> {
    let [token] = statement.arguments.as_slice() else {
        return Err(statement
            .name
            .error(0, format!("{} takes one list of actions", statement.name.text)));
    };
    Ok(RuleSpec {
        targets: Vec::new(),
        operator: None,
        actions: actions::parse(token)?,
        at: statement.name.position(0),
    })
}

fn operator_spec(token: &Token) -> Result<OperatorSpec, SourceError> {
    let text = token.text.as_str();
    let (negated, rest) = match text.strip_prefix('!') {
        Some(rest) => (true, rest.trim_start()),
        None => (false, text),
    };
    let (name, argument) = match rest.strip_prefix('@') {
        None => ("rx", rest),
        Some(named) => {
            let end = named.find(|c: char| c.is_ascii_whitespace()).unwrap_or(named.len());
            (&named[..end], named[end..].trim_start())
        }
    };
    if name.is_empty() {
        return Err(token.error(0, "an operator name is expected after @"));
    }
    Ok(OperatorSpec {
        negated,
        name: name.to_ascii_lowercase(),
        argument: argument.to_owned(),
        at: token.position(0),
    })
}
