//! What providers say of leads: once for each request, in any order and side by side, and the lead ends in one consistent state.

use leadroute_cluster_tests::{check_consistency, number, text, wait_for, Database};
use postgres::error::SqlState;
use postgres::Client;
use proptest::collection::vec;
use proptest::prop_assert_eq;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use std::cell::{Cell, RefCell};
use std::thread;

/// A company with two pools: large companies and high scores go to the second.
fn company() -> Database {
    let database = Database::with_pool(3);
    let sql = "INSERT INTO leadroute.reps (id) VALUES ('big1'), ('big2');
        INSERT INTO leadroute.pools (name) VALUES ('big');
        INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('big', 'big1'), ('big', 'big2');
        INSERT INTO leadroute.segments (name, priority, employees, fallback_queue) VALUES ('big', 1, '[1000,)', 'catch_all');
        INSERT INTO leadroute.tiers (segment, name, score, action, pool) VALUES
            ('big', 'big', '(,)', 'pool', 'big'), ('everybody', 'cold', '(,0)', 'nurture', NULL), ('everybody', 'hot', '[50,)', 'pool', 'big'),
            ('everybody', 'warm', '[0,50)', 'pool', 'pool');";
    database.connect().batch_execute(sql).expect("a company");
    database
}

/// Runs a statement, again where transactions that ran side by side could not be ordered.
fn persistently(client: &mut Client, level: &str, sql: &str) -> String {
    loop {
        client.batch_execute(&format!("BEGIN ISOLATION LEVEL {level}")).expect("BEGIN");
        let tried = client.query_one(sql, &[]).and_then(|row| {
            let answer = row.get::<_, Option<String>>(0).unwrap_or_default();
            client.batch_execute("COMMIT").map(|()| answer)
        });
        match tried {
            Ok(answer) => return answer,
            Err(error) => {
                client.batch_execute("ROLLBACK").expect("ROLLBACK");
                let again = [SqlState::T_R_SERIALIZATION_FAILURE, SqlState::T_R_DEADLOCK_DETECTED];
                let code = error.code().unwrap_or_else(|| panic!("{sql}: {error}"));
                assert!(again.contains(code), "{sql}: {error}");
            }
        }
    }
}

#[test]
fn two_sessions_with_one_request_have_one_effect_and_one_answer() {
    for level in ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"] {
        let database = company();
        let mut client = database.connect();
        for lead in 1..=5 {
            text(
                &mut client,
                &format!(
                    "INSERT INTO leadroute.leads (email) VALUES ('{lead}@c{lead}.com') RETURNING owner_id"
                ),
            );
            let calls = [
                format!("SELECT leadroute.apply_enrichment({lead}, '{{\"employees\": 5000, \"title\": \"CEO\"}}', 's', 'e{lead}')::text"),
                format!("SELECT leadroute.apply_qualification({lead}, 70, '[]', 's', 'q{lead}')::text"),
            ];
            for call in calls {
                let mut sessions: Vec<_> = (0..4).map(|_| database.connect()).collect();
                let answers: Vec<String> = thread::scope(|scope| {
                    let call = &call;
                    let asked =
                        sessions.iter_mut().map(|client| scope.spawn(|| persistently(client, level, call)));
                    let asked: Vec<_> = asked.collect();
                    asked.into_iter().map(|answer| answer.join().expect("an answer")).collect()
                });
                assert!(answers.iter().all(|answer| *answer == answers[0]), "{level}: {answers:?}");
            }
        }
        let told = "SELECT (SELECT count(*) FROM leadroute.enrichments) + (SELECT count(*) FROM leadroute.qualifications)";
        assert_eq!(number(&mut client, told), 10, "{level}");
        let moved = "SELECT count(*) FROM leadroute.decisions WHERE cause = 'enrichment'";
        assert_eq!(number(&mut client, moved), 5, "{level}: each lead moves once");
        check_consistency(&mut client);
    }
}

/// What is done to a lead, each of it once or more.
const CALLS: [&str; 9] = [
    "leadroute.apply_enrichment({lead}, '{\"employees\": {\"value\": 20, \"at\": \"2026-01-01\"}, \"title\": \"CEO\"}', 'a', 'a1-{lead}')",
    "leadroute.apply_enrichment({lead}, '{\"employees\": {\"value\": 5000, \"at\": \"2026-02-01\"}, \"city\": \"Rome\"}', 'a', 'a2-{lead}')",
    "leadroute.apply_enrichment({lead}, '{\"employees\": {\"value\": 300, \"at\": \"2026-01-15\"}}', 'a', 'a3-{lead}')",
    "leadroute.apply_enrichment({lead}, '{\"industry\": \"Banking\", \"region\": \"Lazio\"}', 'b', 'b1-{lead}')",
    "leadroute.apply_qualification({lead}, 80, '[]', 'q', 'q1-{lead}')",
    "leadroute.record_response({lead}, 'r1', 'phone')",
    "leadroute.record_response({lead}, 'r2', 'email', meaningful => false)",
    "leadroute.escalate_overdue(10, now() + interval '1 hour')",
    "leadroute.close_lead({lead}, 'lost')",
];

