//! Everything that can be set, from the environment.

use std::time::Duration;

/// What the listener works with.
pub struct Config {
    /// Where the database is.
    pub database: postgres::Config,
    /// Where notifications go; `-` is nowhere.
    pub webhook_url: String,
    /// Key of the signature.
    pub webhook_secret: String,
    /// By which name the outbox knows us.
    pub consumer: String,
    /// How many notifications are taken at once.
    pub batch: i32,
    /// How long they are ours, in seconds.
    pub lease: Duration,
    /// How long a post may take.
    pub timeout: Duration,
    /// How long a listener that is not woken sleeps.
    pub nap: Duration,
}

impl Config {
    /// Reads the environment; the error says which variable is wrong.
    pub fn from_environment() -> Result<Self, String> {
        Ok(Self {
            database: database()?,
            webhook_url: required("WEBHOOK_URL")?,
            webhook_secret: required("WEBHOOK_SECRET")?,
            consumer: variable("CONSUMER").unwrap_or_else(|| "webhook".to_owned()),
            batch: number("BATCH", 100)?,
            lease: Duration::from_secs(number("LEASE_SECONDS", 60)?),
            timeout: Duration::from_secs(number("TIMEOUT_SECONDS", 10)?),
            nap: Duration::from_secs(number("NAP_SECONDS", 5)?),
        })
    }
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn required(name: &str) -> Result<String, String> {
    variable(name).ok_or_else(|| format!("{name} is not set"))
}

fn number<T: std::str::FromStr + PartialOrd + From<u8>>(name: &str, default: T) -> Result<T, String> {
    let Some(value) = variable(name) else {
        return Ok(default);
    };
    let number = value.parse().ok().filter(|number| *number >= T::from(1));
    number.ok_or_else(|| format!("{name} must be a number from 1 on, not {value:?}"))
}

/// `DATABASE_URL`, or the variables that psql knows.
fn database() -> Result<postgres::Config, String> {
    if let Some(url) = variable("DATABASE_URL") {
        return url.parse().map_err(|error| format!("DATABASE_URL: {error}"));
    }
    let mut config = postgres::Config::new();
    config.host(&variable("PGHOST").unwrap_or_else(|| "localhost".to_owned()));
    config.port(number("PGPORT", 5432)?);
    let user = variable("PGUSER").or_else(|| variable("USER")).ok_or("PGUSER is not set")?;
    config.dbname(&variable("PGDATABASE").unwrap_or_else(|| user.clone()));
    config.user(&user);
    if let Some(password) = variable("PGPASSWORD") {
        config.password(password);
    }
    Ok(config)
}
