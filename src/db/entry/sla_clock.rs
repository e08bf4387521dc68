//! Clocks of leads that are there: another owner has other hours, a hotter event starts a new clock, and one that is
//! answered, taken up or closed has none.

use crate::db::lead::row::LeadRow;
use crate::db::pg::catalog;
use crate::db::pg::function::{argument, null, sql_function};
use crate::db::pg::security::only_the_extension;
use crate::db::pg::spi::{text, timestamp};
use crate::db::pg::time::{from_postgres_epoch, now, TimeZones};
use crate::db::routing::error_fallback::config_for_clock;
use crate::db::state::config::{self, Config};
use crate::db::{errors, queries};
use leadroute_engine::decision::Outcome;
use leadroute_engine::lead::status::Status;
use leadroute_engine::{sla, Micros};
use pgrx::pg_sys::{self, Datum};
use pgrx::FromDatum;

/// How a clock ends because of the status of its lead, which nobody has to answer any more.
pub const fn end_by(status: Status) -> Option<&'static str> {
    match status {
        Status::Converted | Status::Lost | Status::Disqualified => Some("closed"),
        Status::Merged => Some("merged"),
        Status::Nurture => Some("nurture"),
        Status::New | Status::Assigned | Status::Queued | Status::Working | Status::Qualified => None,
    }
}

/// The clock of a lead ends when nobody has to answer it any more, when somebody says that it was answered, and when
/// somebody takes it up: that is an answer at that moment. A response has said before which clocks it answers. Answers how
/// many clocks have ended.
pub fn end_if_over(old: &LeadRow, new: &LeadRow) -> i64 {
    let status = |row: &LeadRow| row.get::<String>("status").and_then(|status| Status::named(&status));
    let (Some(was), Some(is)) = (status(old), status(new)) else {
        return 0;
    };
    let answered_at = new.time("first_response_at").filter(|at| old.time("first_response_at") != Some(*at));
    let (at, how) = match (end_by(is).filter(|_| is != was), answered_at) {
        (Some("closed"), _) => (new.time("closed_at").unwrap_or_else(now), "closed"),
        (Some(how), _) => (now(), how),
        (None, Some(at)) => (at, "answered"),
        (None, None) if is.is_taken_up() && !was.is_taken_up() => (now(), "worked"),
        _ => return 0,
    };
    let by = new.get::<String>("owner_id").filter(|_| matches!(how, "answered" | "worked"));
    end(new.get("id").unwrap_or_default(), at, how, by.as_deref())
}

/// Ends the running clocks of a lead, which is locked; answers how many.
pub fn end(lead_id: i64, at: Micros, how: &str, by: Option<&str>) -> i64 {
    count_ended(&[Some(Datum::from(lead_id)), timestamp(Some(at)), text(Some(how)), text(by)])
}

fn count_ended(arguments: &[Option<Datum>; 4]) -> i64 {
    queries::CLOCKS_END.returning(arguments, |row| row.get::<i64>(1)).first().copied().flatten().unwrap_or(0)
}

/// A clock that counts working hours goes by those of the new owner or queue.
pub fn follow_owner(row: &LeadRow) {
    catalog::lock_for_writing();
    let id = row.get::<i64>("id").unwrap_or_default();
    let config = config_for_clock(id);
    let config = config.filter(|config| config.rules.sla_policies.all().any(|policy| policy.business_hours));
    if let Some(config) = config {
        move_clock(id, row, &config);
    }
}

/// By the working hours of whoever has the lead now. An overdue clock is not moved.
fn move_clock(lead_id: i64, row: &LeadRow, Config { rules, roster, .. }: &Config) -> Option<()> {
    let lead = [Some(Datum::from(lead_id))];
    let running = queries::CLOCK_RUNNING.first(&lead, |row| {
        let start = row.get::<i64>(3).map_or(0, from_postgres_epoch);
        (row.get::<i64>(1).unwrap_or_default(), row.get::<String>(2).unwrap_or_default(), start)
    });
    let (clock, policy, start) = running?;
    let tenant = row.get::<String>("tenant").unwrap_or_default();
    let context = config::context(rules, roster, now(), Some(&tenant));
    let policy = sla::policy_named(rules, &policy).filter(|policy| policy.business_hours)?;
    let (owner, queue) = (row.get::<String>("owner_id"), row.get::<String>("queue"));
    let rep = sla::keeper(owner.as_deref(), queue.as_deref(), context);
    let due = sla::due(policy, start, rep, context, &TimeZones);
    let next = sla::next_step(policy, 0, due, rep, context, &TimeZones);
    let times = [Some(Datum::from(clock)), lead[0], timestamp(Some(due)), timestamp(next)];
    queries::CLOCK_MOVE.write(&times);
    Some(())
}

sql_function! {
    /// `leadroute_internal.end_clocks(bigint, timestamptz, text, text)`
    leadroute_end_clocks, pg_finfo_leadroute_end_clocks, end_clocks
}

unsafe fn end_clocks(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    only_the_extension("end_clocks");
    // SAFETY: as declared in SQL.
    let arguments = unsafe { [0, 1, 2, 3].map(|n| argument(fcinfo, n)) };
    catalog::lock_for_writing();
    Datum::from(count_ended(&arguments))
}

sql_function! {
    /// `leadroute_internal.restart_clock(bigint, timestamptz)`
    leadroute_restart_clock, pg_finfo_leadroute_restart_clock, restart_clock
}

unsafe fn restart_clock(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    only_the_extension("restart_clock");
    // SAFETY: as declared in SQL: strict, bigint, timestamptz.
    let (id, acted_at) = unsafe {
        let id = argument(fcinfo, 0).and_then(|datum| i64::from_datum(datum, false));
        (id.unwrap_or(0), argument(fcinfo, 1).and_then(|datum| i64::from_datum(datum, false)))
    };
    catalog::lock_for_writing();
    let lead = [Some(Datum::from(id))];
    let found = queries::LEAD_LOCK.returning(&lead, |row| {
        // SAFETY: the query returns rows of leads, valid during the callback.
        let row = unsafe { LeadRow::new(row.tuple, row.desc) };
        start(id, &row, acted_at.map(from_postgres_epoch))
    });
    match found.into_iter().next() {
        None => errors::no_such_lead(id),
        // SAFETY: the call info is valid.
        Some(None) => unsafe { null(fcinfo) },
        Some(Some(due)) => timestamp(Some(due)).unwrap_or(Datum::from(0)),
    }
}

/// The due time of the new clock; `None` if no policy matches, or none can be read.
fn start(id: i64, row: &LeadRow, acted_at: Option<Micros>) -> Option<Micros> {
    let Config { rules, roster, .. } = config_for_clock(id)?;
    let tenant = row.get::<String>("tenant").unwrap_or_default();
    let context = config::context(&rules, &roster, now(), Some(&tenant));
    let owner = row.get::<String>("owner_id").map(Outcome::Owner);
    let outcome = owner.or_else(|| row.get::<String>("queue").map(Outcome::Queue))?;
    let event = row.get::<String>("event").and_then(|event| leadroute_engine::lead::words::slug(&event));
    let segment = row.get::<String>("segment");
    let clock = sla::clock(event.as_deref(), segment.as_deref(), acted_at, &outcome, context, &TimeZones)?;
    let (started, due, next) =
        (timestamp(Some(clock.started_at)), timestamp(Some(clock.due_at)), timestamp(clock.next_at));
    end(id, now(), "restarted", None);
    queries::CLOCK_START.write(&[Some(Datum::from(id)), text(Some(&clock.policy)), started, due, next]);
    Some(clock.due_at)
}
