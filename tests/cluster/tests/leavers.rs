//! A rep or a queue is deleted or renamed while another session's open transaction gives it a lead: no lead
//! ever belongs to nobody, and routing waits for nobody.

use leadroute_cluster_tests::{check_consistency, number, text, wait_for, Database};
use postgres::error::DbError;
use postgres::Client;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const INSERT: &str =
    "INSERT INTO leadroute.leads (email) VALUES (gen_random_uuid() || '@acme.com') RETURNING coalesce(owner_id, queue)";
const OWNER: &str = "SELECT coalesce(owner_id, queue) FROM leadroute.leads";
const LEVELS: [&str; 3] = ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"];

fn delete(rep: &str) -> String {
    format!("DELETE FROM leadroute.pool_members WHERE rep_id = '{rep}'; DELETE FROM leadroute.reps WHERE id = '{rep}'")
}

fn rename(rep: &str, to: &str) -> String {
    format!("UPDATE leadroute.reps SET id = '{to}' WHERE id = '{rep}'")
}

/// A database whose leads go to queue 'desk', because nobody is in the pool.
fn with_queue() -> Database {
    let database = Database::with_pool(0);
    let sql = "INSERT INTO leadroute.queues (name) VALUES ('desk');
               UPDATE leadroute.pools SET fallback_queue = 'desk'";
    database.connect().batch_execute(sql).unwrap();
    database
}

/// Takes the queue out of the rules first, as the foreign keys want it.
const DELETE_QUEUE: &str =
    "UPDATE leadroute.pools SET fallback_queue = NULL; DELETE FROM leadroute.queues WHERE name = 'desk'";

/// Runs it in a session of its own; the answer comes when it ends.
fn in_background(
    mut client: Client,
    sql: String,
) -> std::thread::JoinHandle<(Client, Result<(), postgres::Error>)> {
    std::thread::spawn(move || {
        let done = client.batch_execute(&sql);
        (client, done)
    })
}

fn wait_for_a_waiter(database: &Database) {
    let mut watcher = database.connect();
    wait_for("somebody to wait", 10, || {
        let waits =
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'active'
                      AND pid <> pg_backend_pid() AND wait_event_type IN ('Extension', 'Lock')";
        (number(&mut watcher, waits) > 0).then_some(())
    });
}

fn database_error(error: &postgres::Error) -> &DbError {
    error.as_db_error().unwrap_or_else(|| panic!("not an error of the server: {error}"))
}

fn check_nobody_dangles(client: &mut Client) {
    let sql = "SELECT count(*) FROM leadroute.leads l
                WHERE l.owner_id IS NOT NULL AND NOT EXISTS (SELECT FROM leadroute.reps WHERE id = l.owner_id)
                   OR l.queue IS NOT NULL AND NOT EXISTS (SELECT FROM leadroute.queues WHERE name = l.queue)";
    assert_eq!(number(client, sql), 0, "leads whose owner or queue does not exist");
}

#[test]
fn who_is_being_given_a_lead_cannot_be_deleted() {
    for (database, change, what, who) in [
        (Database::with_pool(1), delete("r1"), "rep", "r1"),
        (with_queue(), DELETE_QUEUE.to_owned(), "queue", "desk"),
    ] {
        let (mut first, second) = (database.connect(), database.connect());
        first.batch_execute("BEGIN").unwrap();
        assert_eq!(text(&mut first, INSERT), who);
        let waiting = in_background(second, change);
        wait_for_a_waiter(&database);
        first.batch_execute("COMMIT").unwrap();
        let error = waiting.join().unwrap().1.expect_err("the lead is there");
        let error = database_error(&error);
        assert_eq!(
            (error.code().code(), error.message()),
            ("23503", &*format!("{what} \"{who}\" still has leads"))
        );
        assert_eq!(text(&mut first, OWNER), who);
        check_nobody_dangles(&mut first);
        check_consistency(&mut first);
    }
}

#[test]
fn who_was_given_a_lead_that_is_rolled_back_is_deleted() {
    for (database, change) in
        [(Database::with_pool(1), delete("r1")), (with_queue(), DELETE_QUEUE.to_owned())]
    {
        let (mut first, second) = (database.connect(), database.connect());
        first.batch_execute("BEGIN").unwrap();
        text(&mut first, INSERT);
        let waiting = in_background(second, change);
        wait_for_a_waiter(&database);
        first.batch_execute("ROLLBACK").unwrap();
        waiting.join().unwrap().1.expect("nothing keeps it");
        assert_eq!(text(&mut first, INSERT), "catch_all");
    }
}

