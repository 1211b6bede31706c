//! The `ctl` action.

use super::{
    Context, Result,
    action::{BodyProcessor, Ctl, RuleSelector},
    target::Target,
};
use crate::seclang::{
    Position, SelectorSpec, SourceError, TargetMode, TargetSpec, parse_audit_engine,
    parse_engine_mode, parse_id_range, parse_xml_arguments,
};

pub(super) fn ctl(text: &str, at: &Position, context: &mut Context) -> Result<Option<Ctl>> {
    let refused = |message: String| SourceError::new(at.clone(), message);
    let (name, value) = text
        .split_once('=')
        .ok_or_else(|| refused(format!("ctl is written name=value, not {text:?}")))?;
    let value = value.trim();
    let switch = || match value.to_ascii_lowercase().as_str() {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err(refused(format!("On or Off is expected, not {value:?}"))),
    };
    let ids = |text: &str| -> Result<RuleSelector> {
        let ranges = text
            .split([' ', ','])
            .filter(|part| !part.is_empty())
            .map(|part| {
                parse_id_range(part)
                    .ok_or_else(|| refused(format!("{part:?} is not a rule id or a range of ids")))
            })
            .collect::<Result<Vec<_>>>()?;
        Ok(RuleSelector::Ids(ranges))
    };
    let pair = || {
        value.split_once(';').map(|(rules, target)| (rules.trim(), target.trim())).ok_or_else(
            || refused("a rule and a target are expected, with a semicolon between them".into()),
        )
    };
    Ok(Some(match name.trim().to_ascii_lowercase().as_str() {
        "ruleengine" => Ctl::RuleEngine(parse_engine_mode(value).ok_or_else(|| {
            refused(format!("On, Off or DetectionOnly is expected, not {value:?}"))
        })?),
        "auditengine" => Ctl::AuditEngine(parse_audit_engine(value).ok_or_else(|| {
            refused(format!("On, Off or RelevantOnly is expected, not {value:?}"))
        })?),
        "auditlogparts" => {
            let (sign, parts) = match value.chars().next() {
                Some(sign @ ('+' | '-')) => (sign, &value[1..]),
                _ => ('=', value),
            };
            Ctl::AuditLogParts(sign, parts.to_owned())
        }
        "requestbodyprocessor" => Ctl::BodyProcessor(match value.to_ascii_uppercase().as_str() {
            "URLENCODED" => BodyProcessor::Urlencoded,
            "MULTIPART" => BodyProcessor::Multipart,
            "JSON" => BodyProcessor::Json,
            "XML" => BodyProcessor::Xml,
            other => return Err(refused(format!("unknown request body processor {other}"))),
        }),
        "requestbodyaccess" => Ctl::RequestBodyAccess(switch()?),
        "responsebodyaccess" => Ctl::ResponseBodyAccess(switch()?),
        "forcerequestbodyvariable" => Ctl::ForceRequestBody(switch()?),
        "ruleremovebyid" => Ctl::Remove(ids(value)?),
        "ruleremovebytag" => Ctl::Remove(RuleSelector::Tag(value.to_owned())),
        "ruleremovebymsg" => Ctl::Remove(RuleSelector::Message(value.to_owned())),
        "ruleremovetargetbyid" => {
            let (rules, target) = pair()?;
            Ctl::RemoveTarget(ids(rules)?, ctl_target(target, at, context)?)
        }
        "ruleremovetargetbytag" => {
            let (rules, target) = pair()?;
            Ctl::RemoveTarget(RuleSelector::Tag(rules.to_owned()), ctl_target(target, at, context)?)
        }
        "ruleremovetargetbymsg" => {
            let (rules, target) = pair()?;
            Ctl::RemoveTarget(
                RuleSelector::Message(rules.to_owned()),
                ctl_target(target, at, context)?,
            )
        }
        "parsexmlintoargs" => {
            Ctl::XmlArguments(parse_xml_arguments(value).ok_or_else(|| {
                refused(format!("On, Off or OnlyArgs is expected, not {value:?}"))
            })?)
        }
        // Parts of ModSecurity this engine does not have.
        "debugloglevel" | "hashengine" | "hashenforcement" => return Ok(None),
        other => return Err(refused(format!("unknown ctl {other}"))),
    }))
}

fn ctl_target(text: &str, at: &Position, context: &mut Context) -> Result<Target> {
    let (name, selector) = match text.find([':', '.']) {
        None => (text, SelectorSpec::All),
        Some(split) => {
            let member = text[split + 1..].trim_matches('\'');
            let selector = match member.strip_prefix('/').and_then(|rest| rest.strip_suffix('/')) {
                Some(pattern) => SelectorSpec::Pattern(pattern.to_owned()),
                None => SelectorSpec::Key(member.to_owned()),
            };
            (&text[..split], selector)
        }
    };
    let spec = TargetSpec {
        variable: name.to_ascii_uppercase(),
        selector,
        mode: TargetMode::Exclude,
        at: at.clone(),
    };
    Target::new(&spec, context)
}
