//! One try: the changed lead through all layers.

use super::case::{Case, Counter, Trials, Words};
use super::dry::{Dry, Supposed};
use super::then::{roster_of, supposed_of};
use crate::context::Context;
use crate::decision::Decision;
use crate::lead::{CleanLead, Lead};
use crate::lookups::Lookups;
use crate::roster::load::{Day, Load};
use crate::roster::Roster;
use crate::routing::layers::intake;
use crate::routing::pipeline;
use serde_json::Value;

/// What is changed at once.
#[derive(Debug, Clone, Default)]
pub struct Variant {
    /// The lead.
    pub lead: Lead,
    /// Its columns that have other values.
    pub columns: Vec<(&'static str, Value)>,
    /// Another roster.
    pub roster: Option<Roster>,
    /// Other turns and loads.
    pub supposed: Option<Supposed>,
}

/// The case, and what the rules say of it.
pub struct Trial<'a> {
    pub case: &'a Case<'a>,
    /// The roster of then.
    pub roster: Roster,
    /// Turns and loads of then.
    pub supposed: Supposed,
    /// The decision without any change.
    pub base: Decision,
    pub trials: &'a mut dyn Trials,
}

impl<'a> Trial<'a> {
    pub fn new(case: &'a Case<'a>, trials: &'a mut dyn Trials) -> Self {
        let supposed = supposed_of(case.trace, case.context);
        let roster = roster_of(case.trace, case.context, &*trials.lookups(&[]));
        let same = Variant { lead: case.lead.clone(), ..Variant::default() };
        let base = route(case, trials, &same, &roster, &supposed);
        Self { case, roster, supposed, base, trials }
    }

    /// The lead without any change.
    pub fn same(&self) -> Variant {
        Variant { lead: self.case.lead.clone(), ..Variant::default() }
    }

    /// Where the changed lead goes.
    pub fn route(&mut self, variant: &Variant) -> Decision {
        let roster = variant.roster.as_ref().unwrap_or(&self.roster);
        let supposed = variant.supposed.as_ref().unwrap_or(&self.supposed);
        route(self.case, self.trials, variant, roster, supposed)
    }

    /// The same, if that is elsewhere.
    pub fn elsewhere(&mut self, variant: &Variant) -> Option<Decision> {
        let decision = self.route(variant);
        self.is_elsewhere(&decision).then_some(decision)
    }

    /// Whether the lead gets to another rep, queue or pool.
    pub fn is_elsewhere(&self, decision: &Decision) -> bool {
        decision.failure().is_none()
            && (decision.outcome != self.base.outcome || decision.pool != self.base.pool)
    }

    /// How many leads a rep had.
    pub fn load(&mut self, rep: &str) -> Load {
        let Some(row) = self.roster.reps.get(rep) else {
            return Load::default();
        };
        let mut dry = Dry::new(self.trials.lookups(&[]), &self.supposed);
        let day = Day::of(self.case.context.now, &row.time_zone, &dry);
        dry.load(row.rep_no, day)
    }

    /// A change that leads elsewhere.
    pub fn counter(&self, words: Words, decision: &Decision) -> Counter {
        Counter::new(words, decision, &self.base)
    }

    /// Place of the segment that the changed lead falls into.
    pub fn segment(&mut self, variant: &Variant) -> Option<usize> {
        let context = self.case.context;
        let mut dry = Dry::new(self.trials.lookups(&variant.columns), &self.supposed);
        let mut clean = CleanLead { lead: variant.lead.clone(), ..CleanLead::default() };
        intake::clean(&mut clean, context.rules, context.now, &mut |name| dry.country(name));
        let segments = &context.rules.segments;
        segments.search(&clean.lead, context.now, |path| dry.condition(&clean, path)).found
    }

    /// Place of the segment that it falls into unchanged.
    pub fn base_segment(&self) -> Option<usize> {
        self.case.context.rules.segments.place(self.base.segment.as_deref()?)
    }
}

fn route(
    case: &Case<'_>,
    trials: &mut dyn Trials,
    variant: &Variant,
    roster: &Roster,
    supposed: &Supposed,
) -> Decision {
    let context = Context { roster, ..case.context };
    let is_changed = |field: &str| variant.columns.iter().any(|(column, _)| *column == field);
    let unreadable = case.unreadable.iter().filter(|problem| !is_changed(&problem.field)).cloned().collect();
    let mut dry = Dry::new(trials.lookups(&variant.columns), supposed);
    let mut decision = pipeline::route(variant.lead.clone(), unreadable, context, &mut dry);
    pipeline::within_tenant(&mut decision, context.rules, context.roster);
    decision
}
