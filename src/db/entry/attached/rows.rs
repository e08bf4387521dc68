//! Rows that are being inserted into an attached table.

use crate::db::entry::attached::echo::is_writing;
use crate::db::entry::attached::fitting::fitting;
use crate::db::entry::attached::keys::{Found, Key};
use crate::db::entry::attached::lead::{known_lead, take_over};
use crate::db::entry::attached::lead_of_row::Draft;
use crate::db::entry::attached::mapping::{Mapping, Row};
use crate::db::entry::attached::row_changes::{moved, moves, nothing_moves};
use crate::db::entry::attached::row_updated::changed;
use crate::db::entry::attached::trigger::enter;
use crate::db::entry::attached::unwritten_lead::{statement, Before, Unwritten};
use crate::db::entry::attached::{before_routing, convert, holder, life, owner, unique};
use crate::db::errors;
use crate::db::indexes::LEADS;
use crate::db::lead::row::LeadRow;
use crate::db::pg::catalog::{relation, sql_name};
use crate::db::pg::function::sql_function;
use crate::db::pg::subtransaction::protect;
use crate::db::pg::trigger_data::{Call, On, When, INSERT};
use crate::db::pg::tuple::Replaced;
use crate::db::routing::batch::{Batch, Destination};
use crate::db::routing::open_statements;
use crate::db::settings::ENABLED;
use pgrx::pg_sys::{self, Datum};
use std::rc::Rc;

sql_function! {
    /// Statement trigger, before and after.
    leadroute_attached_statement, pg_finfo_leadroute_attached_statement, attached_statement
}

sql_function! {
    /// Row trigger, before insert.
    leadroute_attached_row, pg_finfo_leadroute_attached_row, attached_row
}

sql_function! {
    /// Row trigger, after insert; the first of all.
    leadroute_attached_written, pg_finfo_leadroute_attached_written, attached_written
}

const STATEMENT: Call =
    Call { function: "attached_statement", on: On::Attached, when: When::AroundStatement, events: INSERT };
const ROW: Call = Call { function: "attached_row", on: On::Attached, when: When::BeforeRow, events: INSERT };
const WRITTEN: Call =
    Call { function: "attached_written", on: On::Attached, when: When::AfterRow, events: INSERT };

unsafe fn attached_statement(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: called by PostgreSQL.
    let entered = unsafe { enter(fcinfo, &STATEMENT) };
    let table_no = entered.table_no;
    if entered.mapping.is_none() || entered.restores() {
        return Datum::from(0);
    }
    if entered.data.tg_event & pg_sys::TRIGGER_EVENT_TIMINGMASK == pg_sys::TRIGGER_EVENT_BEFORE {
        unique::row_is_there();
        nothing_moves();
        open_statements::begin(Destination::Attached(table_no, statement()));
    } else if let Some(mut batch) = open_statements::take(|target| target.is_attached(table_no)) {
        batch.settle_last();
        unique::row_is_there();
        open_statements::finish(batch);
    }
    Datum::from(0)
}

unsafe fn attached_written(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: called by PostgreSQL for a row, whose tuple and relation are valid.
    let (entered, row) = unsafe {
        let entered = enter(fcinfo, &WRITTEN);
        let row = Row { tuple: entered.data.tg_trigtuple, desc: (*entered.data.tg_relation).rd_att };
        (entered, row)
    };
    let table_no = entered.table_no;
    if let Some(mut batch) = open_statements::take(|target| target.is_attached(table_no)) {
        batch.settle_last();
        batch.flush();
        open_statements::put_back(batch);
    }
    if let Some(mapping) = entered.trusted().filter(|_| !is_writing()) {
        let moved = moved(table_no, || row.key(mapping).text);
        let lead = moved.as_ref().and_then(|_| known_lead(mapping, &row.key(mapping).text));
        if let (Some(moved), Some(lead)) = (moved, lead) {
            changed(lead, moved.old(), row, mapping);
        }
    }
    Datum::from(0)
}

unsafe fn attached_row(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: called by PostgreSQL for a row, whose tuple and relation are valid.
    unsafe {
        let entered = enter(fcinfo, &ROW);
        let (data, table_no) = (entered.data, entered.table_no);
        let row = Row { tuple: data.tg_trigtuple, desc: (*data.tg_relation).rd_att };
        // A row of a dump has its lead in the dump, which may come later.
        let mapping = entered.mapping.as_ref().filter(|_| ENABLED.get() && !entered.restores());
        let Some(mapping) = mapping else {
            return Datum::from(row.tuple);
        };
        let key = row.key(mapping);
        let here = Destination::Attached(table_no, statement());
        let mut batch = open_statements::take(|target| *target == here);
        if let Some(batch) = &mut batch {
            batch.settle_last();
        }
        unique::row_is_there();
        let known = known_lead(mapping, &key.text);
        let moves = moves(table_no, &key.text);
        let tuple = match &mut batch {
            Some(batch) if !moves => {
                let table = (*data.tg_relation).rd_id;
                match (known, key.find(table)) {
                    (Some(lead), Found::Row) => shown(lead, row, mapping),
                    // Restored, after its lead.
                    (Some(_), Found::Nothing) if !key.was_there(table) => row.tuple,
                    (None, Found::Nothing) if !life::is_lead(row, mapping) => row.tuple,
                    (_, found) => {
                        let before = Before { row: found != Found::Nothing, lead: known.is_some() };
                        route(batch, row, mapping, key, before, table)
                    }
                }
            }
            // The row moves to another partition, and a trigger may have changed its owner on the way.
            _ => {
                // what has changed on the way is taken over when it is there
                if let Some(lead) = known.filter(|_| !moves) {
                    take_over(lead, row, mapping);
                }
                row.tuple
            }
        };
        batch.into_iter().for_each(open_statements::put_back);
        Datum::from(tuple)
    }
}

