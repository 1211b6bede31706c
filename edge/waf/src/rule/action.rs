//! Actions with their checked values.

use std::ops::RangeInclusive;

use super::{Context, Result, ctl::ctl, target::Target, template::Template, variable::Variable};
use crate::{
    seclang::{ActionSpec, AuditEngine, EngineMode, Position, SourceError, XmlArguments},
    transform::Transformation,
};

/// The request body processors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyProcessor {
    Urlencoded,
    Multipart,
    Json,
    Xml,
}

impl BodyProcessor {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Urlencoded => "URLENCODED",
            Self::Multipart => "MULTIPART",
            Self::Json => "JSON",
            Self::Xml => "XML",
        }
    }
}

/// A member of TX or of a persistent collection.
#[derive(Clone, Debug)]
pub(crate) enum Member {
    Slot(u32),
    Named(Template),
}

/// What `setvar` does.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    Set(Template),
    Add(Template),
    Subtract(Template),
    Unset,
}

/// One `setvar`.
#[derive(Clone, Debug)]
pub(crate) struct SetVar {
    pub(crate) collection: Variable,
    pub(crate) member: Member,
    pub(crate) change: Change,
}

/// Which rules a run-time exclusion concerns; resolved to rules when all are known.
#[derive(Clone, Debug)]
pub(crate) enum RuleSelector {
    Ids(Vec<RangeInclusive<u64>>),
    Tag(String),
    Message(String),
}

/// One `ctl`.
#[derive(Clone, Debug)]
pub(crate) enum Ctl {
    RuleEngine(EngineMode),
    AuditEngine(AuditEngine),
    /// Added and removed parts; `None` first: the parts are replaced.
    AuditLogParts(char, String),
    BodyProcessor(BodyProcessor),
    RequestBodyAccess(bool),
    ForceRequestBody(bool),
    XmlArguments(XmlArguments),
    ResponseBodyAccess(bool),
    Remove(RuleSelector),
    RemoveTarget(RuleSelector, Target),
}

/// How far `allow` reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AllowScope {
    /// All phases but logging.
    All,
    /// The current phase.
    Phase,
    /// The request phases.
    Request,
}

/// The disruptive action.
#[derive(Clone, Debug)]
pub(crate) enum Disruptive {
    Pass,
    Block,
    Deny,
    Drop,
    Allow(AllowScope),
    Redirect(Template),
}

/// What must not appear in the audit event.
#[derive(Clone, Debug)]
pub(crate) enum Sanitise {
    /// What the rule matched.
    Matched,
    /// A member of the collection.
    Member(Variable, Template),
}

/// Everything a rule does.
#[derive(Clone, Debug, Default)]
pub(crate) struct Actions {
    pub(crate) id: Option<u64>,
    pub(crate) phase: Option<u8>,
    pub(crate) chain: bool,
    pub(crate) capture: bool,
    pub(crate) multi_match: bool,
    pub(crate) log: Option<bool>,
    pub(crate) audit: Option<bool>,
    pub(crate) transformations: Vec<Transformation>,
    /// `t:none` was among the transformations: the defaults are dropped.
    pub(crate) transformations_reset: bool,
    pub(crate) disruptive: Option<Disruptive>,
    pub(crate) status: Option<u16>,
    pub(crate) skip: u32,
    pub(crate) skip_after: Option<String>,
    pub(crate) msg: Option<Template>,
    /// The message as written, for `...ByMsg`.
    pub(crate) msg_text: Option<String>,
    pub(crate) logdata: Option<Template>,
    pub(crate) severity: Option<u8>,
    pub(crate) tags: Vec<Template>,
    pub(crate) tag_texts: Vec<String>,
    pub(crate) rev: Option<String>,
    pub(crate) ver: Option<String>,
    pub(crate) maturity: Option<u8>,
    pub(crate) accuracy: Option<u8>,
    pub(crate) set_vars: Vec<SetVar>,
    pub(crate) expire_vars: Vec<(Variable, Member, Template)>,
    /// Members that lose the amount every so many seconds without a change.
    pub(crate) deprecate_vars: Vec<(Variable, Member, i64, u64)>,
    pub(crate) init_collections: Vec<(Variable, Template)>,
    pub(crate) set_envs: Vec<(Template, Template)>,
    pub(crate) sanitise: Vec<Sanitise>,
    pub(crate) ctls: Vec<Ctl>,
}

impl Actions {
    pub(crate) fn new(specs: &[ActionSpec], context: &mut Context) -> Result<Self> {
        let mut actions = Self::default();
        for spec in specs {
            actions.add(spec, context)?;
        }
        Ok(actions)
    }

