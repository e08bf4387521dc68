//! Two sessions at once, by every way in: no two leads get the same turn, and nobody waits for another
//! session. A read that uses a snapshot from before a wait shows only here.

use leadroute_cluster_tests::{check_consistency, number, text, wait_for, Database};
use postgres::Client;
use std::io::Write;
use std::time::{Duration, Instant};

type Door = fn(&mut Client, &str) -> String;

fn insert(client: &mut Client, who: &str) -> String {
    text(client, &format!("INSERT INTO leadroute.leads (email) VALUES ('{who}@acme.com') RETURNING owner_id"))
}

/// A key of the app's own, so that no sequence gives the transaction an id before routing reads.
fn insert_with_key(client: &mut Client, who: &str) -> String {
    let sql = format!(
        "INSERT INTO leadroute.leads (id, external_id, email)
         VALUES (('x' || left(md5('{who}'), 15))::bit(60)::bigint, gen_random_uuid()::text, '{who}@acme.com')
         RETURNING owner_id"
    );
    text(client, &sql)
}

fn copy(client: &mut Client, who: &str) -> String {
    let mut writer = client.copy_in("COPY leadroute.leads (email) FROM STDIN").expect("COPY");
    writeln!(writer, "{who}@acme.com").expect("a row");
    writer.finish().expect("COPY ends");
    text(client, &format!("SELECT owner_id FROM leadroute.leads WHERE email = '{who}@acme.com'"))
}

fn route_lead(client: &mut Client, who: &str) -> String {
    text(client, &format!("SELECT leadroute.route_lead('{{\"email\": \"{who}@acme.com\"}}') ->> 'owner_id'"))
}

fn attached(client: &mut Client, who: &str) -> String {
    text(client, &format!("INSERT INTO public.crm_lead (email) VALUES ('{who}@acme.com') RETURNING owner"))
}

const DOORS: [(&str, Door); 5] = [
    ("INSERT", insert),
    ("INSERT with a key", insert_with_key),
    ("COPY", copy),
    ("route_lead", route_lead),
    ("an attached table", attached),
];

const LEVELS: [&str; 3] = ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"];

#[test]
fn a_turn_in_an_open_transaction_is_taken() {
    for (name, door) in DOORS {
        for level in LEVELS {
            let database = Database::with_pool(3);
            let (mut first, mut second) = (database.connect(), database.connect());
            first.batch_execute(&format!("BEGIN ISOLATION LEVEL {level}")).unwrap();
            let begun = Instant::now();
            let one = door(&mut first, "one");
            let two = door(&mut second, "two");
            assert_ne!(one, two, "{name} at {level}: two leads got the same turn");
            assert!(begun.elapsed() < Duration::from_secs(1), "{name}: waited for a stranger");
            first.batch_execute("COMMIT").unwrap();
            let three = door(&mut second, "three");
            assert!(three != one && three != two, "{name} at {level}: {three} had a turn already");
            check_consistency(&mut second);
        }
    }
}

/// The snapshot of the second session is older than the first one's commit.
#[test]
fn an_old_snapshot_sees_new_turns() {
    for (name, door) in DOORS {
        for level in LEVELS {
            let database = Database::with_pool(2);
            let (mut first, mut second) = (database.connect(), database.connect());
            second.batch_execute(&format!("BEGIN ISOLATION LEVEL {level}")).unwrap();
            number(&mut second, "SELECT count(*) FROM leadroute.leads");
            let one = door(&mut first, "one");
            let two = door(&mut second, "two");
            assert_ne!(one, two, "{name} at {level}: routed by a stale snapshot");
            second.batch_execute("COMMIT").unwrap();
            check_consistency(&mut first);
        }
    }
}

