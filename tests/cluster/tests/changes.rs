//! Change requests with several sessions: each is applied once, to rules that nobody else changes meanwhile, while leads
//! come in; and with hostile people: nobody's code runs with the rights of who applies it.

use leadroute_cluster_tests::roles::{attempt, Role, Spy};
use leadroute_cluster_tests::{number, text, wait_for, Database};
use postgres::Client;
use std::thread;
use std::time::{Duration, Instant};

/// An author, an approver, and a company whose only segment has priority 100.
struct Scene {
    author: Role,
    approver: Role,
    database: Database,
}

impl Scene {
    fn new() -> Self {
        let (author, approver) = (Role::new("lr_author", ""), Role::new("lr_approver", ""));
        let database = Database::with_pool(3);
        let grants = format!(
            "SELECT leadroute.grant_role('author', '{0}'), leadroute.grant_role('approver', '{1}'), leadroute.grant_role('editor', '{1}')",
            author.name(),
            approver.name()
        );
        database.connect().batch_execute(&grants).unwrap();
        Self { author, approver, database }
    }

    /// Proposes and approves a change; answers its id.
    fn approved(&self, sql: &str, apply_at: &str) -> i64 {
        let propose = format!("SELECT leadroute.propose_change('t', 'w', $$ {sql} $$, {apply_at})");
        let id = number(&mut self.database.connect_as(&self.author), &propose);
        let approve = format!("SELECT leadroute.approve_change({id})");
        self.database.connect_as(&self.approver).batch_execute(&approve).unwrap();
        id
    }

    /// A session of the approver, who may apply changes, too.
    fn applier(&self) -> Client {
        self.database.connect_as(&self.approver)
    }
}

const RAISE: &str = "UPDATE segments SET priority = priority + 1";
const PRIORITY: &str = "SELECT priority FROM leadroute.segments";

fn priority(client: &mut Client) -> i32 {
    client.query_one(PRIORITY, &[]).unwrap().get(0)
}

/// Waits until somebody waits for a lock in the database.
fn somebody_waits(watcher: &mut Client) {
    let waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    wait_for("a session that waits", 20, || (number(watcher, waiting) > 0).then_some(()));
}

/// A second session that applies a change while `first` has done something, which then ends by `end`.
fn applied_beside(scene: &Scene, first: &mut Client, id: i64, level: &str, end: &str) -> Option<String> {
    let mut watcher = scene.database.connect();
    thread::scope(|scope| {
        let second = scope.spawn(|| {
            let mut client = scene.applier();
            client.batch_execute(&format!("BEGIN ISOLATION LEVEL {level}")).unwrap();
            priority(&mut client);
            let code = attempt(&mut client, &format!("SELECT leadroute.apply_change({id})"));
            client.batch_execute(if code.is_none() { "COMMIT" } else { "ROLLBACK" }).unwrap();
            code
        });
        somebody_waits(&mut watcher);
        first.batch_execute(end).unwrap();
        second.join().expect("the second session")
    })
}

#[test]
fn two_sessions_apply_a_change_once() {
    for level in ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"] {
        let scene = Scene::new();
        let id = scene.approved(RAISE, "NULL");
        let mut first = scene.applier();
        first.batch_execute(&format!("BEGIN; SELECT leadroute.apply_change({id})")).unwrap();
        let code = applied_beside(&scene, &mut first, id, level, "COMMIT");
        assert!(code.as_deref().is_some_and(|code| ["55000", "40001"].contains(&code)), "{level}: {code:?}");
        assert_eq!(priority(&mut first), 101);
    }
}

#[test]
fn a_change_that_is_rolled_back_can_be_applied() {
    let scene = Scene::new();
    let id = scene.approved(RAISE, "NULL");
    for end in ["ROLLBACK", "ROLLBACK TO a; COMMIT"] {
        let mut first = scene.applier();
        first.batch_execute(&format!("BEGIN; SAVEPOINT a; SELECT leadroute.apply_change({id})")).unwrap();
        if end == "ROLLBACK" {
            first.batch_execute(end).unwrap();
            assert_eq!(priority(&mut first), 100);
        } else {
            assert_eq!(applied_beside(&scene, &mut first, id, "READ COMMITTED", end), None);
            assert_eq!(priority(&mut first), 101);
        }
    }
}

