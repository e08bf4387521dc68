//! Rows of a table of the user and their leads, from several sessions at once.

use leadroute_cluster_tests::{check_consistency, number, text, wait_for, Database};
use postgres::Client;
use std::time::{Duration, Instant};

const KEY: &str = "00000000-0000-0000-0000-000000000001";

fn insert(client: &mut Client, email: &str) -> String {
    text(client, &format!("INSERT INTO public.crm_lead (email) VALUES ('{email}') RETURNING owner"))
}

/// Rows whose owner is not that of their lead, and leads without a row.
fn differences(client: &mut Client) -> i64 {
    let sql =
        "SELECT count(*) FROM public.crm_lead c FULL JOIN leadroute.leads l ON l.attached_key = c.id::text
                WHERE c.owner IS DISTINCT FROM l.owner_id";
    number(client, sql)
}

fn wait_for_a_lock(database: &Database) {
    let mut watcher = database.connect();
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    wait_for("a session to wait for a row", 10, || (number(&mut watcher, waits) > 0).then_some(()));
}

/// Whoever holds the row of a lead does not hold up the ladder: that lead waits for the next run.
#[test]
fn a_held_row_does_not_hold_up_the_ladder() {
    let database = Database::with_pool(2);
    let (mut stranger, mut ladder) = (database.connect(), database.connect());
    for n in 0..3 {
        insert(&mut ladder, &format!("p{n}@acme.com"));
    }
    stranger
        .batch_execute(
            "BEGIN; UPDATE public.crm_lead SET email = 'typo@acme.com' WHERE email = 'p1@acme.com'",
        )
        .unwrap();
    ladder.batch_execute("SET statement_timeout = '5s'; SET client_min_messages = error").unwrap();
    let begun = Instant::now();
    let escalate = "SELECT leadroute.escalate_overdue(as_of => now() + interval '1 day')::bigint";
    assert_eq!(number(&mut ladder, escalate), 2);
    assert!(begun.elapsed() < Duration::from_secs(2), "waited for a stranger");
    let free = "SELECT count(*) FROM public.crm_lead c JOIN leadroute.leads l ON l.attached_key = c.id::text
                  JOIN leadroute.decisions d ON d.id = l.decision_id WHERE d.cause = 'escalation'";
    assert_eq!(number(&mut ladder, free), 2);
    stranger.batch_execute("COMMIT").unwrap();
    assert_eq!(number(&mut ladder, escalate), 3, "the one that waited, and the second step of the others");
    assert_eq!(differences(&mut ladder), 0);
    check_consistency(&mut ladder);
}

/// One key from two sessions: whoever comes second has no lead while the first has one.
#[test]
fn a_key_that_two_sessions_insert_is_one_lead() {
    for end in ["COMMIT", "ROLLBACK"] {
        let database = Database::with_pool(3);
        let (mut first, mut second) = (database.connect(), database.connect());
        let sql = |n: u32| {
            format!("INSERT INTO public.crm_lead VALUES ('{KEY}', 'p{n}@acme.com') ON CONFLICT (id) DO UPDATE SET email = excluded.email")
        };
        first.batch_execute("BEGIN").unwrap();
        first.batch_execute(&sql(1)).unwrap();
        let waiting = std::thread::spawn(move || second.batch_execute(&sql(2)));
        wait_for_a_lock(&database);
        first.batch_execute(end).unwrap();
        waiting.join().unwrap().unwrap();
        assert_eq!(number(&mut first, "SELECT count(*) FROM leadroute.leads"), 1, "{end}");
        // after COMMIT the upsert has corrected the row, and the lead with it
        assert_eq!(text(&mut first, "SELECT email FROM leadroute.leads"), "p2@acme.com");
        assert_eq!(differences(&mut first), 0, "{end}");
        check_consistency(&mut first);
        assert_eq!(
            number(&mut first, "SELECT sum(received)::bigint FROM leadroute.pool_fairness"),
            1,
            "{end}"
        );
    }
}

