//! Hostile creator: what P may write into the tables of the extension, as its administrator.

use leadroute_cluster_tests::roles::{attempt, Scene};
use leadroute_cluster_tests::{text, Database};
use std::process::{Command, Stdio};

/// What P writes into `attached_tables`, as its administrator.
const ROWS: &str = r#"INSERT INTO leadroute.attached_tables (relation, mapping, columns) VALUES ('pg_catalog.pg_authid', '{"email": "rolname", "owner_id": "rolpassword"}', '{}')
INSERT INTO leadroute.attached_tables (relation, mapping, columns, attached_by) VALUES ('public.payroll', '{"email": "email", "owner_id": "owner", "company": {"expression": "spy.same(email)"}}', '{}', 'leadroute')
INSERT INTO leadroute.attached_tables (relation, mapping, columns) VALUES ('leadroute.reps', '{"email": "email", "owner_id": "role"}', '{}')
UPDATE leadroute.attached_tables SET mapping = mapping || '{"company": {"expression": "spy.same(email)"}}' WHERE relation = 'public.theirs'::regclass
UPDATE leadroute.attached_tables SET mapping = mapping || '{"owner_id": {"column": "owner", "expression": "spy.same(rep.id)"}}' WHERE relation = 'public.theirs'::regclass
UPDATE leadroute.attached_tables SET mapping = mapping || '{"status": {"expression": "spy.same(''won'')"}}' WHERE relation = 'public.theirs'::regclass
UPDATE leadroute.attached_tables SET owners = 'public.payroll', owners_columns = '{1,3}', mapping = mapping || '{"owner_id": {"table": "public.payroll", "row": "id", "column": "owner"}}' WHERE relation = 'spy.mine'::regclass
UPDATE leadroute.attached_tables SET relation = 'pg_catalog.pg_authid' WHERE relation = 'public.payroll'::regclass
UPDATE leadroute.attached_tables SET relation = 'public.payroll' WHERE relation = 'spy.mine'::regclass
UPDATE leadroute.leads SET attached_table = (SELECT max(table_no) FROM leadroute.attached_tables), attached_key = '1' WHERE id = 1
UPDATE leadroute.leads SET attached_table = (SELECT table_no FROM leadroute.attached_tables WHERE relation = 'public.payroll'::regclass), attached_key = '1' WHERE id = 1
UPDATE leadroute.leads SET attached_table = (SELECT table_no FROM leadroute.attached_tables WHERE relation = 'pg_catalog.pg_authid'::regclass), attached_key = '10' WHERE id = 2
UPDATE leadroute.attached_tables SET table_no = table_no + 1000 WHERE relation = 'public.theirs'::regclass
UPDATE leadroute.attached_tables SET table_no = 1, mapping = mapping || '{"company": {"expression": "spy.same(email)"}}' WHERE relation = 'spy.mine'::regclass"#;

/// What the DBA does after each of them, with tables of the DBA's own.
const WITH_THEIRS: &str = "INSERT INTO public.theirs (email) VALUES ('new@theirs.com'), ('NEW@theirs.com')
UPDATE public.theirs SET owner = CASE owner WHEN 'ann' THEN 'bob' ELSE 'ann' END
ALTER TABLE public.theirs ALTER email SET STATISTICS 10
INSERT INTO public.payroll VALUES (9, 'nine@payroll.com')
ALTER TABLE public.payroll ALTER email SET STATISTICS 10
DELETE FROM public.payroll WHERE id = 9
SELECT * FROM leadroute.config_problems
SELECT leadroute.transfer_lead(1, 'ann'), leadroute.transfer_lead(1, 'bob'), leadroute.transfer_lead(2, 'bob'), leadroute.transfer_lead(2, 'ann')
SELECT leadroute.escalate_overdue(1000, 'infinity')
DELETE FROM public.theirs WHERE owner = 'bob'";

