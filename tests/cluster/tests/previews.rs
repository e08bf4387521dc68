//! A preview of a change disturbs nobody, whether it runs, is cancelled, or its transaction stays open; and it leaves nothing.

use leadroute_cluster_tests::{check_consistency, number, text, wait_for, Database};
use postgres::error::SqlState;
use postgres::{Client, NoTls};
use std::thread;

/// Leads, and a change that renames a rep who has some, deletes one who has none and changes rules.
fn company() -> (Database, i64) {
    let database = Database::with_pool(3);
    let mut client = database.connect();
    client
        .batch_execute(
            "INSERT INTO leadroute.leads (email) SELECT format('lead%s@company%s.com', n, n) FROM generate_series(1, 2000) n;
             INSERT INTO leadroute.reps (id) VALUES ('gone')",
        )
        .unwrap();
    let pool = text(&mut client, "SELECT min(name) FROM leadroute.pools");
    let change = number(
        &mut client,
        &format!(
            "SELECT leadroute.propose_change('Everything', 'to see who waits',
                 'UPDATE leadroute.reps SET id = id || ''_new'' WHERE id = (SELECT min(rep_id) FROM leadroute.pool_members);
                  DELETE FROM leadroute.reps WHERE id = ''gone'';
                  INSERT INTO leadroute.reps (id) VALUES (''more'');
                  INSERT INTO leadroute.pool_members (pool, rep_id, weight) VALUES (''{pool}'', ''more'', 2)')"
        ),
    );
    (database, change)
}

/// All rows, and with `kinds` that says so all sequences.
fn digest(client: &mut Client, kinds: &str) -> String {
    let names = client
        .query(
            "SELECT c.oid::regclass::text, c.relkind = 'S' FROM pg_class c
              WHERE c.relnamespace = 'leadroute'::regnamespace AND position(c.relkind IN $1) > 0 ORDER BY c.relname",
            &[&kinds],
        )
        .unwrap();
    let one = |row: &postgres::Row| {
        let (name, is_sequence): (String, bool) = (row.get(0), row.get(1));
        let sql = match is_sequence {
            true => format!("SELECT concat(last_value, is_called) FROM {name}"),
            false => {
                format!("SELECT coalesce(md5(string_agg(t::text, ',' ORDER BY t::text)), '') FROM {name} t")
            }
        };
        format!("{name} {}\n", text(client, &sql))
    };
    names.iter().map(one).collect()
}

/// What people do meanwhile.
fn work(client: &mut Client, n: i64) {
    client
        .batch_execute(&format!(
            "SET statement_timeout = '5s';
             INSERT INTO leadroute.leads (email) VALUES ('meanwhile{n}@other{n}.com');
             UPDATE leadroute.reps SET name = 'n{n}' WHERE id <> 'gone';
             SELECT leadroute.set_presence(owner_id, 'online'), leadroute.record_response(id, owner_id, 'phone') FROM leadroute.leads
              WHERE owner_id IS NOT NULL AND first_response_at IS NULL ORDER BY id LIMIT 1;
             SELECT leadroute.preview_route('{{\"email\": \"who@other.com\"}}')"
        ))
        .unwrap();
}

#[test]
fn nobody_waits_for_a_preview_whose_transaction_stays_open() {
    let (database, change) = company();
    let (mut first, mut second) = (database.connect(), database.connect());
    let before = digest(&mut second, "rS");
    first.batch_execute("BEGIN").unwrap();
    let moved = number(&mut first, &format!("SELECT count(*) FROM leadroute.preview_change({change})"));
    assert!(moved > 0);
    assert_eq!(digest(&mut second, "rS"), before);
    (0..3).for_each(|n| work(&mut second, n));
    let locks = "SELECT count(*) FROM pg_locks WHERE locktype IN ('advisory', 'tuple')
                    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    assert_eq!(number(&mut second, locks), 0);
    first.batch_execute("COMMIT").unwrap();
    check_consistency(&mut second);
}

#[test]
fn nobody_waits_for_a_preview_that_runs_and_one_that_is_cancelled_leaves_nothing() {
    let (database, change) = company();
    let (mut first, mut second) = (database.connect(), database.connect());
    let before = digest(&mut second, "r");
    let token = first.cancel_token();
    let running = thread::spawn(move || {
        let sql = format!("SELECT count(*) FROM leadroute.preview_summary({change}, volume => 100)");
        first.query_one(&sql, &[]).map(|_| ())
    });
    let is_running = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%preview_summary%' AND pid <> pg_backend_pid()";
    wait_for("a preview that runs", 30, || (number(&mut second, is_running) > 0).then_some(()));
    assert_eq!(digest(&mut second, "r"), before);
    work(&mut second, 0);
    assert!(number(&mut second, is_running) > 0, "the work has waited for the preview");
    let before = digest(&mut second, "r");
    token.cancel_query(NoTls).unwrap();
    let error = running.join().unwrap().unwrap_err();
    assert_eq!(error.code(), Some(&SqlState::QUERY_CANCELED));
    assert_eq!(digest(&mut second, "r"), before);
    check_consistency(&mut second);
}

