//! A CRM and routing at work on the same rows, from several sessions.

use leadroute_cluster_tests::{check_consistency, number, text, wait_for, Database};
use postgres::Client;
use std::thread;

const DEALS: &str = r#"
    CREATE TABLE public.deal (id integer PRIMARY KEY, email text, country text, owner text, stage text, queue text);
    CREATE TABLE public.deal_people (deal integer REFERENCES public.deal, person text, UNIQUE (deal, person));"#;

const BY_COLUMN: &str = r#"SELECT leadroute.attach('public.deal', '{"email": "email", "country": "country", "queue": "queue", "owner_id": "owner",
    "existing": "adopt", "status": {"expression": "CASE stage WHEN ''won'' THEN ''converted'' WHEN ''talking'' THEN ''working'' END"}}')"#;

const BY_LINK: &str = r#"SELECT leadroute.attach('public.deal', '{"email": "email", "owner_id": {"table": "public.deal_people", "row": "deal", "column": "person"}}')"#;

fn with_deals(attach: &str) -> Database {
    let database = Database::with_pool(3);
    let mut client = database.connect();
    client.batch_execute(DEALS).unwrap();
    if !attach.is_empty() {
        client.batch_execute(attach).unwrap();
    }
    database
}

/// Rows of deals whose owner is not that of their lead.
fn differences(client: &mut Client) -> i64 {
    let sql = "SELECT count(*) FROM public.deal d FULL JOIN (SELECT * FROM leadroute.leads WHERE attached_key IS NOT NULL) l ON l.attached_key = d.id::text
                WHERE d.owner IS DISTINCT FROM l.owner_id";
    number(client, sql)
}

fn adopt_all(client: &mut Client, batch: u32) -> i64 {
    let mut seen = 0;
    loop {
        match number(client, &format!("SELECT leadroute.adopt_leads({batch})::bigint")) {
            0 => return seen,
            more => seen += more,
        }
    }
}

/// A row that somebody holds is left to another round; nobody waits, and every row has one lead in the end.
#[test]
fn old_rows_become_leads_beside_an_app_that_holds_some() {
    let database = with_deals("");
    let (mut app, mut worker) = (database.connect(), database.connect());
    app.batch_execute("INSERT INTO public.deal (id, email, owner) SELECT n, n || '@old.com', CASE WHEN n % 2 = 0 THEN 'r1' END FROM generate_series(1, 50) n").unwrap();
    worker.batch_execute(BY_COLUMN).unwrap();
    app.batch_execute("BEGIN; UPDATE public.deal SET email = 'held@old.com' WHERE id IN (7, 30)").unwrap();
    worker.batch_execute("SET statement_timeout = '5s'").unwrap();
    assert_eq!(adopt_all(&mut worker, 20), 50);
    assert_eq!(number(&mut worker, "SELECT count(*) FROM leadroute.leads"), 48);
    assert_eq!(text(&mut worker, "SELECT (done_at IS NULL)::text FROM leadroute.adoptions"), "true");
    app.batch_execute("INSERT INTO public.deal (id, email) VALUES (100, 'new@old.com'); COMMIT").unwrap();
    wait_for("the last rows", 10, || {
        adopt_all(&mut worker, 20);
        (text(&mut worker, "SELECT (done_at IS NOT NULL)::text FROM leadroute.adoptions") == "true")
            .then_some(())
    });
    assert_eq!(
        number(&mut worker, "SELECT count(*) FROM leadroute.leads WHERE attached_key IS NOT NULL"),
        51
    );
    assert_eq!(number(&mut worker, "SELECT count(*) FROM leadroute.leads WHERE email = 'held@old.com' AND duplicate_of IS NULL AND attached_key = '30'"), 1);
    assert_eq!(differences(&mut worker), 0);
    check_consistency(&mut worker);
}

