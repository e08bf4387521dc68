//! Which segments may match a lead, by bitsets: a segment is a bit, in the order in which segments are tried.
//!
//! Each column has a set of segments that take any value, and one for each value that is named; a lead may match
//! those that are in one of the two for every column (as rule engines like gorules/zen do it). Sets of values are
//! kept as the words that are not empty, so that many values cost no memory. Ranges are cut into a few buckets.
//! The answer may hold too many segments, never too few; the matcher checks each of them.

use crate::lead::{language, Lead};
use crate::rules::tables::{Segment, Span};
use rustc_hash::FxHashMap;

/// Buckets that the values of a range column are cut into at most.
const BUCKETS: usize = 64;

/// Words of a set that are not empty: number of the word and its bits, in order.
type Words = Vec<(u32, u64)>;

/// One column of all segments.
#[derive(Debug, Default)]
struct Column<K> {
    /// Segments that take any value, as a dense bitset.
    any: Vec<u64>,
    /// Words of it that are not empty.
    any_words: Vec<u32>,
    values: FxHashMap<K, Words>,
}

impl<K: std::hash::Hash + Eq> Column<K> {
    /// `keys` answers the values of a segment, or `None` for any.
    fn new(segments: &[Segment], keys: impl Fn(&Segment) -> Option<Vec<K>>) -> Self {
        let mut column = Self {
            any: vec![0; segments.len().div_ceil(64)],
            any_words: Vec::new(),
            values: FxHashMap::default(),
        };
        for (place, segment) in segments.iter().enumerate() {
            let (word, bit) = (place / 64, 1_u64 << (place % 64));
            match keys(segment) {
                None => column.any.get_mut(word).into_iter().for_each(|bits| *bits |= bit),
                Some(keys) => keys.into_iter().for_each(|key| {
                    set(column.values.entry(key).or_default(), u32::try_from(word).unwrap_or(u32::MAX), bit);
                }),
            }
        }
        let filled = column.any.iter().enumerate().filter(|(_, bits)| **bits != 0);
        column.any_words = filled.filter_map(|(word, _)| u32::try_from(word).ok()).collect();
        column
    }

    /// Keeps in `bits` the segments that take, for each of these values, one of its `keys`; `None` is any value.
    fn keep_covering(&self, bits: &mut [u64], values: Option<&[K]>, keys: impl Fn(&K) -> Vec<K>) {
        let Some(values) = values else {
            return bits.iter_mut().zip(&self.any).for_each(|(bits, any)| *bits &= any);
        };
        for value in values {
            let mut takers = self.any.clone();
            for (word, named) in keys(value).iter().filter_map(|key| self.values.get(key)).flatten() {
                let place = usize::try_from(*word).ok().and_then(|word| takers.get_mut(word));
                place.into_iter().for_each(|bits| *bits |= named);
            }
            bits.iter_mut().zip(takers).for_each(|(bits, takers)| *bits &= takers);
        }
    }

    /// Keeps in `bits` the segments that take one of these values; `None` is any value.
    fn keep_touching(&self, bits: &mut [u64], values: Option<&[K]>) {
        let Some(values) = values else {
            return;
        };
        let mut takers = self.any.clone();
        for (word, named) in values.iter().filter_map(|value| self.values.get(value)).flatten() {
            let place = usize::try_from(*word).ok().and_then(|word| takers.get_mut(word));
            place.into_iter().for_each(|bits| *bits |= named);
        }
        bits.iter_mut().zip(takers).for_each(|(bits, takers)| *bits &= takers);
    }

    fn filter(&self, keys: impl IntoIterator<Item = K>) -> Filter<'_> {
        let values = keys.into_iter().filter_map(|key| self.values.get(&key)).map(Vec::as_slice).collect();
        Filter { any: &self.any, any_words: &self.any_words, values }
    }
}

fn set(words: &mut Words, word: u32, bit: u64) {
    match words.last_mut() {
        Some((last, bits)) if *last == word => *bits |= bit,
        _ => words.push((word, bit)),
    }
}

/// The segments that one column lets through.
struct Filter<'a> {
    any: &'a [u64],
    any_words: &'a [u32],
    values: Vec<&'a [(u32, u64)]>,
}

