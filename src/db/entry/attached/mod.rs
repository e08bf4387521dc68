//! Leads by attached table: rows of tables of the user are routed as leads.
//!
//! [`rows`]: a BEFORE trigger turns the row into a lead by the [`mapping`], routes it, and puts the owner into the row.
//! Whether the row is really inserted is known only later ([`unwritten_lead`]); then its lead is written, before the
//! next row of the statement is routed, so that everything else is as for an INSERT into `leads`. Afterwards
//! [`write_back`] writes changes of the lead into the row, and [`row_updated`], [`row_changes`] and
//! [`owner_table_changes`] take over what people change there.

pub mod adopt;
mod answer;
mod attach;
pub mod before_routing;
mod convert;
mod corrections;
mod deferred_keys;
mod echo;
mod expression;
mod fitting;
pub mod holder;
mod kept_row;
mod keys;
mod lead;
mod lead_of_row;
mod life;
mod mapping;
mod may_differ;
mod owner;
mod owner_table;
mod owner_table_changes;
mod partition;
mod row_by_key;
pub mod row_changes;
mod row_updated;
mod rows;
mod statement;
mod sync_reps;
mod trigger;
pub mod unique;
mod unique_index;
mod unique_link;
mod unwritten_lead;
pub mod write_back;
