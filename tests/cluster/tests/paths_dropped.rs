//! Rows that are not inserted leave no trace: a conflict drops them, a trigger of the user does, or an upsert
//! changes the lead that is there instead. And triggers of the user that change rows or insert leads themselves.

use leadroute_cluster_tests::paths::{
    assert_same, at_once, one_by_one, outcome_of, reference, run, same, Leads, Path, COLUMNS,
};
use leadroute_cluster_tests::{check_consistency, has_merge, number, text, Database};
use postgres::Client;

/// What routing sets, and an upsert by a tool that lists all columns.
const ROUTED: &str =
    "status, owner_id, queue, account_id, segment, territory, tier, pool, playbook, expansion, held, \
     duplicate_of, person_key, routed_at, sla_due_at, first_response_at, decision_id";

/// `a = excluded.a, …`
fn taken_over(columns: &str) -> String {
    let columns: Vec<String> =
        columns.split(", ").map(|column| format!("{column} = excluded.{column}")).collect();
    columns.join(", ")
}

/// The first leads one by one, so that they are there when the statement comes.
fn some_first(client: &mut Client, leads: &Leads) {
    for tuple in &leads.tuples[..400] {
        run(client, &format!("INSERT INTO leadroute.leads (COLUMNS) VALUES {tuple}"));
    }
}

#[test]
fn on_conflict_do_nothing() {
    let beside: Path = |client, _| {
        run(
            client,
            "INSERT INTO leadroute.leads (COLUMNS) SELECT COLUMNS FROM source CROSS JOIN generate_series(1, 2) k ORDER BY n, k
                 ON CONFLICT (external_id) DO NOTHING",
        );
    };
    let after: Path = |client, _| {
        run(
            client,
            "INSERT INTO leadroute.leads (COLUMNS) SELECT COLUMNS FROM source CROSS JOIN generate_series(1, 2) k ORDER BY k, n
                 ON CONFLICT DO NOTHING",
        );
    };
    let known: Path = |client, leads| {
        some_first(client, leads);
        run(
            client,
            "INSERT INTO leadroute.leads (COLUMNS) SELECT COLUMNS FROM source ORDER BY n ON CONFLICT DO NOTHING",
        );
    };
    // The key of the table, which routing cannot know before.
    let by_id: Path = |client, _| {
        let columns = COLUMNS.replace("external_id", "CASE k WHEN 1 THEN external_id END");
        run(
            client,
            &format!(
                "INSERT INTO leadroute.leads (id, COLUMNS) SELECT n, {columns} FROM source CROSS JOIN generate_series(1, 3) k
                  ORDER BY n, k ON CONFLICT DO NOTHING"
            ),
        );
    };
    same(&[("beside", beside), ("after", after), ("known", known), ("by id", by_id)]);
}

fn plain(client: &mut Client, leads: &Leads) {
    some_first(client, leads);
    run(
        client,
        "INSERT INTO leadroute.leads (COLUMNS) SELECT COLUMNS FROM source ORDER BY n
             ON CONFLICT (external_id) DO UPDATE SET campaign = leads.campaign",
    );
}

fn all_of_it(client: &mut Client, leads: &Leads) {
    some_first(client, leads);
    let set = taken_over(ROUTED);
    run(
        client,
        &format!(
            "INSERT INTO leadroute.leads (COLUMNS) SELECT COLUMNS FROM source ORDER BY n
                 ON CONFLICT (external_id) DO UPDATE SET {set}, email = excluded.email,
                         country = coalesce(excluded.country, leads.country)"
        ),
    );
}

fn one_by_one_again(client: &mut Client, leads: &Leads) {
    one_by_one(client, leads);
    let set = taken_over("status, owner_id, queue, duplicate_of");
    for tuple in &leads.tuples[..300] {
        run(
            client,
            &format!(
                "INSERT INTO leadroute.leads (COLUMNS) VALUES {tuple} ON CONFLICT (external_id) DO UPDATE SET {set}"
            ),
        );
    }
}

