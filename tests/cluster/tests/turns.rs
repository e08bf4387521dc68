//! The books of turns and loads under concurrency: every order of the steps of two sessions, what an open
//! transaction costs the others, and caps that hold.

use leadroute_cluster_tests::{check_consistency, number, text, wait_for, worst_deviation, Database};
use postgres::Client;
use std::thread;

const LEVELS: [&str; 3] = ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"];

fn insert(client: &mut Client, email: &str) -> String {
    let sql = "INSERT INTO leadroute.leads (email) VALUES ($1) RETURNING coalesce(owner_id, queue)";
    client.query_one(sql, &[&email]).unwrap_or_else(|error| panic!("{email}: {error}")).get(0)
}

/// Every way to merge `a` steps of one session and `b` of another: true is a step of the first.
fn interleavings(a: usize, b: usize) -> Vec<Vec<bool>> {
    if a == 0 || b == 0 {
        return vec![vec![a > 0; a + b]];
    }
    let with = |first: bool, rest: Vec<Vec<bool>>| {
        rest.into_iter().map(move |steps| [vec![first], steps].concat()).collect::<Vec<_>>()
    };
    [with(true, interleavings(a - 1, b)), with(false, interleavings(a, b - 1))].concat()
}

/// Runs both scripts in every order; 'lead' stands for an insert.
fn run_all(first: &[&str], second: &[&str], setup: &str) {
    for level in LEVELS {
        let database = Database::with_pool(3);
        let mut watcher = database.connect();
        watcher.batch_execute(setup).unwrap();
        let mut sessions = [database.connect(), database.connect()];
        for session in &mut sessions {
            let sql = format!(
                "SET statement_timeout = '5s'; SET lock_timeout = '2s';
                               SET default_transaction_isolation = '{}'",
                level.to_lowercase()
            );
            session.batch_execute(&sql).unwrap();
        }
        for (round, order) in interleavings(first.len(), second.len()).iter().enumerate() {
            let mut at = [0, 0];
            for &is_first in order {
                let who = usize::from(!is_first);
                let step = [first, second][who][at[who]];
                at[who] += 1;
                match step {
                    "lead" => {
                        drop(insert(&mut sessions[who], &format!("{round}x{who}x{}@acme.com", at[who])))
                    }
                    sql => sessions[who].batch_execute(sql).unwrap(),
                }
            }
            // two open transactions at most, so within 1 + 2
            let worst = worst_deviation(&mut watcher);
            assert!(worst < 3.0, "{level}, order {order:?}: {worst} leads from the exact share");
        }
        check_consistency(&mut watcher);
    }
}

#[test]
fn savepoints_beside_a_commit_in_every_order() {
    let first = ["BEGIN", "lead", "SAVEPOINT s", "lead", "ROLLBACK TO s", "lead", "COMMIT"];
    run_all(&first, &["BEGIN", "lead", "COMMIT"], "");
}

#[test]
fn nested_savepoints_beside_a_rollback_in_every_order() {
    let first = [
        "BEGIN; SAVEPOINT a",
        "lead",
        "SAVEPOINT b",
        "lead",
        "RELEASE b",
        "lead",
        "ROLLBACK TO a",
        "lead",
        "COMMIT",
    ];
    run_all(&first, &["BEGIN", "lead", "ROLLBACK"], "");
}

#[test]
fn two_rollbacks_in_every_order() {
    run_all(
        &["BEGIN", "lead", "lead", "ROLLBACK"],
        &["BEGIN", "lead", "SAVEPOINT s", "lead", "ROLLBACK"],
        "",
    );
}

#[test]
fn caps_in_every_order() {
    // 2 to 4 leads come in a round, and rounds follow each other: the caps are soon reached
    let setup = "UPDATE leadroute.reps SET daily_cap = 20";
    run_all(
        &["BEGIN", "lead", "lead", "COMMIT"],
        &["BEGIN", "lead", "SAVEPOINT s", "lead", "ROLLBACK TO s", "COMMIT"],
        setup,
    );
}

