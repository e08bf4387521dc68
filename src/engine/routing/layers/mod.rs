//! The layers, a file each. Every one has a single function `ask` that answers with a
//! [`crate::context::Finding`]; [`crate::routing::pipeline`] knows the order.

pub mod customer;
pub mod distribution;
pub mod domain_rule;
pub mod duplicate;
pub mod fallback;
pub mod given;
pub mod intake;
pub mod named_account;
pub mod qualification;
pub mod recycle;
pub mod segment;
pub mod tier;
