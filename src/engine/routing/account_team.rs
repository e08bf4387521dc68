//! Who takes a lead of an account: somebody who answers for it, and no stranger while one of them works here.
//!
//! Those who answer are the owners in the order in which they are asked, each with their backups, then the managers of the
//! owners. Who is absent (time off, offline, left) is replaced; who is only off duty keeps the lead where no backup is on duty.

use crate::context::Context;
use crate::lead::account::{Account, AccountKind, AccountMatch};
use crate::roster::unavailable::Refusal;
use crate::routing::availability::{available_at, owner_or_backup};
use crate::rules::tables::{AccountPolicy, WhenOffDuty, WhenTeamAway};
use crate::time_zone::Zones;
use crate::Micros;

/// Who answers for an account, each with the account whose role they have.
pub type Team<'a> = Vec<(&'a Account, &'a String)>;

/// Who answers for a customer, in the order in which they are asked: the customer success manager before the owner, its own
/// before those of customers above it. Where all those are nobody, the owners of the accounts above it do.
pub fn of_customer<'a>(found: &'a AccountMatch) -> Team<'a> {
    let members = |account: &'a Account| {
        [&account.csm_id, &account.owner_id].into_iter().flatten().map(move |rep| (account, rep))
    };
    let customers = found.family().filter(|account| account.kind == AccountKind::Customer);
    let team: Team<'_> = customers.flat_map(members).collect();
    if team.is_empty() {
        found.family().flat_map(members).collect()
    } else {
        team
    }
}

/// Who answers for a named account: the owner, then the customer success manager; where it has neither, those of the account
/// above it, then of the one above all others.
pub fn of_named<'a>(found: &'a AccountMatch) -> Team<'a> {
    let members = |account: &'a Account| {
        [&account.owner_id, &account.csm_id].into_iter().flatten().map(move |rep| (account, rep))
    };
    let teams = found.family().map(|account| members(account).collect::<Team<'_>>());
    teams.into_iter().find(|team| !team.is_empty()).unwrap_or_default()
}

/// The account above whose owner takes the lead, or stands behind whoever does.
pub fn above(team: &Team<'_>, rep: &str, account: &str) -> Option<String> {
    let own = team.iter().find(|(_, member)| *member == rep).or_else(|| team.first());
    own.map(|(of, _)| of.id.clone()).filter(|of| of != account)
}

/// Who takes the lead, and everybody who was asked before and is not there. Who takes it is among them where they keep it
/// although they are not there.
pub fn taker<'a>(
    owners: impl IntoIterator<Item = &'a String>,
    policy: Option<&AccountPolicy>,
    context: Context<'_>,
    zones: &dyn Zones,
) -> (Option<String>, Vec<Refusal>) {
    let (when_off_duty, when_all_away) =
        policy.map(|policy| (policy.when_off_duty, policy.when_all_away)).unwrap_or_default();
    let owners: Vec<&String> = owners.into_iter().collect();
    let reps = &context.roster.reps;
    let manager = |id: &&'a String| reps.get(*id)?.manager_id.as_ref();
    let managers: Vec<&String> = owners.iter().filter_map(manager).collect();
    let mut refused: Vec<Refusal> = Vec::new();
    for (place, id) in owners.iter().copied().chain(managers).enumerate() {
        let (rep, refusals) = owner_or_backup(id, context, zones);
        if rep.is_some() {
            add(&mut refused, refusals);
            return (rep, refused);
        }
        let is_off_duty = refusals.first().is_some_and(|first| first.rep == *id && first.why.is_off_duty());
        add(&mut refused, refusals);
        if place == 0 && is_off_duty && when_off_duty == WhenOffDuty::Keep {
            return (Some(id.clone()), refused);
        }
    }
    let keeps = match when_all_away {
        WhenTeamAway::Segment => None,
        WhenTeamAway::Keep => {
            let off_duty = refused.iter().find(|refusal| refusal.why.is_off_duty());
            let absent = || refused.iter().filter(|refusal| refusal.why.is_passing());
            let back = |refusal: &&Refusal| available_at(reps.get(&refusal.rep)?, context, zones);
            off_duty.or_else(|| absent().min_by_key(|refusal| back(refusal).unwrap_or(Micros::MAX)))
        }
    };
    (keeps.map(|refusal| refusal.rep.clone()), refused)
}

/// Who stands in for several is named once.
fn add(refused: &mut Vec<Refusal>, more: Vec<Refusal>) {
    for refusal in more {
        if !refused.iter().any(|known| known.rep == refusal.rep) {
            refused.push(refusal);
        }
    }
}

#[cfg(test)]
mod tests;
