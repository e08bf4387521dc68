//! References between rows of the routing tables: the work of foreign keys, done by triggers that do nothing while a
//! dump is restored (see `sql/14_references.sql` for why).
//!
//! As with foreign keys, a row that is named is locked FOR KEY SHARE until the transaction ends, so it cannot be
//! deleted or get another key meanwhile. Every query has a snapshot of now: also at REPEATABLE READ no row is left
//! that names a deleted one.

use crate::db::errors;
use crate::db::lead::row;
use crate::db::pg::function::sql_function;
use crate::db::pg::once;
use crate::db::pg::security::AsOwner;
use crate::db::pg::spi::{self, Row};
use crate::db::pg::trigger_data::{arguments, name_of, Call, On, When, DELETE, INSERT, TRUNCATE, UPDATE};
use crate::db::state::change::is_trial;
use crate::db::state::restoring::is_within_restore;
use pgrx::pg_sys::{self, Datum, TriggerData};

sql_function! {
    /// `leadroute_internal.check_references(column, table, key, ...)`: statement trigger with the new rows as `added`
    /// and, after an update, the old ones as `removed`.
    leadroute_check_references, pg_finfo_leadroute_check_references, check_references
}

sql_function! {
    /// `leadroute_internal.references_removed(key, table, column, action, ...)`: statement trigger with the old rows as
    /// `removed`, or after TRUNCATE.
    leadroute_references_removed, pg_finfo_leadroute_references_removed, references_removed
}

sql_function! {
    /// `leadroute_internal.carry_key(key, table.column, ...)`: row trigger, after a key has changed.
    leadroute_carry_key, pg_finfo_leadroute_carry_key, carry_key
}

const ADDED: Call =
    Call { function: "check_references", on: On::Ours, when: When::AfterStatement, events: INSERT | UPDATE };
const REMOVED: Call = Call {
    function: "references_removed",
    on: On::Ours,
    when: When::AfterStatement,
    events: DELETE | TRUNCATE,
};
const RENAMED: Call = Call { function: "carry_key", on: On::Ours, when: When::AfterRow, events: UPDATE };

/// Tables about leads, which may have millions of rows, and whose rows people wait for: a preview leaves them as they are.
const OF_LEADS: [&str; 7] =
    ["leads", "notifications", "responses", "claims", "past_stints", "sla_clocks", "company_leads"];

/// Whether a key is not carried into a column.
fn is_left(target: &str) -> bool {
    is_trial() && target.split_once('.').is_some_and(|(table, _)| OF_LEADS.contains(&table))
}

/// The first column of the first row, as text.
fn first(data: &TriggerData, sql: &str) -> Option<String> {
    let found = once::over_changed_rows(data, sql, true, |row: Row| row.get::<String>(1));
    found.into_iter().next().flatten()
}

/// The columns of a key, the name last: `tenant,account_id`.
struct Columns<'a>(Vec<&'a str>);

impl<'a> Columns<'a> {
    fn new(names: &'a str) -> Self {
        Self(names.split(',').collect())
    }

    fn name(&self) -> &'a str {
        self.0.last().copied().unwrap_or_default()
    }

    /// The name, of a row with that alias.
    fn last(&self, of: &str) -> String {
        format!("{of}.{}", spi::quoted(self.name()))
    }

    /// All of them, separated by commas.
    fn list(&self, of: &str) -> String {
        let columns = self.0.iter().map(|column| format!("{of}.{}", spi::quoted(column)));
        columns.collect::<Vec<_>>().join(", ")
    }

    /// All of them as one value.
    fn row(&self, of: &str) -> String {
        format!("({})", self.list(of))
    }
}

unsafe fn check_references(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: called by PostgreSQL.
    let data = unsafe { ADDED.data(fcinfo) };
    if data.tg_newtable.is_null() {
        errors::not_a_trigger(ADDED.function);
    }
    if is_within_restore() {
        return Datum::from(0);
    }
    let _owner = AsOwner::begin();
    for [columns, parent, key] in arguments(data).as_chunks::<3>().0 {
        named_is_there(data, &Columns::new(columns), parent, &Columns::new(key));
    }
    Datum::from(0)
}

/// What the new rows name in some columns must be there, and stays.
fn named_is_there(data: &TriggerData, columns: &Columns<'_>, parent_name: &str, key: &Columns<'_>) {
    let parent = spi::quoted(parent_name);
    let mut named =
        format!("SELECT {} FROM added a WHERE {} IS NOT NULL", columns.list("a"), columns.last("a"));
    if !data.tg_oldtable.is_null() {
        // What the rows named before the update existed then, or is being renamed just now.
        named += &format!(" EXCEPT SELECT {} FROM removed r", columns.list("r"));
    }
    if first(data, &format!("{named} LIMIT 1")).is_none() {
        return;
    }
    // in one order: else two sessions that name the same rows, or one that deletes them, could deadlock
    let lock = format!(
        "SELECT FROM leadroute.{parent} p WHERE {} IN ({named}) ORDER BY {} FOR KEY SHARE",
        key.row("p"),
        key.list("p")
    );
    once::over_changed_rows(data, &lock, false, |_| ());
    let missing = format!(
        "SELECT {} FROM ({named}) n
          WHERE NOT EXISTS (SELECT FROM leadroute.{parent} p WHERE {} = {}) ORDER BY 1 LIMIT 1",
        columns.last("n"),
        key.row("p"),
        columns.row("n")
    );
    if let Some(value) = first(data, &missing) {
        errors::names_nothing(&name_of(data), columns.name(), &value, parent_name);
    }
}

