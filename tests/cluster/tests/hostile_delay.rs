//! Hostile delay: a stranger, or whoever may attach a table of their own, holds up neither the jobs, nor the DDL of others, nor
//! their inserts.

use leadroute_cluster_tests::roles::{in_words, Role, Scene};
use leadroute_cluster_tests::{number, text, Database};
use postgres::Client;
use std::time::{Duration, Instant};

/// Whoever waits longer than this is held up.
const SOON: &str = "SET lock_timeout = '5s'; SET statement_timeout = '60s'";

/// Leads of nobody's table, all of them due for their next step.
fn overdue(client: &mut Client) {
    client
        .batch_execute(
            "INSERT INTO leadroute.leads (email, event, occurred_at)
             SELECT n || '@late' || n || '.com', 'demo_request', now() - interval '1 hour' FROM generate_series(1, 20) n",
        )
        .unwrap();
}

/// How many of them have been escalated.
const ESCALATED: &str =
    "SELECT count(DISTINCT l.id) FROM leadroute.leads l JOIN leadroute.decisions d ON d.lead_id = l.id
    WHERE d.cause = 'escalation' AND l.email ~ '@late'";

/// P raises every error that PostgreSQL takes for one of its own: that is the fault of one lead.
#[test]
fn an_error_with_the_code_of_a_conflict_is_one_lead_s() {
    for code in ["40001", "40P01", "57014", "57P01", "25006", "25P02", "55P03", "P0004", "XX000", "0A000"] {
        let scene = Scene::installed();
        let (mut dba, mut thief) = (scene.dba(), scene.session());
        let others =
            "INSERT INTO leadroute.segments (name, priority, territory) VALUES ('others', 1000, 'emea');
                      INSERT INTO leadroute.tiers (segment, name, pool) VALUES ('others', 'all', 'smb')";
        dba.batch_execute(others).unwrap();
        let refuse = format!(
            r#"CREATE TABLE spy.bad (id integer PRIMARY KEY, email text, owner text);
               CREATE SEQUENCE spy.fired;
               CREATE FUNCTION spy.refuse() RETURNS trigger LANGUAGE plpgsql AS
                   'BEGIN PERFORM nextval(''spy.fired''); RAISE EXCEPTION USING ERRCODE = ''{code}'', MESSAGE = ''no''; END';
               SELECT leadroute.attach('spy.bad', '{{"email": "email", "owner_id": "owner", "event": {{"expression": "''demo_request''"}}, "occurred_at": {{"expression": "''2020-01-01''"}}}}');
               INSERT INTO spy.bad SELECT n, n || '@bad.com' FROM generate_series(1, 3) n;
               CREATE TRIGGER refuse BEFORE UPDATE ON spy.bad FOR EACH ROW EXECUTE FUNCTION spy.refuse()"#
        );
        thief.batch_execute(&refuse).unwrap_or_else(|error| panic!("{code}: {}", in_words(&error)));
        overdue(&mut dba);
        // The first step may only remind the owner.
        for _ in 0..4 {
            let done =
                dba.query_one("SELECT leadroute.escalate_overdue(1000, now() + interval '10 years')", &[]);
            done.unwrap_or_else(|error| panic!("{code}: {}", in_words(&error)));
        }
        assert_eq!(number(&mut dba, ESCALATED), 20, "{code}");
        assert_eq!(
            text(&mut thief, "SELECT is_called::text FROM spy.fired"),
            "true",
            "{code}: nothing was refused"
        );
        // The same person twice, let in side by side.
        let twice = "UPDATE leadroute.leads SET person_key = 'same' WHERE email IN ('1@late1.com', '2@late2.com');
                     UPDATE leadroute.leads SET person_key = 'bad', email = 'bad@bad.com' WHERE email LIKE '%@bad.com'";
        dba.batch_execute(twice).unwrap_or_else(|error| panic!("{code}: {}", in_words(&error)));
        let merged = dba.query_one("SELECT leadroute.merge_duplicates()", &[]);
        merged.unwrap_or_else(|error| panic!("{code}, merging: {}", in_words(&error)));
    }
}

/// Somebody has locked the row of a user, as `select_for_update` does, and stays idle.
#[test]
fn a_locked_user_holds_up_no_other_lead() {
    let database = Database::with_pool(2);
    let (mut holder, mut client) = (database.connect(), database.connect());
    client
        .batch_execute(
            r#"CREATE TABLE public.users (id text PRIMARY KEY, name text); INSERT INTO public.users SELECT id FROM leadroute.reps;
               CREATE TABLE public.deals (id integer PRIMARY KEY, email text, owner text REFERENCES public.users);
               SELECT leadroute.attach('public.deals', '{"email": "email", "owner_id": "owner", "event": {"expression": "''demo_request''"}, "occurred_at": {"expression": "''2020-01-01''"}}');
               INSERT INTO public.deals SELECT n, n || '@deal.com' FROM generate_series(1, 30) n"#,
        )
        .unwrap();
    overdue(&mut client);
    holder.batch_execute("BEGIN; SELECT FROM public.users FOR UPDATE").unwrap();
    client.batch_execute("SET statement_timeout = '60s'").unwrap();
    let begun = Instant::now();
    for _ in 0..10 {
        client.batch_execute("SELECT leadroute.escalate_overdue(1000, now() + interval '10 years')").unwrap();
        if number(&mut client, ESCALATED) == 20 {
            break;
        }
    }
    assert_eq!(number(&mut client, ESCALATED), 20);
    assert!(begun.elapsed() < Duration::from_secs(55), "held up for {:?}", begun.elapsed());
    holder.batch_execute("ROLLBACK").unwrap();
}

