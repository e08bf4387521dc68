//! Routing must never fail an insert: a new lead whose routing fails is kept in the catch-all queue.

use crate::db::pg::subtransaction::Failure;
use crate::db::settings::{OnError, ON_ERROR};
use leadroute_engine::decision::cause::Cause;

/// The SQLSTATE and message to keep with a new lead, unless the setting says to fail. A lead that is there
/// already keeps its decision: the new one fails and can be asked for again.
pub fn fall_back(failure: Failure, cause: Cause) -> (String, String) {
    if !cause.is_arrival() || ON_ERROR.get() == OnError::raise {
        failure.rethrow();
    }
    (failure.sqlstate, failure.message)
}
