//! Reindex beside inserts: a DBA rebuilds every index while leads come, escalate and close. Nobody ends in a deadlock,
//! because whoever writes to a table has taken the lock that writing needs first.

use leadroute_cluster_tests::roles::{in_words, list};
use leadroute_cluster_tests::{check_consistency, number, Database};
use postgres::Client;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

const REBUILT: usize = 300;

/// What each of the others does in its n-th turn. `{id}` is a lead that was looked up before: whoever reads a table and then
/// writes to it in one statement of their own has taken the weaker lock first.
const WORK: [&str; 7] = [
    "INSERT INTO leadroute.leads (email) VALUES ('a{n}@a.com')",
    "INSERT INTO leadroute.leads (email, external_id) SELECT 'b{n}-' || k || '@b.com', 'b{n}-' || k FROM generate_series(1, 20) k",
    "INSERT INTO public.crm_lead (email) VALUES ('c{n}@c.com'), ('C{n}@c.com'); UPDATE public.crm_lead SET owner = 'r2' WHERE email = 'c{n}@c.com'",
    "SELECT leadroute.route_lead('{\"email\": \"d{n}@customer.com\", \"external_id\": \"d{n}\"}'), leadroute.preview_route('{\"email\": \"e@customer.com\"}')",
    "SELECT leadroute.escalate_overdue(20, now() + interval '1 year'); SELECT leadroute.assign_queued(20), leadroute.merge_duplicates(20);
     SELECT leadroute.ack_notifications(ARRAY[id]) FROM leadroute.take_notifications('tool', 5)",
    "SELECT leadroute.transfer_lead({id}, 'r1');
     SELECT leadroute.record_response({id}, 'r2');
     UPDATE leadroute.leads SET status = 'lost' WHERE id = {id};
     UPDATE leadroute.reps SET presence_at = now() WHERE id = 'r3'; UPDATE leadroute.segments SET priority = priority + 1",
    "INSERT INTO leadroute.leads (email) VALUES ('f{n}@rival.com'); DELETE FROM leadroute.leads WHERE email = 'f{n}@rival.com';
     INSERT INTO leadroute.queues (name) VALUES ('desk{n}'); UPDATE leadroute.queues SET name = 'desk-{n}' WHERE name = 'desk{n}';
     DELETE FROM leadroute.queues WHERE name = 'desk-{n}'; SELECT leadroute.check_rates();
     INSERT INTO public.crm_lead (email) VALUES ('g{n}@g.com'); DELETE FROM public.crm_lead WHERE email = 'g{n}@g.com'",
];

/// Deadlocks come to light soon; whoever hangs fails.
const SETTINGS: &str =
    "SET deadlock_timeout = '20ms'; SET statement_timeout = '120s'; SET client_min_messages = error";

/// Every table and index of the extension and of the attached table, in every way.
fn rebuilds(client: &mut Client) -> Vec<String> {
    let rebuilds = "SELECT format('REINDEX %s%s %s', CASE relkind WHEN 'r' THEN 'TABLE' ELSE 'INDEX' END, how, c.oid::regclass) FROM pg_class c,
                           unnest('{\"\",\" CONCURRENTLY\"}'::text[]) how
                     WHERE relkind IN ('r', 'i') AND (relnamespace = 'leadroute'::regnamespace OR relname LIKE 'crm_lead%')
                       -- what an exclusion constraint needs cannot be rebuilt beside others
                       AND NOT (how <> '' AND EXISTS (SELECT FROM pg_index i WHERE i.indisexclusion AND c.oid IN (i.indexrelid, i.indrelid)))
                     ORDER BY md5(c.relname || how)";
    client.batch_execute("SET search_path = ''").unwrap();
    list(client, rebuilds)
}

