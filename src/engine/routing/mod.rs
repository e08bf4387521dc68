//! From a lead to its decision.

pub mod availability;
pub mod layers;
pub mod pipeline;
