//! Look-ups by index without the executor: a probe costs about a microsecond, a kept plan several.
//!
//! For the tables of the extension only. Each scan has a snapshot of its own, taken just before it, after
//! a command counter increment; see [`super::spi`] for why.

use super::identity::relation;
use super::spi::Row;
use pgrx::pg_sys::{self, Datum};
use pgrx::IntoDatum;
use std::ptr::null_mut;

/// A table with one of its btree indexes.
pub struct Index {
    /// Name of the table.
    pub table: &'static str,
    /// Name of the index.
    pub index: &'static str,
}

/// Which way to go through equal keys.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Smallest first.
    Up,
    /// Largest first.
    Down,
}

impl Order {
    fn direction(self) -> pg_sys::ScanDirection::Type {
        match self {
            Self::Up => pg_sys::ScanDirection::ForwardScanDirection,
            Self::Down => pg_sys::ScanDirection::BackwardScanDirection,
        }
    }
}

/// `domain_rules` by domain; columns: domain, kind, queue.
pub const DOMAIN_RULES: Index = Index { table: "domain_rules", index: "domain_rules_pkey" };
/// `mail_domains` by domain; columns: domain, kind.
pub const MAIL_DOMAINS: Index = Index { table: "mail_domains", index: "mail_domains_pkey" };
/// `contacts` by email; columns: email, account_id.
pub const CONTACTS: Index = Index { table: "contacts", index: "contacts_pkey" };
/// `account_domains` by domain; columns: domain, account_id, division.
pub const ACCOUNT_DOMAINS: Index = Index { table: "account_domains", index: "account_domains_pkey" };
/// `accounts` by id.
pub const ACCOUNTS: Index = Index { table: "accounts", index: "accounts_pkey" };
/// `turns` by pool, then id; columns: id, pool_no, seats, credit, received.
pub const TURNS: Index = Index { table: "turns", index: "turns_pool_no_id_idx" };
/// `turn_deltas` by pool; the same columns.
pub const TURN_DELTAS: Index = Index { table: "turn_deltas", index: "turn_deltas_pool_no_idx" };
/// `leads` by person; only first leads are in the index.
pub const PERSONS: Index = Index { table: "leads", index: "leads_person_key_idx" };
/// `leads` by id.
pub const LEADS: Index = Index { table: "leads", index: "leads_pkey" };
/// `leads` by external id.
pub const EXTERNAL_IDS: Index = Index { table: "leads", index: "leads_external_id_key" };

impl Index {
    /// Rows whose column is equal to a text, until `each` answers.
    pub fn text<T>(&self, key: &str, each: impl FnMut(Row) -> Option<T>) -> Option<T> {
        let datum = key.into_datum()?;
        self.scan(datum, pg_sys::F_TEXTEQ, Order::Up, null_mut(), each)
    }

    /// Whether a transaction of somebody else that is still open has inserted, changed or deleted a row whose
    /// column is equal to a text: a unique index would wait for it.
    pub fn is_in_flight(&self, key: &str) -> bool {
        // SAFETY: plain data; zero is a valid value for every field.
        let mut dirty: pg_sys::SnapshotData = unsafe { std::mem::zeroed() };
        dirty.snapshot_type = pg_sys::SnapshotType::SNAPSHOT_DIRTY;
        let dirty: pg_sys::Snapshot = &mut dirty;
        let found = key.into_datum().and_then(|key| {
            self.scan(key, pg_sys::F_TEXTEQ, Order::Up, dirty, |_| {
                // SAFETY: the scan notes there who works on the row that it has found.
                let (inserting, changing) = unsafe { ((*dirty).xmin, (*dirty).xmax) };
                (inserting != pg_sys::InvalidTransactionId || changing != pg_sys::InvalidTransactionId)
                    .then_some(())
            })
        });
        found.is_some()
    }

    /// Rows whose column is equal to an integer.
    pub fn integer<T>(&self, key: i32, order: Order, each: impl FnMut(Row) -> Option<T>) -> Option<T> {
        self.scan(Datum::from(key), pg_sys::F_INT4EQ, order, null_mut(), each)
    }

    /// Rows whose column is equal to a bigint.
    pub fn bigint<T>(&self, key: i64, each: impl FnMut(Row) -> Option<T>) -> Option<T> {
        self.scan(Datum::from(key), pg_sys::F_INT8EQ, Order::Up, null_mut(), each)
    }

    /// Under a snapshot of now, unless another one is given.
    fn scan<T>(
        &self,
        key: Datum,
        equal: u32,
        order: Order,
        given: pg_sys::Snapshot,
        mut each: impl FnMut(Row) -> Option<T>,
    ) -> Option<T> {
        let share = pg_sys::AccessShareLock as pg_sys::LOCKMODE;
        // SAFETY: relations, scan and snapshot are opened and closed in pairs (an error releases them with
        // the subtransaction); the key has the type and collation of the indexed column.
        unsafe {
            let table = pg_sys::table_open(relation(self.table), share);
            let index = pg_sys::index_open(relation(self.index), share);
            pg_sys::CommandCounterIncrement();
            let fresh = match given.is_null() {
                true => pg_sys::RegisterSnapshot(pg_sys::GetLatestSnapshot()),
                false => null_mut(),
            };
            let snapshot = if given.is_null() { fresh } else { given };
            let mut scan_key = scan_key(index, equal, key);
            let scan = pg_sys::systable_beginscan_ordered(table, index, snapshot, 1, &mut scan_key);
            let mut answer = None;
            while answer.is_none() {
                let tuple = pg_sys::systable_getnext_ordered(scan, order.direction());
                if tuple.is_null() {
                    break;
                }
                answer = each(Row { tuple, desc: (*table).rd_att });
            }
            pg_sys::systable_endscan_ordered(scan);
            pg_sys::UnregisterSnapshot(fresh);
            // The locks stay: rows that are removed by their place later must not be moved meanwhile.
            let keep = pg_sys::NoLock as pg_sys::LOCKMODE;
            pg_sys::index_close(index, keep);
            pg_sys::table_close(table, keep);
            answer
        }
    }
}

/// The leading column of an open index is equal to `key`.
unsafe fn scan_key(index: pg_sys::Relation, equal: u32, key: Datum) -> pg_sys::ScanKeyData {
    // SAFETY: the caller has opened the index and vouches for the type of the key.
    unsafe {
        let mut scan_key: pg_sys::ScanKeyData = std::mem::zeroed();
        pg_sys::ScanKeyEntryInitialize(
            &mut scan_key,
            0,
            // by its number in the table
            (*(*index).rd_index).indkey.values.as_slice(1)[0],
            pg_sys::BTEqualStrategyNumber as pg_sys::StrategyNumber,
            pg_sys::InvalidOid,
            *(*index).rd_indcollation,
            pg_sys::RegProcedure::from(equal),
            key,
        );
        scan_key
    }
}
