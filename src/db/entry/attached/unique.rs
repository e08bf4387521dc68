//! What unique and exclusion indexes of a table allow once. Which rep owns a row, and what else routing writes into it, must not
//! make the statement of a user fail because another row has it, or is just being inserted with it.
//!
//! Of two sessions that route rows which would collide, one has the lock while it looks and inserts; the other waits for it
//! no longer than for a turn, and then sees the row, committed or not. Rows that an app changes by itself at that very moment are
//! not under the lock.

use crate::db::entry::attached::convert::{for_table, to_text};
use crate::db::entry::attached::mapping::{Column, Mapping, Row, Write};
use crate::db::entry::attached::owner;
use crate::db::entry::attached::partition::stored_row;
use crate::db::entry::attached::row_by_key::is_partitioned;
use crate::db::entry::attached::unique_index::Unique;
use crate::db::lead::row::LeadRow;
use crate::db::pg::catalog;
use crate::db::pg::index_clash::clashes;
use crate::db::pg::locks::{self, Class};
use crate::db::pg::security::AsTableOwner;
use crate::db::pg::spi;
use crate::db::pg::subtransaction::protect;
use crate::db::pg::tuple::Replaced;
use crate::db::settings::TURN_WAIT;
use pgrx::pg_sys::{self, Datum, Oid};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Instant;

thread_local! {
    /// Locks for rows that are not there yet, each with the subtransaction that took it.
    static LOCKED: RefCell<Vec<(pg_sys::SubTransactionId, i32)>> = const { RefCell::new(Vec::new()) };
    /// Milliseconds for which the row that is being routed has waited, for all reps and indexes together.
    static WAITED: Cell<i32> = const { Cell::new(0) };
}

/// The row that was routed last is there, or never will be: others may look.
pub fn row_is_there() {
    release_from(0);
}

fn release_from(place: usize) {
    WAITED.set(0);
    let locked = LOCKED.with_borrow_mut(|locked| locked.split_off(place.min(locked.len())));
    locked.into_iter().for_each(|(_, key)| locks::unlock(Class::Unique, key));
}

/// While a row that is there is written; then others may look. After an error the locks go with the subtransaction.
pub struct Looking(usize);

impl Looking {
    /// From now on.
    pub fn begin() -> Self {
        Self(LOCKED.with_borrow(Vec::len))
    }
}

impl Drop for Looking {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            release_from(self.0);
        }
    }
}

/// The locks are gone with the transaction.
pub fn transaction_ended() {
    LOCKED.take();
}

/// The same for a subtransaction that was rolled back.
pub fn subtransaction_aborted(ended: pg_sys::SubTransactionId) {
    LOCKED.with_borrow_mut(|locked| locked.retain(|(taken_in, _)| *taken_in < ended));
}

fn lock(key: i32) -> bool {
    let begun = Instant::now();
    let is_locked = locks::lock_within(Class::Unique, key, (TURN_WAIT.get() - WAITED.get()).max(0));
    let waited = i32::try_from(begun.elapsed().as_millis()).unwrap_or(i32::MAX);
    WAITED.set(WAITED.get().saturating_add(waited));
    if is_locked {
        // SAFETY: reads a number of the transaction.
        let subtransaction = unsafe { pg_sys::GetCurrentSubTransactionId() };
        LOCKED.with_borrow_mut(|locked| locked.push((subtransaction, key)));
    }
    is_locked
}

/// The first index that has another row beside which this one cannot stand.
pub fn broken<'a>(uniques: &'a [Unique], row: Row, key: &str, mapping: &Mapping) -> Option<&'a Unique> {
    collision(uniques.iter(), row, |other| other.key(mapping).text == key)
}

/// The same for a row of any table; `is_itself` tells whether a row that is there is the one that is written.
pub fn collision<'a>(
    mut uniques: impl Iterator<Item = &'a Unique>,
    row: Row,
    is_itself: impl Fn(Row) -> bool,
) -> Option<&'a Unique> {
    let table = row.relation();
    let is_broken = |unique: &&Unique| {
        // one that cannot be evaluated is left to PostgreSQL
        protect(|| {
            // a partition may belong to somebody else than the table that is attached
            let _owner = AsTableOwner::evaluating(catalog::owner_of(table));
            let row = spi::Row { tuple: row.tuple, desc: row.desc };
            let is_itself = |other: spi::Row| is_itself(Row { tuple: other.tuple, desc: other.desc });
            // SAFETY: the row is one of the table, which is locked.
            unsafe { clashes(row, [table, unique.index], lock, is_itself) }
        })
        .unwrap_or(false)
    };
    let first = uniques.next().filter(|_| is_locked(table))?;
    std::iter::once(first).chain(uniques).find(is_broken)
}

