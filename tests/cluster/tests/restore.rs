//! pg_dump and pg_restore keep every row, sequence and turn, and nothing is routed again.

use leadroute_cluster_tests::restoring::{bare, digest};
use leadroute_cluster_tests::{check_consistency, number, text, Database};
use postgres::Client;
use std::process::{Command, Stdio};

/// Pipes a dump into a program; answers its errors.
fn errors(from: &Database, dump: &[&str], program: &str, arguments: &[&str]) -> Vec<String> {
    let mut dump_with = Command::new("pg_dump");
    // Of data only, it tells that tables refer to each other.
    let dump = dump_with.args(dump).arg(from.name()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
    let output = Command::new(program)
        .args(arguments)
        .stdin(dump.expect("pg_dump").stdout.expect("a pipe"))
        .output()
        .expect("a restore");
    let told = String::from_utf8_lossy(&output.stderr);
    told.lines().filter(|line| line.to_lowercase().contains("error:")).map(str::to_owned).collect()
}

/// Pipes a dump into a program, which must not meet an error.
fn pipe(from: &Database, dump: &[&str], program: &str, arguments: &[&str]) {
    assert_eq!(errors(from, dump, program, arguments), Vec::<String>::new(), "{program} {arguments:?}");
}

fn restore(from: &Database, into: &str) {
    pipe(from, &["-Fc"], "pg_restore", &["--exit-on-error", "-d", into]);
}

/// Rules of every kind, and leads by every way in.
const COMPANY: &str = "UPDATE leadroute.queues SET manager_id = 'r1' WHERE name = 'catch_all';
    UPDATE leadroute.sla_policies SET respond_within = '7 minutes' WHERE name = 'high intent';
    INSERT INTO leadroute.event_types VALUES ('fair', 'low');
    INSERT INTO leadroute.absences (rep_id, during) VALUES ('r3', '[2000-01-01,2000-02-01)');
    INSERT INTO leadroute.accounts (id, kind, owner_id) VALUES ('a1', 'customer', 'r2');
    INSERT INTO leadroute.account_domains VALUES ('acme.com', 'a1');
    INSERT INTO leadroute.domain_rules (domain, kind) VALUES ('rival.com', 'competitor');
    INSERT INTO leadroute.leads (email)
        SELECT 'p' || n || '@c' || n || '.com' FROM generate_series(1, 50) n;
    INSERT INTO leadroute.leads (email) VALUES ('x@acme.com'), ('y@rival.com'), ('p1+again@c1.com');
    INSERT INTO public.crm_lead (email) VALUES ('of.crm@theirs.com'), ('of+crm@theirs.com');
    SET leadroute.enabled = off;
    INSERT INTO leadroute.leads (email) VALUES ('unrouted@later.com');
    RESET leadroute.enabled";

#[test]
fn a_dump_restores_everything_and_routes_nothing() {
    let source = Database::with_pool(3);
    let mut client = source.connect();
    client.batch_execute(COMPANY).unwrap();
    // A transaction that is open while the dump is made has replaced rows of the books that the dump holds.
    let mut open = source.connect();
    open.batch_execute("BEGIN; INSERT INTO leadroute.leads (email) VALUES ('open@in.flight.com')").unwrap();
    let target = bare();
    restore(&source, target.name());
    let mut restored = target.connect();
    assert_eq!(digest(&mut restored), digest(&mut client));
    open.batch_execute("ROLLBACK").unwrap();
    let unrouted =
        "SELECT status || ' ' || routed_at FROM leadroute.leads WHERE email = 'unrouted@later.com'";
    assert_eq!(text(&mut restored, unrouted), "new -infinity");
    for database in [&mut client, &mut restored] {
        database
            .batch_execute("SELECT leadroute.reroute_lead(id) FROM leadroute.leads WHERE status = 'new'")
            .unwrap();
    }
    check_consistency(&mut restored);
    let next = "INSERT INTO leadroute.leads (email) VALUES ('next@one.com') RETURNING owner_id || id";
    assert_eq!(text(&mut restored, next), text(&mut client, next));
    assert_eq!(number(&mut restored, "SELECT count(*) FROM leadroute.decisions"), 57);
    // The attached table is attached there too, and its rows are known.
    let crm = "INSERT INTO public.crm_lead (email) VALUES ('new@theirs.com') RETURNING owner";
    assert_eq!(text(&mut restored, crm), text(&mut client, crm));
    restored
        .batch_execute("UPDATE public.crm_lead SET owner = 'r1'; UPDATE public.crm_lead SET owner = 'r2'")
        .unwrap();
    let owners =
        "SELECT string_agg(DISTINCT owner_id, ' ') FROM leadroute.leads WHERE attached_key IS NOT NULL";
    assert_eq!(text(&mut restored, owners), "r2");
}

/// Attached tables of every kind, with leads in each: a table that is dumped before all of leadroute, one with a
/// key that comes before those of the others, partitions, generated columns, columns that were dropped, expressions
/// over another table and a function, owners in a table of links.
fn attached_tables() -> Database {
    let database = Database::with_pool(3);
    database
        .connect()
        .batch_execute(
            "CREATE TABLE public.a_first (id integer PRIMARY KEY, note text);
             INSERT INTO public.a_first VALUES (1, 'x');
             CREATE SCHEMA alpha;
             CREATE TABLE alpha.lead (gone text, id integer PRIMARY KEY, mail text, owner text);
             ALTER TABLE alpha.lead DROP COLUMN gone;
             SELECT leadroute.attach('alpha.lead', '{\"email\": \"mail\", \"owner_id\": \"owner\"}');
             CREATE TABLE public.nation (id integer PRIMARY KEY, code text);
             INSERT INTO public.nation VALUES (49, 'DE');
             CREATE FUNCTION public.half(n integer) RETURNS integer LANGUAGE sql AS 'SELECT n / 2';
             CREATE TABLE public.deal (gone text, id integer, mail text, nation integer, size integer,
                 clean text GENERATED ALWAYS AS (lower(mail)) STORED, owner text, first integer REFERENCES public.a_first,
                 PRIMARY KEY (id)) PARTITION BY RANGE (id);
             ALTER TABLE public.deal DROP COLUMN gone;
             CREATE TABLE public.deal_1 PARTITION OF public.deal FOR VALUES FROM (0) TO (10);
             SELECT leadroute.attach('public.deal', '{\"email\": \"clean\", \"owner_id\": \"owner\",
                 \"country\": {\"expression\": \"(SELECT n.code FROM public.nation n WHERE n.id = nation)\"},
                 \"employees\": {\"expression\": \"public.half(size)\"}}');
             CREATE TABLE public.deal_2 PARTITION OF public.deal FOR VALUES FROM (10) TO (20);
             CREATE TABLE public.ask (id integer PRIMARY KEY, mail text);
             CREATE TABLE public.zz_link (since timestamptz DEFAULT now(), ask integer REFERENCES public.ask, who text);
             SELECT leadroute.attach('public.ask', '{\"email\": \"mail\",
                 \"owner_id\": {\"table\": \"public.zz_link\", \"row\": \"ask\", \"column\": \"who\"}}')",
        )
        .unwrap();
    insert_everywhere(&mut database.connect(), 1);
    database
}

/// A row in each attached table; the key of each is `id`.
fn insert_everywhere(client: &mut Client, id: i32) {
    client
        .batch_execute(&format!(
            "INSERT INTO alpha.lead (id, mail) VALUES ({id}, 'alpha{id}@x{id}.com');
             INSERT INTO public.deal (id, mail, nation, size, first) VALUES ({id}, 'Deal{id}@y{id}.com', 49, 20, 1);
             INSERT INTO public.deal_2 (id, mail) VALUES ({id} + 10, 'Other{id}@z{id}.com');
             INSERT INTO public.ask VALUES ({id}, 'ask{id}@w{id}.com');
             INSERT INTO public.crm_lead (email) VALUES ('crm{id}@v{id}.com')"
        ))
        .unwrap();
}

/// Nothing was routed again, and everything is as attached as it was.
fn check_restored(source: &Database, target: &Database, way: &str) {
    let (mut client, mut restored) = (source.connect(), target.connect());
    assert_eq!(digest(&mut restored), digest(&mut client), "{way}");
    let problems =
        "SELECT coalesce(string_agg(key || ': ' || problem, ', '), '') FROM leadroute.config_problems
                     WHERE \"table\" = 'attached_tables'";
    assert_eq!(text(&mut restored, problems), "", "{way}");
    let leads = number(&mut restored, "SELECT count(*) FROM leadroute.leads");
    restored
        .batch_execute("ALTER TABLE public.deal RENAME COLUMN owner TO seller; ALTER TABLE public.zz_link RENAME COLUMN who TO whom")
        .unwrap();
    insert_everywhere(&mut restored, 2);
    assert_eq!(number(&mut restored, "SELECT count(*) FROM leadroute.leads"), leads + 5, "{way}");
    let owners = "SELECT count(*) FROM alpha.lead a, public.deal d, public.deal_2 e, public.zz_link l, public.crm_lead c
                   WHERE a.id = 2 AND a.owner IS NOT NULL AND d.id = 2 AND d.seller IS NOT NULL AND e.id = 12 AND e.seller IS NOT NULL
                     AND l.ask = 2 AND l.whom IS NOT NULL AND c.email LIKE 'crm2%' AND c.owner IS NOT NULL";
    assert_eq!(number(&mut restored, owners), 1, "{way}");
    let read = "SELECT country || employees FROM leadroute.leads WHERE email = 'deal2@y2.com'";
    assert_eq!(text(&mut restored, read), "DE10", "{way}");
    restored.batch_execute("DELETE FROM public.deal_2 WHERE id = 12").unwrap();
    let closed = "SELECT status FROM leadroute.leads WHERE email = 'other2@z2.com'";
    assert_eq!(text(&mut restored, closed), "disqualified", "{way}");
    let refused = restored.batch_execute("DROP FUNCTION public.half(integer) CASCADE").expect_err(way);
    assert_eq!(refused.code().map(|code| code.code()), Some("2BP01"), "{way}");
    check_consistency(&mut restored);
}

#[test]
fn attached_tables_are_restored_in_every_way() {
    let source = attached_tables();
    let target = bare();
    restore(&source, target.name());
    check_restored(&source, &target, "-e");
    // Over what is there: all of it goes first.
    let into = target.name();
    let met = errors(&source, &["-Fc"], "pg_restore", &["--clean", "-d", into]);
    // pg_dump means to drop the key of each partition too, which PostgreSQL does not do, attached or not.
    let ours = met.iter().filter(|error| !error.contains("cannot drop inherited constraint"));
    assert_eq!(ours.count(), 0, "{met:?}");
    check_restored(&source, &target, "--clean");

    let target = bare();
    pipe(&source, &["-Fc"], "pg_restore", &["-1", "-d", target.name()]);
    check_restored(&source, &target, "-1");

    let target = bare();
    pipe(
        &source,
        &["-Fp"],
        "psql",
        &["-qX", "-v", "ON_ERROR_STOP=1", "-o", "/dev/null", "-d", target.name()],
    );
    check_restored(&source, &target, "psql");
}

/// The triggers are there before the rows: they know those whose leads are there already, and may be told to rest.
#[test]
fn attached_tables_are_restored_data_only() {
    let source = attached_tables();
    let restore_data = |arguments: &[&str], options: &str| {
        let target = bare();
        pipe(&source, &["-Fc"], "pg_restore", &["--exit-on-error", "--schema-only", "-d", target.name()]);
        let into = format!("dbname={} options='{options}'", target.name());
        let all = [&["--exit-on-error", "--data-only", "-d", &into], arguments].concat();
        pipe(&source, &["-Fc"], "pg_restore", &all);
        check_restored(&source, &target, &format!("--data-only {arguments:?} {options}"));
    };
    restore_data(&[], "");
    let no_lead =
        "SET leadroute.enabled = off; INSERT INTO public.deal (id, mail) VALUES (3, 'deal3@y3.com')";
    source.connect().batch_execute(no_lead).unwrap();
    restore_data(&[], "-c leadroute.enabled=off");
    restore_data(&["--disable-triggers"], "");
}

/// Who goes on in the session that has read a dump, with its settings, inserts leads as ever.
#[test]
fn leads_that_come_in_the_session_of_a_restore_are_routed() {
    let database = Database::with_pool(2);
    let mut client = database.connect();
    client
        .batch_execute(
            "SET check_function_bodies = off; SET client_min_messages = warning; SELECT pg_catalog.set_config('search_path', '', false)",
        )
        .unwrap();
    let one = "INSERT INTO leadroute.leads (email) VALUES ('new@one.com') RETURNING owner_id";
    let by_function = "SELECT leadroute.route_lead('{\"email\": \"new@two.com\"}') ->> 'owner_id'";
    assert_eq!([text(&mut client, one), text(&mut client, by_function)], ["r1", "r2"]);
    let mixed = "INSERT INTO leadroute.leads (email, status, owner_id, routed_at) VALUES
                     ('was@here.com', 'assigned', 'r1', now()), ('new@three.com', 'new', NULL, NULL)";
    client.batch_execute(mixed).unwrap();
    let routed = "SELECT count(*) FROM leadroute.leads l JOIN leadroute.decisions d ON d.id = l.decision_id WHERE l.owner_id IS NOT NULL";
    assert_eq!(number(&mut client, routed), 3);
    client.batch_execute("DELETE FROM leadroute.leads WHERE email = 'was@here.com'").unwrap();
    check_consistency(&mut client);
}