/// Whatever is open beside: the rows that a choice has to look at do not grow with the leads of others.
#[test]
fn an_open_transaction_makes_no_book_longer() {
    let database = Database::with_pool(2);
    let (mut idle, mut busy, mut analyst) = (database.connect(), database.connect(), database.connect());
    analyst.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ").unwrap();
    number(&mut analyst, "SELECT count(*) FROM leadroute.leads");
    idle.batch_execute("BEGIN").unwrap();
    insert(&mut idle, "idle@acme.com");
    for n in 0..300 {
        insert(&mut busy, &format!("busy{n}@acme.com"));
    }
    let rows = "SELECT greatest((SELECT count(*) FROM leadroute.turns), (SELECT max(cardinality(beside) + cardinality(replaces)) FROM leadroute.turns))";
    assert!(number(&mut busy, rows) <= 3, "rows of the book pile up beside an open transaction");
    let long = "DO $$ BEGIN FOR n IN 1..300 LOOP
                    BEGIN INSERT INTO leadroute.leads (email) VALUES (n || '@loop.com');
                    EXCEPTION WHEN division_by_zero THEN NULL; END;
                END LOOP; END $$";
    busy.batch_execute(long).unwrap();
    assert!(
        number(&mut busy, rows) <= 4,
        "rows of the book pile up in a transaction of many subtransactions"
    );
    idle.batch_execute("COMMIT").unwrap();
    check_consistency(&mut busy);
    insert(&mut busy, "last@acme.com");
    assert_eq!(number(&mut busy, "SELECT count(*) FROM leadroute.turns"), 1, "the open row was not taken in");
}

/// A long transaction that goes on while others commit beside it.
#[test]
fn a_long_transaction_keeps_no_growing_list() {
    let database = Database::with_pool(2);
    let (mut long, mut busy) = (database.connect(), database.connect());
    long.batch_execute("BEGIN").unwrap();
    for n in 0..100 {
        insert(&mut long, &format!("long{n}@acme.com"));
        insert(&mut busy, &format!("busy{n}@acme.com"));
    }
    let longest = "SELECT max(cardinality(beside) + cardinality(replaces))::bigint FROM leadroute.turns";
    assert!(number(&mut long, longest) <= 4 && number(&mut busy, longest) <= 4);
    long.batch_execute("ROLLBACK").unwrap();
    check_consistency(&mut busy);
    assert!(worst_deviation(&mut busy) < 2.0);
}

/// A trigger of a DBA that does not return keeps a session in the middle of writing its turn.
const STUCK: &str = "
    CREATE FUNCTION public.stuck() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN PERFORM pg_advisory_xact_lock(42); RETURN NULL; END';
    CREATE TRIGGER stuck AFTER INSERT ON leadroute.loads FOR EACH ROW
        WHEN (current_setting('my.session', true) = 'stuck') EXECUTE FUNCTION public.stuck()";

/// Whoever holds the lock of a book for ever delays a lead by `turn_wait`, and loses no turn.
#[test]
fn a_held_lock_loses_no_turn() {
    let database = Database::with_pool(2);
    let (mut gate, mut busy) = (database.connect(), database.connect());
    // the load of a rep with caps is locked, too
    busy.batch_execute("UPDATE leadroute.reps SET daily_cap = 100").unwrap();
    busy.batch_execute(STUCK).unwrap();
    assert_eq!(insert(&mut busy, "before@acme.com"), "r1");
    gate.batch_execute("SELECT pg_advisory_lock(42)").unwrap();
    let mut holder = database.connect();
    let stuck = thread::spawn(move || {
        holder.batch_execute("SET my.session = 'stuck'").unwrap();
        insert(&mut holder, "stuck@acme.com")
    });
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'advisory'";
    wait_for("the session that is stuck", 20, || (number(&mut gate, waits) == 1).then_some(()));
    busy.batch_execute("SET leadroute.turn_wait = '5ms'; SET statement_timeout = '10s'").unwrap();
    // a rep with caps whose count is held elsewhere is passed over rather than overfilled
    for n in 0..5 {
        assert_eq!(insert(&mut busy, &format!("{n}@acme.com")), "r1");
    }
    gate.batch_execute("SELECT pg_advisory_unlock(42)").unwrap();
    assert_eq!(stuck.join().unwrap(), "r2");
    check_consistency(&mut busy);
    insert(&mut busy, "after@acme.com");
    check_consistency(&mut busy);
    assert_eq!(number(&mut busy, "SELECT count(*) FROM leadroute.turns"), 1, "loose rows were not taken in");
}

