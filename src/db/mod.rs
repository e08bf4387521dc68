//! The boundary to PostgreSQL: the only place that knows pgrx.
//!
//! One way through: [`trigger`] and [`api`] hand a row to [`batch`], which routes it with the state of
//! [`world`] and writes what was decided with [`writer`].

pub mod api;
pub mod arrival;
pub mod attached;
pub mod batch;
pub mod book;
pub mod cache;
pub mod clocks;
pub mod columns;
pub mod errors;
pub mod escalate;
pub mod fields;
pub mod function;
pub mod identity;
pub mod jsonb;
pub mod keep;
pub mod ledger;
pub mod lifetime;
pub mod loads;
pub mod locks;
pub mod names;
pub mod outbox;
pub mod patience;
pub mod pending;
pub mod queries;
pub mod queued;
pub mod rawjson;
pub mod references;
pub mod rescue;
pub mod restoring;
pub mod row;
pub mod scan;
pub mod settings;
pub mod spi;
pub mod statements;
pub mod store;
pub mod sweep;
pub mod target;
pub mod trigger;
pub mod trigger_data;
pub mod tuple;
pub mod turns;
pub mod upsert;
pub mod world;
pub mod writer;
pub mod zones;
