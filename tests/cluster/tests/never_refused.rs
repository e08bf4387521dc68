//! A lead is taken whatever happens around it (G3): what it needs is deleted, altered or spoilt beside it, or its person
//! has sent more than a row can hold.

use leadroute_cluster_tests::{check_consistency, number, text, wait_for, Database};
use postgres::Client;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

const INSERT: &str =
    "INSERT INTO leadroute.leads (email) VALUES (gen_random_uuid() || '@acme.com') RETURNING coalesce(owner_id, queue)";
const LEVELS: [&str; 3] = ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"];

/// A trigger of a DBA that stops an insert after routing, before the row is there.
const GATE: &str = "
    CREATE FUNCTION public.gate() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN PERFORM pg_advisory_xact_lock(42); RETURN NEW; END';
    CREATE TRIGGER zzz_gate BEFORE INSERT ON leadroute.leads FOR EACH ROW
        WHEN (current_setting('my.session', true) = 'gated') EXECUTE FUNCTION public.gate();
    GRANT USAGE ON SCHEMA public TO leadroute_owner";

fn wait_for_event(client: &mut Client, event: &str) {
    let waits = format!("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND wait_event = '{event}'");
    wait_for(event, 20, || (number(client, &waits) == 1).then_some(()));
}

/// Routing has found the lead, so it does not route the row; if the lead were deleted now, the row would be inserted.
#[test]
fn a_lead_that_is_submitted_again_is_deleted_afterwards() {
    for level in LEVELS {
        for conflict in ["NOTHING", "UPDATE SET company = excluded.company"] {
            let database = Database::with_pool(2);
            let (mut gate, mut again, mut deleter) =
                (database.connect(), database.connect(), database.connect());
            gate.batch_execute(GATE).unwrap();
            gate.batch_execute("INSERT INTO leadroute.leads (external_id) VALUES ('x')").unwrap();
            gate.batch_execute("SELECT pg_advisory_lock(42)").unwrap();
            let submit = format!(
                "SET my.session = 'gated'; BEGIN ISOLATION LEVEL {level};
                 INSERT INTO leadroute.leads (external_id, company) VALUES ('x', 'Acme') ON CONFLICT (external_id) DO {conflict};
                 COMMIT"
            );
            let submitting = thread::spawn(move || again.batch_execute(&submit));
            wait_for_event(&mut gate, "advisory");
            let deleting = thread::spawn(move || deleter.batch_execute("DELETE FROM leadroute.leads"));
            wait_for("the deletion to wait", 20, || {
                let waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event IN ('transactionid', 'tuple')";
                (number(&mut gate, waits) == 1 || deleting.is_finished()).then_some(())
            });
            gate.batch_execute("SELECT pg_advisory_unlock(42)").unwrap();
            submitting.join().unwrap().unwrap_or_else(|error| panic!("{level}, DO {conflict}: {error:?}"));
            deleting.join().unwrap().unwrap();
            assert_eq!(
                number(&mut gate, "SELECT count(*) FROM leadroute.leads"),
                0,
                "{level}, DO {conflict}"
            );
        }
    }
}

/// Whoever deletes it first wins: the row is a new lead.
#[test]
fn a_lead_that_is_being_deleted_is_submitted_as_a_new_one() {
    for conflict in ["NOTHING", "UPDATE SET company = excluded.company"] {
        let database = Database::with_pool(2);
        let (mut deleter, mut again) = (database.connect(), database.connect());
        deleter.batch_execute("INSERT INTO leadroute.leads (external_id) VALUES ('x')").unwrap();
        deleter.batch_execute("BEGIN; DELETE FROM leadroute.leads").unwrap();
        let submit = format!(
            "INSERT INTO leadroute.leads (external_id, company) VALUES ('x', 'Acme') ON CONFLICT (external_id) DO {conflict} RETURNING owner_id"
        );
        let submitting = thread::spawn(move || text(&mut again, &submit));
        let mut watcher = database.connect();
        wait_for_event(&mut watcher, "transactionid");
        deleter.batch_execute("COMMIT").unwrap();
        assert!(submitting.join().unwrap().starts_with('r'));
        assert_eq!(number(&mut watcher, "SELECT count(decision_id) FROM leadroute.leads"), 1);
    }
}

/// Tables that routing reads. It keeps none of them open between two rows.
const READ: [&str; 17] = [
    "accounts",
    "account_domains",
    "contacts",
    "domain_rules",
    "mail_domains",
    "segments",
    "territories",
    "tiers",
    "pools",
    "pool_members",
    "reps",
    "queues",
    "sla_policies",
    "score_criteria",
    "playbooks",
    "turns",
    "loads",
];