/// Two workers, and somebody who attaches the table again and again: no deadlock, and no row becomes two leads.
#[test]
fn several_workers_adopt_while_the_table_is_attached_again() {
    let database = with_deals("");
    let mut app = database.connect();
    app.batch_execute(
        "INSERT INTO public.deal (id, email) SELECT n, n || '@old.com' FROM generate_series(1, 300) n",
    )
    .unwrap();
    let attach = |existing: &str| {
        format!(
            r#"SELECT leadroute.attach('public.deal', '{{"email": "email", "owner_id": "owner", "existing": "{existing}"}}')"#
        )
    };
    app.batch_execute(&attach("route")).unwrap();
    thread::scope(|scope| {
        for _ in 0..2 {
            let mut worker = database.connect();
            scope.spawn(move || {
                for _ in 0..40 {
                    worker.batch_execute("SELECT leadroute.adopt_leads(15)").unwrap();
                }
            });
        }
        scope.spawn(|| {
            for existing in ["adopt", "route"].into_iter().cycle().take(10) {
                app.batch_execute(&attach(existing)).unwrap();
            }
        });
    });
    let mut worker = database.connect();
    adopt_all(&mut worker, 100);
    let counts = "SELECT count(*) || ' ' || count(DISTINCT attached_key) FROM leadroute.leads";
    assert_eq!(text(&mut worker, counts), "300 300");
    assert_eq!(differences(&mut worker), 0);
    check_consistency(&mut worker);
}

/// Whoever only logs in waits for nobody; two who join in different sessions are both reps.
#[test]
fn users_change_in_several_sessions() {
    let database = Database::with_pool(1);
    let (mut one, mut other) = (database.connect(), database.connect());
    one.batch_execute(
        "CREATE TABLE public.people (id text PRIMARY KEY, last_login timestamptz);
        INSERT INTO public.people SELECT 'p' || n FROM generate_series(1, 20) n;
        SELECT leadroute.sync_reps('public.people', '{\"id\": \"id\"}')",
    )
    .unwrap();
    one.batch_execute("BEGIN; INSERT INTO public.people VALUES ('first')").unwrap();
    other.batch_execute("SET statement_timeout = '900ms'; UPDATE public.people SET last_login = now() WHERE id = 'p1'; RESET statement_timeout").unwrap();
    // the second joins while the first is not committed
    let mut second = database.connect();
    let joins = thread::spawn(move || second.batch_execute("INSERT INTO public.people VALUES ('second')"));
    let waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    wait_for("the second to wait", 10, || (number(&mut other, waiting) > 0).then_some(()));
    one.batch_execute("COMMIT").unwrap();
    joins.join().unwrap().unwrap();
    assert_eq!(
        number(&mut one, "SELECT count(*) FROM leadroute.reps WHERE id IN ('first', 'second') AND active"),
        2
    );
    one.batch_execute("DELETE FROM public.people WHERE id = 'first'").unwrap();
    assert_eq!(
        number(&mut one, "SELECT count(*) FROM leadroute.reps WHERE source_no IS NOT NULL AND active"),
        21
    );
}

/// The lead is deleted while its row is saved: the statement of the app goes on.
#[test]
fn a_lead_is_deleted_while_its_row_is_saved() {
    let database = with_deals(BY_COLUMN);
    let (mut app, mut dba) = (database.connect(), database.connect());
    app.batch_execute("INSERT INTO public.deal (id, email) VALUES (1, 'a@b.com')").unwrap();
    for change in ["owner = 'r2'", "stage = 'talking'", "stage = 'won'", "email = 'c@d.com', country = 'DE'"]
    {
        dba.batch_execute("BEGIN; DELETE FROM leadroute.leads WHERE attached_key IS NOT NULL").unwrap();
        let sql = format!("UPDATE public.deal SET {change} WHERE id = 1");
        let mut saver = database.connect();
        let saved = thread::spawn(move || saver.batch_execute(&sql));
        let waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
        wait_for("the app to wait", 10, || (number(&mut app, waiting) > 0).then_some(()));
        dba.batch_execute("COMMIT").unwrap();
        saved.join().unwrap().unwrap_or_else(|error| panic!("{change}: {error}"));
        app.batch_execute(
            "DELETE FROM public.deal; INSERT INTO public.deal (id, email) VALUES (1, 'a@b.com')",
        )
        .unwrap();
    }
    // the turns of deleted leads stay, so only references are looked at
    assert_eq!(number(&mut app, "SELECT count(*) FROM leadroute.check_integrity()"), 0);
}

