//! pg_dump and pg_restore keep every row, sequence and turn, and nothing is routed again.

use leadroute_cluster_tests::{check_consistency, number, text, Database};
use postgres::Client;
use std::process::{Command, Stdio};

/// A digest of every table and the place of every sequence.
fn digest(client: &mut Client) -> Vec<(String, String)> {
    let names = client
        .query(
            "SELECT c.relname::text, c.relkind::text FROM pg_class c
              WHERE c.relnamespace = 'leadroute'::regnamespace AND c.relkind IN ('r', 'S') ORDER BY 1",
            &[],
        )
        .unwrap();
    let mut digests = Vec::new();
    for row in names {
        let (name, kind): (String, String) = (row.get(0), row.get(1));
        let sql = match kind.as_str() {
            "S" => format!("SELECT last_value || '/' || is_called FROM leadroute.{name}"),
            _ => format!(
                "SELECT count(*) || ' rows, ' || coalesce(md5(string_agg(t::text, '|' ORDER BY t::text)), '')
                   FROM leadroute.{name} t"
            ),
        };
        digests.push((name, text(client, &sql)));
    }
    digests
}

fn restore(from: &Database, into: &str) {
    let dump =
        Command::new("pg_dump").args(["-Fc", from.name()]).stdout(Stdio::piped()).spawn().expect("pg_dump");
    let output = Command::new("pg_restore")
        .args(["--exit-on-error", "-d", into])
        .stdin(dump.stdout.expect("a pipe"))
        .output()
        .expect("pg_restore");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_dump_restores_everything_and_routes_nothing() {
    let source = Database::with_pool(3);
    let mut client = source.connect();
    client
        .batch_execute(
            "UPDATE leadroute.queues SET manager_id = 'r1' WHERE name = 'catch_all';
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
             RESET leadroute.enabled",
        )
        .unwrap();
    // A transaction that is open while the dump is made has replaced rows of the books that the dump holds.
    let mut open = source.connect();
    open.batch_execute("BEGIN; INSERT INTO leadroute.leads (email) VALUES ('open@in.flight.com')").unwrap();
    let target = Database::empty();
    target
        .connect()
        .batch_execute("DROP EXTENSION leadroute; DROP EXTENSION btree_gist; DROP SCHEMA leadroute")
        .unwrap();
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
