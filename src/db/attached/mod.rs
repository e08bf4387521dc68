//! The third door: tables of the user whose rows are routed as leads.
//!
//! [`door`]: a BEFORE trigger turns the row into a lead by the [`mapping`], routes it, and puts the owner into the row.
//! Whether the row really comes is known only later ([`arrival`]); then its lead is written, before the next row
//! of the statement is routed, so that everything else is as with the other doors. Afterwards [`mirror`] writes what
//! changes in the lead into the row, and [`changes`] and [`link`] take over what people change there.

mod arrival;
mod attach;
mod changes;
mod convert;
mod deferred_keys;
mod door;
mod draft;
mod echo;
mod expression;
mod keys;
mod lead;
mod link;
mod mapping;
mod mirror;
mod owner;
mod owner_table;
mod statement;
mod trigger;
