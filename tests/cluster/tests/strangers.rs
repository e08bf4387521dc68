//! Waiting for a stranger's open transaction has an end.

use leadroute_cluster_tests::{check_consistency, Database};
use postgres::Client;
use std::time::{Duration, Instant};

/// A statement that hangs fails its test instead of hanging it too.
fn session(database: &Database, duplicate_wait: &str) -> Client {
    let mut client = database.connect();
    let settings =
        format!("SET leadroute.duplicate_wait = '{duplicate_wait}'; SET statement_timeout = '20s'");
    client.batch_execute(&settings).unwrap();
    client
}

#[test]
fn the_wait_for_persons_is_one_for_all_rows_of_a_statement() {
    let database = Database::with_pool(8);
    let rows = |tag: &str| {
        format!(
            "INSERT INTO leadroute.leads (email) SELECT 'p' || n || '{tag}@acme.com' FROM generate_series(1, 5) n"
        )
    };
    let (mut first, mut second) = (database.connect(), session(&database, "300ms"));
    first.batch_execute(&format!("BEGIN; {}", rows(""))).unwrap();
    let begun = Instant::now();
    assert_eq!(second.execute(&rows("+again"), &[]).unwrap(), 5, "every lead is let in");
    let waited = begun.elapsed();
    assert!(waited >= Duration::from_millis(300), "waited only {waited:?}");
    assert!(waited < Duration::from_millis(1200), "waited {waited:?}");
    first.batch_execute("COMMIT").unwrap();
    check_consistency(&mut second);
}
