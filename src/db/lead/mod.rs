//! A lead as a row of `leads` and as JSON.

pub mod columns;
pub mod correction;
pub mod extension;
pub mod from_app;
pub mod json;
pub mod row;
pub mod unrouted;
