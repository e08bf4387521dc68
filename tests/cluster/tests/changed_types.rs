//! Changed types: a DBA gives a column of the extension another type, another name, or takes it away. Routing then says
//! what is wrong, or lets the lead wait in `catch_all`; no backend dies, and nothing is an internal error.

use leadroute_cluster_tests::roles::{deaths_in_log, list, log_size, Survivor};
use leadroute_cluster_tests::{check_consistency, text, Database};
use std::collections::BTreeMap;
use std::thread;

/// What is done to a column `{c}` of table `{t}`. Where PostgreSQL does not take the first way, the second is tried, if there
/// is one: in it rows keep no value.
const CHANGES: [&[&str]; 11] = [
    &[
        "ALTER TABLE {t} ALTER {c} TYPE bigint USING (random() * 1e15)::bigint",
        "ALTER TABLE {t} ALTER {c} TYPE bigint USING NULL",
    ],
    &[
        "ALTER TABLE {t} ALTER {c} TYPE text USING md5(random()::text)",
        "ALTER TABLE {t} ALTER {c} TYPE text USING NULL",
    ],
    &[
        "ALTER TABLE {t} ALTER {c} TYPE numeric USING random()::numeric",
        "ALTER TABLE {t} ALTER {c} TYPE numeric USING NULL",
    ],
    &[
        "ALTER TABLE {t} ALTER {c} TYPE jsonb USING to_jsonb(random())",
        "ALTER TABLE {t} ALTER {c} TYPE jsonb USING NULL",
    ],
    &[
        "ALTER TABLE {t} ALTER {c} TYPE boolean USING true",
        "ALTER TABLE {t} ALTER {c} TYPE boolean USING NULL",
    ],
    &[
        "ALTER TABLE {t} ALTER {c} TYPE text[] USING ARRAY[random()::text, NULL]",
        "ALTER TABLE {t} ALTER {c} TYPE text[] USING NULL",
    ],
    &[
        "ALTER TABLE {t} ALTER {c} TYPE varchar(3) USING NULL",
        "ALTER TABLE {t} ALTER {c} TYPE varchar(40) USING random()::text",
    ],
    &["ALTER TABLE {t} RENAME {c} TO renamed"],
    &["ALTER TABLE {t} DROP {c}"],
    &["ALTER TABLE {t} DROP {c}, ADD {c} text", "ALTER TABLE {t} ALTER {c} DROP NOT NULL, ADD aa int[]"],
    &[
        "ALTER TABLE {t} ALTER {c} SET DEFAULT NULL, ADD aa jsonb DEFAULT '[]'",
        "ALTER TABLE {t} ADD aa jsonb DEFAULT '[]'",
    ],
];

/// What would keep PostgreSQL from that, and a DBA takes away first.
const FREE: &str = "DO $$ DECLARE o record; BEGIN
    FOR o IN SELECT k.conrelid::regclass AS place, k.conname FROM pg_constraint k JOIN pg_attribute a ON a.attname = '{c}'
              WHERE a.attrelid = '{t}'::regclass AND k.contype IN ('c', 'f')
                AND (k.conrelid = a.attrelid AND a.attnum = ANY (k.conkey) OR k.confrelid = a.attrelid AND a.attnum = ANY (k.confkey)) LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', o.place, o.conname);
    END LOOP;
    FOR o IN SELECT DISTINCT i.indexrelid::regclass AS index FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attname = '{c}'
               JOIN pg_depend d ON (d.objid, d.refobjid, d.refobjsubid) = (i.indexrelid, a.attrelid, a.attnum)
              WHERE i.indrelid = '{t}'::regclass AND (i.indpred IS NOT NULL OR i.indexprs IS NOT NULL)
                AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid) LOOP
        EXECUTE format('DROP INDEX %s', o.index);
    END LOOP;
    EXECUTE 'ALTER TABLE {t} ALTER \"{c}\" DROP IDENTITY IF EXISTS';
    EXECUTE 'ALTER TABLE {t} ALTER \"{c}\" DROP DEFAULT';
END $$";

/// What routing reads and writes: leads of an account, a contact, a domain rule, a pool, a person who is there already.
const WORK: &str = r#"INSERT INTO leadroute.leads (email, country, employees, score, event) VALUES ('a@customer.com', 'DE', 50, 20, 'demo_request'), ('known@gmail.com', 'FR', 500, 2, NULL), ('x@rival.com', NULL, NULL, NULL, NULL), ('new@new.com', 'UK', 50, 30, 'webinar'), ('A@customer.com', 'DE', 3, 3, NULL)
INSERT INTO leadroute.leads (email, industry) VALUES ('field@field.com', 'factory') RETURNING owner_id
SELECT leadroute.route_lead('{"email": "b@cooled.com", "external_id": "x", "country": "DE", "employees": 7, "score": 30}')
SELECT leadroute.preview_route('{"email": "b@away.com", "attributes": {"vip": true}}')
INSERT INTO public.crm_lead (email) VALUES ('crm@crm.com')
UPDATE public.crm_lead SET owner = 'bob'
SELECT leadroute.escalate_overdue(as_of => now() + interval '1 year')
SELECT leadroute.transfer_lead(1, 'bob'), leadroute.reroute_lead(2), leadroute.explain_decision(1)
SELECT leadroute.record_event(1, 'demo_request'), leadroute.record_response(1, 'bob')
SELECT leadroute.assign_queued(), leadroute.merge_duplicates(), leadroute.refresh_performance(), leadroute.check_rates()
SELECT leadroute.ack_notifications(ARRAY[id]) FROM leadroute.take_notifications('tool', 3)
SELECT count(*) FROM leadroute.config_problems
SELECT count(*) FROM leadroute.lint_config()
SELECT count(*) FROM leadroute.routing_health
SELECT count(*) FROM leadroute.pool_fairness, leadroute.rep_load
UPDATE leadroute.reps SET id = 'kym' WHERE id = 'kim'
DELETE FROM leadroute.leads WHERE id = 3
DELETE FROM public.crm_lead"#;

