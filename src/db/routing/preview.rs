//! Routes the leads of a period again, by the rules before and after a change, without any effect.

use crate::db::lead::row::LeadRow;
use crate::db::pg::spi::timestamp;
use crate::db::pg::time::{from_postgres_epoch, TimeZones};
use crate::db::routing::batch::Batch;
use crate::db::routing::pending_decision::Wanted;
use crate::db::state::account_rows::ChangedRows;
use crate::db::state::config::{self, Config};
use crate::db::state::moment;
use crate::db::state::trial::{OpenBefore, Trial};
use crate::db::{errors, queries};
use leadroute_engine::decision::Decision;
use leadroute_engine::lead::Given;
use leadroute_engine::preview::availability::{Change, Timeline};
use leadroute_engine::preview::sums::{Counted, Row, Side, Sums};
use leadroute_engine::preview::workload::Workload;
use leadroute_engine::preview::{Moved, Names, Place};
use leadroute_engine::roster::{Rep, Roster};
use leadroute_engine::routing::availability;
use leadroute_engine::Micros;
use pgrx::pg_sys::Datum;
use rustc_hash::{FxHashMap, FxHashSet};
use serde::de::DeserializeOwned;
use serde::Serialize;
use std::rc::Rc;

/// Leads that are read at once.
const CHUNK: i64 = 1000;

/// After how many leads somebody who waits is told.
const TOLD_EVERY: i64 = 10_000;

/// Which leads are routed again.
#[derive(Debug, Clone, Copy)]
pub struct Period {
    /// Those that came from then on.
    pub since: Micros,
    /// Up to this one, so that both sides see the same.
    pub last: i64,
    /// How many leads come after the change instead of one: 2 is twice as many, 0.5 every other.
    pub volume: f64,
}

impl Period {
    /// The leads that are there now.
    pub fn since(since: Micros, volume: f64) -> Self {
        let last = queries::LAST_LEAD.first(&[], |row| row.get::<i64>(1)).flatten().unwrap_or_default();
        Self { since, last, volume }
    }
}

/// What was found.
#[derive(Serialize)]
pub struct Found {
    /// Leads that go elsewhere.
    pub leads: Vec<Moved>,
    /// What all leads add up to.
    pub summary: Vec<Row>,
}

/// A preview on its way.
pub struct Preview {
    period: Period,
    names: Names,
    sums: Sums,
    /// Where each lead goes by the rules before.
    before: FxHashMap<i64, Place>,
    moved: Vec<Moved>,
    /// Leads whose inserter named the owner.
    given: FxHashMap<i64, String>,
    /// Leads whose score criteria gave.
    scored: FxHashSet<i64>,
    open: Vec<OpenBefore>,
    /// Leads of each rep on the day and in the week in which the period begins, before that.
    before_period: FxHashMap<i32, (i64, i64)>,
    pace: FxHashMap<String, Micros>,
    /// Who was there when.
    changes: Vec<(Micros, Change)>,
    /// Reps that the change renames.
    renamed: FxHashMap<String, String>,
    /// The roster before the change, once that side was routed.
    unchanged: Option<Rc<Roster>>,
}

impl Preview {
    /// Reads what both sides begin with.
    pub fn begin(period: Period) -> Self {
        let since = [timestamp(Some(period.since))];
        let given =
            queries::TRIAL_GIVEN.read(&since, |row| Some((row.get::<i64>(1)?, row.get::<String>(2)?)));
        let scored = queries::TRIAL_SCORED.read(&since, |row| row.get::<i64>(1));
        let open = queries::TRIAL_OPEN.read(&since, |row| {
            let closed_at = row.get::<i64>(2).map(from_postgres_epoch);
            Some(OpenBefore { rep_no: row.get(1)?, closed_at, leads: row.get(3)? })
        });
        let pace = queries::PACE.read(&since, |row| Some((row.get::<String>(1)?, row.get::<i64>(2)?)));
        Self {
            period,
            names: Names::default(),
            sums: Sums::default(),
            before: FxHashMap::default(),
            moved: Vec::new(),
            given: given.into_iter().flatten().collect(),
            scored: scored.into_iter().flatten().collect(),
            open: open.into_iter().flatten().collect(),
            before_period: moment::history(period.since),
            pace: pace.into_iter().flatten().collect(),
            changes: changes_since(period.since),
            renamed: FxHashMap::default(),
            unchanged: None,
        }
    }

