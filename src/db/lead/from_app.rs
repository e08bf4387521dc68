//! What an app writes into a row of `leads`: what it leaves out, and what it may not say.

use crate::db::lead::row::{text, LeadRow};
use crate::db::pg::security;
use pgrx::pg_sys::{self, Datum};
use pgrx::IntoDatum;

impl LeadRow {
    /// The tuple with the defaults of columns that must not be null: ORMs say NULL for what they do not know. `None` if
    /// there is nothing to fill. The owner of the extension must be the current user.
    pub fn with_defaults(&self) -> Option<pg_sys::HeapTuple> {
        const MUST: [&str; 7] = ["id", "status", "expansion", "held", "created_at", "updated_at", "tenant"];
        let missing: Vec<&'static str> =
            MUST.into_iter().filter(|column| self.datum(column).is_none()).collect();
        let default = |column: &'static str| {
            let value = match column {
                "id" => Some(Datum::from(security::next_value("leads_id_seq"))),
                "status" => text(Some("new")),
                "tenant" => text(Some("")),
                "created_at" | "updated_at" => {
                    // SAFETY: reads the clock of the transaction.
                    Some(Datum::from(unsafe { pg_sys::GetCurrentTransactionStartTimestamp() }))
                }
                _ => false.into_datum(),
            };
            (column, value)
        };
        (!missing.is_empty()).then(|| self.with(missing.into_iter().map(default)))
    }

    /// The tuple without what only the extension sets: an app could name a row of an attached table that it may not
    /// read, or take keys that the sequence has not reached yet. `None` if there is nothing to take away.
    pub fn as_an_app_may_write(&self) -> Option<pg_sys::HeapTuple> {
        // SAFETY: reads the clock of the transaction, which the defaults have, too.
        let now = unsafe { pg_sys::GetCurrentTransactionStartTimestamp() };
        let id = self.get::<i64>("id").unwrap_or_default();
        let mut columns: Vec<(&'static str, Option<Datum>)> = Vec::new();
        if !security::has_come_up("leads_id_seq", id) {
            columns.push(("id", Some(Datum::from(security::next_value("leads_id_seq")))));
        }
        let given = |column: &'static str| self.datum(column).is_some();
        let ours =
            ["attached_table", "attached_key", "unassigned_at"].into_iter().filter(|column| given(column));
        columns.extend(ours.map(|column| (column, None)));
        let times = ["created_at", "updated_at"].into_iter();
        let other = times.filter(|column| self.get::<i64>(column) != Some(now));
        columns.extend(other.map(|column| (column, Some(Datum::from(now)))));
        (!columns.is_empty()).then(|| self.with(columns))
    }
}
