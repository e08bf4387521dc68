//! Rules and roster, compiled once per session and read again after a change commits.
//!
//! A change to a routing table invalidates the relcache entry of `segments` (rules) or `reps` (roster).
//! PostgreSQL delivers that to every session at commit, and to this one at once; a rollback delivers it
//! here again. The callback only flips a flag; loading runs under a fresh snapshot, and again if the
//! flag was flipped meanwhile.

use super::function::sql_function;
use super::restoring::is_within_restore;
use super::trigger_data::{arguments, Call, On, When, DELETE, INSERT, TRUNCATE, UPDATE};
use super::{errors, identity, names, queries};
use leadroute_engine::config::{RuleTables, Rules};
use leadroute_engine::roster::{Roster, RosterTables};
use pgrx::pg_sys::{self, Datum, Oid};
use std::cell::{Cell, RefCell};
use std::rc::Rc;

#[derive(Default)]
struct Cache {
    rules: Option<Rc<Rules>>,
    roster: Option<Rc<Roster>>,
}

thread_local! {
    static CACHE: RefCell<Cache> = RefCell::default();
    /// Relations whose invalidation means 'rules' and 'roster'.
    static MARKERS: Cell<(Oid, Oid)> = const { Cell::new((Oid::INVALID, Oid::INVALID)) };
    /// The table of leads, and whether it may have changed its shape.
    static LEADS: Cell<(Oid, bool)> = const { Cell::new((Oid::INVALID, true)) };
    static STALE: Cell<(bool, bool)> = const { Cell::new((true, true)) };
}

/// Registers the callback. Called once, when the library is loaded.
pub fn register() {
    // SAFETY: the callback lives as long as the process.
    unsafe { pg_sys::CacheRegisterRelcacheCallback(Some(invalidated), Datum::from(0)) };
}

// No catalog access, no allocation and no error in here: it may run at any moment.
unsafe extern "C-unwind" fn invalidated(_: Datum, relation: Oid) {
    names::changed();
    let (rules, roster) = MARKERS.get();
    let all = relation == Oid::INVALID;
    let (leads, changed) = LEADS.get();
    LEADS.set((leads, changed || all || relation == leads || leads == Oid::INVALID));
    let (old_rules, old_roster) = STALE.get();
    STALE.set((old_rules || all || relation == rules, old_roster || all || relation == roster));
}

/// The rules and the roster, compiled.
pub type Config = (Rc<Rules>, Rc<Roster>);

/// The rules and roster that are committed now, and those this transaction has changed itself; `None` if
/// they must be [`load`]ed.
///
/// A lock that is held already does not deliver invalidations, so they are asked for here: in a long
/// transaction the next statement sees a change that committed in between.
pub fn current() -> Option<Config> {
    // SAFETY: may run wherever locks may be taken.
    unsafe { pg_sys::AcceptInvalidationMessages() };
    if STALE.get() != (false, false) {
        return None;
    }
    CACHE.with_borrow(|cache| Some((cache.rules.clone()?, cache.roster.clone()?)))
}

/// Whether the table of leads may have changed its shape since the last call.
pub fn leads_changed() -> bool {
    let (leads, changed) = LEADS.get();
    if changed {
        LEADS.set((leads, false));
        LEADS.set((names::relation("leads"), LEADS.get().1));
    }
    changed
}

/// Reads what is out of date, until nothing is.
pub fn load() -> Config {
    loop {
        if let Some(config) = current() {
            return config;
        }
        let (rules, roster) = STALE.get();
        MARKERS.set((names::relation("segments"), names::relation("reps")));
        STALE.set((false, false));
        reload(rules, roster);
    }
}

fn reload(rules: bool, roster: bool) {
    // An error leaves the flags set, so that the next lead tries again.
    let guard = StaleUnlessDone;
    if rules {
        // What is out of date makes room first.
        CACHE.with_borrow_mut(|cache| cache.rules = None);
        let json = queries::RULES.first(&[], |row| row.get::<String>(1)).flatten();
        let tables: RuleTables = parse(json.as_deref());
        CACHE.with_borrow_mut(|cache| cache.rules = Some(Rc::new(tables.into())));
    }
    if roster {
        CACHE.with_borrow_mut(|cache| cache.roster = None);
        let json = queries::ROSTER.first(&[], |row| row.get::<String>(1)).flatten();
        let tables: RosterTables = parse(json.as_deref());
        CACHE.with_borrow_mut(|cache| cache.roster = Some(Rc::new(tables.into())));
    }
    std::mem::forget(guard);
}

struct StaleUnlessDone;

impl Drop for StaleUnlessDone {
    fn drop(&mut self) {
        STALE.set((true, true));
    }
}

fn parse<T: serde::de::DeserializeOwned>(json: Option<&str>) -> T {
    match serde_json::from_str(json.unwrap_or("null")) {
        Ok(tables) => tables,
        Err(error) => errors::unreadable_config(&error.to_string()),
    }
}

sql_function! {
    /// `leadroute_internal.config_changed(group)`: statement trigger on every table that is compiled.
    leadroute_config_changed, pg_finfo_leadroute_config_changed, config_changed
}

const CALL: Call = Call {
    function: "config_changed",
    on: On::Ours,
    when: When::AfterStatement,
    events: INSERT | UPDATE | DELETE | TRUNCATE,
};

unsafe fn config_changed(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: called by PostgreSQL.
    let data = unsafe { CALL.data(fcinfo) };
    let marker = match arguments(data).first().map(String::as_str) {
        // The version comes with the dump.
        Some("rules") if is_within_restore() => "segments",
        Some("rules") => {
            let _owner = identity::AsOwner::begin();
            identity::next_value("config_version_seq");
            "segments"
        }
        Some("roster") => "reps",
        _ => errors::not_a_trigger(CALL.function),
    };
    // SAFETY: the relation is there.
    unsafe { pg_sys::CacheInvalidateRelcacheByRelid(names::relation(marker)) };
    Datum::from(0)
}
