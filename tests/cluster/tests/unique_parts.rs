//! Rows of partitioned attached tables, and of tables of links, that would collide in a unique index, while other sessions hold
//! what they would collide with: what happens to a lead later neither waits for them nor fails.

use leadroute_cluster_tests::{check_consistency, number, text, Database};
use postgres::Client;
use std::time::{Duration, Instant};

/// Two partitions with indexes of their own, one of them within another.
const PARTS: &str = r#"
    CREATE TABLE public.part (place text, id integer, email text, owner text, PRIMARY KEY (place, id)) PARTITION BY LIST (place);
    CREATE TABLE public.part_a PARTITION OF public.part FOR VALUES IN ('a');
    CREATE TABLE public.part_b PARTITION OF public.part FOR VALUES IN ('b') PARTITION BY RANGE (id);
    CREATE TABLE public.part_b1 PARTITION OF public.part_b FOR VALUES FROM (0) TO (100);
    CREATE UNIQUE INDEX ON public.part_a (owner);
    CREATE UNIQUE INDEX ON public.part_b1 (owner);
    SET client_min_messages = error;
    SELECT leadroute.attach('public.part', '{"email": "email", "owner_id": "owner"}');
    INSERT INTO public.part (place, id, email) VALUES ('a', 1, 'ada@a.com'), ('b', 1, 'bea@b.com')"#;

fn with_parts(reps: u32) -> Database {
    let database = Database::with_pool(reps);
    database.connect().batch_execute(PARTS).unwrap();
    database
}

/// What `work` answers, which takes less than three seconds.
fn soon<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let begun = Instant::now();
    let answer = work();
    assert!(begun.elapsed() < Duration::from_secs(3), "{what} took {:?}", begun.elapsed());
    answer
}

fn lead(place: &str) -> String {
    format!("leadroute.attached_lead('public.part', '[\"{place}\",\"1\"]')")
}

fn escalate(client: &mut Client, hours: u32) -> i64 {
    let sql = format!("SELECT leadroute.escalate_overdue(as_of => now() + interval '{hours} hours')::bigint");
    soon("escalate_overdue", || number(client, &sql))
}

fn owner(client: &mut Client, place: &str) -> String {
    text(
        client,
        &format!("SELECT coalesce(owner, 'nobody') FROM public.part WHERE place = '{place}' AND id = 1"),
    )
}

fn assert_in_step(client: &mut Client) {
    let differ = "SELECT count(*) FROM public.part p JOIN leadroute.leads l
                      ON l.attached_key = format('[\"%s\",\"%s\"]', p.place, p.id) WHERE l.owner_id IS DISTINCT FROM p.owner";
    assert_eq!(number(client, differ), 0);
    check_consistency(client);
}

#[test]
fn the_ladder_passes_over_whom_another_session_is_just_giving_a_row_of_the_partition() {
    let database = with_parts(3);
    let (mut app, mut job) = (database.connect(), database.connect());
    job.batch_execute("SET statement_timeout = '20s'").unwrap();
    let before = [owner(&mut job, "a"), owner(&mut job, "b")];
    // every other rep has a row of either place, if that commits
    app.batch_execute(
        "SET leadroute.enabled = off;
         BEGIN;
         INSERT INTO public.part (place, id, owner)
             SELECT p.place, 1 + substr(r.id, 2)::integer, r.id FROM public.part p CROSS JOIN leadroute.reps r
              WHERE p.owner <> r.id",
    )
    .unwrap();
    escalate(&mut job, 1);
    for (place, before) in ["a", "b"].iter().zip(&before) {
        let now = owner(&mut job, place);
        assert!(now == *before || now == "nobody", "{place}: {before}, then {now}");
        let reroute = format!("SELECT leadroute.reroute_lead({}, 'again') IS NOT NULL", lead(place));
        soon("reroute_lead", || job.batch_execute(&reroute).unwrap());
    }
    assert_in_step(&mut job);
    app.batch_execute("ROLLBACK").unwrap();
    for place in ["a", "b"] {
        let reroute = format!("SELECT leadroute.reroute_lead({}, 'again') IS NOT NULL", lead(place));
        job.batch_execute(&reroute).unwrap();
        assert_ne!(owner(&mut job, place), "nobody", "{place}");
    }
    assert_in_step(&mut job);
}

