//! Weighted round robin with a bound on unfairness.
//!
//! The rule is the one of R. Tijdeman, *The chairman assignment problem*, Discrete Mathematics 32
//! (1980) 323–330: of those whose entitlement has come near a whole turn, the one whose turn falls due
//! first. With fixed shares every rep is, after every lead, within `1 - 1/(2k - 2)` of the exact share
//! (k reps), so always less than one lead away. Entitlement accrues over the leads that a rep was
//! eligible for, and credits always add up to zero.
//!
//! Where weights or eligible reps change, somebody may be further behind than fixed shares allow, and a deadline reckoned
//! from the shares of now says little. Then the rep furthest behind is next, until all are near again; with fixed shares
//! that is never so. Where every lead has another set of eligible reps this is the carpool problem (R. Fagin and
//! J. Williams, *A fair carpool scheduling algorithm*, IBM J. Res. Dev. 27 (1983) 133–139): no rule that
//! does not know the future keeps within one lead then. This one keeps, of n reps, each within n - 1 leads whatever
//! happens, and in practice within two; the tests hold both.
//!
//! Proof: after each lead any j of the reps are owed at most j(n - j) leads together, T(J) for short; credits add up to
//! zero, so one is owed n - 1 at most, and so is whoever is ahead. By induction: T(J) grows, by p, only if the lead goes to
//! some c outside J and is shared with some i in J. If c is furthest behind, then c's credit and share are those of i at
//! least. T(J with c) + T(J without i) was 2j(n - j) - 2 at most, so T(J) was j(n - j) - 1 + (i's credit - c's) / 2 at
//! most, and p and half of c's share are at most the one lead. If c is next by deadline, i is owed one lead at most, and
//! T(J without i) + 1 is within the bound if 2j <= n; otherwise c is one lead ahead at most, and T(J with c) + 1 is.
//!
//! Integers only, in units of [`LEAD`], so nothing drifts.

use crate::roster::load::{Caps, Day};
use crate::roster::unavailable::Ineligible;
use crate::rules::tables::Strategy;
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// One lead, in units of credit.
pub const LEAD: i64 = 1_000_000_000_000;

/// A rep who may take the next turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// Seat of the rep in the pool; unique, and the last tie-breaker.
    pub seat: i32,
    /// Weight in thousandths, above 0.
    pub weight: i64,
    /// Number of the rep, across pools.
    pub rep_no: i32,
    /// Caps of the rep, and the day for which they count; `None` where no place need be reserved.
    pub limits: Option<(Caps, Day)>,
}

/// A turn: whose it was, and what it changes in the credit of every candidate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// Number of the pool.
    pub pool_no: i32,
    /// Seat of the rep whose turn it is.
    pub seat: i32,
    /// The rep, across pools.
    pub rep_no: i32,
    /// Change of credit by seat, in units of [`LEAD`]; adds up to zero.
    pub credit: Vec<(i32, i64)>,
}

/// The result of a choice among shares.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Taken {
    /// The turn, if somebody could take it.
    pub turn: Option<Turn>,
    /// Seats whose rep turned out to have no room.
    pub refused: Vec<(i32, Ineligible)>,
    /// What each seat among which the turn was chosen was owed with this lead, in units of [`LEAD`].
    pub owed: Vec<(i32, i64)>,
    /// By [`Strategy::LeastLoaded`], the load of each seat.
    pub loads: Vec<(i32, Filled)>,
}

/// How full a rep is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filled {
    /// Open leads.
    pub open: i64,
    /// `max_open_leads` times weight in thousandths, by which loads are compared.
    pub capacity: i64,
}

/// What a choice in an open pool depends on.
pub trait OpenPool {
    /// Credit of a seat before this lead.
    fn credit(&self, seat: i32) -> i64;
    /// Leads of a rep; only asked for by [`Strategy::LeastLoaded`].
    fn open_leads(&mut self, rep_no: i32) -> i64;
    /// Reserves a place under the caps of the rep for this lead, or says why there is none.
    fn reserve(&mut self, share: &Share) -> Result<(), Ineligible>;
}

