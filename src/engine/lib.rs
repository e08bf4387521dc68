//! The routing rules of leadroute, free of PostgreSQL.
//!
//! A [`lead::Lead`] goes in, a [`decision::Decision`] comes out. The clock, the compiled rules, the
//! roster and everything that is looked up (accounts, earlier leads, turns) are arguments: the crate
//! reads nothing by itself, so every layer can be tested without a server.
//!
//! One way through: [`routing::pipeline::route`] runs the ten [`routing::layers`] in order; the first that decides ends
//! the search, each one that was asked leaves a [`decision::Step`] in the trace.

#![forbid(unsafe_code)]

pub mod context;
pub mod decision;
pub mod follow_up;
pub mod lead;
pub mod lookups;
pub mod roster;
pub mod routing;
pub mod rules;
pub mod sla;
#[cfg(test)]
mod testkit;
pub mod time_zone;

/// Version of the rules in this crate, written into every decision.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// An instant: microseconds since 1970-01-01 00:00 UTC.
pub type Micros = i64;

/// A length of time in microseconds.
pub const SECOND: Micros = 1_000_000;
