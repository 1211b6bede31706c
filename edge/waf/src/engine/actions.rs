//! Actions that change the transaction.

use super::{Opened, Transaction, store::LONGEST_MEMBER};
use crate::{
    compile::{CompiledCtl, Link, RuleIndex, RuleSet},
    rule::{
        action::{Change, Ctl, Member, Sanitise, SetVar},
        operator::integer,
        variable::Variable,
    },
};

/// Members of `ENV`, and bytes in one.
const MOST_ENVIRONMENT: usize = 64;
const LONGEST_ENVIRONMENT: usize = 4096;
/// Names of values the audit event must not show.
const MOST_SANITISED: usize = 256;
/// Members of one persistent collection.
const MOST_OPENED_MEMBERS: usize = 256;
/// Bytes of the key of a collection and of the name of a member.
const LONGEST_KEY: usize = 1024;

impl Transaction {
    pub(super) fn set_var(&mut self, rules: &RuleSet, set_var: &SetVar) {
        // Most variables are constants in slots, and most others need no other buffer.
        if let Member::Slot(slot) = set_var.member {
            match &set_var.change {
                Change::Unset => return self.work.tx.unset_slot(slot),
                Change::Set(template) => {
                    if let Some(text) = template.constant() {
                        return self.work.tx.set_slot(slot, text);
                    }
                    let mut text = std::mem::take(&mut self.work.scratch);
                    text.clear();
                    self.expand(rules, template, &mut text);
                    self.work.tx.set_slot(slot, &text);
                    text.shrink_to(LONGEST_ENVIRONMENT);
                    self.work.scratch = text;
                    return;
                }
                Change::Add(_) | Change::Subtract(_) => {}
            }
        }
        let mut text = Vec::new();
        let change = match &set_var.change {
            Change::Unset => None,
            Change::Set(template) | Change::Add(template) | Change::Subtract(template) => {
                self.expand(rules, template, &mut text);
                text.truncate(LONGEST_MEMBER);
                Some(&set_var.change)
            }
        };
        let mut name = Vec::new();
        if let Member::Named(template) = &set_var.member {
            self.expand(rules, template, &mut name);
            name.truncate(LONGEST_KEY);
        }
        let old = match (&set_var.member, set_var.collection) {
            (Member::Slot(slot), _) => self.work.tx.slot(*slot).map(<[u8]>::to_vec),
            (Member::Named(_), Variable::Tx) => {
                self.work.tx.get(&rules.tx, &name).map(<[u8]>::to_vec)
            }
            (Member::Named(_), collection) => {
                self.opened_member(collection, &name).map(<[u8]>::to_vec)
            }
        };
        let number = || old.as_deref().map_or(0, integer);
        let new = match change {
            None => None,
            Some(Change::Add(_)) => {
                Some(number().saturating_add(integer(&text)).to_string().into_bytes())
            }
            Some(Change::Subtract(_)) => {
                Some(number().saturating_sub(integer(&text)).to_string().into_bytes())
            }
            Some(_) => Some(text),
        };
        match (&set_var.member, set_var.collection) {
            (Member::Slot(slot), _) => match &new {
                Some(value) => self.work.tx.set_slot(*slot, value),
                None => self.work.tx.unset_slot(*slot),
            },
            (Member::Named(_), Variable::Tx) => self.work.tx.set(&rules.tx, &name, new.as_deref()),
            (Member::Named(_), collection) => {
                self.set_opened(rules, collection, &name, new.as_deref())
            }
        }
    }

