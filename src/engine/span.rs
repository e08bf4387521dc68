//! Ranges.

use serde::Deserialize;

/// A range of PostgreSQL: bounds may be open, closed or missing.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
pub struct Span<T> {
    /// Lower bound, `None` for none.
    pub lower: Option<T>,
    /// Whether the lower bound belongs to the range.
    #[serde(default)]
    pub lower_inc: bool,
    /// Upper bound, `None` for none.
    pub upper: Option<T>,
    /// Whether the upper bound belongs to the range.
    #[serde(default)]
    pub upper_inc: bool,
}

impl<T> Span<T> {
    /// From `lower` to `upper`, both in it.
    pub const fn closed(lower: T, upper: Option<T>) -> Self {
        Self { lower: Some(lower), lower_inc: true, upper, upper_inc: true }
    }
}

impl<T: PartialOrd> Span<T> {
    /// Whether `value` lies in the range.
    pub fn contains(&self, value: &T) -> bool {
        let above = self.lower.as_ref().is_none_or(|low| value > low || (self.lower_inc && value == low));
        let below = self.upper.as_ref().is_none_or(|high| value < high || (self.upper_inc && value == high));
        above && below
    }

    /// Whether all of `other` lies in the range.
    pub fn holds(&self, other: &Self) -> bool {
        let above = self.lower.as_ref().is_none_or(|low| {
            let starts = other.lower.as_ref();
            starts.is_some_and(|at| at > low || (at == low && (self.lower_inc || !other.lower_inc)))
        });
        let below = self.upper.as_ref().is_none_or(|high| {
            let ends = other.upper.as_ref();
            ends.is_some_and(|at| at < high || (at == high && (self.upper_inc || !other.upper_inc)))
        });
        above && below
    }
}
