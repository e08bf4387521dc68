//! The stints of a lead that have ended.

use crate::db::indexes::PAST_STINTS;
use crate::db::pg::time::from_postgres_epoch;
use leadroute_engine::Micros;

/// The stint before the one that goes on.
pub struct Last {
    no: i32,
    /// When it ended, and the next began.
    pub until: Micros,
    ended: String,
}

impl Last {
    /// Of a lead; `None` if the first goes on.
    pub fn of(lead_id: i64) -> Option<Self> {
        let mut last = None;
        PAST_STINTS.bigint(lead_id, |row| {
            last = Some(Self {
                no: row.get(2).unwrap_or_default(),
                until: row.get::<i64>(7).map_or(0, from_postgres_epoch),
                ended: row.get(8).unwrap_or_default(),
            });
            None::<()>
        });
        last
    }

    /// The number of the stint after it.
    pub fn next(last: Option<&Self>) -> i32 {
        last.map_or(1, |last| last.no.saturating_add(1))
    }

    /// Whether the next stint began with an answer: its owner works on the lead.
    pub fn is_answer(&self) -> bool {
        matches!(&*self.ended, "answered" | "worked")
    }
}
