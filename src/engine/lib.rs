//! The routing rules of leadroute, free of PostgreSQL.
//!
//! A [`lead::Lead`] goes in, a [`decision::Decision`] comes out. The clock, the compiled rules, the
//! roster and everything that is looked up (accounts, earlier leads, turns) are arguments: the crate
//! reads nothing by itself, so every layer can be tested without a server.
//!
//! Entry point: [`work::answer`]. A lead goes through the [`routing::layers`] in order ([`routing::pipeline`]); the
//! first that decides ends the search, each one that was asked leaves a [`decision::Step`] in the trace.
//!
//! A module imports only from modules below it in this list; `make lint` checks that:
//!
//! 1. [`replay`]: a decision is made again, and compared
//! 2. [`work`]: what the engine is asked, and what it answers
//! 3. [`preview`]: what a change does to leads that are routed again
//! 4. [`follow_up`]: decisions about leads that wait, in a queue or for an answer
//! 5. [`counter`]: what would have sent a lead elsewhere
//! 6. [`lint`]: what the rules leave over
//! 7. [`routing`]: from a lead to its decision
//! 8. [`sla`]: the clock that starts with a lead
//! 9. [`context`]: what layers work with
//! 10. [`lookups`]: what layers may look up
//! 11. [`decision`]: what was decided, and why
//! 12. [`roster`]: who could take a lead, and when
//! 13. [`rules`]: the routing tables, compiled
//! 14. [`speed`]: how fast leads are answered
//! 15. [`fairness`]: what pools handed out
//! 16. [`lead`] and [`time_zone`]: what everything else is about
//! 17. [`span`] has ranges

#![forbid(unsafe_code)]

pub mod context;
pub mod counter;
pub mod decision;
pub mod fairness;
pub mod follow_up;
pub mod lead;
pub mod lint;
pub mod lookups;
pub mod preview;
pub mod replay;
pub mod roster;
pub mod routing;
pub mod rules;
pub mod sla;
pub mod span;
pub mod speed;
#[cfg(test)]
mod testkit;
pub mod time_zone;
pub mod work;

/// Version of the rules in this crate, written into every decision.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// An instant: microseconds since 1970-01-01 00:00 UTC.
pub type Micros = i64;

/// A length of time in microseconds.
pub const SECOND: Micros = 1_000_000;
