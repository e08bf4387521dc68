//! Somebody who would have got the lead, had they been there, had room, or been able to take it.

use super::case::{candidates, Counter, Words};
use super::lift::lift;
use super::trial::Trial;
use crate::context::Context;
use crate::decision::reason::Reason;
use crate::decision::Decision;
use crate::roster::unavailable::{Ineligible, Refusal};
use crate::routing::availability::available_at;
use crate::time_zone::Zones;
use crate::{Micros, SECOND};

/// Obstacles of one rep that are taken away at once.
const OBSTACLES: usize = 4;

const DAY: Micros = 24 * 60 * 60 * SECOND;

/// One change for each rep who stood in line and could not.
pub fn back(trial: &mut Trial<'_>) -> Vec<Counter> {
    let obstacles = obstacles(&trial.base);
    obstacles.into_iter().filter_map(|(rep, why)| freed(&rep, why, trial)).collect()
}

/// Who did not get the lead, and why not.
fn obstacles(decision: &Decision) -> Vec<(String, Ineligible)> {
    let mut found: Vec<(String, Ineligible)> = Vec::new();
    let of_pool = candidates(&decision.trace).map(|(_, list)| list).unwrap_or_default();
    found.extend(of_pool.iter().filter_map(|row| Some((row.rep.clone(), row.not.clone()?))));
    for step in &decision.trace {
        let (Reason::Customer { refused, .. }
        | Reason::Named { refused, .. }
        | Reason::OwnersAway { refused, .. }) = &step.reason
        else {
            continue;
        };
        let why = |Refusal { rep, why }: &Refusal| (rep.clone(), Ineligible::Away { away: why.clone() });
        found.extend(refused.iter().map(why));
    }
    found
}

/// The lead with a rep whose obstacles are gone, one after the other, until it is theirs.
fn freed(rep: &str, why: Ineligible, trial: &mut Trial<'_>) -> Option<Counter> {
    let pool = trial.base.pool.clone().unwrap_or_default();
    let mut variant = trial.same();
    let mut roster = trial.roster.clone();
    let load = trial.load(rep);
    let (mut words, mut next): (Vec<Words>, Option<Ineligible>) = (Vec::new(), Some(why));
    for _ in 0..OBSTACLES {
        let why = next.take()?;
        words.push(lift(&mut roster, rep, &pool, &why, trial.case.context, &load)?);
        variant.roster = Some(roster.clone());
        let decision = trial.route(&variant);
        if decision.outcome.owner() == Some(rep) && trial.is_elsewhere(&decision) {
            let size = words.iter().map(|words| words.size).fold(0.0, f64::max);
            let joined =
                |part: fn(&Words) -> &str| words.iter().map(part).collect::<Vec<&str>>().join(" and ");
            let change = format!("{rep} {}", joined(|words| &words.change));
            let (from, to) = (joined(|words| &words.from), joined(|words| &words.to));
            let size = size.max(time_until_back(rep, trial));
            return Some(trial.counter(Words { change, from, to, size: size.min(1.0) }, &decision));
        }
        let still = obstacles(&decision).into_iter().find(|(other, _)| other == rep);
        next = still.map(|(_, why)| why);
    }
    None
}

/// Days until somebody is back who is away; 0 for those who are there.
#[allow(clippy::cast_precision_loss)]
fn time_until_back(rep: &str, trial: &mut Trial<'_>) -> f64 {
    let Trial { case, roster, .. } = trial;
    let context = Context { roster, ..case.context };
    let Some(row) = roster.reps.get(rep) else {
        return 1.0;
    };
    // of zones only the lookups know
    let zones: &dyn Zones = &*trial.trials.lookups(&[]);
    match available_at(row, context, zones) {
        Some(at) => (at - context.now) as f64 / DAY as f64,
        None => 1.0,
    }
}
