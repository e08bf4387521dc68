//! Rules and leads that arrive by logical replication: sessions of the subscriber that are open route by the new rules,
//! and a lead that was routed where it came is not routed again. On a cluster of its own, which has the log for it.

use leadroute_cluster_tests::own_cluster::Cluster;
use leadroute_cluster_tests::{text, wait_for};
use postgres::Client;

const RULES: &str =
    "leadroute.reps, leadroute.pools, leadroute.pool_members, leadroute.territories, leadroute.segments, leadroute.tiers, \
     leadroute.absences";

/// Tables that are still being copied.
const COPIED: &str = "SELECT count(*)::text FROM pg_subscription_rel WHERE srsubstate <> 'r'";

/// Who gets a lead that is inserted now.
fn next_owner(client: &mut Client) -> String {
    text(client, "INSERT INTO leadroute.leads (email) VALUES (gen_random_uuid() || '@acme.com') RETURNING coalesce(owner_id, queue)")
}

/// A publisher, a subscriber, and the statement by which it subscribes to rules, leads and decisions.
fn two_databases(cluster: &Cluster) -> (Client, Client, String) {
    let mut admin = cluster.connect("leadroute", "postgres").expect("a server");
    admin.batch_execute("ALTER SYSTEM SET wal_level = logical").unwrap();
    cluster.run("stop");
    cluster.run("start");
    let mut admin = cluster.connect("leadroute", "postgres").expect("a server");
    admin.batch_execute("CREATE DATABASE publisher").unwrap();
    admin.batch_execute("CREATE DATABASE subscriber").unwrap();
    let [mut publisher, subscriber] = ["publisher", "subscriber"].map(|database| {
        let mut client = cluster.connect("leadroute", database).expect("a database");
        client
            .batch_execute("SET client_min_messages = warning; CREATE EXTENSION leadroute CASCADE")
            .unwrap();
        client
    });
    publisher
        .batch_execute(&format!(
            "INSERT INTO leadroute.reps (id) VALUES ('ann'), ('bob');
             INSERT INTO leadroute.pools (name) VALUES ('pool');
             INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('pool', 'ann');
             INSERT INTO leadroute.territories (name) VALUES ('everywhere');
             INSERT INTO leadroute.segments (name, territory) VALUES ('everybody', 'everywhere');
             INSERT INTO leadroute.tiers (name, pool) VALUES ('all', 'pool');
             CREATE PUBLICATION rules FOR TABLE {RULES};
             CREATE PUBLICATION leads FOR TABLE leadroute.leads, leadroute.decisions"
        ))
        .unwrap();
    publisher.batch_execute("SELECT pg_create_logical_replication_slot('follower', 'pgoutput')").unwrap();
    let subscribe = format!(
        "CREATE SUBSCRIPTION follower CONNECTION 'host={} user=leadroute dbname=publisher' PUBLICATION rules, leads
         WITH (create_slot = false, slot_name = 'follower')",
        cluster.host()
    );
    (publisher, subscriber, subscribe)
}

#[test]
fn a_rule_that_a_subscription_brings_counts_for_the_next_lead_of_an_open_session() {
    let cluster = Cluster::start("subscription");
    let (mut publisher, mut subscriber, subscribe) = two_databases(&cluster);
    // It has read its rules: there are none.
    assert_eq!(next_owner(&mut subscriber), "catch_all");
    subscriber.batch_execute(&subscribe).unwrap();
    wait_for("the copy", 60, || (text(&mut subscriber, COPIED) == "0").then_some(()));
    assert_eq!(next_owner(&mut subscriber), "ann");
    // then each kind of change, row by row
    let changes = [
        ("UPDATE leadroute.reps SET active = false WHERE id = 'ann'", "catch_all"),
        ("INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('pool', 'bob')", "bob"),
        ("INSERT INTO leadroute.absences (rep_id, during) VALUES ('bob', '[2001-01-01,)')", "catch_all"),
        ("DELETE FROM leadroute.absences", "bob"),
        ("UPDATE leadroute.pools SET performance_weighted = true", "bob"),
        ("DELETE FROM leadroute.tiers", "catch_all"),
        ("INSERT INTO leadroute.tiers (name, pool) VALUES ('other', 'pool')", "bob"),
        ("TRUNCATE leadroute.tiers", "catch_all"),
    ];
    let rules = "SELECT concat((SELECT json_agg(r ORDER BY id) FROM leadroute.reps r), (SELECT json_agg(m ORDER BY seat) FROM leadroute.pool_members m),
        (SELECT json_agg(a ORDER BY id) FROM leadroute.absences a), (SELECT json_agg(t ORDER BY name) FROM leadroute.tiers t), (SELECT json_agg(p) FROM leadroute.pools p))";
    for (change, owner) in changes {
        publisher.batch_execute(change).unwrap();
        wait_for(change, 60, || (text(&mut publisher, rules) == text(&mut subscriber, rules)).then_some(()));
        assert_eq!(next_owner(&mut subscriber), owner, "after {change}");
    }
}

#[test]
fn a_lead_that_a_subscription_brings_is_not_routed_again() {
    let cluster = Cluster::start("subscribed_leads");
    let (mut publisher, mut subscriber, subscribe) = two_databases(&cluster);
    subscriber.batch_execute(&subscribe).unwrap();
    wait_for("the copy", 60, || (text(&mut subscriber, COPIED) == "0").then_some(()));
    publisher
        .batch_execute(
            "INSERT INTO leadroute.leads (id, email) OVERRIDING SYSTEM VALUE VALUES (1000, 'ada@acme.com')",
        )
        .unwrap();
    let lead = "SELECT (SELECT concat(l.owner_id, l.decision_id, l.routed_at) FROM leadroute.leads l WHERE id = 1000) || count(*)
                  FROM leadroute.decisions WHERE lead_id = 1000";
    let was = text(&mut publisher, lead);
    assert!(was.starts_with("ann"), "{was}");
    wait_for("the lead and its decision", 60, || (text(&mut subscriber, lead) == was).then_some(()));
}