/// Prepared statements: once planned they take no lock anew, and so are not told of changes by the lock.
#[test]
fn an_old_snapshot_sees_new_rules() {
    for level in LEVELS {
        let database = Database::with_pool(2);
        let (mut first, mut second) = (database.connect(), database.connect());
        let sql = "INSERT INTO leadroute.leads (email) VALUES ($1) RETURNING coalesce(owner_id, queue)";
        let prepared = second.prepare(sql).unwrap();
        let insert = |client: &mut Client, email: &str| -> String {
            client.query_one(&prepared, &[&email]).unwrap().get(0)
        };
        second.batch_execute(&format!("BEGIN ISOLATION LEVEL {level}")).unwrap();
        // PostgreSQL makes a generic plan at the sixth execution at the latest.
        for n in 0..8 {
            insert(&mut second, &format!("{n}@acme.com"));
        }
        first.batch_execute("UPDATE leadroute.reps SET presence = 'offline' WHERE id = 'r2'").unwrap();
        let owners = [insert(&mut second, "one@acme.com"), insert(&mut second, "two@acme.com")];
        assert_eq!(owners, ["r1", "r1"], "{level}: somebody offline got a lead");
        first.batch_execute("UPDATE leadroute.segments SET enabled = false").unwrap();
        assert_eq!(insert(&mut second, "three@acme.com"), "catch_all", "{level}: a disabled segment matched");
        second.batch_execute("COMMIT").unwrap();
    }
}

#[test]
fn a_rolled_back_rule_never_counts() {
    let database = Database::with_pool(2);
    let (mut first, mut second) = (database.connect(), database.connect());
    insert(&mut second, "zero");
    first.batch_execute("BEGIN; UPDATE leadroute.segments SET enabled = false").unwrap();
    assert_ne!(insert(&mut second, "one"), "");
    first.batch_execute("ROLLBACK").unwrap();
    assert_ne!(insert(&mut second, "two"), "");
    assert_ne!(insert(&mut first, "three"), "");
}

#[test]
fn a_rolled_back_turn_is_given_again() {
    let database = Database::with_pool(3);
    let (mut first, mut second) = (database.connect(), database.connect());
    first.batch_execute("BEGIN").unwrap();
    let one = insert(&mut first, "one");
    first.batch_execute("ROLLBACK").unwrap();
    assert_eq!(insert(&mut second, "two"), one);
    second.batch_execute("BEGIN; SAVEPOINT s").unwrap();
    let three = insert(&mut second, "three");
    second.batch_execute("ROLLBACK TO s").unwrap();
    assert_eq!(insert(&mut second, "four"), three);
    second.batch_execute("COMMIT").unwrap();
    check_consistency(&mut first);
}

#[test]
fn an_idle_transaction_delays_nobody() {
    let database = Database::with_pool(2);
    let mut idle = [database.connect(), database.connect()];
    for (number, session) in idle.iter_mut().enumerate() {
        session.batch_execute("BEGIN").unwrap();
        insert(session, &format!("idle{number}"));
    }
    let mut busy = database.connect();
    // Both reps have a lead in an open transaction: nobody waits, and every lead gets an owner all the same.
    busy.batch_execute("SET lock_timeout = '1s'; SET statement_timeout = '5s'").unwrap();
    for number in 0..10 {
        assert_ne!(insert(&mut busy, &format!("busy{number}")), "");
    }
}

#[test]
fn a_double_submit_is_one_lead_and_one_touch() {
    let database = Database::with_pool(2);
    let mut first = database.connect();
    first.batch_execute("BEGIN").unwrap();
    insert(&mut first, "ada");
    let mut second = database.connect();
    let waiting = std::thread::spawn(move || {
        second.batch_execute("SET leadroute.duplicate_wait = '30s'").unwrap();
        insert(&mut second, "ADA+again")
    });
    let mut watcher = database.connect();
    leadroute_cluster_tests::wait_for("the second submit to wait", 10, || {
        let waits =
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'active'
                      AND pid <> pg_backend_pid() AND wait_event_type = 'Extension'";
        (number(&mut watcher, waits) > 0).then_some(())
    });
    first.batch_execute("COMMIT").unwrap();
    let owner = waiting.join().unwrap();
    assert_eq!(owner, text(&mut watcher, "SELECT owner_id FROM leadroute.leads WHERE duplicate_of IS NULL"));
    assert_eq!(
        number(&mut watcher, "SELECT count(*) FROM leadroute.leads WHERE duplicate_of IS NOT NULL"),
        1
    );
    check_consistency(&mut watcher);
}

