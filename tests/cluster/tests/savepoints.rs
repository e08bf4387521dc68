//! Many savepoints in one transaction: what others must know of them stays short, and every rollback gives its turns back.

use leadroute_cluster_tests::{check_consistency, number, text, worst_deviation, Database};
use postgres::Client;

fn insert(client: &mut Client, email: &str) -> String {
    text(client, &format!("INSERT INTO leadroute.leads (email) VALUES ('{email}') RETURNING owner_id"))
}

/// Versions that the rows of a pool or rep name at most.
const LONGEST: &str = "SELECT greatest(
    (SELECT max(cardinality(beside) + cardinality(replaces)) FROM leadroute.turns),
    (SELECT max(cardinality(beside) + cardinality(replaces)) FROM leadroute.loads))::bigint";

/// A transaction with `count` open savepoints, each with a lead.
fn open_savepoints(client: &mut Client, count: u32, name: &str) {
    client.batch_execute("BEGIN").unwrap();
    for n in 0..count {
        client.batch_execute(&format!("SAVEPOINT s{n}")).unwrap();
        insert(client, &format!("{name}{n}@acme.com"));
    }
}

#[test]
fn a_thousand_savepoints_are_not_carried_along_by_others() {
    let database = Database::with_pool(3);
    let (mut open, mut busy) = (database.connect(), database.connect());
    insert(&mut busy, "before@acme.com");
    open_savepoints(&mut open, 1000, "open");
    for n in 0..5 {
        insert(&mut busy, &format!("busy{n}@acme.com"));
    }
    assert!(number(&mut open, LONGEST) <= 8, "{} for the one", number(&mut open, LONGEST));
    assert!(number(&mut busy, LONGEST) <= 8, "{} for the other", number(&mut busy, LONGEST));
    open.batch_execute("COMMIT").unwrap();
    insert(&mut busy, "after@acme.com");
    check_consistency(&mut busy);
    assert_eq!(number(&mut busy, "SELECT count(*) FROM leadroute.turns"), 1);
    assert!(worst_deviation(&mut busy) < 2.0);
}

/// Others go on beside each rollback; then all is counted once, whoever commits.
#[test]
fn rollbacks_to_savepoints_beside_others_lose_nothing() {
    for (targets, last) in [
        (vec![39, 20, 19, 3], "COMMIT"),
        (vec![0], "COMMIT"),
        (vec![30, 10], "ROLLBACK"),
        (vec![1], "ROLLBACK"),
    ] {
        let database = Database::with_pool(3);
        let (mut open, mut busy, mut other) = (database.connect(), database.connect(), database.connect());
        insert(&mut busy, "before@acme.com");
        open_savepoints(&mut open, 40, "open");
        other.batch_execute("BEGIN; SAVEPOINT a").unwrap();
        insert(&mut other, "other@acme.com");
        for target in targets {
            insert(&mut busy, &format!("busy{target}@acme.com"));
            open.batch_execute(&format!("ROLLBACK TO s{target}")).unwrap();
            other.batch_execute(&format!("SAVEPOINT b{target}")).unwrap();
            insert(&mut other, &format!("other{target}@acme.com"));
            insert(&mut busy, &format!("again{target}@acme.com"));
            insert(&mut open, &format!("more{target}@acme.com"));
            assert!(number(&mut busy, LONGEST) <= 12, "{}", number(&mut busy, LONGEST));
        }
        open.batch_execute(last).unwrap();
        insert(&mut busy, "between@acme.com");
        other.batch_execute("ROLLBACK TO a; COMMIT").unwrap();
        insert(&mut busy, "after@acme.com");
        check_consistency(&mut busy);
        assert_eq!(number(&mut busy, "SELECT count(*) FROM leadroute.turns"), 1, "{last}");
        assert!(worst_deviation(&mut busy) < 3.0, "{last}: {}", worst_deviation(&mut busy));
    }
}

/// Nobody knows yet whether what a prepared transaction wrote will be there; its session goes on all the same.
#[test]
fn a_prepared_transaction_stops_no_insert_of_its_session() {
    let database = Database::with_pool(3);
    let mut client = database.connect();
    client.batch_execute("SET lock_timeout = '5s'; BEGIN").unwrap();
    insert(&mut client, "prepared@acme.com");
    client.batch_execute(&format!("PREPARE TRANSACTION '{}'", database.name())).unwrap();
    insert(&mut client, "next@foo.com");
    client.batch_execute(&format!("COMMIT PREPARED '{}'", database.name())).unwrap();
    let same = "SELECT count(*) FROM leadroute.decisions d WHERE (leadroute.replay_decision(d.id) -> 'same')::boolean";
    assert_eq!(number(&mut client, same), 2);
    check_consistency(&mut client);
}