/// Takes the next turn: the first by `strategy` who has room under their caps. A rep without room is not
/// entitled to a share of this lead either.
pub fn take(pool_no: i32, strategy: Strategy, shares: &[Share], pool: &mut dyn OpenPool) -> Taken {
    let (mut left, mut refused) = (shares.to_vec(), Vec::new());
    loop {
        // By load, only reps with equally much room take turns: leads that the load decides would
        // pile up credit.
        let (among, loads) = match strategy {
            Strategy::WeightedRoundRobin => (left.clone(), Vec::new()),
            Strategy::LeastLoaded => roomiest(&left, pool),
        };
        let owed = owed(&among, |seat| pool.credit(seat));
        let Some(share) = furthest_behind(&among, &owed).and_then(|place| among.get(place).copied()) else {
            return Taken { refused, loads, ..Taken::default() };
        };
        match pool.reserve(&share) {
            Ok(()) => return Taken { turn: Some(charge(pool_no, &among, &share)), refused, owed, loads },
            Err(why) => refused.push((share.seat, why)),
        }
        left.retain(|other| other.seat != share.seat);
    }
}

/// A lead that `chosen` gets, by rotation or otherwise: every share accrues its part of it.
pub fn charge(pool_no: i32, shares: &[Share], chosen: &Share) -> Turn {
    let mut credit: Vec<(i32, i64)> =
        shares.iter().zip(accrue(shares)).map(|(share, part)| (share.seat, part)).collect();
    if let Some((_, part)) = credit.iter_mut().find(|(seat, _)| *seat == chosen.seat) {
        *part -= LEAD;
    }
    Turn { pool_no, seat: chosen.seat, rep_no: chosen.rep_no, credit }
}

fn total(shares: &[Share]) -> i64 {
    shares.iter().map(|share| share.weight).sum()
}

/// Credit with the part of one more lead, by seat.
fn owed(shares: &[Share], credit: impl Fn(i32) -> i64) -> Vec<(i32, i64)> {
    let parts = accrue(shares);
    shares.iter().zip(parts).map(|(share, part)| (share.seat, credit(share.seat) + part)).collect()
}

/// What each seat had before a lead, by what it was owed with it.
pub fn credit_before(shares: &[Share], owed: &[(i32, i64)]) -> Vec<(i32, i64)> {
    owed.iter().zip(accrue(shares)).map(|((seat, owed), part)| (*seat, owed.saturating_sub(part))).collect()
}

fn furthest_behind(shares: &[Share], owed: &[(i32, i64)]) -> Option<usize> {
    let (k, total) = (shares.len(), total(shares));
    let is_near = are_near(k, owed);
    let keys = shares.iter().zip(owed).map(|(share, (seat, credit))| match is_near {
        true => order(k, total, share.weight, *credit, *seat),
        false => (false, 0, -credit, *seat),
    });
    keys.enumerate().min_by(|a, b| a.1.cmp(&b.1)).map(|(place, _)| place)
}

/// After how many more leads it is the turn of each share, if the same reps stay eligible: 1 is the next lead. `owed` is
/// what they were owed with the lead that `chosen` got. Those whose turn is further off than `most` are left out.
pub fn next_turns(shares: &[Share], owed: &[(i32, i64)], chosen: i32, most: usize) -> Vec<(i32, usize)> {
    let mut credit: BTreeMap<i32, i64> = owed.iter().copied().collect();
    let mut winner = chosen;
    let mut turns: Vec<(i32, usize)> = Vec::new();
    for turn in 1..=most {
        credit.entry(winner).and_modify(|credit| *credit -= LEAD);
        let now_owed = self::owed(shares, |seat| credit.get(&seat).copied().unwrap_or_default());
        let Some(share) = furthest_behind(shares, &now_owed).and_then(|place| shares.get(place)) else {
            break;
        };
        (credit, winner) = (now_owed.into_iter().collect(), share.seat);
        if turns.iter().all(|(seat, _)| *seat != winner) {
            turns.push((winner, turn));
        }
        if turns.len() == shares.len() {
            break;
        }
    }
    turns
}

