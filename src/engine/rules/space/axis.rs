//! The axes of the space, and what segments ask of each.

use crate::lead::{language, Lead};
use crate::rules::tables::{Segment, Span};
use crate::Micros;

/// A column that segments choose by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Axis {
    Tenant,
    Country,
    Region,
    Postal,
    Industry,
    Employees,
    Revenue,
    Product,
    Language,
    Source,
    Event,
    /// When it counts.
    Time,
}

/// All axes, in the order in which they are named to people. Time comes last: leads have none.
pub const AXES: [Axis; 12] = [
    Axis::Tenant,
    Axis::Country,
    Axis::Region,
    Axis::Postal,
    Axis::Industry,
    Axis::Employees,
    Axis::Revenue,
    Axis::Product,
    Axis::Language,
    Axis::Source,
    Axis::Event,
    Axis::Time,
];

/// A bound between values: before or after one of them.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Cut {
    /// The value.
    pub at: f64,
    /// Whether the value lies before the bound.
    pub after: bool,
}

/// From one bound to another.
#[derive(Debug, Clone, Copy, PartialEq)]
#[allow(missing_docs)]
pub struct Stretch {
    pub from: Cut,
    pub to: Cut,
}

impl Stretch {
    /// All values.
    pub const ALL: Self = Self {
        from: Cut { at: f64::NEG_INFINITY, after: false },
        to: Cut { at: f64::INFINITY, after: true },
    };

    /// The stretch of a range, with its values as numbers.
    pub fn of<T: Copy>(span: &Span<T>, number: impl Fn(T) -> f64) -> Self {
        let lower = span.lower.map(|lower| Cut { at: number(lower), after: !span.lower_inc });
        let upper = span.upper.map(|upper| Cut { at: number(upper), after: span.upper_inc });
        Self { from: lower.unwrap_or(Self::ALL.from), to: upper.unwrap_or(Self::ALL.to) }
    }

    /// Of whole numbers, so that no stretch between two bounds is empty.
    fn whole(span: &Span<i32>) -> Self {
        let Self { from, to } = Self::of(span, f64::from);
        let next = |cut: Cut| Cut { at: if cut.after { cut.at + 1.0 } else { cut.at }, after: false };
        Self {
            from: if from.at.is_finite() { next(from) } else { from },
            to: if to.at.is_finite() { next(to) } else { to },
        }
    }

    /// What lies in both.
    pub fn and(self, other: Self) -> Option<Self> {
        let from = if self.from < other.from { other.from } else { self.from };
        let to = if self.to < other.to { self.to } else { other.to };
        (from < to).then_some(Self { from, to })
    }
}

/// What a segment asks of an axis.
#[derive(Debug, Clone, Copy)]
pub enum Wants<'a> {
    /// Any value, or none.
    Any,
    /// One of these.
    Names(&'a [String]),
    /// A value in there.
    Within(Stretch),
}

impl Wants<'_> {
    /// Whether it asks nothing.
    pub const fn is_any(&self) -> bool {
        matches!(self, Self::Any)
    }
}

// a double tells microseconds apart until the year 2255
#[allow(clippy::cast_precision_loss)]
const fn micros(at: Micros) -> f64 {
    at as f64
}

impl Axis {
    /// What a segment asks.
    pub fn wanted(self, segment: &Segment) -> Wants<'_> {
        let list = match self {
            Self::Tenant => &segment.tenants,
            Self::Country => &segment.countries,
            Self::Region => &segment.regions,
            Self::Postal => &segment.postal_prefixes,
            Self::Industry => &segment.industries,
            Self::Product => &segment.products,
            Self::Language => &segment.languages,
            Self::Source => &segment.sources,
            Self::Event => &segment.events,
            Self::Employees => return within(segment.employees.as_ref().map(Stretch::whole)),
            Self::Revenue => return within(segment.revenue.as_ref().map(|span| Stretch::of(span, |x| x))),
            Self::Time => return within(segment.effective.as_ref().map(|span| Stretch::of(span, micros))),
        };
        list.as_deref().map_or(Wants::Any, Wants::Names)
    }

    /// Whether values are names, as opposed to numbers.
    pub const fn is_named(self) -> bool {
        !matches!(self, Self::Employees | Self::Revenue | Self::Time)
    }

    /// The names under which a rule may know a value, the longest first: `1011`, `101`, `10`.
    pub fn known_as(self, value: &str) -> Vec<&str> {
        match self {
            Self::Language => language::ranges(value).collect(),
            Self::Postal => {
                let ends = value.char_indices().map(|(end, _)| end).chain([value.len()]);
                let mut all: Vec<&str> = ends.filter_map(|end| value.get(..end)).collect();
                all.reverse();
                all
            }
            _ => vec![value],
        }
    }

    /// The name that a lead has there.
    pub fn name_of(self, lead: &Lead) -> Option<&str> {
        match self {
            Self::Tenant => Some(&lead.tenant),
            Self::Country => lead.country.as_deref(),
            Self::Region => lead.region.as_deref(),
            Self::Postal => lead.postal_code.as_deref(),
            Self::Industry => lead.industry.as_deref(),
            Self::Product => lead.product.as_deref(),
            Self::Language => lead.language.as_deref(),
            Self::Source => lead.source.as_deref(),
            Self::Event => lead.event.as_deref(),
            Self::Employees | Self::Revenue | Self::Time => None,
        }
    }

    /// The number that a lead has there.
    pub fn number_of(self, lead: &Lead) -> Option<f64> {
        match self {
            Self::Employees => lead.employees.map(f64::from),
            Self::Revenue => lead.annual_revenue,
            _ => None,
        }
    }
}

fn within<'a>(stretch: Option<Stretch>) -> Wants<'a> {
    stretch.map_or(Wants::Any, Wants::Within)
}

/// Whether some lead could fall into both, conditions aside.
pub fn meet(one: &Segment, other: &Segment) -> bool {
    AXES.into_iter().all(|axis| match (axis.wanted(one), axis.wanted(other)) {
        (Wants::Names(one), Wants::Names(other)) => {
            let knows = |list: &[String], name: &str| {
                axis.known_as(name).iter().any(|known| list.iter().any(|item| item == known))
            };
            one.iter().any(|name| knows(other, name)) || other.iter().any(|name| knows(one, name))
        }
        (Wants::Within(one), Wants::Within(other)) => one.and(other).is_some(),
        _ => true,
    })
}
