//! Look-ups for leads that are routed again in a preview: everything as it was when they came, and nothing is written.
//!
//! Persons, companies and loads are those of the leads routed before in the same preview, and of leads from before its
//! period. A lead counts as open until it was really closed, whoever has it in the preview. Turns start from where they
//! stand; accounts are those of now, and then those of the change.

use crate::db::indexes::{LEADS, PERSONS};
use crate::db::lead::row::LeadRow;
use crate::db::pg::time::TimeZones;
use crate::db::state::account_rows::{AccountRows, ChangedRows};
use crate::db::state::lookups::{self, Live};
use chrono::{NaiveDate, NaiveDateTime};
use leadroute_engine::decision::{Decision, Outcome};
use leadroute_engine::lead::account::{AccountMatch, Company, Namesake};
use leadroute_engine::lead::{CleanLead, Person};
use leadroute_engine::lookups::{AccountKeys, DomainFacts, Earlier, EarlierLead, Lookups, WantedName};
use leadroute_engine::preview::availability::Timeline;
use leadroute_engine::roster::load::{Day, Load};
use leadroute_engine::roster::rotation::{OpenPool, Share, Turn};
use leadroute_engine::roster::unavailable::Ineligible;
use leadroute_engine::roster::Roster;
use leadroute_engine::rules::tables::{Criterion, Pool};
use leadroute_engine::time_zone::Zones;
use leadroute_engine::Micros;
use rustc_hash::FxHashMap;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::rc::Rc;

/// A lead of the preview, open until some time.
struct Open<T> {
    closes_at: Micros,
    what: T,
}

/// Leads of a rep that are open: how many before the period, and until when.
pub struct OpenBefore {
    /// `reps.rep_no`
    pub rep_no: i32,
    /// When they were closed.
    pub closed_at: Option<Micros>,
    /// How many.
    pub leads: i64,
}

/// What the leads of a preview have added up to.
pub struct Trial {
    /// When the period begins.
    since: Micros,
    /// When the lead came that is being routed.
    now: Micros,
    /// When it was closed.
    closes_at: Micros,
    /// It is a copy of a lead, which is somebody else.
    is_copy: bool,
    days: FxHashMap<(i32, NaiveDate), i64>,
    weeks: FxHashMap<(i32, NaiveDate), i64>,
    open: FxHashMap<i32, i64>,
    closings: BinaryHeap<Reverse<(Micros, i32, i64)>>,
    persons: FxHashMap<(String, String), Vec<Open<EarlierLead>>>,
    companies: FxHashMap<(String, Company), Vec<Open<String>>>,
    timeline: Timeline,
    /// Names of reps that the previewed change renames, with the new ones: leads have the old.
    renamed: FxHashMap<String, String>,
    /// Accounts and domains that the change has written.
    changed: Option<Rc<ChangedRows>>,
}

impl Trial {
    /// A preview of a period that begins with these open leads, and these that each rep was given before on the same day and in
    /// the same week.
    pub fn new(
        since: Micros,
        before: &[OpenBefore],
        given: &FxHashMap<i32, (i64, i64)>,
        timeline: Timeline,
        roster: &Roster,
    ) -> Self {
        let mut trial = Self {
            since,
            now: since,
            closes_at: Micros::MAX,
            is_copy: false,
            days: FxHashMap::default(),
            weeks: FxHashMap::default(),
            open: FxHashMap::default(),
            closings: BinaryHeap::new(),
            persons: FxHashMap::default(),
            companies: FxHashMap::default(),
            timeline,
            renamed: FxHashMap::default(),
            changed: None,
        };
        for OpenBefore { rep_no, closed_at, leads } in before {
            trial.opens(*rep_no, *closed_at, *leads);
        }
        for rep in roster.reps.values() {
            let day = Day::of(since, &rep.time_zone, &TimeZones);
            let (on_day, in_week) = given.get(&rep.rep_no).copied().unwrap_or_default();
            trial.days.insert((rep.rep_no, day.date), on_day);
            trial.weeks.insert((rep.rep_no, day.week), in_week);
        }
        trial
    }

