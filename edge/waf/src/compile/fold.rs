//! Folding: what a rule set does the same way for every transaction is done once, when it
//! is compiled.
//!
//! A rule set begins with rules that give members of TX their default values, and most of
//! its gates compare such members with numbers. Rules of the first phase that only set
//! members to values known by then become the state a transaction begins with; rules that
//! can never match are dropped; gates that are always open become plain jumps.
//!
//! A rule is folded only if nothing could tell the difference: no rule that stays and stands
//! before it reads or writes what it writes, skips it, or takes it out at run time. One
//! thing is visible: after a rule that refuses a request before them, phase 5 finds the
//! members set.

use std::collections::HashSet;

use super::{CompiledCtl, Link, Rule, RuleIndex, TargetSet, Verdict};
use crate::{
    rule::{
        CAPTURES, TxNames,
        action::{Change, Member},
        operator::{Operator, integer},
        target::Selector,
        template::{Part, Template},
        variable::Variable,
    },
    seclang::TargetMode,
};

/// What becomes of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It runs.
    Stays,
    /// It needs no step: it was done in advance, or has no effect but to end what
    /// `MATCHED_VAR` says of the rule before it.
    Gone,
    /// It is always skipped.
    Skipped,
    /// It always matches, and only jumps.
    Jumps,
}

/// The outcome.
pub(super) struct Folded {
    /// The members a transaction begins with.
    pub(super) initial: Vec<(u32, Box<[u8]>)>,
    /// For each rule.
    pub(super) fates: Vec<Fate>,
}

/// What is known of a member of TX.
#[derive(Clone, Debug)]
enum Known {
    Unset,
    Value(Box<[u8]>),
    Varies,
}

/// Members with their new values, or none where they are unset.
type Changes = Vec<(u32, Option<Box<[u8]>>)>;

/// What a rule touches in TX.
#[derive(Default)]
struct Touched {
    reads: HashSet<u32>,
    reads_all: bool,
    writes: HashSet<u32>,
    writes_all: bool,
}

struct Folder<'r> {
    rules: &'r [Rule],
    sets: &'r [TargetSet],
    names: &'r TxNames,
    known: Vec<Known>,
    initial: Vec<Option<Box<[u8]>>>,
    fates: Vec<Fate>,
    /// Rules that a `ctl` may take out.
    removable: HashSet<RuleIndex>,
}

/// Folds the rules; `phases` lists them in order.
pub(super) fn fold(
    rules: &[Rule],
    phases: &[Vec<RuleIndex>; 5],
    sets: &[TargetSet],
    names: &TxNames,
) -> Folded {
    let removable = rules
        .iter()
        .flat_map(|rule| &rule.links)
        .flat_map(|link| &link.ctls)
        .filter_map(|ctl| match ctl {
            CompiledCtl::Remove(concerned) => Some(concerned),
            _ => None,
        })
        .flatten()
        .copied()
        .collect();
    let mut folder = Folder {
        rules,
        sets,
        names,
        known: vec![Known::Unset; names.len()],
        initial: vec![None; names.len()],
        fates: vec![Fate::Stays; rules.len()],
        removable,
    };
    folder.engine_writes();
    folder.beginning(&phases[0]);
    for &index in phases[1..].iter().flatten() {
        let touched = folder.touched(&rules[index as usize]);
        folder.note_writes(&touched);
    }
    for &index in phases.iter().flatten() {
        folder.judge(index);
    }
    let initial = (0..).zip(folder.initial).filter_map(|(slot, value)| Some((slot, value?)));
    Folded { initial: initial.collect(), fates: folder.fates }
}

