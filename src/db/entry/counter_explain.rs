//! `counter_explain`: what would have sent a lead elsewhere.

use crate::db::errors;
use crate::db::lead::row::LeadRow;
use crate::db::pg::function::{argument, null, sql_function};
use crate::db::pg::security::AsOwner;
use crate::db::pg::time::from_postgres_epoch;
use crate::db::pg::wait::Patience;
use crate::db::queries::counter::{DECIDED, LEAD};
use crate::db::state::account_rows::AccountRows;
use crate::db::state::lookups::{self, Live};
use crate::db::state::moment::Moment;
use crate::db::state::silenced::Silenced;
use crate::db::state::turns::Ledgers;
use crate::db::state::{config, past_config};
use leadroute_engine::counter::{counters, Case, Counter, Trials};
use leadroute_engine::decision::reason::Reason;
use leadroute_engine::decision::stored::Trace;
use leadroute_engine::decision::{Decision, Step};
use leadroute_engine::lead::{CleanLead, Problem};
use leadroute_engine::lookups::Lookups;
use leadroute_engine::Micros;
use pgrx::pg_sys::{self, Datum};
use pgrx::{FromDatum, IntoDatum};
use rustc_hash::FxHashMap;
use serde_json::Value;
use std::rc::Rc;

sql_function! {
    /// `leadroute_internal.counter_explain(bigint)`
    leadroute_counter_explain, pg_finfo_leadroute_counter_explain, counter_explain
}

/// Causes of decisions that the layers have nothing to do with, or not alone.
const OTHER_CAUSES: [&str; 5] = ["manual", "claim", "response", "escalation", "auto_assign"];

/// The decision that is asked about.
struct Decided {
    at: Micros,
    cause: String,
    outcome: String,
    /// Its rep or queue.
    went_to: Option<String>,
    trace: Vec<Step>,
    lead_id: i64,
    /// `decisions.config_seen`
    seen: Option<i64>,
}

unsafe fn counter_explain(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: as declared in SQL: bigint.
    let id = unsafe { argument(fcinfo, 0).and_then(|datum| i64::from_datum(datum, false)) };
    let Some(id) = id else {
        // SAFETY: the call info is valid.
        return unsafe { null(fcinfo) };
    };
    let _owner = AsOwner::begin();
    let Some(decided) = decided(id) else {
        errors::no_such_decision(id);
    };
    let config = past_config::of_decision(decided.at, decided.seen);
    let arguments = [Some(Datum::from(decided.lead_id))];
    let found = LEAD.first(&arguments, |row| {
        // SAFETY: the query returns rows of leads, valid during the callback.
        let row = unsafe { LeadRow::new(row.tuple, row.desc) };
        answer(&decided, &row, &config)
    });
    let json = serde_json::to_string(&found.unwrap_or_default()).unwrap_or_else(|_| "[]".to_owned());
    json.into_datum().unwrap_or(Datum::from(0))
}

fn decided(id: i64) -> Option<Decided> {
    DECIDED.first(&[Some(Datum::from(id))], |row| {
        let column = |n| row.get::<String>(n);
        let Trace(trace) = serde_json::from_str(&column(5).unwrap_or_default()).unwrap_or_default();
        Decided {
            at: row.get::<i64>(1).map(from_postgres_epoch).unwrap_or_default(),
            cause: column(2).unwrap_or_default(),
            outcome: column(3).unwrap_or_default(),
            went_to: column(4),
            trace,
            lead_id: row.get::<i64>(6).unwrap_or_default(),
            seen: row.get(7),
        }
    })
}

fn answer(decided: &Decided, row: &LeadRow, config: &config::Config) -> Vec<Counter> {
    if OTHER_CAUSES.contains(&decided.cause.as_str()) {
        return Vec::new();
    }
    let mut lead = row.lead();
    lead.given.is_scored = decided.trace.iter().any(|step| matches!(step.reason, Reason::Scored { .. }));
    let tenant = lead.tenant.clone();
    let context = config::context(&config.rules, &config.roster, decided.at, Some(&tenant));
    let unreadable = unreadable(&decided.trace);
    let case = Case { lead, unreadable, context, trace: &decided.trace };
    // what came before it; it counts itself among its own day otherwise
    let moment = Rc::new(Moment::new(decided.at.saturating_sub(1)));
    let (mut ledgers, mut patience, companies) =
        (Ledgers::as_of(Some(moment)), Patience::none(), FxHashMap::default());
    let mut persons = 0;
    let live = Live {
        row,
        ledgers: &mut ledgers,
        effect: false,
        persons: &mut persons,
        patience: &mut patience,
        apart: false,
        companies: &companies,
        document: None,
        silenced: &Silenced::then(&decided.trace, &config.rules),
        config,
        rows: AccountRows::default(),
    };
    let mut trials = OfRow { clean: lookups::cleaned(row, &config.rules), live };
    let (base, mut found) = counters(&case, &mut trials);
    if !is_same(decided, &base) {
        found.insert(0, unchanged(decided, &base));
    }
    found
}

/// Values that could not be read, but for those that the row still has.
fn unreadable(trace: &[Step]) -> Vec<Problem> {
    let said = trace.iter().find_map(|step| match &step.reason {
        Reason::Cleaned { unreadable, .. } => Some(unreadable),
        _ => None,
    });
    said.into_iter().flatten().filter(|problem| problem.field != "email").cloned().collect()
}

fn is_same(decided: &Decided, base: &Decision) -> bool {
    let outcome = &base.outcome;
    outcome.name() == decided.outcome && outcome.owner().or(outcome.queue()) == decided.went_to.as_deref()
}

/// Where the lead would go without a change: the lead, its account or its person are others by now.
fn unchanged(decided: &Decided, base: &Decision) -> Counter {
    let place = |outcome: &str, name: Option<&str>| name.unwrap_or(outcome).to_owned();
    let to = base.outcome.owner().or(base.outcome.queue());
    let from = place(&decided.outcome, decided.went_to.as_deref());
    Counter::unchanged(from, place(base.outcome.name(), to), base)
}

/// Look-ups for one row, with other values in some columns.
struct OfRow<'a> {
    clean: CleanLead,
    live: Live<'a>,
}

impl Trials for OfRow<'_> {
    fn lookups(&mut self, changed: &[(&'static str, Value)]) -> &mut dyn Lookups {
        self.live.document = match changed {
            [] => None,
            changed => {
                lookups::document(self.live.row, &self.clean, changed).map(|document| (document, false))
            }
        };
        &mut self.live
    }
}
