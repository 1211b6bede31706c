//! Running the rules of a phase.

use std::sync::Arc;

use super::{
    Intervention, InterventionKind, Item, MatchedVariable, RuleMatch, Transaction, ValueId,
};
use crate::{
    compile::{CompiledCtl, Gate, Link, Quick, Rule, RuleIndex, RuleSet, Verdict, target_selects},
    rule::{
        action::{Actions, AllowScope, SEVERITIES},
        operator::integer,
        template::Template,
    },
    seclang::EngineMode,
};

/// Matched variables reported of one rule.
const MOST_REPORTED: usize = 16;
/// Bytes reported of one value.
const LONGEST_REPORTED: usize = 512;

/// Bytes of an expanded message or its data.
const LONGEST_MESSAGE: usize = 4096;
/// Bytes a phase holds in transformed values, and what is known of them, before it starts
/// anew: so many times what it found, with a floor for what is made anew all the time else.
const FORMS_GROWTH: usize = 8;
const FEW_FORMS: usize = 4 << 20;
const MOST_FORMS: usize = 96 << 20;
/// Bytes of them it leaves to the next phase.
const MOST_KEPT_FORMS: usize = 1 << 20;

/// How much more than `found` bytes a phase may hold before it starts anew.
fn most_forms(found: usize) -> usize {
    found.saturating_mul(FORMS_GROWTH).saturating_add(FEW_FORMS).min(MOST_FORMS)
}

const NONE: u32 = u32::MAX;

/// What a rule collects while its links run.
#[derive(Default)]
struct Findings {
    items: Vec<Item>,
}

impl Transaction {
    /// Runs one phase, unless an earlier decision stands against it.
    pub(super) fn run(&mut self, phase: u8) {
        if self.mode == EngineMode::Off {
            return;
        }
        if phase != 5 && (self.intervention.is_some() || self.allowed(phase)) {
            return;
        }
        self.phase = phase;
        // What was resolved in an earlier phase may have grown since.
        self.forget_resolved();
        let rules = Arc::clone(&self.rules);
        let steps = &rules.phases[usize::from(phase - 1)];
        let mark = self.work.values.mark();
        let found = self.work.values.size();
        let most = found + most_forms(found);
        let mut at = 0;
        while let Some(step) = steps.get(at) {
            if self.work.values.size() > most {
                self.recycle(mark);
            }
            if step.follows_gone {
                self.work.matched.clear();
            }
            let open = match &step.gate {
                Gate::Open => true,
                Gate::Quick(quick) => self.quick(quick),
                Gate::Jump(quick, target) => {
                    if self.quick(quick) && !self.is_removed(step.rule) {
                        at = (*target).max(at + 1);
                        continue;
                    }
                    false
                }
                Gate::Skip(target) => {
                    if !self.is_removed(step.rule) {
                        at = (*target).max(at + 1);
                        continue;
                    }
                    false
                }
                Gate::Candidate { set, chain, group, probe } => {
                    !rules.is_prefiltered() || {
                        let start =
                            self.union(&rules, *set, *chain, *group, usize::from(phase > 2));
                        self.work.union_bits[start + *probe as usize / 64] & (1 << (probe % 64))
                            != 0
                    }
                }
            };
            if !open || self.is_removed(step.rule) {
                self.work.matched.clear();
                at += 1;
                continue;
            }
            let rule = &rules.rules[step.rule as usize];
            let matched = self.rule(&rules, step.rule, rule);
            at = match rule.jump {
                Some(target) if matched => target.max(at + 1),
                _ => at + 1,
            };
            if matched
                && phase != 5
                && (self.intervention.is_some()
                    || self.allowed(phase)
                    || self.mode == EngineMode::Off)
            {
                break;
            }
        }
        if self.allow == Some(AllowScope::Phase) {
            self.allow = None;
        }
        if self.work.values.size() > found + MOST_KEPT_FORMS {
            self.recycle(mark);
            self.work.values.shrink();
        }
    }

    fn forget_resolved(&mut self) {
        self.work.items.clear();
        self.work.resolved.fill(None);
        self.work.union_bits.clear();
        self.work.unions.fill(NONE);
    }