/// A row of `attached_tables` says what the owner of a table had done. One that somebody else writes there is never in
/// force: nothing is read from the table, nothing is written to it, and no expression runs as its owner.
#[test]
fn rows_for_tables_of_others_are_never_in_force() {
    let scene = Scene::created();
    let mut dba = scene.dba();
    dba.batch_execute(
        r#"CREATE TABLE public.payroll (id integer PRIMARY KEY, email text, owner text);
           INSERT INTO public.payroll VALUES (1, 'a@payroll.com', 'secret'), (2, 'b@payroll.com', 'secret');
           CREATE TABLE public.theirs (id integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY, email text, owner text);
           SELECT leadroute.attach('public.theirs', '{"email": "email", "owner_id": "owner"}')"#,
    )
    .unwrap();
    let mut creator = scene.session();
    creator
        .batch_execute(
            r#"CREATE TABLE spy.mine (id integer PRIMARY KEY, email text, owner text);
               SELECT leadroute.attach('spy.mine', '{"email": "email", "owner_id": "owner"}');
               INSERT INTO spy.mine VALUES (1, 'a@mine.com')"#,
        )
        .unwrap();
    let roles = format!("'{}', '{}', current_user, 'leadroute_owner'", scene.thief.name(), scene.app.name());
    let secrets = format!(
        "SELECT md5(concat((SELECT string_agg(p::text, '|' ORDER BY p.id) FROM public.payroll p),
                           (SELECT string_agg(a::text, '|' ORDER BY a.oid) FROM pg_authid a WHERE a.rolname IN ({roles}))))"
    );
    let untouched = text(&mut dba, &secrets);
    for row in ROWS.lines() {
        attempt(&mut creator, row);
        for sql in WITH_THEIRS.lines() {
            attempt(&mut dba, sql);
        }
        scene.check(row);
        assert_eq!(text(&mut dba, &secrets), untouched, "{row}: wrote into a table of the DBA");
    }
    assert_eq!(
        text(&mut dba, "SELECT count(*)::text FROM leadroute.leads WHERE email LIKE '%payroll.com'"),
        "0"
    );
    scene.everybody_works("");
    scene.check("after all of it");
}

/// P speaks in the name of whoever may own the table later: the DBA takes it over, and nothing of P runs as the DBA.
#[test]
fn a_row_speaks_for_no_future_owner() {
    for way in ["ALTER TABLE spy.mine OWNER TO CURRENT_USER", "REASSIGN OWNED BY {P} TO CURRENT_USER"] {
        let scene = Scene::created();
        let (mut dba, mut creator) = (scene.dba(), scene.session());
        let who = text(&mut dba, "SELECT current_user");
        let attach = r#"CREATE TABLE spy.mine (id integer PRIMARY KEY, email text, owner text);
            CREATE TABLE spy.link (mine integer, rep text);
            SELECT leadroute.attach('spy.mine', '{"email": "email", "owner_id": "owner", "company": {"expression": "spy.mapped(email)"}}');
            GRANT INSERT ON spy.mine TO PUBLIC"#;
        creator.batch_execute(attach).unwrap();
        for sql in [
            format!("UPDATE leadroute.attached_tables SET owner = '{who}' WHERE relation = 'spy.mine'::regclass"),
            format!("UPDATE leadroute.attached_tables SET owners = 'spy.link', owners_owner = '{who}' WHERE relation = 'spy.mine'::regclass"),
            format!("INSERT INTO leadroute.attached_tables (relation, mapping, columns, owner) SELECT 'spy.link', mapping, '{{}}', '{who}' FROM leadroute.attached_tables"),
        ] {
            attempt(&mut creator, &sql);
        }
        dba.batch_execute(&way.replace("{P}", scene.thief.name())).unwrap();
        scene.spy.forget();
        dba.batch_execute(
            "SET spy.names = 'yes'; INSERT INTO spy.mine VALUES (1, 'a@mine.com'); RESET spy.names",
        )
        .unwrap();
        scene.check(way);
        assert!(scene.spy.heard().is_empty(), "{way}: {:?}", scene.spy.heard());
    }
}

