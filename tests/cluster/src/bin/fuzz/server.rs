//! The server under test: sessions, a database of the fuzzer's own, and what the server tells.

use postgres::{Client, Config, NoTls, SimpleQueryMessage};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The role without special rights.
pub const PLAIN_ROLE: &str = "leadroute_fuzz";
/// Nothing may hang: what takes longer than this is ended by the server.
const OPTIONS: &str =
    "-c statement_timeout=5s -c lock_timeout=1s -c idle_in_transaction_session_timeout=60s \
                       -c client_min_messages=warning";

/// Any error of the fuzzer itself.
pub type Fault = Box<dyn std::error::Error + Send + Sync>;

/// What the server said of a statement, as error or as warning.
#[derive(Debug, Clone, Default)]
pub struct Said {
    /// SQLSTATE; empty if the error is not one of the server.
    pub sqlstate: String,
    /// The message.
    pub message: String,
    /// DETAIL.
    pub detail: String,
    /// CONTEXT.
    pub context: String,
}

impl From<&postgres::error::DbError> for Said {
    fn from(error: &postgres::error::DbError) -> Self {
        Self {
            sqlstate: error.code().code().to_owned(),
            message: error.message().to_owned(),
            detail: error.detail().unwrap_or_default().to_owned(),
            context: error.where_().unwrap_or_default().to_owned(),
        }
    }
}

impl From<&postgres::Error> for Said {
    fn from(error: &postgres::Error) -> Self {
        match error.as_db_error() {
            Some(error) => Self::from(error),
            None => Self { message: error.to_string(), ..Self::default() },
        }
    }
}

/// Warnings that came while a statement ran.
pub type Heard = Arc<Mutex<Vec<Said>>>;

fn config(database: &str) -> Result<Config, Fault> {
    let variable =
        |name: &str| std::env::var(name).map_err(|_| format!("{name} is not set: run tests/fuzz/run.sh"));
    let mut config = Config::new();
    config.host(&variable("PGHOST")?).user(&variable("PGUSER")?).port(variable("PGPORT")?.parse()?);
    config.dbname(database).application_name("leadroute fuzz");
    Ok(config)
}

/// A session of the superuser that sets things up.
pub fn administrator(database: &str) -> Result<Client, Fault> {
    Ok(config(database)?.options("-c client_min_messages=warning").connect(NoTls)?)
}

/// A session that is fuzzed, and its process id.
pub fn session(database: &str, superuser: bool, heard: &Heard) -> Result<(Client, i32), Fault> {
    let mut config = config(database)?;
    if !superuser {
        config.user(PLAIN_ROLE);
    }
    let heard = Arc::clone(heard);
    config.options(OPTIONS).notice_callback(move |notice| {
        heard.lock().unwrap_or_else(PoisonError::into_inner).push(Said::from(&notice));
    });
    let mut client = config.connect(NoTls)?;
    let pid = rows(&mut client, "SELECT pg_backend_pid()")?.concat().concat().parse()?;
    Ok((client, pid))
}

/// The same, however long the server takes to recover from a crash.
pub fn session_after_crash(database: &str, superuser: bool, heard: &Heard) -> Result<(Client, i32), Fault> {
    let end = Instant::now() + Duration::from_mins(1);
    loop {
        match session(database, superuser, heard) {
            Err(_) if Instant::now() < end => std::thread::sleep(Duration::from_millis(200)),
            other => return other,
        }
    }
}

/// The rows of a query as text, NULL as ''.
pub fn rows(client: &mut Client, sql: &str) -> Result<Vec<Vec<String>>, postgres::Error> {
    let rows = client.simple_query(sql)?.into_iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => {
            Some((0..row.len()).map(|n| row.get(n).unwrap_or_default().to_owned()).collect())
        }
        _ => None,
    });
    Ok(rows.collect())
}

/// A fresh database with the extension, a company, and tables that can be attached.
pub fn create_database(name: &str) -> Result<(), Fault> {
    let mut client = administrator("postgres")?;
    client.batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))?;
    client.batch_execute(&format!("CREATE DATABASE {name}"))?;
    if rows(&mut client, &format!("SELECT 1 FROM pg_roles WHERE rolname = '{PLAIN_ROLE}'"))?.is_empty() {
        client.batch_execute(&format!("CREATE ROLE {PLAIN_ROLE} LOGIN"))?;
    }
    let mut client = administrator(name)?;
    client.batch_execute("CREATE EXTENSION leadroute CASCADE")?;
    client.batch_execute(include_str!("setup.sql"))?;
    for statement in company() {
        client.batch_execute(statement).map_err(|error| format!("{statement}: {error:?}"))?;
    }
    Ok(())
}

/// What loads the company; each statement can be repeated.
pub fn company() -> impl Iterator<Item = &'static str> {
    include_str!("company.sql").split(";\n").map(str::trim).filter(|statement| !statement.is_empty())
}

/// Removes the database and the role.
pub fn drop_database(name: &str) -> Result<(), Fault> {
    let mut client = administrator("postgres")?;
    client.batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))?;
    client.batch_execute(&format!("DROP ROLE IF EXISTS {PLAIN_ROLE}"))?;
    Ok(())
}
