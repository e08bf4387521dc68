//! The leads of one statement on their way from row to decision to disk.
//!
//! A BEFORE trigger cannot know whether its row will really be inserted (`ON CONFLICT` may drop it), so
//! it only decides; decisions, turns, clocks and notifications are written after the statement, or after
//! every thousand rows, for the rows that are there by then.

use super::arrival::Watch;
use super::identity::{next_value, AsOwner};
use super::ledger::Ledgers;
use super::loads::{self, Added, LOADS};
use super::patience::Patience;
use super::rescue::{protect, Failure};
use super::row::{now, LeadRow};
use super::settings::{self, OnError, ON_ERROR};
use super::world::Live;
use super::{cache, keep, writer};
use leadroute_engine::config::Rules;
use leadroute_engine::decision::{Decision, Outcome};
use leadroute_engine::pipeline::{self, World};
use leadroute_engine::reason::Problem;
use leadroute_engine::roster::Roster;
use leadroute_engine::rotation::Turn;
use leadroute_engine::Micros;
use pgrx::pg_sys;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Instant;

/// Rows that are kept in memory at most.
const FLUSH_AT: usize = 1000;

/// A decision that is not written yet.
pub struct Pending {
    /// The lead.
    pub lead_id: i64,
    /// Key of the decision.
    pub decision_id: i64,
    /// The decision.
    pub decision: Decision,
    /// Whether the load of its owner counts it already.
    pub is_counted: bool,
    /// When it was decided.
    pub decided_at: Micros,
    /// Time spent, in microseconds.
    pub elapsed_us: i32,
    /// Why somebody asked for it.
    pub note: Option<String>,
    /// Whether its row is known to have been inserted.
    pub has_arrived: bool,
}

/// What a door knows of the lead that it is about to insert.
pub struct Door {
    /// `decisions.cause`.
    pub cause: &'static str,
    /// Values that could not be read.
    pub odd: Vec<Problem>,
    /// How long it still waits.
    pub patience: Patience,
}

/// The leads of one statement.
pub struct Batch {
    /// `decisions.cause`.
    pub cause: &'static str,
    /// The rules all its leads see.
    pub rules: Rc<Rules>,
    roster: Rc<Roster>,
    ledgers: Ledgers,
    /// How long it still waits for strangers.
    pub patience: Patience,
    odd: Vec<Problem>,
    broken: Option<(String, String)>,
    pending: Vec<Pending>,
    watch: Watch,
    subtransaction: pg_sys::SubTransactionId,
}

thread_local! {
    /// Open statements, the innermost last: a trigger of the user may insert leads too.
    static OPEN: RefCell<Vec<Batch>> = RefCell::default();
    static DOOR: RefCell<Option<Door>> = const { RefCell::new(None) };
    static PERSONS: Cell<u32> = const { Cell::new(0) };
}

impl Batch {
    /// Opens a batch with the rules and the roster of now.
    pub fn open(cause: &'static str, odd: Vec<Problem>) -> Self {
        let loaded = cache::current().map_or_else(
            || {
                protect(|| {
                    let _owner = AsOwner::begin();
                    cache::load()
                })
            },
            Ok,
        );
        let (config, broken) = match loaded {
            Ok(config) => (config, None),
            Err(failure) => (Default::default(), Some(fall_back(failure, cause))),
        };
        Self {
            cause,
            rules: config.0,
            roster: config.1,
            ledgers: Ledgers::default(),
            patience: Patience::fresh(),
            odd,
            broken,
            pending: Vec::new(),
            watch: Watch::default(),
            // SAFETY: reads a counter.
            subtransaction: unsafe { pg_sys::GetCurrentSubTransactionId() },
        }
    }

    /// Decides about a row with `work`. Without `effect` nothing is locked and no turn is taken.
    ///
    /// Who is being deleted or renamed cannot be kept: the decision is made again without them.
    pub fn decide(
        &mut self,
        row: &LeadRow,
        effect: bool,
        mut work: impl FnMut(World<'_>, Vec<Problem>, &mut Live<'_>) -> Option<Decision>,
    ) -> Option<Pending> {
        let (start, decided_at) = (Instant::now(), now());
        let odd = std::mem::take(&mut self.odd);
        let mut apart = false;
        loop {
            let (decision, is_kept) = self.rescue(row, effect, decided_at, |world, live| {
                live.apart = apart;
                work(world, odd.clone(), live)
            })?;
            let is_counted = effect && self.post(&decision.turns);
            let elapsed_us = i32::try_from(start.elapsed().as_micros()).unwrap_or(i32::MAX);
            let lead_id = row.get::<i64>("id").unwrap_or_default();
            let pending = Pending {
                lead_id,
                decision_id: 0,
                decision,
                is_counted,
                decided_at,
                elapsed_us,
                note: None,
                has_arrived: false,
            };
            if is_kept {
                return Some(pending);
            }
            self.dropped(&pending);
            match &pending.decision.outcome {
                Outcome::Merged { .. } if !apart => apart = true,
                Outcome::Owner(rep) if self.roster.reps.contains_key(rep) => {
                    Rc::make_mut(&mut self.roster).reps.remove(rep);
                }
                _ => {
                    let decision = pipeline::to_catch_all(pending.decision, &self.rules);
                    return Some(Pending { decision, is_counted: false, ..pending });
                }
            }
        }
    }