/// What came of the changes of some columns.
#[derive(Default)]
struct Outcome {
    changed: u32,
    deaths: Vec<String>,
    internal: Vec<String>,
    codes: BTreeMap<String, u32>,
}

impl Outcome {
    fn note(&mut self, what: &str, error: &str) {
        // each once
        if error.starts_with("XX") && !self.internal.iter().any(|line| line.ends_with(error)) {
            self.internal.push(format!("{what}: {error}"));
        }
        let code = error.split(' ').next().unwrap_or_default();
        *self.codes.entry(code.to_owned()).or_default() += 1;
    }
}

/// Changes a column in the first way that PostgreSQL takes; answers how.
fn change_column(session: &mut Survivor, table: &str, column: &str, ways: &[&str]) -> Option<String> {
    let free = FREE.replace("{t}", table).replace("{c}", column.trim_matches('"'));
    let changes = ways.iter().map(|sql| sql.replace("{t}", table).replace("{c}", column));
    for change in changes {
        if session.run(&format!("BEGIN; SET LOCAL lock_timeout = '10s'; {free}; {change}")).is_none() {
            return Some(change);
        }
        session.run("ROLLBACK");
    }
    None
}

/// Has routing work with a changed column, and takes the change back.
fn try_change(session: &mut Survivor, change: &str, outcome: &mut Outcome) {
    outcome.changed += 1;
    for sql in WORK.lines() {
        let Some(error) = session.run(&format!("SAVEPOINT s; {sql}; RELEASE s")) else { continue };
        outcome.note(&format!("{change}; {sql}"), &error);
        if error == "died" {
            assert!(
                session.deaths.len() < 5,
                "backends died:\n{}\nafter {change}",
                session.deaths.join("\n")
            );
            return;
        }
        session.run("ROLLBACK TO s");
    }
    session.run("ROLLBACK");
}

/// A database in which every layer has something to decide, and some leads.
fn company() -> Database {
    let database = Database::empty();
    let mut client = database.connect();
    client.batch_execute(include_str!("../src/paths/company.sql")).unwrap();
    client
        .batch_execute(
            r#"CREATE TABLE public.crm_lead (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), email text, owner text);
               SELECT leadroute.attach('public.crm_lead', '{"email": "email", "owner_id": "owner"}');
               INSERT INTO public.crm_lead (email) VALUES ('there@crm.com');
               INSERT INTO leadroute.schedules VALUES ('office');
               INSERT INTO leadroute.schedule_hours SELECT 'office', n, '00:00', '23:59' FROM generate_series(1, 7) n;
               INSERT INTO leadroute.holidays VALUES ('office', '2020-01-01', 'new year');
               UPDATE leadroute.reps SET schedule = 'office' WHERE id IN ('ann', 'bob');
               INSERT INTO leadroute.leads (email, country, employees, score) VALUES
                   ('p@p.com', 'DE', 50, 20), ('P@p.com', 'DE', 50, 20), ('q@q.com', 'DE', 500, 20), ('r@r.com', NULL, NULL, NULL)"#,
        )
        .unwrap();
    database
}

/// Every column of the tables whose turn it is, changed in every way.
fn change_columns(part: usize, parts: usize) -> Outcome {
    let database = company();
    let mut session = Survivor::new(&database);
    let columns = "SELECT format('leadroute.%I %I', c.relname, a.attname) FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
                    WHERE c.relnamespace = 'leadroute'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped ORDER BY 1";
    let columns = list(&mut session.client, columns);
    assert!(columns.len() > 200, "only {} columns", columns.len());
    let mut outcome = Outcome::default();
    for column in columns.iter().skip(part).step_by(parts) {
        let (table, column) = column.split_once(' ').expect("a table and a column");
        for change in &CHANGES {
            if let Some(change) = change_column(&mut session, table, column, change) {
                try_change(&mut session, &change, &mut outcome);
            }
        }
    }
    let insert = "INSERT INTO leadroute.leads (email, country, employees, score) VALUES ('z@z.com', 'DE', 50, 20) RETURNING status::text";
    assert_eq!(text(&mut session.client, insert), "assigned", "it is as before");
    check_consistency(&mut session.client);
    outcome.deaths = session.deaths;
    outcome
}

/// Whatever a DBA makes of a column, nothing is read as what it is not.
#[test]
fn every_column_with_another_type() {
    let database = Database::empty();
    let mut watcher = database.connect();
    let begin = log_size(&mut watcher);
    let parts: Vec<_> = (0..2).map(|part| thread::spawn(move || change_columns(part, 2))).collect();
    for part in parts {
        let outcome = part.join().expect("the changes of a part");
        println!("{} changes, errors: {:?}", outcome.changed, outcome.codes);
        assert_eq!(outcome.deaths, Vec::<String>::new());
        assert_eq!(outcome.internal, Vec::<String>::new(), "internal errors");
        assert!(outcome.changed > 300, "only {} changes could be made", outcome.changed);
    }
    assert_eq!(deaths_in_log(&mut watcher, begin), Vec::<String>::new());
}