#[test]
fn a_trigger_alters_what_routing_reads() {
    let database = Database::with_pool(2);
    let mut client = database.connect();
    let trigger = "
        CREATE FUNCTION public.alters() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF NEW.external_id IN ('3', '600') THEN
                EXECUTE format('ALTER TABLE leadroute.%I ADD COLUMN extra_%s text', current_setting('my.altered'), NEW.external_id);
            END IF;
            RETURN CASE WHEN TG_WHEN = 'BEFORE' THEN NEW END;
        END $$";
    client.batch_execute(trigger).unwrap();
    for when in ["BEFORE", "AFTER"] {
        let sql = format!("CREATE TRIGGER zzz_alters {when} INSERT ON leadroute.leads FOR EACH ROW EXECUTE FUNCTION public.alters()");
        client.batch_execute(&sql).unwrap();
        for table in READ {
            let sql = format!(
                "BEGIN; SET LOCAL my.altered = '{table}';
                 INSERT INTO leadroute.leads (external_id, email) SELECT n, n || '@acme' || n || '.com' FROM generate_series(1, 700) n"
            );
            client.batch_execute(&sql).unwrap_or_else(|error| panic!("{when}, {table}: {error:?}"));
            assert_eq!(
                number(&mut client, "SELECT count(owner_id) FROM leadroute.leads"),
                700,
                "{when}, {table}"
            );
            let added = format!("SELECT count(*) FROM pg_attribute WHERE attrelid = 'leadroute.{table}'::regclass AND attname LIKE 'extra%'");
            assert_eq!(number(&mut client, &added), 2, "{when}, {table}");
            client.batch_execute("ROLLBACK").unwrap();
        }
        client.batch_execute("DROP TRIGGER zzz_alters ON leadroute.leads").unwrap();
    }
}

const DELETE_POOL: &str =
    "DELETE FROM leadroute.tiers; DELETE FROM leadroute.pool_members; DELETE FROM leadroute.pools";
const LEFT_OVER: &str =
    "SELECT count(*) FROM leadroute.turns t WHERE NOT EXISTS (SELECT FROM leadroute.pools p WHERE p.pool_no = t.pool_no)";

/// Both orders of a turn and the deletion of its pool, each while the other is not committed.
#[test]
fn a_pool_is_deleted_beside_a_turn() {
    for level in LEVELS {
        for end in ["COMMIT", "ROLLBACK"] {
            let database = Database::with_pool(2);
            let (mut first, mut second) = (database.connect(), database.connect());
            first.batch_execute(&format!("BEGIN ISOLATION LEVEL {level}")).unwrap();
            assert_eq!(text(&mut first, INSERT), "r1");
            let deleting = thread::spawn(move || second.batch_execute(DELETE_POOL));
            wait_for("the deletion to wait", 20, || {
                let waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
                              AND state = 'active' AND wait_event_type IN ('Lock', 'Extension')";
                (number(&mut database.connect(), waits) > 0).then_some(())
            });
            first.batch_execute(end).unwrap();
            deleting.join().unwrap().unwrap();
            assert_eq!(number(&mut first, LEFT_OVER), 0, "{level}, {end}");
            assert_eq!(text(&mut first, INSERT), "catch_all");

            let database = Database::with_pool(2);
            let (mut first, mut second) = (database.connect(), database.connect());
            first.batch_execute(&format!("BEGIN; {DELETE_POOL}")).unwrap();
            second.batch_execute(&format!("SET lock_timeout = '1s'; BEGIN ISOLATION LEVEL {level}")).unwrap();
            let owner = text(&mut second, INSERT);
            assert!(["r1", "r2", "catch_all"].contains(&&*owner), "{owner}");
            second.batch_execute("COMMIT").unwrap();
            first.batch_execute(end).unwrap();
            assert_eq!(number(&mut first, LEFT_OVER), 0, "{level}, then {end}");
        }
    }
}

/// Four sessions route while the pool goes and comes.
#[test]
fn a_pool_goes_and_comes_beside_leads() {
    let database = Database::with_pool(3);
    let is_over = AtomicBool::new(false);
    let make = "
        INSERT INTO leadroute.pools (name) VALUES ('pool');
        INSERT INTO leadroute.pool_members (pool, rep_id) SELECT 'pool', id FROM leadroute.reps;
        INSERT INTO leadroute.tiers (name, pool) VALUES ('all', 'pool')";
    thread::scope(|scope| {
        let routing: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let mut client = database.connect();
                    let mut leads = 0;
                    while !is_over.load(Ordering::Relaxed) {
                        text(&mut client, INSERT);
                        leads += 1;
                    }
                    leads
                })
            })
            .collect();
        let mut client = database.connect();
        for _ in 0..40 {
            client.batch_execute(DELETE_POOL).unwrap();
            client.batch_execute(make).unwrap();
        }
        is_over.store(true, Ordering::Relaxed);
        let leads: i64 = routing.into_iter().map(|session| session.join().unwrap()).sum();
        assert_eq!(number(&mut client, "SELECT count(*) FROM leadroute.leads"), leads);
        assert_eq!(number(&mut client, LEFT_OVER), 0);
    });
}

