//! What changes in a lead goes into the row of the attached table that it came from.

use crate::db::entry::attached::convert::{for_table, to_text};
use crate::db::entry::attached::deferred_keys::checking_keys;
use crate::db::entry::attached::echo::{is_taking_over, Writing};
use crate::db::entry::attached::keys::key_values;
use crate::db::entry::attached::mapping::{mapping, Column, Link, Mapping, Touched, Touching};
use crate::db::entry::attached::row_by_key::{patience, row, rows_of};
use crate::db::entry::attached::statement::{quoted, Statement};
use crate::db::entry::attached::{holder, owner, owner_table, partition, unique};
use crate::db::errors;
use crate::db::lead::row::LeadRow;
use crate::db::pg::catalog::sql_name;
use crate::db::pg::function::{argument, sql_function};
use crate::db::pg::locks;
use crate::db::pg::security::{is_own_session, only_the_extension, AsTableOwner};
use crate::db::pg::subtransaction::{protect, Failure};
use crate::db::routing::bulk_run;
use pgrx::pg_sys::{self, Datum, Oid};
use pgrx::FromDatum;
use std::cell::Cell;
use std::rc::Rc;

sql_function! {
    /// `leadroute_internal.follows_now(bigint)`
    leadroute_follows_now, pg_finfo_leadroute_follows_now, follows_now
}

thread_local! {
    /// The touch whose next update is made because its first lead has another owner.
    static FOLLOWING: Cell<Option<i64>> = const { Cell::new(None) };
}

/// The next update of a touch ($1) may be left for later: whoever calls catches 55P03.
unsafe fn follows_now(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    only_the_extension("follows_now");
    // SAFETY: as declared in SQL: strict, bigint.
    FOLLOWING.set(unsafe { argument(fcinfo, 0).and_then(|datum| i64::from_datum(datum, false)) });
    Datum::from(0)
}

/// Writes into the row of an attached table what has changed in its lead.
pub fn mirror(old: &LeadRow, lead: &LeadRow) {
    let table = lead.get::<i32>("attached_table").and_then(mapping);
    let table = table.filter(|mapping| mapping.trusted);
    if let (Some(mapping), Some(key)) = (table, lead.get::<String>("attached_key")) {
        let (before, after) = (old.get::<String>("owner_id"), lead.get::<String>("owner_id"));
        let id = lead.get::<i64>("id").unwrap_or_default();
        let owner = (before != after && !is_taking_over(id)).then_some((before, after));
        // Who owns the first lead was not asked whether they can own the row of a touch.
        let is_touch = lead.get::<i64>("duplicate_of").is_some();
        // There may be many; housekeeping comes back for those that are held.
        let follows = is_touch && FOLLOWING.take() == Some(id);
        let _hurry = follows.then(bulk_run::without_waiting);
        let _look = unique::Looking::begin();
        let owner = owner.filter(|(_, after)| {
            !is_touch || after.as_ref().is_none_or(|rep| can_own(rep, lead, &mapping, &key))
        });
        let changes = changes(Some(old), lead, &mapping, owner.as_ref().map(|(_, after)| after));
        let linked = owner.filter(|_| mapping.owner.link.is_some());
        if !changes.is_empty() || linked.is_some() {
            let column = &mapping.owner.to.column;
            let chosen = lead.get::<String>("owner_id").is_some();
            let write = || write(changes, linked, chosen, &mapping, &key);
            match is_touch {
                // the first lead does not fail because of the row of a touch
                true => protect(write).unwrap_or_else(|failure| {
                    if failure.is_held() && follows {
                        // it does so later
                        failure.rethrow();
                    }
                    errors::warn_not_written(
                        column,
                        &sql_name(mapping.oid),
                        &failure.sqlstate,
                        &failure.message,
                    );
                }),
                false => write(),
            }
        }
    }
}

fn can_own(rep: &str, lead: &LeadRow, mapping: &Mapping, key: &str) -> bool {
    let problem = holder::problem(mapping.table_no, key, rep, true, &|| lead.copy());
    if let Some(problem) = &problem {
        errors::warn_not_written(&mapping.owner.to.column, &sql_name(mapping.oid), "23000", problem);
    }
    problem.is_none()
}

/// A column of the table with its new value.
type Change<'a> = (&'a Column, Option<Datum>);

/// The reps before and after.
type Owners = (Option<String>, Option<String>);

/// What a lead has that its row, which was there before, has not.
pub fn fill(lead: &LeadRow, mapping: &Rc<Mapping>, key: &str, with_owner: bool) {
    let owner = with_owner.then(|| lead.get::<String>("owner_id"));
    let changes = changes(None, lead, mapping, owner.as_ref());
    if !changes.is_empty() {
        write(changes, None, true, mapping, key);
    }
}

