//! One set of leads for every way into the table: a company in which each layer decides some of them, and
//! all that routing made of them.

use crate::Database;
use postgres::Client;
use std::fmt::Write;
use std::sync::OnceLock;

/// The columns of `source` that a lead has.
pub const COLUMNS: &str =
    "external_id, email, first_name, phone, company, website, crm_account_id, country, industry, \
     employees, annual_revenue, product, language, score, event, occurred_at, attributes";

/// A way to insert the leads of `source`.
pub type Path = fn(&mut Client, &Leads);

/// The leads of `source` in their order, as text.
pub struct Leads {
    /// Their columns.
    pub values: Vec<Vec<Option<String>>>,
    /// The same as SQL: `('L0001', …)`.
    pub tuples: Vec<String>,
    /// The types of the columns.
    pub types: Vec<String>,
}

impl Leads {
    fn read(client: &mut Client) -> Self {
        let columns: Vec<&str> = COLUMNS.split(", ").collect();
        let list = |format: &str| -> Vec<String> {
            columns.iter().map(|column| format.replace('?', column)).collect()
        };
        let sql = format!("SELECT {} FROM source ORDER BY n", list("?::text").join(", "));
        let rows = client.query(&sql, &[]).unwrap();
        let values = rows.iter().map(|row| (0..columns.len()).map(|n| row.get(n)).collect()).collect();
        let sql = format!(
            "SELECT '(' || concat_ws(', ', {}) || ')' FROM source ORDER BY n",
            list("quote_nullable(?)").join(", ")
        );
        let tuples = client.query(&sql, &[]).unwrap().iter().map(|row| row.get(0)).collect();
        let sql = format!("SELECT {} FROM source LIMIT 1", list("pg_typeof(?)::text").join(", "));
        let row = client.query_one(&sql, &[]).unwrap();
        let types = (0..columns.len()).map(|n| row.get(n)).collect();
        Self { values, tuples, types }
    }
}

/// A database with the company, `source`, and what `setup` adds.
pub fn company(setup: &str) -> (Database, Client, Leads) {
    let database = Database::empty();
    let mut client = database.connect();
    for sql in [include_str!("paths/company.sql"), include_str!("paths/set.sql"), setup] {
        client.batch_execute(sql).unwrap();
    }
    let leads = Leads::read(&mut client);
    (database, client, leads)
}

/// All that routing has set, a line a fact.
pub fn outcome(client: &mut Client) -> Vec<String> {
    let rows = client.query(include_str!("paths/outcome.sql"), &[]).unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

/// What a path makes of the leads.
pub fn outcome_of(setup: &str, path: impl FnOnce(&mut Client, &Leads)) -> Vec<String> {
    let (_database, mut client, leads) = company(setup);
    path(&mut client, &leads);
    outcome(&mut client)
}

/// Each lead in a statement of its own.
pub fn one_by_one(client: &mut Client, leads: &Leads) {
    for tuple in &leads.tuples {
        client.batch_execute(&format!("INSERT INTO leadroute.leads ({COLUMNS}) VALUES {tuple}")).unwrap();
    }
}

/// Fails with the first differences.
pub fn assert_same(name: &str, is: &[String], should: &[String]) {
    let mut differences = String::new();
    let only = |these: &[String], those: &[String]| -> Vec<String> {
        let those: std::collections::HashSet<&String> = those.iter().collect();
        these.iter().filter(|line| !those.contains(line)).cloned().collect()
    };
    for (sign, lines) in [("is    ", only(is, should)), ("should", only(should, is))] {
        for line in lines.iter().take(3) {
            let _ = writeln!(differences, "{sign} {}", line.chars().take(1000).collect::<String>());
        }
        let _ = writeln!(differences, "{sign} {} lines differ", lines.len());
    }
    assert!(is == should, "{name} decides otherwise than one by one:\n{differences}");
}

/// What single inserts make of the leads.
pub fn reference() -> &'static [String] {
    static REFERENCE: OnceLock<Vec<String>> = OnceLock::new();
    REFERENCE.get_or_init(|| outcome_of("", one_by_one))
}

/// Fails if a path decides otherwise than single inserts.
pub fn same(paths: &[(&str, Path)]) {
    for (name, path) in paths {
        assert_same(name, &outcome_of("", path), reference());
    }
}

/// Runs SQL in which COLUMNS stands for the columns of a lead.
pub fn run(client: &mut Client, sql: &str) {
    let sql = sql.replace("COLUMNS", COLUMNS);
    client.batch_execute(&sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
}

/// All leads in one statement.
pub fn at_once(client: &mut Client, _: &Leads) {
    run(client, "INSERT INTO leadroute.leads (COLUMNS) SELECT COLUMNS FROM source ORDER BY n");
}