/// Values that only a superuser writes into the books: NULL, other lengths and bounds, the largest numbers.
const BIGINTS: [&str; 7] = [
    "NULL",
    "'{NULL}'",
    "'{}'",
    "'{1,NULL,2}'",
    "'{{1,2},{3,4}}'",
    "'[5:6]={1,2}'",
    "'{9223372036854775807,-9223372036854775808}'",
];
const INTEGERS: [&str; 6] =
    ["'{NULL}'", "'{}'", "'{1,NULL,2}'", "'{{1,2},{3,4}}'", "'[5:6]={1,2}'", "'{2147483647,-2147483648}'"];
const NUMBERS: [&str; 2] = ["9223372036854775807", "-9223372036854775808"];

/// Columns of books, and what is written into them.
const SPOILT: [(&str, &[&str]); 4] = [
    ("turns.beside turns.replaces turns.credit turns.received", &BIGINTS),
    ("turns.seats", &INTEGERS),
    ("turns.version loads.version loads.open loads.today loads.this_week", &NUMBERS),
    ("loads.beside loads.replaces", BIGINTS.split_at(1).1),
];

#[test]
fn a_spoilt_book_is_no_end() {
    let database = Database::with_pool(2);
    let mut client = database.connect();
    text(&mut client, INSERT);
    for column in ["beside", "replaces", "credit", "received", "seats"] {
        client.batch_execute(&format!("ALTER TABLE leadroute.turns ALTER {column} DROP NOT NULL")).unwrap();
    }
    for (columns, values) in SPOILT {
        let columns = columns.split(' ').filter_map(|column| column.split_once('.'));
        for ((table, column), value) in
            columns.flat_map(|column| values.iter().map(move |value| (column, value)))
        {
            let spoil = format!("BEGIN; UPDATE leadroute.{table} SET {column} = {value}");
            client.batch_execute(&spoil).unwrap();
            for _ in 0..3 {
                let owner = text(&mut client, INSERT);
                assert!(["r1", "r2", "catch_all"].contains(&&*owner), "{spoil}: {owner}");
            }
            client.batch_execute("ROLLBACK").unwrap();
        }
    }
}

/// A person sends more than a row of the first lead can hold: 256 MB of attributes.
#[test]
fn touches_with_60_mb_of_attributes_are_taken() {
    let database = Database::with_pool(2);
    let mut client = database.connect();
    for n in 0..6 {
        let submit = format!(
            "INSERT INTO leadroute.leads (email, phone, attributes)
             VALUES ('ada@acme.com', nullif('+4420794600{n}0', '+442079460000'), jsonb_build_object('k{n}', repeat('x', 60000000))) RETURNING owner_id"
        );
        assert_eq!(text(&mut client, &submit), "r1", "submit {n}");
    }
    // What fits was filled, and the next one is taken and fills too.
    let small = "INSERT INTO leadroute.leads (email, attributes) VALUES ('ada@acme.com', '{\"small\": 1}') RETURNING owner_id";
    assert_eq!(text(&mut client, small), "r1");
    let kept = "SELECT string_agg(key, ' ' ORDER BY key) FROM leadroute.leads, jsonb_object_keys(attributes) key WHERE duplicate_of IS NULL";
    assert_eq!(text(&mut client, kept), "k0 k1 k2 k3 small");
    assert_eq!(number(&mut client, "SELECT count(*) FROM leadroute.leads WHERE duplicate_of = 1"), 6);
    check_consistency(&mut client);
}

/// A session looks for notifications from where it has found the last ones; an older one may come to light later.
#[test]
fn an_older_notification_is_found_too() {
    let database = Database::with_pool(1);
    let (mut late, mut consumer) = (database.connect(), database.connect());
    late.batch_execute("BEGIN").unwrap();
    text(&mut late, INSERT);
    let take = "SELECT count(*) FROM leadroute.take_notifications('tool', 100000)";
    // So many are handed out to others that looking at all of them takes a while.
    let many = "INSERT INTO leadroute.leads (email) SELECT n || '@acme.com' FROM generate_series(1, 40000) n";
    consumer.batch_execute(many).unwrap();
    assert_eq!(number(&mut consumer, take), 40000);
    assert_eq!(number(&mut consumer, take), 0);
    late.batch_execute("COMMIT").unwrap();
    wait_for("the older notification", 30, || (number(&mut consumer, take) == 1).then_some(()));
}
