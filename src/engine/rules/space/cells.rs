//! One axis, cut where segments tell values apart.

use super::axis::{Axis, Cut, Stretch, Wants};
use crate::lead::Lead;
use crate::rules::tables::Segment;
use rustc_hash::FxHashMap;

/// Values that no segment tells apart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cell<'a> {
    /// A name, with all below it that is not named itself.
    Name(&'a str),
    /// No value, or one that is not named.
    Other,
    /// Numbers.
    Between(Stretch),
}

/// Values that the same segments take.
#[derive(Debug)]
pub struct Class<'a> {
    pub cells: Vec<Cell<'a>>,
    /// Those segments, in order.
    pub members: Vec<u32>,
}

/// An axis, cut by some segments.
#[derive(Debug)]
pub struct Cells<'a> {
    pub axis: Axis,
    pub classes: Vec<Class<'a>>,
    names: FxHashMap<&'a str, usize>,
    cuts: Vec<Cut>,
    stretches: Vec<usize>,
    other: Option<usize>,
}

impl<'a> Cells<'a> {
    /// Cuts an axis by `members`, inside of what `within` asks.
    pub fn new(axis: Axis, segments: &'a [Segment], members: &[u32], within: Wants<'a>) -> Self {
        let mut cells = Self {
            axis,
            classes: Vec::new(),
            names: FxHashMap::default(),
            cuts: Vec::new(),
            stretches: Vec::new(),
            other: None,
        };
        let wanted = |member: &u32| segment(segments, *member).map_or(Wants::Any, |row| axis.wanted(row));
        let any: Vec<u32> = members.iter().copied().filter(|member| wanted(member).is_any()).collect();
        let mut found = FxHashMap::default();
        // what is left over comes first: there a gap is likeliest
        if within.is_any() && axis != Axis::Time {
            cells.other = Some(cells.file(&mut found, Cell::Other, any.clone()));
        }
        if axis.is_named() {
            cells.cut_names(&mut found, &any, members, &wanted, within);
        } else {
            cells.cut_stretches(&mut found, &any, members, &wanted, within);
        }
        cells
    }

    fn file(&mut self, found: &mut FxHashMap<Vec<u32>, usize>, cell: Cell<'a>, members: Vec<u32>) -> usize {
        let place = *found.entry(members).or_insert_with_key(|members| {
            self.classes.push(Class { cells: Vec::new(), members: members.clone() });
            self.classes.len() - 1
        });
        self.classes.get_mut(place).into_iter().for_each(|class| class.cells.push(cell));
        place
    }

    fn cut_names(
        &mut self,
        found: &mut FxHashMap<Vec<u32>, usize>,
        any: &[u32],
        members: &[u32],
        wanted: &impl Fn(&u32) -> Wants<'a>,
        within: Wants<'a>,
    ) {
        let mut named: FxHashMap<&'a str, Vec<u32>> = FxHashMap::default();
        for member in members {
            if let Wants::Names(list) = wanted(member) {
                list.iter().for_each(|name| named.entry(name).or_default().push(*member));
            }
        }
        let axis = self.axis;
        let mut names: Vec<&'a str> = named.keys().copied().collect();
        if let Wants::Names(list) = within {
            let is_inside =
                |name: &&str| axis.known_as(name).iter().any(|known| list.iter().any(|item| item == known));
            names.retain(is_inside);
            names.extend(list.iter().map(String::as_str));
        }
        names.sort_unstable();
        names.dedup();
        for name in names {
            let known = axis.known_as(name);
            let takers = known.iter().filter_map(|known| named.get(known)).flatten();
            let mut takers: Vec<u32> = any.iter().chain(takers).copied().collect();
            takers.sort_unstable();
            takers.dedup();
            let class = self.file(found, Cell::Name(name), takers);
            self.names.insert(name, class);
        }
    }

    fn cut_stretches(
        &mut self,
        found: &mut FxHashMap<Vec<u32>, usize>,
        any: &[u32],
        members: &[u32],
        wanted: &impl Fn(&u32) -> Wants<'a>,
        within: Wants<'a>,
    ) {
        let all = if let Wants::Within(stretch) = within { stretch } else { Stretch::ALL };
        let mut spans: Vec<(u32, Stretch)> = Vec::new();
        for member in members {
            if let Wants::Within(stretch) = wanted(member) {
                spans.extend(stretch.and(all).map(|stretch| (*member, stretch)));
            }
        }
        let mut cuts: Vec<Cut> =
            spans.iter().flat_map(|(_, span)| [span.from, span.to]).chain([all.from, all.to]).collect();
        cuts.sort_by(|a, b| a.at.total_cmp(&b.at).then(a.after.cmp(&b.after)));
        cuts.dedup();
        spans.sort_by(|a, b| b.1.from.at.total_cmp(&a.1.from.at).then(b.1.from.after.cmp(&a.1.from.after)));
        let mut open: Vec<(u32, Stretch)> = Vec::new();
        for (from, to) in cuts.iter().zip(cuts.iter().skip(1)) {
            open.retain(|(_, span)| span.to > *from);
            while let Some(next) = spans.pop_if(|(_, span)| span.from <= *from) {
                open.push(next);
            }
            let mut takers: Vec<u32> =
                any.iter().copied().chain(open.iter().map(|(member, _)| *member)).collect();
            takers.sort_unstable();
            let class = self.file(found, Cell::Between(Stretch { from: *from, to: *to }), takers);
            self.stretches.push(class);
        }
        self.cuts = cuts;
    }

    /// The class of the value that a lead has.
    pub fn of(&self, lead: &Lead) -> Option<usize> {
        if self.axis.is_named() {
            let name = self.axis.name_of(lead);
            let known = name.map(|name| self.axis.known_as(name)).unwrap_or_default();
            return known.iter().find_map(|known| self.names.get(known).copied()).or(self.other);
        }
        let Some(number) = self.axis.number_of(lead) else {
            return self.other;
        };
        let value = Cut { at: number, after: false };
        let place = self.cuts.partition_point(|cut| *cut <= value);
        self.stretches.get(place.checked_sub(1)?).copied()
    }
}

/// The segment at a place.
pub fn segment(segments: &[Segment], place: u32) -> Option<&Segment> {
    segments.get(usize::try_from(place).ok()?)
}
