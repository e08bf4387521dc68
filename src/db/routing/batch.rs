//! The leads of one statement on their way from row to decision to disk.
//!
//! A BEFORE trigger cannot know whether its row will really be inserted (`ON CONFLICT` may drop it), so
//! it only decides; decisions, turns, clocks and notifications are written after the statement, or after
//! every thousand rows, for the rows that are there by then. Whoever calls has switched to the owner of the extension.

mod decide;
mod revise;

use crate::db::errors;
use crate::db::indexes::{EXTERNAL_IDS, LEADS};
use crate::db::lead::row::LeadRow;
use crate::db::pg::security::next_value;
use crate::db::pg::subtransaction::protect;
use crate::db::pg::wait::Patience;
use crate::db::routing::error_fallback::fall_back;
use crate::db::routing::pending_decision::{Pending, Touch, Wanted};
use crate::db::routing::row_inserted::Watch;
use crate::db::routing::writer::By;
use crate::db::routing::{requests, upsert, writer};
use crate::db::settings::ENABLED;
use crate::db::state::config::{self, Config};
use crate::db::state::config_seen::Seen;
use crate::db::state::loads::{self, Added, LOADS};
use crate::db::state::lookups;
use crate::db::state::moment::Moment;
use crate::db::state::trial::Trial;
use crate::db::state::turns::{Due, Ledgers};
use leadroute_engine::decision::cause::Cause;
use leadroute_engine::decision::{Layer, Outcome};
use leadroute_engine::lead::account::Company;
use leadroute_engine::lead::{Given, Problem};
use leadroute_engine::roster::Roster;
use leadroute_engine::rules::Rules;
use leadroute_engine::Micros;
use pgrx::pg_sys;
use rustc_hash::FxHashMap;
use std::cell::Cell;
use std::rc::Rc;

/// Why a rep who hands over their leads gets none of them.
const HANDS_OVER: &str = "hands over";

/// Rows that are kept in memory at most.
const FLUSH_AT: usize = 1000;

/// What a statement inserts into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Destination {
    /// `leads`
    Leads,
    /// An attached table, and the number of the statement.
    Attached(i32, pg_sys::CommandId),
}

impl Destination {
    /// Whether it is an attached table.
    pub const fn is_attached(self, table_no: i32) -> bool {
        matches!(self, Self::Attached(number, _) if number == table_no)
    }
}

/// The leads of one statement.
pub struct Batch {
    /// `decisions.cause`.
    pub cause: Cause,
    /// The rules all its leads see.
    pub rules: Rc<Rules>,
    roster: Rc<Roster>,
    /// What tells both again.
    seen: Option<Rc<Seen>>,
    /// Turns and loads that are not written yet.
    pub ledgers: Ledgers,
    /// By which it decides, if that is not now.
    moment: Option<Rc<Moment>>,
    /// What leads are routed with in a preview of many.
    trial: Option<Trial>,
    /// How long it still waits for other transactions.
    pub patience: Patience,
    odd: Vec<Problem>,
    /// Reps who are to get none of its leads.
    left_out: Vec<String>,
    /// What the next row says of its life.
    given: Given,
    broken: Option<(String, String)>,
    pending: Vec<Pending>,
    /// Touches whose first lead is still to be filled.
    touches: Vec<Touch>,
    /// Who has got leads of a tenant's company, where a pool keeps these together.
    companies: FxHashMap<(String, Company), (String, i64)>,
    /// Rows that were not routed, because their lead is there.
    known: Vec<i64>,
    watch: Watch,
    /// What its statement inserts into.
    pub target: Destination,
    /// Writes the lead of the last row of an attached table.
    pub last: Option<Box<dyn FnOnce()>>,
    /// Where it was opened.
    pub subtransaction: pg_sys::SubTransactionId,
}

thread_local! {
    static PERSONS: Cell<u32> = const { Cell::new(0) };
}

