//! Turns, loads and who was there at the time of a decision, as its trace tells them.

use super::case::candidates;
use super::dry::{Room, Supposed};
use super::lift::lift;
use crate::context::Context;
use crate::decision::candidate::Candidate;
use crate::decision::reason::Reason;
use crate::decision::Step;
use crate::roster::load::Load;
use crate::roster::members::Members;
use crate::roster::rotation::{self, Share};
use crate::roster::unavailable::{Away, Ineligible};
use crate::roster::{Absence, Roster};
use crate::rules::tables::Span;
use crate::time_zone::Zones;
use rustc_hash::FxHashMap;

/// What the trace says of turns and loads.
pub fn supposed_of(trace: &[Step], context: Context<'_>) -> Supposed {
    let said = |wanted: fn(&Reason) -> bool| trace.iter().any(|step| wanted(&step.reason));
    let mut supposed = Supposed {
        is_first_of_person: said(|reason| matches!(reason, Reason::FirstSeen | Reason::SubmitInFlight)),
        is_first_of_company: said(|reason| {
            matches!(reason, Reason::Turn { .. } | Reason::NobodyEligible { .. })
        }),
        ..Supposed::default()
    };
    let Some((pool, candidates)) = candidates(trace) else {
        return supposed;
    };
    let pool_no = context.rules.pools.get(pool).map(|pool| pool.pool_no);
    let is_turn = said(|reason| matches!(reason, Reason::Turn { .. }));
    if let Some(pool_no) = pool_no.filter(|_| is_turn) {
        let shares: Vec<Share> = candidates.iter().filter_map(|row| Some(row.share?.share())).collect();
        let owed = candidates.iter().filter_map(|row| Some((row.share?.0, row.share?.2)));
        let owed: Vec<(i32, i64)> = owed.collect();
        let before = rotation::credit_before(&shares, &owed);
        supposed.credit.extend(before.into_iter().map(|(seat, credit)| ((pool_no, seat), credit)));
    }
    for row in candidates {
        let Some(rep) = context.roster.reps.get(&row.rep) else {
            continue;
        };
        if let Some(load) = row.load {
            supposed.open_leads.insert(rep.rep_no, load.open);
        }
        let room = match &row.not {
            None => Some(Room::Had(rep.caps())),
            Some(not) if not.is_full() => Some(Room::Reached(not.clone())),
            Some(_) => None,
        };
        if let Some(room) = room {
            supposed.rooms.insert(rep.rep_no, room);
        }
    }
    supposed
}

/// The roster with the members of the pool as the trace tells of them: who was there, with which weight, and why not.
pub fn roster_of(trace: &[Step], context: Context<'_>, zones: &dyn Zones) -> Roster {
    let mut roster = context.roster.clone();
    let Some((pool, candidates)) = candidates(trace) else {
        return roster;
    };
    let known: FxHashMap<&str, &Candidate> = candidates.iter().map(|row| (row.rep.as_str(), row)).collect();
    for members in roster.members.get_mut(pool).into_iter().flat_map(Members::lists) {
        members.retain(|member| known.contains_key(member.rep_id.as_str()));
        for member in members {
            let row = known.get(member.rep_id.as_str());
            member.active = !matches!(row.and_then(|row| row.not.as_ref()), Some(Ineligible::Paused));
            if let Some(part) = row.and_then(|row| row.share) {
                member.weight = part.1;
            }
        }
    }
    for row in candidates {
        match &row.not {
            Some(Ineligible::Away { away }) => impose(&mut roster, &row.rep, away, context),
            None => {
                let now = Context { roster: &roster, ..context };
                let away = now
                    .roster
                    .reps
                    .get(&row.rep)
                    .and_then(|rep| crate::routing::availability::away(rep, now, zones));
                if let Some(away) = away {
                    let why = Ineligible::Away { away };
                    lift(&mut roster, &row.rep, pool, &why, context, &Load::default());
                }
            }
            Some(_) => {}
        }
    }
    roster
}

/// Somebody was away who is there by now.
fn impose(roster: &mut Roster, rep: &str, away: &Away, context: Context<'_>) {
    let Some(row) = roster.reps.get_mut(rep) else {
        return;
    };
    match away {
        Away::Inactive => row.active = false,
        Away::Presence { presence } => (row.presence, row.presence_at) = (*presence, None),
        Away::Absent { kind } => {
            let absences = roster.absences.entry(rep.to_owned()).or_default();
            if absences.iter().any(|row| row.during.contains(&context.now)) {
                return;
            }
            let during = Span { lower: None, lower_inc: false, upper: None, upper_inc: false };
            absences.push(Absence {
                id: 0,
                rep_id: rep.to_owned(),
                during,
                kind: kind.clone(),
                backup_id: None,
            });
        }
        // hours and holidays are read as of the time of the decision anyway
        _ => {}
    }
}
