//! The names of accounts are those of the accounts, whoever writes accounts while matching is switched on.

use leadroute_cluster_tests::{number, text, wait_for, Database};
use postgres::error::SqlState;
use postgres::Client;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;

const LEVELS: [&str; 2] = ["READ COMMITTED", "REPEATABLE READ"];
const ON: &str = "INSERT INTO leadroute.account_matching (name, enabled) VALUES ('all', true)";
const OFF: &str = "DELETE FROM leadroute.account_matching";
/// What is wrong with the names, and how many accounts are not found by theirs.
const WRONG: &str = "SELECT coalesce((SELECT string_agg(problem, ', ') FROM leadroute.check_integrity()), '')
    || coalesce((SELECT string_agg(a.id, ', ') FROM leadroute.accounts a
                  WHERE NOT EXISTS (SELECT FROM leadroute.account_names n WHERE n.account_id = a.id AND n.folded = replace(lower(a.name), ' ', ''))), '')";

/// A session whose snapshot is older than the switch, with two accounts that are there already.
fn before_the_switch(level: &str) -> (Database, Client, Client) {
    let database = Database::empty();
    let (mut admin, mut other) = (database.connect(), database.connect());
    let there = "INSERT INTO leadroute.accounts (id, name) VALUES ('kept', 'Kept Oak'), ('renamed', 'Renamed Ash'), ('gone', 'Gone Elm')";
    admin.batch_execute(there).unwrap();
    other.batch_execute(&format!("BEGIN ISOLATION LEVEL {level}")).unwrap();
    assert_eq!(number(&mut other, "SELECT count(*) FROM leadroute.account_matching"), 0);
    (database, admin, other)
}

const WRITES: [&str; 4] = [
    "INSERT INTO leadroute.accounts (id, name) VALUES ('new', 'New Birch')",
    "UPDATE leadroute.accounts SET name = 'Beech' WHERE id = 'renamed'",
    "DELETE FROM leadroute.accounts WHERE id = 'gone'",
    "INSERT INTO leadroute.accounts (id, name) VALUES ('kept', 'Fir') ON CONFLICT (tenant, id) DO UPDATE SET name = excluded.name",
];

#[test]
fn what_is_written_after_the_switch_under_an_older_snapshot_is_found() {
    for level in LEVELS {
        for write in WRITES {
            let (_database, mut admin, mut other) = before_the_switch(level);
            admin.batch_execute(ON).unwrap();
            other.batch_execute(write).unwrap_or_else(|error| panic!("{level}: {write}: {error}"));
            other.batch_execute("COMMIT").unwrap();
            assert_eq!(text(&mut admin, WRONG), "", "{level}: {write}");
        }
    }
}

#[test]
fn what_is_written_before_the_switch_and_committed_later_is_waited_for() {
    for level in LEVELS {
        for write in WRITES {
            let (database, mut admin, mut other) = before_the_switch(level);
            other.batch_execute(write).unwrap();
            thread::scope(|scope| {
                let switch = scope.spawn(|| database.connect().batch_execute(ON));
                let waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
                wait_for("the switch to wait", 30, || (number(&mut admin, waits) == 1).then_some(()));
                other.batch_execute("COMMIT").unwrap();
                switch.join().unwrap().unwrap();
            });
            assert_eq!(text(&mut admin, WRONG), "", "{level}: {write}");
        }
    }
}

#[test]
fn what_is_written_after_other_legal_forms_under_an_older_snapshot_is_found() {
    for write in WRITES {
        let database = Database::empty();
        let (mut admin, mut other) = (database.connect(), database.connect());
        let there = "INSERT INTO leadroute.accounts (id, name) VALUES ('kept', 'Kept Oak'), ('renamed', 'Renamed Ash'), ('gone', 'Gone Elm')";
        admin.batch_execute(&format!("{ON}; {there}")).unwrap();
        other.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1").unwrap();
        let forms = "UPDATE leadroute.account_matching SET legal_forms = '{Oak,Ash,Elm}'";
        admin.batch_execute(forms).unwrap();
        other.batch_execute(write).unwrap_or_else(|error| panic!("{write}: {error}"));
        other.batch_execute("COMMIT").unwrap();
        let wrong =
            "SELECT coalesce((SELECT string_agg(problem, ', ') FROM leadroute.check_integrity()), '')";
        assert_eq!(text(&mut admin, wrong), "", "{write}");
    }
}

/// Writes accounts of its own until it is told to stop: each is inserted, most are renamed, some deleted.
fn write(client: &mut Client, who: usize, level: &str, done: &AtomicU32, stop: &AtomicBool) {
    let mut n = 0;
    while !stop.load(Ordering::Relaxed) {
        n += 1;
        let sql = format!(
            "BEGIN ISOLATION LEVEL {level}; SELECT count(*) FROM leadroute.accounts;
             INSERT INTO leadroute.accounts (id, name) VALUES ('w{who}n{n}', 'company {who} {n}');
             UPDATE leadroute.accounts SET name = 'renamed {who} {n}' WHERE id = 'w{who}n{}';
             DELETE FROM leadroute.accounts WHERE id = 'w{who}n{}'; COMMIT",
            n - 1,
            if n % 3 == 0 { n - 2 } else { 0 },
        );
        if let Err(error) = client.batch_execute(&sql) {
            client.batch_execute("ROLLBACK").unwrap();
            assert_eq!(error.code(), Some(&SqlState::T_R_SERIALIZATION_FAILURE), "{level}: {error}");
        }
        done.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn switched_on_and_off_while_accounts_are_written_none_is_missing() {
    let database = Database::empty();
    let mut admin = database.connect();
    let (done, stop) = (AtomicU32::new(0), AtomicBool::new(false));
    let mut writers: Vec<Client> = (0..4).map(|_| database.connect()).collect();
    thread::scope(|scope| {
        for (who, client) in writers.iter_mut().enumerate() {
            let (done, stop) = (&done, &stop);
            scope.spawn(move || write(client, who, LEVELS[who % 2], done, stop));
        }
        for _ in 0..5 {
            for switch in [ON, OFF, ON] {
                let before = done.load(Ordering::Relaxed);
                wait_for("accounts", 60, || (done.load(Ordering::Relaxed) > before + 8).then_some(()));
                admin.batch_execute(switch).unwrap();
            }
            let before = done.load(Ordering::Relaxed);
            wait_for("accounts", 60, || (done.load(Ordering::Relaxed) > before + 8).then_some(()));
            admin.batch_execute("BEGIN; LOCK TABLE leadroute.accounts IN SHARE MODE").unwrap();
            let wrong = text(&mut admin, WRONG);
            admin.batch_execute(OFF).unwrap();
            admin.batch_execute("COMMIT").unwrap();
            if !wrong.is_empty() {
                stop.store(true, Ordering::Relaxed);
                panic!("{wrong}");
            }
        }
        stop.store(true, Ordering::Relaxed);
    });
    assert!(number(&mut admin, "SELECT count(*) FROM leadroute.accounts") > 20);
}
