//! What the firewall counts. Ids of rules are labels: there are as many as rules.

use marquis_waf::{Intervention, RuleMatch};
use prometheus::{Histogram, HistogramOpts, IntCounter, IntCounterVec, Opts, Registry};

/// Seconds; a plain GET takes some tens of microseconds.
const BUCKETS: [f64; 12] = [
    0.000_01, 0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.0025, 0.01, 0.05, 0.25, 1.0,
];

/// The firewall's metrics.
#[derive(Debug, Clone)]
pub(crate) struct Metrics {
    /// `passed`, `matched` and `blocked`, blocking and detecting.
    evaluations: [[IntCounter; 3]; 2],
    blocks: IntCounterVec,
    matches: IntCounterVec,
    duration: Histogram,
}

impl Metrics {
    pub(crate) fn new(registry: &Registry) -> Result<Self, prometheus::Error> {
        let counter = |name: &str, help: &str, labels: &[&str]| {
            let counter = IntCounterVec::new(Opts::new(name, help), labels)?;
            registry.register(Box::new(counter.clone()))?;
            Ok::<_, prometheus::Error>(counter)
        };
        let evaluations = counter(
            "waf_evaluations_total",
            "Requests the firewall looked at.",
            &["mode", "outcome"],
        )?;
        let of = |mode: &str| {
            ["passed", "matched", "blocked"]
                .map(|outcome| evaluations.with_label_values(&[mode, outcome]))
        };
        let duration = Histogram::with_opts(
            HistogramOpts::new(
                "waf_evaluation_duration_seconds",
                "Time the firewall's rules took for one request and its answer.",
            )
            .buckets(BUCKETS.to_vec()),
        )?;
        registry.register(Box::new(duration.clone()))?;
        Ok(Self {
            evaluations: [of("on"), of("detection")],
            blocks: counter(
                "waf_blocks_total",
                "Requests and answers refused, by the rule that decided; `limit` for bodies.",
                &["rule_id"],
            )?,
            matches: counter(
                "waf_rule_matches_total",
                "Matches of rules that ask for a log line.",
                &["rule_id"],
            )?,
            duration,
        })
    }

    pub(super) fn observe(
        &self,
        detecting: bool,
        seconds: f64,
        matches: &[RuleMatch],
        intervention: Option<&Intervention>,
    ) {
        self.duration.observe(seconds);
        let mut logged = matches.iter().filter(|found| found.logged).peekable();
        let outcome = match (intervention, logged.peek()) {
            (Some(_), _) => 2,
            (None, Some(_)) => 1,
            (None, None) => 0,
        };
        self.evaluations[usize::from(detecting)][outcome].inc();
        for found in logged {
            self.matches.with_label_values(&[found.rule_id.to_string()]).inc();
        }
        if let Some(intervention) = intervention {
            let rule = intervention.rule_id.map_or_else(|| "limit".to_owned(), |id| id.to_string());
            self.blocks.with_label_values(&[rule]).inc();
        }
    }
}
