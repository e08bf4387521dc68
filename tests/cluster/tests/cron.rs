//! Escalation by the real pg_cron. Its workers live in the database `leadroute`.

use leadroute_cluster_tests::{check_consistency, text, wait_for};
use postgres::{Client, NoTls};

fn connect() -> Client {
    let variable =
        |name: &str| std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run tests/run.sh"));
    let (host, user, port) = (variable("PGHOST"), variable("PGUSER"), variable("PGPORT"));
    Client::connect(&format!("host={host} user={user} port={port} dbname=leadroute"), NoTls)
        .expect("a session")
}

#[test]
fn an_overdue_lead_goes_to_the_next_rep_and_then_to_the_manager() {
    let mut client = connect();
    let without =
        client.batch_execute("CREATE EXTENSION leadroute CASCADE; SELECT leadroute.schedule_jobs()");
    let error = without.expect_err("pg_cron is not there yet");
    let error = error.as_db_error().expect("an error of the server");
    assert_eq!(error.code().code(), "55000");
    assert!(error.hint().is_some_and(|hint| hint.contains("CREATE EXTENSION pg_cron")));
    client
        .batch_execute(
            "CREATE EXTENSION leadroute CASCADE;
             CREATE EXTENSION pg_cron;
             INSERT INTO leadroute.reps (id, manager_id) VALUES ('boss', NULL), ('r1', 'boss'), ('r2', 'boss');
             INSERT INTO leadroute.pools (name) VALUES ('pool');
             INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('pool', 'r1'), ('pool', 'r2');
             INSERT INTO leadroute.segments (name, fallback_queue) VALUES ('everybody', 'catch_all');
             INSERT INTO leadroute.tiers (name, pool) VALUES ('all', 'pool');
             SELECT leadroute.schedule_jobs(); SELECT leadroute.schedule_jobs();
             INSERT INTO leadroute.leads (email, event, occurred_at)
                 VALUES ('ada@acme.com', 'demo_request', now() - interval '6 minutes')",
        )
        .unwrap();
    assert_eq!(text(&mut client, "SELECT count(*)::text FROM cron.job"), "4");
    let owners = "SELECT coalesce(string_agg(owner_id, ' > ' ORDER BY id), '') FROM leadroute.decisions WHERE lead_id = 1";
    wait_for("pg_cron to reassign the lead", 130, || (text(&mut client, owners) == "r1 > r2").then_some(()));
    client.batch_execute("UPDATE leadroute.sla_clocks SET next_at = now()").unwrap();
    // The job goes on within its minute: twenty seconds are enough.
    wait_for("pg_cron to reach the manager", 20, || {
        (text(&mut client, owners) == "r1 > r2 > boss").then_some(())
    });
    check_consistency(&mut client);
    let unwell = "SELECT coalesce(string_agg(\"check\" || ': ' || detail, '; '), '') FROM leadroute.routing_health WHERE status = 'error'";
    assert_eq!(text(&mut client, unwell), "");
    // a job that fails, and one that would connect to another server, are seen
    client.batch_execute("UPDATE cron.job SET nodeport = 1 WHERE jobname = 'leadroute outbox'").unwrap();
    assert!(text(&mut client, unwell).contains("connects to port 1"), "{}", text(&mut client, unwell));
    assert_eq!(text(&mut client, "SELECT leadroute.unschedule_jobs()::text"), "4");
    assert_eq!(text(&mut client, "SELECT leadroute.escalate_overdue()::text"), "0");
}
