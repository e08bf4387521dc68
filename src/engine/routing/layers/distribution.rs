//! The pool hands the lead to one of its eligible reps, by the pool's strategy.

use crate::context::{Finding, Routing};
use crate::decision::candidate::{Candidate, Part};
use crate::decision::reason::Reason;
use crate::decision::Outcome;
use crate::lead::account::Company;
use crate::lead::{language, Lead};
use crate::roster::load::Day;
use crate::roster::members::Member;
use crate::roster::rotation::{self, Filled, Share, Turn};
use crate::roster::unavailable::{Away, Ineligible};
use crate::roster::Rep;
use crate::routing::availability::{available_at, away};
use crate::routing::layers::fallback;
use crate::rules::tables::{Pool, Strategy, WhenAllAway};
use crate::Micros;

/// A member of the pool who was looked at.
struct Asked<'a> {
    member: &'a Member,
    not: Option<Ineligible>,
    share: Option<Share>,
    part: Option<Part>,
    load: Option<Filled>,
}

/// Decides where at least one rep of the pool is eligible, and where the pool holds its leads.
pub fn ask(routing: &mut Routing<'_>) -> Finding {
    match pool(routing) {
        Some(pool) => match same_company(pool, routing) {
            Some(found) => found,
            None => hand_out(pool, pool.when_all_away, routing),
        },
        None => Finding::passed(Reason::NotAsked { needs: "pool".to_owned() }),
    }
}

/// As [`ask`], but without regard to `when_all_away`: only a rep who is there gets the lead.
pub fn ask_those_there(routing: &mut Routing<'_>) -> Finding {
    match pool(routing) {
        Some(pool) => hand_out(pool, WhenAllAway::Fallback, routing),
        None => ask(routing),
    }
}

/// When the first is back of those who are not eligible only because they are away. `None` if somebody is
/// eligible, and if nobody comes back by themselves.
pub fn first_back(routing: &mut Routing<'_>) -> Option<Micros> {
    let asked = survey(pool(routing)?, routing);
    if asked.iter().any(|row| row.not.is_none()) {
        return None;
    }
    let away = asked.iter().filter(|row| row.not.as_ref().is_some_and(is_passing));
    let back = |row: &Asked<'_>| {
        let rep = routing.context.roster.reps.get(&row.member.rep_id)?;
        available_at(rep, routing.context, &*routing.lookups)
    };
    away.filter_map(back).min()
}

/// Decides for a lead of a company that has an open lead, where the pool keeps these together and the owner of that one could
/// take this one, but for caps. It is a turn of theirs.
fn same_company(pool: &Pool, routing: &mut Routing<'_>) -> Option<Finding> {
    routing.company = if pool.keep_company_together { company(routing) } else { None };
    let company = routing.company.clone()?;
    let rep = routing.lookups.company_owner(&routing.clean.lead.tenant, &company)?;
    if !suits(&rep, &pool.name, routing) {
        return None;
    }
    let mut asked = survey(pool, routing);
    for row in &mut asked {
        let takes_part = row.not.is_none() || row.member.rep_id == rep;
        row.share = takes_part.then(|| share(row.member, pool, routing));
        // who was owed what did not decide
        row.part = row.share.map(|share| Part(share.seat, share.weight, 0));
    }
    let shares: Vec<Share> = asked.iter().filter_map(|row| row.share).collect();
    let chosen = asked.iter().find(|row| row.member.rep_id == rep)?.share?;
    routing.turns.push(rotation::charge(pool.pool_no, &shares, &chosen));
    let (pool, candidates) = (pool.name.clone(), candidates(asked));
    let company = company.to_string();
    let reason = Reason::SameCompany { pool, rep: rep.clone(), company, candidates };
    Some(Finding::decided(Outcome::Owner(rep), reason))
}

/// The account of a lead, else the domain of its company without sub-domains.
fn company(routing: &Routing<'_>) -> Option<Company> {
    let account = routing.account.as_ref().and_then(Option::as_ref).map(|found| &found.account.id);
    account
        .map(|id| Company::Account(id.clone()))
        .or_else(|| routing.clean.company_names.last().cloned().map(Company::Domain))
}

fn pool<'a>(routing: &Routing<'a>) -> Option<&'a Pool> {
    routing.context.rules.pools.get(routing.pool.as_ref()?)
}

/// Whether a rep could take the lead from a pool, but for caps.
pub fn suits(rep: &str, pool: &str, routing: &mut Routing<'_>) -> bool {
    let roster = routing.context.roster;
    let member = roster.members(pool, routing.context.tenant).find(|row| row.rep_id == rep);
    member
        .zip(roster.reps.get(rep))
        .is_some_and(|(member, rep)| ineligible(member, rep, routing).is_none_or(|not| not.is_full()))
}

