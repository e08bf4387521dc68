//! Rows by their primary key, without the executor: rows that are not committed are seen, too.

use crate::db::entry::attached::convert::{self, Canonical};
use crate::db::errors;
use crate::db::pg::catalog::sql_name;
use crate::db::pg::index_scan::{scan_key, snapshot};
use pgrx::pg_sys::{self, Oid};
use pgrx::{IntoDatum, PgTupleDesc};

/// The primary key of a row.
#[derive(Clone)]
pub struct Key {
    /// As in `leads.attached_key`.
    pub text: String,
    /// One text for each column.
    pub values: Vec<String>,
}

/// The result of looking for a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// There is none.
    Nothing,
    /// Another transaction inserts or deletes it.
    Unsettled,
    /// It is there.
    Row,
}

impl Key {
    /// Whether a row of a table, or of a partition, is there.
    pub fn find(&self, table: Oid) -> Found {
        let mut snapshot = snapshot(pg_sys::SnapshotType::SNAPSHOT_DIRTY);
        let place: *mut pg_sys::SnapshotData = &mut *snapshot;
        let mut found = Found::Nothing;
        // SAFETY: the snapshot outlives the scan, which leaves in it the transactions of the row it found.
        unsafe {
            self.scan(table, place, |_| {
                let is_settled = (*place).xmin == pg_sys::InvalidTransactionId
                    && (*place).xmax == pg_sys::InvalidTransactionId;
                found = if is_settled { Found::Row } else { Found::Unsettled };
                true
            });
        }
        found
    }

    /// Whether there is any version of a row, deleted ones included.
    pub fn was_there(&self, table: Oid) -> bool {
        // SAFETY: the snapshot outlives the scan.
        unsafe { self.scan(table, &mut *snapshot(pg_sys::SnapshotType::SNAPSHOT_ANY), |_| true) }
    }

    /// Whether `is_it` accepts a row that this transaction sees.
    pub fn look(&self, table: Oid, is_it: impl FnMut(pg_sys::HeapTupleHeader) -> bool) -> bool {
        // SAFETY: the snapshot outlives the scan.
        unsafe { self.scan(table, &mut *snapshot(pg_sys::SnapshotType::SNAPSHOT_SELF), is_it) }
    }

    unsafe fn scan(
        &self,
        table: Oid,
        snapshot: pg_sys::Snapshot,
        mut is_it: impl FnMut(pg_sys::HeapTupleHeader) -> bool,
    ) -> bool {
        let share = pg_sys::AccessShareLock as pg_sys::LOCKMODE;
        let keep = pg_sys::NoLock as pg_sys::LOCKMODE;
        // SAFETY: the statement has the table open; scan and relations are closed in pairs (an error releases
        // them with the subtransaction).
        unsafe {
            let table = pg_sys::table_open(table, share);
            let key = primary_key(table);
            if key == Oid::INVALID {
                errors::primary_key_is_gone(&sql_name((*table).rd_id.to_u32()));
            }
            let index = pg_sys::index_open(key, share);
            let mut keys = self.scan_keys(table, index);
            let (count, first) = (keys.len() as i32, keys.as_mut_ptr());
            let scan = pg_sys::systable_beginscan_ordered(table, index, snapshot, count, first);
            let mut is_found = false;
            while !is_found {
                let tuple =
                    pg_sys::systable_getnext_ordered(scan, pg_sys::ScanDirection::ForwardScanDirection);
                if tuple.is_null() {
                    break;
                }
                is_found = is_it((*tuple).t_data);
            }
            pg_sys::systable_endscan_ordered(scan);
            pg_sys::index_close(index, keep);
            pg_sys::table_close(table, keep);
            is_found
        }
    }

    unsafe fn scan_keys(&self, table: pg_sys::Relation, index: pg_sys::Relation) -> Vec<pg_sys::ScanKeyData> {
        // SAFETY: the index has as many columns as the key.
        unsafe {
            let columns = (*(*index).rd_index).indkey.values.as_slice(self.values.len());
            let shape = PgTupleDesc::from_pg_unchecked((*table).rd_att);
            // Values of a domain are values of its base type; its checks are code of the user and must not run here.
            let type_of = |column: &i16| {
                let column = shape.get(*column as usize - 1);
                column.map_or(Oid::INVALID, |column| pg_sys::getBaseType(column.atttypid))
            };
            let types: Vec<Oid> = columns.iter().map(type_of).collect();
            let _canonical = Canonical::for_types(types.iter().copied());
            let key = |(place, text): (usize, &String)| {
                let (family, class) = (*(*index).rd_opfamily.add(place), *(*index).rd_opcintype.add(place));
                let equal = pg_sys::BTEqualStrategyNumber as i16;
                let operator = pg_sys::get_opfamily_member(family, class, class, equal);
                let value = convert::from_text(text, *types.get(place)?, -1)?;
                Some(scan_key(index, place, (value, pg_sys::get_opcode(operator).to_u32())))
            };
            self.values.iter().enumerate().filter_map(key).collect()
        }
    }
}

unsafe fn primary_key(table: pg_sys::Relation) -> Oid {
    // SAFETY: the caller has opened the table; listing its indexes notes which is the primary key.
    unsafe {
        if !(*table).rd_indexvalid {
            pg_sys::list_free(pg_sys::RelationGetIndexList(table));
        }
        (*table).rd_pkindex
    }
}

/// Longest key that is kept whole, in bytes: it must fit into an index.
const LONGEST_KEY: usize = 500;

/// `leads.attached_key`. Of a key that is too long for an index only a digest is kept: the lead has no way back to
/// its row then.
pub fn key_text(key: &[String]) -> String {
    let text = match key {
        [one] => one.clone(),
        several => serde_json::to_string(several).unwrap_or_default(),
    };
    if text.len() <= LONGEST_KEY {
        return text;
    }
    // SAFETY: md5 takes a text and answers with one.
    let digest: Option<String> =
        unsafe { pgrx::direct_function_call(pg_sys::md5_text, &[text.into_datum()]) };
    format!("{DIGEST}{}", digest.unwrap_or_default())
}

/// What the digest of a long key starts with.
const DIGEST: &str = "md5 of a long key: ";

/// The key columns from `leads.attached_key`; `None` if it is a digest.
pub fn key_values(text: &str, columns: usize) -> Option<Vec<String>> {
    match columns {
        _ if text.starts_with(DIGEST) => None,
        1 => Some(vec![text.to_owned()]),
        _ => serde_json::from_str(text).ok(),
    }
}
