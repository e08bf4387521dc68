//! Hostile stranger: a role with CONNECT and nothing else, an app with what the README grants, and a role with
//! everything that people grant when they do not know better. None stops routing, and none changes what is not
//! theirs.

use leadroute_cluster_tests::roles::{attempt, everyday, list, Role, Scene, SCHEMAS};
use leadroute_cluster_tests::{check_consistency, number, text, Database};
use postgres::{Client, Statement};
use std::collections::BTreeSet;

/// Whatever waits for a lock waits longer than the statement may take.
const PATIENT: &str =
    "SET leadroute.turn_wait = '60s'; SET leadroute.duplicate_wait = '60s'; SET lock_timeout = '60s';
                       SET statement_timeout = '20s'";

/// All that routing does with locks, in one session; each statement must end, and each lead have a rep.
fn routes_as_ever(client: &mut Client, n: u32) {
    for k in 0..4 {
        let lead = format!("INSERT INTO leadroute.leads (email) VALUES ('a{k}@a{n}.com') RETURNING coalesce(owner_id, queue)");
        assert!(text(client, &lead).starts_with('r'), "goes to a rep");
    }
    let many =
        "INSERT INTO public.crm_lead (email) SELECT 'e' || n || '@e.com' FROM generate_series(1, 200) n";
    client.batch_execute(many).unwrap();
    for sql in [
        "SELECT leadroute.route_lead('{\"email\": \"c@c.com\", \"external_id\": \"c\"}') ->> 'owner_id'",
        "INSERT INTO public.crm_lead (email) VALUES ('d@d.com') RETURNING owner",
        "SELECT min(owner) FROM public.crm_lead",
    ] {
        assert!(text(client, sql).starts_with('r'), "{sql}");
    }
    for sql in [
        "SELECT leadroute.escalate_overdue(as_of => now() + interval '1 year')",
        "SELECT leadroute.assign_queued(), leadroute.merge_duplicates(), leadroute.doze(), leadroute.wake()",
        "SELECT leadroute.transfer_lead(id, 'r2') FROM leadroute.leads ORDER BY id LIMIT 2",
        "INSERT INTO leadroute.reps (id) VALUES ('gone'); UPDATE leadroute.reps SET id = 'going' WHERE id = 'gone'; DELETE FROM leadroute.reps WHERE id = 'going'",
        "INSERT INTO leadroute.queues (name) VALUES ('gone'); DELETE FROM leadroute.queues WHERE name = 'gone'",
    ] {
        client.batch_execute(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
    }
    check_consistency(client);
}

/// Takes every lock that SQL can take of the classes and numbers that pg_locks has ever shown, and those beside them.
fn hold_keys(stranger: &mut Client, seen: &[(i64, i64)]) {
    let signed = |n: i64| if n > i64::from(i32::MAX) { n - (1 << 32) } else { n };
    for &(class, key) in seen {
        // two numbers, and one of 64 bits whose halves pg_locks shows like two numbers
        let locks = format!(
            "SELECT pg_try_advisory_lock({0}, {1}), pg_try_advisory_lock(({0}::bigint << 32) | ({key}::bigint))",
            signed(class),
            signed(key)
        );
        stranger.batch_execute(&locks).unwrap();
    }
}

/// Locks of routing are no locks that SQL can take: whoever holds all keys that were ever seen holds nobody up.
#[test]
fn whoever_holds_every_key_holds_nobody_up() {
    let stranger = Role::new("lr_stranger", "");
    let database = Database::with_pool(3);
    let (mut app, mut watcher) = (database.connect(), database.connect_as(&stranger));
    app.batch_execute(&format!("{PATIENT}; BEGIN")).unwrap();
    app.batch_execute(
        "INSERT INTO leadroute.leads (email) SELECT n || '@f' || n || '.com' FROM generate_series(1, 20) n",
    )
    .unwrap();
    app.batch_execute(
        "SELECT leadroute.route_lead('{\"email\": \"c@c.com\", \"external_id\": \"c\"}'), leadroute.doze()",
    )
    .unwrap();
    app.batch_execute(
        "INSERT INTO leadroute.reps (id) VALUES ('x'); DELETE FROM leadroute.reps WHERE id = 'x'",
    )
    .unwrap();
    let visible = "SELECT DISTINCT classid::bigint AS class, objid::bigint AS key FROM pg_locks
                    WHERE classid IS NOT NULL AND objid IS NOT NULL ORDER BY 1, 2";
    let mut seen: Vec<(i64, i64)> =
        watcher.query(visible, &[]).unwrap().iter().map(|row| (row.get(0), row.get(1))).collect();
    app.batch_execute("ROLLBACK").unwrap();
    // Some are held for microseconds only: numbers of pools, reps and seats are small, classes a letter.
    let classes: Vec<i64> = (i64::from(b'A')..=i64::from(b'Z')).map(|letter| 0x4C52_0000 | letter).collect();
    seen.extend(classes.iter().flat_map(|&class| (0..8).map(move |key| (class, key))));
    hold_keys(&mut watcher, &seen);
    assert!(
        number(
            &mut watcher,
            "SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'advisory'"
        ) > 200
    );
    routes_as_ever(&mut app, 1);
}

/// Who listens and never reads, or sits idle in a transaction that has inserted leads, holds nobody up.
#[test]
fn idle_sessions_hold_nobody_up() {
    let (stranger, app) = (Role::new("lr_stranger", ""), Role::new("lr_app", ""));
    let database = Database::with_pool(3);
    let (mut dba, mut idle, mut listener) =
        (database.connect(), database.connect_as(&app), database.connect_as(&stranger));
    dba.batch_execute(&format!("{PATIENT}; GRANT INSERT ON leadroute.leads TO {}", app.name())).unwrap();
    listener.batch_execute("LISTEN leadroute; BEGIN; SELECT count(*) FROM pg_class").unwrap();
    idle.batch_execute("BEGIN; INSERT INTO leadroute.leads (email) SELECT 'i' || n || '@i.com' FROM generate_series(1, 150) n").unwrap();
    // The strongest lock that INSERT allows.
    idle.batch_execute("LOCK TABLE leadroute.leads IN ROW EXCLUSIVE MODE").unwrap();
    for mode in ["ACCESS EXCLUSIVE", "SHARE ROW EXCLUSIVE", "ACCESS SHARE"] {
        for table in ["leads", "reps", "turns", "loads", "decisions"] {
            let lock = format!("BEGIN; LOCK TABLE leadroute.{table} IN {mode} MODE");
            let mut other = database.connect_as(&stranger);
            assert_eq!(attempt(&mut other, &lock).as_deref(), Some("42501"), "{lock}");
        }
    }
    routes_as_ever(&mut dba, 2);
    idle.batch_execute("ROLLBACK").unwrap();
    check_consistency(&mut dba);
}

/// What PUBLIC may call and read: nothing but a check that reads nothing, and the list of what there is to call.
#[test]
fn nothing_is_granted_to_everybody() {
    let stranger = Role::new("lr_stranger", "");
    let database = Database::with_pool(1);
    let mut client = database.connect_as(&stranger);
    let may = |kind: &str| {
        match kind {
        // a trigger function is called by nobody, and looks at the table that it is put on: see trigger_matrix.rs
        "function" => format!(
            "SELECT p.proname::text FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
              WHERE n.nspname IN {SCHEMAS} AND has_schema_privilege(n.oid, 'USAGE') AND has_function_privilege(p.oid, 'EXECUTE')
                AND p.prorettype <> 'trigger'::regtype ORDER BY 1"
        ),
        "schema" => format!("SELECT n.nspname::text FROM pg_namespace n WHERE n.nspname IN {SCHEMAS} AND has_schema_privilege(n.oid, 'USAGE')"),
        _ => format!("SELECT c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname IN {SCHEMAS}
                         AND CASE WHEN c.relkind = 'S' THEN has_sequence_privilege(c.oid, 'USAGE,SELECT,UPDATE')
                                  WHEN c.relkind IN ('r', 'v') THEN has_any_column_privilege(c.oid, 'SELECT,INSERT,UPDATE,REFERENCES') END"),
    }
    };
    assert_eq!(list(&mut client, &may("function")), ["help", "is_time_zone"]);
    assert_eq!(list(&mut client, &may("schema")), ["leadroute"]);
    assert_eq!(list(&mut client, &may("table")), Vec::<String>::new());
}

/// Default privileges of the role that installs the extension do not count for its objects.
#[test]
fn default_privileges_grant_nothing() {
    let app = Role::new("lr_app", "");
    let database = Database::bare();
    let mut dba = database.connect();
    let defaults = ["FUNCTIONS", "TABLES", "SEQUENCES", "TYPES", "SCHEMAS"]
        .map(|kind| format!("ALTER DEFAULT PRIVILEGES GRANT ALL ON {kind} TO {}", app.name()));
    dba.batch_execute(&defaults.join("; ")).unwrap();
    dba.batch_execute("SET client_min_messages = warning; CREATE EXTENSION leadroute CASCADE").unwrap();
    let acls = format!(
        "SELECT o.name FROM (
            SELECT nspname::text AS name, nspacl AS acl FROM pg_namespace WHERE nspname IN {SCHEMAS}
            UNION ALL SELECT relname, relacl FROM pg_class WHERE relnamespace::regnamespace::text IN {SCHEMAS}
            UNION ALL SELECT proname, proacl FROM pg_proc WHERE pronamespace::regnamespace::text IN {SCHEMAS}
            UNION ALL SELECT typname, typacl FROM pg_type WHERE typnamespace::regnamespace::text IN {SCHEMAS}) o, aclexplode(o.acl) a
          WHERE a.grantee = '{}'::regrole",
        app.name()
    );
    assert_eq!(list(&mut dba, &acls), Vec::<String>::new());
    dba.batch_execute("DROP EXTENSION leadroute").unwrap();
    let undone = ["FUNCTIONS", "TABLES", "SEQUENCES", "TYPES", "SCHEMAS"]
        .map(|kind| format!("ALTER DEFAULT PRIVILEGES REVOKE ALL ON {kind} FROM {}", app.name()));
    dba.batch_execute(&undone.join("; ")).unwrap();
}

/// A role that may read a view learns nothing that it does not show, whatever function a condition calls.
#[test]
fn conditions_see_no_more_than_the_view() {
    let monitor = Role::new("lr_monitor", "");
    let database = Database::with_pool(2);
    let mut dba = database.connect();
    dba.batch_execute(&format!(
        "SELECT leadroute.grant_role('monitor', '{monitor}'); SELECT leadroute.grant_role('sales_tool', '{monitor}');
         REVOKE SELECT ON leadroute.leads FROM {monitor}; GRANT CREATE ON SCHEMA public TO {monitor};
         INSERT INTO leadroute.leads (email) VALUES ('a@b.com'); INSERT INTO leadroute.accounts (id, kind) VALUES ('secret', 'prospect')",
        monitor = monitor.name()
    ))
    .unwrap();
    let mut client = database.connect_as(&monitor);
    client
        .batch_execute(
            "CREATE FUNCTION public.leak(text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS
                 'BEGIN PERFORM set_config(''my.leaked'', concat(current_setting(''my.leaked'', true), $1, '' ''), false); RETURN true; END'",
        )
        .unwrap();
    for view in [
        "routing_health",
        "queue_backlog",
        "stuck_notifications",
        "config_problems",
        "coverage_gaps",
        "rep_load",
    ] {
        let columns = list(&mut client, &format!("SELECT quote_ident(attname) FROM pg_attribute WHERE attrelid = 'leadroute.{view}'::regclass AND attnum > 0"));
        for column in columns {
            client.batch_execute("SET my.leaked = ''").unwrap();
            let shown = list(&mut client, &format!("SELECT '<' || coalesce({column}::text, '') || '>' FROM leadroute.{view} WHERE public.leak('<' || coalesce({column}::text, '') || '>')"));
            let leaked = text(&mut client, "SELECT current_setting('my.leaked')");
            assert_eq!(leaked.matches('<').count(), shown.len(), "{view}.{column}: {leaked}");
        }
    }
    client.batch_execute("DROP FUNCTION public.leak(text)").unwrap();
    dba.batch_execute(&format!("DROP OWNED BY {}", monitor.name())).unwrap();
}

/// P owns look-alikes of all tables of the extension, filled with their rows, and may call and use everything in both
/// schemas.
fn with_everything() -> Scene {
    let scene = Scene::installed();
    let mut dba = scene.dba();
    everyday(&mut dba, 1);
    let thief = scene.thief.name();
    dba.batch_execute(
        "CREATE TABLE public.payroll (id integer PRIMARY KEY, email text, owner text);
         INSERT INTO public.payroll VALUES (1, 'a@payroll.com', 'secret');
         CREATE TABLE public.theirs (id integer PRIMARY KEY, email text, owner text);
         SELECT leadroute.attach('public.theirs', '{\"email\": \"email\", \"owner_id\": \"owner\"}');
         INSERT INTO public.theirs VALUES (1, 'a@theirs.com'), (2, 'b@theirs.com')",
    )
    .unwrap();
    for schema in
        list(&mut dba, &format!("SELECT nspname::text FROM pg_namespace WHERE nspname IN {SCHEMAS}"))
    {
        let grant = format!("GRANT USAGE ON SCHEMA {schema} TO {thief}; GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA {schema} TO {thief}");
        dba.batch_execute(&grant).unwrap();
    }
    let tables =
        "SELECT relname::text FROM pg_class WHERE relnamespace = 'leadroute'::regnamespace AND relkind = 'r'";
    for table in list(&mut dba, tables) {
        let copy = format!("CREATE TABLE spy.{table} (LIKE leadroute.{table}); INSERT INTO spy.{table} SELECT * FROM leadroute.{table}");
        dba.batch_execute(&format!("{copy}; ALTER TABLE spy.{table} OWNER TO {thief}")).unwrap();
    }
    let copy = "CREATE TABLE spy.theirs (LIKE public.theirs INCLUDING ALL); INSERT INTO spy.theirs SELECT * FROM public.theirs";
    dba.batch_execute(&format!("{copy}; ALTER TABLE spy.theirs OWNER TO {thief}")).unwrap();
    scene
}

/// A query for every row of the extension and of the DBA's tables, and every trigger of these.
fn digest(scene: &Scene, dba: &mut Client) -> Statement {
    // of the two long ones, who wrote each row tells as much, and is read sooner
    let tables = "SELECT format('SELECT %L || '' '' || %s FROM %s t', c.oid::regclass, CASE WHEN c.relname IN ('mail_domains', 'country_names')
                                THEN 'concat_ws('' '', count(*), sum(xmin::text::bigint))' ELSE 'md5(coalesce(string_agg(t::text, ''|'' ORDER BY t::text), ''''))' END, c.oid::regclass)
                    FROM pg_class c WHERE c.relkind = 'r'
                     AND (c.relnamespace = 'leadroute'::regnamespace OR c.oid IN ('public.payroll'::regclass, 'public.theirs'::regclass)) ORDER BY 1";
    let mut parts = list(dba, tables);
    let roles = format!("'{}', current_user, 'leadroute_owner'", scene.thief.name());
    parts.push(format!("SELECT md5(a::text) FROM pg_authid a WHERE rolname IN ({roles})"));
    parts.push(
        "SELECT tgrelid::regclass || ' ' || tgname || tgenabled::text FROM pg_trigger
          WHERE NOT tgisinternal AND tgrelid::regclass::text !~ '^spy'"
            .to_owned(),
    );
    dba.prepare(&parts.join(" UNION ALL ")).expect("a query")
}

/// The answers of that query.
fn digests(dba: &mut Client, digest: &Statement) -> BTreeSet<String> {
    dba.query(digest, &[]).expect("digests").iter().map(|row| row.get(0)).collect()
}

/// What has another digest now.
fn changes(dba: &mut Client, digest: &Statement, before: &BTreeSet<String>) -> Vec<String> {
    digests(dba, digest).symmetric_difference(before).cloned().collect()
}

/// What P does to a look-alike, in groups that are looked at one by one.
fn on_rows(dba: &mut Client, table: &str) -> Vec<Vec<String>> {
    let columns = format!(
        "SELECT quote_ident(attname) FROM pg_attribute WHERE attrelid = '{table}'::regclass AND attnum > 0"
    );
    let columns = list(dba, &columns);
    let all_to = |value: &str, keys: bool| -> Vec<String> {
        let chosen = columns.iter().filter(|name| ["id", "name"].contains(&name.as_str()) == keys);
        chosen.map(|name| format!("UPDATE {table} SET {name} = {value}").replace("{c}", name)).collect()
    };
    let whole = |sql: &str| vec![format!("{sql} {table}")];
    vec![
        vec![format!("INSERT INTO {table} SELECT * FROM {table}")],
        all_to("(SELECT max({c}) FROM leadroute_look)", false)
            .iter()
            .map(|sql| sql.replace("leadroute_look", table))
            .collect(),
        all_to("'stolen'", false),
        all_to("NULL", false),
        all_to("'stolen'", true),
        all_to("'99'", true),
        whole("DELETE FROM"),
        whole("TRUNCATE"),
    ]
}

/// Runs statements as P in the transaction of the DBA, which is not committed.
fn as_thief(scene: &Scene, dba: &mut Client, statements: &[String]) {
    dba.batch_execute(&format!("SET LOCAL SESSION AUTHORIZATION {}", scene.thief.name())).unwrap();
    for sql in statements {
        dba.batch_execute("SAVEPOINT s").unwrap();
        if attempt(dba, sql).is_some() {
            dba.batch_execute("ROLLBACK TO s").unwrap();
        }
    }
    let late = attempt(dba, "SAVEPOINT s; SET CONSTRAINTS ALL IMMEDIATE");
    if late.is_some() {
        dba.batch_execute("ROLLBACK TO s").unwrap();
    }
    dba.batch_execute("RESET SESSION AUTHORIZATION").unwrap();
}

/// A trigger of the extension on a look-alike, fired by rows with the keys of real leads, touches nothing of others.
#[test]
fn triggers_on_look_alikes_touch_nothing_of_others() {
    let scene = with_everything();
    let mut dba = scene.dba();
    let triggers = "SELECT replace(replace(pg_get_triggerdef(t.oid), ' ON leadroute.', ' ON spy.'), ' ON public.', ' ON spy.')
                      FROM pg_trigger t WHERE NOT t.tgisinternal AND t.tgrelid::regclass::text !~ '^spy' ORDER BY 1";
    let digest = digest(&scene, &mut dba);
    let before = digests(&mut dba, &digest);
    for trigger in list(&mut dba, triggers) {
        let table = trigger.split_once(" ON ").and_then(|(_, rest)| rest.split(' ').next()).expect("a table");
        // with its condition, if it has one, and without
        let (head, function) = trigger.split_once(" EXECUTE FUNCTION ").expect("a function");
        let bare = format!("{} EXECUTE FUNCTION {function}", head.split(" WHEN ").next().unwrap_or_default());
        for create in BTreeSet::from([&trigger, &bare]) {
            for mut statements in on_rows(&mut dba, table) {
                statements.insert(0, create.clone());
                dba.batch_execute("BEGIN").unwrap();
                as_thief(&scene, &mut dba, &statements);
                let changed = changes(&mut dba, &digest, &before);
                assert_eq!(changed, Vec::<String>::new(), "{}", statements.join("\n"));
                dba.batch_execute("ROLLBACK").unwrap();
            }
        }
    }
    scene.check("after all of it");
}

/// Values that P tries for arguments of a type; the k-th combination takes other tables and other texts.
fn argument(dba: &mut Client, kind: &str, k: usize) -> String {
    let tables = [
        "'public.payroll'",
        "'pg_catalog.pg_authid'",
        "'leadroute.leads'",
        "'public.theirs'",
        "0",
        "4294967295",
        "NULL",
    ];
    let texts = ["'email'", "'spy.same(''x''::text)'", "'SELECT spy.same(''x''::text)'"];
    let table = tables[k % tables.len()];
    match kind {
        "regclass" => format!("{table}::regclass"),
        "oid" => format!("{table}::regclass::oid"),
        "text" | "name" => format!("{}::{kind}", texts[k / tables.len() % texts.len()]),
        "jsonb" => r#"'{"email": "email", "owner_id": "owner", "company": {"expression": "spy.same(email)"}}'::jsonb"#.to_owned(),
        "integer" | "bigint" => format!("{}::{kind}", k % 3 + 1),
        "text[]" | "bigint[]" => format!("'{{1,2,3}}'::{kind}"),
        "leadroute.attached_tables" => {
            let row = "SELECT quote_literal(t::text) FROM leadroute.attached_tables t WHERE relation = 'public.theirs'::regclass";
            text(dba, row).replace("public.theirs", ["public.theirs", "public.payroll", "pg_authid"][k % 3]) + "::leadroute.attached_tables"
        }
        _ => format!("NULL::{kind}"),
    }
}

/// Who may call everything may still say nothing about tables of others: what takes a table asks whether it is theirs.
#[test]
fn functions_that_take_a_table_ask_whose_it_is() {
    let scene = with_everything();
    let (mut dba, mut thief) = (scene.dba(), scene.session());
    let functions = format!(
        "SELECT concat_ws('|', p.oid::regproc, (SELECT string_agg(format_type(a, NULL), ';' ORDER BY n)
                                                  FROM unnest(p.proargtypes) WITH ORDINALITY u (a, n)))
           FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
          WHERE n.nspname IN {SCHEMAS} AND p.prokind = 'f' AND p.proargtypes::regtype[]::text[]
                && '{{oid,regclass,leadroute.attached_tables}}' AND NOT p.proargtypes::regtype[]::text[] && '{{internal}}' ORDER BY 1"
    );
    let digest = digest(&scene, &mut dba);
    let before = digests(&mut dba, &digest);
    let functions = list(&mut dba, &functions);
    assert!(functions.len() > 10, "{functions:?}");
    for function in functions {
        let (name, kinds) = function.split_once('|').expect("arguments");
        for k in 0..21 {
            let values: Vec<String> = kinds.split(';').map(|kind| argument(&mut dba, kind, k)).collect();
            attempt(&mut thief, &format!("SELECT {name}({})", values.join(", ")));
        }
        assert_eq!(changes(&mut dba, &digest, &before), Vec::<String>::new(), "{name}({kinds})");
        scene.check(name);
    }
}
