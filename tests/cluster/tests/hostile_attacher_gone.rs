//! Hostile attacher: tables that P has attached belong to somebody else by now. Code of P in their mappings runs no more.

use leadroute_cluster_tests::roles::tables::{attacked, table, FOR_ALL, LIFE};
use leadroute_cluster_tests::roles::{attempt, list, Scene};
use leadroute_cluster_tests::{number, text, wait_for};
use postgres::Client;

/// The owner that each row has.
fn owners(dba: &mut Client, tables: &[String]) -> Vec<String> {
    dba.batch_execute("SET spy.names = 'yes'").unwrap();
    let rows = |table: &String| {
        list(
            dba,
            &format!(
                "SELECT concat_ws(' ', '{table}', id, to_jsonb(t) ->> 'owner') FROM {table} t ORDER BY id"
            ),
        )
    };
    let rows = tables.iter().flat_map(rows).collect();
    dba.batch_execute("RESET spy.names").unwrap();
    rows
}

/// The DBA inserts a row into each table; each that is there is a lead.
fn insert_everywhere(dba: &mut Client, tables: &[String], what: &str) {
    dba.batch_execute("SET spy.names = 'yes'").unwrap();
    let mut inserted = Vec::new();
    for table in tables {
        let email = format!("taken@{}.com", table.replace(['.', '_'], "-"));
        if attempt(dba, &format!("INSERT INTO {table} (id, email) VALUES (21, '{email}')")).is_none() {
            inserted.push(email);
        }
    }
    dba.batch_execute("RESET spy.names").unwrap();
    assert!(inserted.len() > 20, "{what}: {inserted:?}");
    let leads = "SELECT email FROM leadroute.leads WHERE email LIKE 'taken@%' AND routed_at > '-infinity'";
    let leads = list(dba, leads);
    inserted.retain(|email| !leads.contains(email));
    assert_eq!(inserted, Vec::<String>::new(), "{what}: rows without a lead");
}

/// Tables of which config_problems does not say that they must be attached again.
fn without_problem(dba: &mut Client, tables: &[String]) -> Vec<String> {
    let named = list(
        dba,
        "SELECT DISTINCT key FROM leadroute.config_problems WHERE \"table\" = 'attached_tables' AND problem ~ 'attach'",
    );
    // of a table that others inherit from it has something else to say
    tables.iter().filter(|table| !named.contains(table) && *table != "spy.inherited").cloned().collect()
}

/// A table that has a new owner is routed from its plain columns. No mapping of the former owner is used any more, nothing
/// is written back, and `config_problems` says what to do.
#[test]
fn a_mapping_ends_with_its_author() {
    for way in [
        "ALTER TABLE {t} OWNER TO CURRENT_USER",
        "REASSIGN OWNED BY {P} TO CURRENT_USER",
        "ALTER TABLE {t} OWNER TO {app}",
    ] {
        let (scene, tables) = attacked();
        let mut dba = scene.dba();
        let way = way.replace("{P}", scene.thief.name()).replace("{app}", scene.app.name());
        for table in &tables {
            dba.batch_execute(&way.replace("{t}", table)).unwrap();
        }
        scene.check(&way);
        scene.spy.forget();
        assert_eq!(
            without_problem(&mut dba, &tables),
            Vec::<String>::new(),
            "{way}: config_problems does not tell"
        );
        insert_everywhere(&mut dba, &tables, &way);
        let before = owners(&mut dba, &tables);
        for id in
            list(&mut dba, "SELECT id::text FROM leadroute.leads WHERE attached_key IS NOT NULL ORDER BY id")
        {
            for sql in LIFE.lines().take(5) {
                attempt(&mut dba, &sql.replace("{id}", &id));
            }
        }
        assert_eq!(owners(&mut dba, &tables), before, "{way}: something was written back");
        scene.check(&way);
        let mut ran = scene.spy.heard();
        ran.retain(|line| {
            ["mapping as", "cast as", "operator as"].iter().any(|mapping| line.contains(mapping))
        });
        assert!(ran.is_empty(), "{way}: a mapping of the former owner ran: {ran:#?}");
    }
}

/// The DBA takes a table over while routing waits for it: the mapping that was read before the wait is not used.
#[test]
fn a_table_that_is_taken_over_while_routing_waits() {
    let scene = Scene::installed();
    let (mut dba, mut thief, mut watcher) = (scene.dba(), scene.session(), scene.database.connect());
    let (_, make) = table("plain | email text, owner text | |");
    thief.batch_execute(&format!("{make}; INSERT INTO spy.plain VALUES (1, 'a@plain.com')")).unwrap();
    let before = text(&mut thief, "SELECT owner FROM spy.plain");
    watcher.batch_execute("BEGIN; ALTER TABLE spy.plain OWNER TO CURRENT_USER").unwrap();
    let transfer = "SELECT leadroute.transfer_lead(max(id), 'cyd') FROM leadroute.leads";
    let waiting = std::thread::spawn(move || attempt(&mut dba, transfer));
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
                  AND state = 'active' AND (wait_event_type IN ('Lock', 'Extension') OR wait_event = 'PgSleep')";
    wait_for("the transfer to wait, or to end", 10, || {
        (waiting.is_finished() || number(&mut watcher, waits) > 0).then_some(())
    });
    watcher.batch_execute("COMMIT").unwrap();
    waiting.join().unwrap();
    assert_eq!(text(&mut watcher, "SELECT owner FROM spy.plain"), before, "written for the former owner");
    scene.check("after the wait");
}