/// Columns whose values differ, and the owner, if it is to be written.
fn changes<'a>(
    old: Option<&LeadRow>,
    new: &LeadRow,
    mapping: &'a Mapping,
    owner: Option<&Option<String>>,
) -> Vec<Change<'a>> {
    let mut changes = Vec::new();
    let key = new.get::<String>("attached_key").unwrap_or_default();
    let seen = if owner.is_some() { owner::Seen::key(&key, mapping) } else { owner::Seen::default() };
    let warn = |column: &Column, failure: Failure| {
        let table = sql_name(mapping.oid);
        errors::warn_not_written(&column.column, &table, &failure.sqlstate, &failure.message);
    };
    let mut change = |column: &'a Column, text: Option<String>| {
        let value =
            || text.and_then(|text| for_table(&text, column.type_id(), column.modifier, mapping.author()));
        match protect(value) {
            Ok(value) => changes.push((column, value)),
            Err(failure) => warn(column, failure),
        }
    };
    if let Some(rep) = owner.filter(|_| mapping.owner.link.is_none()) {
        match protect(|| rep.as_ref().and_then(|rep| owner::value_of(rep, mapping, seen))) {
            Ok(value) => change(&mapping.owner.to, value.or_else(|| mapping.owner.nobody.clone())),
            Err(failure) => warn(&mapping.owner.to, failure),
        }
    }
    for write in &mapping.writes {
        let printed = |lead: &LeadRow| {
            let (value, type_id) = lead.value(&write.field);
            // SAFETY: the value comes with its type.
            value.map(|value| unsafe { to_text(value, type_id) })
        };
        let after = printed(new);
        if old.and_then(printed) != after {
            change(&write.to, after);
        }
    }
    changes
}

/// Writes the changes into the row, and the owner into the table of links. `chosen` says that a rep owns the lead.
fn write(mut changes: Vec<Change<'_>>, linked: Option<Owners>, chosen: bool, mapping: &Mapping, key: &str) {
    let Some(values) = key_values(key, mapping.key.len()) else {
        return errors::warn_row_not_found(&sql_name(mapping.oid));
    };
    let _writing = Writing::begin();
    let _limit = bulk_run::limit_waits();
    // Under the lock nobody can add triggers or checks to the table: what is read below stays true.
    let Some(mapping) = &locked_mapping(mapping, key) else {
        return;
    };
    partition::lock(mapping, key);
    {
        let _owner = AsTableOwner::writing(mapping.author());
        if !lock(mapping, &values) {
            return;
        }
    }
    leave_out_collisions(&mut changes, chosen, mapping, key);
    {
        let _owner = AsTableOwner::writing(mapping.author());
        put(&changes, mapping, &values);
    }
    if let (Some(link), Some(owners)) = (&mapping.owner.link, linked) {
        put_link(link, owners, mapping, key);
        if changes.is_empty() {
            let _owner = AsTableOwner::writing(mapping.author());
            touch(mapping, &values);
        }
    }
}

/// What another row has, and a unique index allows once, is not written; but for an owner who was chosen, which is an error then.
fn leave_out_collisions(changes: &mut Vec<Change<'_>>, chosen: bool, mapping: &Mapping, key: &str) {
    let owner =
        changes.iter().map(|(column, _)| *column).find(|column| column.column == mapping.owner.to.column);
    for (column, index) in unique::left_out(changes, owner.filter(|_| chosen), mapping, key) {
        changes.retain(|(other, _)| other.column != column);
        let why = format!("another row has it, which {index} allows only once");
        errors::warn_not_written(&column, &sql_name(mapping.oid), "23505", &why);
    }
}

/// Writes the owner into the table of links. Where the expression fails for them, the assignment stays as it is.
fn put_link(link: &Link, (before, after): Owners, mapping: &Mapping, key: &str) {
    let (column, seen) = (&mapping.owner.to.column, owner::Seen::key(key, mapping));
    let before = before.and_then(|rep| owner::value_if_any(&rep, mapping, seen));
    let after = match protect(|| after.and_then(|rep| owner::value_of(&rep, mapping, seen))) {
        Ok(after) => after,
        Err(failure) => {
            let table = sql_name(link.oid);
            return errors::warn_not_written(column, &table, &failure.sqlstate, &failure.message);
        }
    };
    tolerate(
        column,
        (link.oid, link.author()),
        &[&|| owner_table::write(link, mapping, key, before.as_deref(), after.as_deref())],
    );
}