#[test]
fn a_partition_that_is_locked_holds_up_only_what_is_in_it() {
    let database = with_parts(3);
    let (mut other, mut job) = (database.connect(), database.connect());
    job.batch_execute("SET statement_timeout = '20s'; SET leadroute.duplicate_wait = '200ms'").unwrap();
    let before = [owner(&mut job, "a"), owner(&mut job, "b")];
    for table in ["part_b1", "part_b"] {
        other.batch_execute(&format!("BEGIN; LOCK TABLE public.{table} IN ACCESS EXCLUSIVE MODE")).unwrap();
        let give = |place: &str, rep: &str| {
            format!("SELECT leadroute.transfer_lead({}, '{rep}', 'so')", lead(place))
        };
        let free = |client: &mut Client, place: &str| {
            text(client, &format!("SELECT min(id) FROM leadroute.reps WHERE id <> (SELECT l.owner_id FROM leadroute.leads l WHERE l.id = {})", lead(place)))
        };
        let to = free(&mut job, "a");
        soon("a transfer in the other partition", || job.batch_execute(&give("a", &to)).unwrap());
        assert_eq!(owner(&mut job, "a"), to);
        let to = free(&mut job, "b");
        let refused = soon("a transfer in the partition", || job.batch_execute(&give("b", &to)).unwrap_err());
        assert_eq!(
            refused.code().map(|code| code.code().to_owned()).as_deref(),
            Some("55P03"),
            "{refused:?}"
        );
        other.batch_execute("ROLLBACK").unwrap();
        assert_eq!(owner(&mut job, "b"), before[1]);
    }
    other.batch_execute("BEGIN; LOCK TABLE public.part_b1 IN ACCESS EXCLUSIVE MODE").unwrap();
    let at = owner(&mut job, "a");
    assert_eq!(escalate(&mut job, 1), 1);
    assert_ne!(owner(&mut job, "a"), at);
    other.batch_execute("ROLLBACK").unwrap();
    assert_eq!(owner(&mut job, "b"), before[1]);
    escalate(&mut job, 2);
    assert_ne!(owner(&mut job, "b"), before[1]);
    assert_in_step(&mut job);
}

/// Ladders, transfers, inserts and deletions at once.
#[test]
fn many_sessions_at_once_never_fail_in_partitions() {
    let database = with_parts(5);
    std::thread::scope(|scope| {
        for session in 0..4 {
            let database = &database;
            scope.spawn(move || {
                let mut client = database.connect();
                client.batch_execute("SET statement_timeout = '20s'").unwrap();
                for n in 0..25 {
                    let id = 2 + session * 20 + n % 20;
                    let insert = format!(
                        "INSERT INTO public.part (place, id, email) SELECT p, {id}, p || 's{session}n{n}@acme.com' FROM unnest('{{a,b}}'::text[]) p"
                    );
                    let end = if (n + session) % 5 == 0 { "ROLLBACK" } else { "COMMIT" };
                    let delete = format!("DELETE FROM public.part WHERE id = {id}");
                    for sql in [format!("BEGIN; {insert}; {end}"), delete] {
                        client.batch_execute(&sql).unwrap_or_else(|error| panic!("{sql}: {error:?}"));
                    }
                }
            });
        }
        let mut job = database.connect();
        for hours in 1..30 {
            escalate(&mut job, hours);
        }
    });
    assert_in_step(&mut database.connect());
}

#[test]
fn nobody_waits_for_whoever_is_just_linking_a_rep_who_can_have_one_row() {
    for unique in
        ["UNIQUE (rep)", "EXCLUDE USING btree (upper(rep) WITH =)", "UNIQUE (deal), UNIQUE (rep, kind)"]
    {
        let database = Database::with_pool(2);
        let (mut app, mut job) = (database.connect(), database.connect());
        app.batch_execute(&format!(
            r#"CREATE TABLE public.deal (id serial PRIMARY KEY, email text);
               CREATE TABLE public.deal_rep (deal integer NOT NULL, rep text NOT NULL, kind text NOT NULL DEFAULT 'main', {unique});
               SET client_min_messages = error;
               SELECT leadroute.attach('public.deal', '{{"email": "email", "owner_id": {{"table": "public.deal_rep", "row": "deal", "column": "rep"}}}}')"#
        ))
        .unwrap();
        app.batch_execute("BEGIN; INSERT INTO public.deal_rep (deal, rep) VALUES (-1, 'r1'), (-2, 'r2')")
            .unwrap();
        job.batch_execute("SET statement_timeout = '20s'").unwrap();
        let insert = "INSERT INTO public.deal (email) VALUES ('ada@a.com')";
        soon(unique, || job.batch_execute(insert).unwrap());
        assert_eq!(number(&mut job, "SELECT count(*) FROM public.deal_rep"), 0, "{unique}");
        app.batch_execute("ROLLBACK").unwrap();
        job.batch_execute("INSERT INTO public.deal (email) VALUES ('bea@b.com')").unwrap();
        assert_eq!(number(&mut job, "SELECT count(*) FROM public.deal_rep"), 1, "{unique}");
        check_consistency(&mut job);
    }
}