fn hand_out(pool: &Pool, when_all_away: WhenAllAway, routing: &mut Routing<'_>) -> Finding {
    let mut asked = survey(pool, routing);
    let mut shares = shares(&mut asked, pool, routing, |not| not.is_none());
    let anyway = shares.is_empty() && when_all_away == WhenAllAway::AssignAnyway;
    if anyway {
        shares = self::shares(&mut asked, pool, routing, |not| not.as_ref().is_some_and(is_passing));
    }
    let taken = match shares.is_empty() {
        true => rotation::Taken::default(),
        false => take_turn(pool, &shares, routing),
    };
    for (seat, why) in taken.refused {
        for row in asked.iter_mut().filter(|row| row.member.seat == seat) {
            row.not = Some(why.clone());
        }
    }
    // both in the order of the candidates
    let (mut owed, mut loads) = (taken.owed.into_iter().peekable(), taken.loads.into_iter().peekable());
    for row in &mut asked {
        let seat = row.member.seat;
        let owed = owed.next_if(|(other, _)| *other == seat);
        row.part = owed.zip(row.share).map(|((_, owed), share)| Part(seat, share.weight, owed));
        row.load = loads.next_if(|(other, _)| *other == seat).map(|(_, load)| load);
    }
    let winner = taken.turn.as_ref().and_then(|turn| {
        let row = asked.iter().find(|row| row.member.seat == turn.seat)?;
        Some(row.member.rep_id.clone())
    });
    routing.turns.extend(taken.turn);
    match winner {
        Some(rep) => {
            let (pool, by) = (pool.name.clone(), pool.strategy);
            let reason = Reason::Turn { pool, rep: rep.clone(), by, anyway, candidates: candidates(asked) };
            Finding::decided(Outcome::Owner(rep), reason)
        }
        None => nobody(pool, when_all_away, asked, routing),
    }
}

fn nobody(
    pool: &Pool,
    when_all_away: WhenAllAway,
    asked: Vec<Asked<'_>>,
    routing: &mut Routing<'_>,
) -> Finding {
    let somebody_returns = asked.iter().any(|row| row.not.as_ref().is_some_and(is_passing));
    let (pool_name, candidates) = (pool.name.clone(), candidates(asked));
    if when_all_away != WhenAllAway::Hold || !somebody_returns {
        return Finding::passed(Reason::NobodyEligible { pool: pool_name, candidates });
    }
    routing.held = true;
    let (_, queue) = fallback::way_out(routing);
    let outcome = Outcome::Queue(queue.clone());
    Finding::decided(outcome, Reason::Held { pool: pool_name, queue, candidates })
}

/// Away for a while, and for no other reason.
fn is_passing(not: &Ineligible) -> bool {
    matches!(not, Ineligible::Away { away } if away.is_passing())
}

/// The turn that a step of a trace tells of; `rep_no` is not in the trace.
pub fn turn_of(reason: &Reason, pool_no: i32) -> Option<(&str, Turn)> {
    let (Reason::Turn { rep, candidates, .. } | Reason::SameCompany { rep, candidates, .. }) = reason else {
        return None;
    };
    let shares: Vec<Share> = candidates.iter().filter_map(|row| Some(row.share?.share())).collect();
    let seat = candidates.iter().find(|row| row.rep == *rep)?.share?.0;
    let chosen = shares.iter().find(|share| share.seat == seat)?;
    Some((rep, rotation::charge(pool_no, &shares, chosen)))
}

/// The turns that an owner of an account uses up in pools that count owner matches.
pub fn owner_match(owner: &str, routing: &Routing<'_>) -> Vec<Turn> {
    let counts = |pool: &&Pool| pool.owner_matches_count;
    let mut pools: Vec<&Pool> = routing.context.rules.pools.values().filter(counts).collect();
    pools.sort_by_key(|pool| pool.pool_no);
    pools.into_iter().filter_map(|pool| turn_of_owner(owner, pool, routing)).collect()
}

/// The turn that a lead uses up in a pool that it did not come to by rotation.
fn turn_of_owner(owner: &str, pool: &Pool, routing: &Routing<'_>) -> Option<Turn> {
    let members = || routing.context.roster.members(&pool.name, routing.context.tenant);
    let own = members().find(|row| row.rep_id == owner && row.active && row.weight > 0)?;
    let present = |row: &&Member| {
        let rep = routing.context.roster.reps.get(&row.rep_id);
        let here = rep.is_some_and(|rep| away(rep, routing.context, &*routing.lookups).is_none());
        row.seat == own.seat || (here && row.active && row.weight > 0)
    };
    let shares: Vec<Share> = members().filter(present).map(|row| share(row, pool, routing)).collect();
    Some(rotation::charge(pool.pool_no, &shares, &share(own, pool, routing)))
}

