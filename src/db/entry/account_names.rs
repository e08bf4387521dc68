//! What the triggers that keep `account_names` ask.

use crate::db::pg::function::{argument, null, sql_function};
use crate::db::pg::security::only_the_extension;
use crate::db::queries;
use crate::db::state::config;
use leadroute_engine::lead::company_name;
use pgrx::pg_sys::{self, Datum};
use pgrx::{FromDatum, IntoDatum};

sql_function! {
    /// `leadroute_internal.names_are_kept()`
    leadroute_names_are_kept, pg_finfo_leadroute_names_are_kept, names_are_kept
}

sql_function! {
    /// `leadroute_internal.name_keys(text, text)`
    leadroute_name_keys, pg_finfo_leadroute_name_keys, name_keys
}

sql_function! {
    /// `leadroute_internal.forget_names(text[], text[], text[])`
    leadroute_forget_names, pg_finfo_leadroute_forget_names, forget_names
}

unsafe fn names_are_kept(_: pg_sys::FunctionCallInfo) -> Datum {
    only_the_extension("names_are_kept");
    // rules that nobody is routed by need not be read
    Datum::from(queries::MATCHES_ACCOUNTS.first(&[], |_| ()).is_some())
}

/// The folded name ($2) of an account of a tenant ($1), then its keys.
unsafe fn name_keys(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    only_the_extension("name_keys");
    // SAFETY: as declared in SQL: strict, text, text; the call info is valid.
    unsafe {
        let value = |n| argument(fcinfo, n).and_then(|datum| String::from_datum(datum, false));
        let (tenant, name) = (value(0).unwrap_or_default(), value(1).unwrap_or_default());
        let config = config::load();
        let folded = config.rules.account_matching(&tenant).map(|policy| policy.folded(&name));
        let kept = folded.filter(|folded| !folded.is_empty()).map(|folded| {
            let keys = company_name::keys(&folded);
            std::iter::once(folded).chain(keys).collect::<Vec<String>>()
        });
        kept.and_then(IntoDatum::into_datum).unwrap_or_else(|| null(fcinfo))
    }
}

/// Deletes names by their keys ($1), tenants ($2) and accounts ($3).
unsafe fn forget_names(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    only_the_extension("forget_names");
    // SAFETY: as declared in SQL: text[] three times.
    let named = unsafe { [argument(fcinfo, 0), argument(fcinfo, 1), argument(fcinfo, 2)] };
    queries::NAMES_GONE.write(&named);
    Datum::from(0)
}
