//! Escalation beside sessions that hold leads.

use leadroute_cluster_tests::{check_consistency, number, text, Database};

/// The oldest lead is held by somebody: a batch of one must take the next.
#[test]
fn a_locked_lead_does_not_hold_up_the_others() {
    let database = Database::with_pool(2);
    let (mut holder, mut sweeper) = (database.connect(), database.connect());
    sweeper
        .batch_execute(
            "INSERT INTO leadroute.leads (email, event, occurred_at)
             SELECT 'lead' || n || '@acme.com', 'demo_request', now() - (9 - n) * interval '1 hour'
               FROM generate_series(1, 3) n;
             SET statement_timeout = '5s'",
        )
        .unwrap();
    holder.batch_execute("BEGIN; SELECT FROM leadroute.leads WHERE id = 1 FOR UPDATE").unwrap();
    assert_eq!(number(&mut sweeper, "SELECT leadroute.escalate_overdue(1)::bigint"), 1);
    let escalated = "SELECT string_agg(lead_id::text, ' ' ORDER BY decision_id) FROM leadroute.escalations";
    assert_eq!(text(&mut sweeper, escalated), "2");
    assert_eq!(number(&mut sweeper, "SELECT leadroute.escalate_overdue(1)::bigint"), 1);
    // The second step of lead 2 was due before the first of lead 3.
    assert_eq!(text(&mut sweeper, escalated), "2 2");
    // A clock that somebody holds is passed over as well.
    holder
        .batch_execute("COMMIT; BEGIN; SELECT FROM leadroute.sla_clocks WHERE lead_id = 1 FOR UPDATE")
        .unwrap();
    assert_eq!(number(&mut sweeper, "SELECT leadroute.escalate_overdue(1)::bigint"), 1);
    assert_eq!(text(&mut sweeper, escalated), "2 2 3");
    holder.batch_execute("COMMIT").unwrap();
    assert_eq!(number(&mut sweeper, "SELECT leadroute.escalate_overdue(1)::bigint"), 1);
    assert_eq!(text(&mut sweeper, escalated), "2 2 3 1");
    check_consistency(&mut sweeper);
}
