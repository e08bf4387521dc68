//! The loop of whoever asks: take a request, call the provider, write the answer. Several run side by side.

use crate::callback;
use crate::pauses::Pauses;
use crate::providers::{call, Answer};
use crate::requests::{describe, is_lasting, Database, Request, Said, Ticket};
use crate::settings::Settings;
use leadroute_examples::backoff::{pause, Backoff};
use postgres::Error;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How long a provider is left alone of which the database knows nothing.
const UNKNOWN: Duration = Duration::from_secs(60);

/// One who asks.
pub struct Desk<'a> {
    settings: &'a Settings,
    stop: &'a AtomicBool,
    pauses: &'a Pauses,
    /// Whom to ask, from whose turn it is on.
    providers: Vec<&'a str>,
    /// Answered, but not written yet; kept when the connection is lost.
    unwritten: Option<(Ticket, Said)>,
}

impl<'a> Desk<'a> {
    /// One who has nothing to do yet.
    pub fn new(settings: &'a Settings, stop: &'a AtomicBool, pauses: &'a Pauses) -> Self {
        let mut providers: Vec<&str> = settings.file.providers.keys().map(String::as_str).collect();
        fastrand::shuffle(&mut providers);
        Self { settings, stop, pauses, providers, unwritten: None }
    }

    /// Works until `stop`.
    pub fn run(&mut self) {
        let mut lost = Backoff::default();
        while !self.stop.load(Ordering::Relaxed) {
            let Err(error) = self.session(&mut lost) else {
                continue;
            };
            let length = lost.longer();
            eprintln!("leadroute-worker: database: {}; again in {} ms", describe(&error), length.as_millis());
            pause(length, self.stop);
        }
    }

    fn session(&mut self, lost: &mut Backoff) -> Result<(), Error> {
        let mut database = Database::connect(self.settings)?;
        database.listen()?;
        self.write(&mut database)?;
        while !self.stop.load(Ordering::Relaxed) {
            match self.take(&mut database)? {
                Some(request) => self.handle(&mut database, &request)?,
                None => self.sleep(&mut database)?,
            }
            lost.reset();
        }
        Ok(())
    }

    /// The next request to a provider that is not left alone. Each of them has its turn.
    fn take(&mut self, database: &mut Database) -> Result<Option<Request>, Error> {
        for _ in 0..self.providers.len() {
            self.providers.rotate_left(1);
            let Some(provider) = self.providers.last() else { break };
            if self.pauses.left(provider).is_some() {
                continue;
            }
            match database.take(self.settings, provider) {
                Ok(None) => {}
                Ok(Some(request)) => return Ok(Some(request)),
                // others go on
                Err(error) if is_lasting(&error) => {
                    let length = self.pauses.fail(provider, UNKNOWN);
                    eprintln!("leadroute-worker: {}; again in {} s", describe(&error), length.as_secs());
                }
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// Sleeps until there may be a request, or the pause of a provider ends.
    fn sleep(&self, database: &mut Database) -> Result<(), Error> {
        let left: Vec<Option<Duration>> =
            self.providers.iter().map(|provider| self.pauses.left(provider)).collect();
        let nap = Duration::from_secs(self.settings.file.nap_seconds);
        let nap = left.iter().flatten().copied().fold(nap, Duration::min);
        let asked = self.providers.iter().zip(&left).filter(|(_, left)| left.is_none());
        let asked: Vec<&str> = asked.map(|(provider, _)| *provider).collect();
        database.sleep(&asked, nap, self.stop)
    }

    fn handle(&mut self, database: &mut Database, request: &Request) -> Result<(), Error> {
        let ticket = &request.ticket;
        let put_off = Duration::from_secs(self.settings.file.put_off_seconds);
        let Some(provider) = self.settings.file.providers.get(&ticket.provider) else {
            return Ok(());
        };
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