/// SQL cannot take the locks of routing: with all keys that it can name held by somebody else, nothing changes.
#[test]
fn advisory_locks_of_others_are_others() {
    let database = Database::with_pool(2);
    let (mut holder, mut busy) = (database.connect(), database.connect());
    busy.batch_execute("BEGIN").unwrap();
    insert(&mut busy, "seen@acme.com");
    let seen =
        holder.query("SELECT classid::bigint, objid::bigint FROM pg_locks WHERE locktype = 'advisory'", &[]);
    let seen: Vec<(i64, i64)> = seen.unwrap().iter().map(|row| (row.get(0), row.get(1))).collect();
    assert!(seen.len() > 1, "{seen:?}");
    busy.batch_execute("ROLLBACK").unwrap();
    for (class, key) in seen {
        let both = (class << 32) | key;
        let (class, key) = (class as u32 as i32, key as u32 as i32);
        holder
            .batch_execute(&format!("SELECT pg_advisory_lock({class}, {key}), pg_advisory_lock({both})"))
            .unwrap();
    }
    busy.batch_execute("SET statement_timeout = '5s'").unwrap();
    assert_eq!([insert(&mut busy, "x@acme.com"), insert(&mut busy, "y@acme.com")], ["r1", "r2"]);
    check_consistency(&mut busy);
}

/// Eight rounds of one to three leads each, in two pools by turns; every fourth round is rolled back.
fn want_places(database: &Database, who: usize) {
    let mut client = database.connect();
    let level = LEVELS[who % 3];
    for n in 0..8 {
        let source = if (who + n).is_multiple_of(2) { "'other'" } else { "NULL" };
        let rows: Vec<String> =
            (0..1 + n % 3).map(|m| format!("('{who}.{n}.{m}@acme.com', {source})")).collect();
        let end = if (who + n).is_multiple_of(4) { "ROLLBACK" } else { "COMMIT" };
        let sql = format!(
            "BEGIN ISOLATION LEVEL {level};
            INSERT INTO leadroute.leads (email, source) VALUES {}; {end}",
            rows.join(", ")
        );
        client.batch_execute(&sql).unwrap_or_else(|error| panic!("session {who}, round {n}: {error}"));
    }
}

/// Thirty places, sixteen sessions that want a hundred: through single rows, bulks, rollbacks and other pools.
#[test]
fn caps_hold_with_many_sessions() {
    let database = Database::with_pool(3);
    let mut watcher = database.connect();
    let setup = "UPDATE leadroute.reps SET daily_cap = 10;
                 INSERT INTO leadroute.pools (name) VALUES ('other');
                 INSERT INTO leadroute.pool_members (pool, rep_id) SELECT 'other', id FROM leadroute.reps;
                 INSERT INTO leadroute.segments (name, priority, territory, sources) VALUES ('other', 1, 'everywhere', '{other}');
                 INSERT INTO leadroute.tiers (segment, name, pool) VALUES ('other', 'all', 'other')";
    watcher.batch_execute(setup).unwrap();
    thread::scope(|scope| {
        for who in 0..16 {
            let database = &database;
            scope.spawn(move || want_places(database, who));
        }
    });
    check_consistency(&mut watcher);
    let most = number(&mut watcher, "SELECT max(n) FROM (SELECT count(*) AS n FROM leadroute.leads GROUP BY owner_id HAVING owner_id IS NOT NULL) x");
    assert_eq!(most, 10, "a cap was passed, or places were left while leads went to nobody");
    assert_eq!(
        text(&mut watcher, "SELECT string_agg(DISTINCT today::text, ',') FROM leadroute.rep_load"),
        "10"
    );
}

