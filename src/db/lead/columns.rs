//! The columns of `leads`, in the order of the table.

use pgrx::pg_sys::{self, Oid};

/// Who sets a column of a new lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetBy {
    /// Whoever submits the lead.
    App,
    /// Routing, or a role that may set what routing sets.
    Routing,
    /// The extension: keys, times, and the row of an attached table.
    Extension,
}

/// A column of `leads`.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// The type that it is read as.
    pub type_id: Oid,
    /// Who sets it.
    pub set_by: SetBy,
}

const fn by_app(name: &'static str, type_id: Oid) -> Column {
    Column { name, type_id, set_by: SetBy::App }
}

const fn by_routing(name: &'static str, type_id: Oid) -> Column {
    Column { name, type_id, set_by: SetBy::Routing }
}

const fn by_extension(name: &'static str, type_id: Oid) -> Column {
    Column { name, type_id, set_by: SetBy::Extension }
}

/// All of them.
pub static COLUMNS: [Column; 51] = [
    by_extension("id", pg_sys::INT8OID),
    by_app("external_id", pg_sys::TEXTOID),
    by_app("email", pg_sys::TEXTOID),
    by_app("first_name", pg_sys::TEXTOID),
    by_app("last_name", pg_sys::TEXTOID),
    by_app("phone", pg_sys::TEXTOID),
    by_app("title", pg_sys::TEXTOID),
    by_app("department", pg_sys::TEXTOID),
    by_app("company", pg_sys::TEXTOID),
    by_app("website", pg_sys::TEXTOID),
    by_app("crm_account_id", pg_sys::TEXTOID),
    by_app("country", pg_sys::TEXTOID),
    by_app("region", pg_sys::TEXTOID),
    by_app("city", pg_sys::TEXTOID),
    by_app("postal_code", pg_sys::TEXTOID),
    by_app("industry", pg_sys::TEXTOID),
    by_app("employees", pg_sys::INT4OID),
    by_app("annual_revenue", pg_sys::NUMERICOID),
    by_app("product", pg_sys::TEXTOID),
    by_app("language", pg_sys::TEXTOID),
    by_app("score", pg_sys::NUMERICOID),
    by_app("event", pg_sys::TEXTOID),
    by_app("occurred_at", pg_sys::TIMESTAMPTZOID),
    by_app("source", pg_sys::TEXTOID),
    by_app("campaign", pg_sys::TEXTOID),
    by_app("attributes", pg_sys::JSONBOID),
    by_routing("status", pg_sys::TEXTOID),
    by_routing("owner_id", pg_sys::TEXTOID),
    by_routing("queue", pg_sys::TEXTOID),
    by_routing("account_id", pg_sys::TEXTOID),
    by_routing("segment", pg_sys::TEXTOID),
    by_routing("territory", pg_sys::TEXTOID),
    by_routing("tier", pg_sys::TEXTOID),
    by_routing("pool", pg_sys::TEXTOID),
    by_routing("playbook", pg_sys::TEXTOID),
    by_routing("expansion", pg_sys::BOOLOID),
    by_routing("held", pg_sys::BOOLOID),
    by_routing("duplicate_of", pg_sys::INT8OID),
    by_routing("person_key", pg_sys::TEXTOID),
    by_routing("routed_at", pg_sys::TIMESTAMPTZOID),
    by_routing("sla_due_at", pg_sys::TIMESTAMPTZOID),
    by_routing("first_response_at", pg_sys::TIMESTAMPTZOID),
    by_routing("decision_id", pg_sys::INT8OID),
    by_extension("created_at", pg_sys::TIMESTAMPTZOID),
    by_extension("updated_at", pg_sys::TIMESTAMPTZOID),
    by_extension("attached_table", pg_sys::INT4OID),
    by_extension("attached_key", pg_sys::TEXTOID),
    by_app("tenant", pg_sys::TEXTOID),
    by_extension("unassigned_at", pg_sys::TIMESTAMPTZOID),
    by_routing("closed_at", pg_sys::TIMESTAMPTZOID),
    by_routing("amount", pg_sys::NUMERICOID),
];

/// The column of a name.
pub fn column(name: &str) -> Option<Column> {
    COLUMNS.iter().find(|column| column.name == name).copied()
}

/// The column of a name, if an app may fill it.
pub fn given(name: &str) -> Option<Column> {
    column(name).filter(|column| column.set_by == SetBy::App)
}

/// Names of the columns that somebody sets.
pub fn set_by(who: SetBy) -> impl Iterator<Item = &'static str> {
    COLUMNS.iter().filter(move |column| column.set_by == who).map(|column| column.name)
}