unsafe fn references_removed(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: called by PostgreSQL.
    let data = unsafe { REMOVED.data(fcinfo) };
    if is_within_restore() {
        return Datum::from(0);
    }
    let is_delete = data.tg_event & pg_sys::TRIGGER_EVENT_OPMASK == pg_sys::TRIGGER_EVENT_DELETE;
    let arguments = arguments(data);
    let Some((key, references)) =
        arguments.split_first().filter(|_| !is_delete || !data.tg_oldtable.is_null())
    else {
        errors::not_a_trigger(REMOVED.function);
    };
    let _owner = AsOwner::begin();
    for [child, column, action] in references.as_chunks::<3>().0 {
        if is_delete {
            deleted(data, &Columns::new(key), child, &Columns::new(column), action == "cascade");
        } else {
            truncated(data, child, Columns::new(column).name());
        }
    }
    Datum::from(0)
}

/// Deletes rows that name what was deleted; an error if they refuse that.
fn deleted(data: &TriggerData, key: &Columns<'_>, child: &str, columns: &Columns<'_>, cascades: bool) {
    let parent = name_of(data);
    let (quoted_child, quoted_parent) = (spi::quoted(child), spi::quoted(&parent));
    let is_gone = |name: String| {
        format!("NOT EXISTS (SELECT FROM leadroute.{quoted_parent} p WHERE {} = {name})", key.row("p"))
    };
    if cascades {
        let delete = format!(
            "DELETE FROM leadroute.{quoted_child} c WHERE {} IN (SELECT {} FROM removed r) AND {}",
            columns.row("c"),
            key.list("r"),
            is_gone(columns.row("c"))
        );
        once::over_changed_rows(data, &delete, false, |_| ());
    } else {
        // one look-up by index for each key, however many rows there are
        let named = format!(
            "SELECT f.v FROM removed r CROSS JOIN LATERAL (
                SELECT {} AS v FROM leadroute.{quoted_child} c WHERE {} = {} LIMIT 1) f WHERE {} LIMIT 1",
            columns.last("c"),
            columns.row("c"),
            key.row("r"),
            is_gone(key.row("r"))
        );
        if let Some(value) = first(data, &named) {
            errors::is_still_named(&parent, &value, child, columns.name());
        }
    }
}

fn truncated(data: &TriggerData, child: &str, column: &str) {
    let (quoted_child, quoted_column) = (spi::quoted(child), spi::quoted(column));
    let named = format!(
        "SELECT c.{quoted_column} FROM leadroute.{quoted_child} c WHERE c.{quoted_column} IS NOT NULL LIMIT 1"
    );
    if first(data, &named).is_some() {
        errors::rows_are_still_named(&name_of(data), child, column);
    }
}

unsafe fn carry_key(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: called by PostgreSQL for an updated row, whose tuples and relation are valid.
    let (data, desc) = unsafe {
        let data = RENAMED.data(fcinfo);
        (data, (*data.tg_relation).rd_att)
    };
    let arguments = arguments(data);
    let Some((key, targets)) = arguments.split_first() else {
        errors::not_a_trigger(RENAMED.function);
    };
    let key = Columns::new(key);
    let value = |tuple, column| row::text_by_name(Row { tuple, desc }, column);
    let (was, is) = (value(data.tg_trigtuple, key.name()), value(data.tg_newtuple, key.name()));
    if was == is {
        return Datum::from(0);
    }
    let mut values = vec![was, is];
    let mut within = String::new();
    for column in key.0.iter().rev().skip(1) {
        values.push(value(data.tg_trigtuple, column));
        within += &format!(" AND {} = ${}", spi::quoted(column), values.len());
    }
    let (types, values) = (
        vec![pg_sys::TEXTOID; values.len()],
        values.iter().map(|value| spi::text(value.as_deref())).collect::<Vec<_>>(),
    );
    let _owner = AsOwner::begin();
    for target in targets.iter().filter(|target| !is_left(target)) {
        let Some((table, column)) = target.split_once('.') else {
            errors::not_a_trigger(RENAMED.function);
        };
        let (table, is_list) = (spi::quoted(table), column.ends_with("[]"));
        let column = spi::quoted(column.trim_end_matches("[]"));
        let sql = if is_list {
            format!("UPDATE leadroute.{table} SET {column} = array_replace({column}::text[], $1, $2) WHERE $1 = ANY ({column}){within}")
        } else {
            format!("UPDATE leadroute.{table} SET {column} = $2 WHERE {column} = $1{within}")
        };
        spi::ask((sql, types.clone()), &values, false, |_| ());
    }
    Datum::from(0)
}
