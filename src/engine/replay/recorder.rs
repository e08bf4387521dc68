//! Look-ups that keep what was answered.

use crate::decision::reason::Reason;
use crate::decision::Step;
use crate::lead::account::{AccountMatch, Company, Namesake};
use crate::lead::{CleanLead, Person};
use crate::lookups::{AccountKeys, DomainFacts, Earlier, Lookups, WantedName};
use crate::replay::calls::Calls;
use crate::replay::facts::{digest, Facts};
use crate::roster::load::{Day, Load};
use crate::roster::rotation::{OpenPool, Share, Turn};
use crate::roster::unavailable::Ineligible;
use crate::rules::tables::{Criterion, Pool};
use crate::time_zone::Zones;
use crate::Micros;
use chrono::NaiveDateTime;
use std::cell::RefCell;

/// Asks others, and keeps what they answer.
pub struct Recorder<'a> {
    live: &'a mut dyn Lookups,
    calls: Calls,
    facts: Box<Facts>,
    credit: RefCell<Vec<(i32, i64)>>,
}

impl<'a> Recorder<'a> {
    /// A recorder that adds to what is kept already.
    pub fn new(live: &'a mut dyn Lookups, facts: Facts) -> Self {
        Self { live, calls: Calls::default(), facts: Box::new(facts), credit: RefCell::default() }
    }

    /// What is kept with a decision that has this trace.
    pub fn facts(mut self, trace: &[Step]) -> Box<Facts> {
        let tells = |step: &Step, seat: i32| match &step.reason {
            Reason::Turn { candidates, .. } => {
                candidates.iter().any(|row| row.share.is_some_and(|part| part.0 == seat))
            }
            _ => false,
        };
        let mut credit = self.credit.into_inner();
        credit.retain(|(seat, credit)| *credit != 0 && !trace.iter().any(|step| tells(step, *seat)));
        credit.sort_unstable();
        credit.dedup_by_key(|(seat, _)| *seat);
        self.facts.credit = credit;
        self.facts
    }
}

impl Zones for Recorder<'_> {
    fn local(&self, zone: &str, at: Micros) -> Option<NaiveDateTime> {
        self.live.local(zone, at)
    }
}

impl OpenPool for Recorder<'_> {
    fn credit(&self, seat: i32) -> i64 {
        let credit = self.live.credit(seat);
        self.credit.borrow_mut().push((seat, credit));
        credit
    }

    fn open_leads(&mut self, rep_no: i32) -> i64 {
        let open = self.live.open_leads(rep_no);
        self.facts.open.keep(rep_no, self.calls.open(rep_no), [open, 0, 0]);
        open
    }

    fn reserve(&mut self, share: &Share) -> Result<(), Ineligible> {
        let reserved = self.live.reserve(share);
        self.facts.refused.extend(reserved.clone().err().map(|why| (share.seat, why)));
        reserved
    }
}

impl Lookups for Recorder<'_> {
    fn domain(&mut self, tenant: &str, names: &[String], suffixes: &[String]) -> DomainFacts {
        let answer = self.live.domain(tenant, names, suffixes);
        self.facts.domain.keep(self.calls.domain(), &answer);
        answer
    }

    fn country(&mut self, name: &str) -> Option<String> {
        let answer = self.live.country(name);
        self.facts.country.keep(self.calls.country(), &answer);
        answer
    }

    fn earlier_lead(&mut self, tenant: &str, person: &Person, this: Option<i64>) -> Earlier {
        let answer = self.live.earlier_lead(tenant, person, this);
        self.facts.earlier.keep(self.calls.earlier(), &answer);
        answer
    }

    fn account(&mut self, keys: AccountKeys<'_>) -> Option<AccountMatch> {
        let answer = self.live.account(keys);
        self.facts.account.keep(self.calls.account(), &answer);
        answer
    }

    fn namesakes(&mut self, wanted: WantedName<'_>) -> Vec<Namesake> {
        let answer = self.live.namesakes(wanted);
        self.facts.namesakes.keep(self.calls.namesakes(), &answer);
        answer
    }

    fn company_owner(&mut self, tenant: &str, company: &Company) -> Option<String> {
        let answer = self.live.company_owner(tenant, company);
        self.facts.company_owner.keep(self.calls.company_owner(), &answer);
        answer
    }

    fn condition(&mut self, clean: &CleanLead, jsonpath: &str) -> bool {
        let holds = self.live.condition(clean, jsonpath);
        if holds && !self.facts.holds.contains(&digest(jsonpath)) {
            self.facts.holds.push(digest(jsonpath));
        }
        holds
    }

    fn criterion(&mut self, clean: &CleanLead, criterion: &Criterion) -> Result<bool, String> {
        // the trace tells which ones fired, and which failed
        self.live.criterion(clean, criterion)
    }

    fn load(&mut self, rep_no: i32, day: Day) -> Load {
        let load = self.live.load(rep_no, day);
        let numbers = [load.today, load.this_week, load.open];
        self.facts.load.keep(rep_no, self.calls.load(rep_no), numbers);
        load
    }

    fn open_pool(&mut self, pool: &Pool) {
        self.live.open_pool(pool);
    }

    fn close_pool(&mut self, turn: Option<&Turn>) {
        self.live.close_pool(turn);
    }
}