/// The persons that the transaction has locked are free.
pub fn transaction_ended() {
    PERSONS.set(0);
}

impl Batch {
    /// Opens a batch with the rules and the roster of now.
    pub fn open(cause: Cause, odd: Vec<Problem>) -> Self {
        Self::open_as_of(None, cause, odd)
    }

    /// The same for leads that are decided by another moment than now.
    pub fn open_as_of(moment: Option<Rc<Moment>>, cause: Cause, odd: Vec<Problem>) -> Self {
        let loaded = match &moment {
            Some(moment) => protect(|| config::as_of(moment)),
            None => config::current().map_or_else(|| protect(config::load), Ok),
        };
        let (config, broken) = match loaded {
            Ok(config) => (config, None),
            Err(failure) => (Config::default(), Some(fall_back(failure, cause))),
        };
        Self { broken, ledgers: Ledgers::as_of(moment.clone()), moment, odd, ..Self::with(config, cause) }
    }

    /// Opens a batch that has no effect: its leads are routed by rules and a roster, each at the time when it came.
    pub fn open_trial(config: Config, trial: Trial) -> Self {
        Self { trial: Some(trial), ..Self::with(config, Cause::Insert) }
    }

    /// The next lead of a preview; see [`Trial::comes`].
    pub fn lead_of_trial(&mut self, now: Micros, closed_at: Option<Micros>, is_copy: bool) {
        let roster = &mut self.roster;
        self.trial.iter_mut().for_each(|trial| trial.comes(now, closed_at, is_copy, roster));
    }

    /// That lead goes where it was decided.
    pub fn goes_in_trial(&mut self, pending: &Pending) {
        let roster = &self.roster;
        self.trial.iter_mut().for_each(|trial| trial.goes(pending.lead_id, &pending.decision, roster));
    }

    /// By what it decides.
    pub fn config(&self) -> (&Rules, &Roster) {
        (&self.rules, &self.roster)
    }

    fn with(config: Config, cause: Cause) -> Self {
        Self {
            cause,
            rules: config.rules,
            roster: config.roster,
            seen: config.seen,
            ledgers: Ledgers::default(),
            moment: None,
            trial: None,
            patience: Patience::fresh(),
            odd: Vec::new(),
            left_out: Vec::new(),
            given: Given::default(),
            broken: None,
            pending: Vec::new(),
            touches: Vec::new(),
            companies: FxHashMap::default(),
            known: Vec::new(),
            target: Destination::Leads,
            last: None,
            watch: Watch::default(),
            // SAFETY: reads a counter.
            subtransaction: unsafe { pg_sys::GetCurrentSubTransactionId() },
        }
    }

    /// Routes a row of `leads` that is about to be inserted; answers the row to insert. Only a `trusted` role may bring
    /// what routing sets.
    ///
    /// # Safety
    /// The data must be that of the row trigger.
    pub unsafe fn insert_row(
        &mut self,
        row: &LeadRow,
        data: &pg_sys::TriggerData,
        trusted: bool,
    ) -> pg_sys::HeapTuple {
        // SAFETY: the relation of a trigger is open.
        unsafe { self.row_comes(data.tg_relation) };
        let is_imported = trusted && row.time("routed_at").is_some();
        let excluded = if is_imported { None } else { self.excluded(row) };
        let (tuple, is_routed) = match excluded {
            None if is_imported => (row.imported(&lookups::cleaned(row, &self.rules)), false),
            Some(excluded) => (excluded, false),
            None if !ENABLED.get() => (row.unrouted(trusted, &lookups::cleaned(row, &self.rules)), false),
            None => {
                // PostgreSQL has checked that the inserter may name one
                self.name_owner(row.get("owner_id"));
                let routed = self.route(row);
                let excluded = self.excluded_after_all(row);
                (excluded.unwrap_or(routed), excluded.is_none())
            }
        };
        if self.cause == Cause::RouteLead {
            self.refuse_in_flight(row);
        }
        // SAFETY: the caller vouches for the data.
        unsafe { self.row_goes(data, is_routed) };
        tuple
    }

