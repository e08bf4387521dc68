//! How far the next candidate was behind: leads that would have had to come before, or open leads that they had too many.

use super::case::{Counter, Words};
use super::trial::Trial;
use crate::decision::candidate::Candidate;
use crate::decision::reason::Reason;
use crate::decision::Layer;
use crate::roster::rotation::{self, Share, LEAD};
use crate::rules::tables::Strategy;

/// Turns, and open leads, that are looked ahead at most.
const FAR_OFF: usize = 1000;

/// The smallest change of turns or loads after which somebody else is next.
pub fn next(trial: &mut Trial<'_>) -> Option<Counter> {
    let base = trial.base.clone();
    let step = base.trace.last().filter(|step| step.layer == Layer::Distribution)?;
    let Reason::Turn { pool, rep, by, candidates, .. } = &step.reason else {
        return None;
    };
    match by {
        Strategy::WeightedRoundRobin => later(pool, rep, candidates, trial),
        Strategy::LeastLoaded => with_less(candidates, trial),
    }
}

/// After so many more leads of the same kind it is somebody else's turn.
fn later(pool: &str, winner: &str, candidates: &[Candidate], trial: &mut Trial<'_>) -> Option<Counter> {
    let shares: Vec<Share> = candidates.iter().filter_map(|row| Some(row.share?.share())).collect();
    let owed: Vec<(i32, i64)> =
        candidates.iter().filter_map(|row| Some((row.share?.0, row.share?.2))).collect();
    let seat = candidates.iter().find(|row| row.rep == winner)?.share?.0;
    let turns = rotation::next_turns(&shares, &owed, seat, FAR_OFF);
    // the lead itself is the first of them
    let (next, after) = turns.into_iter().find(|(other, _)| *other != seat)?;
    let pool_no = trial.case.context.rules.pools.get(pool)?.pool_no;
    let mut supposed = trial.supposed.clone();
    for (seat, credit) in rotation::credit_after(&shares, &owed, seat, after) {
        supposed.credit.insert((pool_no, seat), credit);
    }
    let mut variant = trial.same();
    variant.supposed = Some(supposed);
    let decision = trial.elsewhere(&variant)?;
    let said = |seat: i32| {
        let row = candidates.iter().find(|row| row.share.is_some_and(|part| part.0 == seat));
        let (rep, owed) =
            row.map(|row| (row.rep.as_str(), row.share.map_or(0, |part| part.2))).unwrap_or_default();
        format!("{rep}, owed {}", hundredths(owed))
    };
    let leads = if after == 1 { "1 more lead".to_owned() } else { format!("{after} more leads") };
    let change = format!("{leads} in pool {pool} before it");
    let size = share(after, shares.len());
    Some(trial.counter(Words { change, from: said(seat), to: said(next), size }, &decision))
}

/// With so many open leads less somebody else has the most room.
fn with_less(candidates: &[Candidate], trial: &mut Trial<'_>) -> Option<Counter> {
    for less in 1..=FAR_OFF {
        let less = i64::try_from(less).ok()?;
        let mut is_possible = false;
        for row in candidates {
            let Some(open) = row.load.map(|load| load.open).filter(|open| *open >= less) else {
                continue;
            };
            let rep_no = trial.roster.reps.get(&row.rep)?.rep_no;
            is_possible = true;
            let mut variant = trial.same();
            let mut supposed = trial.supposed.clone();
            supposed.open_leads.insert(rep_no, open - less);
            variant.supposed = Some(supposed);
            if let Some(decision) = trial.elsewhere(&variant) {
                let leads = if less == 1 { "1 open lead" } else { "open leads" };
                let count = if less == 1 { String::new() } else { format!("{less} ") };
                let change = format!("{} with {count}{leads} fewer", row.rep);
                let size = share(usize::try_from(less).ok()?, usize::try_from(open).ok()?);
                let words = Words { change, from: open.to_string(), to: (open - less).to_string(), size };
                return Some(trial.counter(words, &decision));
            }
        }
        if !is_possible {
            return None;
        }
    }
    None
}

/// Part of a whole, 1 at most.
fn share(part: usize, of: usize) -> f64 {
    let number = |n: usize| f64::from(u32::try_from(n).unwrap_or(u32::MAX));
    (number(part) / number(of.max(1))).min(1.0)
}

/// A number of turns with two decimals.
fn hundredths(credit: i64) -> String {
    let hundredths = (i128::from(credit) * 100 + i128::from(LEAD / 2)).div_euclid(i128::from(LEAD));
    let sign = if hundredths < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", hundredths.abs() / 100, hundredths.abs() % 100)
}