/// Credit of each share after so many leads, the first of which `chosen` got, if the same reps stay eligible. `owed` is
/// what they were owed with that one.
pub fn credit_after(shares: &[Share], owed: &[(i32, i64)], chosen: i32, leads: usize) -> Vec<(i32, i64)> {
    let mut now_owed = owed.to_vec();
    let mut winner = chosen;
    for lead in 1..=leads {
        let taken = now_owed.iter_mut().find(|(seat, _)| *seat == winner);
        taken.into_iter().for_each(|(_, credit)| *credit -= LEAD);
        if lead == leads {
            break;
        }
        let credit: BTreeMap<i32, i64> = now_owed.iter().copied().collect();
        now_owed = self::owed(shares, |seat| credit.get(&seat).copied().unwrap_or_default());
        let next = furthest_behind(shares, &now_owed).and_then(|place| shares.get(place));
        winner = next.map_or(winner, |share| share.seat);
    }
    now_owed
}

/// How far below a whole turn a share of so many counts as near it.
fn margin(k: usize) -> i64 {
    let k = i64::try_from(k.max(2)).unwrap_or(i64::MAX);
    LEAD / (2 * k - 2)
}

/// Whether everybody is as near to what they are owed as with fixed shares.
fn are_near(k: usize, owed: &[(i32, i64)]) -> bool {
    let (margin, credits) = (margin(k), || owed.iter().map(|(_, credit)| *credit));
    let most = credits().max().unwrap_or_default();
    (margin..=LEAD - margin).contains(&most) && credits().min().unwrap_or_default() >= margin - LEAD
}

/// Sort key: candidates near a whole turn first, then the earliest deadline, then most credit, then seat.
fn order(k: usize, total: i64, weight: i64, credit: i64, seat: i32) -> (bool, i128, i64, i32) {
    let margin = margin(k);
    let missing = i128::from(LEAD - margin - credit);
    let weight = i128::from(weight.max(1));
    // leads until the entitlement reaches the margin below a whole turn, rounded up
    let deadline = (missing * i128::from(total)).div_euclid(weight * i128::from(LEAD))
        + i128::from((missing * i128::from(total)).rem_euclid(weight * i128::from(LEAD)) != 0);
    (credit < margin, deadline, -credit, seat)
}

/// Those with the fewest open leads for their capacity: `max_open_leads` times weight, where a rep without
/// that limit counts like the roomiest of the others.
fn roomiest(shares: &[Share], pool: &mut dyn OpenPool) -> (Vec<Share>, Vec<(i32, Filled)>) {
    let limit = |share: &Share| share.limits.and_then(|(caps, _)| caps.open);
    let roomiest = shares.iter().filter_map(limit).max().unwrap_or(1).max(1);
    let mut best: Option<(i128, i128)> = None;
    let (mut ties, mut loads) = (Vec::<Share>::new(), Vec::with_capacity(shares.len()));
    for share in shares {
        let filled = Filled {
            open: pool.open_leads(share.rep_no),
            capacity: limit(share).unwrap_or(roomiest).max(1).saturating_mul(share.weight.max(1)),
        };
        loads.push((share.seat, filled));
        let (open, capacity) = (i128::from(filled.open), i128::from(filled.capacity));
        let order = best.map_or(Ordering::Less, |(least, of)| (open * of).cmp(&(least * capacity)));
        match order {
            Ordering::Less => (best, ties) = (Some((open, capacity)), vec![*share]),
            Ordering::Equal => ties.push(*share),
            Ordering::Greater => {}
        }
    }
    (ties, loads)
}

/// One lead's worth of credit, split by weight to the last unit (largest remainders to the first).
fn accrue(shares: &[Share]) -> Vec<i64> {
    let total = i128::from(total(shares).max(1));
    let part = |share: &Share| i128::from(LEAD) * i128::from(share.weight) / total;
    let mut parts: Vec<i64> = (shares.iter()).map(|share| i64::try_from(part(share)).unwrap_or(0)).collect();
    let mut rest = LEAD - parts.iter().sum::<i64>();
    for part in &mut parts {
        if rest == 0 {
            break;
        }
        *part += 1;
        rest -= 1;
    }
    parts
}

#[cfg(test)]
mod tests;
