//! Trigger matrix: every trigger function of the extension, put where it does not belong, in every way that PostgreSQL
//! has. It ends with an error, or does nothing; no backend dies, and nothing is an internal error.

use leadroute_cluster_tests::roles::{deaths_in_log, list, log_size, Survivor, SCHEMAS};
use leadroute_cluster_tests::{check_consistency, text, Database};
use std::collections::BTreeMap;

/// A small table, a look-alike of leads, one with the same names and other types, one with partitions, a view.
const TABLES: &str = "
CREATE SCHEMA m;
CREATE TABLE m.small (id integer, note text);
INSERT INTO m.small VALUES (1, 'x'), (2, NULL);
CREATE TABLE m.look_alike AS TABLE leadroute.leads;
DO $$ BEGIN
    EXECUTE (SELECT format('CREATE TABLE m.other_types (%s)', string_agg(format('%I %s', attname, CASE atttypid::regtype::text
                        WHEN 'text' THEN 'bigint' WHEN 'bigint' THEN 'text' WHEN 'boolean' THEN 'text[]' WHEN 'jsonb' THEN 'integer' ELSE 'jsonb' END), ', ' ORDER BY attnum))
               FROM pg_attribute WHERE attrelid = 'leadroute.leads'::regclass AND attnum > 0 AND NOT attisdropped);
END $$;
INSERT INTO m.other_types (id, owner_id, email) VALUES ('1', 1, 1), (NULL, NULL, NULL);
CREATE TABLE m.parted (id bigint, owner_id text, status text) PARTITION BY RANGE (id);
CREATE TABLE m.parted_1 PARTITION OF m.parted DEFAULT;
INSERT INTO m.parted VALUES (1, 'r1', 'assigned'), (2, NULL, NULL);
CREATE VIEW m.seen AS SELECT * FROM m.small;
INSERT INTO leadroute.leads (email) VALUES ('a@a.com'), ('b@b.com');
INSERT INTO public.crm_lead (email) VALUES ('c@c.com');
INSERT INTO m.look_alike SELECT * FROM leadroute.leads;
CREATE SCHEMA saved;
CREATE TABLE saved.small AS TABLE m.small;
CREATE TABLE saved.look_alike AS TABLE m.look_alike;
CREATE TABLE saved.other_types AS TABLE m.other_types;
CREATE TABLE saved.parted AS TABLE m.parted;
";

const PLACES: [&str; 8] = [
    "m.small",
    "m.look_alike",
    "m.other_types",
    "m.parted",
    "m.parted_1",
    "m.seen",
    "leadroute.leads",
    "public.crm_lead",
];

/// What fires a trigger on a table, by event.
fn fires(table: &str, event: &str) -> Vec<String> {
    let own = match (table, event) {
        ("leadroute.leads" | "public.crm_lead", "INSERT") => "INSERT INTO {t} (email) VALUES ('new@new.com'), ('newer@new.com')",
        ("leadroute.leads" | "m.look_alike", "UPDATE") => {
            "UPDATE {t} SET owner_id = 'r2', queue = NULL, status = 'working', decision_id = NULL; UPDATE {t} SET owner_id = NULL, queue = 'catch_all', email = NULL, id = id + 1"
        }
        ("public.crm_lead", "UPDATE") => "UPDATE {t} SET owner = 'r2', email = NULL; UPDATE {t} SET owner = NULL, id = gen_random_uuid()",
        ("m.other_types", "UPDATE") => "UPDATE {t} SET owner_id = 7, id = 'x', status = 3; UPDATE {t} SET owner_id = NULL, id = NULL",
        (_, "UPDATE") => "UPDATE {t} SET id = 7; UPDATE {t} SET id = NULL",
        (_, "INSERT") => "INSERT INTO {t} SELECT * FROM {t}; INSERT INTO {t} (id) VALUES (NULL)",
        (_, "DELETE") => "DELETE FROM {t}",
        _ => "TRUNCATE {t} CASCADE",
    };
    own.replace("{t}", table).split("; ").map(str::to_owned).collect()
}

/// Arguments that a trigger may be given.
fn arguments() -> Vec<String> {
    let long = format!("'{}'", "9".repeat(70_000));
    vec![
        String::new(),
        "'1'".to_owned(),
        "'x'".to_owned(),
        long,
        "'id', 'leads.owner_id', '', '2147483648'".to_owned(),
        "'-1', 'reps'".to_owned(),
    ]
}

/// Every timing, level and event, with and without transition tables.
fn ways(is_view: bool) -> Vec<(String, String, &'static str)> {
    let mut ways = Vec::new();
    for event in ["INSERT", "UPDATE", "DELETE", "TRUNCATE"] {
        let tables = match event {
            "INSERT" => " REFERENCING NEW TABLE AS gone",
            "DELETE" => " REFERENCING OLD TABLE AS gone",
            "UPDATE" => " REFERENCING OLD TABLE AS gone NEW TABLE AS came",
            _ => "",
        };
        for timing in ["BEFORE", "AFTER", "INSTEAD OF"] {
            for level in ["ROW", "STATEMENT"] {
                // what PostgreSQL does not have
                let is_there = match timing {
                    "INSTEAD OF" => is_view && level == "ROW" && event != "TRUNCATE",
                    _ => {
                        level == "STATEMENT" && !(is_view && event == "TRUNCATE")
                            || !is_view && event != "TRUNCATE"
                    }
                };
                if is_there {
                    ways.push((format!("{timing} {event}"), format!("FOR EACH {level}"), event));
                    if timing == "AFTER" && !is_view && !tables.is_empty() {
                        ways.push((format!("AFTER {event}"), format!("{tables} FOR EACH {level}"), event));
                    }
                }
            }
        }
    }
    ways
}

