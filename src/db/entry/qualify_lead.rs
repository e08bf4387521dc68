//! `qualify_lead`: the score that criteria give a lead, and why.

use crate::db::lead::json::{object, read_fields, Fields};
use crate::db::lead::row::LeadRow;
use crate::db::pg::function::{argument, null, sql_function};
use crate::db::pg::jsonb;
use crate::db::pg::security::{only_the_extension, AsOwner};
use crate::db::pg::subtransaction::protect;
use crate::db::pg::time::{from_postgres_epoch, now};
use crate::db::pg::wait::Patience;
use crate::db::state::account_rows::AccountRows;
use crate::db::state::config::{self, Config};
use crate::db::state::lookups::{self, Live};
use crate::db::state::silenced::Silenced;
use crate::db::state::turns::Ledgers;
use crate::db::{errors, queries};
use leadroute_engine::context::Routing;
use leadroute_engine::decision::reason::Reason;
use leadroute_engine::decision::{Layer, Step};
use leadroute_engine::lead::{score, CleanLead, Problem};
use leadroute_engine::routing::layers::{intake, qualification};
use leadroute_engine::Micros;
use pgrx::pg_sys::{self, Datum};
use pgrx::{FromDatum, IntoDatum};
use rustc_hash::FxHashMap;
use serde_json::{json, Value};

sql_function! {
    /// `leadroute.qualify_lead(jsonb, timestamptz)`
    leadroute_qualify_lead, pg_finfo_leadroute_qualify_lead, qualify_lead
}

unsafe fn qualify_lead(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: as declared in SQL: jsonb, timestamptz.
    let (lead, at) = unsafe {
        let at = argument(fcinfo, 1).and_then(|datum| i64::from_datum(datum, false));
        (object(argument(fcinfo, 0), "qualify_lead"), at)
    };
    if at.is_some_and(|at| at == i64::MIN || at == i64::MAX) {
        errors::infinite_moment("qualify_lead");
    }
    let at = at.map_or_else(now, from_postgres_epoch);
    let _owner = AsOwner::begin();
    let Fields { columns, consumed, odd, .. } = read_fields(lead, false);
    let config = config::load();
    let arguments = [jsonb::from_text(&columns), Some(lead), consumed.into_datum()];
    let answer = queries::LEAD_ROW.first(&arguments, |row| {
        // SAFETY: the query returns rows of leads, valid during the callback.
        let row = unsafe { LeadRow::new(row.tuple, row.desc) };
        answer(&scored(&row, at, &config), &odd).to_string()
    });
    answer.as_deref().and_then(jsonb::from_text).unwrap_or(Datum::from(0))
}

sql_function! {
    /// `leadroute_internal.score_by_criteria(bigint)`
    leadroute_score_by_criteria, pg_finfo_leadroute_score_by_criteria, score_by_criteria
}

unsafe fn score_by_criteria(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    only_the_extension("score_by_criteria");
    // SAFETY: as declared in SQL: strict, bigint.
    let id = unsafe { argument(fcinfo, 0) };
    let config = config::load();
    let step = queries::counter::LEAD.first(&[id], |row| {
        // SAFETY: the query returns rows of leads, valid during the callback.
        let row = unsafe { LeadRow::new(row.tuple, row.desc) };
        let tenant = row.get::<String>("tenant").unwrap_or_default();
        config.rules.criteria_at(&tenant, now()).next()?;
        let reason = scored(&row, now(), &config);
        Some(json!(Step { layer: Layer::Qualification, decided: false, reason }).to_string())
    });
    match step.flatten().as_deref().and_then(jsonb::from_text) {
        Some(step) => step,
        // SAFETY: the call info is valid.
        None => unsafe { null(fcinfo) },
    }
}

/// What criteria say of a row, whatever score it has. One that fails is left out.
fn scored(row: &LeadRow, at: Micros, config: &Config) -> Reason {
    let silenced = Silenced::default();
    loop {
        match protect(|| ask(row, at, config, &silenced)) {
            Ok(reason) => return reason,
            Err(failure) if silenced.is_to_blame(&failure.message) => {}
            Err(failure) => failure.rethrow(),
        }
    }
}

fn ask(row: &LeadRow, at: Micros, config: &Config, silenced: &Silenced) -> Reason {
    let (mut ledgers, mut patience, companies) = (Ledgers::default(), Patience::none(), FxHashMap::default());
    let mut live = Live {
        row,
        ledgers: &mut ledgers,
        effect: false,
        persons: &mut 0,
        patience: &mut patience,
        apart: false,
        companies: &companies,
        document: None,
        silenced,
        config,
        rows: AccountRows::default(),
    };
    let mut clean = CleanLead { lead: row.lead(), ..CleanLead::default() };
    // conditions see no score, as those of a lead that comes without one
    clean.lead.given.is_scored = true;
    intake::clean(&mut clean, &config.rules, at, &mut lookups::country);
    let tenant = clean.lead.tenant.clone();
    let context = config::context(&config.rules, &config.roster, at, Some(&tenant));
    qualification::ask(&mut Routing::new(clean, context, &mut live)).reason
}

fn answer(reason: &Reason, unreadable: &[Problem]) -> Value {
    let Reason::Scored { score, broken, .. } = reason else {
        return Value::Null;
    };
    let mut answer = json!(reason);
    let list = |name: &str, problems: &[Problem]| {
        let rows = problems.iter().map(|problem| json!({name: problem.field, "problem": problem.what}));
        Value::Array(rows.collect())
    };
    let more = json!({
        "grade": score::grade(*score), "skipped": list("criterion", broken), "unreadable": list("field", unreadable),
    });
    if let (Value::Object(answer), Value::Object(more)) = (&mut answer, more) {
        answer.retain(|key, _| ["score", "reasons"].contains(&key.as_str()));
        answer.entry("reasons").or_insert_with(|| json!([]));
        answer.extend(more);
    }
    answer
}
