//! `assign_queued`: leads that wait in a queue go to a pool, at once when somebody is back (held leads), or after
//! the time that the queue gives people to take them.

use crate::db::lead::row::LeadRow;
use crate::db::pg::catalog;
use crate::db::pg::function::sql_function;
use crate::db::pg::security::AsOwner;
use crate::db::pg::spi::text;
use crate::db::pg::subtransaction::Failure;
use crate::db::pg::time::{now, TimeZones};
use crate::db::routing::batch::Batch;
use crate::db::routing::bulk_run::{self, Sweep};
use crate::db::routing::pending_decision::Wanted;
use crate::db::state::config::{self, Config};
use crate::db::state::moment::Moment;
use crate::db::{errors, queries};
use leadroute_engine::decision::cause::Cause;
use leadroute_engine::follow_up::auto_assign;
use pgrx::pg_sys::{self, Datum};
use pgrx::IntoDatum;
use std::cell::Cell;
use std::rc::Rc;

sql_function! {
    /// `leadroute.assign_queued(integer, timestamptz)`
    leadroute_assign_queued, pg_finfo_leadroute_assign_queued, assign_queued
}

unsafe fn assign_queued(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: as declared in SQL: strict, integer, timestamptz.
    let Some((batch, as_of, moment)) = (unsafe { bulk_run::arguments(fcinfo) }) else {
        return Datum::from(0);
    };
    let _owner = AsOwner::begin();
    catalog::lock_for_writing();
    let pools = queries::POOLS_WITH_LEADS.read(&[], |row| row.get::<String>(1));
    let mut left = batch;
    for pool in pools.into_iter().flatten() {
        left -= hand_out_to(&pool, as_of, moment.as_ref(), left);
    }
    Datum::from(batch - left)
}

/// Goes through the leads that wait for a pool until `most` have been assigned.
fn hand_out_to(pool: &str, as_of: Option<Datum>, moment: Option<&Rc<Moment>>, most: i32) -> i32 {
    let Config { rules, roster, .. } = moment.map_or_else(config::load, |moment| config::as_of(moment));
    let now = moment.map_or_else(now, |moment| moment.at);
    let is_gone = !rules.pools.contains_key(pool);
    let context = config::context(&rules, &roster, now, None);
    if !is_gone && !auto_assign::somebody_is_there(pool, context, &TimeZones) {
        return 0;
    }
    let cause = if is_gone { Cause::Reroute } else { Cause::AutoAssign };
    let work = |session: &mut Batch, id: &i64| hand_out(session, *id, pool, is_gone);
    let sweep = Sweep { cause, moment: moment.cloned(), work: &work, failed: &warn, waits: Cell::new(0) };
    let (mut assigned, mut seen) = (0, Vec::<i64>::new());
    while assigned < most && !sweep.is_over() {
        let arguments =
            [text(Some(pool)), as_of, seen.clone().into_datum(), Some(Datum::from(most - assigned))];
        let ids = queries::WAITING_FOR_POOL.returning(&arguments, |row| row.get::<i64>(1));
        let ids: Vec<i64> = ids.into_iter().flatten().collect();
        if ids.is_empty() {
            break;
        }
        assigned += i32::try_from(sweep.run(&ids)).unwrap_or(i32::MAX);
        seen.extend(ids);
    }
    assigned
}

/// Gives one lead to a rep of the pool. If the pool is deleted, nobody will ever be back: then the layers are
/// asked again.
fn hand_out(session: &mut Batch, id: i64, pool: &str, pool_is_gone: bool) -> Option<()> {
    let found = queries::LEAD_LOCK.returning(&[Some(Datum::from(id))], |row| {
        // SAFETY: the query returns rows of leads, valid during the callback.
        let row = unsafe { LeadRow::new(row.tuple, row.desc) };
        let wanted = if pool_is_gone { Wanted::Route } else { Wanted::HandOut { pool } };
        session.decide(&row, true, wanted).pending
    });
    session.revise(found.into_iter().next().flatten()?, None);
    Some(())
}

fn warn(id: &i64, failure: &Failure) {
    errors::warn_not_assigned(*id, &failure.sqlstate, &failure.message);
}
