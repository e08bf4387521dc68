//! A decision in words that a rep understands.

use crate::decision::candidate::{Candidate, Part};
use crate::decision::reason::{Fired, Reason};
use crate::decision::{Decision, Layer, Step};
use crate::lead::account::MatchedBy;
use crate::lead::{score, Problem};
use crate::roster::rotation::{self, Filled, Share, LEAD};
use crate::roster::unavailable::{Ineligible, Refusal};
use crate::rules::tables::{
    DomainKind, EscalationAction, Intent, MailDomain, RecycleKind, Strategy, TierAction,
};

mod namesakes;

impl Decision {
    /// One sentence for `decisions.reason`.
    pub fn reason(&self) -> String {
        headline(&self.trace)
    }
}

/// The sentence for `decisions.reason`: what the deciding layer says, and for the fallback also what
/// kept the layers before from deciding, values that could not be read first.
pub fn headline(trace: &[Step]) -> String {
    let Some((last, before)) = trace.split_last() else {
        return String::new();
    };
    if last.layer != Layer::Fallback {
        return sentence(&last.reason);
    }
    let asked = |step: &&Step| !matches!(step.reason, Reason::NotAsked { .. });
    let unreadable = before.iter().find_map(|step| match &step.reason {
        Reason::Cleaned { unreadable, .. } if !unreadable.is_empty() => Some(problems(unreadable)),
        _ => None,
    });
    let why = before.iter().rev().find(asked).map(|step| sentence(&step.reason));
    let sentences = [unreadable, why, Some(sentence(&last.reason))];
    sentences.into_iter().flatten().collect::<Vec<String>>().join("; ")
}

/// Every layer with what it found, and every candidate: eligible, or why not.
pub fn full(trace: &[Step]) -> String {
    let mut text = String::new();
    for step in trace {
        let mark = if step.decided { "=>" } else { "  " };
        let line = format!("{mark} {:<13} {}\n", step.layer.name(), sentence(&step.reason));
        text.push_str(&line);
        for detail in details(&step.reason) {
            text.push_str(&format!("{:19}{detail}\n", ""));
        }
    }
    text
}

fn problems(list: &[Problem]) -> String {
    let items: Vec<String> =
        (list.iter()).map(|problem| format!("{} {}", problem.field, problem.what)).collect();
    items.join(", ")
}

fn refusals<'a>(list: impl IntoIterator<Item = &'a Refusal>) -> String {
    let items: Vec<String> =
        (list.into_iter()).map(|refusal| format!("{} {}", refusal.rep, refusal.why)).collect();
    items.join(", ")
}

/// Why a rep gets the lead of an account: who else does not. Where they are not there themselves, nobody else is.
fn for_whom(rep: &str, refused: &[Refusal]) -> String {
    let (own, others): (Vec<&Refusal>, Vec<&Refusal>) =
        refused.iter().partition(|refusal| refusal.rep == rep);
    let others = refusals(others);
    match (own.first(), others.is_empty()) {
        (None, true) => String::new(),
        (None, false) => format!(", because {others}"),
        (Some(own), true) => format!(", who {}, as nobody stands in", own.why),
        (Some(own), false) => format!(", who {}, as {others}", own.why),
    }
}

const fn found_by(by: MatchedBy) -> &'static str {
    match by {
        MatchedBy::Contact => "a known contact",
        MatchedBy::CrmId => "its CRM id",
        MatchedBy::Domain => "its domain",
        MatchedBy::Name => "its name",
    }
}

