//! Hostile attacher: P may attach, and owns tables that run code of P wherever PostgreSQL knows a way: in types, checks,
//! indexes, triggers, mappings. Whatever a DBA does with the leads of such tables, that code runs as P, or not at all.
//!
//! Where a session says `SET spy.names = 'yes'` it names a table of P in its own statement (INSERT, UPDATE, DELETE, an upsert):
//! then PostgreSQL itself runs checks and triggers of the table as whoever does that. Mappings run as P even then.
//! In all other sessions nothing may: they call functions of leadroute, or run commands like ANALYZE and ALTER TABLE, for
//! which PostgreSQL runs no code of a table but as its owner.

use leadroute_cluster_tests::roles::tables::{attacked, table, FOR_ALL, LIFE};
use leadroute_cluster_tests::roles::{attempt, everyday, list, Scene};
use leadroute_cluster_tests::{check_consistency, number, text, wait_for};
use postgres::Client;
use std::thread;

/// The session of a DBA is as it was: code of P has left nothing behind in it.
fn check_session(client: &mut Client, what: &str) {
    let is = text(client, "SELECT current_setting('search_path') || ' ' || (current_user = session_user)");
    assert_eq!(is, "pg_catalog true", "{what}");
    let left = "SELECT count(*) FROM pg_cursors WHERE name LIKE 'spy%'";
    assert_eq!(number(client, left), 0, "{what}: a cursor of P is open");
}

/// Escalation, transfers, renames: none of them runs code of P as whoever calls it, neither at once nor at its commit.
#[test]
fn the_life_of_leads_runs_no_code_as_the_dba() {
    let (scene, _) = attacked();
    let mut dba = scene.dba();
    let leads =
        list(&mut dba, "SELECT id::text FROM leadroute.leads WHERE attached_key IS NOT NULL ORDER BY id");
    for id in leads {
        for sql in LIFE.lines() {
            attempt(&mut dba, &sql.replace("{id}", &id));
        }
    }
    for sql in FOR_ALL.lines() {
        attempt(&mut dba, sql);
    }
    scene.check("each in a transaction of its own");
    check_session(&mut dba, "each in a transaction of its own");
    everyday(&mut dba, 1);
    let mut app = scene.spy.connect(&scene.database, Some(&scene.app));
    everyday(&mut app, 2);
    scene.check("everything usual");
    check_consistency(&mut dba);
}

/// The same in one transaction, and with constraints that are told to wait, or not to.
#[test]
fn nothing_is_left_for_the_end_of_a_transaction() {
    for constraints in ["", "SET CONSTRAINTS ALL DEFERRED", "SET CONSTRAINTS ALL IMMEDIATE"] {
        let (scene, _) = attacked();
        let mut dba = scene.dba();
        let leads =
            list(&mut dba, "SELECT id::text FROM leadroute.leads WHERE attached_key IS NOT NULL ORDER BY id");
        dba.batch_execute(&format!("BEGIN; {constraints}")).unwrap();
        for id in &leads {
            for sql in LIFE.lines() {
                let sql = sql.replace("{id}", id);
                dba.batch_execute("SAVEPOINT s").unwrap();
                if attempt(&mut dba, &sql).is_some() {
                    dba.batch_execute("ROLLBACK TO s").unwrap();
                }
            }
        }
        scene.check("before the commit");
        dba.batch_execute("COMMIT").unwrap();
        scene.check(&format!("at the commit, with '{constraints}'"));
        check_session(&mut dba, "after the commit");
        check_consistency(&mut dba);
    }
}

/// Commands for which PostgreSQL runs no code of a table, or only as its owner; `{t}` is the table.
const COMMANDS: &str = "ALTER TABLE {t} RENAME COLUMN email TO mail
ALTER TABLE {t} ADD COLUMN note text
ALTER TABLE {t} ALTER id SET STATISTICS 5
COMMENT ON TABLE {t} IS 'x'
ALTER TABLE {t} RENAME TO renamed
ALTER TABLE spy.renamed SET SCHEMA public
ALTER TABLE public.renamed SET SCHEMA spy
ANALYZE spy.renamed
ALTER TABLE {t}_l RENAME COLUMN rep TO who
ALTER TABLE {t}_l ADD COLUMN note text
CREATE INDEX ON spy.renamed (id)
SELECT * FROM leadroute.config_problems
DROP TABLE spy.renamed CASCADE";

