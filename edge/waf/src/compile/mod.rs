//! Compilation of a loaded document into the form the engine runs.
//!
//! Per phase the rules become a list of steps with their jumps resolved. Target lists and
//! transformation chains that rules share exist once, so that a transaction resolves and
//! transforms a value once for all of them.

pub(crate) mod chains;
pub(crate) mod classes;
mod drafts;
pub(crate) mod prefilter;

use std::{
    collections::HashMap,
    fs,
    path::PathBuf,
    sync::{Mutex, PoisonError},
};

use chains::Chains;
use classes::Classes;
use prefilter::{Prefilter, Probe};

use crate::{
    body::xml::Path,
    engine::{
        Redaction,
        workspace::{MOST_KEPT, Workspace},
    },
    rule::{
        Context, TxNames,
        action::{Actions, Ctl, Disruptive, RuleSelector},
        operator::{Comparison, Operator},
        target::{Selector, Target},
        variable::{Shape, Variable},
    },
    seclang::{Document, Position, Settings, SourceError, TargetMode},
    transform::UnicodeMap,
};
use drafts::Draft;

/// Index of a rule in [`RuleSet::rules`].
pub(crate) type RuleIndex = u32;

/// A target list shared by rules.
#[derive(Debug)]
pub(crate) struct TargetSet {
    pub(crate) targets: Vec<Target>,
    /// Whether the values are the same for all rules of a phase.
    pub(crate) fixed: bool,
}

/// One `SecRule` of a chain.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) set: u32,
    pub(crate) operator: Operator,
    pub(crate) negated: bool,
    /// Nodes of the transformation chain; the last one is the value to test.
    pub(crate) path: Vec<u32>,
    pub(crate) chain: u32,
    pub(crate) multi_match: bool,
    pub(crate) probe: Option<Probe>,
    /// Target list and chain together: candidates are computed once for each.
    pub(crate) group: u32,
    pub(crate) quick: Option<Quick>,
    pub(crate) actions: Actions,
    pub(crate) ctls: Vec<CompiledCtl>,
}

/// A test of one TX member against a number, which most gates of a rule set are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Quick {
    pub(crate) slot: u32,
    pub(crate) count: bool,
    pub(crate) comparison: Comparison,
    pub(crate) number: i64,
    pub(crate) negated: bool,
}

/// A `ctl` with its rules looked up.
#[derive(Debug)]
pub(crate) enum CompiledCtl {
    Plain(Ctl),
    Remove(Vec<RuleIndex>),
    RemoveTarget(Box<[RuleIndex]>, Target),
}

/// What happens on a full match.
#[derive(Debug)]
pub(crate) enum Verdict {
    Pass,
    Deny(u16),
    Drop,
    Allow(crate::rule::action::AllowScope),
    Redirect(u16, crate::rule::template::Template),
}

/// A rule: one link, or a chain of them.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) id: u64,
    pub(crate) at: Position,
    pub(crate) links: Vec<Link>,
    pub(crate) verdict: Verdict,
    pub(crate) log: bool,
    pub(crate) audit: bool,
    /// The step to go on with after a match.
    pub(crate) jump: Option<usize>,
    pub(crate) phase: u8,
}

impl Rule {
    /// Whether a match has no effect but the jump.
    fn only_jumps(&self) -> bool {
        let actions = &self.links[0].actions;
        self.links.len() == 1
            && !self.log
            && !self.audit
            && matches!(self.verdict, Verdict::Pass)
            && actions.severity.is_none()
            && actions.set_vars.is_empty()
            && actions.expire_vars.is_empty()
            && actions.deprecate_vars.is_empty()
            && actions.set_envs.is_empty()
            && actions.sanitise.is_empty()
            && actions.init_collections.is_empty()
            && self.links[0].ctls.is_empty()
    }
}

/// What must hold before a rule is worth looking at; decides most rules.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Gate {
    Open,
    /// The first link is this test.
    Quick(Quick),
    /// This test is all of the rule: it only jumps.
    Jump(Quick, usize),
    /// The prefilter must have found a candidate for the first link.
    Candidate {
        set: u32,
        chain: u32,
        group: u32,
        probe: Probe,
    },
}

/// One step of a phase.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    pub(crate) rule: RuleIndex,
    pub(crate) gate: Gate,
}

/// A compiled rule set, shared by all transactions.
#[derive(Debug)]
pub struct RuleSet {
    pub(crate) settings: Settings,
    pub(crate) rules: Vec<Rule>,
    /// Rules of phases 1 to 5 in order.
    pub(crate) phases: [Vec<Step>; 5],
    pub(crate) tx: TxNames,
    pub(crate) sets: Vec<TargetSet>,
    pub(crate) chains: Chains,
    pub(crate) classes: Classes,
    pub(crate) groups: usize,
    /// For every direction and group the probes it has, one row after the other.
    group_masks: [Vec<u64>; 2],
    /// For the request phases and for the response phases.
    pub(crate) prefilters: [Prefilter; 2],
    pub(crate) unicode: UnicodeMap,
    /// The paths rules select from XML bodies, as written and parsed.
    pub(crate) xml_paths: Vec<(Box<[u8]>, Path)>,
    reads_request_body: bool,
    /// Whether a rule reads the contents of uploaded files.
    pub(crate) inspects_files: bool,
    pub(crate) relevant_status: Option<crate::pattern::Pattern>,
    warnings: Vec<String>,
    files: Vec<PathBuf>,
    prefiltered: bool,
    pub(crate) redaction: Redaction,
    workspaces: Mutex<Vec<Workspace>>,
}

