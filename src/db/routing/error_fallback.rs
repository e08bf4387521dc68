//! Routing must never fail an insert: a new lead whose routing fails is kept in the catch-all queue. Nor does it fail what
//! an app or a buyer does later.

use crate::db::errors;
use crate::db::pg::subtransaction::{protect, Failure};
use crate::db::settings::{OnError, ON_ERROR};
use crate::db::state::config::{self, Config};
use leadroute_engine::decision::cause::Cause;

/// The SQLSTATE and message to keep with the lead, unless the setting says to fail. Where somebody has asked for a new
/// decision, the lead keeps the one it has: the new one fails and can be asked for again.
pub fn fall_back(failure: Failure, cause: Cause) -> (String, String) {
    if !cause.may_fall_back() || ON_ERROR.get() == OnError::raise {
        failure.rethrow();
    }
    (failure.sqlstate, failure.message)
}

/// The rules and the roster for the clock of a lead, which stays as it is where they cannot be read.
pub fn config_for_clock(lead: i64) -> Option<Config> {
    let loaded = config::current().map_or_else(|| protect(config::load), Ok);
    loaded
        .map_err(|failure| {
            let (sqlstate, message) = fall_back(failure, Cause::Event);
            errors::warn_clock_stays(lead, &sqlstate, &message);
        })
        .ok()
}
