//! `assign_queued`: leads that a pool holds while everybody is away go out when somebody is back.

use super::batch::Batch;
use super::function::{argument, sql_function};
use super::identity::AsOwner;
use super::rescue::Failure;
use super::row::LeadRow;
use super::spi::text;
use super::sweep::Sweep;
use super::{cache, errors, queries};
use leadroute_engine::{pipeline, queued};
use pgrx::pg_sys::{self, Datum};
use pgrx::FromDatum;

sql_function! {
    /// `leadroute.assign_queued(integer)`
    leadroute_assign_queued, pg_finfo_leadroute_assign_queued, assign_queued
}

unsafe fn assign_queued(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: as declared in SQL: strict, integer.
    let batch = unsafe { argument(fcinfo, 0).and_then(|datum| i32::from_datum(datum, false)) }.unwrap_or(0);
    if batch < 1 {
        errors::bad_batch(batch);
    }
    // SAFETY: reads a flag; a standby has nothing to write to.
    if unsafe { pg_sys::RecoveryInProgress() } {
        return Datum::from(0);
    }
    let _owner = AsOwner::begin();
    let pools = queries::HELD_POOLS.read(&[], |row| row.get::<String>(1));
    let mut left = batch;
    for pool in pools.into_iter().flatten() {
        left -= pool_assigned(&pool, left);
    }
    Datum::from(batch - left)
}

/// Goes through the held leads of a pool, oldest first, until `most` have been assigned.
fn pool_assigned(pool: &str, most: i32) -> i32 {
    let (rules, roster) = cache::load();
    let is_gone = !rules.pools.contains_key(pool);
    let world = super::batch::world(&rules, &roster, super::row::now());
    if !is_gone && !queued::somebody_is_there(pool, world, &super::zones::Clock) {
        return 0;
    }
    let cause = if is_gone { "reroute" } else { "auto_assign" };
    let (work, failed) = (|session: &mut Batch, id: &i64| hand_out(session, *id, is_gone), warn);
    let sweep = Sweep { cause, work: &work, failed: &failed };
    let (mut assigned, mut after) = (0, 0_i64);
    while assigned < most {
        let arguments = [text(Some(pool)), Some(Datum::from(after)), Some(Datum::from(most - assigned))];
        let ids: Vec<i64> =
            queries::HELD.returning(&arguments, |row| row.get::<i64>(1)).into_iter().flatten().collect();
        let Some(last) = ids.last() else {
            break;
        };
        after = *last;
        assigned += i32::try_from(sweep.run(&ids)).unwrap_or(i32::MAX);
    }
    assigned
}

/// Gives one locked lead to whoever is back. Of a pool that is gone nobody ever comes back: then the
/// layers are asked again.
fn hand_out(session: &mut Batch, id: i64, pool_is_gone: bool) -> Option<()> {
    let found = queries::LEAD_LOCK.returning(&[Some(Datum::from(id))], |row| {
        // SAFETY: the query returns rows of leads, valid during the callback.
        let row = unsafe { LeadRow::new(row.tuple, row.desc) };
        if row.get::<bool>("held") != Some(true) {
            return None;
        }
        let waiting = row.waiting();
        session.decide(&row, true, |world, odd, live| match pool_is_gone {
            true => Some(pipeline::route(row.lead(), odd, &[], world, live)),
            false => queued::hand_out(&waiting, world, live),
        })
    });
    session.revise(found.into_iter().next().flatten()?, None);
    Some(())
}

fn warn(id: &i64, failure: &Failure) {
    errors::warn_not_assigned(*id, &failure.sqlstate, &failure.message);
}
