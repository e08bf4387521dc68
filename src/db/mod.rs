//! The boundary to PostgreSQL: the only place that knows pgrx.
//!
//! Imports run one way, from above to below; `make lint` keeps that:
//!
//! 1. [`xact`]: ends of transactions
//! 2. [`entry`]: triggers and functions that PostgreSQL calls
//! 3. [`routing`]: the leads of one statement, from row to decision to rows
//! 4. [`state`]: what sessions share, and what answers the engine
//! 5. [`lead`]: a lead as a row and as JSON
//! 6. [`queries`] and [`indexes`]: every SQL text, and every index that is looked up
//! 7. [`pg`]: bindings to PostgreSQL
//! 8. [`settings`] and [`errors`]

pub mod entry;
pub mod errors;
pub mod indexes;
pub mod lead;
pub mod pg;
pub mod queries;
pub mod routing;
pub mod settings;
pub mod state;
pub mod xact;