/// Rows that somebody holds are not waited for, however many they are: the others go on.
#[test]
fn held_rows_stop_no_job() {
    let database = Database::with_pool(2);
    let (mut holder, mut client) = (database.connect(), database.connect());
    client
        .batch_execute(
            "UPDATE leadroute.reps SET active = false; UPDATE leadroute.pools SET when_all_away = 'hold';
             UPDATE leadroute.reps SET active = true, presence = 'away';
             INSERT INTO public.crm_lead (email) SELECT n || '@held.com' FROM generate_series(1, 20) n",
        )
        .unwrap();
    assert_eq!(number(&mut client, "SELECT count(*) FROM leadroute.leads WHERE held"), 20);
    client.batch_execute("UPDATE leadroute.reps SET presence = 'online'").unwrap();
    holder
        .batch_execute("BEGIN; SELECT FROM public.crm_lead WHERE email ~ '^([13579]|11|13)@' FOR UPDATE")
        .unwrap();
    let begun = Instant::now();
    assert_eq!(number(&mut client, "SELECT leadroute.assign_queued()::bigint"), 13);
    assert!(begun.elapsed() < Duration::from_secs(20), "waited {:?}", begun.elapsed());
    holder.batch_execute("ROLLBACK").unwrap();
    assert_eq!(number(&mut client, "SELECT leadroute.assign_queued()::bigint"), 7);
}

/// A partition that belongs to somebody else than the table loses its triggers when it is detached.
#[test]
fn a_partition_of_another_owner_is_detached() {
    let database = Database::with_pool(2);
    let owner = Role::new("owner", "");
    let mut dba = database.connect();
    dba.batch_execute(&format!(
        r#"CREATE TABLE public.parted (id integer PRIMARY KEY, email text, owner text) PARTITION BY RANGE (id);
           ALTER TABLE public.parted OWNER TO {}; SELECT leadroute.attach('public.parted', '{{"email": "email", "owner_id": "owner"}}');
           CREATE TABLE public.part PARTITION OF public.parted FOR VALUES FROM (0) TO (100);
           INSERT INTO public.parted VALUES (1, 'a@parted.com')"#,
        owner.name()
    ))
    .unwrap();
    dba.batch_execute("ALTER TABLE public.parted DETACH PARTITION public.part").unwrap();
    for sql in [
        "INSERT INTO public.part VALUES (2, 'b@parted.com')",
        "DELETE FROM public.part",
        "TRUNCATE public.part",
    ] {
        dba.batch_execute(sql).unwrap_or_else(|error| panic!("{sql}: {}", in_words(&error)));
    }
    assert_eq!(
        text(&mut dba, "SELECT status FROM leadroute.leads WHERE email = 'a@parted.com'"),
        "disqualified"
    );
    dba.batch_execute("DROP TABLE public.parted").unwrap();
}

/// A trigger function that everybody may use, on a table of a stranger that is locked.
#[test]
fn a_look_alike_holds_up_no_command() {
    let database = Database::with_pool(2);
    let stranger = Role::new("stranger", "");
    let (mut dba, mut session) = (database.connect(), database.connect());
    dba.batch_execute(&format!("CREATE SCHEMA theirs AUTHORIZATION {}", stranger.name())).unwrap();
    session.batch_execute(&format!("SET SESSION AUTHORIZATION {}", stranger.name())).unwrap();
    let no = number(&mut dba, "SELECT table_no::bigint FROM leadroute.attached_tables");
    session
        .batch_execute(&format!(
            "CREATE TABLE theirs.x (i integer);
             CREATE TRIGGER leadroute_1_begin BEFORE INSERT ON theirs.x FOR EACH STATEMENT EXECUTE FUNCTION leadroute.attached_statement('{no}');
             CREATE TRIGGER leadroute_owner_{no} AFTER INSERT ON theirs.x FOR EACH ROW EXECUTE FUNCTION leadroute.attached_link_changed('{no}');"
        ))
        .unwrap();
    session.batch_execute("BEGIN; LOCK TABLE theirs.x").unwrap();
    dba.batch_execute(SOON).unwrap();
    for sql in [
        "ALTER TABLE public.crm_lead ADD COLUMN more integer",
        "SELECT leadroute.attach('public.crm_lead', '{\"email\": \"email\", \"owner_id\": {\"column\": \"owner\", \"rep\": \"id\"}}')",
        "INSERT INTO public.crm_lead (email) VALUES ('a@b.com')",
        "SELECT leadroute.detach('public.crm_lead')",
    ] {
        dba.batch_execute(sql).unwrap_or_else(|error| panic!("{sql}: {}", in_words(&error)));
    }
    session.batch_execute("ROLLBACK; DROP SCHEMA theirs CASCADE").unwrap();
}

