//! Triggers on attached tables.

use super::arrival::{statement, Unwritten};
use super::convert;
use super::draft::{self, Draft};
use super::mapping::{key_text, mapping, Mapping, Row};
use super::{mirror, owner};
use crate::db::batch::Batch;
use crate::db::function::sql_function;
use crate::db::identity::AsOwner;
use crate::db::names::relation;
use crate::db::rescue::protect;
use crate::db::row::LeadRow;
use crate::db::scan::ATTACHED;
use crate::db::settings::ENABLED;
use crate::db::spi::text;
use crate::db::statements::{self, Destination};
use crate::db::{errors, queries, trigger};
use pgrx::pg_sys::{self, Datum};
use std::ffi::CStr;
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

sql_function! {
    /// Row trigger, before the key of a row changes.
    leadroute_attached_key_changed, pg_finfo_leadroute_attached_key_changed, attached_key_changed
}

sql_function! {
    /// Row trigger, after the owner of a row was changed.
    leadroute_attached_owner_changed, pg_finfo_leadroute_attached_owner_changed, attached_owner_changed
}

sql_function! {
    /// Row trigger, after any update.
    leadroute_attached_status_changed, pg_finfo_leadroute_attached_status_changed, attached_status_changed
}

/// Trigger data with the number of the table.
///
/// # Safety
/// As [`trigger::data`].
pub unsafe fn data<'a>(fcinfo: pg_sys::FunctionCallInfo, name: &str) -> (&'a pg_sys::TriggerData, i32) {
    // SAFETY: the trigger data is checked; its arguments are C strings.
    unsafe {
        let data = trigger::data(fcinfo, name);
        let trigger = &*data.tg_trigger;
        let number =
            (trigger.tgnargs > 0).then(|| CStr::from_ptr(*trigger.tgargs).to_str().ok()?.parse().ok());
        match number.flatten() {
            Some(number) => (data, number),
            None => errors::not_a_trigger(name),
        }
    }
}

unsafe fn attached_statement(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: called by PostgreSQL.
    let (data, table_no) = unsafe { data(fcinfo, "attached_statement") };
    if data.tg_event & pg_sys::TRIGGER_EVENT_TIMINGMASK == pg_sys::TRIGGER_EVENT_BEFORE {
        statements::begin(Destination::Attached(table_no, statement()));
    } else if let Some(batch) = statements::take(|target| target.is_attached(table_no)) {
        batch.finish();
    }
    Datum::from(0)
}

unsafe fn attached_written(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: called by PostgreSQL.
    let (_, table_no) = unsafe { data(fcinfo, "attached_written") };
    if let Some(mut batch) = statements::take(|target| target.is_attached(table_no)) {
        batch.flush();
        statements::put_back(batch);
    }
    Datum::from(0)
}

unsafe fn attached_row(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: called by PostgreSQL for a row, whose tuple and relation are valid.
    unsafe {
        let (data, table_no) = data(fcinfo, "attached_row");
        let row = Row { tuple: data.tg_trigtuple, desc: (*data.tg_relation).rd_att };
        let Some(mapping) = mapping(table_no).filter(|_| ENABLED.get()) else {
            return Datum::from(row.tuple);
        };
        let key = row.key(&mapping);
        let here = Destination::Attached(table_no, statement());
        let mut batch = statements::take(|target| *target == here);
        if let Some(batch) = &mut batch {
            batch.settle_last();
        }
        if let Some(lead) = known_lead(&mapping, &key_text(&key)) {
            // It will be dropped, or it moves to another partition, and may have got another owner on the way.
            match batch {
                Some(batch) => statements::put_back(batch),
                None => take_over(lead, row, &mapping),
            }
            return Datum::from(row.tuple);
        }
        let Some(mut batch) = batch else {
            return Datum::from(row.tuple);
        };
        let tuple = route(&mut batch, row, &mapping, key, (*data.tg_relation).rd_id);
        statements::put_back(batch);
        Datum::from(tuple)
    }
}

/// Routes a new row; answers the row with its owner.
unsafe fn route(
    batch: &mut Batch,
    row: Row,
    mapping: &Rc<Mapping>,
    key: Vec<String>,
    table: pg_sys::Oid,
) -> pg_sys::HeapTuple {
    let mut draft = Draft::read(row, mapping);
    batch.set_odd(std::mem::take(&mut draft.odd));
    let share = pg_sys::AccessShareLock as pg_sys::LOCKMODE;
    // SAFETY: leads is open while its tuples are read.
    unsafe {
        let leads = pg_sys::table_open(relation("leads"), share);
        let shape = (*leads).rd_att;
        let draft = draft.tuple(shape, mapping, &key_text(&key));
        let routed = batch.route(&LeadRow::new(draft, shape));
        batch.last = Some(Unwritten::new(routed, table, key, Rc::clone(mapping)));
        let tuple = with_outcome(row, &LeadRow::new(routed, shape), mapping);
        pg_sys::table_close(leads, pg_sys::NoLock as pg_sys::LOCKMODE);
        tuple
    }
}

