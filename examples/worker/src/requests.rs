//! The database as the worker sees it: requests to providers are taken, and their answers written.

use crate::settings::Settings;
use postgres::fallible_iterator::FallibleIterator;
use postgres::types::Json;
use postgres::{Client, Error, NoTls};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How soon a signal is noticed while we wait for the database.
const GLANCE: Duration = Duration::from_millis(200);
const KINDS: [&str; 3] = ["qualify_requested", "enrich_requested", "sequence_requested"];

/// By what an answer finds its lead, also much later.
#[derive(Clone, Serialize, Deserialize)]
pub struct Ticket {
    /// The row of the outbox.
    pub notification: i64,
    /// Of which lead.
    pub lead: i64,
    /// `qualify_requested`, `enrich_requested` or `sequence_requested`.
    pub kind: String,
    /// Who is asked.
    pub provider: String,
    /// The key by which the answer counts once.
    pub request: String,
}

/// A request that is ours until its lease ends.
pub struct Request {
    /// By what the answer finds its lead.
    pub ticket: Ticket,
    /// What is known of the lead, and what is missing.
    pub payload: Value,
}

/// What a provider says of a lead.
#[derive(Debug, PartialEq)]
pub enum Said {
    /// For `apply_qualification`: the score, if it gives one, and why.
    Score(Option<serde_json::Number>, Value),
    /// For `apply_enrichment`.
    Fields(Map<String, Value>),
    /// It has the request, and that is all.
    Taken,
}

/// A session.
pub struct Database {
    client: Client,
}

impl Database {
    /// Connects.
    pub fn connect(settings: &Settings) -> Result<Self, Error> {
        Ok(Self { client: settings.database.connect(NoTls)? })
    }

    /// Hears when there is something to do.
    pub fn listen(&mut self) -> Result<(), Error> {
        self.client.batch_execute("LISTEN leadroute")
    }

    /// The next request, if there is one.
    pub fn take(&mut self, settings: &Settings) -> Result<Option<Request>, Error> {
        let row = self.client.query_opt(
            "SELECT n.id, n.lead_id, n.kind, n.payload
               FROM leadroute.take_notifications($1, 1, make_interval(secs => $2), kinds => $3) n",
            &[&settings.file.consumer, &settings.lease().as_secs_f64(), &KINDS.as_slice()],
        )?;
        Ok(row.map(|row| {
            let payload: Value = row.get(3);
            let text = |key: &str| payload.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
            let ticket = Ticket {
                notification: row.get(0),
                lead: row.get(1),
                kind: row.get(2),
                provider: text("provider"),
                request: text("request_id"),
            };
            Request { ticket, payload }
        }))
    }

    /// Writes an answer and acknowledges its request, both or neither. Written again, it changes nothing.
    pub fn write(&mut self, ticket: &Ticket, said: &Said) -> Result<(), Error> {
        let mut transaction = self.client.transaction()?;
        match said {
            Said::Score(score, reasons) => {
                let score = score.as_ref().map(ToString::to_string);
                transaction.execute(
                    "SELECT leadroute.apply_qualification($1, $2::text::numeric, $3, $4, $5)",
                    &[&ticket.lead, &score, reasons, &ticket.provider, &ticket.request],
                )?;
            }
            Said::Fields(fields) => {
                transaction.execute(
                    "SELECT leadroute.apply_enrichment($1, $2, $3, $4)",
                    &[&ticket.lead, &Json(fields), &ticket.provider, &ticket.request],
                )?;
            }
            Said::Taken => {}
        }
        transaction.execute("SELECT leadroute.ack_notifications($1)", &[&vec![ticket.notification]])?;
        transaction.commit()
    }

    /// Gives a request back, to be taken again after `retry_in`.
    pub fn release(&mut self, settings: &Settings, ticket: &Ticket, retry_in: Duration) -> Result<(), Error> {
        self.client.execute(
            "SELECT leadroute.release_notifications($1, $2, make_interval(secs => $3))",
            &[&settings.file.consumer, &vec![ticket.notification], &retry_in.as_secs_f64()],
        )?;
        Ok(())
    }

    /// Sleeps until a transaction asks for something, or the nap is over: that one finds leases that have ended.
    pub fn sleep(&mut self, settings: &Settings, stop: &AtomicBool) -> Result<(), Error> {
        let kinds = KINDS.as_slice();
        let waiting: bool = self.client.query_one("SELECT leadroute.doze($1)", &[&kinds])?.get(0);
        if waiting {
            return Ok(());
        }
        let end = Instant::now() + Duration::from_secs(settings.file.nap_seconds);
        let mut woken = false;
        while !woken && Instant::now() < end && !stop.load(Ordering::Relaxed) {
            woken = self.client.notifications().timeout_iter(GLANCE).next()?.is_some();
        }
        self.client.query_one("SELECT leadroute.wake()", &[])?;
        while self.client.notifications().iter().next()?.is_some() {}
        Ok(())
    }

    /// Makes the absences of a rep those of a calendar; how many changed.
    pub fn sync_absences(
        &mut self,
        source: &str,
        rep: &str,
        period: (f64, f64),
        entries: &Value,
    ) -> Result<i32, Error> {
        let row = self.client.query_one(
            "SELECT leadroute.sync_absences($1, $2, tstzrange(to_timestamp($3), to_timestamp($4)), $5)",
            &[&source, &rep, &period.0, &period.1, entries],
        )?;
        Ok(row.get(0))
    }

    /// Notes the presence of reps in one transaction; those that cannot be noted, and why.
    pub fn set_presence(&mut self, reports: &[(String, String)]) -> Result<Map<String, Value>, Error> {
        let mut problems = Map::new();
        let mut transaction = self.client.transaction()?;
        for (rep, presence) in reports {
            let mut one = transaction.savepoint("one")?;
            match one.execute("SELECT leadroute.set_presence($1, $2)", &[rep, presence]) {
                Ok(_) => one.commit()?,
                Err(error) if is_lasting(&error) => {
                    one.rollback()?;
                    problems.insert(rep.clone(), Value::String(describe(&error)));
                }
                Err(error) => return Err(error),
            }
        }
        transaction.commit()?;
        Ok(problems)
    }
}

/// Whether trying again would end the same: the database refuses what it was told.
pub fn is_lasting(error: &Error) -> bool {
    let Some(code) = error.code() else {
        return false;
    };
    // conflicts with other transactions, resources, locks, shutdowns, connections
    !["40", "53", "55", "57", "58", "08"].iter().any(|class| code.code().starts_with(class))
}

/// What the database says.
pub fn describe(error: &Error) -> String {
    error.as_db_error().map_or_else(|| error.to_string(), |said| said.message().to_owned())
}
