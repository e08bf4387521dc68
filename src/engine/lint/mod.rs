//! What the rules leave over: leads that no segment, no tier, or nobody of a pool takes; and rows that take none.

mod conditions;
mod reach;
mod scores;
pub mod superseded;
mod survey;
pub mod unreachable;

pub use conditions::Idle;
pub use survey::{Gap, Kind, Survey};

#[cfg(test)]
mod tests;