/// Also not where the change writes accounts, contacts and domains, which are looked up lead by lead.
#[test]
fn who_edits_an_account_does_not_wait_for_a_preview_that_changes_it() {
    let (database, _) = company();
    let (mut first, mut second) = (database.connect(), database.connect());
    first
        .batch_execute(
            "INSERT INTO leadroute.accounts (id, kind) VALUES ('acme', 'prospect');
             INSERT INTO leadroute.account_domains (domain, account_id) VALUES ('company7.com', 'acme')",
        )
        .unwrap();
    let change = number(
        &mut first,
        "SELECT leadroute.propose_change('Accounts', 'to see who waits', $$
             UPDATE leadroute.accounts SET kind = 'customer', owner_id = (SELECT min(id) FROM leadroute.reps) WHERE id = 'acme';
             UPDATE leadroute.account_domains SET division = 'x'$$)",
    );
    let token = first.cancel_token();
    let running = thread::spawn(move || {
        let sql = format!("SELECT count(*) FROM leadroute.preview_summary({change}, volume => 100)");
        first.query_one(&sql, &[]).map(|_| ())
    });
    let is_running = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%preview_summary%' AND pid <> pg_backend_pid()";
    wait_for("a preview that runs", 30, || (number(&mut second, is_running) > 0).then_some(()));
    second.batch_execute("SET statement_timeout = '30s'").unwrap();
    // the change is tried meanwhile, and undone
    for n in 0..20 {
        let edit = format!(
            "UPDATE leadroute.accounts SET name = 'n{n}' WHERE id = 'acme'; UPDATE leadroute.account_domains SET division = 'n{n}'"
        );
        second.batch_execute(&edit).unwrap();
        thread::sleep(std::time::Duration::from_millis(20));
    }
    let has_run = number(&mut second, is_running) > 0;
    token.cancel_query(NoTls).unwrap();
    let ended = running.join().unwrap();
    assert!(has_run, "the edits have waited for the preview, which ended with {ended:?}");
    assert_eq!(ended.unwrap_err().code(), Some(&SqlState::QUERY_CANCELED));
    check_consistency(&mut second);
}

/// Not even who asks for a row while the change holds it: they go on as soon as it is undone.
#[test]
fn who_waits_for_the_change_itself_goes_on_when_it_is_undone() {
    let (database, _) = company();
    let (mut first, mut second, mut third) = (database.connect(), database.connect(), database.connect());
    let mut watch = database.connect();
    first
        .batch_execute(
            "INSERT INTO leadroute.accounts (id, kind) VALUES ('acme', 'prospect');
             INSERT INTO leadroute.account_domains (domain, account_id) VALUES ('company7.com', 'acme')",
        )
        .unwrap();
    let change = number(
        &mut first,
        "SELECT leadroute.propose_change('Accounts', 'to see who waits', $$
             UPDATE leadroute.accounts SET kind = 'customer' WHERE id = 'acme'; UPDATE leadroute.account_domains SET division = 'x'$$)",
    );
    // the change has the account and waits for the domain
    third.batch_execute("BEGIN; UPDATE leadroute.account_domains SET division = 'y'").unwrap();
    let token = first.cancel_token();
    let preview = thread::spawn(move || {
        let sql = format!("SELECT count(*) FROM leadroute.preview_summary({change}, volume => 100)");
        first.query_one(&sql, &[]).map(|_| ())
    });
    let waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    wait_for("a change that waits", 30, || (number(&mut watch, waiting) == 1).then_some(()));
    let edit = thread::spawn(move || {
        second.batch_execute("UPDATE leadroute.accounts SET name = 'meanwhile' WHERE id = 'acme'")
    });
    wait_for("an edit that waits", 30, || (number(&mut watch, waiting) == 2).then_some(()));
    third.batch_execute("ROLLBACK").unwrap();
    edit.join().unwrap().unwrap();
    token.cancel_query(NoTls).unwrap();
    let ended = preview.join().unwrap().expect_err("the edit has waited for the preview");
    assert_eq!(ended.code(), Some(&SqlState::QUERY_CANCELED));
    check_consistency(&mut watch);
}

/// A value that somebody has drawn since stays drawn.
#[test]
fn a_preview_gives_back_only_what_nobody_else_has_drawn() {
    let (database, change) = company();
    let (mut first, mut second) = (database.connect(), database.connect());
    second.batch_execute("BEGIN; INSERT INTO leadroute.reps (id) VALUES ('open')").unwrap();
    number(&mut first, &format!("SELECT count(*) FROM leadroute.preview_change({change})"));
    first.batch_execute("INSERT INTO leadroute.reps (id) VALUES ('first')").unwrap();
    second.batch_execute("INSERT INTO leadroute.reps (id) VALUES ('second'); COMMIT").unwrap();
    let numbers = "SELECT count(*) - count(DISTINCT rep_no) FROM leadroute.reps";
    assert_eq!(number(&mut first, numbers), 0);
}