/// Whether a table is locked for writing by now. A partitioned one has no rows of its own.
fn is_locked(table: Oid) -> bool {
    let mode = pg_sys::RowExclusiveLock as pg_sys::LOCKMODE;
    // SAFETY: look-ups in the backend, which wait for nobody.
    unsafe {
        pg_sys::get_rel_relkind(table) as u8 == pg_sys::RELKIND_RELATION
            && pg_sys::ConditionalLockRelationOid(table, mode)
    }
}

/// What keeps the row of a lead from having an owner: another row that has the same. The lead is as it was decided.
pub fn problem(mapping: &Mapping, key: &str, value: &str, lead: &dyn Fn() -> LeadRow) -> Option<String> {
    let column = &mapping.owner.to;
    let is_of_owner = |unique: &Unique| unique.columns.contains(&column.column);
    let matter = |uniques: &[Unique]| uniques.iter().any(is_of_owner);
    let (row, uniques) = match owner::arriving(mapping, key) {
        Some(row) => Some(mapping.uniques(row.relation()))
            .filter(|uniques| matter(uniques))
            .map(|uniques| (row, uniques)),
        None => standing(mapping, key, matter),
    }?;
    let mut values = vec![(column, converted(value, column, mapping))];
    values.extend(outcome(&lead(), mapping));
    let written = with(row, &values);
    let broken = broken(&uniques, written, key, mapping).filter(|unique| is_of_owner(unique))?;
    Some(format!("would have a row that {} allows only once", broken.name))
}

/// A row as it stands in the table, with the indexes that it is in, if they matter.
fn standing(mapping: &Mapping, key: &str, matter: impl Fn(&[Unique]) -> bool) -> Option<(Row, Rc<[Unique]>)> {
    let those_of = |relation| Some(mapping.uniques(relation)).filter(|uniques| matter(uniques));
    if is_partitioned(mapping) {
        // each partition has its own
        let row = stored_row(mapping, key)?;
        return those_of(row.relation()).map(|uniques| (row, uniques));
    }
    let uniques = those_of(Oid::from(mapping.oid))?;
    Some((stored_row(mapping, key)?, uniques))
}

/// What routing writes beside the owner.
fn outcome<'a>(lead: &LeadRow, mapping: &'a Mapping) -> Vec<(&'a Column, Option<Datum>)> {
    let value = |write: &'a Write| {
        let (value, type_id) = lead.value(&write.field);
        // SAFETY: the value comes with its type.
        let text = value.map(|value| unsafe { to_text(value, type_id) });
        (&write.to, text.and_then(|text| converted(&text, &write.to, mapping)))
    };
    mapping.writes.iter().map(value).collect()
}

fn converted(text: &str, column: &Column, mapping: &Mapping) -> Option<Datum> {
    protect(|| for_table(text, column.type_id(), column.modifier, mapping.author())).ok().flatten()
}

fn with(row: Row, values: &[(&Column, Option<Datum>)]) -> Row {
    // SAFETY: the tuple has the descriptor.
    unsafe {
        let mut replaced = Replaced::none(row.desc);
        for (column, value) in values {
            replaced.set(row.number(&column.column) as usize - 1, *value);
        }
        Row { tuple: replaced.in_tuple(row.tuple), ..row }
    }
}

/// Of the changes of a row that is there, the columns that cannot be written, each with the index that refuses them. An owner
/// who was chosen for the row is not left out.
pub fn left_out(
    changes: &[(&Column, Option<Datum>)],
    chosen: Option<&Column>,
    mapping: &Mapping,
    key: &str,
) -> Vec<(String, String)> {
    let mut left_out: Vec<(String, String)> = Vec::new();
    let Some((row, uniques)) = standing(mapping, key, |uniques| !uniques.is_empty()) else {
        return left_out;
    };
    loop {
        let is_left_out = |column: &Column| left_out.iter().any(|(name, _)| *name == column.column);
        let rest: Vec<_> = changes.iter().copied().filter(|(column, _)| !is_left_out(column)).collect();
        let Some(unique) = broken(&uniques, with(row, &rest), key, mapping) else {
            return left_out;
        };
        let is_free = |column: &Column| chosen.is_none_or(|chosen| !std::ptr::eq(chosen, column));
        let refused = rest.iter().map(|(column, _)| *column);
        let refused = refused.filter(|column| unique.columns.contains(&column.column) && is_free(column));
        let before = left_out.len();
        let refused: Vec<_> = refused.map(|column| (column.column.clone(), unique.name.clone())).collect();
        left_out.extend(refused);
        if left_out.len() == before {
            return left_out;
        }
    }
}
