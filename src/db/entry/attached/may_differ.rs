//! Which fields of a mapping may read something else after an update: those of columns that differ. An expression is
//! evaluated again only if a column that it names differs, so that what depends on the time of day corrects nothing.

use crate::db::entry::attached::expression::columns_named;
use crate::db::entry::attached::mapping::{Mapping, Read, Row};

/// Whether a field may read something else in a new version of a row.
pub fn may_differ(read: &Read, old: Row, new: Row, mapping: &Mapping) -> bool {
    match (&read.column, &read.expression) {
        (Some(column), _) => new.differs(old, column),
        (None, Some(expression)) => {
            let named = read.named.get_or_init(|| columns_named(expression, mapping));
            named.as_ref().is_none_or(|columns| columns.iter().any(|column| new.differs(old, column)))
        }
        (None, None) => false,
    }
}