/// One sentence without full stop.
pub fn sentence(reason: &Reason) -> String {
    match reason {
        Reason::Cleaned { domain, no_company, unreadable, notes } => {
            cleaned(domain.as_deref(), *no_company, unreadable, notes)
        }
        Reason::NoDomain => "no domain to look up".into(),
        Reason::NoDomainRule { domain } => format!("no rule for {domain}"),
        Reason::DomainRule { domain, kind, queue } => {
            format!("{domain} is {}: queue {queue}", domain_kind(*kind))
        }
        Reason::NoIdentity => "neither e-mail nor phone to compare".into(),
        Reason::FirstSeen => "no open lead of this person".into(),
        Reason::SubmitInFlight => "the same person is being submitted elsewhere; not waited for".into(),
        Reason::NotRouted { lead_id } => {
            format!("lead {lead_id} of this person came while routing was off, and has nobody yet")
        }
        Reason::InNurture { lead_id } => {
            format!("lead {lead_id} of this person is in nurture: this one is looked at")
        }
        Reason::MergedInto { lead_id, by_email, raises, moves } => {
            let key = if *by_email { "e-mail address" } else { "phone number" };
            let raises = if *raises { ", which becomes more urgent" } else { "" };
            let moves = moves.as_ref().map(|away| format!("; it moves on, as {} {}", away.rep, away.why));
            format!("same {key} as lead {lead_id}: merged into it{raises}{}", moves.unwrap_or_default())
        }
        Reason::NotAsked { needs } => format!("not asked: there is no {needs}"),
        Reason::Error { sqlstate, message } => {
            format!("routing failed ({sqlstate}: {message}): kept in queue catch_all")
        }
        Reason::Escalated { policy, step, to, action, off_duty } => {
            let done = match (action, off_duty) {
                (EscalationAction::Remind, _) => format!("{to} was reminded"),
                (_, Some(why)) => format!("now with {to}, who {why}"),
                (_, None) => format!("now with {to}"),
            };
            format!("no response in time (policy {policy}, step {step}): {done}")
        }
        _ => given_sentence(reason),
    }
}

fn given_sentence(reason: &Reason) -> String {
    match reason {
        Reason::Stays { pool, rep } => format!("stays with {rep}, whose turn in pool {pool} it was"),
        Reason::NoOwnerGiven => "the row has no owner".into(),
        Reason::StandsIn { rep, refused } => format!("{rep} stands in, because {}", refusals(refused)),
        Reason::GivenOwner { rep } => format!("{rep} owns the row already"),
        Reason::GivenQueue { queue } => format!("waits in queue {queue} already"),
        Reason::GivenNurture => "is in nurture already".into(),
        Reason::GivenStranger { owner, queue } => {
            format!("the row belongs to \"{owner}\", who is no rep: queue {queue}")
        }
        Reason::GivenClosed { status } => format!("the row came as {status}: nothing is left to do"),
        _ => account_sentence(reason),
    }
}

fn account_sentence(reason: &Reason) -> String {
    match reason {
        Reason::NoAccount => "belongs to no known account".into(),
        Reason::NotCustomer { account, by } => {
            format!("account {account}, found by {}, is no customer", found_by(*by))
        }
        Reason::Customer { account, by, rep, of, expansion, refused } => {
            let part = if *expansion { " (another part of it)" } else { "" };
            let (by, why) = (found_by(*by), for_whom(rep, refused));
            format!(
                "customer {account}{part}, found by {by}: goes to {rep}{}{why}",
                namesakes::of_above(of.as_deref())
            )
        }
        Reason::OwnersAway { account, refused } => {
            format!("nobody who answers for account {account} can take it: {}", refusals(refused))
        }
        Reason::NoOwner { account } => format!("account {account} has no owner"),
        Reason::NotDisqualified => "the account is not disqualified".into(),
        Reason::CooledOff { account, reason } => {
            format!("account {account} was disqualified ({reason}) long enough ago")
        }
        Reason::Recycled { account, reason, kind, queue } => {
            let kind = match kind {
                Some(RecycleKind::Timing) => "still cooling off",
                Some(RecycleKind::Fit) => "poor fit",
                None => "no recycle rule for the reason",
            };
            format!("account {account} was disqualified ({reason}), {kind}: queue {queue}")
        }
        Reason::NotNamed => "not a named account".into(),
        Reason::Named { account, by, rep, of, refused } => {
            let (by, why) = (found_by(*by), for_whom(rep, refused));
            format!(
                "named account {account}, found by {by}: goes to {rep}{}{why}",
                namesakes::of_above(of.as_deref())
            )
        }
        _ => namesakes::sentence(reason).unwrap_or_else(|| rule_sentence(reason)),
    }
}

