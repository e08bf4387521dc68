//! History where several sessions, clusters and databases have a part in it: what a snapshot saw is told exactly, a
//! subscription leaves history, and that of a dump is the same where it is restored.

use leadroute_cluster_tests::own_cluster::Cluster;
use leadroute_cluster_tests::restoring::{bare, Place};
use leadroute_cluster_tests::{text, wait_for, Database};
use postgres::Client;

/// Every routing table but the long one, as it is seen now.
const NOW: &str = "SELECT string_agg(t.\"table\" || (SELECT coalesce(string_agg(r::text, ',' ORDER BY r), '') FROM
    leadroute_internal.rows_as_of(t.\"table\", NULL, NULL) r), E'\\n' ORDER BY 1) FROM leadroute_internal.history_tables t WHERE \"table\" <> 'mail_domains'";

/// The same as a snapshot saw it, and as it was at a moment.
fn as_seen(client: &mut Client, seen: &str) -> String {
    text(client, &NOW.replace("NULL, NULL", &format!("'{seen}', NULL")))
}

fn at(client: &mut Client, moment: &str) -> String {
    text(client, &NOW.replace("NULL, NULL", &format!("NULL, '{moment}'")))
}

const SNAPSHOT: &str = "SELECT pg_current_snapshot()::text";
const MOMENT: &str = "SELECT clock_timestamp()::text";

#[test]
fn a_change_that_committed_after_a_snapshot_was_not_seen_by_it() {
    let database = Database::with_pool(3);
    let [mut one, mut other, mut reader] = [database.connect(), database.connect(), database.connect()];
    one.batch_execute(
        "BEGIN; UPDATE leadroute.reps SET id = 'zoe' WHERE id = 'r1';
         SAVEPOINT a; UPDATE leadroute.reps SET name = 'Bob' WHERE id = 'r2'; RELEASE a;
         SAVEPOINT b; DELETE FROM leadroute.pool_members; ROLLBACK TO b",
    )
    .unwrap();
    // Made before what another has committed, and before the moment, but not seen by then.
    other.batch_execute("UPDATE leadroute.reps SET name = 'Cyd' WHERE id = 'r3'").unwrap();
    reader.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ").unwrap();
    let (seen, moment, was) =
        (text(&mut reader, SNAPSHOT), text(&mut reader, MOMENT), text(&mut reader, NOW));
    assert!(was.contains("Cyd") && !was.contains("Bob") && !was.contains("zoe"), "{was}");
    one.batch_execute("COMMIT").unwrap();
    other.batch_execute("UPDATE leadroute.reps SET id = 'r1' WHERE id = 'zoe'; UPDATE leadroute.reps SET name = '' WHERE id = 'r3'").unwrap();
    // A transaction that sees none of that yet sees none of its history, either.
    assert_eq!(text(&mut reader, NOW), was);
    assert_eq!(as_seen(&mut reader, &seen), was);
    reader.batch_execute("COMMIT").unwrap();
    assert_ne!(text(&mut reader, NOW), was);
    assert_eq!(as_seen(&mut reader, &seen), was);
    // What was made by then has been committed since, so it is what counted then.
    let by_time = at(&mut reader, &moment);
    assert!(by_time.contains("zoe") && by_time.contains("Bob") && by_time.contains("Cyd"), "{by_time}");
}

#[test]
fn sessions_that_change_rules_side_by_side_leave_history_of_each() {
    let database = Database::with_pool(8);
    let mut reader = database.connect();
    reader.batch_execute("CREATE TABLE seen (at timestamptz, seen text, rows text)").unwrap();
    std::thread::scope(|scope| {
        for n in 1..=4 {
            let database = &database;
            scope.spawn(move || {
                let mut client = database.connect();
                for round in 0..25 {
                    let change = format!(
                        "UPDATE leadroute.pool_members SET weight = {round} + 1 WHERE rep_id = 'r{n}';
                         UPDATE leadroute.reps SET name = '{round}' WHERE id = 'r{}';
                         INSERT INTO leadroute.territories (name) VALUES ('{n}/{round}')",
                        n + 4
                    );
                    client.batch_execute(&change).unwrap();
                }
            });
        }
        for _ in 0..20 {
            let mut look = reader.transaction().unwrap();
            look.batch_execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ").unwrap();
            let sql = format!("SELECT pg_current_snapshot()::text, ({NOW})");
            let row = look.query_one(&sql, &[]).unwrap();
            let (seen, rows): (String, String) = (row.get(0), row.get(1));
            look.execute("INSERT INTO seen VALUES (clock_timestamp(), $1, $2)", &[&seen, &rows]).unwrap();
            look.commit().unwrap();
        }
    });
    let looked = reader.query("SELECT seen, rows FROM seen ORDER BY at", &[]).unwrap();
    for row in looked {
        let (seen, rows): (String, String) = (row.get(0), row.get(1));
        assert_eq!(as_seen(&mut reader, &seen), rows, "{seen}");
    }
    let noted = "SELECT string_agg(n::text, ',' ORDER BY n) FROM (SELECT count(*) AS n FROM leadroute.config_history
                  WHERE operation = 'INSERT' AND \"table\" = 'territories' AND key LIKE '%/%' GROUP BY split_part(key, '/', 1)) c";
    assert_eq!(text(&mut reader, noted), "25,25,25,25");
}

#[test]
fn a_restored_database_tells_the_same_of_the_past() {
    let source = Database::with_pool(3);
    let mut client = source.connect();
    let before = text(&mut client, MOMENT);
    let was = text(&mut client, NOW);
    client
        .batch_execute(
            "UPDATE leadroute.reps SET id = 'zoe', name = 'Zoë' WHERE id = 'r1'; DELETE FROM leadroute.tiers;
             UPDATE leadroute.sla_policies SET respond_within = '90 seconds'; DELETE FROM leadroute.event_types WHERE name = 'webinar'",
        )
        .unwrap();
    let (moment, then) = (text(&mut client, MOMENT), text(&mut client, NOW));
    client
        .batch_execute("TRUNCATE leadroute.pool_members; INSERT INTO leadroute.pools (name) VALUES ('new')")
        .unwrap();
    let ways: [&[&str]; 3] = [&["-Fc"], &["-Fc", "--inserts"], &["-Fc", "--rows-per-insert=10"]];
    for way in ways {
        let target = bare();
        let file = std::env::temp_dir().join(target.name());
        let path = file.to_str().expect("a path");
        let arguments = [&["pg_dump", "-f", path], way].concat();
        assert_eq!(Place::of(&source).run(&arguments), Vec::<String>::new());
        let restore = ["pg_restore", "--exit-on-error", path];
        assert_eq!(Place::of(&target).run(&restore), Vec::<String>::new(), "{way:?}");
        std::fs::remove_file(&file).unwrap();
        let mut restored = target.connect();
        assert_eq!(text(&mut restored, NOW), text(&mut client, NOW), "{way:?}");
        assert_eq!(at(&mut restored, &moment), then, "{way:?}");
        assert_eq!(at(&mut restored, &before), was, "{way:?}");
        // Rows that came with the dump count as seen; what is changed from now on does not.
        let (seen, now) = (text(&mut restored, SNAPSHOT), text(&mut restored, NOW));
        restored.batch_execute("DELETE FROM leadroute.pools WHERE name = 'new'").unwrap();
        assert_eq!(as_seen(&mut restored, &seen), now, "{way:?}");
        let noted = "SELECT operation || ' ' || key FROM leadroute.config_history ORDER BY id DESC LIMIT 1";
        assert_eq!(text(&mut restored, noted), "DELETE new", "{way:?}");
    }
}

/// A publisher and a subscriber with the extension; the subscriber follows the tables.
fn followed(cluster: &Cluster, tables: &str) -> (Client, Client) {
    let mut admin = cluster.connect("leadroute", "postgres").expect("a server");
    admin.batch_execute("ALTER SYSTEM SET wal_level = logical").unwrap();
    cluster.run("stop");
    cluster.run("start");
    let mut admin = cluster.connect("leadroute", "postgres").expect("a server");
    let [mut publisher, mut subscriber] = ["publisher", "subscriber"].map(|name| {
        admin.batch_execute(&format!("CREATE DATABASE {name}")).unwrap();
        let mut client = cluster.connect("leadroute", name).expect("a database");
        client
            .batch_execute("SET client_min_messages = warning; CREATE EXTENSION leadroute CASCADE")
            .unwrap();
        client
    });
    publisher.batch_execute("INSERT INTO leadroute.pools (name) VALUES ('first')").unwrap();
    publisher.batch_execute(&format!("CREATE PUBLICATION rules FOR TABLE {tables}")).unwrap();
    publisher.batch_execute("SELECT pg_create_logical_replication_slot('follower', 'pgoutput')").unwrap();
    let subscribe = format!(
        "CREATE SUBSCRIPTION follower CONNECTION 'host={} user=leadroute dbname=publisher' PUBLICATION rules
         WITH (create_slot = false, slot_name = 'follower')",
        cluster.host()
    );
    subscriber.batch_execute(&subscribe).unwrap();
    let copied = "SELECT count(*)::text FROM pg_subscription_rel WHERE srsubstate <> 'r'";
    wait_for("the copy", 60, || (text(&mut subscriber, copied) == "0").then_some(()));
    (publisher, subscriber)
}

/// What was noted of pools.
const POOLS: &str =
    "SELECT string_agg(operation || ' ' || key || ' ' || coalesce(after ->> 'name', ''), ', ' ORDER BY id)
    FROM leadroute.config_history WHERE \"table\" = 'pools'";
const CHANGES: &str = "INSERT INTO leadroute.pools (name) VALUES ('a'), ('b'); UPDATE leadroute.pools SET name = name || 'x' WHERE name <> 'first';
    UPDATE leadroute.pools SET name = name; DELETE FROM leadroute.pools WHERE name = 'ax'; TRUNCATE leadroute.pools";
const NOTED: &str = "INSERT first first, INSERT a a, INSERT b b, UPDATE a ax, UPDATE b bx, DELETE ax ";

#[test]
fn rules_that_a_subscription_brings_leave_history() {
    let cluster = Cluster::start("history");
    let (mut publisher, mut subscriber) = followed(&cluster, "leadroute.pools");
    publisher.batch_execute(CHANGES).unwrap();
    let last = "SELECT count(*)::text FROM leadroute.pools";
    wait_for("the changes", 60, || (text(&mut subscriber, last) == "0").then_some(()));
    let noted = text(&mut subscriber, POOLS);
    // the rows that TRUNCATE takes come in any order
    let rest = noted.strip_prefix(NOTED).expect(&noted).trim_start_matches(", ");
    let mut rest: Vec<&str> = rest.split(", ").map(str::trim).collect();
    rest.sort_unstable();
    assert_eq!(rest, ["DELETE bx", "DELETE first"], "{noted}");
    assert_eq!(text(&mut publisher, POOLS).len(), noted.len());
}

#[test]
fn history_that_a_subscription_brings_is_not_written_twice() {
    let cluster = Cluster::start("history_followed");
    let (mut publisher, mut subscriber) = followed(&cluster, "leadroute.pools, leadroute.config_history");
    publisher.batch_execute(CHANGES).unwrap();
    wait_for("the changes", 60, || {
        (text(&mut subscriber, POOLS) == text(&mut publisher, POOLS)).then_some(())
    });
    let own = "SELECT bool_and(h.transaction < pg_snapshot_xmax(pg_current_snapshot()))::text || count(*) FROM leadroute.config_history h";
    assert_eq!(text(&mut subscriber, own), text(&mut publisher, own));
    // what is changed here leaves its own
    subscriber.batch_execute("SELECT setval('leadroute.config_history_id_seq', 1000); INSERT INTO leadroute.pools (name) VALUES ('own')").unwrap();
    assert!(text(&mut subscriber, POOLS).ends_with("INSERT own own"));
}
