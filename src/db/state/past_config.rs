//! Rules and roster as they were, compiled anew each time.

use crate::db::errors;
use crate::db::pg::spi::timestamp;
use crate::db::queries::counter::{ROSTER_AS_OF, RULES_AS_OF};
use crate::db::state::config::Config;
use leadroute_engine::roster::RosterTables;
use leadroute_engine::rules::tables::RuleTables;
use leadroute_engine::Micros;
use std::rc::Rc;

/// What had been written down at a moment.
pub fn at(moment: Micros) -> Config {
    let at = [timestamp(Some(moment))];
    let rules = RULES_AS_OF.first(&at, |row| row.get::<String>(1)).flatten();
    let roster = ROSTER_AS_OF.first(&at, |row| row.get::<String>(1)).flatten();
    let (rules, roster): (RuleTables, RosterTables) = (parse(rules.as_deref()), parse(roster.as_deref()));
    Config { rules: Rc::new(rules.into()), roster: Rc::new(roster.into()), seen: None }
}

fn parse<T: serde::de::DeserializeOwned>(json: Option<&str>) -> T {
    match serde_json::from_str(json.unwrap_or("null")) {
        Ok(tables) => tables,
        Err(error) => errors::unreadable_config(&error.to_string()),
    }
}
