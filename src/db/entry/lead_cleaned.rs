//! A lead whose e-mail address, phone number, country or industry changes is cleaned as a new one is, and is the person
//! that it says now.

use crate::db::errors;
use crate::db::lead::correction::may_differ_in;
use crate::db::lead::row::LeadRow;
use crate::db::pg::security::AsOwner;
use crate::db::pg::subtransaction::protect;
use crate::db::state::config::{self, Config};
use crate::db::state::lookups;
use crate::db::state::restoring::is_within_restore;
use pgrx::pg_sys::HeapTuple;

/// The columns that are cleaned.
const CLEANED: [&str; 5] = ["email", "phone", "country", "industry", "language"];

/// Whether one of them may have changed.
pub fn is_needed(old: &LeadRow, new: &LeadRow) -> bool {
    may_differ_in(&CLEANED, old, new) && !is_within_restore()
}

/// The row with cleaned values.
pub fn cleaned(old: &LeadRow, new: &LeadRow) -> HeapTuple {
    let _owner = AsOwner::begin();
    let loaded = config::current().map_or_else(|| protect(config::load), Ok);
    // without rules nobody knows aliases; the person is known all the same
    let Config { rules, .. } = loaded.unwrap_or_else(|failure| {
        errors::warn_not_cleaned(&failure.sqlstate, &failure.message);
        Default::default()
    });
    new.cleaned(&lookups::cleaned(new, &rules), old)
}
