//! Compilation of a loaded document into the form the engine runs.
//!
//! Per phase the rules become a list of steps with their jumps resolved. Target lists and
//! transformation chains that rules share exist once, so that a transaction resolves and
//! transforms a value once for all of them.

pub(crate) mod chains;
pub(crate) mod classes;
mod compiler;
mod drafts;
mod fold;
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
        action::{Actions, Ctl},
        operator::{Comparison, Operator},
        target::{Selector, Target},
        variable::Variable,
    },
    seclang::{Document, Position, Settings, SourceError, TargetMode},
    transform::UnicodeMap,
};
use compiler::{Compiler, Ids, group_masks, jump, steps_of, xml_paths};
use fold::fold;

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
    /// The rule always matches, and only jumps.
    Skip(usize),
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
    /// A rule before it that needs no step would have ended what was matched.
    pub(crate) follows_gone: bool,
    pub(crate) gate: Gate,
}

/// A compiled rule set, shared by all transactions.
#[derive(Debug)]
pub struct RuleSet {
    pub(crate) settings: Settings,
    pub(crate) rules: Vec<Rule>,
    /// Rules of phases 1 to 5 in order.
    pub(crate) phases: [Vec<Step>; 5],
    /// Number of rules in each phase, with those that need no step.
    counts: [usize; 5],
    pub(crate) tx: TxNames,
    /// The members of TX a transaction begins with.
    pub(crate) initial: Vec<(u32, Box<[u8]>)>,
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
    patterns: Vec<PathBuf>,
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
            let jump = jump(&draft, steps[index], &drafts.markers, &mut warnings);
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
        let folded = fold(&rules, &phases, &compiler.sets, &context.tx);
        let counts = phases.each_ref().map(Vec::len);
        let phases = phases.map(|phase| steps_of(&phase, &folded.fates, &mut rules));
        Ok(Self {
            settings: document.settings,
            phases,
            counts,
            rules,
            tx: context.tx,
            initial: folded.initial,
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
            patterns: document.patterns,
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

    /// Number of rules in each phase, 1 to 5.
    #[must_use]
    pub fn by_phase(&self) -> [usize; 5] {
        self.counts
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

    /// The files the rule set came from, each once: rules, data files of operators
    /// (`@pmFromFile`, `@ipMatchFromFile`) and the Unicode map, also where it could not be
    /// read.
    #[must_use]
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// Paths that may come to stand for other files: those of `Include` and
    /// `IncludeOptional` with wildcards (`*`, `?`, `[...]`, in the last component only),
    /// whether they matched or not, and optional files that are not there. A file that
    /// appears or goes in the directory of one of them is a reason to load again.
    #[must_use]
    pub fn patterns(&self) -> &[PathBuf] {
        &self.patterns
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
        workspace.reset(&self.initial);
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
