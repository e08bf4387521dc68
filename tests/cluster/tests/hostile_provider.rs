//! Hostile provider: P has the recipe `provider` and works for one provider. It learns nothing of what others are asked and
//! people are told, writes as nobody else, and fills no disk.

use leadroute_cluster_tests::roles::Role;
use leadroute_cluster_tests::{check_consistency, number, text, wait_for, Database};
use postgres::error::SqlState;
use postgres::Client;
use std::collections::HashSet;
use std::thread;

/// Two providers of the same leads: P is the first; and a session of each.
fn scene(leads: u32) -> (Role, Role, Database, Client, Client, Client) {
    let database = Database::with_pool(2);
    let (p, other) = (Role::new("provider", ""), Role::new("other_provider", ""));
    let mut dba = database.connect();
    dba.batch_execute(&format!(
        "SELECT leadroute.grant_role('provider', '{0}'), leadroute.grant_role('provider', '{1}');
         INSERT INTO leadroute.providers (name, kind, fields, db_role) VALUES
             ('theirs', 'enrich', '{{employees}}', '{0}'), ('others', 'enrich', '{{industry}}', '{1}');
         GRANT CREATE ON SCHEMA public TO {0}; CREATE SCHEMA trap AUTHORIZATION {0};
         INSERT INTO leadroute.leads (email, tenant) SELECT n || '@c' || n || '.com', CASE n % 2 WHEN 0 THEN 'beta' ELSE '' END FROM generate_series(1, {leads}) n",
        p.name(),
        other.name()
    ))
    .unwrap();
    let as_role = |role: &Role| {
        let mut session = database.connect();
        session.batch_execute(&format!("SET SESSION AUTHORIZATION {}", role.name())).unwrap();
        session
    };
    let (session, neighbour) = (as_role(&p), as_role(&other));
    (p, other, database, dba, session, neighbour)
}

fn code(client: &mut Client, sql: &str) -> Option<SqlState> {
    let error = client.batch_execute(sql).err().unwrap_or_else(|| panic!("{sql} was allowed"));
    error.code().cloned()
}

const ALL_ELSE: &str = "SELECT jsonb_agg(to_jsonb(n) ORDER BY n.id)::text FROM leadroute.notifications n
    WHERE n.details ->> 'provider' IS DISTINCT FROM 'theirs'";

#[test]
fn it_reaches_nothing_but_its_own_requests() {
    let (_p, _other, _database, mut dba, mut session, mut neighbour) = scene(3);
    let theirs = text(&mut neighbour, "SELECT request_id FROM leadroute.take_requests('others', 1)");
    let notification =
        number(&mut dba, "SELECT min(id) FROM leadroute.notifications WHERE kind = 'assigned'");
    let before = text(&mut dba, ALL_ELSE);
    let refused = [
        "SELECT * FROM leadroute.take_notifications('p', kinds => '{enrich_requested}')".to_owned(),
        format!("SELECT leadroute.ack_notifications('{{{notification}}}')"),
        format!("SELECT leadroute.release_notifications('others', '{{{notification}}}')"),
        "SELECT leadroute.apply_enrichment(1, '{\"industry\": \"x\"}', 'others', 'r')".to_owned(),
        "SELECT leadroute.apply_qualification(1, 99, NULL, 'others', 'r')".to_owned(),
        "SELECT * FROM leadroute.take_requests('others')".to_owned(),
        format!("SELECT leadroute.answer_request('others', '{theirs}', '{{\"industry\": \"x\"}}')"),
        format!("SELECT leadroute.release_requests('others', '{{{theirs}}}')"),
        "UPDATE leadroute.providers SET db_role = NULL".to_owned(),
        "SELECT * FROM leadroute.provider_requests".to_owned(),
        "SELECT leadroute.purge_answers()".to_owned(),
    ];
    for sql in refused {
        assert_eq!(code(&mut session, &sql), Some(SqlState::INSUFFICIENT_PRIVILEGE), "{sql}");
    }
    let unknown = format!("SELECT leadroute.answer_request('theirs', '{theirs}', '{{\"industry\": \"x\"}}')");
    assert_eq!(code(&mut session, &unknown), Some(SqlState::UNDEFINED_OBJECT));
    assert_eq!(
        number(&mut session, &format!("SELECT leadroute.release_requests('theirs', '{{{theirs}}}')::bigint")),
        0
    );
    // nor by calling itself somebody else
    session.batch_execute("SET application_name = 'others'; SET ROLE none").unwrap();
    let as_others =
        format!("SELECT leadroute.release_requests('theirs', '{{{theirs}}}', '0', 'others')::bigint");
    assert_eq!(number(&mut session, &as_others), 0);
    assert_eq!(text(&mut dba, ALL_ELSE), before);
    assert_eq!(number(&mut dba, "SELECT count(*) FROM leadroute.enrichments"), 0);
    // the neighbour goes on
    let answer = format!("SELECT leadroute.answer_request('others', '{theirs}', '{{\"industry\": \"Banking\"}}') ->> 'routing'");
    assert!(text(&mut neighbour, &answer).starts_with("stays where it is"));
    check_consistency(&mut dba);
}