/// A row whose key is there is not inserted. For `ON CONFLICT DO UPDATE`, `excluded` shows what routing has written
/// into the row that is there: an upsert that takes over every column does not change it.
unsafe fn shown(lead: i64, row: Row, mapping: &Mapping) -> pg_sys::HeapTuple {
    let shown = LEADS.bigint(lead, |found| {
        // SAFETY: a row of leads, valid during the callback.
        let lead = unsafe { LeadRow::new(found.tuple, found.desc) };
        // SAFETY: the caller vouches for the row.
        Some(unsafe { with_outcome(row, &lead, mapping, false) })
    });
    shown.unwrap_or(row.tuple)
}

/// Routes a new row; answers the row with its owner.
unsafe fn route(
    batch: &mut Batch,
    row: Row,
    mapping: &Rc<Mapping>,
    key: Key,
    before: Before,
    table: pg_sys::Oid,
) -> pg_sys::HeapTuple {
    let _arriving = owner::Arriving::begin(row, &key.text, mapping);
    let mut draft = Draft::read(row, mapping);
    batch.set_known(std::mem::take(&mut draft.odd), life::life(row, mapping));
    let mode = pg_sys::RowExclusiveLock as pg_sys::LOCKMODE;
    // SAFETY: leads is open while its tuples are read.
    unsafe {
        let leads = pg_sys::table_open(relation("leads"), mode);
        let shape = (*leads).rd_att;
        let draft = draft.tuple(shape, mapping, &key.text);
        let routed = batch.route(&LeadRow::new(draft, shape));
        let unwritten = Unwritten::new(routed, table, key, before, Rc::clone(mapping));
        batch.last = Some(Box::new(move || unwritten.write()));
        let lead = LeadRow::new(routed, shape);
        if mapping.owner.link.is_none() && !batch.keeps_owner() {
            let stood = row.text(&mapping.owner.to.column);
            before_routing::note(lead.get::<i64>("id").unwrap_or_default(), stood, mapping);
        }
        let tuple = with_outcome(row, &lead, mapping, batch.keeps_owner());
        pg_sys::table_close(leads, pg_sys::NoLock as pg_sys::LOCKMODE);
        tuple
    }
}

/// The row with what routing writes into it. What its columns cannot hold is left out, with a warning.
unsafe fn with_outcome(row: Row, lead: &LeadRow, mapping: &Mapping, keeps_owner: bool) -> pg_sys::HeapTuple {
    if !mapping.trusted {
        errors::warn_not_trusted(&sql_name(mapping.oid));
        return row.tuple;
    }
    // SAFETY: tuple and descriptor of the row belong together and outlive this call.
    unsafe {
        let mut replaced = Replaced::none(row.desc);
        let mut set = |column: &str, text: &mut dyn FnMut() -> Option<String>| {
            let place = row.number(column) as usize - 1;
            let (type_id, modifier) = type_of(row.desc, place);
            let mut convert =
                || text().and_then(|text| convert::for_table(&text, type_id, modifier, mapping.author()));
            // A subtransaction only where something may fail.
            let is_safe = mapping.owner.expression.is_none() && convert::takes_any_text(type_id, modifier);
            let value = if is_safe { Ok(convert()) } else { protect(convert) };
            match value {
                Ok(value) => replaced.set(place, value),
                // as it came
                Err(failure) => {
                    let table = sql_name(mapping.oid);
                    errors::warn_not_written(column, &table, &failure.sqlstate, &failure.message);
                }
            }
        };
        if mapping.owner.link.is_none() && !keeps_owner {
            set(&mapping.owner.to.column, &mut || held(row, lead, mapping));
        }
        for write in &mapping.writes {
            let (value, type_id) = lead.value(&write.field);
            set(&write.to.column, &mut || value.map(|value| convert::to_text(value, type_id)));
        }
        let key = lead.get::<String>("attached_key").unwrap_or_default();
        fitting(row, replaced.in_tuple(row.tuple), mapping, &key)
    }
}

/// What stands in the owner column for the owner of a lead. Who owns the first lead of a touch was not asked whether they can
/// own this row.
fn held(row: Row, lead: &LeadRow, mapping: &Mapping) -> Option<String> {
    let (is_touch, key) = (lead.get::<i64>("duplicate_of").is_some(), lead.get::<String>("attached_key"));
    let fits = |rep: &String| {
        let key = key.as_deref().unwrap_or_default();
        let lead = || lead.copy();
        !is_touch || holder::problem(mapping.table_no, key, rep, true, &lead).is_none()
    };
    let rep = lead.get::<String>("owner_id").filter(fits);
    let value = rep.and_then(|rep| owner::value_of(&rep, mapping, owner::Seen::row(row, mapping)));
    value.or_else(|| mapping.owner.nobody.clone())
}

/// Type and modifier of a column, counted from 0.
///
/// # Safety
/// The tuple descriptor must have that attribute.
pub unsafe fn type_of(desc: pg_sys::TupleDesc, place: usize) -> (pg_sys::Oid, i32) {
    // SAFETY: the descriptor has that attribute.
    let columns = unsafe { pgrx::PgTupleDesc::from_pg_unchecked(desc) };
    columns.get(place).map_or((pg_sys::InvalidOid, -1), |column| (column.atttypid, column.atttypmod))
}
