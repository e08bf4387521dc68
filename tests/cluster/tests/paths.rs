//! Every way into the table gives the same decisions as inserting the leads one by one.

use leadroute_cluster_tests::paths::{
    assert_same, at_once, one_by_one, outcome_of, reference, run, same, Leads, Path, COLUMNS,
};
use leadroute_cluster_tests::{has_merge, text};
use postgres::Client;
use std::io::{Read, Write};

/// Every layer must have decided something, or the comparison says little; and each lead has its decision.
#[test]
fn the_set_touches_every_layer() {
    let current =
        |line: &&String| line.contains("\"cause\": \"insert\"") && line.contains("\"is_current\": true");
    assert_eq!(reference().iter().filter(current).count(), 1100);
    for said in [
        "\"layer\": \"domain_rule\"",
        "\"layer\": \"duplicate\"",
        "\"layer\": \"customer\"",
        "\"layer\": \"recycle\"",
        "\"layer\": \"named_account\"",
        "\"layer\": \"tier\"",
        "\"layer\": \"distribution\"",
        "\"layer\": \"fallback\"",
        "\"expansion\": true",
        "\"why\": \"daily_cap\"",
        "\"why\": \"weekly_cap\"",
        "\"code\": \"cooled_off\"",
        "\"notice\": \"fallback\"",
        "\"owner_id\": \"lea\"",
        "\"by\": \"least_loaded\", \"rep\": \"gus\"",
    ] {
        let times = reference().iter().filter(|line| line.contains(said)).count();
        assert!(times > 1, "{said} is there {times} times");
    }
}

#[test]
fn several_rows_of_one_statement() {
    let in_sevens: Path = |client, leads| {
        for tuples in leads.tuples.chunks(7) {
            let values = tuples.join(", ");
            run(client, &format!("INSERT INTO leadroute.leads (COLUMNS) VALUES {values}"));
        }
    };
    let values: Path = |client, leads| {
        run(client, &format!("INSERT INTO leadroute.leads (COLUMNS) VALUES {}", leads.tuples.join(", ")));
    };
    let view: Path = |client, _| {
        run(client, "CREATE VIEW form AS SELECT COLUMNS FROM leadroute.leads; INSERT INTO form SELECT COLUMNS FROM source ORDER BY n");
    };
    same(&[
        ("VALUES", values),
        ("VALUES in sevens", in_sevens),
        ("INSERT SELECT", at_once),
        ("a view", view),
    ]);
}

fn copy(client: &mut Client, format: &str, freeze: &str) {
    let out = format!("COPY (SELECT {COLUMNS} FROM source ORDER BY n) TO STDOUT WITH (FORMAT {format})");
    let mut data = Vec::new();
    client.copy_out(&out).unwrap().read_to_end(&mut data).unwrap();
    let into = format!("COPY leadroute.leads ({COLUMNS}) FROM STDIN WITH (FORMAT {format}{freeze})");
    let mut writer = client.copy_in(&into).unwrap();
    writer.write_all(&data).unwrap();
    writer.finish().unwrap();
}

#[test]
fn copy_in_every_format() {
    let frozen: Path = |client, _| {
        client.batch_execute("BEGIN; TRUNCATE leadroute.leads").unwrap();
        copy(client, "text", ", FREEZE");
        client.batch_execute("COMMIT").unwrap();
    };
    same(&[
        ("COPY text", |client, _| copy(client, "text", "")),
        ("COPY csv", |client, _| copy(client, "csv", "")),
        ("COPY binary", |client, _| copy(client, "binary", "")),
        ("COPY FREEZE", frozen),
    ]);
}

fn merge(client: &mut Client, leads: &Leads) {
    if !has_merge(client) {
        return at_once(client, leads);
    }
    // The order of the rows is that of the join.
    run(client, "SET enable_hashjoin = off; SET enable_mergejoin = off");
    let values: Vec<String> = COLUMNS.split(", ").map(|column| format!("s.{column}")).collect();
    let values = values.join(", ");
    run(
        client,
        &format!(
            "MERGE INTO leadroute.leads t USING (SELECT * FROM source ORDER BY n) s ON t.external_id = s.external_id
              WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT (COLUMNS) VALUES ({values})"
        ),
    );
}

