//! From drafts to rules: target lists, chains and words registered once for all rules that
//! share them, labels and exclusions resolved to rules.

use std::collections::HashMap;

use super::{
    CompiledCtl, Gate, Link, Quick, Rule, RuleIndex, Step, TargetSet, Verdict,
    chains::Chains,
    classes::Classes,
    drafts::{self, Draft},
    fold::Fate,
    prefilter::{self, Prefilter},
};
use crate::{
    body::xml::Path,
    rule::{
        action::{Ctl, Disruptive, RuleSelector},
        operator::Operator,
        target::{Selector, Target},
        variable::{Shape, Variable},
    },
    seclang::TargetMode,
};

pub(super) fn xml_paths(sets: &[TargetSet], warnings: &mut Vec<String>) -> Vec<(Box<[u8]>, Path)> {
    let mut paths: Vec<(Box<[u8]>, Path)> = Vec::new();
    for target in sets.iter().flat_map(|set| &set.targets) {
        let Selector::Key(key) = &target.selector else {
            continue;
        };
        if target.variable != Variable::Xml || paths.iter().any(|(known, _)| known == key) {
            continue;
        }
        let text = String::from_utf8_lossy(key);
        match Path::parse(&text) {
            Some(path) => paths.push((key.clone(), path)),
            None => warnings
                .push(format!("XML:{text} selects nothing: this form of path is not supported")),
        }
    }
    paths
}

pub(super) fn group_masks(
    rules: &[Rule],
    groups: usize,
    prefilters: &[Prefilter; 2],
) -> [Vec<u64>; 2] {
    let mut masks = [0, 1].map(|direction: usize| vec![0; groups * prefilters[direction].width()]);
    for rule in rules {
        let direction = usize::from(rule.phase > 2);
        let width = prefilters[direction].width();
        for link in &rule.links {
            if let Some(probe) = link.probe {
                masks[direction][link.group as usize * width + probe as usize / 64] |=
                    1 << (probe % 64);
            }
        }
    }
    masks
}

/// The steps of a phase: its rules but those that need none, with jumps to match.
pub(super) fn steps_of(phase: &[RuleIndex], fates: &[Fate], rules: &mut [Rule]) -> Vec<Step> {
    let fate = |index: RuleIndex| fates[index as usize];
    let stays = |index: RuleIndex| !matches!(fate(index), Fate::Gone | Fate::Skipped);
    let mut places = Vec::with_capacity(phase.len());
    let mut place = 0;
    for &index in phase {
        places.push(place);
        place += usize::from(stays(index));
    }
    let mut steps = Vec::with_capacity(place);
    let mut follows_gone = false;
    for &index in phase {
        if !stays(index) {
            follows_gone |= fate(index) == Fate::Gone;
            continue;
        }
        let rule = &mut rules[index as usize];
        rule.jump = rule.jump.map(|target| places.get(target).copied().unwrap_or(usize::MAX));
        steps.push(step(index, rule, fate(index), std::mem::take(&mut follows_gone)));
    }
    steps
}

fn step(index: RuleIndex, rule: &Rule, fate: Fate, follows_gone: bool) -> Step {
    let head = &rule.links[0];
    let gate = match (head.quick, head.probe) {
        _ if fate == Fate::Jumps => Gate::Skip(rule.jump.unwrap_or(0)),
        (Some(quick), _) if rule.only_jumps() => Gate::Jump(quick, rule.jump.unwrap_or(0)),
        (Some(quick), _) => Gate::Quick(quick),
        (None, Some(probe)) if !head.multi_match => {
            Gate::Candidate { set: head.set, chain: head.chain, group: head.group, probe }
        }
        _ => Gate::Open,
    };
    Step { rule: index, follows_gone, gate }
}

/// Where `skipAfter` or `skip` leads: a step of the same phase, or its end.
pub(super) fn jump(
    draft: &Draft,
    step: usize,
    markers: &HashMap<String, Vec<[usize; 5]>>,
    warnings: &mut Vec<String>,
) -> Option<usize> {
    let actions = &draft.links[0].actions;
    let phase = usize::from(draft.phase - 1);
    let named = draft.links.iter().find_map(|link| link.actions.skip_after.as_deref());
    if let Some(name) = named {
        // Labels stand before the step they lead to.
        let target = markers
            .get(name)
            .and_then(|places| places.iter().map(|place| place[phase]).find(|&at| at > step));
        if target.is_none() {
            warnings.push(format!(
                "{}: rule {} skips the rest of phase {}: no SecMarker {name} follows it",
                draft.at, draft.id, draft.phase
            ));
        }
        return Some(target.unwrap_or(usize::MAX));
    }
    (actions.skip > 0).then(|| step + 1 + actions.skip as usize)
}

/// Rules by id, tag and message, for exclusions.
pub(super) struct Ids {
    rules: Vec<(u64, Vec<String>, Option<String>)>,
}

