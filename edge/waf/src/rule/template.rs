//! Texts with macros: `Matched: %{MATCHED_VAR} score %{tx.anomaly_score}`.

use super::{Context, Result, variable::Variable};
use crate::seclang::{Position, SourceError};

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
            parts.push(match (variable, member) {
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
