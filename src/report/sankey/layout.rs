//! Where nodes and ribbons of a Sankey diagram are.

use super::ways::{Kind, Way};
use crate::words;
use std::collections::BTreeMap;

/// A slot is as high as a line of text.
const LINE: f64 = 17.0;
/// Between two slots.
const GAP: f64 = 7.0;
/// Above all, for the heads of the columns.
const HEAD: f64 = 28.0;
/// Height of all leads together.
const ALL: f64 = 300.0;
/// A ribbon that one can see.
const THIN: f64 = 1.0;

/// A node, or the place where a way passes a column.
#[derive(Debug, Clone)]
pub struct Node {
    /// From left, from 0.
    pub column: usize,
    /// None where leads only pass.
    pub name: Option<String>,
    /// How many.
    pub leads: i64,
    /// Of the node, in pixels.
    pub top: f64,
    /// Of the node, in pixels.
    pub height: f64,
}

/// A ribbon between nodes of neighbouring columns.
#[derive(Debug, Clone)]
pub struct Link {
    /// Number of the node at its left.
    pub from: usize,
    /// Number of the node at its right.
    pub to: usize,
    /// Its colour.
    pub kind: Kind,
    /// How many leads.
    pub leads: i64,
    /// In pixels.
    pub height: f64,
    /// Below the top of the node at its left.
    pub from_top: f64,
    /// Below the top of the node at its right.
    pub to_top: f64,
    /// What it says when one points at it.
    pub title: String,
}

/// All of it.
#[derive(Debug, Clone, Default)]
pub struct Layout {
    /// Nodes of all columns.
    pub nodes: Vec<Node>,
    /// Ribbons.
    pub links: Vec<Link>,
    /// Of the picture, in pixels.
    pub height: f64,
}

/// Who is a node: its column, its name, or what passes.
type Key = (usize, Result<String, (String, String)>);

/// Lays ways out. `None` if there are none.
pub fn lay(ways: &BTreeMap<Way, i64>) -> Option<Layout> {
    let all: i64 = ways.values().fold(0, |sum, leads| i64::saturating_add(sum, *leads));
    if all <= 0 {
        return None;
    }
    let scale = ALL / all as f64;
    let mut layout = Layout::default();
    let mut numbers: BTreeMap<Key, usize> = BTreeMap::new();
    let mut links: BTreeMap<(usize, usize, Kind), i64> = BTreeMap::new();
    for (way, leads) in ways {
        let nodes: Vec<usize> =
            keys(way).into_iter().map(|key| layout.node(&mut numbers, key, *leads)).collect();
        for pair in nodes.windows(2) {
            if let [from, to] = pair {
                let sum = links.entry((*from, *to, way.kind)).or_default();
                *sum = sum.saturating_add(*leads);
            }
        }
    }
    let link = |((from, to, kind), leads): ((usize, usize, Kind), i64)| Link {
        from,
        to,
        kind,
        leads,
        height: (leads as f64 * scale).max(THIN),
        from_top: 0.0,
        to_top: 0.0,
        title: String::new(),
    };
    layout.links = links.into_iter().map(link).collect();
    layout.size();
    layout.place();
    layout.attach();
    layout.name_links();
    Some(layout)
}

/// The nodes of a way, column by column.
fn keys(way: &Way) -> Vec<Key> {
    let ends = || {
        let name = |no: usize| way.stops.get(no).cloned().flatten().unwrap_or_default();
        (name(0), name(3))
    };
    let stops = way.stops.iter().enumerate();
    stops.map(|(column, stop)| (column, stop.clone().ok_or_else(ends))).collect()
}

impl Layout {
    /// The number of a node, which gets so many leads more.
    fn node(&mut self, numbers: &mut BTreeMap<Key, usize>, key: Key, leads: i64) -> usize {
        let (column, name) = (key.0, key.1.clone().ok());
        let next = self.nodes.len();
        let number = *numbers.entry(key).or_insert(next);
        if number == next {
            self.nodes.push(Node { column, name, leads: 0, top: 0.0, height: 0.0 });
        }
        if let Some(node) = self.nodes.get_mut(number) {
            node.leads = node.leads.saturating_add(leads);
        }
        number
    }