/// DDL of a stranger on tables of their own keeps no lock on those of others.
#[test]
fn a_stranger_s_command_locks_no_table_of_others() {
    let database = Database::with_pool(2);
    let stranger = Role::new("stranger", "");
    let (mut dba, mut session) = (database.connect(), database.connect());
    dba.batch_execute(
        r#"CREATE TABLE public.prospect (id integer PRIMARY KEY, email text, firm text, owner text);
           SELECT leadroute.attach('public.prospect', '{"email": "email", "owner_id": "owner", "company": {"expression": "upper(firm)"}}')"#,
    )
    .unwrap();
    dba.batch_execute(&format!("CREATE SCHEMA theirs AUTHORIZATION {}", stranger.name())).unwrap();
    session.batch_execute(&format!("SET SESSION AUTHORIZATION {}", stranger.name())).unwrap();
    for sql in [
        "CREATE TABLE theirs.y (i integer); DROP TABLE theirs.y",
        "CREATE TABLE theirs.z (i integer); ALTER TABLE theirs.z ADD j integer",
    ] {
        session.batch_execute(&format!("BEGIN; {sql}")).unwrap();
        let held = "SELECT string_agg(DISTINCT relation::regclass || ' ' || mode, ', ') FROM pg_locks
                     WHERE granted AND pid <> pg_backend_pid() AND mode <> 'AccessShareLock' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
                       AND relation IN (SELECT oid FROM pg_class WHERE relnamespace = 'leadroute'::regnamespace OR relname = 'prospect')";
        assert_eq!(text(&mut dba, held), "", "{sql}");
        let read = "SELECT count(*) FROM pg_locks WHERE relation = 'public.prospect'::regclass AND pid <> pg_backend_pid()";
        assert_eq!(number(&mut dba, read), 0, "{sql}: a lock on prospect");
        session.batch_execute("ROLLBACK").unwrap();
    }
    session.batch_execute("DROP SCHEMA theirs").unwrap();
}

/// TRUNCATE sees the leads that somebody was giving away when it came.
#[test]
fn reps_are_not_truncated_beside_a_lead_on_its_way() {
    let database = Database::with_pool(2);
    let (mut first, mut second) = (database.connect(), database.connect());
    text(&mut first, "INSERT INTO leadroute.leads (email) VALUES ('a@b.com') RETURNING owner_id");
    first.batch_execute("DELETE FROM leadroute.leads").unwrap();
    first.batch_execute("BEGIN; INSERT INTO leadroute.leads (email) VALUES ('c@d.com')").unwrap();
    let truncate = "TRUNCATE leadroute.reps, leadroute.pool_members, leadroute.absences, leadroute.accounts,
                             leadroute.account_domains, leadroute.contacts";
    let truncating = std::thread::spawn(move || second.batch_execute(truncate));
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    leadroute_cluster_tests::wait_for("the command to wait", 20, || {
        (number(&mut database.connect(), waits) == 1 || truncating.is_finished()).then_some(())
    });
    first.batch_execute("COMMIT").unwrap();
    let error = truncating.join().unwrap().expect_err("a rep has a lead");
    assert!(in_words(&error).starts_with("23503"), "{}", in_words(&error));
    let lost = "SELECT count(*) FROM leadroute.leads l WHERE l.owner_id IS NOT NULL AND NOT EXISTS (SELECT FROM leadroute.reps WHERE id = l.owner_id)";
    assert_eq!(number(&mut first, lost), 0);
}

/// A TRUNCATE that is refused anyway waits for nobody, and so holds up nobody.
#[test]
fn a_refused_truncate_does_not_wait() {
    let database = Database::with_pool(2);
    let (mut first, mut second) = (database.connect(), database.connect());
    first.batch_execute("INSERT INTO leadroute.leads (email) VALUES ('a@b.com')").unwrap();
    first.batch_execute("BEGIN; INSERT INTO leadroute.leads (email) VALUES ('c@d.com')").unwrap();
    second.batch_execute("SET statement_timeout = '10s'").unwrap();
    let truncate = "TRUNCATE leadroute.reps, leadroute.pool_members, leadroute.absences, leadroute.accounts,
                             leadroute.account_domains, leadroute.contacts";
    let error = second.batch_execute(truncate).expect_err("a rep has a lead");
    assert!(in_words(&error).starts_with("23503"), "{}", in_words(&error));
    first.batch_execute("COMMIT").unwrap();
}
