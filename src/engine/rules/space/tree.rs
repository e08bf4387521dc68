//! The space cut into boxes, axis by axis: what is left over where no segment takes all.

use super::axis::{Axis, Wants, AXES};
use super::cells::{segment, Cell, Cells};
use crate::lead::Lead;
use crate::rules::tables::Segment;
use rustc_hash::{FxHashMap, FxHashSet};

/// A box: what each axis is narrowed to; axes that are not named are free.
pub type Cube<'a> = Vec<(Axis, Vec<Cell<'a>>)>;

/// A part of the space that no segment takes for certain.
#[derive(Debug, Clone, PartialEq)]
pub struct Left<'a> {
    /// The way to it through the tree, by which it is known.
    pub way: Vec<usize>,
    /// Which leads are in it.
    pub cube: Cube<'a>,
    /// Segments that take those of them for which their condition holds, in order.
    pub unless: Vec<u32>,
}

impl Left<'_> {
    /// The tenants whose leads are in it; `None` if that is not said.
    pub fn tenants(&self) -> Option<Vec<String>> {
        let (_, cells) = self.cube.iter().find(|(axis, _)| *axis == Axis::Tenant)?;
        let name =
            |cell: &Cell<'_>| if let Cell::Name(name) = cell { Some((*name).to_owned()) } else { None };
        cells.iter().map(name).collect()
    }
}

/// What a part of the space is like.
#[derive(Debug)]
enum Shape<'a> {
    /// A segment takes all of it.
    Taken(u32),
    /// None does.
    Left,
    /// That differs along an axis.
    Cut(Cells<'a>),
}

#[derive(Debug)]
struct Node<'a> {
    members: Vec<u32>,
    shape: Shape<'a>,
    children: Vec<Option<usize>>,
}

/// The tree of some segments; parts are looked at when they are asked for.
#[derive(Debug)]
pub struct Tree<'a> {
    segments: &'a [Segment],
    within: Option<&'a Segment>,
    /// The axes that count.
    axes: u16,
    nodes: Vec<Node<'a>>,
    /// Sets of segments, with the axes that are left, that take everything.
    full: FxHashSet<(u16, Vec<u32>)>,
    takers: FxHashSet<u32>,
    /// How much may still be looked at; what is left then counts as unknown.
    budget: usize,
}

impl<'a> Tree<'a> {
    /// Of these segments, in the order in which they are tried; of the whole space, or of what one more segment asks for.
    /// Time counts only within a segment: the whole space is that of one moment.
    pub fn new(
        segments: &'a [Segment],
        members: Vec<u32>,
        within: Option<&'a Segment>,
        budget: usize,
    ) -> Self {
        let axes = if within.is_some() { u16::MAX } else { !bit(Axis::Time) };
        let mut tree = Self {
            segments,
            within,
            axes,
            nodes: Vec::new(),
            full: FxHashSet::default(),
            takers: FxHashSet::default(),
            budget,
        };
        tree.add(members, axes);
        tree
    }

    /// Whether all was looked at so far.
    pub const fn is_complete(&self) -> bool {
        self.budget > 0
    }

    /// The segments that take everything together, in order; `None` if something is left, or may be.
    pub fn takers(&mut self) -> Option<Vec<u32>> {
        let is_full = self.left(1).is_empty() && self.is_complete();
        let mut takers: Vec<u32> = self.takers.iter().copied().collect();
        takers.sort_unstable();
        is_full.then_some(takers)
    }