fn rule_sentence(reason: &Reason) -> String {
    match reason {
        Reason::Scored { score, asked, reasons, .. } => {
            let (grade, fired) = (score::grade(*score), reasons.len());
            format!("score {score}, grade {grade}, by {fired} of {asked} criteria")
        }
        Reason::Segment { segment, territory, .. } => match territory {
            Some(territory) => format!("segment {segment} of territory {territory}"),
            None => format!("segment {segment}"),
        },
        Reason::NoSegment { tried, .. } => format!("none of {tried} segments matches"),
        Reason::Tier { tier, score, action, target } => {
            let target = target.as_deref().unwrap_or_default();
            match action {
                TierAction::Pool => format!("score {score} is tier {tier}: pool {target}"),
                TierAction::Queue => format!("score {score} is tier {tier}: queue {target}"),
                TierAction::Nurture => format!("score {score} is tier {tier}: nurture"),
            }
        }
        Reason::TooEager { tier, score, intent, pool } => {
            let intent = match intent {
                Intent::High => "high",
                Intent::Medium => "medium",
                Intent::Low => "low",
            };
            format!("score {score} is tier {tier}, but {intent} intent reaches a rep: pool {pool}")
        }
        Reason::NotNurtured { tier, score, account } => {
            format!("score {score} is tier {tier}, nurture, which is not for leads of account {account}")
        }
        Reason::NoTier { segment, score } => format!("no tier of segment {segment} has score {score}"),
        _ => pool_sentence(reason),
    }
}

fn pool_sentence(reason: &Reason) -> String {
    match reason {
        Reason::Turn { pool, rep, by, anyway, .. } => {
            let though = if *anyway { ", though everybody is away" } else { "" };
            match by {
                Strategy::WeightedRoundRobin => format!("it was the turn of {rep} in pool {pool}{though}"),
                Strategy::LeastLoaded => format!("{rep} has the most room in pool {pool}{though}"),
            }
        }
        Reason::SameCompany { pool, rep, company, .. } => {
            format!("{rep} of pool {pool} has an open lead of {company}")
        }
        Reason::Held { pool, queue, .. } => {
            format!("everybody in pool {pool} is away: held in queue {queue} until somebody is back")
        }
        Reason::NobodyEligible { pool, .. } => format!("nobody in pool {pool} is eligible"),
        Reason::Fallback { queue, of } => format!("goes to the {of} queue {queue}"),
        _ => String::new(),
    }
}

fn cleaned(
    domain: Option<&str>,
    no_company: Option<MailDomain>,
    unreadable: &[Problem],
    notes: &[Problem],
) -> String {
    let mut text = domain.map_or_else(|| "no domain".to_owned(), |name| format!("domain {name}"));
    match no_company {
        Some(MailDomain::Personal) => text.push_str(", a free-mail address without company"),
        Some(MailDomain::Disposable) => text.push_str(", a disposable address without company"),
        None => {}
    }
    for list in [unreadable, notes] {
        if !list.is_empty() {
            text.push_str("; ");
            text.push_str(&problems(list));
        }
    }
    text
}

const fn domain_kind(kind: DomainKind) -> &'static str {
    match kind {
        DomainKind::Partner => "a partner",
        DomainKind::Competitor => "a competitor",
        DomainKind::Internal => "our own",
        DomainKind::Blocked => "blocked",
        DomainKind::Personal => "a mail provider",
        DomainKind::Company => "a company",
    }
}

fn details(reason: &Reason) -> Vec<String> {
    match reason {
        Reason::Turn { rep, by, candidates, .. } => {
            let standing = standing(rep, *by, candidates);
            candidates.iter().map(|row| format!("{}{}", candidate(row), standing(row))).collect()
        }
        Reason::SameCompany { candidates, .. }
        | Reason::Held { candidates, .. }
        | Reason::NobodyEligible { candidates, .. } => candidates.iter().map(candidate).collect(),
        Reason::Segment { broken, .. } | Reason::NoSegment { broken, .. } => {
            skipped("segment", broken).collect()
        }
        Reason::Scored { reasons, broken, .. } => {
            reasons.iter().map(fired).chain(skipped("criterion", broken)).collect()
        }
        _ => namesakes::details(reason),
    }
}

