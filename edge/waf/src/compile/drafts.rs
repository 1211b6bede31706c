//! From directives to rules: chains joined, defaults and updates applied.

use std::collections::{HashMap, HashSet};

use crate::{
    rule::{
        Context, Result,
        action::{Actions, Disruptive},
        operator::Operator,
        target::Target,
    },
    seclang::{
        Document, Element, Position, RuleSpec, SelectorSpec, SourceError, TargetMode, TargetSpec,
        Update, UpdateKind, UpdateSelector,
    },
};

/// One link before it is compiled.
#[derive(Debug)]
pub(crate) struct DraftLink {
    pub(crate) targets: Vec<Target>,
    pub(crate) operator: Operator,
    pub(crate) negated: bool,
    pub(crate) actions: Actions,
}

/// One rule before it is compiled.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) id: u64,
    pub(crate) phase: u8,
    pub(crate) at: Position,
    pub(crate) links: Vec<DraftLink>,
}

/// Rules in order, and for every label the steps of each phase it stands before.
#[derive(Debug)]
pub(crate) struct Drafts {
    pub(crate) rules: Vec<Draft>,
    pub(crate) markers: HashMap<String, Vec<[usize; 5]>>,
}

/// Builds all rules of a document.
pub(crate) fn collect(
    document: &Document,
    context: &mut Context,
    warnings: &mut Vec<String>,
) -> Result<Drafts> {
    let defaults = defaults(document, context, warnings)?;
    let mut rules: Vec<Draft> = Vec::new();
    let mut markers: HashMap<String, Vec<[usize; 5]>> = HashMap::new();
    let mut counts = [0_usize; 5];
    let mut seen: HashMap<u64, Position> = HashMap::new();
    let mut used = HashSet::new();
    let mut elements = document.elements.iter();
    while let Some(element) = elements.next() {
        let head = match element {
            Element::Marker(name) => {
                markers.entry(name.clone()).or_default().push(counts);
                continue;
            }
            Element::Rule(head) => head,
        };
        let mut specs = vec![head];
        while specs.last().is_some_and(|spec| spec.actions.iter().any(|a| a.name == "chain")) {
            match elements.next() {
                Some(Element::Rule(next)) => specs.push(next),
                _ => {
                    return Err(SourceError::new(
                        head.at.clone(),
                        "the chain is not continued by a rule",
                    ));
                }
            }
        }
        let Some(draft) = rule(&specs, document, &defaults, context, warnings, &mut used)? else {
            continue;
        };
        if draft.id != 0
            && let Some(first) = seen.insert(draft.id, draft.at.clone())
        {
            return Err(SourceError::new(
                draft.at,
                format!("the rule id {} is already used at {first}", draft.id),
            ));
        }
        counts[usize::from(draft.phase - 1)] += 1;
        rules.push(draft);
    }
    for (index, update) in document.updates.iter().enumerate() {
        if !used.contains(&index) {
            warnings.push(format!("{}: no rule is concerned", update.at));
        }
    }
    Ok(Drafts { rules, markers })
}

fn defaults(
    document: &Document,
    context: &mut Context,
    warnings: &mut Vec<String>,
) -> Result<[Actions; 5]> {
    let mut all: [Actions; 5] = Default::default();
    let mut given = [false; 5];
    for (at, specs) in &document.defaults {
        let (block, others): (Vec<_>, Vec<_>) =
            specs.iter().cloned().partition(|action| action.name == "block");
        let actions = Actions::new(&others, context)?;
        if !block.is_empty() {
            if actions.disruptive.is_none() {
                return Err(SourceError::new(at.clone(), "block alone cannot be a default action"));
            }
            warnings.push(format!("{at}: block has no meaning among default actions"));
        }
        let unsuitable = actions.id.is_some() || actions.chain || actions.msg.is_some();
        if unsuitable || actions.transformations_reset {
            return Err(SourceError::new(
                at.clone(),
                "id, chain, msg and t:none cannot be default actions",
            ));
        }
        let phase = usize::from(actions.phase.unwrap_or(2) - 1);
        if std::mem::replace(&mut given[phase], true) {
            return Err(SourceError::new(
                at.clone(),
                format!("the default actions of phase {} are already given", phase + 1),
            ));
        }
        all[phase] = actions;
    }
    Ok(all)
}

