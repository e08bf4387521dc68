//! From a lead to its decision.

pub mod account_team;
pub mod availability;
pub mod layers;
pub mod namesakes;
pub mod pipeline;