    /// Routes the leads by a configuration, and with accounts and domains that a change has written.
    pub fn route(&mut self, side: Side, config: Config, changed: Option<Rc<ChangedRows>>) {
        let Config { rules, mut roster, .. } = config;
        let unchanged = self.unchanged.replace(Rc::clone(&roster));
        let timeline = Timeline::begin(self.changes.clone(), Rc::make_mut(&mut roster), unchanged.as_deref());
        let mut trial = Trial::new(self.period.since, &self.open, &self.before_period, timeline, &roster);
        self.renamed = unchanged.map(|unchanged| renamed(&unchanged, &roster)).unwrap_or_default();
        trial.change(self.renamed.clone(), changed);
        let mut batch = Batch::open_trial(Config { rules, roster, seen: None }, trial);
        let mut workload = Workload::new(self.pace.clone());
        let (mut last, mut routed) = (0_i64, 0_i64);
        loop {
            let arguments = [last, self.period.last, CHUNK].map(|value| Some(Datum::from(value)));
            let since = timestamp(Some(self.period.since));
            let [after, until, limit] = arguments;
            let ids = queries::TRIAL_LEADS.read(&[after, until, since, limit], |row| {
                // SAFETY: the query returns rows of leads, valid during the callback.
                let row = unsafe { LeadRow::new(row.tuple, row.desc) };
                let id = row.get::<i64>("id").unwrap_or_default();
                // one that was committed after the first side was routed is left out
                if side == Side::Before || self.before.contains_key(&id) {
                    self.route_lead(side, &row, routed, &mut batch, &mut workload);
                    routed += 1;
                }
                id
            });
            match ids.last() {
                Some(id) => last = *id,
                None => return,
            }
            if routed % TOLD_EVERY == 0 {
                errors::tell_progress(side == Side::After, routed);
            }
        }
    }

    /// Routes a lead as often as it counts.
    fn route_lead(&mut self, side: Side, row: &LeadRow, n: i64, batch: &mut Batch, workload: &mut Workload) {
        pgrx::check_for_interrupts!();
        let lead_id = row.get::<i64>("id").unwrap_or_default();
        let volume = if side == Side::Before { 1.0 } else { self.period.volume };
        let upto = |n: i64| (n as f64 * volume).floor() as i64;
        for copy in 0..upto(n + 1) - upto(n) {
            let is_copy = copy > 0;
            let now = row.time("created_at").unwrap_or(self.period.since);
            batch.lead_of_trial(now, row.time("closed_at"), is_copy);
            let given = self.given.get(&lead_id);
            let owner = given.map(|rep| self.renamed.get(rep).unwrap_or(rep).clone());
            let owner = owner.map(|rep| (rep.clone(), Some(rep)));
            let is_scored = self.scored.contains(&lead_id);
            batch.set_known(Vec::new(), Given { owner, is_scored, ..Given::default() });
            let Some(pending) = batch.decide(row, false, Wanted::Route).pending else {
                continue;
            };
            batch.goes_in_trial(&pending);
            let in_time = in_time(&pending.decision, now, batch, workload);
            let value = row.amount();
            self.take(side, lead_id, is_copy, &pending.decision, Counted { value, in_time });
        }
    }

    fn take(&mut self, side: Side, lead_id: i64, is_copy: bool, decision: &Decision, counted: Counted) {
        let place = Place::of(decision, &mut self.names);
        self.sums.add(side, &place, counted);
        if is_copy {
            return;
        }
        match side {
            Side::Before => {
                self.before.insert(lead_id, place);
            }
            Side::After => {
                let mut before = self.before.get(&lead_id).cloned().unwrap_or_default();
                // who is only called otherwise has the lead still
                let owner = before.owner.as_deref().and_then(|rep| self.renamed.get(rep));
                before.owner = owner.map(|rep| rep.as_str().into()).or(before.owner);
                let differs = before.differs(&place);
                if !differs.is_empty() {
                    let reason = decision.reason();
                    self.moved.push(Moved { lead_id, differs, before, after: place, reason });
                }
            }
        }
    }

    /// What both sides have come to.
    pub fn end(self) -> Found {
        Found { leads: self.moved, summary: self.sums.rows() }
    }
}

/// Whether the rep who gets a lead answers it in time, at their pace.
fn in_time(decision: &Decision, now: Micros, batch: &Batch, workload: &mut Workload) -> Option<bool> {
    let clock = decision.clock.as_ref()?;
    let owner = decision.outcome.owner()?;
    let (rules, roster) = batch.config();
    let context = config::context(rules, roster, now, None);
    let begins = availability::available_at(roster.reps.get(owner)?, context, &TimeZones)?;
    let answered_at = workload.answered_at(owner, begins)?;
    Some(answered_at <= clock.due_at)
}

/// Reps whose names differ in two rosters: the old name with the new one.
fn renamed(before: &Roster, after: &Roster) -> FxHashMap<String, String> {
    let names: FxHashMap<i32, &String> = after.reps.values().map(|rep| (rep.rep_no, &rep.id)).collect();
    let is_other = |rep: &&Rep| names.get(&rep.rep_no).is_some_and(|name| **name != rep.id);
    let both = |rep: &Rep| Some((rep.id.clone(), (*names.get(&rep.rep_no)?).clone()));
    before.reps.values().filter(is_other).filter_map(both).collect()
}

/// What was changed about who is there, in the order in which it was.
fn changes_since(since: Micros) -> Vec<(Micros, Change)> {
    let changes = queries::AVAILABILITY_CHANGES.read(&[timestamp(Some(since))], |row| {
        let (before, after) = (row.get::<String>(3), row.get::<String>(4));
        let change = match row.get::<String>(2)?.as_str() {
            "reps" => Change::Rep(read(before), read(after)),
            _ => Change::Absence(read(before), read(after)),
        };
        Some((from_postgres_epoch(row.get::<i64>(1)?), change))
    });
    changes.into_iter().flatten().collect()
}

fn read<T: DeserializeOwned>(json: Option<String>) -> Option<T> {
    json.map(|json| {
        serde_json::from_str(&json).unwrap_or_else(|error| errors::unreadable_config(&error.to_string()))
    })
}
