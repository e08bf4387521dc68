//! What PostgreSQL calls: triggers and functions. Nobody imports an entry.

pub mod adopt_leads;
pub mod assign_queued;
pub mod assignee;
pub mod attached;
pub mod clean_rule;
pub mod config_changed;
pub mod escalate_overdue;
pub mod extension_dropping;
pub mod insert;
pub mod is_time_zone;
pub mod lead_cleaned;
pub mod lead_saved;
pub mod lead_updated;
pub mod lint;
pub mod listen;
pub mod lock_for_writing;
pub mod must;
pub mod needs_nobody;
pub mod observe_restore;
pub mod references;
pub mod rep_load;
pub mod return_turn;
pub mod route_lead;
pub mod setting;
pub mod sla_clock;
pub mod stint;
