//! `adopt_leads` for attached tables: rows that were in a table before it was attached become leads, some at a time. Only the rows of one batch are
//! locked; a row that somebody else has locked is left to another round.

use crate::db::entry::attached::lead::known_lead;
use crate::db::entry::attached::lead_of_row::Draft;
use crate::db::entry::attached::mapping::{mapping, Mapping, Row};
use crate::db::entry::attached::row_by_key::rows_of;
use crate::db::entry::attached::statement::{quoted, Statement};
use crate::db::entry::attached::unwritten_lead::{Before, Unwritten};
use crate::db::entry::attached::write_back;
use crate::db::entry::attached::{life, owner};
use crate::db::lead::row::LeadRow;
use crate::db::pg::catalog::{relation, sql_name};
use crate::db::pg::spi::text;
use crate::db::pg::subtransaction::Failure;
use crate::db::pg::tuple::composite_tuple;
use crate::db::routing::batch::Batch;
use crate::db::routing::bulk_run::Sweep;
use crate::db::{errors, queries};
use leadroute_engine::decision::cause::Cause;
use pgrx::pg_sys::{self, Datum, Oid};
use std::cell::Cell;
use std::rc::Rc;

/// Goes on with the first table that has rows left; answers at how many it has looked.
pub fn adopt_rows(batch: i32) -> i32 {
    let tables = queries::ADOPTIONS.read(&[], |row| row.get::<i32>(1));
    let mut tables = tables.into_iter().flatten().filter_map(mapping).filter(|mapping| mapping.trusted);
    // SAFETY: the lock on the table is held until the transaction ends, so it stays as it is.
    let seen = tables.find_map(|mapping| unsafe { adopt_next(&mapping, batch) }.filter(|seen| *seen > 0));
    seen.unwrap_or_default()
}

/// Goes on with a table; nothing where somebody has locked it, or is at it. Whoever attaches or drops the table locks it before
/// they say so in `adoptions`: the same order here.
unsafe fn adopt_next(mapping: &Rc<Mapping>, batch: i32) -> Option<i32> {
    let (table, mode) = (Oid::from(mapping.oid), pg_sys::RowExclusiveLock as pg_sys::LOCKMODE);
    // SAFETY: a plain call into the backend; a table that is gone has no mapping any more.
    if !unsafe { pg_sys::ConditionalLockRelationOid(table, mode) } {
        return None;
    }
    // as it is under the lock
    let mapping = self::mapping(mapping.table_no).filter(|mapping| mapping.trusted)?;
    let found = queries::ADOPTION.returning(&[Some(Datum::from(table))], |row| {
        (row.get::<bool>(1).unwrap_or_default(), row.get::<String>(2))
    });
    let (adopts, position) = found.into_iter().next()?;
    let position = position.and_then(|position| serde_json::from_str::<Vec<String>>(&position).ok());
    let position = position.filter(|values| values.len() == mapping.key.len());
    // SAFETY: the table is locked.
    Some(unsafe { adopt_some(&mapping, adopts, position, batch) })
}

