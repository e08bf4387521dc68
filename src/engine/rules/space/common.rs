//! What lies in two boxes at once.

use super::axis::{Axis, Wants, AXES};
use super::cells::Cell;
use super::tree::Cube;
use crate::rules::tables::Segment;

/// What lies in both, if they [`meet`](super::axis::meet).
pub fn common<'a>(one: &'a Segment, other: &'a Segment) -> Cube<'a> {
    let on = |axis: Axis| {
        let cells: Vec<Cell<'a>> = match (axis.wanted(one), axis.wanted(other)) {
            (Wants::Any, Wants::Any) => return None,
            (Wants::Names(names), Wants::Any) | (Wants::Any, Wants::Names(names)) => {
                names.iter().map(|name| Cell::Name(name)).collect()
            }
            (Wants::Names(one), Wants::Names(other)) => common_names(axis, one, other),
            (Wants::Within(one), Wants::Within(other)) => {
                one.and(other).into_iter().map(Cell::Between).collect()
            }
            (Wants::Within(one), _) | (_, Wants::Within(one)) => vec![Cell::Between(one)],
        };
        Some((axis, cells))
    };
    AXES.into_iter().filter(|axis| *axis != Axis::Time).filter_map(on).collect()
}

/// The names of each list that the other list takes.
fn common_names<'a>(axis: Axis, one: &'a [String], other: &'a [String]) -> Vec<Cell<'a>> {
    let mut names: Vec<&'a str> = Vec::new();
    for (list, by) in [(one, other), (other, one)] {
        let is_taken =
            |name: &&'a str| axis.known_as(name).iter().any(|known| by.iter().any(|item| item == known));
        names.extend(list.iter().map(String::as_str).filter(is_taken));
    }
    names.sort_unstable();
    names.dedup();
    names.into_iter().map(Cell::Name).collect()
}
