//! Texts with macros: `Matched: %{MATCHED_VAR} score %{tx.anomaly_score}`.

use std::sync::Arc;

use super::{Context, Result, variable::Variable};
use crate::{
    pattern::Pattern,
    seclang::{Position, SourceError},
};

/// A text whose macros are expanded at run time.
#[derive(Clone, Debug, Default)]
pub(crate) struct Template {
    pub(crate) parts: Vec<Part>,
}

#[derive(Clone, Debug)]
pub(crate) enum Part {
    Text(Box<[u8]>),
    Tx(u32),
    Variable(Variable, Option<Box<[u8]>>),
    /// The first member whose name the expression finds.
    Selected(Variable, Arc<Pattern>),
}

impl Template {
    pub(crate) fn new(text: &str, at: &Position, context: &mut Context) -> Result<Self> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(begin) = rest.find("%{") {
            let Some(end) = rest[begin..].find('}').map(|end| begin + end) else {
                return Err(SourceError::new(
                    at.clone(),
                    format!("the macro in {text:?} does not end"),
                ));
            };
            push_text(&mut parts, &rest[..begin]);
            let inner = &rest[begin + 2..end];
            let (name, member) = match inner.find(['.', ':']) {
                Some(split) => (&inner[..split], Some(&inner[split + 1..])),
                None => (inner, None),
            };
            let variable = Variable::from_name(&name.to_ascii_uppercase()).ok_or_else(|| {
                SourceError::new(at.clone(), format!("unknown variable in the macro %{{{inner}}}"))
            })?;
            let expression = member
                .and_then(|member| member.strip_prefix('/')?.strip_suffix('/'))
                .filter(|_| variable.has_members());
            parts.push(match (variable, member) {
                _ if expression.is_some() => {
                    let compiled =
                        Pattern::new(expression.unwrap_or_default(), true, context.match_limit);
                    Part::Selected(
                        variable,
                        Arc::new(compiled.map_err(|e| {
                            SourceError::new(at.clone(), format!("the macro %{{{inner}}}: {e}"))
                                .caused_by(e)
                        })?),
                    )
                }
                (Variable::Tx, Some(member)) => Part::Tx(context.tx.slot(member)),
                _ => Part::Variable(variable, member.map(|m| m.as_bytes().into())),
            });
            rest = &rest[end + 1..];
        }
        push_text(&mut parts, rest);
        Ok(Self { parts })
    }

    /// The text, when it has no macro.
    pub(crate) fn constant(&self) -> Option<&[u8]> {
        match self.parts.as_slice() {
            [] => Some(b""),
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }
}

fn push_text(parts: &mut Vec<Part>, text: &str) {
    if !text.is_empty() {
        parts.push(Part::Text(text.as_bytes().into()));
    }
}