/// The row with what routing writes into it. What its columns cannot hold is left out, with a warning.
unsafe fn with_outcome(row: Row, lead: &LeadRow, mapping: &Mapping) -> pg_sys::HeapTuple {
    // SAFETY: the arrays have a place for every column of the shape.
    unsafe {
        let count = (*row.desc).natts as usize;
        let (mut values, mut nulls) = (vec![Datum::from(0); count], vec![true; count]);
        pg_sys::heap_deform_tuple(row.tuple, row.desc, values.as_mut_ptr(), nulls.as_mut_ptr());
        let mut replace = vec![false; count];
        let nobody = mapping.owner.nobody.clone();
        let rep = lead.get::<String>("owner_id");
        let owner = || rep.as_ref().and_then(|rep| owner::value_of(rep, mapping)).or_else(|| nobody.clone());
        let mut set = |column: &str, text: &mut dyn FnMut() -> Option<String>| {
            let place = row.number(column) as usize - 1;
            let (type_id, modifier) = type_of(row.desc, place);
            let mut convert = || text().and_then(|text| convert::from_text(&text, type_id, modifier));
            // A subtransaction only where something may fail.
            let is_safe = mapping.owner.expression.is_none() && convert::takes_any_text(type_id, modifier);
            let value = if is_safe { Ok(convert()) } else { protect(convert) };
            let value = value.unwrap_or_else(|failure| {
                errors::warn_not_written(column, &mapping.relation, &failure.sqlstate, &failure.message);
                None
            });
            (values[place], nulls[place], replace[place]) =
                (value.unwrap_or(Datum::from(0)), value.is_none(), true);
        };
        if mapping.owner.link.is_none() {
            set(&mapping.owner.to.column, &mut { owner });
        }
        for write in &mapping.writes {
            let (value, type_id) = lead.value(&write.field);
            set(&write.to.column, &mut || value.map(|value| convert::to_text(value, type_id)));
        }
        let (values, nulls) = (values.as_mut_ptr(), nulls.as_mut_ptr());
        pg_sys::heap_modify_tuple(row.tuple, row.desc, values, nulls, replace.as_mut_ptr())
    }
}

/// Type and modifier of a column, counted from 0.
///
/// # Safety
/// The shape must have that place.
pub unsafe fn type_of(desc: pg_sys::TupleDesc, place: usize) -> (pg_sys::Oid, i32) {
    // SAFETY: the shape has that place.
    let columns = unsafe { pgrx::PgTupleDesc::from_pg_unchecked(desc) };
    columns.get(place).map_or((pg_sys::InvalidOid, -1), |column| (column.atttypid, column.atttypmod))
}

/// The lead of a row that was routed before.
pub fn known_lead(mapping: &Mapping, key: &str) -> Option<i64> {
    let _owner = AsOwner::begin();
    ATTACHED.text(key, |found| {
        // SAFETY: a row of leads, valid during the callback.
        let lead = unsafe { LeadRow::new(found.tuple, found.desc) };
        (lead.get::<i32>("attached_table") == Some(mapping.table_no)).then(|| lead.get::<i64>("id")).flatten()
    })
}

unsafe fn attached_key_changed(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: called by PostgreSQL for an updated row, whose tuples and relation are valid.
    unsafe {
        let (data, table_no) = data(fcinfo, "attached_key_changed");
        let desc = (*data.tg_relation).rd_att;
        if let Some(mapping) = mapping(table_no) {
            let key = |tuple| key_text(&Row { tuple, desc }.key(&mapping));
            let (old, new) = (key(data.tg_trigtuple), key(data.tg_newtuple));
            let _owner = AsOwner::begin();
            queries::ATTACHED_KEY.write(&[text(Some(&old)), text(Some(&new)), Some(Datum::from(table_no))]);
        }
        Datum::from(data.tg_newtuple)
    }
}

unsafe fn attached_owner_changed(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: called by PostgreSQL for an updated row, whose tuples and relation are valid.
    unsafe {
        let (data, table_no) = data(fcinfo, "attached_owner_changed");
        let row = Row { tuple: data.tg_newtuple, desc: (*data.tg_relation).rd_att };
        if let Some(mapping) = mapping(table_no) {
            if let Some(lead) = known_lead(&mapping, &key_text(&row.key(&mapping))) {
                take_over(lead, row, &mapping);
            }
        }
    }
    Datum::from(0)
}

unsafe fn attached_status_changed(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: called by PostgreSQL for an updated row, whose tuples and relation are valid.
    unsafe {
        let (data, table_no) = data(fcinfo, "attached_status_changed");
        let row = Row { tuple: data.tg_newtuple, desc: (*data.tg_relation).rd_att };
        if let Some(mapping) = mapping(table_no) {
            let lead = known_lead(&mapping, &key_text(&row.key(&mapping)));
            let status = protect(|| draft::status(row, &mapping)).unwrap_or_else(|failure| {
                errors::warn_not_written("status", "leadroute.leads", &failure.sqlstate, &failure.message);
                None
            });
            if let (Some(lead), Some(status)) = (lead, status) {
                let _owner = AsOwner::begin();
                queries::STATUS_BY_ROW.write(&[Some(Datum::from(lead)), text(Some(&status))]);
            }
        }
    }
    Datum::from(0)
}

/// Records who owns a row now, if that is somebody else than the owner of its lead.
fn take_over(lead_id: i64, row: Row, mapping: &Mapping) {
    let value = row.value(&mapping.owner.to.column);
    // SAFETY: the value comes with its type.
    let given = value.datum.map(|datum| unsafe { convert::to_text(datum, value.type_id) });
    let given = given.filter(|given| mapping.owner.nobody.as_ref() != Some(given));
    let rep = given.as_ref().and_then(|given| owner::rep_of(given, mapping));
    record_owner(lead_id, rep.as_deref(), given.as_deref(), mapping);
}

/// Records the owner that somebody has chosen: a rep, or what else stands there.
pub fn record_owner(lead_id: i64, rep: Option<&str>, given: Option<&str>, mapping: &Mapping) {
    let _owner = AsOwner::begin();
    let arguments = [Some(Datum::from(lead_id)), text(rep), text(given), Some(Datum::from(mapping.table_no))];
    mirror::told_by_the_row(|| {
        queries::OWNER_BY_HAND.write(&arguments);
    });
}
