//! Decisions about leads that wait: in a queue, or for an answer.

pub mod auto_assign;
pub mod escalation;
pub mod hand_over;
pub mod requests;
pub mod waiting;