    /// An error if another transaction has inserted the external id while routing waited for the person: the unique
    /// index would wait for it without end.
    fn refuse_in_flight(&mut self, row: &LeadRow) {
        if let Some(key) = row.get::<String>("external_id") {
            let free = self.patience.wait(|| (!EXTERNAL_IDS.is_in_flight(&key)).then_some(()));
            free.unwrap_or_else(|| errors::submit_in_flight(&key));
        }
    }

    /// What `excluded` shows of a row whose lead is there already.
    fn excluded(&mut self, row: &LeadRow) -> Option<pg_sys::HeapTuple> {
        let tuple = upsert::excluded(row, &self.rules)?;
        self.known.extend(row.get::<i64>("id"));
        Some(tuple)
    }

    /// The same for a row that was routed: another transaction with its external id may have committed while routing
    /// waited for the person, and the lead would become a touch of itself.
    fn excluded_after_all(&mut self, row: &LeadRow) -> Option<pg_sys::HeapTuple> {
        self.pending.last().and_then(Pending::touch)?;
        let tuple = self.excluded(row)?;
        if let Some(last) = self.pending.pop() {
            self.forget(&last);
        }
        Some(tuple)
    }

    /// Routes a row that is about to be inserted; answers the row to insert.
    pub fn route(&mut self, row: &LeadRow) -> pg_sys::HeapTuple {
        if self.pending.len() >= FLUSH_AT {
            self.flush();
        }
        self.take_back_dropped();
        let Some(mut pending) = self.decide(row, true, Wanted::Route).pending else {
            unreachable!("routing always decides");
        };
        pending.decision_id = next_value("decisions_id_seq");
        requests::ask(&mut pending, row, &self.rules);
        self.count(&mut pending);
        if let Some((tenant, company, owner)) = pending.company() {
            self.companies.entry((tenant, company)).or_insert((owner, pending.lead_id));
        }
        let tuple = row.decided(&pending.decision, pending.decision_id, pending.decided_at);
        self.pending.push(pending);
        tuple
    }

    /// Counts the lead, so that the next row sees it; where its owner has caps, other sessions see it too.
    fn count(&mut self, pending: &mut Pending) {
        let Some((rep_no, lead)) = self.load_added(pending).filter(|_| !pending.is_counted) else {
            return;
        };
        let capped = |owner: &str| self.roster.reps.get(owner).is_some_and(|rep| !rep.caps().is_none());
        pending.is_counted = pending.decision.outcome.owner().is_some_and(capped);
        if pending.is_counted {
            LOADS.add(rep_no, &lead);
        } else {
            self.ledgers.count_load(rep_no, &lead);
        }
    }

    /// Gives back turn and place under caps of the previous row if that was dropped on a conflict: by now it is
    /// there, or never will be.
    fn take_back_dropped(&mut self) {
        let took =
            |last: &Pending| last.decision.outcome.owner().is_some() || !last.decision.turns.is_empty();
        let watch = &self.watch;
        if let Some(last) = self.pending.pop_if(|last| took(last) && !watch.has_arrived(last)) {
            self.forget(&last);
        }
    }

    /// A row that was decided and not inserted.
    fn forget(&mut self, pending: &Pending) {
        self.dropped(pending);
        self.companies.retain(|_, (_, lead_id)| *lead_id != pending.lead_id);
        if let Some((rep_no, lead)) = self.load_added(pending).filter(|_| !pending.is_counted) {
            self.ledgers.count_load(rep_no, &lead.taken_back());
        }
    }

    /// What a statement within this one must count as well: all but the last row, while that is not inserted.
    pub fn begin_within(&mut self) -> Due {
        let mut due = self.ledgers.begin_within();
        if let Some(last) = self.pending.last().filter(|last| !last.is_there()) {
            due.take_back(&last.decision.turns);
            if let Some((rep_no, lead)) = self.load_added(last) {
                due.count_load(rep_no, &lead.taken_back());
            }
        }
        due
    }

