//! Stints: who has a lead, from when to when, and how that ended. The one that goes on is in the lead itself; a row is
//! written where it ends, whoever ends it, so that stints follow each other without gap or overlap.

use crate::db::indexes::{DECISIONS, REPS};
use crate::db::lead::row::LeadRow;
use crate::db::pg::spi::{text, timestamp};
use crate::db::pg::table::Table;
use crate::db::pg::time::{from_postgres_epoch, now};
use crate::db::queries;
use crate::db::state::past_stints::Last;
use leadroute_engine::lead::status::Status;
use leadroute_engine::Micros;
use pgrx::pg_sys::{Datum, INT4OID, INT8OID, TEXTOID, TIMESTAMPTZOID};
use pgrx::IntoDatum;

static ENDED: Table<9> = Table::new(
    "past_stints",
    [INT8OID, INT4OID, INT4OID, TEXTOID, TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TEXTOID, TEXTOID],
);

/// What a lead is to those who could have it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stands {
    /// It came while routing was off: its time has not begun.
    Outside,
    /// A rep has it, or it waits in a queue, or in nurture.
    Open,
    /// Nobody has it any more.
    Closed,
    /// It belongs to another lead, and to whoever has that.
    Touch,
}

impl Stands {
    fn of(row: &LeadRow) -> Self {
        let is_closed = |status: String| Status::named(&status).is_some_and(Status::is_closed);
        match row.get::<i64>("duplicate_of") {
            _ if !row.was_routed() => Self::Outside,
            Some(_) => Self::Touch,
            None if row.get("status").is_some_and(is_closed) => Self::Closed,
            None => Self::Open,
        }
    }
}

/// Ends the stint of whoever does not have the lead any more; whether somebody had it.
pub fn end_if_left(old: &LeadRow, new: &LeadRow) -> bool {
    let (was, is) = (Stands::of(old), Stands::of(new));
    let end = |ended: &str, at| {
        write(old, was, Last::of(id(old)), ended, at);
        true
    };
    match (was, is) {
        (Stands::Outside, _) | (_, Stands::Outside) => false,
        (Stands::Open, Stands::Closed) => end("closed", new.time("closed_at").unwrap_or_else(now)),
        (Stands::Closed, Stands::Open) => end("reopened", now()),
        (_, Stands::Touch) if was != is => end("merged", now()),
        (Stands::Touch, _) if was != is => end("parted", now()),
        (Stands::Open, Stands::Open) if has(old) != has(new) => passed_on(old, new).is_some_and(|ended| {
            let territory = old.get::<String>("territory");
            end(ended, now());
            if ended != "escalated" {
                // the ladder says so itself, as it counts its step
                let (owner, queue) = has(old);
                let [owner, queue, territory] = [owner, queue, territory].map(|name| text(name.as_deref()));
                queries::CLOCK_LATE.write(&[Some(Datum::from(id(old))), owner, queue, territory]);
            }
            true
        }),
        _ => false,
    }
}

/// Who takes a lead up, or has answered it, begins to work on it: that ends the stint in which the buyer waited.
/// `ends_clock` says whether a clock has ended by that.
pub fn end_if_taken_up(old: &LeadRow, new: &LeadRow, ends_clock: bool) {
    if (Stands::of(old), Stands::of(new)) != (Stands::Open, Stands::Open) {
        return;
    }
    let is_taken_up = |row: &LeadRow| {
        let status = row.get::<String>("status").and_then(|status| Status::named(&status));
        status.is_some_and(Status::is_taken_up)
    };
    let answered_at = new.time("first_response_at").filter(|at| old.time("first_response_at") != Some(*at));
    if answered_at.is_none() && (is_taken_up(old) || !is_taken_up(new)) {
        return;
    }
    let last = Last::of(id(old));
    if last.as_ref().is_some_and(Last::is_answer) && !ends_clock {
        return;
    }
    let (ended, at) = match answered_at {
        Some(at) => ("answered", at),
        None if ends_clock => ("worked", now()),
        None => taken_up_by(old, since(old, last.as_ref())),
    };
    write(old, Stands::Open, last, ended, at);
}

/// A response has ended its clocks before it sets the status.
fn taken_up_by(row: &LeadRow, since: Micros) -> (&'static str, Micros) {
    let ended = queries::CLOCK_ENDED.first(&[Some(Datum::from(id(row)))], |row| {
        (row.get::<String>(1).unwrap_or_default(), row.get::<i64>(2).map_or(0, from_postgres_epoch))
    });
    match ended {
        Some((ended, at)) if ended == "answered" && at >= since => ("answered", at),
        _ => ("worked", now()),
    }
}

/// How a lead went from one to another, by the decision that says so. `None` where nobody has had it: a rename brings a
/// new name without a decision, and an owner who came with the row takes the place of whom routing chose.
fn passed_on(old: &LeadRow, new: &LeadRow) -> Option<&'static str> {
    let decision = new.get::<i64>("decision_id");
    if decision == old.get::<i64>("decision_id") {
        return None;
    }
    let cause = decision.and_then(|id| DECISIONS.bigint(id, |row| row.get::<String>(4)));
    match cause.as_deref() {
        Some("attach") => None,
        Some("escalation") => Some("escalated"),
        Some("manual") => Some("transferred"),
        Some("claim") => Some("claimed"),
        Some("auto_assign") => Some("assigned"),
        Some("response") => Some("answered"),
        _ => Some("rerouted"),
    }
}

fn write(old: &LeadRow, was: Stands, last: Option<Last>, ended: &str, at: Micros) {
    let since = since(old, last.as_ref());
    let (owner, queue) = if was == Stands::Open { has(old) } else { (None, None) };
    let rep_no = owner.as_deref().and_then(|rep| REPS.text(rep, |row| row.get::<i32>(2)));
    let until = at.clamp(since, now().max(since));
    ENDED.insert([[
        Some(Datum::from(id(old))),
        Last::next(last.as_ref()).into_datum(),
        rep_no.into_datum(),
        text(owner.as_deref()),
        text(queue.as_deref()),
        timestamp(Some(since)),
        timestamp(Some(until)),
        text(Some(ended)),
        text(old.get::<String>("tenant").as_deref()),
    ]]);
}

/// Since when somebody has the lead.
fn since(row: &LeadRow, last: Option<&Last>) -> Micros {
    let began = || row.time("routed_at").or_else(|| row.time("created_at")).unwrap_or_else(now);
    last.map_or_else(began, |last| last.until)
}

fn has(row: &LeadRow) -> (Option<String>, Option<String>) {
    (row.get("owner_id"), row.get("queue"))
}

fn id(row: &LeadRow) -> i64 {
    row.get("id").unwrap_or_default()
}