/// The same for what mappings name.
const COMMANDS_ON_OTHERS: &str = "ALTER FUNCTION spy.mapped(anyelement) COST 10
ALTER DOMAIN spy.short SET DEFAULT 'x'
ALTER DOMAIN spy.short RENAME TO shorter
ALTER DOMAIN spy.shorter RENAME TO short
ALTER TYPE spy.kind ADD VALUE 'c'
ALTER TYPE spy.pair ADD ATTRIBUTE c text
ALTER SCHEMA spy RENAME TO spies
ALTER SCHEMA spies RENAME TO spy
CREATE TABLE spy.split_2 PARTITION OF spy.split FOR VALUES FROM (100) TO (200)
ALTER TABLE spy.split DETACH PARTITION spy.split_p
CREATE TABLE public.unrelated (i integer)
DROP TABLE public.unrelated
DROP VIEW spy.query_v
DROP FUNCTION spy.mapped(anyelement)
DROP TYPE spy.pair CASCADE";

/// A DBA alters tables of P, and what they need: looking after mappings then runs no code, and reads no literal.
#[test]
fn commands_on_tables_run_no_code() {
    let (scene, tables) = attacked();
    let mut dba = scene.dba();
    for sql in COMMANDS_ON_OTHERS.lines() {
        attempt(&mut dba, sql);
        scene.check(sql);
    }
    for table in &tables {
        for sql in COMMANDS.lines() {
            attempt(&mut dba, &sql.replace("{t}", table));
        }
        scene.check(table);
    }
    check_session(&mut dba, "after all of it");
    attempt(&mut dba, &format!("DROP OWNED BY {} CASCADE", scene.thief.name()));
    scene.check("when all that P owned was dropped");
}

/// Statements that name a table of P.
const ON_ROWS: &str = "INSERT INTO {t} (id, email) VALUES (11, 'eleven@x.com')
INSERT INTO {t} (id, email) VALUES (11, 'again@x.com') ON CONFLICT (id) DO UPDATE SET email = excluded.email
UPDATE {t} SET owner = 'dan' WHERE id = 11
UPDATE {t}_l SET rep = 'dan' WHERE lead_id = 11
UPDATE {t} SET id = 12 WHERE id = 11
MERGE INTO {t} t USING (VALUES (12), (13)) v (n) ON t.id = v.n WHEN MATCHED THEN UPDATE SET email = 'm@x.com' WHEN NOT MATCHED THEN INSERT (id, email) VALUES (v.n, 'n@x.com')
DELETE FROM {t} WHERE id = 12
TRUNCATE {t} CASCADE";

/// Whoever names a table of P runs its triggers and checks, as PostgreSQL has it; its mapping runs as P even then, and
/// nothing runs as the role that leadroute belongs to.
#[test]
fn a_mapping_runs_as_the_owner_whoever_names_the_table() {
    let (scene, tables) = attacked();
    let grant = format!("GRANT ALL ON ALL TABLES IN SCHEMA spy TO {}", scene.app.name());
    scene.session().batch_execute(&grant).unwrap();
    for role in [None, Some(&scene.app)] {
        let mut client = scene.spy.connect(&scene.database, role);
        client.batch_execute("SET spy.names = 'yes'").unwrap();
        for table in &tables {
            for sql in ON_ROWS.lines() {
                attempt(&mut client, &sql.replace("{t}", table));
            }
            scene.check(table);
        }
    }
    let mapped = scene.spy.heard().iter().any(|line| line.contains("a mapping as"));
    assert!(mapped, "mappings ran");
}

