//! leadroute: routes B2B leads inside PostgreSQL. A table of contents; the rules are in
//! `leadroute-engine`, everything that touches PostgreSQL in `db`, the SQL surface in `sql/`,
//! in the order that `sql/order` lists.

use pgrx::prelude::*;

mod db;

pgrx::pg_module_magic!();

/// Runs when PostgreSQL loads the library.
#[pg_guard]
pub extern "C-unwind" fn _PG_init() {
    db::settings::register();
    db::pg::catalog::register();
    db::xact::register();
    db::routing::holders::register(db::entry::attached::holder::problem);
}
