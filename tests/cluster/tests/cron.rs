//! Escalation by the real pg_cron. Its workers live in the database `leadroute`.

use leadroute_cluster_tests::{check_consistency, has_cron, skipped, text, wait_for};
use postgres::{Client, NoTls};

fn connect() -> Client {
    let variable =
        |name: &str| std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run tests/run.sh"));
    let (host, user, port) = (variable("PGHOST"), variable("PGUSER"), variable("PGPORT"));
    Client::connect(&format!("host={host} user={user} port={port} dbname=leadroute"), NoTls)
        .expect("a session")
}

fn jobs_need_cron(client: &mut Client) {
    let without =
        client.batch_execute("CREATE EXTENSION leadroute CASCADE; SELECT leadroute.schedule_jobs()");
    let error = without.expect_err("pg_cron is not there yet");
    let error = error.as_db_error().expect("an error of the server");
    assert_eq!(error.code().code(), "55000");
    assert!(error.hint().is_some_and(|hint| hint.contains("CREATE EXTENSION pg_cron")));
}

#[test]
fn an_overdue_lead_goes_to_the_next_rep_and_then_to_the_manager() {
    let mut client = connect();
    jobs_need_cron(&mut client);
    if !has_cron(&mut client) {
        return skipped("this PostgreSQL comes without pg_cron");
    }
    client
        .batch_execute(
            "CREATE EXTENSION leadroute CASCADE;
             CREATE EXTENSION pg_cron SCHEMA pg_catalog;
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
    assert_eq!(text(&mut client, "SELECT count(*)::text FROM cron.job"), "5");
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
    assert_eq!(text(&mut client, "SELECT leadroute.unschedule_jobs()::text"), "5");
    assert_eq!(text(&mut client, "SELECT leadroute.escalate_overdue()::text"), "0");
    the_history_of_the_jobs_is_purged(&mut client);
    the_jobs_go_with_the_extension(&mut client);
    the_jobs_go_with_what_the_current_user_owns(&mut client);
}

/// Of our jobs only, also of those that are not scheduled any more, and not by anybody who may not.
fn the_history_of_the_jobs_is_purged(client: &mut Client) {
    client
        .batch_execute(
            "DELETE FROM cron.job_run_details;
             SELECT leadroute.schedule_jobs();
             INSERT INTO cron.job_run_details (jobid, database, username, command, status, start_time, end_time)
             SELECT j.jobid, v.database, v.username, v.command, 'succeeded', now() - v.ago, now() - v.ago
               FROM (VALUES ('leadroute', 'leadroute', 'SELECT leadroute.merge_duplicates(), leadroute.purge_job_history(), leadroute.purge_answers()', interval '8 days'),
                            ('leadroute', 'gone', 'CALL leadroute.keep_time()', '8 days'),
                            ('leadroute', 'leadroute', 'CALL leadroute.keep_time()', '6 days'),
                            ('other', 'leadroute', 'CALL leadroute.keep_time()', '8 days'),
                            ('leadroute', 'leadroute', 'VACUUM', '8 days')) v (database, username, command, ago)
               LEFT JOIN cron.job j ON j.command = v.command AND j.username = v.username;
             INSERT INTO cron.job_run_details (jobid, database, username, command, status)
             VALUES (1, 'leadroute', 'leadroute', 'CALL leadroute.keep_time()', 'running');
             CREATE ROLE purger; SELECT leadroute.grant_role('worker', 'purger')",
        )
        .unwrap();
    client.batch_execute("SET ROLE purger").unwrap();
    assert_eq!(text(client, "SELECT leadroute.purge_job_history()::text"), "2");
    client.batch_execute("RESET ROLE").unwrap();
    let left = "SELECT string_agg(concat_ws(' ', database, command), '; ' ORDER BY database, command) FROM cron.job_run_details";
    let expected =
        "leadroute CALL leadroute.keep_time(); leadroute CALL leadroute.keep_time(); leadroute VACUUM; \
                    other CALL leadroute.keep_time()";
    assert_eq!(text(client, left), expected);
    let negative =
        client.batch_execute("SELECT leadroute.purge_job_history('-1 day')").expect_err("a negative age");
    assert_eq!(negative.code().expect("an error of the server").code(), "22023");
}

/// How the extension goes: what is done before it is created, and after, and the command.
const WAYS_TO_DROP: [(&str, &str, &str); 5] = [
    ("", "", "DROP EXTENSION leadroute"),
    ("", "", "DROP EXTENSION IF EXISTS nothing, leadroute CASCADE"),
    ("", "", "DROP EXTENSION btree_gist CASCADE"),
    ("", "CREATE SCHEMA apart; ALTER EXTENSION btree_gist SET SCHEMA apart", "DROP SCHEMA apart CASCADE"),
    (
        "CREATE ROLE maker; GRANT CREATE ON DATABASE leadroute TO maker; SET ROLE maker",
        "",
        "DROP OWNED BY maker CASCADE",
    ),
];

/// However it goes: by its name, with what it requires, or with what its owner owns. If it stays, so do the jobs.
fn the_jobs_go_with_the_extension(client: &mut Client) {
    let jobs = "SELECT string_agg(jobname, ', ' ORDER BY jobname) FROM cron.job";
    let all =
        "another, leadroute escalation, leadroute housekeeping, leadroute outbox, leadroute performance, leadroute replay";
    client
        .batch_execute(
            "SELECT cron.schedule('another', '0 0 1 1 *', 'SELECT 1'); DROP EXTENSION btree_gist CASCADE",
        )
        .unwrap();
    for (before, after, drop) in WAYS_TO_DROP {
        // a job that ran meanwhile would hold what is dropped
        let create = "CREATE EXTENSION leadroute CASCADE; RESET ROLE; SELECT leadroute.schedule_jobs();
                      UPDATE cron.job SET active = false"
            .to_owned();
        let rolled_back = format!("BEGIN; {drop}; ROLLBACK");
        let refused = format!("DO $$ BEGIN SET ROLE purger; EXECUTE '{drop}'; EXCEPTION WHEN OTHERS THEN NULL; END $$; RESET ROLE");
        let others = "DROP SCHEMA IF EXISTS nothing; DROP EXTENSION IF EXISTS nothing; DROP OWNED BY purger"
            .to_owned();
        for sql in [before.to_owned(), create, after.to_owned(), rolled_back, refused, others] {
            client.batch_execute(&sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
        }
        assert_eq!(text(client, jobs), all, "{drop} was rolled back, or refused");
        client.batch_execute(drop).unwrap();
        assert_eq!(text(client, jobs), "another", "after {drop}");
        client.batch_execute("DROP EXTENSION IF EXISTS btree_gist").unwrap();
    }
}

fn the_jobs_go_with_what_the_current_user_owns(client: &mut Client) {
    client
        .batch_execute(
            "GRANT CREATE ON DATABASE leadroute TO maker; SET ROLE maker; CREATE EXTENSION leadroute CASCADE;
             RESET ROLE; SELECT leadroute.schedule_jobs(); UPDATE cron.job SET active = false",
        )
        .unwrap();
    client.batch_execute("SET ROLE maker").unwrap();
    client.batch_execute("DROP OWNED BY CURRENT_USER CASCADE").unwrap();
    client.batch_execute("RESET ROLE").unwrap();
    assert_eq!(text(client, "SELECT string_agg(jobname, ', ') FROM cron.job"), "another");
}
