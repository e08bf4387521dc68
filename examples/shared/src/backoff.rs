//! Ever longer pauses after failures, with jitter, so that many listeners do not come back at once.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const FIRST: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(30);
/// How soon a signal is noticed.
const GLANCE: Duration = Duration::from_millis(50);

/// How many failures there were in a row.
#[derive(Default)]
pub struct Backoff(u32);

impl Backoff {
    /// All is well again.
    pub fn reset(&mut self) {
        self.0 = 0;
    }

    /// The next pause: a random part, a half at least, of 200 ms doubled for each failure, up to 30 s.
    pub fn longer(&mut self) -> Duration {
        let whole = FIRST.saturating_mul(1 << self.0.min(16)).min(LONGEST);
        self.0 = self.0.saturating_add(1);
        whole.mul_f64(0.5 + fastrand::f64() / 2.0)
    }
}

/// Sleeps, but not through a signal.
pub fn pause(length: Duration, stop: &AtomicBool) {
    let end = Instant::now() + length;
    while !stop.load(Ordering::Relaxed) {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return;
        }
        thread::sleep(left.min(GLANCE));
    }
}