#[test]
fn the_wait_has_an_end() {
    let database = Database::with_pool(1);
    let (mut first, mut second) = (database.connect(), database.connect());
    first.batch_execute("BEGIN").unwrap();
    text(&mut first, INSERT);
    second.batch_execute("SET lock_timeout = '150ms'").unwrap();
    for change in [delete("r1"), rename("r1", "anna")] {
        let begun = Instant::now();
        let error = second.batch_execute(&change).expect_err("the first is open");
        let waited = begun.elapsed();
        assert!(waited > Duration::from_millis(140) && waited < Duration::from_secs(2), "waited {waited:?}");
        let error = database_error(&error);
        assert_eq!(error.code().code(), "55006");
        assert_eq!(error.message(), "rep \"r1\" is being given a lead by an open transaction");
        assert_eq!(
            error.hint(),
            Some("Set reps.active to false first; it counts at once. Try again when the transaction has ended.")
        );
    }
    // What it says: nobody waits for that.
    second.batch_execute("UPDATE leadroute.reps SET active = false").unwrap();
    first.batch_execute("COMMIT").unwrap();
    assert_eq!(text(&mut second, INSERT), "catch_all");
}

#[test]
fn a_rename_carries_over_to_a_lead_that_was_being_given() {
    for (database, change, to) in [
        (Database::with_pool(1), rename("r1", "anna"), "anna"),
        (with_queue(), "UPDATE leadroute.queues SET name = 'table' WHERE name = 'desk'".to_owned(), "table"),
    ] {
        let (mut first, second) = (database.connect(), database.connect());
        first.batch_execute("BEGIN").unwrap();
        text(&mut first, INSERT);
        let waiting = in_background(second, change);
        wait_for_a_waiter(&database);
        first.batch_execute("COMMIT").unwrap();
        let (mut second, done) = waiting.join().unwrap();
        done.expect("a rename that waited");
        assert_eq!(text(&mut second, OWNER), to);
        assert_eq!(text(&mut second, "SELECT coalesce(rep_id, queue) FROM leadroute.notifications"), to);
        check_nobody_dangles(&mut second);
    }
}

#[test]
fn routing_passes_over_who_is_being_deleted_or_renamed() {
    for level in LEVELS {
        for change in [delete("r1"), rename("r1", "anna")] {
            let database = Database::with_pool(2);
            let (mut first, mut second) = (database.connect(), database.connect());
            first.batch_execute(&format!("BEGIN ISOLATION LEVEL {level}; {change}")).unwrap();
            second.batch_execute("SET lock_timeout = '50ms'; SET statement_timeout = '5s'").unwrap();
            let begun = Instant::now();
            for _ in 0..3 {
                assert_eq!(text(&mut second, INSERT), "r2", "{change} at {level}");
            }
            assert!(begun.elapsed() < Duration::from_secs(1), "routing waited for a stranger");
            let why = "SELECT DISTINCT c ->> 'away' FROM leadroute.decisions, jsonb_path_query(trace, '$[*].candidates[*]') c
                        WHERE c ->> 'rep' = 'r1'";
            assert_eq!(text(&mut second, why), "unknown");
            first.batch_execute("ROLLBACK").unwrap();
            assert_eq!(text(&mut second, INSERT), "r1");
            check_consistency(&mut second);
        }
    }
}

#[test]
fn every_door_passes_over_them() {
    let database = Database::with_pool(2);
    let (mut first, mut second) = (database.connect(), database.connect());
    let escalated = "INSERT INTO leadroute.leads (email, occurred_at) VALUES ('old@acme.com', now() - interval '1 hour') RETURNING owner_id";
    assert_eq!(text(&mut second, escalated), "r1");
    first.batch_execute(&format!("BEGIN; {}", rename("r2", "bob"))).unwrap();
    let routed = "SELECT leadroute.route_lead('{\"email\": \"a@acme.com\"}') ->> 'owner_id'";
    assert_eq!(text(&mut second, routed), "r1");
    let bulk =
        "INSERT INTO leadroute.leads (email) SELECT 'n' || n || '@acme.com' FROM generate_series(1, 50) n";
    second.batch_execute(bulk).unwrap();
    assert_eq!(text(&mut second, "SELECT leadroute.reroute_lead(1) ->> 'owner_id'"), "r1");
    // Nobody else is left in the pool, and nobody has a manager.
    assert_eq!(number(&mut second, "SELECT leadroute.escalate_overdue()::bigint"), 1);
    assert_eq!(text(&mut second, "SELECT queue FROM leadroute.leads WHERE id = 1"), "catch_all");
    assert_eq!(number(&mut second, "SELECT count(*) FROM leadroute.leads WHERE owner_id = 'r2'"), 0);
    first.batch_execute("COMMIT").unwrap();
    assert_eq!(text(&mut second, INSERT), "bob");
    check_consistency(&mut second);
}

