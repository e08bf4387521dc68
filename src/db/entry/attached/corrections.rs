//! What an app corrects in a row that was routed: the lead becomes what the row says, and is routed again while nobody
//! has answered it.

use crate::db::entry::attached::lead_of_row::Draft;
use crate::db::entry::attached::mapping::{Mapping, Read, Row};
use crate::db::entry::attached::may_differ::may_differ;
use crate::db::pg::jsonb;
use crate::db::pg::spi::text;
use crate::db::queries;
use pgrx::pg_sys::Datum;
use pgrx::IntoDatum;
use std::collections::BTreeMap;

/// Fields that are no corrections: set once, kept apart, or an event of the buyer.
const OTHERS: [&str; 4] = ["tenant", "attributes", "event", "occurred_at"];

/// What differs between two versions of a row.
#[derive(Default)]
pub struct Corrections {
    /// Fields of the lead with their new values.
    fields: BTreeMap<&'static str, Option<String>>,
    /// Fields whose ranges, which stand in the attributes, are others.
    ranges: BTreeMap<String, Option<String>>,
    /// What the buyer did since.
    pub event: Event,
}

/// What the buyer did, as far as a row tells of something new.
#[derive(Default)]
pub struct Event {
    name: Option<String>,
    at: Option<String>,
}

impl Corrections {
    /// Compares what the mapping reads. A value that cannot be read corrects nothing.
    pub fn between(old: Row, new: Row, mapping: &Mapping) -> Self {
        let reads: Vec<&Read> =
            mapping.reads.iter().filter(|read| may_differ(read, old, new, mapping)).collect();
        if reads.is_empty() {
            return Self::default();
        }
        let (old, new) = (Draft::of(&reads, old, mapping), Draft::of(&reads, new, mapping));
        let is_odd = |field: &str| new.odd.iter().any(|problem| problem.field == field);
        let (before, after) = (old.texts(), new.texts());
        let fields = before.keys().chain(after.keys()).copied();
        let changed = fields.filter(|field| before.get(field) != after.get(field) && !is_odd(field));
        let mut changed: BTreeMap<&'static str, Option<String>> =
            changed.map(|field| (field, after.get(field).cloned())).collect();
        let mut event = Event::default();
        for (field, value) in OTHERS.iter().filter_map(|field| changed.remove_entry(field)) {
            match field {
                "event" => event.name = value,
                "occurred_at" => event.at = value,
                _ => {}
            }
        }
        Self { fields: changed, ranges: ranges(&old, &new), event }
    }
}

/// Takes them over. Only with `may_route` the lead may be routed again.
pub fn corrected(lead: i64, corrections: &Corrections, mapping: &Mapping, may_route: bool) {
    if corrections.fields.is_empty() && corrections.ranges.is_empty() {
        return;
    }
    let fields = serde_json::to_string(&corrections.fields).unwrap_or_default();
    let ranges = serde_json::to_string(&corrections.ranges).unwrap_or_default();
    let [lead, table] = [Datum::from(lead), Datum::from(mapping.table_no)].map(Some);
    let [fields, ranges] = [fields, ranges].map(|json| jsonb::from_text(&json));
    queries::ROW_CORRECTED.write(&[lead, fields, table, may_route.into_datum(), ranges]);
}

/// The ranges of the new version where they differ; none for those that are gone.
fn ranges(old: &Draft, new: &Draft) -> BTreeMap<String, Option<String>> {
    let (before, after) = (old.ranges(), new.ranges());
    let fields = before.keys().chain(after.keys());
    let changed = fields.filter(|field| before.get(*field) != after.get(*field));
    changed.map(|field| (field.clone(), after.get(field).cloned())).collect()
}

impl Event {
    /// Whether the row tells of one.
    pub const fn is_given(&self) -> bool {
        self.name.is_some() || self.at.is_some()
    }

    /// Notes it as an event of the lead; of one whose row is closed it is only noted.
    pub fn record(&self, lead: i64, is_closed: bool) {
        let [name, at] = [&self.name, &self.at].map(|value| text(value.as_deref()));
        queries::EVENT_BY_ROW.write(&[Some(Datum::from(lead)), name, at, is_closed.into_datum()]);
    }
}
