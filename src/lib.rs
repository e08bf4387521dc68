//! leadroute: routes B2B leads inside PostgreSQL. A table of contents; the rules are in
//! `leadroute-engine`, everything that touches PostgreSQL in `db`, the SQL surface in `sql/`.

use pgrx::prelude::*;

mod db;

pgrx::pg_module_magic!();

extension_sql_file!("../sql/00_schemas.sql", name = "schemas");
extension_sql_file!("../sql/10_queues.sql", name = "queues", requires = ["schemas"]);
extension_sql_file!("../sql/11_rules.sql", name = "rules", requires = ["queues"]);
extension_sql_file!("../sql/12_accounts.sql", name = "accounts", requires = ["rules"]);
extension_sql_file!("../sql/13_reading.sql", name = "reading", requires = ["accounts"]);
extension_sql_file!("../sql/14_references.sql", name = "references", requires = ["reading"]);
extension_sql_file!("../sql/20_leads.sql", name = "leads", requires = ["references"]);
extension_sql_file!("../sql/21_books.sql", name = "books", requires = ["leads"]);
extension_sql_file!("../sql/22_history.sql", name = "history", requires = ["books"]);
extension_sql_file!("../sql/23_life.sql", name = "life", requires = ["history"]);
extension_sql_file!("../sql/24_attached.sql", name = "attached", requires = ["life"]);
extension_sql_file!("../sql/25_attached_checks.sql", name = "attached_checks", requires = ["attached"]);
extension_sql_file!("../sql/30_guards.sql", name = "guards", requires = ["attached_checks"]);
extension_sql_file!("../sql/31_defaults_kept.sql", name = "defaults_kept", requires = ["guards"]);
extension_sql_file!("../sql/40_routing.sql", name = "routing", requires = ["defaults_kept"]);
extension_sql_file!("../sql/41_duplicates.sql", name = "duplicates", requires = ["routing"]);
extension_sql_file!("../sql/42_attach.sql", name = "attach", requires = ["duplicates"]);
extension_sql_file!("../sql/43_attached_rows.sql", name = "attached_rows", requires = ["attach"]);
extension_sql_file!("../sql/44_attached_ddl.sql", name = "attached_ddl", requires = ["attached_rows"]);
extension_sql_file!("../sql/45_turns.sql", name = "turns", requires = ["attached_ddl"]);
extension_sql_file!("../sql/46_life.sql", name = "life_functions", requires = ["turns"]);
extension_sql_file!("../sql/47_integrity.sql", name = "integrity", requires = ["life_functions"]);
extension_sql_file!("../sql/48_outbox.sql", name = "outbox", requires = ["integrity"]);
extension_sql_file!("../sql/49_attached_problems.sql", name = "attached_problems", requires = ["outbox"]);
extension_sql_file!("../sql/50_views.sql", name = "views", requires = ["attached_problems"]);
extension_sql_file!("../sql/52_coverage.sql", name = "coverage", requires = ["views"]);
extension_sql_file!("../sql/53_lint.sql", name = "lint", requires = ["coverage"]);
extension_sql_file!("../sql/54_speed.sql", name = "speed", requires = ["lint"]);
extension_sql_file!("../sql/55_health.sql", name = "health", requires = ["speed"]);
extension_sql_file!("../sql/60_jobs.sql", name = "jobs", requires = ["health"]);
extension_sql_file!("../sql/61_roles.sql", name = "roles", requires = ["jobs"]);
extension_sql_file!("../sql/70_defaults.sql", name = "defaults", requires = ["roles"]);
extension_sql_file!("../sql/71_mail_domains.sql", name = "mail_domains", requires = ["defaults"]);
extension_sql_file!("../sql/80_dump.sql", name = "dump", requires = ["mail_domains"]);
extension_sql_file!("../sql/90_privileges.sql", name = "privileges", requires = ["dump"]);
extension_sql_file!("../sql/95_event_triggers.sql", name = "event_triggers", requires = ["privileges"]);

/// Runs when PostgreSQL loads the library.
#[pg_guard]
pub extern "C-unwind" fn _PG_init() {
    db::settings::register();
    db::pg::catalog::register();
    db::xact::register();
}
