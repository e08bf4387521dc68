//! A company moves in while leads come: several sessions take in what it brought.

use leadroute_cluster_tests::{check_consistency, number, text, Database};
use postgres::Client;
use std::thread;

/// 150 leads with owners, and 150 of 100 persons that came while routing was off.
fn move_in(app: &mut Client) {
    app.batch_execute(
        "INSERT INTO leadroute.leads (id, email, owner_id, status, routed_at)
         SELECT n, n || '@old.com', 'r' || 1 + n % 3, 'assigned', '2025-01-01' FROM generate_series(1, 150) n;
         SELECT setval('leadroute.leads_id_seq', 1000);
         SET leadroute.enabled = off;
         INSERT INTO leadroute.leads (email) SELECT n % 100 || '@off.com' FROM generate_series(1, 150) n;
         RESET leadroute.enabled;",
    )
    .unwrap();
}

/// The same persons submit again, but for one, whose lead is held.
fn submit_again(app: &mut Client) {
    for n in (1..100).filter(|n| *n != 7) {
        let submit = format!(
            "INSERT INTO leadroute.leads (email) VALUES ('{n}+again@off.com'), ('{n}+again@old.com')"
        );
        app.batch_execute(&submit).unwrap();
    }
}

fn check_persons(client: &mut Client) {
    let per_person = "SELECT max(n) FROM (SELECT count(*) AS n FROM leadroute.leads WHERE duplicate_of IS NULL GROUP BY person_key) p";
    assert_eq!(number(client, per_person), 1);
    let twice = "SELECT count(*) FROM (SELECT FROM leadroute.decisions WHERE layer = 'given' GROUP BY lead_id HAVING count(*) > 1) d";
    assert_eq!(number(client, twice), 0);
    let kept = "SELECT count(*) FROM leadroute.leads WHERE id <= 150 AND owner_id = 'r' || 1 + id % 3";
    assert_eq!(number(client, kept), 150);
}

/// Two workers, submits of the same persons, and somebody who holds a lead: nobody waits for that one, and every lead is
/// taken in once.
#[test]
fn workers_take_in_leads_while_their_persons_submit_again() {
    let database = Database::with_pool(3);
    let (mut app, mut holder) = (database.connect(), database.connect());
    move_in(&mut app);
    holder.batch_execute("BEGIN; UPDATE leadroute.leads SET company = 'Held' WHERE id = 7").unwrap();
    thread::scope(|scope| {
        for _ in 0..2 {
            let mut worker = database.connect();
            worker.batch_execute("SET statement_timeout = '20s'").unwrap();
            scope.spawn(move || {
                for _ in 0..20 {
                    worker.batch_execute("SELECT leadroute.adopt_leads(20)").unwrap();
                }
            });
        }
        scope.spawn(|| submit_again(&mut app));
    });
    let mut worker = database.connect();
    let left = "SELECT string_agg(id::text, ' ') FROM leadroute.leads WHERE decision_id IS NULL";
    assert_eq!(text(&mut worker, left), "7");
    holder.batch_execute("COMMIT").unwrap();
    assert_eq!(number(&mut worker, "SELECT leadroute.adopt_leads()::bigint"), 1);
    while number(&mut worker, "SELECT leadroute.merge_duplicates()::bigint") > 0 {}
    check_persons(&mut worker);
    check_consistency(&mut worker);
}