/// Somebody changes the owner in the table while somebody else does here: one comes after the other, or is told.
#[test]
fn an_owner_that_is_changed_on_both_sides() {
    let database = Database::with_pool(3);
    let (mut crm, mut here) = (database.connect(), database.connect());
    insert(&mut crm, "p@acme.com");
    crm.batch_execute("BEGIN; UPDATE public.crm_lead SET owner = 'r2'").unwrap();
    let transfer =
        std::thread::spawn(move || here.batch_execute("SELECT leadroute.transfer_lead(1, 'r3', 'mine')"));
    wait_for_a_lock(&database);
    crm.batch_execute("COMMIT").unwrap();
    transfer.join().unwrap().unwrap();
    assert_eq!(text(&mut crm, "SELECT owner FROM public.crm_lead"), "r3");
    assert_eq!(differences(&mut crm), 0);
    // The other way round the row is held: transfer_lead waits, but not without end, and the row may wait for the lead.
    let mut here = database.connect();
    here.batch_execute("SET statement_timeout = '10s'").unwrap();
    crm.batch_execute(
        "ALTER TABLE public.crm_lead ADD note text; BEGIN; UPDATE public.crm_lead SET note = 'mine'",
    )
    .unwrap();
    let error = here.batch_execute("SELECT leadroute.transfer_lead(1, 'r1')").expect_err("the row is held");
    assert_eq!(error.code().map(|code| code.code()), Some("55P03"));
    crm.batch_execute("COMMIT").unwrap();
    assert_eq!(differences(&mut crm), 0);
    check_consistency(&mut crm);
}

#[test]
fn savepoints_take_their_leads_back() {
    for level in ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"] {
        let database = Database::with_pool(3);
        let mut client = database.connect();
        client.batch_execute(&format!("BEGIN ISOLATION LEVEL {level}")).unwrap();
        let one = insert(&mut client, "one@acme.com");
        client.batch_execute("SAVEPOINT s").unwrap();
        let two = insert(&mut client, "two@acme.com");
        client.batch_execute("ROLLBACK TO s").unwrap();
        assert_eq!(insert(&mut client, "three@acme.com"), two, "{level}");
        assert_ne!(one, two);
        client.batch_execute("RELEASE s; COMMIT").unwrap();
        assert_eq!(number(&mut client, "SELECT count(*) FROM leadroute.leads"), 2);
        assert_eq!(differences(&mut client), 0, "{level}");
        check_consistency(&mut client);
    }
}

/// Two persons, two tables, one statement; and more rows than are kept in memory.
#[test]
fn statements_into_two_tables_do_not_mix() {
    let database = Database::with_pool(3);
    let mut client = database.connect();
    client
        .batch_execute(
            "WITH ours AS (INSERT INTO leadroute.leads (email) SELECT 'a' || n || '@a' || n || '.com' FROM generate_series(1, 1500) n RETURNING id),
                  theirs AS (INSERT INTO public.crm_lead (email) SELECT 'b' || n || '@b' || n || '.com' FROM generate_series(1, 1500) n RETURNING owner)
             SELECT (SELECT count(*) FROM ours), (SELECT count(owner) FROM theirs)",
        )
        .unwrap();
    let causes = "SELECT string_agg(cause || ' ' || n, ', ' ORDER BY cause) FROM (
        SELECT d.cause, count(*) AS n FROM leadroute.decisions d JOIN leadroute.leads l ON l.decision_id = d.id
         WHERE (d.cause = 'attach') = (l.attached_key IS NOT NULL) GROUP BY 1) x";
    assert_eq!(text(&mut client, causes), "attach 1500, insert 1500");
    check_consistency(&mut client);
    let share = "SELECT max(abs(received - 1000))::bigint FROM leadroute.pool_fairness";
    assert_eq!(number(&mut client, share), 0);
}