/// Nobody asked for a serialization failure, so there is none.
#[test]
fn serializable_sessions_share_a_pool() {
    let database = Database::with_pool(3);
    let mut sessions = [database.connect(), database.connect(), database.connect()];
    for round in 0..20 {
        for session in &mut sessions {
            session.batch_execute("BEGIN ISOLATION LEVEL SERIALIZABLE").unwrap();
        }
        for turn in 0..2 {
            for (who, session) in sessions.iter_mut().enumerate() {
                insert(session, &format!("{round}.{turn}.{who}@acme.com"));
            }
        }
        for session in &mut sessions {
            session.batch_execute("COMMIT").unwrap();
        }
    }
    check_consistency(&mut sessions[0]);
}

/// The book that starts over with an emptied table loses nothing to somebody who writes into it beside.
#[test]
fn a_book_starts_over_with_its_leads() {
    let database = Database::with_pool(1);
    let (mut emptier, mut other) = (database.connect(), database.connect());
    emptier.batch_execute("UPDATE leadroute.reps SET daily_cap = 100").unwrap();
    for n in 0..5 {
        insert(&mut emptier, &format!("{n}@acme.com"));
    }
    let returned = "SELECT leadroute.return_turn(max(id)) FROM leadroute.decisions";
    emptier.batch_execute("BEGIN; TRUNCATE leadroute.leads").unwrap();
    insert(&mut emptier, "new@acme.com");
    other.batch_execute("SET lock_timeout = '200ms'").unwrap();
    // at once, or not before the other has ended
    drop(other.batch_execute(returned));
    emptier.batch_execute("COMMIT").unwrap();
    insert(&mut other, "last@acme.com");
    assert_eq!(number(&mut other, "SELECT count(*) FROM leadroute.loads"), 1, "a row of the book was lost");
}

/// What another transaction wrote and replaced itself behind a savepoint does not count beside what replaced it.
#[test]
fn rows_behind_a_savepoint_do_not_count_twice() {
    let database = Database::with_pool(1);
    let (mut open, mut other) = (database.connect(), database.connect());
    other.batch_execute("UPDATE leadroute.reps SET daily_cap = 4").unwrap();
    open.batch_execute("BEGIN").unwrap();
    insert(&mut open, "a@acme.com");
    open.batch_execute("SAVEPOINT s").unwrap();
    insert(&mut open, "b@acme.com");
    let beside = [insert(&mut other, "c@acme.com"), insert(&mut other, "d@acme.com")];
    assert_eq!(beside, ["r1", "r1"], "two of four places were taken");
    assert_eq!(insert(&mut other, "e@acme.com"), "catch_all", "a cap was passed");
    // the row behind the savepoint counts again, and the place of the other one is free
    open.batch_execute("ROLLBACK TO s").unwrap();
    assert_eq!([insert(&mut other, "f@acme.com"), insert(&mut other, "g@acme.com")], ["r1", "catch_all"]);
    open.batch_execute("ROLLBACK").unwrap();
    assert_eq!([insert(&mut other, "h@acme.com"), insert(&mut other, "i@acme.com")], ["r1", "catch_all"]);
    check_consistency(&mut other);
}

/// Who reads while others write or roll back does not count both a row and the one that replaces it.
#[test]
fn a_change_is_never_counted_twice() {
    let database = Database::with_pool(1);
    let mut watcher = database.connect();
    for n in 0..5 {
        insert(&mut watcher, &format!("{n}@acme.com"));
    }
    // each session has one place
    watcher.batch_execute("UPDATE leadroute.reps SET daily_cap = 5 + 3").unwrap();
    let refused = thread::scope(|scope| {
        let session = |who: u32| {
            let mut client = database.connect();
            client.batch_execute("SET leadroute.turn_wait = '10s'").unwrap();
            (0..1000)
                .filter(|n| {
                    client.batch_execute("BEGIN").unwrap();
                    let owner = insert(&mut client, &format!("{who}.{n}@acme.com"));
                    client.batch_execute("ROLLBACK").unwrap();
                    owner != "r1"
                })
                .count()
        };
        let sessions = [1, 2, 3].map(|who| scope.spawn(move || session(who)));
        sessions.into_iter().map(|session| session.join().unwrap()).sum::<usize>()
    });
    assert_eq!(refused, 0, "leads for whom a place was free");
    check_consistency(&mut watcher);
}