/// Somebody whose backend dies in the middle has changed nothing and keeps nobody from it.
#[test]
fn who_dies_leaves_everything_as_it_was() {
    let scene = Scene::new();
    let id = scene.approved(RAISE, "NULL");
    let (mut first, mut dba) = (scene.applier(), scene.database.connect());
    first.batch_execute(&format!("BEGIN; SELECT leadroute.apply_change({id})")).unwrap();
    let pid = number(&mut first, "SELECT pg_backend_pid()::bigint");
    number(&mut dba, &format!("SELECT pg_terminate_backend({pid}::integer)::integer::bigint"));
    let apply = format!("SELECT leadroute.apply_change({id})");
    scene.applier().batch_execute(&apply).unwrap();
    assert_eq!(priority(&mut dba), 101);
}

/// What an open transaction has done to the rules is waited for. If it commits, the change was looked at with other rules,
/// also where the snapshot of who applies it does not show that.
#[test]
fn rules_that_change_meanwhile_are_seen() {
    for level in ["READ COMMITTED", "REPEATABLE READ"] {
        let scene = Scene::new();
        let id = scene.approved(RAISE, "NULL");
        let mut editor = scene.applier();
        let edit = "BEGIN; UPDATE leadroute.tiers SET name = 'other'";
        editor.batch_execute(edit).unwrap();
        let code = applied_beside(&scene, &mut editor, id, level, "COMMIT");
        assert_eq!(code.as_deref(), Some("55000"), "{level}");
        assert_eq!(priority(&mut editor), 100);
        editor.batch_execute("UPDATE leadroute.tiers SET name = 'all'").unwrap();
        editor.batch_execute(edit).unwrap();
        assert_eq!(applied_beside(&scene, &mut editor, id, level, "ROLLBACK"), None, "{level}");
        assert_eq!(priority(&mut editor), 101);
    }
}

/// Who keeps a transaction open over a table of rules does not keep who applies a change, and with them all who wait for the
/// locks that they hold already: they are told who it is.
#[test]
fn a_change_waits_two_seconds_at_most() {
    let scene = Scene::new();
    let id = scene.approved(RAISE, "NULL");
    let (mut editor, mut applier) = (scene.database.connect(), scene.applier());
    editor.batch_execute("BEGIN; UPDATE leadroute.tiers SET name = 'other'").unwrap();
    let apply = format!("SELECT leadroute.apply_change({id})");
    applier.batch_execute("SET statement_timeout = '20s'").unwrap();
    let error = applier.batch_execute(&apply).unwrap_err();
    let error = error.as_db_error().unwrap();
    assert_eq!(error.code().code(), "55P03");
    let pid = number(&mut editor, "SELECT pg_backend_pid()::bigint");
    let detail = error.detail().unwrap_or_default();
    assert!(detail.contains(&format!("Process {pid} ")) && detail.contains("leadroute.tiers"), "{detail}");
    // The caller may be less patient, and keeps the setting.
    applier.batch_execute("SET lock_timeout = '50ms'; SET statement_timeout = '1s'").unwrap();
    assert_eq!(attempt(&mut applier, &apply).as_deref(), Some("55P03"));
    assert_eq!(text(&mut applier, "SHOW lock_timeout"), "50ms");
    editor.batch_execute("ROLLBACK").unwrap();
    applier.batch_execute(&apply).unwrap();
    assert_eq!(priority(&mut editor), 101);
}

/// Leads come in by the rules of before until the change commits, and wait for nobody.
#[test]
fn leads_come_in_while_a_change_is_applied() {
    let scene = Scene::new();
    let id = scene.approved("UPDATE tiers SET action = 'nurture', pool = NULL", "NULL");
    let (mut app, mut first) = (scene.database.connect(), scene.applier());
    first.batch_execute(&format!("BEGIN; SELECT leadroute.apply_change({id})")).unwrap();
    let begun = Instant::now();
    for door in [
        "INSERT INTO leadroute.leads (email) VALUES ('a@a.com') RETURNING status",
        "SELECT leadroute.route_lead('{\"email\": \"b@b.com\"}') ->> 'status'",
    ] {
        assert_eq!(text(&mut app, door), "assigned", "{door}");
    }
    app.batch_execute("SELECT leadroute.set_presence('r1', 'away')").unwrap();
    assert!(begun.elapsed() < Duration::from_secs(2), "somebody waited");
    first.batch_execute("COMMIT").unwrap();
    assert_eq!(
        text(&mut app, "INSERT INTO leadroute.leads (email) VALUES ('c@c.com') RETURNING status"),
        "nurture"
    );
}

