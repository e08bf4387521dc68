//! Look-ups that answer as they did when a decision was made.

use crate::decision::reason::Reason;
use crate::decision::Step;
use crate::lead::account::{AccountMatch, Company, Namesake};
use crate::lead::{CleanLead, Person};
use crate::lookups::{AccountKeys, DomainFacts, Earlier, Lookups, WantedName};
use crate::replay::calls::Calls;
use crate::replay::facts::{digest, Facts};
use crate::roster::load::{Day, Load};
use crate::roster::rotation::{self, OpenPool, Share, Turn};
use crate::roster::unavailable::Ineligible;
use crate::rules::tables::{Criterion, Pool};
use crate::time_zone::Zones;
use crate::Micros;
use chrono::NaiveDateTime;
use std::collections::BTreeMap;

/// Answers from what was kept with a decision.
pub struct Recorded<'a> {
    facts: &'a Facts,
    zones: &'a dyn Zones,
    calls: Calls,
    credit: BTreeMap<i32, i64>,
    /// Criteria that fired, or what was wrong with them, by name.
    criteria: BTreeMap<String, Result<bool, String>>,
}

impl<'a> Recorded<'a> {
    /// The look-ups of a decision that has this trace.
    pub fn new(facts: &'a Facts, trace: &[Step], zones: &'a dyn Zones) -> Self {
        let told = trace.iter().flat_map(|step| credit(&step.reason));
        let credit = told.chain(facts.credit.iter().copied()).collect();
        let criteria = trace.iter().flat_map(|step| criteria(&step.reason)).collect();
        Self { facts, zones, calls: Calls::default(), credit, criteria }
    }
}

/// The credit that seats had before a turn, by what they were owed with it.
fn credit(reason: &Reason) -> Vec<(i32, i64)> {
    let Reason::Turn { candidates, .. } = reason else {
        return Vec::new();
    };
    let parts = || candidates.iter().filter_map(|row| row.share);
    let shares: Vec<Share> = parts().map(|part| part.share()).collect();
    let owed: Vec<(i32, i64)> = parts().map(|part| (part.0, part.2)).collect();
    rotation::credit_before(&shares, &owed)
}

/// What criteria answered.
fn criteria(reason: &Reason) -> Vec<(String, Result<bool, String>)> {
    let Reason::Scored { reasons, broken, .. } = reason else {
        return Vec::new();
    };
    let fired = reasons.iter().map(|fired| (fired.criterion.clone(), Ok(true)));
    let failed = broken.iter().map(|problem| (problem.field.clone(), Err(problem.what.clone())));
    fired.chain(failed).collect()
}

impl Zones for Recorded<'_> {
    fn local(&self, zone: &str, at: Micros) -> Option<NaiveDateTime> {
        self.zones.local(zone, at)
    }
}

impl OpenPool for Recorded<'_> {
    fn credit(&self, seat: i32) -> i64 {
        self.credit.get(&seat).copied().unwrap_or_default()
    }

    fn open_leads(&mut self, rep_no: i32) -> i64 {
        let [open, ..] = self.facts.open.answer(rep_no, self.calls.open(rep_no));
        open
    }

    fn reserve(&mut self, share: &Share) -> Result<(), Ineligible> {
        let refused = self.facts.refused.iter().find(|(seat, _)| *seat == share.seat);
        refused.map_or(Ok(()), |(_, why)| Err(why.clone()))
    }
}

impl Lookups for Recorded<'_> {
    fn domain(&mut self, _: &str, _: &[String], _: &[String]) -> DomainFacts {
        self.facts.domain.answer(self.calls.domain())
    }

    fn country(&mut self, _: &str) -> Option<String> {
        self.facts.country.answer(self.calls.country())
    }

    fn earlier_lead(&mut self, _: &str, _: &Person, _: Option<i64>) -> Earlier {
        self.facts.earlier.answer(self.calls.earlier())
    }

    fn account(&mut self, _: AccountKeys<'_>) -> Option<AccountMatch> {
        self.facts.account.answer(self.calls.account())
    }

    fn namesakes(&mut self, _: WantedName<'_>) -> Vec<Namesake> {
        self.facts.namesakes.answer(self.calls.namesakes())
    }

    fn company_owner(&mut self, _: &str, _: &Company) -> Option<String> {
        self.facts.company_owner.answer(self.calls.company_owner())
    }

    fn condition(&mut self, _: &CleanLead, jsonpath: &str) -> bool {
        self.facts.holds.contains(&digest(jsonpath))
    }

    fn criterion(&mut self, _: &CleanLead, criterion: &Criterion) -> Result<bool, String> {
        self.criteria.get(&criterion.name).cloned().unwrap_or(Ok(false))
    }

    fn load(&mut self, rep_no: i32, _: Day) -> Load {
        let [today, this_week, open] = self.facts.load.answer(rep_no, self.calls.load(rep_no));
        Load { today, this_week, open }
    }

    fn open_pool(&mut self, _: &Pool) {}

    fn close_pool(&mut self, _: Option<&Turn>) {}
}