/// A generator of numbers that are the same each time.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % end
    }
}

/// The calls for a lead in some order, some of them repeated; those at `left_out` not at all.
fn order(random: &mut Random, lead: i64, left_out: &[usize]) -> Vec<String> {
    let mut calls: Vec<usize> = (0..CALLS.len()).filter(|call| !left_out.contains(call)).collect();
    for _ in 0..random.below(5) {
        let again = calls[random.below(calls.len())];
        calls.push(again);
    }
    for place in (1..calls.len()).rev() {
        calls.swap(place, random.below(place + 1));
    }
    calls.into_iter().map(|call| CALLS[call].replace("{lead}", &lead.to_string())).collect()
}

/// No lead breaks a promise, whatever was called.
fn check_promises(client: &mut Client, what: &str) {
    check_consistency(client);
    let promises = [
        ("a closed or answered lead has a running clock",
         "SELECT count(*) FROM leadroute.sla_clocks c JOIN leadroute.leads l ON l.id = c.lead_id
           WHERE c.stopped_at IS NULL AND (l.first_response_at IS NOT NULL OR l.status = 'lost')"),
        ("a lead has two running clocks",
         "SELECT count(*) FROM (SELECT FROM leadroute.sla_clocks WHERE stopped_at IS NULL GROUP BY lead_id HAVING count(*) > 1) x"),
        ("what became known took a lead from its rep",
         "SELECT count(*) FROM leadroute.decisions WHERE cause = 'enrichment' AND previous_owner_id IS NOT NULL AND owner_id IS NULL"),
        ("a lead moved more than once because of what became known",
         "SELECT count(*) FROM (SELECT FROM leadroute.decisions WHERE cause = 'enrichment' AND owner_id IS DISTINCT FROM previous_owner_id
                                 GROUP BY lead_id HAVING count(*) > 1) x"),
        ("a lead moved after somebody had responded",
         "SELECT count(*) FROM leadroute.decisions d WHERE d.cause = 'enrichment' AND d.owner_id IS DISTINCT FROM d.previous_owner_id
             AND EXISTS (SELECT FROM leadroute.decisions r WHERE r.lead_id = d.lead_id AND r.cause = 'response' AND r.id < d.id)"),
        ("a closed lead is open again", "SELECT count(*) FROM leadroute.leads WHERE status <> 'lost' AND closed_at IS NOT NULL"),
        ("an answer was not worked through",
         "SELECT (SELECT count(*) FROM leadroute.enrichments WHERE routing = '') + (SELECT count(*) FROM leadroute.qualifications WHERE routing = '')"),
        ("a decision is not the same when it is made again",
         "SELECT count(*) FROM leadroute.decisions d, leadroute.replay_decision(d.id) r WHERE r ->> 'same' = 'false'"),
    ];
    for (broken, sql) in promises {
        assert_eq!(number(client, sql), 0, "{what}: {broken}");
    }
}

/// What is known of a lead in the end.
const KNOWN: &str =
    "SELECT string_agg(DISTINCT concat_ws('|', employees, title, city, industry, region, score), ' and ')
    FROM leadroute.leads WHERE id = ANY ($1)";

/// What must be known of a lead once these calls were made, in whatever order: the latest of what one source has said,
/// and all that others have.
fn known_after(calls: &[usize]) -> String {
    let said = |call: usize, what: &'static str| calls.contains(&call).then_some(what);
    let employees = said(1, "5000").or(said(2, "300")).or(said(0, "20"));
    let known =
        [employees, said(0, "CEO"), said(1, "Rome"), said(3, "Banking"), said(3, "Lazio"), said(4, "80")];
    known.map(|value| value.unwrap_or("-")).join("|")
}

#[test]
fn in_any_order_and_however_often_it_ends_in_one_state() {
    let database = company();
    let client = RefCell::new(database.connect());
    let config = Config { cases: 100, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let number_of_lead = Cell::new(0);
    let ended = runner.run(&vec(0..CALLS.len(), 0..20), |calls| {
        let client = &mut *client.borrow_mut();
        let n = number_of_lead.replace(number_of_lead.get() + 1);
        let insert = format!("INSERT INTO leadroute.leads (email, event) VALUES ('{n}@x{n}.com', 'demo_request') RETURNING id");
        let lead = number(client, &insert);
        for call in &calls {
            let call = CALLS[*call].replace("{lead}", &lead.to_string());
            client.batch_execute(&format!("SELECT {call}")).unwrap_or_else(|error| panic!("{call}: {error}"));
        }
        let known = format!(
            "SELECT concat_ws('|', coalesce(employees::text, '-'), coalesce(title, '-'), coalesce(city, '-'), coalesce(industry, '-'),
                 coalesce(region, '-'), coalesce(score::text, '-')) FROM leadroute.leads WHERE id = {lead}"
        );
        prop_assert_eq!(text(client, &known), known_after(&calls));
        let lost = number(client, &format!("SELECT count(*) FROM leadroute.leads WHERE id = {lead} AND status = 'lost'"));
        prop_assert_eq!(lost == 1, calls.contains(&8));
        Ok(())
    });
    if let Err(failed) = ended {
        panic!("{failed}");
    }
    check_promises(&mut client.borrow_mut(), "one after the other");
}

#[test]
fn side_by_side_it_ends_in_one_state() {
    let database = company();
    let mut client = database.connect();
    let leads: Vec<i64> = (0..12)
        .map(|n| number(&mut client, &format!("INSERT INTO leadroute.leads (email, event) VALUES ('{n}@x{n}.com', 'demo_request') RETURNING id")))
        .collect();
    thread::scope(|scope| {
        for session in 0..4 {
            let (database, leads) = (&database, &leads);
            scope.spawn(move || {
                let mut client = database.connect();
                let mut random = Random(100 + session);
                for lead in leads {
                    for call in order(&mut random, *lead, &[]) {
                        persistently(&mut client, "READ COMMITTED", &format!("SELECT ({call})::text"));
                    }
                }
            });
        }
    });
    check_promises(&mut client, "side by side");
    let known: String = client.query_one(KNOWN, &[&leads]).expect("leads").get(0);
    assert_eq!(known, "5000|CEO|Rome|Banking|Lazio|80");
}

/// Whoever is just claiming a lead that waits keeps it, and one that is just being closed stays closed.
#[test]
fn an_account_worth_another_try_takes_no_lead_from_somebody() {
    let database = company();
    let (mut client, mut rep) = (database.connect(), database.connect());
    let waiting = "UPDATE leadroute.queues SET claimable = true WHERE name = 'recycling';
        INSERT INTO leadroute.accounts (id, kind, disqualified_reason) VALUES ('tiny', 'disqualified', 'too small');
        INSERT INTO leadroute.account_domains (domain, account_id) VALUES ('tiny.com', 'tiny');
        INSERT INTO leadroute.leads (email) VALUES ('a@tiny.com'), ('b@tiny.com'), ('c@tiny.com')";
    client.batch_execute(waiting).expect("leads that wait");
    rep.batch_execute("BEGIN; SELECT leadroute.claim_lead(1, 'big1'), leadroute.close_lead(2, 'lost')")
        .expect("a claim");
    thread::scope(|scope| {
        let again = scope.spawn(|| {
            number(&mut database.connect(), "SELECT leadroute.requalify_account('tiny', 'grown')::bigint")
        });
        let waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
        wait_for("the other to wait", 30, || (number(&mut client, waits) == 1).then_some(()));
        rep.batch_execute("COMMIT").expect("COMMIT");
        assert_eq!(again.join().expect("an answer"), 1);
    });
    let ended = "SELECT string_agg(concat_ws(' ', id, status, owner_id LIKE 'big%', queue), ', ' ORDER BY id) FROM leadroute.leads";
    assert_eq!(text(&mut client, ended), "1 assigned t, 2 lost recycling, 3 assigned f");
    check_consistency(&mut client);
}

/// Lead, notification, request: whoever answers and whoever acknowledges lock them in one order.
#[test]
fn an_answer_and_an_acknowledgement_of_one_request_wait_for_each_other_and_both_succeed() {
    let database = company();
    let (mut first, mut second, mut third) = (database.connect(), database.connect(), database.connect());
    third
        .batch_execute(
            "INSERT INTO leadroute.providers (name, kind) VALUES ('mails', 'sequence'); INSERT INTO leadroute.playbooks (name) VALUES ('call');
             INSERT INTO leadroute.leads (email) VALUES ('ada@acme.com')",
        )
        .unwrap();
    let request = text(&mut third, "SELECT request_id FROM leadroute.take_requests('mails')");
    let asked =
        number(&mut third, "SELECT id FROM leadroute.notifications WHERE kind = 'sequence_requested'");
    let waits = |client: &mut Client, count: i64| {
        wait_for("whoever waits for a lock", 30, || {
            let sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
            (number(client, sql) == count).then_some(())
        });
    };
    third.batch_execute("BEGIN; SELECT FROM leadroute.provider_requests FOR UPDATE").unwrap();
    let mut watcher = database.connect();
    let answer = format!(
        "SELECT leadroute.answer_request('mails', '{request}', '{{\"mail\": \"Hello\"}}') ->> 'lead_id'"
    );
    let answering = thread::spawn(move || first.query_one(&answer, &[]).map(|row| row.get::<_, String>(0)));
    waits(&mut watcher, 1);
    let acknowledge = format!("SELECT leadroute.ack_notifications('{{{asked}}}')");
    let acknowledging =
        thread::spawn(move || second.query_one(&acknowledge, &[]).map(|row| row.get::<_, i32>(0)));
    waits(&mut watcher, 2);
    third.batch_execute("COMMIT").unwrap();
    assert_eq!(answering.join().unwrap().unwrap(), "1");
    assert_eq!(acknowledging.join().unwrap().unwrap(), 0, "it was acknowledged with the answer");
    check_consistency(&mut watcher);
}
