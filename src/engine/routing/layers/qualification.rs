//! Points for what is known of a lead that nobody has scored. Never decides.

use crate::context::{Finding, Routing};
use crate::decision::reason::{Fired, Reason};
use crate::lead::{score, CleanLead, Problem};
use crate::rules::tables::Criterion;
use crate::Micros;

/// A score that criteria gave is none: it is made anew.
pub fn forget(clean: &mut CleanLead) {
    if clean.lead.given.is_scored {
        (clean.lead.score, clean.lead.exact_score) = (None, None);
    }
}

/// Whether criteria score the lead: it comes without a score. One whose score cannot be read was scored by somebody, and one
/// that was there before routing is left as it is.
pub fn applies(routing: &Routing<'_>) -> bool {
    let (lead, context) = (&routing.clean.lead, &routing.context);
    let is_open = lead.score.is_none() && !lead.given.adopted;
    is_open
        && context.rules.criteria_at(&lead.tenant, context.now).next().is_some()
        && !routing.clean.unreadable.iter().any(|problem| problem.field == "score")
}

/// Gives the lead its score: the sum of the points of all criteria that hold. Points with a half-life count from when the buyer
/// acted.
pub fn ask(routing: &mut Routing<'_>) -> Finding {
    let (lead, context) = (&routing.clean.lead, routing.context);
    let age = context.now.saturating_sub(lead.occurred_at.unwrap_or(context.now));
    let (mut reasons, mut broken, mut asked) = (Vec::new(), Vec::new(), 0);
    for row in context.rules.criteria_at(&lead.tenant, context.now) {
        asked += 1;
        let holds = match (&row.condition_problem, &row.condition) {
            (Some(problem), _) => Err(problem.clone()),
            (None, None) => Ok(true),
            (None, Some(_)) => routing.lookups.criterion(&routing.clean, row),
        };
        match holds {
            Ok(true) => reasons.push(fired(row, age)),
            Ok(false) => {}
            Err(what) => broken.push(Problem { field: row.name.clone(), what }),
        }
    }
    // what counts most comes first
    reasons.sort_by(|one, other| {
        let by_points = other.points.abs().total_cmp(&one.points.abs());
        by_points.then_with(|| one.criterion.cmp(&other.criterion))
    });
    let score = score::total(reasons.iter().map(|fired| fired.points));
    (routing.clean.lead.score, routing.clean.scored) = (Some(score), Some(score));
    Finding::passed(Reason::Scored { score, asked, reasons, broken })
}

fn fired(row: &Criterion, age: Micros) -> Fired {
    let new = score::rounded(row.points);
    let points = row.half_life.map_or(new, |half_life| score::aged(row.points, age, half_life));
    let of = Some(new).filter(|new| *new != points);
    Fired { criterion: row.name.clone(), points, of, reason: row.reason.clone() }
}

#[cfg(test)]
mod tests;
