//! The database as the worker sees it: requests to providers are taken, and their answers written.

use crate::settings::Settings;
use leadroute_examples::listening;
use postgres::{Client, Error, NoTls};
use serde::{Deserialize, Serialize};
use serde_json::{json, Map, Value};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// By what an answer finds its request, also much later.
#[derive(Clone, Serialize, Deserialize)]
pub struct Ticket {
    /// Of which lead.
    pub lead: i64,
    /// `qualify`, `enrich` or `sequence`.
    pub kind: String,
    /// Who is asked.
    pub provider: String,
    /// The key by which the answer counts once.
    pub request: String,
}

/// A request that is ours until its lease ends.
pub struct Request {
    /// By what the answer finds it.
    pub ticket: Ticket,
    /// What is known of the lead, and what is missing.
    pub payload: Value,
}

/// What a provider says of a lead.
#[derive(Debug, PartialEq)]
pub enum Said {
    /// The score, if it gives one, and why.
    Score(Option<serde_json::Number>, Value),
    /// Fields with their values.
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
        listening::listen(&mut self.client)
    }

    /// The next request to a provider, if there is one.
    pub fn take(&mut self, settings: &Settings, provider: &str) -> Result<Option<Request>, Error> {
        let row = self.client.query_opt(
            "SELECT r.request_id, r.lead_id, r.kind, r.payload
               FROM leadroute.take_requests($1, 1, make_interval(secs => $2), consumer => $3) r",
            &[&provider, &settings.lease().as_secs_f64(), &settings.file.consumer],
        )?;
        Ok(row.map(|row| {
            let ticket = Ticket {
                request: row.get(0),
                lead: row.get(1),
                kind: row.get(2),
                provider: provider.to_owned(),
            };
            Request { ticket, payload: row.get(3) }
        }))
    }

    /// Writes an answer, which acknowledges its request, both or neither. Written again, it changes nothing.
    pub fn write(&mut self, ticket: &Ticket, said: &Said) -> Result<(), Error> {
        let answer = match said {
            Said::Score(score, reasons) => Some(json!({"score": score, "reasons": reasons})),
            Said::Fields(fields) => Some(Value::Object(fields.clone())),
            Said::Taken => None,
        };
        self.client.execute(
            "SELECT leadroute.answer_request($1, $2, $3)",
            &[&ticket.provider, &ticket.request, &answer],
        )?;
        Ok(())
    }

    /// Gives a request back, to be taken again after `retry_in`.
    pub fn release(&mut self, settings: &Settings, ticket: &Ticket, retry_in: Duration) -> Result<(), Error> {
        self.client.execute(
            "SELECT leadroute.release_requests($1, $2, make_interval(secs => $3), $4)",
            &[&ticket.provider, &vec![&ticket.request], &retry_in.as_secs_f64(), &settings.file.consumer],
        )?;
        Ok(())
    }

    /// Sleeps until a transaction asks one of these providers for something, or the nap is over.
    pub fn sleep(&mut self, providers: &[&str], nap: Duration, stop: &AtomicBool) -> Result<(), Error> {
        let doze = "SELECT leadroute.doze(providers => $1)";
        listening::sleep(&mut self.client, doze, &[&providers], nap, stop)
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