impl Ids {
    pub(super) fn new(drafts: &[Draft]) -> Self {
        Self {
            rules: drafts
                .iter()
                .map(|draft| {
                    let head = &draft.links[0].actions;
                    (draft.id, head.tag_texts.clone(), head.msg_text.clone())
                })
                .collect(),
        }
    }

    fn find(&self, selector: &RuleSelector) -> Vec<RuleIndex> {
        self.rules
            .iter()
            .enumerate()
            .filter(|(_, (id, tags, msg))| match selector {
                RuleSelector::Ids(ranges) => ranges.iter().any(|range| range.contains(id)),
                RuleSelector::Tag(tag) => tags.contains(tag),
                RuleSelector::Message(text) => msg.as_ref() == Some(text),
            })
            .filter_map(|(index, _)| u32::try_from(index).ok())
            .collect()
    }
}

pub(super) struct Compiler {
    pub(super) sets: Vec<TargetSet>,
    pub(super) set_ids: HashMap<String, u32>,
    pub(super) chains: Chains,
    pub(super) classes: Classes,
    pub(super) groups: HashMap<(u32, u32), u32>,
    pub(super) builders: [prefilter::Builder; 2],
}

impl Compiler {
    pub(super) fn rule(&mut self, draft: Draft, jump: Option<usize>, ids: &Ids) -> Rule {
        let head = &draft.links[0].actions;
        let status = head.status.unwrap_or(403);
        let verdict = match &head.disruptive {
            None | Some(Disruptive::Pass | Disruptive::Block) => Verdict::Pass,
            Some(Disruptive::Deny) => Verdict::Deny(status),
            Some(Disruptive::Drop) => Verdict::Drop,
            Some(Disruptive::Allow(scope)) => Verdict::Allow(*scope),
            Some(Disruptive::Redirect(url)) => Verdict::Redirect(
                if (300..400).contains(&status) { status } else { 302 },
                url.clone(),
            ),
        };
        // A SecAction without a message is a step of the rules' own bookkeeping.
        let silent =
            head.msg.is_none() && draft.links.len() == 1 && draft.links[0].targets.is_empty();
        let log = head.log.unwrap_or(true) && !silent;
        let audit = head.audit.unwrap_or(true) && !silent;
        Rule {
            id: draft.id,
            at: draft.at,
            verdict,
            log,
            audit,
            jump,
            phase: draft.phase,
            links: draft.links.into_iter().map(|link| self.link(link, draft.phase, ids)).collect(),
        }
    }

    fn link(&mut self, mut link: drafts::DraftLink, phase: u8, ids: &Ids) -> Link {
        let set = self.set(link.targets);
        let path = self.chains.path(&link.actions.transformations, &mut self.classes);
        let chain = path.last().copied().unwrap_or(0);
        let direction = usize::from(phase > 2);
        let fixed = self.sets[set as usize].fixed;
        let probe = if link.negated || !fixed {
            None
        } else {
            self.builders[direction].probe(&link.operator.clauses(), &mut self.classes)
        };
        let next = u32::try_from(self.groups.len()).unwrap_or(u32::MAX);
        let group = *self.groups.entry((set, chain)).or_insert(next);
        let quick = self.quick(set, chain, &link.operator, link.negated);
        let ctls = std::mem::take(&mut link.actions.ctls)
            .into_iter()
            .map(|ctl| match ctl {
                Ctl::Remove(selector) => CompiledCtl::Remove(ids.find(&selector)),
                Ctl::RemoveTarget(selector, target) => {
                    CompiledCtl::RemoveTarget(ids.find(&selector).into_boxed_slice(), target)
                }
                other => CompiledCtl::Plain(other),
            })
            .collect();
        Link {
            set,
            operator: link.operator,
            negated: link.negated,
            path,
            chain,
            multi_match: link.actions.multi_match,
            probe,
            group,
            quick,
            actions: link.actions,
            ctls,
        }
    }

    fn quick(&self, set: u32, chain: u32, operator: &Operator, negated: bool) -> Option<Quick> {
        let [target] = self.sets[set as usize].targets.as_slice() else {
            return None;
        };
        let Operator::Number(comparison, _, Some(number)) = operator else {
            return None;
        };
        if target.variable != Variable::Tx || chain != 0 || target.mode == TargetMode::Exclude {
            return None;
        }
        Some(Quick {
            slot: target.slot?,
            count: target.mode == TargetMode::Count,
            comparison: *comparison,
            number: *number,
            negated,
        })
    }

    fn set(&mut self, targets: Vec<Target>) -> u32 {
        let identity: Vec<String> = targets.iter().map(Target::identity).collect();
        let identity = identity.join("|");
        if let Some(&known) = self.set_ids.get(&identity) {
            return known;
        }
        let fixed = targets.iter().all(|target| {
            target.variable.shape() != Shape::Dynamic || target.mode == TargetMode::Exclude
        });
        let id = u32::try_from(self.sets.len()).unwrap_or(u32::MAX);
        self.sets.push(TargetSet { targets, fixed });
        self.set_ids.insert(identity, id);
        id
    }
}