    /// Adds one action; what may stand once replaces what stood before.
    pub(crate) fn add(&mut self, spec: &ActionSpec, context: &mut Context) -> Result<()> {
        let at = &spec.at;
        let refused = |message: String| SourceError::new(at.clone(), message);
        let value = || {
            spec.value
                .as_deref()
                .ok_or_else(|| refused(format!("the action {} takes a value", spec.name)))
        };
        let template = |context: &mut Context| Template::new(value()?, at, context);
        match spec.name.as_str() {
            "id" => self.id = Some(number(value()?, at)?),
            "phase" => self.phase = Some(phase(value()?, at)?),
            "chain" => self.chain = true,
            "capture" => self.capture = true,
            "multimatch" => self.multi_match = true,
            "log" => {
                self.log = Some(true);
                self.audit = Some(true);
            }
            "nolog" => {
                self.log = Some(false);
                self.audit = Some(false);
            }
            "auditlog" => self.audit = Some(true),
            "noauditlog" => self.audit = Some(false),
            "t" => self.transformation(value()?, at)?,
            "pass" => self.disruptive = Some(Disruptive::Pass),
            "block" => self.disruptive = Some(Disruptive::Block),
            "deny" => self.disruptive = Some(Disruptive::Deny),
            "drop" => self.disruptive = Some(Disruptive::Drop),
            "allow" => {
                self.disruptive = Some(Disruptive::Allow(match spec.value.as_deref() {
                    None | Some("") => AllowScope::All,
                    Some("phase") => AllowScope::Phase,
                    Some("request") => AllowScope::Request,
                    Some(other) => {
                        return Err(refused(format!(
                            "allow takes phase or request, not {other:?}"
                        )));
                    }
                }));
            }
            "redirect" => self.disruptive = Some(Disruptive::Redirect(template(context)?)),
            "status" => {
                let status = number(value()?, at)?;
                if !(100..=599).contains(&status) {
                    return Err(refused(format!("{status} is not a status (100 to 599)")));
                }
                self.status = Some(status);
            }
            "skip" => self.skip = number(value()?, at)?,
            "skipafter" => self.skip_after = Some(value()?.to_owned()),
            "msg" => {
                self.msg = Some(template(context)?);
                self.msg_text = Some(value()?.to_owned());
            }
            "logdata" => self.logdata = Some(template(context)?),
            "severity" => {
                self.severity = Some(severity(value()?).ok_or_else(|| {
                    refused(format!(
                        "{:?} is not a severity (0 to 7 or its name)",
                        spec.value.as_deref().unwrap_or_default()
                    ))
                })?);
            }
            "tag" => {
                self.tags.push(template(context)?);
                self.tag_texts.push(value()?.to_owned());
            }
            "rev" => self.rev = Some(value()?.to_owned()),
            "ver" => self.ver = Some(value()?.to_owned()),
            "maturity" => self.maturity = Some(number(value()?, at)?),
            "accuracy" => self.accuracy = Some(number(value()?, at)?),
            "setvar" => self.set_vars.push(set_var(value()?, at, context)?),
            "expirevar" => {
                let (collection, member, lifetime) = assignment(value()?, at, context)?;
                let lifetime = lifetime.unwrap_or("3600");
                self.expire_vars.push((collection, member, Template::new(lifetime, at, context)?));
            }
            "initcol" => {
                let (name, key) = value()?
                    .split_once('=')
                    .ok_or_else(|| refused("initcol is written collection=key".into()))?;
                let collection = persistent(name.trim(), at)?;
                self.init_collections.push((collection, Template::new(key, at, context)?));
            }
            "setsid" => self.init_collections.push((Variable::Session, template(context)?)),
            "setuid" => self.init_collections.push((Variable::User, template(context)?)),
            "setrsc" => self.init_collections.push((Variable::Resource, template(context)?)),
            "ctl" => self.ctls.extend(ctl(value()?, at, context)?),
            "deprecatevar" => {
                let (collection, member, rate) = assignment(value()?, at, context)?;
                let rate = rate.and_then(|rate| {
                    let (amount, period) = rate.split_once('/')?;
                    let period = period.trim().parse().ok().filter(|&seconds| seconds > 0)?;
                    Some((amount.trim().parse().ok()?, period))
                });
                let Some((amount, period)) = rate else {
                    return Err(refused(
                        "deprecatevar is written collection.member=amount/seconds".into(),
                    ));
                };
                self.deprecate_vars.push((collection, member, amount, period));
            }
            "setenv" => {
                let (name, text) = value()?.split_once('=').unwrap_or((value()?, ""));
                let name = Template::new(name.trim(), at, context)?;
                self.set_envs.push((name, Template::new(text, at, context)?));
            }
            "sanitisematched"
            | "sanitizematched"
            | "sanitisematchedbytes"
            | "sanitizematchedbytes" => self.sanitise.push(Sanitise::Matched),
            "sanitisearg" | "sanitizearg" => {
                self.sanitise.push(Sanitise::Member(Variable::Args, template(context)?));
            }
            "sanitiserequestheader" | "sanitizerequestheader" => {
                self.sanitise.push(Sanitise::Member(Variable::RequestHeaders, template(context)?));
            }
            "sanitiseresponseheader" | "sanitizeresponseheader" => {
                self.sanitise.push(Sanitise::Member(Variable::ResponseHeaders, template(context)?));
            }
            // Prefixes in paths are matched as they are written.
            "xmlns" => {
                let well_formed = value()?.split_once('=').is_some_and(|(prefix, name)| {
                    !prefix.is_empty() && name.trim_matches('\'').starts_with("http://")
                });
                if !well_formed {
                    return Err(refused("xmlns is written prefix='http://...'".into()));
                }
            }
            // A server that waits serves its attackers.
            "pause" => {}
            "exec" | "proxy" | "append" | "prepend" => {
                return Err(refused(format!("the action {} is not supported", spec.name)));
            }
            other => return Err(refused(format!("unknown action {other}"))),
        }
        Ok(())
    }