/// P attaches, and the DBA takes the table over before P's call has its locks: it is refused.
#[test]
fn a_table_that_is_taken_over_while_it_is_attached() {
    let scene = Scene::installed();
    let (mut thief, mut watcher) = (scene.session(), scene.database.connect());
    thief.batch_execute("CREATE TABLE spy.plain (id integer PRIMARY KEY, email text, owner text)").unwrap();
    watcher.batch_execute("BEGIN; LOCK TABLE leadroute.leads IN SHARE MODE").unwrap();
    let attach = r#"SELECT leadroute.attach('spy.plain', '{"email": "email", "owner_id": "owner", "company": {"expression": "spy.mapped(email)"}}')"#;
    let attaching = std::thread::spawn(move || attempt(&mut thief, attach));
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    wait_for("the call to wait", 10, || (number(&mut watcher, waits) == 1).then_some(()));
    watcher.batch_execute("ALTER TABLE spy.plain OWNER TO CURRENT_USER; COMMIT").unwrap();
    assert_eq!(attaching.join().unwrap().as_deref(), Some("42501"));
    watcher.batch_execute("INSERT INTO spy.plain VALUES (1, 'a@plain.com')").unwrap();
    scene.check("after the attach");
}

/// The DBA takes the table over while an expression of P runs, which then hears of it: what comes after it runs as P still.
#[test]
fn a_table_that_is_taken_over_while_an_expression_runs() {
    let scene = Scene::installed();
    let (mut dba, mut thief, mut watcher) = (scene.dba(), scene.session(), scene.database.connect());
    let line =
        "slow | email text, owner spy.short | CREATE FUNCTION spy.slow(text) RETURNS text LANGUAGE plpgsql AS
                    'BEGIN PERFORM pg_advisory_xact_lock_shared(42); PERFORM FROM spy.other; RETURN $1; END' |
                    \"owner_id\": {\"column\": \"owner\", \"expression\": \"spy.slow(rep.id)\"}";
    let (_, make) = table(line);
    thief.batch_execute(&format!("{make}; INSERT INTO spy.slow VALUES (1, 'a@slow.com')")).unwrap();
    watcher.batch_execute("SELECT pg_advisory_lock(42)").unwrap();
    let transfer = "SELECT leadroute.transfer_lead(max(id), 'cyd') FROM leadroute.leads";
    let waiting = std::thread::spawn(move || attempt(&mut dba, transfer));
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'advisory'";
    wait_for("the expression to wait", 10, || (number(&mut watcher, waits) == 1).then_some(()));
    watcher
        .batch_execute("ALTER TABLE spy.slow OWNER TO CURRENT_USER; SELECT pg_advisory_unlock(42)")
        .unwrap();
    waiting.join().unwrap();
    scene.check("after the wait");
}

/// Only the table of links has a new owner: nothing of P runs as them.
#[test]
fn a_table_of_links_that_was_taken_over() {
    let (scene, _) = attacked();
    let mut dba = scene.dba();
    for table in ["spy.link_l", "spy.link_mapped_l"] {
        dba.batch_execute(&format!("ALTER TABLE {table} OWNER TO CURRENT_USER")).unwrap();
    }
    for id in
        list(&mut dba, "SELECT id::text FROM leadroute.leads WHERE attached_key IS NOT NULL ORDER BY id")
    {
        for sql in LIFE.lines() {
            attempt(&mut dba, &sql.replace("{id}", &id));
        }
    }
    for n in 41..43 {
        attempt(
            &mut scene.session(),
            &format!("INSERT INTO spy.link (id, email) VALUES ({n}, '{n}@link.com')"),
        );
    }
    // ANALYZE evaluates expressions of indexes as the owner of the table, who is the DBA now, leadroute or not
    for sql in FOR_ALL.lines().filter(|sql| *sql != "ANALYZE") {
        attempt(&mut dba, sql);
    }
    scene.check("after all of it");
}

/// The new owner attaches the table again, and it is as any.
#[test]
fn a_table_that_was_taken_over_is_attached_again() {
    let (scene, _) = attacked();
    let mut dba = scene.dba();
    let problems = "SELECT count(*) FROM leadroute.config_problems WHERE key = 'spy.plain'";
    dba.batch_execute("ALTER TABLE spy.plain OWNER TO CURRENT_USER").unwrap();
    assert_eq!(number(&mut dba, problems), 1);
    dba.batch_execute(r#"SELECT leadroute.attach('spy.plain', '{"email": "email", "owner_id": "owner"}')"#)
        .unwrap();
    assert_eq!(number(&mut dba, problems), 0);
    let owner =
        text(&mut dba, "INSERT INTO spy.plain (id, email) VALUES (31, 'again@again.com') RETURNING owner");
    assert_eq!(owner, text(&mut dba, "SELECT owner_id FROM leadroute.leads WHERE email = 'again@again.com'"));
    dba.batch_execute(
        "SELECT leadroute.transfer_lead(id, 'max') FROM leadroute.leads WHERE email = 'again@again.com'",
    )
    .unwrap();
    assert_eq!(text(&mut dba, "SELECT owner FROM spy.plain WHERE id = 31"), "max");
}
