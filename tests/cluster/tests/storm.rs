//! Many sessions at once, with rollbacks, savepoints, conflicts and killed backends.

use leadroute_cluster_tests::{check_consistency, number, Database};
use std::thread;

const CLIENTS: u32 = 12;
const ROUNDS: u32 = 60;
const REPS: u32 = 5;

/// What a session does in a round; the database must be consistent whatever happens to it.
fn round(client: &mut postgres::Client, who: u32, n: u32) -> Result<(), postgres::Error> {
    let lead = |tail: &str| format!("('{who}-{n}-{tail}@c{who}x{n}.com')");
    match (who + n) % 6 {
        0 => client.batch_execute(&format!(
            "BEGIN; INSERT INTO leadroute.leads (email) VALUES {}; ROLLBACK",
            lead("gone")
        )),
        1 => client.batch_execute(&format!(
            "BEGIN; INSERT INTO leadroute.leads (email) VALUES {}; SAVEPOINT s;
             INSERT INTO leadroute.leads (email) VALUES {}; ROLLBACK TO s;
             INSERT INTO leadroute.leads (email) VALUES {}; COMMIT",
            lead("a"),
            lead("undone"),
            lead("b")
        )),
        2 => client.batch_execute(&format!(
            "INSERT INTO leadroute.leads (external_id, email) VALUES ('shared{n}', '{who}-{n}@shared.com')
             ON CONFLICT (external_id) DO NOTHING"
        )),
        3 => client
            .batch_execute(&format!("SELECT leadroute.route_lead('{{\"email\": \"one{n}@person.com\"}}')")),
        4 => client.batch_execute(&format!(
            "INSERT INTO leadroute.leads (email) VALUES {}, {}, {}",
            lead("x"),
            lead("y"),
            lead("z")
        )),
        _ => client.batch_execute(&format!("INSERT INTO leadroute.leads (email) VALUES {}", lead("plain"))),
    }
}

#[test]
fn every_lead_has_one_decision_and_every_turn_its_lead() {
    let database = Database::with_pool(REPS);
    thread::scope(|scope| {
        for who in 0..CLIENTS {
            let database = &database;
            scope.spawn(move || {
                let mut client = database.connect();
                for n in 0..ROUNDS {
                    // One session is killed now and then; it comes back with a new connection.
                    if who == 0 && n % 10 == 9 {
                        let pid: i32 = client.query_one("SELECT pg_backend_pid()", &[]).unwrap().get(0);
                        client
                            .batch_execute(
                                "BEGIN; INSERT INTO leadroute.leads (email) VALUES ('killed@in.flight.com')",
                            )
                            .unwrap();
                        database.connect().execute("SELECT pg_terminate_backend($1)", &[&pid]).unwrap();
                        client = database.connect();
                    }
                    round(&mut client, who, n)
                        .unwrap_or_else(|error| panic!("session {who}, round {n}: {error}"));
                }
            });
        }
    });
    let mut client = database.connect();
    check_consistency(&mut client);
    let spread = number(
        &mut client,
        "SELECT max(n) - min(n) FROM (SELECT count(*) AS n FROM leadroute.decisions WHERE layer = 'distribution' GROUP BY owner_id) x",
    );
    // Each rep within 1 + k of the exact share, with k open transactions.
    assert!(spread <= 2 * i64::from(1 + CLIENTS), "the busiest rep is {spread} leads ahead of the idlest");
    let persons = number(
        &mut client,
        "SELECT count(*) FROM (SELECT FROM leadroute.leads WHERE email LIKE 'one%@person.com' AND duplicate_of IS NULL
          GROUP BY email HAVING count(*) > 1) x",
    );
    assert_eq!(persons, 0, "persons with two first leads");
}
