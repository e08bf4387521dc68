//! The certificate of a pool after many sessions at once: its numbers add up to the book of the rotation, and the verdict keeps
//! what is promised for open transactions.

use leadroute_cluster_tests::{number, text, Database};
use std::thread;

/// Where the last deviation of a member differs from what the book of the rotation says.
const DIFFERENT: &str = "SELECT count(*) FROM leadroute.pool_fairness f
    LEFT JOIN (SELECT DISTINCT ON (seat) seat, deviation FROM leadroute.fairness_certificate(
                 (SELECT name FROM leadroute.pools LIMIT 1), '-infinity', 'infinity')
                WHERE deviation IS NOT NULL ORDER BY seat, turn DESC) c ON c.seat = f.seat
   WHERE round(f.difference, 9) IS DISTINCT FROM round(c.deviation, 9)";
const VERDICT: &str =
    "SELECT concat_ws(' | ', turns, by_rule, round(worst_deviation, 3), bound, is_kept, rule)
    FROM leadroute.fairness_verdict((SELECT name FROM leadroute.pools LIMIT 1), '-infinity', 'infinity')";

/// A pool in which each member has been looked at once: the certificate begins with what is sure.
fn with_turn(reps: u32) -> Database {
    let database = Database::with_pool(reps);
    database
        .connect()
        .batch_execute("INSERT INTO leadroute.leads (email) VALUES ('first@first.com')")
        .unwrap();
    database
}

#[test]
fn sessions_at_once_with_rollbacks_are_certified() {
    let database = with_turn(4);
    thread::scope(|scope| {
        for who in 0..6 {
            let mut client = database.connect();
            scope.spawn(move || {
                for n in 0..40 {
                    let rows = 1 + (n + who) % 3;
                    let end = if (n + who) % 5 == 0 { "ROLLBACK" } else { "COMMIT" };
                    let sql = format!(
                        "BEGIN; INSERT INTO leadroute.leads (email) SELECT k || '-{n}@s{who}.com' FROM generate_series(1, {rows}) k; {end}"
                    );
                    client.batch_execute(&sql).unwrap();
                }
            });
        }
    });
    let mut client = database.connect();
    assert_eq!(number(&mut client, DIFFERENT), 0);
    let verdict = text(&mut client, VERDICT);
    assert!(verdict.contains("| t |"), "{verdict}");
    let leads = number(&mut client, "SELECT count(*) FROM leadroute.leads");
    assert!(verdict.starts_with(&format!("{leads} | {leads} |")), "{verdict} of {leads} leads");
}

#[test]
fn a_session_that_stays_open_shows_as_what_moved_beside_the_turns() {
    let database = with_turn(2);
    let (mut open, mut other) = (database.connect(), database.connect());
    open.batch_execute("BEGIN; INSERT INTO leadroute.leads (email) VALUES ('a@open.com')").unwrap();
    for n in 0..4 {
        other
            .batch_execute(&format!("INSERT INTO leadroute.leads (email) VALUES ('b{n}@other.com')"))
            .unwrap();
    }
    // seen by the others, and never there
    open.batch_execute("ROLLBACK").unwrap();
    let verdict = text(&mut other, VERDICT);
    assert!(verdict.starts_with("5 | 5 |") && verdict.contains("| t |"), "{verdict}");
    assert!(verdict.contains("other open transactions"), "{verdict}");
    assert_eq!(number(&mut other, DIFFERENT), 0);
}
