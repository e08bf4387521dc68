//! Sequences do not roll back. Where work is undone on purpose, the values that it has drawn are given back, as far as
//! nobody else has drawn any since.

use crate::db::pg::{catalog, spi};
use pgrx::pg_sys::{self, Datum, Oid};
use pgrx::IntoDatum;

/// Drawing takes `RowExclusiveLock` until the transaction ends, which this excludes.
const LOCK: i32 = pg_sys::ShareRowExclusiveLock as i32;

/// `last_value` and `is_called`.
type State = (i64, bool);

struct Sequence {
    name: &'static str,
    oid: Oid,
    before: State,
    drawn_to: State,
}

/// Sequences from which nobody else draws until [`Borrowed::release`].
pub struct Borrowed(Vec<Sequence>);

impl Borrowed {
    /// Takes those of the extension from which no other open transaction has drawn; nothing is waited for.
    pub fn take(names: &[&'static str]) -> Self {
        let take = |name: &&'static str| {
            let oid = catalog::relation(name);
            // SAFETY: an existing sequence.
            let is_free = unsafe { pg_sys::ConditionalLockRelationOid(oid, LOCK) };
            let before = if is_free { state(name) } else { return None };
            Some(Sequence { name, oid, before, drawn_to: before })
        };
        Self(names.iter().filter_map(take).collect())
    }

    /// Notes what has been drawn, and lets others draw again: in the subtransaction that took them, whose end by an error
    /// does the same.
    pub fn release(&mut self) {
        for sequence in &mut self.0 {
            sequence.drawn_to = state(sequence.name);
            // SAFETY: locked by `take`.
            unsafe { pg_sys::UnlockRelationOid(sequence.oid, LOCK) };
        }
    }

    /// Sets each back where it stood, unless somebody has drawn from it since it was released.
    pub fn give_back(self) {
        for Sequence { name, oid, before, drawn_to } in self.0 {
            // SAFETY: an existing sequence; the lock is released below.
            if before == drawn_to || !unsafe { pg_sys::ConditionalLockRelationOid(oid, LOCK) } {
                continue;
            }
            if state(name) == drawn_to {
                let arguments = [Some(Datum::from(oid)), Some(Datum::from(before.0)), before.1.into_datum()];
                // SAFETY: setval of an existing sequence.
                unsafe { pgrx::direct_function_call::<i64>(pg_sys::setval3_oid, &arguments) };
            }
            // SAFETY: locked above.
            unsafe { pg_sys::UnlockRelationOid(oid, LOCK) };
        }
    }
}

fn state(name: &str) -> State {
    let sql = format!("SELECT last_value, is_called FROM leadroute.{}", spi::quoted(name));
    let states = spi::ask((sql, Vec::new()), &[], true, |row| Some((row.get(1)?, row.get(2)?)));
    states.into_iter().flatten().next().unwrap_or_default()
}