/// What came of it: internal errors, and how often each code came.
#[derive(Default)]
struct Outcome {
    internal: Vec<String>,
    codes: BTreeMap<String, u32>,
}

impl Outcome {
    fn note(&mut self, sql: &str, error: Option<String>) {
        let error = error.unwrap_or_else(|| "none".to_owned());
        // each once
        if error.starts_with("XX") && !self.internal.iter().any(|line| line.ends_with(&error)) {
            self.internal.push(format!("{}: {error}", sql.chars().take(300).collect::<String>()));
        }
        *self.codes.entry(error.split(' ').next().unwrap_or_default().to_owned()).or_default() += 1;
    }
}

/// Where a function is put, and how it is fired there.
struct Place<'a> {
    create: String,
    table: &'a str,
    fire: String,
}

impl Place<'_> {
    /// Nothing stays.
    fn roll_back(&self, session: &mut Survivor, outcome: &mut Outcome) -> bool {
        let Self { create, fire, .. } = self;
        let sql = format!("BEGIN; {create}; {fire}; SET CONSTRAINTS ALL IMMEDIATE; ROLLBACK");
        let code = session.run(&sql);
        let went_well = code.is_none();
        if !went_well {
            session.run("ROLLBACK");
        }
        outcome.note(&sql, code);
        assert!(session.deaths.len() < 5, "backends died:\n{}", session.deaths.join("\n"));
        went_well
    }

    /// What the function left open must end well too.
    fn commit(&self, session: &mut Survivor, outcome: &mut Outcome) {
        let Self { create, table, fire } = self;
        let sql = format!(
            "BEGIN; {create}; SAVEPOINT s; {fire}; RELEASE s; DROP TRIGGER zzz_spy ON {table}; COMMIT"
        );
        let code = session.run(&sql);
        outcome.note(&sql, code);
        let filled = table.replace("m.seen", "m.small").replace("m.parted_1", "m.parted");
        let refill = format!(
            "ROLLBACK; TRUNCATE {filled}; INSERT INTO {filled} TABLE {}",
            filled.replace("m.", "saved.")
        );
        assert_eq!(session.run(&refill), None, "{refill}");
    }
}

/// Puts a function onto each table in every way and fires it.
fn try_function(session: &mut Survivor, function: &str, turn: usize, outcome: &mut Outcome) {
    let arguments = arguments();
    for (n, table) in PLACES.iter().enumerate() {
        for (way, (before, level, event)) in ways(*table == "m.seen").iter().enumerate() {
            // '1' everywhere, the others by turns
            for argument in ["'1'", &arguments[(turn + n + way) % arguments.len()]] {
                for (k, fire) in fires(table, event).into_iter().enumerate() {
                    let create = format!("CREATE TRIGGER zzz_spy {before} ON {table} {level} EXECUTE FUNCTION {function}({argument})");
                    let place = Place { create, table, fire };
                    if place.roll_back(session, outcome)
                        && table.starts_with("m.")
                        && argument == "'1'"
                        && k == 0
                    {
                        place.commit(session, outcome);
                    }
                }
            }
        }
    }
}

/// A trigger function is called by whoever puts it onto a table: it looks at what it was called for first.
#[test]
fn every_trigger_function_in_every_place() {
    let database = Database::with_pool(3);
    let mut session = Survivor::new(&database);
    session.client.batch_execute(TABLES).unwrap();
    let begin = log_size(&mut session.client);
    let mut watcher = database.connect();
    let functions = format!(
        "SELECT p.oid::regproc::text FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
          WHERE n.nspname IN {SCHEMAS} AND p.prorettype = 'trigger'::regtype ORDER BY 1"
    );
    let functions = list(&mut session.client, &functions);
    assert!(functions.len() > 20, "{functions:?}");
    let mut outcome = Outcome::default();
    for (turn, function) in functions.iter().enumerate() {
        try_function(&mut session, function, turn, &mut outcome);
    }
    println!("{} functions: {:?}", functions.len(), outcome.codes);
    assert_eq!(session.deaths, Vec::<String>::new());
    assert_eq!(outcome.internal, Vec::<String>::new(), "internal errors");
    assert_eq!(deaths_in_log(&mut session.client, begin), Vec::<String>::new());
    // A session that was there all the time still is: the server was not restarted.
    assert_eq!(text(&mut watcher, "SELECT 'here'"), "here");
    let insert =
        "INSERT INTO leadroute.leads (email) VALUES ('last@last.com') RETURNING owner_id IS NOT NULL";
    assert!(session.client.query_one(insert, &[]).unwrap().get::<_, bool>(0));
    check_consistency(&mut session.client);
}
