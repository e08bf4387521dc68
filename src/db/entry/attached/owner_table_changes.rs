//! Owners in a table of their own, as ORMs keep them: several may be assigned to a row, and the lead belongs to
//! one of them. It changes hands only when that one is taken away.

use crate::db::entry::attached::before_routing::came_with_this_transaction;
use crate::db::entry::attached::echo::is_writing;
use crate::db::entry::attached::lead::{known_lead, record_owner};
use crate::db::entry::attached::mapping::{Link, Mapping, Row};
use crate::db::entry::attached::owner::{self, Seen};
use crate::db::entry::attached::statement::{quoted, Statement};
use crate::db::entry::attached::trigger::enter;
use crate::db::pg::catalog::sql_name;
use crate::db::pg::function::sql_function;
use crate::db::pg::spi::text;
use crate::db::pg::trigger_data::{Call, On, When, DELETE, INSERT, UPDATE};
use crate::db::queries;
use pgrx::pg_sys::{self, Datum};
use pgrx::IntoDatum;

sql_function! {
    /// `leadroute.attached_link_changed()`: row trigger, after any change.
    leadroute_attached_link_changed, pg_finfo_leadroute_attached_link_changed, attached_link_changed
}

/// Who is assigned to a row.
pub fn assigned(link: &Link, mapping: &Mapping, key: &str) -> Vec<String> {
    let mut select = Statement::of(link.author());
    let place = select.text(key, &link.row);
    let (table, row, owner) =
        (sql_name(link.oid), quoted(&link.row.column), quoted(&mapping.owner.to.column));
    select.read(format!("SELECT {owner}::pg_catalog.text FROM {table} WHERE {row} = {place} ORDER BY ctid"))
}

const CHANGED: Call = Call {
    function: "attached_link_changed",
    on: On::Linking,
    when: When::AfterRow,
    events: INSERT | UPDATE | DELETE,
};

unsafe fn attached_link_changed(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: called by PostgreSQL for a row, whose tuples and relation are valid.
    unsafe {
        let entered = enter(fcinfo, &CHANGED);
        let data = entered.data;
        let desc = (*data.tg_relation).rd_att;
        if let Some(mapping) = entered.trusted().filter(|_| !is_writing()) {
            let is_insert = data.tg_event & pg_sys::TRIGGER_EVENT_OPMASK == pg_sys::TRIGGER_EVENT_INSERT;
            for tuple in [data.tg_trigtuple, data.tg_newtuple].into_iter().filter(|tuple| !tuple.is_null()) {
                changed(Row { tuple, desc }, mapping, is_insert);
            }
        }
    }
    Datum::from(0)
}

/// The assignment `row` was added, or taken away.
unsafe fn changed(row: Row, mapping: &Mapping, is_added: bool) {
    let Some(link) = &mapping.owner.link else {
        return;
    };
    let key = row.text(&link.row.column);
    let Some((key, lead)) = key.and_then(|key| Some((key.clone(), known_lead(mapping, &key)?))) else {
        return;
    };
    let seen = Seen::key(&key, mapping);
    if is_added && mapping.keep && came_with_this_transaction(lead) && is_given(lead, row, mapping, seen) {
        return;
    }
    let assigned = assigned(link, mapping, &key);
    let current = owner::of_lead(lead);
    let is_assigned = |rep: &String| {
        let value = owner::as_held(owner::value_if_any(rep, mapping, seen), mapping);
        value.is_some_and(|value| assigned.contains(&value))
    };
    // An ORM empties the table and fills it again: nobody at all is no choice yet.
    if assigned.is_empty() || current.as_ref().is_some_and(is_assigned) {
        queries::UNASSIGNED.write(&[Some(Datum::from(lead)), assigned.is_empty().into_datum()]);
        return;
    }
    // Of those still assigned, the one who came last.
    let rep = assigned.iter().rev().find_map(|value| owner::rep_of(value, mapping, seen));
    // whoever was added and is no rep is noted by name, also where nobody owned the lead
    if current.is_some() || rep.is_some() || is_added {
        record_owner(lead, rep.as_deref(), assigned.last().map(String::as_str), mapping);
    }
}

/// Whether the lead has the owner now who was added with its row.
fn is_given(lead: i64, row: Row, mapping: &Mapping, seen: Seen) -> bool {
    let Some(value) = row.text(&mapping.owner.to.column) else {
        return false;
    };
    let rep = owner::rep_of(&value, mapping, seen);
    let arguments = [Some(Datum::from(lead)), text(rep.as_deref()), text(Some(&value))];
    queries::OWNER_GIVEN.returning(&arguments, |row| row.get::<bool>(1)).contains(&Some(true))
}