fn by_id(client: &mut Client, leads: &Leads) {
    some_first(client, leads);
    let set = taken_over(ROUTED);
    run(
        client,
        &format!(
            "INSERT INTO leadroute.leads (id, COLUMNS) SELECT l.id, s.* FROM (SELECT COLUMNS FROM source ORDER BY n) s
               JOIN leadroute.leads l USING (external_id) ORDER BY 1 ON CONFLICT (id) DO UPDATE SET {set};
             INSERT INTO leadroute.leads (COLUMNS) SELECT COLUMNS FROM source WHERE n > 400 ORDER BY n"
        ),
    );
}

fn merge(client: &mut Client, leads: &Leads) {
    if !has_merge(client) {
        return plain(client, leads);
    }
    some_first(client, leads);
    let values = format!("s.{}", COLUMNS.replace(", ", ", s."));
    run(
        client,
        &format!(
            "SET enable_hashjoin = off; SET enable_mergejoin = off;
             MERGE INTO leadroute.leads t USING (SELECT * FROM source ORDER BY n) s ON t.external_id = s.external_id
              WHEN MATCHED THEN UPDATE SET campaign = t.campaign WHEN NOT MATCHED THEN INSERT (COLUMNS) VALUES ({values})"
        ),
    );
}

/// The lead that is there is not routed again, whatever the upsert takes over.
#[test]
fn on_conflict_do_update() {
    same(&[
        ("an upsert", plain),
        ("an upsert of all columns", all_of_it),
        ("single upserts", one_by_one_again),
        ("an upsert by id", by_id),
        ("MERGE", merge),
    ]);
}

/// What touches fill in of the first lead waits for the end: else the upsert would find a row that was changed since
/// it began, which is an error. More rows than are written at once.
#[test]
fn an_upsert_of_a_lead_that_the_same_statement_has_filled() {
    for (name, upsert) in [
        (
            "ON CONFLICT",
            "INSERT INTO leadroute.leads (external_id, email, company) SELECT * FROM form ORDER BY id DESC
                 ON CONFLICT (external_id) DO UPDATE SET city = 'Berlin'",
        ),
        (
            "MERGE",
            "MERGE INTO leadroute.leads t USING (SELECT * FROM form ORDER BY id DESC) s ON t.external_id = s.id
              WHEN MATCHED THEN UPDATE SET city = 'Berlin'
              WHEN NOT MATCHED THEN INSERT (external_id, email, company) VALUES (s.id, s.email, s.company)",
        ),
    ] {
        let database = Database::with_pool(3);
        let mut client = database.connect();
        if name == "MERGE" && !has_merge(&mut client) {
            continue;
        }
        run(
            &mut client,
            "INSERT INTO leadroute.leads (external_id, email) VALUES ('0', 'ada@acme.com');
             CREATE TABLE form AS SELECT '0' AS id, 'ada@acme.com' AS email, NULL AS company
                 UNION ALL SELECT 'z', 'ada+again@acme.com', 'Acme'
                 UNION ALL SELECT 'x' || n, n || '@x' || n || '.com', NULL FROM generate_series(1, 1500) n;
             SET enable_hashjoin = off; SET enable_mergejoin = off",
        );
        client.batch_execute(upsert).unwrap_or_else(|error| panic!("{name}: {error}"));
        let first = "SELECT city || ' ' || company FROM leadroute.leads WHERE external_id = '0'";
        assert_eq!(text(&mut client, first), "Berlin Acme", "{name}");
        check_consistency(&mut client);
    }
}