impl RuleSet {
    /// Compiles a document.
    pub fn compile(document: Document) -> Result<Self, SourceError> {
        let mut context =
            Context { tx: TxNames::new(), match_limit: steps(document.settings.match_limit) };
        let mut warnings = Vec::new();
        let unicode = unicode_map(&document.settings, &mut warnings)?;
        let relevant_status = relevant_status(&document.settings, &mut warnings);
        let drafts = drafts::collect(&document, &mut context, &mut warnings)?;
        let mut compiler = Compiler {
            sets: Vec::new(),
            set_ids: HashMap::new(),
            chains: Chains::new(),
            classes: Classes::new(),
            groups: HashMap::new(),
            builders: [prefilter::Builder::default(), prefilter::Builder::default()],
        };
        let ids = Ids::new(&drafts.rules);
        let mut phases: [Vec<RuleIndex>; 5] = Default::default();
        let mut steps = Vec::new();
        for (index, draft) in drafts.rules.iter().enumerate() {
            let phase = &mut phases[usize::from(draft.phase - 1)];
            steps.push(phase.len());
            phase.push(u32::try_from(index).unwrap_or(u32::MAX));
        }
        let mut rules = Vec::new();
        for (index, draft) in drafts.rules.into_iter().enumerate() {
            let jump = jump(&draft, steps[index], &drafts.markers);
            rules.push(compiler.rule(draft, jump, &ids));
        }
        for target in compiler.sets.iter_mut().flat_map(|set| &mut set.targets) {
            target.find_slots(&context.tx);
        }
        let xml_paths = xml_paths(&compiler.sets, &mut warnings);
        let inspects_files = compiler
            .sets
            .iter()
            .flat_map(|set| &set.targets)
            .any(|target| target.variable == Variable::FilesTmpContent);
        let reads_request_body = rules.iter().filter(|rule| rule.phase >= 2).any(|rule| {
            rule.links
                .iter()
                .flat_map(|link| &compiler.sets[link.set as usize].targets)
                .any(|target| target.variable.depends_on_body())
        });
        let groups = compiler.groups.len();
        let [request, response] = compiler.builders;
        let too_large = |e: aho_corasick::BuildError| {
            let at = Position { file: "rules".into(), line: 1, column: 1 };
            SourceError::new(at, "the rules hold too many words").caused_by(e)
        };
        let prefilters =
            [request.build().map_err(too_large)?, response.build().map_err(too_large)?];
        let group_masks = group_masks(&rules, groups, &prefilters);
        Ok(Self {
            settings: document.settings,
            phases: phases.map(|phase| phase.into_iter().map(|rule| step(rule, &rules)).collect()),
            rules,
            tx: context.tx,
            sets: compiler.sets,
            chains: compiler.chains,
            classes: compiler.classes,
            groups,
            prefilters,
            group_masks,
            unicode,
            xml_paths,
            inspects_files,
            reads_request_body,
            relevant_status,
            warnings,
            files: document.files,
            prefiltered: true,
            redaction: Redaction::default(),
            workspaces: Mutex::default(),
        })
    }

    /// The configuration directives.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Number of rules; a chain counts once.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// Whether there is no rule.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// What loaded but will not work as written, in words for the operator.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// The files the rules came from.
    #[must_use]
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// Memory of the prefilter automata in bytes.
    #[must_use]
    pub fn prefilter_memory(&self) -> usize {
        self.prefilters.iter().map(Prefilter::memory).sum()
    }

    /// Names values that audit events must not show, besides those that rules name with
    /// `sanitise...` actions.
    pub fn set_redaction(&mut self, redaction: Redaction) {
        self.redaction = redaction;
    }

    /// Whether a rule of the request phases could read the body of a request; if not, the
    /// server may pass it on without feeding it here.
    #[must_use]
    pub fn reads_request_body(&self) -> bool {
        self.settings.request_body_access && self.reads_request_body
    }

    /// Turns the prefilters off, so that every operator runs: for tests that compare.
    pub fn set_prefiltered(&mut self, on: bool) {
        self.prefiltered = on;
    }

    /// The probes of a group.
    pub(crate) fn group_mask(&self, group: u32, direction: usize) -> &[u64] {
        let width = self.prefilters[direction].width();
        &self.group_masks[direction][group as usize * width..(group as usize + 1) * width]
    }

    /// A workspace for one transaction.
    pub(crate) fn workspace(&self) -> Workspace {
        let kept = self.workspaces.lock().unwrap_or_else(PoisonError::into_inner).pop();
        kept.unwrap_or_else(|| Workspace::new(self))
    }

