//! Leads by INSERT: triggers on `leadroute.leads`.

use crate::db::errors;
use crate::db::lead::row::LeadRow;
use crate::db::pg::function::{argument, sql_function};
use crate::db::pg::security::AsOwner;
use crate::db::pg::trigger_data::{Call, On, When, INSERT};
use crate::db::routing::batch::Destination;
use crate::db::routing::open_statements;
use crate::db::state::restoring::{administers, is_restoring};
use pgrx::pg_sys::{self, Datum};
use pgrx::{FromDatum, IntoDatum};

sql_function! {
    /// Statement trigger, before and after.
    leadroute_route_statement, pg_finfo_leadroute_route_statement, route_statement
}

sql_function! {
    /// Row trigger, before.
    leadroute_route_row, pg_finfo_leadroute_route_row, route_row
}

const STATEMENT: Call =
    Call { function: "route_statement", on: On::Table("leads"), when: When::AroundStatement, events: INSERT };
const ROW: Call =
    Call { function: "route_row", on: On::Table("leads"), when: When::BeforeRow, events: INSERT };

unsafe fn route_statement(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: called by PostgreSQL, with the relation of the trigger open.
    unsafe {
        let data = STATEMENT.data(fcinfo);
        let before = data.tg_event & pg_sys::TRIGGER_EVENT_TIMINGMASK == pg_sys::TRIGGER_EVENT_BEFORE;
        // Rows of a dump are what they were; the rules may not be there yet. A batch is opened when a new row comes.
        let restores = before && is_restoring() && administers();
        let _owner = AsOwner::begin();
        if before {
            if !restores {
                open_statements::begin(Destination::Leads);
            }
        } else if let Some(mut batch) = open_statements::take(|target| *target == Destination::Leads) {
            batch.row_comes(data.tg_relation);
            open_statements::finish(batch);
        }
    }
    Datum::from(0)
}

unsafe fn route_row(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: called by PostgreSQL for a row, whose tuple and relation are valid.
    unsafe {
        let data = ROW.data(fcinfo);
        let desc = (*data.tg_relation).rd_att;
        let row = LeadRow::new(data.tg_trigtuple, desc);
        let trusted = administers();
        let _owner = AsOwner::begin();
        let tuple = row.with_defaults().unwrap_or(data.tg_trigtuple);
        let row = LeadRow::new(tuple, desc);
        // A row of a dump is what it was; an app may not say so. (A WHEN clause would be parsed anew for every statement.)
        if trusted && row.time("routed_at").is_some() && is_restoring() {
            return Datum::from(tuple);
        }
        let less = if trusted { None } else { row.as_an_app_may_write() };
        let row = less.map_or(row, |tuple| LeadRow::new(tuple, desc));
        let take = || open_statements::take(|target| *target == Destination::Leads);
        let begun = || {
            open_statements::begin(Destination::Leads);
            take()
        };
        let Some(mut batch) = take().or_else(|| if is_restoring() { begun() } else { None }) else {
            errors::not_a_trigger("route_row");
        };
        let tuple = batch.insert_row(&row, data, trusted);
        open_statements::put_back(batch);
        Datum::from(tuple)
    }
}

sql_function! {
    /// `leadroute_internal.is_undecided(bigint)`
    leadroute_is_undecided, pg_finfo_leadroute_is_undecided, is_undecided
}

unsafe fn is_undecided(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: as declared in SQL: strict, bigint.
    let id = unsafe { argument(fcinfo, 0).and_then(|datum| i64::from_datum(datum, false)) };
    id.is_some_and(open_statements::is_deciding).into_datum().unwrap_or(Datum::from(0))
}
