//! The third door: tables of the user whose rows are routed as leads.
//!
//! A BEFORE trigger turns the row into a lead by the [`mapping`], routes it, and puts the owner into the row.
//! Whether the row really comes is known only later ([`arrival`]); then its lead is written, before the next row
//! of the statement is routed, so that everything else is as with the other doors.

mod arrival;
mod attach;
mod convert;
mod door;
mod draft;
mod expression;
mod link;
mod mapping;
mod mirror;
mod owner;

pub use arrival::Unwritten;