    fn opened_member(&self, collection: Variable, name: &[u8]) -> Option<&[u8]> {
        self.opened
            .iter()
            .filter(|opened| opened.variable == collection)
            .flat_map(|opened| &opened.members)
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_slice())
    }

    fn set_opened(
        &mut self,
        rules: &RuleSet,
        collection: Variable,
        name: &[u8],
        value: Option<&[u8]>,
    ) {
        let Some(opened) = self.opened.iter_mut().find(|opened| opened.variable == collection)
        else {
            return;
        };
        let known = opened.members.iter().position(|(known, _)| known.eq_ignore_ascii_case(name));
        match (known, value) {
            (Some(index), Some(value)) => opened.members[index].1 = value.to_vec(),
            (Some(index), None) => {
                opened.members.remove(index);
            }
            (None, Some(value)) if opened.members.len() < MOST_OPENED_MEMBERS => {
                opened.members.push((name.to_vec(), value.to_vec()));
            }
            (None, Some(_)) => return,
            (None, None) => {}
        }
        if let Some(store) = &self.context.collections {
            let now = self.context.now / 1_000_000;
            let name = name.to_ascii_lowercase();
            store.store(
                collection.name(),
                &opened.key,
                &name,
                value,
                now,
                rules.settings.collection_timeout,
            );
        }
    }

    /// Opens the collections a rule names, before its variables are set.
    pub(super) fn init_collections(&mut self, rules: &RuleSet, link: &Link) {
        for (collection, key) in &link.actions.init_collections {
            let mut text = Vec::new();
            self.expand(rules, key, &mut text);
            text.truncate(LONGEST_KEY);
            self.open(*collection, text);
        }
    }

    /// What a link does once the whole chain matched.
    pub(super) fn after_match(&mut self, rules: &RuleSet, index: RuleIndex, link: &Link) {
        for (collection, member, amount, period) in &link.actions.deprecate_vars {
            self.deprecate(rules, *collection, member, *amount, *period);
        }
        for (name, value) in &link.actions.set_envs {
            let (mut own_name, mut text) = (Vec::new(), Vec::new());
            self.expand(rules, name, &mut own_name);
            self.expand(rules, value, &mut text);
            text.truncate(LONGEST_ENVIRONMENT);
            self.environment.retain(|(known, _)| *known != own_name);
            if self.environment.len() < MOST_ENVIRONMENT {
                self.environment.push((own_name, text));
            }
        }
        for sanitise in &link.actions.sanitise {
            self.sanitise(rules, sanitise);
        }
        for (collection, member, lifetime) in &link.actions.expire_vars {
            let (mut name, mut seconds) = (Vec::new(), Vec::new());
            if let Member::Named(template) = member {
                self.expand(rules, template, &mut name);
            }
            self.expand(rules, lifetime, &mut seconds);
            if integer(&seconds) <= 0 {
                self.set_opened(rules, *collection, &name, None);
                continue;
            }
            let key = self
                .opened
                .iter()
                .find(|opened| opened.variable == *collection)
                .map(|opened| &opened.key);
            if let (Some(store), Some(key)) = (&self.context.collections, key) {
                let at = (self.context.now / 1_000_000).saturating_add_signed(integer(&seconds));
                store.expire(collection.name(), key, &name.to_ascii_lowercase(), at);
            }
        }
        let position =
            rules.rules[index as usize].links.iter().position(|other| std::ptr::eq(other, link));
        for (number, ctl) in link.ctls.iter().enumerate() {
            self.ctl(rules, index, position.unwrap_or(0), number, ctl);
        }
    }

    /// Lowers a member by the amount for every whole period since its collection changed.
    fn deprecate(
        &mut self,
        rules: &RuleSet,
        collection: Variable,
        member: &Member,
        amount: i64,
        period: u64,
    ) {
        let mut name = Vec::new();
        if let Member::Named(template) = member {
            self.expand(rules, template, &mut name);
        }
        let (Some(store), Some(opened)) = (
            &self.context.collections,
            self.opened.iter().find(|opened| opened.variable == collection),
        ) else {
            return;
        };
        let now = self.context.now / 1_000_000;
        let changed = store.changed(collection.name(), &opened.key).unwrap_or(now);
        let periods = i64::try_from(now.saturating_sub(changed) / period).unwrap_or(i64::MAX);
        let Some(old) = self.opened_member(collection, &name).map(integer) else { return };
        let new = old.saturating_sub(amount.saturating_mul(periods)).max(0);
        if periods > 0 && new < old {
            self.set_opened(rules, collection, &name, Some(new.to_string().as_bytes()));
        }
    }

    fn sanitise(&mut self, rules: &RuleSet, sanitise: &Sanitise) {
        let mut names = Vec::new();
        match sanitise {
            Sanitise::Matched => {
                names.extend(self.work.matched.iter().map(|item| self.item_name(*item)));
            }
            Sanitise::Member(collection, member) => {
                let mut name = [collection.name().as_bytes(), b":"].concat();
                self.expand(rules, member, &mut name);
                names.push(name);
            }
        }
        for name in names {
            if self.sanitised.len() < MOST_SANITISED && !self.sanitised.contains(&name) {
                self.sanitised.push(name);
            }
        }
    }

    fn open(&mut self, variable: Variable, key: Vec<u8>) {
        if self.opened.iter().any(|opened| opened.variable == variable && opened.key == key) {
            return;
        }
        // Another key opens another collection in its place.
        self.opened.retain(|opened| opened.variable != variable);
        let now = self.context.now / 1_000_000;
        let members = self
            .context
            .collections
            .as_ref()
            .map(|store| store.load(variable.name(), &key, now))
            .unwrap_or_default();
        self.opened.push(Opened { variable, key, members });
    }

    fn ctl(
        &mut self,
        rules: &RuleSet,
        rule: RuleIndex,
        link: usize,
        number: usize,
        ctl: &CompiledCtl,
    ) {
        match ctl {
            CompiledCtl::Remove(concerned) => {
                self.removed.resize(rules.rules.len().div_ceil(64), 0);
                for index in concerned {
                    self.removed[*index as usize / 64] |= 1 << (index % 64);
                }
            }
            CompiledCtl::RemoveTarget(..) => {
                let place =
                    (rule, u32::try_from(link).unwrap_or(0), u32::try_from(number).unwrap_or(0));
                if !self.removed_targets.contains(&place) {
                    self.removed_targets.push(place);
                }
            }
            CompiledCtl::Plain(ctl) => match ctl {
                Ctl::RuleEngine(mode) => self.mode = *mode,
                Ctl::AuditEngine(engine) => self.audit_engine = *engine,
                Ctl::AuditLogParts(sign, parts) => match sign {
                    '+' => self.audit_parts.push_str(parts),
                    '-' => self.audit_parts.retain(|part| !parts.contains(part)),
                    _ => self.audit_parts.clone_from(parts),
                },
                Ctl::BodyProcessor(processor) => self.body_processor = Some(*processor),
                Ctl::RequestBodyAccess(on) => self.body_access = Some(*on),
                Ctl::ResponseBodyAccess(on) => self.response_access = Some(*on),
                Ctl::ForceRequestBody(on) => self.force_body = *on,
                Ctl::XmlArguments(mode) => self.xml_arguments = *mode,
                // Resolved when the rules were compiled.
                Ctl::Remove(_) | Ctl::RemoveTarget(..) => {}
            },
        }
    }
}