/// The rows after a position, at most `batch`; answers how many there were.
unsafe fn adopt_some(mapping: &Rc<Mapping>, adopts: bool, position: Option<Vec<String>>, batch: i32) -> i32 {
    let share = pg_sys::AccessShareLock as pg_sys::LOCKMODE;
    // SAFETY: the table of a mapping is there while it is locked, and open while its rows are read.
    unsafe {
        let table = pg_sys::table_open(Oid::from(mapping.oid), share);
        let row = |tuple: &pg_sys::HeapTuple| Row { tuple: *tuple, desc: (*table).rd_att };
        let seen = rows(mapping, position.as_deref(), None, batch);
        let last = seen.last().map(|tuple| row(tuple).key(mapping).values);
        let locked = last
            .as_ref()
            .map(|last| rows(mapping, position.as_deref(), Some(last), batch))
            .unwrap_or_default();
        let work = |batch: &mut Batch, tuple: &pg_sys::HeapTuple| adopt(batch, row(tuple), mapping, adopts);
        let failed = |tuple: &pg_sys::HeapTuple, failure: &Failure| {
            let (key, table) = (row(tuple).key(mapping).text, sql_name(mapping.oid));
            errors::warn_not_adopted(&key, &table, &failure.sqlstate, &failure.message);
        };
        let sweep =
            Sweep { cause: Cause::Attach, moment: None, work: &work, failed: &failed, waits: Cell::new(0) };
        let adopted = sweep.run(&locked);
        // those whose locks were waited for too long as well
        let left = seen.len().saturating_sub(locked.len()) + usize::from(sweep.is_over());
        let counts = [seen.len(), adopted, left].map(|count| Some(Datum::from(count as i64)));
        let position = last.map(|last| serde_json::to_string(&last).unwrap_or_default());
        let [seen_rows, adopted, left] = counts;
        queries::ADOPTION_STEP.write(&[
            Some(Datum::from(Oid::from(mapping.oid))),
            text(position.as_deref()),
            seen_rows,
            adopted,
            left,
        ]);
        let count = seen.len() as i32;
        seen.into_iter().chain(locked).for_each(|tuple| pg_sys::heap_freetuple(tuple));
        pg_sys::table_close(table, share);
        count
    }
}

/// Copies of rows in the order of their keys: those after a position, and, locked, those of them up to another.
unsafe fn rows(
    mapping: &Mapping,
    after: Option<&[String]>,
    to: Option<&Vec<String>>,
    most: i32,
) -> Vec<pg_sys::HeapTuple> {
    let mut select = Statement::of(mapping.author());
    let columns: Vec<String> = mapping.key.iter().map(|key| quoted(&key.column)).collect();
    let columns = columns.join(", ");
    let mut compare = |operator: &str, values: &[String]| {
        let values = mapping.key.iter().zip(values).map(|(column, value)| select.text(value, column));
        format!(" AND ROW({columns}) {operator} ROW({})", values.collect::<Vec<_>>().join(", "))
    };
    let after = after.map(|after| compare(">", after)).unwrap_or_default();
    let locking = if to.is_some() { " FOR NO KEY UPDATE SKIP LOCKED" } else { "" };
    let to = to.map(|to| compare("<=", to)).unwrap_or_default();
    let most = select.parameter(Some(Datum::from(i64::from(most))), pg_sys::INT8OID);
    let table = rows_of(mapping);
    let sql =
        format!("SELECT t FROM {table} AS t WHERE true{after}{to} ORDER BY {columns} LIMIT {most}{locking}");
    // SAFETY: the only column is a row of the table.
    select.ask(sql, |row| unsafe { composite_tuple(row.tuple, row.desc, pg_sys::TopTransactionContext) })
}

/// Makes a lead of a row that has none.
unsafe fn adopt(batch: &mut Batch, row: Row, mapping: &Rc<Mapping>, adopts: bool) -> Option<()> {
    let key = row.key(mapping);
    if known_lead(mapping, &key.text).is_some() || !life::is_lead(row, mapping) {
        return None;
    }
    let _arriving = owner::Arriving::begin(row, &key.text, mapping);
    let (mut draft, life) = (Draft::read(row, mapping), life::life_before(row, mapping, adopts));
    if !life.adopted && life.closed().is_none() {
        draft.comes_now();
    }
    batch.set_known(std::mem::take(&mut draft.odd), life);
    // SAFETY: leads is open while its tuples are read.
    unsafe {
        let leads = pg_sys::table_open(relation("leads"), pg_sys::RowExclusiveLock as pg_sys::LOCKMODE);
        let shape = (*leads).rd_att;
        let draft = draft.tuple(shape, mapping, &key.text);
        let routed = batch.route(&LeadRow::new(draft, shape));
        let before = Before { row: true, lead: false };
        Unwritten::new(routed, Oid::from(mapping.oid), key.clone(), before, Rc::clone(mapping)).adopt();
        let with_owner = !batch.keeps_owner();
        batch.flush();
        write_back::fill(&LeadRow::new(routed, shape), mapping, &key.text, with_owner);
        pg_sys::table_close(leads, pg_sys::NoLock as pg_sys::LOCKMODE);
    }
    Some(())
}
