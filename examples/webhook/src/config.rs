//! Everything that can be set, from the environment.

use leadroute_examples::environment::{database, number, variable};
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

fn required(name: &str) -> Result<String, String> {
    variable(name).ok_or_else(|| format!("{name} is not set"))
}