fn take_turn(pool: &Pool, shares: &[Share], routing: &mut Routing<'_>) -> rotation::Taken {
    routing.lookups.open_pool(pool);
    let taken = rotation::take(pool.pool_no, pool.strategy, shares, routing.lookups);
    routing.lookups.close_pool(taken.turn.as_ref());
    taken
}

fn survey<'a>(pool: &Pool, routing: &mut Routing<'a>) -> Vec<Asked<'a>> {
    let roster = routing.context.roster;
    // reps of other tenants are not even named
    let members = roster.members(&pool.name, routing.context.tenant).collect::<Vec<&'a Member>>();
    let ask = |member: &'a Member| {
        let rep = roster.reps.get(&member.rep_id);
        let not = match rep {
            None => Some(Ineligible::Away { away: Away::Unknown }),
            Some(rep) => ineligible(member, rep, routing),
        };
        Asked { member, not, share: None, part: None, load: None }
    };
    members.into_iter().map(ask).collect()
}

/// Marks and answers those who take part.
fn shares(
    asked: &mut [Asked<'_>],
    pool: &Pool,
    routing: &Routing<'_>,
    wanted: impl Fn(&Option<Ineligible>) -> bool,
) -> Vec<Share> {
    for row in asked.iter_mut() {
        row.share = wanted(&row.not).then(|| share(row.member, pool, routing));
    }
    asked.iter().filter_map(|row| row.share).collect()
}

/// `limits` is set where loads or caps decide: then a place is reserved for the lead.
fn share(member: &Member, pool: &Pool, routing: &Routing<'_>) -> Share {
    let rep = routing.context.roster.reps.get(&member.rep_id);
    let by_load = pool.strategy == Strategy::LeastLoaded;
    let limited = rep.filter(|rep| by_load || !rep.caps().is_none());
    let limits = limited.map(|rep| (rep.caps(), day(rep, routing)));
    Share { seat: member.seat, weight: member.weight, rep_no: rep.map_or(0, |rep| rep.rep_no), limits }
}

fn day(rep: &Rep, routing: &Routing<'_>) -> Day {
    Day::of(routing.context.now, &rep.time_zone, &*routing.lookups)
}

fn candidates(asked: Vec<Asked<'_>>) -> Vec<Candidate> {
    let candidate = |row: Asked<'_>| Candidate {
        rep: row.member.rep_id.clone(),
        share: row.part,
        load: row.load,
        not: row.not,
    };
    asked.into_iter().map(candidate).collect()
}

/// Why a member is not eligible, cheapest check first. Away for a while comes last: then there is no other reason.
fn ineligible(member: &Member, rep: &Rep, routing: &mut Routing<'_>) -> Option<Ineligible> {
    let context = routing.context;
    if !member.active {
        return Some(Ineligible::Paused);
    }
    if member.weight == 0 {
        return Some(Ineligible::ZeroWeight);
    }
    if routing.tried.contains(&rep.id) {
        return Some(Ineligible::AlreadyTried);
    }
    let away = away(rep, context, &*routing.lookups);
    if let Some(away) = away.as_ref().filter(|away| !away.is_passing()) {
        return Some(Ineligible::Away { away: away.clone() });
    }
    let segment = routing.segment.and_then(|place| context.rules.segments.get(place));
    let skills = segment.and_then(|row| row.required_skills.as_deref());
    let unsuited = unsuited(rep, &routing.clean.lead, skills.unwrap_or_default());
    let full = unsuited.or_else(|| {
        let caps = rep.caps();
        let load = (!caps.is_none()).then(|| routing.lookups.load(rep.rep_no, day(rep, routing)));
        caps.reached(&load?)
    });
    full.or(away.map(|away| Ineligible::Away { away }))
}

fn unsuited(rep: &Rep, lead: &Lead, skills: &[String]) -> Option<Ineligible> {
    let lacks = |list: &Option<Vec<String>>, value: &Option<String>| match (list, value) {
        (Some(list), Some(value)) => (!list.contains(value)).then(|| value.clone()),
        _ => None,
    };
    if let (Some(list), Some(tag)) = (&rep.languages, &lead.language) {
        if !language::is_among(tag, list) {
            return Some(Ineligible::Language { needs: tag.clone() });
        }
    }
    if let Some(needs) = lacks(&rep.products, &lead.product) {
        return Some(Ineligible::Product { needs });
    }
    let has = |skill: &&String| rep.skills.as_ref().is_some_and(|list| list.contains(skill));
    let missing = skills.iter().find(|skill| !has(skill));
    missing.map(|needs| Ineligible::Skill { needs: needs.clone() })
}

#[cfg(test)]
mod tests;
