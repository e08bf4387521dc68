//! Alarms are told once, whoever checks them and whatever ends their sessions.

use leadroute_cluster_tests::{number, wait_for, Database};
use postgres::error::SqlState;
use std::thread;

const CHECK: &str = "SELECT leadroute.check_alarms()::bigint";
const TOLD: &str = "SELECT count(*) FROM leadroute.notifications WHERE kind = 'rate_alarm'";
const OPEN: &str = "SELECT count(*) FROM leadroute.alarms WHERE until IS NULL AND told_at IS NOT NULL";

/// Sixty leads for which nobody is found: too many unrouted, and too many that fall back.
fn with_lost_leads() -> Database {
    let database = Database::with_pool(1);
    let sql = "DELETE FROM leadroute.tiers;
               INSERT INTO leadroute.leads (email) SELECT n || '@lost.com' FROM generate_series(1, 60) n";
    database.connect().batch_execute(sql).unwrap();
    database
}

#[test]
fn a_second_session_beside_the_first_tells_nothing_and_does_not_wait() {
    let database = with_lost_leads();
    let (mut first, mut second, mut watcher) = (database.connect(), database.connect(), database.connect());
    second.batch_execute("SET statement_timeout = '5s'").unwrap();
    first.batch_execute("BEGIN").unwrap();
    assert_eq!(number(&mut first, CHECK), 2);
    assert_eq!(number(&mut second, CHECK), 0);
    first.batch_execute("COMMIT").unwrap();
    assert_eq!(number(&mut second, CHECK), 0);
    assert_eq!((number(&mut watcher, TOLD), number(&mut watcher, OPEN)), (2, 2));
}

#[test]
fn an_older_snapshot_tells_nothing_again() {
    for level in ["REPEATABLE READ", "SERIALIZABLE"] {
        let database = with_lost_leads();
        let (mut first, mut second) = (database.connect(), database.connect());
        second.batch_execute(&format!("BEGIN ISOLATION LEVEL {level}")).unwrap();
        assert_eq!(number(&mut second, OPEN), 0);
        assert_eq!(number(&mut first, CHECK), 2);
        // what the first has told cannot be seen, so it fails rather than tell it again
        let error = second.query_one(CHECK, &[]).unwrap_err();
        assert_eq!(error.code(), Some(&SqlState::T_R_SERIALIZATION_FAILURE), "{level}: {error}");
        second.batch_execute("ROLLBACK").unwrap();
        assert_eq!(number(&mut second, CHECK), 0, "{level}");
        assert_eq!(number(&mut first, TOLD), 2, "{level}");
    }
}

#[test]
fn whoever_dies_before_the_commit_has_told_nothing() {
    let database = with_lost_leads();
    let (mut first, mut second) = (database.connect(), database.connect());
    first.batch_execute("BEGIN").unwrap();
    assert_eq!(number(&mut first, CHECK), 2);
    let pid = number(&mut first, "SELECT pg_backend_pid()::bigint");
    second.batch_execute(&format!("SELECT pg_terminate_backend({pid})")).unwrap();
    let gone = format!("SELECT count(*) FROM pg_stat_activity WHERE pid = {pid}");
    wait_for("the first session to be gone", 20, || (number(&mut second, &gone) == 0).then_some(()));
    assert_eq!((number(&mut second, TOLD), number(&mut second, OPEN)), (0, 0));
    assert_eq!(number(&mut second, CHECK), 2);
    assert_eq!((number(&mut second, TOLD), number(&mut second, OPEN)), (2, 2));
}

#[test]
fn many_sessions_at_once_tell_each_alarm_once() {
    let database = with_lost_leads();
    let told: i64 = thread::scope(|scope| {
        let checks = |_| {
            let mut client = database.connect();
            scope.spawn(move || (0..20).map(|_| number(&mut client, CHECK)).sum::<i64>())
        };
        let sessions: Vec<_> = (0..8).map(checks).collect();
        sessions.into_iter().map(|session| session.join().unwrap()).sum()
    });
    let mut watcher = database.connect();
    assert_eq!((told, number(&mut watcher, TOLD), number(&mut watcher, OPEN)), (2, 2, 2));
}
