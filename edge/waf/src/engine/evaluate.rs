//! Running the rules of a phase.

use std::sync::Arc;

use super::{
    Intervention, InterventionKind, Item, MatchedVariable, RuleMatch, Transaction, ValueId,
};
use crate::{
    compile::{CompiledCtl, Gate, Link, Quick, Rule, RuleIndex, RuleSet, Verdict, target_selects},
    libinjection,
    pattern::{Pattern, Search},
    rule::{
        action::{AllowScope, SEVERITIES},
        operator::{Operator, TextTest, integer},
    },
    seclang::EngineMode,
};

/// Matched variables reported of one rule.
const MOST_REPORTED: usize = 16;
/// Bytes reported of one value.
const LONGEST_REPORTED: usize = 512;

/// Bytes of an expanded message or its data.
const LONGEST_MESSAGE: usize = 4096;
/// Bytes of transformed values a phase holds before it starts anew, and those it leaves to
/// the next phase.
const MOST_FORMS: usize = 96 << 20;
const MOST_KEPT_FORMS: usize = 1 << 20;
/// Groups one `@rxGlobal` captures.
const MOST_CAPTURED: u32 = 200;

const NONE: u32 = u32::MAX;

/// What a rule collects while its links run.
#[derive(Default)]
struct Findings {
    variables: Vec<MatchedVariable>,
    message: Option<Vec<u8>>,
    data: Option<Vec<u8>>,
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
        let mut at = 0;
        while let Some(step) = steps.get(at) {
            if self.work.values.text_size() > mark.1 + MOST_FORMS {
                self.recycle(mark);
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
        if self.work.values.text_size() > mark.1 + MOST_KEPT_FORMS {
            self.recycle(mark);
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
        self.conclude(rules, rule, findings);
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
            self.describe(rules, link, findings);
            return true;
        }
        let (first, last) = self.resolve(rules, link.set);
        let direction = usize::from(rule.phase > 2);
        let mut matched = false;
        for at in first..last {
            let item = self.work.items[at];
            if !self.removed_targets.is_empty() && self.is_target_removed(rules, index, item) {
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
        if matched {
            self.describe(rules, link, findings);
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
            if (rule.log || rule.audit) && findings.variables.len() < MOST_REPORTED {
                let value = self.work.values.get(item.value);
                let value = value.get(..LONGEST_REPORTED).unwrap_or(value);
                findings.variables.push(MatchedVariable {
                    name: String::from_utf8_lossy(&self.item_name(item)).into_owned(),
                    value: String::from_utf8_lossy(value).into_owned(),
                });
            }
        }
        self.init_collections(rules, link);
        for set_var in &link.actions.set_vars {
            self.set_var(rules, set_var);
        }
    }

    /// Expands the link's message and data while its captures stand.
    fn describe(&mut self, rules: &RuleSet, link: &Link, findings: &mut Findings) {
        for (template, place) in [
            (&link.actions.msg, &mut findings.message),
            (&link.actions.logdata, &mut findings.data),
        ] {
            if let Some(template) = template {
                let mut text = Vec::new();
                self.expand(rules, template, &mut text);
                text.truncate(LONGEST_MESSAGE);
                *place = Some(text);
            }
        }
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

    fn conclude(&mut self, rules: &RuleSet, rule: &Rule, findings: Findings) {
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
        let text = |bytes: Option<Vec<u8>>| {
            bytes.map_or_else(String::new, |bytes| String::from_utf8_lossy(&bytes).into_owned())
        };
        let tags = head
            .tags
            .iter()
            .map(|tag| {
                let mut bytes = Vec::new();
                self.expand(rules, tag, &mut bytes);
                String::from_utf8_lossy(&bytes).into_owned()
            })
            .collect();
        self.matches.push(RuleMatch {
            rule_id: rule.id,
            phase: rule.phase,
            message: text(findings.message),
            data: text(findings.data),
            severity: head.severity.map(|severity| SEVERITIES[usize::from(severity)]),
            tags,
            file: rule.at.file.to_string(),
            line: rule.at.line,
            variables: findings.variables,
            disruptive,
            logged: rule.log,
            audited: rule.audit,
        });
    }

    /// Whether the operator holds for the value, before negation.
    fn operator(&mut self, rules: &RuleSet, link: &Link, value: ValueId) -> bool {
        let capture = link.actions.capture;
        match &link.operator {
            Operator::Always => true,
            Operator::Never => false,
            Operator::Rx(pattern) => self.search(pattern, value, capture),
            Operator::RxTemplate(template, cache) => {
                let mut source = Vec::new();
                self.expand(rules, template, &mut source);
                cache.get(&source).is_some_and(|pattern| self.search(&pattern, value, capture))
            }
            Operator::RxGlobal(pattern) => self.search_all(pattern, value, capture),
            Operator::Verify(pattern, check) => self.verify(pattern, *check, value, capture),
            Operator::Pm(words) => match words.find(self.work.values.get(value)) {
                Some(phrase) => {
                    if capture {
                        self.work.tx.set_slot(0, phrase);
                    }
                    true
                }
                None => false,
            },
            Operator::Number(comparison, _, Some(number)) => {
                comparison.holds(integer(self.work.values.get(value)), *number)
            }
            Operator::Number(comparison, template, None) => {
                let mut text = Vec::new();
                self.expand(rules, template, &mut text);
                comparison.holds(integer(self.work.values.get(value)), integer(&text))
            }
            Operator::Text(test, template) => match template.constant() {
                Some(text) => text_test(*test, self.work.values.get(value), text),
                None => {
                    let mut text = Vec::new();
                    self.expand(rules, template, &mut text);
                    text_test(*test, self.work.values.get(value), &text)
                }
            },
            Operator::IpMatch(networks) => std::str::from_utf8(self.work.values.get(value))
                .ok()
                .and_then(|text| text.trim().parse().ok())
                .is_some_and(|address| networks.iter().any(|network| network.contains(address))),
            Operator::ByteRange(allowed) => {
                self.work.values.get(value).iter().any(|&byte| !allowed.contains(byte))
            }
            Operator::UrlEncoding => {
                crate::body::urlencoded::has_invalid_escape(self.work.values.get(value))
            }
            Operator::Utf8Encoding => std::str::from_utf8(self.work.values.get(value)).is_err(),
            Operator::Sqli => match libinjection::detect_sqli(self.work.values.get(value)) {
                Some(fingerprint) => {
                    if capture {
                        self.work.tx.set_slot(0, fingerprint.to_string().as_bytes());
                    }
                    true
                }
                None => false,
            },
            Operator::Xss => libinjection::detect_xss(self.work.values.get(value)),
        }
    }

    fn search(&mut self, pattern: &Pattern, value: ValueId, capture: bool) -> bool {
        let text = self.work.values.get(value);
        let mut groups = Vec::new();
        let outcome = if capture {
            pattern.captures(text, 0, &mut groups, &mut self.steps)
        } else {
            pattern.search_within(text, &mut self.steps)
        };
        match outcome {
            Search::NoMatch => false,
            Search::LimitReached => {
                self.limit_reached();
                false
            }
            Search::Match => {
                if capture {
                    self.capture(value, &groups);
                }
                true
            }
        }
    }

    fn limit_reached(&mut self) {
        self.limits_exceeded += 1;
        self.work.tx.set(&self.rules.tx, b"MSC_PCRE_LIMITS_EXCEEDED", Some(b"1"));
    }

    /// Takes the steps of a search that ended `bytes` after its start; the search itself is
    /// linear, but what repeats it is not.
    fn charge(&mut self, bytes: usize) -> bool {
        let cost = 1 + bytes as u64 / 16;
        self.steps = self.steps.saturating_sub(cost);
        if self.steps == 0 {
            self.limit_reached();
        }
        self.steps > 0
    }

    /// All matches, whose groups are numbered through and captured.
    fn search_all(&mut self, pattern: &Pattern, value: ValueId, capture: bool) -> bool {
        let (mut from, mut number, mut groups) = (0, 0, Vec::new());
        let length = self.work.values.get(value).len();
        while from <= length {
            let text = self.work.values.get(value);
            match pattern.captures(text, from, &mut groups, &mut self.steps) {
                Search::Match => {}
                Search::NoMatch => break,
                Search::LimitReached => {
                    self.limit_reached();
                    break;
                }
            }
            let Some((start, end)) = groups.first().copied().flatten() else { break };
            if number == 0 && !capture {
                return true;
            }
            for group in &groups {
                if let Some((start, end)) = group {
                    self.capture_as(number, value, *start, *end);
                }
                number += 1;
            }
            if number >= MOST_CAPTURED || !self.charge(end - from) {
                break;
            }
            from = if end > start { end } else { end + 1 };
        }
        number > 0
    }

    /// Looks for a match that passes the check, at every place one begins.
    fn verify(
        &mut self,
        pattern: &Pattern,
        check: fn(&[u8]) -> bool,
        value: ValueId,
        capture: bool,
    ) -> bool {
        let (mut from, mut groups) = (0, Vec::new());
        let length = self.work.values.get(value).len();
        while from < length {
            let text = self.work.values.get(value);
            match pattern.captures(text, from, &mut groups, &mut self.steps) {
                Search::Match => {}
                Search::NoMatch => return false,
                Search::LimitReached => {
                    self.limit_reached();
                    return false;
                }
            }
            let Some((start, end)) = groups.first().copied().flatten() else { return false };
            if check(&text[start..end]) {
                if capture {
                    self.capture_as(0, value, start, end);
                }
                return true;
            }
            if !self.charge(end - from) {
                return false;
            }
            from = start + 1;
        }
        false
    }

    /// Stores groups 0 to 9; a group that took no part keeps its old value.
    fn capture(&mut self, value: ValueId, groups: &[Option<(usize, usize)>]) {
        for (slot, group) in (0..crate::rule::CAPTURES).zip(groups) {
            if let Some((start, end)) = group {
                self.work.tx.set_slot(slot, &self.work.values.get(value)[*start..*end]);
            }
        }
    }

    fn capture_as(&mut self, number: u32, value: ValueId, start: usize, end: usize) {
        let text = &self.work.values.get(value)[start..end];
        if number < crate::rule::CAPTURES {
            self.work.tx.set_slot(number, text);
        } else {
            self.work.tx.set(&self.rules.tx, number.to_string().as_bytes(), Some(text));
        }
    }
}

fn text_test(test: TextTest, value: &[u8], text: &[u8]) -> bool {
    match test {
        TextTest::Equals => value == text,
        TextTest::Contains => memchr::memmem::find(value, text).is_some(),
        TextTest::Within => memchr::memmem::find(text, value).is_some(),
        TextTest::BeginsWith => value.starts_with(text),
        TextTest::EndsWith => value.ends_with(text),
        TextTest::ContainsWord => contains_word(value, text),
    }
}

/// Between ends or bytes that are not ASCII letters, as libmodsecurity sees words: digits
/// and underscores part them.
fn contains_word(value: &[u8], word: &[u8]) -> bool {
    if word.is_empty() || value == word {
        return true;
    }
    let apart = |at: Option<usize>| {
        at.and_then(|at| value.get(at)).is_some_and(|byte| !byte.is_ascii_alphabetic())
    };
    let finder = memchr::memmem::Finder::new(word);
    let mut from = 0;
    while let Some(found) = value.get(from..).and_then(|rest| finder.find(rest)) {
        let (start, end) = (from + found, from + found + word.len());
        let before = start == 0 || apart(start.checked_sub(1));
        let after = end == value.len() || apart(Some(end));
        if before && after {
            return true;
        }
        from = start + 1;
    }
    false
}