    /// What is left, `most` parts at most.
    pub fn left(&mut self, most: usize) -> Vec<Left<'a>> {
        let mut found = Vec::new();
        self.walk(0, self.axes, &mut Vec::new(), &mut Vec::new(), most, &mut found);
        found
    }

    /// The part that a lead falls into; `None` if a segment takes it for certain.
    pub fn left_of(&mut self, lead: &Lead) -> Option<Left<'a>> {
        let (mut node, mut left, mut way, mut cube) = (0, self.axes, Vec::new(), Vec::new());
        loop {
            let at = self.nodes.get(node)?;
            let cells = match &at.shape {
                Shape::Taken(_) => return None,
                Shape::Left => return Some(Left { way, cube, unless: at.members.clone() }),
                Shape::Cut(cells) => cells,
            };
            let place = cells.of(lead)?;
            cube.push((cells.axis, cells.classes.get(place)?.cells.clone()));
            left &= !bit(cells.axis);
            way.push(place);
            node = self.child(node, place, left)?;
        }
    }

    fn walk(
        &mut self,
        node: usize,
        left: u16,
        way: &mut Vec<usize>,
        cube: &mut Cube<'a>,
        most: usize,
        found: &mut Vec<Left<'a>>,
    ) {
        let (axis, count) = match self.nodes.get(node).map(|node| &node.shape) {
            Some(Shape::Cut(cells)) => (cells.axis, cells.classes.len()),
            Some(Shape::Taken(by)) => {
                self.takers.insert(*by);
                return;
            }
            Some(Shape::Left) | None => {
                let unless = self.nodes.get(node).map(|node| node.members.clone()).unwrap_or_default();
                found.push(Left { way: way.clone(), cube: cube.clone(), unless });
                return;
            }
        };
        let (left, before) = (left & !bit(axis), found.len());
        for place in 0..count {
            if found.len() >= most || !self.is_complete() {
                return;
            }
            let Some((cells, members)) = self.class(node, place) else {
                continue;
            };
            if self.full.contains(&(left, members)) {
                continue;
            }
            cube.push((axis, cells));
            way.push(place);
            if let Some(child) = self.child(node, place, left) {
                self.walk(child, left, way, cube, most, found);
            }
            way.pop();
            cube.pop();
        }
        if found.len() == before && self.is_complete() {
            let members = self.nodes.get(node).map(|node| node.members.clone()).unwrap_or_default();
            self.full.insert((left | bit(axis), members));
        }
    }

    fn class(&self, node: usize, place: usize) -> Option<(Vec<Cell<'a>>, Vec<u32>)> {
        let Shape::Cut(cells) = &self.nodes.get(node)?.shape else {
            return None;
        };
        let class = cells.classes.get(place)?;
        Some((class.cells.clone(), class.members.clone()))
    }

    fn child(&mut self, node: usize, place: usize, left: u16) -> Option<usize> {
        if let Some(child) = *self.nodes.get(node)?.children.get(place)? {
            return Some(child);
        }
        let (_, members) = self.class(node, place)?;
        let child = self.add(members, left);
        *self.nodes.get_mut(node)?.children.get_mut(place)? = Some(child);
        Some(child)
    }

    fn add(&mut self, members: Vec<u32>, left: u16) -> usize {
        let shape = self.shape(&members, left);
        let children =
            if let Shape::Cut(cells) = &shape { vec![None; cells.classes.len()] } else { Vec::new() };
        self.nodes.push(Node { members, shape, children });
        self.nodes.len() - 1
    }

    /// Cut along the axis by which most of the segments choose.
    fn shape(&mut self, members: &[u32], left: u16) -> Shape<'a> {
        let segments = self.segments;
        let axes: Vec<Axis> = AXES.into_iter().filter(|axis| left & bit(*axis) != 0).collect();
        self.budget = self.budget.saturating_sub(1 + members.len() * axes.len());
        let mut choosing: FxHashMap<Axis, usize> = FxHashMap::default();
        for member in members {
            let Some(row) = segment(segments, *member) else {
                continue;
            };
            let by: Vec<Axis> = axes.iter().copied().filter(|axis| !axis.wanted(row).is_any()).collect();
            if by.is_empty() && row.condition.is_none() {
                return Shape::Taken(*member);
            }
            by.into_iter().for_each(|axis| *choosing.entry(axis).or_default() += 1);
        }
        let most = axes.into_iter().rev().max_by_key(|axis| choosing.get(axis).copied().unwrap_or_default());
        match most.filter(|axis| choosing.contains_key(axis)) {
            Some(axis) => {
                let within = self.within.map_or(Wants::Any, |row| axis.wanted(row));
                Shape::Cut(Cells::new(axis, segments, members, within))
            }
            None => Shape::Left,
        }
    }
}

const fn bit(axis: Axis) -> u16 {
    1 << (axis as u16)
}