    /// The next lead: when it came, when it was closed, and whether it is a copy that stands for another lead. Brings the
    /// roster to that time.
    pub fn comes(&mut self, now: Micros, closed_at: Option<Micros>, is_copy: bool, roster: &mut Rc<Roster>) {
        if self.timeline.is_due(now) {
            self.timeline.advance(now, Rc::make_mut(roster));
        }
        self.now = now;
        self.closes_at = closed_at.unwrap_or(Micros::MAX);
        self.is_copy = is_copy;
        while self.closings.peek().is_some_and(|Reverse((at, ..))| *at <= now) {
            let Some(Reverse((_, rep_no, leads))) = self.closings.pop() else {
                return;
            };
            *self.open.entry(rep_no).or_default() -= leads;
        }
    }

    /// Reps that the previewed change renames, and the accounts and domains that it writes.
    pub fn change(&mut self, renamed: FxHashMap<String, String>, changed: Option<Rc<ChangedRows>>) {
        (self.renamed, self.changed) = (renamed, changed);
    }

    /// Where accounts and domains are looked up.
    pub fn account_rows(&self) -> AccountRows<'_> {
        self.changed.as_deref().map(AccountRows::changed).unwrap_or_default()
    }

    /// The name that a rep has outside the preview.
    pub fn former_name<'a>(&'a self, rep: &'a str) -> &'a str {
        let is_it = |(_, renamed): &(&String, &String)| *renamed == rep;
        self.renamed.iter().find(is_it).map_or(rep, |(former, _)| former)
    }

    /// The name of a rep in the preview.
    fn name(&self, rep: String) -> String {
        self.renamed.get(&rep).cloned().unwrap_or(rep)
    }

    /// When the lead came.
    pub const fn now(&self) -> Micros {
        self.now
    }

    fn opens(&mut self, rep_no: i32, closed_at: Option<Micros>, leads: i64) {
        *self.open.entry(rep_no).or_default() += leads;
        self.closings.extend(closed_at.map(|at| Reverse((at, rep_no, leads))));
    }

    /// The lead goes where it was decided.
    pub fn goes(&mut self, lead_id: i64, decision: &Decision, roster: &Roster) {
        if let Outcome::Owner(owner) = &decision.outcome {
            if let Some(rep) = roster.reps.get(owner) {
                let day = Day::of(self.now, &rep.time_zone, &TimeZones);
                *self.days.entry((rep.rep_no, day.date)).or_default() += 1;
                *self.weeks.entry((rep.rep_no, day.week)).or_default() += 1;
                self.opens(rep.rep_no, Some(self.closes_at).filter(|at| *at < Micros::MAX), 1);
            }
        }
        if self.is_copy || matches!(decision.outcome, Outcome::Merged { .. } | Outcome::Closed { .. }) {
            return;
        }
        let tenant = || decision.clean.lead.tenant.clone();
        let owner = decision.outcome.owner().map(str::to_owned);
        if let (Some(company), Some(owner)) = (&decision.company, &owner) {
            let open = Open { closes_at: self.closes_at, what: owner.clone() };
            self.companies.entry((tenant(), company.clone())).or_default().push(open);
        }
        if let Some(person) = &decision.clean.person {
            let what = EarlierLead {
                id: lead_id,
                owner_id: owner,
                queue: decision.outcome.queue().map(str::to_owned),
                event: decision.clean.lead.event.clone(),
                segment: decision.segment.clone(),
                is_answered: false,
                is_unrouted: false,
            };
            let open = Open { closes_at: self.closes_at, what };
            self.persons.entry((tenant(), person.key().to_owned())).or_default().push(open);
        }
    }

    /// Whether a lead from before the period was open when this one came.
    fn was_open(&self, row: &LeadRow) -> bool {
        let came_before = row.time("created_at").is_some_and(|at| at < self.since);
        came_before && row.time("closed_at").is_none_or(|at| at > self.now)
    }

    fn earlier_lead(&self, tenant: &str, key: &str) -> Option<EarlierLead> {
        let mut found: Vec<EarlierLead> = Vec::new();
        PERSONS.texts([key, tenant], |row| {
            // SAFETY: a row of leads, valid during the callback.
            let row = unsafe { LeadRow::new(row.tuple, row.desc) };
            let earlier = || {
                let lead = lookups::earlier(&row);
                EarlierLead { owner_id: lead.owner_id.map(|rep| self.name(rep)), ..lead }
            };
            found.extend(self.was_open(&row).then(earlier));
            None::<()>
        });
        let of_preview = self.persons.get(&(tenant.to_owned(), key.to_owned())).into_iter().flatten();
        found.extend({ of_preview }.filter(|lead| lead.closes_at > self.now).map(|lead| lead.what.clone()));
        found.into_iter().min_by_key(lookups::rank)
    }

    fn company_owner(&self, tenant: &str, company: &Company) -> Option<String> {
        let owner = |lead_id| {
            LEADS.bigint(lead_id, |row| {
                // SAFETY: a row of leads, valid during the callback.
                let row = unsafe { LeadRow::new(row.tuple, row.desc) };
                row.get::<String>("owner_id").filter(|_| self.was_open(&row)).map(|rep| self.name(rep))
            })
        };
        let of_preview = || {
            let mut open = self.companies.get(&(tenant.to_owned(), company.clone()))?.iter();
            open.find(|lead| lead.closes_at > self.now).map(|lead| lead.what.clone())
        };
        let former = self.changed.as_ref().map(|changed| changed.former(tenant, company));
        lookups::leads_of(tenant, former.as_ref().unwrap_or(company))
            .into_iter()
            .find_map(owner)
            .or_else(of_preview)
    }

    fn load(&self, rep_no: i32, day: Day) -> Load {
        let of = |counts: &FxHashMap<(i32, NaiveDate), i64>, date| {
            counts.get(&(rep_no, date)).copied().unwrap_or_default()
        };
        Load {
            today: of(&self.days, day.date),
            this_week: of(&self.weeks, day.week),
            open: self.open.get(&rep_no).copied().unwrap_or_default(),
        }
    }
}