    fn transformation(&mut self, name: &str, at: &Position) -> Result<()> {
        if name.eq_ignore_ascii_case("none") {
            self.transformations.clear();
            self.transformations_reset = true;
            return Ok(());
        }
        let transformation = Transformation::from_name(name).ok_or_else(|| {
            SourceError::new(at.clone(), format!("unknown transformation t:{name}"))
        })?;
        self.transformations.push(transformation);
        Ok(())
    }
}

fn number<T: std::str::FromStr>(text: &str, at: &Position) -> Result<T>
where
    T::Err: std::error::Error + Send + Sync + 'static,
{
    text.trim().parse().map_err(|e: T::Err| {
        SourceError::new(at.clone(), format!("a number is expected, not {text:?}")).caused_by(e)
    })
}

fn phase(text: &str, at: &Position) -> Result<u8> {
    match text.to_ascii_lowercase().as_str() {
        "1" => Ok(1),
        "2" | "request" => Ok(2),
        "3" => Ok(3),
        "4" | "response" => Ok(4),
        "5" | "logging" => Ok(5),
        other => Err(SourceError::new(
            at.clone(),
            format!("a phase from 1 to 5 is expected, not {other:?}"),
        )),
    }
}

/// Names of the severities, by number.
pub(crate) const SEVERITIES: [&str; 8] =
    ["EMERGENCY", "ALERT", "CRITICAL", "ERROR", "WARNING", "NOTICE", "INFO", "DEBUG"];

fn severity(text: &str) -> Option<u8> {
    let index = match text.trim().parse::<usize>() {
        Ok(number) => number,
        Err(_) => SEVERITIES.iter().position(|name| name.eq_ignore_ascii_case(text.trim()))?,
    };
    u8::try_from(index).ok().filter(|&number| number < 8)
}

fn set_var(text: &str, at: &Position, context: &mut Context) -> Result<SetVar> {
    if let Some(name) = text.trim().strip_prefix('!') {
        let (collection, member, _) = assignment(name, at, context)?;
        return Ok(SetVar { collection, member, change: Change::Unset });
    }
    let (collection, member, value) = assignment(text, at, context)?;
    let change = match value {
        None => Change::Set(Template::new("1", at, context)?),
        Some(value) => match value.as_bytes().first() {
            Some(b'+') => Change::Add(Template::new(&value[1..], at, context)?),
            Some(b'-') => Change::Subtract(Template::new(&value[1..], at, context)?),
            _ => Change::Set(Template::new(value, at, context)?),
        },
    };
    Ok(SetVar { collection, member, change })
}

/// `collection.member=value`; a macro in the member may contain dots and equals signs.
fn assignment<'a>(
    text: &'a str,
    at: &Position,
    context: &mut Context,
) -> Result<(Variable, Member, Option<&'a str>)> {
    let refused = |message: String| SourceError::new(at.clone(), message);
    let text = text.trim();
    let split = text
        .find(['.', ':'])
        .ok_or_else(|| refused(format!("{text:?} names no member of a collection")))?;
    let collection = match &text[..split] {
        name if name.eq_ignore_ascii_case("tx") => Variable::Tx,
        name => persistent(name, at)?,
    };
    let rest = &text[split + 1..];
    let mut depth = 0;
    let equals = rest.char_indices().find_map(|(index, c)| {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            '=' if depth == 0 => return Some(index),
            _ => {}
        }
        None
    });
    let (name, value) = match equals {
        Some(index) => (&rest[..index], Some(&rest[index + 1..])),
        None => (rest, None),
    };
    let template = Template::new(name.trim(), at, context)?;
    let member = match template.constant() {
        Some(b"") => return Err(refused(format!("{text:?} names no member of a collection"))),
        Some(_) if collection == Variable::Tx => Member::Slot(context.tx.slot(name.trim())),
        _ => Member::Named(template),
    };
    Ok((collection, member, value))
}

fn persistent(name: &str, at: &Position) -> Result<Variable> {
    Variable::from_name(&name.to_ascii_uppercase())
        .filter(|variable| variable.is_persistent())
        .ok_or_else(|| {
            SourceError::new(
                at.clone(),
                format!("{name:?} is not a collection that can be written"),
            )
        })
}
