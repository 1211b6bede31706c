//! From target lists to the values they select.

use super::{Item, Transaction, ValueId};
use crate::{
    compile::{RuleSet, TargetSet, target_selects},
    pattern::{Pattern, Search},
    rule::{
        target::{Selector, Target},
        template::{Part, Template},
        variable::{Shape, Variable},
    },
    seclang::TargetMode,
};

/// Members of `RULE`.
const RULE_MEMBERS: [&str; 5] = ["id", "rev", "severity", "logdata", "msg"];

impl Transaction {
    /// The values of a target list, as a range of `items`. A fixed list is resolved once a
    /// phase.
    pub(super) fn resolve(&mut self, rules: &RuleSet, set: u32) -> (usize, usize) {
        let index = set as usize;
        if let Some((start, end)) = self.work.resolved[index] {
            return (start as usize, end as usize);
        }
        let start = self.work.items.len();
        let list = &rules.sets[index];
        for target in &list.targets {
            match target.mode {
                TargetMode::Exclude => {}
                TargetMode::Inspect => self.collect(rules, list, target),
                TargetMode::Count => self.count(rules, list, target),
            }
        }
        let end = self.work.items.len();
        if list.fixed
            && let (Ok(start), Ok(end)) = (u32::try_from(start), u32::try_from(end))
        {
            self.work.resolved[index] = Some((start, end));
        }
        (start, end)
    }

    fn count(&mut self, rules: &RuleSet, list: &TargetSet, target: &Target) {
        let before = self.work.items.len();
        self.collect(rules, list, target);
        let number = self.work.items.len() - before;
        self.work.items.truncate(before);
        let value = self.work.values.push(number.to_string().as_bytes());
        let name = match &target.selector {
            Selector::Key(key) => Some(self.work.values.push(key)),
            _ => None,
        };
        self.work.items.push(Item { variable: target.variable, name, value });
    }

    fn collect(&mut self, rules: &RuleSet, list: &TargetSet, target: &Target) {
        let variable = target.variable;
        if variable.shape() != Shape::Dynamic {
            let entries = &self.work.fields[variable as usize];
            if entries.is_empty() && variable.shape() == Shape::Scalar {
                self.work.items.push(Item { variable, name: None, value: ValueId::EMPTY });
                return;
            }
            for entry in entries {
                let name = entry.name.map(|name| self.work.values.get(name));
                if target_selects(target, name) && !list.excludes(variable, name) {
                    self.work.items.push(Item { variable, name: entry.name, value: entry.value });
                }
            }
            return;
        }
        self.collect_dynamic(rules, list, target);
    }

    fn collect_dynamic(&mut self, rules: &RuleSet, list: &TargetSet, target: &Target) {
        let variable = target.variable;
        match variable {
            Variable::Tx => {
                if let Some(slot) = target.slot {
                    if let Some(value) = self.work.tx.slot(slot) {
                        let value = self.work.values.push(value);
                        let Selector::Key(key) = &target.selector else {
                            return;
                        };
                        let name = self.work.values.push(key);
                        self.push_item(variable, Some(name), value);
                    }
                    return;
                }
                let known = target.slots.iter().filter_map(|&slot| {
                    Some((rules.tx.name(slot).as_bytes(), self.work.tx.slot(slot)?))
                });
                let others = self
                    .work
                    .tx
                    .others()
                    .iter()
                    .map(|(name, value)| (name.as_slice(), value.as_slice()));
                let members: Vec<_> = known
                    .chain(others.filter(|(name, _)| target_selects(target, Some(name))))
                    .filter(|(name, _)| !list.excludes(variable, Some(name)))
                    .map(|(name, value)| (name.to_vec(), value.to_vec()))
                    .collect();
                self.push_members(variable, &members);
            }
            Variable::Ip
            | Variable::Global
            | Variable::Session
            | Variable::User
            | Variable::Resource => {
                let members: Vec<_> = self
                    .opened
                    .iter()
                    .filter(|opened| opened.variable == variable)
                    .flat_map(|opened| &opened.members)
                    .filter(|(name, _)| {
                        target_selects(target, Some(name)) && !list.excludes(variable, Some(name))
                    })
                    .cloned()
                    .collect();
                self.push_members(variable, &members);
            }
            Variable::Env => {
                let members: Vec<_> = self
                    .environment
                    .iter()
                    .filter(|(name, _)| {
                        target_selects(target, Some(name)) && !list.excludes(variable, Some(name))
                    })
                    .cloned()
                    .collect();
                self.push_members(variable, &members);
            }
            Variable::Rule => {
                for member in RULE_MEMBERS {
                    let name = member.as_bytes();
                    if !target_selects(target, Some(name)) || list.excludes(variable, Some(name)) {
                        continue;
                    }
                    if let Some(value) = self.rule_member(rules, name) {
                        self.push_members(variable, &[(name.to_vec(), value)]);
                    }
                }
            }
            Variable::MatchedVars | Variable::MatchedVarsNames => {
                for index in 0..self.work.matched.len() {
                    let item = self.work.matched[index];
                    let name = self.item_name(item);
                    if !target_selects(target, Some(&name)) || list.excludes(variable, Some(&name))
                    {
                        continue;
                    }
                    let name = self.work.values.push(&name);
                    let value = if variable == Variable::MatchedVars { item.value } else { name };
                    self.push_item(variable, Some(name), value);
                }
            }
            _ => {
                let member = match &target.selector {
                    Selector::Key(key) => Some(&**key),
                    _ => None,
                };
                if let Some(value) = self.dynamic(rules, variable, member) {
                    let value = self.work.values.push(&value);
                    self.push_item(variable, None, value);
                }
            }
        }
    }

