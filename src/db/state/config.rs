//! Rules and roster, compiled once per session and read again after a change commits.
//!
//! A change to a routing table invalidates the relcache entry of `segments` (rules) or `reps` (roster).
//! PostgreSQL delivers that to every session at commit, and to this one at once; a rollback delivers it
//! here again. The callback only counts (see [`catalog::changes`]); loading runs under a fresh snapshot, and again
//! if something was counted meanwhile.

use crate::db::pg::catalog::{self, Watched};
use crate::db::pg::spi::{timestamp, Row};
use crate::db::pg::varlena::Snapshot;
use crate::db::state::config_seen::{ReadUnder, Seen};
use crate::db::state::moment::Moment;
use crate::db::{errors, queries, settings};
use leadroute_engine::context::Context;
use leadroute_engine::roster::{Roster, RosterTables};
use leadroute_engine::rules::tables::RuleTables;
use leadroute_engine::rules::Rules;
use leadroute_engine::Micros;
use pgrx::pg_sys;
use std::cell::RefCell;
use std::rc::Rc;

/// Something compiled, how often its tables had changed before it was read, and under which snapshot that was.
type Compiled<T> = Option<(u64, Rc<T>, ReadUnder)>;

#[derive(Default)]
struct Cache {
    rules: Compiled<Rules>,
    roster: Compiled<Roster>,
    /// The snapshots of both; `None` where one was read since.
    seen: Option<Rc<Seen>>,
}

thread_local! {
    static CACHE: RefCell<Cache> = RefCell::default();
}

fn if_of<T>(compiled: &Compiled<T>, changes: u64) -> Option<Rc<T>> {
    compiled.as_ref().filter(|(at, ..)| *at == changes).map(|(_, value, _)| Rc::clone(value))
}

/// The rules and the roster, compiled.
#[derive(Clone, Default)]
pub struct Config {
    /// The rules.
    pub rules: Rc<Rules>,
    /// The roster.
    pub roster: Rc<Roster>,
    /// What tells them again; `None` where they could not be read.
    pub seen: Option<Rc<Seen>>,
}

impl Cache {
    fn config(&mut self, [rules, roster]: [u64; 2]) -> Option<Config> {
        let (rules, roster) = (if_of(&self.rules, rules)?, if_of(&self.roster, roster)?);
        if let (None, Some((.., rules)), Some((.., roster))) = (&self.seen, &self.rules, &self.roster) {
            self.seen = Some(Seen::new(rules.clone(), roster.clone()));
        }
        Some(Config { rules, roster, seen: self.seen.clone() })
    }
}

/// The rules and roster that are committed now, and those this transaction has changed itself; `None` if
/// they must be [`load`]ed.
///
/// A lock that is held already does not deliver invalidations, so they are asked for here: in a long
/// transaction the next statement sees a change that committed in between.
pub fn current() -> Option<Config> {
    // SAFETY: may run wherever locks may be taken.
    unsafe { pg_sys::AcceptInvalidationMessages() };
    let changes = [catalog::changes(Watched::Rules), catalog::changes(Watched::Roster)];
    CACHE.with_borrow_mut(|cache| cache.config(changes))
}

/// The roster alone, for work that needs no rules; as [`load`].
pub fn load_roster() -> Rc<Roster> {
    loop {
        // SAFETY: as above.
        unsafe { pg_sys::AcceptInvalidationMessages() };
        let changes = catalog::changes(Watched::Roster);
        if let Some(roster) = CACHE.with_borrow(|cache| if_of(&cache.roster, changes)) {
            return roster;
        }
        read_roster(changes);
    }
}

/// Reads what is out of date, until nothing is. After an error the next lead tries again.
pub fn load() -> Config {
    loop {
        if let Some(config) = current() {
            return config;
        }
        let (rules, roster) = (catalog::changes(Watched::Rules), catalog::changes(Watched::Roster));
        // Freed before the new one is made, so that not both take memory.
        if CACHE.with_borrow(|cache| if_of(&cache.rules, rules).is_none()) {
            CACHE.with_borrow_mut(|cache| cache.rules = None);
            let (json, seen) = queries::RULES.first(&[], document).flatten().unzip();
            let tables: RuleTables = parse(json.as_deref());
            let read = seen.map(|seen| (rules, Rc::new(tables.into()), seen));
            CACHE.with_borrow_mut(|cache| (cache.rules, cache.seen) = (read, None));
        }
        if CACHE.with_borrow(|cache| if_of(&cache.roster, roster).is_none()) {
            read_roster(roster);
        }
    }
}

/// The rules of now, and the roster as of a moment: one that is over has absences that are, too.
pub fn as_of(moment: &Moment) -> Config {
    let config = load();
    if !moment.is_past() {
        return config;
    }
    let since = [timestamp(Some(moment.at))];
    let (json, roster) = queries::ROSTER_SINCE.first(&since, document).flatten().unzip();
    let tables: RosterTables = parse(json.as_deref());
    let rules = CACHE.with_borrow(|cache| cache.rules.as_ref().map(|(.., rules)| rules.clone()));
    let seen = rules.zip(roster).map(|(rules, roster)| Seen::new(rules, roster));
    Config { roster: Rc::new(tables.into()), seen, ..config }
}

fn read_roster(changes: u64) {
    CACHE.with_borrow_mut(|cache| cache.roster = None);
    let (json, seen) = queries::ROSTER.first(&[], document).flatten().unzip();
    let tables: RosterTables = parse(json.as_deref());
    let read = seen.map(|seen| (changes, Rc::new(tables.into()), seen));
    CACHE.with_borrow_mut(|cache| (cache.roster, cache.seen) = (read, None));
}

/// A document, and the snapshot under which it was read.
fn document(row: Row) -> Option<(String, ReadUnder)> {
    let own = row.get::<i64>(3).and_then(|own| u64::try_from(own).ok());
    Some((row.get(1)?, ReadUnder::new(row.get::<Snapshot>(2)?, own)))
}

fn parse<T: serde::de::DeserializeOwned>(json: Option<&str>) -> T {
    match serde_json::from_str(json.unwrap_or("null")) {
        Ok(tables) => tables,
        Err(error) => errors::unreadable_config(&error.to_string()),
    }
}

/// What does not change while leads are routed.
pub fn context<'a>(
    rules: &'a Rules,
    roster: &'a Roster,
    now: Micros,
    tenant: Option<&'a str>,
) -> Context<'a> {
    Context { rules, roster, now, presence_ttl: settings::presence_ttl(), tenant }
}