/// What a lead of a preview is routed with.
pub struct Tried<'a> {
    /// What is as it is now.
    pub live: Live<'a>,
    /// What is as it was.
    pub trial: &'a Trial,
}

impl Zones for Tried<'_> {
    fn local(&self, zone: &str, at: Micros) -> Option<NaiveDateTime> {
        self.live.local(zone, at)
    }
}

impl OpenPool for Tried<'_> {
    fn credit(&self, seat: i32) -> i64 {
        self.live.credit(seat)
    }

    fn open_leads(&mut self, rep_no: i32) -> i64 {
        self.trial.load(rep_no, Day::default()).open
    }

    fn reserve(&mut self, share: &Share) -> Result<(), Ineligible> {
        let full = share.limits.and_then(|(caps, day)| caps.reached(&self.trial.load(share.rep_no, day)));
        full.map_or(Ok(()), Err)
    }
}

impl Lookups for Tried<'_> {
    fn domain(&mut self, tenant: &str, names: &[String], suffixes: &[String]) -> DomainFacts {
        self.live.domain(tenant, names, suffixes)
    }

    fn country(&mut self, name: &str) -> Option<String> {
        self.live.country(name)
    }

    fn earlier_lead(&mut self, tenant: &str, person: &Person, _this: Option<i64>) -> Earlier {
        let found = if self.trial.is_copy { None } else { self.trial.earlier_lead(tenant, person.key()) };
        found.map_or(Earlier::Unknown, Earlier::Lead)
    }

    fn account(&mut self, keys: AccountKeys<'_>) -> Option<AccountMatch> {
        self.live.account(keys)
    }

    fn namesakes(&mut self, wanted: WantedName<'_>) -> Vec<Namesake> {
        self.live.namesakes(wanted)
    }

    fn company_owner(&mut self, tenant: &str, company: &Company) -> Option<String> {
        self.trial.company_owner(tenant, company)
    }

    fn condition(&mut self, clean: &CleanLead, jsonpath: &str) -> bool {
        self.live.condition(clean, jsonpath)
    }

    fn criterion(&mut self, clean: &CleanLead, criterion: &Criterion) -> Result<bool, String> {
        self.live.criterion(clean, criterion)
    }

    fn load(&mut self, rep_no: i32, day: Day) -> Load {
        self.trial.load(rep_no, day)
    }

    fn open_pool(&mut self, pool: &Pool) {
        self.live.open_pool(pool);
    }

    fn close_pool(&mut self, turn: Option<&Turn>) {
        self.live.close_pool(turn);
    }
}
