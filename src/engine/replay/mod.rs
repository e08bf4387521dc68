//! A decision is made again from what is kept of it, and compared.
//!
//! The rules and the roster are given as they were. What the engine asked beside them is answered by
//! [`Recorded`], from what [`Recorder`](recorder::Recorder) has kept, and from the trace: what each
//! seat was owed tells the credit that it had.

mod calls;
pub mod difference;
pub mod facts;
pub mod recorded;
pub mod recorder;
mod tape;

use crate::context::Context;
use crate::decision::reason::Reason;
use crate::decision::{Decision, Step};
use crate::lead::Lead;
use crate::replay::difference::Answered;
use crate::replay::facts::Facts;
use crate::replay::recorded::Recorded;
use crate::roster::Roster;
use crate::routing::pipeline;
use crate::rules::Rules;
use crate::time_zone::Zones;
use crate::work;
use crate::Micros;
use std::rc::Rc;

/// A decision as it was made.
#[derive(Debug)]
#[allow(missing_docs)]
pub struct Made<'a> {
    /// The lead as it was.
    pub lead: Lead,
    pub facts: &'a Facts,
    /// Where the lead went.
    pub then: &'a Answered,
    pub trace: &'a [Step],
    pub decided_at: Micros,
    /// How long a presence counts by default.
    pub presence_ttl: Option<Micros>,
}

/// Makes a decision again, by the rules and the roster as they were; `None` where nothing would be decided.
pub fn replay(made: Made<'_>, rules: &Rules, mut roster: Rc<Roster>, zones: &dyn Zones) -> Option<Decision> {
    let Made { lead, facts, then, trace, decided_at, presence_ttl } = made;
    for (rep, problem) in &facts.unable {
        let rep = Rc::make_mut(&mut roster).reps.get_mut(rep);
        rep.into_iter().for_each(|rep| rep.cannot_hold = Some(problem.clone()));
    }
    for rep in &facts.gone {
        Rc::make_mut(&mut roster).reps.remove(rep);
    }
    let tenant = lead.tenant.clone();
    let presence_ttl = match facts.presence_ttl {
        None => presence_ttl,
        Some(ttl) => Some(ttl).filter(|ttl| *ttl > 0),
    };
    let now = facts.now.unwrap_or(decided_at);
    let context = Context { rules, roster: &roster, now, presence_ttl, tenant: Some(&tenant) };
    // what has failed is not tried again: whoever gets the lead then does
    if let Some(Reason::Error { sqlstate, message }) = trace.last().map(|step| &step.reason) {
        return Some(pipeline::rescued(lead, sqlstate, message, context, zones));
    }
    let mut recorded = Recorded::new(facts, trace, zones);
    let answer =
        work::answer(facts.work(lead, then, trace), facts.unreadable.clone(), context, &mut recorded);
    let mut decision = answer.decision?;
    pipeline::within_tenant(&mut decision, rules, &roster);
    if facts.caught {
        pipeline::to_catch_all(&mut decision, rules);
    }
    Some(*decision)
}

#[cfg(test)]
mod tests;
