//! leadroute: routes B2B leads inside PostgreSQL. A table of contents; the rules are in
//! `leadroute-engine`, everything that touches PostgreSQL in `db`, the SQL surface in `sql/`,
//! in the order that `sql/order` lists.

use pgrx::prelude::*;

mod db;

/// A lead is hundreds of small allocations. With glibc's allocator a single insert is 3 % slower, a bulk insert 7 %. A session holds
/// 1 MB more for it, where the kernel gives pages of 2 MB only to who asks for them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

pgrx::pg_module_magic!();

/// Runs when PostgreSQL loads the library.
#[pg_guard]
pub extern "C-unwind" fn _PG_init() {
    db::settings::register();
    db::pg::catalog::register();
    db::xact::register();
    db::routing::holders::register(db::entry::attached::holder::problem);
}