fn skipped<'a>(what: &'a str, broken: &'a [Problem]) -> impl Iterator<Item = String> + 'a {
    broken.iter().map(move |rule| format!("{what} {} was skipped: {}", rule.field, rule.what))
}

fn fired(fired: &Fired) -> String {
    let Fired { criterion, points, of, reason } = fired;
    let of = of.map(|of| format!(", of {of:+} when the buyer acted")).unwrap_or_default();
    let why = reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
    format!("{points:+} {criterion}{why}{of}")
}

/// Turns that are looked ahead at most.
const FAR_OFF: usize = 1000;

/// What a candidate was owed, and when it is their turn if nothing changes; where loads decide, how full they were.
fn standing(winner: &str, by: Strategy, candidates: &[Candidate]) -> impl Fn(&Candidate) -> String {
    let parts: Vec<Part> = candidates.iter().filter_map(|row| row.share).collect();
    let shares: Vec<Share> = parts.iter().map(|part| part.share()).collect();
    let owed: Vec<(i32, i64)> = parts.iter().map(|Part(seat, _, owed)| (*seat, *owed)).collect();
    let chosen = candidates.iter().find(|row| row.rep == winner).and_then(|row| row.share).map(|part| part.0);
    let next = chosen.map(|seat| rotation::next_turns(&shares, &owed, seat, FAR_OFF)).unwrap_or_default();
    move |row| match (row.load, row.share) {
        (Some(Filled { open, capacity }), _) => {
            format!(": {open} open leads, capacity {}", two_decimals(i128::from(capacity), 1000))
        }
        // by load, but of a time when loads were not written down
        (None, Some(Part(seat, _, owed))) if by == Strategy::WeightedRoundRobin => {
            let turns = next.iter().find(|(other, _)| *other == seat).map(|(_, turns)| *turns);
            let turns = match turns {
                Some(1) => "in 1 turn".to_owned(),
                Some(turns) => format!("in {turns} turns"),
                None => format!("not within {FAR_OFF} turns"),
            };
            let what = if owed < 0 { "ahead" } else { "owed" };
            let now = if Some(seat) == chosen { "now, again " } else { "" };
            format!(
                ": {} {what}, theirs {now}{turns}",
                two_decimals(i128::from(owed).abs(), i128::from(LEAD))
            )
        }
        _ => String::new(),
    }
}

/// A fraction with two decimals, without trailing zeros where it is whole.
fn two_decimals(value: i128, unit: i128) -> String {
    let hundredths = (value * 100 + unit / 2) / unit;
    match hundredths % 100 {
        0 if unit == 1000 => format!("{}", hundredths / 100),
        rest => format!("{}.{rest:02}", hundredths / 100),
    }
}

fn candidate(row: &Candidate) -> String {
    let rep = &row.rep;
    match &row.not {
        None => format!("{rep} was eligible"),
        Some(Ineligible::Away { away }) => format!("{rep} {away}"),
        Some(Ineligible::Paused) => format!("{rep} is paused in this pool"),
        Some(Ineligible::ZeroWeight) => format!("{rep} has weight 0"),
        Some(Ineligible::Language { needs }) => format!("{rep} does not speak {needs}"),
        Some(Ineligible::Product { needs }) => format!("{rep} does not sell {needs}"),
        Some(Ineligible::Skill { needs }) => format!("{rep} lacks the skill {needs}"),
        Some(Ineligible::AlreadyTried) => format!("{rep} has had this lead"),
        Some(Ineligible::DailyCap { cap }) => format!("{rep} is at the daily cap of {cap}"),
        Some(Ineligible::WeeklyCap { cap }) => format!("{rep} is at the weekly cap of {cap}"),
        Some(Ineligible::OpenLeads { cap }) => format!("{rep} is at the limit of {cap} open leads"),
        Some(Ineligible::Counted) => format!("{rep} was being given a lead elsewhere, and has caps to keep"),
    }
}

#[cfg(test)]
mod tests;