    /// The decision, also after an error, and whether nobody takes away who gets the lead.
    fn rescue(
        &mut self,
        row: &LeadRow,
        effect: bool,
        now: Micros,
        work: impl FnOnce(World<'_>, &mut Live<'_>) -> Option<Decision>,
    ) -> Option<(Decision, bool)> {
        let (rules, roster) = (Rc::clone(&self.rules), Rc::clone(&self.roster));
        let world = world(&rules, &roster, now);
        let decided = match self.broken.clone() {
            Some(broken) => Err(broken),
            None => self.attempt(row, effect, |live| work(world, live)),
        };
        decided.unwrap_or_else(|(sqlstate, message)| {
            Some((pipeline::rescued(row.lead(), &sqlstate, &message, world, &super::zones::Clock), true))
        })
    }

    fn attempt(
        &mut self,
        row: &LeadRow,
        effect: bool,
        work: impl FnOnce(&mut Live<'_>) -> Option<Decision>,
    ) -> Result<Option<(Decision, bool)>, (String, String)> {
        let mut persons = PERSONS.get();
        let config = (Rc::clone(&self.rules), Rc::clone(&self.roster));
        let is_there = is_there_already(self.cause).then_some(row);
        let (ledgers, patience) = (&mut self.ledgers, &mut self.patience);
        let result = protect(|| {
            let _owner = AsOwner::begin();
            let (persons, document, apart) = (&mut persons, None, false);
            let decision = work(&mut Live { row, ledgers, effect, persons, patience, apart, document })?;
            let is_kept = !effect || keep::outcome(&decision.outcome, is_there, &config);
            Some((decision, is_kept))
        });
        PERSONS.set(persons);
        result.map_err(|failure| {
            self.ledgers.undo_choice();
            fall_back(failure, self.cause)
        })
    }

    /// Writes the turn outside of the subtransaction that decided it, which so needs no transaction id.
    fn post(&mut self, turns: &[Turn]) -> bool {
        let _owner = AsOwner::begin();
        self.ledgers.post(turns)
    }

    /// Routes a row that is about to be inserted; answers the row as it shall be.
    pub fn route(&mut self, row: &LeadRow) -> pg_sys::HeapTuple {
        if self.pending.len() >= FLUSH_AT {
            self.flush();
        }
        self.take_back_dropped();
        let decided = self
            .decide(row, true, |world, odd, live| Some(pipeline::route(row.lead(), odd, &[], world, live)));
        let Some(mut pending) = decided else {
            unreachable!("routing always decides");
        };
        pending.decision_id = {
            let _owner = AsOwner::begin();
            next_value("decisions_id_seq")
        };
        self.count_at_once(&mut pending);
        let tuple = row.decided(&pending.decision, pending.decision_id, pending.decided_at);
        self.pending.push(pending);
        tuple
    }

    /// A lead that did not come by rotation fills the caps of its owner too: for the next row already.
    fn count_at_once(&self, pending: &mut Pending) {
        let capped = |owner: &str| self.roster.reps.get(owner).is_some_and(|rep| !rep.caps().is_none());
        if pending.is_counted || !pending.decision.outcome.owner().is_some_and(capped) {
            return;
        }
        if let Some((rep_no, lead)) = self.given(pending) {
            let _owner = AsOwner::begin();
            LOADS.add(rep_no, &lead);
            pending.is_counted = true;
        }
    }

    /// Gives turn and place of the row before back if that row was dropped on a conflict: by now it is
    /// there, or will never be.
    fn take_back_dropped(&mut self) {
        let took = |last: &Pending| last.is_counted || !last.decision.turns.is_empty();
        let watch = &self.watch;
        if let Some(last) = self.pending.pop_if(|last| took(last) && !watch.has_arrived(last)) {
            self.dropped(&last);
        }
    }

    /// The place is free for the next row of the statement.
    fn dropped(&mut self, pending: &Pending) {
        self.ledgers.take_back(&pending.decision.turns);
        if let Some((rep_no, lead)) = self.given(pending).filter(|_| pending.is_counted) {
            let _owner = AsOwner::begin();
            LOADS.add(rep_no, &lead.taken_back());
        }
    }

    /// What a decision adds to the load of the rep who gets the lead.
    fn given(&self, pending: &Pending) -> Option<(i32, Added)> {
        let Outcome::Owner(owner) = &pending.decision.outcome else {
            return None;
        };
        let rep = self.roster.reps.get(owner)?;
        Some((rep.rep_no, Added::lead(loads::day(rep, pending.decided_at))))
    }

    /// Writes what was decided for the rows that were inserted.
    pub fn flush(&mut self) {
        if self.pending.is_empty() {
            return self.settle();
        }
        let pending = std::mem::take(&mut self.pending).into_iter();
        let (arrived, gone): (Vec<_>, Vec<_>) = pending.partition(|pending| self.watch.has_arrived(pending));
        self.watch.forget();
        gone.iter().for_each(|pending| self.dropped(pending));
        for pending in arrived.iter().filter(|pending| !pending.is_counted) {
            if let Some((rep_no, lead)) = self.given(pending) {
                self.ledgers.count_load(rep_no, &lead);
            }
        }
        let _owner = AsOwner::begin();
        writer::inserted(&arrived, self.cause, self.rules.version);
        self.ledgers.flush();
    }

    /// Writes the turns and loads that are left.
    fn settle(&mut self) {
        let _owner = AsOwner::begin();
        self.ledgers.flush();
    }

    /// Writes a new decision for a lead that is there.
    pub fn revise(&mut self, mut pending: Pending, previous_owner: Option<&str>) -> i64 {
        let _owner = AsOwner::begin();
        pending.decision_id = next_value("decisions_id_seq");
        // The update of the lead counts it as well (see `loads`).
        if let Some((rep_no, lead)) = self.given(&pending).filter(|_| pending.is_counted) {
            self.ledgers.count_load(rep_no, &lead.taken_back());
        }
        writer::revised(&pending, self.cause, self.rules.version, previous_owner);
        self.ledgers.flush();
        pending.decision_id
    }
}

/// What stands still while leads are routed.
pub fn world<'a>(rules: &'a Rules, roster: &'a Roster, now: Micros) -> World<'a> {
    World { rules, roster, now, presence_ttl: settings::presence_ttl() }
}

/// Whether the lead is no new one.
fn is_there_already(cause: &str) -> bool {
    matches!(cause, "reroute" | "event" | "escalation" | "auto_assign")
}

/// The SQLSTATE and message to keep with a new lead, unless the setting says to fail. A lead that is there
/// keeps what it has: its new decision fails and can be asked for again.
fn fall_back(failure: Failure, cause: &str) -> (String, String) {
    if is_there_already(cause) || ON_ERROR.get() == OnError::raise {
        failure.rethrow();
    }
    (failure.sqlstate, failure.message)
}

/// Tells the next statement that inserts leads where they come from.
pub fn announce(door: Option<Door>) {
    DOOR.set(door);
}

/// A statement that inserts leads begins.
pub fn begin_statement() {
    let door = DOOR.take();
    let batch = match door {
        Some(Door { cause, odd, patience }) => Batch { patience, ..Batch::open(cause, odd) },
        None => Batch::open("insert", Vec::new()),
    };
    OPEN.with_borrow_mut(|open| open.push(batch));
}

/// The batch of the statement that runs now. It is taken out while it works, because triggers of the
/// user may insert leads in between.
pub fn take() -> Option<Batch> {
    OPEN.with_borrow_mut(Vec::pop)
}

/// Puts the batch back.
pub fn put_back(batch: Batch) {
    OPEN.with_borrow_mut(|open| open.push(batch));
}

/// The row trigger has got a row.
///
/// # Safety
/// The relation must be open.
pub unsafe fn row_comes(relation: pg_sys::Relation) {
    OPEN.with_borrow_mut(|open| {
        if let Some(Batch { watch, pending, .. }) = open.last_mut() {
            // SAFETY: the caller vouches for the relation.
            unsafe { watch.enter(relation, pending) };
        }
    });
}

/// The row trigger hands a row back.
///
/// # Safety
/// The data must be that of the row trigger.
pub unsafe fn row_goes(data: &pg_sys::TriggerData, is_routed: bool) {
    OPEN.with_borrow_mut(|open| {
        if let Some(Batch { watch, pending, .. }) = open.last_mut() {
            let decision = pending.last().map(|last| last.decision_id).filter(|_| is_routed);
            // SAFETY: the caller vouches for the data.
            unsafe { watch.leave(data, decision) };
        }
    });
}

/// Forgets all statements: the transaction has ended.
pub fn transaction_ended() {
    OPEN.with_borrow_mut(Vec::clear);
    DOOR.set(None);
    PERSONS.set(0);
}

/// Forgets the statements of a subtransaction that was rolled back.
pub fn subtransaction_aborted(ended: pg_sys::SubTransactionId) {
    DOOR.set(None);
    OPEN.with_borrow_mut(|open| open.retain(|batch| batch.subtransaction < ended));
}
