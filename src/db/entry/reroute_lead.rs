//! Leads that are there are routed again: `reroute_lead`, and what follows events, corrections and late data.

use crate::db::lead::row::LeadRow;
use crate::db::pg::catalog;
use crate::db::pg::function::{argument, null, sql_function};
use crate::db::pg::security::{only_the_extension, AsOwner};
use crate::db::pg::subtransaction::protect_one_of_many;
use crate::db::pg::time::now;
use crate::db::pg::wait::Patience;
use crate::db::routing::answer::answer;
use crate::db::routing::batch::Batch;
use crate::db::routing::bulk_run;
use crate::db::routing::pending_decision::{Pending, Wanted};
use crate::db::{errors, queries};
use leadroute_engine::decision::cause::Cause;
use leadroute_engine::decision::{Decision, Layer, Outcome};
use leadroute_engine::lead::status::Status;
use leadroute_engine::lead::{Given, Holder};
use pgrx::pg_sys::{self, Datum};
use pgrx::{FromDatum, IntoDatum};

sql_function! {
    /// `leadroute.reroute_lead(bigint, text)`
    leadroute_reroute_lead, pg_finfo_leadroute_reroute_lead, reroute_lead
}

unsafe fn reroute_lead(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: as declared in SQL: bigint, text.
    unsafe {
        let _owner = AsOwner::begin();
        let arguments = [argument(fcinfo, 0), argument(fcinfo, 1)];
        if let Some(id) = arguments[0].and_then(|datum| i64::from_datum(datum, false)) {
            catalog::lock_for_writing();
            let stays = queries::STAYS_ANSWERED.returning(&arguments, |row| row.get::<bool>(1));
            if stays.first().copied().flatten() == Some(true) {
                return answer(id, false);
            }
        }
        route_again(fcinfo, Again::by(Cause::Reroute), Patience::fresh())
    }
}

sql_function! {
    /// `leadroute_internal.route_event(bigint, text)`
    leadroute_route_event, pg_finfo_leadroute_route_event, route_event
}

unsafe fn route_event(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    only_the_extension("route_event");
    // SAFETY: as declared in SQL: bigint, text.
    unsafe { route_again(fcinfo, Again::by(Cause::Event), Patience::fresh()) }
}

sql_function! {
    /// `leadroute_internal.replace_owner(bigint, text)`
    leadroute_replace_owner, pg_finfo_leadroute_replace_owner, replace_owner
}

unsafe fn replace_owner(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    only_the_extension("replace_owner");
    // SAFETY: as declared in SQL: bigint, text.
    unsafe { route_again(fcinfo, Again { replaces: true, ..Again::by(Cause::Event) }, Patience::fresh()) }
}

sql_function! {
    /// `leadroute_internal.route_correction(bigint, text)`
    leadroute_route_correction, pg_finfo_leadroute_route_correction, route_correction
}

unsafe fn route_correction(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    only_the_extension("route_correction");
    // SAFETY: as declared in SQL: bigint, text.
    unsafe { route_again(fcinfo, Again::by(Cause::Enrichment), Patience::of_statement()) }
}

sql_function! {
    /// `leadroute_internal.route_filled(bigint, text)`
    leadroute_route_filled, pg_finfo_leadroute_route_filled, route_filled
}

/// NULL where the lead is somewhere else by now, or by other rules; an empty text where nothing changes; else what the rules
/// say, where they would take it from whoever has it.
unsafe fn route_filled(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    only_the_extension("route_filled");
    // SAFETY: as declared in SQL: strict, bigint, text; the call info is valid.
    unsafe {
        let again = Again::by(Cause::Enrichment);
        let tried = Tried::new(fcinfo, again, Patience::of_statement());
        match tried.stands.kept_by(&tried.pending.decision, tried.id) {
            None => {
                tried.write(fcinfo, again);
                null(fcinfo)
            }
            Some(why) => {
                tried.batch.withdraw(&tried.pending);
                why.into_datum().unwrap_or(Datum::from(0))
            }
        }
    }
}

