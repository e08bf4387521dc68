//! Rows of `leads` that are not routed: they come while routing is off, or with their place from elsewhere.

use crate::db::errors;
use crate::db::lead::columns::{set_by, SetBy};
use crate::db::lead::row::{cleaned, text, LeadRow};
use crate::db::pg::time::{FOREVER, NEVER};
use leadroute_engine::lead::status::Status;
use leadroute_engine::lead::CleanLead;
use pgrx::pg_sys::{self, Datum};
use pgrx::IntoDatum;

impl LeadRow {
    /// The tuple of a row that comes while routing is off. Only a `trusted` role may set what routing sets. The
    /// mark in `routed_at` tells a restore that the row was not routed.
    pub fn unrouted(&self, trusted: bool, clean: &CleanLead) -> pg_sys::HeapTuple {
        let mark = ("routed_at", Some(Datum::from(NEVER)));
        if trusted {
            let given = self.time("routed_at").is_some();
            let mark = (!given).then_some(mark);
            return self.with(self.as_it_came(clean).into_iter().chain(mark).chain(self.waits()));
        }
        let no = || false.into_datum();
        let start = [("status", text(Some("new"))), ("expansion", no()), ("held", no()), mark];
        let none = set_by(SetBy::Routing).map(|column| (column, None));
        let waits = ("unassigned_at", Some(Datum::from(FOREVER)));
        self.with(none.chain(start).chain(self.as_it_came(clean)).chain([waits]))
    }

    /// Whether it was routed; not so what came while routing was off.
    pub fn was_routed(&self) -> bool {
        self.get::<i64>("routed_at").is_some_and(|at| at != NEVER)
    }

    /// The tuple of a row that was routed elsewhere, or brings its place: cleaned, so that the person is known.
    pub fn imported(&self, clean: &CleanLead) -> pg_sys::HeapTuple {
        if self.was_routed() && self.is_nobodys() {
            errors::imported_to_nobody(self.get::<i64>("id").unwrap_or_default());
        }
        self.with(self.as_it_came(clean).into_iter().chain(self.waits()))
    }

    fn as_it_came(&self, clean: &CleanLead) -> Vec<(&'static str, Option<Datum>)> {
        let person = ("person_key", text(clean.person.as_ref().map(|person| person.key())));
        let tenant = self.datum("tenant").is_none().then(|| ("tenant", text(Some(""))));
        cleaned(clean).chain([person]).chain(tenant).chain(self.extension(clean)).collect()
    }

    fn is_nobodys(&self) -> bool {
        let status = self.get::<String>("status").and_then(|status| Status::named(&status));
        let is_somewhere = ["owner_id", "queue", "duplicate_of"].iter().any(|column| self.has(column));
        !is_somewhere && !status.is_some_and(Status::needs_nobody)
    }

    /// The mark of a lead that `adopt_leads()` is to take in.
    fn waits(&self) -> Option<(&'static str, Option<Datum>)> {
        self.is_unadopted().then(|| ("unassigned_at", Some(Datum::from(FOREVER))))
    }

    /// Whether it is an open lead without a decision.
    pub fn is_unadopted(&self) -> bool {
        let status = self.get::<String>("status").and_then(|status| Status::named(&status));
        self.datum("decision_id").is_none()
            && self.datum("duplicate_of").is_none()
            && status.is_some_and(|status| !status.is_closed())
    }
}