fn concerns(update: &Update, id: u64, head: &Actions) -> bool {
    match &update.selector {
        UpdateSelector::Id(ranges) => ranges.iter().any(|range| range.contains(&id)),
        UpdateSelector::Tag(tag) => head.tag_texts.contains(tag),
        UpdateSelector::Message(text) => head.msg_text.as_ref() == Some(text),
    }
}

fn takes_names(target: &TargetSpec) -> bool {
    target.mode == TargetMode::Exclude
        && target.variable == "ARGS"
        && matches!(target.selector, SelectorSpec::Pattern(_))
}

fn rule(
    specs: &[&RuleSpec],
    document: &Document,
    defaults: &[Actions; 5],
    context: &mut Context,
    warnings: &mut Vec<String>,
    used: &mut HashSet<usize>,
) -> Result<Option<Draft>> {
    let at = specs[0].at.clone();
    let mut parsed = specs
        .iter()
        .map(|spec| Actions::new(&spec.actions, context))
        .collect::<Result<Vec<_>>>()?;
    // An unconditional action may go without, which is written 0 in logs.
    let id = match parsed[0].id {
        Some(id) => id,
        None if specs[0].operator.is_none() => 0,
        None => return Err(SourceError::new(at, "the rule has no id")),
    };
    let mut added: Vec<TargetSpec> = Vec::new();
    for (index, update) in document.updates.iter().enumerate() {
        if !concerns(update, id, &parsed[0]) {
            continue;
        }
        used.insert(index);
        match &update.kind {
            UpdateKind::Remove => return Ok(None),
            UpdateKind::Targets(targets) => {
                added.extend(targets.iter().cloned());
                // Arguments taken out by an expression take their names with them.
                added.extend(
                    targets.iter().filter(|target| takes_names(target)).map(|target| TargetSpec {
                        variable: "ARGS_NAMES".into(),
                        ..target.clone()
                    }),
                );
            }
            UpdateKind::Actions(offset, actions) => {
                let link = parsed.get_mut(*offset).ok_or_else(|| {
                    SourceError::new(
                        update.at.clone(),
                        format!("the chain of rule {id} is not that long"),
                    )
                })?;
                for action in actions {
                    if matches!(action.name.as_str(), "id" | "phase" | "chain") {
                        return Err(SourceError::new(
                            action.at.clone(),
                            "id, phase and chain cannot be updated",
                        ));
                    }
                    link.add(action, context)?;
                }
            }
        }
    }
    // A chain is answered with the status of its first link that names one.
    parsed[0].status = parsed.iter().find_map(|actions| actions.status);
    let phase = parsed[0].phase.unwrap_or(2);
    let default = &defaults[usize::from(phase - 1)];
    let mut links = Vec::new();
    for (index, (spec, mut actions)) in specs.iter().zip(parsed).enumerate() {
        inherit(&mut actions, default, index == 0);
        let mut specs = spec.targets.clone();
        if index == 0 && spec.operator.is_some() {
            specs.extend(added.iter().cloned());
        }
        let targets =
            specs.iter().map(|target| Target::new(target, context)).collect::<Result<Vec<_>>>()?;
        if !targets.is_empty() && targets.iter().all(|target| target.mode == TargetMode::Exclude) {
            warnings.push(format!("{}: rule {id} excludes everything it inspects", spec.at));
        }
        let (operator, negated) = match &spec.operator {
            None => (Operator::Always, false),
            Some(operator) => {
                if Operator::is_unsupported_lookup(operator) {
                    warnings.push(format!(
                        "{}: @{} never matches in rule {id}: no lookups are made",
                        operator.at, operator.name
                    ));
                }
                (Operator::new(operator, context)?, operator.negated)
            }
        };
        links.push(DraftLink { targets, operator, negated, actions });
    }
    Ok(Some(Draft { id, phase, at, links }))
}

/// Fills in what the phase's default actions say and the rule does not.
fn inherit(actions: &mut Actions, default: &Actions, head: bool) {
    if !actions.transformations_reset && !default.transformations.is_empty() {
        let own = std::mem::take(&mut actions.transformations);
        actions.transformations = default.transformations.iter().copied().chain(own).collect();
    }
    if !head {
        return;
    }
    if matches!(actions.disruptive, None | Some(Disruptive::Block)) {
        let block = matches!(actions.disruptive, Some(Disruptive::Block));
        if block || actions.disruptive.is_none() {
            actions.disruptive.clone_from(&default.disruptive);
            if actions.status.is_none() {
                actions.status = default.status;
            }
        }
    }
    actions.log = actions.log.or(default.log);
    actions.audit = actions.audit.or(default.audit);
}
