//! The Rust crate `postgres`. Through PgBouncer a statement must not be prepared under a name that another server
//! connection does not know: `query_typed` sends it unnamed, in one go.

use postgres::types::{ToSql, Type};
use postgres::{Client, GenericClient, NoTls};
use serde_json::json;
use std::env::var;
use std::io::Write;

const INSERT: &str = "INSERT INTO leadroute.leads (email, source) VALUES ($1, $2) RETURNING owner_id";
const KEYED: &str = "INSERT INTO leadroute.leads (external_id, source) VALUES ($1, $1) RETURNING owner_id";

/// One value, by a prepared statement or without.
fn value(
    client: &mut impl GenericClient,
    named: bool,
    sql: &str,
    parameters: &[(&(dyn ToSql + Sync), Type)],
) -> Result<String, postgres::Error> {
    if !named {
        return client.query_typed(sql, parameters).map(|rows| rows[0].get(0));
    }
    let values: Vec<_> = parameters.iter().map(|(value, _)| *value).collect();
    let statement = client.prepare(sql)?;
    client.query_one(&statement, &values).map(|row| row.get(0))
}

fn sqlstate(answer: Result<String, postgres::Error>) -> String {
    answer.unwrap_err().code().map(|code| code.code().to_owned()).unwrap_or_default()
}

fn main() -> Result<(), postgres::Error> {
    let (source, way) = (var("CLIENT").unwrap(), var("WAY").unwrap());
    let named = way == "direct";
    let place = ["PGHOST", "PGPORT", "PGUSER", "PGDATABASE"].map(|name| var(name).unwrap());
    let [host, port, user, database] = place;
    let mut client =
        Client::connect(&format!("host={host} port={port} user={user} dbname={database}"), NoTls)?;
    let client = &mut client;
    let email = |name: &str| format!("{name}@rust-{way}.com");

    let insert = |client: &mut Client, name: &str| {
        value(client, named, INSERT, &[(&email(name), Type::TEXT), (&source, Type::TEXT)])
    };
    let owners = [insert(client, "ada")?, insert(client, "bea")?, insert(client, "cas")?];
    assert!(owners[0] != owners[1] && owners[1] != owners[2] && owners[2] != owners[0], "{owners:?}");

    let lead = json!({"email": email("dan"), "source": source});
    let route = "SELECT leadroute.route_lead($1) ->> 'owner_id'";
    assert_eq!(value(client, named, route, &[(&lead, Type::JSONB)])?, owners[0]);

    // COPY is prepared: in a transaction it stays on one connection.
    let mut transaction = client.transaction()?;
    let mut copy = transaction.copy_in("COPY leadroute.leads (email, source) FROM STDIN")?;
    for n in 0..20 {
        writeln!(copy, "{}\t{source}", email(&format!("copy{n}"))).expect("a row");
    }
    copy.finish()?;
    transaction.commit()?;

    let mut transaction = client.transaction()?;
    value(&mut transaction, named, INSERT, &[(&email("undone"), Type::TEXT), (&source, Type::TEXT)])?;
    transaction.rollback()?;

    value(client, named, KEYED, &[(&source, Type::TEXT)])?;
    assert_eq!(sqlstate(value(client, named, KEYED, &[(&source, Type::TEXT)])), "23505");
    assert_eq!(sqlstate(value(client, named, route, &[(&json!([]), Type::JSONB)])), "22023");
    Ok(())
}