/// What names another owner than the table has, as a restore without owners does, is routed by its plain columns.
#[test]
fn a_row_that_names_another_owner_is_routed_by_plain_columns() {
    let scene = Scene::created();
    let (mut dba, mut creator) = (scene.dba(), scene.session());
    creator
        .batch_execute(
            r#"CREATE TABLE spy.mine (id integer PRIMARY KEY, email text, owner text);
               SELECT leadroute.attach('spy.mine', '{"email": "email", "owner_id": "owner", "company": {"expression": "spy.mapped(email)"}}');
               UPDATE leadroute.attached_tables SET owner = 'pg_monitor' WHERE relation = 'spy.mine'::regclass"#,
        )
        .unwrap();
    // a session of its own, as after a restore: one that has read the mapping keeps it until a table changes
    scene.session().batch_execute("INSERT INTO spy.mine VALUES (1, 'a@mine.com')").unwrap();
    let lead =
        "SELECT count(*) || coalesce(max(company), '') FROM leadroute.leads WHERE email = 'a@mine.com'";
    assert_eq!(text(&mut dba, lead), "1");
    let told = "SELECT string_agg(problem, ' ') FROM leadroute.config_problems WHERE key = 'spy.mine'";
    assert!(text(&mut dba, told).contains("plain columns"), "{}", text(&mut dba, told));
}

/// P rewrites what the DBA has mapped: no other column is read, and nobody's insert fails for it.
#[test]
fn a_mapping_of_others_reads_nothing_and_stops_nobody() {
    for mapping in [
        r#"{"email": "email", "company": "pin", "owner_id": "owner"}"#,
        "{}",
        r#"{"email": "nowhere", "owner_id": "owner"}"#,
        r#"{"owner_id": {"column": "owner", "nobody": "x"}}"#,
    ] {
        let scene = Scene::created();
        let (mut dba, mut creator) = (scene.dba(), scene.session());
        dba.batch_execute(
            r#"CREATE TABLE public.people (id integer PRIMARY KEY, email text, pin text, owner text);
               SELECT leadroute.attach('public.people', '{"email": "email", "owner_id": "owner"}');
               INSERT INTO public.people VALUES (1, 'a@people.com', 'secret')"#,
        )
        .unwrap();
        assert_eq!(
            text(&mut dba, "SELECT count(*)::text FROM leadroute.leads WHERE email = 'a@people.com'"),
            "1"
        );
        let rewrite = format!("UPDATE leadroute.attached_tables SET mapping = '{mapping}' WHERE relation = 'public.people'::regclass");
        attempt(&mut creator, &rewrite);
        let insert = "INSERT INTO public.people VALUES (2, 'b@people.com', 'secret')";
        dba.batch_execute(insert).unwrap_or_else(|error| panic!("{mapping}: {error:?}"));
        assert_eq!(
            text(&mut dba, "SELECT count(*)::text FROM leadroute.leads l WHERE l::text ~ 'secret'"),
            "0",
            "{mapping}"
        );
        let told =
            "SELECT string_agg(problem, ' ') FROM leadroute.config_problems WHERE key = 'public.people'";
        assert!(text(&mut dba, told).contains("rows are not routed"), "{mapping}: {}", text(&mut dba, told));
    }
}

