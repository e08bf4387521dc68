//! The outbox under concurrency: consumers that die, leads that come meanwhile, listeners that sleep.

use leadroute_cluster_tests::{number, text, wait_for, Database};
use postgres::fallible_iterator::FallibleIterator;
use postgres::{Client, Transaction};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

const ROUTERS: u32 = 8;
const CONSUMERS: u32 = 6;
const LEADS: u32 = 250;

/// What consumers have seen, in the order in which it was acknowledged or about to be.
#[derive(Default)]
struct Seen {
    acknowledged: HashMap<i64, u32>,
    latest_of_lead: HashMap<i64, i64>,
}

impl Seen {
    /// A notification was handed out: everything of the lead before it is acknowledged by now.
    fn taken(&self, id: i64, lead: i64) {
        if let Some(latest) = self.latest_of_lead.get(&lead) {
            assert!(id >= *latest, "notification {id} of lead {lead} came after {latest}");
        }
    }
}

fn send(database: &Database, who: u32) {
    let mut client = database.connect();
    for n in 0..LEADS {
        let id: i64 = client
            .query_one(
                "INSERT INTO leadroute.leads (email) VALUES ($1) RETURNING id",
                &[&format!("{n}@c{who}.com")],
            )
            .unwrap()
            .get(0);
        if n % 3 == 0 {
            let to = format!("r{}", 1 + n % 4);
            client.execute("SELECT leadroute.transfer_lead($1, $2)", &[&id, &to]).unwrap();
            client.execute("SELECT leadroute.reroute_lead($1, 'again')", &[&id]).unwrap();
        }
        if n % 10 == 0 {
            let undone = "BEGIN; INSERT INTO leadroute.leads (email) VALUES ('undone@nowhere.com'); ROLLBACK";
            client.batch_execute(undone).unwrap();
        }
    }
}

/// One round of a consumer; true if it found something. Every fifth one dies with what it holds.
fn consume(client: &mut Client, who: u32, round: u32, seen: &Mutex<Seen>) -> Result<bool, postgres::Error> {
    let isolation = ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"][(who % 3) as usize];
    client.batch_execute(&format!("SET default_transaction_isolation = '{isolation}'"))?;
    let mut transaction = client.transaction()?;
    let taken = take(&mut transaction, who)?;
    if round % 7 == 3 {
        transaction.rollback()?;
        return Ok(true);
    }
    transaction.commit()?;
    {
        // Acknowledged by nobody but us, while the lease is long; so the order can be checked here.
        let seen = seen.lock().unwrap();
        taken.iter().for_each(|(id, lead)| seen.taken(*id, *lead));
    }
    if round % 5 == 4 {
        return Ok(true);
    }
    let ids: Vec<i64> = taken.iter().map(|(id, _)| *id).collect();
    // Whoever takes the next one of a lead must find this one noted.
    let mut seen = seen.lock().unwrap();
    let count: i32 = client.query_one("SELECT leadroute.ack_notifications($1)", &[&ids])?.get(0);
    assert_eq!(usize::try_from(count).unwrap(), ids.len(), "somebody else has acknowledged ours");
    for (id, lead) in &taken {
        *seen.acknowledged.entry(*id).or_default() += 1;
        seen.latest_of_lead.insert(*lead, *id);
    }
    Ok(!ids.is_empty())
}

fn take(transaction: &mut Transaction<'_>, who: u32) -> Result<Vec<(i64, i64)>, postgres::Error> {
    let rows = transaction.query(
        "SELECT id, lead_id FROM leadroute.take_notifications($1, 20, '1 hour')",
        &[&format!("c{who}")],
    )?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

/// The leases of a consumer that has died end.
fn bury(client: &mut Client, who: u32) {
    client
        .execute(
            "UPDATE leadroute.notifications SET lease_until = now() WHERE id IN (
                 SELECT id FROM leadroute.notifications WHERE taken_by = $1 AND acked_at IS NULL ORDER BY id FOR UPDATE)",
            &[&format!("c{who}")],
        )
        .unwrap();
}

