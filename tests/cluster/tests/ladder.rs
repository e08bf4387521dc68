//! The ladder under load: several runners, sessions that insert and answer, and claims for the same lead.

use leadroute_cluster_tests::{check_consistency, number, Database};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

const CLIENTS: u32 = 16;
const RUNNERS: u32 = 4;
const ROUNDS: u32 = 25;

/// Everybody has a manager.
const BOSS: &str = "INSERT INTO leadroute.reps (id) VALUES ('boss');
                    UPDATE leadroute.reps SET manager_id = 'boss' WHERE id <> 'boss'";

/// Inserts leads that are overdue as soon as they are there, and answers every second one.
fn insert_and_answer(database: &Database, who: u32) {
    let mut client = database.connect();
    for n in 0..ROUNDS {
        let sql = format!(
            "INSERT INTO leadroute.leads (email, event, occurred_at)
             VALUES ('{who}.{n}@acme{who}x{n}.com', 'demo_request', now() - interval '8 minutes') RETURNING id"
        );
        let lead: i64 = client.query_one(&sql, &[]).unwrap().get(0);
        if n % 2 == 0 {
            client.execute("SELECT leadroute.record_response($1, 'r1', 'phone')", &[&lead]).unwrap();
        }
    }
}

#[test]
fn no_step_is_taken_twice_and_none_for_an_answered_lead() {
    let database = Database::with_pool(6);
    let mut watcher = database.connect();
    watcher.batch_execute(BOSS).unwrap();
    let working = AtomicU32::new(CLIENTS);
    thread::scope(|scope| {
        for _ in 0..RUNNERS {
            let (database, working) = (&database, &working);
            scope.spawn(move || {
                let mut client = database.connect();
                while working.load(Ordering::Relaxed) > 0 {
                    client.batch_execute("SELECT leadroute.escalate_overdue(20)").unwrap();
                }
            });
        }
        for who in 0..CLIENTS {
            let (database, working) = (&database, &working);
            scope.spawn(move || {
                insert_and_answer(database, who);
                working.fetch_sub(1, Ordering::Relaxed);
            });
        }
    });
    // The second step of the ladder is due two minutes from now.
    let later = "SELECT leadroute.escalate_overdue(as_of => now() + interval '10 minutes')::bigint";
    assert!(number(&mut watcher, later) > 0);
    let twice = "SELECT count(*) FROM (
        SELECT FROM leadroute.decisions d, jsonb_array_elements(d.trace) step
         WHERE d.cause = 'escalation' AND step ->> 'code' = 'escalated'
         GROUP BY d.lead_id, step ->> 'policy', step ->> 'step' HAVING count(*) > 1) x";
    assert_eq!(number(&mut watcher, twice), 0, "steps that were taken twice");
    let answered = "SELECT count(*) FROM leadroute.decisions d JOIN leadroute.responses r USING (lead_id)
         JOIN leadroute.decisions answer ON answer.lead_id = d.lead_id AND answer.cause = 'response'
        WHERE d.cause = 'escalation' AND d.id > answer.id";
    assert_eq!(number(&mut watcher, answered), 0, "steps for leads that were answered");
    let unanswered = i64::from(CLIENTS * (ROUNDS / 2));
    let managed = "SELECT count(*) FROM leadroute.leads WHERE owner_id = 'boss'";
    assert_eq!(number(&mut watcher, managed), unanswered, "leads that went the whole ladder");
    check_consistency(&mut watcher);
}

#[test]
fn of_several_who_claim_a_lead_one_gets_it() {
    let database = Database::with_pool(8);
    let mut watcher = database.connect();
    watcher
        .batch_execute(
            "INSERT INTO leadroute.queues (name, claimable) VALUES ('desk', true);
             UPDATE leadroute.tiers SET action = 'queue', pool = NULL, queue = 'desk';
             INSERT INTO leadroute.leads (company) SELECT n::text FROM generate_series(1, 20) n",
        )
        .unwrap();
    let won = AtomicU32::new(0);
    thread::scope(|scope| {
        for who in 1..=8 {
            let (database, won) = (&database, &won);
            scope.spawn(move || {
                let mut client = database.connect();
                for lead in 1..=20_i64 {
                    match client.execute("SELECT leadroute.claim_lead($1, $2)", &[&lead, &format!("r{who}")])
                    {
                        Ok(_) => drop(won.fetch_add(1, Ordering::Relaxed)),
                        Err(error) => {
                            let code = error.code().map(|code| code.code().to_owned());
                            assert_eq!(code.as_deref(), Some("55000"), "{error}");
                        }
                    }
                }
            });
        }
    });
    assert_eq!(won.load(Ordering::Relaxed), 20);
    assert_eq!(number(&mut watcher, "SELECT count(*) FROM leadroute.claims WHERE action = 'claimed'"), 20);
    check_consistency(&mut watcher);
}