impl Folder<'_> {
    /// Members the engine itself writes: captures, and what tells of limits.
    fn engine_writes(&mut self) {
        for slot in 0..u32::try_from(self.names.len()).unwrap_or(u32::MAX) {
            let name = self.names.name(slot);
            let number = name.bytes().all(|byte| byte.is_ascii_digit());
            if slot < CAPTURES || number || name.to_ascii_lowercase().starts_with("msc_") {
                self.known[slot as usize] = Known::Varies;
            }
        }
    }

    /// Walks the first phase and does in advance what can be.
    fn beginning(&mut self, phase: &[RuleIndex]) {
        let mut before = Touched::default();
        // Up to here a rule that stays may skip.
        let mut uncertain = 0;
        // Some rule could ask what a rule before it matched.
        let mut stopped =
            phase.iter().any(|&index| self.reads_matched(&self.rules[index as usize]));
        let mut at = 0;
        while let Some(&index) = phase.get(at) {
            let rule = &self.rules[index as usize];
            if self.never_matches(rule) {
                self.fates[index as usize] = Fate::Gone;
                at += 1;
                continue;
            }
            let certain = !stopped && at >= uncertain && !self.removable.contains(&index);
            if certain && let Some(changes) = self.changes(rule, &before) {
                self.fates[index as usize] = Fate::Gone;
                for (slot, value) in changes {
                    self.initial[slot as usize].clone_from(&value);
                    self.known[slot as usize] = value.map_or(Known::Unset, Known::Value);
                }
                let next = rule.jump.unwrap_or(at + 1).min(phase.len());
                for &skipped in &phase[at + 1..next] {
                    self.fates[skipped as usize] = Fate::Skipped;
                }
                at = next;
                continue;
            }
            let touched = self.touched(rule);
            self.note_writes(&touched);
            before.reads.extend(&touched.reads);
            before.writes.extend(&touched.writes);
            before.reads_all |= touched.reads_all;
            before.writes_all |= touched.writes_all;
            uncertain = uncertain.max(rule.jump.unwrap_or(0));
            stopped |= matches!(rule.verdict, Verdict::Allow(_));
            at += 1;
        }
    }

    /// What can be said of a rule that was not folded, now that all writes are known.
    fn judge(&mut self, index: RuleIndex) {
        let rule = &self.rules[index as usize];
        if self.fates[index as usize] != Fate::Stays {
            return;
        }
        if self.never_matches(rule) {
            self.fates[index as usize] = Fate::Gone;
        } else if rule.jump.is_some()
            && rule.only_jumps()
            && self.holds(&rule.links[0]) == Some(true)
        {
            self.fates[index as usize] = Fate::Jumps;
        }
    }

    fn note_writes(&mut self, touched: &Touched) {
        for (slot, known) in (0..).zip(&mut self.known) {
            if touched.writes_all || touched.writes.contains(&slot) {
                *known = Known::Varies;
            }
        }
    }

    /// Whether a link is known to fail before any link had an effect.
    fn never_matches(&self, rule: &Rule) -> bool {
        for link in &rule.links {
            match self.holds(link) {
                Some(false) => return true,
                Some(true) if !has_effects(link) => {}
                Some(true) | None => return false,
            }
        }
        false
    }

    /// The outcome of a link, where it depends on nothing but known members.
    fn holds(&self, link: &Link) -> Option<bool> {
        let targets = &self.sets[link.set as usize].targets;
        if targets.is_empty() {
            return Some(true);
        }
        if link.chain != 0 || link.multi_match {
            return None;
        }
        let Operator::Number(comparison, template, _) = &link.operator else {
            return None;
        };
        let right = integer(&self.expanded(template)?);
        let mut matched = false;
        for target in targets {
            let slot = target.slot.filter(|_| target.variable == Variable::Tx)?;
            let value = match self.known.get(slot as usize)? {
                Known::Varies => return None,
                Known::Unset => None,
                Known::Value(value) => Some(integer(value)),
            };
            let left = match target.mode {
                TargetMode::Exclude => return None,
                TargetMode::Count => Some(i64::from(value.is_some())),
                TargetMode::Inspect => value,
            };
            matched |= left.is_some_and(|left| comparison.holds(left, right) != link.negated);
        }
        Some(matched)
    }

    fn expanded(&self, template: &Template) -> Option<Vec<u8>> {
        let mut text = Vec::new();
        for part in &template.parts {
            match part {
                Part::Text(plain) => text.extend_from_slice(plain),
                Part::Tx(slot) => match self.known.get(*slot as usize)? {
                    Known::Varies => return None,
                    Known::Unset => {}
                    Known::Value(value) => text.extend_from_slice(value),
                },
                _ => return None,
            }
        }
        Some(text)
    }

    /// What a rule that is sure to match sets, if that is all it does and nobody before it
    /// could tell when it was done.
    fn changes(&self, rule: &Rule, before: &Touched) -> Option<Changes> {
        let silent = !rule.log && !rule.audit && matches!(rule.verdict, Verdict::Pass);
        if !silent || before.writes_all {
            return None;
        }
        let mut changes = Vec::new();
        for link in &rule.links {
            if self.holds(link) != Some(true) || has_other_effects(link) {
                return None;
            }
            for set_var in &link.actions.set_vars {
                let Member::Slot(slot) = set_var.member else { return None };
                let is_tx = set_var.collection == Variable::Tx;
                let is_seen = before.reads_all
                    || before.reads.contains(&slot)
                    || before.writes.contains(&slot)
                    || slot < CAPTURES;
                if !is_tx || is_seen {
                    return None;
                }
                let value = match &set_var.change {
                    Change::Unset => None,
                    Change::Set(template) => Some(self.expanded(template)?.into_boxed_slice()),
                    Change::Add(_) | Change::Subtract(_) => return None,
                };
                // A later text of the same rule would have to see it.
                if changes.iter().any(|(known, _)| *known == slot) {
                    return None;
                }
                changes.push((slot, value));
            }
        }
        let mut touched = Touched::default();
        for set_var in rule.links.iter().flat_map(|link| &link.actions.set_vars) {
            if let Change::Set(template) = &set_var.change {
                read(template, &mut touched);
            }
        }
        let own = changes.iter().any(|(slot, _)| touched.reads.contains(slot));
        (!own).then_some(changes)
    }

    /// Whether a rule reads what another matched.
    fn reads_matched(&self, rule: &Rule) -> bool {
        let is_matched = |variable: Variable| {
            matches!(
                variable,
                Variable::MatchedVar
                    | Variable::MatchedVarName
                    | Variable::MatchedVars
                    | Variable::MatchedVarsNames
            )
        };
        let targets = &self.sets[rule.links[0].set as usize].targets;
        let in_templates = || {
            let all = rule.links.iter().flat_map(templates).flat_map(|template| &template.parts);
            all.into_iter().any(|part| match part {
                Part::Variable(variable, _) | Part::Selected(variable, _) => is_matched(*variable),
                Part::Text(_) | Part::Tx(_) => false,
            })
        };
        targets.iter().any(|target| is_matched(target.variable))
            || (targets.is_empty() && in_templates())
    }

    /// What a rule reads and writes.
    fn touched(&self, rule: &Rule) -> Touched {
        let mut touched = Touched::default();
        for link in &rule.links {
            for target in &self.sets[link.set as usize].targets {
                if target.variable != Variable::Tx {
                    continue;
                }
                match (&target.selector, target.slot) {
                    (Selector::Key(_), Some(slot)) => {
                        touched.reads.insert(slot);
                    }
                    _ => touched.reads_all = true,
                }
            }
            for template in templates(link) {
                read(template, &mut touched);
            }
            let actions = &link.actions;
            if let Verdict::Redirect(_, url) = &rule.verdict {
                read(url, &mut touched);
            }
            for set_var in &actions.set_vars {
                if set_var.collection == Variable::Tx {
                    self.written(&set_var.member, &mut touched);
                }
            }
            let fading =
                actions.expire_vars.iter().map(|(variable, member, _)| (variable, member)).chain(
                    actions.deprecate_vars.iter().map(|(variable, member, ..)| (variable, member)),
                );
            for (variable, member) in fading {
                if *variable == Variable::Tx {
                    self.written(member, &mut touched);
                }
            }
        }
        touched
    }

    /// Notes what may be written under a name. Of one made at run time the beginning is known.
    fn written(&self, member: &Member, touched: &mut Touched) {
        match member {
            Member::Slot(slot) => {
                touched.reads.insert(*slot);
                touched.writes.insert(*slot);
            }
            Member::Named(template) => {
                read(template, touched);
                let Some(Part::Text(prefix)) = template.parts.first() else {
                    touched.writes_all = true;
                    return;
                };
                for slot in 0..u32::try_from(self.names.len()).unwrap_or(u32::MAX) {
                    let start = self.names.name(slot).as_bytes().get(..prefix.len());
                    if start.is_some_and(|start| start.eq_ignore_ascii_case(prefix)) {
                        touched.writes.insert(slot);
                    }
                }
            }
        }
    }
}

