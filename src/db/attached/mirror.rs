//! What changes in a lead goes into the row of the attached table that it came from.

use super::convert::to_text;
use super::mapping::{key_values, mapping, Column, Mapping};
use super::{link, owner};
use crate::db::function::sql_function;
use crate::db::identity::AsOwner;
use crate::db::row::LeadRow;
use crate::db::spi::{ask, text};
use crate::db::trigger;
use pgrx::pg_sys::{self, Datum, Oid};
use std::cell::Cell;
use std::fmt::Write as _;

sql_function! {
    /// `leadroute.mirror_lead()`: row trigger, after a lead of an attached table was updated.
    leadroute_mirror_lead, pg_finfo_leadroute_mirror_lead, mirror_lead
}

unsafe fn mirror_lead(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: called by PostgreSQL for an updated row, whose tuples and relation are valid.
    let (old, lead) = unsafe {
        let data = trigger::data(fcinfo, "mirror_lead");
        let shape = (*data.tg_relation).rd_att;
        (LeadRow::new(data.tg_trigtuple, shape), LeadRow::new(data.tg_newtuple, shape))
    };
    let table = lead.get::<i32>("attached_table").and_then(mapping);
    if let (Some(mapping), Some(key)) = (table, lead.get::<String>("attached_key")) {
        let (before, after) = (old.get::<String>("owner_id"), lead.get::<String>("owner_id"));
        let owner = (before != after && !TOLD.get()).then_some((before, after));
        write(changes(&old, &lead, &mapping, owner.as_ref()), &mapping, &key_values(&key, mapping.key.len()));
        if let (Some(link), Some((before, after))) = (&mapping.owner.link, owner) {
            let value = |rep: Option<String>| rep.and_then(|rep| owner::value_of(&rep, &mapping));
            link::write(link, &mapping, &key, value(before).as_deref(), value(after).as_deref());
        }
    }
    Datum::from(0)
}

/// A statement under construction.
#[derive(Default)]
pub struct Statement {
    types: Vec<Oid>,
    values: Vec<Option<Datum>>,
}

impl Statement {
    /// A parameter, as SQL that has the type of the column.
    pub fn parameter(&mut self, value: Option<Datum>, type_id: Oid, column: &Column) -> String {
        self.types.push(type_id);
        self.values.push(value);
        format!("CAST(${} AS {})", self.types.len(), column.type_name)
    }

    /// The condition that finds the row.
    fn row(&mut self, mapping: &Mapping, key: &[String]) -> String {
        let mut sql = String::from("true");
        for (column, value) in mapping.key.iter().zip(key) {
            let value = self.parameter(text(Some(value)), pg_sys::TEXTOID, column);
            let _ = write!(sql, " AND {} = {value}", quoted(&column.column));
        }
        sql
    }

    /// Runs it as `sql`; how many rows it returned.
    pub fn run(self, sql: String) -> usize {
        ask((sql, self.types), &self.values, false, |_| ()).len()
    }

    /// The texts that it returns as `sql`.
    pub fn read(self, sql: String) -> Vec<String> {
        let texts = ask((sql, self.types), &self.values, true, |row| row.get::<String>(1));
        texts.into_iter().flatten().collect()
    }
}

/// A column of the table with its new value.
type Change<'a> = (&'a Column, Option<Datum>, Oid);

thread_local! {
    /// The row has told who owns it, and knows best.
    static TOLD: Cell<bool> = const { Cell::new(false) };
}

/// Runs `work`, during which owners of rows are not written.
pub fn told_by_the_row(work: impl FnOnce()) {
    /// Also after an error.
    struct Untold;
    impl Drop for Untold {
        fn drop(&mut self) {
            TOLD.set(false);
        }
    }
    let _untold = Untold;
    TOLD.set(true);
    work();
}

fn changes<'a>(
    old: &LeadRow,
    new: &LeadRow,
    mapping: &'a Mapping,
    owner: Option<&(Option<String>, Option<String>)>,
) -> Vec<Change<'a>> {
    let mut changes = Vec::new();
    if let Some((_, rep)) = owner.filter(|_| mapping.owner.link.is_none()) {
        let value = rep.as_ref().and_then(|rep| owner::value_of(rep, mapping));
        let value = value.as_ref().or(mapping.owner.nobody.as_ref());
        changes.push((&mapping.owner.to, text(value.map(String::as_str)), pg_sys::TEXTOID));
    }
    for write in &mapping.writes {
        let ((before, type_id), (after, _)) = (old.value(&write.field), new.value(&write.field));
        // SAFETY: the values come with their type.
        let printed = |value: Option<Datum>| value.map(|value| unsafe { to_text(value, type_id) });
        if printed(before) != printed(after) {
            changes.push((&write.to, after, type_id));
        }
    }
    changes
}

fn write(changes: Vec<Change<'_>>, mapping: &Mapping, key: &[String]) {
    if changes.is_empty() {
        return;
    }
    let _owner = AsOwner::of_table(Oid::from(mapping.oid));
    // Whoever holds the row is not waited for: sweeps come again.
    let mut lock = Statement::default();
    let row = lock.row(mapping, key);
    if lock.run(format!("SELECT FROM {} WHERE {row} FOR NO KEY UPDATE NOWAIT", mapping.relation)) == 0 {
        return;
    }
    let mut update = Statement::default();
    let columns: Vec<String> = changes.iter().map(|(column, ..)| quoted(&column.column)).collect();
    let values: Vec<String> = changes
        .into_iter()
        .map(|(column, value, type_id)| update.parameter(value, type_id, column))
        .collect();
    let (columns, values) = (columns.join(", "), values.join(", "));
    let (row, table) = (update.row(mapping, key), &mapping.relation);
    update.run(format!(
        "UPDATE {table} SET ({columns}) = ROW({values}) WHERE {row} AND ({columns}) IS DISTINCT FROM ({values})"
    ));
}

/// A name as SQL.
pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