#[test]
fn a_queue_that_is_being_deleted_gives_its_leads_to_catch_all() {
    for change in [DELETE_QUEUE, "UPDATE leadroute.queues SET name = 'table' WHERE name = 'desk'"] {
        let database = with_queue();
        let (mut first, mut second) = (database.connect(), database.connect());
        first.batch_execute(&format!("BEGIN; {change}")).unwrap();
        assert_eq!(text(&mut second, INSERT), "catch_all");
        let reason = text(&mut second, "SELECT reason FROM leadroute.decisions");
        assert!(reason.ends_with("goes to the catch-all queue catch_all"), "{reason}");
        first.batch_execute("COMMIT").unwrap();
        check_nobody_dangles(&mut second);
        check_consistency(&mut second);
    }
}

/// The rules of a statement are those of its beginning; a rep who was deleted since is passed over nevertheless.
#[test]
fn a_long_statement_passes_over_who_has_gone_since_it_began() {
    for change in [delete("r2"), rename("r2", "bob")] {
        let database = Database::with_pool(2);
        let (first, mut second) = (database.connect(), database.connect());
        let slow = "INSERT INTO leadroute.leads (email)
                    SELECT n || '@acme.com' || CASE n WHEN 2 THEN pg_sleep(2)::text ELSE '' END FROM generate_series(1, 4) n";
        let running = in_background(first, slow.to_owned());
        wait_for("the first row", 10, || {
            let naps = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'";
            (number(&mut second, naps) > 0).then_some(())
        });
        second.batch_execute(&change).unwrap();
        running.join().unwrap().1.unwrap();
        let owners = "SELECT string_agg(coalesce(owner_id, queue), ' ' ORDER BY id) FROM leadroute.leads";
        assert_eq!(text(&mut second, owners), "r1 r1 r1 r1", "{change}");
        check_consistency(&mut second);
    }
}

/// The second submit of a person would go to the owner of the first.
#[test]
fn a_touch_of_a_lead_whose_owner_is_being_renamed_is_merged_later() {
    let database = Database::with_pool(2);
    let (mut first, mut second) = (database.connect(), database.connect());
    let submit = "INSERT INTO leadroute.leads (email) VALUES ('ada@acme.com') RETURNING owner_id";
    assert_eq!(text(&mut first, submit), "r1");
    first.batch_execute(&format!("BEGIN; {}", rename("r1", "anna"))).unwrap();
    assert_eq!(text(&mut second, submit), "r2");
    first.batch_execute("COMMIT").unwrap();
    check_nobody_dangles(&mut second);
    assert_eq!(number(&mut second, "SELECT leadroute.merge_duplicates()::bigint"), 1);
    assert_eq!(text(&mut second, "SELECT string_agg(DISTINCT owner_id, ' ') FROM leadroute.leads"), "anna");
    check_nobody_dangles(&mut second);
}

/// Their snapshot is older than the lead, and would leave it behind.
#[test]
fn an_old_snapshot_fails_rather_than_leave_a_lead_behind() {
    for level in ["REPEATABLE READ", "SERIALIZABLE"] {
        for change in [delete("r1"), rename("r1", "anna")] {
            let database = Database::with_pool(1);
            let (mut first, mut second) = (database.connect(), database.connect());
            second
                .batch_execute(&format!("BEGIN ISOLATION LEVEL {level}; SELECT FROM leadroute.leads"))
                .unwrap();
            text(&mut first, INSERT);
            let error = second.batch_execute(&change).expect_err("the lead came after the snapshot");
            assert_eq!(database_error(&error).code().code(), "40001", "{change} at {level}: {error}");
            second.batch_execute("ROLLBACK").unwrap();
            check_nobody_dangles(&mut second);
        }
        // Nothing came meanwhile: it is done.
        let database = Database::with_pool(1);
        let mut second = database.connect();
        text(&mut second, INSERT);
        second
            .batch_execute(&format!("BEGIN ISOLATION LEVEL {level}; {}; COMMIT", rename("r1", "anna")))
            .unwrap();
        assert_eq!(text(&mut second, OWNER), "anna");
    }
}

