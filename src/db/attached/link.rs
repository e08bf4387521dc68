//! Owners in a table of their own, as ORMs keep them: several may be assigned to a row, and the lead belongs to
//! one of them. It changes hands only when that one is taken away.

use super::door::{data, known_lead, record_owner};
use super::mapping::{mapping, Link, Mapping, Row};
use super::mirror::{quoted, Statement};
use super::{convert, owner};
use crate::db::function::sql_function;
use crate::db::identity::AsOwner;
use crate::db::queries;
use crate::db::spi::text;
use pgrx::pg_sys::{self, Datum, Oid};

sql_function! {
    /// `leadroute.attached_link_changed()`: row trigger, after any change.
    leadroute_attached_link_changed, pg_finfo_leadroute_attached_link_changed, attached_link_changed
}

/// Who owns a row by the router: takes the place of the owner before.
pub fn write(link: &Link, mapping: &Mapping, key: &str, old: Option<&str>, new: Option<&str>) {
    let _owner = AsOwner::of_table(Oid::from(link.oid));
    let (table, row, owner) = (&link.relation, quoted(&link.row.column), quoted(&mapping.owner.to.column));
    // The new one first: the lead is never without.
    if let Some(new) = new {
        let mut insert = Statement::default();
        let place = insert.parameter(text(Some(key)), pg_sys::TEXTOID, &link.row);
        let value = insert.parameter(text(Some(new)), pg_sys::TEXTOID, &mapping.owner.to);
        insert.run(format!(
            "INSERT INTO {table} ({row}, {owner}) SELECT {place}, {value}
              WHERE NOT EXISTS (SELECT FROM {table} WHERE {row} = {place} AND {owner} = {value})"
        ));
    }
    if let Some(old) = old {
        let mut delete = Statement::default();
        let place = delete.parameter(text(Some(key)), pg_sys::TEXTOID, &link.row);
        let value = delete.parameter(text(Some(old)), pg_sys::TEXTOID, &mapping.owner.to);
        delete.run(format!("DELETE FROM {table} WHERE {row} = {place} AND {owner} = {value}"));
    }
}

/// Who is assigned to a row.
fn assigned(link: &Link, mapping: &Mapping, key: &str) -> Vec<String> {
    let _owner = AsOwner::of_table(Oid::from(link.oid));
    let mut select = Statement::default();
    let place = select.parameter(text(Some(key)), pg_sys::TEXTOID, &link.row);
    let (table, row, owner) = (&link.relation, quoted(&link.row.column), quoted(&mapping.owner.to.column));
    select.read(format!("SELECT {owner}::pg_catalog.text FROM {table} WHERE {row} = {place} ORDER BY ctid"))
}

unsafe fn attached_link_changed(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: called by PostgreSQL for a row, whose tuples and relation are valid.
    unsafe {
        let (data, table_no) = data(fcinfo, "attached_link_changed");
        let desc = (*data.tg_relation).rd_att;
        if let Some(mapping) = mapping(table_no) {
            for tuple in [data.tg_trigtuple, data.tg_newtuple].into_iter().filter(|tuple| !tuple.is_null()) {
                changed(Row { tuple, desc }, &mapping);
            }
        }
    }
    Datum::from(0)
}

/// The assignment `row` came, or went.
unsafe fn changed(row: Row, mapping: &Mapping) {
    let Some(link) = &mapping.owner.link else {
        return;
    };
    let value = row.value(&link.row.column);
    // SAFETY: the value comes with its type.
    let key = value.datum.map(|datum| unsafe { convert::to_text(datum, value.type_id) });
    let Some((key, lead)) = key.and_then(|key| Some((key.clone(), known_lead(mapping, &key)?))) else {
        return;
    };
    let assigned = assigned(link, mapping, &key);
    let current = {
        let _owner = AsOwner::begin();
        queries::OWNER_OF_LEAD.first(&[Some(Datum::from(lead))], |row| row.get::<String>(1)).flatten()
    };
    let is_assigned =
        |rep: &String| owner::value_of(rep, mapping).is_some_and(|value| assigned.contains(&value));
    if current.as_ref().is_some_and(is_assigned) {
        return;
    }
    // Of those who are left the last who came.
    let rep = assigned.iter().rev().find_map(|value| owner::rep_of(value, mapping));
    if current.is_some() || rep.is_some() {
        record_owner(lead, rep.as_deref(), assigned.last().map(String::as_str), mapping);
    }
}
