//! What the triggers that keep the names of accounts ask.

use crate::db::pg::spi::Query;
use pgrx::pg_sys::TEXTARRAYOID;

/// Whether names of accounts are kept for anybody.
pub static MATCHES_ACCOUNTS: Query = Query::new("SELECT true FROM leadroute.account_matching LIMIT 1", &[]);

/// Deletes names by their keys ($1), tenants ($2) and accounts ($3).
pub static NAMES_GONE: Query = Query::new(
    "DELETE FROM leadroute.account_names n USING unnest($1, $2, $3) AS gone (key, tenant, account_id)
      WHERE (n.key, n.tenant, n.account_id) = (gone.key, gone.tenant, gone.account_id)",
    &[TEXTARRAYOID, TEXTARRAYOID, TEXTARRAYOID],
);
