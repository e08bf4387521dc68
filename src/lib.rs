//! leadroute: routes B2B leads inside PostgreSQL. A table of contents; the rules are in
//! `leadroute-engine`, everything that touches PostgreSQL in `db`, the SQL surface in `sql/`.

use pgrx::prelude::*;

mod db;

pgrx::pg_module_magic!();

// In the order in which they are created: 0x schemas, 1x rules, 2x data, 3x guards, 4x functions, 5x views, 6x jobs
// and roles, 7x defaults, 8x dump, 9x grants and event triggers. Tables of users have a folder of their own,
// `attach`.
extension_sql_file!("../sql/00_schemas.sql", name = "schemas");
extension_sql_file!("../sql/10_roster.sql", name = "roster", requires = ["schemas"]);
extension_sql_file!("../sql/11_rules.sql", name = "rules", requires = ["roster"]);
extension_sql_file!("../sql/12_accounts.sql", name = "accounts", requires = ["rules"]);
extension_sql_file!("../sql/12_alarms.sql", name = "alarm_tables", requires = ["accounts"]);
extension_sql_file!("../sql/12_enrichment_rules.sql", name = "enrichment_rules", requires = ["alarm_tables"]);
extension_sql_file!("../sql/12_providers.sql", name = "providers", requires = ["enrichment_rules"]);
extension_sql_file!("../sql/13_config_json.sql", name = "config_json", requires = ["providers"]);
extension_sql_file!("../sql/14_references.sql", name = "references", requires = ["config_json"]);
extension_sql_file!("../sql/15_clean_rules.sql", name = "clean_rules", requires = ["references"]);
extension_sql_file!("../sql/16_changes.sql", name = "changes", requires = ["clean_rules"]);
extension_sql_file!("../sql/20_leads.sql", name = "leads", requires = ["changes"]);
extension_sql_file!("../sql/21_turns_and_loads.sql", name = "turns_and_loads", requires = ["leads"]);
extension_sql_file!("../sql/22_history.sql", name = "history", requires = ["turns_and_loads"]);
extension_sql_file!("../sql/23_responses.sql", name = "responses", requires = ["history"]);
extension_sql_file!("../sql/24_enrichment.sql", name = "enrichment", requires = ["responses"]);
extension_sql_file!(
    "../sql/attach/24_attached_tables.sql",
    name = "attached_tables",
    requires = ["enrichment"]
);
extension_sql_file!("../sql/attach/25_checks.sql", name = "attached_checks", requires = ["attached_tables"]);
extension_sql_file!("../sql/26_stints.sql", name = "past_stints", requires = ["attached_checks"]);
extension_sql_file!("../sql/27_change_requests.sql", name = "change_requests", requires = ["past_stints"]);
extension_sql_file!("../sql/28_replay.sql", name = "replay", requires = ["change_requests"]);
extension_sql_file!("../sql/29_reason_codes.sql", name = "reason_codes", requires = ["replay"]);
extension_sql_file!("../sql/30_guards.sql", name = "guards", requires = ["reason_codes"]);
extension_sql_file!("../sql/31_defaults_kept.sql", name = "defaults_kept", requires = ["guards"]);
extension_sql_file!("../sql/32_change_required.sql", name = "change_required", requires = ["defaults_kept"]);
extension_sql_file!("../sql/33_history.sql", name = "history_triggers", requires = ["change_required"]);
extension_sql_file!("../sql/40_lead_triggers.sql", name = "lead_triggers", requires = ["history_triggers"]);
extension_sql_file!("../sql/41_duplicates.sql", name = "duplicates", requires = ["lead_triggers"]);
extension_sql_file!("../sql/42_clocks.sql", name = "clocks", requires = ["duplicates"]);
extension_sql_file!("../sql/42_qualification.sql", name = "qualification", requires = ["clocks"]);
extension_sql_file!("../sql/43_as_of.sql", name = "as_of", requires = ["qualification"]);
extension_sql_file!("../sql/attach/42_attach.sql", name = "attach", requires = ["as_of"]);
extension_sql_file!("../sql/attach/43_rows.sql", name = "attached_rows", requires = ["attach"]);
extension_sql_file!("../sql/attach/44_ddl.sql", name = "attached_ddl", requires = ["attached_rows"]);
extension_sql_file!("../sql/44_absences.sql", name = "absences", requires = ["attached_ddl"]);
extension_sql_file!("../sql/45_hand_over.sql", name = "hand_over", requires = ["absences"]);
extension_sql_file!("../sql/46_responses.sql", name = "response_functions", requires = ["hand_over"]);
extension_sql_file!(
    "../sql/46_enrichment.sql",
    name = "enrichment_functions",
    requires = ["response_functions"]
);
extension_sql_file!("../sql/46_requalify.sql", name = "requalify", requires = ["enrichment_functions"]);
extension_sql_file!("../sql/47_integrity.sql", name = "integrity", requires = ["requalify"]);
extension_sql_file!("../sql/48_outbox.sql", name = "outbox", requires = ["integrity"]);
extension_sql_file!("../sql/48_providers.sql", name = "provider_functions", requires = ["outbox"]);
extension_sql_file!(
    "../sql/49_change_requests.sql",
    name = "change_functions",
    requires = ["provider_functions"]
);
extension_sql_file!("../sql/49_revert_change.sql", name = "revert_change", requires = ["change_functions"]);
extension_sql_file!("../sql/49_golden_leads.sql", name = "golden_leads", requires = ["revert_change"]);
extension_sql_file!("../sql/attach/49_problems.sql", name = "attached_problems", requires = ["golden_leads"]);
extension_sql_file!("../sql/attach/50_sync_reps.sql", name = "sync_reps", requires = ["attached_problems"]);
extension_sql_file!("../sql/50_views.sql", name = "views", requires = ["sync_reps"]);
extension_sql_file!("../sql/51_stints.sql", name = "stints", requires = ["views"]);
extension_sql_file!("../sql/52_coverage.sql", name = "coverage", requires = ["stints"]);
extension_sql_file!("../sql/52_space.sql", name = "space", requires = ["coverage"]);
extension_sql_file!("../sql/53_lint.sql", name = "lint", requires = ["space"]);
extension_sql_file!("../sql/54_periods.sql", name = "periods", requires = ["lint"]);
extension_sql_file!("../sql/54_speed.sql", name = "speed", requires = ["periods"]);
extension_sql_file!("../sql/54_sla.sql", name = "sla", requires = ["speed"]);
extension_sql_file!("../sql/54_leads.sql", name = "leads_reported", requires = ["sla"]);
extension_sql_file!("../sql/54_queues.sql", name = "queues", requires = ["leads_reported"]);
extension_sql_file!("../sql/54_fairness.sql", name = "fairness", requires = ["queues"]);
extension_sql_file!("../sql/54_certificate.sql", name = "certificate", requires = ["fairness"]);
extension_sql_file!("../sql/54_balance.sql", name = "balance", requires = ["certificate"]);
extension_sql_file!("../sql/54_calibration.sql", name = "calibration", requires = ["balance"]);
extension_sql_file!("../sql/55_alarms.sql", name = "alarms", requires = ["calibration"]);
extension_sql_file!("../sql/55_audit.sql", name = "audit", requires = ["alarms"]);
extension_sql_file!("../sql/55_recent.sql", name = "recent", requires = ["audit"]);
extension_sql_file!("../sql/55_health.sql", name = "health", requires = ["recent"]);
extension_sql_file!("../sql/56_explain_lead.sql", name = "explain_lead", requires = ["health"]);
extension_sql_file!("../sql/57_counter_explain.sql", name = "counter_explain", requires = ["explain_lead"]);
extension_sql_file!("../sql/57_replay.sql", name = "replay_functions", requires = ["counter_explain"]);
extension_sql_file!("../sql/57_rules_document.sql", name = "rules_document", requires = ["replay_functions"]);
extension_sql_file!("../sql/58_preview.sql", name = "preview", requires = ["rules_document"]);
extension_sql_file!("../sql/58_rules_difference.sql", name = "rules_difference", requires = ["preview"]);
extension_sql_file!("../sql/59_propose_rules.sql", name = "propose_rules", requires = ["rules_difference"]);
extension_sql_file!("../sql/59_rebalance.sql", name = "rebalance", requires = ["propose_rules"]);
extension_sql_file!("../sql/59_changelog.sql", name = "changelog", requires = ["rebalance"]);
extension_sql_file!("../sql/59_report.sql", name = "report", requires = ["changelog"]);
extension_sql_file!("../sql/59_rules_diagram.sql", name = "rules_diagram", requires = ["report"]);
extension_sql_file!("../sql/60_jobs.sql", name = "jobs", requires = ["rules_diagram"]);
extension_sql_file!("../sql/61_roles.sql", name = "roles", requires = ["jobs"]);
extension_sql_file!("../sql/70_defaults.sql", name = "defaults", requires = ["roles"]);
extension_sql_file!("../sql/71_mail_domains.sql", name = "mail_domains", requires = ["defaults"]);
extension_sql_file!("../sql/72_country_names.sql", name = "country_names", requires = ["mail_domains"]);
extension_sql_file!("../sql/79_history_begins.sql", name = "history_begins", requires = ["country_names"]);
extension_sql_file!("../sql/80_dump.sql", name = "dump", requires = ["history_begins"]);
extension_sql_file!("../sql/90_privileges.sql", name = "privileges", requires = ["dump"]);
extension_sql_file!("../sql/95_event_triggers.sql", name = "event_triggers", requires = ["privileges"]);

/// Runs when PostgreSQL loads the library.
#[pg_guard]
pub extern "C-unwind" fn _PG_init() {
    db::settings::register();
    db::pg::catalog::register();
    db::xact::register();
    db::routing::holders::register(db::entry::attached::holder::problem);
}
