//! Rules and roster as they were, compiled anew each time.

use crate::db::errors;
use crate::db::pg::spi::{timestamp, Row};
use crate::db::queries::counter::CONFIG_AS_OF;
use crate::db::queries::CONFIG_MADE_BY;
use crate::db::state::config::Config;
use leadroute_engine::roster::RosterTables;
use leadroute_engine::rules::tables::RuleTables;
use leadroute_engine::Micros;
use pgrx::pg_sys::Datum;
use std::rc::Rc;

/// Those by which a decision was made: what the session had read (`config_seen`); where that is not kept, what had been
/// written down at the moment.
pub fn of_decision(decided_at: Micros, seen: Option<i64>) -> Config {
    let at = timestamp(Some(decided_at));
    let both = |row: Row| (row.get::<String>(1), row.get::<String>(2));
    let made_by = seen.and_then(|seen| CONFIG_MADE_BY.first(&[Some(Datum::from(seen)), at, at], both));
    let (rules, roster) = made_by.or_else(|| CONFIG_AS_OF.first(&[at], both)).unwrap_or_default();
    let (rules, roster): (RuleTables, RosterTables) = (parse(rules.as_deref()), parse(roster.as_deref()));
    Config { rules: Rc::new(rules.into()), roster: Rc::new(roster.into()), seen: None }
}

fn parse<T: serde::de::DeserializeOwned>(json: Option<&str>) -> T {
    match serde_json::from_str(json.unwrap_or("null")) {
        Ok(tables) => tables,
        Err(error) => errors::unreadable_config(&error.to_string()),
    }
}
