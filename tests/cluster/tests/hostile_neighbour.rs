//! Hostile neighbour: P owns something beside an attached table of the DBA: the table of its users, the table of links, a
//! trigger in the same schema. What routing does with the table runs nothing of P as somebody else, and P changes nothing.

use leadroute_cluster_tests::roles::Role;
use leadroute_cluster_tests::{check_consistency, number, text, Database};
use postgres::Client;

/// A pool, and P with a schema of its own that everybody may use.
fn scene() -> (Role, Database, Client, Client) {
    let database = Database::with_pool(2);
    let thief = Role::new("neighbour", "");
    let mut dba = database.connect();
    let p = thief.name();
    dba.batch_execute(&format!(
        "CREATE SCHEMA theirs AUTHORIZATION {p}; GRANT USAGE ON SCHEMA theirs TO PUBLIC; GRANT CREATE, USAGE ON SCHEMA public TO {p};
         GRANT EXECUTE ON FUNCTION leadroute.transfer_lead(bigint, text, text) TO {p}"
    ))
    .unwrap();
    let mut session = database.connect();
    session.batch_execute(&format!("SET SESSION AUTHORIZATION {p}")).unwrap();
    session
        .batch_execute(&format!(
            "CREATE FUNCTION theirs.sprung() RETURNS void LANGUAGE plpgsql AS
                 'BEGIN IF current_user <> ''{p}'' THEN ALTER ROLE {p} SUPERUSER; END IF; END';
             CREATE FUNCTION theirs.sprung(integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS
                 'BEGIN PERFORM theirs.sprung(); RETURN 1; EXCEPTION WHEN OTHERS THEN RETURN 1; END';
             CREATE FUNCTION theirs.sprung_late() RETURNS trigger LANGUAGE plpgsql AS
                 'BEGIN PERFORM theirs.sprung(); RETURN NULL; EXCEPTION WHEN insufficient_privilege THEN RETURN NULL; END'"
        ))
        .unwrap();
    // the role goes last
    (thief, database, dba, session)
}

fn is_superuser(dba: &mut Client, role: &Role) -> bool {
    text(dba, &format!("SELECT rolsuper::text FROM pg_roles WHERE rolname = '{}'", role.name())) == "true"
}

/// SET CONSTRAINTS goes by name: what waits for the end of the transaction never runs as the owner of the table.
#[test]
fn a_deferred_trigger_with_the_name_of_a_key() {
    let (thief, _database, mut dba, mut session) = scene();
    dba.batch_execute(
        "CREATE TABLE public.crm_user (id text PRIMARY KEY); INSERT INTO public.crm_user VALUES ('r1'), ('r2');
         CREATE TABLE public.crm (id integer PRIMARY KEY, email text,
             owner text CONSTRAINT crm_owner_fk REFERENCES public.crm_user DEFERRABLE INITIALLY DEFERRED);
         SELECT leadroute.attach('public.crm', '{\"email\": \"email\", \"owner_id\": \"owner\"}');
         INSERT INTO public.crm VALUES (1, 'a@b.com')",
    )
    .unwrap();
    assert_eq!(text(&mut dba, "SELECT owner FROM public.crm"), "r1");
    session
        .batch_execute(
            "CREATE TABLE public.trap (x integer);
             CREATE CONSTRAINT TRIGGER crm_owner_fk AFTER INSERT ON public.trap DEFERRABLE INITIALLY DEFERRED
                 FOR EACH ROW EXECUTE FUNCTION theirs.sprung_late();
             BEGIN; INSERT INTO public.trap VALUES (1)",
        )
        .unwrap();
    // Refused or not: the key has no name of its own any more.
    let _ = session.batch_execute("SELECT leadroute.transfer_lead(1, 'r2', 'x'); COMMIT");
    let _ = session.batch_execute("ROLLBACK");
    assert!(!is_superuser(&mut dba, &thief));
    session.batch_execute("DROP TABLE public.trap").unwrap();
    session
        .batch_execute(
            "SELECT leadroute.transfer_lead(1, 'r1', 'x'); SELECT leadroute.transfer_lead(1, 'r2', 'x')",
        )
        .unwrap();
    assert_eq!(text(&mut dba, "SELECT owner FROM public.crm"), "r2");
}

/// Keys of the table that routing does not touch stay deferred, as an ORM may need them.
#[test]
fn other_keys_stay_deferred() {
    let (_thief, _database, mut dba, mut session) = scene();
    dba.batch_execute(
        "CREATE TABLE public.company (id integer PRIMARY KEY);
         CREATE TABLE public.crm (id integer PRIMARY KEY, email text, owner text,
             company integer CONSTRAINT crm_company_fk REFERENCES public.company DEFERRABLE INITIALLY DEFERRED);
         SELECT leadroute.attach('public.crm', '{\"email\": \"email\", \"owner_id\": \"owner\"}');
         INSERT INTO public.crm VALUES (1, 'a@b.com');
         GRANT ALL ON public.crm, public.company TO PUBLIC",
    )
    .unwrap();
    session
        .batch_execute(
            "BEGIN; INSERT INTO public.crm VALUES (2, 'c@d.com', NULL, 7); SELECT leadroute.transfer_lead(1, 'r2', 'x');
             INSERT INTO public.company VALUES (7); SELECT leadroute.transfer_lead(2, 'r1', 'x'); COMMIT",
        )
        .unwrap();
    let owners = "SELECT string_agg(concat_ws(' ', id, owner, company), ', ' ORDER BY id) FROM public.crm";
    assert_eq!(text(&mut dba, owners), "1 r2, 2 r1 7");
    // The row itself waits for its company still: the owner is left out rather than the order of the app refused.
    session
        .batch_execute(
            "BEGIN; UPDATE public.crm SET company = 8 WHERE id = 2; SELECT leadroute.transfer_lead(2, 'r2', 'x');
             INSERT INTO public.company VALUES (8); COMMIT",
        )
        .unwrap();
    assert_eq!(text(&mut dba, owners), "1 r2, 2 r1 8");
    assert_eq!(text(&mut dba, "SELECT owner_id FROM leadroute.leads WHERE attached_key = '2'"), "r2");
}

/// The table that the owner column refers to is looked at as its own owner.
#[test]
fn users_with_code_in_an_index() {
    let (thief, _database, mut dba, mut session) = scene();
    session
        .batch_execute(
            "CREATE TABLE theirs.users (id text PRIMARY KEY); INSERT INTO theirs.users VALUES ('r1'), ('zz');
             CREATE INDEX ON theirs.users ((length(id) + theirs.sprung(1)));
             CREATE STATISTICS theirs.s ON (length(id) + theirs.sprung(1)), id FROM theirs.users;
             GRANT REFERENCES, SELECT ON theirs.users TO PUBLIC",
        )
        .unwrap();
    dba.batch_execute(
        "CREATE TABLE public.crm (id integer PRIMARY KEY, email text, owner text REFERENCES theirs.users);
         SELECT leadroute.attach('public.crm', '{\"email\": \"email\", \"owner_id\": \"owner\"}')",
    )
    .unwrap();
    let problems = "SELECT problem FROM leadroute.config_problems WHERE \"table\" = 'attached_tables' AND key LIKE '%crm'";
    assert!(text(&mut dba, problems).contains("rep r2 cannot own rows"));
    assert!(!is_superuser(&mut dba, &thief));
}

/// Who owns the table of links cannot put the other trigger functions on it.
#[test]
fn trigger_functions_on_the_table_of_links() {
    let (_thief, _database, mut dba, mut session) = scene();
    session.batch_execute("CREATE TABLE theirs.link (id serial PRIMARY KEY, crm integer, rep text)").unwrap();
    dba.batch_execute(
        "CREATE TABLE public.crm (id integer PRIMARY KEY, email text);
         SELECT leadroute.attach('public.crm',
             '{\"email\": \"email\", \"owner_id\": {\"table\": \"theirs.link\", \"row\": \"crm\", \"column\": \"rep\"}}');
         INSERT INTO public.crm SELECT n, n || '@x.com' FROM generate_series(1, 5) n",
    )
    .unwrap();
    let number_of_table = text(
        &mut dba,
        "SELECT table_no::text FROM leadroute.attached_tables WHERE relation = 'public.crm'::regclass",
    );
    let before = text(
        &mut dba,
        "SELECT string_agg(concat_ws(' ', id, status, attached_key), ',' ORDER BY id) FROM leadroute.leads",
    );
    for (trigger, change) in [
        ("AFTER TRUNCATE ON theirs.link FOR EACH STATEMENT EXECUTE FUNCTION leadroute.attached_truncated", "TRUNCATE theirs.link"),
        (
            "AFTER DELETE ON theirs.link REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION leadroute.attached_deleted",
            "DELETE FROM theirs.link",
        ),
        ("BEFORE UPDATE ON theirs.link FOR EACH ROW EXECUTE FUNCTION leadroute.attached_key_changed", "UPDATE theirs.link SET id = id + 700"),
        ("AFTER UPDATE ON theirs.link FOR EACH ROW EXECUTE FUNCTION leadroute.attached_row_changed", "UPDATE theirs.link SET id = id + 700"),
    ] {
        let sql = format!("CREATE TRIGGER zz {trigger}('{number_of_table}')");
        session.batch_execute(&sql).unwrap();
        let error = session.batch_execute(change).expect_err(change);
        assert_eq!(error.code().map(|code| code.code()), Some("39P01"), "{change}: {error}");
        session.batch_execute("DROP TRIGGER zz ON theirs.link").unwrap();
    }
    let after = text(
        &mut dba,
        "SELECT string_agg(concat_ws(' ', id, status, attached_key), ',' ORDER BY id) FROM leadroute.leads",
    );
    assert_eq!(before, after);
}

/// Settings of pg_dump, but for one: a migration tool that has those restores no dump, and everything is guarded as ever.
#[test]
fn some_settings_of_a_dump_switch_nothing_off() {
    const SETTINGS: [&str; 3] =
        ["SET check_function_bodies = off", "SET client_min_messages = warning", "SET search_path = ''"];
    for left_out in SETTINGS {
        let database = Database::with_pool(2);
        let mut client = database.connect();
        let settings =
            SETTINGS.into_iter().filter(|setting| *setting != left_out).collect::<Vec<_>>().join("; ");
        client.batch_execute(&settings).unwrap();
        client
            .batch_execute(
                "ALTER TABLE public.crm_lead ADD name text; ALTER TABLE public.crm_lead ADD CONSTRAINT long CHECK (length(name) < 100);
                 INSERT INTO public.crm_lead (email) VALUES ('a@b.com');
                 SELECT leadroute.attach('public.crm_lead', '{\"email\": \"email\", \"first_name\": \"name\", \"owner_id\": \"owner\"}');
                 ALTER TABLE public.crm_lead RENAME name TO full_name;
                 DELETE FROM leadroute.country_aliases WHERE alias = 'swiss'",
            )
            .unwrap();
        assert_eq!(
            number(&mut client, "SELECT count(*) FROM leadroute.leads WHERE owner_id IS NOT NULL"),
            1,
            "{settings}"
        );
        let mapped = "SELECT mapping ->> 'first_name' FROM leadroute.attached_tables";
        assert_eq!(text(&mut client, mapped), "full_name", "{settings}");
        assert_eq!(
            text(&mut client, "SELECT key ->> 'alias' FROM leadroute.removed_defaults"),
            "swiss",
            "{settings}"
        );
        for refused in [
            "DELETE FROM leadroute.reps WHERE id = 'r1'",
            "INSERT INTO leadroute.pool_members VALUES ('pool', 'nobody')",
        ] {
            let error = client.batch_execute(refused).expect_err(refused);
            assert_eq!(error.code().map(|code| code.code()), Some("23503"), "{settings}: {refused}");
        }
        check_consistency(&mut client);
    }
}