sql_function! {
    /// `leadroute_internal.merge_lead(bigint, text)`
    leadroute_merge_lead, pg_finfo_leadroute_merge_lead, merge_lead
}

unsafe fn merge_lead(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    only_the_extension("merge_lead");
    let _limit = bulk_run::limit_waits();
    // SAFETY: as declared in SQL: bigint, text.
    let merged =
        protect_one_of_many(|| unsafe { route_again(fcinfo, Again::by(Cause::Reroute), Patience::none()) });
    merged.unwrap_or_else(|failure| {
        // SAFETY: as declared in SQL: strict, bigint and text.
        let id = unsafe { argument(fcinfo, 0).and_then(|datum| i64::from_datum(datum, false)) };
        if !failure.is_held() {
            errors::warn_not_merged(id.unwrap_or_default(), &failure.sqlstate, &failure.message);
        }
        // SAFETY: the call info is valid.
        unsafe { null(fcinfo) }
    })
}

/// Why a lead is routed again.
#[derive(Clone, Copy)]
struct Again {
    cause: Cause,
    /// Its owner must answer in time, or somebody else gets it.
    replaces: bool,
}

impl Again {
    const fn by(cause: Cause) -> Self {
        Self { cause, replaces: false }
    }

    /// Whether it matters who has the lead.
    fn asks_for_holder(self) -> bool {
        self.replaces || self.cause == Cause::Enrichment
    }

    /// Who has the lead, if that matters; an error for a touch.
    fn holder(self, row: &LeadRow, id: i64) -> Option<Holder> {
        match (row.get::<i64>("duplicate_of"), row.get::<String>("owner_id")) {
            // corrected, it may be another person's
            (Some(_), _) if self.cause == Cause::Enrichment => None,
            (Some(first), _) => errors::is_a_touch(id, first),
            (None, Some(rep)) if self.asks_for_holder() => {
                Some(Holder { rep, pool: row.get::<String>("pool"), must_answer: self.replaces })
            }
            (None, _) => None,
        }
    }
}

/// Where a lead is, and by which rules.
struct Stands {
    owner: Option<String>,
    queue: Option<String>,
    status: Option<Status>,
    by: [Option<String>; 6],
}

impl Stands {
    fn of(row: &LeadRow) -> Self {
        let by = ["segment", "territory", "tier", "pool", "playbook", "account_id"];
        let status = row.get::<String>("status").and_then(|status| Status::named(&status));
        Self { owner: row.get("owner_id"), queue: row.get("queue"), status, by: by.map(|name| row.get(name)) }
    }

    /// Why a lead of which more is known stays where it is: a rep is more than a queue, and a queue more than nobody.
    fn kept_by(&self, decision: &Decision, id: i64) -> Option<String> {
        if let Some((sqlstate, message)) = decision.failure() {
            errors::warn_not_routed_again(id, sqlstate, message);
            return Some(decision.reason());
        }
        let outcome = &decision.outcome;
        let rank = |owner: Option<&str>, queue: Option<&str>| (owner.is_some(), queue.is_some());
        let (before, after) =
            (rank(self.owner.as_deref(), self.queue.as_deref()), rank(outcome.owner(), outcome.queue()));
        let is_waiting_in_vain = decision.layer == Layer::Fallback && before > (false, false);
        if after < before || is_waiting_in_vain && !self.is_where(decision) {
            return Some(decision.reason());
        }
        self.is_where(decision).then(String::new)
    }

    /// Whether the decision changes nothing.
    fn is_where(&self, decision: &Decision) -> bool {
        let Decision { segment, territory, tier, pool, playbook, account_id, outcome, .. } = decision;
        let by = [segment, territory, tier, pool, playbook, account_id];
        let is_same_place =
            outcome.owner() == self.owner.as_deref() && outcome.queue() == self.queue.as_deref();
        is_same_place && outcome.duplicate_of().is_none() && self.by.iter().eq(by)
    }
}

/// A lead for which the layers were asked again, before that is written.
struct Tried {
    id: i64,
    batch: Batch,
    pending: Pending,
    stands: Stands,
}

