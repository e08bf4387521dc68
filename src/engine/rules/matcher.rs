//! Which segment a lead falls into: the first match by priority, effective now.

use crate::lead::{language, Lead};
use crate::rules::tables::{Segment, Span};
use crate::Micros;
use index::Index;
use rustc_hash::FxHashMap;

mod index;

/// The segments in the order in which they are tried.
#[derive(Debug, Default)]
pub struct Matcher {
    segments: Vec<Segment>,
    index: Index,
    places: FxHashMap<String, usize>,
}

/// What a search found.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Search {
    /// Place of the segment in the matcher.
    pub found: Option<usize>,
    /// Segments that would have matched but for a broken condition, with what is wrong.
    pub broken: Vec<(String, String)>,
}

impl Matcher {
    /// `segments` must come in the order of priority, ties by name.
    pub fn new(segments: Vec<Segment>) -> Self {
        let index = Index::new(&segments);
        let places = segments.iter().enumerate().map(|(place, row)| (row.name.clone(), place)).collect();
        Self { segments, index, places }
    }

    /// The segment at a place that [`Matcher::search`] gave.
    pub fn get(&self, place: usize) -> Option<&Segment> {
        self.segments.get(place)
    }

    /// All segments.
    pub fn all(&self) -> &[Segment] {
        &self.segments
    }

    /// Places, in order, of the segments before this one whose lists hold all that its lists name; ranges are not
    /// compared.
    pub fn covering(&self, place: usize) -> Vec<usize> {
        self.segments.get(place).map(|row| self.index.covering(row, place)).unwrap_or_default()
    }

    /// Places, in order, of the segments before this one that some lead could fall into as well; not all of them: the
    /// search is coarse.
    pub fn touching(&self, place: usize) -> Vec<usize> {
        self.segments.get(place).map(|row| self.index.touching(row, place)).unwrap_or_default()
    }

    /// Places of all segments with a condition whose columns hold for a lead, whatever comes before them.
    pub fn conditional(&self, lead: &Lead, now: Micros, mut each: impl FnMut(usize, &str)) {
        self.index.search(lead, |place| {
            let segment = self.segments.get(place)?;
            if let (Some(condition), None) = (&segment.condition, &segment.condition_problem) {
                if columns_hold(segment, lead, now) {
                    each(place, condition);
                }
            }
            None::<()>
        });
    }

    /// The place of a segment by name.
    pub fn place(&self, name: &str) -> Option<usize> {
        self.places.get(name).copied()
    }

    /// How many segments there are.
    pub fn len(&self) -> usize {
        self.segments.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.segments.is_empty()
    }

    /// The first segment whose columns and condition hold. A broken condition is skipped and reported.
    pub fn search(&self, lead: &Lead, now: Micros, mut condition: impl FnMut(&str) -> bool) -> Search {
        let mut search = Search::default();
        search.found = self.index.search(lead, |place| {
            let segment = self.segments.get(place).filter(|segment| columns_hold(segment, lead, now))?;
            if let Some(problem) = &segment.condition_problem {
                search.broken.push((segment.name.clone(), problem.clone()));
                return None;
            }
            segment.condition.as_deref().is_none_or(&mut condition).then_some(place)
        });
        search
    }
}

/// Everything but the condition, cheapest first.
fn columns_hold(segment: &Segment, lead: &Lead, now: Micros) -> bool {
    segment.tenants.as_ref().is_none_or(|list| list.contains(&lead.tenant))
        && one_of(&segment.countries, &lead.country)
        && one_of(&segment.events, &lead.event)
        && one_of(&segment.industries, &lead.industry)
        && one_of(&segment.products, &lead.product)
        && speaks_one(&segment.languages, &lead.language)
        && one_of(&segment.sources, &lead.source)
        && one_of(&segment.regions, &lead.region)
        && within(&segment.employees, lead.employees.as_ref(), lead.ranges.employees.as_ref())
        && within(&segment.revenue, lead.annual_revenue.as_ref(), lead.ranges.annual_revenue.as_ref())
        && starts_with_one(&segment.postal_prefixes, &lead.postal_code)
        && segment.effective.is_none_or(|span| span.contains(&now))
}

fn one_of(wanted: &Option<Vec<String>>, value: &Option<String>) -> bool {
    match (wanted, value) {
        (None, _) => true,
        (Some(list), Some(value)) => list.contains(value),
        (Some(_), None) => false,
    }
}

fn starts_with_one(prefixes: &Option<Vec<String>>, value: &Option<String>) -> bool {
    match (prefixes, value) {
        (None, _) => true,
        (Some(list), Some(value)) => list.iter().any(|prefix| value.starts_with(prefix)),
        (Some(_), None) => false,
    }
}

fn speaks_one(wanted: &Option<Vec<String>>, language: &Option<String>) -> bool {
    match (wanted, language) {
        (None, _) => true,
        (Some(list), Some(tag)) => language::is_among(tag, list),
        (Some(_), None) => false,
    }
}

/// A range must lie within the span as a whole.
fn within<T: PartialOrd>(span: &Option<Span<T>>, value: Option<&T>, range: Option<&Span<T>>) -> bool {
    match (span, value, range) {
        (None, ..) => true,
        (Some(span), Some(value), _) => span.contains(value),
        (Some(span), None, Some(range)) => span.holds(range),
        (Some(_), None, None) => false,
    }
}

#[cfg(test)]
mod tests;