/// Does one kind of work until all is rebuilt; answers the errors, each with how often it came.
fn work(database: &Database, kind: &str, is_over: &AtomicBool, done: &AtomicU64) -> BTreeMap<String, u32> {
    let mut client = database.connect();
    client.batch_execute(SETTINGS).unwrap();
    let mut errors = BTreeMap::new();
    for n in 0.. {
        if is_over.load(Ordering::Relaxed) {
            break;
        }
        let id = list(&mut client, "SELECT id::text FROM leadroute.leads WHERE status = 'assigned' AND attached_key IS NULL AND email NOT LIKE 'f%' ORDER BY id DESC LIMIT 1");
        let id = id.first().map_or("1", String::as_str);
        for sql in kind
            .replace("{n}", &n.to_string())
            .replace("{id}", id)
            .split(";\n")
            .flat_map(|sql| sql.split("; "))
        {
            if let Err(error) = client.batch_execute(sql) {
                *errors
                    .entry(format!("{} in {}", in_words(&error), sql.trim().get(..60).unwrap_or(sql)))
                    .or_default() += 1;
            }
        }
        done.fetch_add(1, Ordering::Relaxed);
    }
    errors
}

/// Rebuilds one index or table after the other.
fn rebuild(database: &Database, is_over: &AtomicBool) -> BTreeMap<String, u32> {
    let mut client = database.connect();
    client.batch_execute(SETTINGS).unwrap();
    let mut errors = BTreeMap::new();
    for sql in rebuilds(&mut client).iter().cycle().take(REBUILT) {
        if let Err(error) = client.batch_execute(sql) {
            *errors.entry(format!("{} in {sql}", in_words(&error))).or_default() += 1;
        }
    }
    is_over.store(true, Ordering::Relaxed);
    errors
}

/// A company whose domains and accounts are asked for each lead.
fn company() -> Database {
    let database = Database::with_pool(4);
    database
        .connect()
        .batch_execute(
            "INSERT INTO leadroute.accounts (id, kind, owner_id) VALUES ('customer', 'customer', 'r1');
             INSERT INTO leadroute.account_domains (domain, account_id) VALUES ('customer.com', 'customer');
             INSERT INTO leadroute.contacts (email, account_id) VALUES ('known@gmail.com', 'customer');
             INSERT INTO leadroute.domain_rules (domain, kind) VALUES ('rival.com', 'competitor');
             UPDATE leadroute.reps SET manager_id = 'r4', daily_cap = 1000000 WHERE id <> 'r4';
             INSERT INTO leadroute.leads (email) SELECT n || '@start.com' FROM generate_series(1, 200) n",
        )
        .unwrap();
    database
}

#[test]
fn nobody_deadlocks_with_whoever_rebuilds_indexes() {
    let database = company();
    let (is_over, done) = (AtomicBool::new(false), AtomicU64::new(0));
    let errors: Vec<BTreeMap<String, u32>> = thread::scope(|scope| {
        let (database, is_over, done) = (&database, &is_over, &done);
        let workers: Vec<_> =
            WORK.iter().map(|kind| scope.spawn(move || work(database, kind, is_over, done))).collect();
        let rebuilt = rebuild(database, is_over);
        workers.into_iter().map(|worker| worker.join().expect("a worker")).chain([rebuilt]).collect()
    });
    let mut client = database.connect();
    println!("{} rebuilt beside {} turns: {errors:#?}", REBUILT, done.load(Ordering::Relaxed));
    // Who is told to try again may: a row that somebody holds. Nothing else.
    let wrong: Vec<String> = errors
        .into_iter()
        .flat_map(BTreeMap::into_keys)
        .filter(|error| !error.starts_with("55P03"))
        .collect();
    assert_eq!(wrong, Vec::<String>::new());
    let hidden = "SELECT count(*) FROM leadroute.decisions WHERE trace @> '[{\"code\": \"error\"}]'";
    assert_eq!(number(&mut client, hidden), 0, "errors that routing kept in catch_all");
    check_consistency(&mut client);
}