/// Consumes until nothing is left and nothing comes any more, or somebody has failed.
fn consume_all(database: &Database, who: u32, seen: &Mutex<Seen>, done: &AtomicBool, failed: &AtomicBool) {
    let (mut client, mut undertaker) = (database.connect(), database.connect());
    for round in 0.. {
        let ended = done.load(Ordering::Relaxed);
        let found = match consume(&mut client, who, round, seen) {
            Ok(found) => found,
            // At the higher levels a row that somebody else has just taken is an error to try again.
            Err(error) if error.code().is_some_and(|code| code.code() == "40001") => true,
            Err(error) => {
                // The others would wait for what it holds.
                failed.store(true, Ordering::Relaxed);
                panic!("consumer {who}: {error}");
            }
        };
        if round % 5 == 4 {
            client = database.connect();
            bury(&mut undertaker, who);
        }
        let open = "SELECT count(*) FROM leadroute.notifications WHERE acked_at IS NULL";
        let is_over = ended && !found && number(&mut undertaker, open) == 0;
        if is_over || failed.load(Ordering::Relaxed) {
            return;
        }
    }
}

#[test]
fn each_notification_is_acknowledged_once_and_in_order() {
    let database = Database::with_pool(4);
    let (seen, done, failed) = (Mutex::new(Seen::default()), AtomicBool::new(false), AtomicBool::new(false));
    thread::scope(|scope| {
        for who in 0..CONSUMERS {
            let (database, seen, done, failed) = (&database, &seen, &done, &failed);
            scope.spawn(move || consume_all(database, who, seen, done, failed));
        }
        let routers: Vec<_> = (0..ROUTERS)
            .map(|who| {
                scope.spawn({
                    let database = &database;
                    move || send(database, who)
                })
            })
            .collect();
        routers.into_iter().for_each(|router| router.join().unwrap());
        done.store(true, Ordering::Relaxed);
    });
    let mut client = database.connect();
    let total = number(&mut client, "SELECT count(*) FROM leadroute.notifications");
    assert!(total >= i64::from(ROUTERS * LEADS), "{total} notifications");
    assert_eq!(number(&mut client, "SELECT count(*) FROM leadroute.notifications WHERE acked_at IS NULL"), 0);
    let seen = seen.into_inner().unwrap();
    assert_eq!(i64::try_from(seen.acknowledged.len()).unwrap(), total, "some were never handed out");
    assert!(seen.acknowledged.values().all(|count| *count == 1), "some were acknowledged twice");
    let unordered = "SELECT count(*) FROM (SELECT acked_at < lag(acked_at) OVER (PARTITION BY lead_id ORDER BY id) AS early
        FROM leadroute.notifications) x WHERE early";
    assert_eq!(number(&mut client, unordered), 0, "acknowledged before an earlier one of the same lead");
    assert!(
        number(&mut client, "SELECT count(*) FROM leadroute.notifications WHERE attempts > 1") > 0,
        "nobody died"
    );
    println!("{total} notifications");
}

/// Falls asleep like the example does.
fn doze(client: &mut Client) -> bool {
    client.query_one("SELECT leadroute.doze()", &[]).unwrap().get(0)
}

/// How many times the session is notified within a moment.
fn calls(client: &mut Client, moment: Duration) -> usize {
    client.notifications().timeout_iter(moment).count().unwrap()
}

/// How many times the listener was notified so far. Messages come in the order of commits: what is there before this one has
/// come by then.
fn barrier(listener: &mut Client, router: &mut Client) -> usize {
    router.batch_execute("NOTIFY leadroute, 'barrier'").unwrap();
    let mut calls = listener.notifications();
    let calls = calls.timeout_iter(Duration::from_secs(20));
    calls.take_while(|call| Ok(call.payload() != "barrier")).count().unwrap()
}