    /// Takes a workspace back.
    pub(crate) fn keep(&self, mut workspace: Workspace) {
        workspace.reset();
        let mut kept = self.workspaces.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < MOST_KEPT {
            kept.push(workspace);
        }
    }

    /// Steps of backtracking for one transaction: those of ten searches that run to their
    /// limit, far more than honest values need.
    pub(crate) fn transaction_steps(&self) -> u64 {
        steps(self.settings.match_limit).saturating_mul(10)
    }

    pub(crate) fn is_prefiltered(&self) -> bool {
        self.prefiltered
    }
}

/// Steps of a backtracking search for a configured `SecPcreMatchLimit`. ModSecurity counts
/// calls of a compiled matcher, each of which does the work of many of our steps.
fn steps(match_limit: u64) -> u64 {
    match_limit.saturating_mul(1000).min(2_000_000)
}

fn unicode_map(settings: &Settings, warnings: &mut Vec<String>) -> Result<UnicodeMap, SourceError> {
    let Some((path, page)) = &settings.unicode_map else {
        return Ok(UnicodeMap::default());
    };
    let at = || Position { file: path.to_string_lossy().into(), line: 1, column: 1 };
    match fs::read(path) {
        Ok(bytes) => UnicodeMap::parse(&String::from_utf8_lossy(&bytes), *page)
            .map_err(|e| SourceError::new(at(), "the Unicode map is not valid").caused_by(e)),
        Err(e) => {
            warnings.push(format!(
                "the Unicode map {} cannot be read ({e}); none is used",
                path.display()
            ));
            Ok(UnicodeMap::default())
        }
    }
}

fn relevant_status(
    settings: &Settings,
    warnings: &mut Vec<String>,
) -> Option<crate::pattern::Pattern> {
    let source = settings.audit_relevant_status.as_deref()?;
    match crate::pattern::Pattern::new(source, false, steps(settings.match_limit)) {
        Ok(pattern) => Some(pattern),
        Err(e) => {
            warnings.push(format!("SecAuditLogRelevantStatus is ignored: {e}"));
            None
        }
    }
}

fn xml_paths(sets: &[TargetSet], warnings: &mut Vec<String>) -> Vec<(Box<[u8]>, Path)> {
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

fn group_masks(rules: &[Rule], groups: usize, prefilters: &[Prefilter; 2]) -> [Vec<u64>; 2] {
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

fn step(index: RuleIndex, rules: &[Rule]) -> Step {
    let rule = &rules[index as usize];
    let head = &rule.links[0];
    let gate = match (head.quick, head.probe) {
        (Some(quick), _) if rule.only_jumps() => Gate::Jump(quick, rule.jump.unwrap_or(0)),
        (Some(quick), _) => Gate::Quick(quick),
        (None, Some(probe)) if !head.multi_match => {
            Gate::Candidate { set: head.set, chain: head.chain, group: head.group, probe }
        }
        _ => Gate::Open,
    };
    Step { rule: index, gate }
}

/// Where `skipAfter` or `skip` leads: a step of the same phase, or its end.
fn jump(draft: &Draft, step: usize, markers: &HashMap<String, Vec<[usize; 5]>>) -> Option<usize> {
    let actions = &draft.links[0].actions;
    let phase = usize::from(draft.phase - 1);
    let named = draft.links.iter().find_map(|link| link.actions.skip_after.as_deref());
    if let Some(name) = named {
        // Labels stand before the step they lead to.
        let target = markers
            .get(name)
            .and_then(|places| places.iter().map(|place| place[phase]).find(|&at| at > step));
        return Some(target.unwrap_or(usize::MAX));
    }
    (actions.skip > 0).then(|| step + 1 + actions.skip as usize)
}

/// Rules by id, tag and message, for exclusions.
struct Ids {
    rules: Vec<(u64, Vec<String>, Option<String>)>,
}

impl Ids {
    fn new(drafts: &[Draft]) -> Self {
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

struct Compiler {
    sets: Vec<TargetSet>,
    set_ids: HashMap<String, u32>,
    chains: Chains,
    classes: Classes,
    groups: HashMap<(u32, u32), u32>,
    builders: [prefilter::Builder; 2],
}

impl Compiler {
    fn rule(&mut self, draft: Draft, jump: Option<usize>, ids: &Ids) -> Rule {
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

impl TargetSet {
    /// Whether a value is taken out by one of the exclusions.
    pub(crate) fn excludes(&self, variable: Variable, name: Option<&[u8]>) -> bool {
        self.targets.iter().any(|target| {
            target.mode == TargetMode::Exclude
                && target.variable == variable
                && target_selects(target, name)
        })
    }
}

/// Whether a target takes the member `name` (or the value without a name) of its variable.
pub(crate) fn target_selects(target: &Target, name: Option<&[u8]>) -> bool {
    match (&target.selector, name) {
        (Selector::All, _) => true,
        (selector, Some(name)) => selector.selects(name),
        (_, None) => false,
    }
}