fn returning(client: &mut Client, _: &Leads) {
    run(
        client,
        "CREATE TABLE log (external_id text, owner_id text, queue text, decision_id bigint);
         WITH i AS (INSERT INTO leadroute.leads (COLUMNS) SELECT COLUMNS FROM source ORDER BY n RETURNING *)
         INSERT INTO log SELECT external_id, owner_id, queue, decision_id FROM i;
         DO $$ BEGIN ASSERT (SELECT count(*) FROM log JOIN leadroute.decisions d ON d.id = log.decision_id
                              AND (d.owner_id, d.queue) IS NOT DISTINCT FROM (log.owner_id, log.queue)) = 1100; END $$",
    );
}

/// The second insert pulls the rows of the first: they come in turns.
fn feeding(client: &mut Client, _: &Leads) {
    run(
        client,
        "WITH odd AS (INSERT INTO leadroute.leads (COLUMNS) SELECT COLUMNS FROM source WHERE n % 2 = 1 ORDER BY n
                      RETURNING external_id)
         INSERT INTO leadroute.leads (COLUMNS)
         SELECT s.* FROM odd CROSS JOIN LATERAL (SELECT COLUMNS FROM source
                 WHERE n = substr(odd.external_id, 2)::integer + 1 OFFSET 0) s",
    );
}

fn in_turn(client: &mut Client, _: &Leads) {
    run(
        client,
        "WITH a AS (INSERT INTO leadroute.leads (COLUMNS) SELECT COLUMNS FROM source WHERE n <= 500 ORDER BY n RETURNING 1),
              b AS (INSERT INTO leadroute.leads (COLUMNS) SELECT COLUMNS FROM source
                     WHERE n > 500 AND (SELECT count(*) FROM a) = 500 ORDER BY n RETURNING 1)
         SELECT count(*) FROM b",
    );
}

#[test]
fn merge_and_common_table_expressions() {
    same(&[("MERGE", merge), ("RETURNING", returning), ("a CTE that feeds", feeding), ("two CTEs", in_turn)]);
}

/// `EXECUTE` of a prepared INSERT, with a plan for each execution or one for all.
fn prepared(client: &mut Client, leads: &Leads, mode: &str) {
    let parameters: Vec<String> = (1..=leads.types.len()).map(|n| format!("${n}")).collect();
    run(
        client,
        &format!(
            "SET plan_cache_mode = {mode}; PREPARE insert_lead ({}) AS INSERT INTO leadroute.leads (COLUMNS) VALUES ({})",
            leads.types.join(", "),
            parameters.join(", ")
        ),
    );
    for tuple in &leads.tuples {
        run(client, &format!("EXECUTE insert_lead {tuple}"));
    }
}

/// An INSERT whose parameters are all text.
fn with_parameters(leads: &Leads) -> String {
    let parameters: Vec<String> =
        leads.types.iter().enumerate().map(|(n, kind)| format!("${}::text::{kind}", n + 1)).collect();
    format!("INSERT INTO leadroute.leads ({COLUMNS}) VALUES ({})", parameters.join(", "))
}

#[test]
fn prepared_statements() {
    let extended: Path = |client, leads| {
        let statement = client.prepare(&with_parameters(leads)).unwrap();
        for row in &leads.values {
            let row: Vec<_> = row.iter().map(|value| value as _).collect();
            client.execute(&statement, &row).unwrap();
        }
    };
    same(&[
        ("PREPARE, custom plans", |client, leads| prepared(client, leads, "force_custom_plan")),
        ("PREPARE, a generic plan", |client, leads| prepared(client, leads, "force_generic_plan")),
        ("the extended protocol", extended),
    ]);
}

