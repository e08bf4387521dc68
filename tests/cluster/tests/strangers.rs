//! Waiting for another session's open transaction has a time limit.

use leadroute_cluster_tests::{check_consistency, number, text, wait_for, Database};
use postgres::Client;
use std::time::{Duration, Instant};

const ROUTE: &str =
    "SELECT leadroute.route_lead('{\"external_id\": \"form-7\", \"email\": \"bob@acme.com\"}') ->> 'created'";

/// A statement that hangs fails its test instead of hanging it too.
fn session(database: &Database, duplicate_wait: &str) -> Client {
    let mut client = database.connect();
    let settings =
        format!("SET leadroute.duplicate_wait = '{duplicate_wait}'; SET statement_timeout = '20s'");
    client.batch_execute(&settings).unwrap();
    client
}

/// Waits until a session waits for another one.
fn wait_for_a_waiter(database: &Database) {
    let mut watcher = database.connect();
    wait_for("the second submit to wait", 10, || {
        let waits =
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'active'
                       AND pid <> pg_backend_pid() AND wait_event_type = 'Extension'";
        (number(&mut watcher, waits) > 0).then_some(())
    });
}

#[test]
fn an_external_id_in_an_open_transaction_is_an_error_in_time() {
    let submits = [
        ("route_lead", ROUTE),
        ("INSERT", "INSERT INTO leadroute.leads (external_id) VALUES ('form-7') RETURNING external_id"),
        (
            "bulk INSERT",
            "INSERT INTO leadroute.leads (external_id) SELECT 'form-' || n FROM generate_series(1, 300) n",
        ),
        (
            "INSERT while routing is off",
            "SET LOCAL leadroute.enabled = off; INSERT INTO leadroute.leads (external_id) VALUES ('form-7')",
        ),
    ];
    for (name, submit) in submits {
        let database = Database::with_pool(2);
        let (mut first, mut second) = (database.connect(), session(&database, "100ms"));
        first.batch_execute("BEGIN").unwrap();
        first.batch_execute(submit).unwrap();
        let error = second.query(ROUTE, &[]).expect_err(name);
        let error = error.as_db_error().expect("an error of the server");
        assert_eq!(error.code().code(), "55P03", "{name}: {error}");
        assert_eq!(
            error.message(),
            "lead with external_id \"form-7\" is being submitted by another transaction"
        );
        assert!(error.hint().is_some_and(|hint| hint.contains("Try again")));
        first.batch_execute("COMMIT").unwrap();
        assert_eq!(text(&mut second, ROUTE), "false", "{name}: a retry answers with the first submit");
        assert_eq!(
            number(&mut second, "SELECT count(*) FROM leadroute.leads WHERE external_id = 'form-7'"),
            1
        );
    }
}

#[test]
fn an_external_id_whose_first_submit_is_rolled_back_is_new() {
    let database = Database::with_pool(2);
    let mut first = database.connect();
    first.batch_execute("BEGIN; INSERT INTO leadroute.leads (external_id) VALUES ('form-7')").unwrap();
    let mut second = session(&database, "15s");
    let waiting = std::thread::spawn(move || text(&mut second, ROUTE));
    wait_for_a_waiter(&database);
    first.batch_execute("ROLLBACK").unwrap();
    assert_eq!(waiting.join().unwrap(), "true");
    check_consistency(&mut first);
}

/// A stranger inserts the same external id while route_lead waits for the person.
#[test]
fn an_external_id_that_comes_while_routing_waits_is_seen() {
    let database = Database::with_pool(4);
    let (mut person, mut key) = (database.connect(), database.connect());
    person.batch_execute("BEGIN; INSERT INTO leadroute.leads (email) VALUES ('bob@acme.com')").unwrap();
    let mut second = session(&database, "2s");
    // A wait in the unique index would end with this.
    second.batch_execute("SET lock_timeout = '50ms'").unwrap();
    let waiting = std::thread::spawn(move || second.query(ROUTE, &[]).err());
    wait_for_a_waiter(&database);
    key.batch_execute("BEGIN; INSERT INTO leadroute.leads (external_id) VALUES ('form-7')").unwrap();
    person.batch_execute("COMMIT").unwrap();
    let error = waiting.join().unwrap().expect("an error");
    let message = error.as_db_error().expect("an error of the server").message();
    assert_eq!(message, "lead with external_id \"form-7\" is being submitted by another transaction");
}

/// A session that only asks for a lead that is there, or works on it, does not make others wait.
#[test]
fn an_external_id_that_is_there_is_answered_at_once() {
    let database = Database::with_pool(2);
    let (mut first, mut second) = (database.connect(), session(&database, "60s"));
    assert_eq!(text(&mut first, ROUTE), "true");
    first.batch_execute("BEGIN; UPDATE leadroute.leads SET company = 'Acme'").unwrap();
    assert_eq!(text(&mut first, ROUTE), "false");
    assert_eq!(text(&mut second, ROUTE), "false");
}

/// A job that submits a million leads in one transaction must not fill the lock table.
#[test]
fn external_ids_keep_no_locks() {
    let database = Database::with_pool(2);
    let mut client = database.connect();
    let locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = x'4C520045'::bigint AND pid = pg_backend_pid()";
    client.batch_execute("BEGIN; SAVEPOINT s").unwrap();
    for n in 0..3 {
        let sql = format!("SELECT leadroute.route_lead('{{\"external_id\": \"{n}\"}}') ->> 'created'");
        assert_eq!(text(&mut client, &sql), "true");
    }
    assert_eq!(number(&mut client, locks), 0);
    assert_eq!(number(&mut client, "SELECT count(*) FROM leadroute.leads"), 3);
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

/// Let in beside an open transaction, merged once that has committed; what another transaction has locked is left for later.
#[test]
fn leads_that_were_let_in_are_merged_by_housekeeping() {
    let database = Database::with_pool(4);
    let (mut first, mut second) = (database.connect(), session(&database, "0"));
    first.batch_execute("BEGIN; INSERT INTO leadroute.leads (email) VALUES ('ada@acme.com')").unwrap();
    let insert = "INSERT INTO leadroute.leads (email, company) VALUES ('Ada+again@acme.com', 'Acme') RETURNING id::text, status";
    assert_eq!(second.query_one(insert, &[]).unwrap().get::<_, String>(1), "assigned");
    let merge = "SELECT leadroute.merge_duplicates()::bigint";
    assert_eq!(number(&mut second, merge), 0, "the first is not there yet");
    first.batch_execute("COMMIT").unwrap();
    for held in [1, 2] {
        first
            .batch_execute(&format!("BEGIN; SELECT FROM leadroute.leads WHERE id = {held} FOR UPDATE"))
            .unwrap();
        assert_eq!(number(&mut second, merge), 0, "somebody holds lead {held}");
        first.batch_execute("COMMIT").unwrap();
    }
    assert_eq!(number(&mut second, merge), 1);
    let leads =
        "SELECT string_agg(id || ' ' || status || ' ' || company, ', ' ORDER BY id) FROM leadroute.leads";
    assert_eq!(text(&mut second, leads), "1 assigned Acme, 2 merged Acme");
    assert_eq!(
        text(
            &mut second,
            "SELECT string_agg(lead_id::text, '') FROM leadroute.sla_clocks WHERE stopped_at IS NULL"
        ),
        "1"
    );
    check_consistency(&mut second);
}