/// clear() in one session and add() in another, many times, beside transfers: as many decisions as changes of owner, no deadlock.
#[test]
fn links_are_emptied_and_filled_beside_transfers() {
    let database = with_deals(BY_LINK);
    let mut app = database.connect();
    app.batch_execute(
        "INSERT INTO public.deal (id, email) SELECT n, n || '@m.com' FROM generate_series(1, 4) n",
    )
    .unwrap();
    thread::scope(|scope| {
        for session in 0..2 {
            let mut client = database.connect();
            scope.spawn(move || {
                for n in 0..30 {
                    let deal = 1 + (n + session) % 4;
                    let person = format!("r{}", 1 + n % 3);
                    let form = format!("BEGIN; DELETE FROM public.deal_people WHERE deal = {deal}; INSERT INTO public.deal_people VALUES ({deal}, '{person}') ON CONFLICT DO NOTHING; COMMIT");
                    if let Err(error) = client.batch_execute(&form) {
                        let code = error.code().map(|code| code.code().to_owned()).unwrap_or_default();
                        assert!(["40P01", "40001", "55P03"].contains(&code.as_str()), "{error}");
                        client.batch_execute("ROLLBACK").unwrap();
                    }
                }
            });
        }
    });
    let stale = "SELECT count(*) FROM leadroute.leads l WHERE l.attached_key IS NOT NULL AND l.owner_id IS NOT NULL AND l.unassigned_at IS NULL
                    AND NOT EXISTS (SELECT FROM public.deal_people p WHERE p.deal::text = l.attached_key AND p.person = l.owner_id)";
    assert_eq!(number(&mut app, stale), 0);
    let idle =
        "SELECT count(*) FROM leadroute.decisions WHERE cause = 'manual' AND owner_id = previous_owner_id";
    assert_eq!(number(&mut app, idle), 0, "decisions that change nothing");
    check_consistency(&mut app);
}

/// Touches that somebody holds, in leads or in their rows, when the first lead gets another owner: housekeeping comes back
/// for them, and nobody waits.
#[test]
fn touches_that_are_held_follow_later() {
    let database = with_deals(BY_COLUMN);
    let (mut app, mut manager) = (database.connect(), database.connect());
    app.batch_execute("INSERT INTO public.deal (id, email) SELECT n, 'a@b.com' FROM generate_series(1, 4) n")
        .unwrap();
    let mut holder = database.connect();
    holder
        .batch_execute(
            "BEGIN; SELECT FROM leadroute.leads WHERE attached_key = '2' FOR UPDATE;
             SELECT FROM public.deal WHERE id = 3 FOR UPDATE",
        )
        .unwrap();
    let owner = text(&mut app, "SELECT owner FROM public.deal WHERE id = 1");
    let other = if owner == "r1" { "r2" } else { "r1" };
    manager.batch_execute("SET statement_timeout = '5s'; SET leadroute.duplicate_wait = 50").unwrap();
    manager
        .batch_execute(&format!(
            "SELECT leadroute.transfer_lead(leadroute.attached_lead('public.deal', '1'), '{other}')"
        ))
        .unwrap();
    let followed = "SELECT string_agg(id::text, ' ' ORDER BY id) FROM public.deal WHERE owner = (SELECT owner FROM public.deal WHERE id = 1)";
    assert_eq!(text(&mut app, followed), "1 4");
    assert_eq!(differences(&mut app), 0);
    manager.batch_execute("SELECT leadroute.merge_duplicates()").unwrap();
    assert_eq!(text(&mut app, followed), "1 4");
    holder.batch_execute("COMMIT").unwrap();
    manager.batch_execute("SELECT leadroute.merge_duplicates()").unwrap();
    assert_eq!(text(&mut app, followed), "1 2 3 4");
    assert_eq!(differences(&mut app), 0);
    let decisions = "SELECT count(*) FROM leadroute.decisions WHERE reason LIKE '%follows lead%'";
    assert_eq!(number(&mut app, decisions), 3);
    manager.batch_execute("SELECT leadroute.merge_duplicates()").unwrap();
    assert_eq!(number(&mut app, decisions), 3);
    check_consistency(&mut app);
}
