//! What all who ask share: a provider that fails gets a pause from all of them, and a request that fails a longer one.

use crate::requests::Ticket;
use leadroute_examples::backoff::Backoff;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A provider may ask for a longer pause than ours, but not for ever.
const LONGEST_WISH: Duration = Duration::from_secs(3600);
/// The longest pause between two attempts for one request.
const LONGEST: Duration = Duration::from_secs(300);

/// Who has failed, and until when they are left alone.
#[derive(Default)]
pub struct Pauses(Mutex<Failures>);

#[derive(Default)]
struct Failures {
    /// Until when a provider is left alone, and how often it has failed in a row.
    providers: HashMap<String, (Option<Instant>, Backoff)>,
    /// How often requests have failed.
    requests: HashMap<String, u32>,
}

impl Pauses {
    fn failures(&self) -> MutexGuard<'_, Failures> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long a provider is still left alone.
    pub fn left(&self, provider: &str) -> Option<Duration> {
        let left = self.failures().providers.get(provider)?.0?.saturating_duration_since(Instant::now());
        (!left.is_zero()).then_some(left)
    }

    /// The provider works; of the request nothing needs to be known any more.
    pub fn succeeded(&self, ticket: &Ticket) {
        let mut failures = self.failures();
        if let Some((_, in_a_row)) = failures.providers.get_mut(&ticket.provider) {
            // a pause that it has asked for meanwhile goes on
            in_a_row.reset();
        }
        failures.requests.remove(&ticket.request);
    }

    /// When the request is due again.
    pub fn failed(&self, ticket: &Ticket, wish: Option<Duration>) -> Duration {
        let length = self.fail(&ticket.provider, wish.unwrap_or_default().min(LONGEST_WISH));
        let mut failures = self.failures();
        let times = failures.requests.entry(ticket.request.clone()).or_default();
        *times += 1;
        Duration::from_millis(100).saturating_mul(1 << (*times).min(16)).min(LONGEST).max(length)
    }

    /// Leaves a provider alone, at least for so long, and longer each time; how long.
    pub fn fail(&self, provider: &str, at_least: Duration) -> Duration {
        let mut failures = self.failures();
        let (until, in_a_row) = failures.providers.entry(provider.to_owned()).or_default();
        let length = in_a_row.longer().max(at_least);
        *until = Some(until.unwrap_or_else(Instant::now).max(Instant::now() + length));
        length
    }
}