#[test]
fn only_a_listener_that_sleeps_is_woken_and_only_by_a_commit() {
    let database = Database::with_pool(1);
    let (mut listener, mut router) = (database.connect(), database.connect());
    let insert = |tail: &str| format!("INSERT INTO leadroute.leads (email) VALUES ('{tail}@wake.com')");
    listener.batch_execute("LISTEN leadroute").unwrap();
    // Awake: nobody pays.
    router.batch_execute(&insert("awake")).unwrap();
    assert_eq!(barrier(&mut listener, &mut router), 0, "woken while awake");
    assert!(doze(&mut listener), "fell asleep before a notification that waits");
    assert_eq!(text(&mut listener, "SELECT leadroute.wake()::text"), "false");
    let everything =
        "SELECT count(leadroute.ack_notifications(ARRAY[id])) FROM leadroute.take_notifications('l')";
    assert_eq!(number(&mut listener, everything), 1);
    // Asleep: a rollback, a savepoint that was undone and a transaction that tells nobody wake nobody.
    assert!(!doze(&mut listener));
    for silent in [
        format!("BEGIN; {}; ROLLBACK", insert("undone")),
        format!("BEGIN; SAVEPOINT s; {}; ROLLBACK TO s; COMMIT", insert("half")),
        format!("BEGIN; SET LOCAL leadroute.notify = off; {}; COMMIT", insert("off")),
        "UPDATE leadroute.reps SET name = 'Somebody' WHERE id = 'r1'".to_owned(),
    ] {
        router.batch_execute(&silent).unwrap();
        assert_eq!(barrier(&mut listener, &mut router), 0, "woken by {silent}");
    }
    // A commit does, once however many leads it brings.
    let bulk = "INSERT INTO leadroute.leads (email) SELECT n || '@bulk.com' FROM generate_series(1, 2500) n";
    router.batch_execute(&format!("BEGIN; {bulk}; SAVEPOINT s; {}; RELEASE s; COMMIT", insert("b"))).unwrap();
    assert_eq!(barrier(&mut listener, &mut router), 1, "wake-ups by one transaction");
    assert_eq!(text(&mut listener, "SELECT leadroute.wake()::text"), "true");
    // Functions that write notifications themselves do as well.
    let drain =
        "SELECT count(leadroute.ack_notifications(ARRAY[id])) FROM leadroute.take_notifications('l', 10000)";
    assert_eq!(number(&mut listener, drain), 2502);
    assert!(!doze(&mut listener));
    router
        .batch_execute(
            "INSERT INTO leadroute.reps (id) VALUES ('r2'); SELECT leadroute.transfer_lead(1, 'r2')",
        )
        .unwrap();
    assert_eq!(barrier(&mut listener, &mut router), 1);
    // A listener that has gone is not notified any more.
    drop(listener);
    let asleep = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    wait_for("the sleeper to be gone", 20, || (number(&mut router, asleep) == 0).then_some(()));
}

/// As pg_cron calls them: in a session in which nothing of leadroute has run.
#[test]
fn jobs_need_no_session_that_has_routed() {
    let database = Database::with_pool(1);
    let jobs = "SELECT leadroute.check_rates() + leadroute.purge_notifications()::bigint";
    assert_eq!(number(&mut database.connect(), jobs), 0);
    let (mut session, name) = (database.connect(), database.name());
    session.batch_execute("DELETE FROM leadroute.tiers").unwrap();
    session
        .batch_execute(
            "INSERT INTO leadroute.leads (email) SELECT n || '@lost.com' FROM generate_series(1, 30) n",
        )
        .unwrap();
    session.batch_execute(&format!("ALTER DATABASE {name} SET leadroute.alarm_share = 1")).unwrap();
    assert_eq!(number(&mut database.connect(), jobs), 0);
    session.batch_execute(&format!("ALTER DATABASE {name} RESET leadroute.alarm_share")).unwrap();
    assert_eq!(number(&mut database.connect(), jobs), 1);
}