/// A rep claims a lead and skips an older one, which somebody deletes at the same time: nothing is left that names it.
#[test]
fn a_skipped_lead_that_is_deleted_leaves_nothing_behind() {
    let database = Database::with_pool(1);
    let (mut rep, mut watcher) = (database.connect(), database.connect());
    rep.batch_execute(
        "UPDATE leadroute.reps SET active = false; UPDATE leadroute.queues SET claimable = true;
         INSERT INTO leadroute.leads (company) VALUES ('older'), ('newer'); UPDATE leadroute.reps SET active = true",
    )
    .unwrap();
    rep.batch_execute(
        "BEGIN; SELECT leadroute.claim_lead(id, 'r1') FROM leadroute.leads WHERE company = 'newer'",
    )
    .unwrap();
    std::thread::scope(|scope| {
        let delete = scope.spawn(|| {
            database.connect().batch_execute("DELETE FROM leadroute.leads WHERE company = 'older'").unwrap();
        });
        let waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
        wait_for("the deletion to wait", 10, || (number(&mut watcher, waits) == 1).then_some(()));
        rep.batch_execute("COMMIT").unwrap();
        delete.join().unwrap();
    });
    assert_eq!(number(&mut watcher, "SELECT count(*) FROM leadroute.leads"), 1);
    assert_eq!(number(&mut watcher, "SELECT count(*) FROM leadroute.check_integrity()"), 0);
}

/// Whoever submits a colleague of an open submit waits for it, where the pool keeps companies together, and for nobody else.
#[test]
fn leads_of_one_company_at_once_have_one_owner() {
    for (name, door) in DOORS {
        for level in LEVELS {
            let database = Database::with_pool(3);
            let (mut first, mut second) = (database.connect(), database.connect());
            first.batch_execute("UPDATE leadroute.pools SET keep_company_together = true").unwrap();
            let pid = number(&mut second, "SELECT pg_backend_pid()::bigint");
            let long = "SET leadroute.turn_wait = '30s'";
            second
                .batch_execute(&format!(
                    "{long}; BEGIN ISOLATION LEVEL {level}; SELECT 1 FROM leadroute.reps"
                ))
                .unwrap();
            first.batch_execute("BEGIN").unwrap();
            let one = door(&mut first, "one");
            let two = std::thread::spawn(move || {
                let two = door(&mut second, "two");
                second.batch_execute("COMMIT").map(|()| (two, second))
            });
            let works = format!("SELECT 1 FROM pg_stat_activity WHERE pid = {pid} AND state = 'active'");
            let mut watcher = database.connect();
            wait_for("the second submit", 20, || watcher.query_opt(&works, &[]).unwrap());
            first.batch_execute("COMMIT").unwrap();
            let (two, mut second) = two.join().unwrap().unwrap();
            assert_eq!(one, two, "{name} at {level}: a company has two owners");
            check_consistency(&mut second);
        }
    }
}

/// A colleague who is being submitted elsewhere is a stranger: whoever may wait long for the same person waits for one of the
/// same company no longer than for a turn.
#[test]
fn a_colleague_is_waited_for_no_longer_than_for_a_turn() {
    for (name, door) in DOORS {
        let database = Database::with_pool(3);
        let (mut first, mut second) = (database.connect(), database.connect());
        first.batch_execute("UPDATE leadroute.pools SET keep_company_together = true").unwrap();
        second
            .batch_execute("SET leadroute.duplicate_wait = '60s'; SET leadroute.turn_wait = '100ms'")
            .unwrap();
        first.batch_execute("BEGIN").unwrap();
        let one = door(&mut first, "one");
        let begun = Instant::now();
        let two = door(&mut second, "two");
        let waited = begun.elapsed();
        assert!(waited >= Duration::from_millis(100), "{name}: waited only {waited:?}");
        assert!(waited < Duration::from_secs(10), "{name}: waited {waited:?}");
        assert_ne!(one, two, "{name}: the first is not there yet, so it was the turn of another");
        first.batch_execute("COMMIT").unwrap();
        // with the lead of the company that has the lower key; a stranger would be the third's turn
        let three = door(&mut second, "three");
        assert!(three == one || three == two, "{name}: {three} is with neither {one} nor {two}");
        check_consistency(&mut second);
    }
}