const ADD: &str = "CREATE FUNCTION add(which integer) RETURNS text LANGUAGE sql AS
    $$ INSERT INTO leadroute.leads (COLUMNS) SELECT COLUMNS FROM source WHERE n = which RETURNING owner_id $$;";

fn looped(client: &mut Client, _: &Leads) {
    run(
        client,
        "DO $$ BEGIN FOR i IN 1..1100 LOOP
             INSERT INTO leadroute.leads (COLUMNS) SELECT COLUMNS FROM source WHERE n = i; END LOOP; END $$",
    );
}

fn caught(client: &mut Client, _: &Leads) {
    run(
        client,
        "DO $$ BEGIN FOR i IN 1..1100 LOOP
             BEGIN
                 INSERT INTO leadroute.leads (COLUMNS) SELECT COLUMNS FROM source WHERE n BETWEEN i AND i + i % 3;
                 IF i % 2 = 0 THEN RAISE 'undone'; END IF;
                 INSERT INTO leadroute.leads (COLUMNS) SELECT COLUMNS FROM source WHERE n = i;
             EXCEPTION WHEN raise_exception OR unique_violation THEN
                 INSERT INTO leadroute.leads (COLUMNS) SELECT COLUMNS FROM source WHERE n = i;
             END;
         END LOOP; END $$",
    );
}

fn function(client: &mut Client, _: &Leads) {
    run(client, ADD);
    run(client, "SELECT add(n) FROM (SELECT n FROM source ORDER BY n) s");
}

/// The source of a statement inserts leads itself.
fn nested(client: &mut Client, _: &Leads) {
    run(client, ADD);
    run(
        client,
        "INSERT INTO leadroute.leads (COLUMNS) SELECT COLUMNS
           FROM (SELECT * FROM source WHERE n % 2 = 0 ORDER BY n OFFSET 0) s
          CROSS JOIN LATERAL (SELECT add(s.n - 1) OFFSET 0) a",
    );
}

#[test]
fn loops_functions_and_exception_blocks() {
    same(&[
        ("a loop", looped),
        ("EXCEPTION", caught),
        ("a function", function),
        ("within a statement", nested),
    ]);
}

#[test]
fn savepoints() {
    let each: Path = |client, leads| {
        let inserts = leads.tuples.iter().enumerate().map(|(n, tuple)| {
            let insert = format!("INSERT INTO leadroute.leads ({COLUMNS}) VALUES {tuple};");
            match n % 3 {
                0 => insert,
                1 => format!("SAVEPOINT s; {insert} ROLLBACK TO s; {insert} RELEASE s;"),
                _ => format!(
                    "SAVEPOINT s; SAVEPOINT t; {insert} RELEASE t; ROLLBACK TO s; {insert} RELEASE s;"
                ),
            }
        });
        let inserts: String = inserts.collect();
        run(client, &format!("BEGIN; {inserts} COMMIT"));
    };
    let whole: Path = |client, leads| {
        client.batch_execute("BEGIN; SAVEPOINT s").unwrap();
        at_once(client, leads);
        client.batch_execute("ROLLBACK TO s").unwrap();
        at_once(client, leads);
        client.batch_execute("COMMIT").unwrap();
    };
    same(&[("a savepoint for each", each), ("all rolled back, and again", whole)]);
}

#[test]
fn every_isolation_level() {
    let bulk = |client: &mut Client, leads: &Leads, level: &str| {
        client.batch_execute(&format!("BEGIN ISOLATION LEVEL {level}")).unwrap();
        at_once(client, leads);
        client.batch_execute("COMMIT").unwrap();
    };
    let single = |client: &mut Client, leads: &Leads, level: &str| {
        client.batch_execute(&format!("BEGIN ISOLATION LEVEL {level}")).unwrap();
        one_by_one(client, leads);
        client.batch_execute("COMMIT").unwrap();
    };
    for level in ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"] {
        let is = outcome_of("", |client, leads| bulk(client, leads, level));
        assert_same(&format!("one statement at {level}"), &is, reference());
        let is = outcome_of("", |client, leads| single(client, leads, level));
        assert_same(&format!("one transaction at {level}"), &is, reference());
    }
}

