//! The routing rules of leadroute, free of PostgreSQL.
//!
//! A [`lead::Lead`] goes in, a [`decision::Decision`] comes out. The clock, the compiled rules, the
//! roster and everything that is looked up (accounts, earlier leads, turns) are arguments: the crate
//! reads nothing by itself, so every layer can be tested without a server.
//!
//! One way through: [`pipeline::route`] runs the ten [`layers`] in order; the first that decides ends
//! the search, each one that was asked leaves a [`decision::Step`] in the trace.

#![forbid(unsafe_code)]

pub mod account;
pub mod availability;
pub mod business_time;
pub mod config;
pub mod context;
pub mod decision;
pub mod escalation;
pub mod explain;
pub mod layers;
pub mod lead;
pub mod load;
pub mod matcher;
pub mod pipeline;
pub mod queued;
pub mod reason;
pub mod roster;
pub mod rotation;
pub mod rules;
pub mod sla;
pub mod state;
#[cfg(test)]
mod testkit;
pub mod text;
pub mod time_zone;
pub mod unavailable;
pub mod waiting;

/// Version of the rules in this crate, written into every decision.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// An instant: microseconds since 1970-01-01 00:00 UTC.
pub type Micros = i64;

/// A length of time in microseconds.
pub const SECOND: Micros = 1_000_000;