/// The job does not wait for somebody who edits rules, tries again later, and says nothing of a failure.
#[test]
fn a_due_change_waits_its_turn() {
    let scene = Scene::new();
    scene.approved(RAISE, "clock_timestamp() + interval '50 milliseconds'");
    let (mut job, mut editor) = (scene.database.connect(), scene.applier());
    editor.batch_execute("BEGIN; UPDATE leadroute.tiers SET name = 'other'").unwrap();
    let due = "SELECT count(*) FROM leadroute.change_requests WHERE apply_at <= clock_timestamp()";
    wait_for("the change to be due", 20, || (number(&mut job, due) == 1).then_some(()));
    let begun = Instant::now();
    assert_eq!(number(&mut job, "SELECT leadroute.apply_due_changes()::bigint"), 0);
    assert!(begun.elapsed() < Duration::from_secs(10), "the job waited");
    assert_eq!(text(&mut job, "SELECT failure FROM leadroute.change_requests"), "");
    editor.batch_execute("ROLLBACK").unwrap();
    job.batch_execute("CALL leadroute.keep_time('0')").unwrap();
    assert_eq!(priority(&mut job), 101);
}

/// What names of a change could find if they were looked up where the author may create something.
const PLANTED: &str = "CREATE SCHEMA mine;
CREATE FUNCTION public.spring(text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
    BEGIN RAISE WARNING 'sprung as %', current_user; RETURN $1; END $$;
CREATE FUNCTION public.springs(text, text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
    BEGIN RAISE WARNING 'sprung as %', current_user; RETURN true; END $$;
CREATE FUNCTION public.lower(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT public.spring($1)';
CREATE FUNCTION public.now() RETURNS timestamptz LANGUAGE sql IMMUTABLE AS $$ SELECT public.spring('2020-01-01')::timestamptz $$;
CREATE OPERATOR public.= (LEFTARG = text, RIGHTARG = text, FUNCTION = public.springs);
CREATE OPERATOR public.~~ (LEFTARG = text, RIGHTARG = text, FUNCTION = public.springs);
CREATE DOMAIN public.names AS text[] CHECK (public.spring(VALUE::text) IS NOT NULL);
CREATE TABLE public.segments (name text DEFAULT public.spring('x'), priority integer);
CREATE VIEW public.tiers AS SELECT public.spring('x') AS name;";

/// Everything that an author may plant where names could be looked up: other schemas, an operator, types, temporary
/// objects, settings of roles. Whoever applies the change, be it a superuser, runs none of it.
#[test]
fn what_an_author_plants_never_runs() {
    let spy = Spy::default();
    let scene = Scene::new();
    let mut dba = spy.connect(&scene.database, None);
    dba.batch_execute(&format!(
        "GRANT CREATE ON SCHEMA public TO {0}; GRANT CREATE, TEMP ON DATABASE {1} TO {0}",
        scene.author.name(),
        scene.database.name()
    ))
    .unwrap();
    scene.database.connect_as(&scene.author).batch_execute(PLANTED).unwrap();
    let id = scene.approved(
        "UPDATE segments SET priority = priority + 1, events = '{demo_request}'::names, effective = tstzrange(now() - interval '1 day', NULL)
          WHERE lower(name) = 'everybody' AND name LIKE 'e%' AND '2030-01-01'::timestamptz > '2020-01-01';
         UPDATE tiers SET name = lower(name) WHERE name IN ('all', 'x')",
        "NULL",
    );
    // the superuser looks where the author has planted, in the session, too
    dba.batch_execute(
        "CREATE TEMP TABLE segments (name text, priority integer, events text[]);
         CREATE TEMP TABLE tiers (name text);
         SET search_path = public, pg_temp, pg_catalog, leadroute",
    )
    .unwrap();
    dba.batch_execute(&format!("SELECT leadroute.apply_change({id})")).unwrap();
    assert_eq!(spy.heard().into_iter().collect::<Vec<_>>(), Vec::<String>::new());
    assert_eq!(priority(&mut dba), 101);
    assert_eq!(
        text(&mut dba, "SELECT pg_catalog.current_setting('search_path')"),
        "public, pg_temp, pg_catalog, leadroute"
    );
    // The trap is one: by hand, the superuser would have stepped into it.
    dba.batch_execute("UPDATE leadroute.segments SET priority = priority WHERE name = 'everybody'").unwrap();
    assert!(!spy.heard().is_empty(), "the trap does not spring");
}

/// What is due runs with the rights of its approver, and leaves the job what it was.
#[test]
fn a_due_change_has_the_rights_of_its_approver() {
    let scene = Scene::new();
    let mut dba = scene.database.connect();
    scene.approved(RAISE, "clock_timestamp() + interval '50 milliseconds'");
    let revoke = format!("REVOKE UPDATE ON leadroute.segments FROM {}", scene.approver.name());
    dba.batch_execute(&revoke).unwrap();
    let due = "SELECT count(*) FROM leadroute.change_requests WHERE apply_at <= clock_timestamp()";
    wait_for("the change to be due", 20, || (number(&mut dba, due) == 1).then_some(()));
    assert_eq!(number(&mut dba, "SELECT leadroute.apply_due_changes()::bigint"), 0);
    assert_eq!(
        text(&mut dba, "SELECT failure FROM leadroute.change_requests"),
        "permission denied for table segments"
    );
    assert_eq!(number(&mut dba, "SELECT (current_user = session_user)::integer::bigint"), 1);
    assert_eq!(priority(&mut dba), 100);
    // It is not tried again by itself; somebody who may can still apply it.
    assert_eq!(number(&mut dba, "SELECT leadroute.apply_due_changes()::bigint"), 0);
    dba.batch_execute("SELECT leadroute.apply_change(id) FROM leadroute.change_requests").unwrap();
    assert_eq!(priority(&mut dba), 101);
}

/// A required change request stands in nobody's way who restores, and cannot be talked out of it by who may not.
#[test]
fn nobody_else_can_switch_the_requirement_off() {
    let scene = Scene::new();
    let mut dba = scene.database.connect();
    let require =
        format!("ALTER DATABASE {} SET leadroute.require_change_request = 'rules'", scene.database.name());
    dba.batch_execute(&require).unwrap();
    let mut editor = scene.applier();
    let edit = "UPDATE leadroute.segments SET priority = 1";
    for trick in [
        "SET leadroute.require_change_request = ''",
        "SELECT set_config('leadroute.require_change_request', '', false)",
        "RESET leadroute.require_change_request",
        "SET check_function_bodies = off; SET client_min_messages = warning; SET search_path = ''",
        "DISCARD ALL",
        "SET session_replication_role = replica",
    ] {
        let _ = editor.batch_execute(trick);
        assert_eq!(attempt(&mut editor, edit).as_deref(), Some("42501"), "{trick}");
    }
    // before the library is loaded, too
    let mut fresh = scene.applier();
    let _ = fresh.batch_execute("SET leadroute.require_change_request = ''");
    assert_eq!(attempt(&mut fresh, edit).as_deref(), Some("42501"));
    assert_eq!(priority(&mut dba), 100);
}

/// What is required by default once a change was applied counts for transactions that began before, too.
#[test]
fn a_transaction_from_before_the_first_change_is_refused() {
    for level in ["READ COMMITTED", "REPEATABLE READ"] {
        let scene = Scene::new();
        let apply = format!("SELECT leadroute.apply_change({})", scene.approved(RAISE, "NULL"));
        let edit = "UPDATE leadroute.tiers SET name = name";
        let mut before = scene.applier();
        assert_eq!(attempt(&mut before, edit), None, "{level}");
        before.batch_execute(&format!("BEGIN ISOLATION LEVEL {level}; {PRIORITY}")).unwrap();
        scene.applier().batch_execute(&apply).unwrap();
        assert_eq!(attempt(&mut before, edit).as_deref(), Some("42501"), "{level}");
    }
}