/// A change of the mapping counts in other sessions from its commit on, also for statements that are prepared.
#[test]
fn a_mapping_counts_from_its_commit_on() {
    let database = Database::with_pool(2);
    let (mut dba, mut app) = (database.connect(), database.connect());
    let insert = app
        .prepare("INSERT INTO public.crm_lead (email) VALUES ($1) RETURNING coalesce(owner, 'nobody')")
        .unwrap();
    let mut number_of = 0;
    let mut route = |app: &mut Client| -> String {
        number_of += 1;
        app.query_one(&insert, &[&format!("p{number_of}@acme.com")]).unwrap().get(0)
    };
    // PostgreSQL makes a generic plan at the sixth execution at the latest.
    for _ in 0..8 {
        assert_ne!(route(&mut app), "nobody");
    }
    dba.batch_execute(
        "SELECT leadroute.attach('public.crm_lead', '{\"email\": \"email\", \"first_name\": {\"expression\": \"''Kim''\"}, \"owner_id\": \"owner\"}')",
    )
    .unwrap();
    assert_ne!(route(&mut app), "nobody");
    assert_eq!(text(&mut dba, "SELECT first_name FROM leadroute.leads ORDER BY id DESC LIMIT 1"), "Kim");
    dba.batch_execute("BEGIN; ALTER TABLE public.crm_lead ADD COLUMN note text; ROLLBACK").unwrap();
    dba.batch_execute("ALTER TABLE public.crm_lead RENAME COLUMN email TO mail; ALTER TABLE public.crm_lead ADD COLUMN email text").unwrap();
    let renamed = "INSERT INTO public.crm_lead (mail) VALUES ('renamed@acme.com') RETURNING owner";
    assert_ne!(text(&mut app, renamed), "");
    assert_eq!(
        text(&mut dba, "SELECT email FROM leadroute.leads ORDER BY id DESC LIMIT 1"),
        "renamed@acme.com"
    );
    dba.batch_execute("SELECT leadroute.detach('public.crm_lead')").unwrap();
    assert_eq!(route(&mut app), "nobody");
    check_consistency(&mut dba);
}

/// A mapping that is written as a row, as a restore into a database in use does, counts from its commit on, too.
#[test]
fn a_mapping_that_is_written_as_a_row_counts_from_its_commit_on() {
    let database = Database::with_pool(2);
    let (mut dba, mut app) = (database.connect(), database.connect());
    let first_name = "SELECT coalesce(first_name, '') FROM leadroute.leads ORDER BY id DESC LIMIT 1";
    insert(&mut app, "a@acme.com");
    assert_eq!(text(&mut app, first_name), "");
    let mapping = "UPDATE leadroute.attached_tables SET mapping = mapping || '{\"first_name\": {\"expression\": \"''Kim''\"}}'";
    dba.batch_execute(&format!("BEGIN; {mapping}")).unwrap();
    insert(&mut app, "b@acme.com");
    assert_eq!(text(&mut app, first_name), "");
    dba.batch_execute("COMMIT").unwrap();
    insert(&mut app, "c@acme.com");
    assert_eq!(text(&mut app, first_name), "Kim");
    dba.batch_execute(
        "CREATE TEMPORARY TABLE kept AS TABLE leadroute.attached_tables; DELETE FROM leadroute.attached_tables",
    )
    .unwrap();
    let unrouted =
        "INSERT INTO public.crm_lead (email) VALUES ('d@acme.com') RETURNING coalesce(owner, 'nobody')";
    assert_eq!(text(&mut app, unrouted), "nobody");
    dba.batch_execute("INSERT INTO leadroute.attached_tables TABLE kept").unwrap();
    assert_ne!(insert(&mut app, "e@acme.com"), "");
}

/// A row with the key of one that another session is deleting has a new lead once that is done.
#[test]
fn a_key_that_is_being_deleted() {
    for end in ["COMMIT", "ROLLBACK"] {
        let database = Database::with_pool(3);
        let (mut first, mut second) = (database.connect(), database.connect());
        first.batch_execute(&format!("INSERT INTO public.crm_lead VALUES ('{KEY}', 'old@old.com')")).unwrap();
        first.batch_execute("BEGIN; DELETE FROM public.crm_lead").unwrap();
        let waiting = std::thread::spawn(move || {
            let sql =
                format!("INSERT INTO public.crm_lead VALUES ('{KEY}', 'new@new.com') ON CONFLICT DO NOTHING");
            second.batch_execute(&sql)
        });
        wait_for_a_lock(&database);
        first.batch_execute(end).unwrap();
        waiting.join().unwrap().unwrap();
        let leads = "SELECT string_agg(email || ' ' || status, ', ' ORDER BY id) FROM leadroute.leads";
        let expected = match end {
            "COMMIT" => "old@old.com disqualified, new@new.com assigned",
            _ => "old@old.com assigned",
        };
        assert_eq!(text(&mut first, leads), expected);
        check_consistency(&mut first);
    }
}