/// A commit that has looked for sleepers and is not visible yet: nobody falls asleep beside it.
#[test]
fn a_listener_does_not_fall_asleep_beside_a_commit() {
    let database = Database::with_pool(1);
    let (mut listener, mut blocker, mut router) =
        (database.connect(), database.connect(), database.connect());
    router
        .batch_execute("SET lock_timeout = '20s'; CREATE TEMP TABLE late (n integer) ON COMMIT DELETE ROWS")
        .unwrap();
    let late = text(&mut router, "SELECT oid::regclass::text FROM pg_class WHERE relname = 'late'");
    let schema = text(&mut router, "SELECT pg_my_temp_schema()::regnamespace::text");
    // Emptying it is among the last things of a commit, and waits for the blocker.
    blocker.batch_execute(&format!("BEGIN; LOCK TABLE {schema}.{late} IN ACCESS SHARE MODE")).unwrap();
    thread::scope(|scope| {
        let commit = scope.spawn(|| {
            router.batch_execute(
                "BEGIN; INSERT INTO late VALUES (1); INSERT INTO leadroute.leads (email) VALUES ('a@late.com'); COMMIT",
            )
        });
        let held = "SELECT count(*) FROM pg_locks WHERE NOT granted AND mode = 'AccessExclusiveLock'
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
        wait_for("the commit to be held", 20, || (number(&mut listener, held) == 1).then_some(()));
        assert_eq!(number(&mut listener, "SELECT count(*) FROM leadroute.take_notifications('l')"), 0);
        let waits = doze(&mut listener);
        blocker.batch_execute("COMMIT").unwrap();
        commit.join().unwrap().unwrap();
        assert!(waits, "fell asleep beside a commit");
    });
    assert_eq!(number(&mut listener, "SELECT count(*) FROM leadroute.take_notifications('l')"), 1);
    assert!(!doze(&mut listener));
}

/// Leads go on coming while a listener takes naps without end: it is never left asleep beside a notification.
#[test]
fn no_notification_slips_past_a_listener_that_falls_asleep() {
    let database = Database::with_pool(2);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let routers: Vec<_> = (0..3)
            .map(|who| {
                let mut client = database.connect();
                scope.spawn(move || {
                    for n in 0..300 {
                        client
                            .execute(
                                "INSERT INTO leadroute.leads (email) VALUES ($1)",
                                &[&format!("{n}@s{who}.com")],
                            )
                            .unwrap();
                        // Time to fall asleep.
                        thread::sleep(Duration::from_millis(3));
                    }
                })
            })
            .collect();
        let (database, done) = (&database, &done);
        scope.spawn(move || {
            let mut client = database.connect();
            client.batch_execute("LISTEN leadroute").unwrap();
            let (mut taken, mut naps) = (0, 0);
            while !(done.load(Ordering::Relaxed) && taken == 900) {
                let drain = "SELECT count(leadroute.ack_notifications(ARRAY[id])) FROM leadroute.take_notifications('l', 1000)";
                taken += number(&mut client, drain);
                if taken < 900 && !doze(&mut client) {
                    naps += 1;
                    let woken = calls_one(&mut client);
                    assert!(woken, "slept beside {}", text(&mut client, "SELECT leadroute.notifications_waiting()::text"));
                    client.execute("SELECT leadroute.wake()", &[]).unwrap();
                    calls(&mut client, Duration::from_millis(1));
                }
            }
            println!("{naps} naps");
        });
        routers.into_iter().for_each(|router| router.join().unwrap());
        done.store(true, Ordering::Relaxed);
    });
}

fn calls_one(client: &mut Client) -> bool {
    client.notifications().timeout_iter(Duration::from_secs(30)).next().unwrap().is_some()
}