/// Functions and operators of P in its search_path run as nobody else.
#[test]
fn its_search_path_is_its_own() {
    let (p, _other, _database, mut dba, mut session, _neighbour) = scene(2);
    let p = p.name();
    session
        .batch_execute(&format!(
            "CREATE FUNCTION trap.spring(text, text) RETURNS boolean LANGUAGE plpgsql AS
                 'BEGIN IF current_user <> ''{p}'' THEN RAISE EXCEPTION ''sprung as %'', current_user; END IF; RETURN true; END';
             CREATE OPERATOR trap.= (LEFTARG = text, RIGHTARG = text, FUNCTION = trap.spring);
             CREATE FUNCTION trap.coalesce(text, text) RETURNS text LANGUAGE sql AS 'SELECT $1';
             CREATE TABLE trap.pg_roles (rolname name, oid oid); CREATE TEMP TABLE providers (name text, db_role text);
             SET search_path = trap, pg_temp, pg_catalog"
        ))
        .unwrap();
    let id = text(&mut session, "SELECT request_id FROM leadroute.take_requests('theirs', 1)");
    session
        .batch_execute(&format!(
            "SELECT leadroute.answer_request('theirs', '{id}', '{{\"employees\": 7}}'), leadroute.release_requests('theirs', '{{{id}}}');
             SELECT leadroute.doze(providers => '{{theirs}}'), leadroute.wake()"
        ))
        .unwrap();
    assert_eq!(
        code(&mut session, "SELECT leadroute.take_requests('others')"),
        Some(SqlState::INSUFFICIENT_PRIVILEGE)
    );
    assert_eq!(number(&mut dba, "SELECT count(*) FROM leadroute.leads WHERE employees = 7"), 1);
}

/// Whatever it answers and however often: a row for each request, and none is longer than a megabyte.
#[test]
fn it_fills_no_disk() {
    let (_p, _other, _database, mut dba, mut session, _neighbour) = scene(3);
    let ids = session.query("SELECT request_id FROM leadroute.take_requests('theirs')", &[]).unwrap();
    let ids: Vec<String> = ids.iter().map(|row| row.get(0)).collect();
    assert_eq!(ids.len(), 3);
    for n in 0..200 {
        let (id, size) = (&ids[n % 3], 1000 + n);
        let sql = format!("SELECT leadroute.answer_request('theirs', '{id}', jsonb_build_object('junk', repeat('{n}', {size})))");
        session.batch_execute(&sql).unwrap();
    }
    let long = format!(
        "SELECT leadroute.answer_request('theirs', '{}', jsonb_build_object('junk', repeat('x', 2000000)))",
        ids[0]
    );
    assert_eq!(code(&mut session, &long), Some(SqlState::PROGRAM_LIMIT_EXCEEDED));
    assert_eq!(number(&mut dba, "SELECT count(*) FROM leadroute.enrichments"), 3);
    assert_eq!(number(&mut dba, "SELECT count(*) FROM leadroute.field_sources"), 3);
}

/// What four workers of P take side by side until nothing is left.
fn taken_by_four(database: &Database, p: &Role) -> Vec<String> {
    let work = || {
        let mut session = database.connect();
        let begin = format!("SET SESSION AUTHORIZATION {}; SET statement_timeout = '30s'", p.name());
        session.batch_execute(&begin).unwrap();
        let mut taken = Vec::new();
        loop {
            let rows =
                session.query("SELECT request_id FROM leadroute.take_requests('theirs', 3)", &[]).unwrap();
            if rows.is_empty() {
                return taken;
            }
            taken.extend(rows.iter().map(|row| row.get::<_, String>(0)));
        }
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..4).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    })
}

/// Workers of one provider, side by side: each request goes to one of them, and what one holds in an open transaction or
/// has died with comes back, without that anybody waits.
#[test]
fn workers_share_requests_and_nobody_waits_for_one_that_idles() {
    let (p, _other, database, mut dba, mut idle, mut neighbour) = scene(60);
    idle.batch_execute("BEGIN").unwrap();
    let held = idle.query("SELECT request_id FROM leadroute.take_requests('theirs', 20)", &[]).unwrap().len();
    let taken = taken_by_four(&database, &p);
    assert_eq!((held, taken.len()), (20, 40));
    assert_eq!(taken.iter().collect::<HashSet<_>>().len(), 40, "each is handed out once");
    // people, the neighbour and new leads do not wait either
    dba.batch_execute("SET lock_timeout = '5s'; INSERT INTO leadroute.leads (email) VALUES ('new@new.com')")
        .unwrap();
    assert_eq!(number(&mut dba, "SELECT count(*) FROM leadroute.take_notifications('people', 100)"), 61);
    assert_eq!(number(&mut neighbour, "SELECT count(*) FROM leadroute.take_requests('others', 100)"), 61);
    drop(idle);
    let mut again = database.connect();
    wait_for("what the dead one held", 30, || {
        let back = number(&mut again, "SELECT count(*) FROM leadroute.take_requests('theirs', 100)");
        (back == 21).then_some(())
    });
}