/// What a DBA restores was written by a superuser; the rows of P are not in force then either.
#[test]
fn a_restore_puts_no_row_in_force() {
    let scene = Scene::created();
    let mut dba = scene.dba();
    dba.batch_execute(
        r#"CREATE TABLE public.payroll (id integer PRIMARY KEY, email text, owner text);
           CREATE TABLE public.theirs (id integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY, email text, owner text);
           SELECT leadroute.attach('public.theirs', '{"email": "email", "owner_id": "owner"}');
           INSERT INTO public.theirs (email) VALUES ('first@theirs.com')"#,
    )
    .unwrap();
    for row in ROWS.lines().take(6) {
        attempt(&mut scene.session(), row);
    }
    let target = Database::bare();
    let dump = Command::new("pg_dump").args(["-Fc", scene.database.name()]).stdout(Stdio::piped()).spawn();
    let restore = Command::new("pg_restore")
        .args(["-d", target.name()])
        .stdin(dump.expect("pg_dump").stdout.expect("a pipe"))
        .stderr(Stdio::null())
        .status();
    restore.expect("pg_restore");
    let mut dba = scene.spy.connect(&target, None);
    dba.batch_execute("SET search_path = pg_catalog").unwrap();
    let restored =
        "SELECT count(*)::text FROM leadroute.attached_tables WHERE relation = 'public.theirs'::regclass";
    assert_eq!(text(&mut dba, restored), "1");
    for sql in WITH_THEIRS.lines() {
        attempt(&mut dba, sql);
    }
    scene.spy.check(&target, &scene.thief, "after a restore");
}

/// What has a key `{x}`, or names one.
const KEYS: &str = "INSERT INTO leadroute.reps (id, name, email, manager_id) VALUES ({x}, {x}, {x}, 'max')
INSERT INTO leadroute.territories (name) VALUES ({x})
INSERT INTO leadroute.queues (name, manager_id) VALUES ({x}, {x})
INSERT INTO leadroute.pools (name, fallback_queue) VALUES ({x}, {x})
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ({x}, {x})
INSERT INTO leadroute.segments (name, priority, territory, sources) VALUES ({x}, 1, {x}, ARRAY[{x}])
INSERT INTO leadroute.tiers (segment, name, pool) VALUES ({x}, {x}, {x})
INSERT INTO leadroute.event_types (name, intent) VALUES ({x}, 'high')
INSERT INTO leadroute.playbooks (name, segments) VALUES ({x}, ARRAY[{x}])
INSERT INTO leadroute.accounts (id, kind, owner_id) VALUES ({x}, 'customer', {x})
INSERT INTO leadroute.leads (email, source, event, crm_account_id, external_id) VALUES ({x}, {x}, {x}, {x}, {x})
INSERT INTO leadroute.leads (email, source) VALUES ({x}, {x})
DO $do$ BEGIN EXECUTE format('CREATE TABLE spy.%1$I (%1$I integer PRIMARY KEY, mail text, %2$I text)', left({x}, 60), 'o' || left({x}, 50)); PERFORM leadroute.attach(format('spy.%I', left({x}, 60))::regclass, jsonb_build_object('email', 'mail', 'owner_id', 'o' || left({x}, 50))); EXECUTE format('INSERT INTO spy.%I VALUES (1, ''a@a.com'')', left({x}, 60)); END $do$";

/// Keys that a DBA renames.
const RENAMED: [&str; 9] = [
    "reps id",
    "queues name",
    "territories name",
    "pools name",
    "segments name",
    "tiers name",
    "event_types name",
    "playbooks name",
    "accounts id",
];

/// Keys are data, whatever they look like.
#[test]
fn names_are_no_sql() {
    let scene = Scene::created();
    let (mut creator, mut dba) = (scene.session(), scene.dba());
    let grab = format!("alter role {} superuser", scene.thief.name());
    for (n, start) in ["x'; ", "x\"; ", "x'); ", "\\'; ", "$$; ", "%s%I%L; ", "x\n; "].iter().enumerate() {
        let name = format!("{n}{start}{grab}; --").replace('\\', "\\\\").replace('\'', "\\'");
        let done = KEYS
            .lines()
            .filter(|sql| attempt(&mut creator, &sql.replace("{x}", &format!("E'{name}'"))).is_none());
        assert!(done.count() > 8, "{name}");
    }
    scene.everybody_works("");
    for key in RENAMED {
        let (table, key) = key.split_once(' ').expect("a table and its key");
        attempt(
            &mut dba,
            &format!("UPDATE leadroute.{table} SET {key} = {key} || 'x' WHERE {key} LIKE '%superuser%'"),
        );
    }
    scene.everybody_works("");
    scene.check("with such names");
}
