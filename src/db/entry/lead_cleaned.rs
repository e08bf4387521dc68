//! A lead whose e-mail address, phone number, country or industry changes is cleaned as a new one is, and is the person
//! that it says now.

use crate::db::errors;
use crate::db::lead::correction::may_differ_in;
use crate::db::lead::row::LeadRow;
use crate::db::pg::function::sql_function;
use crate::db::pg::security::AsOwner;
use crate::db::pg::subtransaction::protect;
use crate::db::pg::trigger_data::{Call, On, When, UPDATE};
use crate::db::state::config::{self, Config};
use crate::db::state::lookups;
use crate::db::state::restoring::is_within_restore;
use pgrx::pg_sys::{self, Datum};

sql_function! {
    /// `leadroute_internal.lead_cleaned()`: row trigger, before an update of `leads`.
    leadroute_lead_cleaned, pg_finfo_leadroute_lead_cleaned, lead_cleaned
}

const CALL: Call =
    Call { function: "lead_cleaned", on: On::Table("leads"), when: When::BeforeRow, events: UPDATE };

/// The columns that are cleaned.
const CLEANED: [&str; 5] = ["email", "phone", "country", "industry", "language"];

unsafe fn lead_cleaned(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: called by PostgreSQL for an updated row, whose tuple and relation are valid.
    let (tuple, row, before) = unsafe {
        let data = CALL.data(fcinfo);
        let row = |tuple| LeadRow::new(tuple, (*data.tg_relation).rd_att);
        (data.tg_newtuple, row(data.tg_newtuple), row(data.tg_trigtuple))
    };
    // As a WHEN of the trigger it would be parsed anew in each statement.
    if !may_differ_in(&CLEANED, &before, &row) || is_within_restore() {
        return Datum::from(tuple);
    }
    let _owner = AsOwner::begin();
    let loaded = config::current().map_or_else(|| protect(config::load), Ok);
    // without rules nobody knows aliases; the person is known all the same
    let Config { rules, .. } = loaded.unwrap_or_else(|failure| {
        errors::warn_not_cleaned(&failure.sqlstate, &failure.message);
        Default::default()
    });
    Datum::from(row.cleaned(&lookups::cleaned(&row, &rules), &before))
}