    /// A node is as high as the ribbons at its left or right, whichever are higher.
    fn size(&mut self) {
        let mut sides = vec![(0.0, 0.0); self.nodes.len()];
        for link in &self.links {
            for (node, is_left) in [(link.from, false), (link.to, true)] {
                if let Some((left, right)) = sides.get_mut(node) {
                    *(if is_left { left } else { right }) += link.height;
                }
            }
        }
        for (node, (left, right)) in self.nodes.iter_mut().zip(sides) {
            node.height = f64::max(left, right);
        }
    }

    /// Column by column from the left: in the order of where the leads come from.
    fn place(&mut self) {
        let last = self.nodes.iter().map(|node| node.column).max().unwrap_or(0);
        let mut columns = Vec::new();
        for column in 0..=last {
            let mut order: Vec<(usize, f64)> = self
                .nodes
                .iter()
                .enumerate()
                .filter(|(_, node)| node.column == column)
                .map(|(number, _)| (number, self.barycentre(number)))
                .collect();
            order.sort_by(|a, b| a.1.total_cmp(&b.1).then_with(|| self.before(a.0, b.0)));
            let end = order.iter().fold(HEAD, |top, (number, _)| self.put(*number, top));
            columns.push((column, end));
        }
        let lowest = columns.iter().map(|column| column.1).fold(0.0, f64::max);
        for (column, end) in columns {
            for node in self.nodes.iter_mut().filter(|node| node.column == column) {
                node.top += (lowest - end) / 2.0;
            }
        }
        self.height = lowest;
    }

    /// Puts a node into its slot, and says where the next one begins.
    fn put(&mut self, number: usize, top: f64) -> f64 {
        let Some(node) = self.nodes.get_mut(number) else {
            return top;
        };
        let slot = if node.name.is_some() { node.height.max(LINE) } else { node.height };
        node.top = top + (slot - node.height) / 2.0;
        top + slot + GAP
    }

    /// The mean of where its leads come from.
    fn barycentre(&self, number: usize) -> f64 {
        let (mut weight, mut sum) = (0.0, 0.0);
        for link in self.links.iter().filter(|link| link.to == number) {
            if let Some(from) = self.nodes.get(link.from) {
                weight += link.leads as f64;
                sum += link.leads as f64 * (from.top + from.height / 2.0);
            }
        }
        if weight > 0.0 {
            sum / weight
        } else {
            0.0
        }
    }

    /// Of two nodes at the same place: the larger one first, then by name.
    fn before(&self, a: usize, b: usize) -> std::cmp::Ordering {
        let (a, b) = (self.nodes.get(a), self.nodes.get(b));
        let of = |node: Option<&Node>| node.map(|node| (-node.leads, node.name.clone()));
        of(a).cmp(&of(b))
    }

    /// Ribbons leave and reach a node in the order of their other ends.
    fn attach(&mut self) {
        let tops: Vec<f64> = self.nodes.iter().map(|node| node.top).collect();
        let top = |number: usize| tops.get(number).copied().unwrap_or(0.0);
        let mut used = vec![0.0; self.nodes.len()];
        self.links.sort_by(|a, b| {
            (top(a.to).total_cmp(&top(b.to))).then_with(|| (a.to, a.kind).cmp(&(b.to, b.kind)))
        });
        for link in &mut self.links {
            if let Some(used) = used.get_mut(link.from) {
                link.from_top = *used;
                *used += link.height;
            }
        }
        used.fill(0.0);
        self.links.sort_by(|a, b| {
            (top(a.from).total_cmp(&top(b.from))).then_with(|| (a.from, a.kind).cmp(&(b.from, b.kind)))
        });
        for link in &mut self.links {
            if let Some(used) = used.get_mut(link.to) {
                link.to_top = *used;
                *used += link.height;
            }
        }
    }

    fn name_links(&mut self) {
        let name = |number: usize| self.nodes.get(number).and_then(|node| node.name.clone());
        let titles: Vec<String> = self
            .links
            .iter()
            .map(|link| {
                let ends: Vec<String> = [name(link.from), name(link.to)].into_iter().flatten().collect();
                format!("{}: {}", ends.join(" → "), words::plural(link.leads, "lead"))
            })
            .collect();
        for (link, title) in self.links.iter_mut().zip(titles) {
            link.title = title;
        }
    }
}