    fn push_item(&mut self, variable: Variable, name: Option<ValueId>, value: ValueId) {
        self.work.items.push(Item { variable, name, value });
    }

    fn push_members(&mut self, variable: Variable, members: &[(Vec<u8>, Vec<u8>)]) {
        for (name, value) in members {
            let name = self.work.values.push(name);
            let value = self.work.values.push(value);
            self.push_item(variable, Some(name), value);
        }
    }

    /// A value made when asked for.
    fn dynamic(
        &self,
        rules: &RuleSet,
        variable: Variable,
        member: Option<&[u8]>,
    ) -> Option<Vec<u8>> {
        let seconds = self.context.now / 1_000_000;
        let number = |n: u64| Some(n.to_string().into_bytes());
        let time = CivilTime::new(seconds);
        match variable {
            Variable::MatchedVar => Some(
                self.work
                    .matched
                    .last()
                    .map_or_else(Vec::new, |i| self.work.values.get(i.value).to_vec()),
            ),
            Variable::MatchedVarName => {
                Some(self.work.matched.last().map_or_else(Vec::new, |i| self.item_name(*i)))
            }
            Variable::HighestSeverity => number(u64::from(self.highest_severity.unwrap_or(255))),
            Variable::Duration => {
                number(u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX))
            }
            Variable::MscPcreError => number(u64::from(self.limits_exceeded > 0)),
            Variable::MscPcreLimitsExceeded => number(u64::from(self.limits_exceeded)),
            Variable::ReqbodyProcessor => {
                Some(self.body_processor.map_or_else(Vec::new, |processor| processor.name().into()))
            }
            Variable::WebAppId => Some(rules.settings.web_app_id.clone().into_bytes()),
            Variable::TimeEpoch => number(seconds),
            Variable::Time => {
                Some(format!("{:02}:{:02}:{:02}", time.hour, time.minute, time.second).into_bytes())
            }
            Variable::TimeHour => number(time.hour),
            Variable::TimeMin => number(time.minute),
            Variable::TimeSec => number(time.second),
            Variable::TimeDay => number(time.day),
            // From 0, as in C.
            Variable::TimeMon => number(time.month - 1),
            Variable::TimeYear => number(time.year),
            Variable::TimeWday => number(time.weekday),
            Variable::SessionId => self.opened_key(Variable::Session),
            Variable::UserId => self.opened_key(Variable::User),
            Variable::Rule => self.rule_member(rules, member?),
            Variable::Env => {
                let found = self.environment.iter().find(|(name, _)| Some(&**name) == member)?;
                Some(found.1.clone())
            }
            _ => None,
        }
    }

    fn opened_key(&self, variable: Variable) -> Option<Vec<u8>> {
        let opened = self.opened.iter().find(|opened| opened.variable == variable)?;
        Some(opened.key.clone())
    }

    fn rule_member(&self, rules: &RuleSet, member: &[u8]) -> Option<Vec<u8>> {
        let rule = rules.rules.get(self.current? as usize)?;
        let head = &rule.links.first()?.actions;
        match member.to_ascii_lowercase().as_slice() {
            b"id" => Some(rule.id.to_string().into_bytes()),
            b"rev" => head.rev.clone().map(String::into_bytes),
            b"severity" => Some(head.severity?.to_string().into_bytes()),
            b"msg" => head.msg.as_ref().map(|msg| {
                let mut text = Vec::new();
                // A message that names itself stays as written.
                if !names_rule(msg) {
                    self.expand(rules, msg, &mut text);
                }
                text
            }),
            b"logdata" => head.logdata.as_ref().map(|data| {
                let mut text = Vec::new();
                if !names_rule(data) {
                    self.expand(rules, data, &mut text);
                }
                text
            }),
            _ => None,
        }
    }

    /// Appends the expanded text to `out`. A variable with several values gives its first.
    pub(super) fn expand(&self, rules: &RuleSet, template: &Template, out: &mut Vec<u8>) {
        for part in &template.parts {
            match part {
                Part::Text(text) => out.extend_from_slice(text),
                Part::Tx(slot) => {
                    out.extend_from_slice(self.work.tx.slot(*slot).unwrap_or_default())
                }
                Part::Variable(variable, member) => {
                    self.expand_variable(rules, *variable, member.as_deref(), out)
                }
                Part::Selected(variable, names) => {
                    self.expand_selected(rules, *variable, names, out);
                }
            }
        }
    }

    /// Appends the first member whose name the expression finds.
    fn expand_selected(
        &self,
        rules: &RuleSet,
        variable: Variable,
        names: &Pattern,
        out: &mut Vec<u8>,
    ) {
        let is = |name: &[u8]| names.search(name) == Search::Match;
        let values = &self.work.values;
        let found = match variable {
            Variable::Tx => {
                let mut members = self.work.tx.iter(&rules.tx);
                members.find(|(name, _)| is(name)).map(|(_, value)| value.to_vec())
            }
            Variable::Env => {
                let mut members = self.environment.iter();
                members.find(|(name, _)| is(name)).map(|(_, value)| value.clone())
            }
            Variable::Rule => RULE_MEMBERS
                .iter()
                .find(|name| is(name.as_bytes()))
                .and_then(|name| self.rule_member(rules, name.as_bytes())),
            Variable::MatchedVars | Variable::MatchedVarsNames => {
                let mut items = self.work.matched.iter().map(|item| (self.item_name(*item), item));
                items.find(|(name, _)| is(name)).map(|(name, item)| match variable {
                    Variable::MatchedVars => values.get(item.value).to_vec(),
                    _ => name,
                })
            }
            _ if variable.is_persistent() => {
                let opened = self.opened.iter().filter(|opened| opened.variable == variable);
                let mut members = opened.flat_map(|opened| &opened.members);
                members.find(|(name, _)| is(name)).map(|(_, value)| value.clone())
            }
            _ => {
                let mut entries = self.work.fields[variable as usize].iter();
                entries
                    .find(|entry| entry.name.is_some_and(|name| is(values.get(name))))
                    .map(|entry| values.get(entry.value).to_vec())
            }
        };
        out.extend_from_slice(&found.unwrap_or_default());
    }

    fn expand_variable(
        &self,
        rules: &RuleSet,
        variable: Variable,
        member: Option<&[u8]>,
        out: &mut Vec<u8>,
    ) {
        if variable.shape() != Shape::Dynamic {
            let entries = &self.work.fields[variable as usize];
            let found = match member {
                None => entries.first(),
                // Of several members of a name the last counts, as in libmodsecurity.
                Some(member) => entries.iter().rfind(|entry| {
                    entry
                        .name
                        .is_some_and(|name| self.work.values.get(name).eq_ignore_ascii_case(member))
                }),
            };
            if let Some(entry) = found {
                out.extend_from_slice(self.work.values.get(entry.value));
            }
            return;
        }
        if variable.is_persistent() {
            let opened = self.opened.iter().filter(|opened| opened.variable == variable);
            let value = opened
                .flat_map(|opened| &opened.members)
                .find(|(name, _)| member.is_none_or(|member| name.eq_ignore_ascii_case(member)));
            if let Some((_, value)) = value {
                out.extend_from_slice(value);
            }
            return;
        }
        if let Some(value) = self.dynamic(rules, variable, member) {
            out.extend_from_slice(&value);
        }
    }

    /// `ARGS:id`, `REQUEST_URI`; a count has the name of what it counts.
    pub(super) fn item_name(&self, item: Item) -> Vec<u8> {
        if matches!(item.variable, Variable::MatchedVars | Variable::MatchedVarsNames)
            && let Some(name) = item.name
        {
            // The name of a matched variable is the name it had where it matched.
            return [item.variable.name().as_bytes(), b":", self.work.values.get(name)].concat();
        }
        match item.name {
            Some(name) => {
                [item.variable.name().as_bytes(), b":", self.work.values.get(name)].concat()
            }
            None => item.variable.name().as_bytes().to_vec(),
        }
    }
}

