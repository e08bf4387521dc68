//! Sleep of whoever has found nothing to do, until a transaction wakes it.

use postgres::fallible_iterator::FallibleIterator;
use postgres::types::ToSql;
use postgres::{Client, Error};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How soon a signal is noticed while we wait for the database.
const GLANCE: Duration = Duration::from_millis(200);

/// Hears when transactions write what somebody waits for.
pub fn listen(client: &mut Client) -> Result<(), Error> {
    client.batch_execute("LISTEN leadroute")
}

/// Sleeps until a transaction wakes us, or the nap is over: that one finds what a wake-up was missed for, and leases that
/// have ended. `doze` is a call of `leadroute.doze`, which says whether something is waiting already.
pub fn sleep(
    client: &mut Client,
    doze: &str,
    arguments: &[&(dyn ToSql + Sync)],
    nap: Duration,
    stop: &AtomicBool,
) -> Result<(), Error> {
    let is_waiting: bool = client.query_one(doze, arguments)?.get(0);
    if is_waiting {
        return Ok(());
    }
    let end = Instant::now() + nap;
    let mut woken = false;
    while !woken && !stop.load(Ordering::Relaxed) {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break;
        }
        woken = client.notifications().timeout_iter(left.min(GLANCE)).next()?.is_some();
    }
    client.query_one("SELECT leadroute.wake()", &[])?;
    // one transaction may have woken us, or many
    while client.notifications().iter().next()?.is_some() {}
    Ok(())
}