impl Tried {
    /// # Safety
    /// The arguments must be a bigint and a text.
    unsafe fn new(fcinfo: pg_sys::FunctionCallInfo, again: Again, patience: Patience) -> Self {
        // SAFETY: the caller vouches for the arguments.
        let id = unsafe { argument(fcinfo, 0).and_then(|datum| i64::from_datum(datum, false)) };
        let Some(id) = id else {
            errors::null_argument("reroute_lead", "lead_id");
        };
        catalog::lock_for_writing();
        let mut batch = Batch::open(again.cause, Vec::new());
        batch.patience = patience;
        let found = queries::LEAD_LOCK.returning(&[Some(Datum::from(id))], |row| {
            // SAFETY: the query returns rows of leads, valid during the callback.
            let row = unsafe { LeadRow::new(row.tuple, row.desc) };
            let stands = Stands::of(&row);
            if let Some(closed) =
                stands.status.filter(|status| again.cause == Cause::Reroute && status.is_closed())
            {
                errors::is_closed(id, closed.name());
            }
            let (holder, is_scored) = (again.holder(&row, id), is_scored(&row, &batch));
            batch.set_known(Vec::new(), Given { holder, is_scored, ..Given::default() });
            let pending = batch.decide(&row, true, Wanted::Route).pending;
            batch.patience.leave();
            (pending, stands)
        });
        let Some((Some(pending), stands)) = found.into_iter().next() else {
            errors::no_such_lead(id);
        };
        Self { id, batch, pending, stands }
    }

    /// # Safety
    /// As for `new`.
    unsafe fn write(mut self, fcinfo: pg_sys::FunctionCallInfo, again: Again) {
        let goes_on = |status: &Status| again.replaces && goes_on(&self.pending.decision, *status);
        self.pending.keeps = self.stands.status.filter(goes_on);
        // SAFETY: the caller vouches for the arguments.
        self.pending.note = unsafe { argument(fcinfo, 1).and_then(|datum| String::from_datum(datum, false)) };
        self.batch.revise(self.pending, self.stands.owner.as_deref());
    }
}

unsafe fn route_again(fcinfo: pg_sys::FunctionCallInfo, again: Again, patience: Patience) -> Datum {
    // SAFETY: as declared in SQL: bigint, text.
    let tried = unsafe { Tried::new(fcinfo, again, patience) };
    let id = tried.id;
    let owner = tried.stands.owner.as_deref();
    if again.asks_for_holder() && stays(&tried.pending.decision, id, owner, again, &tried.batch) {
        tried.batch.withdraw(&tried.pending);
    } else {
        // SAFETY: as declared in SQL: bigint, text.
        unsafe { tried.write(fcinfo, again) };
    }
    answer(id, false)
}

/// Whether the score of a lead is to be made anew: criteria gave it, and there are some.
fn is_scored(row: &LeadRow, batch: &Batch) -> bool {
    let (tenant, id) = (row.get::<String>("tenant").unwrap_or_default(), row.get::<i64>("id"));
    batch.rules.criteria_at(&tenant, now()).next().is_some()
        && queries::IS_SCORED.first(&[id.map(Datum::from)], |row| row.get::<bool>(1)).flatten() == Some(true)
}

/// Whether somebody gets a lead that is worked on, and goes on with that.
fn goes_on(decision: &Decision, status: Status) -> bool {
    status.is_taken_up() && decision.outcome.owner().is_some()
}

/// Whether a lead stays where it is: routing has failed, or there is nobody else. A corrected one stays also where what it
/// says now cannot be read.
fn stays(decision: &Decision, id: i64, owner: Option<&str>, again: Again, batch: &Batch) -> bool {
    if let Some((sqlstate, message)) = decision.failure() {
        errors::warn_not_routed_again(id, sqlstate, message);
        return true;
    }
    let waits = matches!(decision.outcome, Outcome::Queue(_) | Outcome::Nurture);
    let is_lost = decision.layer == Layer::Fallback;
    match owner {
        None => false,
        Some(owner) if again.replaces => {
            decision.outcome.owner() == Some(owner) || waits && batch.is_active(owner)
        }
        Some(_) => is_lost || !decision.clean.unreadable.is_empty(),
    }
}