/// Whether a text has macros of `RULE`, which itself cannot be part of one.
fn names_rule(template: &Template) -> bool {
    template.parts.iter().any(|part| {
        matches!(part, Part::Variable(Variable::Rule, _) | Part::Selected(Variable::Rule, _))
    })
}

/// Date and time of day in UTC (proleptic Gregorian calendar).
struct CivilTime {
    year: u64,
    month: u64,
    day: u64,
    weekday: u64,
    hour: u64,
    minute: u64,
    second: u64,
}

impl CivilTime {
    fn new(seconds: u64) -> Self {
        let days = seconds / 86_400;
        // Years counted from March, so that the leap day is the last one.
        let shifted = days + 719_468;
        let era = shifted / 146_097;
        let day_of_era = shifted % 146_097;
        let year_of_era =
            (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
        Self {
            year: era * 400 + year_of_era + u64::from(month <= 2),
            month,
            day: day_of_year - (153 * month_from_march + 2) / 5 + 1,
            weekday: (days + 4) % 7,
            hour: seconds % 86_400 / 3600,
            minute: seconds % 3600 / 60,
            second: seconds % 60,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::CivilTime;

    #[test]
    fn dates_are_right() {
        let time = CivilTime::new(1_709_210_096);
        assert_eq!(
            (time.year, time.month, time.day, time.weekday, time.hour, time.minute, time.second),
            (2024, 2, 29, 4, 12, 34, 56)
        );
        let time = CivilTime::new(0);
        assert_eq!((time.year, time.month, time.day, time.weekday), (1970, 1, 1, 4));
    }
}