/// An upsert while somebody else deletes the lead: it is a new one then, or an error that says to try again.
#[test]
fn an_upsert_of_a_lead_that_is_being_deleted() {
    let database = Database::with_pool(3);
    let (mut first, mut second) = (database.connect(), database.connect());
    let upsert = "INSERT INTO leadroute.leads (external_id, email) VALUES ('form-7', 'ada@acme.com')
                      ON CONFLICT (external_id) DO UPDATE SET email = excluded.email";
    first.batch_execute(upsert).unwrap();
    first.batch_execute("BEGIN; DELETE FROM leadroute.leads").unwrap();
    let waiting = std::thread::spawn(move || second.batch_execute(upsert));
    leadroute_cluster_tests::wait_for("the upsert to wait", 10, || {
        let waits = "SELECT count(*) FROM pg_stat_activity
                      WHERE datname = current_database() AND wait_event_type = 'Lock'";
        (number(&mut first, waits) > 0).then_some(())
    });
    first.batch_execute("COMMIT").unwrap();
    waiting.join().unwrap().unwrap();
    let routed = "SELECT count(*) FROM leadroute.leads l JOIN leadroute.decisions d ON (d.id, d.lead_id) = (l.decision_id, l.id)";
    assert_eq!(number(&mut first, routed), 1);
}

/// Two submits at once, by a tool that takes over some columns: the lead does not become a touch of itself.
#[test]
fn an_upsert_beside_the_first_submit() {
    let database = Database::with_pool(3);
    let (mut first, mut second) = (database.connect(), database.connect());
    let upsert = "INSERT INTO leadroute.leads (external_id, email, city) VALUES ('form-7', 'ada@acme.com', 'Berlin')
         ON CONFLICT (external_id) DO UPDATE SET city = excluded.city, status = excluded.status,
            owner_id = excluded.owner_id, duplicate_of = excluded.duplicate_of RETURNING status || ' ' || owner_id";
    first.batch_execute("BEGIN").unwrap();
    let owner = text(&mut first, upsert);
    let waiting = std::thread::spawn(move || {
        second.batch_execute("SET leadroute.duplicate_wait = '30s'").unwrap();
        text(&mut second, upsert)
    });
    let mut watcher = database.connect();
    leadroute_cluster_tests::wait_for("the second submit to wait", 10, || {
        let waits =
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'active'
                       AND pid <> pg_backend_pid() AND wait_event_type = 'Extension'";
        (number(&mut watcher, waits) > 0).then_some(())
    });
    first.batch_execute("COMMIT").unwrap();
    assert_eq!(waiting.join().unwrap(), owner);
    let leads = "SELECT count(*) FROM leadroute.leads WHERE duplicate_of IS NULL";
    assert_eq!(number(&mut first, leads), 1);
    check_consistency(&mut first);
}

/// A BEFORE trigger of the user that drops every third row, before routing or after it.
#[test]
fn a_trigger_that_drops_rows() {
    let rest = outcome_of("", |client, leads| {
        for (_, tuple) in leads.tuples.iter().enumerate().filter(|(n, _)| (n + 1) % 3 != 0) {
            run(client, &format!("INSERT INTO leadroute.leads (COLUMNS) VALUES {tuple}"));
        }
    });
    for name in ["a_drop", "zz_z_drop"] {
        let setup = format!(
            "CREATE FUNCTION drop_third() RETURNS trigger LANGUAGE plpgsql AS
                 $$ BEGIN RETURN CASE WHEN substr(NEW.external_id, 2)::integer % 3 <> 0 THEN NEW END; END $$;
             CREATE TRIGGER {name} BEFORE INSERT ON leadroute.leads FOR EACH ROW EXECUTE FUNCTION drop_third()"
        );
        for (how, path) in [("one by one", one_by_one as Path), ("at once", at_once)] {
            assert_same(&format!("{name} {how}"), &outcome_of(&setup, path), &rest);
        }
    }
}

#[test]
fn a_trigger_that_changes_rows() {
    let setup = "CREATE FUNCTION enrich() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN NEW.country := 'FR'; NEW.employees := coalesce(NEW.employees, 150); RETURN NEW; END $$;
        CREATE TRIGGER enrich BEFORE INSERT ON leadroute.leads FOR EACH ROW EXECUTE FUNCTION enrich()";
    let changed = outcome_of(setup, one_by_one);
    assert!(changed != reference(), "the trigger changes nothing");
    assert_same("a trigger that changes rows", &outcome_of(setup, at_once), &changed);
}

