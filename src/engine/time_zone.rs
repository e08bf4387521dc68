//! Local times.

use crate::Micros;
use chrono::NaiveDateTime;

/// Local times, by the zone names of PostgreSQL.
pub trait Zones {
    /// Wall-clock time in `zone` at `at`; `None` if there is no such zone.
    fn local(&self, zone: &str, at: Micros) -> Option<NaiveDateTime>;
}