#[test]
fn the_trigger_of_another_table() {
    let each: Path = |client, _| {
        run(
            client,
            "CREATE TABLE form (LIKE source); ALTER TABLE form ADD owner_id text;
             CREATE FUNCTION submit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                 INSERT INTO leadroute.leads (COLUMNS) SELECT COLUMNS FROM (SELECT NEW.*) s
                     RETURNING leads.owner_id INTO NEW.owner_id;
                 RETURN NEW; END $$;
             CREATE TRIGGER submit BEFORE INSERT ON form FOR EACH ROW EXECUTE FUNCTION submit();
             INSERT INTO form SELECT * FROM source ORDER BY n;
             DO $$ BEGIN ASSERT NOT EXISTS (SELECT FROM form JOIN leadroute.leads l USING (external_id)
                                             WHERE form.owner_id IS DISTINCT FROM l.owner_id); END $$",
        );
    };
    let all: Path = |client, _| {
        run(
            client,
            "CREATE TABLE form (LIKE source);
             CREATE FUNCTION submit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                 INSERT INTO leadroute.leads (COLUMNS) SELECT COLUMNS FROM new_rows ORDER BY n; RETURN NULL; END $$;
             CREATE TRIGGER submit AFTER INSERT ON form REFERENCING NEW TABLE AS new_rows
                 FOR EACH STATEMENT EXECUTE FUNCTION submit();
             INSERT INTO form SELECT * FROM source",
        );
    };
    same(&[("a row trigger", each), ("a statement trigger", all)]);
}

/// Several statements in flight on one connection, in transactions of their own or in one; among them some that fail.
async fn pipelined(database: String, leads: &Leads, in_one: bool) -> Result<(), tokio_postgres::Error> {
    let place = |name: &str| std::env::var(name).unwrap();
    let (host, port, user) = (place("PGHOST"), place("PGPORT"), place("PGUSER"));
    let place = format!("host={host} port={port} user={user} dbname={database}");
    let (client, connection) = tokio_postgres::connect(&place, tokio_postgres::NoTls).await?;
    tokio::spawn(connection);
    let insert = client.prepare(&with_parameters(leads)).await?;
    let fail = client.prepare("SELECT 1 / $1::integer").await?;
    if in_one {
        client.batch_execute("BEGIN").await?;
    }
    let (client, insert, fail) = (&client, &insert, &fail);
    let send = |(n, row): (usize, &Vec<Option<String>>)| {
        let row = row.clone();
        async move {
            let (inserted, failed) = futures_util::join!(client.execute_raw(insert, row), async {
                match n % 10 == 0 && !in_one {
                    true => Some(client.query_one(fail, &[&0]).await.is_err()),
                    false => None,
                }
            });
            assert_ne!(failed, Some(false));
            inserted
        }
    };
    futures_util::future::try_join_all(leads.values.iter().enumerate().map(send)).await?;
    client.batch_execute(if in_one { "COMMIT" } else { "" }).await
}

#[test]
fn clients_that_do_not_wait_for_the_answer() {
    let pipeline = |client: &mut Client, leads: &Leads, in_one| {
        let database = text(client, "SELECT current_database()::text");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(pipelined(database, leads, in_one)).unwrap();
    };
    let one_message: Path = |client, leads| {
        let insert = |tuple| format!("INSERT INTO leadroute.leads ({COLUMNS}) VALUES {tuple};");
        let inserts: String = leads.tuples.iter().map(insert).collect();
        client.batch_execute(&inserts).unwrap();
    };
    same(&[("several statements in a message", one_message)]);
    for (name, in_one) in [("a pipeline", false), ("a pipeline in a transaction", true)] {
        let is = outcome_of("", |client, leads| pipeline(client, leads, in_one));
        assert_same(name, &is, reference());
    }
}