/// Writes the changes into the row. Of what a constraint of the table refuses only the owner is an error: the rest is left
/// out, with a warning.
fn put(changes: &[Change<'_>], mapping: &Mapping, key: &[String]) {
    let Some((first, _)) = changes.first() else {
        return;
    };
    let write = |changes: &[Change<'_>]| {
        let columns: Vec<String> = changes.iter().map(|(column, _)| column.column.clone()).collect();
        let attempt = |columns| {
            checking_keys(Oid::from(mapping.oid), mapping.author(), columns, || {
                update(changes, mapping, key)
            });
        };
        let table = (mapping.oid, mapping.author());
        tolerate(&first.column, table, &[&|| attempt(Some(columns.clone())), &|| attempt(None)]);
    };
    let is_owner = |(column, _): &&Change<'_>| std::ptr::eq(*column, &mapping.owner.to);
    let (owner, rest): (Vec<Change<'_>>, Vec<Change<'_>>) = changes.iter().partition(is_owner);
    if rest.is_empty() || !mapping.may_refuse() {
        return write(changes);
    }
    if let Err(failure) = protect(|| write(changes)) {
        if !failure.sqlstate.starts_with("23") {
            failure.rethrow();
        }
        for (column, _) in &rest {
            let table = sql_name(mapping.oid);
            errors::warn_not_written(&column.column, &table, &failure.sqlstate, &failure.message);
        }
        if !owner.is_empty() {
            write(&owner);
        }
    }
}

/// The mapping as it is once the tables are locked for writing; `None` if it is not to be used any more. A lock on a
/// whole table is waited for as long as one on a row.
pub fn locked_mapping(mapping: &Mapping, key: &str) -> Option<Rc<Mapping>> {
    let tables = [Some(mapping.oid), mapping.owner.link.as_ref().map(|link| link.oid)];
    for table in tables.into_iter().flatten() {
        if !locks::lock_table_within(patience(), Oid::from(table)) {
            errors::row_is_held(&sql_name(table), &[key.to_owned()]);
        }
    }
    crate::db::entry::attached::mapping::mapping(mapping.table_no).filter(|mapping| mapping.trusted)
}

/// A write that is refused because it would leave something for the end of the transaction becomes a warning; the lead
/// keeps its decision. Of several ways the first that is not refused counts: a row that this transaction has written
/// before has all its keys checked again, and a key that is not satisfied yet is no error.
fn tolerate(column: &str, (table, author): (u32, Oid), ways: &[&dyn Fn()]) {
    if is_own_session(author) {
        return ways.first().into_iter().for_each(|write| write());
    }
    let mut refusal = None;
    for write in ways {
        let Err(failure) = protect(write) else {
            return;
        };
        let is_unsatisfied_key = refusal.is_some() && failure.sqlstate.starts_with("23");
        if failure.sqlstate != "42501" && !is_unsatisfied_key {
            failure.rethrow();
        }
        refusal.get_or_insert(failure);
    }
    if let Some(failure) = refusal {
        errors::warn_not_written(column, &sql_name(table), &failure.sqlstate, &failure.message);
    }
}

/// Locks the row; false if it is gone. A lock of another transaction is waited for, as long as `patience` says.
fn lock(mapping: &Mapping, key: &[String]) -> bool {
    let run = |locking: &str| {
        let mut select = Statement::writing(mapping.author());
        let row = row(&mut select, mapping, key);
        select.run(format!("SELECT FROM {} WHERE {row}{locking}", rows_of(mapping))) > 0
    };
    let locked = locks::poll(patience(), || match run(" FOR NO KEY UPDATE SKIP LOCKED") {
        true => Some(true),
        false => (!run("")).then_some(false),
    });
    locked.unwrap_or_else(|| errors::row_is_held(&sql_name(mapping.oid), key))
}

fn update(changes: &[Change<'_>], mapping: &Mapping, key: &[String]) {
    let mut update = Statement::writing(mapping.author());
    let columns: Vec<String> = changes.iter().map(|(column, _)| quoted(&column.column)).collect();
    let values: Vec<String> =
        changes.iter().map(|(column, value)| update.parameter(*value, column.type_id())).collect();
    let (columns, values) = (columns.join(", "), values.join(", "));
    let (row, table) = (row(&mut update, mapping, key), rows_of(mapping));
    let touches = touches(mapping).map(|touch| format!(", {touch}")).collect::<String>();
    update.run(format!(
        "UPDATE {table} SET ({columns}) = ROW({values}){touches}
          WHERE {row} AND ({columns}) IS DISTINCT FROM ({values})"
    ));
}

/// The row changes in what stands elsewhere.
fn touch(mapping: &Mapping, key: &[String]) {
    let touches = touches(mapping).collect::<Vec<_>>().join(", ");
    if !touches.is_empty() {
        let mut update = Statement::writing(mapping.author());
        let row = row(&mut update, mapping, key);
        update.run(format!("UPDATE {} SET {touches} WHERE {row}", rows_of(mapping)));
    }
}

fn touches(mapping: &Mapping) -> impl Iterator<Item = String> + '_ {
    mapping.touches.iter().map(|Touched { how, column }| {
        let name = quoted(&column.column);
        match (how, column.type_id()) {
            (Touching::OneMore, _) => {
                format!("{name} = coalesce({name}, 0) OPERATOR(pg_catalog.+) 1")
            }
            (Touching::Now, pg_sys::TIMESTAMPTZOID) => format!("{name} = pg_catalog.clock_timestamp()"),
            (Touching::Now, _) => {
                format!("{name} = pg_catalog.timezone('UTC', pg_catalog.clock_timestamp())")
            }
        }
    })
}
