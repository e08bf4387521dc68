//! Look-ups without effect, with turns and loads as they are to be supposed.

use crate::lead::account::{AccountMatch, Company, Namesake};
use crate::lead::{CleanLead, Person};
use crate::lookups::{AccountKeys, DomainFacts, Earlier, Lookups, WantedName};
use crate::roster::load::{Caps, Day, Load};
use crate::roster::rotation::{OpenPool, Share, Turn};
use crate::roster::unavailable::Ineligible;
use crate::rules::tables::{Criterion, Pool};
use crate::time_zone::Zones;
use crate::Micros;
use chrono::NaiveDateTime;
use rustc_hash::FxHashMap;

/// What is supposed; all else is looked up.
#[derive(Debug, Clone, Default)]
pub struct Supposed {
    /// Credit by number of the pool and seat.
    pub credit: FxHashMap<(i32, i32), i64>,
    /// Open leads by number of the rep, where loads decide.
    pub open_leads: FxHashMap<i32, i64>,
    /// By number of the rep: who had room under these caps, and who had not.
    pub rooms: FxHashMap<i32, Room>,
    /// The person had no open lead: a later one is of no account.
    pub is_first_of_person: bool,
    /// Nobody had an open lead of the company: nor is this one.
    pub is_first_of_company: bool,
}

/// Whether a rep had room for another lead.
#[derive(Debug, Clone)]
pub enum Room {
    /// Under these caps.
    Had(Caps),
    /// One of them was reached.
    Reached(Ineligible),
}

impl Room {
    /// A load as it must have been.
    fn of(&self, load: Load) -> Load {
        let below = |cap: Option<i64>, has: i64| cap.map_or(has, |cap| has.min(cap.saturating_sub(1)));
        match self {
            Self::Had(caps) => Load {
                today: below(caps.daily, load.today),
                this_week: below(caps.weekly, load.this_week),
                open: below(caps.open, load.open),
            },
            Self::Reached(Ineligible::DailyCap { cap }) => Load { today: *cap, ..load },
            Self::Reached(Ineligible::WeeklyCap { cap }) => Load { this_week: *cap, ..load },
            Self::Reached(Ineligible::OpenLeads { cap }) => Load { open: *cap, ..load },
            Self::Reached(_) => load,
        }
    }
}

/// The look-ups.
pub struct Dry<'a> {
    inner: &'a mut dyn Lookups,
    supposed: &'a Supposed,
    pool_no: i32,
}

impl<'a> Dry<'a> {
    pub fn new(inner: &'a mut dyn Lookups, supposed: &'a Supposed) -> Self {
        Self { inner, supposed, pool_no: 0 }
    }
}

impl Zones for Dry<'_> {
    fn local(&self, zone: &str, at: Micros) -> Option<NaiveDateTime> {
        self.inner.local(zone, at)
    }
}

impl OpenPool for Dry<'_> {
    fn credit(&self, seat: i32) -> i64 {
        let supposed = self.supposed.credit.get(&(self.pool_no, seat));
        supposed.copied().unwrap_or_else(|| self.inner.credit(seat))
    }

    fn open_leads(&mut self, rep_no: i32) -> i64 {
        let supposed = self.supposed.open_leads.get(&rep_no);
        supposed.copied().unwrap_or_else(|| self.inner.open_leads(rep_no))
    }

    fn reserve(&mut self, share: &Share) -> Result<(), Ineligible> {
        let full = share.limits.and_then(|(caps, day)| caps.reached(&self.load(share.rep_no, day)));
        full.map_or(Ok(()), Err)
    }
}

impl Lookups for Dry<'_> {
    fn domain(&mut self, tenant: &str, names: &[String], suffixes: &[String]) -> DomainFacts {
        self.inner.domain(tenant, names, suffixes)
    }

    fn country(&mut self, name: &str) -> Option<String> {
        self.inner.country(name)
    }

    fn earlier_lead(&mut self, tenant: &str, person: &Person, this: Option<i64>) -> Earlier {
        if self.supposed.is_first_of_person {
            return Earlier::Unknown;
        }
        self.inner.earlier_lead(tenant, person, this)
    }

    fn account(&mut self, keys: AccountKeys<'_>) -> Option<AccountMatch> {
        self.inner.account(keys)
    }

    fn namesakes(&mut self, wanted: WantedName<'_>) -> Vec<Namesake> {
        self.inner.namesakes(wanted)
    }

    fn company_owner(&mut self, tenant: &str, company: &Company) -> Option<String> {
        if self.supposed.is_first_of_company {
            return None;
        }
        self.inner.company_owner(tenant, company)
    }

    fn condition(&mut self, clean: &CleanLead, jsonpath: &str) -> bool {
        self.inner.condition(clean, jsonpath)
    }

    fn criterion(&mut self, clean: &CleanLead, criterion: &Criterion) -> Result<bool, String> {
        self.inner.criterion(clean, criterion)
    }

    fn load(&mut self, rep_no: i32, day: Day) -> Load {
        let load = self.inner.load(rep_no, day);
        self.supposed.rooms.get(&rep_no).map_or(load, |room| room.of(load))
    }

    fn open_pool(&mut self, pool: &Pool) {
        self.pool_no = pool.pool_no;
        self.inner.open_pool(pool);
    }

    fn close_pool(&mut self, _: Option<&Turn>) {
        // nobody has got it
        self.inner.close_pool(None);
    }
}
