//! The loop of whoever asks: take a request, call the provider, write the answer. Several run side by side.

use crate::backoff::{pause, Backoff};
use crate::callback;
use crate::providers::{call, Answer};
use crate::requests::{describe, is_lasting, Database, Request, Said, Ticket};
use crate::settings::Settings;
use postgres::Error;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A provider may ask for a longer pause than ours, but not for ever.
const LONGEST_WISH: Duration = Duration::from_secs(3600);
/// The longest pause between two attempts for one request.
const LONGEST: Duration = Duration::from_secs(300);

/// What all who ask share: a provider that fails gets a pause from all of them, and a request that fails a longer one.
#[derive(Default)]
pub struct Pauses(Mutex<Failures>);

#[derive(Default)]
struct Failures {
    /// Until when a provider is left alone, and how often it has failed in a row.
    providers: HashMap<String, (Option<Instant>, Backoff)>,
    /// How often requests have failed. Notifications count pauses of the provider as attempts, too.
    requests: HashMap<String, u32>,
}

impl Pauses {
    fn failures(&self) -> MutexGuard<'_, Failures> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn left(&self, provider: &str) -> Option<Duration> {
        let left = self.failures().providers.get(provider)?.0?.saturating_duration_since(Instant::now());
        (!left.is_zero()).then_some(left)
    }

    /// The provider works; of the request nothing needs to be known any more.
    fn succeeded(&self, ticket: &Ticket) {
        let mut failures = self.failures();
        if let Some((_, in_a_row)) = failures.providers.get_mut(&ticket.provider) {
            // a pause that it has asked for meanwhile goes on
            in_a_row.reset();
        }
        failures.requests.remove(&ticket.request);
    }

    /// When the request is due again.
    fn failed(&self, ticket: &Ticket, wish: Option<Duration>) -> Duration {
        let mut failures = self.failures();
        let (until, in_a_row) = failures.providers.entry(ticket.provider.clone()).or_default();
        let length = in_a_row.next().max(wish.unwrap_or_default().min(LONGEST_WISH));
        *until = Some(until.unwrap_or_else(Instant::now).max(Instant::now() + length));
        let times = failures.requests.entry(ticket.request.clone()).or_default();
        *times += 1;
        Duration::from_millis(100).saturating_mul(1 << (*times).min(16)).min(LONGEST).max(length)
    }
}

/// One who asks.
pub struct Desk<'a> {
    settings: &'a Settings,
    stop: &'a AtomicBool,
    pauses: &'a Pauses,
    /// Answered, but not written yet; kept when the connection is lost.
    unwritten: Option<(Ticket, Said)>,
}

impl<'a> Desk<'a> {
    /// One who has nothing to do yet.
    pub fn new(settings: &'a Settings, stop: &'a AtomicBool, pauses: &'a Pauses) -> Self {
        Self { settings, stop, pauses, unwritten: None }
    }

    /// Works until `stop`.
    pub fn run(&mut self) {
        let mut lost = Backoff::default();
        while !self.stop.load(Ordering::Relaxed) {
            let Err(error) = self.session(&mut lost) else {
                continue;
            };
            let length = lost.next();
            eprintln!("leadroute-worker: database: {}; again in {} ms", describe(&error), length.as_millis());
            pause(length, self.stop);
        }
    }

    fn session(&mut self, lost: &mut Backoff) -> Result<(), Error> {
        let mut database = Database::connect(self.settings)?;
        database.listen()?;
        self.write(&mut database)?;
        while !self.stop.load(Ordering::Relaxed) {
            match database.take(self.settings)? {
                Some(request) => self.handle(&mut database, &request)?,
                None => database.sleep(self.settings, self.stop)?,
            }
            lost.reset();
        }
        Ok(())
    }

    fn handle(&mut self, database: &mut Database, request: &Request) -> Result<(), Error> {
        let ticket = &request.ticket;
        let put_off = Duration::from_secs(self.settings.file.put_off_seconds);
        let Some(provider) = self.settings.file.providers.get(&ticket.provider) else {
            log(ticket, "the provider is not in the settings: put off");
            return database.release(self.settings, ticket, put_off);
        };
        if let Some(left) = self.pauses.left(&ticket.provider) {
            // not all at the same moment
            return database.release(self.settings, ticket, left.mul_f64(1.0 + fastrand::f64() / 10.0));
        }
        let callback = provider.asynchronous.then(|| callback::url(self.settings, ticket)).flatten();
        match call(provider, request, callback.as_deref()) {
            Answer::Said(said) => {
                self.pauses.succeeded(ticket);
                self.unwritten = Some((ticket.clone(), said));
                self.write(database)
            }
            Answer::Pending => {
                self.pauses.succeeded(ticket);
                log(ticket, "is answered later");
                database.release(self.settings, ticket, put_off)
            }
            Answer::Refused(why) => {
                log(ticket, &format!("{why}: put off"));
                database.release(self.settings, ticket, put_off)
            }
            Answer::Later(why, wish) => {
                let length = self.pauses.failed(ticket, wish);
                log(ticket, &format!("{why}; again in {} ms", length.as_millis()));
                database.release(self.settings, ticket, length)
            }
        }
    }

    /// Writes what is not written yet. What the database refuses is put off; all else is tried again.
    fn write(&mut self, database: &mut Database) -> Result<(), Error> {
        let Some((ticket, said)) = &self.unwritten else {
            return Ok(());
        };
        match database.write(ticket, said) {
            Ok(()) => log(ticket, "is answered"),
            Err(error) if is_lasting(&error) => {
                log(ticket, &format!("the database refuses the answer: {}", describe(&error)));
                database.release(
                    self.settings,
                    ticket,
                    Duration::from_secs(self.settings.file.put_off_seconds),
                )?;
            }
            Err(error) => return Err(error),
        }
        self.unwritten = None;
        Ok(())
    }
}

/// Says what became of a request.
pub fn log(ticket: &Ticket, what: &str) {
    eprintln!("leadroute-worker: {} of lead {} to {}: {what}", ticket.kind, ticket.lead, ticket.provider);
}
