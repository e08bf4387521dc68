//! The outbox as a listener sees it. Each call is a transaction of its own, so nothing is held open while we post.

use crate::config::Config;
use leadroute_examples::listening;
use postgres::{Client, Error, NoTls};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// A notification that is ours until its lease ends.
pub struct Notification {
    /// Its key.
    pub id: i64,
    /// All of it as JSON, as it is posted.
    pub body: String,
}

/// A session.
pub struct Outbox {
    client: Client,
}

impl Outbox {
    /// Connects and listens.
    pub fn connect(config: &Config) -> Result<Self, Error> {
        let mut client = config.database.connect(NoTls)?;
        listening::listen(&mut client)?;
        Ok(Self { client })
    }

    /// What is there to deliver; at most one of a lead.
    pub fn take(&mut self, config: &Config) -> Result<Vec<Notification>, Error> {
        let rows = self.client.query(
            "SELECT n.id, to_jsonb(n)::text FROM leadroute.take_notifications($1, $2, make_interval(secs => $3)) n",
            &[&config.consumer, &config.batch, &config.lease.as_secs_f64()],
        )?;
        Ok(rows.iter().map(|row| Notification { id: row.get(0), body: row.get(1) }).collect())
    }

    /// Notes what was delivered and forgets it.
    pub fn acknowledge(&mut self, delivered: &mut Vec<i64>) -> Result<(), Error> {
        if !delivered.is_empty() {
            self.client.execute("SELECT leadroute.ack_notifications($1)", &[delivered])?;
            delivered.clear();
        }
        Ok(())
    }

    /// Gives back what was not delivered, to be taken again after `retry_in`.
    pub fn release(&mut self, config: &Config, ids: &[i64], retry_in: Duration) -> Result<(), Error> {
        if !ids.is_empty() {
            self.client.execute(
                "SELECT leadroute.release_notifications($1, $2, make_interval(secs => $3))",
                &[&config.consumer, &ids, &retry_in.as_secs_f64()],
            )?;
        }
        Ok(())
    }

    /// Sleeps until there may be something to deliver.
    pub fn sleep(&mut self, config: &Config, stop: &AtomicBool) -> Result<(), Error> {
        listening::sleep(&mut self.client, "SELECT leadroute.doze()", &[], config.nap, stop)
    }
}
