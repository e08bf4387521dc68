//! Second submits of persons whose first leads, or their rows, somebody holds: nobody waits, and nothing is forgotten.

use leadroute_cluster_tests::{check_consistency, number, text, Database};
use postgres::Client;

const LATE: &str = "SELECT count(*) FROM leadroute.late_touches";
const MERGE: &str = "SELECT leadroute.merge_duplicates()::bigint";
const EVENTS: &str =
    "SELECT string_agg(lead_id || ' ' || action, ', ' ORDER BY id) FROM leadroute.lead_events";

fn with_policy(reps: u32) -> Database {
    let database = Database::with_pool(reps);
    let sql = "INSERT INTO leadroute.event_types (name, intent) VALUES ('brochure', 'low'), ('demo', 'high');
               DELETE FROM leadroute.sla_policies;
               INSERT INTO leadroute.sla_policies (name, respond_within) VALUES ('all', '1 hour')";
    database.connect().batch_execute(sql).expect("a policy");
    database
}

fn owners(client: &mut Client) -> String {
    text(client, "SELECT string_agg(coalesce(owner_id, '-'), ' ' ORDER BY id) FROM leadroute.leads")
}

/// Whoever gives a lead away does not see a touch that comes meanwhile, and the touch does not see where the lead goes.
#[test]
fn a_touch_follows_a_lead_that_was_being_given_away() {
    let ends = [
        ("COMMIT", "r2", "READ COMMITTED", "brochure"),
        ("COMMIT", "r2", "READ COMMITTED", "demo"),
        ("COMMIT", "r2", "REPEATABLE READ", "demo"),
        ("ROLLBACK", "r1", "READ COMMITTED", "demo"),
    ];
    for (end, owner, level, event) in ends {
        let database = with_policy(2);
        let (mut manager, mut app) = (database.connect(), database.connect());
        let submit = |event: &str| {
            format!("INSERT INTO leadroute.leads (email, event) VALUES ('ada@acme.com', '{event}')")
        };
        app.batch_execute(&submit("brochure")).unwrap();
        let begin = format!("BEGIN ISOLATION LEVEL {level}; SELECT FROM leadroute.leads");
        app.batch_execute(&format!("SET statement_timeout = '5s'; {begin}")).unwrap();
        manager.batch_execute("BEGIN; SELECT leadroute.transfer_lead(1, 'r2')").unwrap();
        app.batch_execute(&submit(event)).unwrap();
        app.batch_execute("COMMIT").unwrap();
        assert_eq!(number(&mut app, MERGE), 0);
        assert_eq!(owners(&mut app), "r1 r1", "the lead is held");
        manager.batch_execute(end).unwrap();
        assert_eq!(number(&mut app, MERGE), 0);
        assert_eq!(owners(&mut app), [owner; 2].join(" "), "{event}, {end} at {level}");
        let heard = if event == "demo" { "1 clock_restarted" } else { "" };
        assert_eq!(text(&mut app, EVENTS), heard, "{event}, {end} at {level}");
        assert_eq!(number(&mut app, LATE), 0);
        check_consistency(&mut app);
    }
}

/// The lead has gone on between the moment in which its touch was routed and the end of the statement.
#[test]
fn a_touch_follows_a_lead_that_was_given_away_within_its_statement() {
    let database = with_policy(2);
    let mut app = database.connect();
    app.batch_execute(
        "CREATE FUNCTION public.give() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN
             PERFORM leadroute.transfer_lead(NEW.duplicate_of, 'r2');
             RETURN NEW;
         END $$;
         INSERT INTO leadroute.leads (email) VALUES ('ada@acme.com');
         CREATE TRIGGER zzz_give BEFORE INSERT ON leadroute.leads FOR EACH ROW EXECUTE FUNCTION public.give();
         GRANT USAGE ON SCHEMA public TO leadroute_owner;
         INSERT INTO leadroute.leads (email) VALUES ('ada@acme.com')",
    )
    .unwrap();
    assert_eq!(owners(&mut app), "r2 r1");
    assert_eq!(number(&mut app, MERGE), 0);
    assert_eq!(owners(&mut app), "r2 r2");
    check_consistency(&mut app);
}

/// Housekeeping hears a touch, gives the first lead to somebody who can answer, and meets its row in the hands of an app: it
/// does not wait for that, the touches of others are heard, and the next run does what was left.
#[test]
fn a_row_that_somebody_holds_delays_only_its_own_touch() {
    let database = with_policy(3);
    let (mut app, mut worker, mut holder) = (database.connect(), database.connect(), database.connect());
    app.batch_execute(
        "CREATE TABLE public.deal (id integer PRIMARY KEY, email text, owner text, event text);
         SELECT leadroute.attach('public.deal', '{\"email\": \"email\", \"event\": \"event\", \"owner_id\": \"owner\"}');
         INSERT INTO public.deal (id, email, event) VALUES (1, 'ada@acme.com', 'demo'), (2, 'bob@acme.com', 'demo')",
    )
    .unwrap();
    let deals = "SELECT string_agg(id || ' ' || owner, ', ' ORDER BY id) FROM public.deal";
    assert_eq!(text(&mut app, deals), "1 r1, 2 r2");
    // both leads are held while their buyers come again, and their owners are gone
    holder.batch_execute("BEGIN; SELECT FROM leadroute.leads FOR UPDATE").unwrap();
    app.batch_execute("UPDATE leadroute.reps SET active = false WHERE id IN ('r1', 'r2')").unwrap();
    app.batch_execute(
        "INSERT INTO public.deal (id, email, event) VALUES (3, 'ada@acme.com', 'demo'), (4, 'bob@acme.com', 'demo')",
    )
    .unwrap();
    holder.batch_execute("COMMIT; BEGIN; SELECT FROM public.deal WHERE id = 1 FOR UPDATE").unwrap();
    worker.batch_execute("SET statement_timeout = '5s'; SET leadroute.duplicate_wait = '100ms'").unwrap();
    assert_eq!(number(&mut worker, MERGE), 0);
    assert_eq!(text(&mut app, "SELECT owner FROM public.deal WHERE id = 2"), "r3", "the other was heard");
    assert_eq!(text(&mut app, EVENTS), "2 rerouted");
    assert_eq!(number(&mut app, LATE), 1);
    holder.batch_execute("COMMIT").unwrap();
    assert_eq!(number(&mut worker, MERGE), 0);
    assert_eq!(text(&mut app, deals), "1 r3, 2 r3, 3 r3, 4 r3");
    assert_eq!(text(&mut app, EVENTS), "2 rerouted, 1 rerouted");
    assert_eq!(number(&mut app, LATE), 0);
    check_consistency(&mut app);
}