    /// Gives back the memory of everything rules made since `mark`; it is made again where
    /// another rule needs it. What matched last stays.
    fn recycle(&mut self, mark: (usize, usize)) {
        self.peak = self.peak.max(self.memory());
        let values = &self.work.values;
        let saved: Vec<_> = self
            .work
            .matched
            .iter()
            .map(|item| {
                let own =
                    |id: ValueId| (!values.precedes(id, mark)).then(|| values.get(id).to_vec());
                (*item, item.name.and_then(own), own(item.value))
            })
            .collect();
        self.forget_resolved();
        self.work.values.recycle(mark);
        self.work.matched.clear();
        for (mut item, name, value) in saved {
            if let Some(name) = name {
                item.name = Some(self.work.values.push(&name));
            }
            if let Some(value) = value {
                item.value = self.work.values.push(&value);
            }
            self.work.matched.push(item);
        }
    }

    fn allowed(&self, phase: u8) -> bool {
        match self.allow {
            None => false,
            Some(AllowScope::Request) => phase <= 2,
            Some(AllowScope::All | AllowScope::Phase) => true,
        }
    }

    fn is_removed(&self, index: RuleIndex) -> bool {
        self.removed.get(index as usize / 64).is_some_and(|word| word & (1 << (index % 64)) != 0)
    }

    /// Runs a rule with its chain; whether all links matched.
    fn rule(&mut self, rules: &RuleSet, index: RuleIndex, rule: &Rule) -> bool {
        self.current = Some(index);
        self.matched_stale = true;
        let mut findings = Findings::default();
        for link in &rule.links {
            if !self.link(rules, index, rule, link, &mut findings) {
                self.work.matched.clear();
                return false;
            }
        }
        for link in rule.links.iter().rev() {
            self.after_match(rules, index, link);
        }
        self.conclude(rules, rule, &findings);
        true
    }

    fn quick(&self, quick: &Quick) -> bool {
        let value = self.work.tx.slot(quick.slot);
        let number = match (quick.count, value) {
            (true, value) => i64::from(value.is_some()),
            (false, Some(value)) => integer(value),
            (false, None) => return false,
        };
        quick.comparison.holds(number, quick.number) != quick.negated
    }

    /// The candidates of all values of a target list after one chain.
    fn union(
        &mut self,
        rules: &RuleSet,
        set: u32,
        chain: u32,
        group: u32,
        direction: usize,
    ) -> usize {
        let known = self.work.unions[group as usize];
        if known != NONE {
            return known as usize;
        }
        let (first, last) = self.resolve(rules, set);
        let mask = rules.group_mask(group, direction);
        let start = self.work.union_bits.len();
        self.work.union_bits.resize(start + rules.prefilters[direction].width(), 0);
        for at in first..last {
            let form = self.work.values.form(rules, self.work.items[at].value, chain);
            let sum = &mut self.work.union_bits[start..];
            self.work.values.add_candidates(rules, form, direction, mask, sum);
        }
        self.work.unions[group as usize] = u32::try_from(start).unwrap_or(NONE);
        start
    }

    fn link(
        &mut self,
        rules: &RuleSet,
        index: RuleIndex,
        rule: &Rule,
        link: &Link,
        findings: &mut Findings,
    ) -> bool {
        if rules.sets[link.set as usize].targets.is_empty() {
            // SecAction.
            self.on_match(rules, rule, link, None, findings);
            return true;
        }
        let (first, last) = self.resolve(rules, link.set);
        let direction = usize::from(rule.phase > 2);
        // Targets are taken out of the first link, which is what finds something.
        let head = std::ptr::eq(link, &raw const rule.links[0]);
        let mut matched = false;
        for at in first..last {
            let item = self.work.items[at];
            if head
                && !self.removed_targets.is_empty()
                && self.is_target_removed(rules, index, item)
            {
                continue;
            }
            if link.multi_match {
                let mut last = None;
                for node in std::iter::once(0).chain(link.path.iter().copied()) {
                    let form = self.work.values.form(rules, item.value, node);
                    if last == Some(form) {
                        continue;
                    }
                    last = Some(form);
                    matched |= self.test(
                        rules,
                        rule,
                        link,
                        Item { value: form, ..item },
                        direction,
                        findings,
                    );
                }
            } else {
                let form = self.work.values.form(rules, item.value, link.chain);
                matched |=
                    self.test(rules, rule, link, Item { value: form, ..item }, direction, findings);
            }
        }
        matched
    }

    fn test(
        &mut self,
        rules: &RuleSet,
        rule: &Rule,
        link: &Link,
        item: Item,
        direction: usize,
        findings: &mut Findings,
    ) -> bool {
        if let Some(probe) = link.probe
            && rules.is_prefiltered()
            && !self.work.values.is_candidate(rules, item.value, direction, probe)
        {
            return false;
        }
        self.evaluated += 1;
        let holds = self.operator(rules, link, item.value);
        if holds == link.negated {
            return false;
        }
        self.on_match(rules, rule, link, Some(item), findings);
        true
    }

