//! The real pg_cron drives the ladder while the server is cut off and comes back: every lead ends where the
//! ladder says, each step once. Where there is no pg_cron, a scheduler calls `keep_time()`. On a cluster of its own.

use leadroute_cluster_tests::own_cluster::Cluster;
use leadroute_cluster_tests::{check_consistency, has_cron, number, skipped, text, wait_for};
use postgres::{Client, NoTls};
use std::time::Duration;

const LEADS: i64 = 40;

fn overdue_leads(client: &mut Client, first: i64) {
    // The first step has been due for a while, the second comes within a minute.
    let sql = format!(
        "INSERT INTO leadroute.leads (email, event, occurred_at)
         SELECT 'p' || n || '@c' || n || '.com', 'demo_request', now() - interval '9 minutes 20 seconds'
           FROM generate_series({first}, {first} + {LEADS} / 2 - 1) n"
    );
    client.batch_execute(&sql).unwrap();
}

/// Starts what takes the steps: pg_cron, or a thread that stands for a scheduler outside and lasts as long as the test.
fn start_clock(client: &mut Client, cluster: &Cluster) {
    if has_cron(client) {
        let schedule = "CREATE EXTENSION pg_cron; SELECT leadroute.schedule_jobs()";
        return client.batch_execute(schedule).unwrap();
    }
    skipped("this PostgreSQL comes without pg_cron: keep_time() is called instead");
    let place = format!("host={} port=5432 user=leadroute dbname=leadroute", cluster.host());
    std::thread::spawn(move || loop {
        // the call ends with an error when the power goes, and nobody answers until it is back
        let _ = Client::connect(&place, NoTls).map(|mut c| c.batch_execute("CALL leadroute.keep_time()"));
        std::thread::sleep(Duration::from_millis(200));
    });
}

#[test]
fn a_power_cut_in_the_middle_of_the_ladder() {
    let cluster = Cluster::start("crash");
    let connect = |database: &str| cluster.connect("leadroute", database);
    let mut admin = connect("postgres").expect("a server");
    admin.batch_execute("CREATE DATABASE leadroute").unwrap();
    let mut client = connect("leadroute").expect("a database");
    client
        .batch_execute(
            "CREATE EXTENSION leadroute CASCADE;
             INSERT INTO leadroute.reps (id) VALUES ('boss');
             INSERT INTO leadroute.reps (id, manager_id) SELECT 'r' || n, 'boss' FROM generate_series(1, 3) n;
             INSERT INTO leadroute.pools (name) VALUES ('pool');
             INSERT INTO leadroute.pool_members (pool, rep_id) SELECT 'pool', id FROM leadroute.reps WHERE id <> 'boss';
             INSERT INTO leadroute.segments (name, fallback_queue) VALUES ('everybody', 'catch_all');
             INSERT INTO leadroute.tiers (name, pool) VALUES ('all', 'pool')",
        )
        .unwrap();
    start_clock(&mut client, &cluster);
    overdue_leads(&mut client, 1);
    let steps = "SELECT count(*) FROM leadroute.decisions WHERE cause = 'escalation'";
    wait_for("the first steps", 130, || (number(&mut client, steps) > 0).then_some(()));
    // Not committed when the power goes.
    client.batch_execute("BEGIN").unwrap();
    overdue_leads(&mut client, 1000);
    cluster.run("crash");
    cluster.run("start");
    let mut client = wait_for("the server", 30, || connect("leadroute"));
    overdue_leads(&mut client, 2000);
    let waiting = "SELECT count(*) FROM leadroute.leads WHERE owner_id <> 'boss'";
    wait_for("the ladder to end at the manager", 240, || (number(&mut client, waiting) == 0).then_some(()));
    assert_eq!(number(&mut client, "SELECT count(*) FROM leadroute.leads"), LEADS);
    let ladder = "SELECT string_agg(DISTINCT path, ' | ') FROM (
        SELECT string_agg(coalesce((SELECT step ->> 'step' FROM jsonb_array_elements(trace) step WHERE step ->> 'code' = 'escalated'), '-'),
                          ' ' ORDER BY id) AS path
          FROM leadroute.decisions GROUP BY lead_id) x";
    assert_eq!(text(&mut client, ladder), "- 1 2", "steps of the leads");
    check_consistency(&mut client);
}