impl Filter<'_> {
    fn bits(&self, word: u32) -> u64 {
        let any = usize::try_from(word).ok().and_then(|word| self.any.get(word)).copied().unwrap_or(0);
        self.values.iter().fold(any, |bits, words| {
            let found = words.binary_search_by_key(&word, |(word, _)| *word).ok();
            bits | found.and_then(|place| words.get(place)).map_or(0, |(_, bits)| *bits)
        })
    }

    /// How many words it has at most.
    fn size(&self) -> usize {
        self.any_words.len() + self.values.iter().map(|words| words.len()).sum::<usize>()
    }

    /// Its words, in order.
    fn words(&self) -> Vec<u32> {
        let values = self.values.iter().flat_map(|words| words.iter().map(|(word, _)| *word));
        let mut words: Vec<u32> = self.any_words.iter().copied().chain(values).collect();
        words.sort_unstable();
        words.dedup();
        words
    }
}

/// Limits between the buckets of a range column.
#[derive(Debug, Default)]
struct Buckets<T>(Vec<T>);

impl<T: PartialOrd + Copy> Buckets<T> {
    /// Limits such that the buckets hold about as many bounds each.
    fn new<'a>(spans: impl Iterator<Item = &'a Span<T>>) -> Self
    where
        T: 'a,
    {
        let mut bounds: Vec<T> = spans.flat_map(|span| [span.lower, span.upper]).flatten().collect();
        bounds.sort_by(|a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal));
        bounds.dedup();
        let step = bounds.len().div_ceil(BUCKETS).max(1);
        Self(bounds.into_iter().step_by(step).collect())
    }

    fn of(&self, value: &T) -> usize {
        self.0.partition_point(|limit| limit <= value)
    }

    /// All buckets that a span may touch.
    fn touched(&self, span: &Span<T>) -> Vec<usize> {
        let first = span.lower.as_ref().map_or(0, |lower| self.of(lower));
        let last = span.upper.as_ref().map_or(self.0.len(), |upper| self.of(upper));
        (first..=last).collect()
    }
}

/// The columns of all segments.
#[derive(Debug, Default)]
pub struct Index {
    tenants: Column<String>,
    countries: Column<String>,
    regions: Column<String>,
    prefixes: Column<String>,
    industries: Column<String>,
    products: Column<String>,
    languages: Column<String>,
    sources: Column<String>,
    events: Column<String>,
    employees: (Buckets<i32>, Column<usize>),
    revenue: (Buckets<f64>, Column<usize>),
}

impl Index {
    /// Of segments in the order in which they are tried.
    pub fn new(segments: &[Segment]) -> Self {
        let names =
            |list: fn(&Segment) -> &Option<Vec<String>>| Column::new(segments, |row| list(row).clone());
        let employees = Buckets::new(segments.iter().filter_map(|row| row.employees.as_ref()));
        let revenue = Buckets::new(segments.iter().filter_map(|row| row.revenue.as_ref()));
        let by_size = |row: &Segment| row.employees.as_ref().map(|span| employees.touched(span));
        let by_revenue = |row: &Segment| row.revenue.as_ref().map(|span| revenue.touched(span));
        let (sizes, revenues) = (Column::new(segments, by_size), Column::new(segments, by_revenue));
        Self {
            tenants: names(|row| &row.tenants),
            countries: names(|row| &row.countries),
            regions: names(|row| &row.regions),
            prefixes: names(|row| &row.postal_prefixes),
            industries: names(|row| &row.industries),
            products: names(|row| &row.products),
            languages: names(|row| &row.languages),
            sources: names(|row| &row.sources),
            events: names(|row| &row.events),
            employees: (employees, sizes),
            revenue: (revenue, revenues),
        }
    }

    /// Places of segments that may match, in order; `found` is asked for each until it answers.
    pub fn search<T>(&self, lead: &Lead, mut found: impl FnMut(usize) -> Option<T>) -> Option<T> {
        let filters = self.filters(lead);
        // start with the column that leaves the fewest words
        let first = filters.iter().min_by_key(|filter| filter.size())?;
        for word in first.words() {
            let mut bits =
                filters.iter().map(|filter| filter.bits(word)).fold(u64::MAX, |all, bits| all & bits);
            while bits != 0 {
                let place = u64::from(word) * 64 + u64::from(bits.trailing_zeros());
                bits &= bits - 1;
                if let Some(answer) = usize::try_from(place).ok().and_then(&mut found) {
                    return Some(answer);
                }
            }
        }
        None
    }