    /// Frees turn and place for the next row of the statement.
    fn dropped(&mut self, pending: &Pending) {
        self.ledgers.take_back(&pending.decision.turns);
        if let Some((rep_no, lead)) = self.load_added(pending).filter(|_| pending.is_counted) {
            LOADS.add(rep_no, &lead.taken_back());
        }
    }

    /// What a decision adds to the load of the rep who gets the lead.
    fn load_added(&self, pending: &Pending) -> Option<(i32, Added)> {
        let Outcome::Owner(owner) = &pending.decision.outcome else {
            return None;
        };
        let rep = self.roster.reps.get(owner)?;
        Some((rep.rep_no, Added::lead(loads::day(rep, pending.decided_at))))
    }

    /// Sets what is known of the next row beside its values: what could not be read, and what it says of its life.
    pub fn set_known(&mut self, odd: Vec<Problem>, given: Given) {
        self.odd = odd;
        self.given = given;
    }

    /// Sets who owns the next row, if somebody does who is named with it.
    pub fn name_owner(&mut self, rep: Option<String>) {
        self.given = Given { owner: rep.map(|rep| (rep.clone(), Some(rep))), ..Given::default() };
    }

    /// Whether the last row keeps the owner that it came with.
    pub fn keeps_owner(&self) -> bool {
        self.pending.last().is_some_and(|last| last.decision.layer == Layer::Given)
    }

    /// Writes the lead of the last row of an attached table, if that row is there.
    pub fn settle_last(&mut self) {
        if let Some(last) = self.last.take() {
            last();
        }
    }

    /// Whether a decision is about the row that is being inserted now.
    pub fn is_deciding(&self, decision_id: i64) -> bool {
        self.pending.last().is_some_and(|last| last.decision_id == decision_id)
    }

    /// The row trigger has got a row, or the statement ends.
    ///
    /// # Safety
    /// The relation must be open.
    pub unsafe fn row_comes(&mut self, relation: pg_sys::Relation) {
        // SAFETY: the caller vouches for the relation.
        unsafe { self.watch.enter(relation, &mut self.pending) };
    }

    unsafe fn row_goes(&mut self, data: &pg_sys::TriggerData, is_routed: bool) {
        let decision = self.pending.last().map(|last| last.decision_id).filter(|_| is_routed);
        // SAFETY: the caller vouches for the data.
        unsafe { self.watch.leave(data, decision) };
    }

    /// Writes what was decided for the rows that were inserted.
    pub fn flush(&mut self) {
        if self.pending.is_empty() {
            return self.ledgers.flush();
        }
        let pending = std::mem::take(&mut self.pending).into_iter();
        let (arrived, gone): (Vec<_>, Vec<_>) = pending.partition(|pending| self.watch.has_arrived(pending));
        self.watch.forget();
        gone.iter().for_each(|pending| self.forget(pending));
        self.touches.extend(arrived.iter().filter_map(Pending::touch));
        writer::inserted(&arrived, &self.by());
        requests::write(&arrived);
        self.ledgers.flush();
    }

    /// What its decisions are made by.
    fn by(&self) -> By<'_> {
        By { cause: self.cause, version: self.rules.version, seen: self.seen.as_ref() }
    }

    /// The statement has ended; answers the touches whose first leads are still to be filled.
    pub fn finish(mut self) -> Vec<Touch> {
        self.flush();
        if self.known.iter().any(|id| LEADS.bigint(*id, |_| Some(())).is_some()) {
            errors::deleted_while_submitted();
        }
        self.touches
    }

    /// Takes over the touches of a statement within this one.
    pub fn add_touches(&mut self, touches: &mut Vec<Touch>) {
        self.touches.append(touches);
    }
}