/// A trigger that inserts leads itself, in EXCEPTION blocks that undo some, beside rows that a conflict drops.
#[test]
fn a_trigger_that_inserts_leads() {
    let pair = "CREATE FUNCTION pair() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF NEW.external_id LIKE 'L%5' THEN
                INSERT INTO leadroute.leads (external_id, email, country, employees, score, industry)
                VALUES ('pair ' || NEW.external_id, 'pair-' || NEW.email, NEW.country, NEW.employees, 20, NEW.industry)
                    ON CONFLICT DO NOTHING;
                IF NEW.external_id LIKE 'L%25' THEN RAISE 'undone'; END IF;
            END IF;
            RETURN NEW;
        EXCEPTION WHEN raise_exception THEN RETURN NEW; END $$;";
    let twice = |client: &mut Client, _: &Leads| {
        run(
            client,
            "INSERT INTO leadroute.leads (id, COLUMNS) SELECT n + 5000, COLUMNS FROM source CROSS JOIN generate_series(1, 2) k
              ORDER BY n, k ON CONFLICT DO NOTHING",
        );
    };
    for name in ["a_pair", "zz_z_pair"] {
        let setup = format!(
            "{pair} CREATE TRIGGER {name} BEFORE INSERT ON leadroute.leads FOR EACH ROW EXECUTE FUNCTION pair()"
        );
        let alone = outcome_of(&setup, one_by_one);
        assert_same(&format!("{name} in one statement"), &outcome_of(&setup, at_once), &alone);
        assert_same(&format!("{name} beside conflicts"), &outcome_of(&setup, twice), &alone);
    }
}

/// AFTER triggers fire when all rows of the statement are there: the leads come in another order, but in turn.
#[test]
fn an_after_trigger_that_inserts_leads() {
    let database = Database::with_pool(3);
    let mut client = database.connect();
    run(
        &mut client,
        "CREATE FUNCTION pair() RETURNS trigger LANGUAGE plpgsql AS
             $$ BEGIN INSERT INTO leadroute.leads (company) VALUES ('pair'); RETURN NULL; END $$;
         CREATE TRIGGER pair AFTER INSERT ON leadroute.leads FOR EACH ROW WHEN (NEW.company IS NULL) EXECUTE FUNCTION pair();
         INSERT INTO leadroute.leads (email) SELECT n || '@acme.com' FROM generate_series(1, 5) n",
    );
    let owners = "SELECT string_agg(owner_id, ' ' ORDER BY id) FROM leadroute.leads";
    assert_eq!(text(&mut client, owners), "r1 r2 r3 r1 r2 r3 r1 r2 r3 r1");
    check_consistency(&mut client);
}

/// Ten thousand leads in one statement: each rep within one lead of the exact share, after every lead.
#[test]
fn ten_thousand_leads_in_exact_ratio() {
    let database = Database::with_pool(4);
    let mut client = database.connect();
    run(
        &mut client,
        "UPDATE leadroute.pool_members SET weight = ('{5,3,1.5,0.5}'::numeric[])[substr(rep_id, 2)::integer];
         INSERT INTO leadroute.leads (company) SELECT 'company ' || n FROM generate_series(1, 10000) n",
    );
    let worst = client
        .query_one(
            "SELECT count(*), max(abs(had - share * nth))::float8
               FROM (SELECT rep_id, weight / 10 AS share, nth, count(*) FILTER (WHERE owner_id = rep_id)
                                OVER (PARTITION BY rep_id ORDER BY nth) AS had
                       FROM leadroute.pool_members
                       CROSS JOIN (SELECT owner_id, row_number() OVER (ORDER BY id) AS nth FROM leadroute.leads) l) t",
            &[],
        )
        .unwrap();
    let (prefixes, worst): (i64, f64) = (worst.get(0), worst.get(1));
    assert_eq!(prefixes, 40_000);
    assert!(worst <= 1.0, "somebody is {worst} leads from the exact share");
    check_consistency(&mut client);
}