/// P gives a table a trigger while routing waits for it: what was known of the table before the wait counts no more.
#[test]
fn a_table_that_changes_while_routing_waits() {
    let scene = Scene::installed();
    let (mut dba, mut thief, mut watcher) = (scene.dba(), scene.session(), scene.database.connect());
    let (_, make) = table("plain | email text, owner text | |");
    thief.batch_execute(&format!("{make}; INSERT INTO spy.plain VALUES (1, 'a@plain.com')")).unwrap();
    let transfer =
        |rep: &str| format!("SELECT leadroute.transfer_lead(max(id), '{rep}') FROM leadroute.leads");
    dba.batch_execute(&transfer("ann")).unwrap();
    let trigger = "CREATE CONSTRAINT TRIGGER late AFTER UPDATE ON spy.plain DEFERRABLE INITIALLY DEFERRED
                       FOR EACH ROW EXECUTE FUNCTION spy.note()";
    thief.batch_execute(&format!("BEGIN; {trigger}")).unwrap();
    let waiting = thread::spawn(move || attempt(&mut dba, &transfer("bob")));
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    wait_for("the transfer to wait, or to end", 10, || {
        (waiting.is_finished() || number(&mut watcher, waits) > 0).then_some(())
    });
    thief.batch_execute("COMMIT").unwrap();
    waiting.join().unwrap();
    scene.check("after the wait");
}

/// What the write would leave for the end of the transaction does not happen, so the row keeps its owner; the transfer counts.
#[test]
fn a_write_that_would_leave_something_for_later_is_left_out() {
    let scene = Scene::installed();
    let (mut dba, mut thief) = (scene.dba(), scene.session());
    let line = "deferred | email text, owner text | CREATE CONSTRAINT TRIGGER late AFTER UPDATE ON {t}
                    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION spy.note() |";
    let (_, make) = table(line);
    thief.batch_execute(&format!("{make}; INSERT INTO spy.deferred VALUES (1, 'a@late.com')")).unwrap();
    let owner = "SELECT owner FROM spy.deferred";
    let before = text(&mut thief, owner);
    let transfer = "SELECT leadroute.transfer_lead(max(id), 'cyd') FROM leadroute.leads";
    dba.batch_execute(transfer).unwrap_or_else(|error| panic!("the transfer failed: {error:?}"));
    assert_eq!(text(&mut dba, "SELECT owner_id FROM leadroute.leads ORDER BY id DESC LIMIT 1"), "cyd");
    assert_eq!(text(&mut thief, owner), before);
    scene.check("a transfer by the DBA");
}

/// Tables as Django makes them have no code of anybody, but deferred foreign keys: the ladder writes the owner into them
/// all the same.
#[test]
fn deferred_foreign_keys_keep_nobody_from_writing_the_owner() {
    let scene = Scene::installed();
    let mut thief = scene.session();
    thief.batch_execute(include_str!("../src/roles/django.sql")).unwrap();
    let mut dba = scene.dba();
    let differences = "SELECT count(*) FROM leadroute.leads l
        LEFT JOIN django.lead r ON r.email = l.email LEFT JOIN django.deal d ON d.email = l.email
        LEFT JOIN django.deal_assigned_to t ON t.deal_id = d.id LEFT JOIN django.account a ON a.id IN (r.assigned_to_id, t.account_id)
       WHERE l.attached_key IS NOT NULL AND l.owner_id IS DISTINCT FROM a.email";
    dba.batch_execute(
        "SELECT leadroute.transfer_lead(id, 'bob') FROM leadroute.leads WHERE attached_key IS NOT NULL",
    )
    .unwrap();
    assert_eq!(number(&mut dba, differences), 0, "transferred");
    let moved =
        number(&mut dba, "SELECT leadroute.escalate_overdue(as_of => now() + interval '1 year')::bigint");
    assert!(moved >= 4, "{moved} escalated");
    assert_eq!(number(&mut dba, differences), 0, "escalated");
    dba.batch_execute("BEGIN; SELECT leadroute.transfer_lead(id, 'ann') FROM leadroute.leads WHERE attached_key IS NOT NULL; COMMIT").unwrap();
    assert_eq!(number(&mut dba, differences), 0, "in a transaction");
    assert_eq!(
        number(
            &mut dba,
            "SELECT count(*) FROM leadroute.leads WHERE owner_id = 'ann' AND attached_key IS NOT NULL"
        ),
        4
    );
    check_consistency(&mut dba);
}