/// Not by routing: a person gives the lead to a rep who is being renamed.
#[test]
fn a_lead_is_not_given_by_hand_to_who_is_being_renamed() {
    for sql in ["UPDATE leadroute.leads SET owner_id = 'r2'", "SELECT leadroute.transfer_lead(1, 'r2')"] {
        let database = Database::with_pool(2);
        let (mut first, mut second) = (database.connect(), database.connect());
        assert_eq!(text(&mut first, INSERT), "r1");
        first.batch_execute(&format!("BEGIN; {}", rename("r2", "bob"))).unwrap();
        second.batch_execute("SET lock_timeout = '150ms'").unwrap();
        let error = second.batch_execute(sql).expect_err("is being renamed");
        let error = database_error(&error);
        assert_eq!(error.code().code(), "55006", "{sql}: {error}");
        assert_eq!(error.message(), "rep \"r2\" is being deleted or renamed by an open transaction");
        // Having waited for its end: there is no such rep any more.
        second.batch_execute("SET lock_timeout = '10s'").unwrap();
        let waiting = in_background(second, sql.to_owned());
        wait_for_a_waiter(&database);
        first.batch_execute("COMMIT").unwrap();
        let error = waiting.join().unwrap().1.expect_err("is gone");
        assert_eq!(database_error(&error).message(), "rep \"r2\" does not exist", "{sql}");
        check_nobody_dangles(&mut first);

        // The other way round it carries over.
        let given = sql.replace("r2", "bob");
        first.batch_execute(&format!("BEGIN; {given}")).unwrap();
        let waiting = in_background(database.connect(), rename("bob", "rob"));
        wait_for_a_waiter(&database);
        first.batch_execute("COMMIT").unwrap();
        waiting.join().unwrap().1.expect("a rename that waited");
        assert_eq!(text(&mut first, OWNER), "rob");
        check_nobody_dangles(&mut first);
    }
}

/// A load over very many reps must not fill the lock table: from a thousand on, one lock stands for all.
#[test]
fn a_load_over_very_many_reps_keeps_a_thousand_locks() {
    let database = Database::with_pool(1500);
    let (mut first, mut second) = (database.connect(), database.connect());
    let bulk =
        "INSERT INTO leadroute.leads (email) SELECT 'n' || n || '@acme.com' FROM generate_series(1, 1500) n";
    first.batch_execute(&format!("BEGIN; {bulk}")).unwrap();
    let locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()
                    AND classid = x'4C520052'::bigint";
    let kept = number(&mut first, locks);
    assert!((1000..=1010).contains(&kept), "{kept} locks");
    second.batch_execute("SET lock_timeout = '50ms'").unwrap();
    for rep in ["r1", "r700", "r1500"] {
        let error = second.batch_execute(&delete(rep)).expect_err(rep);
        assert_eq!(database_error(&error).code().code(), "55006", "{rep}");
    }
    first.batch_execute("ROLLBACK").unwrap();
    second.batch_execute(&delete("r1500")).unwrap();
}

/// Routes until it is told to stop; one of six rolls everything back.
fn route(database: &Database, n: u32, stop: &AtomicBool) {
    let mut client = database.connect();
    while !stop.load(Ordering::Relaxed) {
        client.batch_execute("BEGIN").unwrap();
        for _ in 0..=n % 3 {
            text(&mut client, INSERT);
        }
        client.batch_execute(if n == 5 { "ROLLBACK" } else { "COMMIT" }).unwrap();
    }
}

/// Renames, hires and deletes; answers how often it could.
fn change(database: &Database, k: u32) -> i32 {
    let mut client = database.connect();
    client.batch_execute("SET lock_timeout = '2s'").unwrap();
    let mut done = 0;
    for n in 0..40 {
        let (rep, other, new) = (format!("r{k}"), format!("s{k}-{n}"), format!("t{k}-{n}"));
        done += i32::from(client.batch_execute(&rename(&rep, &other)).is_ok());
        done += i32::from(client.batch_execute(&rename(&other, &rep)).is_ok());
        let hire = format!(
            "INSERT INTO leadroute.reps (id) VALUES ('{new}'); INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('pool', '{new}')"
        );
        client.batch_execute(&hire).unwrap();
        done += i32::from(client.batch_execute(&delete(&new)).is_ok());
    }
    done
}

/// Six sessions route while two rename, delete and hire; afterwards every lead belongs to somebody.
#[test]
fn nobody_dangles_in_a_storm() {
    let database = Database::with_pool(6);
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let (database, stop) = (&database, &stop);
        for n in 0..6 {
            scope.spawn(move || route(database, n, stop));
        }
        let changers: Vec<_> = [1, 2].map(|k| scope.spawn(move || change(database, k))).into_iter().collect();
        let done: i32 = changers.into_iter().map(|changer| changer.join().unwrap()).sum();
        stop.store(true, Ordering::Relaxed);
        println!("{done} of 240 changes were made");
        assert!(done > 20, "only {done} of 240 changes were made");
    });
    let mut client = database.connect();
    assert!(number(&mut client, "SELECT count(*) FROM leadroute.leads") > 100);
    check_nobody_dangles(&mut client);
}
