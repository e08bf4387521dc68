//! Bindings to PostgreSQL: nothing here knows what a lead is.

pub mod aggregate;
pub mod catalog;
pub mod function;
pub mod index_clash;
pub mod index_scan;
pub mod insert_state;
pub mod jsonb;
pub mod jsonb_encode;
pub mod jsonb_read;
pub mod literal;
pub mod locks;
pub mod once;
pub mod one_guard;
pub mod query_tree;
pub mod rows;
pub mod security;
pub mod sequences;
pub mod spi;
pub mod subtransaction;
pub mod table;
pub mod time;
pub mod time_limit;
pub mod trigger_data;
pub mod tuple;
pub mod varlena;
pub mod wait;