    fn on_match(
        &mut self,
        rules: &RuleSet,
        rule: &Rule,
        link: &Link,
        item: Option<Item>,
        findings: &mut Findings,
    ) {
        if let Some(item) = item {
            if std::mem::take(&mut self.matched_stale) {
                self.work.matched.clear();
            }
            self.work.matched.push(item);
            if (rule.log || rule.audit) && findings.items.len() < MOST_REPORTED {
                findings.items.push(item);
            }
        }
        self.init_collections(rules, link);
        for set_var in &link.actions.set_vars {
            self.set_var(rules, set_var);
        }
    }

    /// The message or the data of a rule that matched: that of its first link that has one,
    /// with the values of the whole chain.
    fn described(
        &self,
        rules: &RuleSet,
        rule: &Rule,
        of: fn(&Actions) -> Option<&Template>,
    ) -> String {
        let Some(template) = rule.links.iter().find_map(|link| of(&link.actions)) else {
            return String::new();
        };
        let mut text = Vec::new();
        self.expand(rules, template, &mut text);
        text.truncate(LONGEST_MESSAGE);
        String::from_utf8_lossy(&text).into_owned()
    }

    fn is_target_removed(&self, rules: &RuleSet, index: RuleIndex, item: Item) -> bool {
        self.removed_targets.iter().any(|&(rule, link, ctl)| {
            let ctl = &rules.rules[rule as usize].links[link as usize].ctls[ctl as usize];
            let CompiledCtl::RemoveTarget(concerned, target) = ctl else {
                return false;
            };
            target.variable == item.variable
                && concerned.binary_search(&index).is_ok()
                && target_selects(target, item.name.map(|name| self.work.values.get(name)))
        })
    }

    fn matched_variable(&self, item: Item) -> MatchedVariable {
        let value = self.work.values.get(item.value);
        let value = value.get(..LONGEST_REPORTED).unwrap_or(value);
        let name = self.item_name(item);
        let name = name.get(..LONGEST_REPORTED).unwrap_or(&name);
        MatchedVariable {
            name: String::from_utf8_lossy(name).into_owned(),
            value: String::from_utf8_lossy(value).into_owned(),
        }
    }

    fn conclude(&mut self, rules: &RuleSet, rule: &Rule, findings: &Findings) {
        let head = &rule.links[0].actions;
        if let Some(severity) = head.severity {
            self.highest_severity =
                Some(self.highest_severity.map_or(severity, |known| known.min(severity)));
        }
        let intervention = match &rule.verdict {
            Verdict::Pass => None,
            Verdict::Allow(scope) => {
                if self.mode == EngineMode::On {
                    self.allow = Some(*scope);
                }
                None
            }
            Verdict::Deny(status) => Some((*status, InterventionKind::Deny)),
            Verdict::Drop => Some((403, InterventionKind::Drop)),
            Verdict::Redirect(status, url) => {
                let mut text = Vec::new();
                self.expand(rules, url, &mut text);
                text.truncate(LONGEST_MESSAGE);
                Some((
                    *status,
                    InterventionKind::Redirect(String::from_utf8_lossy(&text).into_owned()),
                ))
            }
        };
        let disruptive = intervention.is_some() && self.mode == EngineMode::On;
        if let Some((status, kind)) = intervention
            && disruptive
            && self.intervention.is_none()
        {
            self.intervention = Some(Intervention { status, kind, rule_id: Some(rule.id) });
        }
        if !rule.log && !rule.audit && !disruptive {
            return;
        }
        let tags = head
            .tags
            .iter()
            .map(|tag| {
                let mut bytes = Vec::new();
                self.expand(rules, tag, &mut bytes);
                bytes.truncate(LONGEST_REPORTED);
                String::from_utf8_lossy(&bytes).into_owned()
            })
            .collect();
        self.matches.push(RuleMatch {
            rule_id: rule.id,
            phase: rule.phase,
            message: self.described(rules, rule, |actions| actions.msg.as_ref()),
            data: self.described(rules, rule, |actions| actions.logdata.as_ref()),
            severity: head.severity.map(|severity| SEVERITIES[usize::from(severity)]),
            tags,
            file: rule.at.file.to_string(),
            line: rule.at.line,
            variables: findings.items.iter().map(|&item| self.matched_variable(item)).collect(),
            disruptive,
            logged: rule.log,
            audited: rule.audit,
        });
    }
}
