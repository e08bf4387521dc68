//! What comes to us: answers that providers deliver later, and reports of presence.

use crate::callback;
use crate::desk::log;
use crate::providers::read;
use crate::requests::{describe, is_lasting, Database, Ticket};
use crate::settings::Settings;
use serde_json::{json, Value};
use std::io::Read;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tiny_http::{Header, Method, Request, Response, Server};

/// No request is longer.
const LONGEST: u64 = 4 << 20;
/// How soon a signal is noticed.
const GLANCE: Duration = Duration::from_millis(200);

/// A status, and what goes with it.
type Reply = (u16, Value);

/// Takes requests until `stop`, one at a time.
pub fn run(settings: &Settings, server: &Server, stop: &AtomicBool) {
    let mut desk = Desk { settings, database: None };
    while !stop.load(Ordering::Relaxed) {
        match server.recv_timeout(GLANCE) {
            Ok(Some(mut request)) => {
                let (status, body) = desk.reply(&mut request).unwrap_or_else(|reply| reply);
                // whoever is not there any more asks again
                let _ = request.respond(Response::from_string(body.to_string()).with_status_code(status));
            }
            Ok(None) => {}
            Err(error) => eprintln!("leadroute-worker: server: {error}"),
        }
    }
}

struct Desk<'a> {
    settings: &'a Settings,
    database: Option<Database>,
}

impl Desk<'_> {
    fn reply(&mut self, request: &mut Request) -> Result<Reply, Reply> {
        if *request.method() != Method::Post {
            return Err((405, json!({"error": "only POST is allowed"})));
        }
        if request.url() == "/presence" {
            let sent = request.headers().iter().find(|header| header.field.equiv("Authorization"));
            let wanted = self.settings.presence_secret.as_ref().map(|secret| format!("Bearer {secret}"));
            let knows = |(wanted, sent): (String, &Header)| callback::is_secret(&wanted, sent.value.as_str());
            if !wanted.zip(sent).is_some_and(knows) {
                return Err((403, json!({"error": "Authorization must be Bearer and PRESENCE_SECRET"})));
            }
            return self.presence(&body(request)?);
        }
        let ticket = callback::ticket(self.settings, request.url());
        let ticket = ticket.ok_or_else(|| (404, json!({"error": "there is no such address"})))?;
        self.answer(&ticket, &body(request)?)
    }

    /// The provider tries again after 503; after all else it need not.
    fn answer(&mut self, ticket: &Ticket, body: &Value) -> Result<Reply, Reply> {
        let Some(provider) = self.settings.file.providers.get(&ticket.provider) else {
            return Err((404, json!({"error": "the provider is not in the settings"})));
        };
        match read(provider, ticket, body) {
            Ok(said) => {
                self.with_database(|database| database.write(ticket, &said))?;
                log(ticket, "is answered");
                Ok((200, json!({})))
            }
            // the request stays, and is made again once it is no longer put off
            Err(problem) => {
                log(ticket, &problem);
                Ok((200, json!({"error": problem})))
            }
        }
    }

    /// `[{"rep": "ann", "presence": "away"}]`: of a rep the last counts; in one order, so that two do not deadlock.
    fn presence(&mut self, body: &Value) -> Result<Reply, Reply> {
        let reports = body.as_array().ok_or_else(|| (400, json!({"error": "must be a list"})))?;
        let mut latest = std::collections::BTreeMap::new();
        for report in reports {
            let text = |key: &str| report.get(key).and_then(Value::as_str).map(str::to_owned);
            let (Some(rep), Some(presence)) = (text("rep"), text("presence")) else {
                return Err((400, json!({"error": "each needs rep and presence", "report": report})));
            };
            latest.insert(rep, presence);
        }
        let latest: Vec<(String, String)> = latest.into_iter().collect();
        let problems = self.with_database(|database| database.set_presence(&latest))?;
        Ok((200, json!({"noted": latest.len() - problems.len(), "problems": problems})))
    }

    fn with_database<T>(
        &mut self,
        work: impl Fn(&mut Database) -> Result<T, postgres::Error>,
    ) -> Result<T, Reply> {
        let gone =
            |error: &postgres::Error| (503, json!({"error": format!("database: {}", describe(error))}));
        let mut database = match self.database.take() {
            Some(database) => database,
            None => Database::connect(self.settings).map_err(|error| gone(&error))?,
        };
        match work(&mut database) {
            Ok(done) => {
                self.database = Some(database);
                Ok(done)
            }
            Err(error) if is_lasting(&error) => {
                self.database = Some(database);
                Err((422, json!({"error": describe(&error)})))
            }
            // with a new connection next time
            Err(error) => Err(gone(&error)),
        }
    }
}

fn body(request: &mut Request) -> Result<Value, Reply> {
    let mut text = String::new();
    let read = request.as_reader().take(LONGEST).read_to_string(&mut text);
    read.map_err(|error| (400, json!({"error": error.to_string()})))?;
    serde_json::from_str(&text).map_err(|error| (400, json!({"error": format!("is no JSON: {error}")})))
}
