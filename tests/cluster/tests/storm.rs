//! Fifty thousand leads from thirty-two sessions, with rollbacks, savepoints, conflicts, killed backends and a
//! session that sits idle in its transaction.

use leadroute_cluster_tests::{check_consistency, number, worst_deviation, Database};
use postgres::Client;
use std::sync::atomic::{AtomicI64, Ordering};
use std::thread;

const CLIENTS: u32 = 32;
const LEADS: i64 = 50_000;
const REPS: u32 = 8;
/// `daily_cap` of the first rep; far below what rotation would give.
const CAP: i64 = 700;

/// What a session does in a round; the database must be consistent whatever happens to it. Answers how many
/// leads it sent.
fn round(client: &mut Client, who: u32, n: u32) -> Result<i64, postgres::Error> {
    let lead = |tail: &str| format!("('{who}-{n}-{tail}@c{who}x{n}.com')");
    let insert = |tails: &[&str]| {
        let rows: Vec<String> = tails.iter().map(|tail| lead(tail)).collect();
        format!("INSERT INTO leadroute.leads (email) VALUES {};", rows.join(", "))
    };
    let (sql, sent) = match (who + n) % 8 {
        0 => (format!("BEGIN; {} ROLLBACK", insert(&["gone"])), 1),
        1 => {
            let (a, undone, b) = (insert(&["a"]), insert(&["undone"]), insert(&["b"]));
            (format!("BEGIN; {a} SAVEPOINT s; {undone} ROLLBACK TO s; {b} SAVEPOINT t; {} RELEASE t; COMMIT", insert(&["c"])), 4)
        }
        2 => (
            format!("INSERT INTO leadroute.leads (external_id, email) VALUES ('shared{n}', '{who}-{n}@shared.com')
                     ON CONFLICT (external_id) DO NOTHING"),
            1,
        ),
        3 => (format!("SELECT leadroute.route_lead('{{\"email\": \"one{n}@person.com\"}}')"), 1),
        4 => (format!("BEGIN ISOLATION LEVEL SERIALIZABLE; {} COMMIT", insert(&["s"])), 1),
        5 => (format!("BEGIN ISOLATION LEVEL REPEATABLE READ; {} {} COMMIT", insert(&["q"]), insert(&["r"])), 2),
        6 => (insert(&["x", "y", "z", "u", "v", "w"]), 6),
        _ => (insert(&["plain"]), 1),
    };
    client.batch_execute(&sql).map(|()| sent)
}

/// A session that waits for a double submit however busy the machine is: else it may be let in.
fn connect(database: &Database) -> Client {
    let mut client = database.connect();
    client.batch_execute("SET leadroute.duplicate_wait = '60s'").unwrap();
    client
}

/// Ends a session in the middle of its transaction.
fn kill(database: &Database, client: &mut Client) {
    let pid: i32 = client.query_one("SELECT pg_backend_pid()", &[]).unwrap().get(0);
    client
        .batch_execute("BEGIN; INSERT INTO leadroute.leads (email) VALUES ('killed@in.flight.com')")
        .unwrap();
    database.connect().execute("SELECT pg_terminate_backend($1)", &[&pid]).unwrap();
}

/// Inserts until all have sent enough; one of them is killed again and again.
fn send(database: &Database, who: u32, sent: &AtomicI64) {
    let mut client = connect(database);
    let mut n = 0;
    while sent.load(Ordering::Relaxed) < LEADS {
        if who == 0 && n % 50 == 49 {
            kill(database, &mut client);
            client = connect(database);
        }
        let leads = round(&mut client, who, n);
        let leads = leads.unwrap_or_else(|error| panic!("session {who}, round {n}: {error}"));
        sent.fetch_add(leads, Ordering::Relaxed);
        n += 1;
    }
}

#[test]
fn every_lead_has_one_decision_and_every_turn_its_lead() {
    let database = Database::with_pool(REPS);
    let (mut watcher, mut idle) = (database.connect(), database.connect());
    watcher.execute(&format!("UPDATE leadroute.reps SET daily_cap = {CAP} WHERE id = 'r1'"), &[]).unwrap();
    idle.batch_execute("BEGIN; INSERT INTO leadroute.leads (email) VALUES ('idle@in.transaction.com')")
        .unwrap();
    let sent = AtomicI64::new(0);
    thread::scope(|scope| {
        for who in 0..CLIENTS {
            let (database, sent) = (&database, &sent);
            scope.spawn(move || send(database, who, sent));
        }
    });
    // Each rep within 1 + k of the exact share, while k transactions were open.
    let worst = worst_deviation(&mut watcher);
    assert!(worst <= f64::from(1 + CLIENTS + 1), "somebody is {worst} leads from the exact share");
    idle.batch_execute("COMMIT").unwrap();
    check_consistency(&mut watcher);
    let capped = number(
        &mut watcher,
        "SELECT count(*) FROM leadroute.leads WHERE owner_id = 'r1' AND duplicate_of IS NULL",
    );
    assert_eq!(capped, CAP, "leads of the rep with a daily cap");
    let persons = number(
        &mut watcher,
        "SELECT count(*) FROM (SELECT FROM leadroute.leads WHERE email LIKE 'one%@person.com' AND duplicate_of IS NULL
          GROUP BY email HAVING count(*) > 1) x",
    );
    assert_eq!(persons, 0, "persons with two first leads");
    println!("worst distance from the exact share: {worst:.2} leads");
}
