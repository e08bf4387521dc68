//! The leads of one statement, from row to decision to rows.

pub mod answer;
pub mod batch;
pub mod bulk_run;
pub mod error_fallback;
pub mod holders;
pub mod open_statements;
pub mod outbox;
pub mod pending_decision;
pub mod preview;
pub mod requests;
pub mod row_inserted;
pub mod upsert;
pub mod writer;