/// The texts of a link, but for names of members.
fn templates(link: &Link) -> impl Iterator<Item = &Template> {
    let operator = match &link.operator {
        Operator::Number(_, template, _)
        | Operator::Text(_, template)
        | Operator::RxTemplate(template, _) => Some(template),
        _ => None,
    };
    let actions = &link.actions;
    let values = actions.set_vars.iter().filter_map(|set_var| match &set_var.change {
        Change::Set(template) | Change::Add(template) | Change::Subtract(template) => {
            Some(template)
        }
        Change::Unset => None,
    });
    operator
        .into_iter()
        .chain(&actions.msg)
        .chain(&actions.logdata)
        .chain(&actions.tags)
        .chain(actions.init_collections.iter().map(|(_, key)| key))
        .chain(actions.set_envs.iter().flat_map(|(name, value)| [name, value]))
        .chain(actions.expire_vars.iter().map(|(_, _, seconds)| seconds))
        .chain(values)
}

fn read(template: &Template, touched: &mut Touched) {
    for part in &template.parts {
        match part {
            Part::Text(_) => {}
            Part::Tx(slot) => {
                touched.reads.insert(*slot);
            }
            Part::Variable(variable, _) | Part::Selected(variable, _) => {
                touched.reads_all |= *variable == Variable::Tx;
            }
        }
    }
}

/// Whether a link does something when it matches.
fn has_effects(link: &Link) -> bool {
    !link.actions.set_vars.is_empty() || has_other_effects(link)
}

/// Besides setting members.
fn has_other_effects(link: &Link) -> bool {
    let actions = &link.actions;
    actions.severity.is_some()
        || actions.capture
        || !actions.expire_vars.is_empty()
        || !actions.deprecate_vars.is_empty()
        || !actions.set_envs.is_empty()
        || !actions.sanitise.is_empty()
        || !actions.init_collections.is_empty()
        || !link.ctls.is_empty()
}
