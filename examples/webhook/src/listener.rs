//! The loop: take, post, acknowledge; sleep when there is nothing; start again when the database goes away.

use crate::config::Config;
use crate::outbox::{Notification, Outbox};
use crate::webhook::{Answer, Webhook};
use leadroute_examples::backoff::{pause, Backoff};
use postgres::Error;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// A refusal is tried again, in case the receiver is mended; it shows in stuck_notifications meanwhile.
const AFTER_REFUSAL: Duration = Duration::from_secs(15 * 60);
/// Between batches that were not full: leads that come one by one are then taken together.
const GATHER: Duration = Duration::from_millis(20);
/// The receiver may ask for a longer pause than ours, but not for ever.
const LONGEST_WISH: Duration = Duration::from_secs(300);

struct Listener<'a> {
    config: &'a Config,
    stop: &'a AtomicBool,
    webhook: Webhook<'a>,
    /// Delivered, but not noted yet; kept when the connection is lost.
    delivered: Vec<i64>,
    /// Failures of the receiver in a row.
    failures: Backoff,
}

/// Works until `stop`.
pub fn run(config: &Config, stop: &AtomicBool) {
    let (delivered, failures) = (Vec::new(), Backoff::default());
    let mut listener = Listener { config, stop, webhook: Webhook::new(config), delivered, failures };
    let mut lost = Backoff::default();
    while !listener.is_stopped() {
        let Err(error) = listener.session(&mut lost) else {
            continue;
        };
        let length = lost.longer();
        eprintln!("leadroute-webhook: database: {error}; again in {} ms", length.as_millis());
        pause(length, stop);
    }
}

impl Listener<'_> {
    fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    fn session(&mut self, lost: &mut Backoff) -> Result<(), Error> {
        let mut outbox = Outbox::connect(self.config)?;
        outbox.acknowledge(&mut self.delivered)?;
        eprintln!("leadroute-webhook: listening as {}", self.config.consumer);
        while !self.is_stopped() {
            let begun = Instant::now();
            let taken = outbox.take(self.config)?;
            lost.reset();
            if taken.is_empty() {
                outbox.sleep(self.config, self.stop)?;
            } else {
                self.deliver(&mut outbox, &taken, begun)?;
            }
            let full = usize::try_from(self.config.batch).is_ok_and(|batch| taken.len() >= batch);
            if !full {
                pause(GATHER.saturating_sub(begun.elapsed()), self.stop);
            }
        }
        Ok(())
    }

    /// Posts what was taken; what there is no time left for is given back.
    fn deliver(&mut self, outbox: &mut Outbox, taken: &[Notification], begun: Instant) -> Result<(), Error> {
        let end = begun + self.config.lease.saturating_sub(self.config.timeout);
        let mut left = taken.iter();
        while let Some(notification) = left.as_slice().first() {
            if self.is_stopped() || Instant::now() > end {
                break;
            }
            match self.webhook.post(notification) {
                Answer::Delivered => {
                    eprintln!("leadroute-webhook: notification {} was delivered", notification.id);
                    self.delivered.push(notification.id);
                    self.failures.reset();
                    left.next();
                }
                Answer::Refused(why) => {
                    eprintln!("leadroute-webhook: notification {} was refused: {why}", notification.id);
                    outbox.release(self.config, &[notification.id], AFTER_REFUSAL)?;
                    left.next();
                }
                Answer::Later(why, wish) => {
                    // Others may be told of what was delivered so far.
                    outbox.acknowledge(&mut self.delivered)?;
                    let length = self.failures.longer().max(wish.unwrap_or_default().min(LONGEST_WISH));
                    eprintln!(
                        "leadroute-webhook: notification {}: {why}; again in {} ms",
                        notification.id,
                        length.as_millis()
                    );
                    pause(length, self.stop);
                }
            }
        }
        outbox.acknowledge(&mut self.delivered)?;
        let rest: Vec<i64> = left.map(|notification| notification.id).collect();
        outbox.release(self.config, &rest, Duration::ZERO)
    }
}
