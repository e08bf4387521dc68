//! Reports, alarms and the certificate say the same in a restored database, before any ANALYZE, and on a hot standby, where
//! nothing can be written.

use leadroute_cluster_tests::own_cluster::Cluster;
use leadroute_cluster_tests::restoring::{bare, Place};
use leadroute_cluster_tests::{text, wait_for, Database};
use postgres::Client;

/// Leads that were answered, late, moved, given back, closed and lost, in two tenants, and an alarm about them.
const COMPANY: &str = "
    INSERT INTO leadroute.reps (id, manager_id) VALUES ('mia', NULL), ('ann', 'mia'), ('bob', 'mia');
    INSERT INTO leadroute.reps (id, tenant) VALUES ('zoe', 'beta');
    INSERT INTO leadroute.pools (name) VALUES ('north'), ('of beta');
    INSERT INTO leadroute.pool_members (pool, rep_id, weight) VALUES ('north', 'ann', 2), ('north', 'bob', 1), ('of beta', 'zoe', 1);
    INSERT INTO leadroute.territories (name, manager_id) VALUES ('north', 'mia'), ('south', 'mia');
    INSERT INTO leadroute.segments (name, territory, countries, tenants) VALUES ('berlin', 'north', '{DE}', '{\"\"}'), ('beta', 'south', '{DE}', '{beta}');
    INSERT INTO leadroute.tiers (segment, name, pool) VALUES ('berlin', 'all', 'north'), ('beta', 'all', 'of beta');
    INSERT INTO leadroute.leads (email, country, score, event, source, tenant, occurred_at)
    SELECT format('p%s@company%s.com', n, n), CASE WHEN n % 12 < 9 THEN 'DE' ELSE 'JP' END, n % 100, 'demo_request', 'web', CASE WHEN n % 5 = 0 THEN 'beta' ELSE '' END,
           now() - CASE WHEN n % 9 = 0 THEN interval '1 hour' ELSE interval '0' END FROM generate_series(1, 240) n;
    SELECT count(leadroute.escalate_overdue(100));
    SELECT count(leadroute.record_response(id, owner_id, 'phone')) FROM leadroute.leads WHERE owner_id IS NOT NULL AND id % 3 > 0;
    SELECT count(leadroute.return_turn(decision_id, 'bad fit')) FROM leadroute.leads WHERE pool = 'north' AND owner_id = 'ann' AND id % 3 = 0;
    SELECT count(leadroute.transfer_lead(id, 'mia', 'wrong territory')) FROM leadroute.leads WHERE owner_id = 'bob' AND id % 3 = 0;
    SELECT count(leadroute.close_lead(id, CASE WHEN id % 4 = 0 THEN 'converted' ELSE 'lost' END, 500)) FROM leadroute.leads WHERE owner_id IS NOT NULL AND id % 2 = 0;
    SELECT leadroute.check_alarms()";

/// Functions of a period, those of a pool in it, and views.
const PERIODS: &str = "audit_measures unrouted_rate misrouted_leads leads_by_rep sla_by_rep sla_by_territory speed_percentiles speed_to_lead territory_balance
    score_calibration suggest_score_borders pool_fairness claim_patterns";
const POOLS: &str = "fairness_certificate fairness_verdict";
const VIEWS: &str = "audit_measures unrouted_rate leads_by_rep sla_by_rep sla_by_territory speed_percentiles misrouted_leads territory_balance score_calibration
    pool_fairness alarms";

/// What is asked, as the rows that answer it.
fn questions() -> Vec<String> {
    let period = "'-infinity', 'infinity'";
    let mut asked: Vec<String> =
        PERIODS.split_whitespace().map(|report| format!("leadroute.{report}({period})")).collect();
    asked.extend(POOLS.split_whitespace().map(|report| format!("leadroute.{report}('north', {period})")));
    asked.extend(VIEWS.split_whitespace().map(|view| format!("leadroute.{view}")));
    asked.push("(SELECT \"check\", value, \"limit\", detail FROM leadroute.routing_health WHERE \"limit\" IS NOT NULL)".to_owned());
    // when it was made, and what health there is, are those of the place
    asked.push(format!("(SELECT data - 'made_at' - 'checks' FROM leadroute.report({period}))"));
    asked
}

fn answers(client: &mut Client) -> Vec<(String, String)> {
    let rows = |from: &str| {
        format!("SELECT coalesce(string_agg(t::text, E'\\n' ORDER BY t::text), '') FROM {from} t")
    };
    questions()
        .into_iter()
        .map(|from| (text(client, &rows(&from)), from))
        .map(|(answer, from)| (from, answer))
        .collect()
}

/// Everything that was asked has an answer, so that nothing is the same because it is nothing.
fn compare(here: &mut Client, there: &mut Client) {
    let (should, is) = (answers(here), answers(there));
    for ((question, should), (_, is)) in should.iter().zip(&is) {
        assert_eq!(is, should, "{question}");
        let may_be_empty = question.contains("claim_patterns") || question.contains("suggest_score_borders");
        assert!(may_be_empty || !should.is_empty(), "{question}");
    }
}

#[test]
fn a_restored_database_says_the_same_before_any_analyze() {
    let source = Database::empty();
    let mut client = source.connect();
    client.batch_execute(COMPANY).expect("a company");
    let target = bare();
    let dump = std::env::temp_dir().join(format!("leadroute_reports_{}", std::process::id()));
    let file = dump.to_str().expect("a path in UTF-8");
    assert_eq!(Place::of(&source).run(&["pg_dump", "-Fc", "-f", file]), Vec::<String>::new());
    assert_eq!(Place::of(&target).run(&["pg_restore", file]), Vec::<String>::new());
    let _ = std::fs::remove_file(&dump);
    let mut restored = target.connect();
    compare(&mut client, &mut restored);
    assert_eq!(text(&mut restored, "SELECT leadroute.check_alarms()::text"), "0", "each alarm is told once");
    let page = "SELECT length(leadroute.report_html('-infinity', 'infinity'))::text";
    assert!(text(&mut restored, page).parse::<usize>().is_ok_and(|length| length > 10_000));
}

#[test]
fn a_hot_standby_says_the_same_and_writes_nothing() {
    let primary = Cluster::start("reports_primary");
    let mut client = primary.connect("leadroute", "postgres").expect("a session");
    client
        .batch_execute("SET client_min_messages = warning; CREATE EXTENSION leadroute CASCADE")
        .expect("the extension");
    client.batch_execute(COMPANY).expect("a company");
    let standby = Cluster::follow("reports_standby", &primary);
    let mut there = standby.connect("leadroute", "postgres").expect("a session");
    // what comes later arrives, too
    client
        .batch_execute("INSERT INTO leadroute.leads (email, country) VALUES ('later@company.com', 'DE')")
        .expect("a lead");
    let end = text(&mut client, "SELECT pg_current_wal_lsn()::text");
    let caught_up = format!("SELECT (pg_last_wal_replay_lsn() >= '{end}')::text");
    wait_for("the standby to catch up", 60, || (text(&mut there, &caught_up) == "true").then_some(()));
    compare(&mut client, &mut there);
    for sql in [
        "SELECT leadroute.report_html('-infinity', 'infinity')",
        "SELECT leadroute.rules_diagram('dot')",
        "SELECT string_agg(m::text, ' ') FROM leadroute.monthly_audit(current_date) m",
    ] {
        assert!(!text(&mut there, sql).is_empty(), "{sql}");
    }
    let refused = there.query_one("SELECT leadroute.check_alarms()", &[]).expect_err("nothing is written");
    assert_eq!(refused.as_db_error().expect("an error of the server").code().code(), "25006");
}
