//! What sessions share, and what answers the engine.

pub mod account_rows;
pub mod assignee_lock;
pub mod change;
pub mod config;
pub mod config_seen;
pub mod credit;
pub mod loads;
pub mod lookups;
pub mod moment;
pub mod past_config;
pub mod past_stints;
pub mod restoring;
pub mod shared_sum;
pub mod silenced;
pub mod trial;
pub mod turns;