/// Owners in a table of their own: a locked assignment is not waited for.
#[test]
fn a_held_assignment_does_not_hold_up_the_ladder() {
    let database = Database::with_pool(2);
    let (mut stranger, mut ladder) = (database.connect(), database.connect());
    ladder
        .batch_execute(
            "CREATE TABLE public.lead (id integer PRIMARY KEY, email text);
             CREATE TABLE public.assigned (lead_id integer REFERENCES public.lead, rep text, note text, UNIQUE (lead_id, rep));
             SELECT leadroute.attach('public.lead', '{\"email\": \"email\", \"owner_id\": {\"table\": \"public.assigned\", \"row\": \"lead_id\", \"column\": \"rep\"}}');
             INSERT INTO public.lead VALUES (1, 'a@a.com'), (2, 'b@b.com');
             SET statement_timeout = '10s'; SET client_min_messages = error",
        )
        .unwrap();
    stranger.batch_execute("BEGIN; UPDATE public.assigned SET note = 'mine' WHERE lead_id = 1").unwrap();
    let escalate = "SELECT leadroute.escalate_overdue(as_of => now() + interval '1 day')::bigint";
    assert_eq!(number(&mut ladder, escalate), 1);
    let error =
        ladder.batch_execute("SELECT leadroute.transfer_lead(1, 'r1'), leadroute.transfer_lead(1, 'r2')");
    let code = error.expect_err("the assignment is held").code().map(|code| code.code().to_owned());
    assert_eq!(code.as_deref(), Some("55P03"));
    stranger.batch_execute("DELETE FROM public.assigned WHERE lead_id = 1; COMMIT").unwrap();
    let release = "SELECT leadroute.release_unassigned(as_of => now() + interval '1 hour')::bigint";
    assert_eq!(number(&mut ladder, release), 1);
    let owners =
        "SELECT string_agg(coalesce(l.owner_id, l.queue) || ' ' || coalesce(a.rep, '-'), ', ' ORDER BY l.id)
                    FROM leadroute.leads l LEFT JOIN public.assigned a ON a.lead_id::text = l.attached_key";
    let now = text(&mut ladder, owners);
    assert!(now.starts_with("catch_all -, "), "{now}");
    check_consistency(&mut ladder);
}

/// Attaching a table again waits for other sessions with the strongest lock that it needs: with a weaker one first,
/// two sessions would wait for each other.
#[test]
fn attaching_again_does_not_deadlock() {
    let database = Database::with_pool(2);
    let (mut app, mut dba) = (database.connect(), database.connect());
    app.batch_execute("BEGIN; SELECT count(*) FROM public.crm_lead").unwrap();
    let again =
        "SELECT leadroute.attach('public.crm_lead', '{\"email\": \"email\", \"owner_id\": {\"column\": \"owner\", \"nobody\": \"-\"}}')";
    let attaching = std::thread::spawn(move || dba.batch_execute(again));
    wait_for_a_lock(&database);
    insert(&mut app, "p@acme.com");
    app.batch_execute("COMMIT").unwrap();
    attaching.join().unwrap().unwrap();
    assert_eq!(differences(&mut app), 0);
    check_consistency(&mut app);
}

/// A user whom somebody is deleting is not chosen, and nobody waits; one who was chosen cannot be deleted before the lead is
/// committed.
#[test]
fn a_user_who_is_being_deleted_is_not_chosen() {
    let database = Database::with_pool(2);
    let (mut app, mut admin, mut watcher) = (database.connect(), database.connect(), database.connect());
    app.batch_execute(
        "CREATE TABLE public.users (id text PRIMARY KEY); INSERT INTO public.users VALUES ('r1'), ('r2');
         ALTER TABLE public.crm_lead ADD FOREIGN KEY (owner) REFERENCES public.users DEFERRABLE INITIALLY DEFERRED",
    )
    .unwrap();
    admin.batch_execute("BEGIN; DELETE FROM public.users WHERE id = 'r1'").unwrap();
    for n in 0..4 {
        assert_eq!(insert(&mut app, &format!("a{n}@acme.com")), "r2");
    }
    admin.batch_execute("ROLLBACK").unwrap();
    app.batch_execute("BEGIN").unwrap();
    assert_eq!(insert(&mut app, "b@acme.com"), "r1");
    std::thread::scope(|scope| {
        let delete = scope.spawn(|| admin.batch_execute("DELETE FROM public.users WHERE id = 'r1'"));
        let waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
        wait_for("the deletion to wait", 10, || (number(&mut watcher, waits) == 1).then_some(()));
        app.batch_execute("COMMIT").unwrap();
        assert!(delete.join().unwrap().is_err(), "the row of a lead names a user who is gone");
    });
    assert_eq!(differences(&mut watcher), 0);
    check_consistency(&mut watcher);
}