    /// The columns whose values are compared as they are, with those of a segment.
    fn plain_lists<'a>(&'a self, row: &'a Segment) -> [(&'a Column<String>, &'a Option<Vec<String>>); 7] {
        [
            (&self.tenants, &row.tenants),
            (&self.countries, &row.countries),
            (&self.regions, &row.regions),
            (&self.industries, &row.industries),
            (&self.products, &row.products),
            (&self.sources, &row.sources),
            (&self.events, &row.events),
        ]
    }

    /// Places before `end`, in order, of segments whose lists hold all that the lists of `row` name.
    pub fn covering(&self, row: &Segment, end: usize) -> Vec<usize> {
        let mut bits = vec![u64::MAX; end.div_ceil(64)];
        let itself = |value: &String| vec![value.clone()];
        for (column, values) in self.plain_lists(row) {
            column.keep_covering(&mut bits, values.as_deref(), itself);
        }
        let ranges = |tag: &String| language::ranges(tag).map(str::to_owned).collect();
        self.languages.keep_covering(&mut bits, row.languages.as_deref(), ranges);
        let beginnings = |prefix: &String| beginnings(prefix).collect();
        self.prefixes.keep_covering(&mut bits, row.postal_prefixes.as_deref(), beginnings);
        places(&bits, end)
    }

    /// Places before `end`, in order, of segments that may take a lead that `row` takes, too. Languages and postal codes
    /// are not compared.
    pub fn touching(&self, row: &Segment, end: usize) -> Vec<usize> {
        let mut bits = vec![u64::MAX; end.div_ceil(64)];
        for (column, values) in self.plain_lists(row) {
            column.keep_touching(&mut bits, values.as_deref());
        }
        let (sizes, revenues) = (&self.employees, &self.revenue);
        let buckets = row.employees.as_ref().map(|span| sizes.0.touched(span));
        sizes.1.keep_touching(&mut bits, buckets.as_deref());
        let buckets = row.revenue.as_ref().map(|span| revenues.0.touched(span));
        revenues.1.keep_touching(&mut bits, buckets.as_deref());
        places(&bits, end)
    }

    fn filters(&self, lead: &Lead) -> [Filter<'_>; 11] {
        let (sizes, revenues) = (&self.employees, &self.revenue);
        [
            self.tenants.filter(Some(lead.tenant.clone())),
            self.countries.filter(lead.country.clone()),
            self.events.filter(lead.event.clone()),
            self.industries.filter(lead.industry.clone()),
            self.products.filter(lead.product.clone()),
            self.languages
                .filter(lead.language.iter().flat_map(|tag| language::ranges(tag)).map(str::to_owned)),
            self.sources.filter(lead.source.clone()),
            self.regions.filter(lead.region.clone()),
            self.prefixes.filter(lead.postal_code.iter().flat_map(|code| beginnings(code))),
            sizes.1.filter(least(lead.employees, lead.ranges.employees).map(|value| sizes.0.of(&value))),
            revenues.1.filter(
                least(lead.annual_revenue, lead.ranges.annual_revenue).map(|value| revenues.0.of(&value)),
            ),
        ]
    }
}

/// The places of a bitset before `end`.
fn places(bits: &[u64], end: usize) -> Vec<usize> {
    let places = bits.iter().enumerate().flat_map(|(word, bits)| {
        (0..64).filter(move |bit| bits >> bit & 1 == 1).map(move |bit| word * 64 + bit)
    });
    places.take_while(|place| *place < end).collect()
}

/// A value that a span must hold to take the lead.
fn least<T: Copy>(value: Option<T>, range: Option<Span<T>>) -> Option<T> {
    value.or_else(|| range?.lower)
}

/// Every beginning of a text, the empty one and the whole included.
fn beginnings(text: &str) -> impl Iterator<Item = String> + '_ {
    let ends = text.char_indices().map(|(end, _)| end).chain([text.len()]);
    ends.filter_map(|end| text.get(..end)).map(str::to_owned)
}
