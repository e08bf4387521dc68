//! Actions of buyers, with what they are told apart by.

use crate::speed::names::{self, Names};
use crate::Micros;
use serde::{Deserialize, Serialize};

/// By what actions are told apart, the numbers of the dimensions in this order.
pub const DIMENSIONS: [&str; 13] = [
    "all",
    "rep",
    "team",
    "territory",
    "segment",
    "tier",
    "pool",
    "source",
    "campaign",
    "channel",
    "event",
    "intent",
    "week",
];
pub const ALL: usize = 0;
pub const REP: usize = 1;
pub const TEAM: usize = 2;
pub const CHANNEL: usize = 9;
pub const EVENT: usize = 10;
pub const INTENT: usize = 11;
pub const WEEK: usize = 12;
/// Those that follow from others.
pub const FOLLOWING: [usize; 3] = [ALL, TEAM, INTENT];

/// What a buyer did, and what is known of how it was answered.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub struct Action {
    /// The lead, of which there may be several actions.
    pub lead_id: i64,
    /// When the buyer acted; of an import, when the lead came.
    pub acted: Option<Micros>,
    /// When the clock started, if there is one.
    pub started: Option<Micros>,
    /// When it was answered, or taken up.
    pub answered: Option<Micros>,
    /// When it was routed, where that was looked up already.
    pub routed: Option<Micros>,
    /// Whether a response says more: when a lead without clock was answered and by whom, and by which channel.
    pub is_by_response: bool,
    /// Whether its time ran out; `None` where there was none.
    pub is_late: Option<bool>,
}

/// An answer to a lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Response {
    pub lead_id: i64,
    pub at: Micros,
    pub id: i64,
    /// Numbers of names; 0 is none.
    pub rep: u32,
    pub channel: u32,
}

/// The values of one dimension.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Dimension {
    pub names: Names,
    /// Of each row the number of its value; 0 is none.
    pub of_row: Vec<u32>,
}

/// The actions of a tenant with what they are told apart by.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Actions {
    pub tenant: String,
    pub rows: Vec<Action>,
    pub dimensions: [Dimension; DIMENSIONS.len()],
}

/// Names that follow from others.
pub type Pairs = Vec<(Box<[u8]>, Box<[u8]>)>;

impl Actions {
    /// Adds what another process has, which is empty then.
    pub fn join(&mut self, other: &mut Self) {
        self.rows.append(&mut other.rows);
        for (dimension, other) in self.dimensions.iter_mut().zip(&other.dimensions) {
            let numbers = dimension.names.take_over(&other.names);
            dimension.of_row.extend(other.of_row.iter().map(|number| names::translated(&numbers, *number)));
        }
    }
}
