//! `replay_decision`: a decision is made again, from the rules, the roster and the lead as they were.

use crate::db::lead::row::LeadRow;
use crate::db::pg::function::{argument, null, sql_function};
use crate::db::pg::jsonb;
use crate::db::pg::security::AsOwner;
use crate::db::pg::spi::{timestamp, Row};
use crate::db::pg::time::{from_postgres_epoch, TimeZones};
use crate::db::{errors, queries, settings};
use leadroute_engine::decision::stored::{full, Stored, Trace};
use leadroute_engine::decision::{Decision, Step};
use leadroute_engine::lead::Lead;
use leadroute_engine::replay::difference::{self, Answered};
use leadroute_engine::replay::facts::Facts;
use leadroute_engine::replay::{replay, Made};
use leadroute_engine::roster::{Roster, RosterTables};
use leadroute_engine::rules::tables::RuleTables;
use leadroute_engine::rules::Rules;
use leadroute_engine::Micros;
use pgrx::pg_sys::{self, Datum};
use pgrx::FromDatum;
use serde::de::DeserializeOwned;
use serde_json::{json, Value};
use std::cell::RefCell;
use std::rc::Rc;

sql_function! {
    /// `leadroute.replay_decision(bigint)`
    leadroute_replay_decision, pg_finfo_leadroute_replay_decision, replay_decision
}

/// A decision as the tables hold it.
struct Kept {
    lead_id: i64,
    decided_at: Micros,
    cause: String,
    then: Answered,
    trace: Trace,
    facts: Facts,
    engine_version: Option<String>,
    config_seen: Option<i64>,
}

/// Rules and roster of a decision.
#[derive(Clone)]
struct Config {
    seen: i64,
    at: Micros,
    rules: Rc<Rules>,
    roster: Rc<Roster>,
}

thread_local! {
    /// Those of the decision that was replayed last.
    static LAST: RefCell<Option<Config>> = const { RefCell::new(None) };
}

/// The transaction has ended.
pub fn transaction_ended() {
    LAST.take();
}

unsafe fn replay_decision(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: as declared in SQL: strict, bigint.
    let id = unsafe { argument(fcinfo, 0).and_then(|datum| i64::from_datum(datum, false)) };
    let Some(id) = id else {
        // SAFETY: the call info is valid.
        return unsafe { null(fcinfo) };
    };
    let _owner = AsOwner::begin();
    let kept = queries::DECISION_MADE.first(&[Some(Datum::from(id))], |row| kept(id, row));
    let kept = kept.unwrap_or_else(|| errors::no_such_decision(id));
    let lead = [Some(Datum::from(kept.lead_id)), Some(Datum::from(id))];
    let lead = queries::LEAD_BEFORE.first(&lead, |row| {
        // SAFETY: the query returns rows of leads, valid during the callback.
        unsafe { LeadRow::new(row.tuple, row.desc) }.lead()
    });
    let lead = lead.unwrap_or_else(|| errors::no_such_lead(kept.lead_id));
    let answer = answer(id, kept, lead).to_string();
    jsonb::from_text(&answer).unwrap_or(Datum::from(0))
}

fn kept(id: i64, row: Row) -> Kept {
    let text = |n| row.get::<String>(n);
    Kept {
        lead_id: row.get(1).unwrap_or_default(),
        decided_at: row.get::<i64>(2).map_or(0, from_postgres_epoch),
        cause: text(3).unwrap_or_default(),
        then: read(id, text(4)),
        trace: read(id, text(5)),
        facts: read(id, text(6)),
        engine_version: text(7),
        config_seen: row.get(8),
    }
}

/// What is kept as JSON; the default where nothing is.
fn read<T: DeserializeOwned + Default>(id: i64, json: Option<String>) -> T {
    let read = json.map(|json| serde_json::from_str(&json)).transpose();
    read.map(Option::unwrap_or_default).unwrap_or_else(|error| errors::cannot_replay(id, &error.to_string()))
}

/// The rules and the roster by which a decision was made.
fn config(id: i64, seen: i64, at: Micros, facts: &Facts) -> Option<(Rc<Rules>, Rc<Roster>)> {
    let is_same = |last: &Config| {
        let moments = [timestamp(Some(last.at)), timestamp(Some(at))];
        last.seen == seen
            && queries::IS_CONFIG_SAME.first(&moments, |row| row.get::<bool>(1)).flatten() == Some(true)
    };
    let last = LAST.with_borrow(Option::clone).filter(|last| facts.now.is_none() && is_same(last));
    let read_again = || {
        let since = facts.now.map_or(at, |now| now.min(at));
        let state = [Some(Datum::from(seen)), timestamp(Some(at)), timestamp(Some(since))];
        let both = queries::CONFIG_MADE_BY.first(&state, |row| (row.get::<String>(1), row.get::<String>(2)));
        let (rules, roster) = both?;
        let (rules, roster): (RuleTables, RosterTables) = (read(id, rules), read(id, roster));
        Some(Config { seen, at, rules: Rc::new(rules.into()), roster: Rc::new(roster.into()) })
    };
    let config = last.or_else(read_again)?;
    if facts.now.is_none() {
        LAST.set(Some(config.clone()));
    }
    Some((config.rules, config.roster))
}

fn answer(id: i64, kept: Kept, lead: Lead) -> Value {
    let Kept { decided_at, cause, then, trace: Trace(trace), facts, engine_version, config_seen, .. } = kept;
    let state = match config_seen {
        Some(seen) => config(id, seen, decided_at, &facts),
        None => Some(Default::default()),
    };
    let now = engine_version.as_ref().and(state.as_ref()).map(|(rules, roster)| {
        let (presence_ttl, facts, trace) = (settings::default_presence_ttl(), &facts, &trace[..]);
        let made = Made { lead, facts, then: &then, trace, decided_at, presence_ttl };
        replay(made, rules, Rc::clone(roster), &TimeZones)
    });
    let (same, difference, now) = match now {
        None if state.is_none() => {
            (None, Some("it is not kept any more by which rules it was made (config_seen)".to_owned()), None)
        }
        None => {
            (None, Some(format!("there is nothing to replay: routing did not decide this ({cause})")), None)
        }
        Some(None) => (Some(false), Some("now nothing would be decided".to_owned()), None),
        Some(Some(decision)) => compared(&then, &trace, &decision, &facts),
    };
    json!({
        "decision_id": id, "same": same, "difference": difference,
        "engine_version": {"then": engine_version, "now": leadroute_engine::VERSION},
        "then": shown(&then, &trace), "now": now,
    })
}

fn compared(
    then: &Answered,
    trace: &[Step],
    decision: &Decision,
    facts: &Facts,
) -> (Option<bool>, Option<String>, Option<Value>) {
    let mut now = Answered::from(decision);
    if facts.given.adopted {
        now = now.with_what_it_brought(then);
    }
    // as it would come back from the table
    let stored = serde_json::to_string(&Stored(&decision.trace));
    let Trace(steps) = stored.and_then(|json| serde_json::from_str(&json)).unwrap_or_default();
    let difference = difference::first((then, trace), (&now, &steps));
    (Some(difference.is_none()), difference, Some(shown(&now, &steps)))
}

fn shown(answered: &Answered, trace: &[Step]) -> Value {
    let mut shown = json!(answered);
    if let Some(fields) = shown.as_object_mut() {
        fields.insert("trace".to_owned(), full(json!(trace)));
    }
    shown
}
