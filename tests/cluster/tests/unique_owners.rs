//! Rows of attached tables that would collide in a unique index: of several sessions one gets what only one can have, and no
//! statement of the others waits or fails.

use leadroute_cluster_tests::{check_consistency, number, text, Database};
use postgres::Client;
use std::time::{Duration, Instant};

/// A table in which each rep has one row, in two ways.
const TABLES: [&str; 3] = [
    "CREATE TABLE public.seat (id serial PRIMARY KEY, email text, owner text UNIQUE)",
    "CREATE TABLE public.seat (id serial PRIMARY KEY, email text, owner text UNIQUE DEFERRABLE INITIALLY DEFERRED)",
    "CREATE TABLE public.seat (id serial PRIMARY KEY, email text, owner text, EXCLUDE USING btree (upper(owner) WITH =))",
];

fn with_seats(reps: u32, table: &str) -> Database {
    let database = Database::with_pool(reps);
    let mut client = database.connect();
    client.batch_execute(table).unwrap();
    let attach = "SET client_min_messages = error;
                  SELECT leadroute.attach('public.seat', '{\"email\": \"email\", \"owner_id\": \"owner\"}')";
    client.batch_execute(attach).unwrap();
    database
}

fn sit(client: &mut Client, who: &str) -> String {
    text(
        client,
        &format!(
            "INSERT INTO public.seat (email) VALUES ('{who}@acme.com') RETURNING coalesce(owner, 'nobody')"
        ),
    )
}

#[test]
fn nobody_waits_for_whoever_is_inserting_or_deleting_the_other_row() {
    for table in TABLES {
        let database = with_seats(1, table);
        let (mut first, mut second) = (database.connect(), database.connect());
        second.batch_execute("SET statement_timeout = '5s'").unwrap();
        first.batch_execute("BEGIN").unwrap();
        assert_eq!(sit(&mut first, "one"), "r1");
        assert_eq!(sit(&mut second, "two"), "nobody", "{table}");
        first.batch_execute("ROLLBACK").unwrap();
        assert_eq!(sit(&mut second, "three"), "r1", "{table}");
        first.batch_execute("BEGIN; DELETE FROM public.seat WHERE owner = 'r1'").unwrap();
        assert_eq!(sit(&mut second, "four"), "nobody", "{table}");
        first.batch_execute("COMMIT").unwrap();
        assert_eq!(sit(&mut second, "five"), "r1", "{table}");
        check_consistency(&mut second);
    }
}

/// A statement that hangs between the choice of an owner and the end, as in a trigger of the table.
#[test]
fn whoever_hangs_is_waited_for_no_longer_than_for_a_turn() {
    let database = with_seats(1, TABLES[0]);
    let (mut first, mut second) = (database.connect(), database.connect());
    first
        .batch_execute(
            "CREATE FUNCTION public.hang() RETURNS trigger LANGUAGE plpgsql AS $$
             BEGIN
                 IF NEW.email LIKE 'slow%' THEN
                     PERFORM pg_advisory_lock(1);
                 END IF;
                 RETURN NEW;
             END $$;
             CREATE TRIGGER zzz_hang BEFORE INSERT ON public.seat FOR EACH ROW EXECUTE FUNCTION public.hang();",
        )
        .unwrap();
    let mut holder = database.connect();
    holder.batch_execute("SELECT pg_advisory_lock(1)").unwrap();
    second.batch_execute("SET leadroute.turn_wait = '100ms'").unwrap();
    std::thread::scope(|scope| {
        let slow = scope.spawn(|| sit(&mut first, "slow"));
        let waits = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted";
        leadroute_cluster_tests::wait_for("the slow one", 10, || {
            (number(&mut holder, waits) == 1).then_some(())
        });
        let begun = Instant::now();
        let owner = sit(&mut second, "two");
        let waited = begun.elapsed();
        // before anything is asserted, so that the other thread ends
        holder.batch_execute("SELECT pg_advisory_unlock(1)").unwrap();
        assert_eq!(slow.join().unwrap(), "r1");
        assert_eq!(owner, "nobody");
        assert!(waited < Duration::from_secs(5), "waited {waited:?}");
    });
    check_consistency(&mut second);
}

/// Inserts of several rows, deletions and rollbacks at once: no error, and every row has the owner of its lead.
#[test]
fn many_sessions_at_once_share_what_only_one_can_have() {
    for table in TABLES {
        let database = with_seats(6, table);
        std::thread::scope(|scope| {
            for session in 0..5 {
                let database = &database;
                scope.spawn(move || {
                    let mut client = database.connect();
                    client.batch_execute("SET statement_timeout = '20s'").unwrap();
                    for n in 0..40 {
                        let insert = format!(
                            "INSERT INTO public.seat (email) SELECT 's{session}n{n}r' || r || '@acme.com' FROM generate_series(1, 2) r"
                        );
                        let end = if (n + session) % 5 == 0 { "ROLLBACK" } else { "COMMIT" };
                        client
                            .batch_execute(&format!("BEGIN; {insert}; {end}"))
                            .unwrap_or_else(|error| panic!("{table}: {insert}: {error:?}"));
                        let delete = format!("DELETE FROM public.seat WHERE email LIKE 's{session}n%'");
                        client.batch_execute(&delete).unwrap();
                    }
                    sit(&mut client, &format!("last{session}"));
                });
            }
        });
        let mut client = database.connect();
        let differ = "SELECT count(*) FROM public.seat s JOIN leadroute.leads l ON l.attached_key = s.id::text WHERE l.owner_id IS DISTINCT FROM s.owner";
        assert_eq!(number(&mut client, differ), 0, "{table}");
        check_consistency(&mut client);
    }
}
